"""What is wrong with a triangle or a segment, and where the input has small angles."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from seix.geometry.triangulate.predicates import sees_obtuse
from seix.geometry.triangulate.topology import EDGE, A, B

ACCEPTED = 1.3
"""Longest edge over wanted edge that a triangle may have; the mean edge then has the wanted length."""
SHARP = 0.5 + 1e-9
"""Cosine of the input angle above which it counts as small."""


@njit(cache=True)
def is_encroached(m, s):
    """Whether a cell beside a segment has its third corner inside the circle on the segment."""
    e = m.seg[s, EDGE]
    for f in (e, m.he[e, 1]):
        if m.label[f // 3, 0] >= 0 and sees_obtuse(m.xy, m.seg[s, A], m.seg[s, B], m.xy[m.he[f, 0], 0], m.xy[m.he[f, 0], 1]):
            return True
    return False


@njit(cache=True)
def judge(m, t):
    """Whether a triangle has a small angle or is too large, and where a vertex would mend it.

    Returns
    -------
    bad : bool
    x, y : float
        The circumcentre, or a place nearer to the shortest edge that makes a good triangle with it.
    """
    a, b, c = m.he[3 * t, 0], m.he[3 * t + 1, 0], m.he[3 * t + 2, 0]
    ux, uy, vx, vy = m.pos[b, 0] - m.pos[a, 0], m.pos[b, 1] - m.pos[a, 1], m.pos[c, 0] - m.pos[a, 0], m.pos[c, 1] - m.pos[a, 1]
    wx, wy = vx - ux, vy - uy
    u, v, w = ux * ux + uy * uy, vx * vx + vy * vy, wx * wx + wy * wy
    double = ux * vy - uy * vx
    if double <= 0.0:
        return False, 0.0, 0.0  # flat to rounding
    radius2 = u * v * w / (4.0 * double * double)
    shortest = min(u, v, w)
    largest = min(m.pos[a, 2], m.pos[b, 2], m.pos[c, 2])
    radius = math.sqrt(radius2)
    largest = min(largest + m.rule[2] * radius, m.sizes[m.label[t, 0]]) * ACCEPTED
    thin = radius2 > m.rule[0] * shortest
    if thin:
        # across a small angle of the input a thin cell is as good as it gets
        p, q = (a, b) if shortest == u else ((a, c) if shortest == v else (b, c))
        if _across_corner(m, p, q):
            thin = False
            radius = math.sqrt(max(u, v, w) / 3.0)
    if not thin and 3.0 * radius * radius <= largest * largest:
        return False, 0.0, 0.0
    # circumcentre relative to a
    x, y = 0.5 * (vy * u - uy * v) / double, 0.5 * (ux * v - vx * u) / double
    if shortest == u:
        mx, my = 0.5 * ux, 0.5 * uy
    elif shortest == v:
        mx, my = 0.5 * vx, 0.5 * vy
    else:
        mx, my = 0.5 * (ux + vx), 0.5 * (uy + vy)
    far = math.sqrt((x - mx) * (x - mx) + (y - my) * (y - my))
    near = m.rule[1] * math.sqrt(shortest)
    if far > near:
        x, y = mx + (x - mx) * (near / far), my + (y - my) * (near / far)
    return True, x + m.pos[a, 0], y + m.pos[a, 1]


@njit(cache=True)
def _across_corner(m, p, q):
    """Whether two vertices lie on different input segments that meet at a small angle."""
    r, s = m.root[p], m.root[q]
    if r < 0 or s < 0 or r == s:
        return False
    i, j = m.sharp[r, 0], m.sharp[r, 1]
    return (i >= 0 and (i == m.sharp[s, 0] or i == m.sharp[s, 1])) or (j >= 0 and (j == m.sharp[s, 0] or j == m.sharp[s, 1]))


@njit(cache=True)
def small_angles(pos, ends, points):
    """Ends (m, 2) of the segments where they meet another at less than 60 degrees: the vertex there, else -1."""
    degree = np.zeros(points + 1, np.int64)
    for s in range(len(ends)):
        degree[ends[s, 0] + 1] += 1
        degree[ends[s, 1] + 1] += 1
    start = np.cumsum(degree)
    place = start[:-1].copy()
    at = np.empty(2 * len(ends), np.int64)
    for s in range(len(ends)):
        for k in range(2):
            at[place[ends[s, k]]] = s
            place[ends[s, k]] += 1
    result = np.full((len(ends), 2), -1, np.int64)
    for v in range(points):
        for i in range(start[v], start[v + 1]):
            for j in range(start[v], i):
                r, s = at[i], at[j]
                p = ends[r, 1] if ends[r, 0] == v else ends[r, 0]
                q = ends[s, 1] if ends[s, 0] == v else ends[s, 0]
                ux, uy, vx, vy = pos[p, 0] - pos[v, 0], pos[p, 1] - pos[v, 1], pos[q, 0] - pos[v, 0], pos[q, 1] - pos[v, 1]
                dot = ux * vx + uy * vy
                if dot > 0.0 and dot * dot > SHARP * SHARP * (ux * ux + uy * uy) * (vx * vx + vy * vy):
                    result[r, 0 if ends[r, 0] == v else 1] = v
                    result[s, 0 if ends[s, 0] == v else 1] = v
    return result
