"""Two finished runs side by side: their numbers, and what tells them apart."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..analysis.folder import RECORD
from ..errors import InputError
from .sheet import named
from .tables import PLAN

if TYPE_CHECKING:
    import pandas as pd

QUANTITIES, FIELDS = "quantities.json", "fields.vtu"
DIFFERS, WITHIN, UNKNOWN, OPEN = "differs", "within the errors", "error unknown", "not converged"
VERDICTS = (DIFFERS, WITHIN, UNKNOWN, OPEN)


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes
    ----------
    folder : Path
    record, document : dict
        Content of record.json and quantities.json.
    """

    folder: Path
    record: dict[str, Any]
    document: dict[str, Any]

    @property
    def title(self) -> str:
        """Of its scenario."""
        return str(self.record.get("title") or self.record["name"])

    @property
    def structures(self) -> list[str]:
        """Names of its structures."""
        return list(self.document["structures"])

    def mesh(self, structure: str) -> str | None:
        """Hash of the mesh file of a structure; None if unknown."""
        return self.record["hashes"].get("mesh_files", {}).get(structure)

    def kinds(self) -> dict[str, str]:
        """Structure -> kind of its geometry."""
        return {name: str(tree["geometry"]["kind"]) for name, tree in self.record["scenario"]["merged"].items()}

    def numbers(self, structure: str) -> dict[tuple[float, str], dict[str, Any]]:
        """(I/I0, quantity) -> entry of quantities.json."""
        return {(case["current_multiple"], name): entry for case in self.document["cases"] if case["structure"] == structure
                for name, entry in case["quantities"].items()}  # fmt: skip


def read_run(folder: Path) -> Run:
    """A finished run.

    Raises
    ------
    InputError
        If the folder holds none, or a study.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: is no folder; expected the result folder of a run")
    if (folder / PLAN).is_file():
        raise InputError(f"{folder}: is a study; compare two of its runs, such as those in {folder / 'cases'}")
    found = []
    for name in (RECORD, QUANTITIES):
        try:
            found.append(json.loads((folder / name).read_text("utf-8")))
        except FileNotFoundError:
            raise InputError(f"{folder}: is not the folder of a finished run ({name} is missing)") from None
        except (OSError, ValueError) as error:
            raise InputError(f"{folder / name}: cannot be read: {error}") from None
    run = Run(folder, *found)
    try:
        _ = run.title, run.structures, run.record["hashes"]["scenario"], [case["quantities"] for case in run.document["cases"]]
    except (KeyError, TypeError):
        raise InputError(f"{folder}: is of another version of seix; compute it again") from None
    return run


@dataclass(frozen=True)
class Pair:
    """Two runs and which structures of them belong together.

    Attributes
    ----------
    first, second : Run
    labels : tuple of str
        What they are called: names of their folders, made different if they are the same.
    """

    first: Run
    second: Run
    labels: tuple[str, str]

    @cached_property
    def matches(self) -> list[tuple[str, str]]:
        """Structures of both: those of the same name, otherwise the only ones."""
        common = [name for name in self.first.structures if name in self.second.structures]
        if common:
            return [(name, name) for name in common]
        if len(self.first.structures) == len(self.second.structures) == 1:
            return [(self.first.structures[0], self.second.structures[0])]
        return []

    def name(self, match: tuple[str, str]) -> str:
        """What a pair of structures is called."""
        return named(match[0]) if match[0] == match[1] else f"{named(match[0])}, {named(match[1])}"

    def same_mesh(self, match: tuple[str, str]) -> bool:
        """Whether both structures were computed on the same mesh file."""
        one = self.first.mesh(match[0])
        return one is not None and one == self.second.mesh(match[1])

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row for each pair of structures, current and quantity; see `COLUMNS`."""
        import pandas as pd

        rows = []
        for match in self.matches:
            one, two = self.first.numbers(match[0]), self.second.numbers(match[1])
            for key in dict.fromkeys([*one, *two]):
                rows.append((self.name(match), *key, *_row(one.get(key), two.get(key))))
        return pd.DataFrame(rows, columns=COLUMNS)


COLUMNS = ["structure", "current_multiple", "quantity", "unit", "first", "first_error", "second", "second_error", "difference",
           "errors", "ratio", "verdict"]  # fmt: skip
"""Of the table: values and errors of both, second minus first, sum of both errors, second over first, and whether the
difference exceeds the errors."""


def _row(one: dict[str, Any] | None, two: dict[str, Any] | None) -> tuple[Any, ...]:
    """Unit and the following columns."""
    unit = (one or two or {})["unit"]
    a, b = (math.nan if entry is None else entry["value"] for entry in (one, two))
    e, f = (_error(entry) for entry in (one, two))
    if one is None or two is None:
        return unit, a, e, b, f, math.nan, math.nan, math.nan, "only in one run"
    if one["unit"] != two["unit"]:  # one in the plane, one in space
        return f"{one['unit']}, {two['unit']}", a, e, b, f, math.nan, math.nan, math.nan, "units differ"
    converges = "not converged" not in (one["error_kind"], two["error_kind"])
    return unit, a, e, b, f, b - a, e + f, b / a if a else math.nan, verdict(b - a, e + f, converges)


def _error(entry: dict[str, Any] | None) -> float:
    """Stated error; NaN if there is none, or the value does not converge."""
    if entry is None or entry["error"] is None or entry["error_kind"] == "not converged":
        return math.nan
    return float(entry["error"])


def verdict(difference: float, errors: float, converges: bool = True) -> str:
    """Whether a difference exceeds the sum of the errors: numerical errors are not random, so they add up.

    What does not converge is a number of its mesh: another mesh would give any other difference.
    """
    if difference == 0:
        return WITHIN
    if not converges:
        return OPEN
    if not math.isfinite(errors):
        return UNKNOWN
    return DIFFERS if abs(difference) > errors else WITHIN
