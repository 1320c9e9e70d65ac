"""From a tagged mesh on rank 0 to distributed regions, submeshes and two-sided interfaces.

One mesh carries everything. Charge lives on the ionic conductors (SEI and electrolyte) and on the core, lithium on the
core, displacement on the solids (core and SEI): each on its own submesh, so that the potential may jump at core|SEI.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..fem import MPI  # first: orders the MPI library before DOLFINx

# isort: split
import basix.ufl
import ufl
from dolfinx import fem, mesh

QUADRATURE_DEGREE = 4
"""Degree of every quadrature rule: exact for products of two quadratic gradients' fields on straight cells."""

CORE, ELECTROLYTE, FIRST_SEI = 0, 1, 2
CORE_SEI, SEI_ELECTROLYTE, GRAIN_MATRIX = 1, 2, 3
COLLECTOR = 1
"""Exterior facets of the flat bottom of the core of a patch."""


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
        The whole mesh, second-order cells, ghost cells across shared facets.
    region, grain, layer : ndarray of int32
        Tags of all local cells (ghosts included); ``region`` indexes ``region_names``.
    core, ionic, solid : Submesh
        Core; SEI and electrolyte; core and SEI.
    dx, dS
        Measures with fixed quadrature. ``dx(i)`` is region ``i``; ``dS(CORE_SEI)`` has the SEI on its ``+`` side,
        ``dS(SEI_ELECTROLYTE)`` the SEI, ``dS(GRAIN_MATRIX)`` the grain.
    shape : dict
        kind, period, sector and sizes of the structure in nanometres.
    """

    def __init__(self, comm, tagged):
        self.comm = comm
        header = None
        if comm.rank == 0:
            header = {
                "names": list(tagged.region_names),
                "cells": len(tagged.cells),
                "shape": {
                    k: getattr(tagged, k) for k in ("kind", "period", "sector", "core_size", "sei_thickness", "electrolyte_depth")
                },
            }
        header = comm.bcast(header, root=0)
        self.region_names: list[str] = header["names"]
        self.shape: dict = header["shape"]
        self.cells_global: int = header["cells"]
        self.mesh = _distribute(comm, tagged)
        self.region, self.grain, self.layer = scatter_cell_data(
            self.mesh, None if comm.rank else np.column_stack([tagged.region, tagged.grain, tagged.layer])
        ).T.astype(np.int32)
        cells = np.arange(len(self.region), dtype=np.int32)
        self.core = _submesh(self.mesh, cells[self.region == CORE])
        self.ionic = _submesh(self.mesh, cells[self.region != CORE])
        self.solid = _submesh(self.mesh, cells[self.region != ELECTROLYTE])
        self.entity_maps = [self.core.entity_map, self.ionic.entity_map, self.solid.entity_map]
        metadata = {"quadrature_degree": QUADRATURE_DEGREE}
        tags = mesh.meshtags(self.mesh, self.mesh.topology.dim, cells, self.region)
        self.dx = ufl.Measure("dx", domain=self.mesh, subdomain_data=tags, metadata=metadata)
        self.mesh.topology.create_connectivity(self.mesh.topology.dim - 1, self.mesh.topology.dim)
        self.dS = ufl.Measure("dS", domain=self.mesh, subdomain_data=self._interface_entities(), metadata=metadata)
        self.ds = ufl.Measure("ds", domain=self.mesh, subdomain_data=self._collector(), metadata=metadata)

    @property
    def sei_regions(self) -> tuple[int, ...]:
        """Region numbers of the SEI phases."""
        return tuple(range(FIRST_SEI, len(self.region_names)))

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
        function.x.array[:] = np.asarray(by_region, dtype=float)[self.region[submesh.parent_cells]]
        return function

    def _collector(self) -> mesh.MeshTags:
        """Facets through which electrons leave a patch; none on a particle."""
        depth = self.shape["core_size"]
        patch = self.shape["kind"] == "patch"
        facets = mesh.locate_entities_boundary(
            self.mesh,
            self.mesh.topology.dim - 1,
            lambda x: np.abs(x[1] + depth) < 1e-6 if patch else np.zeros(x.shape[1], dtype=bool),
        )
        return mesh.meshtags(self.mesh, self.mesh.topology.dim - 1, np.sort(facets), np.full(len(facets), COLLECTOR, np.int32))

    def _interface_entities(self):
        """Ordered (cell, facet, cell, facet) lists of the interfaces, one entry per owned facet."""
        topology, dim = self.mesh.topology, self.mesh.topology.dim
        topology.create_connectivity(dim - 1, dim)
        topology.create_connectivity(dim, dim - 1)
        facet_cells, cell_facets = topology.connectivity(dim - 1, dim), topology.connectivity(dim, dim - 1)
        owned = topology.index_map(dim - 1).size_local
        offsets = facet_cells.offsets
        facets = np.flatnonzero(np.diff(offsets[: owned + 1]) == 2)
        cells = np.column_stack([facet_cells.array[offsets[facets]], facet_cells.array[offsets[facets] + 1]])
        in_sei, in_grain = self.region >= FIRST_SEI, self.grain >= 0
        # each rule: (tag, condition on the + cell, condition on the - cell)
        rules = (
            (CORE_SEI, in_sei, self.region == CORE),
            (SEI_ELECTROLYTE, in_sei, self.region == ELECTROLYTE),
            (GRAIN_MATRIX, in_grain, in_sei & ~in_grain),
        )
        per_cell = cell_facets.array.reshape(-1, dim + 1)
        result = []
        for tag, plus, minus in rules:
            parts = []
            for a, b in ((0, 1), (1, 0)):
                hit = plus[cells[:, a]] & minus[cells[:, b]]
                f, c0, c1 = facets[hit], cells[hit, a], cells[hit, b]
                parts.append(
                    np.column_stack(
                        [c0, np.argmax(per_cell[c0] == f[:, None], axis=1), c1, np.argmax(per_cell[c1] == f[:, None], axis=1)]
                    )
                )
            entities = np.concatenate(parts).astype(np.int32)
            result.append((tag, entities[np.lexsort(entities.T[::-1])].ravel()))
        return result


def _distribute(comm, tagged) -> mesh.Mesh:
    """Distribute second-order triangles from rank 0; always with ghosts across shared facets."""
    element = basix.ufl.element("Lagrange", "triangle", 2, shape=(2,))
    if comm.rank == 0:
        points, cells = tagged.points, tagged.cells
    else:
        points, cells = np.zeros((0, 2)), np.zeros((0, 6), dtype=np.int64)
    partitioner = mesh.create_cell_partitioner(mesh.GhostMode.shared_facet, 2)
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
