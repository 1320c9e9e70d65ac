"""How large the cells are: small at gaps and grains, growing steadily away from them.

The size is h(x) = min over all places y of [h0(y) + slope |x - y|], where h0 is what each place asks for: a part
of the diameter in and on a grain, the width of the gap where grains come near each other or a wall, a part of
the thickness in a layer. It is computed once on a raster in strip coordinates and looked
up by the mesher.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from seix.geometry.patch import FREE

if TYPE_CHECKING:
    from seix.geometry.layers import Structure
    from seix.scenario import MeshControl

ACROSS_GAP = 0.7
"""Cell size over gap width for one cell across: a little less than the gap is wide, as fields peak there."""
BESIDE_LINE = 2.0
"""Cell size over distance, where a grain passes a line of the mesh that is no surface of the material."""
LARGEST_IN_GAP = 2.0
"""Cell size over gap width that no control exceeds: longer cells get small angles."""
LARGEST_ON_GRAIN = 0.4
"""Cell size over diameter that no control exceeds: eight edges keep the area of a circle to 0.1 %."""
STEEPEST = 0.6
"""Largest change of size over distance that can be meshed without small angles."""
LEVEL_RATIO = 1.1
"""Ratio of the sizes that places are sorted into; each is rounded down to the next."""
RASTER_LIMIT = 4_000_000
"""Largest number of raster points; very fine grains on a large particle get a coarser raster."""
NARROW = math.radians(60.0)
"""Sectors narrower than this have cells that shrink towards the apex."""
MADE_SHORTER = 1.1
"""Size asked of the mesher over the mean length of the edges it then makes, as measured."""
TRIANGLES = 4.0 / math.sqrt(3.0)
"""Equilateral triangles of unit side on a unit area."""


def steepness(growth: float, coarsening: float = 1.0) -> float:
    """Change of size over distance: neighbours whose sizes differ by the factor g are (1 + g)/2 of the smaller size apart."""
    return min(2.0 * (growth - 1.0) / (growth + 1.0) * coarsening, STEEPEST)


class SizeField:
    """Cell size at every point of a structure.

    Parameters
    ----------
    structure : Structure
    controls : MeshControl
        Cells per diameter, gap and layer, growth.
    coarsening : float
        Multiplies all sizes.
    """

    def __init__(self, structure: Structure, controls: MeshControl, coarsening: float = 1.0) -> None:
        self.frame = frame = structure.frame
        self.slope = steepness(controls.growth, coarsening)
        per_layer = controls.cells_per_layer / coarsening
        self.core_limit = min(frame.core_size, frame.width) / per_layer
        self.electrolyte_limit = frame.electrolyte_depth / per_layer
        self.layer_limits = [layer.thickness / per_layer for layer in structure.layers]
        surface_points, surface_sizes = _grain_surfaces(structure, controls, coarsening)
        self.smallest = min([*self.layer_limits, self.core_limit, self.electrolyte_limit,
                             surface_sizes.min(initial=np.inf)])  # fmt: skip
        self._make_raster()
        wanted = self._layer_sizes(structure)
        self._stamp_grains(wanted, structure, coarsening / controls.cells_per_diameter)
        self._stamp_points(wanted, surface_points, surface_sizes)
        self.sizes = self._spread(wanted)

    def _make_raster(self) -> None:
        """Raster over the SEI and a margin on both sides, in which the sizes level out along the SEI."""
        frame = self.frame
        margin = 0.5 * frame.sei_thickness
        self.low = -min(margin, 0.9 * frame.core_size)
        high = frame.sei_thickness + min(margin, frame.electrolyte_depth)
        length = frame.span * frame.outer_scale
        step = max(0.35 * self.smallest, math.sqrt(length * (high - self.low) / RASTER_LIMIT))
        self.columns = max(8, math.ceil(length / step))
        self.rows = max(8, math.ceil((high - self.low) / step))
        self.du, self.dt = frame.span / self.columns, (high - self.low) / self.rows
        self.u = (np.arange(self.columns) + 0.5) * self.du
        self.t = self.low + (np.arange(self.rows) + 0.5) * self.dt

    def _layer_sizes(self, structure: Structure) -> np.ndarray:
        """Sizes (rows, columns) that core, layers and electrolyte ask for."""
        walls = [layer.inner for layer in structure.layers] + [self.frame.sei_thickness]
        limits = np.array([self.core_limit, *self.layer_limits, self.electrolyte_limit])
        return np.repeat(limits[np.searchsorted(walls, self.t)][:, None], self.columns, axis=1)

    def _stamp_grains(self, wanted: np.ndarray, structure: Structure, part: float) -> None:
        """Lower the sizes inside every grain to a part of its diameter."""
        frame = self.frame
        for centre, radius in zip(structure.centres, structure.radii, strict=True):
            u, t = frame.strip(*centre)
            distance = t + (frame.core_size if frame.kind == "particle" else np.inf)
            half_width = radius if np.isinf(distance) else math.asin(min(1.0, radius / distance))
            columns = np.arange(math.floor((u - half_width) / self.du), math.ceil((u + half_width) / self.du) + 1)
            low, high = np.searchsorted(self.t, [t - radius, t + radius])
            x, y = frame.xy((columns + 0.5) * self.du, self.t[low:high, None])
            inside = (x - centre[0]) ** 2 + (y - centre[1]) ** 2 < radius**2
            row, column = np.nonzero(inside)
            column = columns[column]
            if not frame.wraps:
                within = (column >= 0) & (column < self.columns)
                row, column = row[within], column[within]
            place = (row + low, column % self.columns)
            wanted[place] = np.minimum(wanted[place], 2.0 * radius * part)

    def _stamp_points(self, wanted: np.ndarray, points: np.ndarray, sizes: np.ndarray) -> None:
        if not len(points):
            return
        if self.frame.kind == "particle":
            u = np.arctan2(points[:, 1], points[:, 0])
            # rounding may put a point of the first ray just below it, which is no full turn further
            u = u % (2.0 * math.pi) if self.frame.wraps else np.abs(u)
            t = np.hypot(points[:, 0], points[:, 1]) - self.frame.core_size
        else:
            u, t = points[:, 0] % self.frame.period, points[:, 1]
        column = np.clip((u / self.du).astype(int), 0, self.columns - 1)
        row = np.clip(((t - self.low) / self.dt).astype(int), 0, self.rows - 1)
        np.minimum.at(wanted, (row, column), sizes)

    def _spread(self, wanted: np.ndarray) -> np.ndarray:
        """Smallest of h0 + slope x distance over the raster, by a distance transform for each level."""
        from scipy.ndimage import distance_transform_edt  # loads slowly, and forecasts need none

        largest = wanted.max()
        margin = 0
        if self.frame.wraps:
            # farther than this no size reaches along the SEI; distances are those at the core, the shortest
            reach = (largest - self.smallest) / self.slope
            margin = min(self.columns, math.ceil(reach / (self.du * self.frame.inner_scale)))
            wanted = np.hstack([wanted[:, self.columns - margin :], wanted, wanted[:, :margin]])
        level = np.floor(np.log(wanted / self.smallest) / math.log(LEVEL_RATIO) + 1e-9).astype(int)
        result = np.full(wanted.shape, largest)
        for k in np.unique(level):
            size = self.smallest * LEVEL_RATIO**k
            distance = distance_transform_edt(level != k, sampling=(self.dt, self.du * self.frame.inner_scale))
            np.minimum(result, size + self.slope * distance, out=result)
        return result[:, margin : margin + self.columns]

    def function(self) -> Callable[[float, float], float]:
        """The size at a point (x, y) [nm], as a plain function that is fast to call."""
        strip, table = self.frame.strip, array("d", self.sizes.tobytes())
        columns, last, low = self.columns, self.rows - 1, self.low
        per_u, per_t, high = 1.0 / self.du, 1.0 / self.dt, self.low + self.rows * self.dt
        slope, core, electrolyte = self.slope, self.core_limit, self.electrolyte_limit
        sector = self.frame.sector
        taper = sector if sector is not None and sector < NARROW else None
        core_size = self.frame.core_size

        def size(x: float, y: float) -> float:
            u, t = strip(x, y)
            column = int(u * per_u)
            column = 0 if column < 0 else column if column < columns else columns - 1
            if t < low:
                h = min(table[column] + slope * (low - t), core)
                if taper is not None:
                    h = min(h, max(taper * (t + core_size), 1e-3 * core_size))
            elif t >= high:
                h = min(table[last * columns + column] + slope * (t - high), electrolyte)
            else:
                row = int((t - low) * per_t)  # may round up to one too many
                h = table[(row if row < last else last) * columns + column]
            return MADE_SHORTER * h

        return size

    def estimated_cells(self) -> int:
        """Number of triangles that these sizes make, from the integral of 1/h2."""
        frame = self.frame
        inner, outer = self.sizes[0], self.sizes[-1]
        radius = frame.core_size + self.t if frame.kind == "particle" else np.ones(self.rows)
        number = (self.du * self.dt * radius[:, None] / self.sizes**2).sum()
        high = self.low + self.rows * self.dt
        for start, end, edge, limit in (
            (self.low, -frame.core_size, inner, self.core_limit),
            (high, frame.sei_thickness + frame.electrolyte_depth, outer, self.electrolyte_limit),
        ):
            steps = np.linspace(start, end, 201)
            middle = 0.5 * (steps[1:] + steps[:-1])
            size = np.minimum(edge.mean() + self.slope * np.abs(middle - start), limit)
            areas = np.array([frame.measure(*sorted(pair)) for pair in zip(steps[1:], steps[:-1], strict=True)])
            number += (areas / size**2).sum()
        return int(TRIANGLES * number)


def _grain_surfaces(structure: Structure, controls: MeshControl, coarsening: float) -> tuple[np.ndarray, np.ndarray]:
    """Points on all grain surfaces and the cell sizes asked for there."""
    frame, centres, radii = structure.frame, structure.centres, structure.radii
    if not len(radii):
        return np.empty((0, 2)), np.empty(0)
    smallest_gap = min(layer.gap for layer in structure.layers if layer.fractions)
    count = max(64, math.ceil(math.pi * radii.max() / smallest_gap))
    angle = 2.0 * math.pi * np.arange(count) / count
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    points = (centres[:, None, :] + radii[:, None, None] * circle).reshape(-1, 2)
    owner = np.repeat(np.arange(len(radii)), count)
    near = _to_neighbours(structure, points, owner)
    beside = np.full(len(points), np.inf)
    height = points[:, 1] if frame.kind == "patch" else np.hypot(points[:, 0], points[:, 1]) - frame.core_size
    for index, layer in enumerate(structure.layers):
        here = structure.layer[owner] == index
        for wall, surface in ((layer.inner, index == 0), (layer.outer, index == len(structure.layers) - 1)):
            target = near if surface else beside
            target[here] = np.minimum(target[here], np.abs(height[here] - wall))
    inside = np.ones(len(points), bool)
    for side in range(len(frame.side_names)):
        distance = frame.side_distance(points, side)
        inside &= distance > -1e-9
        on_side = structure.side[owner] != FREE
        beside = np.where(on_side, beside, np.minimum(beside, distance))
    on_grain = min(coarsening / controls.cells_per_diameter, LARGEST_ON_GRAIN)
    in_gap = min(coarsening * ACROSS_GAP / controls.cells_per_gap, LARGEST_IN_GAP)
    size = np.minimum(on_grain * 2.0 * radii[owner], np.minimum(in_gap * near, BESIDE_LINE * beside))
    # points of a cut grain that lie beyond a periodic side belong to its other half, with the same sizes
    return (points, size) if frame.wraps else (points[inside], size[inside])


def _to_neighbours(structure: Structure, points: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """Distance (n,) from surface points to the nearest surface of another grain or periodic image."""
    mirrored = structure.sector is not None
    source = np.arange(len(structure.radii))
    # a mirror image is no object of its own: the ray between it and the grain is treated as a line
    images, source = (structure.centres, source) if mirrored else structure.frame.copies(structure.centres)
    from scipy.spatial import cKDTree  # loads slowly, and forecasts need none

    count = min(10, len(images))
    distance, index = cKDTree(images).query(points, k=range(1, count + 1))
    gap = distance - structure.radii[source[index]]
    return np.where(index == owner[:, None], np.inf, gap).min(axis=1)
