"""A checked mesh in space: made again with more effort where its cells are too flat."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from seix.errors import GeometryError
from seix.geometry.stats.windows import low_discrepancy
from seix.geometry.volume.checks3d import MeshNumbers, check_angles, check_mesh3d, mesh_statistics3d
from seix.geometry.volume.mesh3d import THRESHOLD, mesh3d
from seix.geometry.volume.restore import restore_volumes
from seix.geometry.volume.sizes import SolidSizes

if TYPE_CHECKING:
    from seix.geometry.layers import Structure
    from seix.geometry.meshing import TaggedMesh
    from seix.input.sections import MeshControl

THRESHOLDS = (THRESHOLD, 0.3, 0.4)
"""Qualities below which HXT improves cells, tried in turn until no cell is too flat."""
EQUILATERAL = np.sqrt(3.0) / 4.0
"""Area of a triangle over its squared edge."""
PER_CUBE = 8.5
"""Tetrahedra in the cube of their edge."""
PLACES = 4096
"""Places in a box at which sizes are looked up for the expected number of cells."""
CELLS_PER_FACE = 7.0
"""Tetrahedra of a mesh for each triangle on a grain; between 5 and 9, as measured."""


def solid_mesh(
    structure: Structure, controls: MeshControl, coarsening: float, key: str, accept: Callable[[float], None]
) -> TaggedMesh:
    """Mesh a structure in space and check it.

    Parameters
    ----------
    structure, controls, coarsening
        See `mesh3d`.
    key : str
        Hash that the mesh will carry.
    accept : callable
        Called with the expected number of cells before the mesh is made; may raise.

    Raises
    ------
    GeometryError
        If the mesh fails a check, after all efforts.
    """
    from seix.geometry.layers import NANOMETRE
    from seix.geometry.meshing import tagged_mesh

    accept(estimated_cells(structure, controls, coarsening))
    failure: GeometryError | None = None
    for threshold in THRESHOLDS:
        arrays = mesh3d(structure, controls, coarsening, threshold)
        points = arrays["points"]
        if structure.shapes is None:
            points = restore_volumes(structure, points, arrays["cells"], arrays["grain"])
        mesh = tagged_mesh(structure, points, arrays, key)
        numbers = MeshNumbers(mesh)
        try:
            check_angles(mesh, numbers)
        except GeometryError as error:
            failure = error
            continue
        check_mesh3d(mesh, structure, numbers)
        found = mesh_statistics3d(mesh, structure, numbers, arrays["curved"], arrays["straightened"], coarsening, 1.0 / NANOMETRE)
        mesh.statistics = {"structure": structure.statistics, "mesh": found}
        return mesh
    raise failure


def estimated_cells(structure: Structure, controls: MeshControl, coarsening: float) -> float:
    """Expected number of cells: so many for each triangle on a grain, and those that fill the rest at its own size."""
    sizes = SolidSizes(structure, controls, coarsening)
    faces = (structure.weights * 4.0 * np.pi * structure.radii**2 / (EQUILATERAL * sizes.grain**2)).sum()
    frame = structure.frame
    if frame.kind == "particles":
        return CELLS_PER_FACE * faces + _between_grains(structure, sizes)
    depths = [frame.core_size, frame.electrolyte_depth]
    edges = [sizes.core_limit, sizes.electrolyte_limit]
    rest = sum(PER_CUBE * frame.width * depth / edge**3 for depth, edge in zip(depths, edges, strict=True))
    return CELLS_PER_FACE * faces + rest


def _between_grains(structure: Structure, sizes: SolidSizes) -> float:
    """Cells of a box of particles outside layers with grains: what the sizes at even places add up to."""
    points = structure.period * low_discrepancy(PLACES, 3)
    height = structure.frame.height(points)
    counted = np.ones(len(points), bool)
    for layer in structure.layers:
        if layer.fractions:
            counted &= (height < layer.inner) | (height > layer.outer)
    return PER_CUBE * structure.frame.domain_measure() * float((counted / sizes.at(points) ** 3).mean())
