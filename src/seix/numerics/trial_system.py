"""A small system with the fields of the model, on which options of PETSc are tried: chains of resistors and of springs."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from ..fem import MPI, PETSc
from ..fields import FIELDS
from .multigrid import begin_cycle, set_up_cycle
from .presets import field_key

COARSE = 60
"""Nodes of a coarse chain: more unknowns than algebraic multigrid leaves to one level."""


def components(name: str, dim: int) -> int:
    """Unknowns of a node."""
    return dim if name == "displacement" else 1


class TrialSystem:
    """A linear system that any solver of the presets solves at once: a chain for each field, held at both ends.

    Parameters
    ----------
    dim : int
        Dimension of the mesh of the model.

    Attributes
    ----------
    matrix : PETSc.Mat
        Of all fields.
    operator : PETSc.Mat
        The same, known by its products only.
    """

    def __init__(self, dim: int):
        self.dim, self._items, self._cycles, start = dim, [], [], 0
        chain, interpolation = _chain(2 * COARSE + 1), _interpolation()
        blocks = {name: components(name, dim) for name in FIELDS}
        self._fine = {name: sparse.kron(chain, sparse.eye(bs)).tocsr() for name, bs in blocks.items()}
        self._steps = {name: sparse.kron(interpolation, sparse.eye(bs)).tocsr() for name, bs in blocks.items()}
        self.matrix = self._matrix(sparse.block_diag(list(self._fine.values())))
        self.operator = self._shell(self.matrix)
        self._rows = {}
        for name, block in self._fine.items():
            self._rows[name] = slice(start, start := start + block.shape[0])

    def vectors(self, number: int) -> list:
        """So many vectors of all unknowns."""
        found = [self.matrix.createVecRight() for _ in range(number)]
        self._items += found
        return found

    def _matrix(self, values, bs: int = 1):
        """A matrix of PETSc."""
        csr = values.tocsr()
        arrays = (csr.indptr.astype(PETSc.IntType), csr.indices.astype(PETSc.IntType), csr.data)
        matrix = PETSc.Mat().createAIJ(csr.shape, csr=arrays, comm=MPI.COMM_SELF)
        matrix.setBlockSizes(bs if csr.shape[0] == csr.shape[1] else 1, bs)
        self._items.append(matrix)
        return matrix

    def _shell(self, matrix):
        """The same matrix, known by its products only."""
        shell = PETSc.Mat().createPython(matrix.getSizes(), _Products(matrix), comm=MPI.COMM_SELF)
        shell.setUp()
        self._items.append(shell)
        return shell

    # -- context of a preconditioner of type python ---------------------------------------------------------------------

    def precondition(self, pc, prefix: str) -> None:
        """Make a preconditioner one cycle of multigrid for each field, with options under prefix and name of the field."""
        self._prefix = prefix
        pc.setType("python")
        pc.setPythonContext(self)

    def setUp(self, _) -> None:
        """Make the cycles."""
        if self._cycles:
            return
        for name, fine in self._fine.items():
            bs, step = components(name, self.dim), self._steps[name]
            matrix, diagonal = self._matrix(fine, bs), self._matrix(sparse.diags_array(fine.diagonal()), bs)
            coarse = self._matrix(step.T @ fine @ step, bs)
            coarse.setOption(PETSc.Mat.Option.SPD, True)
            pc = PETSc.PC().create(MPI.COMM_SELF)
            pc.setOptionsPrefix(f"{self._prefix}{field_key(name)}_")
            operator = self._shell(matrix)
            begin_cycle(pc, operator, self._matrix(step, bs))
            set_up_cycle(pc, operator, diagonal, coarse)
            vectors = operator.createVecs()
            self._items += [pc, *vectors]
            self._cycles.append((self._rows[name], pc, *vectors))

    def apply(self, _, rhs, out) -> None:
        """Apply the preconditioner."""
        for rows, pc, given, found in self._cycles:
            given.array[:] = rhs.array_r[rows]
            pc.apply(given, found)
            out.array[rows] = found.array_r

    def release(self) -> None:
        """Free the PETSc objects; not named destroy, which PETSc would call with the preconditioner."""
        for item in reversed(self._items):
            item.destroy()


class _Products:
    """Context of a matrix of type python."""

    def __init__(self, matrix):
        self._matrix = matrix

    def mult(self, _, x, out) -> None:
        """Product with a vector."""
        self._matrix.mult(x, out)


def _chain(nodes: int):
    """Matrix of a chain of resistors of 1, with a leak of 0.5 at every node: any solver ends soon."""
    return sparse.diags_array([-np.ones(nodes - 1), 2.5 * np.ones(nodes), -np.ones(nodes - 1)], offsets=[-1, 0, 1])


def _interpolation():
    """Linear, from every second node of a chain to all of it."""
    coarse = np.arange(COARSE)
    rows = np.concatenate([2 * coarse, 2 * coarse + 1, 2 * coarse + 2])
    weights = np.repeat([0.5, 1.0, 0.5], COARSE)
    return sparse.coo_array((weights, (rows, np.tile(coarse, 3))), shape=(2 * COARSE + 1, COARSE))
