"""A checked mesh in space: made again with more effort where its cells are too flat."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from seix.errors import GeometryError
from seix.geometry.volume.checks3d import MeshNumbers, check_angles, check_mesh3d, mesh_statistics3d
from seix.geometry.volume.expected import estimated_cells
from seix.geometry.volume.mesh3d import THRESHOLD, mesh3d
from seix.geometry.volume.restore import restore_volumes

if TYPE_CHECKING:
    from seix.geometry.layers import Structure
    from seix.geometry.meshing import TaggedMesh
    from seix.input.sections import MeshControl

THRESHOLDS = (THRESHOLD, 0.3, 0.4)
"""Qualities below which HXT improves cells, tried in turn until no cell is too flat."""


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
