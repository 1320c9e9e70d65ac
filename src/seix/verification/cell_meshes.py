"""Structured meshes of periodic cells: arrays of cylinders, checkerboards and cubes, all from the origin on."""

from __future__ import annotations

import numpy as np

from .lattice import AREAS, SQUARE
from .plane_meshes import Strip, second_order, strip
from .space_meshes import block, extrude
from .space_meshes import second_order as second_order_in_space

FLIP = [0, 2, 1, 3, 5, 4]
"""Nodes of a six-node triangle turned over."""


def cylinders(lattice: str, fraction: float, rings: int, coat: int = 0) -> Strip:
    """Array of cylinders at unit distance, with exactly curved cells; its periods are :func:`periods`.

    Parameters
    ----------
    lattice : {"square", "hexagonal"}
    fraction : float
        Area fraction of the cylinders.
    rings : int
        Rows of cells along a radius, and from there to half way between neighbours.
    coat : int
        Outer rows of the cylinder that are its coating.

    Returns
    -------
    Strip
        With regions ``matrix``, ``fibre`` and ``coat``; fibre and coating are a grain.
    """
    half, corner = (0.5, np.pi / 4) if lattice == SQUARE else (0.5, np.pi / 6)
    sides = (0.0, np.pi / 2) if lattice == SQUARE else (0.0, np.pi / 3)
    radius = np.sqrt(fraction * AREAS[lattice] / np.pi)
    around = 2 * rings if lattice == SQUARE else 3 * rings

    def place(s, t):
        """Position for a share of the quarter turn and a distance in rows."""
        angle = s * np.pi / 2
        unit = np.column_stack([np.cos(angle), np.sin(angle)])
        edge = half / np.max([np.cos(angle - side) for side in sides], axis=0)
        share = np.clip(t / rings - 1, 0, 1)
        return ((np.minimum(t / rings, 1) * radius) * (1 - share) + share * edge)[:, None] * unit

    triangles, row, s, t = _fan(around, 2 * rings, round(corner / (np.pi / 2) * around))
    _, cells = second_order(np.column_stack([s, t]), triangles)
    points = np.zeros((cells.max() + 1, 2))
    points[: len(s)] = place(s, t)
    for k, (p, q) in enumerate([(1, 2), (0, 2), (0, 1)]):
        a, b = cells[:, p], cells[:, q]
        first, second = np.where(t[a] == 0, s[b], s[a]), np.where(t[b] == 0, s[a], s[b])
        points[cells[:, 3 + k]] = place((first + second) / 2, (t[a] + t[b]) / 2)
    region = np.where(row >= rings, 0, np.where(row >= rings - coat, 2, 1))
    piece = points, cells, region
    size = np.array(periods(lattice, 2))
    if lattice != SQUARE:  # the other cylinder of the cell
        piece = _joined([piece, (size / 2 - points, cells, region)])
    for axis in (0, 1):
        points, cells, region = piece
        piece = _joined([piece, (points * np.where(np.arange(2) == axis, -1, 1), cells[:, FLIP], region)])
    points, cells, region = piece
    return _strip(points + size / 2, cells, region, ["matrix", "fibre", "coat"], np.where(region > 0, 0, -1))


def periods(lattice: str, dim: int, height: float = 1.0) -> tuple[float, ...]:
    """Periods of an array of cylinders: of a square one cylinder, of a hexagonal one two; along the cylinders in space."""
    plane = (1.0, AREAS[lattice] * (1 if lattice == SQUARE else 2))
    return plane if dim == 2 else (plane[0], height, plane[1])


