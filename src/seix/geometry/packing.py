"""Random packing of round grains in the plane and in space: overlaps are pushed apart while the grains swell to their full size.

Force-biased packing after Jodrey and Tory, Phys. Rev. A 32 (1985) 2347, doi:10.1103/PhysRevA.32.2347, in the
form of repeated sweeps over all overlapping pairs. The result keeps every gap exactly and the requested areas
exactly, or there is no result: nothing is shrunk to make it fit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seix.errors import GeometryError
from seix.geometry.grains import LayerGrains, ball, draw_grains
from seix.geometry.pushing import near_pairs, push_apart

if TYPE_CHECKING:
    from seix.geometry.layers import LayerShape

DENSEST = {2: 0.87, 3: 0.67}
"""Fraction that no attempt reaches: a little above random close packing of discs, 0.84, and of spheres, 0.64."""
SEARCH_PRECISION = 0.01
"""Precision of the highest reachable fraction that a failure reports, as a part of the asked one."""


@dataclass(frozen=True)
class Schedule:
    """How patiently a packing is tried.

    Attributes
    ----------
    swell : int
        Sweeps over which the grains grow from `start` of their size to all of it.
    sweeps : int
        Sweeps in all.
    start : float
        First size of the grains as a part of their full size.
    shake : float
        Largest random displacement in the first sweep, in mean radii; it decays to nothing while the grains swell.
    """

    swell: int
    sweeps: int
    start: float = 0.7
    shake: float = 0.17


QUICK = Schedule(swell=200, sweeps=2000)
PATIENT = Schedule(swell=1500, sweeps=5000, shake=0.25)
ATTEMPTS = (QUICK, QUICK, QUICK, PATIENT, PATIENT)
SEARCH_ATTEMPTS = (QUICK, PATIENT)


def pack_layer(
    layer: LayerShape, band, seed: int, index: int, count: int = 1, where: str | None = None
) -> LayerGrains:
    """Draw and pack the grains of one layer.

    Parameters
    ----------
    layer : LayerShape
    band : FlatBand, CurvedBand, SlabBand or ShellBand
        The layer as a packing space.
    seed : int
    index, count : int
        Which layer, and of how many; layers of one structure are packed independently of each other.
    where : str, optional
        Name of the layer for messages, if it is none of the SEI.

    Returns
    -------
    LayerGrains
        Every distance kept, areas as asked to rounding; the same for the same arguments, to the last bit.

    Raises
    ------
    GeometryError
        If the fractions cannot be packed; the message says which could be.
    """
    where = where or (f"layer {index + 1} of {count} (counted from the core)" if count > 1 else "the SEI")
    for attempt, schedule in enumerate(ATTEMPTS):
        grains = _try(layer, band, np.random.default_rng([seed, index, attempt]), where, schedule)
        if grains is not None:
            return grains
    asked = sum(layer.fractions.values())
    reached = asked * _reachable(layer, band, seed, index, where)
    raise GeometryError(
        f"{where} asks for grains on {asked:.1%} of its {'area' if band.dim == 2 else 'volume'}; with a mean diameter of "
        f"{layer.diameter:.4g} nm and a gap of {layer.gap:.4g} nm the highest "
        f"fraction reachable is {reached:.1%}: "
        "a smaller gap, another diameter or a thicker layer helps"
    )


def _try(
    layer: LayerShape,
    band,
    rng: np.random.Generator,
    where: str,
    schedule: Schedule,
    factor: float = 1.0,
    strict: bool = True,
) -> LayerGrains | None:
    """One attempt: grains without overlap, or None."""
    grains = draw_grains(layer, band, rng, where, factor, strict)
    # half the gap belongs to every grain
    halos = (grains.weight * ball(grains.radii + 0.5 * layer.gap, band.dim)).sum()
    if halos > DENSEST[band.dim] * band.measure:
        return None
    grains.centres = _relax(grains, layer.gap, band, rng, schedule)
    return None if grains.centres is None else grains


def _reachable(layer: LayerShape, band, seed: int, index: int, where: str) -> float:
    """Largest factor on all fractions that packs, by bisection."""
    packs, fails, trial = 0.0, 1.0, 0
    while fails - packs > SEARCH_PRECISION:
        factor = 0.5 * (packs + fails)
        found = False
        for schedule in SEARCH_ATTEMPTS:
            trial += 1
            rng = np.random.default_rng([seed, index, len(ATTEMPTS) + trial])
            if _try(layer, band, rng, where, schedule, factor, strict=False) is not None:
                found = True
                break
        packs, fails = (factor, fails) if found else (packs, factor)
    return packs


def _relax(grains: LayerGrains, gap: float, band, rng: np.random.Generator, schedule: Schedule) -> np.ndarray | None:
    """Centres without overlap, or None if the sweeps do not get there."""
    n, mean = len(grains.radii), grains.radii.mean()
    # grains are pushed a little further than needed, to be exactly clear after finitely many sweeps
    slack = 4e-3 * mean
    x = band.start(n, rng)
    order = np.argsort(x[:, 0], kind="stable")  # neighbours in space are neighbours in memory, which is much faster
    x, radii, side = x[order], grains.radii[order], grains.side[order]
    pairs = _NeighbourList(band.periods, radii, gap + slack, 0.6 * mean)
    last = np.inf
    for sweep in range(schedule.sweeps):
        grown = min(1.0, sweep / schedule.swell)
        size = schedule.start + (1.0 - schedule.start) * grown
        x = band.confine(x, radii, side)
        i, j = pairs.at(x)
        moves, worst, energy = push_apart(x, i, j, size * radii, gap + slack, band.periods, 1e-9 * mean)
        if grown == 1.0:
            if worst <= slack:
                return x[np.argsort(order)]
            if sweep % 100 == 0:  # a jammed packing gains next to nothing any more
                if energy > 0.95 * last:
                    return None
                last = energy
        x = x + moves
        if grown < 1.0:
            shake = schedule.shake * mean * (1.0 - grown)
            x += rng.uniform(-shake, shake, x.shape)  # bounded, so that the list of neighbours serves longer
    return None


class _NeighbourList:
    """Pairs of grains nearer than a distance, searched again only after grains have moved by part of a margin."""

    def __init__(self, periods: np.ndarray, radii: np.ndarray, distance: float, margin: float) -> None:
        self.periods, self.radii, self.distance, self.margin = periods, radii, distance, margin
        self.origin: np.ndarray | None = None
        self.pairs: tuple[np.ndarray, np.ndarray]

    def at(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Index pairs (i, j) for centres x."""
        moved = self.origin is None or np.abs(x - self.origin).max() > self.margin / (2.0 * math.sqrt(x.shape[1]))
        if moved:
            self.pairs = near_pairs(x, self.radii, self.distance + self.margin, self.periods)
            self.origin = x.copy()
        return self.pairs
