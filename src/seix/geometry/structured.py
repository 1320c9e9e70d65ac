"""Six-node triangles on structured grids."""

from __future__ import annotations

import numpy as np


def second_order(points: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Six-node triangles in basix order with straight edges: points, those of the middles of edges last, and cells (m, 6)."""
    edges = np.sort(np.concatenate([triangles[:, [1, 2]], triangles[:, [0, 2]], triangles[:, [0, 1]]]), axis=1)
    unique, inverse = np.unique(edges, axis=0, return_inverse=True)
    middle = inverse.reshape(3, -1).T + len(points)
    return np.vstack([points, points[unique].mean(axis=1)]), np.hstack([triangles, middle])


def rectangle(columns: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points and six-node triangles between given columns and rows, both ascending; the diagonals alternate."""
    wide = len(columns)
    points = np.column_stack([np.tile(columns, len(rows)), np.repeat(rows, wide)])
    j, i = (index.ravel() for index in np.meshgrid(np.arange(len(rows) - 1), np.arange(wide - 1), indexing="ij"))
    a = j * wide + i
    b, c, d = a + 1, a + wide, a + wide + 1
    odd = ((i + j) % 2 == 1)[:, None]
    first = np.where(odd, np.column_stack([a, b, c]), np.column_stack([a, b, d]))
    second = np.where(odd, np.column_stack([b, d, c]), np.column_stack([a, d, c]))
    return second_order(points, np.concatenate([first, second]))
