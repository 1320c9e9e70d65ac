"""Stated errors of adapted meshes against true ones: what the safety factor of `mesh.adapt` rests on.

    python bench/effectivity.py [--write docs/performance.md] [--quick]

The true error of a mesh is its distance to a reference that has nothing in common with its sequence: another sequence, that
starts from much smaller cells (a third in the plane, three fifths in space), with slower growth, and goes on to a much smaller
error, which is the doubt left.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from adapt import CASES as SHOWN
from adapt import COMMON, OTHER, OTHER_IN_SPACE, START, START_IN_SPACE, Point, loaded, run_adapted
from table import markdown, publish

from seix.adaptivity.sequence import SAFETY

PEAK = "field_enhancement.p999"
TOLERANCE = ("{tolerance: 2e-3", "{tolerance: 5e-3, max_cells: 120000")
FINEST = ("{tolerance: 3e-4", "{tolerance: 1e-3, max_cells: 250000")
"""Tolerance and cells of the sequences that are judged and of their references: in the plane, in space."""
FACTORS = (1.0, 1.25, 1.5)
ROUNDING = 1e-6


@dataclass(frozen=True)
class Case:
    """A structure and what is asked of it."""

    name: str
    path: str
    overrides: tuple[str, ...]
    target: str = PEAK
    space: bool = False


BILAYER = SHOWN["bilayer in space"]
CASES = [
    *(Case(f"bilayer, seed {seed}", "paper/bilayer.yaml", ("geometry.period=40 nm", f"seed={seed}")) for seed in (1, 2)),
    *(Case(f"multilayer, seed {seed}", "paper/multilayer.yaml", ("geometry.period=40 nm", f"seed={seed}")) for seed in (1, 2)),
    Case("bilayer, P99 of LiF", "paper/bilayer.yaml", ("geometry.period=40 nm",), "field_enhancement.p99.LiF"),
    Case("multilayer, mean", "paper/multilayer.yaml", ("geometry.period=40 nm",), "field_enhancement.mean"),
    Case("cellular", "examples/cellular_grains.yaml", ("geometry.period=30 nm",)),
    Case("polycrystal", "examples/polycrystal.yaml", ("geometry.period=30 nm",)),
    *(Case(f"bilayer in space, seed {seed}", BILAYER.path, (*BILAYER.overrides, f"seed={seed}"), space=True) for seed in (1, 2)),
    Case("octant, P99 of LiF", "examples/octant.yaml", ("geometry.core_radius=12 nm",), "field_enhancement.p99.LiF", True),
]  # fmt: skip


def adapted(case: Case, folder: Path, limits: tuple[str, str], start: tuple[tuple[str, ...], tuple[str, ...]]) -> list[Point]:
    """The sequence within limits, from a start; of both there is one for the plane and one for space."""
    adapt = f"mesh.adapt={limits[case.space]}, target: {case.target}}}"
    return run_adapted(loaded(case.path, *case.overrides, *COMMON, *start[case.space], adapt), folder)


def table(cases: list[Case]) -> str:
    """One line for each structure, and what they come to together."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for number, case in enumerate(cases):
            work = Path(folder) / str(number)
            points = adapted(case, work / "sequence", TOLERANCE, (START, START_IN_SPACE))
            best = adapted(case, work / "other", FINEST, (OTHER, OTHER_IN_SPACE))[-1]
            # the first mesh ends no sequence
            pairs = [(point.estimated, max(abs(point.value / best.value - 1), ROUNDING)) for point in points[1:]]
            found.append((case.name, best.estimated, pairs))
            print(*line(*found[-1]), sep=" | ", flush=True)
    return page(found)


def line(name: str, doubt: float, pairs: list[tuple[float, float]]) -> list[str]:
    """Texts of one structure: relative errors of the reference, and stated and true ones of each mesh."""
    texts = [", ".join(f"{100 * one:.2g}" for one in column) for column in zip(*pairs, strict=True)]
    return [name, f"{100 * doubt:.2g}", *texts, f"{min(stated / true for stated, true in pairs):.2g}"]


def page(found: list[tuple[str, float, list[tuple[float, float]]]]) -> str:
    """The table, and how many meshes the stated errors cover."""
    head = ["structure", "error of the reference [%]", "stated errors [%]", "true errors [%]", "least ratio"]
    every = np.array([(stated / SAFETY, true, doubt) for _, doubt, pairs in found for stated, true in pairs])
    raw, true, doubt = every.T
    counts = "; ".join(
        f"{factor:g}: {(raw * factor >= true).sum()}, and {(raw * factor + doubt >= true).sum()} with the error of the reference"
        for factor in FACTORS
    )
    return (
        f"{markdown(head, [line(*one) for one in found])}\n\nMeshes, of {len(every)}, whose true error is within the stated one, "
        f"by the safety factor: {counts}. In use is {SAFETY:g}; the median of stated over true is then "
        f"{SAFETY * np.median(raw / true):.1f}."
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="page whose section is replaced")
    parser.add_argument("--quick", action="store_true", help="one structure: shows that it runs")
    given = parser.parse_args()
    publish({"effectivity": lambda: table(CASES[:1] if given.quick else CASES)}, None, given.write)
