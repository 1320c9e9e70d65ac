"""Random packing of round grains in the plane and in space: overlaps are pushed apart while the grains swell to their full size.

Force-biased packing after Jodrey and Tory, Phys. Rev. A 32 (1985) 2347, doi:10.1103/PhysRevA.32.2347, in the
form of repeated sweeps over all overlapping pairs. The result keeps every gap exactly and the requested areas
exactly, or there is no result: nothing is shrunk to make it fit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
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
HOPELESS = 0.94
"""Patience is in vain where the overlaps that quick attempts leave behind have room for less than this part of the fraction;
where it helped more than 50 grains, there was room for 0.978 at least."""
ENOUGH = 150
"""Fewest grains whose overlaps tell that: of a few grains some get room by chance."""


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
ALL = tuple(range(len(ATTEMPTS)))


@dataclass(frozen=True)
class Outcome:
    """What one or several attempts came to.

    Attributes
    ----------
    grains : LayerGrains or None
        None if overlaps are left.
    part : float
        Part of the asked fraction that the overlaps left room for, a little too large; 1 without overlaps.
    number : int
        Grains that were tried.
    """

    grains: LayerGrains | None
    part: float
    number: int


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
    outcome = attempts(layer, band, seed, index, where)
    if outcome.grains is not None:
        return outcome.grains
    from seix.geometry.ceiling import highest_fraction

    asked, reached = sum(layer.fractions.values()), highest_fraction(layer, band, seed, index, where, outcome)
    found = "no smaller fraction was found to pack"
    if reached is not None:
        found = f"the highest fraction reachable is {100 * reached:.1f} %"
    raise GeometryError(
        f"{where} asks for grains on {100 * asked:.1f} % of its {'area' if band.dim == 2 else 'volume'}; with a mean diameter of "
        f"{layer.diameter:.4g} nm and a gap of {layer.gap:.4g} nm {found}: {_remedy(layer, band.dim, asked)}"
    )


def _remedy(layer: LayerShape, dim: int, asked: float) -> str:
    """What helps a layer that cannot be packed: the gap alone is to blame if equal grains in the densest order keep it not."""
    wide = layer.diameter * ((DENSEST[dim] / asked) ** (1.0 / dim) - 1.0)
    if 0.0 < wide < layer.gap:
        return (
            f"the gap takes the room, since grains of that size in the densest order would have gaps of {wide:.3g} nm; "
            "a smaller gap helps"
        )
    return "a smaller gap, another diameter or a thicker layer helps"


def attempts(layer: LayerShape, band, seed: int, index: int, where: str, chosen: Sequence[int] = ALL) -> Outcome:
    """Try to pack a layer, with more patience if need be.

    Parameters
    ----------
    layer, band, seed, index, where
        See `pack_layer`.
    chosen : sequence of int
        Which of the attempts are made; each has random numbers of its own.

    Returns
    -------
    Outcome
        Of the first attempt that packs; else the largest part, and no grains.

    Raises
    ------
    GeometryError
        If the layer is too small for its grains.
    """
    part, number = 0.0, 0
    for attempt in chosen:
        schedule = ATTEMPTS[attempt]
        if schedule is PATIENT and number >= ENOUGH and 0.0 < part < HOPELESS:
            break
        outcome = _try(layer, band, np.random.default_rng([seed, index, attempt]), where, schedule)
        if outcome.grains is not None:
            return outcome
        part, number = max(part, outcome.part), outcome.number
    return Outcome(None, part, number)


def _try(layer: LayerShape, band, rng: np.random.Generator, where: str, schedule: Schedule) -> Outcome:
    """One attempt."""
    grains = draw_grains(layer, band, rng, where)
    number = len(grains.radii)
    # half the gap belongs to every grain
    halos = (grains.weight * ball(grains.radii + 0.5 * layer.gap, band.dim)).sum()
    room = DENSEST[band.dim] * band.measure
    if halos > room:
        return Outcome(None, float(room / halos), number)
    grains.centres, part = _relax(grains, layer.gap, band, rng, schedule)
    return Outcome(None if grains.centres is None else grains, part, number)


def _relax(grains: LayerGrains, gap: float, band, rng: np.random.Generator, schedule: Schedule):
    """Centres without overlap, or None if the sweeps do not get there, and the part of the fraction that there was room for."""
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
                return x[np.argsort(order)], 1.0
            if sweep % 100 == 0:  # a jammed packing gains next to nothing any more
                if energy > 0.95 * last:
                    break
                last = energy
        x = x + moves
        if grown < 1.0:
            shake = schedule.shake * mean * (1.0 - grown)
            x += rng.uniform(-shake, shake, x.shape)  # bounded, so that the list of neighbours serves longer
    # grains that just touch have as many neighbours as they have ways to move in both directions: 4 in the plane, 6 in space
    overlap = math.sqrt(energy / (n * band.dim)) / (2.0 * mean + gap)
    return None, max(1.0 - overlap, 0.0) ** band.dim


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
