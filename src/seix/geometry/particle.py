"""The round particle, whole or a sector: its coordinates, and a layer of it as a space to pack grains in."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ParticleFrame:
    """Shape of a particle and its strip coordinates (u the polar angle, t the radius less that of the core).

    Attributes
    ----------
    core_size : float
        Radius of the core [nm].
    sei_thickness, electrolyte_depth : float
        [nm]
    sector : float or None
        Angle between the two symmetry rays, the first of them at angle 0 [rad]; None for the whole particle.
    """

    core_size: float
    sei_thickness: float
    electrolyte_depth: float
    sector: float | None

    dim = 2
    kind = "particle"
    period = None

    @property
    def closed(self) -> bool:
        """Whether the levels are closed circles."""
        return self.sector is None

    @property
    def wraps(self) -> bool:
        """Whether what leaves at u = span comes in at u = 0."""
        return self.sector is None

    @property
    def side_names(self) -> tuple[str, ...]:
        """Names of the two symmetry rays; none for the whole particle."""
        return () if self.sector is None else ("symmetry_0", "symmetry_1")

    @property
    def mirrors(self) -> np.ndarray:
        """Inward unit normals (k, 2) of the symmetry rays."""
        return np.array([self.side_axes(side)[1] for side in range(len(self.side_names))]).reshape(-1, 2)

    @property
    def span(self) -> float:
        """Range of u [rad]."""
        return 2.0 * math.pi if self.sector is None else self.sector

    @property
    def inner_scale(self) -> float:
        """Nanometres per radian at core|SEI."""
        return self.core_size

    @property
    def outer_scale(self) -> float:
        """Nanometres per radian at SEI|electrolyte."""
        return self.core_size + self.sei_thickness

    @property
    def width(self) -> float:
        """Length of core|SEI [nm]."""
        return self.span * self.core_size

    def measure(self, inner: float, outer: float) -> float:
        """Area between two heights t over the core [nm2]."""
        return 0.5 * self.span * ((self.core_size + outer) ** 2 - (self.core_size + inner) ** 2)

    def domain_measure(self) -> float:
        """Area of core, SEI and electrolyte together [nm2]."""
        return self.measure(-self.core_size, self.sei_thickness + self.electrolyte_depth)

    def xy(self, u, t):
        """Cartesian coordinates of strip coordinates (arrays or numbers)."""
        return (self.core_size + t) * np.cos(u), (self.core_size + t) * np.sin(u)

    def strip(self, x: float, y: float) -> tuple[float, float]:
        """Strip coordinates of one point."""
        angle = math.atan2(y, x)
        # a point on the first ray may come with y = -1e-17
        return (angle if angle > -1e-9 else angle + 2.0 * math.pi), math.hypot(x, y) - self.core_size

    def side_axes(self, side: int) -> tuple[np.ndarray, np.ndarray]:
        """Unit vectors along a ray (outwards) and into the domain."""
        if side == 0:
            return np.array([1.0, 0.0]), np.array([0.0, 1.0])
        cos, sin = math.cos(self.sector), math.sin(self.sector)
        return np.array([cos, sin]), np.array([sin, -cos])

    def side_distance(self, points: np.ndarray, side: int) -> np.ndarray:
        """Distance (n,) of points of the domain from a ray [nm]; that of its end at the centre behind it."""
        along, inward = self.side_axes(side)
        return np.where(points @ along > 0.0, points @ inward, np.hypot(*points.T))

    def level_nodes(self, t: float) -> tuple[list[tuple[float, float]], bool]:
        """Points that split the arc at height t, ends included, and that it is an arc about the origin."""
        pieces = math.ceil(self.span / (0.5 * math.pi) - 1e-9)
        radius = self.core_size + t
        nodes = []
        for k in range(pieces if self.closed else pieces + 1):
            angle = self.span * k / pieces
            nodes.append((radius * math.cos(angle), radius * math.sin(angle)))
        nodes[0] = (radius, 0.0)
        return nodes, True

    def copies(self, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Grains and their mirror images in the rays (3n, 2), and the grain (3n,) each one is an image of."""
        if self.sector is None:
            return centres, np.arange(len(centres))
        images = [centres]
        for side in (0, 1):
            _, inward = self.side_axes(side)
            images.append(centres - 2.0 * (centres @ inward)[:, None] * inward)
        return np.vstack(images), np.tile(np.arange(len(centres)), 3)

    def band(self, inner: float, outer: float, gaps: tuple[float, float], gap: float) -> CurvedBand:
        """The layer between two heights, with the distances grains keep from its two walls and each other."""
        return CurvedBand(self.core_size + inner, self.core_size + outer, gaps, gap, self.sector, inner)


