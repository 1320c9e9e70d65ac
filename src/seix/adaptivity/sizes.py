"""How large the cells of the next mesh shall be, so that errors are spread as evenly as a number of cells allows."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..geometry.wanted import WantedSizes

FIELD_POWER = 4.0
"""The field of quadratic elements is of second order, so its squared error falls with this power of the size of the cells; the
share of a cell falls with its area or volume besides."""
STRONGEST = 0.35
"""Smallest ratio of a new size to the old one: more would trust the estimate of a coarse mesh too far."""
STEP = 1.02
"""New sizes are rounded to powers of this, so that rounding of the field, which depends on the ranks, makes no other mesh."""
EQUILATERAL = 4.0 / math.sqrt(3.0)
"""Squared side over area."""
BISECTIONS, LOWEST = 60, 80.0
"""Of the logarithm of the bound, below the largest share."""


def factors(squares: np.ndarray, reduction: float, dim: int = 2) -> np.ndarray:
    """Ratios of new to old sizes that reduce the error by a factor with as few cells as possible.

    With a share C h^(4 + d) of the squared error in a cell of d dimensions, and h^-d cells in its place, the least number of
    cells for a given error has equal shares: cells above a common bound are refined down to it, others are left.

    Parameters
    ----------
    squares : ndarray (cells,)
        Shares of the squared error.
    reduction : float
        Wanted error over the present one, below 1.
    dim : int
        2 or 3.

    Returns
    -------
    ndarray (cells,)
        From STRONGEST to 1.
    """
    wanted = reduction**2 * squares.sum()
    high = math.log(squares.max())

    def too_high(bound: float) -> bool:
        # in place of a cell its parts have less of the field's squared error on the same area
        return (squares * _ratios(squares, bound, dim) ** FIELD_POWER).sum() > wanted

    return _ratios(squares, _bisect(too_high, high - LOWEST, high), dim)


def limited(squares: np.ndarray, cells: float, dim: int = 2) -> np.ndarray:
    """Ratios of new to old sizes that spread the error over a given number of cells; see :func:`factors`."""
    high = math.log(squares.max())
    return _ratios(squares, _bisect(lambda bound: asked(_ratios(squares, bound, dim), dim) <= cells, high - LOWEST, high), dim)


def asked(ratio: np.ndarray, dim: int = 2) -> float:
    """Number of cells that ratios of new to old sizes ask for."""
    return float((ratio**-dim).sum())


def _ratios(squares: np.ndarray, bound: float, dim: int) -> np.ndarray:
    """Ratios that bring the shares of the squared error down to the exponential of a bound."""
    with np.errstate(divide="ignore"):
        return np.clip((math.exp(bound) / squares) ** (1.0 / (FIELD_POWER + dim)), STRONGEST, 1.0)


def _bisect(too_high: Callable[[float], bool], low: float, high: float) -> float:
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if too_high(middle) else (middle, high)
    return low


def wanted_sizes(
    points: np.ndarray, cells: np.ndarray, marked: np.ndarray, ratio: np.ndarray, earlier: WantedSizes | None, slope: float
) -> WantedSizes:
    """Sizes on a mesh for the next one.

    Parameters
    ----------
    points : ndarray (n, dim)
        Nodes [nm].
    cells : ndarray (m, nodes)
        Triangles or tetrahedra of the mesh.
    marked : ndarray (k,) of int
        Cells with a ratio.
    ratio : ndarray (k,)
        New over old size; 1 asks for nothing new.
    earlier : WantedSizes or None
        What this mesh was made for, which holds further on.
    slope : float
        Largest change of size over distance in the plane; in space sizes change as bisection lets them.
    """
    make = _in_plane if points.shape[1] == 2 else _in_space
    return make(points, cells, marked[ratio < 1.0], ratio[ratio < 1.0], earlier, slope)


def _in_plane(points, cells, marked, ratio, earlier: WantedSizes | None, slope: float) -> WantedSizes:
    """At the vertices, each the smallest of the triangles around it."""
    from ..geometry.triangulate.background import background, sizes_at  # compiles its kernels

    used, triangles = np.unique(cells[:, :3], return_inverse=True)
    triangles = triangles.reshape(-1, 3)
    corners = points[used]
    own = triangles[marked]
    a, b, c = (corners[own[:, k]] for k in range(3))
    area = 0.5 * ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])
    result = sizes_at(background(earlier), corners)
    np.minimum.at(result, own, _rounded(np.sqrt(EQUILATERAL * area) * ratio)[:, None])
    return WantedSizes(corners, triangles, _spread(corners, triangles, result, slope))


def _in_space(points, cells, marked, ratio, earlier: WantedSizes | None, _slope: float) -> WantedSizes:
    """In the cells."""
    from ..geometry.volume.refined import SizesInSpace, cell_centres, cell_sizes

    centres = cell_centres(points, cells)
    result = np.full(len(cells), np.inf) if earlier is None else SizesInSpace(earlier)(centres)
    result[marked] = np.minimum(result[marked], _rounded(cell_sizes(points, cells[marked]) * ratio))
    return WantedSizes(centres, np.empty((0, 4), np.int64), result)


def _rounded(size: np.ndarray) -> np.ndarray:
    """To powers of STEP."""
    return STEP ** np.round(np.log(size) / math.log(STEP))


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
