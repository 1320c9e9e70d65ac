"""Pair correlation of the centres of the grains, and two-point correlation of the phases along the film."""

from __future__ import annotations

import math

import numpy as np
from scipy.spatial import cKDTree

from seix.geometry.shapes import ConvexShapes, StarShapes
from seix.geometry.stats.grains import Grains
from seix.geometry.stats.neighbours import images, near_pairs
from seix.geometry.stats.profile import heights
from seix.geometry.stats.windows import along_film, spread, staying

BINS_PER_DIAMETER = (5, 20)
"""Fewest and most bins of the pair correlation to a mean distance of touching grains (diameter and gap)."""
GRAINS = 1000
"""Number of grains from which on there are most bins."""
DIAMETERS = 4.0
"""Range of the correlations in those distances, as far as the period allows."""
THINNEST = 0.02
"""Thickness of the window of centres in mean diameters where all centres are at one height."""
LAGS = 28
"""Distances of the two-point correlation."""
CANDIDATES = 3
"""Nearest centres first looked at to find the grain that a point lies in."""


def pair_correlation(grains: Grains, edges: np.ndarray) -> tuple[np.ndarray, list[np.ndarray | None]]:
    """Radial distribution function g of centres in the same layer.

    Each layer is a window between its lowest and its highest centre; g is the number of pairs in a shell over that of
    independent centres, which the isotropic set covariance of the window gives (Ohser and Muecklich, Statistical
    Analysis of Microstructures in Materials Science, 2000): edges are thus corrected. Periodic images count.

    Parameters
    ----------
    grains : Grains
    edges : ndarray (k + 1,)
        Radii between shells [nm].

    Returns
    -------
    pooled : ndarray (k,)
        Over all layers; 1 for independent centres.
    layers : list of ndarray (k,) or None
        Of each layer; None with fewer than two grains.
    """
    structure, dim = grains.structure, grains.dim
    layer = structure.layer[grains.index]
    pairs = near_pairs(grains, edges[-1])
    same = layer[pairs.first] == layer[pairs.second]
    first, second, step = pairs.first[same], pairs.second[same], pairs.step[same]
    vector = grains.centres[second] + step * (structure.period or 0.0) - grains.centres[first]
    shell = np.searchsorted(edges, np.sqrt((vector**2).sum(axis=1)), side="right") - 1
    weight = 2.0 * grains.weights[first] * grains.weights[second]
    inside = (shell >= 0) & (shell < len(edges) - 1)
    volume = math.pi * np.diff(edges**2) if dim == 2 else 4.0 * math.pi / 3.0 * np.diff(edges**3)
    middle = 0.5 * (edges[:-1] + edges[1:])
    height, radii = heights(structure, grains.centres), 0.5 * grains.diameters
    found_sum, expected_sum, layers = np.zeros(len(middle)), np.zeros(len(middle)), []
    for k in range(len(structure.layers)):
        mine = layer == k
        number = grains.weights[mine].sum()
        if mine.sum() < 2:
            layers.append(None)
            continue
        floor = THINNEST * 2.0 * radii[mine].mean()
        low, high = height[mine].min(), height[mine].max()
        spare = max(0.5 * (floor - (high - low)), 0.0)
        low, high = low - spare, high + spare
        of_layer = inside & (layer[first] == k)
        found = np.bincount(shell[of_layer], weight[of_layer], len(middle))
        density = (number**2 - (grains.weights[mine] ** 2).sum()) / structure.frame.measure(low, high)
        expected = density * volume * staying(structure, low, high, middle)
        found_sum, expected_sum = found_sum + found, expected_sum + expected
        layers.append(_ratio(found, expected))
    return _ratio(found_sum, expected_sum), layers


def correlation_range(grains: Grains) -> float:
    """Largest distance [nm] at which correlations are reported."""
    structure = grains.structure
    gaps = [layer.gap for layer in structure.layers if layer.fractions]
    reach = DIAMETERS * (float(grains.diameters.mean()) + max(gaps, default=0.0))
    return reach if structure.period is None else min(reach, 0.5 * structure.period)


def shell_edges(grains: Grains) -> np.ndarray:
    """Radii between the shells of the pair correlation [nm]."""
    far = correlation_range(grains)
    bins = np.clip(BINS_PER_DIAMETER[1] * len(grains) / GRAINS, *BINS_PER_DIAMETER)
    return np.linspace(0.0, far, round(bins * DIAMETERS) + 1)


