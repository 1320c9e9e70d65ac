"""Cellular grains in the plane: power cells drawn inwards, with round corners."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seix.geometry.cell_space import CellSpace
from seix.geometry.cellular import even_cells, inset, solve_inset
from seix.geometry.grains import LayerGrains
from seix.geometry.patch import FREE
from seix.geometry.polygon_lines import mirrored, with_lines
from seix.geometry.polygons import inradii, shrunken
from seix.geometry.power_diagram import Cells, power_cells
from seix.geometry.shapes import ConvexShapes
from seix.geometry.sides import DEEP, best_shift

if TYPE_CHECKING:
    from seix.geometry.layers import LayerShape

ROUNDEST = 1.0 - 1e-6
"""Largest radius of the corners over the inradius: a disc, but for a polygon too small to see."""

LEAST = 0.55
"""Inradius, in gaps, that a cell must have to hold a grain."""


class PlaneCells:
    """The cells of a layer, and the polygons drawn into them.

    Parameters
    ----------
    layer : LayerShape
    space : CellSpace
    grains : LayerGrains
        From :func:`seix.geometry.cellular.seeds`.
    measure : float
        Area of the layer [nm2].
    """

    def __init__(self, layer: LayerShape, space: CellSpace, grains: LayerGrains, measure: float) -> None:
        self.layer, self.grains = layer, grains
        self.origins, weight = even_cells(
            lambda x, w: power_cells(space, x, w, grains.side).division(), space, grains, measure
        )
        cells = power_cells(space, self.origins, weight, grains.side)
        self.start, self.lines = cells.start, cells.lines
        self.side, self.normals = grains.side, space.frame.mirrors
        self.mirror = space.frame.kind == "particle"
        if self.mirror:
            self.inradius = inradii(self.start, self.lines)
        else:
            self._lay_side(cells, space.frame.period)
            # a cut grain must reach its side at any depth: it shrinks towards the largest disc centred there
            self.inradius = inradii(*mirrored(self.start, self.lines, self.normals, self.side))
        self.parts: list[tuple[np.ndarray, ConvexShapes]] = []

    def _lay_side(self, cells: Cells, period: float) -> None:
        """Choose where the side runs, and cut the grains that it crosses or make them give way."""
        owner = cells.grain
        x = cells.vertices[:, 0]
        reach = np.minimum.reduceat(x, cells.start[:-1]), np.maximum.reduceat(x, cells.start[:-1])
        along = self.origins[:, 0]
        along = (along - best_shift(along + reach[0], along + reach[1], period)) % period
        along = np.where(along + reach[1] > period, along - period, along)
        crossed = (along + reach[0] < 0.0) & (along + reach[1] > 0.0)
        centroid = along + cells.centroids[:, 0]
        # lines of crossed cells are told from a point on the side
        move = np.where(crossed[:, None], np.column_stack([-along, cells.centroids[:, 1]]), 0.0)
        self.origins = np.column_stack([along, self.origins[:, 1]]) + move
        self.lines[:, 2] -= (self.lines[:, :2] * move[owner]).sum(axis=1)
        self.normals = np.array([[1.0, 0.0]])
        side = np.where(crossed, 0, FREE)
        deep = inradii(*mirrored(self.start, self.lines, self.normals, side)) >= DEEP * inradii(self.start, self.lines)
        self.side = np.where(deep, side, FREE)
        give_way = np.flatnonzero(crossed & ~deep)
        beyond = np.column_stack([-np.sign(centroid[give_way]), np.zeros((len(give_way), 2))])
        self.start, self.lines = with_lines(self.start, self.lines, give_way, beyond)
        self.origins[self.side == FREE] += np.where(centroid < 0.0, period, 0.0)[self.side == FREE, None] * [1.0, 0.0]

    def fill(self, members: np.ndarray, target: float) -> bool:
        """Shape the grains of one phase so that their areas sum to `target`; False if the gap does not allow it."""
        members = np.flatnonzero(members)
        part = self.grains.weight[members]
        if (self.inradius[members] <= LEAST * self.layer.gap).any():
            return False

        def area(extra: float) -> float:
            return float((part * self._drawn(members, extra).areas()).sum())

        extra = solve_inset(area, target, self.layer.diameter)
        if extra is None:
            return False
        drawn = self._drawn(members, extra)
        factor = np.sqrt(target / (part * drawn.areas()).sum())
        middle = self._middles(drawn, members)[drawn.owner]
        vertices = middle + factor * (drawn.vertices - middle)
        self.parts.append((members, ConvexShapes(drawn.start, vertices, factor * drawn.rounding)))
        return True

    def result(self) -> tuple[LayerGrains, ConvexShapes]:
        """Grains and their shapes, once all phases are filled."""
        members = np.concatenate([m for m, _ in self.parts])
        shapes = [shape for _, shape in self.parts]
        counts = np.concatenate([np.diff(shape.start) for shape in shapes])
        order = np.argsort(members)
        start = np.concatenate([[0], np.cumsum(counts[order])])
        first = np.concatenate([[0], np.cumsum(counts)])[:-1]
        rows = np.arange(start[-1]) + np.repeat(first[order] - start[:-1], counts[order])
        vertices = np.concatenate([shape.vertices for shape in shapes])[rows]
        rounding = np.concatenate([shape.rounding for shape in shapes])[order]
        about_seeds = ConvexShapes(start, vertices, rounding)
        centres = self.origins + self._middles(about_seeds, np.arange(len(order)))
        shapes = ConvexShapes(start, vertices + self.origins[about_seeds.owner], rounding)
        g = self.grains
        return LayerGrains(np.sqrt(about_seeds.areas() / np.pi), g.phase, self.side, g.weight, centres), shapes

    def _drawn(self, members: np.ndarray, extra: float) -> ConvexShapes:
        """Shapes of some grains about their seeds."""
        depth = inset(extra, self.inradius, self.layer.gap)
        rounding = min(self.layer.rounding, ROUNDEST) * np.maximum(self.inradius - depth, 0.0)
        start, vertices = shrunken(
            members, self.start, self.lines, depth + rounding, self.inradius, self.side, self.normals,
            self.mirror,
        )  # fmt: skip
        return ConvexShapes(start, vertices, rounding[members])

    def _middles(self, shapes: ConvexShapes, members: np.ndarray) -> np.ndarray:
        """Means of the vertices of some grains, on the side for those that are cut."""
        counts = np.diff(shapes.start)
        middle = np.add.reduceat(shapes.vertices, shapes.start[:-1]) / counts[:, None]
        for s, normal in enumerate(self.normals):
            on = self.side[members] == s
            middle[on] -= (middle[on] @ normal)[:, None] * normal
        return middle
