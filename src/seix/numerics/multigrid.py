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

from ..fem import PETSc, ordered_products

# isort: split
from dolfinx import fem
from dolfinx.la import InsertMode

from .assembly import FormMatrix
from .compile import compile_form
from .constraints import Block
from .elimination import Elimination
from .gathered import factorise_on_one_rank
from .interpolation import Interpolation, sparse
from .timing import timed

COARSE_DEGREE = 2
"""Quadrature degree of the coarse matrix: exact for linear elements on straight cells, good enough on curved ones."""
_SINGULAR = 1e-8
"""Energy of a constant, relative to that of its unknowns one by one, below which a block counts as singular."""
_SHIFT = 0.02
"""Mass added to a singular coarse matrix, as a fraction of the lowest eigenvalue that is not zero."""


class FieldMultigrid:
    """p-multigrid preconditioner of the own block of one field.

    Parameters
    ----------
    block : Block
        The field.
    elimination : Elimination
        Its constraints.
    matrix : PETSc.Mat
        The block, before elimination.
    derivative : ufl.Form
        The block, from which the coarse matrix is made.
    entity_maps
        Maps between the submeshes and the mesh of integration.
    prefix : str
        Prefix of its PETSc options.
    eliminated : bool
        Whether the rows and columns of constrained unknowns have been cleared in ``matrix``.
    unknowns : sequence of dolfinx.fem.Function
        Coefficients of the block that are unknowns of a Newton iteration.

    Attributes
    ----------
    operator : PETSc.Mat
        The block under the constraints, in the numbering of all unknowns.
    pc : PETSc.PC
        The cycle, in the same numbering.
    """

    def __init__(
        self, block: Block, elimination: Elimination, matrix, derivative, entity_maps, prefix: str, eliminated=False, unknowns=()
    ):
        self.comm, self.block, self.elimination, self.matrix = elimination.comm, block, elimination, matrix
        with timed("set up"):
            self._interpolation = Interpolation(block, elimination)
        space = self._interpolation.space
        test, trial = derivative.arguments()
        linear = ufl.replace(derivative, {test: ufl.TestFunction(space), trial: ufl.TrialFunction(space)})
        self._linear = FormMatrix(self.comm, with_degree(linear, COARSE_DEGREE), entity_maps, unknowns)
        self._product = self._coarse = self._diagonal = None
        self._version = -1
        self._rhs, self._solution = matrix.createVecs()
        self.operator = matrix if eliminated else self._products()
        self._eliminated = eliminated
        self.prefix = prefix
        self.pc = PETSc.PC().create(self.comm)
        self.pc.setOptionsPrefix(prefix)

    def _products(self):
        """Matrix that is known by its products only."""
        size = (self.matrix.getLocalSize()[0], self.matrix.getSize()[0])
        shell = PETSc.Mat().createPython([size, size], self, comm=self.comm)
        shell.setUp()
        return shell

    @property
    def coarse_unknowns(self) -> int:
        """Number of unknowns of the linear space."""
        imap = self._interpolation.space.dofmap.index_map
        return imap.size_global * self.block.bs

    def mult(self, _, x, out) -> None:
        """Product of the constrained block with a vector of all unknowns; the constrained ones are left as they are."""
        self.elimination.product(self.matrix, x, out)
        slaves = self.elimination.slaves
        out.array[slaves] = x.array_r[slaves]  # regular also for the random vectors from which eigenvalues are estimated

    def solve(self, rhs, out) -> None:
        """Approximate solution with one cycle, both vectors of free unknowns."""
        rows = self.elimination.rows
        self._rhs.array[rows] = rhs.array_r
        self.pc.apply(self._rhs, self._solution)
        out.array[:] = self._solution.array_r[rows]

    def refresh(self, version: int) -> None:
        """Bring the hierarchy to the present values of the block, if they have changed (collective).

        Parameters
        ----------
        version : int
            Changes with the values of the block; not negative.
        """
        if version != self._version:
            with timed("set up"), ordered_products(self.comm):
                self._renew()
            self._version = version  # last: what fails above is made anew and not applied half made

    def _renew(self) -> None:
        """Make the hierarchy for the present values."""
        first = self._coarse is None
        if not self._eliminated:  # else the matrix has the right diagonal itself
            if self._diagonal is not None:
                self._diagonal.destroy()
            self._diagonal = self.elimination.blocks_of_diagonal(self.matrix, self.block.bs)
        self._assemble_coarse()
        if first:
            self._create()
        set_up_cycle(self.pc, self.operator, self._diagonal or self.operator, self._coarse)

    def _create(self) -> None:
        begin_cycle(self.pc, self.operator, self._interpolation.matrix)
        if PETSc.Options(self.prefix).getString("mg_coarse_pc_type", "") not in ("cholesky", "lu"):  # a factorisation needs none
            near_null_space(self._coarse, self._interpolation.space, self._interpolation.free)

    def _assemble_coarse(self) -> None:
        """Matrix of the linear space under the constraints, with ones for its constrained unknowns."""
        if not self._linear.update():
            return
        a, constraint, first = self._linear.matrix, self._interpolation.constraint, self._coarse is None
        free = self._interpolation.free
        start = a.getOwnershipRange()[0]
        if constraint is None:
            if first:
                a.setOption(PETSc.Mat.Option.KEEP_NONZERO_PATTERN, True)
                self._coarse = a
            a.zeroRowsColumns((start + np.flatnonzero(~free)).astype(PETSc.IntType), diag=1.0)
        elif first:
            self._product = a.PtAP(constraint)
            self._coarse = self._product.copy()
            entries = np.arange(len(free))
            empty = sparse(self.comm, len(entries), len(entries), (entries, start + entries, 0.0))
            self._coarse.axpy(1.0, empty, PETSc.Mat.Structure.DIFFERENT_NONZERO_PATTERN)
            empty.destroy()
        else:
            a.PtAP(constraint, result=self._product)
            self._coarse.zeroEntries()
            self._coarse.axpy(1.0, self._product, PETSc.Mat.Structure.SUBSET_NONZERO_PATTERN)
        if first:
            self._coarse.setBlockSize(self.block.bs)
        self._complete_diagonal(free)

    def _complete_diagonal(self, free: np.ndarray) -> None:
        """Ones for the constrained unknowns; a shift where the matrix would be singular."""
        diagonal = self._coarse.getDiagonal()
        diagonal.array[~free] = 1.0
        if self.block.bs == 1:
            diagonal.array[:] += self._shift()
        self._coarse.setDiagonal(diagonal)
        self._coarse.setOption(PETSc.Mat.Option.SPD, True)  # an assembly forgets it
        diagonal.destroy()

    def _shift(self) -> np.ndarray:
        """Lumped mass that makes a block solvable whose constants cost no energy; zero for the others.

        Such a block comes with a real-valued unknown that fixes the mean: it is the bordered matrix that is regular.
        """
        free, matrix = self._interpolation.free.astype(float), self._coarse
        vector, product, diagonal = matrix.createVecRight(), matrix.createVecLeft(), matrix.getDiagonal()

        def energy(values):
            vector.array[:] = values * free
            matrix.mult(vector, product)
            return product.dot(vector)

        single = self.comm.allreduce(float(free @ diagonal.array_r))
        shift = np.zeros(len(free))
        if single > 0 and energy(1.0) <= _SINGULAR * single:
            space = self._interpolation.space
            mass = fem.assemble_vector(compile_form(ufl.TestFunction(space) * ufl.dx(space.mesh, degree=1)))
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

    def release(self) -> None:
        """Free the PETSc objects; not named destroy, which PETSc would call with the matrix."""
        self._interpolation.destroy()
        own = [self.pc, self._rhs, self._solution, self._linear, self._product, self._coarse, self._diagonal]
        if not self._eliminated:
            own.append(self.operator)
        for item in own:
            if item is not None:
                item.destroy()


