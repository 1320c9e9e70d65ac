"""The arrays inside a PETSc matrix, to be filled in place.

petsc4py gives access to the values of matrices of single entries on one rank only. What PETSc itself offers for blocks, and
for the two matrices of which a distributed one consists, is called here by its C interface: this saves a copy of the largest
array of a run, and the time to look up every entry in its row.
"""

from __future__ import annotations

import ctypes
from functools import cache

import numpy as np

from ..fem import PETSc


@cache
def _petsc() -> ctypes.CDLL:
    """The library, through the module that is linked to it."""
    return ctypes.CDLL(PETSc.__file__)


def value_arrays(matrix, *columns: np.ndarray) -> list[np.ndarray]:
    """Give a matrix its columns, and return the arrays of its values (collective).

    Parameters
    ----------
    matrix : PETSc.Mat
        Of single entries (aij) or dense blocks (baij), with room for exactly the entries to come, and none of them yet.
    columns : ndarray of integer
        Columns of entries or blocks, ascending in each row: on one rank of all; on several ranks of those of this rank, counted
        from its first one, and of all others, in global numbers.

    Returns
    -------
    list of ndarray of float
        One for each of ``columns``: the memory of the matrix, not set yet; blocks are stored by columns. Valid while the matrix
        lives; assemble it after every change.

    Raises
    ------
    PETSc.Error
    """
    kind, size = matrix.getType().upper().removeprefix("SEQ").removeprefix("MPI"), matrix.getBlockSize()
    entry = size**2 if kind == "BAIJ" else 1
    parts = [ctypes.c_void_p(matrix.handle)]
    if len(columns) > 1:
        parts = [ctypes.c_void_p(), ctypes.c_void_p()]
        numbers = ctypes.c_void_p()
        _call(f"MatMPI{kind}GetSeq{kind}", ctypes.c_void_p(matrix.handle), *map(ctypes.byref, (*parts, numbers)))
    for part, own in zip(parts, columns, strict=True):
        given = np.ascontiguousarray(own, dtype=PETSc.IntType)
        _call(f"MatSeq{kind}SetColumnIndices", part, ctypes.c_void_p(given.ctypes.data))
    matrix.assemble()
    result = []
    for part, own in zip(parts, columns, strict=True):
        start = ctypes.c_void_p()
        _call(f"MatSeq{kind}GetArray", part, ctypes.byref(start))
        shape = (len(own) * entry,)
        there = start.value is not None and len(own)
        array = ctypes.cast(start, ctypes.POINTER(ctypes.c_double))
        result.append(np.ctypeslib.as_array(array, shape) if there else np.empty(shape))
    return result


def _call(name: str, *arguments) -> None:
    code = getattr(_petsc(), name)(*arguments)
    if code:
        raise PETSc.Error(code)
