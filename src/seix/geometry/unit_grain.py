"""One grain of a layer with its share of the matrix around it: how many cells both take."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seix.geometry.counting import PER_CUBE, PER_FACE, PER_SQUARE
from seix.geometry.grains import ball, mean_measure
from seix.geometry.sizing import ACROSS_GAP, LARGEST_IN_GAP, LARGEST_ON_GRAIN

if TYPE_CHECKING:
    from seix.geometry.layers import LayerShape
    from seix.input.sections import MeshControl

FACES = {"octasphere": 8, "icosphere": 20}
"""Of the solids that templates of grains in space are made from."""
CELLULAR = ("octasphere", 4)
"""Template of most cellular grains in space."""
SIDES, INSCRIBED = 6, 0.9
"""Corners of a cell in the plane, and radius of the disc in it over that of the disc of its size."""
NEIGHBOURS = 6
"""Of a disc, on average."""
TOUCHING = 0.5
"""Part of the neighbours as near as the gap allows, over the density of the packing."""
FAR = 0.03
"""Part of what the mean gap is wider than the smallest that the nearest neighbour of a sphere is farther away, on average."""
STEPS = 48
"""Places on a grain, and from it outwards, at which sizes are looked up."""


@dataclass(frozen=True)
class UnitGrain:
    """A grain in its share of a layer.

    Attributes
    ----------
    cells : float
        In the grain and the matrix around it.
    outside : float
        Mean size of the cells half-way to its neighbours, from which those of the next layer grow [nm].
    """

    cells: float
    outside: float


def unit_grain(layer: LayerShape, limit: float, controls: MeshControl, coarsening: float, slope: float, dim: int) -> UnitGrain:
    """A mean grain of a layer.

    Parameters
    ----------
    layer : LayerShape
    limit : float
        Largest cell size in the layer [nm].
    controls : MeshControl
    coarsening : float
        Multiplies all cell sizes.
    slope : float
        Change of size over distance.
    dim : int
        2 or 3.
    """
    radius = (mean_measure(layer, dim) / ball(1.0, dim)) ** (1.0 / dim)
    fraction = min(sum(layer.fractions.values()), 1.0)
    half = radius * (fraction ** (-1.0 / dim) - 1.0)  # of the matrix around it
    return (_disc if dim == 2 else _sphere)(layer, radius, half, limit, controls, coarsening, slope)


def _disc(layer, radius: float, half: float, limit: float, controls: MeshControl, coarsening: float, slope: float) -> UnitGrain:
    cap = min(2.0 * radius * min(coarsening / controls.cells_per_diameter, LARGEST_ON_GRAIN), limit)
    factor = min(coarsening * ACROSS_GAP / controls.cells_per_gap, LARGEST_IN_GAP)
    along = np.linspace(0.0, math.pi / NEIGHBOURS, STEPS)  # from the direction of a neighbour to half-way to the next
    if layer.shape == "polycrystal":
        gaps, shares = [np.zeros(STEPS)], [1.0]
        sizes = [np.full(STEPS, cap)]
    elif layer.shape == "cellular":
        gaps, shares = [np.full(STEPS, max(2.0 * half, layer.gap))], [1.0]
        sizes = [np.minimum(factor * gaps[0], cap)]
    else:
        near = TOUCHING * min((radius + 0.5 * layer.gap) / (radius + half), 1.0) ** 2
        far = max(2.0 * half, layer.gap)
        gaps = [_between(radius, gap, along) for gap in (layer.gap, far)]
        shares = [near, 1.0 - near]
        sizes = [np.minimum(factor * gap, cap) for gap in gaps]
    cells = outside = 0.0
    for gap, share, size in zip(gaps, shares, sizes, strict=True):
        size = (size[None, :] + slope * radius * np.abs(along[:, None] - along)).min(axis=1)
        part = np.linspace(0.0, 1.0, STEPS + 1)[:-1, None] + 0.5 / STEPS
        inside = np.minimum(size + slope * part * radius, cap)
        own = ((1.0 - part) / inside**2).mean(axis=0) * radius
        beyond = np.minimum(size + slope * part * 0.5 * gap, limit)
        around = ((1.0 + part * 0.5 * gap / radius) / beyond**2).mean(axis=0) * 0.5 * gap
        cells += share * 2.0 * math.pi * radius * float((own + around).mean())
        outside += share * float((1.0 / beyond[-1] ** 2).mean())
    cells += _corners(layer, radius, float(sizes[0].mean()), slope)
    return UnitGrain(PER_SQUARE * cells, outside**-0.5)


def _corners(layer: LayerShape, radius: float, around: float, slope: float) -> float:
    """Cells that grow from the short edges on the round corners of a cellular grain, over those in a square of their size."""
    edge = layer.rounding * INSCRIBED * radius * math.pi / SIDES
    reach = min((around - edge) / slope, radius * math.pi / SIDES)
    if layer.shape != "cellular" or edge <= 0.0 or reach <= 0.0:
        return 0.0
    grown = slope * reach
    return SIDES * 2.0 * math.pi / slope**2 * (math.log1p(grown / edge) - grown / (edge + grown))


def _between(radius: float, gap: float, along: np.ndarray) -> np.ndarray:
    """Distance from points on a disc to an equal one."""
    apart = 2.0 * radius + gap
    return np.sqrt((apart - radius * np.cos(along)) ** 2 + (radius * np.sin(along)) ** 2) - radius


def _sphere(layer, radius: float, half: float, limit: float, controls: MeshControl, coarsening: float, slope: float) -> UnitGrain:
    from seix.geometry.volume.balls import EDGE, WHOLE, choose
    from seix.geometry.volume.sizes import ACROSS_GAP, ALONG_GAP, COARSEST

    # many grains lie at walls between layers, some have all neighbours far away
    gap = math.sqrt(layer.gap * min(layer.gap, *layer.gaps)) + FAR * max(2.0 * half - layer.gap, 0.0)
    size = min(2.0 * radius / controls.cells_per_diameter, ALONG_GAP * math.sqrt(radius * gap) / controls.cells_per_gap)
    if controls.cells_per_gap > 1.0:
        size = min(size, ACROSS_GAP * gap / controls.cells_per_gap)
    (number,) = choose(WHOLE, np.array([min(coarsening * size / radius, COARSEST)]))
    kind, segments = WHOLE[number] if layer.shape == "round" else CELLULAR
    size, faces = radius * EDGE[kind] / segments, FACES[kind] * segments**2
    inside, inner = 0, segments
    while inner % 2 == 0 and inner > 2:  # as in `seix.geometry.volume.balls.ball`
        inner //= 2
        inside += 7 * FACES[kind] * inner**2
    inside += FACES[kind] * inner**2
    away = (np.arange(STEPS) + 0.5) / STEPS * half
    sizes = np.minimum(size + slope * away, limit)
    around = float((4.0 * math.pi * (radius + away) ** 2 / sizes**3).mean()) * half
    return UnitGrain(inside + PER_FACE * faces + PER_CUBE[1] * around, float(sizes[-1]))
