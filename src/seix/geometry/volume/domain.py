"""From a structure to closed surfaces: walls, plane sides with the faces of halved grains, and what they enclose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seix.geometry.volume.bodies import Cut, halved_grains, plane_axes, whole_grains
from seix.geometry.volume.plane import plane_mesh
from seix.geometry.volume.round_walls import add_balls, add_tip, ball_sheet, largest_size, tip_sheet
from seix.geometry.volume.sizes import SolidSizes
from seix.geometry.volume.surfaces import Surfaces
from seix.geometry.volume.walls import Sheet, flat_sheet, refined

FLATNESS = 1e-9
"""Distance over radius below which a node lies on a mirror plane."""
PROBES = 20
"""Places along the edge of a box at which the size for its bottom and top is looked up."""
SAMPLES = 400
"""Points at which the size along a ray is looked up."""


@dataclass
class Level:
    """A wall: its nodes, its surface, and its edge (k,) on every side, in order."""

    nodes: np.ndarray
    points: np.ndarray
    surface: int
    edges: list[np.ndarray]


@dataclass(frozen=True)
class Side:
    """A plane side: its number in the structure, normal, which edge of the levels lies on it, and its periodic image."""

    number: int
    normal: np.ndarray
    edge: int
    shift: np.ndarray | None = None


class Domain:
    """All surfaces of a structure.

    Attributes
    ----------
    surfaces : Surfaces
        With the volumes that are to be filled: core, layers, electrolyte; of several particles each connected piece of them.
    zone : ndarray (v,) of int
        What each volume is: 0 core, then the layers, and after them the electrolyte.
    """

    def __init__(self, gmsh, sizes: SolidSizes) -> None:
        self.gmsh, self.sizes, self.structure, self.frame = gmsh, sizes, sizes.structure, sizes.frame
        self.surfaces, self.rays = Surfaces(), {}
        s, count = self.structure, len(self.structure.layers) + 2
        self.zone = np.arange(count)
        self.walls: list[list[int]] = [[] for _ in self.zone]  # surfaces around each volume
        self.home = 1 + s.layer  # volume around each grain
        if s.kind == "patch":
            self._patch()
        elif s.kind == "particle":
            self._particle()
        else:
            self._particles()
        self.surfaces.volumes += self.walls

    def _patch(self) -> None:
        end = self._heights()[-1] + self.frame.electrolyte_depth
        levels = [self._flat(height, np.zeros((1, 2))) for height in (-self.frame.core_size, *self._heights(), end)]
        self._join(levels, self.walls)
        self._whole()
        self._periodic_sides(levels, self.walls)

    def _particle(self) -> None:
        frame, heights = self.frame, self._heights()
        centre = np.zeros(3)
        tip = tip_sheet(self.sizes, centre, frame.core_size)
        levels = [self._level(tip, None, None)]
        add_tip(self.surfaces, levels[0].nodes[tip.faces], centre)
        for height in (*heights, heights[-1] + frame.electrolyte_depth):
            radius = frame.core_size + height
            levels.append(self._level(ball_sheet(self.sizes, centre, radius), None, radius))
        self._join(levels, self.walls)
        self._whole()
        for k, normal in enumerate(frame.mirrors):
            self._side(levels, Side(k, normal, k), self.walls)

    def _particles(self) -> None:
        """Balls in a box: holes in its electrolyte."""
        self.zone, self.walls, self.home = add_balls(self.surfaces, self.sizes)
        electrolyte = self.walls[-1]
        self._whole()
        line = np.linspace(0.0, self.frame.period, PROBES)
        probes = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
        ends = [self._flat(height, probes) for height in (0.0, self.frame.period)]
        self._join(ends, [electrolyte])
        self._periodic_sides(ends, [electrolyte])

    def _heights(self) -> list[float]:
        """Of core|SEI, the walls between layers, and SEI|electrolyte over the core [nm]."""
        return [*(layer.inner for layer in self.structure.layers), self.frame.sei_thickness]

    def _flat(self, height: float, probes: np.ndarray) -> Level:
        """A periodic square at z = height; the size of its template is looked up at places (n, 2)."""
        period = self.frame.period
        probes = np.column_stack([probes, np.full(len(probes), height)])
        sheet = refined(flat_sheet(period, height, largest_size(self.sizes, probes, period)), self.sizes.at)
        p = sheet.points
        edges = [_along(p, p[:, a] == x, 1 - a) for a in (0, 1) for x in (0.0, period)]
        return self._level(sheet, edges, None)

    def _periodic_sides(self, levels: list[Level], walls: list[list[int]]) -> None:
        for axis in (0, 1):
            self._side(levels, Side(axis, np.eye(3)[axis], 2 * axis, self.frame.period * np.eye(3)[axis]), walls)

    def _level(self, sheet: Sheet, edges: list[np.ndarray] | None, radius: float | None) -> Level:
        """Add a sheet; its edges are looked for on the mirror planes if they are not given."""
        nodes = self.surfaces.add_nodes(sheet.points)
        if edges is None:
            near = FLATNESS * np.linalg.norm(sheet.points[0])
            edges = [_around(sheet.points, np.abs(sheet.points @ n) < near, n) for n in self.frame.mirrors]
        spheres = None if radius is None else self.surfaces.add_spheres(np.zeros((1, 3)), np.array([radius]))
        (number,) = self.surfaces.add_faces(nodes[sheet.faces], None, spheres)
        return Level(nodes, sheet.points, int(number), edges)

    @staticmethod
    def _join(levels: list[Level], walls: list[list[int]]) -> None:
        """Close volumes between successive levels."""
        for j, surfaces in enumerate(walls):
            surfaces += [levels[j].surface, levels[j + 1].surface]

    def _whole(self) -> None:
        grains, numbers = whole_grains(self.surfaces, self.sizes)
        for grain, number in zip(grains.tolist(), numbers.tolist(), strict=True):
            self.walls[self.home[grain]].append(number)

    def _side(self, levels: list[Level], side: Side, walls: list[list[int]]) -> None:
        """Mesh a side with the halves of the grains centred on it, and copy it to its periodic image."""
        inner, outer = halved_grains(self.surfaces, self.sizes, side.number, side.normal, side.shift)
        loops = [self._outline(levels, j, side.edge) for j in range(len(walls))]
        points = self.surfaces.points()
        nodes, new, triangles, face = self._plane(points, side, loops, inner)
        self._fill(np.concatenate([nodes, self.surfaces.add_nodes(new)]), triangles, face, inner, walls)
        if side.shift is None:
            return
        images = [self._outline(levels, j, side.edge + 1) for j in range(len(walls))]
        pairs = [np.column_stack(pair) for pair in zip([*loops, *(c.loop for c in inner)],
                                                       [*images, *(c.loop for c in outer)], strict=True)]  # fmt: skip
        pairs = np.unique(np.concatenate(pairs), axis=0)
        image = pairs[np.searchsorted(pairs[:, 0], nodes), 1]
        copied = self.surfaces.add_nodes(new + side.shift)
        self._fill(np.concatenate([image, copied]), triangles, face, outer, walls)
        self.surfaces.twins.append(np.vstack([pairs, np.column_stack([copied - len(new), copied])]))

    def _plane(self, points: np.ndarray, side: Side, loops: list[np.ndarray], cuts: list[Cut]):
        """Nodes of the segments, new points (n, 3), and triangles between both with their region."""
        layer = self.structure.layer
        nodes = np.unique(np.concatenate([*loops, *(cut.loop for cut in cuts)]))
        axes = plane_axes(side.normal)[:, :2]
        holes = [[cut.loop for cut in cuts if layer[cut.grain] == j - 1] for j in range(len(loops))]
        local = [(np.searchsorted(nodes, loop), [np.searchsorted(nodes, hole) for hole in inside])
                 for loop, inside in zip(loops, holes, strict=True)]  # fmt: skip
        flat, triangles, face = plane_mesh(self.gmsh, points[nodes] @ axes, local, lambda uv: self.sizes.at(uv @ axes.T))
        return nodes, flat[len(nodes) :] @ axes.T, triangles, face

    def _fill(self, nodes: np.ndarray, triangles: np.ndarray, face: np.ndarray, cuts: list[Cut], walls: list[list[int]]) -> None:
        """Close the volumes between the levels by the faces of a side and the surfaces of the grains cut by it."""
        numbers = self.surfaces.add_faces(nodes[triangles], face)
        for surfaces, number in zip(walls, numbers.tolist(), strict=True):
            surfaces.append(number)
        for cut in cuts:
            self.walls[self.home[cut.grain]].append(cut.surface)

    def _outline(self, levels: list[Level], j: int, edge: int) -> np.ndarray:
        """Nodes around region j on one side."""
        low, high = (level.nodes[level.edges[edge]] for level in levels[j : j + 2])
        ends = [(levels[j], levels[j + 1], levels[j].edges[edge][k], levels[j + 1].edges[edge][k]) for k in (0, -1)]
        left, right = (self._ray(*end) for end in ends)
        return np.concatenate([low, right, high[::-1], left[::-1]])

    def _ray(self, low: Level, high: Level, start: int, end: int) -> np.ndarray:
        """Nodes between two corners of neighbouring levels, where two sides meet."""
        key = (int(low.nodes[start]), int(high.nodes[end]))
        if key not in self.rays:
            a, b = low.points[start], high.points[end]
            # between periodic sides all four rays are images of each other
            seen = [a, b] if self.frame.period is None else [a * [0, 0, 1], b * [0, 0, 1]]
            part = _graded(*seen, self.sizes.at)[:, None]
            self.rays[key] = self.surfaces.add_nodes(a + part * (b - a))
        return self.rays[key]


def _along(points: np.ndarray, on: np.ndarray, axis: int) -> np.ndarray:
    found = np.flatnonzero(on)
    return found[np.argsort(points[found, axis])]


def _around(points: np.ndarray, on: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Nodes on a plane through the origin in order of their angle; they span less than half a turn."""
    found = np.flatnonzero(on)
    flat = points[found] @ plane_axes(normal)[:, :2]
    middle = flat.mean(axis=0)
    u, v = flat @ middle, flat[:, 1] * middle[0] - flat[:, 0] * middle[1]
    return found[np.argsort(np.arctan2(v, u))]


def _graded(a: np.ndarray, b: np.ndarray, size_at) -> np.ndarray:
    """Parts (n,) of the way between two points, ends excluded, at distances of the wanted sizes."""
    part = np.linspace(0.0, 1.0, SAMPLES + 1)
    middle = 0.5 * (part[1:] + part[:-1])[:, None]
    steps = np.linalg.norm(b - a) / SAMPLES / size_at(a + middle * (b - a))
    passed = np.concatenate([[0.0], np.cumsum(steps)])
    count = max(1, round(passed[-1] + 0.3))
    return np.interp(np.arange(1, count) / count * passed[-1], passed, part)
