"""Walls between layers: even templates, refined by bisection where grains are near.

Longest-edge bisection of all marked triangles at once, after Rivara, Int. J. Numer. Methods Eng. 20 (1984) 745,
doi:10.1002/nme.1620200412. Nodes that stand for each other on periodic sides are split together.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from seix.errors import GeometryError
from seix.geometry.volume.templates import octasphere

SLACK = 1.3
"""Longest edge over wanted size above which a triangle is split."""
LARGEST = 3_000_000
"""Triangles of a wall above which a structure is refused: the cells beside them would not fit anywhere."""


@dataclass(frozen=True)
class Sheet:
    """A triangulated wall.

    Attributes
    ----------
    points : ndarray (n, 3)
        [nm]
    faces : ndarray (m, 3) of int
    image : ndarray (n,) of int
        Nodes with the same number are periodic images of each other.
    """

    points: np.ndarray
    faces: np.ndarray
    image: np.ndarray


def flat_sheet(period: float, height: float, size: float) -> Sheet:
    """A square at z = height, periodic in x and y, with squares of at most the given size cut in two."""
    # even for the diagonals; no fewer than 4, so that two nodes have one edge only, also across the periods
    n = max(4, 2 * math.ceil(0.5 * period / size))
    i, j = (index.ravel() for index in np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij"))
    line = period * (np.arange(n + 1) / n)
    points = np.column_stack([line[i], line[j], np.full(len(i), height)])
    a = (i * (n + 1) + j)[(i < n) & (j < n)]
    b, c, d = a + n + 1, a + 1, a + n + 2
    # diagonals alternate, so that no direction is preferred
    odd = (a // (n + 1) + a % (n + 1)) % 2 == 1
    first = np.where(odd[:, None], np.column_stack([a, b, c]), np.column_stack([a, b, d]))
    second = np.where(odd[:, None], np.column_stack([b, d, c]), np.column_stack([a, d, c]))
    return Sheet(points, np.concatenate([first, second]), (i % n) * n + j % n)


def sphere_sheet(radius: float, section: str, half_angle: float | None, size: float) -> Sheet:
    """A sphere, an octant of it, or the part of it in a four-sided cone, with edges of about the given size."""
    if section == "cone":
        n = max(2, math.ceil(2.0 * half_angle * radius / size))
        grid = flat_sheet(2.0, 0.0, 2.0 / n)
        tangent = np.tan(half_angle * (grid.points[:, :2] - 1.0))
        directions, faces = np.column_stack([tangent, np.ones(len(tangent))]), grid.faces
    else:
        directions, faces = octasphere(max(2, math.ceil(0.5 * math.pi * radius / size)))
        if section == "octant":
            faces = faces[(directions[faces].mean(axis=1) > 0.0).all(axis=1)]
            used, faces = np.unique(faces, return_inverse=True)
            directions, faces = directions[used], faces.reshape(-1, 3)
    points = _project(directions, radius)
    return Sheet(points, faces, np.arange(len(points)))


def refined(sheet: Sheet, size_at: Callable[[np.ndarray], np.ndarray], radius: float | None = None) -> Sheet:
    """Bisect the triangles that are larger than wanted.

    Parameters
    ----------
    sheet : Sheet
    size_at : callable
        Size (n,) wanted at points (n, 3) [nm].
    radius : float or None
        Of the sphere that new nodes are put on; None for a plane.

    Raises
    ------
    GeometryError
        If the wall needs too many triangles.
    """
    while len(sheet.faces) <= LARGEST:
        points, faces = sheet.points, sheet.faces
        ends = points[faces[:, [1, 2, 0]]] - points[faces[:, [2, 0, 1]]]
        longest = np.linalg.norm(ends, axis=2).max(axis=1)
        large = longest > SLACK * size_at(points[faces].mean(axis=1))
        if not large.any():
            return sheet
        sheet = _bisected(sheet, large, radius)
    raise GeometryError(f"a wall between layers needs more than {LARGEST} triangles: larger cells or a smaller domain need fewer")


def _project(points: np.ndarray, radius: float) -> np.ndarray:
    return points * (radius / np.linalg.norm(points, axis=1))[:, None]


def _edges(sheet: Sheet) -> tuple[np.ndarray, np.ndarray]:
    """Number (m, 3) of the edge opposite to each vertex, one number for all images, and its rank (edges,) by length."""
    a, b = sheet.faces[:, [1, 2, 0]], sheet.faces[:, [2, 0, 1]]
    key = np.sort(np.stack([sheet.image[a], sheet.image[b]]), axis=0)
    _, first, number = np.unique(key[0] * (sheet.image.max() + 1) + key[1], return_index=True, return_inverse=True)
    length = np.linalg.norm(sheet.points[a.ravel()[first]] - sheet.points[b.ravel()[first]], axis=1)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(np.round(length / length.max(), 12), kind="stable")] = np.arange(len(first))
    return number.reshape(-1, 3), rank


def _bisected(sheet: Sheet, large: np.ndarray, radius: float | None) -> Sheet:
    """Split the longest edges of the given faces, and those of all faces that share a split edge."""
    number, rank = _edges(sheet)
    longest = rank[number].argmax(axis=1)
    base = number[np.arange(len(number)), longest]
    split = np.zeros(len(rank), bool)
    split[base[large]] = True
    while True:
        touched = split[number].any(axis=1) & ~split[base]
        if not touched.any():
            break
        split[base[touched]] = True
    # turn the faces so that the longest edge is opposite to vertex 0
    turn = (longest[:, None] + np.arange(3)) % 3
    faces, number = np.take_along_axis(sheet.faces, turn, 1), np.take_along_axis(number, turn, 1)
    middle, points, image = _middles(sheet, faces, number, split, radius)
    (a, b, c), (m, n, o) = faces.T, middle.T  # n lies between c and a, o between a and b
    whole, right, left = m < 0, (m >= 0) & (n < 0), (m >= 0) & (o < 0)
    both_right, both_left = n >= 0, o >= 0
    parts = [
        faces[whole],
        np.column_stack([a, m, c])[right],
        np.column_stack([a, b, m])[left],
        *(np.column_stack(p)[both_right] for p in ((m, c, n), (m, n, a))),
        *(np.column_stack(p)[both_left] for p in ((m, a, o), (m, o, b))),
    ]
    return Sheet(points, np.concatenate(parts), image)


def _middles(sheet: Sheet, faces, number, split, radius) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Node (m, 3) in the middle of each edge that is split, -1 elsewhere, and the longer lists of nodes."""
    a, b = faces[:, [1, 2, 0]], faces[:, [2, 0, 1]]
    low, high, chosen = np.minimum(a, b), np.maximum(a, b), split[number]
    count = len(sheet.points)
    _, first, inverse = np.unique((low * count + high)[chosen], return_index=True, return_inverse=True)
    low, high = low[chosen][first], high[chosen][first]
    new = 0.5 * (sheet.points[low] + sheet.points[high])
    if radius is not None:
        new = _project(new, radius)
    middle = np.full(faces.shape, -1)
    middle[chosen] = count + inverse
    label = np.cumsum(split) - 1 + sheet.image.max() + 1
    return middle, np.concatenate([sheet.points, new]), np.concatenate([sheet.image, label[number[chosen][first]]])
