"""What the runs of a study warned of, each warning once, with how many cases it concerns."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from ..analysis.folder import RECORD
from .known import KnownCase
from .store import Store

_NUMBER = re.compile(r"(?<![\w.-])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w])")


def case_warnings(store: Store, cases: Iterable[KnownCase]) -> list[str]:
    """Sentences for the report of a study.

    Warnings that differ in their numbers only count as one, which then has the range of each number.

    Parameters
    ----------
    store : Store
    cases : iterable of KnownCase
        Those that are not finished are left out.

    Returns
    -------
    list of str
        The most frequent first.
    """
    found: dict[str, dict[str, list[str]]] = {}
    done = [case for case in cases if store.is_done(case)]
    for case in done:
        record = json.loads((store.folder(case) / RECORD).read_text("utf-8"))
        for text in dict.fromkeys(text for structure in record.get("structures", []) for text in structure.get("warnings", [])):
            found.setdefault(_NUMBER.sub("#", text), {}).setdefault(case.hash, []).append(text)
    result = []
    for concerned in sorted(found.values(), key=len, reverse=True):
        texts = [text for own in concerned.values() for text in own]
        result.append(f"{len(concerned)} of {len(done)} cases warn: {merged(texts)}.")
    return result


def merged(texts: list[str]) -> str:
    """One text for several that differ in their numbers only: those that differ become ranges.

    Parameters
    ----------
    texts : list of str
        Not empty.

    Examples
    --------
    >>> merged(["strain reaches 18 %, beyond the 10 %", "strain reaches 37 %, beyond the 10 %"])
    'strain reaches 18...37 %, beyond the 10 %'
    """
    columns = zip(*[_NUMBER.findall(text) for text in texts], strict=True)
    shown = []
    for column in columns:
        low, high = min(column, key=float), max(column, key=float)
        shown.append(low if float(low) == float(high) else f"{low}...{high}")
    numbers = iter(shown)
    return _NUMBER.sub(lambda _: next(numbers), texts[0])
