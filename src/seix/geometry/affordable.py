"""Refusal of scenarios whose meshes would be far too large, before anything is packed, with what would do instead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from seix.errors import GeometryError
from seix.geometry.budget import USABLE, available_memory, needed_memory, written
from seix.geometry.forecast import Forecast, forecast
from seix.units import format_si

if TYPE_CHECKING:
    from seix.scenario import Scenario

MARGIN = 2.5
"""Factor by which too many cells must be expected to be refused on that alone; 0.6 to 1.6 times as many were made in the plane,
0.55 to 1.4 times in space, and what is expected once the grains are packed is nearer."""
SAFE = 1.4
"""Factor by which fewer cells are aimed at by what would do."""
COARSEST = (2.0, 0.3)
"""Smallest cells_per_diameter there is, and cells_per_gap that makes a difference."""
STEPS = 40
"""Resolutions that are tried, and domains on each two decades."""


def check_forecast(scenario: Scenario, coarsening: float, solved: bool) -> None:
    """Refuse a scenario that `mesh.maximum_cells` or the memory of the machine surely does not allow.

    Parameters
    ----------
    scenario : Scenario
    coarsening : float
        Multiplies all cell sizes.
    solved : bool
        Whether the memory must suffice to solve on the mesh too.

    Raises
    ------
    GeometryError
        With the numbers of grains, cells and gigabytes, and what would do.
    """
    found = forecast(scenario, scenario.mesh, coarsening)
    limit, free = scenario.mesh.maximum_cells, available_memory()
    fits = float("inf") if free is None else USABLE * free / needed_memory(1.0, found.dim, solved)
    if found.cells <= MARGIN * min(limit, fits):
        return
    needed = needed_memory(found.cells, found.dim, solved)
    what = "a run on it" if solved else "making it"
    room = "" if free is None else f", and {free / 1e9:.3g} GB are free"
    many = f", more than mesh.maximum_cells = {limit}" if found.cells > MARGIN * limit else ""
    remedies = list(_remedies(scenario, coarsening, found, limit, fits))
    remedy = f"{', or '.join(remedies)} would do" if remedies else "larger grains and gaps, or a smaller domain, make fewer"
    raise GeometryError(
        f"about {written(found.grains)} grains need a mesh of about {written(found.cells)} cells{many}; {what} takes about "
        f"{needed / 1e9:.3g} GB of memory{room}: {remedy}"
    )


def _remedies(scenario: Scenario, coarsening: float, found: Forecast, limit: int, fits: float) -> Iterator[str]:
    """What would do, each by itself."""
    if SAFE * found.cells < fits:
        yield f"mesh.maximum_cells: {_two_digits(SAFE * found.cells):.0f}"
    cells = min(limit, fits) / SAFE
    yield from _smaller(scenario, coarsening, cells)
    yield from _coarser(scenario, coarsening, cells)


def _smaller(scenario: Scenario, coarsening: float, cells: float) -> Iterator[str]:
    """The largest domain with so many cells."""
    geometry = scenario.geometry
    if geometry.kind == "particles":
        yield "fewer or smaller particles"
        return
    name, size = ("period", scenario.period) if geometry.kind == "patch" else ("core_radius", geometry.core_radius)
    for step in range(1, 3 * STEPS):
        tried = _two_digits(size * 10.0 ** (-step / STEPS * 2.0))
        changed = {name: tried} | ({"period_in_layers": None} if name == "period" else {})
        one = scenario.model_copy(update={"geometry": geometry.model_copy(update=changed)})
        if forecast(one, scenario.mesh, coarsening).cells <= cells:
            yield f"a {name} of at most {format_si(tried, 'm')}"
            return


def _coarser(scenario: Scenario, coarsening: float, cells: float) -> Iterator[str]:
    """The finest resolution of the grains with so many cells, if there is one."""
    mesh = scenario.mesh
    for step in range(1, STEPS + 1):
        part = (COARSEST[0] / mesh.cells_per_diameter) ** (step / STEPS)
        diameter = max(float(f"{part * mesh.cells_per_diameter:.2g}"), COARSEST[0])
        gap = min(max(float(f"{part * mesh.cells_per_gap:.2g}"), COARSEST[1]), mesh.cells_per_gap)
        controls = mesh.model_copy(update={"cells_per_diameter": diameter, "cells_per_gap": gap})
        if forecast(scenario, controls, coarsening).cells <= cells:
            yield f"mesh.cells_per_diameter: {diameter:g} with cells_per_gap: {gap:g}"
            return


def _two_digits(number: float) -> float:
    """A number rounded to two digits."""
    return float(f"{number:.1e}")
