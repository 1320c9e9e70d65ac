"""A sequence of adapted meshes as text, for the terminal and the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .sequence import Sequence

COLUMNS = ("cells", "unknowns", "value", "estimated error", "seconds")
"""Heads of :func:`step_rows`."""
MISSED = 5e-3
"""Part of the volume of round grains that curved faces may miss without a word: half of what a mesh is refused for."""
WORST = 0.02
"""Relative error of the volume of one grain that passes without a word; shipped scenarios stay below 0.004."""


def in_words(sequence: Sequence) -> str:
    """The present step of a running sequence in one line."""
    step = sequence.steps[-1]
    return f"{sequence.target.name} {step.value:.4g}, error {_percent(step.relative_error)} estimated on {step.cells} cells"


def missed(sequence: Sequence | None) -> list[str]:
    """Warnings of a sequence that missed its tolerance or has more cells than allowed, and of surfaces that are not round; none
    without a sequence."""
    if sequence is None:
        return []
    return [*_unreached(sequence), *_straight(sequence.mesh.statistics["mesh"])]


def _unreached(sequence: Sequence) -> list[str]:
    if sequence.ended_by == "tolerance":
        return []
    cells, control = sequence.steps[-1].cells, sequence.control
    if cells > control.max_cells:
        why = f"the first mesh, which follows the mesh controls, has {cells} cells, more than max_cells = {control.max_cells}"
    else:
        why = f"it ended by {sequence.ended_by}"
    return [f"mesh.adapt did not reach the tolerance of {_percent(control.tolerance)}: {why}"]


def _straight(mesh: Mapping[str, Any]) -> list[str]:
    """Of the statistics of a mesh in space; in the plane surfaces are meshed anew."""
    told = []
    if mesh.get("missed_volume", 0.0) > MISSED:
        cells = f"{mesh['straightened_cells']} of {mesh['curved_cells']} cells on round surfaces"
        volume = f"{_percent(mesh['missed_volume'])} of the volume of grains"
        told.append(f"{cells} are straighter than these, and {volume} had to be made up for by scaling them")
    if mesh.get("worst_grain", 0.0) > WORST:
        told.append(f"the volume of one grain is off by {_percent(mesh['worst_grain'])}")
    if not told:
        return []
    return [
        f"{'; '.join(told)}: the error estimated by mesh.adapt does not count that; a first mesh with more "
        "mesh.cells_per_diameter follows round surfaces better"
    ]


def outcome(adapted: Mapping[str, Any]) -> str:
    """How a sequence ended, as one sentence.

    Parameters
    ----------
    adapted : mapping
        As in the record: `Sequence.as_dict`.
    """
    last = adapted["steps"][-1]
    error = _percent(last["estimated_error"] / (abs(last["value"]) or 1.0))
    count = len(adapted["steps"])
    found = f"estimated error {error} on mesh {count} with {last['cells']} cells"
    asked = _percent(adapted["tolerance"])
    if adapted["ended_by"] == "tolerance":
        return f"{adapted['target']} reached the tolerance of {asked}: {found}"
    if adapted["ended_by"] == "max_cells":
        why = f"ended by max_cells = {adapted['max_cells']}"
    else:
        why = f"ended by the mesher ({adapted.get('note', '')})"
    below = last["estimated_error"] <= adapted["tolerance"] * abs(last["value"])
    doubt = ", which no second mesh confirms" if below else f", the tolerance of {asked} is not reached"
    return f"{adapted['target']} {why}: {found}{doubt}"


def step_rows(adapted: Mapping[str, Any]) -> list[list[str]]:
    """One row of text for each mesh, with the columns `COLUMNS`."""
    return [
        [str(step["cells"]), str(step["unknowns"]), f"{step['value']:.5g}",
         _percent(step["estimated_error"] / (abs(step["value"]) or 1.0)), f"{step['seconds']:.1f}"]
        for step in adapted["steps"]
    ]  # fmt: skip


def step_lines(adapted: Mapping[str, Any]) -> list[str]:
    """The rows under their heads, in aligned columns."""
    rows = [list(COLUMNS), *step_rows(adapted)]
    widths = [max(len(row[k]) for row in rows) for k in range(len(COLUMNS))]
    return ["  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)) for row in rows]


def _percent(part: float) -> str:
    return f"{100.0 * part:.2g} %"
