"""Joins the pieces of outlines into long lines, which are then drawn without joints."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_SAME = 1e-6
"""Ends nearer than this part of the size of the picture are one point."""


def chained(pieces: Array) -> list[Array]:
    """Lines made of pieces that meet end to end.

    Parameters
    ----------
    pieces
        (n, k, 2) polylines of k points; the direction of each is free [any length].

    Returns
    -------
    list of (m, 2) arrays
        Every piece once. A line ends where one, three or more pieces meet; a closed one ends at its first point.
    """
    if len(pieces) == 0:
        return []
    first, last = _numbered(pieces[:, [0, -1]])
    at: list[list[int]] = [[] for _ in range(max(first.max(), last.max()) + 1)]
    for piece, (a, b) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
        at[a].append(piece)
        at[b].append(piece)
    used = np.zeros(len(pieces), dtype=bool)
    ends = [node for node, found in enumerate(at) if found and len(found) != 2]
    lines = [_walk(node, piece, first, last, at, used) for node in ends for piece in at[node] if not used[piece]]
    # what is left are closed lines
    lines += [_walk(int(first[piece]), piece, first, last, at, used) for piece in range(len(pieces)) if not used[piece]]
    return [_points(pieces, line) for line in lines if line]


def _numbered(ends: Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Number of the point at both ends (n, 2, 2) of every piece."""
    points = ends.reshape(-1, 2)
    step = _SAME * max(float(np.ptp(points, axis=0).max()), 1e-300)
    # half a step aside, so that coordinates on a round number do not fall on both sides of a rounding edge
    grid = np.floor((points - points.min(axis=0)) / step + 0.25).astype(np.int64)
    _, number = np.unique(grid @ np.array([1 << 31, 1]), return_inverse=True)
    return tuple(number.reshape(-1, 2).T)


def _walk(node: int, piece: int, first, last, at: list[list[int]], used: NDArray[np.bool_]) -> list[tuple[int, bool]]:
    """Pieces from a point on, and whether each runs backwards."""
    line = []
    while not used[piece]:
        used[piece] = True
        back = first[piece] != node
        line.append((piece, bool(back)))
        node = int(first[piece] if back else last[piece])
        if len(at[node]) != 2:
            break
        one, two = at[node]
        piece = two if one == piece else one
    return line


def _points(pieces: Array, line: list[tuple[int, bool]]) -> Array:
    parts = [pieces[piece, ::-1] if back else pieces[piece] for piece, back in line]
    return np.concatenate([parts[0], *(part[1:] for part in parts[1:])])
