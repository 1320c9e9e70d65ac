"""Facets between cells of different kinds, and the nodes on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ..fem import MPI  # noqa: F401  first: orders the MPI library before DOLFINx

# isort: split
from dolfinx import la, mesh


def interface_entities(msh: mesh.Mesh, rules: Mapping[int, Callable]) -> dict[int, np.ndarray]:
    """Two-sided integration entities of interfaces, each facet on the rank that owns it.

    Parameters
    ----------
    msh
        Mesh with ghost cells across shared facets.
    rules : mapping
        Tag -> condition on arrays of (+ cell, - cell), in local numbers; a facet belongs to the interface in the
        orientation in which it holds.

    Returns
    -------
    dict
        Tag -> int32 array of (+ cell, its facet, - cell, its facet) for each facet, flattened as measures take it.
    """
    topology, dim = msh.topology, msh.topology.dim
    topology.create_connectivity(dim - 1, dim)
    topology.create_connectivity(dim, dim - 1)
    facet_cells, per_cell = topology.connectivity(dim - 1, dim), topology.connectivity(dim, dim - 1).array.reshape(-1, dim + 1)
    owned = topology.index_map(dim - 1).size_local
    offsets = facet_cells.offsets
    facets = np.flatnonzero(np.diff(offsets[: owned + 1]) == 2)
    cells = np.column_stack([facet_cells.array[offsets[facets]], facet_cells.array[offsets[facets] + 1]])
    result = {}
    for tag, rule in rules.items():
        parts = []
        for a, b in ((0, 1), (1, 0)):
            hit = rule(cells[:, a], cells[:, b])
            f, plus, minus = facets[hit, None], cells[hit, a], cells[hit, b]
            local = (np.argmax(per_cell[side] == f, axis=1) for side in (plus, minus))
            parts.append(np.column_stack([plus, next(local), minus, next(local)]))
        entities = np.concatenate(parts).astype(np.int32)
        result[tag] = entities[np.lexsort(entities.T[::-1])].ravel()
    return result


def facet_nodes(space, parent_cells: np.ndarray, facets: np.ndarray) -> np.ndarray:
    """Owned nodes of a function space on facets given by cells of the whole mesh (collective).

    Parameters
    ----------
    space
        Function space on a submesh.
    parent_cells : ndarray
        Local cell of the whole mesh for each cell of the submesh.
    facets : ndarray, shape (n, 2)
        Cell of the whole mesh, which lies in the submesh, and local facet; each facet on one rank at least.

    Returns
    -------
    ndarray of int
        Local numbers, ascending.
    """
    dim = space.mesh.topology.dim
    number = np.full(max(int(parent_cells.max(initial=-1)), int(facets[:, 0].max(initial=-1))) + 1, -1)
    number[parent_cells] = np.arange(len(parent_cells))
    dofmap = space.dofmap
    marks = la.vector(dofmap.index_map, dtype=np.float64)
    for local in range(dim + 1):
        cells = number[facets[facets[:, 1] == local, 0]]
        nodes = dofmap.list[cells][:, dofmap.dof_layout.entity_closure_dofs(dim - 1, local)]
        marks.array[nodes.ravel()] = 1.0
    marks.scatter_reverse(la.InsertMode.add)  # the owner of a node may not have the facet
    return np.flatnonzero(marks.array[: dofmap.index_map.size_local])
