"""How many grains of which size a layer gets, and which of them sit on a side of the domain."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seix.errors import GeometryError
from seix.geometry.patch import FREE

if TYPE_CHECKING:
    from seix.geometry.layers import LayerShape

CLIP = (0.5, 1.6)
"""Smallest and largest diameter drawn, in mean diameters."""
TOLERATED_SCALING = 0.15
"""Relative change of the diameters that a whole number of grains may cost."""
FULL_SIDE = 0.8
"""Largest number of grains on a side, in those that would fill it as a chain or a square lattice."""


def ball(radius, dim: int):
    """Area of discs (dim 2) or volume of spheres (dim 3) of the given radii."""
    return math.pi * radius**2 if dim == 2 else 4.0 * math.pi / 3.0 * radius**3


def mean_measure(layer: LayerShape, dim: int) -> float:
    """Mean area or volume of the grains of a layer; E[d^k] of the lognormal is D^k (1 + spread^2)^(k (k - 1)/2)."""
    return ball(0.5 * layer.diameter, dim) * (1.0 + layer.spread**2) ** (dim * (dim - 1) // 2)


@dataclass
class LayerGrains:
    """Grains of one layer; `centres` are set by the packing.

    Attributes
    ----------
    radii : ndarray (n,)
        [nm]
    phase : ndarray (n,) of int
        Index into the fractions of the layer.
    side : ndarray (n,) of int
        Side the grain is centred on, -1 for none.
    weight : ndarray (n,)
        Part of the grain that counts, 1/2 on a symmetry ray.
    centres : ndarray (n, dim) or None
        [nm]
    """

    radii: np.ndarray
    phase: np.ndarray
    side: np.ndarray
    weight: np.ndarray
    centres: np.ndarray | None = None


def expected_counts(layer: LayerShape, band) -> np.ndarray:
    """Number of grains (p,) of each phase of a layer, not rounded."""
    return np.array(list(layer.fractions.values())) * band.measure / mean_measure(layer, band.dim)


def countable(layer: LayerShape, band) -> bool:
    """Whether whole numbers of grains fit the fractions well enough."""
    return all(_fits(wanted, band.dim) for wanted in expected_counts(layer, band))


def draw_grains(layer: LayerShape, band, rng: np.random.Generator, where: str) -> LayerGrains:
    """Draw the grains of a layer so that their areas (volumes in space) inside the domain sum exactly to what is asked.

    The number of grains of a phase is its area over the mean grain area, rounded; their diameters are
    lognormal (one from each of n equally likely intervals, so that few grains also show mean and spread),
    clipped, and scaled together to the exact area.

    Parameters
    ----------
    layer : LayerShape
    band : FlatBand or CurvedBand
        The layer as a packing space.
    rng : numpy.random.Generator
    where : str
        Name of the layer for messages.

    Raises
    ------
    GeometryError
        If a phase would get no grain, its grains would be scaled by more than 15 % (the message says what
        size of the domain would do), or they are too large for the layer.
    """
    wanted = expected_counts(layer, band)
    on_side = _draw_sides(layer, band, wanted, rng)
    # a grain on a mirror counts half, so more of them are needed for the same area
    missing = 1.0 - band.side_weight
    counts = [round(w + missing * len(sides)) for w, sides in zip(wanted, on_side, strict=True)]
    _check_counts(layer, band, wanted, where)
    groups = []
    for p, (fraction, count, sides) in enumerate(zip(layer.fractions.values(), counts, on_side, strict=True)):
        side = np.full(max(count, len(sides), 1), FREE)
        side[: len(sides)] = sides
        weight = np.where(side == FREE, 1.0, band.side_weight)
        radii = _draw_radii(layer, len(side), rng)
        radii = _scaled(radii, weight, fraction * band.measure, layer, band, where)
        groups.append((radii, np.full(len(side), p), side, weight))
    return LayerGrains(*(np.concatenate(column) for column in zip(*groups, strict=True)))


def _draw_sides(layer: LayerShape, band, wanted: np.ndarray, rng: np.random.Generator) -> list[list[int]]:
    """Sides taken by grains of each phase.

    A line (plane) laid through a random packing has the centres of (grains per area) x length x (r + gap/2) grains
    nearer than half of that reach; those are the ones that are moved onto it, the others stay clear of it.
    """
    reach = 0.5 * (layer.diameter + layer.gap)
    expected = wanted.sum() / band.measure * band.side_measure * reach
    # more than this many would jam on the side itself
    along = (band.thickness - sum(band.gaps) + layer.gap) * band.side_measure / band.thickness
    most = math.floor(FULL_SIDE * along / (2.0 * reach) ** (band.dim - 1))
    result: list[list[int]] = [[] for _ in wanted]
    for side in range(band.side_count):
        number = min(math.floor(expected + rng.random()), most)
        for p in rng.choice(len(wanted), size=number, p=wanted / wanted.sum()):
            # at most half of the grains of a phase sit on sides, else its area hangs on few pieces
            if 2 * (len(result[p]) + 1) <= wanted[p]:
                result[p].append(side)
    return result


def _draw_radii(layer: LayerShape, count: int, rng: np.random.Generator) -> np.ndarray:
    from scipy.special import ndtri  # loads slowly, and forecasts need none

    sigma = math.sqrt(math.log1p(layer.spread**2))
    level = (rng.permutation(count) + rng.random(count)) / count
    relative = np.exp(sigma * ndtri(level) - 0.5 * sigma**2)
    return 0.5 * layer.diameter * np.clip(relative, *CLIP)


def _scaled(radii: np.ndarray, weight: np.ndarray, measure: float, layer: LayerShape, band, where: str) -> np.ndarray:
    """Radii times one factor, but none above what fits, so that the weighted areas or volumes sum to `measure`."""
    largest, dim = band.largest_radius, band.dim
    if largest < CLIP[0] * 0.5 * layer.diameter or ball(largest, dim) * weight.sum() < measure:
        if layer.gap > layer.diameter:
            raise GeometryError(
                f"{where}: a gap of {layer.gap:.4g} nm leaves grains of {layer.diameter:.4g} nm no room between its walls and "
                f"sides; the largest diameter there is {2.0 * max(largest, 0.0):.4g} nm: a smaller gap helps"
            )
        raise GeometryError(
            f"{where}: grains of {layer.diameter:.4g} nm do not fit; the largest diameter between its "
            f"walls and sides, gaps kept, is {2.0 * max(largest, 0.0):.4g} nm: smaller grains or a thicker "
            "layer help"
        )
    fits = np.ones(len(radii), bool)
    while fits.any():  # every pass adds grains that reach the limit, until none is left that would exceed it
        rest = measure - ball(largest, dim) * weight[~fits].sum()
        factor = (rest / (weight[fits] * ball(radii[fits], dim)).sum()) ** (1.0 / dim)
        exceeds = fits & (factor * radii > largest)
        if not exceeds.any():
            return np.where(fits, factor * radii, largest)
        fits &= ~exceeds
    return np.full(len(radii), largest)  # all of them, to rounding


def _check_counts(layer: LayerShape, band, wanted: np.ndarray, where: str) -> None:
    """Refuse a domain whose whole numbers of grains would change their diameters too much."""
    bad = [p for p in range(len(wanted)) if not _fits(wanted[p], band.dim)]
    if not bad:
        return
    larger = next(s for s in np.linspace(1.0, 2.0 / wanted.min(), 4001)
                  if all(_fits(w, band.dim) for w in s * wanted))  # fmt: skip
    name = list(layer.fractions)[bad[0]]
    if round(wanted[bad[0]]) == 0:
        what = "that is no grain at all"
    else:
        number = round(wanted[bad[0]])
        diameter = layer.diameter * (wanted[bad[0]] / number) ** (1.0 / band.dim)
        what = f"a whole number of them, {number}, would need a mean diameter of {diameter:.3g} nm"
    raise GeometryError(
        f"{where}: the fraction {layer.fractions[name]:.4g} of {name} is the "
        f"{'area' if band.dim == 2 else 'volume'} of {wanted[bad[0]]:.3g} grains of "
        f"{layer.diameter:.4g} nm; {what}: {band.remedy(larger * band.measure)}"
    )


def _fits(wanted: float, dim: int) -> bool:
    number = round(wanted)
    return number >= 1 and abs((wanted / number) ** (1.0 / dim) - 1.0) <= TOLERATED_SCALING
