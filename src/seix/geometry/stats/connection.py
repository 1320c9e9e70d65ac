"""Clusters of near grains: how they grow with the distance that counts as near, and when they bridge the film.

All grains and the gaps between them form a graph. Its minimum spanning tree holds everything about clusters: two
grains are connected at a distance if no edge of the tree between them is longer. The tree is exact: gaps up to a
cutoff are listed, and what is still apart then is joined by Boruvka's algorithm.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, minimum_spanning_tree
from scipy.spatial import cKDTree

from seix.geometry.stats.grains import Grains
from seix.geometry.stats.neighbours import Images, images, near_pairs, nearest_of, pair_gaps

LISTED_NEIGHBOURS = {2: 6, 3: 10}
"""Neighbours of a grain that the first list of gaps aims at, in the plane and in space."""
LISTED = 80.0
"""Percentage of the grains that get so many."""
LEVELS = 33
"""Quantiles of the edges of the tree, and number of its longest edges, at which the curve of the largest cluster is given."""
MOST_PAIRS = 60
"""Pairs to a grain above which the search for the throat of the matrix is given up."""


@dataclass(frozen=True)
class Edges:
    """Pairs of grains that are near each other, each pair and image once.

    Attributes
    ----------
    first, second : ndarray (e,) of int
    gap : ndarray (e,)
        Distance of the surfaces [nm].
    winding : ndarray (e,) of int
        Times the edge goes round, through the periodic side or about the centre of a whole particle (2D only).
    complete : float
        Every pair with a gap up to here is in the list [nm].
    """

    first: np.ndarray
    second: np.ndarray
    gap: np.ndarray
    winding: np.ndarray
    complete: float


def listed(grains: Grains, gap: float) -> Edges:
    """All pairs with gaps up to `gap` [nm]."""
    pairs = near_pairs(grains, gap + 2.0 * float(grains.reach.max()))
    gaps = pair_gaps(grains, pairs)
    keep = gaps <= gap
    first, second = pairs.first[keep], pairs.second[keep]
    winding = pairs.step[keep, 0]
    if grains.structure.kind == "particle" and grains.dim == 2:
        angle = np.arctan2(grains.centres[:, 1], grains.centres[:, 0])
        winding = -np.rint((angle[second] - angle[first]) / (2.0 * math.pi)).astype(int)
    return Edges(first, second, gaps[keep], winding, gap)


def first_list(grains: Grains, least: float) -> Edges:
    """Edges to the nearest few grains of most grains, at least all with gaps up to `least` [nm]."""
    everything = images(grains, np.inf)
    count = min(LISTED_NEIGHBOURS[grains.dim] + 1, len(everything.source))
    distance = cKDTree(everything.centres).query(grains.centres, [count])[0]
    return listed(grains, max(float(np.percentile(distance, LISTED)) - 2.0 * float(grains.reach.mean()), least))


def forest(count: int, edges: Edges) -> np.ndarray:
    """Indices of the edges of a minimum spanning forest; of equal gaps the first in the list."""
    real = np.flatnonzero(edges.first != edges.second)
    order = real[np.argsort(edges.gap[real], kind="stable")]
    low = np.minimum(edges.first[order], edges.second[order])
    high = np.maximum(edges.first[order], edges.second[order])
    # of several images of one pair the nearest; numbers instead of gaps, as gaps of 0 would be taken for no edge
    _, once = np.unique(low * count + high, return_index=True)
    graph = coo_array((once + 1.0, (low[once], high[once])), shape=(count, count)).tocsr()
    return order[minimum_spanning_tree(graph).data.astype(int) - 1]


def clusters(count: int, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Number (count,) of the cluster of each grain."""
    graph = coo_array((np.ones(len(first)), (first, second)), shape=(count, count)).tocsr()
    return connected_components(graph, directed=False)[1]


def spanning_tree(grains: Grains, edges: Edges) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The minimum spanning tree of the gaps of all grains: both ends (n - 1,) and gap (n - 1,) of its edges."""
    count, tree = len(grains), forest(len(grains), edges)
    first, second, gap = edges.first[tree], edges.second[tree], edges.gap[tree]
    while len(first) < count - 1:
        label = clusters(count, first, second)
        joined = _shortest_leaving(grains, label)
        # two clusters may choose each other, by the same or by different edges: only a forest of them is added
        chosen = Edges(*joined, np.zeros(len(joined[0]), int), np.inf)
        between = Edges(label[chosen.first], label[chosen.second], chosen.gap, chosen.winding, np.inf)
        added = forest(int(label.max()) + 1, between)
        first = np.concatenate([first, chosen.first[added]])
        second = np.concatenate([second, chosen.second[added]])
        gap = np.concatenate([gap, chosen.gap[added]])
    return first, second, gap


def _shortest_leaving(grains: Grains, label: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The shortest edge that leaves each cluster but the largest.

    Two different clusters differ in some binary digit of their numbers: for each digit the grains of one kind are
    searched for the nearest of the other kind.
    """
    largest = np.bincount(label).argmax()
    asked = np.flatnonzero(label != largest)
    best, which = np.full(len(asked), np.inf), np.full(len(asked), -1)
    everything = images(grains, np.inf)
    for digit in range(int(label.max()).bit_length()):
        kind = label >> digit & 1
        for value in (0, 1):
            mine = np.flatnonzero(kind[asked] == value)
            others = kind[everything.source] != value
            if not len(mine) or not others.any():
                continue
            other = Images(everything.centres[others], everything.source[others], everything.step[others])
            gap, near = nearest_of(grains, asked[mine], other)
            nearer = gap < best[mine]
            best[mine[nearer]], which[mine[nearer]] = gap[nearer], near[nearer]
    order = np.lexsort((best, label[asked]))
    _, once = np.unique(label[asked][order], return_index=True)
    rows = order[once]
    return asked[rows], which[rows], best[rows]


