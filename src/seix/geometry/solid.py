"""The two outer shapes in space, flat patch and round particle, and their layers as spaces to pack grains in."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from seix.geometry.patch import FREE

CLEAR = 1e-3
"""Part of its radius that a grain is moved farther from a mirror plane than it must be, so that turns of the last
correction leave it clear."""
CORRECTIONS = 8
"""Alternating moves away from mirror planes and walls."""


@dataclass(frozen=True)
class SolidPatchFrame:
    """A block of SEI on its core, periodic in x and y; z points outwards from core|SEI. All lengths in nanometres.

    Attributes
    ----------
    period, core_size, sei_thickness, electrolyte_depth : float
        Both periods; depths and heights [nm].
    """

    period: float
    core_size: float
    sei_thickness: float
    electrolyte_depth: float

    dim = 3
    kind = "patch"
    sector = None
    section = None
    side_names = ("periodic_x", "periodic_y")

    @property
    def mirrors(self) -> np.ndarray:
        """Inward normals (0, 3) of mirror planes: none."""
        return np.empty((0, 3))

    @property
    def width(self) -> float:
        """Area of core|SEI [nm2]."""
        return self.period**2

    def measure(self, inner: float, outer: float) -> float:
        """Volume between two heights [nm3]."""
        return self.period**2 * (outer - inner)

    def domain_measure(self) -> float:
        """Volume of core, SEI and electrolyte together [nm3]."""
        return self.measure(-self.core_size, self.sei_thickness + self.electrolyte_depth)

    def height(self, points: np.ndarray) -> np.ndarray:
        """Distance (n,) of points from core|SEI, outwards [nm]."""
        return points[:, 2]

    def copies(self, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Grains and their periodic images (9n, 3), and the grain (9n,) each one is an image of."""
        steps = [(0, 0), *((i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0))]
        shifts = self.period * np.array([(i, j, 0) for i, j in steps], float)
        return (centres + shifts[:, None, :]).reshape(-1, 3), np.tile(np.arange(len(centres)), len(shifts))

    def band(self, inner: float, outer: float, gaps: tuple[float, float], gap: float) -> SlabBand:
        """The layer between two heights, with the distances grains keep from its two walls and each other."""
        return SlabBand(self.period, inner, outer, gaps, gap)


