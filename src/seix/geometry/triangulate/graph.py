"""From a structure to the planar graph of its curves, with the same wishes for cell sizes as `geometry.sizing`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seix.geometry.outline import CORE, ELECTROLYTE, region_names, tip_length
from seix.geometry.sizing import ACROSS_GAP, BESIDE_LINE, LARGEST_IN_GAP, LARGEST_ON_GRAIN, NARROW, steepness
from seix.geometry.triangulate.background import NOTHING, Background
from seix.geometry.triangulate.boundaries import Boundaries, polycrystalline
from seix.geometry.triangulate.curves import SAME, Chains, grain_chains, joined, level_chains, level_heights, shapes_of
from seix.geometry.triangulate.near import near_grains
from seix.geometry.triangulate.planar import PlanarGraph
from seix.geometry.triangulate.sampling import CAP, CLOSED, GAP_FACTOR, GRAIN, LAYER, ON_SIDE, SHIFT, Walls, sample

if TYPE_CHECKING:
    from seix.geometry.layers import Structure
    from seix.scenario import MeshControl


@dataclass(frozen=True)
class StructureGraph:
    """The graph of a structure, and what its regions stand for.

    Attributes
    ----------
    graph : PlanarGraph
        Its regions are numbers of pieces.
    region, grain, layer : ndarray (p,) of int32
        Of each piece: number of the region by name, grain and layer, -1 where there is none.
    slope : float
        Largest change of edge length over distance.
    """

    graph: PlanarGraph
    region: np.ndarray
    grain: np.ndarray
    layer: np.ndarray
    slope: float


class Sizes:
    """Wishes of the mesh controls, as lengths [nm] and ratios.

    Parameters
    ----------
    structure : Structure
    controls : MeshControl
    coarsening : float
        Multiplies all sizes.
    """

    def __init__(self, structure: Structure, controls: MeshControl, coarsening: float) -> None:
        frame, layers = structure.frame, structure.layers
        self.slope = steepness(controls.growth, coarsening)
        per_layer = controls.cells_per_layer / coarsening
        self.core = min(frame.core_size, frame.width) / per_layer
        self.electrolyte = frame.electrolyte_depth / per_layer
        self.layers = np.array([layer.thickness / per_layer for layer in layers])
        self.in_gap = min(coarsening * ACROSS_GAP / controls.cells_per_gap, LARGEST_IN_GAP)
        on_grain = min(coarsening / controls.cells_per_diameter, LARGEST_ON_GRAIN)
        around = np.append(self.layers, self.core)  # domains of the core are in layer -1
        self.grains = np.minimum(on_grain * 2.0 * structure.radii, around[structure.layer])

    def of_levels(self, kind: str) -> np.ndarray:
        """Largest edge length on each level."""
        beside = [self.core, *self.layers, self.electrolyte]
        inner = [self.core] if kind == "patch" else []
        return np.array([*inner, *np.minimum(beside[:-1], beside[1:]), self.electrolyte])


def structure_graph(structure: Structure, controls: MeshControl, coarsening: float = 1.0,
                    field: Background = NOTHING) -> StructureGraph:  # fmt: skip
    """The curves of a structure, cut into edges of the sizes that the controls ask for.

    Parameters
    ----------
    structure : Structure
        Plane.
    controls : MeshControl
    coarsening : float
        Multiplies all sizes of the controls.
    field : Background
        Edge lengths that are wanted besides.
    """
    sizes = Sizes(structure, controls, coarsening)
    dense = polycrystalline(structure)
    if dense.any():
        boundaries = Boundaries(structure)
        levels = level_chains(structure, [boundaries.on_level(height) for height in level_heights(structure)])
        chains = joined([levels, grain_chains(structure, ~dense), boundaries.chains])
    else:
        chains = joined([level_chains(structure), grain_chains(structure, ~dense)])
    points, piece = _sampled(structure, chains, sizes, field)
    return _Assembly(structure, sizes, chains, points, piece).graph()


def _sampled(structure: Structure, chains: Chains, sizes: Sizes, field: Background) -> tuple[np.ndarray, np.ndarray]:
    """Points on all chains."""
    frame, layers = structure.frame, structure.layers
    near = near_grains(shapes_of(structure), structure.centres, sizes.grains, sizes.in_gap, sizes.slope, frame.period,
                       ~polycrystalline(structure))  # fmt: skip
    # the core comes last, as layer -1
    bands = [*([layer.inner, layer.outer] for layer in layers), [-frame.core_size, 0.0]]
    surface = np.full((len(bands), 2), BESIDE_LINE)
    # all other walls are lines within the SEI, or the end of the core; but a polycrystal has a surface
    surface[0, 0] = surface[-2, 1] = surface[-1, 1] = sizes.in_gap
    dense = np.array([layer.shape == "polycrystal" for layer in layers])
    surface[:-2, 1][dense[1:]] = surface[1:-1, 0][dense[:-1]] = sizes.in_gap
    sides = []
    for side in range(len(frame.side_names)):
        _, inward = frame.side_axes(side)
        sides.append([*inward, frame.period if frame.kind == "patch" and side == 1 else 0.0])
    walls = Walls(
        np.array(bands), surface, np.array(sides).reshape(-1, 3), BESIDE_LINE,
        frame.core_size if frame.kind == "particle" else -1.0,
    )  # fmt: skip
    whole = np.zeros((len(chains), 4), np.int64)
    lengths = np.zeros((len(chains), 3))
    # a boundary between grains looks at other layers only, like a level
    whole[:, GRAIN] = np.where(chains.other < 0, chains.grain, -1)
    whole[:, CLOSED], lengths[:, SHIFT], lengths[:, GAP_FACTOR] = chains.closed, chains.shift, sizes.in_gap
    levels = np.flatnonzero(chains.grain < 0)
    lengths[levels, CAP] = sizes.of_levels(frame.kind)
    walls_within = levels[1:-1][1:-1] if frame.kind == "patch" else levels[:-1][1:-1]
    lengths[walls_within[~(dense[1:] | dense[:-1])], GAP_FACTOR] = BESIDE_LINE
    own = np.flatnonzero(chains.grain >= 0)
    grain = chains.grain[own]
    other = np.where(chains.other[own] < 0, grain, chains.other[own])
    whole[own, LAYER], lengths[own, CAP] = structure.layer[grain], np.minimum(sizes.grains[grain], sizes.grains[other])
    whole[own, ON_SIDE] = structure.side[grain] >= 0
    return sample(chains.pieces, chains.chain, whole, lengths, walls, near, sizes.slope, field)


class _Assembly:
    """Joins the chains by the sides and numbers the regions: core, electrolyte, layers, grains."""

    def __init__(self, structure: Structure, sizes: Sizes, chains: Chains, points: np.ndarray, piece: np.ndarray) -> None:
        self.structure, self.frame, self.sizes, self.chains = structure, structure.frame, sizes, chains
        self.points = [points[:, :2]]
        self.size = [points[:, 2]]
        self.number = len(points)
        # the end of an open chain belongs to the chain of the point before it
        owner = chains.chain[np.where(piece < 0, np.roll(piece, 1), piece)]
        self.first = np.searchsorted(owner, np.arange(len(chains.grain)))
        self.last = np.searchsorted(owner, np.arange(len(chains.grain)), side="right") - 1
        starts = np.flatnonzero(piece >= 0)
        ends = starts + 1
        closing = np.isin(starts, self.last)
        ends[closing] = self.first[owner[starts[closing]]]
        arc = chains.pieces[:, 6] > 0.0
        row = np.cumsum(arc) - 1
        self.segments = [np.column_stack([starts, ends])]
        self.circle = [np.where(arc, row, -1)[piece[starts]]]
        self.circles = chains.pieces[arc][:, 4:7]
        self.segment_of = np.cumsum(piece >= 0) - 1  # segment that starts at a point
        self.fixed: list[int] = []
        self.same = SAME * self.frame.width

    def graph(self) -> StructureGraph:
        """All together."""
        partners = self._sides()
        seeds, seed_region, seed_size = self._seeds()
        segments = np.concatenate(self.segments)
        circle = np.full(len(segments), -1)
        circle[: len(self.circle[0])] = self.circle[0]
        fixed = np.zeros(len(segments), bool)
        fixed[self.fixed] = True
        points, size = np.concatenate(self.points), np.concatenate(self.size)
        if (self.chains.other >= 0).any():
            points, size, segments = _joined_ends(points, size, segments)
        graph = PlanarGraph(
            points, segments, size, seeds, seed_region, seed_size, circle,
            self.circles, partners, fixed,
        )  # fmt: skip
        s, layers, grains = self.structure, len(self.structure.layers), len(self.structure.radii)
        names = region_names(s)[2:]
        matrix = [-1 if layer.shape == "polycrystal" else 2 + names.index(layer.matrix) for layer in s.layers]
        phase = np.array([2 + names.index(name) for name in s.phase_names], int)
        none = [-1] * (2 + layers)
        return StructureGraph(
            graph, np.array([CORE, ELECTROLYTE, *matrix, *phase[s.phase]], np.int32),
            np.array([*none, *range(grains)], np.int32), np.array([-1, -1, *range(layers), *s.layer], np.int32),
            self.sizes.slope,
        )  # fmt: skip

    def _add(self, points: list, size: float) -> np.ndarray:
        """Numbers of new points."""
        self.points.append(np.array(points, float).reshape(-1, 2))
        self.size.append(np.full(len(points), size))
        self.number += len(points)
        return np.arange(self.number - len(points), self.number)

    def _connect(self, nodes: np.ndarray) -> np.ndarray:
        """Numbers of new straight segments along nodes."""
        start = sum(len(part) for part in self.segments)
        self.segments.append(np.column_stack([nodes[:-1], nodes[1:]]))
        return np.arange(start, start + len(nodes) - 1)

    def _sides(self) -> np.ndarray:
        """Segments along the sides, and pairs of those that correspond."""
        frame = self.frame
        inner = self._inner_nodes()
        if frame.closed:
            return np.empty((0, 2), int)
        made = []
        for side in range(2):
            along, _ = frame.side_axes(side)
            nodes = np.concatenate([inner[side], self._on_side(side)])
            _, first = np.unique(np.concatenate(self.points)[nodes] @ along, return_index=True)
            made.append(self._connect(nodes[first]))
        if frame.kind == "patch":
            return np.column_stack(made)
        if self.structure.sector < NARROW:
            # the apex stays a single cell
            chord = self._connect(np.array([inner[0][1], inner[1][1]]))
            self.fixed += [made[0][0], made[1][0], chord[0]]
            self.tip = (chord[0], made[0][1])
        return np.empty((0, 2), int)

    def _inner_nodes(self) -> tuple[np.ndarray, np.ndarray]:
        """Points of the two sides inside the innermost level: none of a patch; the origin and the end of the apex."""
        frame = self.frame
        if frame.kind == "patch":
            return np.empty(0, int), np.empty(0, int)
        origin = self._add([(0.0, 0.0)], self.sizes.core)
        if frame.closed or self.structure.sector >= NARROW:
            return origin, origin
        length = tip_length(self.structure)
        ends = self._add([length * frame.side_axes(side)[0] for side in (0, 1)], self.sizes.core)
        return np.append(origin, ends[0]), np.append(origin, ends[1])

    def _on_side(self, side: int) -> np.ndarray:
        """Ends of the chains that end on a side."""
        level, boundary = self.chains.grain < 0, self.chains.other >= 0
        open_ = ~self.chains.closed & ~level & ~boundary
        if self.frame.kind == "patch":
            cut = open_ & ((self.chains.shift > 0.0) == (side == 1))
        else:
            cut = open_.copy()
            cut[open_] = self.structure.side[self.chains.grain[open_]] == side
        nodes = np.concatenate([self.first[boundary], self.last[boundary]])
        distance = self.frame.side_distance(self.points[0][nodes], side)
        return np.concatenate([
            (self.last if side else self.first)[level], self.first[cut], self.last[cut], nodes[np.abs(distance) < self.same]
        ])  # fmt: skip

    def _seeds(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """A segment and a side of it for each region, the region, and its largest edge length."""
        level = np.flatnonzero(self.chains.grain < 0)
        grains, boundaries = np.flatnonzero(self.chains.grain >= 0), np.flatnonzero(self.chains.other >= 0)
        at = self.segment_of[self.first]
        layers, sizes = len(self.structure.layers), self.sizes
        walls = at[level[1:-1] if self.frame.kind == "patch" else level[:-1]]
        # the outer side of a level is left of a line, right of a counter-clockwise arc
        out = 1 if self.frame.kind == "patch" else -1
        # a polycrystal has no matrix
        filled = [k for k, layer in enumerate(self.structure.layers) if layer.shape != "polycrystal"]
        seeds = [(walls[0], -out), (walls[-1], out), *((walls[k], out) for k in filled)]
        region = [CORE, ELECTROLYTE, *(2 + k for k in filled)]
        largest = [sizes.core, sizes.electrolyte, *sizes.layers[filled]]
        if self.fixed:
            seeds.append((self.tip[0], 1))
            region.append(CORE)
            largest.append(math.inf)
        chain, left = np.concatenate([grains, boundaries]), np.repeat([1, -1], [len(grains), len(boundaries)])
        grain = np.concatenate([self.chains.grain[grains], self.chains.other[boundaries]])
        seeds = np.concatenate([np.array(seeds), np.column_stack([at[chain], left])])
        region = np.concatenate([region, 2 + layers + grain])
        return seeds, region, np.concatenate([largest, sizes.grains[grain]])


def _joined_ends(points: np.ndarray, size: np.ndarray, segments: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points, sizes and segments with one point where several curves end."""
    _, first, place = np.unique(points + 0.0, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    number = rank[place.ravel()]
    least = np.full(len(first), np.inf)
    np.minimum.at(least, number, size)
    return points[first[order]], least, number[segments]
