"""Curves and surfaces of a structure for Gmsh's built-in kernel: explicit loops, no boolean operations."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from seix.geometry.patch import FREE
from seix.geometry.sizing import NARROW
from seix.properties import BINDER

if TYPE_CHECKING:
    from seix.geometry.layers import Structure

CORE, ELECTROLYTE = 0, 1
"""Region numbers that every mesh has."""
APEX = 0.1
"""Largest radius of the single cell at the apex of a narrow sector, in core radii."""


@dataclass(frozen=True)
class Piece:
    """What one surface stands for: its region by number; grain and layer, -1 where there is none."""

    region: int
    grain: int = -1
    layer: int = -1


@dataclass
class Outline:
    """The geometry of a structure inside Gmsh.

    Attributes
    ----------
    surfaces : dict of int to Piece
        By Gmsh tag.
    sides : list of list of int
        Curves of each side from the core outwards, in corresponding order.
    apex : tuple or None
        Curves of the single cell at a narrow apex.
    centre : tuple or None
        Point to embed at the centre of a whole particle, and the surface that holds it.
    """

    surfaces: dict[int, Piece] = field(default_factory=dict)
    sides: list[list[int]] = field(default_factory=list)
    apex: tuple[int, ...] | None = None
    centre: tuple[int, int] | None = None


def region_names(structure: Structure) -> list[str]:
    """Names of the regions: `core`, `electrolyte`, materials of the SEI (matrices, then grains) and of core domains, `binder`."""
    matrices = [layer.matrix for layer in structure.layers if layer.shape != "polycrystal"]  # which has none
    sei = dict.fromkeys([*matrices, *structure.phase_names])
    return ["core", "electrolyte", *sei, *core_regions(structure), *binder_regions(structure)]


def core_regions(structure: Structure) -> list[str]:
    """Names of the regions of domains in the core."""
    return [] if structure.domains is None else [structure.domains.material]


def binder_regions(structure: Structure) -> list[str]:
    """Name of the region of the binder, if there is one."""
    return [BINDER] if getattr(structure.frame, "binder", 0.0) > 0.0 else []


def tip_length(structure: Structure) -> float:
    """Radius of the single cell at the apex [nm]: it is not refined, so it is no longer than its way to a domain."""
    length = APEX * structure.frame.core_size
    inside = structure.layer < 0
    if not inside.any():
        return length
    nearest = np.linalg.norm(structure.centres[inside], axis=1) - structure.radii[inside]
    return min(length, 0.5 * float(nearest.min()))


def build_outline(geo, structure: Structure) -> Outline:
    """Make all points, curves and surfaces.

    Parameters
    ----------
    geo : gmsh.model.geo
        Of an empty model.
    structure : Structure

    Returns
    -------
    Outline
        The caller still has to synchronise the kernel.
    """
    return _Builder(geo, structure).build()


class _Builder:
    """Goes from the core outwards: levels (curves along the SEI), between them sides with cut grains."""

    def __init__(self, geo, structure: Structure) -> None:
        self.geo, self.structure, self.frame = geo, structure, structure.frame
        self.names = region_names(structure)
        self.out = Outline(sides=[[] for _ in structure.frame.side_names])
        needs_origin = structure.kind == "particle"
        self.origin = geo.addPoint(0.0, 0.0, 0.0) if needs_origin else None

    def build(self) -> Outline:
        layers = self.structure.layers
        heights = [layer.inner for layer in layers] + [self.frame.sei_thickness]
        end = self.frame.sei_thickness + self.frame.electrolyte_depth
        levels = [self._level(t) for t in [*heights, end]]
        self._core(levels[0])
        for index in range(len(layers)):
            self._layer(index, levels[index], levels[index + 1])
        chains = [self._side(side, levels[-2], levels[-1], ()) for side in range(len(self.out.sides))]
        self._surface(levels[-2], levels[-1], chains, [], Piece(ELECTROLYTE))
        return self.out

    def _region(self, material: str) -> int:
        # a material of the SEI is a region of its own even if it is named like the core or the electrolyte
        return 2 + self.names[2:].index(material)

    def _level(self, height: float) -> _Level:
        nodes, round_ = self.frame.level_nodes(height)
        points = [self.geo.addPoint(x, y, 0.0) for x, y in nodes]
        if self.frame.closed:
            points.append(points[0])
        curves = [self.geo.addCircleArc(a, self.origin, b) if round_ else self.geo.addLine(a, b) for a, b in pairwise(points)]
        return _Level(points[0], points[-1], curves)

    def _core(self, top: _Level) -> None:
        """The core: a rectangle, a sector, or a disc with its centre as a node."""
        if self.structure.kind == "patch":
            bottom = self._level(-self.frame.core_size)
            chains = [self._side(side, bottom, top, ()) for side in (0, 1)]
            self._surface(bottom, top, chains, [], Piece(CORE))
            return
        if self.frame.closed:
            surface = self._add([self.geo.addCurveLoop(top.curves)], Piece(CORE))
            self.out.centre = (self.origin, surface)
            return
        start = (self.origin, self.origin)
        if self.structure.sector < NARROW:
            start = self._apex()
        sides = [self.geo.addLine(start[0], top.first), self.geo.addLine(start[1], top.last)]
        for chain, curve in zip(self.out.sides, sides, strict=True):
            chain.append(curve)
        closing = [] if start[0] == start[1] else [-self.out.apex[2]]
        self._add([self.geo.addCurveLoop([sides[0], *top.curves, -sides[1], *closing])], Piece(CORE))

    def _apex(self) -> tuple[int, int]:
        """One triangle at the apex: a mesher would fill the tip of a narrow sector with tiny cells."""
        radius = tip_length(self.structure)
        ends = []
        for side in (0, 1):
            along, _ = self.frame.side_axes(side)
            ends.append(self.geo.addPoint(*(radius * along), 0.0))
        sides = [self.geo.addLine(self.origin, end) for end in ends]
        chord = self.geo.addLine(ends[0], ends[1])
        for chain, curve in zip(self.out.sides, sides, strict=True):
            chain.append(curve)
        self.out.apex = (*sides, chord)
        self._add([self.geo.addCurveLoop([sides[0], chord, -sides[1]])], Piece(CORE))
        return ends[0], ends[1]

    def _layer(self, index: int, bottom: _Level, top: _Level) -> None:
        s = self.structure
        here = np.flatnonzero(s.layer == index)
        holes = [self._grain(grain) for grain in here if s.side[grain] == FREE]
        # a patch is cut along one line, so a grain on it meets both sides
        on = {side: here[(s.side[here] != FREE) & ((s.kind == "patch") | (s.side[here] == side))] for side in (0, 1)}
        chains = [self._side(side, bottom, top, on[side]) for side in range(len(self.out.sides))]
        self._surface(bottom, top, chains, holes, Piece(self._region(s.layers[index].matrix), layer=index))

    def _side(self, side: int, bottom: _Level, top: _Level, grains) -> list[int]:
        """Curves that bound the matrix on one side from level to level, around the halves of cut grains."""
        s = self.structure
        along, inward = self.frame.side_axes(side)
        shift = np.array([s.period, 0.0]) if side == 1 and s.kind == "patch" else np.zeros(2)
        point = bottom.last if side else bottom.first
        outline = []
        for grain in sorted(grains, key=lambda g: float(s.centres[g] @ along)):
            centre, radius = s.centres[grain] + shift, s.radii[grain]
            middle = self.geo.addPoint(*centre, 0.0)
            ends = [self.geo.addPoint(*(centre + radius * d), 0.0) for d in (-along, inward, along)]
            arcs = [self.geo.addCircleArc(a, middle, b) for a, b in pairwise(ends)]
            matrix, inside = self.geo.addLine(point, ends[0]), self.geo.addLine(ends[0], ends[2])
            self._add([self.geo.addCurveLoop([*arcs, -inside])], self._grain_piece(grain))
            outline += [matrix, *arcs]
            self.out.sides[side] += [matrix, inside]
            point = ends[2]
        last = self.geo.addLine(point, top.last if side else top.first)
        self.out.sides[side].append(last)
        return [*outline, last]

    def _grain(self, grain: int) -> int:
        """Loop and surface of a whole grain; the loop is returned for the hole in its layer."""
        centre, radius = self.structure.centres[grain], self.structure.radii[grain]
        middle = self.geo.addPoint(*centre, 0.0)
        points = [
            self.geo.addPoint(centre[0] + radius * math.cos(a), centre[1] + radius * math.sin(a), 0.0)
            for a in (0.0, 0.5 * math.pi, math.pi, 1.5 * math.pi)
        ]
        arcs = [self.geo.addCircleArc(points[k], middle, points[(k + 1) % 4]) for k in range(4)]
        loop = self.geo.addCurveLoop(arcs)
        self._add([loop], self._grain_piece(grain))
        return loop

    def _grain_piece(self, grain: int) -> Piece:
        s = self.structure
        return Piece(self._region(s.phase_names[s.phase[grain]]), int(grain), int(s.layer[grain]))

    def _surface(self, bottom: _Level, top: _Level, chains: list[list[int]], holes: list[int], piece: Piece) -> None:
        """The surface between two levels."""
        if self.frame.closed:
            loops = [self.geo.addCurveLoop(top.curves), self.geo.addCurveLoop(bottom.curves)]
        else:
            first, last = chains
            loops = [self.geo.addCurveLoop([*bottom.curves, *last, *_reversed(top.curves), *_reversed(first)])]
        self._add([*loops, *holes], piece)

    def _add(self, loops: list[int], piece: Piece) -> int:
        surface = self.geo.addPlaneSurface(loops)
        self.out.surfaces[surface] = piece
        return surface


@dataclass(frozen=True)
class _Level:
    first: int  # end points, on side 0 and on side 1
    last: int
    curves: list[int]


def _reversed(curves: list[int]) -> list[int]:
    return [-curve for curve in reversed(curves)]
