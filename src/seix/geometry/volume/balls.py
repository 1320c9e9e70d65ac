"""Cells inside grains: blocks between nested templates, each with half the segments of the one around it.

Ready-made cells are far better than what a mesher finds between the nodes of a sphere. Above all, no cell has two
faces on the surface: curved to the sphere, two such faces would share a tangent plane, and the Jacobian would vanish
along their common edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from seix.geometry.volume.quality3d import EDGES, measure
from seix.geometry.volume.templates import grid, icosphere, octasphere

SEGMENTS = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
"""Segments of the templates that nest: halves of each other down to 2 or 3."""
EDGE = {"octasphere": 1.88, "icosphere": 1.19}
"""Mean edge of a template times its segments, in radii."""
HALVED = tuple(("octasphere", n) for n in SEGMENTS)
"""Templates of grains that are cut by a side, from coarse to fine."""
WHOLE = (("octasphere", 2), ("icosphere", 2), ("octasphere", 4), *(("icosphere", n) for n in SEGMENTS[1:]))
"""Templates of other grains: those of the icosahedron are more even, two others fill large steps."""
NEAR_ENOUGH = 1.12
"""Edge of the chosen template over the wanted one, at most."""
DEPTH = 1.4
"""Thickness of a layer of blocks times the segments of the template around it, in radii: about 1.2 edges."""


@dataclass(frozen=True)
class Ball:
    """A template with cells inside.

    Attributes
    ----------
    directions : ndarray (k, 3)
        Unit vectors of the surface nodes.
    faces : ndarray (f, 3)
        Outwards oriented.
    corner, scale : ndarray (p,)
        Each inner node lies on the ray to a surface node, at this part of its distance.
    cells : ndarray (c, 4)
        Surface nodes, followed by inner nodes; positive volumes.
    factor : float
        Radius of the sphere that the nodes, mid nodes as well, must lie on for the volume of the unit sphere.
    """

    directions: np.ndarray
    faces: np.ndarray
    corner: np.ndarray
    scale: np.ndarray
    cells: np.ndarray
    factor: float = 1.0


@cache
def ball(kind: str, n: int) -> Ball:
    """A filled template.

    Parameters
    ----------
    kind : {"icosphere", "octasphere"}
        Cells of the latter do not cross the coordinate planes.
    n : int
        Segments to an edge. While it is even, blocks lead inwards to a template with half as many; the last template is
        joined to the centre.
    """
    directions, faces = {"icosphere": icosphere, "octasphere": octasphere}[kind](n)
    corner, scale, cells = [np.arange(len(directions))], [np.ones(len(directions))], []
    outer, outer_faces, first, part = grid(kind, n)[0], faces, 0, 1.0
    while n % 2 == 0 and n > 2:
        part *= 1.0 - DEPTH / n
        n //= 2
        inner, inner_faces = grid(kind, n)
        place = _matcher(outer)
        above = place(2.0 * inner)
        last = first + len(outer)
        cells.append(_blocks(inner_faces, inner, place, first, last))
        corner.append(corner[-1][above])
        scale.append(np.full(len(inner), part))
        outer, outer_faces, first = inner, inner_faces, last
    centre = first + len(outer)
    cells.append(np.column_stack([outer_faces + first, np.full(len(outer_faces), centre)]))
    corner, scale = np.concatenate([*corner, [0]]), np.concatenate([*scale, [0.0]])
    cells = _positive(scale[:, None] * directions[corner], np.concatenate(cells))
    surface = len(directions)
    return Ball(directions, faces, corner[surface:], scale[surface:], cells, _volume_factor(directions, faces))


def choose(templates: tuple, edge: np.ndarray) -> np.ndarray:
    """Number (n,) of the coarsest template whose edges are near enough to the wanted ones (n,), in radii."""
    edges = np.array([EDGE[kind] / segments for kind, segments in templates])
    return np.minimum(np.searchsorted(-edges, -NEAR_ENOUGH * edge), len(edges) - 1)


def filled(directions: np.ndarray, faces: np.ndarray) -> Ball:
    """The template with these directions and faces; one that is not known here is joined to its centre."""
    for kind, base, template in (("icosphere", 20, icosphere), ("octasphere", 8, octasphere)):
        n = round((len(faces) / base) ** 0.5)
        if base * n * n == len(faces) and n in SEGMENTS:
            known = template(n)
            if np.array_equal(known[0], directions) and np.array_equal(known[1], faces):
                return ball(kind, n)
    return star(directions, faces)


def star(directions: np.ndarray, faces: np.ndarray) -> Ball:
    """A template whose faces are joined to the centre."""
    cells = np.column_stack([faces[:, [0, 2, 1]], np.full(len(faces), len(directions))])
    return Ball(directions, faces, np.zeros(1, np.int64), np.zeros(1), cells)


def _matcher(points: np.ndarray):
    """A function that gives the number of the grid point at each place."""
    keys = np.round(points, 5) + 0.0
    number = {tuple(key): k for k, key in enumerate(keys.tolist())}
    return lambda places: np.array([number[tuple(key)] for key in (np.round(places, 5) + 0.0).tolist()])


def _blocks(faces: np.ndarray, inner: np.ndarray, place, first: int, last: int) -> np.ndarray:
    """Seven cells between each inner face and the four faces around it."""
    low = faces.T + last
    a, b, c = faces.T
    up = [place(2.0 * inner[k]) + first for k in (a, b, c)]
    ab, bc, ca = (place(inner[p] + inner[q]) + first for p, q in ((a, b), (b, c), (c, a)))
    cells = [(up[0], ab, ca, low[0]), (up[1], bc, ab, low[1]), (up[2], ca, bc, low[2])]
    # the octahedron in the middle, about the axis from ab to the inner corner opposite to it
    ring = (low[0], low[1], bc, ca)
    cells += [(ab, low[2], ring[k], ring[(k + 1) % 4]) for k in range(4)]
    return np.concatenate([np.column_stack(cell) for cell in cells])


def _volume_factor(directions: np.ndarray, faces: np.ndarray) -> float:
    """Factor on the radius that gives the sphere of parabolas through these nodes the volume of the sphere."""
    cells = np.column_stack([faces, np.full(len(faces), len(directions))])
    points = np.concatenate([directions, np.zeros((1, 3))])
    mid = [0.5 * (points[cells[:, a]] + points[cells[:, b]]) for a, b in EDGES]
    mid = [m / np.linalg.norm(m, axis=1)[:, None] if 3 not in ends else m for m, ends in zip(mid, EDGES, strict=True)]
    own = len(points) + np.arange(6 * len(cells)).reshape(6, -1).T
    volume, _ = measure(np.concatenate([points, *mid]), np.column_stack([cells, own]))
    return float(np.cbrt(4.0 * np.pi / 3.0 / np.abs(volume.sum())))


def _positive(points: np.ndarray, cells: np.ndarray) -> np.ndarray:
    a, b, c, d = (points[cells[:, k]] for k in range(4))
    negative = np.einsum("ci,ci->c", b - a, np.cross(c - a, d - a)) < 0.0
    cells[negative] = cells[negative][:, [0, 2, 1, 3]]
    return cells
