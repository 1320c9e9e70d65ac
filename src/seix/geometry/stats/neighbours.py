"""Near pairs of grains, across periodic sides too, and the gap from each grain to its nearest neighbour."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from seix.geometry.stats.grains import Grains

FIRST = 6
"""Nearest centres looked at first for the nearest surface."""
MORE = 3
"""Factor on that number where it does not decide."""


@dataclass(frozen=True)
class Images:
    """Grains and those of their periodic images that matter near the domain.

    Attributes
    ----------
    centres : ndarray (m, dim)
        [nm]
    source : ndarray (m,) of int
        Grain that each one is an image of.
    step : ndarray (m, dim) of int
        Displacement in periods.
    """

    centres: np.ndarray
    source: np.ndarray
    step: np.ndarray


def images(grains: Grains, margin: float, half: bool = False) -> Images:
    """Grains and their periodic images up to `margin` [nm] outside the patch.

    Parameters
    ----------
    grains : Grains
    margin : float
        [nm]; more than a period counts as one period.
    half : bool
        Only one of each two opposite displacements, and not the grains themselves.
    """
    centres, dim, period = grains.centres, grains.dim, grains.structure.period
    zero = (0,) * dim
    steps = [zero]
    if period is not None:
        steps += [(*s, 0) for s in itertools.product((-1, 0, 1), repeat=dim - 1) if any(s)]
    if half:
        steps = [s for s in steps if s > zero]
    parts = []
    for step in steps:
        moved = centres + np.array(step) * (period or 0.0)
        near = np.arange(len(centres))
        if any(step):
            plane = moved[:, : dim - 1]
            near = np.flatnonzero(((plane >= -margin) & (plane <= period + margin)).all(axis=1))
        parts.append((moved[near], near, np.broadcast_to(np.array(step), (len(near), dim))))
    if not parts:
        return Images(np.empty((0, dim)), np.empty(0, int), np.empty((0, dim), int))
    return Images(*(np.concatenate(column) for column in zip(*parts, strict=True)))


@dataclass(frozen=True)
class Pairs:
    """Pairs of grains, each once for every image that is near.

    Attributes
    ----------
    first, second : ndarray (p,) of int
        Numbers within the `Grains`; equal for a grain and its own image.
    step : ndarray (p, dim) of int
        Displacement of the second grain in periods.
    """

    first: np.ndarray
    second: np.ndarray
    step: np.ndarray


def near_pairs(grains: Grains, distance: float) -> Pairs:
    """All pairs whose centres are at most `distance` [nm] apart, as far as it is below the period."""
    tree = cKDTree(grains.centres)
    inner = tree.query_pairs(distance, output_type="ndarray")
    inner = inner[np.lexsort((inner[:, 1], inner[:, 0]))]
    other = images(grains, distance, half=True)
    none = np.zeros((len(inner), grains.dim), int)
    if not len(other.source):
        return Pairs(inner[:, 0], inner[:, 1], none)
    found = tree.sparse_distance_matrix(cKDTree(other.centres), distance, output_type="ndarray")
    found = found[np.lexsort((found["j"], found["i"]))]
    return Pairs(
        np.concatenate([inner[:, 0], found["i"]]),
        np.concatenate([inner[:, 1], other.source[found["j"]]]),
        np.concatenate([none, other.step[found["j"]]]),
    )


def pair_gaps(grains: Grains, pairs: Pairs) -> np.ndarray:
    """Distances (p,) of the surfaces of pairs [nm]."""
    return grains.gaps(pairs.first, pairs.second, pairs.step * (grains.structure.period or 0.0))


def nearest_gaps(grains: Grains) -> np.ndarray:
    """Distance (n,) from each grain to its nearest neighbour or image by surfaces; inf for a lone grain [nm]."""
    if not len(grains):
        return np.empty(0)
    everything = np.arange(len(grains))
    other = images(grains, np.inf)
    return np.minimum(nearest_of(grains, everything, other)[0], mirror_gaps(grains))


def nearest_of(grains: Grains, asked: np.ndarray, other: Images) -> tuple[np.ndarray, np.ndarray]:
    """Distance (q,) by surfaces of some grains to the nearest of some images [nm], and the grain (q,) that it is.

    Centres are looked at in the order of their distance until no farther one can be nearer by its surface.
    """
    tree, reach = cKDTree(other.centres), grains.reach
    largest = reach[np.unique(other.source)].max(initial=0.0)
    best, which = np.full(len(asked), np.inf), np.full(len(asked), -1)
    rows, seen, count = np.arange(len(asked)), 0, min(FIRST, len(other.source))
    while len(rows) and seen < len(other.source):
        me = asked[rows]
        distance, index = tree.query(grains.centres[me], k=np.arange(seen + 1, count + 1))
        itself = (other.source[index] == me[:, None]) & (other.step[index] == 0).all(axis=2)
        # no surface is nearer than this
        bound = np.where(itself, np.inf, distance - reach[me][:, None] - reach[other.source[index]])
        for column in range(index.shape[1]):
            look = np.flatnonzero(bound[:, column] < best[rows])
            image, row = index[look, column], rows[look]
            shift = other.step[image] * (grains.structure.period or 0.0)
            gap = grains.gaps(asked[row], other.source[image], shift)
            nearer = gap < best[row]
            best[row[nearer]], which[row[nearer]] = gap[nearer], other.source[image[nearer]]
        rows = rows[distance[:, -1] - reach[me] - largest < best[rows]]
        seen, count = count, min(MORE * count, len(other.source))
    return best, which


def mirror_gaps(grains: Grains, sides: tuple[int, ...] | None = None) -> np.ndarray:
    """Distance (n,) from each grain to its own image in the nearest mirror, or of `sides` [nm]; inf for one that a mirror cuts.

    Other grains are always nearer than their mirror images.
    """
    frame, result = grains.structure.frame, np.full(len(grains), np.inf)
    for k, normal in enumerate(frame.mirrors):
        if sides is not None and k not in sides:
            continue
        clear = 2.0 * (grains.centres @ normal - grains.extent(-normal))
        ahead = np.ones(len(grains), bool)
        if grains.dim == 2:  # a sector may be wider than a right angle
            ahead = grains.centres @ frame.side_axes(k)[0] > 0.0
        counts = ahead & (grains.structure.side[grains.index] != k)
        result = np.where(counts, np.minimum(result, clear), result)
    return result
