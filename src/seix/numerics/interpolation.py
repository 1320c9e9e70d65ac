"""Interpolation from linear to quadratic elements under affine constraints."""

from __future__ import annotations

import numpy as np

from ..fem import PETSc

# isort: split
import basix.ufl
from dolfinx import fem, la

from .cell_loops import NAME, interpolation_rows
from .constraints import Block
from .native import prepare

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
    ends = np.full((imap.size_local + imap.num_ghosts, 2), -1, dtype=np.int32)
    ends[high[:, :count]] = low[:, :, None]
    ends[high[:, count:]] = low[:, np.array(_EDGES[count])]
    imap = coarse.dofmap.index_map
    vertex = np.full(imap.size_local + imap.num_ghosts, -1, dtype=np.int32)
    vertex[low] = high[:, :count]
    return ends, vertex


def expand(nodes: np.ndarray, bs: int) -> np.ndarray:
    """Unknowns of nodes with ``bs`` components."""
    nodes = np.asarray(nodes)
    return (nodes[..., None] * bs + np.arange(bs, dtype=nodes.dtype)).reshape(*nodes.shape[:-1], nodes.shape[-1] * bs)


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
    from scipy.sparse import coo_array  # here: ten megabytes that a problem of linear elements can do without

    at, column, weight = entries
    size = comm.allreduce(columns)
    local = coo_array((np.broadcast_to(np.asarray(weight, dtype=float), np.shape(at)), (at, column)), shape=(rows, size)).tocsr()
    return _from_rows(comm, rows, columns, (local.indptr, local.indices, local.data), block)


def _from_rows(comm, rows: int, columns: int, compressed, block: int):
    """PETSc matrix from compressed rows: pointers, global columns, weights."""
    pointers, column, weight = compressed
    matrix = PETSc.Mat().create(comm)
    matrix.setSizes([[rows, None], [columns, None]])
    matrix.setBlockSizes(1, block)
    matrix.setType("aij")
    pointers, column = (numbers.astype(PETSc.IntType, copy=False) for numbers in (pointers, column))
    matrix.setPreallocationCSR((pointers, column, weight))
    matrix.assemble()
    return matrix


class Interpolation:
    """Interpolation from the linear to the quadratic space under the constraints, in the numbering of all unknowns.

    Parameters
    ----------
    block : Block
        The field.
    elimination : Elimination
        Its constraints.

    Attributes
    ----------
    space : dolfinx.fem.FunctionSpace
        The linear space.
    free : ndarray of bool
        Locally owned unknowns of the linear space that are free.
    constraint : PETSc.Mat or None
        P_c, square: the columns of constrained unknowns are empty; None if no unknown follows another.
    matrix : PETSc.Mat
        (all unknowns) x (unknowns of the linear space); rows and columns of constrained unknowns are empty.
    """

    def __init__(self, block: Block, elimination):
        bs = block.bs
        prepare(elimination.comm, NAME)
        self.space = linear_space(block.space)
        fine, coarse = block.space.dofmap.index_map, self.space.dofmap.index_map
        ends, vertex = nodes_of(self.space, block.space)
        flags = la.vector(fine, bs)
        flags.array[: block.size] = elimination.free
        flags.scatter_forward()
        free = flags.array.reshape(-1, bs)[vertex].ravel() > 0.5  # of the linear space, ghosts included
        self.free = free[: coarse.size_local * bs]
        ends = ends[: fine.size_local]
        to_global = _global_numbers(coarse, bs)
        if elimination.square is None:
            self.constraint = None
            self.matrix = self._masked(elimination, free, to_global, ends, bs)
        else:
            self._with_masters(block, elimination, to_global, ends, vertex)

    def _masked(self, elimination, free, to_global, ends, bs):
        """The interpolation where constrained unknowns are just left out."""
        pointers, columns, weights = interpolation_rows(ends, bs, elimination.free, free)
        compressed = (pointers, to_global[columns], weights)
        return _from_rows(elimination.comm, len(elimination.free), len(self.free), compressed, block=bs)

    def _with_masters(self, block: Block, elimination, to_global, ends, vertex) -> None:
        """The same where unknowns follow others: S I P_c with the constraints P_c on the vertices."""
        comm, bs, size = elimination.comm, block.bs, len(self.free)
        every = np.arange(block.size)
        linear = sparse(comm, block.size, size, (np.tile(every, 2), to_global[expand(ends.T, bs).ravel()], 0.5), block=bs)
        at_vertices = _global_numbers(block.space.dofmap.index_map, bs)[expand(vertex, bs)[:size]]
        vertices = sparse(comm, size, block.size, (np.arange(size), at_vertices, 1.0))
        both = expand(ends, bs)
        at = np.flatnonzero((both[:, :bs] == both[:, bs:]).ravel() & elimination.free)  # free unknowns at vertices
        place = sparse(comm, block.size, size, (at, to_global[both[:, :bs].ravel()[at]], 1.0), block=bs)
        spread = elimination.square.matMult(place)
        self.constraint = vertices.matMult(spread)
        self.matrix = linear.matMult(self.constraint)
        mask = self.matrix.createVecLeft()
        mask.array[:] = elimination.free
        self.matrix.diagonalScale(L=mask)
        for item in (linear, vertices, place, spread, mask):
            item.destroy()

    def destroy(self) -> None:
        """Free the PETSc objects."""
        self.matrix.destroy()
        if self.constraint is not None:
            self.constraint.destroy()


def _global_numbers(imap, bs: int) -> np.ndarray:
    """Global numbers of all local unknowns of a map of nodes, ghosts included."""
    nodes = np.arange(imap.size_local + imap.num_ghosts, dtype=np.int32)
    return expand(imap.local_to_global(nodes), bs)
