"""From a scenario to a mesh of curved second-order triangles or tetrahedra that knows its regions, layers and grains."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from seix.errors import GeometryError
from seix.geometry.affordable import check_forecast
from seix.geometry.budget import check_memory, needed_memory, written
from seix.geometry.cache import cached_mesh
from seix.geometry.checks import check_mesh, mesh_statistics
from seix.geometry.gmsh_session import gmsh_session, read_cells, triangulate
from seix.geometry.key import geometry_key
from seix.geometry.layers import NANOMETRE, Structure, build_structure
from seix.geometry.outline import build_outline, core_regions, region_names
from seix.geometry.quality import straighten
from seix.geometry.sizing import SizeField
from seix.geometry.tagged import TaggedMesh

if TYPE_CHECKING:
    from seix.geometry.wanted import WantedSizes
    from seix.scenario import MeshControl, Scenario

ALGORITHMS = (6, 5)
"""Gmsh's Frontal-Delaunay, and Delaunay where its result does not pass the checks."""
MATCH = 1e-7
"""Nodes of the periodic sides nearer than this many periods are one node; they are then made to match exactly."""
ESTIMATE_MARGIN = 1.4
"""A mesh is refused before it is made only if it has too many cells even with so many times fewer than expected, as measured."""

Accept = Callable[[float], None]
"""Takes the expected number of cells before a mesh is made; raises if that is too many."""


def make_mesh(
    scenario: Scenario, coarsening: float = 1.0, solved: bool = False, wanted: WantedSizes | None = None
) -> TaggedMesh:
    """Pack the grains of a scenario and mesh them.

    Parameters
    ----------
    scenario : Scenario
        Uses `geometry`, `sei`, `seed` and `mesh`.
    coarsening : float
        Multiplies all cell sizes.
    solved : bool
        Whether the memory must suffice to solve on the mesh too.
    wanted : WantedSizes, optional
        Sizes that are asked for besides.

    Returns
    -------
    TaggedMesh
        The same for the same arguments, to the last bit. On a patch the nodes of opposite sides match exactly,
        and the corner of the bottom at the origin of the plane is a node; in a particle the centre and the points of
        core|SEI on the axes that span its domain are.

    Raises
    ------
    GeometryError
        If the mesh would have too many cells or need too much memory (far too many are refused before anything is packed),
        the grains cannot be packed, or the mesh fails a check.
    """
    check_forecast(scenario, coarsening, solved)
    key = geometry_key(scenario, coarsening, wanted)
    return mesh_structure(build_structure(scenario), scenario.mesh, coarsening, key, solved, wanted)


def mesh_structure(
    structure: Structure, controls: MeshControl, coarsening: float = 1.0, key: str = "", solved: bool = False,
    wanted: WantedSizes | None = None,
) -> TaggedMesh:
    """Mesh a structure, wherever its grains come from.

    Parameters
    ----------
    structure : Structure
    controls : MeshControl
    coarsening : float
        Multiplies all cell sizes.
    key : str
        Hash that the mesh will carry.
    solved : bool
        Whether the memory must suffice to solve on the mesh too.
    wanted : WantedSizes, optional
        Sizes that are asked for besides.

    Raises
    ------
    GeometryError
        If the mesh would have too many cells or need too much memory, or fails a check; or if sizes are given to a mesher
        that takes none.
    """
    limit = controls.maximum_cells

    def accept(cells: float) -> None:
        if cells > ESTIMATE_MARGIN * limit:
            raise too_many_cells(cells, limit, structure.dim)
        check_memory(cells, structure.dim, solved)

    if structure.dim == 3:
        make = _solid
    elif controls.backend == "gmsh" and structure.kind != "particles":
        make = _gmsh_plane
    else:
        make = _assembly if structure.kind == "particles" else _plane
    mesh = make(structure, controls, coarsening, key, accept, wanted)
    if len(mesh.cells) > limit:
        raise too_many_cells(len(mesh.cells), limit, structure.dim)
    if solved:  # the same for a mesh that is just made and for one from the cache
        check_memory(len(mesh.cells), structure.dim, solved)
    return mesh


def too_many_cells(number: float, limit: int, dim: int) -> GeometryError:
    """The error for a mesh above `mesh.maximum_cells`."""
    needed = needed_memory(number, dim, True) / 1e9
    return GeometryError(
        f"the mesh has about {written(number)} cells, more than mesh.maximum_cells = {limit}: allow them (a run on it takes "
        f"about {needed:.2g} GB of memory), or make fewer by smaller cells_per_diameter, cells_per_gap or cells_per_layer, "
        "larger gaps, or a smaller domain"
    )


def _plane(structure: Structure, controls: MeshControl, coarsening: float, key: str, accept: Accept,
           wanted: WantedSizes | None) -> TaggedMesh:  # fmt: skip
    """By the own Delaunay refinement."""
    from seix.geometry.triangulate import mesh2d  # compiles its kernels

    return _tagged(structure, mesh2d(structure, controls, coarsening, accept, wanted), coarsening, key)


