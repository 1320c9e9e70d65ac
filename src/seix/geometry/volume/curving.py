"""Mid nodes beside curved surfaces: they follow the surface, and where that does not help the surface stays straight."""

from __future__ import annotations

import numpy as np
from numba import njit

from seix.geometry.quality import SMALLEST_JACOBIAN
from seix.geometry.volume.quality3d import EDGES, measure

COMFORTABLE = 0.5
"""Bound of the Jacobian below which the mid nodes inside a cell follow those on surfaces."""
SWEEPS = 4
"""Averages over the neighbours; more change next to nothing."""

PARTS = np.array([1.0, 0.85, 0.7, 0.55, 0.4, 0.2, 0.0])
"""Curvatures that are tried on the edges of a cell that folds, as parts of the wanted one."""

_EDGE = np.array(EDGES)


def follow(points: np.ndarray, cells: np.ndarray, mid: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Move mid nodes off the surfaces with the curved surfaces beside them, where cells are squeezed.

    The displacement of each is the mean of those of the neighbouring mid nodes and, zero, of the ends of its edge,
    weighted by the inverse square of their distances.

    Parameters
    ----------
    points : ndarray (n, 3)
        Changed in place; mid nodes on surfaces are where they shall be.
    cells : ndarray (m, 10)
    mid : ndarray (n, 3)
        Middle of the straight edge of each mid node; the vertices themselves.
    free : ndarray (n,) of bool
        Mid nodes that lie on no surface.

    Returns
    -------
    ndarray (k,)
        Cells that may fold; all others are comfortable.
    """
    curved = (points != mid).any(axis=1)
    curved = np.flatnonzero(curved[cells[:, 4:]].any(axis=1))
    tight = curved[measure(points, cells[curved])[1] < COMFORTABLE]
    chosen = np.zeros(len(points), bool)
    chosen[cells[tight, 4:]] = True
    chosen &= free
    near = np.flatnonzero(chosen[cells[:, 4:]].any(axis=1))
    nodes, edge = np.unique(cells[near, 4:], return_inverse=True)
    moved = points[nodes] - mid[nodes]
    _average(moved, edge.reshape(-1, 6), mid[nodes], mid[cells[near, :4]], chosen[nodes], _EDGE, SWEEPS)
    points[nodes] = mid[nodes] + moved
    return np.union1d(near, tight)


@njit(cache=True)
def _average(moved, edge, mid, corners, movable, ends, sweeps):
    """Replace the displacements of movable mid nodes by weighted means over the cells (c, 6) around them."""
    total, mean = np.zeros(len(mid)), np.zeros_like(mid)
    weight = np.zeros((len(edge), 6, 6))
    for c in range(len(edge)):
        for i in range(6):
            at = mid[edge[c, i]]
            for end in ends[i]:
                total[edge[c, i]] += 1.0 / ((at - corners[c, end]) ** 2).sum()
            for j in range(6):
                if i != j and i + j != 5:  # edge 5 - i is opposite to edge i
                    weight[c, i, j] = 1.0 / ((at - mid[edge[c, j]]) ** 2).sum()
                    total[edge[c, i]] += weight[c, i, j]
    for _ in range(sweeps):
        mean[:] = 0.0
        for c in range(len(edge)):
            for i in range(6):
                for j in range(6):
                    for d in range(3):
                        mean[edge[c, i], d] += weight[c, i, j] * moved[edge[c, j], d]
        for k in range(len(mid)):
            if movable[k]:
                moved[k] = mean[k] / total[k]


def straighten(points: np.ndarray, cells: np.ndarray, suspect: np.ndarray, mid: np.ndarray, twin: np.ndarray) -> int:
    """Move mid nodes of cells that fold, or nearly so, towards the middle of their edge; periodic images move together.

    Every node is moved a few times at most, so this ends: a cell whose edges are all straight cannot fold.

    Parameters
    ----------
    points : ndarray (n, 3)
        Changed in place.
    cells : ndarray (m, 10)
    suspect : ndarray (k,)
        Cells that may fold.
    mid : ndarray (n, 3)
        Middle of the straight edge of each mid node.
    twin : ndarray (n, 2)
        Periodic images of each node, -1 if there are none.

    Returns
    -------
    int
        Cells with an edge that is straighter than wanted.
    """
    wanted, steps, check = points - mid, np.zeros(len(points) + 1, np.int64), cells[suspect]
    while len(check):
        bad = check[measure(points, check)[1] < SMALLEST_JACOBIAN]
        moved = np.zeros(len(steps), bool)  # the last entry stands for no node
        moved[bad[:, 4:]] = True
        moved[twin[moved[:-1]]] = True
        moved[-1] = False
        moved &= steps < len(PARTS) - 1
        steps += moved
        moved = moved[:-1]
        points[moved] = mid[moved] + PARTS[steps[:-1][moved], None] * wanted[moved]
        check = cells[moved[cells[:, 4:]].any(axis=1)]
    reduced = (steps[:-1] > 0) & (wanted != 0.0).any(axis=1)
    return int(reduced[cells[:, 4:]].any(axis=1).sum())
