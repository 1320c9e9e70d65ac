"""Finds nodes by their position on all ranks, and builds matrices from rows and columns."""

from __future__ import annotations

import numpy as np

from ..errors import GeometryError
from ..fem import MPI, PETSc


def match_nodes(comm, name: str, x: np.ndarray, numbers: tuple[np.ndarray, np.ndarray], wanted: np.ndarray, tolerance: float):
    """Unknown, or fixed value, of the node at each position, wherever it lives (collective).

    Parameters
    ----------
    comm
        Communicator.
    name
        Name of the field, for the message.
    x : ndarray, shape (owned, dimension)
        Coordinates of the nodes of this rank.
    numbers : (columns, values)
        Number of the unknown of each node, -1 without; value of each node that is fixed, NaN without. Nodes with neither
        are not found.
    wanted : ndarray, shape (n, dimension)
        Positions.
    tolerance : float
        Largest distance.

    Returns
    -------
    columns, values : ndarray, shape (n,)
        -1 where the node is fixed; zero where it is not.

    Raises
    ------
    GeometryError
        If there is no node at a position.
    """
    from scipy.spatial import cKDTree  # here: twenty megabytes that a problem without followers can do without

    column, value = numbers
    counts = comm.allgather(len(wanted))
    positions = np.concatenate(comm.allgather(wanted))
    columns, values = np.full(len(positions), -1, dtype=np.int64), np.zeros(len(positions))
    distances = np.full(len(positions), np.inf)
    if len(positions):
        known = (column >= 0) | ~np.isnan(value)
        low, high = positions.min(axis=0) - 1, positions.max(axis=0) + 1
        near = np.flatnonzero(known & np.all((x >= low) & (x <= high), axis=1))
        if len(near):
            distances, index = cKDTree(x[near]).query(positions)
            hit = distances < tolerance
            columns[hit] = column[near[index[hit]]]
            values[hit] = np.nan_to_num(value[near[index[hit]]])
    for array, operation in ((columns, MPI.MAX), (values, MPI.SUM), (distances, MPI.MIN)):
        comm.Allreduce(MPI.IN_PLACE, array, op=operation)
    if distances.max(initial=0.0) > tolerance:
        worst = distances.argmax()
        raise GeometryError(
            f"the mesh has no node of the {name} within {tolerance:g} nm of {positions[worst]} "
            f"(nearest at {distances[worst]:.3g}); the two sides of the mesh do not match"
        )
    own = slice(sum(counts[: comm.rank]), sum(counts[: comm.rank + 1]))
    return columns[own], values[own]


def sparse_matrix(comm, rows_local, cols_local, rows, cols, values):
    """PETSc matrix from local row numbers and global columns."""
    if np.any(rows[1:] < rows[:-1]):
        order = np.argsort(rows, kind="stable")
        rows, cols, values = rows[order], cols[order], values[order]
    indptr = np.zeros(rows_local + 1, dtype=PETSc.IntType)
    np.cumsum(np.bincount(rows, minlength=rows_local), out=indptr[1:])
    csr = (indptr, cols.astype(PETSc.IntType, copy=False), values)
    matrix = PETSc.Mat().createAIJ([[rows_local, None], [cols_local, None]], csr=csr, comm=comm)
    matrix.assemble()
    return matrix
