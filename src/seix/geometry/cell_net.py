"""Polygons that share their corners, and moves of these that keep all polygons convex.

Corners of a polygon refer to nodes; in a period, to a node and how many periods farther it is. A node on walls or rays
carries one bit for each of them, and leaves none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

FLATTEST = np.sin(np.radians(2.0))
"""Sine of the smallest turn that a move may leave at a corner."""


@dataclass
class Net:
    """Polygons with common nodes.

    Attributes
    ----------
    start : ndarray (n + 1,) of int
        Polygon i has the corners `start[i]` to `start[i + 1]`, counter-clockwise.
    node, shift : ndarray (m,) of int
        Node of each corner, and periods along x that the corner is farther than it.
    places : ndarray (k, 2)
        Nodes.
    marks : ndarray (k,) of int
        Bits of the walls and rays that a node lies on.
    period : float
        0 for none.
    """

    start: np.ndarray
    node: np.ndarray
    shift: np.ndarray
    places: np.ndarray
    marks: np.ndarray
    period: float

    @property
    def owner(self) -> np.ndarray:
        """Polygon (m,) of each corner."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))

    @property
    def following(self) -> np.ndarray:
        """Next corner (m,) of the same polygon."""
        after = np.arange(1, len(self.node) + 1)
        after[self.start[1:] - 1] = self.start[:-1]
        return after

    def corners(self) -> np.ndarray:
        """Places (m, 2) of the corners."""
        return self.places[self.node] + self.shift[:, None] * np.array([self.period, 0.0])

    def edge_lengths(self) -> np.ndarray:
        """Lengths (m,) of the edges that start at each corner."""
        edge = self.corners()[self.following] - self.corners()
        return np.sqrt((edge**2).sum(axis=1))


def join(start: np.ndarray, corners: np.ndarray, marks: np.ndarray, period: float, tolerance: float) -> Net:
    """Find the nodes that polygons have in common.

    Parameters
    ----------
    start : ndarray (n + 1,) of int
    corners : ndarray (m, 2)
    marks : ndarray (m,) of int
        Bits of each corner.
    period : float
        0 for none.
    tolerance : float
        Corners nearer than this are the same.
    """
    shift = np.floor(corners[:, 0] / period).astype(np.int64) if period else np.zeros(len(corners), np.int64)
    x = corners - shift[:, None] * np.array([period, 0.0])
    # a corner next to the end of the period also comes at its beginning
    late = np.flatnonzero(x[:, 0] > period - tolerance) if period else np.empty(0, np.int64)
    both = np.concatenate([x, x[late] - [period, 0.0]])
    pairs = cKDTree(both).query_pairs(tolerance, output_type="ndarray")
    pairs = np.concatenate([pairs, np.column_stack([late, len(x) + np.arange(len(late))])])
    graph = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (len(both),) * 2)
    count, label = connected_components(graph, directed=False)
    node = label[: len(x)]
    first = np.full(count, len(x))
    np.minimum.at(first, node, np.arange(len(x)))
    shift += np.rint((x[:, 0] - x[first[node], 0]) / period).astype(np.int64) if period else 0
    bits = np.zeros(count, np.int64)
    np.bitwise_or.at(bits, node, marks)
    net = Net(start, node, shift, x[first], bits, period)
    same = (node == node[net.following]) & (shift == shift[net.following])
    return _without(net, same)


def _without(net: Net, gone: np.ndarray) -> Net:
    counts = np.bincount(net.owner[~gone], minlength=len(net.start) - 1)
    start = np.concatenate([[0], np.cumsum(counts)])
    return Net(start, net.node[~gone], net.shift[~gone], net.places, net.marks, net.period)


def collapse(net: Net, shortest: float, radii: np.ndarray) -> Net:
    """Replace short edges by single nodes, the shortest first, where all polygons stay convex.

    Parameters
    ----------
    net : Net
    shortest : float
        Edges below this are short.
    radii : ndarray (2,)
        Radii of the circles that bits 0 and 1 stand for; 0 for straight walls.
    """
    lengths = net.edge_lengths()
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] < shortest]
    node, shift, places, marks = net.node.copy(), net.shift.copy(), net.places.copy(), net.marks.copy()
    alive = np.ones(len(node), bool)
    first, after = _lists(node, len(places))
    _collapse(order, shortest, net.owner, net.start, node, shift, places, marks, alive, first, after, net.period, radii)
    return _without(Net(net.start, node, shift, places, marks, net.period), ~alive)


def clear_line(net: Net, x: float, distance: float) -> Net:
    """Move nodes away from the line at x and its periodic images, where all polygons stay convex.

    Parameters
    ----------
    net : Net
        Of a patch; nodes between 0 and the period.
    x : float
    distance : float
        That nodes should have from the line.
    """
    off = (net.places[:, 0] - x + 0.5 * net.period) % net.period - 0.5 * net.period
    near = np.flatnonzero(np.abs(off) < distance)
    near = near[np.argsort(np.abs(off[near]), kind="stable")]
    places = net.places.copy()
    first, after = _lists(net.node, len(places))
    alive = np.ones(len(net.node), bool)
    for k in near.tolist():
        step = (distance if off[k] >= 0.0 else -distance) - off[k]
        _shift_node(k, step, net.owner, net.start, net.node, net.shift, places, alive, first, after, net.period)
    return Net(net.start, net.node, net.shift, places, net.marks, net.period)


