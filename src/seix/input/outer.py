"""What is modelled: a periodic patch, a round particle, or several particles in a box, in the plane or in space."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations
from typing import Annotated, Literal

from pydantic import Field, model_validator

from seix.input.types import LONGEST, Length, Model, Problem, quantity, raise_problems
from seix.units import format_si

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


class Body(Model):
    """One core of an assembly."""

    centre: Annotated[
        list[quantity("length", ge=0, le=LONGEST)],
        Field(min_length=2, max_length=3, description="Place in the box, from its lower corner: one length for each dimension."),
    ]
    core_radius: Annotated[Length, Field(description="Radius of this core.")]


class Particles(Model):
    """Several round cores with their SEI in a box of electrolyte, periodic in plane."""

    kind: Annotated[
        Literal["particles"],
        Field(description="Several cores with their SEI in a box; current enters from its top, the bottom is closed."),
    ]
    dimension: Annotated[
        Literal[2, 3],
        Field(description="2: a cross-section (plane strain, particles are cylinders); 3: balls."),
    ] = 2
    box: Annotated[Length | None, Field(description="Edge of the box, periodic along all axes but the last.")] = None
    particles: Annotated[
        list[Body] | None, Field(min_length=2, max_length=20, description="The cores one by one, instead of `number`.")
    ] = None
    number: Annotated[int | None, Field(ge=2, le=20, description="How many cores are placed at random.")] = None
    core_radius: Annotated[Length | None, Field(description="Mean radius of the random cores.")] = None
    spread: Annotated[
        float, Field(ge=0, le=0.4, description="Coefficient of variation of the random radii (evenly distributed).")
    ] = 0.0
    fraction: Annotated[
        quantity("ratio", gt=0, lt=0.75) | None,
        Field(description="Instead of `box`: part of the box that random particles with their SEI fill."),
    ] = None
    contact: Annotated[
        Literal["apart", "cores"],
        Field(description="Random particles: `apart`, or each touching an earlier one through the cores."),
    ] = "apart"
    neck: Annotated[
        float, Field(ge=0.3, le=0.9, description="Width of the neck between touching random cores over the smaller diameter.")
    ] = 0.5
    gap: Annotated[
        Length | None, Field(description="Smallest distance of random particles, SEI to SEI; half the SEI if not given.")
    ] = None

    binder: Annotated[
        Length | None,
        Field(description="Thickness of a film of binder on the SEI of all particles, which bridges those that are near."),
    ] = None

    @model_validator(mode="after")
    def _check(self) -> Particles:
        if self.particles is not None:
            raise_problems(self._list_problems())
            return self
        missing = [name for name in ("number", "core_radius") if getattr(self, name) is None]
        raise_problems(
            Problem((name,), "is missing; give number and core_radius of random particles, or a list of particles", at_key=True)
            for name in missing
        )
        if (self.box is None) == (self.fraction is None):
            raise_problems([Problem(("box",), "give either box or fraction, one of the two", at_key=True)])
        if self.contact == "apart" and "neck" in self.model_fields_set:
            raise_problems([Problem(("neck",), "has no meaning for particles that are apart; leave it out", at_key=True)])
        return self

    def smallest_gap(self, thickness: float, unit: float = 1.0) -> float:
        """Distance that random particles with an SEI of a thickness keep, SEI to SEI; both in a unit [m]."""
        return self.gap / unit if self.gap is not None else 0.5 * thickness

    def touching(self, thickness: float, binder: float = 0.0) -> bool:
        """Whether some particles with an SEI and a film of binder on it [m] touch; of random ones, whether they may."""
        if self.particles is None:
            return self.contact == "cores" or self.smallest_gap(thickness) < 2.0 * binder
        height = thickness + binder
        if any(self.box < 2.0 * (body.core_radius + height) for body in self.particles):
            return True  # a particle and its own image
        for second, first in combinations(self.particles, 2):
            away = [b - a for a, b in zip(first.centre, second.centre, strict=True)]
            away[:-1] = [x - self.box * round(x / self.box) for x in away[:-1]]
            if math.hypot(*away) < first.core_radius + second.core_radius + 2.0 * height:
                return True
        return False

    def _list_problems(self) -> Iterator[Problem]:
        """What is wrong with listed particles."""
        for name in ("number", "core_radius", "spread", "fraction", "contact", "neck", "gap"):
            if name in self.model_fields_set and getattr(self, name) is not None:
                yield Problem((name,), "is for random particles; leave it out where particles are listed", at_key=True)
        if self.box is None:
            yield Problem(("box",), "is missing; give the edge of the box", at_key=True)
        for k, body in enumerate(self.particles):
            if len(body.centre) != self.dimension:
                yield Problem(("particles", k, "centre"), f"has {len(body.centre)} lengths; must have {self.dimension}")
            for axis, place in enumerate(body.centre):
                if self.box is not None and place > self.box * (1.0 + 1e-9):
                    text = f"{format_si(place, 'm')} is outside the box; must be at most {format_si(self.box, 'm')}"
                    yield Problem(("particles", k, "centre", axis), text)
