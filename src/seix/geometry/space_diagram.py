"""Cells of a power diagram in space, seen from a point inside along given directions.

A cell is kept as the list of its half-spaces. Nearest neighbours come first; the search ends where further ones cannot
cut a ray, so that what is seen lies in the exact cell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from seix.geometry.balance import Division
from seix.geometry.cell_space import EVERYONE, CellSpace
from seix.geometry.power_diagram import make_raster, near_maxima

WINDOW = 8
"""Bins around one, in each direction, whose largest weight is known; as in `power_diagram`."""
GRAZING = 1e-9
"""Cosine below which a ray does not meet a plane."""


@dataclass(frozen=True)
class Views:
    """What is seen of each cell; lengths in nanometres.

    Attributes
    ----------
    start : ndarray (n + 1,) of int
        Grain i has the half-spaces `start[i]` to `start[i + 1]`: all that a ray meets, and some more.
    planes : ndarray (m, 4)
        Outward unit normal of each, and its distance from the point of view.
    distances : ndarray (n, k)
        From the point of view to the boundary of the cell.
    site : ndarray (n, k) of int
        Site behind the boundary; -1 for a wall or a side.
    response : ndarray (n, k)
        Change of the distance over that of the weight of the grain.
    owner : ndarray (s,) of int
        Grain of each site.
    """

    start: np.ndarray
    planes: np.ndarray
    distances: np.ndarray
    site: np.ndarray
    response: np.ndarray
    owner: np.ndarray

    def division(self, directions: np.ndarray, solid_angles: np.ndarray) -> Division:
        """Volumes, centroids and responses by quadrature over the directions.

        Parameters
        ----------
        directions : ndarray (n, k, 3)
        solid_angles : ndarray (k,)
            Summing to 4 pi.
        """
        cubed = self.distances**3 * solid_angles
        volume = cubed.sum(axis=1) / 3.0
        centroid = np.einsum("nk,nkd->nd", 0.25 * cubed * self.distances, directions) / volume[:, None]
        first, k = np.nonzero(self.site >= 0)
        second = self.owner[self.site[first, k]]
        response = (solid_angles * self.distances**2 * self.response)[first, k]
        other = first != second
        return Division(volume, centroid, np.column_stack([first, second])[other], response[other])


def view_cells(space: CellSpace, x: np.ndarray, weight: np.ndarray, side: np.ndarray, view: np.ndarray,
               directions: np.ndarray, more: np.ndarray | None = None) -> Views:  # fmt: skip
    """Look at the cells of a layer.

    Parameters
    ----------
    space : CellSpace
    x : ndarray (n, 3)
        Seeds, in their period.
    weight : ndarray (n,)
        Of the power diagram [nm2].
    side : ndarray (n,) of int
        Mirror that a grain is centred on, -1 for none.
    view : ndarray (n, 3)
        Points of view inside the cells, relative to the seeds.
    directions : ndarray (n, k, 3)
        Unit vectors.
    more : ndarray (n, q, 4) or None
        Further half-spaces, as in `CellSpace.bounds`.
    """
    sites = space.sites(x, side)
    weights = weight[sites.owner]
    raster = make_raster(sites.points, space.spacing(len(x)))
    raster = (*raster, near_maxima(weights, *raster[1:4]), weights.max())
    bounds = space.bounds(x, side)
    if more is not None:
        bounds = np.concatenate([bounds, more], axis=1)
    found = _view(np.column_stack([sites.points, weights]), sites.only, side, bounds, space.size, space.ball, raster, view,
                  directions)  # fmt: skip
    return Views(*found, sites.owner)


@njit(cache=True)
def to_ball(x, y, z, u, v, w, radius):
    """Distance from a point inside a ball about the origin to its surface, along a direction."""
    along = x * u + y * v + z * w
    return -along + np.sqrt(max(along * along + radius * radius - x * x - y * y - z * z, 0.0))


@njit(cache=True)
def _cut(planes, label, response, last, directions, distances, site, responses):
    """Shorten the rays of one cell at its newest plane; returns the farthest distance."""
    nx, ny, nz, offset = planes[last, 0], planes[last, 1], planes[last, 2], planes[last, 3]
    far = 0.0
    for k in range(len(distances)):
        cos = nx * directions[k, 0] + ny * directions[k, 1] + nz * directions[k, 2]
        if cos > GRAZING and offset < distances[k] * cos:
            distances[k], site[k], responses[k] = max(offset, 0.0) / cos, label, response / cos
        far = max(far, distances[k])
    return far


@njit(cache=True)
def _append(planes, count, nx, ny, nz, offset):
    if count == len(planes):
        planes = np.concatenate((planes, np.empty_like(planes)))
    planes[count, 0], planes[count, 1], planes[count, 2], planes[count, 3] = nx, ny, nz, offset
    return planes


@njit(cache=True)
def _look(i, sites, only, side, bounds, raster, view, directions, planes, count, distances, site, responses):
    """Find the half-spaces of one cell and shorten its rays; returns the planes and their new number."""
    low, counts, first, order, width, heaviest, overall = raster
    x, y, z, weight = sites[i]
    vx, vy, vz = view
    off = np.sqrt(vx * vx + vy * vy + vz * vz)
    far = distances.max()
    for q in range(bounds.shape[0]):
        if bounds[q, 3] < np.inf:
            nx, ny, nz = bounds[q, 0], bounds[q, 1], bounds[q, 2]
            planes = _append(planes, count, nx, ny, nz, bounds[q, 3] - nx * vx - ny * vy - nz * vz)
            far = _cut(planes, -1, 0.0, count, directions, distances, site, responses)
            count += 1
    a = min(max(int((x - low[0]) / width), 0), counts[0] - 1)
    b = min(max(int((y - low[1]) / width), 0), counts[1] - 1)
    c = min(max(int((z - low[2]) / width), 0), counts[2] - 1)
    near_heaviest = heaviest[(a * counts[1] + b) * counts[2] + c]
    away, ring = (WINDOW - 1) * width, 0
    while ring <= counts.max():
        for p in range(max(a - ring, 0), min(a + ring, counts[0] - 1) + 1):
            for q in range(max(b - ring, 0), min(b + ring, counts[1] - 1) + 1):
                edge = abs(p - a) == ring or abs(q - b) == ring
                for r in range(c - ring, c + ring + 1, 1 if edge else max(2 * ring, 1)):
                    if r < 0 or r >= counts[2]:
                        continue
                    n = (p * counts[1] + q) * counts[2] + r
                    for m in range(first[n], first[n + 1]):
                        j = order[m]
                        if j == i or (only[j] != EVERYONE and only[j] != side):
                            continue
                        dx, dy, dz = sites[j, 0] - x, sites[j, 1] - y, sites[j, 2] - z
                        apart = np.sqrt(dx * dx + dy * dy + dz * dz)
                        dx, dy, dz = dx / apart, dy / apart, dz / apart
                        offset = 0.5 * (apart + (weight - sites[j, 3]) / apart) - dx * vx - dy * vy - dz * vz
                        if offset < far:
                            planes = _append(planes, count, dx, dy, dz, offset)
                            far = _cut(planes, j, 0.5 / apart, count, directions, distances, site, responses)
                            count += 1
        # seeds that are still to come lie at least this far away
        inside = min(x - low[0] - (a - ring) * width, low[0] + (a + ring + 1) * width - x)
        inside = min(inside, y - low[1] - (b - ring) * width, low[1] + (b + ring + 1) * width - y)
        inside = min(inside, z - low[2] - (c - ring) * width, low[2] + (c + ring + 1) * width - z)
        beyond = away * (away - 2.0 * (far + off)) >= overall - weight
        most = near_heaviest if beyond and ring < WINDOW else overall
        if inside > 0.0 and inside * (inside - 2.0 * (far + off)) >= most - weight:
            break
        ring += 1
    return planes, count


@njit(cache=True)
def _view(sites, only, side, bounds, size, ball, raster, view, directions):
    """See `Views`."""
    n, rays = directions.shape[0], directions.shape[1]
    start = np.zeros(n + 1, np.int64)
    planes, own, total = np.empty((24 * n + 64, 4)), np.empty((256, 4)), 0
    distances, site = np.full((n, rays), size), np.full((n, rays), -1)
    responses = np.zeros((n, rays))
    for i in range(n):
        if ball > 0.0:
            x, y, z = sites[i, 0] + view[i, 0], sites[i, 1] + view[i, 1], sites[i, 2] + view[i, 2]
            for k in range(rays):
                u, v, w = directions[i, k]
                distances[i, k] = to_ball(x, y, z, u, v, w, ball)
        own, count = _look(
            i, sites, only, side[i], bounds[i], raster, view[i], directions[i], own, 0, distances[i], site[i], responses[i]
        )
        far = distances[i].max()
        for k in range(count):
            if own[k, 3] < far:
                planes = _append(planes, total, own[k, 0], own[k, 1], own[k, 2], own[k, 3])
                total += 1
        start[i + 1] = total
    return start, planes[:total], distances, site, responses
