"""What a mesh must satisfy before anything is solved on it, and the numbers that say how good it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seix.errors import GeometryError
from seix.geometry import quality
from seix.geometry.sizing import NARROW

if TYPE_CHECKING:
    from seix.geometry.layers import Structure
    from seix.geometry.meshing import TaggedMesh

SMALLEST_ANGLE = 10.0
"""Degrees; the tip of a narrow sector is excepted, where the sector itself sets the angle."""
FRACTION_TOLERANCE = 0.01
"""Relative difference of the meshed and the asked area of a phase in a layer."""
REMEDY = "larger gaps, smaller cells (mesh.cells_per_diameter, mesh.cells_per_gap) or another seed may help"


def check_mesh(mesh: TaggedMesh, structure: Structure) -> None:
    """Refuse a mesh that is folded, has gaps or thin cells, or misses the fractions.

    Raises
    ------
    GeometryError
        With the numbers and the place.
    """
    points, cells = mesh.points, mesh.cells
    jacobian = quality.scaled_jacobians(points, cells)
    if jacobian.min() <= 0.0:
        bad = int((jacobian <= 0).sum())
        place = f"{'the worst ' * (bad > 1)}{_at(mesh, jacobian.argmin())}"
        raise GeometryError(f"the mesh has {bad} inverted cell{'s' * (bad > 1)}, {place}: {REMEDY}")
    area = quality.areas(points, cells)
    missing = abs(area.sum() / structure.frame.domain_measure() - 1.0)
    if missing > _area_tolerance(mesh):
        raise GeometryError(f"the cells cover the domain with a relative error of {missing:.3g}")
    _check_fractions(mesh, structure, area)
    angle = quality.angles(points, cells).min(axis=1)
    angle[_at_tip(mesh)] = 90.0
    if angle.min() < SMALLEST_ANGLE:
        thin = int((angle < SMALLEST_ANGLE).sum())
        cells = "1 cell with an angle" if thin == 1 else f"{thin} cells with angles"
        raise GeometryError(
            f"the mesh has {cells} below {SMALLEST_ANGLE:g} degrees (of {len(angle)} cells), the smallest "
            f"{angle.min():.3g} degrees {_at(mesh, angle.argmin())}: {REMEDY}"
        )
    number = len(np.unique(mesh.grain[mesh.grain >= 0]))
    expected = len(structure.radii) + (len(structure.domains) if structure.domains else 0)
    if number != expected:
        raise GeometryError(f"the mesh has {number} of {expected} grains")


def mesh_statistics(mesh: TaggedMesh, structure: Structure, straightened: int, coarsening: float,
                    per_metre: float) -> dict:  # fmt: skip
    """Sizes, quality and meshed areas, ready for JSON.

    Returns
    -------
    dict
        `cells`, `nodes`, `cells_in_grains`, `coarsening`; `angle` {min, p1, median, max} of the straight
        triangles [degrees]; `scaled_jacobian` {min, p1} (lower bound over the curved cell relative to the
        straight one); `straightened_nodes`; `edge` {min, max} [m]; `areas.<region>` [m2]; `fractions.<grain
        material>` of the SEI and `layers[k].<grain material>` of the layer, as meshed.
    """
    points, cells = mesh.points, mesh.cells
    angle, jacobian = quality.angles(points, cells), quality.scaled_jacobians(points, cells)
    area = quality.areas(points, cells)
    edges = np.concatenate([points[cells[:, a]] - points[cells[:, b]] for a, b in quality.EDGES])
    length = np.hypot(edges[:, 0], edges[:, 1]) / per_metre
    in_region = np.bincount(mesh.region, area, len(mesh.region_names)) / per_metre**2
    meshed = _grain_areas(mesh, structure, area)
    layer_areas = np.array([area[mesh.layer == k].sum() for k in range(len(structure.layers))])
    smallest = angle.min(axis=1)

    def by_name(fractions: np.ndarray) -> dict[str, float]:
        named = zip(structure.phase_names, fractions.tolist(), strict=True)
        return {name: fraction for name, fraction in named if fraction > 0.0}

    return {
        "cells": len(cells),
        "nodes": len(points),
        "cells_in_grains": int((mesh.grain >= 0).sum()),
        "coarsening": coarsening,
        "angle": {"min": float(smallest.min()), "p1": float(np.quantile(smallest, 0.01)),
                  "median": float(np.median(smallest)), "max": float(angle.max())},
        "scaled_jacobian": {"min": float(jacobian.min()), "p1": float(np.quantile(jacobian, 0.01))},
        "straightened_nodes": straightened,
        "edge": {"min": float(length.min()), "max": float(length.max())},
        "areas": dict(zip(mesh.region_names, in_region.tolist(), strict=True)),
        "fractions": by_name(meshed.sum(axis=0) / layer_areas.sum()),
        "layers": [by_name(row / whole) for row, whole in zip(meshed, layer_areas, strict=True)],
    }  # fmt: skip


def _grain_areas(mesh: TaggedMesh, structure: Structure, area: np.ndarray) -> np.ndarray:
    """Meshed area (layers, phases) of the grains."""
    result = np.zeros((len(structure.layers), len(structure.phase_names)))
    inside = (mesh.grain >= 0) & (mesh.layer >= 0)
    np.add.at(result, (mesh.layer[inside], structure.phase[mesh.grain[inside]]), area[inside])
    return result


def _check_fractions(mesh: TaggedMesh, structure: Structure, area: np.ndarray) -> None:
    meshed = _grain_areas(mesh, structure, area)
    for k, layer in enumerate(structure.layers):
        for name, fraction in layer.fractions.items():
            asked = fraction * structure.frame.measure(layer.inner, layer.outer)
            found = meshed[k, structure.phase_names.index(name)]
            if abs(found / asked - 1.0) > FRACTION_TOLERANCE:
                raise GeometryError(
                    f"the mesh gives {name} in layer {k + 1} an area of {found:.5g} nm2 instead of {asked:.5g} nm2"
                )
    if structure.domains is None:
        return
    shape, name = structure.domains.shape, structure.domains.material
    asked = shape.fractions[name] * structure.frame.measure(shape.inner, shape.outer)
    found = area[mesh.region == mesh.region_names.index(name)].sum()
    if abs(found / asked - 1.0) > FRACTION_TOLERANCE:
        raise GeometryError(f"the mesh gives {name} in the core an area of {found:.5g} nm2 instead of {asked:.5g} nm2")


def _area_tolerance(mesh: TaggedMesh) -> float:
    """Relative error of the whole area: rounding if all sides are straight, that of parabolas for an arc
    else.

    A parabola through three points of an arc of angle d misses d^4/480 of the area of the disc.
    """
    if mesh.kind != "particle":
        return 1e-9
    points, cells = mesh.points, mesh.cells
    radius = np.hypot(points[:, 0], points[:, 1])
    end = mesh.core_size + mesh.sei_thickness + mesh.electrolyte_depth
    on = radius > end * (1.0 - 1e-9)
    longest = 0.0
    for a, b in quality.EDGES:
        both = on[cells[:, a]] & on[cells[:, b]]
        p, q = points[cells[both, a]], points[cells[both, b]]
        longest = max(longest, np.linalg.norm(p - q, axis=1).max(initial=0.0))
    return 1e-9 + 2.0 * (longest / end) ** 4 / 480.0


def _at_tip(mesh: TaggedMesh) -> np.ndarray:
    """Cells (m,) at the apex of a narrow sector and next to those."""
    if mesh.sector is None or mesh.sector > NARROW:
        return np.zeros(len(mesh.cells), bool)
    apex = np.hypot(*mesh.points.T) < 1e-9 * mesh.core_size
    return apex[mesh.cells[:, :3]].any(axis=1)


def _at(mesh: TaggedMesh, cell: int) -> str:
    x, y = mesh.points[mesh.cells[cell, :3]].mean(axis=0)
    return f"at x = {x:.4g} nm, y = {y:.4g} nm in {mesh.region_names[mesh.region[cell]]}"
