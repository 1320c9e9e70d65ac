"""Cells of a power diagram in the plane, each an exact convex polygon.

The cell of grain i holds the points p with |p - x_i|^2 - w_i smaller than for every other grain (F. Aurenhammer, SIAM J.
Comput. 16 (1987) 78, doi:10.1137/0216006). It is cut out of its bounds by one half-plane after the other, nearest
neighbours first, until the next ones are too far to matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy.ndimage import maximum_filter

from seix.geometry.balance import Division
from seix.geometry.cell_space import EVERYONE, CellSpace

MOST_EDGES = 128
"""Edges that a cell may have on the way."""
BINS_PER_SPACING = 1.2
"""Raster cells per mean distance of the seeds."""

WINDOW = 8
"""Bins around one, in each direction, whose largest weight is known."""


@dataclass(frozen=True)
class Cells:
    """Convex cells, counter-clockwise; lengths in nanometres.

    Attributes
    ----------
    start : ndarray (n + 1,) of int
        Grain i has the edges `start[i]` to `start[i + 1]`.
    vertices : ndarray (m, 2)
        First end of each edge, relative to the seed.
    lines : ndarray (m, 3)
        Outward unit normal of each edge, and its distance from the seed.
    behind : ndarray (m,) of int
        Site behind each edge; -1 - q for bound q.
    areas : ndarray (n,)
    centroids : ndarray (n, 2)
        Relative to the seed.
    response : ndarray (m,)
        Change of the area over that of the weight w of the grain from the moving of each edge; 0 at bounds.
    owner : ndarray (k,) of int
        Grain of each site.
    """

    start: np.ndarray
    vertices: np.ndarray
    lines: np.ndarray
    behind: np.ndarray
    areas: np.ndarray
    centroids: np.ndarray
    response: np.ndarray
    owner: np.ndarray

    @property
    def grain(self) -> np.ndarray:
        """Grain (m,) of each edge."""
        return np.repeat(np.arange(len(self.areas)), np.diff(self.start))

    def division(self) -> Division:
        """The cells as the balance of their sizes sees them."""
        first = self.grain
        second = np.where(self.behind >= 0, self.owner[np.maximum(self.behind, 0)], first)
        other = first != second
        return Division(self.areas, self.centroids, np.column_stack([first, second])[other], self.response[other])


def power_cells(space: CellSpace, x: np.ndarray, weight: np.ndarray, side: np.ndarray) -> Cells:
    """Divide a layer between grains.

    Parameters
    ----------
    space : CellSpace
    x : ndarray (n, 2)
        Seeds.
    weight : ndarray (n,)
        Squared radii of the power diagram [nm2].
    side : ndarray (n,) of int
        Side that a grain is centred on, -1 for none.
    """
    sites = space.sites(x, side)
    weights = weight[sites.owner]
    raster = make_raster(sites.points, space.spacing(len(x)) / BINS_PER_SPACING)
    raster = (*raster, near_maxima(weights, *raster[1:4]), weights.max())
    start, edges, behind, moments = _cells(
        np.column_stack([sites.points, weights]), sites.only, side, len(x), space.bounds(x, side), space.size, raster
    )
    vertices, lines, response = edges[:, :2], edges[:, 2:5], edges[:, 5]
    return Cells(start, vertices, lines, behind, moments[:, 0], moments[:, 1:], response, sites.owner)


def make_raster(points: np.ndarray, width: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, float]:
    """Sort points into square or cubic bins.

    Returns
    -------
    low : ndarray (dim,)
    counts : ndarray (dim,) of int
    first : ndarray (bins + 1,) of int
    order : ndarray (m,) of int
        Bin b holds the points `order[first[b]:first[b + 1]]`.
    width : float
        Of the bins.
    """
    low = points.min(axis=0)
    counts = np.maximum(np.ceil((points.max(axis=0) - low) / width).astype(np.int64), 1)
    place = np.minimum(((points - low) / width).astype(np.int64), counts - 1)
    number = np.ravel_multi_index(tuple(place.T), counts)
    order = np.argsort(number, kind="stable")
    first = np.concatenate([[0], np.cumsum(np.bincount(number, minlength=int(np.prod(counts))))])
    return low, counts, first, order, width


def near_maxima(weight: np.ndarray, counts: np.ndarray, first: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Largest weight (bins,) within `WINDOW` bins of each bin.

    Weights may vary much over a layer but little between neighbours, so that this tells how far the search must go.
    """
    largest = np.full(int(np.prod(counts)), -np.inf)
    filled = np.flatnonzero(np.diff(first))
    largest[filled] = np.maximum.reduceat(weight[order], first[filled])
    return maximum_filter(largest.reshape(counts), 2 * WINDOW + 1, mode="nearest").ravel()


