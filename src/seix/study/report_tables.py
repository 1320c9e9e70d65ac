"""Tables of the report of a study."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..analysis.labels import RATIO, label_of
from ..analysis.notation import format_number
from .ensemble import NOT_CONVERGED, NUMERICAL, SCATTER, UNKNOWN
from .results import StudyResults
from .sheet import named, with_unit
from .watch import first_line

_LISTED = 12
"""Values of an axis that are listed one by one."""


def axis_rows(results: StudyResults) -> list[dict[str, str]]:
    """What was varied."""
    rows = []
    for axis in results.axes:
        texts = [place.text for place in axis.places]
        if axis.info.sampled:
            factor, unit = axis.scale
            ends = [f"{place.number / factor:.4g}" for place in (axis.places[0], axis.places[-1])]
            text = f"sampled from {ends[0]} to {ends[1]} {unit}".rstrip()
        elif len(texts) > _LISTED:
            text = f"{len(texts)} values from {texts[0]} to {texts[-1]}"
        else:
            text = ("; " if any("," in one for one in texts) else ", ").join(texts)
        rows.append({"label": axis.info.label, "key": axis.info.key, "shown": text})
    return rows


def failed_rows(results: StudyResults) -> list[dict[str, str]]:
    """Which cases failed, and why."""
    rows = []
    for case, status, message in zip(results.study.cases, results.cases["status"], results.cases["message"], strict=True):
        if status == "failed":
            rows.append({"number": str(case.number), "case": case.described, "why": first_line(message)})
    return rows


def balance_rows(results: StudyResults, quantities: list[str], current: float) -> list[dict[str, Any]]:
    """For each quantity and structure, over all points: scatter against numerical error, and seeds."""
    if len(results.seeds) < 2:
        return []
    table = results.ensemble[results.ensemble["current_multiple"] == current]
    names = [(q, s) for q in quantities for s in results.structures] + [
        (RATIO + q, s) for q in quantities for s in results.ratios
    ]
    rows = []
    for quantity, structure in sorted(names, key=lambda pair: quantities.index(pair[0].removeprefix(RATIO))):
        part = table[(table["quantity"] == quantity) & (table["structure"] == structure) & (table["n"] > 1)]
        if part.empty:
            continue
        size = part["mean"].abs().to_numpy()
        needed = [int(n) for n in part["needed"].dropna()]
        label, first = label_of(quantity), not rows or rows[-1]["key"] != quantity.removeprefix(RATIO)
        rows.append({
            "key": quantity.removeprefix(RATIO), "quantity": label.text, "meaning": label.meaning, "structure": named(structure),
            "first": first, "scatter": _percent(part["std"].to_numpy(), size), "error": _percent(part["error"].to_numpy(), size),
            "dominant": _dominant(list(part["dominant"])), "seeds": _range(list(part["n"])),
            "needed": _range(needed) or "unknown",
            "counts": {kind: int((part["dominant"] == kind).sum()) for kind in (SCATTER, NUMERICAL, UNKNOWN)},
            "enough": int((part["needed"].fillna(10**9) <= part["n"]).sum()), "points": len(part),
            "rough": bool((part["error"].to_numpy() > results.wanted * size).any()),
        })  # fmt: skip
    return rows


def _percent(part: np.ndarray, size: np.ndarray) -> str:
    """Smallest and largest share of the mean; empty if unknown."""
    shares = [100 * a / b for a, b in zip(part, size, strict=True) if math.isfinite(a) and b > 0]
    if not shares:
        return "not stated"
    low, high = f"{min(shares):.2g}", f"{max(shares):.2g}"
    return f"{low} %" if low == high else f"{low} to {high} %"


def _range(numbers: list[int]) -> str:
    if not numbers:
        return ""
    return f"{min(numbers)}" if min(numbers) == max(numbers) else f"{min(numbers)} to {max(numbers)}"


def _dominant(kinds: list[str]) -> str:
    texts = {SCATTER: "scatter of the microstructures", NUMERICAL: "numerical error", UNKNOWN: "unknown"}
    found = [kind for kind in (SCATTER, NUMERICAL, UNKNOWN) if kind in kinds]
    if len(found) == 1:
        return texts[found[0]]
    return ", ".join(f"{texts[kind]} at {kinds.count(kind)}" for kind in found) + f" of {len(kinds)} points"


def number_table(results: StudyResults, quantity: str, current: float) -> dict[str, Any]:
    """Statistics of one quantity at all points, and of its ratio where structures are compared."""
    names = [(quantity, s) for s in results.structures] + [(RATIO + quantity, s) for s in results.ratios]
    label = label_of(quantity)
    factor, unit = results.shown_unit(quantity, results.structures, current)
    axes, several, seeds = results.axes, len(names) > 1, len(results.seeds) > 1
    head = [*(axis.info.label for axis in axes), *(["structure"] if several else [])]
    words = len(head)
    head += ["seeds", "mean", "scatter", "bootstrap interval", "Student's interval"] if seeds else ["value"]
    head += ["numerical error", *(["dominates", "seeds needed"] if seeds else [])]
    table, rows = results.ensemble[results.ensemble["current_multiple"] == current], []
    for name, structure in names:
        scale = factor if name == quantity else 1.0
        for row in table[(table["quantity"] == name) & (table["structure"] == structure)].itertuples():
            given = dict(results.points[row.point])
            cells = [given[axis.info.name] for axis in axes] + ([named(structure)] if several else [])
            rows.append(cells + _cells(row, scale, len(results.seeds)))
    return {"title": with_unit(label.text, unit), "head": head, "rows": rows, "words": words,
            "caption": _absent(results, quantity, current)}  # fmt: skip


def _absent(results: StudyResults, quantity: str, current: float) -> str:
    """Which points have no row at all; empty if none."""
    there = [results.values(structure, quantity, current) for structure in results.structures]
    points = [dict(key) for number, key in enumerate(results.points) if not any(number in values for values in there)]
    if not points:
        return ""
    names = {axis.info.name: axis.info.label for axis in results.axes}
    shown = ["; ".join(f"{label} {one[name]}" for name, label in names.items()) for one in points[:_LISTED]]
    more = f" and {len(points) - _LISTED} more" if len(points) > _LISTED else ""
    return f"No case is done at {len(points)} of {len(results.points)} points: {', '.join(f'({text})' for text in shown)}{more}."


def _cells(row: Any, scale: float, planned: int) -> list[str]:
    error = f"{row.error / scale:.2g}" if math.isfinite(row.error) else NOT_CONVERGED if row.error_kind == NOT_CONVERGED else ""
    mean = format_number(row.mean / scale)
    if planned < 2:
        return [mean, error]
    ends = ["", ""]
    if math.isfinite(row.low):
        ends[0] = f"{format_number(row.low / scale)} to {format_number(row.high / scale)}"
    if math.isfinite(row.student) and row.student > 0:
        ends[1] = f"± {row.student / scale:.2g}"
    scatter = "" if math.isnan(row.std) else f"{row.std / scale:.2g}"
    needed = str(row.needed).replace("<NA>", "")
    return [str(row.n) if row.n == planned else f"{row.n} of {planned}", mean, scatter, *ends, error, row.dominant, needed]
