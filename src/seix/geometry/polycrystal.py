"""Dense polycrystals in the plane: cells that share their boundaries and fill the layer.

The cells are those of a power diagram with the sizes that were drawn. Short boundaries are collapsed to points. Straight
walls are met exactly; on round walls the corners lie on the circle, and the mesher puts the arc in place of the chord
between two of them. Mirrors are boundaries of cells like walls; a patch is cut where that is farthest from all corners.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from seix.errors import GeometryError
from seix.geometry.cell_net import Net, clear_line, collapse, join
from seix.geometry.cell_space import CellSpace
from seix.geometry.cellular import even_cells, seeds
from seix.geometry.grains import LayerGrains
from seix.geometry.particle import CurvedBand
from seix.geometry.patch import FREE
from seix.geometry.power_diagram import Cells, power_cells
from seix.geometry.shapes import ConvexShapes

if TYPE_CHECKING:
    from seix.geometry.layers import Frame, LayerShape

SHORT = 0.3
"""Boundaries below this part of the mean length are collapsed."""
CLEAR = 0.12
"""Distance from the side that corners get where they can, in mean lengths of boundaries."""
SAME = 1e-6
"""Corners nearer than this part of the mean distance of grains are the same."""
INNER, OUTER, FIRST_MIRROR = 1, 2, 4
"""Bits of nodes on the inner and outer wall and on the first mirror; the next mirror has the next bit."""
TOLERANCE = 0.01
"""Largest error of the fraction of a phase."""
EXCHANGES = 1000
"""Most exchanges of phases between grains."""
BEYOND = 1.0
"""Mean distances of grains by which cells go on beyond round walls before these cut them."""
FEWEST = 6
"""Grains on the inner wall of a whole particle below which cells would meet across the core."""


def polycrystal(layer: LayerShape, band, frame: Frame, seed: int, index: int, count: int,
                where: str) -> tuple[LayerGrains, ConvexShapes]:  # fmt: skip
    """Make the grains of one polycrystalline layer.

    Parameters
    ----------
    layer : LayerShape
        Fractions sum to 1.
    band : FlatBand or CurvedBand
    frame : PatchFrame or ParticleFrame
    seed : int
    index, count : int
        Which layer, and of how many.
    where : str
        Name of the layer for messages.

    Returns
    -------
    grains : LayerGrains
        `side` is 0 for the grains of a patch that its side cuts, wherever that is; all others are on no side.
    shapes : ConvexShapes
        Sharp polygons with common corners.

    Raises
    ------
    GeometryError
        In space; if a layer has too few grains; if whole grains miss a fraction by more than 1 %.
    """
    if frame.dim == 3:
        raise GeometryError(f"{where} is a polycrystal, which exists in 2D only; in 3D use shape: cellular with a gap")
    grains = seeds(layer, _sideless(band), seed, index, count, where)
    space = CellSpace(frame, layer.inner, layer.outer)
    x, weight = even_cells(lambda x, w: power_cells(space, x, w, grains.side).division(), space, grains, band.measure)
    net = _net(frame, layer, power_cells(_WideSpace(frame, layer.inner, layer.outer), x, weight, grains.side), x, where)
    length = float(net.edge_lengths().mean())
    net = collapse(net, SHORT * length, _radii(frame, layer))
    if frame.kind == "patch":
        shapes, side = _cut(net, length)
    else:
        shapes = ConvexShapes(net.start, net.corners(), np.zeros(len(x)))
        side = np.full(len(x), FREE)
    areas = shapes.areas() + _segments(frame, layer, net)
    phase = _assign(layer, areas, grains.phase, where)
    middle = np.add.reduceat(shapes.vertices, shapes.start[:-1]) / np.diff(shapes.start)[:, None]
    middle[side != FREE, 0] = 0.0
    return LayerGrains(np.sqrt(areas / np.pi), phase, side, np.ones(len(x)), middle), shapes


class _MirrorlessBand(CurvedBand):
    side_count = 0


def _sideless(band):
    """A band in which no grain is put on a side."""
    return _MirrorlessBand(**{f.name: getattr(band, f.name) for f in fields(band)}) if type(band) is CurvedBand else band


class _WideSpace(CellSpace):
    """A layer whose cells go on beyond round walls; straight walls stay where they are."""

    def _round_walls(self, x: np.ndarray) -> list[np.ndarray]:
        beyond = BEYOND * self.spacing(len(x))
        wide = replace(self, inner=max(self.inner - beyond, -self.frame.core_size), outer=self.outer + 2.0 * beyond)
        # the tangent of the inner wall would cut cells that lie along it
        return CellSpace._round_walls(wide, x)[1:]


def _radii(frame, layer: LayerShape) -> np.ndarray:
    if frame.kind == "patch":
        return np.zeros(2)
    return frame.core_size + np.array([layer.inner, layer.outer])


def _net(frame, layer: LayerShape, cells: Cells, x: np.ndarray, where: str) -> Net:
    """Polygons between the walls, with their common nodes."""
    corners, start = cells.vertices + x[cells.grain], cells.start
    marks = np.zeros(len(corners), np.int64)
    tolerance = SAME * np.sqrt(cells.areas.mean())
    if frame.kind == "particle":
        start, corners, marks = between_circles(start, corners, *_radii(frame, layer))
        on_wall = np.bincount(np.repeat(np.arange(len(x)), np.diff(start)), marks == INNER, len(x)) > 0
        if np.diff(start).min() < 3 or (frame.closed and on_wall.sum() < FEWEST):
            raise GeometryError(f"{where} has too few grains around the core for a polycrystal: smaller ones would do")
    else:
        for bit, height in ((INNER, layer.inner), (OUTER, layer.outer)):
            on = np.abs(corners[:, 1] - height) < tolerance
            corners[on, 1] = height
            marks[on] |= bit
    for s, normal in enumerate(frame.mirrors):
        height = corners @ normal
        on = np.abs(height) < tolerance
        if frame.closed or not on.any():
            continue
        corners[on] -= height[on, None] * normal
        marks[on] |= FIRST_MIRROR << s
    return join(start, corners, marks, frame.period or 0.0, tolerance)


@njit(cache=True)
def between_circles(start, corners, inner, outer):
    """Part of convex polygons between two circles about the origin, with chords in place of arcs.

    Parameters
    ----------
    start : ndarray (n + 1,) of int
    corners : ndarray (m, 2)
    inner, outer : float
        Radii.

    Returns
    -------
    start : ndarray (n + 1,) of int
    corners : ndarray (k, 2)
    marks : ndarray (k,) of int
        1 on the inner, 2 on the outer circle.
    """
    n, total = len(start) - 1, 0
    new = np.zeros(n + 1, np.int64)
    result, marks = np.empty((6 * len(corners), 2)), np.zeros(6 * len(corners), np.int64)
    place, bit = np.empty(6), np.empty(6, np.int64)
    for i in range(n):
        for k in range(start[i], start[i + 1]):
            m = k + 1 if k + 1 < start[i + 1] else start[i]
            ax, ay = corners[k]
            ex, ey = corners[m, 0] - ax, corners[m, 1] - ay
            count = _crossings(ax, ay, ex, ey, inner, outer, place, bit)
            for j in range(count - 1):
                middle = 0.5 * (place[j] + place[j + 1])
                distance = np.hypot(ax + middle * ex, ay + middle * ey)
                if inner < distance < outer:
                    for end in range(j, j + 2):
                        if end == j or end < count - 1:
                            result[total, 0], result[total, 1] = ax + place[end] * ex, ay + place[end] * ey
                            marks[total] = bit[end]
                            total += 1
        new[i + 1] = total
    return new, result[:total], marks[:total]


@njit(cache=True)
def _crossings(ax, ay, ex, ey, inner, outer, place, bit):
    """Parts of an edge at which it begins, crosses a circle, and ends, in order, with the bits of the circles."""
    place[0], bit[0], count = 0.0, 0, 1
    square, along = ex * ex + ey * ey, ax * ex + ay * ey
    for wall in range(2):
        radius = inner if wall == 0 else outer
        root = along * along - square * (ax * ax + ay * ay - radius * radius)
        if root > 0.0:
            for sign in (-1.0, 1.0):
                t = (-along + sign * np.sqrt(root)) / square
                if 0.0 < t < 1.0:
                    k = count
                    while place[k - 1] > t:
                        place[k], bit[k] = place[k - 1], bit[k - 1]
                        k -= 1
                    place[k], bit[k] = t, 1 << wall
                    count += 1
    place[count], bit[count] = 1.0, 0
    return count + 1


def _cut(net: Net, length: float) -> tuple[ConvexShapes, np.ndarray]:
    """Polygons of a patch and the side (n,) of each; the side runs where no corner is near."""
    period = net.period
    x = np.sort(net.places[:, 0] % period)
    room = np.diff(np.append(x, x[0] + period))
    widest = int(room.argmax())
    line = (x[widest] + 0.5 * room[widest]) % period
    net = clear_line(net, line, CLEAR * length)
    places = (net.places[:, 0] - line) % period
    shift = net.shift + np.rint((net.places[:, 0] - line - places) / period).astype(np.int64)[net.node]
    shift -= np.repeat(np.minimum.reduceat(shift, net.start[:-1]), np.diff(net.start))
    # of a polygon that the side cuts, corners have shifts 0 and 1: it is drawn around x = 0
    crossed = np.maximum.reduceat(shift, net.start[:-1]) > 0
    shift -= crossed[net.owner]
    # beyond the side, places are sums of negative ones and the period, as the mesher finds them again
    negative = np.zeros(len(places), bool)
    negative[net.node[shift < 0]] = True
    below = places - period
    corner = np.where(negative[net.node], below[net.node], places[net.node])
    corner = np.where(negative[net.node] & (shift == 0), corner + period, corner)
    corner = np.where(shift > 0, corner + period, corner)
    vertices = np.column_stack([corner, net.places[net.node, 1]])
    return ConvexShapes(net.start, vertices, np.zeros(len(crossed))), np.where(crossed, 0, FREE)


def _segments(frame, layer: LayerShape, net: Net) -> np.ndarray:
    """Areas (n,) between the arcs of round walls and their chords: more on the outer, less on the inner wall."""
    result = np.zeros(len(net.start) - 1)
    if frame.kind == "patch":
        return result
    marks = net.marks[net.node] & net.marks[net.node[net.following]]
    length = net.edge_lengths()
    for bit, radius, sign in zip((INNER, OUTER), _radii(frame, layer), (-1.0, 1.0), strict=True):
        half = np.arcsin(np.minimum(0.5 * length / radius, 1.0))
        segment = radius**2 * (half - np.sin(half) * np.cos(half))
        result += sign * np.bincount(net.owner, np.where(marks & bit, segment, 0.0), len(result))
    return result


def _assign(layer: LayerShape, areas: np.ndarray, phase: np.ndarray, where: str) -> np.ndarray:
    """Phase (n,) of each grain: as drawn, but for exchanges that bring the fractions nearer to what is asked."""
    wanted = np.array(list(layer.fractions.values()))
    wanted = wanted / wanted.sum() * areas.sum()
    phase = phase.copy()
    order = np.argsort(areas, kind="stable")
    for _ in range(EXCHANGES):
        lack = wanted - np.bincount(phase, areas, len(wanted))
        much, little = int(lack.argmin()), int(lack.argmax())
        give, take = order[phase[order] == much], order[phase[order] == little]
        if much == little or not len(give) or not len(take):
            break
        # the exchange nearest to the smaller of the two errors
        aim = min(-lack[much], lack[little])
        place = np.clip(np.searchsorted(areas[take], areas[give] - aim), 0, len(take) - 1)
        place = np.stack([np.maximum(place - 1, 0), place])
        away = np.abs(areas[give] - areas[take[place]] - aim)
        k, j = np.unravel_index(away.argmin(), away.shape)
        if away[k, j] >= (1.0 - 1e-9) * aim:
            break
        phase[give[j]], phase[take[place[k, j]]] = little, much
    found = np.bincount(phase, areas, len(wanted)) / areas.sum()
    error = np.abs(found - wanted / areas.sum())
    if error.max() > TOLERANCE:
        worst = int(error.argmax())
        name = list(layer.fractions)[worst]
        raise GeometryError(
            f"{where}: {len(areas)} whole grains meet the fraction {layer.fractions[name]:.4g} of {name} no better than "
            f"{found[worst]:.4g}: more grains, which a larger domain or smaller grains have, would do"
        )
    return phase
