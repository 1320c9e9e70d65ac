"""Cellular grains in space: power cells drawn inwards, seen along the directions of a template.

All vertices lie in the convex cell, hence so do all edges and faces between them: films are as thick as the insets say
whatever the template.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit
from scipy.spatial.transform import Rotation

from seix.geometry.cell_space import CellSpace
from seix.geometry.cellular import even_cells, inset, solve_inset
from seix.geometry.grains import LayerGrains
from seix.geometry.patch import FREE
from seix.geometry.shapes import StarShapes
from seix.geometry.sides import DEEP, best_shift
from seix.geometry.space_diagram import GRAZING, Views, to_ball, view_cells
from seix.geometry.volume.templates import octasphere

if TYPE_CHECKING:
    from seix.geometry.layers import LayerShape

BALANCED = 3
"""Segments of the template with which volumes are balanced."""
SEGMENTS = (4, 6, 8, 12)
"""Segments of the templates of grains, from coarse to fine; the first one that holds the fractions is used."""
LEAST = 0.55
"""Distance of the nearest plane from the centre of a grain, in gaps, below which there is no room for it."""


class StarCells:
    """The cells of a layer, and the polyhedra drawn into them.

    Parameters
    ----------
    layer : LayerShape
    space : CellSpace
    grains : LayerGrains
        From :func:`seix.geometry.cellular.seeds`.
    measure : float
        Volume of the layer [nm3].
    rng : numpy.random.Generator
        Turns the templates.
    """

    def __init__(self, layer: LayerShape, space: CellSpace, grains: LayerGrains, measure: float, rng) -> None:
        self.layer, self.space, self.grains = layer, space, grains
        self.turns = Rotation.random(len(grains.radii), rng=rng).as_matrix()
        self.balanced = octasphere(BALANCED)
        self.normals = space.frame.mirrors if space.frame.kind == "particle" else np.eye(3)[:2]
        directions = np.einsum("nij,kj->nki", self.turns, self.balanced[0])
        angles = solid_angles(*self.balanced)
        at_seeds = np.zeros_like(grains.centres)
        self.seeds, self.weight = even_cells(
            lambda x, w: view_cells(space, x, w, grains.side, at_seeds, directions).division(directions, angles),
            space, grains, measure,
        )  # fmt: skip
        self.side, self.more = grains.side, None
        views = view_cells(space, self.seeds, self.weight, grains.side, at_seeds, directions)
        self.view = views.division(directions, angles).centroid
        self.places = self.seeds
        if space.frame.kind == "patch":
            self._lay_sides(views, directions)
            views = view_cells(space, self.seeds, self.weight, grains.side, at_seeds, directions, self.more)
            self.view = views.division(directions, angles).centroid
        self._onto_sides()

    def _lay_sides(self, views: Views, directions: np.ndarray) -> None:
        """Choose where the sides run, and cut the grains that they cross or make them give way."""
        period, n = self.space.frame.period, len(self.seeds)
        first = np.repeat(np.arange(n), np.diff(views.start))
        # distances of the planes from the centroids
        offset = views.planes[:, 3] - (views.planes[:, :3] * self.view[first]).sum(axis=1)
        whole = np.minimum.reduceat(offset, views.start[:-1])
        depth, crossed, places = np.zeros((n, 2)), np.zeros((n, 2), bool), self.seeds.copy()
        for axis in range(2):
            reach = views.distances * directions[:, :, axis]
            low, high = reach.min(axis=1), reach.max(axis=1)
            along = self.seeds[:, axis]
            along = (along - best_shift(along + low, along + high, period)) % period
            along = np.where(along + high > period, along - period, along)
            crossed[:, axis] = (along + low < 0.0) & (along + high > 0.0)
            places[:, axis] = along
            on_side = -(along + self.view[:, axis])  # from the centroid to the side
            nearest = np.minimum.reduceat(offset - views.planes[:, axis] * on_side[first], views.start[:-1])
            depth[:, axis] = np.where(crossed[:, axis], nearest / whole, -np.inf)
        axis = depth.argmax(axis=1)
        self.side = np.where(depth.max(axis=1) >= DEEP, axis, FREE)
        rows = []
        for axis in range(2):
            centroid = places[:, axis] + self.view[:, axis]
            give_way = crossed[:, axis] & (self.side != axis)
            beyond = np.where(centroid > 0.0, -1.0, 1.0)
            row = np.zeros((n, 4))
            row[:, axis] = beyond
            row[:, 3] = np.where(give_way, -beyond * places[:, axis], np.inf)
            rows.append(row)
            back = (centroid < 0.0) & (self.side != axis)
            places[:, axis] += np.where(back, period, 0.0)
        self.places, self.more = places, np.stack(rows, axis=1)

    def _onto_sides(self) -> None:
        """Move the points of view of cut grains onto their sides, and a plane of their templates."""
        angle = np.arctan2(self.turns[:, 1, 0], self.turns[:, 0, 0])
        for s, normal in enumerate(self.normals):
            on = self.side == s
            centre = self.places[on] + self.view[on]
            self.view[on] -= (centre @ normal)[:, None] * normal
            first = np.roll(np.eye(3)[np.abs(normal).argmax()], 1)
            first = first - (first @ normal) * normal
            first /= np.linalg.norm(first)
            second = np.cross(normal, first)
            cos, sin = np.cos(angle[on])[:, None], np.sin(angle[on])[:, None]
            turned = (cos * first + sin * second, cos * second - sin * first, np.broadcast_to(normal, (on.sum(), 3)))
            self.turns[on] = np.stack(turned, axis=2)

    def use(self, segments: int) -> None:
        """Look at the cells along the directions of a template."""
        self.directions, self.faces = octasphere(segments)
        self.turned = np.einsum("nij,kj->nki", self.turns, self.directions)
        a, b, c = np.moveaxis(self.directions[self.faces], 1, 0)
        self.blocks = np.einsum("fi,fi->f", a, np.cross(b, c)) / 6.0
        views = view_cells(self.space, self.seeds, self.weight, self.grains.side, self.view, self.turned, self.more)
        self.start, self.planes = views.start, views.planes
        self.inradius = np.minimum.reduceat(views.planes[:, 3], views.start[:-1])
        if self.space.ball:
            self.inradius = np.minimum(self.inradius, self.space.ball - np.linalg.norm(self.places + self.view, axis=1))
        self.distances = np.zeros_like(views.distances)

    def fill(self, members: np.ndarray, target: float) -> bool:
        """Shape the grains of one phase so that their volumes sum to `target`; False if gap and template do not allow it."""
        members = np.flatnonzero(members)
        part = self.grains.weight[members]
        if (self.inradius[members] <= LEAST * self.layer.gap).any():
            return False

        def volume(extra: float) -> float:
            return float((part * self._volumes(self._drawn(members, extra))).sum())

        extra = solve_inset(volume, target, self.layer.diameter)
        if extra is None:
            return False
        drawn = self._drawn(members, extra)
        self.distances[members] = np.cbrt(target / (part * self._volumes(drawn)).sum()) * drawn
        return True

    def _drawn(self, members: np.ndarray, extra: float) -> np.ndarray:
        """Distances of the vertices of some grains from their centres."""
        depth = inset(extra, self.inradius, self.layer.gap)
        distances = rays(members, self.start, self.planes, depth, self.turned, self.places + self.view, self.space.ball)
        if self.space.frame.kind == "particle":
            cut = self.side[members] != FREE  # its halves are mirror images
            distances[cut] = np.minimum(distances[cut], distances[cut][:, _images(self.directions)])
        rounding = self.layer.rounding
        return 1.0 / (rounding / distances.min(axis=1, keepdims=True) + (1.0 - rounding) / distances)

    def _volumes(self, distances: np.ndarray) -> np.ndarray:
        a, b, c = (distances[:, self.faces[:, k]] for k in range(3))
        return (a * b * c) @ self.blocks

    def result(self) -> tuple[LayerGrains, StarShapes]:
        """Grains and their shapes, once all phases are filled."""
        g, centres = self.grains, self.places + self.view
        if self.space.frame.kind == "patch":
            for s in range(2):
                centres[self.side == s, s] = 0.0
        radii = np.cbrt(0.75 / np.pi * self._volumes(self.distances))
        shapes = StarShapes(self.directions, self.faces, self.turns, self.distances)
        return LayerGrains(radii, g.phase, self.side, g.weight, centres), shapes


def solid_angles(directions: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Solid angles (k,) that the directions of a template stand for: a third of each triangle around.

    Of the triangles after A. van Oosterom and J. Strackee, IEEE Trans. Biomed. Eng. 30 (1983) 125.
    """
    a, b, c = np.moveaxis(directions[faces], 1, 0)
    triple = np.einsum("fi,fi->f", a, np.cross(b, c))
    sums = 1.0 + (a * b).sum(axis=1) + (b * c).sum(axis=1) + (c * a).sum(axis=1)
    angle = 2.0 * np.arctan2(triple, sums)
    return np.bincount(faces.ravel(), np.repeat(angle / 3.0, 3), len(directions))