def extruded(made: Strip, rows: int, height: float = 1.0) -> Strip:
    """The same cylinders in space, along y; z is the second axis of the section."""
    corners, triangles = np.unique(made.cells[:, :3], return_inverse=True)
    plane, triangles = made.points[corners], triangles.reshape(-1, 3)
    middle = {}
    for k, (p, q) in enumerate([(1, 2), (0, 2), (0, 1)]):
        ends = np.sort(made.cells[:, [p, q]], axis=1)
        bent = made.points[made.cells[:, 3 + k]]
        middle |= {_key(made.points[pair].mean(axis=0)): place for pair, place in zip(ends, bent, strict=True)}

    def curved(start, end):
        """Edges along the section bend as there."""
        straight = (start + end) / 2
        for i, (a, b) in enumerate(zip(start, end, strict=True)):
            if np.abs(a[:2] - b[:2]).max() > 1e-9:
                straight[i, :2] = middle[_key(straight[i, :2])]
        return straight

    points, tetrahedra, _ = extrude(plane, triangles, np.linspace(0.0, height, rows + 1))
    points, cells = second_order_in_space(points, tetrahedra, curved)
    points[:, 2] = height - points[:, 2]  # a right-handed turn: y along the cylinders
    tags = [np.tile(np.repeat(tag[None], 3, axis=0).ravel(), rows) for tag in (made.region, made.grain)]
    return _strip(points[:, [0, 2, 1]], cells, tags[0], made.region_names, tags[1])


def checkerboard(cells: int) -> Strip:
    """Two by two squares of materials ``a`` and ``b`` with unit period; core and electrolyte are no part of the cell."""
    made = strip([("a", 0.5, cells), ("b", 0.5, cells)], 1.0, 2 * cells, (0.1, 1), (0.1, 1))
    middle = made.points[made.cells[:, :3]].mean(axis=1)
    inside = made.region >= 2
    made.region[inside] = np.where((middle[:, 0] > 0.5) != (middle[:, 1] > 0.5), 2, 3)[inside]
    return made


def cubes(dim: int) -> Strip:
    """Cell of unit period that is full of square or cubic grains of half a period, whose boundaries are inside of it."""
    made = (strip if dim == 2 else block)([("a", 1.0, 4)], 1.0, 4, (0.1, 1), (0.1, 1))
    middle = made.points[made.cells[:, : dim + 1]].mean(axis=1)
    number = (np.abs(middle - 0.5) < 0.25) @ 2 ** np.arange(dim)
    made.grain = np.where(made.region == 2, number, -1)
    return made


def _fan(around: int, rows: int, corner: int):
    """Triangles about a centre in rows, their row, and share of the turn and row of each vertex; diagonals turn at a corner."""
    s = np.concatenate([[0.0], np.tile(np.arange(around + 1) / around, rows)])
    t = np.concatenate([[0.0], np.repeat(np.arange(1, rows + 1), around + 1)])
    j = np.arange(around)
    triangles, row = [np.column_stack([np.zeros_like(j), 1 + j, 2 + j])], [np.zeros(around, int)]
    for i in range(1, rows):
        a, b = 1 + (i - 1) * (around + 1) + j, 1 + i * (around + 1) + j
        low = (j < corner)[:, None]
        triangles += [np.where(low, np.column_stack([a, b, b + 1]), np.column_stack([a, b, a + 1]))]
        triangles += [np.where(low, np.column_stack([a, b + 1, a + 1]), np.column_stack([b, b + 1, a + 1]))]
        row += [np.full(2 * around, i)]
    return np.concatenate(triangles), np.concatenate(row), s, t


def _joined(pieces):
    """Meshes given as (points, cells, region) with common nodes made one."""
    points = np.concatenate([p for p, _, _ in pieces])
    starts = np.cumsum([0, *[len(p) for p, _, _ in pieces[:-1]]])
    cells = np.concatenate([c + s for (_, c, _), s in zip(pieces, starts, strict=True)])
    _, first, inverse = np.unique(points.round(9) + 0.0, axis=0, return_index=True, return_inverse=True)
    return points[first], inverse.ravel()[cells], np.concatenate([r for _, _, r in pieces])


def _key(point) -> tuple[float, ...]:
    return tuple((point.round(9) + 0.0).tolist())


def _strip(points, cells, region, names, grain) -> Strip:
    """A mesh of a cell in the form the solver takes."""
    layer = np.zeros(len(cells), int)
    mirrors = np.empty((0, points.shape[1]))
    return Strip(points, cells, region, grain, layer, names, None, 0.0, 0.0, 0.0, "particle", mirrors=mirrors)
