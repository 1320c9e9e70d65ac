"""Cuts quadratic cells where a level is zero, so that planes and spheres give smooth exact sections of a mesh.

A level is a function with values at the nodes, for a plane the signed distance from it. Where a level is linear on a
tetrahedron the section is one or two triangles with six nodes, on which a quadratic field is exactly quadratic again. On
a curved cell the signs at all ten nodes count, and the section follows the curved level.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]

TOUCH = 1e-9
"""A node nearer to a level than this part of the largest level is on it."""
_FLAT = 1e-9
"""Levels of mid nodes this near to the mean of the ends, as a part of those of the cell, make a linear level."""
_THERE = 1e-14
"""A level below this part of the largest of its cell is zero to rounding."""
EDGES = {
    6: np.array([[0, 1], [1, 2], [2, 0]]),
    10: np.array([[2, 3], [1, 3], [1, 2], [0, 3], [0, 2], [0, 1]]),
}
"""End nodes of the mid nodes: of a facet in the order of `seix.geometry.facets`, of a tetrahedron in basix order."""
_PARTS = {
    6: np.array([[0, 3, 5], [3, 1, 4], [5, 4, 2], [3, 4, 5]]),
    # four corners, and the octahedron between them around its diagonal from node 4 to node 9
    10: np.array([[0, 9, 8, 7], [9, 1, 6, 5], [8, 6, 2, 4], [7, 5, 4, 3],
                  [9, 4, 8, 7], [9, 4, 7, 5], [9, 4, 5, 6], [9, 4, 6, 8]]),
}  # fmt: skip
"""Straight parts of a cell whose corners are its nodes."""


@dataclass(frozen=True)
class Cut:
    """Section of some cells.

    Attributes
    ----------
    owner
        (t,) row of the cell that each piece lies in.
    place
        (t, 6, 4) barycentric coordinates of the nodes of triangles in tetrahedra, in basix order, or (t, 3, 3) those of
        first, last and middle node of curves in facets.
    """

    owner: Index
    place: Array

    def at(self, values: Array) -> Array:
        """Values (t, nodes, ...) of quadratic functions with nodal values (cells, 6 or 10, ...)."""
        return np.einsum("tkn,tn...->tk...", shape(self.place), values[self.owner])


def shape(place: Array) -> Array:
    """Quadratic shape functions (..., 6) or (..., 10) at barycentric coordinates (..., 3) or (..., 4)."""
    a, b = EDGES[6 if place.shape[-1] == 3 else 10].T
    return np.concatenate([place * (2 * place - 1), 4 * place[..., a] * place[..., b]], axis=-1)


def nodes_of(count: int) -> Array:
    """Barycentric coordinates of the 6 or 10 nodes."""
    corners = np.eye(3 if count == 6 else 4)
    return np.vstack([corners, corners[EDGES[count]].mean(axis=1)])


def touched(levels: Array, cells: Index, size: float) -> Index:
    """Rows of the cells that a level (one value for each node of the mesh) divides.

    A cell that lies on the positive side and touches the level with a whole facet counts, that on the other side does not:
    the boundary of a mesh, and faces between cells, are cut once. `size` is that of the domain, to tell zero.
    """
    above = (levels > TOUCH * size).view(np.uint8)
    number = above[cells] @ np.ones(cells.shape[1], dtype=np.uint8)  # NumPy reduces short axes slowly
    return np.flatnonzero((number > 0) & (number < cells.shape[1]))


def cut(levels: Array, size: float) -> Cut:
    """Pieces of cells where a level is zero.

    Parameters
    ----------
    levels
        (m, 10) of tetrahedra in basix order or (m, 6) of facets, at their nodes.
    size
        Of the domain: a level below `TOUCH` times it is zero.

    Returns
    -------
    Cut
        Triangles in tetrahedra (of either orientation), curves in facets.
    """
    corners = levels.shape[1] // 2 - 1 if levels.shape[1] == 10 else 3
    edges = EDGES[levels.shape[1]]
    bend = np.abs(levels[:, corners:] - levels[:, edges].mean(axis=2)).max(axis=1)
    flat = bend <= _FLAT * np.abs(levels).max(axis=1) + TOUCH * size
    parts = nodes_of(levels.shape[1])[_PARTS[levels.shape[1]]]
    straight, curved = np.flatnonzero(flat), np.flatnonzero(~flat)
    owner = np.concatenate([straight, np.repeat(curved, len(parts))])
    part = np.concatenate([np.tile(np.eye(corners), (len(straight), 1, 1)), np.tile(parts, (len(curved), 1, 1))])
    part_levels = np.einsum("pcn,pn->pc", shape(part), levels[owner])
    above = part_levels > TOUCH * size
    number = above.sum(axis=1)
    pieces: list[tuple[Index, Array]] = []
    for count, ends in _CASES[corners].items():
        rows = np.flatnonzero(number == count)
        order = np.argsort(~above[rows], axis=1, kind="stable")  # corners above the level first
        sorted_part = np.take_along_axis(part[rows], order[:, :, None], axis=1)
        roots = np.stack([_root(levels[owner[rows]], sorted_part[:, b], sorted_part[:, a]) for a, b in ends], axis=1)
        for polygon in (range(3),) if len(ends) == 3 else ((0, 1, 3), (1, 2, 3)) if len(ends) == 4 else (range(2),):
            pieces.append((owner[rows], roots[:, list(polygon)]))
    owner = np.concatenate([piece[0] for piece in pieces])
    place = np.concatenate([piece[1] for piece in pieces])
    sides = [[1, 2], [0, 2], [0, 1]] if corners == 4 else [[0, 1]]
    middle = np.stack([_pulled(levels[owner], place[:, side].mean(axis=1)) for side in sides], axis=1)
    return Cut(owner, np.concatenate([place, middle], axis=1))


_CASES = {
    3: {1: ((0, 1), (0, 2)), 2: ((0, 2), (1, 2))},
    4: {
        1: ((0, 1), (0, 2), (0, 3)),
        2: ((0, 2), (0, 3), (1, 3), (1, 2)),
        3: ((0, 3), (1, 3), (2, 3)),
    },
}
"""Number of corners above the level -> the cut edges (above, below) in the order of the polygon."""


def _root(levels: Array, start: Array, end: Array) -> Array:
    """Where a level is zero between places with a level of zero or less, and above zero."""
    low, half, high = (np.einsum("pn,pn->p", shape(p), levels) for p in (start, 0.5 * (start + end), end))
    # level = low + slope t + bend t^2
    bend, slope = 2 * (low - 2 * half + high), 4 * half - 3 * low - high
    low = np.minimum(low, 0.0)
    # of the two roots that between 0 and 1, in the form without cancellation
    spread = np.sqrt(np.maximum(slope**2 - 4 * bend * low, 0.0))
    t = np.divide(-2 * low, slope + spread, out=np.full_like(low, 0.5), where=slope + spread > 0)
    return start + np.clip(t, 0.0, 1.0)[:, None] * (end - start)


def _pulled(levels: Array, place: Array) -> Array:
    """Places moved onto the level by Newton's method along its gradient; most are there, as levels of most cells are linear."""
    away = np.abs(np.einsum("pn,pn->p", shape(place), levels)) > _THERE * np.abs(levels).max(axis=1)
    moved = place.copy()
    moved[away] = _newton(levels[away], place[away])
    return moved


def _newton(levels: Array, place: Array) -> Array:
    """Three steps towards the level."""
    a, b = EDGES[levels.shape[1]].T
    corners = place.shape[1]
    for _ in range(3):
        value = np.einsum("pn,pn->p", shape(place), levels)
        slope = levels[:, :corners] * (4 * place - 1)
        for edge in range(len(a)):
            slope[:, a[edge]] += 4 * levels[:, corners + edge] * place[:, b[edge]]
            slope[:, b[edge]] += 4 * levels[:, corners + edge] * place[:, a[edge]]
        slope -= slope.mean(axis=1, keepdims=True)  # the coordinates keep their sum
        square = (slope**2).sum(axis=1)
        step = np.divide(value, square, out=np.zeros_like(value), where=square > 0)
        # a level that is nearly flat along the cell would throw the place far away
        length = np.abs(step) * np.sqrt(square)
        step *= np.minimum(1.0, 0.1 / np.maximum(length, 1e-300))
        place = place - step[:, None] * slope
    return place