@njit(cache=True)
def _lists(node, count):
    """Corners of each node as linked lists: the first one, and the one after each; -1 at the end."""
    first, after = np.full(count, -1), np.full(len(node), -1)
    for c in range(len(node) - 1, -1, -1):
        after[c] = first[node[c]]
        first[node[c]] = c
    return first, after


@njit(cache=True)
def _convex(polygon, start, node, shift, places, alive, period):
    """Whether a polygon has at least three corners and turns left at all of them."""
    low, high = start[polygon], start[polygon + 1]
    xy, count = np.empty((high - low, 2)), 0
    for c in range(low, high):
        if alive[c]:
            xy[count, 0], xy[count, 1] = places[node[c], 0] + shift[c] * period, places[node[c], 1]
            count += 1
    if count < 3:
        return False
    for k in range(count):
        a, b = (k + 1) % count, (k + 2) % count
        ux, uy, vx, vy = xy[a, 0] - xy[k, 0], xy[a, 1] - xy[k, 1], xy[b, 0] - xy[a, 0], xy[b, 1] - xy[a, 1]
        if ux * vy - uy * vx <= FLATTEST * np.hypot(ux, uy) * np.hypot(vx, vy):
            return False
    return True


@njit(cache=True)
def _all_convex(n, owner, start, node, shift, places, alive, first, after, period):
    """Whether all polygons around a node are convex, and each has it once."""
    c = first[n]
    while c >= 0:
        if alive[c]:
            other = after[c]
            while other >= 0:
                if alive[other] and owner[other] == owner[c]:
                    return False
                other = after[other]
            if not _convex(owner[c], start, node, shift, places, alive, period):
                return False
        c = after[c]
    return True


@njit(cache=True)
def _shift_node(n, step, owner, start, node, shift, places, alive, first, after, period):
    """Move a node along x if all polygons around it stay convex."""
    before = places[n, 0]
    places[n, 0] = before + step
    if not _all_convex(n, owner, start, node, shift, places, alive, first, after, period):
        places[n, 0] = before


@njit(cache=True)
def _collapse(order, shortest, owner, start, node, shift, places, marks, alive, first, after, period, radii):
    """See `collapse`; edges are named by the corner they start from."""
    for c in order:
        if not alive[c]:
            continue
        d = c + 1 if c + 1 < start[owner[c] + 1] else start[owner[c]]
        while not alive[d]:
            d = d + 1 if d + 1 < start[owner[c] + 1] else start[owner[c]]
        a, b, step = node[c], node[d], shift[d] - shift[c]
        if marks[b] == marks[a] | marks[b] and marks[a] != marks[b]:  # b stays where it is
            a, b, c, d, step = b, a, d, c, -step
        if marks[a] != marks[a] | marks[b] or a == b:
            continue
        ax, ay, bx, by = places[a, 0], places[a, 1], places[b, 0] + step * period, places[b, 1]
        if np.hypot(bx - ax, by - ay) >= shortest:
            continue
        if marks[a] == marks[b]:
            places[a, 0], places[a, 1] = 0.5 * (ax + bx), 0.5 * (ay + by)
            for wall in range(2):
                if marks[a] >> wall & 1 and radii[wall] > 0.0:
                    scale = radii[wall] / np.hypot(places[a, 0], places[a, 1])
                    places[a, 0], places[a, 1] = scale * places[a, 0], scale * places[a, 1]
        gone = _merge(a, b, step, owner, node, shift, alive, first, after)
        if not _all_convex(a, owner, start, node, shift, places, alive, first, after, period):
            _split(a, b, step, node, shift, alive, first, after, gone)
            places[a, 0], places[a, 1] = ax, ay


@njit(cache=True)
def _merge(a, b, step, owner, node, shift, alive, first, after):
    """Give the corners of node b to node a; where a polygon has both, that of b goes. Returns those that go."""
    gone, count = np.empty(8, np.int64), 0
    e = first[b]
    while e >= 0:
        f = first[a]
        while f >= 0 and alive[e]:
            if alive[f] and owner[f] == owner[e] and shift[e] - step == shift[f] and count < 8:
                alive[e] = False
                gone[count] = e
                count += 1
            f = after[f]
        node[e] = a
        shift[e] -= step
        e = after[e]
    e = first[a]
    while after[e] >= 0:
        e = after[e]
    after[e] = first[b]
    return gone[:count]


@njit(cache=True)
def _split(a, b, step, node, shift, alive, first, after, gone):
    """Undo the last merge."""
    e = first[a]
    while after[e] != first[b]:
        e = after[e]
    after[e] = -1
    e = first[b]
    while e >= 0:
        node[e] = b
        shift[e] += step
        e = after[e]
    for e in gone:
        alive[e] = True
