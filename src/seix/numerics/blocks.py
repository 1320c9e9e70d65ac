"""Jacobian kept as blocks, one matrix per pair of fields, and its product with vectors of free unknowns.

In three dimensions memory decides. So the constrained matrix P^T J P is never formed: P is applied before and after the
blocks. A block is assembled again only if something it depends on has changed, which elasticity never does; and of a
block that contains the unknowns only those integrals that do, the interface laws, while all others are kept.
"""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np

from ..fem import PETSc
from .assembly import FormMatrix


class SplitVector:
    """Vector of all unknowns with a view of every field.

    Parameters
    ----------
    comm
        Communicator.
    sizes : sequence of int
        Locally owned unknowns of each field.

    Attributes
    ----------
    full : PETSc.Vec
        All fields, one after the other on each rank.
    parts : list of PETSc.Vec
        The same memory, field by field.
    """

    def __init__(self, comm, sizes):
        self.values = np.zeros(sum(sizes))
        ends = np.cumsum([0, *sizes])
        self.full = self._view(self.values, comm)
        self.parts = [self._view(self.values[a:b], comm) for a, b in pairwise(ends)]

    @staticmethod
    def _view(values, comm):
        return PETSc.Vec().createWithArray(values, size=(len(values), PETSc.DECIDE), comm=comm)

    def destroy(self) -> None:
        """Free the PETSc objects."""
        for vector in (self.full, *self.parts):
            vector.destroy()


class BlockJacobian:
    """Derivatives of all residuals by all fields, before elimination of the constrained unknowns.

    Parameters
    ----------
    comm
        Communicator.
    derivatives : list of list of ufl.Form or None
        Derivative of residual i by field j; None where it vanishes.
    entity_maps
        Maps between the submeshes and the mesh of integration.
    fields : sequence of dolfinx.fem.Function
        The unknowns.
    blocks : sequence of Block
        Sizes of the fields.

    Attributes
    ----------
    pairs : list of (int, int)
        Blocks that do not vanish.
    matrices : list of list of PETSc.Mat or None
    """

    def __init__(self, comm, derivatives, entity_maps, fields, blocks):
        self.comm, self.blocks = comm, list(blocks)
        count = len(self.blocks)
        self.pairs = [(i, j) for i, j in product(range(count), repeat=2) if derivatives[i][j] is not None]
        self._parts = {
            (i, j): FormMatrix(comm, derivatives[i][j], entity_maps, fields, dense=i == j and self.blocks[i].bs > 1)
            for i, j in self.pairs
        }
        self.matrices = [[None] * count for _ in range(count)]
        for (i, j), part in self._parts.items():
            self.matrices[i][j] = part.matrix

    def update(self) -> None:
        """Assemble what has changed (collective)."""
        for part in self._parts.values():
            part.update()

    def version(self, field: int) -> int:
        """Number of times the own block of a field was assembled."""
        return self._parts[field, field].version

    def split_vector(self) -> SplitVector:
        """New vector of all unknowns, zero."""
        return SplitVector(self.comm, [b.size for b in self.blocks])

    def add_products(self, x: SplitVector, out: SplitVector, rows=None, columns=None, transposed=False) -> None:
        """Add the products of some blocks with ``x`` to ``out``.

        Parameters
        ----------
        x, out : SplitVector
        rows, columns : collection of int, optional
            Fields of ``out`` to add to and of ``x`` to use; all by default.
        transposed : bool
            Use the transposed matrix.
        """
        for i, j in self.pairs:
            row, column = (j, i) if transposed else (i, j)
            if (rows is None or row in rows) and (columns is None or column in columns):
                matrix, source, target = self.matrices[i][j], x.parts[column], out.parts[row]
                if transposed:
                    matrix.multTransposeAdd(source, target, target)
                else:
                    matrix.multAdd(source, target, target)

    def destroy(self) -> None:
        """Free the PETSc objects."""
        for part in self._parts.values():
            part.destroy()


class ConstrainedOperator:
    """The matrix P^T J P, known by its products only: context of a PETSc matrix of type python.

    Parameters
    ----------
    P : PETSc.Mat
        Constraint matrix, (all unknowns) x (free unknowns).
    jacobian : BlockJacobian
    """

    def __init__(self, P, jacobian: BlockJacobian):
        self.P, self.jacobian = P, jacobian
        self._x, self._out = jacobian.split_vector(), jacobian.split_vector()

    def matrix(self):
        """PETSc matrix with this context."""
        sizes = (self.P.getLocalSize()[1], self.P.getSize()[1])
        shell = PETSc.Mat().createPython([sizes, sizes], self, comm=self.jacobian.comm)
        shell.setUp()
        return shell

    def mult(self, _, y, out) -> None:
        """Product with a vector of free unknowns."""
        self.product(y, out)

    def product(self, y, out, transposed=False) -> None:
        """Product of P^T J P or its transposed with a vector of free unknowns."""
        self.P.mult(y, self._x.full)
        self._out.values[:] = 0.0
        self.jacobian.add_products(self._x, self._out, transposed=transposed)
        self.P.multTranspose(self._out.full, out)

    def release(self) -> None:
        """Free the PETSc objects with the blocks; not named destroy, which PETSc would call with the matrix."""
        self._x.destroy()
        self._out.destroy()
        self.jacobian.destroy()
