"""Points along curves, as close to each other as the distance to the nearest grain, wall or side asks for."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from seix.geometry.triangulate.background import Background, size_at
from seix.geometry.triangulate.near import NearGrains, nearest

X0, Y0, X1, Y1, CX, CY, RADIUS = range(7)
"""Columns of a piece of a curve: start, end, centre and radius of an arc (counter-clockwise, at most a half circle);
radius 0 for a straight line."""
GRAIN, LAYER, CLOSED, ON_SIDE = range(4)
"""Columns of whole numbers of a chain: grain (-1 for a level), layer, whether it is closed, whether a side cuts it."""
SHIFT, CAP, GAP_FACTOR = range(3)
"""Columns of lengths of a chain: image along x, largest edge length, edge length over the distance to a grain."""
HALVINGS = 5
"""Directions on an arc are found by halving it so many times, and between these on the chord."""
FIRST_STEPS = 16
"""Places on a piece at which sizes are looked up first; more where they turn out small."""


class Walls(NamedTuple):
    """Levels and sides that grains come near to.

    Attributes
    ----------
    heights : ndarray (layers, 2)
        Inner and outer wall of each layer.
    factors : ndarray (layers, 2)
        Edge length over the distance to them.
    sides : ndarray (s, 3)
        Inward unit normal and offset of each side: the distance is n . x + offset.
    side_factor : float
        Edge length over the distance to a side.
    core : float
        Radius of the core of a particle, -1 for a patch.
    """

    heights: np.ndarray
    factors: np.ndarray
    sides: np.ndarray
    side_factor: float
    core: float


@njit(cache=True)
def sample(pieces, chain_of, whole, lengths, walls, near: NearGrains, slope, field: Background):
    """Points on chains of pieces.

    Parameters
    ----------
    pieces : ndarray (q, 7)
    chain_of : ndarray (q,) of int
        Chain of each piece; those of a chain follow each other.
    whole, lengths : ndarray (c, 4) of int, (c, 3)
    walls : Walls
    near : NearGrains
    slope : float
        Largest change of edge length along a curve.
    field : Background
        Edge lengths that are wanted besides.

    Returns
    -------
    points : ndarray (n, 3)
        x, y and edge length; chain after chain, with the end of open chains.
    piece : ndarray (n,) of int
        Piece that starts or goes on at a point; that of the end of an open chain is -1.
    """
    points, piece = np.empty((16 * len(pieces) + 64, 3)), np.empty(16 * len(pieces) + 64, np.int64)
    size = 0
    table = np.empty(((1 << HALVINGS) + 1, 2))
    for p in range(len(pieces)):
        c = chain_of[p]
        _directions(pieces, p, table)
        steps = FIRST_STEPS
        while True:
            h, s = _sizes(pieces, p, table, steps, whole[c], lengths[c], walls, near, slope, field)
            if s[steps] <= h.min() * steps:
                break
            steps = max(2 * steps, math.ceil(s[steps] / h.min()))
        number, needed = _number(pieces, p, h, s)
        while size + number + 1 > len(points):
            points, piece = np.concatenate((points, np.empty_like(points))), np.concatenate((piece, np.empty_like(piece)))
        k, total = 0, 0.0
        for i in range(number):
            wanted = needed * i / number
            while k < steps - 1 and total + _density(h, s, k) < wanted:
                total += _density(h, s, k)
                k += 1
            part = (wanted - total) / _density(h, s, k)
            x, y = place(pieces, p, table, (k + part) / steps)
            points[size, 0], points[size, 1], points[size, 2] = x, y, h[k] + part * (h[k + 1] - h[k])
            piece[size] = p
            size += 1
        if not whole[c, CLOSED] and (p + 1 == len(pieces) or chain_of[p + 1] != c):
            points[size, 0], points[size, 1], points[size, 2] = pieces[p, X1], pieces[p, Y1], h[steps]
            piece[size] = -1
            size += 1
    return points[:size].copy(), piece[:size].copy()


@njit(cache=True)
def _density(h, s, k):
    """Edges on step k."""
    return 2.0 * (s[k + 1] - s[k]) / (h[k] + h[k + 1])


@njit(cache=True)
def _number(pieces, p, h, s):
    """Edges on a piece, whole and as the sizes have it; on arcs at least one on 45 degrees."""
    needed = 0.0
    for k in range(len(h) - 1):
        needed += _density(h, s, k)
    least, r = 1, pieces[p, RADIUS]
    if r > 0.0:
        ux, uy = pieces[p, X0] - pieces[p, CX], pieces[p, Y0] - pieces[p, CY]
        vx, vy = pieces[p, X1] - pieces[p, CX], pieces[p, Y1] - pieces[p, CY]
        cosine = (ux * vx + uy * vy) / (r * r)
        for bound in (math.sqrt(0.5), 0.0, -math.sqrt(0.5)):
            least += cosine < bound - 1e-9
    return max(least, math.ceil(needed - 0.2)), needed


@njit(cache=True)
def _directions(pieces, p, table):
    """Unit vectors at equal angles along an arc, by halving: the same to the last bit on every machine."""
    r = pieces[p, RADIUS]
    if r == 0.0:
        return
    last = len(table) - 1
    table[0, 0], table[0, 1] = (pieces[p, X0] - pieces[p, CX]) / r, (pieces[p, Y0] - pieces[p, CY]) / r
    table[last, 0], table[last, 1] = (pieces[p, X1] - pieces[p, CX]) / r, (pieces[p, Y1] - pieces[p, CY]) / r
    step = last
    while step > 1:
        half = step // 2
        for i in range(half, last, step):
            x, y = table[i - half, 0] + table[i + half, 0], table[i - half, 1] + table[i + half, 1]
            if x * x + y * y < 1e-6:  # across a half circle the sum is no direction
                x, y = table[i + half, 1] - table[i - half, 1], table[i - half, 0] - table[i + half, 0]
            norm = math.sqrt(x * x + y * y)
            table[i, 0], table[i, 1] = x / norm, y / norm
        step = half


@njit(cache=True)
def place(pieces, p, table, part):
    """Point at a part of a piece from its start."""
    if part == 0.0:
        return pieces[p, X0], pieces[p, Y0]
    if pieces[p, RADIUS] == 0.0:
        return (pieces[p, X0] + part * (pieces[p, X1] - pieces[p, X0]), pieces[p, Y0] + part * (pieces[p, Y1] - pieces[p, Y0]))
    scaled = part * (len(table) - 1)
    k = min(int(scaled), len(table) - 2)
    rest = scaled - k
    x = table[k, 0] + rest * (table[k + 1, 0] - table[k, 0])
    y = table[k, 1] + rest * (table[k + 1, 1] - table[k, 1])
    scale = pieces[p, RADIUS] / math.sqrt(x * x + y * y)
    return pieces[p, CX] + scale * x, pieces[p, CY] + scale * y


@njit(cache=True)
def _sizes(pieces, p, table, steps, whole, lengths, walls, near, slope, field):
    """Edge lengths (steps + 1,) along a piece, and the distance (steps + 1,) along it."""
    h, s = np.empty(steps + 1), np.zeros(steps + 1)
    ox = oy = 0.0
    for k in range(steps + 1):
        x, y = place(pieces, p, table, k / steps)
        if k:
            s[k] = s[k - 1] + math.sqrt((x - ox) * (x - ox) + (y - oy) * (y - oy))
        ox, oy = x, y
        size = nearest(near, x, y, whole[GRAIN], lengths[SHIFT], lengths[GAP_FACTOR], lengths[CAP])
        if whole[GRAIN] >= 0:
            size = min(size, _to_walls(walls, whole, x, y))
        h[k] = min(size, size_at(field, x, y))
    for k in range(steps):
        h[k + 1] = min(h[k + 1], h[k] + slope * (s[k + 1] - s[k]))
    for k in range(steps, 0, -1):
        h[k - 1] = min(h[k - 1], h[k] + slope * (s[k] - s[k - 1]))
    return h, s


@njit(cache=True)
def _to_walls(walls, whole, x, y):
    """Edge length that walls and sides ask for at a point of a grain."""
    size = np.inf
    height = y if walls.core < 0.0 else math.sqrt(x * x + y * y) - walls.core
    layer = whole[LAYER]
    for k in range(2):
        size = min(size, walls.factors[layer, k] * abs(height - walls.heights[layer, k]))
    if not whole[ON_SIDE]:
        for k in range(len(walls.sides)):
            distance = walls.sides[k, 0] * x + walls.sides[k, 1] * y + walls.sides[k, 2]
            size = min(size, walls.side_factor * abs(distance))
    return size
