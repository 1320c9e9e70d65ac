"""Where the sides of a patch run through its grains, and which of these they cut."""

from __future__ import annotations

import numpy as np

DEEP = 0.6
"""A side cuts a grain in two if the largest ball in it that is centred on the side has this part of the radius of the
largest one at all; else the grain gives way to the side."""
SHALLOW = 0.3
"""Part of the width of a cell on the smaller side of a cut below which the grain will give way."""
TRIALS = (16, 256)
"""Least and largest number of places that are compared."""
WORK = 4_000_000
"""Cells times places that are looked at, if that allows the least number."""


def best_shift(low: np.ndarray, high: np.ndarray, period: float) -> float:
    """Place of a side at which grains lose least by giving way.

    Parameters
    ----------
    low, high : ndarray (n,)
        Range of each cell along the normal of the side [nm].
    period : float
        [nm]
    """
    count = int(np.clip(WORK // max(len(low), 1), *TRIALS))
    places = period * np.arange(count) / count
    width, cost = high - low, np.empty(count)
    for k, place in enumerate(places):
        depth = (place - low) % period
        smaller = np.minimum(depth, width - depth)
        lost = (smaller > 0.0) & (smaller < SHALLOW * width)
        cost[k] = (smaller * width)[lost].sum()
    return float(places[cost.argmin()])