def two_point(grains: Grains, count: int) -> dict[str, np.ndarray | int]:
    """Probability that two points at one height, a distance apart along the film, both lie in a phase.

    Sampled at evenly spread points of the SEI. S(r) = f - P(only one of the two is in the phase)/2 is used with the
    exact fraction f, so that S(0) and the slope at 0 have no noise of their own. The slope at 0 is -s/pi in the
    plane and -s/4 in space for isotropic surfaces of s per area or volume (Debye, Anderson and Brumberger,
    J. Appl. Phys. 28 (1957) 679, doi:10.1063/1.1722830).

    Parameters
    ----------
    grains : Grains
    count : int
        Number of points.

    Returns
    -------
    dict
        `distance` (k,) [nm], `inorganic` (k,), `phases` (phases, k), `standard_error` (k,) of independent points for
        `inorganic`, `samples`.
    """
    structure = grains.structure
    thickness, names = structure.layers[-1].outer, structure.phase_names
    measure = structure.frame.measure(0.0, thickness)
    distances = correlation_range(grains) * np.linspace(0.0, 1.0, LAGS) ** 1.5  # finer near 0
    points, u = spread(structure, 0.0, thickness, count, 1 if grains.dim == 3 else 0)
    points, u = _in_order(points, u)
    finder = Finder(grains)
    # one more entry so that -1, no grain, has the phase -1
    phase_of = np.append(structure.phase[grains.index], -1)
    here = phase_of[finder.find(points)]
    fractions = np.bincount(structure.phase[grains.index], grains.weights * grains.measures, len(names)) / measure
    mismatch, by_phase, counted = np.zeros(LAGS), np.zeros((len(names), LAGS)), np.full(LAGS, len(points))
    for k, distance in enumerate(distances[1:], 1):
        moved = along_film(structure, points, distance, u)
        stays = np.isfinite(moved[:, 0])
        counted[k] = stays.sum()
        if not counted[k]:
            mismatch[k], by_phase[:, k] = np.nan, np.nan
            continue
        start, end = here[stays], phase_of[finder.find(moved[stays])]
        mismatch[k] = ((start >= 0) != (end >= 0)).mean()
        for p in range(len(names)):
            by_phase[p, k] = ((start == p) != (end == p)).mean()
    return {
        "distance": distances,
        "inorganic": fractions.sum() - 0.5 * mismatch,
        "phases": fractions[:, None] - 0.5 * by_phase,
        "standard_error": 0.5 * np.sqrt(mismatch * (1.0 - mismatch) / np.maximum(counted, 1)),
        "samples": len(points),
    }


class Finder:
    """Tells which grain a point lies in."""

    def __init__(self, grains: Grains) -> None:
        self.grains, self.reach = grains, grains.reach
        self.largest = float(self.reach.max(initial=0.0))
        self.images = images(grains, self.largest)
        self.tree = cKDTree(self.images.centres)
        self.shift = self.images.step * (grains.structure.period or 0.0)
        shapes = grains.structure.shapes
        if isinstance(shapes, StarShapes):
            self.cones = np.linalg.inv(np.swapaxes(shapes.directions[shapes.faces], 1, 2))

    def find(self, points: np.ndarray) -> np.ndarray:
        """Grain (m,) of each point of the domain, -1 outside grains."""
        result, rows = np.full(len(points), -1), np.arange(len(points))
        seen, count, total = 0, min(CANDIDATES, len(self.images.source)), len(self.images.source)
        while len(rows) and seen < total:
            distance, index = self.tree.query(points[rows], np.arange(seen + 1, count + 1), distance_upper_bound=self.largest)
            for column in range(index.shape[1]):
                open_ = (index[:, column] < total) & (result[rows] < 0)
                look = np.flatnonzero(open_)
                image = index[look, column]
                near = distance[look, column] <= self.reach[self.images.source[image]]
                look, image = look[near], image[near]
                held = self._holds(image, points[rows[look]], distance[look, column])
                result[rows[look[held]]] = self.images.source[image[held]]
            # the next centres matter only where all of these were within reach of the largest grain
            rows = rows[(index[:, -1] < total) & (result[rows] < 0)]
            seen, count = count, min(3 * count, total)
        return result

    def _holds(self, image: np.ndarray, points: np.ndarray, distance: np.ndarray) -> np.ndarray:
        shapes, grain = self.grains.structure.shapes, self.images.source[image]
        if shapes is None:
            return np.ones(len(image), bool)  # a disc or sphere: within reach is inside
        if isinstance(shapes, ConvexShapes):
            from seix.geometry.stats.convex import hull_distances

            vertices, start = self.grains.hulls
            # the point is a body of one vertex, put after all vertices
            local = points - self.shift[image]
            bodies = np.concatenate([vertices, local])
            begin = np.concatenate([start, start[-1] + np.arange(1, len(local) + 1)])
            own = len(self.grains) + np.arange(len(local))
            return hull_distances(bodies, begin, grain, own, np.zeros_like(local)) <= self.grains.rounding[grain]
        return self._in_star(shapes, grain, points - self.images.centres[image])

    def _in_star(self, shapes: StarShapes, grain: np.ndarray, offset: np.ndarray) -> np.ndarray:
        """The ray to the point leaves the template through one face; inside are points below that face."""
        held = np.zeros(len(grain), bool)
        own = self.grains.index[grain]
        for begin in range(0, len(grain), 8192):
            part = slice(begin, begin + 8192)
            local = np.einsum("nij,ni->nj", shapes.turns[own[part]], offset[part])
            # components along the directions of the corners of each face
            share = (local @ self.cones.reshape(-1, 3).T).reshape(len(local), -1, 3)
            face = np.minimum(np.minimum(share[..., 0], share[..., 1]), share[..., 2]).argmax(axis=1)
            row = np.arange(len(local))
            corner = shapes.distances[own[part]][row[:, None], shapes.faces[face]]
            held[part] = (share[row, face] / corner).sum(axis=1) <= 1.0
        return held


def _in_order(points: np.ndarray, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same points, neighbours together: searching a tree then goes faster."""
    order = cKDTree(points, leafsize=32, balanced_tree=False, compact_nodes=False).indices
    return points[order], u[order]


def _ratio(found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    return np.where(expected > 0.0, found / np.where(expected > 0.0, expected, 1.0), 0.0)
