"""Delaunay refinement: segments that are too close to a vertex are split, bad triangles get a new vertex.

J. Ruppert, J. Algorithms 18 (1995) 548, doi:10.1006/jagm.1995.1021; vertices nearer than the circumcentre after A. Ungor,
Comput. Geom. 42 (2009) 109, doi:10.1016/j.comgeo.2008.06.002; input angles below 60 degrees after G. L. Miller,
S. E. Pav, N. J. Walkington, Int. J. Comput. Geom. Appl. 15 (2005) 117: segments that meet at one are split at
distances from it that are powers of two, and the cells across such an angle may be as thin as it is.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from seix.geometry.triangulate.background import size_at
from seix.geometry.triangulate.judging import is_encroached, judge
from seix.geometry.triangulate.predicates import distance, sees_obtuse, snap
from seix.geometry.triangulate.topology import (
    CIRCLE,
    EDGE,
    FAULT,
    FIXED,
    HEAD,
    NO_PLACE,
    PARTNER,
    RIM,
    ROOT,
    SEG_HEAD,
    SEG_WAIT,
    SEGMENTS,
    TRIANGLES,
    VERTICES,
    WAIT,
    WAITING,
    A,
    B,
    find_cavity,
    insert,
    split_edge,
    straight_walk,
)

DONE, FULL, TOO_MANY, UNMATCHED = range(4)
"""How a run of `refine_all` ends."""
SHORTEST = 256
"""Grid steps below which no segment is split: only input that meets at tiny angles gets there."""
HITS = 64
"""Segments that one new vertex may split at most."""


@njit(cache=True)
def refine_all(m):
    """Work off both queues.

    Returns
    -------
    int
        DONE; FULL if the arrays need room, then call again with larger ones; TOO_MANY triangles; UNMATCHED if a segment
        was split and its partner could not be.
    """
    while True:
        if m.count[VERTICES] >= len(m.xy) - 2 * HITS or m.count[TRIANGLES] >= len(m.label) - 4 * HITS:
            return FULL
        if m.count[SEGMENTS] >= len(m.seg) - 2 * HITS:
            return FULL
        if m.count[TRIANGLES] > m.rule[3]:
            return TOO_MANY
        number, t, px, py = 0, -1, 0, 0
        if m.count[SEG_WAIT]:
            s = np.int64(m.seg_queue[m.count[SEG_HEAD]])
            m.count[SEG_HEAD] = (m.count[SEG_HEAD] + 1) % len(m.seg_queue)
            m.count[SEG_WAIT] -= 1
            m.seg[s, WAITING] = 0
            if is_encroached(m, s):
                m.hits[0] = s
                number = 1
        elif m.count[WAIT]:
            t = np.int64(m.queue[m.count[HEAD]])
            m.count[HEAD] = (m.count[HEAD] + 1) % len(m.queue)
            m.count[WAIT] -= 1
            m.label[t, 1] = 0
            bad, x, y = judge(m, t)
            if bad:
                px, py = snap(x, y, m.frame)
                number = improve(m, t, x, y, px, py)
        else:
            return DONE
        for i in range(number):
            s = m.hits[i]
            # the partner of one before may have been split with it
            if (i == 0 or sees_obtuse(m.xy, m.seg[s, A], m.seg[s, B], px, py)) and split(m, s) and t >= 0:
                wait(m, t)
        if m.count[FAULT]:
            return UNMATCHED


@njit(cache=True)
def wait(m, t):
    """Put a triangle at the end of the queue unless it is in it."""
    if not m.label[t, 1]:
        m.label[t, 1] = 1
        m.queue[(m.count[HEAD] + m.count[WAIT]) % len(m.queue)] = t
        m.count[WAIT] += 1


@njit(cache=True)
def seg_wait(m, s):
    """Put a segment at the end of the queue unless it is in it."""
    if not m.seg[s, WAITING]:
        m.seg[s, WAITING] = 1
        m.seg_queue[(m.count[SEG_HEAD] + m.count[SEG_WAIT]) % len(m.seg_queue)] = s
        m.count[SEG_WAIT] += 1


@njit(cache=True)
def improve(m, t, x, y, px, py):
    """Insert a vertex for triangle t at (x, y), on the grid (px, py); if it is too close to segments, list them instead.

    Returns
    -------
    int
        Number of segments in `hits` that are to be split.
    """
    inside, blocking = straight_walk(m.xy, m.he, t, px, py)
    if inside >= 0:
        blocking = find_cavity(m.xy, m.he, m.rim, m.stack, m.count, inside, px, py)
        if blocking == NO_PLACE:
            return 0
    if blocking >= 0:
        m.hits[0] = blocking
        return 1
    number = 0
    for i in range(m.count[RIM]):
        s = m.rim[i, 3]
        if s >= 0 and number < HITS and sees_obtuse(m.xy, m.seg[s, A], m.seg[s, B], px, py):
            m.hits[number] = s
            number += 1
    if number:
        return number
    v = m.count[VERTICES]
    m.count[VERTICES] += 1
    m.xy[v, 0], m.xy[v, 1], m.pos[v, 0], m.pos[v, 1] = px, py, x, y
    m.root[v] = -1
    h = min(m.sizes[m.label[inside, 0]], size_at(m.field, x, y))
    for k in range(3):
        a = m.he[3 * inside + k, 0]
        h = min(h, m.pos[a, 2] + m.rule[2] * distance(m.pos, a, x, y))
    m.pos[v, 2] = h
    insert(m.he, m.seg, m.label, m.rim, m.count, v)
    _look_around(m)
    return 0


@njit(cache=True)
def _look_around(m):
    """Queue the new triangles that are bad and the segments on the rim that the new vertex is too close to."""
    for i in range(m.count[RIM]):
        t = np.int64(m.rim[i, 5])
        if m.label[t, 0] < 0:
            continue
        s = np.int64(m.rim[i, 3])
        v = m.he[3 * t, 0]
        if s >= 0 and sees_obtuse(m.xy, m.seg[s, A], m.seg[s, B], m.xy[v, 0], m.xy[v, 1]):
            seg_wait(m, s)
        if judge(m, t)[0]:
            wait(m, t)


@njit(cache=True)
def split(m, s):
    """Split a segment and its partner; False if it must stay whole."""
    if m.seg[s, FIXED]:
        return False
    a, b = m.seg[s, A], m.seg[s, B]
    dx, dy = m.xy[a, 0] - m.xy[b, 0], m.xy[a, 1] - m.xy[b, 1]
    if dx * dx + dy * dy < SHORTEST * SHORTEST:
        return False
    part = _where(m, s)
    partner = np.int64(m.seg[s, PARTNER])
    rest = m.count[SEGMENTS]
    for k in range(1 if partner < 0 else 2):
        if not _split_one(m, partner if k else s, part):
            m.count[FAULT] = k
            return False
    if partner >= 0:
        m.seg[rest, PARTNER], m.seg[rest + 1, PARTNER] = rest + 1, rest
        # both vertices get the smaller size
        v = m.count[VERTICES] - 1
        m.pos[v - 1, 2] = m.pos[v, 2] = min(m.pos[v - 1, 2], m.pos[v, 2])
    return True


@njit(cache=True)
def _where(m, s):
    """Part of the segment at which it is split: a half, or at a power of two from the end with a small angle."""
    a, b, r = m.seg[s, A], m.seg[s, B], m.seg[s, ROOT]
    at_a, at_b = m.sharp[r, 0] == a, m.sharp[r, 1] == b
    if at_a == at_b:
        return 0.5
    length = distance(m.pos, a, m.pos[b, 0], m.pos[b, 1])
    power = 1.0
    while power < length:
        power *= 2.0
    while power > 0.7 * length:
        power *= 0.5
    part = power / length  # from 0.35 to 0.7
    return part if at_a else 1.0 - part


@njit(cache=True)
def _split_one(m, s, part):
    a, b, c = m.seg[s, A], m.seg[s, B], m.seg[s, CIRCLE]
    if part == 0.5:
        x, y = 0.5 * (m.pos[a, 0] + m.pos[b, 0]), 0.5 * (m.pos[a, 1] + m.pos[b, 1])
    else:
        x, y = m.pos[a, 0] + part * (m.pos[b, 0] - m.pos[a, 0]), m.pos[a, 1] + part * (m.pos[b, 1] - m.pos[a, 1])
    if c >= 0:
        dx, dy = x - m.circles[c, 0], y - m.circles[c, 1]
        scale = m.circles[c, 2] / math.sqrt(dx * dx + dy * dy)
        x, y = m.circles[c, 0] + scale * dx, m.circles[c, 1] + scale * dy
    v = m.count[VERTICES]
    m.xy[v, 0], m.xy[v, 1] = snap(x, y, m.frame)
    m.pos[v, 0], m.pos[v, 1] = x, y
    h = size_at(m.field, x, y)
    e = m.seg[s, EDGE]
    for f in (e, m.he[e, 1]):
        if m.label[f // 3, 0] >= 0:
            h = min(h, m.sizes[m.label[f // 3, 0]])
            for k in range(3):
                q = m.he[f - f % 3 + k, 0]
                h = min(h, m.pos[q, 2] + m.rule[2] * distance(m.pos, q, x, y))
    m.pos[v, 2] = h
    m.root[v] = m.seg[s, ROOT]
    if not split_edge(m.xy, m.he, m.seg, m.label, m.rim, m.stack, m.count, s, v):
        return False
    m.count[VERTICES] += 1
    rest = m.count[SEGMENTS] - 1
    _look_around(m)
    for k in range(2):
        part_of = s if k == 0 else rest
        if is_encroached(m, part_of):
            seg_wait(m, part_of)
    return True


@njit(cache=True)
def begin(m):
    """Spread the sizes of the vertices along all edges, and fill both queues."""
    changed = True
    while changed:
        changed = False
        for t in range(m.count[TRIANGLES]):
            if m.label[t, 0] < 0:
                continue
            for k in range(3):
                a, b = m.he[3 * t + k, 0], m.he[3 * t + (k + 1) % 3, 0]
                if m.pos[a, 2] > m.pos[b, 2]:
                    a, b = b, a
                reach = min(m.pos[a, 2] + m.rule[2] * distance(m.pos, a, m.pos[b, 0], m.pos[b, 1]), m.sizes[m.label[t, 0]])
                if m.pos[b, 2] > reach * 1.000001:
                    m.pos[b, 2] = reach
                    changed = True
                if m.pos[a, 2] > m.sizes[m.label[t, 0]]:
                    m.pos[a, 2] = m.sizes[m.label[t, 0]]
                    changed = True
    for s in range(m.count[SEGMENTS]):
        if is_encroached(m, s):
            seg_wait(m, s)
    for t in range(m.count[TRIANGLES]):
        if m.label[t, 0] >= 0 and judge(m, t)[0]:
            wait(m, t)
