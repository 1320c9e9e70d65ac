"""The free parts of all circles of an assembly, cut where they cross each other and the periodic sides."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from seix.geometry.assembly.bodies import Bodies

SAME = 1e-6
"""Points nearer than this are one [nm]."""
LONGEST = 0.5 * math.pi
"""Largest angle of a single arc."""


@dataclass
class Arcs:
    """Arcs, counter-clockwise, and the points where they end.

    Attributes
    ----------
    nodes : list of ndarray (2,)
        Corners, and points on the sides; the same on both sides to the last bit.
    ends : list of (int, int)
        First and last node of each arc; -1 for a whole circle.
    pieces : list of ndarray (q, 7)
        Start, end, centre and radius of the parts of each arc, each over at most a right angle.
    level : list of int
        Number of the height.
    """

    nodes: list[np.ndarray] = field(default_factory=list)
    ends: list[tuple[int, int]] = field(default_factory=list)
    pieces: list[np.ndarray] = field(default_factory=list)
    level: list[int] = field(default_factory=list)

    def node(self, point: np.ndarray) -> int:
        """Number of a node, new or old."""
        for number, known in enumerate(self.nodes):
            if abs(known[0] - point[0]) < SAME and abs(known[1] - point[1]) < SAME:
                return number
        self.nodes.append(point)
        return len(self.nodes) - 1


def level_arcs(bodies: Bodies, heights: np.ndarray) -> Arcs:
    """Arcs inside the box at all heights over the cores.

    Parameters
    ----------
    bodies : Bodies
        In the plane.
    heights : ndarray (w,)
        [nm]
    """
    arcs = Arcs()
    for level, height in enumerate(heights):
        radii = bodies.radii + height
        for body in range(len(bodies)):
            for shift in (-bodies.box, 0.0, bodies.box):
                centre = bodies.centres[body] + np.array([shift, 0.0])
                if -radii[body] < centre[0] < bodies.box + radii[body]:
                    _add_circle(arcs, bodies, body, shift, radii, level)
    return arcs


def _add_circle(arcs: Arcs, bodies: Bodies, body: int, shift: float, radii: np.ndarray, level: int) -> None:
    """The arcs of one circle, moved along the period, that lie in the box and in no other circle of the same height."""
    radius = float(radii[body])
    centre = bodies.centres[body] + np.array([shift, 0.0])
    cuts = [*_on_sides(bodies, body, shift, radius), *_corners(bodies, body, centre, radii)]
    if not cuts:
        start = centre + np.array([radius, 0.0])
        if not _hidden(bodies, body, start[None], radii)[0]:
            _add_arc(arcs, centre, radius, (0.0, start), (2.0 * math.pi, start), level, True)
        return
    cuts.sort(key=lambda cut: cut[0])
    for first, last in zip(cuts, [*cuts[1:], (cuts[0][0] + 2.0 * math.pi, cuts[0][1])], strict=True):
        middle = 0.5 * (first[0] + last[0])
        point = centre + radius * np.array([math.cos(middle), math.sin(middle)])
        if 0.0 < point[0] < bodies.box and not _hidden(bodies, body, point[None], radii)[0]:
            _add_arc(arcs, centre, radius, first, last, level, False)


def _hidden(bodies: Bodies, body: int, points: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Whether points (n, 2) on a circle lie inside another one."""
    inside = np.linalg.norm(bodies.offsets(points), axis=2) < radii * (1.0 - 1e-9)
    inside[:, body] = False
    return inside.any(axis=1)


def _on_sides(bodies: Bodies, body: int, shift: float, radius: float) -> list[tuple[float, np.ndarray]]:
    """Angle and place where a moved circle crosses the periodic sides.

    Both images of a circle get the same bits: the side is moved, by a whole period and so exactly, and not the circle.
    """
    found = []
    centre = bodies.centres[body]
    for side in (0.0, bodies.box):
        away = (side - shift) - centre[0]
        if abs(away) < radius:
            half = math.sqrt(radius**2 - away**2)
            for up in (-half, half):
                found.append((math.atan2(up, away) % (2.0 * math.pi), np.array([side, centre[1] + up])))
    return found


def _corners(bodies: Bodies, body: int, centre: np.ndarray, radii: np.ndarray) -> list[tuple[float, np.ndarray]]:
    """Angle and place where a circle crosses others of the same height, outside all further ones and inside the box."""
    found = []
    for direction, chord, _, other in bodies.crossings(body, radii):
        half = math.sqrt(radii[body] ** 2 - chord**2)
        for sign in (-1.0, 1.0):
            away = chord * direction + sign * half * np.array([-direction[1], direction[0]])
            point = centre + away
            inside = np.linalg.norm(bodies.offsets(point[None])[0], axis=1) < radii * (1.0 - 1e-9)
            inside[[body, other]] = False
            if 0.0 < point[0] < bodies.box and not inside.any():
                found.append((math.atan2(away[1], away[0]) % (2.0 * math.pi), point))
    return found


def _add_arc(arcs: Arcs, centre, radius: float, first, last, level: int, closed: bool) -> None:
    """One arc, in parts of equal angle between two (angle, place)."""
    ends = (-1, -1) if closed else (arcs.node(first[1]), arcs.node(last[1]))
    count = math.ceil((last[0] - first[0]) / LONGEST - 1e-9)
    angles = first[0] + (last[0] - first[0]) * np.arange(count + 1) / count
    points = centre + radius * np.column_stack([np.cos(angles), np.sin(angles)])
    points[0], points[-1] = (first[1], last[1]) if closed else (arcs.nodes[ends[0]], arcs.nodes[ends[1]])
    arcs.ends.append(ends)
    arcs.level.append(level)
    arcs.pieces.append(np.column_stack([points[:-1], points[1:], np.tile([*centre, radius], (count, 1))]))
