"""From a tagged mesh on rank 0 to distributed regions, submeshes and two-sided interfaces.

One mesh carries everything. Charge lives on the ionic conductors (SEI and electrolyte) and on the core, lithium on the
core, displacement on the solids (core and SEI): each on its own submesh, so that the potential may jump at core|SEI.
A region named "void" is part of the mesh but of no submesh: nothing lives there. A region named "binder" conducts ions and
is a solid, but is no part of the SEI.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..fem import MPI  # first: orders the MPI library before DOLFINx

# isort: split
import basix.ufl
import ufl
from dolfinx import fem, graph, mesh

from ..geometry.assembly.anchors import Anchors, bodies_of, find_anchors
from ..properties import BINDER
from .facets import facet_nodes, interface_entities
from .partition import destinations
from .serial_mesh import create_serial_mesh

QUADRATURE_DEGREE = 4
"""Degree of every quadrature rule: exact for products of two quadratic gradients' fields on straight cells."""

CORE, ELECTROLYTE, FIRST_SEI = 0, 1, 2
CORE_SEI, SEI_ELECTROLYTE, GRAIN_MATRIX = 1, 2, 3
COLLECTOR = 1
"""Exterior facets of the flat bottom of the core of a patch."""
VOID = "void"
"""Name of a region without any field."""
FLATNESS = 1e-6
"""Distance in nanometres within which a vertex lies on a plane or a sphere of the geometry."""


@dataclass(frozen=True)
class Submesh:
    """Part of the mesh with its map to the whole.

    Attributes
    ----------
    mesh
        The submesh.
    entity_map
        Cells of the submesh in the whole mesh.
    parent_cells : ndarray of int32
        Local cell of the whole mesh for each local cell of the submesh, ghosts included.
    """

    mesh: mesh.Mesh
    entity_map: mesh.EntityMap
    parent_cells: np.ndarray


