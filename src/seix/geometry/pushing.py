"""The inner loop of the packing, compiled: one pass over all pairs of near grains."""

from __future__ import annotations

import math

import numba
import numpy as np

STEP = 0.6
"""Part of an overlap by which each of its two grains moves; a little more than half, as others push back."""


@numba.njit(cache=True, inline="always")
def _shortest(difference, period):
    """Difference of two coordinates to the nearest image; both lie within one period (0 for none)."""
    if period > 0.0:
        if difference > 0.5 * period:
            return difference - period
        if difference < -0.5 * period:
            return difference + period
    return difference


@numba.njit(cache=True)
def push_apart(x, first, second, radii, gap, periods, least):
    """Moves that take overlapping grains apart.

    The order of the sums is that of the pairs and no operation is reassociated, so results are the same on every
    machine.

    Parameters
    ----------
    x : ndarray (n, d)
        Centres.
    first, second : ndarray (m,) of int
        Pairs of near grains.
    radii : ndarray (n,)
    gap : float
        Smallest distance of two surfaces.
    periods : ndarray (d,)
        Period along each axis, 0 for none.
    least : float
        Distances of centres below this count as this.

    Returns
    -------
    moves : ndarray (n, d)
    worst : float
        Largest overlap.
    energy : float
        Sum of the squared overlaps.
    """
    moves = np.zeros_like(x)
    worst, energy = 0.0, 0.0
    dim = x.shape[1]
    vector = np.empty(dim)
    for k in range(len(first)):
        i, j = first[k], second[k]
        square = 0.0
        for axis in range(dim):
            apart = _shortest(x[i, axis] - x[j, axis], periods[axis])
            vector[axis] = apart
            square += apart * apart
        reach = radii[i] + radii[j] + gap
        if square >= reach * reach:
            continue
        distance = max(math.sqrt(square), least)
        overlap = reach - distance
        worst = max(worst, overlap)
        energy += overlap * overlap
        for axis in range(dim):
            step = STEP * overlap / distance * vector[axis]
            moves[i, axis] += step
            moves[j, axis] -= step
    return moves, worst, energy


@numba.njit(cache=True)
def _neighbour_cells(cell, counts, periods, found):
    """Numbers of the cells around one, itself included, each once; returns how many."""
    dim = len(counts)
    total = 0
    index = np.empty(dim, np.int64)
    for k in range(3**dim):
        rest, inside = k, True
        for axis in range(dim):
            a = cell[axis] + rest % 3 - 1
            rest //= 3
            if periods[axis] > 0.0:
                a %= counts[axis]
            elif a < 0 or a >= counts[axis]:
                inside = False
            index[axis] = a
        if not inside:
            continue
        number = index[0]
        for axis in range(1, dim):
            number = number * counts[axis] + index[axis]
        known = False
        for m in range(total):  # with fewer than three cells along a period the same one comes again
            known = known or found[m] == number
        if not known:
            found[total] = number
            total += 1
    return total


@numba.njit(cache=True)
def near_pairs(x, radii, distance, periods):
    """Pairs of grains whose surfaces are nearer than a distance, found with a grid of cells.

    Parameters
    ----------
    x : ndarray (n, d)
        Centres; along periodic axes between 0 and the period.
    radii : ndarray (n,)
    distance : float
        Between surfaces.
    periods : ndarray (d,)
        0 for no period.

    Returns
    -------
    first, second : ndarray (m,) of int64
        Each pair once.
    """
    n, dim = x.shape
    side = 2.0 * radii.max() + distance
    low, counts = np.zeros(dim), np.ones(dim, np.int64)
    width = np.ones(dim)
    for axis in range(dim):
        extent = periods[axis]
        if extent == 0.0:
            low[axis] = x[:, axis].min()
            extent = x[:, axis].max() - low[axis]
        # no more cells than points along any axis: a few far points need no empty grid
        counts[axis] = min(max(1, int(extent / side)), n)
        width[axis] = max(extent, side) / counts[axis]
    cells = np.empty((n, dim), np.int64)
    head = np.full(np.prod(counts), -1)
    own, after = np.empty(n, np.int64), np.empty(n, np.int64)
    for i in range(n - 1, -1, -1):
        number = 0
        for axis in range(dim):
            c = min(max(int((x[i, axis] - low[axis]) / width[axis]), 0), counts[axis] - 1)
            cells[i, axis] = c
            number = number * counts[axis] + c
        own[i] = number
        after[i] = head[number]
        head[number] = i
    size = max(16, 8 * n)
    first, second = np.empty(size, np.int64), np.empty(size, np.int64)
    total = 0
    found = np.empty(27, np.int64)
    for i in range(n):
        for m in range(_neighbour_cells(cells[i], counts, periods, found)):
            if found[m] < own[i]:
                continue  # the other cell finds this pair
            j = head[found[m]]
            while j >= 0:
                if found[m] > own[i] or j > i:
                    square = 0.0
                    for axis in range(dim):
                        apart = _shortest(x[i, axis] - x[j, axis], periods[axis])
                        square += apart * apart
                    reach = radii[i] + radii[j] + distance
                    if square < reach * reach:
                        if total == size:
                            first = np.concatenate((first, np.empty(size, np.int64)))
                            second = np.concatenate((second, np.empty(size, np.int64)))
                            size *= 2
                        first[total], second[total] = i, j
                        total += 1
                j = after[j]
    return first[:total], second[:total]
