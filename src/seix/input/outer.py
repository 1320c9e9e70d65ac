"""The piece of particle that is modelled: a periodic patch or a round particle, in the plane or in space."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from seix.input.types import Length, Model, Problem, quantity, raise_problems

PLANE_SECTOR = (math.radians(10), math.pi)
"""Smallest and largest angle of a sector in the plane [rad]."""
SPACE_SECTOR = (math.radians(10), math.radians(120))
"""Smallest and largest opening angle of a cone in space [rad]."""

_Dimension = Annotated[
    Literal[2, 3],
    Field(
        description="2: a cross-section (plane strain, grains are cylinders); 3: a block or a ball with round "
        "or cellular grains."
    ),
]


class Patch(Model):
    """A flat piece of SEI on its core, periodic in plane."""

    kind: Annotated[Literal["patch"], Field(description="A flat piece of SEI, periodic in plane.")]
    dimension: _Dimension = 2
    period: Annotated[
        Length | None, Field(description="Width of the periodic patch (in 3D the same in both directions).")
    ] = None
    period_in_layers: Annotated[
        float | None,
        Field(
            gt=0,
            le=1e5,
            description="Instead of `period`: the width in thicknesses of the thinnest layer with grains.",
        ),
    ] = None
    core_depth: Annotated[Length, Field(description="Depth of the piece of core under the SEI.")]
    electrolyte_depth: Annotated[Length, Field(description="Height of the electrolyte over the SEI.")]
    in_plane_strain: Annotated[
        quantity("ratio", gt=-0.5, lt=1.0, word="free"),
        Field(description="Mean in-plane strain that the swelling particle imposes on the patch, or `free`."),
    ] = "free"

    @model_validator(mode="after")
    def _check(self) -> Patch:
        if self.period is None and self.period_in_layers is None:
            raise_problems([Problem(("period",), "is missing; give period, such as 120 nm, or period_in_layers", at_key=True)])
        if self.period is not None and self.period_in_layers is not None:
            raise_problems([Problem(("period_in_layers",), "and period are both given; give one of the two", at_key=True)])
        return self


class Particle(Model):
    """A round core with its SEI, electrolyte around it."""

    kind: Annotated[Literal["particle"], Field(description="A round core with its SEI, whole or a sector.")]
    dimension: _Dimension = 2
    core_radius: Annotated[Length, Field(description="Radius of the core.")]
    electrolyte_depth: Annotated[Length, Field(description="Thickness of the electrolyte around the SEI.")]
    sector: Annotated[
        quantity("angle", gt=0, le=math.pi * (1 + 1e-12), word=("full", "octant"),
                 words="at least 10 deg and at most 180 deg (120 deg in 3D)"),
        Field(description="`full`; in 2D the angle between two mirror planes (10 to 180 degrees); in 3D `octant`, or "
              "the angle between opposite mirror planes of a four-sided cone (10 to 120 degrees)."),
    ] = "full"  # fmt: skip

    @model_validator(mode="after")
    def _check(self) -> Particle:
        if isinstance(self.sector, str):
            if self.sector == "octant" and self.dimension == 2:
                text = "an octant is a part of a ball; with dimension: 2 allowed are 'full' and an angle"
                raise_problems([Problem(("sector",), text)])
            return self
        low, high = PLANE_SECTOR if self.dimension == 2 else SPACE_SECTOR
        if not low * (1 - 1e-12) <= self.sector <= high * (1 + 1e-12):
            text = (
                f"{math.degrees(self.sector):g} deg is not allowed; must be at least {math.degrees(low):g} deg and at most "
                f"{math.degrees(high):g} deg with dimension: {self.dimension}"
            )
            raise_problems([Problem(("sector",), text)])
        return self