@njit(cache=True)
def clip(xy, tag, now, count, nx, ny, c, label):
    """Cut a convex polygon with the half-plane n . v <= c.

    Parameters
    ----------
    xy : ndarray (2, k, 2)
        Two buffers for the vertices.
    tag : ndarray (2, k) of int
        Names of the lines from each vertex to the next one.
    now : int
        Which buffer holds the polygon.
    count : int
        Its number of vertices.
    nx, ny, c : float
    label : int
        Name of the new line.

    Returns
    -------
    now, count : int
    """
    new, kept = 1 - now, 0
    before = nx * xy[now, 0, 0] + ny * xy[now, 0, 1] - c
    for k in range(count):
        m = k + 1 if k + 1 < count else 0
        after = nx * xy[now, m, 0] + ny * xy[now, m, 1] - c
        if before <= 0.0:
            xy[new, kept, 0], xy[new, kept, 1], tag[new, kept] = xy[now, k, 0], xy[now, k, 1], tag[now, k]
            kept += 1
        if (before <= 0.0) != (after <= 0.0):
            part = before / (before - after)
            xy[new, kept, 0] = xy[now, k, 0] + part * (xy[now, m, 0] - xy[now, k, 0])
            xy[new, kept, 1] = xy[now, k, 1] + part * (xy[now, m, 1] - xy[now, k, 1])
            tag[new, kept] = label if before <= 0.0 else tag[now, k]
            kept += 1
        before = after
    return new, kept


@njit(cache=True)
def _farthest(xy, now, count):
    """Squared distance of the farthest vertex from the seed."""
    result = 0.0
    for k in range(count):
        result = max(result, xy[now, k, 0] ** 2 + xy[now, k, 1] ** 2)
    return result


@njit(cache=True)
def _cut_by_bin(i, sites, only, side, members, xy, tag, now, count, far):
    """Cut the cell of seed i by all sites of a bin; `sites` has columns x, y, weight."""
    for j in members:
        if j == i or (only[j] != EVERYONE and only[j] != side[i]):
            continue
        dx, dy = sites[j, 0] - sites[i, 0], sites[j, 1] - sites[i, 1]
        apart = np.sqrt(dx * dx + dy * dy)
        reach = 0.5 * (apart + (sites[i, 2] - sites[j, 2]) / apart)
        if reach > 0.0 and reach * reach >= far:
            continue
        new, count = clip(xy, tag, now, count, dx / apart, dy / apart, reach, j)
        if new != now:
            now, far = new, _farthest(xy, new, count)
    return now, count, far


