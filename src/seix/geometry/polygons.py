"""Convex polygons drawn inwards, tidied, and made fit to be cut by a side.

A grain is the set of points within the radius of rounding of such a polygon. Every step leaves a part of what was there,
so that films only get wider.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from seix.geometry.power_diagram import clip

SHORTEST = 0.2
"""Edges below this part of the inradius are replaced by their middle."""
FLATTEST = np.cos(np.radians(10.0))
"""Cosine of the smallest turn between two edges that is kept."""
ACROSS = 0.15
"""Half-width of the edge that a side crosses, in inradii: no corner lies nearer to a side than that."""
THINNEST = 1e-3
"""A polygon that reaches no farther than this part of the inradius across its side becomes a point on the side."""

FLUSH = 1e-9
"""Distance of two edges that are the same one but for rounding, in inradii."""

LARGE, NOTHING = 1e3, 1e-12
"""Size of the square that lines are laid into, in their largest distance, and in that size the shortest edge that counts."""


@njit(cache=True)
def _parallel(a, b):
    """Whether two lines have the same direction but for rounding."""
    return a[0] * b[0] + a[1] * b[1] > 0.0 and abs(a[0] * b[1] - a[1] * b[0]) < 1e-9


@njit(cache=True)
def _edge_end(lines, i, j):
    """Place along edge i where it meets edge j, and how fast that moves when both are drawn inwards."""
    cos = lines[i, 0] * lines[j, 0] + lines[i, 1] * lines[j, 1]
    sin = lines[i, 0] * lines[j, 1] - lines[i, 1] * lines[j, 0]
    if abs(sin) < 1e-12:
        return np.nan, np.nan
    return (lines[j, 2] - lines[i, 2] * cos) / sin, -(1.0 - cos) / sin


@njit(cache=True)
def _shed(lines, alive, count, depth):
    """Remove the edges that vanish while a polygon is drawn inwards.

    `alive` lists the edges; returns how many are left, fewer than three if nothing is, and the depth of the last loss.
    """
    last = 0.0
    while count >= 3:
        first, when = -1, np.inf
        for k in range(count):
            i = alive[k]
            here, speed = _edge_end(lines, i, alive[k + 1 if k + 1 < count else 0])
            there, back = _edge_end(lines, i, alive[k - 1 if k > 0 else count - 1])
            if speed < back:  # the edge gets shorter
                time = (here - there) / (back - speed)
                if time < when:
                    first, when = k, time
        if first < 0 or when > depth:
            break
        last = max(last, when)
        if count == 3:
            return 0, last
        for k in range(first, count - 1):
            alive[k] = alive[k + 1]
        count -= 1
    return count, last


@njit(cache=True)
def inradii(start, lines):
    """Largest depth (n,) to which each polygon can be drawn inwards: the radius of its largest inner disc.

    Parameters
    ----------
    start : ndarray (n + 1,) of int
    lines : ndarray (m, 3)
        Outward unit normals and distances from the origin, counter-clockwise.
    """
    result = np.empty(len(start) - 1)
    for i in range(len(result)):
        own = lines[start[i] : start[i + 1]]
        _, result[i] = _shed(own, np.arange(len(own)), len(own), np.inf)
    return result


@njit(cache=True)
def sorted_intersection(lines):
    """Keep the lines that bound their common inside, in order; returns how many."""
    xy, tag = np.empty((2, 2 * len(lines) + 4, 2)), np.empty((2, 2 * len(lines) + 4), np.int64)
    size = LARGE * np.abs(lines[:, 2]).max()
    for k in range(4):
        xy[0, k, 0] = size if k == 0 or k == 3 else -size
        xy[0, k, 1] = size if k < 2 else -size
        tag[0, k] = -1
    now, count = 0, 4
    for k in range(len(lines)):
        now, count = clip(xy, tag, now, count, lines[k, 0], lines[k, 1], lines[k, 2], k)
    kept, total = np.empty((count, 3)), 0
    for k in range(count):
        m = k + 1 if k + 1 < count else 0
        length = np.hypot(xy[now, m, 0] - xy[now, k, 0], xy[now, m, 1] - xy[now, k, 1])
        i = tag[now, k]
        # lines that are equal but for rounding count once
        same = total > 0 and (_parallel(lines[i], kept[total - 1]) or _parallel(lines[i], kept[0]))
        if length > NOTHING * size and not same:
            for d in range(3):
                kept[total, d] = lines[i, d]
            total += 1
    for k in range(total):
        for d in range(3):
            lines[k, d] = kept[k, d]
    return total


@njit(cache=True)
def _drawn_in(lines, depth, xy):
    """Vertices of a polygon drawn inwards by `depth`; returns their number, 0 if nothing is left."""
    alive = np.arange(len(lines))
    count, _ = _shed(lines, alive, len(lines), depth)
    for k in range(count):
        i, j = alive[k - 1 if k > 0 else count - 1], alive[k]
        place, speed = _edge_end(lines, j, i)
        place, distance = place + speed * depth, lines[j, 2] - depth
        xy[k, 0] = distance * lines[j, 0] - place * lines[j, 1]
        xy[k, 1] = distance * lines[j, 1] + place * lines[j, 0]
    return count


@njit(cache=True)
def _drop(xy, count, k):
    for m in range(k, count - 1):
        xy[m, 0], xy[m, 1] = xy[m + 1, 0], xy[m + 1, 1]


@njit(cache=True)
def _tidy(xy, count, shortest):
    """Replace short edges by their middles and drop vertices at flat turns; returns the number of vertices."""
    while count > 1:
        least, short = shortest, -1
        for k in range(count):
            m = k + 1 if k + 1 < count else 0
            length = np.hypot(xy[m, 0] - xy[k, 0], xy[m, 1] - xy[k, 1])
            if length < least:
                least, short = length, k
        if short < 0:
            break
        m = short + 1 if short + 1 < count else 0
        xy[short, 0], xy[short, 1] = 0.5 * (xy[short, 0] + xy[m, 0]), 0.5 * (xy[short, 1] + xy[m, 1])
        _drop(xy, count, m)
        count -= 1
    while count > 3:
        straight, flat = FLATTEST, -1
        for k in range(count):
            a, b = k - 1 if k > 0 else count - 1, k + 1 if k + 1 < count else 0
            ux, uy, vx, vy = xy[k, 0] - xy[a, 0], xy[k, 1] - xy[a, 1], xy[b, 0] - xy[k, 0], xy[b, 1] - xy[k, 1]
            cos = (ux * vx + uy * vy) / (np.hypot(ux, uy) * np.hypot(vx, vy))
            if cos > straight:
                straight, flat = cos, k
        if flat < 0:
            break
        _drop(xy, count, flat)
        count -= 1
    return count


@njit(cache=True)
def _range_at(xy, count, across):
    """Lowest and highest second coordinate of a convex polygon where the first one is `across`."""
    low, high = np.inf, -np.inf
    for k in range(count):
        m = k + 1 if k + 1 < count else 0
        a, b = xy[k, 0] - across, xy[m, 0] - across
        if (a <= 0.0) != (b <= 0.0):
            y = xy[k, 1] + a / (a - b) * (xy[m, 1] - xy[k, 1])
            low, high = min(low, y), max(high, y)
    return low, high


@njit(cache=True)
def _straddle(xy, count, radius, mirror):
    """Give a polygon edges at right angles to the line x = 0 where that crosses it; y runs along the side.

    The result has no vertex near the side. If `mirror`, its left half is the image of the right one.
    """
    low, high = _range_at(xy, count, 0.0)
    left, right = 0.0, 0.0
    for k in range(count):
        left, right = max(left, -xy[k, 0]), max(right, xy[k, 0])
    half = min(ACROSS * radius, 0.5 * min(left, right))
    if half > THINNEST * radius:
        (low_a, high_a), (low_b, high_b) = _range_at(xy, count, half), _range_at(xy, count, -half)
        bottom, top = max(low_a, low_b), min(high_a, high_b)
    if half <= THINNEST * radius or top - bottom < 2.0 * half:
        xy[0, 0], xy[0, 1] = 0.0, 0.5 * (low + high)
        return 1
    work, tag = np.empty((2, count + 4, 2)), np.zeros((2, count + 4), np.int64)
    work[0, :count] = xy[:count]
    lowest, highest = xy[:count, 1].min(), xy[:count, 1].max()
    now, rounding = 0, FLUSH * radius  # an edge that lies there already is not cut again: that would leave a corner on it
    if highest > top + rounding:
        now, count = clip(work, tag, now, count, 0.0, 1.0, top, 0)
    if lowest < bottom - rounding:
        now, count = clip(work, tag, now, count, 0.0, -1.0, -bottom, 0)
    total = _chain(work[now], count, 1.0, 0.5 * half, bottom, top, SHORTEST * radius, xy, 0)
    if mirror:
        for k in range(total):
            xy[2 * total - 1 - k, 0], xy[2 * total - 1 - k, 1] = -xy[k, 0], xy[k, 1]
        return 2 * total
    return _chain(work[now], count, -1.0, 0.5 * half, top, bottom, SHORTEST * radius, xy, total)


@njit(cache=True)
def _chain(polygon, count, sign, least, begin, end, shortest, xy, total):
    """Append the vertices with sign * x > least, from height `begin` to `end`, to `xy`; returns the new total.

    Vertices too near to the one before or to the last one are left out.
    """
    first = 0
    for k in range(count):  # the vertex after the one on the other side
        a = k - 1 if k > 0 else count - 1
        if sign * polygon[k, 0] > least and sign * polygon[a, 0] <= least:
            first = k
    length = 0
    while length < count and sign * polygon[(first + length) % count, 0] > least:
        length += 1
    last = (first + length - 1) % count
    for k in range(length):
        m = (first + k) % count
        x, y = polygon[m, 0], polygon[m, 1]
        if 0 < k < length - 1:
            near = np.hypot(x - polygon[last, 0], y - end)
            if min(near, np.hypot(x - xy[total - 1, 0], y - xy[total - 1, 1])) < shortest:
                continue
        xy[total, 0], xy[total, 1] = x, begin if k == 0 else (end if k == length - 1 else y)
        total += 1
    return total


@njit(cache=True)
def shrunken(members, start, lines, depth, radius, side, normals, mirror):
    """Polygons of some grains drawn inwards, tidied, and fit to be cut.

    Parameters
    ----------
    members : ndarray (k,) of int
        Which grains.
    start, lines : ndarray (n + 1,) of int, (m, 3)
        Lines around each cell, about its seed.
    depth, radius : ndarray (n,)
        How far each is drawn inwards, and its inradius.
    side : ndarray (n,) of int
        Side that the seed lies on, -1 for none.
    normals : ndarray (s, 2)
        Unit normals of the sides.
    mirror : bool
        Whether the shapes of cut grains are symmetric to their side.

    Returns
    -------
    start : ndarray (k + 1,) of int
    vertices : ndarray (v, 2)
        About the seeds, counter-clockwise.
    """
    new, total = np.zeros(len(members) + 1, np.int64), 0
    room = 4
    for i in members:
        room += 2 * (start[i + 1] - start[i]) + 4
    result, xy = np.empty((room, 2)), np.empty((512, 2))
    for n, i in enumerate(members):
        own = lines[start[i] : start[i + 1]]
        count = _drawn_in(own, depth[i], xy)
        if side[i] < 0:
            count = _tidy(xy, count, SHORTEST * radius[i])
        else:
            x, y = normals[side[i], 0], normals[side[i], 1]
            for k in range(count):  # turned so that the side is the line x = 0
                xy[k, 0], xy[k, 1] = x * xy[k, 0] + y * xy[k, 1], x * xy[k, 1] - y * xy[k, 0]
            count = _straddle(xy, count, radius[i], mirror)
            for k in range(count):
                xy[k, 0], xy[k, 1] = x * xy[k, 0] - y * xy[k, 1], y * xy[k, 0] + x * xy[k, 1]
        for k in range(count):
            result[total, 0], result[total, 1] = xy[k, 0], xy[k, 1]
            total += 1
        new[n + 1] = total
    return new, result[:total]