def _assembly(structure: Structure, controls: MeshControl, coarsening: float, key: str, accept: Accept,
              wanted: WantedSizes | None) -> TaggedMesh:  # fmt: skip
    """Several particles."""
    from seix.geometry.assembly.graph import assembly_mesh  # compiles its kernels

    return _tagged(structure, assembly_mesh(structure, controls, coarsening, accept, wanted), coarsening, key)


def _solid(structure: Structure, controls: MeshControl, coarsening: float, key: str, accept: Accept,
           wanted: WantedSizes | None) -> TaggedMesh:  # fmt: skip
    """Tetrahedra."""
    from seix.geometry.volume import solid_mesh  # compiles its kernels

    return solid_mesh(structure, controls, coarsening, key, accept, wanted)


def _gmsh_plane(structure: Structure, controls: MeshControl, coarsening: float, key: str, accept: Accept,
                wanted: WantedSizes | None) -> TaggedMesh:  # fmt: skip
    """By Gmsh, with whichever of its algorithms passes the checks first."""
    if wanted is not None:
        raise GeometryError("mesh.backend: gmsh takes no sizes that a mesh was adapted to")
    if structure.shapes is not None:
        raise GeometryError("mesh.backend: gmsh meshes round grains only; leave it out for cellular grains and polycrystals")
    sizes = SizeField(structure, controls, coarsening)
    accept(sizes.estimated_cells())
    failure: GeometryError | None = None
    for algorithm in ALGORITHMS:
        try:
            return _tagged(structure, _triangles(structure, sizes, algorithm), coarsening, key)
        except GeometryError as error:
            failure = failure or error
    raise failure


def _triangles(structure: Structure, sizes: SizeField, algorithm: int) -> dict[str, np.ndarray]:
    """Nodes and cells as Gmsh makes them."""
    with gmsh_session(structure.kind) as gmsh:
        outline = build_outline(gmsh.model.geo, structure)
        gmsh.model.geo.synchronize()
        if outline.centre is not None:
            gmsh.model.mesh.embed(0, [outline.centre[0]], 2, outline.centre[1])
        triangulate(gmsh, structure, outline, sizes.function(), algorithm)
        arrays = read_cells(gmsh, outline)
    if structure.kind == "patch":
        _match_sides(arrays["points"], structure.period)
    return arrays


def _tagged(structure: Structure, arrays: dict[str, np.ndarray], coarsening: float, key: str) -> TaggedMesh:
    """The plane mesh without folded cells, checked."""
    points, straightened = straighten(arrays["points"], arrays["cells"])
    mesh = tagged_mesh(structure, points, arrays, key)
    mesh.statistics = {
        "structure": structure.statistics,
        "mesh": mesh_statistics(mesh, structure, straightened, coarsening, 1.0 / NANOMETRE),
    }
    check_mesh(mesh, structure)
    return mesh


def tagged_mesh(structure: Structure, points: np.ndarray, arrays: dict[str, np.ndarray], key: str) -> TaggedMesh:
    """Arrays of a mesher with the names and sizes of their structure."""
    frame = structure.frame
    bodies = np.empty((0, frame.dim + 1))
    if frame.kind == "particles":
        bodies = np.column_stack([frame.bodies.centres, frame.bodies.radii])
    return TaggedMesh(
        points, arrays["cells"], arrays["region"], arrays["grain"], arrays["layer"], region_names(structure),
        frame.kind, frame.period, frame.sector, frame.core_size, frame.sei_thickness, frame.electrolyte_depth,
        frame.mirrors, bodies, key=key, core_regions=core_regions(structure), binder=getattr(frame, "binder", 0.0),
    )  # fmt: skip


def _match_sides(points: np.ndarray, period: float) -> None:
    """Give the nodes of the two periodic sides the same heights to the last bit, one period apart.

    Gmsh copies the nodes of one side to the other through the parameter of the curve, which loses half of the digits.
    """
    tolerance = MATCH * period
    sides = [np.flatnonzero(np.abs(points[:, 0] - x) < tolerance) for x in (0.0, period)]
    left, right = (side[np.argsort(points[side, 1])] for side in sides)
    if len(left) != len(right):
        raise GeometryError(f"the periodic sides of the mesh have {len(left)} and {len(right)} nodes")
    apart = np.abs(points[left, 1] - points[right, 1])
    if apart.max() > tolerance:
        height = points[left[apart.argmax()], 1]
        raise GeometryError(f"the nodes of the periodic sides differ by {apart.max():.3g} nm at y = {height:.4g} nm")
    points[left, 0], points[right, 0] = 0.0, period
    points[right, 1] = points[left, 1]


__all__ = ["TaggedMesh", "cached_mesh", "make_mesh", "mesh_structure"]
