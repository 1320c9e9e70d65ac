"""The arrays inside a matrix of small dense blocks, to be filled in place.

petsc4py gives access to the values of matrices of single entries only. What PETSc itself offers for blocks is called here by
its C interface, which saves a copy of the largest array of a run and the time to look up every block in its row.
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


@cache
def available() -> bool:
    """Whether this PETSc has the numbers and functions that :func:`block_values` needs."""
    fitting = PETSc.IntType().itemsize == 4 and PETSc.ScalarType().dtype == np.float64
    return fitting and all(hasattr(_petsc(), name) for name in ("MatSeqBAIJSetColumnIndices", "MatSeqBAIJGetArray"))


def block_values(matrix, columns: np.ndarray) -> np.ndarray:
    """Give a matrix its columns, and return the array of its values.

    Parameters
    ----------
    matrix : PETSc.Mat
        Of type seqbaij, with room for exactly the entries to come, and none of them yet.
    columns : ndarray of int32
        Columns of blocks, ascending in each row.

    Returns
    -------
    ndarray of float, shape (blocks * bs**2,)
        The memory of the matrix, not set yet: block by block, each by columns. Valid while the matrix lives; assemble it after
        every change.

    Raises
    ------
    PETSc.Error
    ValueError
        If the columns are no contiguous array of integers.
    """
    if columns.dtype != np.int32 or not columns.flags.carray:
        raise ValueError(f"columns must be contiguous 32-bit integers, not {columns.dtype}")
    handle, start = ctypes.c_void_p(matrix.handle), ctypes.c_void_p()
    _check(_petsc().MatSeqBAIJSetColumnIndices(handle, ctypes.c_void_p(columns.ctypes.data)))
    matrix.assemble()
    _check(_petsc().MatSeqBAIJGetArray(handle, ctypes.byref(start)))
    shape = (len(columns) * matrix.getBlockSize() ** 2,)
    return np.ctypeslib.as_array(ctypes.cast(start, ctypes.POINTER(ctypes.c_double)), shape)


def _check(code: int) -> None:
    if code:
        raise PETSc.Error(code)
