"""The planar graph of an assembly in the plane, and its mesh."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from seix.geometry.assembly.arcs import Arcs, level_arcs
from seix.geometry.outline import CORE, ELECTROLYTE, binder_regions, region_names
from seix.geometry.shapes import ConvexShapes
from seix.geometry.triangulate.background import background
from seix.geometry.triangulate.expected import expected_triangles
from seix.geometry.triangulate.graph import Sizes
from seix.geometry.triangulate.mesh2d import SMALLEST_ANGLE, second_order
from seix.geometry.triangulate.near import near_grains
from seix.geometry.triangulate.planar import PlanarGraph, refine
from seix.geometry.triangulate.sampling import CX, RADIUS, Walls, sample

if TYPE_CHECKING:
    from seix.geometry.layers import Structure
    from seix.geometry.wanted import WantedSizes
    from seix.input.sections import MeshControl

NO_FACTOR = 1e30
"""Edge length over distance of a wall that asks for nothing."""
CELLS_ACROSS_BOX = 12.0
"""Fewest cells across the box far from all particles."""


def assembly_mesh(structure: Structure, controls: MeshControl, coarsening: float, accept: Callable[[float], None],
                  wanted: WantedSizes | None = None) -> dict:  # fmt: skip
    """Mesh particles in the plane; arguments and result as for `seix.geometry.triangulate.mesh2d`."""
    made = _Graph(structure, controls, coarsening, wanted)
    graph = made.graph()
    accept(expected_triangles(structure, graph, made.sizes, made.heights, [made.sizes.core, *made.shells, made.outside]))
    mesh = refine(graph, SMALLEST_ANGLE, made.sizes.slope, controls.maximum_cells, made.field)
    points, cells = second_order(mesh, graph.circles)
    region, grain, layer = made.meaning()
    return {"points": points, "cells": cells, "region": region[mesh.region], "grain": grain[mesh.region],
            "layer": layer[mesh.region]}  # fmt: skip


class _Graph:
    """Collects the points and segments of levels, grains and the box.

    Regions are numbered core, electrolyte, shells (the layers, and a film of binder if there is one), grains.
    """

    def __init__(self, structure: Structure, controls: MeshControl, coarsening: float, wanted: WantedSizes | None) -> None:
        self.structure, self.frame = structure, structure.frame
        self.sizes = Sizes(structure, controls, coarsening)
        self.field = background(wanted, coarsening)
        per_layer = controls.cells_per_layer / coarsening
        self.outside = min(self.frame.core_size / per_layer, coarsening * self.frame.period / CELLS_ACROSS_BOX)
        self.heights = np.array([0.0, *(layer.outer for layer in structure.layers)])
        self.shells = list(self.sizes.layers)  # largest size in each
        if self.frame.binder > 0.0:
            self.heights = np.append(self.heights, self.frame.solid_thickness)
            self.shells.append(self.frame.binder / per_layer)
        self.points: list[np.ndarray] = []
        self.wish: list[np.ndarray] = []
        self.segments: list[np.ndarray] = []
        self.circle: list[np.ndarray] = []
        self.circles: list[np.ndarray] = []
        self.seeds: list[tuple[int, int, int]] = []  # segment, side, region
        self.count = self.segment_count = self.circle_count = 0

    def meaning(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Region by name, grain and layer of each region of the graph."""
        s, layers, grains = self.structure, len(self.structure.layers), len(self.structure.radii)
        names, binder = region_names(s), binder_regions(s)
        shells = [names.index(name) for name in (*(layer.matrix for layer in s.layers), *binder)]
        phase = np.array([names.index(name) for name in s.phase_names], int)
        region = np.array([CORE, ELECTROLYTE, *shells, *phase[s.phase]], np.int32)
        layer = np.array([-1, -1, *range(layers), *(-1 for _ in binder), *s.layer], np.int32)
        return region, np.array([-1] * (2 + len(shells)) + list(range(grains)), np.int32), layer

    def graph(self) -> PlanarGraph:
        """All together."""
        arcs = level_arcs(self.frame.bodies, self.heights)
        nodes = self._points(np.array(arcs.nodes).reshape(-1, 2), np.inf)
        self._levels(arcs, nodes)
        self._grains()
        partners = self._box(arcs, nodes)
        seeds = np.array(self.seeds)
        largest = np.array([self.sizes.core, self.outside, *self.shells, *self.sizes.grains])
        return PlanarGraph(
            np.concatenate(self.points), np.concatenate(self.segments), np.concatenate(self.wish), seeds[:, :2], seeds[:, 2],
            largest[seeds[:, 2]], np.concatenate(self.circle), np.concatenate(self.circles), partners,
        )  # fmt: skip

    def _points(self, points: np.ndarray, size) -> np.ndarray:
        """Numbers of new points."""
        self.points.append(points)
        self.wish.append(np.broadcast_to(np.asarray(size, float), len(points)))
        self.count += len(points)
        return np.arange(self.count - len(points), self.count)

    def _chain(self, nodes: np.ndarray, circle: np.ndarray) -> int:
        """First of the new segments along nodes; `circle` holds the circle of each, -1 if straight."""
        self.segments.append(np.column_stack([nodes[:-1], nodes[1:]]))
        self.circle.append(circle)
        self.segment_count += len(nodes) - 1
        return self.segment_count - len(nodes) + 1

    def _near(self, walls: tuple[np.ndarray, np.ndarray] | None = None):
        """Grains, and points of the walls with their sizes if given, that ask for small cells around them."""
        centres, radii, floors = self.structure.centres, self.structure.radii, self.sizes.grains
        if walls is not None:
            points, size = walls
            centres = np.concatenate([centres, points])
            radii = np.concatenate([radii, np.zeros(len(points))])
            floors = np.concatenate([floors, size])
        shapes = ConvexShapes(np.arange(len(radii) + 1), centres, radii)
        return near_grains(shapes, centres, floors, self.sizes.in_gap, self.sizes.slope, self.frame.period)

    def _beside(self) -> np.ndarray:
        """Largest edge length on each level: that of the finer of the regions on its sides."""
        beside = np.array([self.sizes.core, *self.shells, self.outside])
        return np.minimum(beside[:-1], beside[1:])

    def _sample(self, pieces: list[np.ndarray], grain: np.ndarray, closed: np.ndarray, cap: np.ndarray, near):
        """Points along chains of arcs: for each chain its points, their sizes, and the circle each one starts."""
        table = np.concatenate(pieces)
        chain = np.repeat(np.arange(len(pieces)), [len(part) for part in pieces])
        zero = np.zeros(len(pieces), np.int64)
        whole = np.column_stack([grain, np.maximum(self._layer_of(grain), 0), closed, zero]).astype(np.int64)
        lengths = np.column_stack([np.zeros(len(pieces)), cap, np.full(len(pieces), self.sizes.in_gap)])
        layers = len(self.structure.layers)
        walls = Walls(np.zeros((layers, 2)), np.full((layers, 2), NO_FACTOR), np.empty((0, 3)), NO_FACTOR, 1e-30)
        points, piece = sample(table, chain, whole, lengths, walls, near, self.sizes.slope, self.field)
        base = self.circle_count
        self.circles.append(table[:, CX : RADIUS + 1])
        self.circle_count += len(table)
        owner = chain[np.where(piece < 0, np.roll(piece, 1), piece)]
        bounds = np.searchsorted(owner, np.arange(len(pieces) + 1))
        return [(points[a:b, :2], points[a:b, 2], base + piece[a:b]) for a, b in pairwise(bounds)]

    def _layer_of(self, grain: np.ndarray) -> np.ndarray:
        return np.where(grain >= 0, np.append(self.structure.layer, -1)[grain], -1)

    def _levels(self, arcs: Arcs, nodes: np.ndarray) -> None:
        level, ends = np.array(arcs.level), np.array(arcs.ends)
        closed = ends[:, 0] < 0
        found = self._sample(arcs.pieces, np.full(len(level), -1), closed, self._beside()[level], self._near())
        self.walls = (np.concatenate([points for points, _, _ in found]), np.concatenate([size for _, size, _ in found]))
        last = len(self.heights) - 1
        for (points, size, circle), k, (first, end) in zip(found, level.tolist(), ends.tolist(), strict=True):
            if first < 0:
                made = self._points(points, size)
                start = self._chain(np.append(made, made[0]), circle)
            else:
                made = self._points(points[1:-1], size[1:-1])
                start = self._chain(np.concatenate([[nodes[first]], made, [nodes[end]]]), circle[:-1])
            # counter-clockwise: the inner side is left
            self.seeds.append((start, 1, CORE if k == 0 else 1 + k))
            self.seeds.append((start, -1, ELECTROLYTE if k == last else 2 + k))

    def _grains(self) -> None:
        s = self.structure
        count = len(s.radii)
        if not count:
            return
        ends = np.array([[1.0, 0.0], [-1.0, 0.0]])
        pieces = [np.column_stack([c + r * ends, c + r * ends[::-1], np.tile([*c, r], (2, 1))])
                  for c, r in zip(s.centres, s.radii, strict=True)]  # fmt: skip
        found = self._sample(pieces, np.arange(count), np.ones(count, bool), self.sizes.grains, self._near(self.walls))
        for grain, (points, size, circle) in enumerate(found):
            made = self._points(points, size)
            start = self._chain(np.append(made, made[0]), circle)
            self.seeds.append((start, 1, 2 + len(self.shells) + grain))

    def _box(self, arcs: Arcs, nodes: np.ndarray) -> np.ndarray:
        """The four sides of the box; returns the pairs of segments of the periodic ones."""
        box = self.frame.period
        corners = self._points(np.array([[0.0, 0.0], [box, 0.0], [0.0, box], [box, box]]), self.outside)
        place = np.array(arcs.nodes).reshape(-1, 2)
        sides = []
        for k, x in enumerate((0.0, box)):
            on = np.flatnonzero(place[:, 0] == x)
            on = on[np.argsort(place[on, 1], kind="stable")]
            chain = np.concatenate([[corners[k]], nodes[on], [corners[k + 2]]])
            start = self._chain(chain, np.full(len(chain) - 1, -1))
            sides.append(np.arange(start, start + len(chain) - 1))
        bottom, top = (self._chain(corners[pair], np.array([-1])) for pair in ([0, 1], [2, 3]))
        self.seeds += [(bottom, 1, ELECTROLYTE), (top, -1, ELECTROLYTE)]
        return np.column_stack(sides)
