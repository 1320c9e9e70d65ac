"""What a mesh in space must satisfy before anything is solved on it, and the numbers that say how good it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seix.errors import GeometryError
from seix.geometry.volume import quality3d

if TYPE_CHECKING:
    from seix.geometry.layers import Structure
    from seix.geometry.meshing import TaggedMesh

SMALLEST_DIHEDRAL = 3.0
"""Degrees; no cell may be below."""
THIN, THIN_SHARE = 5.0, 1e-4
"""Degrees, and the part of all cells that may be below them."""
FRACTION_TOLERANCE = 0.01
"""Relative difference of the meshed and the asked volume of a phase in a layer."""
MISSED = 0.03
"""Part of a ball that second-order faces miss at most, over the fourth power of their longest edge in radii."""
VOLUME_TOLERANCE = 1e-9
"""Relative error of the volume of a domain with plane sides: rounding."""


class FlatCells(GeometryError):
    """Cells are folded or flat, which another mesh of the same structure may not be."""


class MeshNumbers:
    """Volumes, Jacobians and angles of all cells, computed once.

    Parameters
    ----------
    mesh : TaggedMesh
    """

    def __init__(self, mesh: TaggedMesh) -> None:
        self.volume, self.jacobian = quality3d.measure(mesh.points, mesh.cells)
        self.smallest, self.largest = quality3d.dihedral_angles(mesh.points, mesh.cells)


def check_angles(mesh: TaggedMesh, numbers: MeshNumbers) -> None:
    """Refuse folded and flat cells.

    Raises
    ------
    FlatCells
        With the numbers and the place.
    """
    if numbers.jacobian.min() <= 0.0:
        bad = int((numbers.jacobian <= 0).sum())
        raise FlatCells(f"the mesh has {bad} inverted cells, {_at(mesh, numbers.jacobian.argmin())}")
    angle = numbers.smallest
    thin = int((angle < THIN).sum())
    if angle.min() < SMALLEST_DIHEDRAL or thin > THIN_SHARE * len(angle):
        raise FlatCells(
            f"the mesh has {thin} of {len(angle)} cells with dihedral angles below {THIN:g} degrees, the smallest "
            f"{angle.min():.3g} degrees {_at(mesh, angle.argmin())}: smaller cells (mesh.cells_per_diameter, "
            "mesh.cells_per_gap), larger gaps or another seed may help"
        )


def check_mesh3d(mesh: TaggedMesh, structure: Structure, numbers: MeshNumbers) -> None:
    """Refuse a mesh that is folded, flat, has holes, or misses grains or fractions.

    Raises
    ------
    GeometryError
        With the numbers and the place.
    """
    check_angles(mesh, numbers)
    missing = abs(numbers.volume.sum() / structure.frame.domain_measure() - 1.0)
    if missing > _volume_tolerance(mesh):
        raise GeometryError(f"the cells fill the domain with a relative error of {missing:.3g}")
    found = len(np.unique(mesh.grain[mesh.grain >= 0]))
    if found != len(structure.radii):
        raise GeometryError(f"the mesh has {found} of {len(structure.radii)} grains")
    meshed = _grain_volumes(mesh, structure, numbers.volume)
    for k, layer in enumerate(structure.layers):
        for name, fraction in layer.fractions.items():
            asked = fraction * structure.frame.measure(layer.inner, layer.outer)
            has = meshed[k, structure.phase_names.index(name)]
            if abs(has / asked - 1.0) > FRACTION_TOLERANCE:
                text = f"the mesh gives {name} in layer {k + 1} a volume of {has:.5g} nm3 instead of {asked:.5g} nm3"
                raise GeometryError(text)
    if mesh.period is not None:
        _check_sides(mesh)


def mesh_statistics3d(mesh: TaggedMesh, structure: Structure, numbers: MeshNumbers, curved: int, straightened: int,
                      lack: dict[str, float], coarsening: float, per_metre: float) -> dict:  # fmt: skip
    """Sizes, quality and meshed volumes, ready for JSON.

    Returns
    -------
    dict
        `cells`, `nodes`, `cells_in_grains`, `coarsening`; `dihedral` {min, p01, median, max} of the straight tetrahedra
        [degrees] and the number `below_5_degrees`; `scaled_jacobian` {min, p1}; `curved_cells` and, of those,
        `straightened_cells` with a node left off its sphere; `missed_volume`, the part of the volume of round grains that this
        cost and that was made up for by scaling them; `worst_grain`, the largest relative error of the volume of one after
        that; `edge` {min, max} [m]; `volumes.<region>`
        [m3]; `fractions.<grain material>` of the SEI and `layers[k].<grain material>` of the layer, as meshed.
    """
    low, high = quality3d.edge_lengths(mesh.points, mesh.cells)
    in_region = np.bincount(mesh.region, numbers.volume, len(mesh.region_names)) / per_metre**3
    meshed = _grain_volumes(mesh, structure, numbers.volume)
    layers = np.array([structure.frame.measure(layer.inner, layer.outer) for layer in structure.layers])
    quantile = np.quantile(numbers.smallest, [1e-3, 0.5])

    def by_name(fractions: np.ndarray) -> dict[str, float]:
        named = zip(structure.phase_names, fractions.tolist(), strict=True)
        return {name: fraction for name, fraction in named if fraction > 0.0}

    return {
        "cells": len(mesh.cells),
        "nodes": len(mesh.points),
        "cells_in_grains": int((mesh.grain >= 0).sum()),
        "coarsening": coarsening,
        "dihedral": {"min": float(numbers.smallest.min()), "p01": float(quantile[0]), "median": float(quantile[1]),
                     "max": float(numbers.largest.max())},
        "below_5_degrees": int((numbers.smallest < THIN).sum()),
        "scaled_jacobian": {"min": float(numbers.jacobian.min()), "p1": float(np.quantile(numbers.jacobian, 0.01))},
        "curved_cells": curved,
        "straightened_cells": straightened,
        **lack,
        "edge": {"min": low / per_metre, "max": high / per_metre},
        "volumes": dict(zip(mesh.region_names, in_region.tolist(), strict=True)),
        "fractions": by_name(meshed.sum(axis=0) / layers.sum()),
        "layers": [by_name(row / whole) for row, whole in zip(meshed, layers, strict=True)],
    }  # fmt: skip


def _grain_volumes(mesh: TaggedMesh, structure: Structure, volume: np.ndarray) -> np.ndarray:
    """Meshed volume (layers, phases) of the grains."""
    result = np.zeros((len(structure.layers), len(structure.phase_names)))
    inside = mesh.grain >= 0
    np.add.at(result, (mesh.layer[inside], structure.phase[mesh.grain[inside]]), volume[inside])
    return result


def _volume_tolerance(mesh: TaggedMesh) -> float:
    """Rounding for a block or a box; for a ball what second-order faces miss of its outer sphere.

    Under a face of longest edge h that is less than 0.03 h^4 / R^4 of the ball of radius R, up to h = R (measured on
    triangulations of the sphere: 0.017 for small h, 0.026 at h = R).
    """
    if mesh.period is not None:
        return VOLUME_TOLERANCE
    end = mesh.core_size + mesh.sei_thickness + mesh.electrolyte_depth
    on = np.linalg.norm(mesh.points, axis=1) > end * (1.0 - 1e-9)
    longest = 0.0
    for a, b in quality3d.EDGES:
        both = on[mesh.cells[:, a]] & on[mesh.cells[:, b]]
        edge = mesh.points[mesh.cells[both, a]] - mesh.points[mesh.cells[both, b]]
        longest = max(longest, np.linalg.norm(edge, axis=1).max(initial=0.0))
    return VOLUME_TOLERANCE + MISSED * (longest / end) ** 4


def _check_sides(mesh: TaggedMesh) -> None:
    """Opposite periodic sides have the same nodes, to the last bit."""
    for axis in (0, 1):
        others = [k for k in range(3) if k != axis]
        near, far = (mesh.points[mesh.points[:, axis] == at][:, others] for at in (0.0, mesh.period))
        if len(near) != len(far) or not np.array_equal(near[np.lexsort(near.T)], far[np.lexsort(far.T)]):
            raise GeometryError(f"the nodes of the two sides normal to {'xy'[axis]} do not match ({len(near)} and {len(far)})")


def _at(mesh: TaggedMesh, cell: int) -> str:
    x, y, z = mesh.points[mesh.cells[cell, :4]].mean(axis=0)
    return f"at x = {x:.4g} nm, y = {y:.4g} nm, z = {z:.4g} nm in {mesh.region_names[mesh.region[cell]]}"
