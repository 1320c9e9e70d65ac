"""Lines around convex polygons: mirror images, and further lines that cut them."""

from __future__ import annotations

import numpy as np
from numba import njit

from seix.geometry.polygons import sorted_intersection


def mirrored(start: np.ndarray, lines: np.ndarray, normals: np.ndarray, side: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lines around the part that each polygon shares with its image in its side; polygons on no side as they are.

    Parameters
    ----------
    start : ndarray (n + 1,) of int
    lines : ndarray (m, 3)
        About a point on the side.
    normals : ndarray (s, 2)
        Unit normals of the sides.
    side : ndarray (n,) of int
        -1 for none.

    Returns
    -------
    start : ndarray (n + 1,) of int
    lines : ndarray (k, 3)
    """
    owner = np.repeat(np.arange(len(side)), np.diff(start))
    on = side[owner] >= 0
    normal = normals[side[owner[on]]]
    image = lines[on].copy()
    image[:, :2] -= 2.0 * (image[:, :2] * normal).sum(axis=1)[:, None] * normal
    return with_lines(start, lines, owner[on], image)


def with_lines(start: np.ndarray, lines: np.ndarray, owner: np.ndarray, more: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut polygons by more lines.

    Parameters
    ----------
    start : ndarray (n + 1,) of int
    lines : ndarray (m, 3)
    owner : ndarray (k,) of int
        Polygons to be cut, ascending.
    more : ndarray (k, 3)

    Returns
    -------
    start : ndarray (n + 1,) of int
    lines : ndarray (l, 3)
        Counter-clockwise; lines that bound nothing are left out.
    """
    first = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=len(start) - 1))])
    return _with_lines(start, lines, first, more)


@njit(cache=True)
def _with_lines(start, lines, first, more):
    n = len(start) - 1
    new, total = np.zeros(n + 1, np.int64), 0
    result = np.empty((len(lines) + len(more), 3))
    for i in range(n):
        count, extra = start[i + 1] - start[i], first[i + 1] - first[i]
        both = np.empty((count + extra, 3))
        for k in range(count + extra):
            for d in range(3):
                both[k, d] = lines[start[i] + k, d] if k < count else more[first[i] + k - count, d]
        if extra > 0:
            count = sorted_intersection(both)
        for k in range(count):
            for d in range(3):
                result[total, d] = both[k, d]
            total += 1
        new[i + 1] = total
    return new, result[:total]
