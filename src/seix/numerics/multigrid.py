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

from ..fem import PETSc

# isort: split
import dolfinx.fem.petsc as fem_petsc
from dolfinx import fem
from dolfinx.la import InsertMode

from .blocks import JIT_OPTIONS
from .constraints import Block
from .interpolation import Interpolation, expand, sparse

_SINGULAR = 1e-8
"""Energy of a constant, relative to that of its unknowns one by one, below which a block counts as singular."""
_SHIFT = 0.02
"""Mass added to a singular coarse matrix, as a fraction of the lowest eigenvalue that is not zero."""


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
        first = self._version == 0
        self._assemble_diagonal()
        self._assemble_coarse()
        if first:
            self._create()
        self.pc.getMGSmoother(1).setOperators(self._shell, self._diagonal)
        self.pc.getMGCoarseSolve().setOperators(self._coarse, self._coarse)
        self._shell.assemble()
        self.pc.setOperators(self._shell, self._shell)
        self.pc.setUp()
        self._version = version  # last: what fails above is made anew and not applied half made

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
        j = start + np.tile(expand(nodes, bs).reshape(-1, 1, bs), (1, bs, 1)).ravel()
        full = sparse(self.comm, size, size, (i, j, values))
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
            empty = sparse(self.comm, len(entries), len(entries), (entries, a.getOwnershipRange()[0] + entries, 0.0))
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