@dataclass(frozen=True)
class CurvedBand:
    """A layer of a particle as a packing space, in Cartesian coordinates.

    The sides of a sector are its two rays. They are mirrors, so only half of a grain that is centred on one
    lies inside and counts.
    """

    inner: float  # radii of the two walls [nm]
    outer: float
    gaps: tuple[float, float]
    gap: float
    sector: float | None
    height: float  # of the inner wall over the core, to translate an area into a core radius

    dim = 2
    side_weight = 0.5

    @property
    def side_count(self) -> int:
        """Number of symmetry rays."""
        return 0 if self.sector is None else 2

    @property
    def span(self) -> float:
        """Angle of the band [rad]."""
        return 2.0 * math.pi if self.sector is None else self.sector

    @property
    def measure(self) -> float:
        """Area of the layer [nm2]."""
        return 0.5 * self.span * (self.outer**2 - self.inner**2)

    @property
    def thickness(self) -> float:
        """Thickness of the layer [nm]."""
        return self.outer - self.inner

    @property
    def side_measure(self) -> float:
        """Length of one side [nm]."""
        return self.thickness

    @property
    def largest_radius(self) -> float:
        """Radius of a grain that just fits between the walls, and at the inner wall between the rays [nm]."""
        radius = 0.5 * (self.thickness - sum(self.gaps))
        if self.sector is None:
            return radius
        sine = math.sin(0.5 * self.sector)
        room = sine * (self.inner + self.gaps[0]) - 0.5 * self.gap
        return radius if sine > 1.0 - 1e-9 else min(radius, room / (1.0 - sine))

    def remedy(self, area: float) -> str:
        """How to give the layer the area [nm2] a request needs, in words."""
        radius = area / (self.span * self.thickness) - 0.5 * self.thickness - self.height
        wider = "" if self.sector is None else " or a wider sector"
        return f"a core radius of at least {radius:.4g} nm{wider} would do"

    def start(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Random first centres (count, 2), one in each of `count` equal angles, uniform in area outwards."""
        angle = (rng.permutation(count) + rng.random(count)) / count * self.span
        radius = np.sqrt(rng.uniform(self.inner**2, self.outer**2, count))
        return radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])

    def least_distance(self, radii: np.ndarray, side: np.ndarray) -> np.ndarray:
        """Smallest distance (n,) of centres from that of the particle [nm]."""
        return self.inner + self.gaps[0] + radii

    def confine(self, x: np.ndarray, radii: np.ndarray, side: np.ndarray) -> np.ndarray:
        """Nearest centres that keep the wall gaps, and lie on their ray or half a gap clear of both."""
        rho = np.hypot(x[:, 0], x[:, 1])
        rho = np.clip(rho, self.least_distance(radii, side), self.outer - self.gaps[1] - radii)
        angle = np.arctan2(x[:, 1], x[:, 0])
        if self.sector is not None:
            # the angles opposite to the sector belong to the nearer of the two rays
            angle = (angle - 0.5 * self.sector + math.pi) % (2.0 * math.pi) - math.pi
            clear = np.arcsin(np.minimum((radii + 0.5 * self.gap) / rho, 1.0))
            room = np.maximum(0.5 * self.sector - clear, 0.0)
            angle = np.clip(angle, -room, room) + 0.5 * self.sector
            angle = np.where(side == 0, 0.0, np.where(side == 1, self.sector, angle))
        return rho[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])

    @property
    def periods(self) -> np.ndarray:
        """Periods along the axes: none."""
        return np.zeros(2)
