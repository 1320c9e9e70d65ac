"""Which grains are near a point: a raster of cells, each with the grains that matter in it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit


class NearGrains(NamedTuple):
    """Grains, as convex polygons with a disc around every point, and the raster.

    Attributes
    ----------
    corners : ndarray (m, 2)
        Vertices of the polygons; a round grain has one.
    start : ndarray (n + 1,) of int
        Grain i has the corners start[i] to start[i + 1].
    rounding : ndarray (n,)
        Radius of the disc.
    cell : ndarray (columns * rows + 1,) of int
        Entries of each cell of the raster, row by row.
    grain, shift : ndarray of int, float
        Entries: a grain and how far along x its image is.
    raster : ndarray (5,)
        Low x and y, cells per unit length, columns, rows.
    floors : ndarray (n,)
        Edge length on a grain where nothing is near.
    slope : float
        Change of edge length over distance.
    """

    corners: np.ndarray
    start: np.ndarray
    rounding: np.ndarray
    cell: np.ndarray
    grain: np.ndarray
    shift: np.ndarray
    raster: np.ndarray
    floors: np.ndarray
    slope: float


def near_grains(shapes, centres, floors, in_gap: float, slope: float, period: float | None, which=None) -> NearGrains:
    """Sort grains into a raster.

    Parameters
    ----------
    shapes : ConvexShapes
    centres : ndarray (n, 2)
    floors : ndarray (n,)
        Edge length on each grain where nothing is near.
    in_gap : float
        Edge length over the width of a gap.
    slope : float
        Change of edge length over distance.
    period : float or None
        Grains have images at this distance along x.
    which : ndarray (n,) of bool, optional
        Grains that count; all by default.
    """
    owner = shapes.owner
    reach = np.zeros(len(centres))
    np.maximum.at(reach, owner, np.sqrt(((shapes.vertices - centres[owner]) ** 2).sum(axis=1)))
    # farther than this a gap asks for no smaller cells than the grain itself
    reach += shapes.rounding + floors / in_gap
    shifts = [0.0] if period is None else [0.0, -period, period]
    index = np.concatenate([np.arange(len(centres))] * len(shifts))
    shift = np.repeat(shifts, len(centres))
    inside = np.ones(len(index), bool) if which is None else which[index]
    if period is not None:
        x = centres[index, 0] + shift
        inside &= (x + reach[index] >= 0.0) & (x - reach[index] <= period)
    index, shift = index[inside], shift[inside]
    step = max(float(np.median(reach)), 1e-12) if len(reach) else 1.0
    if len(index):
        x, y, r = centres[index, 0] + shift, centres[index, 1], reach[index]
        low = np.array([(x - r).min(), (y - r).min()])
        columns, rows = (max(1, math.ceil(d / step)) for d in (float((x + r).max() - low[0]), float((y + r).max() - low[1])))
    else:
        low, columns, rows = np.zeros(2), 1, 1
    raster = np.array([*low, 1.0 / step, columns, rows], float)
    cell, entries = _fill(centres, index, shift, reach, raster)
    return NearGrains(shapes.vertices, shapes.start.astype(np.int64), shapes.rounding, cell, index[entries], shift[entries],
                      raster, floors, slope)  # fmt: skip


@njit(cache=True)
def _range(low, per, number, middle, reach):
    """First and last cell that middle - reach to middle + reach touches."""
    first, last = math.floor((middle - reach - low) * per), math.floor((middle + reach - low) * per)
    return min(max(first, 0), number - 1), min(max(last, 0), number - 1)


@njit(cache=True)
def _fill(centres, index, shift, reach, raster):
    """Start of the entries of each cell, and the entries."""
    columns, rows = int(raster[3]), int(raster[4])
    cell = np.zeros(columns * rows + 1, np.int64)
    boxes = np.empty((len(index), 4), np.int64)
    for e in range(len(index)):
        i = index[e]
        boxes[e, 0], boxes[e, 1] = _range(raster[0], raster[2], columns, centres[i, 0] + shift[e], reach[i])
        boxes[e, 2], boxes[e, 3] = _range(raster[1], raster[2], rows, centres[i, 1], reach[i])
        for row in range(boxes[e, 2], boxes[e, 3] + 1):
            for column in range(boxes[e, 0], boxes[e, 1] + 1):
                cell[row * columns + column + 1] += 1
    cell = np.cumsum(cell)
    place, entries = cell.copy(), np.empty(cell[-1], np.int64)
    for e in range(len(index)):
        for row in range(boxes[e, 2], boxes[e, 3] + 1):
            for column in range(boxes[e, 0], boxes[e, 1] + 1):
                k = row * columns + column
                entries[place[k]] = e
                place[k] += 1
    return cell, entries


@njit(cache=True)
def nearest(near, x, y, own, own_shift, factor, size):
    """Edge length at a point: `size`, or less for the gaps to the grains around, except grain `own` there."""
    column = math.floor((x - near.raster[0]) * near.raster[2])
    row = math.floor((y - near.raster[1]) * near.raster[2])
    columns, rows = int(near.raster[3]), int(near.raster[4])
    if column < 0 or row < 0 or column >= columns or row >= rows:
        return size
    k = row * columns + column
    for e in range(near.cell[k], near.cell[k + 1]):
        i = near.grain[e]
        if i == own and near.shift[e] == own_shift:
            continue
        gap = abs(_to_polygon(near, i, x - near.shift[e], y) - near.rounding[i])
        size = min(size, factor * gap, near.floors[i] + near.slope * gap)
    return size


@njit(cache=True)
def _to_polygon(near, i, x, y):
    """Distance of an outer point from the polygon of grain i."""
    first, last = near.start[i], near.start[i + 1]
    best = np.inf
    for a in range(first, last):
        b = a + 1 if a + 1 < last else first
        px, py = x - near.corners[a, 0], y - near.corners[a, 1]
        ex, ey = near.corners[b, 0] - near.corners[a, 0], near.corners[b, 1] - near.corners[a, 1]
        square = ex * ex + ey * ey
        if square > 0.0:
            part = min(max((px * ex + py * ey) / square, 0.0), 1.0)
            px, py = px - part * ex, py - part * ey
        best = min(best, px * px + py * py)
    return math.sqrt(best)
