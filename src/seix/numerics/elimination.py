"""One field under affine constraints, in the numbering of all its unknowns.

Free and constrained unknowns keep their places. So x = P y is the identity but for a few rows, and a product with
P^T K P costs little more than one with K: the constrained unknowns of y are zero, they are filled in before the product with
K, and their rows are given back to what they follow after it.
"""

from __future__ import annotations

import numpy as np

from ..fem import PETSc, ordered_products
from .interpolation import sparse


class Elimination:
    """Homogeneous part of the constraints of one field.

    Parameters
    ----------
    like : PETSc.Vec
        Of all unknowns of the field.
    rows : ndarray of int
        Local row of each of its local free unknowns.
    P : PETSc.Mat, optional
        Constraint matrix of the field: (its unknowns) x (its free unknowns). Without, no unknown follows another.

    Attributes
    ----------
    free : ndarray of bool
        Locally owned unknowns that are free.
    slaves : ndarray of int
        Local numbers of the others.
    square : PETSc.Mat or None
        P with a column, mostly empty, for every unknown; None if no unknown follows another.
    """

    def __init__(self, like, rows: np.ndarray, P=None):
        self.comm, self.rows = like.getComm().tompi4py(), rows
        size = like.getLocalSize()
        self.free = np.zeros(size, dtype=bool)
        self.free[rows] = True
        self.slaves = np.flatnonzero(~self.free)
        self.square = self._follow = None
        self._work = like.duplicate()
        entries = len(rows) if P is None else int(P.getInfo(PETSc.Mat.InfoType.LOCAL)["nz_used"])
        if self.comm.allreduce(entries - len(rows)):
            self._with_masters(P, size)

    def _with_masters(self, P, size: int) -> None:
        """Prepare the products that fill in followers and give back their rows."""
        start = P.getOwnershipRange()[0]
        pick = sparse(self.comm, len(self.rows), size, (np.arange(len(self.rows)), start + self.rows, 1.0))
        self.square = P.matMult(pick)
        places = PETSc.IS().createGeneral((start + self.slaves).astype(PETSc.IntType), comm=self.comm)
        every = PETSc.IS().createStride(size, start, 1, comm=self.comm)
        self._follow = self.square.createSubMatrix(places, every)
        self._values = self._follow.createVecLeft()
        for item in (pick, places, every):
            item.destroy()

    def product(self, matrix, x, out) -> None:
        """Product of P^T K P with the free entries of a vector; the constrained ones of the result vanish."""
        x.copy(self._work)
        self.expand(self._work)
        matrix.mult(self._work, out)
        self.restrict(out)

    def vector(self):
        """New vector of all unknowns."""
        return self._work.duplicate()

    def expand(self, x) -> None:
        """Fill in the constrained entries from the free ones."""
        x.array[self.slaves] = 0.0
        if self._follow is not None:
            self._follow.mult(x, self._values)
            x.array[self.slaves] = self._values.array_r

    def restrict(self, residual) -> None:
        """Give the constrained entries to what they follow, and clear them."""
        array = residual.array
        if self._follow is not None:
            self._values.array[:] = array[self.slaves]
            array[self.slaves] = 0.0
            self._follow.multTransposeAdd(self._values, residual, residual)
        residual.array[self.slaves] = 0.0

    def reduced(self, matrix, previous=None):
        """P^T K P as a matrix, with ones for the constrained unknowns.

        Parameters
        ----------
        matrix : PETSc.Mat
            Of type aij; it is changed and returned if nothing follows.
        previous : PETSc.Mat, optional
            Result of an earlier call with the same pattern, which is overwritten.
        """
        start = matrix.getOwnershipRange()[0]
        places = (start + self.slaves).astype(PETSc.IntType)
        if self.square is None:
            matrix.zeroRowsColumns(places, diag=1.0)
            return matrix
        size = len(self.free)
        with ordered_products(self.comm):
            product = matrix.PtAP(self.square)
        every = np.arange(size)
        empty = sparse(self.comm, size, size, (every, start + every, np.where(self.free, 0.0, 1.0)))
        product.axpy(1.0, empty, PETSc.Mat.Structure.DIFFERENT_NONZERO_PATTERN)
        empty.destroy()
        if previous is None:
            return product
        product.copy(previous, PETSc.Mat.Structure.SAME_NONZERO_PATTERN)
        product.destroy()
        return previous

    def blocks_of_diagonal(self, matrix, bs: int):
        """Couplings of the free unknowns of each node with each other, as a matrix, with ones for the constrained ones.

        Parameters
        ----------
        matrix : PETSc.Mat
            K, of type baij if ``bs`` is above one.
        bs : int
            Unknowns of a node.
        """
        if bs == 1:
            diagonal = matrix.getDiagonal()
            values = diagonal.array_r.copy().reshape(-1, 1, 1)
            diagonal.destroy()
        else:
            values = np.linalg.inv(matrix.invertBlockDiagonal().reshape(-1, bs, bs))
        size = len(self.free)
        start = matrix.getOwnershipRange()[0]
        if self.square is None:
            free = self.free.reshape(-1, bs)
            values *= free[:, :, None] & free[:, None, :]
            where = np.flatnonzero(~free.all(axis=1))
            values[where] += np.eye(bs) * ~free[where][:, :, None]
            return _block_diagonal(self.comm, size, bs, start, values)
        full = _block_diagonal(self.comm, size, bs, start, values)
        product = self.reduced(full)
        full.destroy()
        return product

    def destroy(self) -> None:
        """Free the PETSc objects."""
        self._work.destroy()
        if self._follow is not None:
            for item in (self.square, self._follow, self._values):
                item.destroy()


def _block_diagonal(comm, size: int, bs: int, start: int, values: np.ndarray):
    """Matrix with a dense block for each node."""
    first = start + np.arange(0, size, bs)
    columns = np.broadcast_to((first[:, None] + np.arange(bs))[:, None, :], (len(first), bs, bs))
    pointers = np.arange(size + 1) * bs
    csr = (pointers.astype(PETSc.IntType), columns.ravel().astype(PETSc.IntType), values.ravel())
    matrix = PETSc.Mat().createAIJ([[size, None], [size, None]], bsize=bs, csr=csr, comm=comm)
    matrix.assemble()
    return matrix
