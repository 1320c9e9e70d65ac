"""How large the cells are in space: templates of the grains, sizes on walls and sides, and what they add up to.

The size at a place is the smallest of what grains and layers ask for, each growing steadily with the distance.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from seix.geometry.volume.rings import AROUND, find_rings

if TYPE_CHECKING:
    from seix.geometry.assembly.bodies import Bodies
    from seix.geometry.layers import Structure
    from seix.input.sections import MeshControl

ALONG_GAP = 0.9
"""Cell size over the root of gap times radius, the length over which a gap widens, for one quadratic cell across."""
ALONG_NARROWS = 0.7
"""The same where the gap is one of the electrolyte between particles."""
CELLS_ACROSS_BOX = 8.0
"""Fewest cells across the box of several particles, far from all of them."""
ACROSS_GAP = 1.3
"""Cell size over the width of one of several cells across a gap."""
COARSEST = 0.95
"""Cell size over radius that no control exceeds: 32 faces."""
STEEPEST = 0.6
"""Largest change of size over distance that can be meshed without small angles."""
NEIGHBOURS = 8
"""Grains looked at around a point."""


class Narrows:
    """The narrow places between balls in a box, and between them and its sides, and the circles where balls cross.

    Parameters
    ----------
    frame : AssemblyFrame
    heights : list of float
        Of all walls over the cores [nm].
    slope : float
        Change of size over distance.
    """

    def __init__(self, frame, heights: list[float], slope: float) -> None:
        self.bodies, self.heights, self.slope = frame.bodies, heights, slope
        self.rings = [ring for height in heights for ring in find_rings(frame.bodies, height)]
        self.apart = [_apart(frame.bodies, height) for height in heights]

    def sizes(self, points: np.ndarray) -> np.ndarray:
        """Largest size (n,) at points (n, 3) of the box, from the width of the gap there and the radii beside it [nm]."""
        bodies, rows = self.bodies, np.arange(len(points))
        over = np.linalg.norm(points[:, None] - bodies.centres, axis=2) - bodies.radii
        first = over.argmin(axis=1)
        to_side = np.minimum(points, bodies.box - points).min(axis=1)
        size = np.full(len(points), np.inf)
        for height, apart in zip(self.heights, self.apart, strict=True):
            away = np.where(apart[first], np.maximum(over - height, 0.0), np.inf)
            near = np.maximum(over[rows, first] - height, 0.0)
            width = near + np.minimum(away.min(axis=1), np.maximum(to_side, 0.0))
            size = np.minimum(size, ALONG_NARROWS * np.sqrt((bodies.radii[first] + height) * width))
        for ring in self.rings:
            size = np.minimum(size, 2.0 * math.pi * ring.radius / AROUND + self.slope * ring.distance(points))
        return size


def _apart(bodies: Bodies, height: float) -> np.ndarray:
    """Which other balls (b, b) of a height each one does not touch."""
    apart = ~np.eye(len(bodies), dtype=bool)
    for link in bodies.touching(height):
        apart[link.first, link.second] = apart[link.second, link.first] = False
    return apart


class SolidSizes:
    """Cell sizes of a structure in space.

    Parameters
    ----------
    structure : Structure
    controls : MeshControl
        Cells per diameter, gap and layer, growth.
    coarsening : float
        Multiplies all sizes.

    Attributes
    ----------
    grain : ndarray (n,)
        Size wanted on the surface of each grain [nm].
    slope : float
        Change of size over distance.
    heights : list of float
        Of all walls over the core [nm].
    shells : list of (float, float, float)
        Inner and outer height of each layer, and of a film of binder, and the largest size in it [nm].
    """

    def __init__(self, structure: Structure, controls: MeshControl, coarsening: float = 1.0) -> None:
        self.structure, self.frame, self.coarsening = structure, structure.frame, coarsening
        frame = self.frame
        # neighbours whose sizes differ by the factor g are (1 + g)/2 of the smaller size apart
        self.slope = min(2.0 * (controls.growth - 1.0) / (controls.growth + 1.0) * coarsening, STEEPEST)
        per_layer = controls.cells_per_layer / coarsening
        width = frame.period if frame.kind == "patch" else frame.core_size
        self.core_limit = min(frame.core_size, width) / per_layer
        self.electrolyte_limit = frame.electrolyte_depth / per_layer
        self.heights = [*(layer.inner for layer in structure.layers), frame.sei_thickness]
        self.shells = [(layer.inner, layer.outer, layer.thickness / per_layer) for layer in structure.layers]
        self.narrows = None
        if frame.kind == "particles":
            self.core_limit = float(frame.bodies.radii.min()) / per_layer
            ball = frame.core_size + frame.solid_thickness
            self.electrolyte_limit = min(ball / per_layer, coarsening * frame.period / CELLS_ACROSS_BOX)
            if frame.binder > 0.0:
                self.heights.append(frame.solid_thickness)
                self.shells.append((frame.sei_thickness, frame.solid_thickness, frame.binder / per_layer))
            self.narrows = Narrows(frame, self.heights, self.slope / coarsening)
        # sizes shrink towards the tip of a cone with its width
        self.taper = math.inf if frame.kind == "patch" or frame.section != "cone" else 1.5 * math.tan(frame.half_angle)
        self._gather()
        self.grain = self._grain_sizes(controls, coarsening)

    def _gather(self) -> None:
        """Centres and outer radii of grains and periodic images, as a search tree."""
        s = self.structure
        self.radii = s.radii if s.shapes is None else s.shapes.distances.max(axis=1)
        if not len(self.radii):
            self.tree = None
            return
        centres, self.source = (s.centres, np.arange(len(s.radii)))
        if s.kind == "patch":
            centres, self.source = s.frame.copies(s.centres)
            reach = 2.0 * self.radii.max() + self.core_limit
            near = ((centres[:, :2] > -reach) & (centres[:, :2] < s.period + reach)).all(axis=1)
            centres, self.source = centres[near], self.source[near]
        self.centres, self.tree = centres, cKDTree(centres)

    def _grain_sizes(self, controls: MeshControl, coarsening: float) -> np.ndarray:
        """Sizes from diameters, and from the narrowest gap beside each grain."""
        if self.tree is None:
            return np.empty(0)
        mean, gap = self.mean_radii(), self._gaps()
        size = np.minimum(2.0 * mean / controls.cells_per_diameter, ALONG_GAP * np.sqrt(mean * gap) / controls.cells_per_gap)
        if controls.cells_per_gap > 1.0:
            size = np.minimum(size, ACROSS_GAP * gap / controls.cells_per_gap)
        return np.minimum(coarsening * size, COARSEST * mean)

    def _gaps(self) -> np.ndarray:
        """Distance (n,) from each grain to the nearest wall or other grain; for cellular grains the asked gap [nm]."""
        s = self.structure
        asked = np.array([layer.gap for layer in s.layers])[s.layer]
        if s.shapes is not None:
            return asked
        height = s.frame.height(s.centres)
        walls = np.array([[layer.inner, layer.outer] for layer in s.layers])[s.layer]
        result = np.minimum(height - walls[:, 0], walls[:, 1] - height) - s.radii
        count = min(NEIGHBOURS, len(self.centres))
        distance, index = self.tree.query(s.centres, k=range(1, count + 1))
        near = self.source[index]
        apart = distance - s.radii[near] - s.radii[:, None]
        apart[near == np.arange(len(s.radii))[:, None]] = np.inf
        return np.maximum(np.minimum(result, apart.min(axis=1)), 0.5 * asked)

    def at(self, points: np.ndarray) -> np.ndarray:
        """Size (n,) wanted at points (n, 3) outside grains [nm]."""
        size = self.at_layers(points)
        if self.tree is not None:
            count = min(NEIGHBOURS, len(self.centres))
            distance, index = self.tree.query(points, k=range(1, count + 1))
            near = self.source[index]
            away = np.maximum(distance - self.radii[near], 0.0)
            size = np.minimum(size, (self.grain[near] + self.slope * away).min(axis=1))
        spots = self.structure.spots
        if spots is not None:
            fine = replace(spots, size=self.coarsening * spots.size)
            size = np.minimum(size, fine.sizes(points, self.frame.period, self.heights[-1], self.slope))
        if math.isfinite(self.taper):
            size = np.minimum(size, self.taper * np.linalg.norm(points, axis=1))
        return size

    def at_layers(self, points: np.ndarray) -> np.ndarray:
        """Size (n,) that core, layers and electrolyte ask for, whatever the grains [nm]."""
        height = self.frame.height(points)
        size = self.core_limit + self.slope * np.maximum(height, 0.0)
        top = self.heights[-1]
        size = np.minimum(size, self.electrolyte_limit + self.slope * np.maximum(top - height, 0.0))
        for inner, outer, limit in self.shells:
            away = np.maximum(np.maximum(inner - height, height - outer), 0.0)
            size = np.minimum(size, limit + self.slope * away)
        return size if self.narrows is None else np.minimum(size, self.coarsening * self.narrows.sizes(points))

    def relative(self) -> np.ndarray:
        """Size (n,) wanted on each grain, in its mean radius."""
        return self.grain / self.mean_radii()

    def mean_radii(self) -> np.ndarray:
        """Radius (n,) of each grain, the mean of its vertices if it is not round [nm]."""
        shapes = self.structure.shapes
        return self.structure.radii if shapes is None else shapes.distances.mean(axis=1)