@dataclass(frozen=True)
class SolidParticleFrame:
    """A round particle about the origin, whole or a part of it between mirror planes. All lengths in nanometres.

    Attributes
    ----------
    core_size, sei_thickness, electrolyte_depth : float
        Radius of the core; thicknesses [nm].
    section : str
        `full`, `octant` (x, y, z positive) or `cone` (four-sided, about the z axis).
    half_angle : float or None
        Angle between the z axis and each plane of a cone [rad].
    """

    core_size: float
    sei_thickness: float
    electrolyte_depth: float
    section: str = "full"
    half_angle: float | None = None

    dim = 3
    kind = "particle"
    period = None
    sector = None

    @property
    def mirrors(self) -> np.ndarray:
        """Inward unit normals (k, 3) of the mirror planes."""
        if self.section == "full":
            return np.empty((0, 3))
        if self.section == "octant":
            return np.eye(3)
        cos, sin = math.cos(self.half_angle), math.sin(self.half_angle)
        return np.array([[cos, 0, sin], [-cos, 0, sin], [0, cos, sin], [0, -cos, sin]])

    @property
    def side_names(self) -> tuple[str, ...]:
        """Names of the mirror planes."""
        return tuple(f"symmetry_{k}" for k in range(len(self.mirrors)))

    @property
    def solid_angle(self) -> float:
        """[sr]; of a cone that of a rectangular pyramid, 4 asin(sin a sin a)."""
        if self.section == "cone":
            return 4.0 * math.asin(math.sin(self.half_angle) ** 2)
        return 4.0 * math.pi if self.section == "full" else 0.5 * math.pi

    @property
    def width(self) -> float:
        """Area of core|SEI [nm2]."""
        return self.solid_angle * self.core_size**2

    def measure(self, inner: float, outer: float) -> float:
        """Volume between two heights over the core [nm3]."""
        return self.solid_angle * ((self.core_size + outer) ** 3 - (self.core_size + inner) ** 3) / 3.0

    def domain_measure(self) -> float:
        """Volume of core, SEI and electrolyte together [nm3]."""
        return self.measure(-self.core_size, self.sei_thickness + self.electrolyte_depth)

    def height(self, points: np.ndarray) -> np.ndarray:
        """Distance (n,) of points from core|SEI, outwards [nm]."""
        return np.linalg.norm(points, axis=1) - self.core_size

    def copies(self, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Grains and their mirror images, one set for each plane, and the grain each one is an image of."""
        images = [centres, *(centres - 2.0 * np.outer(centres @ n, n) for n in self.mirrors)]
        return np.concatenate(images), np.tile(np.arange(len(centres)), len(images))

    def band(self, inner: float, outer: float, gaps: tuple[float, float], gap: float) -> ShellBand:
        """The layer between two heights, with the distances grains keep from its two walls and each other."""
        return ShellBand(self, inner, outer, gaps, gap)


@dataclass(frozen=True)
class SlabBand:
    """A layer of a patch as a packing space: periodic in x and y, walls in z.

    Sides 0 and 1 are the planes x = 0 and y = 0 (and one period further): a grain centred on one is cut into two
    halves that belong together. No grain sits on both, so that none is cut into quarters.
    """

    period: float
    inner: float
    outer: float
    gaps: tuple[float, float]
    gap: float

    dim = 3
    side_count = 2
    side_weight = 1.0

    @property
    def measure(self) -> float:
        """Volume of the layer [nm3]."""
        return self.period**2 * self.thickness

    @property
    def thickness(self) -> float:
        """Thickness of the layer [nm]."""
        return self.outer - self.inner

    @property
    def side_measure(self) -> float:
        """Area of one side [nm2]."""
        return self.period * self.thickness

    @property
    def largest_radius(self) -> float:
        """Radius of a grain that just fits between the walls, and between its own images [nm]."""
        return 0.5 * min(self.thickness - sum(self.gaps), self.period - self.gap)

    def remedy(self, measure: float) -> str:
        """How to give the layer the volume [nm3] a request needs, in words."""
        return f"a period of at least {math.sqrt(measure / self.thickness):.4g} nm would do"

    def start(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """First centres (count, 3), spread evenly in plane by a shifted low-discrepancy sequence, random in height."""
        g = 1.32471795724474602596  # root of g^3 = g + 1: the R2 sequence of Roberts
        plane = (np.outer(np.arange(1, count + 1), [1.0 / g, 1.0 / g**2]) + rng.random(2)) % 1.0
        return np.column_stack([self.period * plane[rng.permutation(count)], rng.uniform(self.inner, self.outer, count)])

    def confine(self, x: np.ndarray, radii: np.ndarray, side: np.ndarray) -> np.ndarray:
        """Nearest centres that keep the wall gaps, and lie on their side or half a gap clear of both."""
        reach = (radii + 0.5 * self.gap)[:, None]
        plane = np.clip(x[:, :2] % self.period, reach, self.period - reach)
        plane = np.where(side[:, None] == [0, 1], 0.0, plane)
        height = np.clip(x[:, 2], self.inner + self.gaps[0] + radii, self.outer - self.gaps[1] - radii)
        return np.column_stack([plane, height])

    @property
    def periods(self) -> np.ndarray:
        """Periods along the axes, 0 for none [nm]."""
        return np.array([self.period, self.period, 0.0])


@dataclass(frozen=True)
class ShellBand:
    """A layer of a particle as a packing space: walls are spheres, sides are mirror planes.

    Only half of a grain that is centred on a mirror plane lies inside and counts; no grain sits on two planes.
    """

    frame: SolidParticleFrame
    low: float  # heights of the two walls over the core [nm]
    high: float
    gaps: tuple[float, float]
    gap: float

    dim = 3
    side_weight = 0.5

    @property
    def side_count(self) -> int:
        """Number of mirror planes."""
        return len(self.frame.mirrors)

    @property
    def measure(self) -> float:
        """Volume of the layer [nm3]."""
        return self.frame.measure(self.low, self.high)

    @property
    def thickness(self) -> float:
        """Thickness of the layer [nm]."""
        return self.high - self.low

    @property
    def side_measure(self) -> float:
        """Area of one side [nm2]: a part of a ring between the two walls."""
        radii = self.frame.core_size + np.array([self.low, self.high])
        # the plane of a cone is bounded by two edges, whose angle follows from the corner (tan a, tan a, 1)
        angle = 0.5 * math.pi
        if self.frame.section == "cone":
            angle = 2.0 * math.asin(math.tan(self.frame.half_angle) / math.sqrt(1 + 2 * math.tan(self.frame.half_angle) ** 2))
        return 0.5 * angle * float(radii[1] ** 2 - radii[0] ** 2)

    @property
    def largest_radius(self) -> float:
        """Radius of a grain that just fits between the walls, and at the inner wall between the planes [nm]."""
        radius = 0.5 * (self.thickness - sum(self.gaps))
        if self.frame.section == "full":
            return radius
        sine = math.sin(self.frame.half_angle) if self.frame.section == "cone" else 1.0 / math.sqrt(3.0)
        return min(radius, (sine * (self.frame.core_size + self.low + self.gaps[0]) - 0.5 * self.gap) / (1.0 - sine))

    def remedy(self, measure: float) -> str:
        """How to give the layer the volume [nm3] a request needs, in words."""
        mean = math.sqrt(measure / (self.frame.solid_angle * self.thickness))
        wider = "" if self.frame.section == "full" else " or a wider sector"
        return f"a core radius of at least {mean - 0.5 * (self.low + self.high):.4g} nm{wider} would do"

    def start(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Random first centres (count, 3), uniform in volume."""
        found = np.empty((0, 3))
        while len(found) < count:  # random directions, those between the planes kept
            direction = rng.normal(size=(4 * count, 3))
            direction /= np.linalg.norm(direction, axis=1)[:, None]
            inside = (direction @ self.frame.mirrors.T > 0.0).all(axis=1)
            found = np.concatenate([found, direction[inside]])
        inner, outer = self.frame.core_size + self.low, self.frame.core_size + self.high
        radius = np.cbrt(rng.uniform(inner**3, outer**3, count))
        return radius[:, None] * found[:count]

    def confine(self, x: np.ndarray, radii: np.ndarray, side: np.ndarray) -> np.ndarray:
        """Centres near `x` that keep the wall gaps, and lie on their plane or half a gap clear of all."""
        least = self.frame.core_size + self.low + self.gaps[0] + radii
        most = self.frame.core_size + self.high - self.gaps[1] - radii
        x = self._between(x, least, most)
        if not self.side_count:
            return x
        reach = (1.0 + CLEAR) * radii + 0.5 * self.gap
        if self.frame.section == "octant":
            from seix.geometry.pushing import clear_of_axes  # compiled loops

            return clear_of_axes(x, side, reach, least, most, CORRECTIONS)
        planes = [(normal, side == k) for k, normal in enumerate(self.frame.mirrors)]
        for _ in range(CORRECTIONS):
            for normal, on in planes:
                height = x @ normal
                lack = np.where(on, -height, np.maximum(reach - height, 0.0))
                x = x + lack[:, None] * normal
            x = self._between(x, least, most)
        return self._on_planes(x, side)

    @property
    def periods(self) -> np.ndarray:
        """Periods along the axes: none."""
        return np.zeros(3)

    @staticmethod
    def _between(x: np.ndarray, least: np.ndarray, most: np.ndarray) -> np.ndarray:
        distance = np.maximum(np.linalg.norm(x, axis=1), 1e-9 * least)
        return x * (np.clip(distance, least, most) / distance)[:, None]

    def _on_planes(self, x: np.ndarray, side: np.ndarray) -> np.ndarray:
        """The same centres with those of cut grains on their plane to rounding."""
        on = side != FREE
        normal = self.frame.mirrors[side[on]]
        x[on] -= (x[on] * normal).sum(axis=1)[:, None] * normal
        return x