def bridging_distance(tree: tuple, start: np.ndarray, end: np.ndarray) -> float:
    """Smallest distance [nm] at which steps no longer than it lead from one wall over grains to the other.

    Parameters
    ----------
    tree : tuple
        First, second and gap of the spanning tree of n grains.
    start, end : ndarray (n,)
        Distance of each grain from the two walls [nm].
    """
    first, second, gap = tree
    count = len(start)
    everyone = np.arange(count)
    walls = np.full(count, count), np.full(count, count + 1)
    ends = np.concatenate([first, everyone, everyone]), np.concatenate([second, *walls])
    length = np.concatenate([gap, start, end])

    def bridged(distance: float) -> bool:
        near = length <= distance
        label = clusters(count + 2, ends[0][near], ends[1][near])
        return bool(label[count] == label[count + 1])

    return _smallest(length, bridged)


def cluster_curve(weights: np.ndarray, tree: tuple, distances: np.ndarray) -> np.ndarray:
    """Part (k,) of the grains in the largest cluster at each distance [nm]; a grain counts by its weight."""
    return np.array([_largest(weights, tree, distance) for distance in distances])


def curve_levels(tree: tuple, more: list[float]) -> np.ndarray:
    """Distances (k,) at which the curve of the largest cluster is worth knowing [nm].

    Parameters
    ----------
    tree : tuple
    more : list of float
        Distances to include if they are within the range of the tree [nm].
    """
    gap = np.sort(tree[2])
    if not len(gap):
        return np.zeros(1)
    more = [x for x in more if gap[0] <= x <= gap[-1]]
    return np.unique(np.concatenate([np.quantile(gap, np.linspace(0.0, 1.0, LEVELS)), gap[-LEVELS:], more]))


def half_distance(weights: np.ndarray, tree: tuple) -> float:
    """Smallest distance [nm] at which half of the grains are in one cluster."""
    if len(weights) < 2:
        return 0.0
    return _smallest(np.append(tree[2], 0.0), lambda distance: _largest(weights, tree, distance) >= 0.5)


def throat(grains: Grains, edges: Edges, sides: tuple[np.ndarray, np.ndarray] | None, tree: tuple) -> float | None:
    """Width [nm] of the widest path through the matrix from the core to the electrolyte, at its narrowest, in the plane.

    The matrix can be passed by a disc of width w exactly if no chain of grains with gaps below w goes round the period
    or the particle, or from one ray of a sector to the other. A chain that closes consists of an edge and of the path
    in the tree between its ends; that path has no longer edge if the edge is not in the tree.

    Parameters
    ----------
    grains : Grains
        All grains, in the plane.
    edges : Edges
    sides : tuple or None
        In a sector, the distance of each grain from its image in either ray.
    tree : tuple
        Spanning tree of all grains.

    Returns
    -------
    float or None
        None where nothing narrows the matrix, or the grains are too far apart to tell.
    """
    if sides is not None:
        width = bridging_distance(tree, *sides)
        return width if np.isfinite(width) else None
    period = grains.structure.period
    while True:
        width = _closing(len(grains), edges)
        if width <= edges.complete:
            return width
        if (period or np.inf) <= edges.complete or len(edges.first) > MOST_PAIRS * len(grains):
            return None
        if period is None and edges.complete > 2.0 * grains.structure.core:
            return None
        edges = listed(grains, 2.0 * edges.complete + 0.1 * float(grains.reach.mean()))


def _closing(count: int, edges: Edges) -> float:
    """Shortest longest edge of a chain that goes round."""
    tree = forest(count, edges)
    position = _unrolled(count, edges, tree)
    turns = position[edges.first] + edges.winding - position[edges.second]
    return float(edges.gap[turns != 0].min(initial=np.inf))


def _unrolled(count: int, edges: Edges, tree: np.ndarray) -> np.ndarray:
    """Times (count,) round at which each grain is reached from the first of its cluster along the forest."""
    first, second, winding = edges.first[tree], edges.second[tree], edges.winding[tree]
    label = clusters(count, first, second)
    root = np.unique(label, return_index=True)[1]
    # a node above all roots makes one tree of the forest
    ends = np.concatenate([first, root]), np.concatenate([second, np.full(len(root), count)])
    graph = coo_array((np.ones(len(ends[0])), ends), shape=(count + 1, count + 1)).tocsr()
    parent = breadth_first_order(graph, count, directed=False)[1][:count].astype(int)
    step = np.zeros(count + 1, int)
    step[second[parent[second] == first]] = winding[parent[second] == first]
    back = (parent[first] == second) & (parent[second] != first)
    step[first[back]] = -winding[back]
    above = np.append(parent, count)
    while (above != count).any():  # twice as far up in every pass
        step, above = step + np.where(above != count, step[above], 0), above[above]
    return step[:count]


def _largest(weights: np.ndarray, tree: tuple, distance: float) -> float:
    near = tree[2] <= distance
    label = clusters(len(weights), tree[0][near], tree[1][near])
    return float(np.bincount(label, weights).max() / weights.sum())


def _smallest(lengths: np.ndarray, holds: Callable[[float], bool]) -> float:
    """Smallest of some lengths for which something holds that holds for all longer ones too; inf if for none."""
    values = np.unique(lengths[np.isfinite(lengths)])
    low, high = 0, len(values)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(values[middle]) else (middle + 1, high)
    return float(values[low]) if low < len(values) else math.inf
