"""The flat patch: its coordinates, and a layer of it as a space to pack grains in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FREE = -1
"""Side number of a grain that touches no side."""


@dataclass(frozen=True)
class PatchFrame:
    """Shape of a patch and its strip coordinates (u along the SEI, t outwards from core|SEI), in nanometres.

    Attributes
    ----------
    period, core_size, sei_thickness, electrolyte_depth : float
        [nm]
    """

    period: float
    core_size: float
    sei_thickness: float
    electrolyte_depth: float

    dim = 2
    kind = "patch"
    sector = None
    closed = False  # the levels run from side to side
    wraps = True  # what leaves at u = span comes in at u = 0
    inner_scale = outer_scale = 1.0  # nanometres per unit of u, at core|SEI and at SEI|electrolyte
    side_names = ("periodic_left", "periodic_right")

    @property
    def mirrors(self) -> np.ndarray:
        """Inward normals (0, 2) of symmetry rays: none."""
        return np.empty((0, 2))

    @property
    def span(self) -> float:
        """Range of u."""
        return self.period

    @property
    def width(self) -> float:
        """Length of core|SEI [nm]."""
        return self.period

    def measure(self, inner: float, outer: float) -> float:
        """Area between two heights t [nm2]."""
        return self.period * (outer - inner)

    def domain_measure(self) -> float:
        """Area of core, SEI and electrolyte together [nm2]."""
        return self.measure(-self.core_size, self.sei_thickness + self.electrolyte_depth)

    def xy(self, u, t):
        """Cartesian coordinates of strip coordinates (arrays or numbers)."""
        return u, t

    def strip(self, x: float, y: float) -> tuple[float, float]:
        """Strip coordinates of one point."""
        return x, y

    def side_axes(self, side: int) -> tuple[np.ndarray, np.ndarray]:
        """Unit vectors along a side (outwards from the core) and into the domain."""
        return np.array([0.0, 1.0]), np.array([1.0 if side == 0 else -1.0, 0.0])

    def side_distance(self, points: np.ndarray, side: int) -> np.ndarray:
        """Distance (n,) of points of the domain from a side [nm]."""
        return points[:, 0] if side == 0 else self.period - points[:, 0]

    def level_nodes(self, t: float) -> tuple[list[tuple[float, float]], bool]:
        """Points that split the curve at height t, ends included, and whether it is an arc."""
        return [(0.0, t), (self.period, t)], False

    def copies(self, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Grains and their periodic images (3n, 2), and the grain (3n,) each one is an image of."""
        shift = np.array([self.period, 0.0])
        return np.vstack([centres, centres - shift, centres + shift]), np.tile(np.arange(len(centres)), 3)

    def band(self, inner: float, outer: float, gaps: tuple[float, float], gap: float) -> FlatBand:
        """The layer between two heights, with the distances grains keep from its two walls and each other."""
        return FlatBand(self.period, inner, outer, gaps, gap)


@dataclass(frozen=True)
class FlatBand:
    """A layer of a patch as a packing space: periodic in x, walls in y.

    The one side is the line x = 0, which is also x = period: a grain centred on it is cut into two halves
    that belong together, so it counts in full.
    """

    period: float
    inner: float
    outer: float
    gaps: tuple[float, float]
    gap: float

    dim = 2
    side_count = 1
    side_weight = 1.0

    @property
    def measure(self) -> float:
        """Area of the layer [nm2]."""
        return self.period * self.thickness

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
        """Radius of a grain that just fits between the walls, and between its own images [nm]."""
        return 0.5 * min(self.thickness - sum(self.gaps), self.period - self.gap)

    def remedy(self, area: float) -> str:
        """How to give the layer the area [nm2] a request needs, in words."""
        return f"a period of at least {area / self.thickness:.4g} nm would do"

    def start(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Random first centres (count, 2), one in each of `count` equal strips.

        A plain random start leaves long waves in the density, which pushing neighbours apart removes only
        slowly.
        """
        x = (rng.permutation(count) + rng.random(count)) / count * self.period
        return np.column_stack([x, rng.uniform(self.inner, self.outer, count)])

    def confine(self, x: np.ndarray, radii: np.ndarray, side: np.ndarray) -> np.ndarray:
        """Nearest centres that keep the wall gaps, and lie on their side or half a gap clear of it."""
        reach = radii + 0.5 * self.gap
        along = np.clip(x[:, 0] % self.period, reach, self.period - reach)
        height = np.clip(x[:, 1], self.inner + self.gaps[0] + radii, self.outer - self.gaps[1] - radii)
        return np.column_stack([np.where(side == FREE, along, 0.0), height])

    @property
    def periods(self) -> np.ndarray:
        """Periods along the axes, 0 for none [nm]."""
        return np.array([self.period, 0.0])
