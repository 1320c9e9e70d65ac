"""A layer around a group of particles as a space to pack grains in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from seix.geometry.assembly.bodies import Bodies
from seix.geometry.assembly.settling import EXACT, settled

PROJECTIONS = 30
"""Times that a centre is moved back from one wall after the other."""
PLACES = 4000
"""Places in the layer where grains go that fit nowhere near."""
SPREAD = 8
"""Random places, sorted around the particles, of which each grain starts at one."""


@dataclass(frozen=True)
class AssemblyBand:
    """What lies between two heights over the nearest core of a group of particles; lengths in nanometres.

    A grain lies between the two walls of the particle it is nearest to, outside the inner walls of all others, and does not
    cross a periodic side.

    Attributes
    ----------
    bodies : Bodies
        All particles.
    members : ndarray (m,) of int
        The particles of the group.
    inner, outer : float
        Heights of the walls over core|SEI.
    gaps : tuple of float
        Distances kept from the inner and from the outer wall.
    gap : float
        Smallest distance of grains.
    """

    bodies: Bodies
    members: np.ndarray
    inner: float
    outer: float
    gaps: tuple[float, float]
    gap: float

    side_count = 0
    side_weight = 1.0
    side_measure = 0.0

    @property
    def dim(self) -> int:
        """2 or 3."""
        return self.bodies.dim

    @cached_property
    def measure(self) -> float:
        """Area or volume of the layer."""
        return float((self.bodies.measures(self.outer) - self.bodies.measures(self.inner))[self.members].sum())

    @property
    def thickness(self) -> float:
        """Thickness of the layer."""
        return self.outer - self.inner

    @property
    def largest_radius(self) -> float:
        """Radius of a grain that just fits between the walls."""
        return 0.5 * (self.thickness - sum(self.gaps))

    @property
    def periods(self) -> np.ndarray:
        """Periods along the axes, 0 for none."""
        return np.array([self.bodies.box] * (self.dim - 1) + [0.0])

    def remedy(self, measure: float) -> str:
        """How to give the layer the area or volume a request needs, in words."""
        factor = (measure / self.measure) ** (1.0 / (self.dim - 1))
        return f"core radii {factor:.3g} times as large would do"

    def start(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Random first centres (count, dim), uniform in the layer, and evenly spread around every particle of the plane."""
        x = self._uniform(SPREAD * count, rng)
        body, _ = self.bodies.nearest(x)
        away = self.bodies.offsets(x)[np.arange(len(x)), body]
        order = np.lexsort((np.arctan2(away[:, 1], away[:, 0]), body))
        chosen = order[SPREAD * np.arange(count) + rng.integers(SPREAD, size=count)]
        return x[rng.permutation(chosen)]

    def confine(self, x: np.ndarray, radii: np.ndarray, side: np.ndarray) -> np.ndarray:
        """Centres near `x` that keep the distances from all walls and periodic sides."""
        x, room = self._settled(x, radii, 1.0 - EXACT)
        moving = np.flatnonzero(room < radii * (1.0 - EXACT))
        if not len(moving):
            return x
        places, room = self._places
        for grain in moving:
            fits = np.flatnonzero(room >= radii[grain])
            if len(fits):
                away = places[fits] - x[grain]
                away[:, :-1] -= self.bodies.box * np.rint(away[:, :-1] / self.bodies.box)
                x[grain] = places[fits[(away**2).sum(axis=1).argmin()]]
        return x

    def _wrapped(self, x: np.ndarray) -> np.ndarray:
        x = x.copy()
        x[:, :-1] %= self.bodies.box
        return x

    def _settled(self, x: np.ndarray, radii: np.ndarray, enough: float) -> tuple[np.ndarray, np.ndarray]:
        """Centres moved back until there is room (n,) for `enough` radii, or after all steps."""
        bodies, members = self.bodies, self.members
        return settled(np.ascontiguousarray(x), radii, enough, bodies.centres[members], bodies.radii[members], bodies.box,
                       (self.inner, self.outer), self.gaps, self.gap, PROJECTIONS)  # fmt: skip

    @cached_property
    def _places(self) -> tuple[np.ndarray, np.ndarray]:
        """Places (p, dim) in the layer, and the largest radius (p,) there."""
        rng = np.random.default_rng(0)
        places = self._uniform(PLACES, rng)
        return self._settled(places, np.full(len(places), max(self.largest_radius, 0.0)), np.inf)

    def _uniform(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Points (count, dim), uniform in the layer: of balls around all members, what lies in no other one."""
        radii = self.bodies.radii[self.members]
        inner, outer = radii + self.inner, radii + self.outer
        weight = outer**self.dim - inner**self.dim
        found = np.empty((0, self.dim))
        while len(found) < count:
            body = rng.choice(len(radii), size=4 * count, p=weight / weight.sum())
            direction = rng.normal(size=(4 * count, self.dim))
            direction /= np.linalg.norm(direction, axis=1)[:, None]
            power = rng.uniform(inner[body] ** self.dim, outer[body] ** self.dim)
            x = self.bodies.centres[self.members[body]] + (power ** (1.0 / self.dim))[:, None] * direction
            heights = self.bodies.distances(x)[:, self.members]
            kept = heights[np.arange(len(x)), body] <= heights.min(axis=1) + EXACT
            found = np.concatenate([found, self._wrapped(x[kept])])
        return found[:count]


def stream(seed: int, group: int) -> int:
    """Seed of the grains around one group of particles; the first group has the seed of the scenario."""
    return seed if group == 0 else int(np.random.SeedSequence([seed, group]).generate_state(1)[0])


def largest_crossing_angle(first: float, second: float, distance: float) -> float:
    """Angle outside two overlapping discs where their circles cross [degrees]; 0 where they just touch."""
    cosine = (first**2 + second**2 - distance**2) / (2.0 * first * second)
    return 180.0 - math.degrees(math.acos(min(max(cosine, -1.0), 1.0)))
