"""Shapes of grains other than round: rounded convex polygons in the plane, star-shaped polyhedra in space."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from seix.geometry.grains import LayerGrains


@dataclass(frozen=True)
class ConvexShapes:
    """Plane grains as Minkowski sums of a convex polygon and a disc: straight edges joined by arcs.

    Attributes
    ----------
    start : ndarray (n + 1,) of int
        Grain i has the polygon vertices `vertices[start[i]:start[i + 1]]`; a single one makes a disc.
    vertices : ndarray (m, 2)
        Counter-clockwise [nm]. Of a grain that is cut by a side the whole polygon, about its centre on the side.
    rounding : ndarray (n,)
        Radius of the disc, which is that of the arcs [nm]; 0 for sharp polygons, which may share edges.
    """

    start: np.ndarray
    vertices: np.ndarray
    rounding: np.ndarray

    @property
    def owner(self) -> np.ndarray:
        """Grain (m,) of each vertex."""
        return np.repeat(np.arange(len(self.rounding)), np.diff(self.start))

    @property
    def following(self) -> np.ndarray:
        """Index (m,) of the next vertex of the same polygon."""
        after = np.arange(1, len(self.vertices) + 1)
        after[self.start[1:] - 1] = self.start[:-1]
        return after

    def areas(self) -> np.ndarray:
        """Areas (n,) [nm2]: polygon, strips along its edges, and one disc."""
        return self._areas

    @cached_property  # statistics ask for each layer
    def _areas(self) -> np.ndarray:
        a, b = self.vertices, self.vertices[self.following]
        cross = np.bincount(self.owner, a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0], len(self.rounding))
        return 0.5 * cross + self._lengths * self.rounding + np.pi * self.rounding**2

    def perimeters(self) -> np.ndarray:
        """Perimeters (n,) [nm]."""
        return self._lengths + 2.0 * np.pi * self.rounding

    @cached_property
    def _lengths(self) -> np.ndarray:
        edge = self.vertices[self.following] - self.vertices
        return np.bincount(self.owner, np.hypot(edge[:, 0], edge[:, 1]), len(self.rounding))


@dataclass(frozen=True)
class StarShapes:
    """Grains in space as closed triangulated surfaces that every ray from the centre meets once.

    Attributes
    ----------
    directions : ndarray (k, 3)
        Unit vectors of the vertices of the template, before it is turned.
    faces : ndarray (f, 3) of int
        Triangles of the template, outwards oriented.
    turns : ndarray (n, 3, 3)
        Rotation of the template of each grain; that of a cut grain has one coordinate plane of the template on the
        side.
    distances : ndarray (n, k)
        From the centre to each vertex [nm].
    """

    directions: np.ndarray
    faces: np.ndarray
    turns: np.ndarray
    distances: np.ndarray

    @property
    def segments(self) -> int:
        """Segments to an edge of the octahedron that the template is."""
        return round(math.sqrt(len(self.faces) / 8))

    def vertices(self) -> np.ndarray:
        """Vertices (n, k, 3) relative to the centres [nm]."""
        return self.distances[:, :, None] * np.einsum("nij,kj->nki", self.turns, self.directions)

    def volumes(self) -> np.ndarray:
        """Volumes (n,) of the polyhedra [nm3]."""
        return self._volumes

    @cached_property
    def _volumes(self) -> np.ndarray:
        a, b, c = np.moveaxis(self.vertices()[:, self.faces], 2, 0)
        return np.einsum("nfi,nfi->n", a, np.cross(b, c)) / 6.0

    def surfaces(self) -> np.ndarray:
        """Surface areas (n,) [nm2]."""
        return self._surfaces

    @cached_property
    def _surfaces(self) -> np.ndarray:
        a, b, c = np.moveaxis(self.vertices()[:, self.faces], 2, 0)
        return 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=2).sum(axis=1)


def join_shapes(layers: Sequence[tuple[LayerGrains, ConvexShapes | StarShapes | None]]) -> ConvexShapes | StarShapes | None:
    """Shapes of the grains of several layers in a row.

    Parameters
    ----------
    layers : sequence of (LayerGrains, shapes)
        None stands for round grains. Among polygons discs stay discs; among star shapes spheres become polyhedra of
        the same template and of equal volume.

    Returns
    -------
    ConvexShapes, StarShapes or None
        None if all grains are round.
    """
    given = [shape for _, shape in layers if shape is not None]
    if not given:
        return None
    join = _join_stars if isinstance(given[0], StarShapes) else _join_polygons
    return join(layers, given[0])


def _join_polygons(layers, _first) -> ConvexShapes:
    parts = [
        shape or ConvexShapes(np.arange(len(grains.radii) + 1), grains.centres, grains.radii) for grains, shape in layers
    ]
    numbers = np.concatenate([np.diff(part.start) for part in parts])
    start = np.concatenate([[0], np.cumsum(numbers)])
    return ConvexShapes(start, np.concatenate([p.vertices for p in parts]), np.concatenate([p.rounding for p in parts]))


def _join_stars(layers, first: StarShapes) -> StarShapes:
    one = StarShapes(first.directions, first.faces, np.eye(3)[None], np.ones((1, len(first.directions))))
    equal_volume = (4.0 * np.pi / 3.0 / one.volumes()[0]) ** (1.0 / 3.0)
    turns, distances = [], []
    for grains, shape in layers:
        n = len(grains.radii)
        turns.append(np.broadcast_to(np.eye(3), (n, 3, 3)) if shape is None else shape.turns)
        ball = np.repeat(equal_volume * grains.radii[:, None], len(first.directions), axis=1)
        distances.append(ball if shape is None else shape.distances)
    return StarShapes(first.directions, first.faces, np.concatenate(turns), np.concatenate(distances))
