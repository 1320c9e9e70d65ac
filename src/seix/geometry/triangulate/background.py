"""Wanted edge lengths given at the vertices of an earlier mesh, looked up at any point of the plane."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from seix.geometry.wanted import WantedSizes

OUTSIDE = -1
"""Neighbour of a triangle at the rim."""
LONGEST_WALK = 2000
"""Triangles after which a search ends where it is: only rounding could make it go round in circles."""


class Background(NamedTuple):
    """A mesh of straight triangles with a size at each vertex; without triangles it asks for nothing.

    Attributes
    ----------
    points : ndarray (n, 3)
        x, y and wanted edge length.
    triangles : ndarray (t, 3) of int64
        Counter-clockwise.
    neighbours : ndarray (t, 3) of int64
        Triangle opposite to each vertex, OUTSIDE at the rim.
    start : ndarray (columns * rows,) of int64
        A triangle near each cell of a raster, from which a search starts.
    raster : ndarray (5,)
        Low x and y, cells per unit length, columns, rows.
    """

    points: np.ndarray
    triangles: np.ndarray
    neighbours: np.ndarray
    start: np.ndarray
    raster: np.ndarray


NOTHING = Background(np.empty((0, 3)), np.empty((0, 3), np.int64), np.empty((0, 3), np.int64), np.zeros(1, np.int64),
                     np.array([0.0, 0.0, 1.0, 1.0, 1.0]))  # fmt: skip
"""Asks for no size."""


def background(wanted: WantedSizes | None, coarsening: float = 1.0) -> Background:
    """Sizes ready for being looked up.

    Parameters
    ----------
    wanted : WantedSizes or None
        None asks for nothing.
    coarsening : float
        Multiplies all sizes.
    """
    if wanted is None:
        return NOTHING
    points = np.column_stack([wanted.points, coarsening * wanted.sizes])
    triangles = np.ascontiguousarray(wanted.cells, np.int64)
    low, high = wanted.points.min(axis=0), wanted.points.max(axis=0)
    # about one cell of the raster for two triangles
    per = math.sqrt(0.5 * len(triangles) / float(np.prod(high - low)))
    columns, rows = (max(1, math.ceil(extent * per)) for extent in (high - low).tolist())
    raster = np.array([*low, per, columns, rows], float)
    middle = wanted.points[triangles].mean(axis=1)
    column, row = (np.clip(((middle - low) * per).astype(np.int64), 0, [columns - 1, rows - 1])).T
    start = np.zeros(columns * rows, np.int64)
    start[row * columns + column] = np.arange(len(triangles))
    return Background(points, triangles, neighbours_of(triangles), start, raster)


def neighbours_of(triangles: np.ndarray) -> np.ndarray:
    """Triangle (t, 3) opposite to each vertex, OUTSIDE at the rim."""
    edges = np.sort(np.concatenate([triangles[:, [1, 2]], triangles[:, [2, 0]], triangles[:, [0, 1]]]), axis=1)
    code = edges[:, 0] * (int(triangles.max()) + 1) + edges[:, 1]
    order = np.argsort(code, kind="stable")
    same = np.flatnonzero(code[order][1:] == code[order][:-1])
    a, b = order[same], order[same + 1]
    result = np.full(3 * len(triangles), OUTSIDE, np.int64)
    result[a], result[b] = b % len(triangles), a % len(triangles)
    return result.reshape(3, -1).T.copy()


@njit(cache=True)
def size_at(field: Background, x, y):
    """Wanted edge length at a point; infinite if nothing is asked for. Beyond the rim that of the triangle there."""
    if len(field.triangles) == 0:
        return np.inf
    columns, rows = int(field.raster[3]), int(field.raster[4])
    column = min(max(math.floor((x - field.raster[0]) * field.raster[2]), 0), columns - 1)
    row = min(max(math.floor((y - field.raster[1]) * field.raster[2]), 0), rows - 1)
    t = field.start[row * columns + column]
    p = field.points
    for _ in range(LONGEST_WALK):
        a, b, c = field.triangles[t, 0], field.triangles[t, 1], field.triangles[t, 2]
        # twice the areas opposite to a, b, c
        u = (p[b, 0] - x) * (p[c, 1] - y) - (p[b, 1] - y) * (p[c, 0] - x)
        v = (p[c, 0] - x) * (p[a, 1] - y) - (p[c, 1] - y) * (p[a, 0] - x)
        w = (p[a, 0] - x) * (p[b, 1] - y) - (p[a, 1] - y) * (p[b, 0] - x)
        step = OUTSIDE
        if u < 0.0 and u <= v and u <= w:
            step = field.neighbours[t, 0]
        if step == OUTSIDE and v < 0.0 and (v <= w or w >= 0.0):
            step = field.neighbours[t, 1]
        if step == OUTSIDE and w < 0.0:
            step = field.neighbours[t, 2]
        if step == OUTSIDE and u < 0.0:
            step = field.neighbours[t, 0]
        if step == OUTSIDE:
            u, v, w = max(u, 0.0), max(v, 0.0), max(w, 0.0)
            total = u + v + w
            return (u * p[a, 2] + v * p[b, 2] + w * p[c, 2]) / total
        t = step
    return min(p[field.triangles[t, 0], 2], p[field.triangles[t, 1], 2], p[field.triangles[t, 2], 2])


@njit(cache=True)
def sizes_at(field: Background, points):
    """Wanted edge lengths (n,) at points (n, 2)."""
    result = np.empty(len(points))
    for k in range(len(points)):
        result[k] = size_at(field, points[k, 0], points[k, 1])
    return result