def _images(directions: np.ndarray) -> np.ndarray:
    """Index (k,) of the image of each direction in the plane z = 0."""
    keys = {tuple(d): k for k, d in enumerate(directions.tolist())}
    return np.array([keys[x, y, -z + 0.0] for x, y, z in directions.tolist()])


@njit(cache=True)
def rays(members, start, planes, depth, directions, places, ball):
    """Distances (m, k) from the centres of some grains to their planes, and the outer ball, all drawn inwards.

    Parameters
    ----------
    members : ndarray (m,) of int
    start, planes : ndarray (n + 1,) of int, (p, 4)
    depth : ndarray (n,)
    directions : ndarray (n, k, 3)
    places : ndarray (n, 3)
        Centres.
    ball : float
        Radius of the ball about the origin, 0 for none.
    """
    result = np.full((len(members), directions.shape[1]), np.inf)
    for m, i in enumerate(members):
        for k in range(directions.shape[1]):
            u, v, w = directions[i, k, 0], directions[i, k, 1], directions[i, k, 2]
            if ball > 0.0:
                result[m, k] = to_ball(places[i, 0], places[i, 1], places[i, 2], u, v, w, ball - depth[i])
            for p in range(start[i], start[i + 1]):
                cos = planes[p, 0] * u + planes[p, 1] * v + planes[p, 2] * w
                room = planes[p, 3] - depth[i]
                if cos > GRAZING and room < result[m, k] * cos:
                    result[m, k] = room / cos
    return result
