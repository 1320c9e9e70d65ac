"""Curved second-order tetrahedra: volumes, bounds of the Jacobian, dihedral angles.

With Bezier control points the derivatives of the map are linear in Bernstein form, so the determinant is cubic and its
20 coefficients follow from determinants of control vectors. They bound it from both sides, and their mean is the
mean determinant (Johnen, Remacle, Geuzaine, J. Comput. Phys. 233 (2013) 359, doi:10.1016/j.jcp.2012.08.051).
"""

from __future__ import annotations

from itertools import combinations_with_replacement, permutations

import numba
import numpy as np

EDGES = ((2, 3), (1, 3), (1, 2), (0, 3), (0, 2), (0, 1))
"""Vertices of the edge whose mid node is node 4 to 9 of a cell."""

_EDGE = np.array(EDGES)
_MID = np.array([[0 if i == j else 4 + EDGES.index((min(i, j), max(i, j))) for j in range(4)] for i in range(4)])
_TERMS = np.array([(k, a, b, c) for k, triple in enumerate(combinations_with_replacement(range(4), 3))
                   for a, b, c in sorted(set(permutations(triple)))])  # fmt: skip
_SHARE = 1.0 / np.bincount(_TERMS[:, 0])


@numba.njit(cache=True, inline="always")
def _det(a, b, c):
    return (
        a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0])
    )


@numba.njit(cache=True)
def _coefficients(x, mid, terms, share, lines, out):
    """Bernstein coefficients (20,) of the determinant of a cell with nodes x (10, 3)."""
    for direction in range(3):
        for k in range(4):
            # control points: vertices, and 2 m - (p + q)/2 on edges
            i = direction + 1
            for d in range(3):
                far = x[i, d] if k == i else 2.0 * x[mid[i, k], d] - 0.5 * (x[i, d] + x[k, d])
                near = x[0, d] if k == 0 else 2.0 * x[mid[0, k], d] - 0.5 * (x[0, d] + x[k, d])
                lines[direction, k, d] = 2.0 * (far - near)
    out[:] = 0.0
    for t in range(len(terms)):
        k = terms[t, 0]
        out[k] += share[k] * _det(lines[0, terms[t, 1]], lines[1, terms[t, 2]], lines[2, terms[t, 3]])


@numba.njit(cache=True)
def _measure(points, cells, mid, terms, share):
    volume, bound = np.empty(len(cells)), np.empty(len(cells))
    x, lines, out = np.empty((10, 3)), np.empty((3, 4, 3)), np.empty(20)
    for c in range(len(cells)):
        for k in range(10):
            x[k] = points[cells[c, k]]
        _coefficients(x, mid, terms, share, lines, out)
        volume[c] = out.mean() / 6.0
        bound[c] = out.min() / _det(x[1] - x[0], x[2] - x[0], x[3] - x[0])
    return volume, bound


def measure(points: np.ndarray, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Volumes of curved cells and bounds of their Jacobians.

    Parameters
    ----------
    points : ndarray (n, 3)
    cells : ndarray (m, 10)

    Returns
    -------
    volume : ndarray (m,)
        Exact volumes.
    bound : ndarray (m,)
        A lower bound of the Jacobian determinant over the whole cell, relative to that of the straight cell; 1 for a
        straight cell, and a positive value proves that a cell does not fold.
    """
    return _measure(points, np.asarray(cells, np.int64), _MID, _TERMS, _SHARE)


@numba.njit(cache=True)
def _dihedral(points, cells, edges):
    smallest, largest = np.empty(len(cells)), np.empty(len(cells))
    normal = np.empty((4, 3))
    for c in range(len(cells)):
        p, q, r, s = points[cells[c, 0]], points[cells[c, 1]], points[cells[c, 2]], points[cells[c, 3]]
        normal[0] = np.cross(s - q, r - q)
        normal[1] = np.cross(r - p, s - p)
        normal[2] = np.cross(s - p, q - p)
        normal[3] = np.cross(q - p, r - p)
        low, high = -1.0, 1.0
        for e in range(6):
            # the faces along an edge are opposite to the two other vertices
            a, b = normal[edges[e, 0]], normal[edges[e, 1]]
            dot = -(a[0] * b[0] + a[1] * b[1] + a[2] * b[2])
            size = np.sqrt((a[0] ** 2 + a[1] ** 2 + a[2] ** 2) * (b[0] ** 2 + b[1] ** 2 + b[2] ** 2))
            cosine = dot / size if size > 0.0 else 1.0
            low, high = max(low, cosine), min(high, cosine)
        smallest[c], largest[c] = np.degrees(np.arccos(min(low, 1.0))), np.degrees(np.arccos(max(high, -1.0)))
    return smallest, largest


def dihedral_angles(points: np.ndarray, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest angle (m,) between two faces of each straight tetrahedron [degrees]."""
    return _dihedral(points, np.ascontiguousarray(cells[:, :4], np.int64), _EDGE)


def edge_lengths(points: np.ndarray, cells: np.ndarray) -> tuple[float, float]:
    """Shortest and longest straight edge [nm]."""
    low, high = np.inf, 0.0
    for a, b in EDGES:
        edge = points[cells[:, a]] - points[cells[:, b]]
        squared = np.einsum("ci,ci->c", edge, edge)
        low, high = min(low, squared.min()), max(high, squared.max())
    return float(np.sqrt(low)), float(np.sqrt(high))
