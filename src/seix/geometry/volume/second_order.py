"""Mid nodes: one for each edge, on the sphere of the surface the edge belongs to where the cells allow it."""

from __future__ import annotations

import numpy as np
from numba import njit

from seix.geometry.volume.curving import follow, straighten
from seix.geometry.volume.quality3d import EDGES
from seix.geometry.volume.surfaces import Surfaces


def second_order(points: np.ndarray, cells: np.ndarray, surfaces: Surfaces) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Second-order cells with curved edges on spheres.

    Parameters
    ----------
    points : ndarray (n, 3)
        Those of the surfaces first.
    cells : ndarray (m, 4)
    surfaces : Surfaces

    Returns
    -------
    points : ndarray (k, 3)
        Vertices, then mid nodes.
    cells : ndarray (m, 10)
    curved, straightened : int
        Cells with an edge on a sphere, and cells with an edge that was kept straight because they, or a neighbour,
        would fold.
    """
    count = len(points)
    start, upper = _edge_table(np.asarray(cells, np.int64), count)
    lower = np.repeat(np.arange(count), np.diff(start))
    mid = np.concatenate([points, 0.5 * (points[lower] + points[upper])])
    ten = np.empty((len(cells), 10), np.int64)
    ten[:, :4] = cells
    for k, (a, b) in enumerate(EDGES):
        ten[:, 4 + k] = count + _edge_numbers(start, upper, cells[:, a], cells[:, b])
    arcs, onto, images = _arcs(surfaces, points, start, upper)
    if not len(arcs):
        return mid, ten, 0, 0
    points = mid.copy()
    points[count + arcs] = onto
    free = np.ones(len(points), bool)
    _, faces, _ = surfaces.arrays()
    for a, b in ((0, 1), (1, 2), (2, 0)):
        free[count + _edge_numbers(start, upper, faces[:, a], faces[:, b])] = False
    twin = np.full((len(points), 2), -1)
    twin[count + arcs] = np.where(images < 0, -1, count + arcs[images])
    curved = np.zeros(len(points), bool)
    curved[count + arcs] = True
    suspect = follow(points, ten, mid, free)
    straightened = straighten(points, ten, suspect, mid, twin)
    return points, ten, int(curved[ten[:, 4:]].any(axis=1).sum()), straightened


@njit(cache=True)
def _edge_table(cells, count):
    """Edges by their lower vertex: those of vertex v lead to upper[start[v]:start[v + 1]], in ascending order."""
    fill = np.zeros(count + 1, np.int64)
    for c in range(len(cells)):
        for a in range(4):
            for b in range(a + 1, 4):
                fill[min(cells[c, a], cells[c, b]) + 1] += 1
    start = np.cumsum(fill)
    upper = np.empty(start[-1], np.int64)
    place = start[:-1].copy()
    for c in range(len(cells)):
        for a in range(4):
            for b in range(a + 1, 4):
                low = min(cells[c, a], cells[c, b])
                upper[place[low]] = max(cells[c, a], cells[c, b])
                place[low] += 1
    # an edge was entered once for each of its cells
    kept = 0
    first = np.zeros(count + 1, np.int64)
    for v in range(count):
        group = np.sort(upper[start[v] : start[v + 1]])
        last = -1
        for w in group:
            if w != last:
                upper[kept] = w
                kept += 1
                last = w
        first[v + 1] = kept
    return first, upper[:kept].copy()


@njit(cache=True)
def _edge_numbers(start, upper, a, b):
    """Number of the edge between each a and b, -1 if there is none."""
    result = np.full(len(a), -1)
    for k in range(len(a)):
        low, high = min(a[k], b[k]), max(a[k], b[k])
        if low < 0:
            continue
        place = start[low] + np.searchsorted(upper[start[low] : start[low + 1]], high)
        if place < start[low + 1] and upper[place] == high:
            result[k] = place
    return result


def _arcs(surfaces: Surfaces, points: np.ndarray, start: np.ndarray, upper: np.ndarray) -> tuple[np.ndarray, ...]:
    """Edges on spheres, their mid nodes there, and which arcs (k, 2) are periodic images of each arc, -1 if none."""
    nodes, centres, radii = surfaces.arcs()
    number = _edge_numbers(start, upper, nodes[:, 0], nodes[:, 1])
    arcs, first = np.unique(number, return_index=True)
    nodes, centres, radii = nodes[first], centres[first], radii[first]
    away = 0.5 * (points[nodes[:, 0]] + points[nodes[:, 1]]) - centres
    onto = centres + away * (radii / np.linalg.norm(away, axis=1))[:, None]
    images = np.full((len(arcs), 2), -1)
    for axis, partner in enumerate(surfaces.partners()):
        image = _edge_numbers(start, upper, partner[nodes[:, 0]], partner[nodes[:, 1]])
        found = np.flatnonzero(image >= 0)
        place = np.searchsorted(arcs, image[found])
        images[found, axis] = place
        images[place, axis] = found
    return arcs, onto, images
