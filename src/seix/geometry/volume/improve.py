"""The few flat cells that a mesher leaves, removed by changing the cells around them.

An edge inside a volume is taken out with all its cells, and the hole filled in the best way (Shewchuk, Two discrete
optimization algorithms for the topological improvement of tetrahedral meshes, 2002); a face between two cells is replaced by
an edge; vertices that lie on no surface are moved; where nothing else helps a vertex is added. Only what makes the worst
cell better is kept.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations

import numpy as np
from numba import njit

from seix.geometry.volume.quality3d import dihedral_angles

FLAT = 6.0
"""Smallest dihedral angle below which a cell is worked on [degrees]."""
ROUNDS = 6
"""Times that all flat cells are visited."""
MOVES = 40
"""Random moves tried for a vertex."""
LONGEST_RING = 8
"""Most cells around an edge that is taken out."""
GAIN = 1.0
"""Least improvement of the worst angle for which a vertex is added [degrees]."""
CAVITY = 16
"""Most cells whose place is filled around a new vertex."""


def improve(points: np.ndarray, cells: np.ndarray, volume: np.ndarray, fixed: int) -> tuple[np.ndarray, ...]:
    """Remove flat cells.

    Parameters
    ----------
    points : ndarray (n, 3)
    cells : ndarray (m, 4)
        Positive volumes.
    volume : ndarray (m,)
        Surfaces between different volumes are kept.
    fixed : int
        Points before this number lie on surfaces and stay.

    Returns
    -------
    points, cells, volume : ndarray
        Changed copies, or what was given if no cell is flat.
    """
    flat = np.flatnonzero(dihedral_angles(points, cells)[0] < FLAT)
    if not len(flat):
        return points, cells, volume
    patch = _Patch(points, cells, volume, fixed, flat)
    for _ in range(ROUNDS):
        if not patch.visit():
            break
    kept = np.ones(len(cells), bool)
    kept[patch.gone] = False
    added = sorted(patch.added)
    new = np.array([patch.cell[number] for number in added], np.int64).reshape(-1, 4)
    labels = np.array([patch.label[number] for number in added], volume.dtype)
    return patch.points[: patch.count], np.concatenate([cells[kept], new]), np.concatenate([volume[kept], labels])


class _Patch:
    """The cells near flat ones, as sets that can be changed."""

    def __init__(self, points: np.ndarray, cells: np.ndarray, volume: np.ndarray, fixed: int, flat: np.ndarray) -> None:
        self.count, self.fixed = len(points), fixed
        self.points = np.concatenate([points, np.empty((ROUNDS * len(flat), 3))])  # with room for new ones
        self.generator = np.random.default_rng(0)
        near = np.zeros(len(points), bool)
        for _ in range(2):  # vertices of flat cells, and of the cells around those
            near[cells[flat]] = True
            flat = np.flatnonzero(near[cells].any(axis=1))
        self.cell = dict(zip(flat.tolist(), map(tuple, cells[flat].tolist()), strict=True))
        self.label = dict(zip(flat.tolist(), volume[flat].tolist(), strict=True))
        self.inside = set(np.flatnonzero(near).tolist())  # all cells around these vertices are here
        self.around: dict[int, set[int]] = defaultdict(set)
        for number, nodes in self.cell.items():
            for node in nodes:
                self.around[node].add(number)
        self.next, self.gone, self.added = len(cells), [], set()

    def visit(self) -> bool:
        """Work on every flat cell once; whether anything has changed."""
        flat = sorted((self._quality(nodes), number) for number, nodes in self.cell.items() if self._quality(nodes) < FLAT)
        changed = False
        for quality, number in flat:
            if self.cell.get(number) is None or self._quality(self.cell[number]) > quality:
                continue
            nodes = self.cell[number]
            changed |= (
                any(self._remove_edge(a, b, self.label[number]) for a, b in combinations(nodes, 2))
                or any(self._remove_face(number, node) for node in nodes)
                or any([self._move(node) for node in nodes if node >= self.fixed])
                or self._insert(number)
            )
        return changed

    def _quality(self, nodes) -> float:
        p = self.points
        return _smallest_angle(p[nodes[0]], p[nodes[1]], p[nodes[2]], p[nodes[3]])

    def _worst(self, cells) -> float:
        return min(self._quality(nodes) for nodes in cells)

    def _replace(self, old: list[int], new: list[tuple[int, ...]], label: int) -> None:
        for number in old:
            for node in self.cell.pop(number):
                self.around[node].discard(number)
            del self.label[number]
            if number in self.added:
                self.added.discard(number)
            else:
                self.gone.append(number)
        for nodes in new:
            self.cell[self.next], self.label[self.next] = nodes, label
            self.added.add(self.next)
            for node in nodes:
                self.around[node].add(self.next)
            self.next += 1

    def _remove_edge(self, a: int, b: int, label: int) -> bool:
        """Fill the hole that the cells around an edge leave, without the edge."""
        if a not in self.inside and b not in self.inside:
            return False
        numbers = sorted(self.around[a] & self.around[b])
        following = {}
        for number in numbers:
            if self.label[number] != label:
                return False  # the edge lies on a surface
            c, d = _opposite(self.cell[number], a, b)
            following[c] = d
        ring = [next(iter(following))]
        while len(ring) <= len(numbers) and following.get(ring[-1], ring[0]) != ring[0]:
            ring.append(following[ring[-1]])
        if ring[-1] not in following or len(ring) != len(numbers) or not 3 <= len(ring) <= LONGEST_RING:
            return False  # open: the edge lies on a surface
        before = self._worst(self.cell[number] for number in numbers)
        quality, triangles = self._best_filling(a, b, ring)
        if quality <= before:
            return False
        self._replace(numbers, [cell for t in triangles for cell in _pair(a, b, *t)], label)
        return True

    def _best_filling(self, a: int, b: int, ring: list[int]) -> tuple[float, list[tuple[int, int, int]]]:
        """Triangulation of a ring whose worst cell is best, by dynamic programming after Klincsek."""
        n = len(ring)
        best = {(i, i + 1): (180.0, []) for i in range(n - 1)}
        for span in range(2, n):
            for i in range(n - span):
                k, choice = i + span, (-np.inf, [])
                for j in range(i + 1, k):
                    triangle = (ring[i], ring[j], ring[k])
                    quality = min(best[i, j][0], best[j, k][0], self._worst(_pair(a, b, *triangle)))
                    if quality > choice[0]:
                        choice = (quality, [*best[i, j][1], *best[j, k][1], triangle])
                best[i, k] = choice
        return best[0, n - 1]

    def _remove_face(self, number: int, apex: int) -> bool:
        """Replace the face opposite to a vertex, and the two cells beside it, by an edge with three cells."""
        face = [node for node in self.cell[number] if node != apex]
        numbers = self.around[face[0]] & self.around[face[1]] & self.around[face[2]]
        others = [other for other in numbers if other != number and self.label[other] == self.label[number]]
        if len(others) != 1:
            return False
        (far,) = set(self.cell[others[0]]) - set(face)
        old = [number, others[0]]
        new = [tuple(far if node == gone else node for node in self.cell[number]) for gone in face]
        if self._worst(new) <= self._worst(self.cell[k] for k in old):
            return False
        self._replace(old, new, self.label[number])
        return True

    def _move(self, node: int) -> bool:
        """Move a vertex inside a volume to a better place."""
        if node not in self.inside:
            return False
        cells = [self.cell[number] for number in sorted(self.around[node])]
        return self._search(node, cells) > 0.0

    def _search(self, node: int, cells: list[tuple[int, ...]]) -> float:
        """Put a vertex where the worst of the cells around it is best, by random steps; what is gained [degrees]."""
        place, quality = self.points[node].copy(), self._worst(cells)
        neighbours = sorted({other for nodes in cells for other in nodes if other != node})
        reach, start = 0.5 * np.linalg.norm(self.points[neighbours] - place, axis=1).mean(), quality
        for step in self.generator.normal(size=(MOVES, 3)):
            self.points[node] = place + reach * step
            found = self._worst(cells)
            if found > quality:
                place, quality = self.points[node].copy(), found
            else:
                reach *= 0.9
        self.points[node] = place
        return quality - start

    def _insert(self, number: int) -> bool:
        """Fill the place of a cell and some of its neighbours by cells around a new vertex."""
        if self.count == len(self.points):
            return False
        label, new, cavity = self.label[number], self.count, [number]
        self.points[new] = self.points[list(self.cell[number])].mean(axis=0)
        best: tuple[float, list[int], list[tuple[int, ...]], np.ndarray] = (0.0, [], [], self.points[new].copy())
        while len(cavity) <= CAVITY:
            faces = self._boundary(cavity)
            cells = [(*face, new) for face in faces]
            if {node for k in cavity for node in self.cell[k]} != {node for face in faces for node in face}:
                break  # a vertex would be left without cells
            self._search(new, cells)
            gain = self._worst(cells) - self._worst(self.cell[k] for k in cavity)
            if gain > best[0]:
                best = (gain, list(cavity), cells, self.points[new].copy())
            beyond = [(self._quality(cell), other) for cell in cells if (other := self._beyond(cell[:3], cavity, label)) >= 0]
            if not beyond:
                break
            cavity.append(min(beyond)[1])
        gain, cavity, cells, place = best
        if gain < GAIN:
            return False
        self.points[new] = place
        self.count += 1
        self.inside.add(new)
        self._replace(cavity, cells, label)
        return True

    def _boundary(self, cavity: list[int]) -> list[tuple[int, int, int]]:
        """Faces around some cells, seen from inside counter-clockwise."""
        faces = {}
        for number in cavity:
            for face in _faces(self.cell[number]):
                faces.setdefault(frozenset(face), []).append(face)
        return [found[0] for found in faces.values() if len(found) == 1]

    def _beyond(self, face: tuple[int, ...], cavity: list[int], label: int) -> int:
        """The cell of the same volume behind a face of a cavity, -1 if there is none or not all around it is known."""
        if not any(node in self.inside for node in face):
            return -1
        numbers = self.around[face[0]] & self.around[face[1]] & self.around[face[2]]
        others = [other for other in numbers if other not in cavity and self.label[other] == label]
        return others[0] if others else -1


def _faces(nodes: tuple[int, ...]) -> tuple[tuple[int, int, int], ...]:
    """Faces of a cell such that each with a point on its side of the cell makes a cell of positive volume."""
    a, b, c, d = nodes
    return (a, b, c), (a, c, d), (a, d, b), (b, d, c)


def _opposite(nodes: tuple[int, ...], a: int, b: int) -> tuple[int, int]:
    """The other two vertices of a cell, counter-clockwise about the direction from a to b."""
    i, j = nodes.index(a), nodes.index(b)
    k, m = (position for position in range(4) if position not in (i, j))
    odd = sum(p > q for p, q in combinations((i, j, k, m), 2)) % 2
    return (nodes[m], nodes[k]) if odd else (nodes[k], nodes[m])


def _pair(a: int, b: int, p: int, q: int, r: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The two cells between a triangle of a ring and the ends of its edge."""
    return (p, q, r, b), (p, r, q, a)


@njit(cache=True)
def _smallest_angle(p, q, r, s):
    """Smallest dihedral angle [degrees], negative for a cell of negative volume."""
    faces = np.stack((np.cross(s - q, r - q), np.cross(r - p, s - p), np.cross(s - p, q - p), np.cross(q - p, r - p)))
    size = np.sqrt((faces**2).sum(axis=1))
    if np.dot(faces[3], s - p) <= 0.0 or size.min() == 0.0:
        return -1.0
    largest = -1.0
    for i in range(4):
        for j in range(i + 1, 4):
            largest = max(largest, -np.dot(faces[i], faces[j]) / (size[i] * size[j]))
    return np.degrees(np.arccos(min(largest, 1.0)))
