"""Places on the surface of a patch in space where cells are small: under the tip of a virtual indentation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seix.geometry.counting import PER_CUBE
from seix.input.measure.indentation import ZONE

if TYPE_CHECKING:
    from seix.scenario import Scenario

PIECES = 200
"""Shells around a spot over which its cells are added up."""


@dataclass(frozen=True)
class Spots:
    """Discs on SEI|electrolyte of a periodic patch, all of one radius and cell size.

    Attributes
    ----------
    places : ndarray (n, 2)
        Centres [nm].
    radius, size : float
        [nm]
    """

    places: np.ndarray
    radius: float
    size: float

    def sizes(self, points: np.ndarray, period: float, height: float, slope: float) -> np.ndarray:
        """Largest size (n,) at points (n, 3), growing with the distance from the discs and their images [nm].

        Parameters
        ----------
        points : ndarray (n, 3)
        period, height : float
            Of the patch; of SEI|electrolyte [nm].
        slope : float
            Change of size over distance.
        """
        away = np.abs(points[:, None, :2] - self.places) % period
        flat = np.linalg.norm(np.minimum(away, period - away), axis=2).min(axis=1)
        distance = np.hypot(np.maximum(flat - self.radius, 0.0), points[:, 2] - height)
        return self.size + slope * distance

    def expected_cells(self, slope: float, limits: tuple[float, float], coarsening: float) -> float:
        """Tetrahedra around the discs as far as their cells are smaller than those of SEI and electrolyte.

        Parameters
        ----------
        slope : float
            Change of size over distance.
        limits : tuple of float
            Sizes in the outermost layer and in the electrolyte [nm].
        coarsening : float
            Multiplies the size of the spots.
        """
        total, size = 0.0, coarsening * self.size
        for limit, density in zip(limits, PER_CUBE[1:], strict=True):
            distance = np.linspace(0.0, max(limit - size, 0.0) / slope, PIECES)
            area = math.pi * (self.radius**2 + math.pi * self.radius * distance + 2.0 * distance**2)
            total += density * float(np.trapezoid(area * ((size + slope * distance) ** -3 - limit**-3), distance))
        return len(self.places) * total


def fine_spots(scenario: Scenario, nanometre: float) -> Spots | None:
    """Where a scenario presses on single grains; None if it does not.

    Parameters
    ----------
    scenario : Scenario
    nanometre : float
        In metres.
    """
    asked = None if scenario.measure is None else scenario.measure.indentation
    if asked is None or scenario.geometry.dimension == 2:
        return None
    radius = asked.hertz_radius / nanometre
    return Spots(asked.places(scenario.period, scenario.seed) / nanometre, ZONE * radius, radius / asked.cells_per_contact)
