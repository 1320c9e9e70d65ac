"""Loops over cells in C: the pattern of a matrix, and the sum of its cell matrices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .native import library

NAME = "cell_loops"
"""Of the source."""


@dataclass
class Rows:
    """Some rows of a matrix of nodes, compressed.

    Attributes
    ----------
    pointers : ndarray of int64, shape (rows + 1,)
    columns : ndarray of int32
        Ascending in each row.
    values : ndarray of float, shape (entries * bs**2,) or None
    """

    pointers: np.ndarray
    columns: np.ndarray
    values: np.ndarray | None = None

    @property
    def counts(self) -> np.ndarray:
        """Entries of each row."""
        return np.diff(self.pointers)


def _pointer(array: np.ndarray, kind):
    """Array for C; the pointer keeps it alive. Copied if it has another type or order."""
    names = {np.uint8: "uint8_t[]", np.int32: "int32_t[]", np.int64: "int64_t[]", np.float64: "double[]"}
    return library(NAME).ffi.from_buffer(names[kind], np.ascontiguousarray(array, dtype=kind))


def pattern(nodes: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Neighbours of every node in ascending order, as compressed rows.

    Parameters
    ----------
    nodes : ndarray of int32, shape (cells, nodes of a cell)
    count : int
        Number of nodes.

    Returns
    -------
    pointers : ndarray of int64, shape (count + 1,)
    columns : ndarray of int32
    """
    lib = library(NAME).lib
    start, around, mark = np.empty(count + 2, np.int64), np.empty(nodes.size, np.int32), np.empty(count, np.int32)
    pointers = np.empty(count + 1, np.int64)
    given = (*nodes.shape, _pointer(nodes, np.int32), count)
    work = (_pointer(start, np.int64), _pointer(around, np.int32), _pointer(mark, np.int32))
    lib.neighbour_counts(*given, *work, _pointer(pointers, np.int64))
    columns = np.empty(pointers[-1], np.int32)
    lib.neighbour_lists(*given, *work, _pointer(pointers, np.int64), _pointer(columns, np.int32))
    return pointers, columns


def scalar_columns(pointers: np.ndarray, columns: np.ndarray, bs: int) -> np.ndarray:
    """Columns of a pattern of nodes unknown by unknown, row by row.

    Parameters
    ----------
    pointers, columns : ndarray
        See :func:`pattern`.
    bs : int
        Unknowns of a node.

    Returns
    -------
    ndarray of int32, shape (entries * bs**2,)
    """
    result = np.empty(len(columns) * bs * bs, np.int32)
    given = (_pointer(pointers, np.int64), _pointer(columns, np.int32))
    library(NAME).lib.scalar_columns(len(pointers) - 1, bs, *given, _pointer(result, np.int32))
    return result


def interpolation_rows(ends: np.ndarray, bs: int, fine: np.ndarray, coarse: np.ndarray):
    """Interpolation from linear to quadratic elements as compressed rows, empty where an unknown is not free.

    Parameters
    ----------
    ends : ndarray of int32, shape (nodes, 2)
        Ends of the edge that each quadratic node lies on; twice the same for a vertex.
    bs : int
        Unknowns of a node.
    fine, coarse : ndarray of bool
        Whether the unknowns of the nodes, and of the ends, are free.

    Returns
    -------
    pointers, columns : ndarray of int32
    weights : ndarray of float
    """
    count, most = len(ends), 2 * len(ends) * bs
    pointers, columns, weights = np.empty(count * bs + 1, np.int32), np.empty(most, np.int32), np.empty(most)
    free = (_pointer(fine, np.uint8), _pointer(coarse, np.uint8))
    made = (_pointer(pointers, np.int32), _pointer(columns, np.int32), _pointer(weights, np.float64))
    found = library(NAME).lib.interpolation_rows(count, bs, _pointer(ends, np.int32), *free, *made)
    return pointers, columns[:found], weights[:found]


def add_cells(address, cells, arguments, geometry, points, coefficients, constants, nodes, owned, parts, bs, by_block):
    """Add the cell matrices of one integral.

    Parameters
    ----------
    address : int
        Of the kernel that FFCx made.
    cells, arguments : ndarray of int32, shape (n,)
        Cells in the mesh of integration and in that of the arguments.
    geometry : ndarray of int32, shape (cells, nodes of the geometry)
    points : ndarray, shape (nodes, 3)
    coefficients : ndarray, shape (n, k)
    constants : ndarray
    nodes : ndarray of int32, shape (cells of the arguments, nodes of a cell)
        Numbers of the nodes, those of this rank first.
    owned : int
        Nodes of this rank.
    parts : sequence of Rows
        Own rows with own columns; on several ranks also own rows with the columns of others, and the rows of others.
    bs : int
        Unknowns of a node.
    by_block : bool
        Order of the values: block by block, each by columns, or row by row of the unknowns. Rows of others are by block.

    Raises
    ------
    ValueError
        If there are values that cannot be added to in place.
    """
    each, corners, real = nodes.shape[1], geometry.shape[1], np.float64
    tensor, places, order = np.empty((each * bs) ** 2), np.empty(3 * corners), np.empty(each, np.int32)
    given, kept = library(NAME).ffi.new("rows[3]"), []
    for part, target in zip(parts, given, strict=False):
        if part.values.dtype != np.float64 or not part.values.flags.carray:
            raise ValueError("values must be a contiguous array of double precision")
        kept.append([_pointer(part.pointers, np.int64), _pointer(part.columns, np.int32), _pointer(part.values, real)])
        target.pointers, target.columns, target.values = kept[-1]
    library(NAME).lib.add_cells(
        address, len(cells), _pointer(cells, np.int32), _pointer(arguments, np.int32),
        corners, _pointer(geometry, np.int32), _pointer(points, real),
        coefficients.shape[1], _pointer(coefficients, real), _pointer(constants, real),
        each, _pointer(nodes, np.int32), owned, given,
        bs, by_block, _pointer(tensor, real), _pointer(places, real), _pointer(order, np.int32),
    )  # fmt: skip
