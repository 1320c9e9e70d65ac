"""Areas and volumes of curved second-order cells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: end nodes and mid node of the three edges (basix order), running counter-clockwise
EDGES = np.array([[0, 1, 5], [1, 2, 3], [2, 0, 4]])


def cell_areas(points: Array, cells: NDArray[np.int64]) -> Array:
    """Areas of second-order triangles, exact for parabolic edges.

    Parameters
    ----------
    points
        (n, 2).
    cells
        (m, 6) basix order, positively oriented.

    Returns
    -------
    (m,) in the squared unit of `points`.
    """
    a, b, c = (points[cells[:, k]] for k in range(3))
    area = 0.5 * _cross(b - a, c - a)
    for first, second, middle in EDGES:
        start, end = points[cells[:, first]], points[cells[:, second]]
        bulge = points[cells[:, middle]] - 0.5 * (start + end)
        # a parabola over a chord encloses two thirds of chord times height; outwards is to the right of the
        # chord
        area -= 2.0 / 3.0 * _cross(end - start, bulge)
    return area


def cell_volumes(points: Array, cells: NDArray[np.int64]) -> Array:
    """Volumes of second-order tetrahedra, exact: the Jacobian is a cubic polynomial, which the rule integrates.

    Parameters
    ----------
    points
        (n, 3).
    cells
        (m, 10) basix order, positively oriented.

    Returns
    -------
    (m,) in the cubed unit of `points`.
    """
    # five points, degree three (Keast 1986): the centroid, and four points towards the vertices
    rule = [(-4 / 30, np.full(3, 1 / 4)), (9 / 120, np.full(3, 1 / 6)), *((9 / 120, p) for p in np.eye(3) / 3 + 1 / 6)]
    nodes = np.ascontiguousarray(points[cells].transpose(2, 0, 1))
    volumes = np.zeros(len(cells))
    for weight, place in rule:
        (a, b, c), (d, e, f), (g, h, i) = (nodes @ _tetrahedron_gradients(place)).transpose(0, 2, 1)
        volumes += weight * (a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g))
    return volumes


def _tetrahedron_gradients(place: Array) -> Array:
    """Derivatives (10, 3) of the quadratic shape functions of a tetrahedron at one point."""
    share = np.array([1 - place.sum(), *place])
    slope = np.vstack([-np.ones(3), np.eye(3)])
    vertices = (4 * share - 1)[:, None] * slope
    edges = [4 * (share[a] * slope[b] + share[b] * slope[a]) for a, b in ((2, 3), (1, 3), (1, 2), (0, 3), (0, 2), (0, 1))]
    return np.vstack([vertices, *edges])


def _cross(a: Array, b: Array) -> Array:
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
