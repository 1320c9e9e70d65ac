"""Interpolation from linear to quadratic elements under affine constraints."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array

from ..fem import PETSc

# isort: split
import basix.ufl
from dolfinx import fem

from .constraints import Block

_EDGES = {3: [(1, 2), (0, 2), (0, 1)], 4: [(2, 3), (1, 3), (1, 2), (0, 3), (0, 2), (0, 1)]}
"""Vertices of the edges of a triangle and of a tetrahedron, in the order of the mid nodes."""


def linear_space(space):
    """Linear Lagrange space on the mesh of a quadratic one, with as many components."""
    shape = space.element.basix_element.value_shape if space.dofmap.bs == 1 else (space.dofmap.bs,)
    return fem.functionspace(space.mesh, basix.ufl.element("Lagrange", space.mesh.basix_cell(), 1, shape=tuple(shape)))


def nodes_of(coarse, fine) -> tuple[np.ndarray, np.ndarray]:
    """Local nodes of a linear space that every local node of a quadratic space lies between.

    Parameters
    ----------
    coarse, fine : dolfinx.fem.FunctionSpace
        Linear and quadratic Lagrange space on the same mesh.

    Returns
    -------
    ends : ndarray of int, shape (fine nodes, 2)
        The two ends of the edge; twice the same vertex for a vertex. Ghosts are included.
    vertex : ndarray of int, shape (coarse nodes,)
        Node of the quadratic space at each node of the linear one.
    """
    low, high = coarse.dofmap.list, fine.dofmap.list
    count = low.shape[1]
    imap = fine.dofmap.index_map
    ends = np.full((imap.size_local + imap.num_ghosts, 2), -1)
    ends[high[:, :count]] = low[:, :, None]
    ends[high[:, count:]] = low[:, np.array(_EDGES[count])]
    imap = coarse.dofmap.index_map
    vertex = np.full(imap.size_local + imap.num_ghosts, -1)
    vertex[low] = high[:, :count]
    return ends, vertex


def expand(nodes: np.ndarray, bs: int) -> np.ndarray:
    """Unknowns of nodes with ``bs`` components."""
    return (np.asarray(nodes)[..., None] * bs + np.arange(bs)).reshape(*np.shape(nodes)[:-1], -1)


def sparse(comm, rows: int, columns: int, entries, block: int = 1):
    """PETSc matrix from (local rows, global columns, weights); repeated entries add up.

    Parameters
    ----------
    rows, columns : int
        Local sizes.
    entries : tuple of ndarray
        The weights may be a number.
    block : int
        Components of a node in the columns.
    """
    at, column, weight = entries
    size = comm.allreduce(columns)
    local = coo_array((np.broadcast_to(np.asarray(weight, dtype=float), np.shape(at)), (at, column)), shape=(rows, size)).tocsr()
    matrix = PETSc.Mat().create(comm)
    matrix.setSizes([[rows, None], [columns, None]])
    matrix.setBlockSizes(1, block)
    matrix.setType("aij")
    matrix.setPreallocationCSR((local.indptr.astype(PETSc.IntType), local.indices.astype(PETSc.IntType), local.data))
    matrix.assemble()
    return matrix


class Interpolation:
    """Interpolation from the linear to the free unknowns of the quadratic space under the constraints.

    Parameters
    ----------
    block : Block
        The field.
    P : PETSc.Mat
        Constraint matrix of the field: (its unknowns) x (its free unknowns).
    rows : ndarray of int
        Local row of each of its local free unknowns.

    Attributes
    ----------
    space : dolfinx.fem.FunctionSpace
        The linear space.
    constraint : PETSc.Mat
        P_c, square: the columns of constrained unknowns are empty.
    matrix : PETSc.Mat
        T, (free unknowns) x (unknowns of the linear space).
    free : ndarray of bool
        Locally owned unknowns of the linear space that are free.
    """

    def __init__(self, block: Block, P, rows: np.ndarray):
        comm, bs = block.space.mesh.comm, block.bs
        self.space = linear_space(block.space)
        fine, coarse = block.space.dofmap.index_map, self.space.dofmap.index_map
        ends, vertex = nodes_of(self.space, block.space)
        ends = coarse.local_to_global(ends[: fine.size_local].astype(np.int32).ravel()).reshape(-1, 2)
        ends = np.stack([expand(end, bs) for end in ends.T])
        vertex = expand(fine.local_to_global(vertex[: coarse.size_local].astype(np.int32)), bs)
        size, free = coarse.size_local * bs, len(rows)
        every = np.arange(block.size)
        # a vertex is both ends of its own edge, and repeated entries add up to one
        linear = sparse(comm, block.size, size, (np.tile(every, 2), ends.ravel(), 0.5))
        vertices = sparse(comm, size, block.size, (np.arange(size), vertex, 1.0))
        pick = sparse(comm, free, block.size, (np.arange(free), P.getOwnershipRange()[0] + rows, 1.0))
        at = np.flatnonzero(ends[0, rows] == ends[1, rows])  # free unknowns at vertices
        place = sparse(comm, free, size, (at, ends[0, rows[at]], 1.0), block=bs)
        spread = P.matMult(place)
        self.constraint = vertices.matMult(spread)
        whole = linear.matMult(self.constraint)
        self.matrix = pick.matMult(whole)
        ones, found = place.createVecLeft(), place.createVecRight()
        ones.set(1.0)
        place.multTranspose(ones, found)
        self.free = found.array_r > 0.5
        for item in (linear, vertices, pick, place, spread, whole, ones, found):
            item.destroy()

    def destroy(self) -> None:
        """Free the PETSc objects."""
        self.constraint.destroy()
        self.matrix.destroy()