def begin_cycle(pc, operator, interpolation) -> None:
    """Make a preconditioner a cycle on two levels, and let it read its options (collective).

    Parameters
    ----------
    pc : PETSc.PC
        With the prefix of its options.
    operator : PETSc.Mat
        Of the fine level.
    interpolation : PETSc.Mat
        From the coarse level.
    """
    pc.setOperators(operator, operator)
    pc.setType("mg")
    pc.setMGLevels(2)
    pc.setMGInterpolation(1, interpolation)
    factorise_on_one_rank(pc.getMGCoarseSolve())
    pc.setFromOptions()


def set_up_cycle(pc, operator, diagonal, coarse) -> None:
    """Set up a cycle for the present values of its matrices (collective).

    Parameters
    ----------
    pc : PETSc.PC
        As :func:`begin_cycle` left it.
    operator : PETSc.Mat
        Of the fine level.
    diagonal : PETSc.Mat
        From which its smoother is made.
    coarse : PETSc.Mat
        Of the coarse level.
    """
    pc.getMGSmoother(1).setOperators(operator, diagonal)
    pc.getMGCoarseSolve().setOperators(coarse, coarse)
    operator.assemble()
    pc.setOperators(operator, operator)
    pc.setUp()


def near_null_space(matrix, space, free: np.ndarray) -> None:
    """Give a matrix of a vector field the rigid-body modes of its nodes (nothing for a scalar field).

    Parameters
    ----------
    matrix : PETSc.Mat
    space : dolfinx.fem.FunctionSpace
        Of a displacement, Lagrange.
    free : ndarray of bool
        Locally owned unknowns that are not constrained; the modes vanish at the others.
    """
    bs = space.dofmap.bs
    if bs == 1:
        return
    x = space.tabulate_dof_coordinates()[: len(free) // bs, :bs]
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
        vector = matrix.createVecRight()
        vector.array[:] = mode.ravel() * free
        for other in vectors:
            vector.axpy(-vector.dot(other), other)
        vector.normalize()
        vectors.append(vector)
    null = PETSc.NullSpace().create(vectors=vectors, comm=matrix.getComm())
    matrix.setNearNullSpace(null)
    for item in (null, *vectors):
        item.destroy()


def with_degree(form, degree: int):
    """The same form with another quadrature degree."""
    return ufl.Form([part.reconstruct(metadata={**part.metadata(), "quadrature_degree": degree}) for part in form.integrals()])
