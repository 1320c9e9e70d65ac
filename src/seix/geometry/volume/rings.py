"""Balls that cross: the circles where they do, and triangulations of what is left of each of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.spatial import ConvexHull

from seix.geometry.assembly.bodies import Bodies
from seix.geometry.volume.walls import Sheet

AROUND = 12
"""Fewest segments of a circle."""
CLEAR = 0.6
"""Distance of other nodes from a circle, in edges around them."""
SMOOTHED = 3.0
"""Distance from a circle within which nodes are moved to the middle of their neighbours, in edges around them."""
SWEEPS = 4
"""Times that they are moved."""


@dataclass(frozen=True)
class Ring:
    """The circle where the surfaces of two particles at one height cross; lengths in nanometres.

    Attributes
    ----------
    bodies : tuple of int
    centre, normal : ndarray (3,)
        The unit normal points from the first to the second particle.
    radius : float
    """

    bodies: tuple[int, int]
    centre: np.ndarray
    normal: np.ndarray
    radius: float

    def points(self, count: int) -> np.ndarray:
        """Evenly spaced points (count, 3)."""
        first = np.roll(np.eye(3)[np.abs(self.normal).argmax()], 1)
        first -= (first @ self.normal) * self.normal
        first /= np.linalg.norm(first)
        angle = 2.0 * math.pi * np.arange(count) / count
        around = np.outer(np.cos(angle), first) + np.outer(np.sin(angle), np.cross(self.normal, first))
        return self.centre + self.radius * around

    def distance(self, points: np.ndarray) -> np.ndarray:
        """Distance (n,) of points (n, 3) from the circle."""
        away = points - self.centre
        along = away @ self.normal
        outwards = np.sqrt(np.maximum((away**2).sum(axis=1) - along**2, 0.0))
        return np.hypot(outwards - self.radius, along)


def find_rings(bodies: Bodies, height: float) -> list[Ring]:
    """The circles where particles of a box, none of which crosses a periodic side, cross at a height over their cores.

    A circle that lies in a third particle is left out.
    """
    found = []
    radii = bodies.radii + height
    for body in range(len(bodies)):
        for direction, chord, _, other in bodies.caps(body, radii):
            if body < other:
                centre = bodies.centres[body] + chord * direction
                found.append(Ring((body, other), centre, direction, math.sqrt(radii[body] ** 2 - chord**2)))
    return found


def cut_sheet(sheet: Sheet, radius: float, caps: list[tuple[np.ndarray, np.ndarray]]) -> Sheet:
    """A sphere about the origin without caps, of which the circles at their edges are given.

    The triangulation is Delaunay on the sphere, that is the convex hull of its nodes. The nodes of a circle are the corners of
    one plane face of the hull, which is left out.

    Parameters
    ----------
    sheet : Sheet
        The whole sphere.
    radius : float
        [nm]
    caps : list of (ndarray (3,), ndarray (k, 3))
        Unit vector to the middle of each cap, and the nodes around it on the sphere [nm]. Caps do not meet.

    Returns
    -------
    Sheet
        Its last nodes are those of the circles, in order.
    """
    nodes = sheet.points / radius
    edge = _edges_around(nodes, sheet.faces)
    away = np.min([_beyond(nodes, *cap) for cap in caps], axis=0)
    kept = away > CLEAR * edge
    free, near = nodes[kept], np.flatnonzero(away[kept] < SMOOTHED * edge[kept])
    fixed = np.concatenate([ring / radius for _, ring in caps])
    owner = np.concatenate([np.full(len(free), -1), np.repeat(np.arange(len(caps)), [len(ring) for _, ring in caps])])
    faces = _hull(np.concatenate([free, fixed]), owner)
    for _ in range(SWEEPS):
        middle = _middles(np.concatenate([free, fixed]), faces)[near]
        free[near] = middle / np.linalg.norm(middle, axis=1)[:, None]
        faces = _hull(np.concatenate([free, fixed]), owner)
    points = np.concatenate([radius * free, *(ring for _, ring in caps)])
    return Sheet(points, faces, np.arange(len(points)))


def _beyond(nodes: np.ndarray, direction: np.ndarray, ring: np.ndarray) -> np.ndarray:
    """Angle (n,) of unit vectors beyond the edge of a cap, negative in it."""
    edge = math.acos(float(np.clip(ring[0] @ direction / np.linalg.norm(ring[0]), -1.0, 1.0)))
    return np.arccos(np.clip(nodes @ direction, -1.0, 1.0)) - edge


def _hull(nodes: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """Faces (m, 3), outwards oriented, of the convex hull of nodes, without those between nodes of one circle."""
    faces = np.sort(ConvexHull(nodes, qhull_options="Qt").simplices, axis=1).astype(np.int64)
    faces = faces[np.lexsort(faces.T[::-1])]  # qhull's order is not ours to rely on
    ring = owner[faces]
    faces = faces[~((ring[:, 0] >= 0) & (ring == ring[:, :1]).all(axis=1))]
    a, b, c = np.moveaxis(nodes[faces], 1, 0)
    inwards = np.einsum("fi,fi->f", a, np.cross(b - a, c - a)) < 0.0
    faces[inwards] = faces[inwards][:, [0, 2, 1]]
    return faces


def _edges_around(nodes: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Mean length (n,) of the edges at each node."""
    pairs = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    length = np.linalg.norm(nodes[pairs[:, 0]] - nodes[pairs[:, 1]], axis=1)
    return np.bincount(pairs[:, 0], length) / np.bincount(pairs[:, 0])


def _middles(nodes: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Mean (n, 3) of the neighbours of each node."""
    pairs = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    total = np.column_stack([np.bincount(pairs[:, 0], nodes[pairs[:, 1], k], len(nodes)) for k in range(3)])
    return total / np.maximum(np.bincount(pairs[:, 0], minlength=len(nodes)), 1)[:, None]
