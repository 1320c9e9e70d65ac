"""Checked meshes in space: made again with more effort where cells are too flat, or cut to wanted sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from seix.errors import GeometryError
from seix.geometry.volume.checks3d import FlatCells, MeshNumbers, check_mesh3d, mesh_statistics3d
from seix.geometry.volume.expected import estimated_cells
from seix.geometry.volume.mesh3d import THRESHOLD, mesh3d
from seix.geometry.volume.refined import SizesInSpace, cut_to_sizes, numbers_of_curves
from seix.geometry.volume.restore import missed_volume, restore_volumes, worst_grain

if TYPE_CHECKING:
    from seix.geometry.layers import Structure
    from seix.geometry.meshing import TaggedMesh
    from seix.geometry.wanted import WantedSizes
    from seix.input.sections import MeshControl

THRESHOLDS = (THRESHOLD, 0.3, 0.4)
"""Qualities below which HXT improves cells, tried in turn until no cell is too flat."""


def solid_mesh(
    structure: Structure, controls: MeshControl, coarsening: float, key: str, accept: Callable[[float], None],
    wanted: WantedSizes | None = None,
) -> TaggedMesh:
    """Mesh a structure in space and check it.

    Parameters
    ----------
    structure, controls, coarsening
        See `mesh3d`.
    key : str
        Hash that the mesh will carry.
    accept : callable
        Called with the expected number of cells before the mesh is made, and with those of a mesh that is cut; may raise.
    wanted : WantedSizes, optional
        Sizes that larger cells are cut to, times the coarsening.

    Raises
    ------
    GeometryError
        If the mesh fails a check, after all efforts.
    """
    accept(estimated_cells(structure, controls, coarsening))
    failure: GeometryError | None = None
    for threshold in THRESHOLDS:
        try:
            return _checked(structure, controls, coarsening, key, accept, wanted, threshold)
        except FlatCells as error:
            failure = error
    raise failure


def _checked(structure: Structure, controls: MeshControl, coarsening: float, key: str, accept: Callable[[float], None],
             wanted: WantedSizes | None, threshold: float) -> TaggedMesh:  # fmt: skip
    """The mesh that one effort makes."""
    from seix.geometry.layers import NANOMETRE
    from seix.geometry.meshing import tagged_mesh

    arrays = mesh3d(structure, controls, coarsening, threshold)
    curved, lack = (arrays["curved"], arrays["straightened"]), {"missed_volume": 0.0, "worst_grain": 0.0}
    mesh = tagged_mesh(structure, arrays["points"], arrays, key)
    if wanted is not None:
        mesh = cut_to_sizes(mesh, structure, SizesInSpace(wanted, coarsening), accept)
        curved = numbers_of_curves(mesh, structure)
    if structure.shapes is None:
        lack["missed_volume"] = missed_volume(structure, mesh.points, mesh.cells, mesh.grain)
        mesh.points = restore_volumes(structure, mesh.points, mesh.cells, mesh.grain)
        lack["worst_grain"] = worst_grain(structure, mesh.points, mesh.cells, mesh.grain)
    numbers = MeshNumbers(mesh)
    check_mesh3d(mesh, structure, numbers)
    found = mesh_statistics3d(mesh, structure, numbers, *curved, lack, coarsening, 1.0 / NANOMETRE)
    mesh.statistics = {"structure": structure.statistics, "mesh": found}
    return mesh
