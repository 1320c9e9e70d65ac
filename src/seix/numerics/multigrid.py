"""p-multigrid for one field: quadratic elements smoothed, linear elements on the same mesh solved.

Algebraic multigrid sees the wrong graph in a matrix of quadratic elements; on linear ones it works, and they have an
eighth of the unknowns. The coarse matrix is assembled from the same forms with linear arguments, which equals the
Galerkin product (the linear space is a subspace, on curved cells too) and needs no product of large matrices.

Constraints are x = P y. With I the interpolation from linear to quadratic elements and P_c the same constraints on the
vertices, the interpolation of free unknowns is T = S I P_c, where S picks the free rows. The coarse space keeps its
constrained unknowns with a one on the diagonal, so that every vertex has the same number of components.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import ufl
from scipy.sparse import coo_array

from ..fem import PETSc

# isort: split
import basix.ufl
import dolfinx.fem.petsc as fem_petsc
from dolfinx import fem
from dolfinx.la import InsertMode

from .blocks import JIT_OPTIONS
from .constraints import Block

_EDGES = {3: [(1, 2), (0, 2), (0, 1)], 4: [(2, 3), (1, 3), (1, 2), (0, 3), (0, 2), (0, 1)]}
"""Vertices of the edges of a triangle and of a tetrahedron, in the order of the mid nodes."""

_SINGULAR = 1e-8
"""Energy of a constant, relative to that of its unknowns one by one, below which a block counts as singular."""
_SHIFT = 0.02
"""Mass added to a singular coarse matrix, as a fraction of the lowest eigenvalue that is not zero."""


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


def _expand(nodes: np.ndarray, bs: int) -> np.ndarray:
    """Unknowns of nodes with ``bs`` components."""
    return (np.asarray(nodes)[..., None] * bs + np.arange(bs)).reshape(*np.shape(nodes)[:-1], -1)


def _sparse(comm, rows: int, columns: int, entries, block: int = 1):
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
        ends = np.stack([_expand(end, bs) for end in ends.T])
        vertex = _expand(fine.local_to_global(vertex[: coarse.size_local].astype(np.int32)), bs)
        size, free = coarse.size_local * bs, len(rows)
        every = np.arange(block.size)
        # a vertex is both ends of its own edge, and repeated entries add up to one
        linear = _sparse(comm, block.size, size, (np.tile(every, 2), ends.ravel(), 0.5))
        vertices = _sparse(comm, size, block.size, (np.arange(size), vertex, 1.0))
        pick = _sparse(comm, free, block.size, (np.arange(free), P.getOwnershipRange()[0] + rows, 1.0))
        at = np.flatnonzero(ends[0, rows] == ends[1, rows])  # free unknowns at vertices
        place = _sparse(comm, free, size, (at, ends[0, rows[at]], 1.0), block=bs)
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


def _expand(nodes: np.ndarray, bs: int) -> np.ndarray:
    """Unknowns of nodes with ``bs`` components."""
    return (nodes[:, None] * bs + np.arange(bs)).ravel()


class FieldMultigrid:
    """p-multigrid preconditioner of the own block of one field.

    Parameters
    ----------
    jacobian : BlockJacobian
    index : int
        The field.
    P : PETSc.Mat
        Constraint matrix of the field: (its unknowns) x (its free unknowns).
    rows : ndarray of int
        Local row of each of its local free unknowns.
    derivative : ufl.Form
        The block, from which the coarse matrix is made.
    entity_maps
        Maps between the submeshes and the mesh of integration.
    prefix : str
        Prefix of its PETSc options.
    """

    def __init__(self, jacobian, index, P, rows, derivative, entity_maps, prefix):
        self.comm, self.P, self.jacobian, self.index = jacobian.comm, P, jacobian, index
        self.block: Block = jacobian.blocks[index]
        self._rows = rows
        self._interpolation = Interpolation(self.block, P, rows)
        space = self._interpolation.space
        test, trial = derivative.arguments()
        linear = ufl.replace(derivative, {test: ufl.TestFunction(space), trial: ufl.TrialFunction(space)})
        self._form = fem.form(linear, entity_maps=entity_maps, jit_options=JIT_OPTIONS)
        self._unconstrained = fem_petsc.create_matrix(self._form)
        self._product = self._coarse = self._diagonal = None
        self._version = 0
        self._x, self._out = P.createVecLeft(), P.createVecLeft()
        sizes = (P.getLocalSize()[1], P.getSize()[1])
        self._shell = PETSc.Mat().createPython([sizes, sizes], self, comm=self.comm)
        self._shell.setUp()
        self.prefix = prefix
        self.pc = PETSc.PC().create(self.comm)
        self.pc.setOptionsPrefix(prefix)

    @property
    def coarse_unknowns(self) -> int:
        """Number of unknowns of the linear space."""
        imap = self._interpolation.space.dofmap.index_map
        return imap.size_global * self.block.bs

    def mult(self, _, y, out) -> None:
        """Product of the constrained block with a vector of free unknowns."""
        self.P.mult(y, self._x)
        self.jacobian.matrices[self.index][self.index].mult(self._x, self._out)
        self.P.multTranspose(self._out, out)

    def solve(self, rhs, out) -> None:
        """Approximate solution with one cycle."""
        self.pc.apply(rhs, out)

    def refresh(self) -> None:
        """Bring the hierarchy to the present values of the block, if they have changed (collective)."""
        version = self.jacobian.version[self.index, self.index]
        if version == self._version:
            return
        first, self._version = self._version == 0, version
        self._assemble_diagonal()
        self._assemble_coarse()
        if first:
            self._create()
        self.pc.getMGSmoother(1).setOperators(self._shell, self._diagonal)
        self.pc.getMGCoarseSolve().setOperators(self._coarse, self._coarse)
        self._shell.assemble()
        self.pc.setOperators(self._shell, self._shell)
        self.pc.setUp()

    def _create(self) -> None:
        self.pc.setOperators(self._shell, self._shell)
        self.pc.setType("mg")
        self.pc.setMGLevels(2)
        self.pc.setMGInterpolation(1, self._interpolation.matrix)
        self.pc.setFromOptions()

    def _assemble_diagonal(self) -> None:
        """Coupling of the free unknowns of each node, block by block."""
        matrix, bs, size = self.jacobian.matrices[self.index][self.index], self.block.bs, self.block.size
        start = matrix.getOwnershipRange()[0]
        if bs == 1:
            diagonal = matrix.getDiagonal()
            values = diagonal.array_r.copy()
            diagonal.destroy()
        else:
            values = np.linalg.inv(matrix.invertBlockDiagonal().reshape(-1, bs, bs)).ravel()
        nodes = np.arange(self.block.owned)
        i = np.repeat(np.arange(size), bs)
        j = start + np.tile(_expand(nodes, bs).reshape(-1, 1, bs), (1, bs, 1)).ravel()
        full = _sparse(self.comm, size, size, (i, j, values))
        if self._diagonal is None:
            self._diagonal = full.PtAP(self.P)
            node = self._rows // bs
            sizes = np.diff(np.flatnonzero(np.diff(node, prepend=-1, append=-1)))
            self._diagonal.setVariableBlockSizes(sizes.astype(PETSc.IntType))
        else:
            full.PtAP(self.P, result=self._diagonal)
        full.destroy()

    def _assemble_coarse(self) -> None:
        """Matrix of the linear space under the constraints, with ones for its constrained unknowns."""
        a, constraint = self._unconstrained, self._interpolation.constraint
        a.zeroEntries()
        fem_petsc.assemble_matrix(a, self._form)
        a.assemble()
        if self._product is None:
            self._product = a.PtAP(constraint)
            self._coarse = self._product.copy()
            entries = np.arange(len(self._interpolation.free))
            empty = _sparse(self.comm, len(entries), len(entries), (entries, a.getOwnershipRange()[0] + entries, 0.0))
            self._coarse.axpy(1.0, empty, PETSc.Mat.Structure.DIFFERENT_NONZERO_PATTERN)
            empty.destroy()
            self._coarse.setBlockSize(self.block.bs)
            self._coarse.setOption(PETSc.Mat.Option.SPD, True)
            self._near_null_space()
        else:
            a.PtAP(constraint, result=self._product)
            self._coarse.zeroEntries()
            self._coarse.axpy(1.0, self._product, PETSc.Mat.Structure.SUBSET_NONZERO_PATTERN)
        diagonal = self._coarse.getDiagonal()
        diagonal.array[~self._interpolation.free] = 1.0
        if self.block.bs == 1:
            diagonal.array[:] += self._shift()
        self._coarse.setDiagonal(diagonal)
        diagonal.destroy()

    def _shift(self) -> np.ndarray:
        """Lumped mass that makes a block solvable whose constants cost no energy; zero for the others.

        Such a block comes with a real-valued unknown that fixes the mean: it is the bordered matrix that is regular.
        """
        free, matrix = self._interpolation.free.astype(float), self._product
        vector, product, diagonal = matrix.createVecRight(), matrix.createVecLeft(), matrix.getDiagonal()

        def energy(values):
            vector.array[:] = values * free
            matrix.mult(vector, product)
            return product.dot(vector)

        single = self.comm.allreduce(float(free @ diagonal.array_r))
        shift = np.zeros(len(free))
        if energy(1.0) <= _SINGULAR * single:
            space = self._interpolation.space
            mass = fem.assemble_vector(fem.form(ufl.TestFunction(space) * ufl.dx(space.mesh)))
            mass.scatter_reverse(InsertMode.add)
            weight = mass.array[: len(free)] * free
            x = space.tabulate_dof_coordinates()[: len(free), : space.mesh.geometry.dim]
            total = self.comm.allreduce(weight.sum())
            x = x - self.comm.allreduce(weight @ x) / total
            lowest = min(energy(axis) / self.comm.allreduce(weight @ axis**2) for axis in x.T)
            shift = _SHIFT * lowest * weight
        for item in (vector, product, diagonal):
            item.destroy()
        return shift

    def _near_null_space(self) -> None:
        """Give the coarse matrix the rigid-body modes of its vertices."""
        bs, free = self.block.bs, self._interpolation.free
        if bs == 1:
            return
        x = self._interpolation.space.tabulate_dof_coordinates()[: len(free) // bs, :bs]
        modes = []
        for component in range(bs):
            mode = np.zeros(x.shape)
            mode[:, component] = 1.0
            modes.append(mode)
        for a, b in combinations(range(bs), 2):
            mode = np.zeros(x.shape)
            mode[:, a], mode[:, b] = -x[:, b], x[:, a]
            modes.append(mode)
        vectors = []
        for mode in modes:
            vector = self._coarse.createVecRight()
            vector.array[:] = mode.ravel() * free
            for other in vectors:
                vector.axpy(-vector.dot(other), other)
            vector.normalize()
            vectors.append(vector)
        space = PETSc.NullSpace().create(vectors=vectors, comm=self.comm)
        self._coarse.setNearNullSpace(space)
        for item in (space, *vectors):
            item.destroy()

    def release(self) -> None:
        """Free the PETSc objects; not named destroy, which PETSc would call with the matrix."""
        self._interpolation.destroy()
        for item in (self.pc, self._shell, self._x, self._out, self._unconstrained, self._product, self._coarse, self._diagonal):
            if item is not None:
                item.destroy()