@njit(cache=True)
def _cell(i, sites, only, side, bounds, size, raster, xy, tag):
    """Cut the cell of seed i out of its bounds; returns the buffer it is in and its number of vertices."""
    low, counts, first, order, width, heaviest, overall = raster
    x, y = sites[i, 0], sites[i, 1]
    for k in range(4):
        xy[0, k, 0] = size if k == 0 or k == 3 else -size
        xy[0, k, 1] = size if k < 2 else -size
        tag[0, k] = -1
    now, count = 0, 4
    for q in range(bounds.shape[1]):
        if bounds[i, q, 2] < np.inf:
            now, count = clip(xy, tag, now, count, bounds[i, q, 0], bounds[i, q, 1], bounds[i, q, 2], -1 - q)
    far = _farthest(xy, now, count)
    column = min(max(int((x - low[0]) / width), 0), counts[0] - 1)
    row = min(max(int((y - low[1]) / width), 0), counts[1] - 1)
    away = (WINDOW - 1) * width
    near_heaviest = heaviest[column * counts[1] + row]
    ring = 0
    while count > 2 and ring <= max(counts[0], counts[1]):
        for a in range(max(column - ring, 0), min(column + ring, counts[0] - 1) + 1):
            step = 1 if abs(a - column) == ring else max(2 * ring, 1)  # inner columns only meet the ring at its ends
            for b in range(row - ring, row + ring + 1, step):
                if 0 <= b < counts[1]:
                    n = a * counts[1] + b
                    members = order[first[n] : first[n + 1]]
                    now, count, far = _cut_by_bin(i, sites, only, side, members, xy, tag, now, count, far)
        # seeds that are still to come lie at least this far away
        inside = min(x - low[0] - (column - ring) * width, low[0] + (column + ring + 1) * width - x)
        inside = min(inside, y - low[1] - (row - ring) * width, low[1] + (row + ring + 1) * width - y)
        beyond = away * (away - 2.0 * np.sqrt(far)) >= overall - sites[i, 2]
        lack = inside * (inside - 2.0 * np.sqrt(far))
        if inside > 0.0 and lack >= (near_heaviest if beyond and ring < WINDOW else overall) - sites[i, 2]:
            break
        ring += 1
    return now, count


@njit(cache=True)
def _moments(v, count):
    """Area and centroid of a polygon."""
    area, x, y = 0.0, 0.0, 0.0
    for k in range(count):
        m = k + 1 if k + 1 < count else 0
        cross = v[k, 0] * v[m, 1] - v[m, 0] * v[k, 1]
        area += 0.5 * cross
        x += cross * (v[k, 0] + v[m, 0]) / 6.0
        y += cross * (v[k, 1] + v[m, 1]) / 6.0
    return (area, x / area, y / area) if area > 0.0 else (0.0, 0.0, 0.0)


@njit(cache=True)
def _cells(sites, only, side, n, bounds, size, raster):
    """Cells of the first n sites: starts, edges (vertex, normal, distance, response), lines, and moments; see `Cells`."""
    start = np.zeros(n + 1, np.int64)
    edges, behind = np.empty((8 * n + MOST_EDGES, 6)), np.empty(8 * n + MOST_EDGES, np.int64)
    moments = np.zeros((n, 3))
    xy, tag = np.empty((2, MOST_EDGES, 2)), np.empty((2, MOST_EDGES), np.int64)
    total = 0
    for i in range(n):
        now, count = _cell(i, sites, only, side, bounds, size, raster, xy, tag)
        moments[i, 0], moments[i, 1], moments[i, 2] = _moments(xy[now], count)
        if total + count > len(edges):
            edges = np.concatenate((edges, np.empty_like(edges)))
            behind = np.concatenate((behind, np.empty_like(behind)))
        for k in range(count):
            m = k + 1 if k + 1 < count else 0
            j = tag[now, k]
            edges[total, 0], edges[total, 1] = xy[now, k, 0], xy[now, k, 1]
            if j < 0:
                edges[total, 2], edges[total, 3] = bounds[i, -1 - j, 0], bounds[i, -1 - j, 1]
                edges[total, 4], edges[total, 5] = bounds[i, -1 - j, 2], 0.0
            else:
                dx, dy = sites[j, 0] - sites[i, 0], sites[j, 1] - sites[i, 1]
                apart = np.sqrt(dx * dx + dy * dy)
                edges[total, 2], edges[total, 3] = dx / apart, dy / apart
                edges[total, 4] = 0.5 * (apart + (sites[i, 2] - sites[j, 2]) / apart)
                length = np.hypot(xy[now, m, 0] - xy[now, k, 0], xy[now, m, 1] - xy[now, k, 1])
                edges[total, 5] = 0.5 * length / apart
            behind[total] = j
            total += 1
        start[i + 1] = total
    return start, edges[:total], behind[:total], moments
