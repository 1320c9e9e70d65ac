"""A mesh that one rank owns whole: built from its arrays, without the search for partners that a distributed mesh needs.

On one rank every cell and vertex is known where it is wanted. What remains of making a mesh is an order in which
neighbours are close in memory, and that is found by sorting along a space-filling curve: an order of magnitude faster than
building and renumbering the graph of the cells.
"""

from __future__ import annotations

from functools import reduce

import numpy as np
import ufl

from ..fem import PETSc  # noqa: F401  first: orders the MPI library before DOLFINx

# isort: split
from dolfinx import cpp, fem, mesh

_BITS = {2: 15, 3: 10}
"""Bits of each coordinate along the curve: cells of a 32768th of the body in the plane, of a 1024th in space."""


def curve_position(points: np.ndarray) -> np.ndarray:
    """Position along a space-filling curve (Morton order).

    Parameters
    ----------
    points : ndarray, shape (n, dim)

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    dim = points.shape[1]
    low = points.min(axis=0, initial=np.inf)
    scale = (2 ** _BITS[dim] - 1) / max(float((points - low).max(initial=0.0)), 1e-300)
    grid = ((points - low) * scale).astype(np.int64)
    result = np.zeros(len(points), dtype=np.int64)
    for bit in range(_BITS[dim]):
        for axis in range(dim):
            result |= ((grid[:, axis] >> bit) & 1) << (bit * dim + axis)
    return result


def create_serial_mesh(comm, points: np.ndarray, cells: np.ndarray, element) -> mesh.Mesh:
    """Mesh on a communicator of one rank.

    Parameters
    ----------
    comm
        Communicator.
    points : ndarray, shape (nodes, dim)
    cells : ndarray, shape (cells, nodes of a cell)
        Corners first, then the other nodes in the order of ``element``.
    element : basix.ufl element
        Of the coordinates.
    """
    dim = points.shape[1]
    coordinate = fem.coordinate_element(element.basix_element)
    order, along, renumbered = _orders(points, cells)
    cells = np.ascontiguousarray(renumbered[cells[order]])
    corners = cells[:, : dim + 1]
    vertex = np.zeros(len(points), dtype=bool)
    vertex[corners] = True
    number = np.cumsum(vertex, dtype=np.int32) - 1
    kind = mesh.CellType.triangle if dim == 2 else mesh.CellType.tetrahedron
    topology = cpp.mesh.Topology(
        kind, cpp.common.IndexMap(comm, int(vertex.sum())), cpp.common.IndexMap(comm, len(cells)),
        cpp.graph.AdjacencyList_int32(np.ascontiguousarray(number[corners])), order,
    )  # fmt: skip
    geometry = cpp.mesh.Geometry_float64(
        cpp.common.IndexMap(comm, len(points)), cells, coordinate._cpp_object,
        np.ascontiguousarray(points[along], dtype=np.float64), along,
    )  # fmt: skip
    return mesh.Mesh(cpp.mesh.Mesh_float64(comm, topology, geometry), ufl.Mesh(element))


def _orders(points: np.ndarray, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Order of the cells, order of the nodes, and the new number of each node: both along the curve."""
    along = _stable_order(curve_position(points))
    renumbered = np.empty(len(points), dtype=np.int32)
    renumbered[along] = np.arange(len(points), dtype=np.int32)
    first = reduce(np.minimum, (renumbered[nodes] for nodes in cells.T))
    return _stable_order(first), along, renumbered


def _stable_order(keys: np.ndarray) -> np.ndarray:
    """Order of integers below 2**31, equal ones as they come: a plain sort of both at once takes a fifth of the time."""
    both = (keys.astype(np.int64) << 32) | np.arange(len(keys))
    both.sort()
    return both & 0xFFFFFFFF