class Domains:
    """Distributed mesh of one structure with its regions and interfaces.

    Parameters
    ----------
    comm
        Communicator.
    tagged : TaggedMesh or None
        The mesh in nanometres; needed on rank 0 only.

    Attributes
    ----------
    mesh
        The whole mesh, second-order triangles or tetrahedra, ghost cells across shared facets.
    dim : int
        Dimension of space, 2 or 3.
    region, grain, layer : ndarray of int32
        Tags of all local cells (ghosts included); ``region`` indexes ``region_names``.
    core, ionic, solid : Submesh
        Core with the domains resolved in it; SEI and electrolyte; core and SEI.
    dx, dS
        Measures with fixed quadrature. ``dx(i)`` is region ``i``; ``dS(CORE_SEI)`` has the SEI on its ``+`` side,
        ``dS(SEI_ELECTROLYTE)`` the SEI (also where binder is on it), ``dS(GRAIN_MATRIX)`` the grain (of two grains that
        touch, the one with the larger number). Facets of a void belong to no interface.
    core_names : list of str
        Names of the regions that are domains in the core.
    shape : dict
        dim, kind, period, sector, mirrors (inward unit normals), bodies and sizes of the structure in nanometres.
    anchors : Anchors or None
        Held nodes of several particles.
    """

    def __init__(self, comm, tagged):
        self.comm = comm
        header = comm.bcast(_header(tagged) if comm.rank == 0 else None, root=0)
        self.anchors: Anchors | None = header["anchors"]
        self.region_names: list[str] = header["names"]
        self.core_names: list[str] = header["core_regions"]
        self.shape: dict = header["shape"]
        self.cells_global: int = header["cells"]
        self.dim: int = self.shape["dim"]
        self.mesh = _distribute(comm, tagged, self.dim)
        self.region, self.grain, self.layer = scatter_cell_data(
            self.mesh, None if comm.rank else np.column_stack([tagged.region, tagged.grain, tagged.layer]).astype(np.int32)
        ).T
        cells = np.arange(len(self.region), dtype=np.int32)
        void = np.array([name == VOID for name in self.region_names])[self.region]
        in_core = np.isin(self.region, self.core_regions)
        self.core = _submesh(self.mesh, cells[in_core])
        self.ionic = _submesh(self.mesh, cells[~in_core & ~void])
        self.solid = _submesh(self.mesh, cells[(self.region != ELECTROLYTE) & ~void])
        self.entity_maps = [self.core.entity_map, self.ionic.entity_map, self.solid.entity_map]
        metadata = {"quadrature_degree": QUADRATURE_DEGREE}
        tags = mesh.meshtags(self.mesh, self.dim, cells, self.region)
        self.dx = ufl.Measure("dx", domain=self.mesh, subdomain_data=tags, metadata=metadata)
        in_sei = np.isin(self.region, self.sei_regions)
        outside = np.isin(self.region_names, ["electrolyte", BINDER])[self.region]
        rank = np.where(in_sei, self.grain, -2)  # grains by number, -1 in the matrix, -2 where no SEI is
        self.interface_entities = interface_entities(
            self.mesh,
            {
                CORE_SEI: lambda a, b: in_sei[a] & in_core[b],
                SEI_ELECTROLYTE: lambda a, b: in_sei[a] & outside[b],
                GRAIN_MATRIX: lambda a, b: (rank[b] >= -1) & (rank[a] > rank[b]),
            },
        )
        self.dS = ufl.Measure("dS", domain=self.mesh, subdomain_data=list(self.interface_entities.items()), metadata=metadata)
        self.ds = ufl.Measure("ds", domain=self.mesh, subdomain_data=self._collector(), metadata=metadata)

    @property
    def sei_regions(self) -> tuple[int, ...]:
        """Region numbers of the SEI phases that carry fields."""
        others = (VOID, BINDER, *self.core_names)
        return tuple(i for i in range(FIRST_SEI, len(self.region_names)) if self.region_names[i] not in others)

    @property
    def binder_regions(self) -> tuple[int, ...]:
        """Region number of the binder, if there is one."""
        return tuple(i for i, name in enumerate(self.region_names) if name == BINDER)

    @property
    def core_regions(self) -> tuple[int, ...]:
        """Region numbers of the core: its matrix, then the domains resolved in it."""
        return (CORE, *(self.region_names.index(name) for name in self.core_names))

    @property
    def dx_core(self):
        """Cell measure over the core."""
        return self.regions(*self.core_regions)

    @property
    def void_region(self) -> int | None:
        """Region number of the voids, None without."""
        return self.region_names.index(VOID) if VOID in self.region_names else None

    def part(self, *ids: int) -> Submesh:
        """Submesh of several regions, made anew at each call (collective)."""
        return _submesh(self.mesh, np.flatnonzero(np.isin(self.region, ids)).astype(np.int32))

    def regions(self, *ids: int):
        """Cell measure over several regions."""
        return self.dx(tuple(ids))

    def cell_constant(self, submesh: Submesh, by_region) -> fem.Function:
        """Piecewise constant function on a submesh from one value per region.

        Parameters
        ----------
        submesh : Submesh
        by_region : array_like, shape (regions,)
            Value for each region of ``region_names``.
        """
        function = fem.Function(fem.functionspace(submesh.mesh, ("DG", 0)))
        self.set_cell_constant(function, submesh, by_region)
        return function

    def set_cell_constant(self, function: fem.Function, submesh: Submesh, by_region) -> None:
        """Give a function of :meth:`cell_constant` other values."""
        function.x.array[:] = np.asarray(by_region, dtype=float)[self.region[submesh.parent_cells]]

    @property
    def core_pieces(self) -> int:
        """Number of cores that are not connected to each other."""
        return 1 if self.anchors is None else len(self.anchors.pieces)

    def core_bodies(self) -> np.ndarray:
        """Number of the particle of each local cell of the core submesh, ghosts included."""
        sub = self.core.mesh
        cells = np.arange(len(self.core.parent_cells), dtype=np.int32)
        if self.anchors is None:
            return np.zeros(len(cells), dtype=np.int64)
        middles = mesh.compute_midpoints(sub, self.dim, cells)[:, : self.dim]
        return bodies_of(self.shape["bodies"], self.shape["period"]).nearest(middles)[0]

    def piece_indicator(self) -> fem.Function:
        """Piecewise constant vector on the core submesh whose i-th component is one in the i-th piece of core."""
        count = self.core_pieces
        function = fem.Function(fem.functionspace(self.core.mesh, ("DG", 0, (count,))))
        piece = self.anchors.body_piece[self.core_bodies()]
        function.x.array[:] = (piece[:, None] == np.arange(count)).ravel()
        return function

    def outer_nodes(self, space) -> np.ndarray:
        """Owned nodes of a space of the ionic submesh on the outer boundary of the electrolyte."""
        shape = self.shape
        out = shape["sei_thickness"] + shape["electrolyte_depth"]
        if shape["kind"] == "patch":
            marker = lambda x: np.abs(x[self.dim - 1] - out) < FLATNESS  # noqa: E731
        elif shape["kind"] == "particles":
            marker = lambda x: np.abs(x[self.dim - 1] - shape["period"]) < FLATNESS  # noqa: E731
        else:
            marker = lambda x: np.abs(np.linalg.norm(x, axis=0) - shape["core_size"] - out) < FLATNESS  # noqa: E731
        facets = mesh.locate_entities_boundary(self.ionic.mesh, self.dim - 1, marker)
        nodes = fem.locate_dofs_topological(space, self.dim - 1, facets)
        return nodes[nodes < space.dofmap.index_map.size_local]

    def contact_nodes(self, space) -> np.ndarray:
        """Owned nodes of a space of the ionic submesh on core|SEI."""
        return facet_nodes(space, self.ionic.parent_cells, self.interface_entities[CORE_SEI].reshape(-1, 4)[:, :2])

    def _collector(self) -> mesh.MeshTags:
        """Facets through which electrons leave a patch; none on a particle."""
        depth = self.shape["core_size"]
        patch = self.shape["kind"] == "patch"
        facets = mesh.locate_entities_boundary(
            self.mesh,
            self.dim - 1,
            lambda x: np.abs(x[self.dim - 1] + depth) < FLATNESS if patch else np.zeros(x.shape[1], dtype=bool),
        )
        return mesh.meshtags(self.mesh, self.dim - 1, np.sort(facets), np.full(len(facets), COLLECTOR, np.int32))


