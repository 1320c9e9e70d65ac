"""Constrained Delaunay triangulation of given points and segments, and its regions."""

from __future__ import annotations

import numpy as np
from numba import njit

from seix.geometry.triangulate.predicates import GRID, in_circle, orient
from seix.geometry.triangulate.topology import (
    EDGE,
    FAULT,
    LAST,
    NO_PLACE,
    SEGMENTS,
    TRIANGLES,
    A,
    B,
    find_cavity,
    flip,
    following,
    insert,
    previous,
    walk,
)

DUPLICATE, ON_SEGMENT, CROSSING, LEAK = range(1, 5)
"""What can be wrong with a graph; `count[FAULT]` names the point or segment."""
CORNERS = 4
"""The first vertices are the corners of a square around everything."""
BITS = 15
"""Bits per coordinate of the position along the space-filling curve."""


@njit(cache=True)
def hilbert_keys(xy):
    """Position (n,) of grid points along a Hilbert curve; in front of it a random round, each twice as long as the last.

    Insertion in rounds keeps cavities small however regular the points are: N. Amenta, S. Choi, G. Rote, Proc. 19th
    Symp. Computational Geometry (2003) 211, doi:10.1145/777792.777824.
    """
    keys = np.empty(len(xy), np.int64)
    for i in range(len(xy)):
        x, y = xy[i, 0] >> (30 - BITS), xy[i, 1] >> (30 - BITS)
        key = 0
        s = 1 << (BITS - 1)
        while s:
            rx, ry = int((x & s) > 0), int((y & s) > 0)
            key += s * s * ((3 * rx) ^ ry)
            if ry == 0:
                if rx == 1:
                    x, y = (s << 1) - 1 - (x & ((s << 1) - 1)), (s << 1) - 1 - (y & ((s << 1) - 1))
                x, y = y, x
            s >>= 1
        draw = (np.uint64(i) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        draw = (draw ^ (draw >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
        draw = (draw >> np.uint64(40)) & np.uint64(0xFFF)
        rounds = 0
        while rounds < 12 and draw & np.uint64(1):
            rounds += 1
            draw >>= np.uint64(1)
        keys[i] = ((12 - rounds) << (2 * BITS)) | key
    return keys


@njit(cache=True)
def start(xy, he, label, count):
    """Two triangles on the four corners, which are the vertices 0 to 3 counter-clockwise."""
    xy[0, 0], xy[0, 1] = 0, 0
    xy[1, 0], xy[1, 1] = GRID, 0
    xy[2, 0], xy[2, 1] = GRID, GRID
    xy[3, 0], xy[3, 1] = 0, GRID
    he[0:6, 2] = -1
    he[0:6, 1] = -1
    he[0, 0], he[1, 0], he[2, 0] = 0, 1, 2
    he[3, 0], he[4, 0], he[5, 0] = 0, 2, 3
    he[1, 1], he[5, 1] = 5, 1
    label[0:2, 0] = -1
    label[0:2, 1] = 0
    count[TRIANGLES] = 2
    count[LAST] = 0


@njit(cache=True)
def insert_all(xy, he, seg, label, rim, stack, count, order):
    """Insert the vertices in the given order; 0, or DUPLICATE with the vertex in `count[FAULT]`."""
    for vertex in order:
        px, py = xy[vertex, 0], xy[vertex, 1]
        t = walk(xy, he, count[LAST], px, py)
        if find_cavity(xy, he, rim, stack, count, t, px, py) == NO_PLACE:
            count[FAULT] = vertex
            return DUPLICATE
        insert(he, seg, label, rim, count, vertex)
    return 0


@njit(cache=True)
def any_edge(he, count, number):
    """A half-edge (number,) at whose corner each vertex is."""
    result = np.full(number, -1, np.int32)
    for e in range(3 * count[TRIANGLES]):
        result[he[e, 0]] = e
    return result


@njit(cache=True)
def _find(xy, he, corner, a, b):
    """Look around vertex a for vertex b.

    Returns
    -------
    found : int
        1 if there is an edge, 0 if the line to b leaves through an edge opposite to a, -1 if it meets a vertex first.
    half_edge : int
        The edge from a to b, or the one that is crossed.
    """
    e = corner[a]
    while True:
        p, q = he[following(e), 0], he[previous(e), 0]
        if p == b:
            return 1, previous(e)
        right, left = orient(xy, a, p, xy[b, 0], xy[b, 1]), orient(xy, a, q, xy[b, 0], xy[b, 1])
        if right > 0 and left < 0:
            return 0, e
        if right == 0 and _ahead(xy, a, p, b):
            return -1, previous(e)
        # counter-clockwise to the next triangle around a; the corners of the square are never asked
        e = following(he[following(e), 1])


@njit(cache=True)
def _edge(xy, he, corner, p, q):
    """Half-edge from p to q, which are neighbours; one of them may be a corner of the square, whose fan is open."""
    if p >= CORNERS:
        return _find(xy, he, corner, p, q)[1]
    return he[_find(xy, he, corner, q, p)[1], 1]


@njit(cache=True)
def _ahead(xy, a, p, b):
    return (xy[p, 0] - xy[a, 0]) * (xy[b, 0] - xy[a, 0]) + (xy[p, 1] - xy[a, 1]) * (xy[b, 1] - xy[a, 1]) > 0


@njit(cache=True)
def _mark(he, seg, s, e):
    he[e, 2] = s
    he[he[e, 1], 2] = s
    seg[s, EDGE] = e


@njit(cache=True)
def recover(xy, he, seg, count, corner):
    """Make every segment an edge: those that are not yet, by flipping the edges they cross.

    S. W. Sloan, Comput. Struct. 47 (1993) 441, doi:10.1016/0045-7949(93)90239-A. Returns 0, or ON_SEGMENT or CROSSING with
    the segment in `count[FAULT]`.
    """
    missing = []
    for s in range(count[SEGMENTS]):
        found, e = _find(xy, he, corner, seg[s, A], seg[s, B])
        if found == 1:
            _mark(he, seg, s, e)
        else:
            missing.append(s)
    for s in missing:
        code = _force(xy, he, seg, corner, s)
        if code:
            count[FAULT] = s
            return code
    return 0


@njit(cache=True)
def _force(xy, he, seg, corner, s):
    """Flip all edges across segment s, then mark it and flip back to Delaunay what it did not need."""
    a, b = seg[s, A], seg[s, B]
    found, e = _find(xy, he, corner, a, b)
    if found == 1:
        _mark(he, seg, s, e)
        return 0
    if found < 0:
        return ON_SEGMENT
    crossed = []
    while True:
        if he[e, 2] >= 0:
            return CROSSING
        crossed.append((he[following(e), 0], he[previous(e), 0]))
        e = he[e, 1]
        q = he[e, 0]
        if q == b:
            break
        side = orient(xy, a, b, xy[q, 0], xy[q, 1])
        if side == 0:
            return ON_SEGMENT
        e = following(e) if side > 0 else previous(e)
    made = []
    i = 0
    while i < len(crossed):
        p, q = crossed[i]
        i += 1
        e = _edge(xy, he, corner, p, q)
        f = he[e, 1]
        u, v = he[e, 0], he[f, 0]
        if orient(xy, u, v, xy[p, 0], xy[p, 1]) >= 0 or orient(xy, u, v, xy[q, 0], xy[q, 1]) <= 0:
            crossed.append((p, q))  # not convex yet
            continue
        _flip(he, seg, corner, e)
        if u in (a, b) or v in (a, b) or (orient(xy, a, b, xy[u, 0], xy[u, 1]) > 0) == (
            orient(xy, a, b, xy[v, 0], xy[v, 1]) > 0
        ):
            made.append((u, v))
        else:
            crossed.append((u, v))
    found, e = _find(xy, he, corner, a, b)
    _mark(he, seg, s, e)
    changed = True
    while changed:
        changed = False
        for i in range(len(made)):
            p, q = made[i]
            e = _edge(xy, he, corner, p, q)
            if he[e, 2] >= 0:
                continue
            f = he[e, 1]
            u, v = he[e, 0], he[f, 0]
            if in_circle(xy, u, p, q, xy[v, 0], xy[v, 1]) and _convex(xy, u, v, p, q):
                _flip(he, seg, corner, e)
                made[i] = (u, v)
                changed = True
    return 0


@njit(cache=True)
def _convex(xy, u, v, p, q):
    return orient(xy, u, v, xy[p, 0], xy[p, 1]) < 0 and orient(xy, u, v, xy[q, 0], xy[q, 1]) > 0


@njit(cache=True)
def _flip(he, seg, corner, e):
    t, u = e // 3, he[e, 1] // 3
    flip(he, seg, e)
    for k in range(3):
        corner[he[3 * t + k, 0]], corner[he[3 * u + k, 0]] = 3 * t + k, 3 * u + k


@njit(cache=True)
def flood(he, seg, label, stack, count, seeds, region):
    """Number the triangles that a seed reaches without crossing a segment by that seed; all others keep -1.

    Parameters
    ----------
    seeds : ndarray (k, 2) of int64
        Segment, and 1 for the triangle left of it, -1 for the one right of it.
    region : ndarray (k,) of int64

    Returns
    -------
    int
        0, or LEAK with the seed in `count[FAULT]` if it reaches the outside or another region.
    """
    for number in range(len(seeds)):
        s = seeds[number, 0]
        e = seg[s, EDGE]
        if (he[following(e), 0] == seg[s, A]) != (seeds[number, 1] > 0):
            e = he[e, 1]
        t = e // 3
        if label[t, 0] >= 0:
            if region[label[t, 0]] == region[number]:
                continue
            count[FAULT] = number
            return LEAK
        label[t, 0] = number
        stack[0] = t
        depth = 1
        while depth:
            depth -= 1
            u = stack[depth]
            for e in range(3 * u, 3 * u + 3):
                if he[e, 2] >= 0:
                    continue
                if he[e, 1] < 0:
                    count[FAULT] = number
                    return LEAK
                w = he[e, 1] // 3
                if label[w, 0] < 0:
                    label[w, 0] = number
                    stack[depth] = w
                    depth += 1
    return 0
