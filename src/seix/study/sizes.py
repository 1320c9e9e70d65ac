"""A scenario at other sizes: finer meshes, wider pieces, other seeds."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass

from ..input.outer import PLANE_SECTOR, SPACE_SECTOR
from ..input.sections import MeshControl
from ..scenario import Scenario
from ..scenario_file import Study
from ..units import format_si

STEP = math.sqrt(2.0)
"""Ratio of the cell sizes of two meshes in succession."""
DIGITS = 6
"""Significant digits of the controls of a mesh."""


@dataclass(frozen=True)
class Size:
    """How large a computation is.

    Attributes
    ----------
    refinement : int
        Cells are smaller than those of the scenario by the factor sqrt(2) to this power.
    doubling : int
        The piece is wider by the factor 2 to this power.
    shift : int
        Added to the seed of the scenario.
    """

    refinement: int = 0
    doubling: int = 0
    shift: int = 0


def overrides_of(study: Study, size: Size) -> list[str]:
    """Texts for ``--set`` that bring a scenario to a size; of a comparison those of every variant."""
    found = []
    for name, scenario in study.members.items():
        prefix = f"variants.{name}." if study.is_comparison else ""
        values = dict(_mesh_values(scenario, size.refinement)) | dict(_width_values(scenario, size.doubling))
        if size.shift:
            values["seed"] = scenario.seed + size.shift
        found += [f"{prefix}{key}={json.dumps(value)}" for key, value in values.items()]
    return found


def _mesh_values(scenario: Scenario, refinement: int) -> Iterator[tuple[str, float]]:
    """All cell sizes smaller by the same factor, those that grow with the distance from grains as well."""
    if not refinement:
        return
    mesh, factor = scenario.mesh, STEP**refinement
    keys = ["cells_per_layer", *(["cells_per_diameter", "cells_per_gap"] if resolves_grains(scenario) else [])]
    for key in keys:
        yield f"mesh.{key}", float(f"{getattr(mesh, key) * factor:.{DIGITS}g}")
    steepness = (mesh.growth - 1.0) / (mesh.growth + 1.0) / factor
    yield "mesh.growth", float(f"{(1.0 + steepness) / (1.0 - steepness):.{DIGITS}g}")


def too_fine(study: Study, refinement: int) -> str:
    """Which control of the mesh would exceed what a scenario may have; empty if none."""
    for scenario in study.members.values():
        for key, value in _mesh_values(scenario, refinement):
            field = MeshControl.model_fields[key.removeprefix("mesh.")]
            for limit in (one.le for one in field.metadata if hasattr(one, "le")):
                if value > limit:
                    return f"{key} of {value:g} is more than the {limit:g} that are allowed"
    return ""


def resolves_grains(scenario: Scenario) -> bool:
    """Whether there are grains, of the SEI or of the core."""
    return scenario.core_domains is not None or any(layer.grains is not None for layer in scenario.sei.resolved_layers())


def is_random(study: Study) -> bool:
    """Whether seeds make a difference."""
    return any(
        resolves_grains(one) or (one.geometry.kind == "particles" and one.geometry.particles is None)
        for one in study.members.values()
    )


def cannot_widen(study: Study) -> str:
    """Why a wider piece makes no sense, a sentence; empty if it does."""
    for scenario in study.members.values():
        geometry = scenario.geometry
        if geometry.kind == "particles":
            return "several particles are the structure itself, and no piece of a larger one: there is nothing to widen"
        if geometry.kind == "particle" and isinstance(geometry.sector, str):
            part = "whole particle" if geometry.sector == "full" else "octant, which stands for the whole particle,"
            return f"the {part} is modelled; there is nothing to widen, and another radius would be another problem"
    return ""


def _width_values(scenario: Scenario, doubling: int) -> Iterator[tuple[str, float | str]]:
    geometry, factor = scenario.geometry, 2**doubling
    if not doubling:
        return
    if geometry.kind == "particle":
        angle = math.degrees(geometry.sector) * factor
        whole = geometry.dimension == 2 and math.isclose(angle, 360.0, rel_tol=1e-9)
        yield "geometry.sector", "full" if whole else f"{angle:.10g} deg"
    elif geometry.period is not None:
        yield "geometry.period", f"{geometry.period * factor * 1e9:.10g} nm"
    else:
        yield "geometry.period_in_layers", geometry.period_in_layers * factor


def too_wide(study: Study, doubling: int, largest: float | None) -> str:
    """Why a piece cannot be doubled so often; empty if it can.

    Parameters
    ----------
    largest : float or None
        Largest period of a patch [m].
    """
    for scenario in study.members.values():
        geometry = scenario.geometry
        if geometry.kind == "patch":
            if largest is not None and width(scenario, doubling) > largest * (1 + 1e-9):
                return f"a period of {format_si(width(scenario, doubling), 'm')} is more than {format_si(largest, 'm')}"
            continue
        angle = width(scenario, doubling)
        most = PLANE_SECTOR[1] if geometry.dimension == 2 else SPACE_SECTOR[1]
        whole = geometry.dimension == 2 and math.isclose(angle, 2 * math.pi, rel_tol=1e-9)
        if angle > most * (1 + 1e-9) and not whole:
            return f"a sector of {math.degrees(angle):g} degrees is more than there can be"
    return ""


def width(scenario: Scenario, doubling: int) -> float:
    """Period of a patch [m] or angle of a sector [rad]."""
    base = scenario.period if scenario.geometry.kind == "patch" else float(scenario.geometry.sector)
    return base * 2**doubling


def area_ratio(scenario: Scenario, doubling: int) -> float:
    """Surface of a widened piece over that of the scenario: of a cone by its solid angle 4 arcsin(sin^2(a/2))."""
    geometry = scenario.geometry
    if geometry.kind == "particle" and geometry.dimension == 3:
        first, wide = (4.0 * math.asin(math.sin(width(scenario, k) / 2.0) ** 2) for k in (0, doubling))
        return wide / first
    return float(2 ** (doubling * (geometry.dimension - 1)))
