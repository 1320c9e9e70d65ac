"""The inner loops of the packing, compiled: passes over all pairs of near grains, and out of the planes of an octant."""

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
def _grid(x, side, periods):
    """Cells (n, d) of a grid with at least the given side that points lie in, their numbers (n,), how many points the cells
    before each one hold, and the counts of cells along the axes."""
    n, dim = x.shape
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
    cells, own = np.empty((n, dim), np.int64), np.empty(n, np.int64)
    start = np.zeros(np.prod(counts) + 1, np.int64)
    for i in range(n):
        number = 0
        for axis in range(dim):
            c = min(max(int((x[i, axis] - low[axis]) / width[axis]), 0), counts[axis] - 1)
            cells[i, axis] = c
            number = number * counts[axis] + c
        own[i] = number
        start[number + 1] += 1
    for number in range(1, len(start)):
        start[number] += start[number - 1]
    return cells, own, start, counts


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
    cells, own, start, counts = _grid(x, 2.0 * radii.max() + distance, periods)
    # the grains of a cell follow each other in memory
    places, member, size_of, filled = np.empty((n, dim)), np.empty(n, np.int64), np.empty(n), start[:-1].copy()
    for i in range(n):
        k = filled[own[i]]
        filled[own[i]] += 1
        member[k], size_of[k] = i, radii[i]
        places[k] = x[i]
    size = max(16, 8 * n)
    first, second = np.empty(size, np.int64), np.empty(size, np.int64)
    total = 0
    found, steps = np.empty(27, np.int64), np.empty(27, np.int64)
    # the same steps lead to the cells around every one that is not at an end
    inner = counts.min() > 2
    if inner:
        around = _neighbour_cells(np.ones(dim, np.int64), counts, periods, steps)
        middle = steps[around // 2]
        for m in range(around):
            steps[m] -= middle
    for i in range(n):
        mine, number = own[i], 0
        within = inner
        for axis in range(dim):
            within = within and 0 < cells[i, axis] < counts[axis] - 1
        if within:
            for m in range(around):
                if steps[m] >= 0:
                    found[number] = mine + steps[m]
                    number += 1
        else:
            number = _neighbour_cells(cells[i], counts, periods, found)
        for m in range(number):
            if found[m] < mine:
                continue  # the other cell finds this pair
            for k in range(start[found[m]], start[found[m] + 1]):
                j = member[k]
                if found[m] == mine and j <= i:
                    continue
                square = 0.0
                for axis in range(dim):
                    apart = _shortest(x[i, axis] - places[k, axis], periods[axis])
                    square += apart * apart
                reach = radii[i] + size_of[k] + distance
                if square < reach * reach:
                    if total == size:
                        first = np.concatenate((first, np.empty(size, np.int64)))
                        second = np.concatenate((second, np.empty(size, np.int64)))
                        size *= 2
                    first[total], second[total] = i, j
                    total += 1
    return first[:total], second[:total]


@numba.njit(cache=True)
def clear_of_axes(x, side, reach, least, most, corrections):
    """Centres in an octant that keep clear of its three planes, or lie on theirs, between two balls about the origin.

    Parameters
    ----------
    x : ndarray (n, 3)
        Centres.
    side : ndarray (n,) of int
        Axis normal to the plane that a grain is centred on, -1 for none.
    reach, least, most : ndarray (n,)
        Distance kept from the other planes, and smallest and largest distance from the origin.
    corrections : int
        Alternating moves away from planes and balls, as long as they change anything.
    """
    result = np.empty_like(x)
    for i in range(len(x)):
        a, b, c = x[i, 0], x[i, 1], x[i, 2]
        for _ in range(corrections):
            u, v, w = a, b, c
            u = 0.0 if side[i] == 0 else u + max(reach[i] - u, 0.0)
            v = 0.0 if side[i] == 1 else v + max(reach[i] - v, 0.0)
            w = 0.0 if side[i] == 2 else w + max(reach[i] - w, 0.0)
            distance = max(math.sqrt(u * u + v * v + w * w), 1e-9 * least[i])
            factor = min(max(distance, least[i]), most[i]) / distance
            u, v, w = u * factor, v * factor, w * factor
            if u == a and v == b and w == c:
                break
            a, b, c = u, v, w
        result[i, 0], result[i, 1], result[i, 2] = a, b, c
    return result
