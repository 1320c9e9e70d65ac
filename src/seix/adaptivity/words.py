"""A sequence of adapted meshes as text, for the terminal and the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .sequence import Sequence

COLUMNS = ("cells", "unknowns", "value", "estimated error", "seconds")
"""Heads of :func:`step_rows`."""


def in_words(sequence: Sequence) -> str:
    """The present step of a running sequence in one line."""
    step = sequence.steps[-1]
    return f"{sequence.target.name} {step.value:.4g}, error {_percent(step.relative_error)} estimated on {step.cells} cells"


def missed(sequence: Sequence | None) -> list[str]:
    """Warnings of a sequence that has ended without reaching its tolerance, or with more cells than allowed; none without one."""
    if sequence is None or sequence.ended_by == "tolerance":
        return []
    cells, control = sequence.steps[-1].cells, sequence.control
    if cells > control.max_cells:
        why = f"the first mesh, which follows the mesh controls, has {cells} cells, more than max_cells = {control.max_cells}"
    else:
        why = f"it ended by {sequence.ended_by}"
    return [f"mesh.adapt did not reach the tolerance of {_percent(control.tolerance)}: {why}"]


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
