"""Silicon domains inside the core: round grains packed between core|SEI and the end or the centre of the core."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from seix.geometry.grains import LayerGrains
from seix.geometry.outline import APEX
from seix.geometry.packing import pack_layer
from seix.geometry.particle import CurvedBand, ParticleFrame
from seix.geometry.patch import FREE, PatchFrame
from seix.geometry.shapes import join_shapes
from seix.geometry.sizing import NARROW
from seix.geometry.statistics import structure_statistics

if TYPE_CHECKING:
    from seix.geometry.layers import LayerShape, Structure

STREAM = 1 << 20
"""Number of the core among the packed layers: its domains do not depend on how many layers the SEI has."""


@dataclass(frozen=True)
class CoreDomains:
    """Packed domains; lengths in nanometres.

    Attributes
    ----------
    shape : LayerShape
        The core as a layer from minus its size to 0, with the one material of the domains.
    grains : LayerGrains
        Centres, radii and sides, as of the grains of a layer.
    """

    shape: LayerShape
    grains: LayerGrains

    @property
    def material(self) -> str:
        """Material of the domains."""
        return next(iter(self.shape.fractions))

    def __len__(self) -> int:
        return len(self.grains.radii)


@dataclass(frozen=True)
class DiscBand(CurvedBand):
    """The round core of a particle, or a sector of it, as a packing space: a band whose inner radius is 0.

    No domain covers the centre, which is a node of every mesh, or the single cell at the tip of a narrow sector.
    """

    @property
    def largest_radius(self) -> float:
        """Radius of a domain that just fits between centre and wall, and between the rays at the wall [nm]."""
        radius = 0.5 * (self.thickness - sum(self.gaps))
        if self.sector is None:
            return radius
        sine = math.sin(0.5 * self.sector)
        return min(radius, (sine * (self.outer - self.gaps[1]) - 0.5 * self.gap) / (1.0 + sine))

    def remedy(self, area: float) -> str:
        """How to give the core the area [nm2] a request needs, in words."""
        return f"a core radius of at least {math.sqrt(2.0 * area / self.span):.4g} nm would do"

    def least_distance(self, radii: np.ndarray, side: np.ndarray) -> np.ndarray:
        """Smallest distance (n,) of centres from that of the particle: clear of it and of the rays [nm]."""
        least = self.gaps[0] + radii
        if self.sector is None:
            return least
        # a domain on one ray has to stay clear of the other one, any other domain of both
        angle = np.where(side == FREE, 0.5, 1.0) * self.sector
        return np.maximum(least, (radii + 0.5 * self.gap) / np.sin(np.minimum(angle, 0.5 * math.pi)))


def pack_domains(shape: LayerShape, frame: PatchFrame | ParticleFrame, seed: int) -> CoreDomains:
    """Pack the domains of a core.

    Parameters
    ----------
    shape : LayerShape
        The core as a layer from minus its size to 0.
    frame : PatchFrame or ParticleFrame
    seed : int

    Raises
    ------
    GeometryError
        If the fraction cannot be packed, or the core is too small for such domains.
    """
    return CoreDomains(shape, pack_layer(shape, _core_band(shape, frame), seed, STREAM, where="the core"))


def _core_band(shape: LayerShape, frame: PatchFrame | ParticleFrame):
    """The core as a packing space."""
    if frame.kind == "patch":
        return frame.band(shape.inner, shape.outer, shape.gaps, shape.gap)
    tip = APEX * frame.core_size if frame.sector is not None and frame.sector < NARROW else 0.0
    return DiscBand(0.0, frame.core_size, (tip + shape.gaps[0], shape.gaps[1]), shape.gap, frame.sector, -frame.core_size)


def domain_statistics(structure: Structure, per_metre: float) -> dict:
    """Fraction, number, diameters and gaps of the domains, as those of the grains of the SEI, and the `material`."""
    domains = structure.domains
    grains, zero = domains.grains, np.zeros(len(domains), np.int32)
    alone = replace(
        structure, layers=[domains.shape], phase_names=[domains.material], centres=grains.centres, radii=grains.radii,
        phase=zero, layer=zero, side=grains.side.astype(np.int32), shapes=None, domains=None,
    )  # fmt: skip
    return {"material": domains.material} | structure_statistics(alone, per_metre)["sei"]


def with_domains(structure: Structure) -> Structure:
    """The structure with its domains as further grains, in layer -1; itself without domains.

    Mesh these: their numbers follow those of the grains of the SEI, their material those of the SEI.
    """
    domains = structure.domains
    if domains is None:
        return structure
    number, grains = len(structure.radii), domains.grains
    sei = LayerGrains(structure.radii, structure.phase, structure.side, structure.weights, structure.centres)
    parts = [(sei, structure.shapes), (grains, None)]

    def column(own: np.ndarray, value: int) -> np.ndarray:
        return np.append(own, np.full(len(domains), value)).astype(np.int32)

    return replace(
        structure,
        phase_names=[*structure.phase_names, domains.material],
        centres=np.vstack([structure.centres, grains.centres]),
        radii=np.append(structure.radii, grains.radii),
        phase=column(structure.phase, len(structure.phase_names)),
        layer=column(structure.layer, -1),
        side=np.append(structure.side, grains.side).astype(np.int32),
        shapes=join_shapes(parts if number else parts[1:]),
    )
