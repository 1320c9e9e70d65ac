"""Round cores in a periodic box: which of them touch, and how much of the box they cover."""

from __future__ import annotations

import itertools
import math
from collections import deque
from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Link:
    """Two particles near each other, the second one moved by whole periods.

    Attributes
    ----------
    first, second : int
        Numbers of the particles, first <= second.
    shift : ndarray (dim,)
        Displacement of the second one [nm].
    distance : float
        Of the centres [nm].
    """

    first: int
    second: int
    shift: np.ndarray
    distance: float


@dataclass(frozen=True)
class Groups:
    """Particles that are connected.

    Attributes
    ----------
    label : ndarray (k,) of int
        Group of each particle, numbered by their first particle.
    endless : ndarray (g,) of bool
        Whether a group is connected to its own periodic image.
    """

    label: np.ndarray
    endless: np.ndarray

    def __len__(self) -> int:
        return len(self.endless)


@dataclass(frozen=True)
class Bodies:
    """Round cores; lengths in nanometres.

    Attributes
    ----------
    centres : ndarray (k, dim)
    radii : ndarray (k,)
    box : float
        Edge of the box, which is periodic along all axes but the last.
    """

    centres: np.ndarray
    radii: np.ndarray
    box: float

    @property
    def dim(self) -> int:
        """2 or 3."""
        return self.centres.shape[1]

    def __len__(self) -> int:
        return len(self.radii)

    @cached_property
    def links(self) -> list[Link]:
        """All pairs with all near images, each once; of a particle and itself one image in each direction."""
        found = []
        steps = [(*s, 0) for s in itertools.product((-1, 0, 1), repeat=self.dim - 1)]
        for i, j in itertools.combinations_with_replacement(range(len(self)), 2):
            for step in steps:
                if i == j and step <= (0,) * self.dim:
                    continue
                shift = self.box * np.array(step, float)
                distance = float(np.linalg.norm(self.centres[j] + shift - self.centres[i]))
                found.append(Link(i, j, shift, distance))
        return found

    def gap(self, link: Link, height: float = 0.0) -> float:
        """Distance of the surfaces at a height over the cores, negative where they overlap [nm]."""
        return link.distance - self.radii[link.first] - self.radii[link.second] - 2.0 * height

    def touching(self, height: float) -> list[Link]:
        """Links whose surfaces at a height over the cores overlap."""
        return [link for link in self.links if self.gap(link, height) < 0.0]

    def groups(self, links: list[Link]) -> Groups:
        """Particles that some links connect."""
        label, place, endless = np.full(len(self), -1), np.zeros((len(self), self.dim)), []
        for start in range(len(self)):
            if label[start] >= 0:
                continue
            number, loops = len(endless), False
            label[start] = number
            todo = deque([start])
            while todo:
                here = todo.popleft()
                for there, shift in _neighbours(links, here):
                    moved = place[here] + shift
                    if label[there] < 0:
                        label[there], place[there] = number, moved
                        todo.append(there)
                    loops |= bool(np.abs(place[there] - moved).max() > 0.5 * self.box)
            endless.append(loops)
        return Groups(label, np.array(endless))

    def height(self, points: np.ndarray) -> np.ndarray:
        """Distance (n,) of points (n, dim) from the nearest core surface, negative inside [nm]."""
        return self.nearest(points)[1]

    def nearest(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Particle (n,) whose surface is nearest to points (n, dim), and the distance (n,) [nm]."""
        distance = self.distances(points)
        body = distance.argmin(axis=1)
        return body, distance[np.arange(len(points)), body]

    def distances(self, points: np.ndarray) -> np.ndarray:
        """Distance (n, k) of points (n, dim) from all core surfaces, with the nearest image of each [nm]."""
        return np.linalg.norm(self.offsets(points), axis=2) - self.radii

    def offsets(self, points: np.ndarray) -> np.ndarray:
        """Vectors (n, k, dim) from the nearest image of each centre to points (n, dim) [nm]."""
        away = points[:, None, :] - self.centres[None, :, :]
        away[..., :-1] -= self.box * np.rint(away[..., :-1] / self.box)
        return away

    def measures(self, height: float) -> np.ndarray:
        """Part (k,) of the union of all particles, up to a height over the cores, that belongs to each [nm2 or nm3]."""
        radii = self.radii + height
        if self.dim == 3:
            return np.array([4.0 * math.pi / 3.0 * r**3 - self._caps(i, radii)[0] for i, r in enumerate(radii.tolist())])
        return np.array([self._area(i, radii) for i in range(len(self))])

    def perimeters(self, height: float) -> np.ndarray:
        """Free length or area (k,) of the surface of each particle at a height over the cores [nm or nm2]."""
        radii = self.radii + height
        if self.dim == 3:
            return np.array([4.0 * math.pi * r**2 - self._caps(i, radii)[1] for i, r in enumerate(radii.tolist())])
        return np.array([radii[i] * self._free_angle(i, radii) for i in range(len(self))])

    def crossings(self, body: int, radii: np.ndarray) -> list[tuple[np.ndarray, float, float, int]]:
        """Discs or balls that cut into one.

        Direction to each, distance of the common chord or plane, distance of the centres, and number of the other one.
        """
        found = []
        for link in self.links:
            if not abs(radii[link.first] - radii[link.second]) < link.distance < radii[link.first] + radii[link.second]:
                continue
            vector = self.centres[link.second] + link.shift - self.centres[link.first]
            ends = [(link.first, link.second, vector), (link.second, link.first, -vector)]
            for here, there, toward in ends:
                if here == body:
                    chord = (link.distance**2 + radii[here] ** 2 - radii[there] ** 2) / (2.0 * link.distance)
                    found.append((toward / link.distance, chord, link.distance, there))
        return found

    def caps(self, body: int, radii: np.ndarray) -> list[tuple[np.ndarray, float, float, int]]:
        """Crossings of one ball without those whose cap lies wholly in that of another one."""
        cuts = self.crossings(body, radii)
        half = [math.acos(chord / radii[body]) for _, chord, _, _ in cuts]

        def hidden(n: int) -> bool:
            spread = [math.acos(min(max(float(cuts[n][0] @ cut[0]), -1.0), 1.0)) for cut in cuts]
            return any(m != n and spread[m] + half[n] < half[m] for m in range(len(cuts)))

        return [cut for n, cut in enumerate(cuts) if not hidden(n)]

    def _caps(self, body: int, radii: np.ndarray) -> tuple[float, float]:
        """Volume and area of the caps that others cut off one ball, where no three meet."""
        heights = radii[body] - np.array([chord for _, chord, _, _ in self.caps(body, radii)])
        volume = math.pi * heights**2 * (3.0 * radii[body] - heights) / 3.0
        return float(volume.sum()), float((2.0 * math.pi * radii[body] * heights).sum())

    def _free_angle(self, body: int, radii: np.ndarray) -> float:
        """Angle of the circle of one particle that lies in no other one."""
        spans = []
        for direction, chord, _, _ in self.crossings(body, radii):
            half, middle = math.acos(chord / radii[body]), math.atan2(direction[1], direction[0]) % (2.0 * math.pi)
            low, high = middle - half, middle + half
            spans += [(max(low, 0.0), min(high, 2.0 * math.pi))]
            spans += [(low + 2.0 * math.pi, 2.0 * math.pi)] if low < 0.0 else []
            spans += [(0.0, high - 2.0 * math.pi)] if high > 2.0 * math.pi else []
        covered, end = 0.0, 0.0
        for low, high in sorted(spans):
            covered += max(high - max(low, end), 0.0)
            end = max(end, high)
        return 2.0 * math.pi - covered

    def _area(self, body: int, radii: np.ndarray) -> float:
        """Area of one disc on its side of the common chords: sectors under free arcs, triangles under chords."""
        r, cuts = radii[body], self.crossings(body, radii)
        area = 0.5 * r**2 * self._free_angle(body, radii)
        for n, (direction, chord, _, _) in enumerate(cuts):
            half = math.sqrt(r**2 - chord**2)
            low, high = -half, half
            along = np.array([-direction[1], direction[0]])
            for m, (other, limit, _, _) in enumerate(cuts):
                if m == n:
                    continue
                slope, rest = float(along @ other), limit - chord * float(direction @ other)
                if abs(slope) < 1e-12:
                    low, high = (low, high) if rest >= 0.0 else (0.0, 0.0)
                elif slope > 0.0:
                    high = min(high, rest / slope)
                else:
                    low = max(low, rest / slope)
            area += 0.5 * chord * max(high - low, 0.0)
        return area


def _neighbours(links: list[Link], body: int):
    """Particles linked to one, and the displacement of their image."""
    for link in links:
        if link.first == body:
            yield link.second, link.shift
        if link.second == body:
            yield link.first, -link.shift
