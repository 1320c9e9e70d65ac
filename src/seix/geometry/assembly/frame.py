"""The assembly as a whole: its sizes and measures, for packing, statistics and meshing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from seix.geometry.assembly.bodies import Bodies, Groups


@dataclass(frozen=True)
class AssemblyFrame:
    """Particles with an SEI of one thickness in a box of electrolyte; lengths in nanometres.

    The box reaches from 0 to its edge along all axes. It is periodic along all but the last: there the bottom is closed, and
    the top is the end towards the separator.

    Attributes
    ----------
    bodies : Bodies
    sei_thickness : float
    binder : float
        Thickness of a film of binder on the SEI, 0 for none. Where those of neighbours meet it bridges them.
    """

    bodies: Bodies
    sei_thickness: float
    binder: float = 0.0

    kind = "particles"
    sector = None
    section = "full"  # of each particle in space
    half_angle = None
    closed = True
    side_names = ()

    @property
    def dim(self) -> int:
        """2 or 3."""
        return self.bodies.dim

    @property
    def period(self) -> float:
        """Edge of the box [nm]."""
        return self.bodies.box

    @property
    def core_size(self) -> float:
        """Mean radius of the cores [nm]."""
        return float(self.bodies.radii.mean())

    @property
    def solid_thickness(self) -> float:
        """Thickness of SEI and binder [nm]."""
        return self.sei_thickness + self.binder

    @property
    def electrolyte_depth(self) -> float:
        """Distance from the highest particle to the top of the box [nm]."""
        highest = (self.bodies.centres[:, -1] + self.bodies.radii).max() + self.solid_thickness
        return float(self.bodies.box - highest)

    @property
    def mirrors(self) -> np.ndarray:
        """Planes of symmetry (0, dim): none."""
        return np.empty((0, self.dim))

    @cached_property
    def width(self) -> float:
        """Length or area of core|SEI [nm or nm2]."""
        return float(self.bodies.perimeters(0.0).sum())

    @cached_property
    def sei_groups(self) -> Groups:
        """Particles whose SEI is one piece."""
        return self.bodies.groups(self.bodies.touching(self.sei_thickness))

    def measure(self, inner: float, outer: float) -> float:
        """Area or volume between two heights over the cores [nm2 or nm3]."""
        return float((self.bodies.measures(outer) - self.bodies.measures(inner)).sum())

    def domain_measure(self) -> float:
        """Area or volume of the box [nm2 or nm3]."""
        return self.bodies.box**self.dim

    def height(self, points: np.ndarray) -> np.ndarray:
        """Distance (n,) of points (n, dim) from the nearest core surface [nm]."""
        return self.bodies.height(points)

    def side_distance(self, points: np.ndarray, side: int) -> np.ndarray:
        """Distance (n,) of points from the bottom (0) or the top (1) of the box [nm]."""
        return points[:, -1] if side == 0 else self.bodies.box - points[:, -1]
