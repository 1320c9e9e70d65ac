"""Distance of two convex bodies given by their vertices, after Gilbert, Johnson and Keerthi.

IEEE J. Robot. Autom. 4 (1988) 193, doi:10.1109/56.2083. The point nearest to the origin of the convex hull of all
differences of vertices is sought over simplices of at most dim + 1 of them.
"""

from __future__ import annotations

import numba
import numpy as np

STEPS = 60
"""Most supports looked at for a pair; ten are usual."""
RELATIVE = 1e-12
"""The search ends when the squared distance cannot fall by more than this part of it."""
TOUCHING = 1e-11
"""Bodies nearer than this part of their distance of centres touch: distance 0."""


@numba.njit(cache=True)
def hull_distances(vertices, start, first, second, shift):
    """Distances of pairs of convex hulls; 0 where they overlap.

    Parameters
    ----------
    vertices : ndarray (m, dim)
    start : ndarray (n + 1,) of int
        Body i has the vertices from `start[i]` to `start[i + 1]`.
    first, second : ndarray (p,) of int
        Pairs of bodies.
    shift : ndarray (p, dim)
        Displacement of the second body.

    Returns
    -------
    ndarray (p,)
    """
    result = np.empty(len(first))
    for k in range(len(first)):
        a = vertices[start[first[k]] : start[first[k] + 1]]
        b = vertices[start[second[k]] : start[second[k] + 1]]
        result[k] = _distance(a, b, shift[k])
    return result


@numba.njit(cache=True)
def _distance(a, b, shift):
    dim = a.shape[1]
    simplex, used = np.zeros((dim + 1, dim)), np.zeros(dim + 1, np.bool_)
    nearest = a[0] - b[0] - shift
    simplex[0], used[0] = nearest, True
    least = TOUCHING**2 * (nearest @ nearest)
    for _ in range(STEPS):
        squared = nearest @ nearest
        if squared <= least:
            return 0.0
        support = a[_lowest(a, nearest)] - b[_lowest(b, -nearest)] - shift
        if squared - nearest @ support <= RELATIVE * squared:
            break
        slot = 0
        while used[slot]:
            slot += 1
        simplex[slot] = support
        used[slot] = True
        nearer = _nearest(simplex, used)
        if used.all():
            return 0.0  # the origin lies inside a full simplex
        if nearer @ nearer >= squared:
            break  # rounding: no nearer point is left
        nearest = nearer
    return np.sqrt(nearest @ nearest)


@numba.njit(cache=True)
def _lowest(points, direction):
    """Index of the point lowest along a direction."""
    best, index = np.inf, 0
    for k in range(len(points)):
        height = 0.0
        for d in range(points.shape[1]):
            height += points[k, d] * direction[d]
        if height < best:
            best, index = height, k
    return index


@numba.njit(cache=True)
def _nearest(simplex, used):
    """Point of a simplex nearest to the origin; of `used` only the corners of the face it lies in are kept.

    The corners of the face are found by trying all: the nearest point of a plane through some of the corners counts
    if it lies between them.
    """
    size, dim = simplex.shape
    best, chosen = np.inf, 0
    point = np.zeros(dim)
    for face in range(1, 2**size):
        corners = np.empty(size, np.int64)
        count, valid = 0, True
        for k in range(size):
            if face >> k & 1:
                valid = valid and used[k]
                corners[count] = k
                count += 1
        if not valid:
            continue
        inside, trial = _on_face(simplex, corners[:count])
        if inside and trial @ trial < best:
            best, chosen, point = trial @ trial, face, trial
    for k in range(size):
        used[k] = bool(chosen >> k & 1)
    return point


@numba.njit(cache=True)
def _on_face(simplex, corners):
    """Nearest point to the origin of the plane through the corners, and whether it lies between them."""
    origin, count = simplex[corners[0]], len(corners) - 1
    matrix, right = np.zeros((count, count)), np.zeros(count)
    for i in range(count):
        edge = simplex[corners[i + 1]] - origin
        right[i] = -(edge @ origin)
        for j in range(count):
            matrix[i, j] = edge @ (simplex[corners[j + 1]] - origin)
    scale = 0.0
    for i in range(count):
        scale = max(scale, matrix[i, i])
    for i in range(count):  # elimination without pivoting: the matrix is positive definite, or the face is flat
        if matrix[i, i] <= 1e-14 * scale:
            return False, origin
        for j in range(i + 1, count):
            factor = matrix[j, i] / matrix[i, i]
            right[j] -= factor * right[i]
            for k in range(i, count):
                matrix[j, k] -= factor * matrix[i, k]
    rest, point = 1.0, origin.copy()
    for i in range(count - 1, -1, -1):
        for j in range(i + 1, count):
            right[i] -= matrix[i, j] * right[j]
        right[i] /= matrix[i, i]
        if right[i] < 0.0:
            return False, origin
        rest -= right[i]
        point += right[i] * (simplex[corners[i + 1]] - origin)
    return rest >= 0.0, point
