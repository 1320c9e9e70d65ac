"""Signs of areas and circles on an integer grid, and the few lengths that refinement needs.

Vertices are snapped to integers below 2^30, so an orientation is exact in 64-bit integers. The circle test uses
doubles on exact differences; a result within its rounding error counts as "not inside", which every caller can
live with. Nothing here depends on the machine: no trigonometry, no reordered sums.
"""

from __future__ import annotations

import math

from numba import njit

GRID = 1 << 30
"""Width of the integer grid; the domain takes its middle half."""
CIRCLE_ERROR = 1.2e-15
"""Relative rounding error of the circle test: (10 + 96 e) e with e = 2^-53, J. R. Shewchuk, Discrete Comput. Geom.
18 (1997) 305, doi:10.1007/PL00009321, rounded up."""


@njit(cache=True)
def orient(xy, a, b, px, py):
    """Twice the signed area of (a, b, p): positive if p lies left of the line from vertex a to vertex b; exact."""
    ax, ay = xy[a, 0], xy[a, 1]
    return (xy[b, 0] - ax) * (py - ay) - (xy[b, 1] - ay) * (px - ax)


@njit(cache=True)
def in_circle(xy, a, b, c, px, py):
    """Whether p lies inside the circle through the vertices a, b, c (counter-clockwise), and surely so."""
    ax, ay = float(xy[a, 0] - px), float(xy[a, 1] - py)
    bx, by = float(xy[b, 0] - px), float(xy[b, 1] - py)
    cx, cy = float(xy[c, 0] - px), float(xy[c, 1] - py)
    aa, bb, cc = ax * ax + ay * ay, bx * bx + by * by, cx * cx + cy * cy
    bc, cb, ca, ac, ab, ba = bx * cy, by * cx, cx * ay, cy * ax, ax * by, ay * bx
    det = aa * (bc - cb) + bb * (ca - ac) + cc * (ab - ba)
    size = aa * (abs(bc) + abs(cb)) + bb * (abs(ca) + abs(ac)) + cc * (abs(ab) + abs(ba))
    return det > CIRCLE_ERROR * size


@njit(cache=True)
def sees_obtuse(xy, a, b, px, py):
    """Whether p lies inside the circle that has the segment from a to b as its diameter."""
    return (xy[a, 0] - px) * (xy[b, 0] - px) + (xy[a, 1] - py) * (xy[b, 1] - py) < 0


@njit(cache=True)
def distance(pos, a, x, y):
    """Distance of vertex a from a point."""
    dx, dy = pos[a, 0] - x, pos[a, 1] - y
    return math.sqrt(dx * dx + dy * dy)


@njit(cache=True)
def snap(x, y, frame):
    """Grid point nearest to (x, y); `frame` is (x of grid 0, y of grid 0, grid steps per unit length)."""
    return round((x - frame[0]) * frame[2]), round((y - frame[1]) * frame[2])
