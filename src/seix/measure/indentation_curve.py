"""Curves of force against depth, and what an instrument reads from them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

EPSILON = 0.75
"""Of Oliver and Pharr for a paraboloid: the contact depth is d - 0.75 F/S."""
UPPER = 0.25
"""Part of the largest force above which the unloading curve is fitted, as usual in nanoindentation (ISO 14577)."""


@dataclass(frozen=True)
class Tip:
    """A rigid tip and how deep it goes.

    Attributes
    ----------
    radius, depth : float
        At its end; below the free surface at most [nm].
    shape : {"sphere", "paraboloid"}
    """

    radius: float
    depth: float
    shape: str = "sphere"

    @property
    def hertz_radius(self) -> float:
        """Contact radius sqrt(R d) of Hertz at the largest depth."""
        return math.sqrt(self.radius * self.depth)

    def height(self, r: np.ndarray) -> np.ndarray:
        """Of its surface over its lowest point at a distance from its axis; beyond a sphere that of its widest place."""
        if self.shape == "paraboloid":
            return r**2 / (2.0 * self.radius)
        return self.radius - np.sqrt(np.maximum(self.radius**2 - r**2, 0.0))

    def area(self, contact_depth: float) -> float:
        """Of its cross-section at a distance from its end, as an instrument knows it."""
        round_off = math.pi * contact_depth**2 if self.shape == "sphere" else 0.0
        return 2.0 * math.pi * self.radius * contact_depth - round_off


@dataclass(frozen=True)
class Curve:
    """Loading, which is unloading read backwards: all is elastic and without friction.

    Attributes
    ----------
    depth, force, area : ndarray (n,)
        Depth of the tip, force without adhesion, contact area. Any units that go together.
    """

    depth: np.ndarray
    force: np.ndarray
    area: np.ndarray

    @property
    def contact_radius(self) -> np.ndarray:
        """Radius (n,) of a circle of the contact area."""
        return np.sqrt(self.area / math.pi)

    def apparent_modulus(self, radius: float) -> np.ndarray:
        """Reduced modulus (n,) by Hertz' formula at each depth (equation T4)."""
        return 0.75 * self.force / (math.sqrt(radius) * self.depth**1.5)

    def hertz_modulus(self, radius: float) -> float:
        """Reduced modulus by a least-squares fit of Hertz' formula to the whole curve (equation T4)."""
        shape = 4.0 / 3.0 * math.sqrt(radius) * self.depth**1.5
        return float(shape @ self.force / (shape @ shape))

    def unloading_stiffness(self) -> float:
        """Slope at the largest depth of a power law fitted to the upper part of the curve (equation T5)."""
        upper = self.force >= UPPER * self.force[-1]
        depth, force = self.depth[upper] / self.depth[-1], self.force[upper] / self.force[-1]

        def misfit(p: np.ndarray) -> np.ndarray:
            factor, last, power = p
            return factor * np.maximum(depth - last, 0.0) ** power - force

        # the last depth at which the power law has a force must lie below those that are fitted
        bounds = ([0.0, -2.0, 0.5], [np.inf, 0.999 * float(depth[0]), 4.0])
        found = least_squares(misfit, [1.0, 0.0, 1.5], bounds=bounds, xtol=1e-14, ftol=1e-14, gtol=1e-14)
        factor, last, power = found.x
        return float(factor * power * (1.0 - last) ** (power - 1.0) * self.force[-1] / self.depth[-1])

    def oliver_pharr_modulus(self, tip: Tip) -> float:
        """Reduced modulus from the unloading stiffness and the area of the tip at the contact depth (equation T5)."""
        slope = self.unloading_stiffness()
        contact_depth = float(self.depth[-1]) - EPSILON * float(self.force[-1]) / slope
        return math.sqrt(math.pi) * slope / (2.0 * math.sqrt(tip.area(contact_depth)))


def pull_off(radius: float, work: float) -> float:
    """Force by which adhesion pulls at the tip outside the contact: 2 pi R w.

    Derjaguin, Muller and Toporov, doi:10.1016/0021-9797(75)90018-1.
    """
    return 2.0 * math.pi * radius * work


def maugis_number(radius: float, work: float, modulus: float, separation: float) -> float:
    """1.157 times Tabor's number (R w^2 / (E*^2 z^3))^(1/3): far below one the DMT limit holds, far above it that of JKR.

    Tabor, J. Colloid Interface Sci. 58 (1977) 2; Maugis, doi:10.1016/0021-9797(92)90285-T.
    """
    return 1.157 * (radius * work**2 / (modulus**2 * separation**3)) ** (1.0 / 3.0)


def pull_off_in_between(radius: float, work: float, number: float) -> float:
    """Pull-off force between the limits of DMT and JKR: 2 pi R w for a small number of Maugis, 3/2 pi R w for a large one.

    Carpick, Ogletree and Salmeron, doi:10.1006/jcis.1998.6027, equation 12.
    """
    part = 4.04 * number**1.4
    return math.pi * radius * work * (1.75 - 0.25 * (part - 1.0) / (part + 1.0))