def _header(tagged) -> dict:
    """What every rank has to know of the mesh on rank 0."""
    keys = ("kind", "period", "sector", "core_size", "sei_thickness", "electrolyte_depth")
    dim = tagged.points.shape[1]
    shape = {"dim": dim, "mirrors": np.reshape(tagged.mirrors, (-1, dim))} | {key: getattr(tagged, key) for key in keys}
    several = tagged.kind == "particles"
    shape["bodies"] = tagged.bodies if several else np.empty((0, dim + 1))
    anchors = find_anchors(tagged) if several else None
    names = {"names": list(tagged.region_names), "core_regions": list(tagged.core_regions)}
    return {**names, "anchors": anchors, "cells": len(tagged.cells), "shape": shape}


def _distribute(comm, tagged, dim: int) -> mesh.Mesh:
    """Distribute second-order triangles or tetrahedra from rank 0."""
    element = basix.ufl.element("Lagrange", "triangle" if dim == 2 else "tetrahedron", 2, shape=(dim,))
    return distribute(comm, *((tagged.points, tagged.cells) if comm.rank == 0 else (None, None)), element)


def distribute(comm, points, cells, element) -> mesh.Mesh:
    """Distributed mesh, always with ghosts across shared facets (collective).

    Parameters
    ----------
    comm
        Communicator.
    points : ndarray, shape (nodes, dim), or None
    cells : ndarray, shape (cells, nodes of a cell), or None
        On rank 0; ignored elsewhere.
    element : basix.ufl element
        Of the coordinates.
    """
    dim = element.reference_value_shape[0]
    if comm.size == 1:
        return create_serial_mesh(comm, points, cells, element)
    if comm.rank:
        points, cells = np.zeros((0, dim)), np.zeros((0, element.dim // dim), dtype=np.int64)

    def partitioner(_, parts, *__):
        """Ranks of the cells of this rank."""
        found = destinations(points, cells, parts) if len(cells) else (np.zeros(0, np.int32), np.zeros(1, np.int32))
        return graph.adjacencylist(*found)._cpp_object

    return mesh.create_mesh(comm, np.ascontiguousarray(cells, dtype=np.int64), element, np.ascontiguousarray(points), partitioner)


def _submesh(parent: mesh.Mesh, cells: np.ndarray) -> Submesh:
    sub, entity_map, _, _ = mesh.create_submesh(parent, parent.topology.dim, cells)
    imap = sub.topology.index_map(sub.topology.dim)
    count = imap.size_local + imap.num_ghosts
    parents = np.asarray(entity_map.sub_topology_to_topology(np.arange(count, dtype=np.int32), False))
    return Submesh(sub, entity_map, parents)


def scatter_cell_data(msh: mesh.Mesh, values) -> np.ndarray:
    """Values per cell in the order of the input mesh (rank 0) -> values of the local cells, ghosts included.

    Parameters
    ----------
    msh
        Distributed mesh.
    values : ndarray, shape (cells, k), or None
        On rank 0; ignored elsewhere.

    Returns
    -------
    ndarray, shape (local cells, k)
    """
    wanted = msh.comm.gather(np.asarray(msh.topology.original_cell_index), root=0)
    parts = [values[i] for i in wanted] if msh.comm.rank == 0 else None
    return msh.comm.scatter(parts, root=0)


def total(comm, value: float) -> float:
    """Sum over all ranks."""
    return comm.allreduce(value, op=MPI.SUM)
