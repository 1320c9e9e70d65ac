"""Mid nodes beside curved surfaces: they follow the surface, and where that does not help the surface stays straight."""

from __future__ import annotations

import numpy as np

from seix.geometry.quality import SMALLEST_JACOBIAN
from seix.geometry.volume.quality3d import EDGES, measure

COMFORTABLE = 0.5
"""Bound of the Jacobian below which the mid nodes inside a cell follow those on surfaces."""
SWEEPS = 4
"""Averages over the neighbours; more change next to nothing."""

_BESIDE = [(i, j) for i in range(6) for j in range(6) if i != j and i + j != 5]
"""Pairs of edges of a cell that share a vertex; edge 5 - i is opposite to edge i."""


def follow(points: np.ndarray, cells: np.ndarray, mid: np.ndarray, free: np.ndarray) -> None:
    """Move mid nodes off the surfaces with the curved surfaces beside them, where cells are squeezed.

    The displacement of each is the mean of those of the neighbouring mid nodes and, zero, of the ends of its edge,
    weighted by the inverse square of their distances.

    Parameters
    ----------
    points : ndarray (n, 3)
        Changed in place; mid nodes on surfaces are where they shall be.
    cells : ndarray (m, 10)
        Cells with curved edges.
    mid : ndarray (n, 3)
        Middle of the straight edge of each mid node; other rows are not used.
    free : ndarray (n,) of bool
        Mid nodes that lie on no surface.
    """
    tight = cells[measure(points, cells)[1] < COMFORTABLE]
    chosen = np.zeros(len(points), bool)
    chosen[tight[:, 4:]] = True
    chosen &= free
    near = cells[chosen[cells[:, 4:]].any(axis=1)]
    if not len(near):
        return
    nodes, edge = np.unique(near[:, 4:], return_inverse=True)
    edge, straight = edge.reshape(-1, 6), mid[nodes]
    moved = points[nodes] - straight
    weights = {(i, j): _weight(straight[edge[:, i]] - straight[edge[:, j]]) for i, j in _BESIDE}
    total = np.zeros(len(nodes))
    for (i, _), weight in weights.items():
        total += np.bincount(edge[:, i], weight, len(nodes))
    for i, ends in enumerate(EDGES):
        for end in ends:
            total += np.bincount(edge[:, i], _weight(straight[edge[:, i]] - points[near[:, end]]), len(nodes))
    movable = chosen[nodes]
    for _ in range(SWEEPS):
        mean = np.zeros_like(moved)
        for (i, j), weight in weights.items():
            for axis in range(3):
                mean[:, axis] += np.bincount(edge[:, i], weight * moved[edge[:, j], axis], len(nodes))
        moved[movable] = mean[movable] / total[movable, None]
    points[nodes[movable]] = straight[movable] + moved[movable]


def _weight(difference: np.ndarray) -> np.ndarray:
    return 1.0 / np.einsum("cd,cd->c", difference, difference)


def straighten(points: np.ndarray, cells: np.ndarray, mid: np.ndarray, twin: np.ndarray) -> int:
    """Move mid nodes of cells that fold, or nearly so, back to the middle of their edge; periodic images move together.

    Every node is moved once at most, so this ends: a cell whose edges are all straight cannot fold.

    Parameters
    ----------
    points : ndarray (n, 3)
        Changed in place.
    cells : ndarray (m, 10)
        Cells with curved edges.
    mid : ndarray (n, 3)
        Middle of the straight edge of each mid node.
    twin : ndarray (n, 2)
        Periodic images of each node, -1 if there are none.

    Returns
    -------
    int
        Cells with an edge on a surface that was moved back.
    """
    back, check = np.zeros(len(points) + 1, bool), cells  # the last entry stands for no node
    while len(check):
        bad = check[measure(points, check)[1] < SMALLEST_JACOBIAN]
        moved = np.zeros_like(back)
        moved[bad[:, 4:]] = True
        moved[twin[moved[:-1]]] = True
        moved[-1] = False
        moved &= ~back
        back |= moved
        points[moved[:-1]] = mid[moved[:-1]]
        check = cells[moved[cells[:, 4:]].any(axis=1)]
    return int(back[cells[:, 4:]].any(axis=1).sum())
