"""Grains moved back into the layer around a group of particles, compiled: the inner loop of their packing."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

EXACT = 1e-9
"""Part of a radius by which a wall may be missed."""
CLEAR = 0.05
"""Distance that grains keep from the periodic sides, in radii, where the asked gap is smaller."""


@njit(cache=True)
def settled(x, radii, enough, centres, cores, box, walls, gaps, gap, steps):
    """Move grains between the walls of the nearest particle, outside all others, off the sides, step by step.

    No operation is reassociated, so results are the same on every machine.

    Parameters
    ----------
    x : ndarray (n, d)
        Centres.
    radii : ndarray (n,)
        Of the grains that are to fit.
    enough : float
        A grain rests where the room is this many radii.
    centres, cores : ndarray (m, d), (m,)
        Particles of the group, and the radii of their cores.
    box : float
        Edge of the box, which is periodic along all axes but the last.
    walls, gaps : tuple of float
        Heights of the inner and the outer wall over the cores, and the distances kept from them.
    gap : float
        Smallest distance of grains.
    steps : int
        Most steps for one grain.

    Returns
    -------
    x : ndarray (n, d)
    room : ndarray (n,)
        Radius of the largest grain that keeps all distances there.
    """
    n, dim = x.shape
    result, room = np.empty_like(x), np.zeros(n)
    place, away, lift = np.empty(dim), np.empty((len(cores), dim)), np.empty(len(cores))
    for i in range(n):
        place[:] = x[i]
        _wrap(place, box)
        for _ in range(steps):
            _step(place, radii[i], away, lift, centres, cores, box, walls, gaps, gap)
            room[i] = _room(place, away, centres, cores, box, walls, gaps, gap)
            if room[i] >= radii[i] * enough:
                break
        result[i] = place
    return result, room


@njit(cache=True)
def _room(place, away, centres, cores, box, walls, gaps, gap):
    """Radius of the largest grain that keeps all distances at a place; `away` (m, d) is overwritten."""
    lowest = np.inf
    for k in range(len(cores)):
        lowest = min(lowest, _distance(place, away[k], centres[k], box) - cores[k])
    side = np.inf
    for axis in range(len(place) - 1):
        side = min(side, min(place[axis], box - place[axis]))
    least = min(lowest - walls[0] - gaps[0], walls[1] - gaps[1] - lowest)
    return min(least, min(side - 0.5 * gap, side / (1.0 + CLEAR)))


@njit(cache=True)
def _step(place, radius, away, lift, centres, cores, box, walls, gaps, gap):
    """One step of a grain back between the walls."""
    clear = radius + max(0.5 * gap, CLEAR * radius)
    for axis in range(len(place) - 1):
        place[axis] = min(max(place[axis], clear), box - clear)
    least, most = walls[0] + gaps[0] + radius, walls[1] - gaps[1] - radius
    own, lowest = 0, np.inf
    for k in range(len(cores)):
        length = max(_distance(place, away[k], centres[k], box), EXACT)
        height = length - cores[k]
        lift[k] = max(least - height, 0.0) / length
        if height < lowest:
            own, lowest, nearest = k, height, length
    lift[own] = (min(max(lowest, least), most) - lowest) / nearest
    for axis in range(len(place)):
        move = 0.0
        for k in range(len(cores)):
            move += lift[k] * away[k, axis]
        place[axis] += move
    _wrap(place, box)


@njit(cache=True)
def _distance(place, away, centre, box):
    """Distance of a place from the nearest image of a centre; `away` becomes the vector."""
    square = 0.0
    for axis in range(len(place)):
        away[axis] = place[axis] - centre[axis]
        if axis + 1 < len(place):
            away[axis] -= box * np.rint(away[axis] / box)
        square += away[axis] * away[axis]
    return math.sqrt(square)


@njit(cache=True)
def _wrap(place, box):
    for axis in range(len(place) - 1):
        place[axis] %= box
