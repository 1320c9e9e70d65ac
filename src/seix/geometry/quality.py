"""Curved second-order triangles: Jacobians, areas, angles, and straightening of cells that fold over."""

from __future__ import annotations

import numpy as np

EDGES = ((1, 2), (0, 2), (0, 1))
"""Vertices of the edge whose mid node is node 3, 4, 5 of a cell."""
SMALLEST_JACOBIAN = 0.1
"""Smallest Jacobian over that of the straight cell that a curved cell may have."""

_NODES = np.array([[0, 0], [1, 0], [0, 1], [0.5, 0.5], [0, 0.5], [0.5, 0]])


def jacobians(points: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Jacobian determinants (m, 6) at the three vertices and three mid-edge nodes of every cell.

    The determinant is a quadratic polynomial on the cell, so these six values define it everywhere.
    """
    x = points[cells]
    values = np.empty(cells.shape)
    for k, (u, v) in enumerate(_NODES):
        w = 1.0 - u - v
        du = np.array([1 - 4 * w, 4 * u - 1, 0, 4 * v, -4 * v, 4 * (w - u)])
        dv = np.array([1 - 4 * w, 0, 4 * v - 1, 4 * u, 4 * (w - v), -4 * u])
        a, b = np.einsum("k,mkd->md", du, x), np.einsum("k,mkd->md", dv, x)
        values[:, k] = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    return values


def areas(points: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Areas (m,) of the curved cells, exact: the mid-edge rule integrates the quadratic determinant."""
    return jacobians(points, cells)[:, 3:].mean(axis=1) / 2.0


def scaled_jacobians(points: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """A lower bound (m,) of the Jacobian over the whole cell, relative to that of the straight cell.

    The smallest Bernstein coefficient of the determinant; a positive value proves that the cell does not
    fold.
    """
    values = jacobians(points, cells)
    bound = values[:, :3].min(axis=1)
    for k, (a, b) in enumerate(EDGES):
        bound = np.minimum(bound, 2.0 * values[:, 3 + k] - 0.5 * (values[:, a] + values[:, b]))
    return bound / (2.0 * straight_areas(points, cells))


def straight_areas(points: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Signed areas (m,) of the triangles of the vertices."""
    a, b, c = (points[cells[:, k]] for k in range(3))
    return 0.5 * ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])


def angles(points: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Angles (m, 3) at the vertices of the straight triangles [degrees]."""
    x = points[cells[:, :3]]
    result = np.empty((len(cells), 3))
    for k in range(3):
        p, q = x[:, (k + 1) % 3] - x[:, k], x[:, (k + 2) % 3] - x[:, k]
        cross, dot = p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0], (p * q).sum(axis=1)
        result[:, k] = np.degrees(np.arctan2(np.abs(cross), dot))
    return result


def straighten(points: np.ndarray, cells: np.ndarray) -> tuple[np.ndarray, int]:
    """Move mid-edge nodes of cells that fold, or nearly so, to the middle of their edge.

    A mid-edge node belongs to both cells of its edge, so both follow; the neighbours are checked again. Every
    node is moved once at most, so this ends: a cell whose edges are all straight cannot fold.

    Returns
    -------
    points : ndarray (n, 2)
    moved : int
        Number of nodes that were moved.
    """
    points = points.copy()
    moved = np.zeros(len(points), bool)
    while True:
        before = moved.sum()
        bad = cells[scaled_jacobians(points, cells) < SMALLEST_JACOBIAN]
        for k, (a, b) in enumerate(EDGES):
            ends, node = (points[bad[:, a]], points[bad[:, b]]), bad[:, 3 + k]
            middle, length = 0.5 * (ends[0] + ends[1]), np.linalg.norm(ends[0] - ends[1], axis=1)
            curved = ~moved[node] & (np.linalg.norm(points[node] - middle, axis=1) > 1e-9 * length)
            points[node[curved]] = middle[curved]
            moved[node[curved]] = True
        if moved.sum() == before:
            return points, int(before)
