"""The highest fraction that packs, for the message that a higher one does not.

What is found was packed with the random numbers that would be used if it were asked for. Overlaps that a failed attempt
left behind tell how far it was from packing, so that few trials are needed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from seix.errors import GeometryError
from seix.geometry.grains import countable
from seix.geometry.packing import ATTEMPTS, PATIENT, Outcome, attempts

if TYPE_CHECKING:
    from seix.geometry.layers import LayerShape

FINE = 1000
"""Fractions are tried in these parts of 1, and printed as such."""
CLOSE = 5
"""The search ends when the next fraction that does not pack is as near as this many parts."""
MANY = 300
"""Grains above which all seeds reach the same fraction within half a per cent: one attempt then tells enough."""
WIDE, WINDOW = 1000, 500
"""Grains above which a narrower piece of a flat layer is searched first, and how many that piece has."""
NARROWEST = 10.0
"""Smallest width of that piece, in diameters."""
LOCAL = 0.015
"""Part of the fraction by which many grains get less than their overlaps tell: near the ceiling only few still overlap."""


def highest_fraction(layer: LayerShape, band, seed: int, index: int, where: str, failed: Outcome) -> float | None:
    """The highest fraction of a layer that was found to pack, within 1 % of the layer of the highest there is.

    Parameters
    ----------
    layer, band, seed, index, where
        See `seix.geometry.packing.pack_layer`.
    failed : Outcome
        Of the attempts to pack what is asked for.

    Returns
    -------
    float or None
        A whole number of thousandths; None if no fraction was found.
    """
    asked = sum(layer.fractions.values())
    many = failed.number > MANY
    chosen = [k for k, schedule in enumerate(ATTEMPTS) if schedule is PATIENT][:1] if many else range(len(ATTEMPTS))

    top = int(FINE * asked - 1e-6) + 1

    def steps(space) -> list[int]:
        return [k for k in range(1, top) if countable(with_fraction(layer, k), space)]

    def search(space, start: int, climb: bool) -> int | None:
        def pack(k: int) -> Outcome:
            return attempts(with_fraction(layer, k), space, seed, index, where, chosen)

        return _search(pack, steps(space), start, top, climb, many)

    start, window = _next(top, failed.part, many), _window(layer, band, failed.number)
    if window is not None:
        start = (search(window, start, True) or start) - 2 * CLOSE  # a large packing jams somewhere sooner than a small one
    found = search(band, start, window is None)
    return None if found is None else found / FINE


def with_fraction(layer: LayerShape, parts: int) -> LayerShape:
    """The layer with a fraction of so many parts in all; of one material exactly what a user would write."""
    asked = sum(layer.fractions.values())
    return replace(layer, fractions={name: parts / FINE * (f / asked) for name, f in layer.fractions.items()})


def _next(parts: int, part: float, many: bool) -> int:
    """Where to look after a failure that left room for a part of the fraction."""
    return int(parts * max(part - LOCAL * many, 0.0))


def _window(layer: LayerShape, band, number: int):
    """A narrower piece of a wide flat layer; None for others."""
    period = getattr(band, "period", None)
    if number <= WIDE or period is None:
        return None
    narrow = period * (WINDOW / number) ** (1.0 / (band.dim - 1))
    return replace(band, period=narrow) if narrow > NARROWEST * (layer.diameter + layer.gap) else None


def _search(pack: Callable[[int], Outcome], steps: list[int], start: int, top: int, climb: bool, many: bool) -> int | None:
    """Largest of some fractions that packs.

    Parameters
    ----------
    pack : callable
        Tries so many parts.
    steps : list of int
        Parts that may be tried, rising.
    start, top : int
        Parts to try first, and that are known not to pack.
    climb : bool
        Whether more is tried after something packed.
    many : bool
        Whether there are many grains.
    """
    low, high, stride = -1, len(steps), (2 if many else 1) * CLOSE
    here = bisect_right(steps, start) - 1
    while high - low > 1 and (low < 0 or (steps[high] if high < len(steps) else top) - steps[low] > CLOSE):
        here = min(max(here, low + 1), high - 1)
        try:
            outcome = pack(steps[here])
        except GeometryError:  # too few grains for so much
            outcome = Outcome(None, 1.0, 0)
        if outcome.grains is None:
            high = here
            aim = min(_next(steps[here], outcome.part, many), steps[here] - (CLOSE if many else 2))
            here = min(bisect_right(steps, aim) - 1, here - 1)
            stride = stride if low < 0 else CLOSE
        elif climb:
            low = here
            here = max(bisect_right(steps, steps[here] + stride) - 1, here + 1)
            stride *= 2
        else:
            return steps[here]
    return None if low < 0 else steps[low]
