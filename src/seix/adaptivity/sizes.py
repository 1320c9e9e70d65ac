"""How large the cells of the next mesh shall be, so that errors are spread as evenly as a number of cells allows."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..geometry.triangulate.background import WantedSizes, background, sizes_at

ERROR_POWER = 6.0
"""A cell's share of the squared error falls with this power of its size: the field of quadratic elements is of second order,
so its square is of fourth, and the area of a cell is of second."""
STRONGEST = 0.35
"""Smallest ratio of a new size to the old one: more would trust the estimate of a coarse mesh too far."""
STEP = 1.02
"""New sizes are rounded to powers of this, so that rounding of the field, which depends on the ranks, makes no other mesh."""
EQUILATERAL = 4.0 / math.sqrt(3.0)
"""Squared side over area."""
BISECTIONS, LOWEST = 60, 80.0
"""Of the logarithm of the bound, below the largest share."""


def factors(squares: np.ndarray, reduction: float) -> np.ndarray:
    """Ratios of new to old sizes that reduce the error by a factor with as few cells as possible.

    With a share C h^6 of the squared error in a cell, and h^-2 cells in its place, the least number of cells for
    a given error has equal shares: cells above a common bound are refined down to it, others are left.

    Parameters
    ----------
    squares : ndarray (cells,)
        Shares of the squared error.
    reduction : float
        Wanted error over the present one, below 1.

    Returns
    -------
    ndarray (cells,)
        From STRONGEST to 1.
    """
    wanted = reduction**2 * squares.sum()
    high = math.log(squares.max())
    # in place of a cell its parts have h^4 of the field's square on the same area
    return _ratios(squares, _bisect(lambda bound: (squares * _ratios(squares, bound) ** 4).sum() > wanted, high - LOWEST, high))


def limited(squares: np.ndarray, cells: float) -> np.ndarray:
    """Ratios of new to old sizes that spread the error over a given number of cells; see :func:`factors`."""
    high = math.log(squares.max())
    return _ratios(squares, _bisect(lambda bound: (_ratios(squares, bound) ** -2.0).sum() <= cells, high - LOWEST, high))


def _ratios(squares: np.ndarray, bound: float) -> np.ndarray:
    """Ratios that bring the shares of the squared error down to the exponential of a bound."""
    with np.errstate(divide="ignore"):
        return np.clip((math.exp(bound) / squares) ** (1.0 / ERROR_POWER), STRONGEST, 1.0)


def _bisect(too_high: Callable[[float], bool], low: float, high: float) -> float:
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if too_high(middle) else (middle, high)
    return low


def wanted_sizes(
    points: np.ndarray, cells: np.ndarray, marked: np.ndarray, ratio: np.ndarray, earlier: WantedSizes | None, slope: float
) -> WantedSizes:
    """Sizes at the vertices of a mesh for the next one.

    Parameters
    ----------
    points : ndarray (n, 2)
        Nodes [nm].
    cells : ndarray (m, 6)
        Triangles of the mesh.
    marked : ndarray (k,) of int
        Cells with a ratio.
    ratio : ndarray (k,)
        New over old size; 1 asks for nothing new.
    earlier : WantedSizes or None
        What this mesh was made for, which holds further on.
    slope : float
        Largest change of size over distance.
    """
    used, triangles = np.unique(cells[:, :3], return_inverse=True)
    triangles = triangles.reshape(-1, 3)
    corners = points[used]
    asked = ratio < 1.0
    own = triangles[marked[asked]]
    a, b, c = (corners[own[:, k]] for k in range(3))
    area = 0.5 * ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])
    size = np.sqrt(EQUILATERAL * area) * ratio[asked]
    size = STEP ** np.round(np.log(size) / math.log(STEP))
    result = sizes_at(background(earlier), corners)
    np.minimum.at(result, own, size[:, None])
    return WantedSizes(corners, triangles, _spread(corners, triangles, result, slope))


def _spread(corners: np.ndarray, triangles: np.ndarray, size: np.ndarray, slope: float) -> np.ndarray:
    """Sizes that grow along no edge by more than the slope."""
    ends = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    ends = np.unique(np.sort(ends, axis=1), axis=0)
    growth = slope * np.sqrt(((corners[ends[:, 0]] - corners[ends[:, 1]]) ** 2).sum(axis=1))
    while True:
        before = size.copy()
        for i, j in ((0, 1), (1, 0)):
            np.minimum.at(size, ends[:, i], size[ends[:, j]] + growth)
        if (size == before).all():
            return size
