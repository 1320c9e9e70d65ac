"""Sums over ranks that are the same in every run.

PETSc adds what other ranks contribute to the rows of a matrix in the order in which the messages arrive. Where two others
contribute, two runs differ in their last digits. Here contributions are added in the order of the ranks.
"""

from __future__ import annotations

import numpy as np

from ..fem import SAFE_SUM, PETSc

# isort: split
import dolfinx.fem.petsc as fem_petsc


class Contributions:
    """Compressed rows of this rank and of others, with global numbers.

    Parameters
    ----------
    numbers : ndarray of int, shape (n,)
        Of the rows.
    pointers : ndarray of int, shape (n + 1,)
    columns : ndarray of int, shape (entries,)
    data : ndarray of float, shape (entries,)
    """

    def __init__(self, numbers, pointers, columns, data):
        self.numbers, self.pointers, self.columns, self.data = numbers, pointers, columns, data

    def add_to(self, matrix) -> None:
        """Add them to a matrix, which is to be assembled afterwards (collective)."""
        comm, ends = matrix.getComm().tompi4py(), np.asarray(matrix.getOwnershipRanges())[1:]
        owner = np.searchsorted(ends, self.numbers, side="right")
        parcels: list[Contributions | None] = [None] * comm.size
        for rank in np.unique(owner):
            parcels[rank] = self._of(np.flatnonzero(owner == rank))
        own, parcels[comm.rank] = parcels[comm.rank], None
        for rows in (own, *comm.alltoall(parcels)):
            if rows is not None:
                pointers, columns, numbers = (
                    part.astype(PETSc.IntType) for part in (rows.pointers, rows.columns, rows.numbers)
                )
                matrix.setValuesIJV(pointers, columns, rows.data, PETSc.InsertMode.ADD, numbers)

    def _of(self, chosen: np.ndarray) -> Contributions:
        """Some of the rows; those that are neighbours are not copied."""
        first, last = chosen[0], chosen[-1] + 1
        if last - first == len(chosen):
            a, b = self.pointers[first], self.pointers[last]
            starts, places, numbers = self.pointers[first : last + 1] - a, slice(a, b), self.numbers[first:last]
        else:
            counts = np.diff(self.pointers)[chosen]
            starts, numbers = np.append(0, np.cumsum(counts)), self.numbers[chosen]
            places = np.repeat(self.pointers[chosen] - starts[:-1], counts) + np.arange(starts[-1])
        return Contributions(numbers, starts, self.columns[places], self.data[places])


def add_forms(matrix, forms) -> None:
    """Add bilinear forms to a matrix, which is to be assembled afterwards (collective).

    Parameters
    ----------
    matrix : PETSc.Mat
        Made by DOLFINx for these forms.
    forms : dolfinx.fem.Form, or list of list of dolfinx.fem.Form or None
    """
    if matrix.getComm().size <= SAFE_SUM:
        fem_petsc.assemble_matrix(matrix, forms)
        return
    numbers = [mapping.indices for mapping in matrix.getLGMap()]
    own = PETSc.Mat().createAIJ([len(part) for part in numbers], comm=PETSc.COMM_SELF)
    own.setBlockSizes(*matrix.getBlockSizes())
    places = [
        PETSc.LGMap().create(np.arange(len(part) // size, dtype=PETSc.IntType), size, comm=PETSc.COMM_SELF)
        for part, size in zip(numbers, matrix.getBlockSizes(), strict=True)
    ]
    own.setLGMap(*places)
    fem_petsc.assemble_matrix(own, forms)
    own.assemble()
    pointers, columns, data = own.getValuesCSR()
    Contributions(numbers[0], pointers, numbers[1][columns], data).add_to(matrix)
    for item in (own, *places):
        item.destroy()
