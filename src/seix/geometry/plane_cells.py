"""Cellular grains in the plane: power cells drawn inwards, with round corners."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seix.geometry.cell_space import CellSpace
from seix.geometry.cellular import even_cells, inset, solve_inset
from seix.geometry.grains import LayerGrains
from seix.geometry.polygons import inradii, mirrored, shrunken
from seix.geometry.power_diagram import power_cells
from seix.geometry.shapes import ConvexShapes

if TYPE_CHECKING:
    from seix.geometry.layers import LayerShape

ROUNDEST = 1.0 - 1e-6
"""Largest radius of the corners over the inradius: a disc, but for a polygon too small to see."""


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
    rng : numpy.random.Generator
        Not used in the plane.
    """

    def __init__(self, layer: LayerShape, space: CellSpace, grains: LayerGrains, measure: float, rng) -> None:
        self.layer, self.grains = layer, grains
        self.seeds, weight = even_cells(
            lambda x, w: power_cells(space, x, w, grains.side).division(), space, grains, measure
        )
        self.cells = power_cells(space, self.seeds, weight, grains.side)
        self.normals = space.side_normals()
        self.mirror = space.frame.kind == "particle"
        # a cut grain must reach its side at any depth: it shrinks towards the largest disc centred there
        self.inradius = inradii(*mirrored(self.cells.start, self.cells.lines, self.normals, grains.side))
        self.parts: list[tuple[np.ndarray, ConvexShapes]] = []

    def fill(self, members: np.ndarray, target: float) -> bool:
        """Shape the grains of one phase so that their areas sum to `target`; False if the gap does not allow it."""
        members = np.flatnonzero(members)
        part = self.grains.weight[members]

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
        centres = self.seeds + self._middles(about_seeds, np.arange(len(order)))
        shapes = ConvexShapes(start, vertices + self.seeds[about_seeds.owner], rounding)
        g = self.grains
        return LayerGrains(np.sqrt(about_seeds.areas() / np.pi), g.phase, g.side, g.weight, centres), shapes

    def _drawn(self, members: np.ndarray, extra: float) -> ConvexShapes:
        """Shapes of some grains about their seeds."""
        depth = inset(extra, self.inradius, self.layer.gap)
        rounding = min(self.layer.rounding, ROUNDEST) * np.maximum(self.inradius - depth, 0.0)
        start, vertices = shrunken(
            members, self.cells.start, self.cells.lines, depth + rounding, self.inradius, self.grains.side, self.normals,
            self.mirror,
        )  # fmt: skip
        return ConvexShapes(start, vertices, rounding[members])

    def _middles(self, shapes: ConvexShapes, members: np.ndarray) -> np.ndarray:
        """Means of the vertices of some grains, on the side for those that are cut."""
        counts = np.diff(shapes.start)
        middle = np.add.reduceat(shapes.vertices, shapes.start[:-1]) / counts[:, None]
        for s, normal in enumerate(self.normals):
            on = self.grains.side[members] == s
            middle[on] -= (middle[on] @ normal)[:, None] * normal
        return middle
