"""The typed scenario: everything a run depends on, validated, in SI.

`Scenario` is what a YAML file becomes; `seix.scenario_file.load_study` reads the file. The models are frozen
and reject unknown keys. A quantity is text with a unit in a file and an SI float here.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from seix.input.sections import (
    ErrorEstimate,
    Lithium,
    Load,
    Materials,
    Mechanics,
    MeshControl,
    Output,
    SolverControl,
)
from seix.input.structures import (
    SEI_STRUCTURES,
    Bilayer,
    Grains,
    Homogeneous,
    Layer,
    Layers,
    Multilayer,
    ResolvedLayer,
    Sei,
)
from seix.input.types import Length, MaterialName, Model, Problem, quantity, raise_problems
from seix.units import format_si

__all__ = [
    "UNIONS", "Bilayer", "ButlerVolmer", "ErrorEstimate", "FilmResistance", "GrainBoundary", "Grains",
    "Homogeneous", "Layer", "Layers", "Lithium", "Load", "Materials", "Mechanics", "MeshControl",
    "Multilayer", "Output", "Particle", "Patch", "PerfectContact", "ResolvedLayer", "Scenario",
    "SolverControl",
]  # fmt: skip

PERIOD_IN_GRAINS = 4.0
"""A periodic patch narrower than this many grains shows its own images, not a random packing."""
_POTENTIAL = quantity("potential")
_SLOPE = quantity("potential_slope")


class Patch(Model):
    """A flat piece of SEI on its core, periodic in plane."""

    kind: Annotated[Literal["patch"], Field(description="A flat piece of SEI, periodic in plane.")]
    period: Annotated[Length, Field(description="Width of the periodic patch.")]
    core_depth: Annotated[Length, Field(description="Depth of the piece of core under the SEI.")]
    electrolyte_depth: Annotated[Length, Field(description="Height of the electrolyte over the SEI.")]
    in_plane_strain: Annotated[
        quantity("ratio", gt=-0.5, lt=1.0, word="free"),
        Field(description="Mean in-plane strain that the swelling particle imposes on the patch, or `free`."),
    ] = "free"


class Particle(Model):
    """A round core with its SEI, electrolyte around it."""

    kind: Annotated[Literal["particle"], Field(description="A round core with its SEI, whole or a sector.")]
    core_radius: Annotated[Length, Field(description="Radius of the core.")]
    electrolyte_depth: Annotated[Length, Field(description="Thickness of the electrolyte around the SEI.")]
    sector: Annotated[
        quantity("angle", ge=math.radians(10) * (1 - 1e-12), le=math.pi * (1 + 1e-12), word="full",
                 words="at least 10 deg and at most 180 deg"),
        Field(description="`full` circle, or the angle between two mirror planes (10 to 180 degrees)."),
    ] = "full"  # fmt: skip


class _Kinetics(Model):
    """What the laws that feel an overpotential have in common."""

    equilibrium_potential: Annotated[
        _POTENTIAL,
        Field(description="Potential of the core against the SEI without current, at the mean lithium."),
    ] = 0.1
    equilibrium_slope: Annotated[
        _SLOPE,
        Field(
            description="Change of the equilibrium potential with the lithium concentration at the surface."
        ),
    ] = 0.0
    stress_feedback: Annotated[
        bool, Field(description="Hydrostatic stress shifts the equilibrium potential by Omega sigma_h / F.")
    ] = True


class ButlerVolmer(_Kinetics):
    """Butler-Volmer kinetics with the Larche-Cahn shift of the electrode potential."""

    law: Annotated[Literal["butler_volmer"], Field(description="Butler-Volmer charge transfer.")] = (
        "butler_volmer"
    )
    exchange_current_density: Annotated[
        quantity("current_density", gt=0) | None, Field(description="That of the core material if not given.")
    ] = None
    transfer_coefficient: Annotated[
        quantity("ratio", gt=0, lt=1), Field(description="Anodic transfer coefficient.")
    ] = 0.5


class FilmResistance(_Kinetics):
    """A linear area resistance between core and SEI."""

    law: Annotated[Literal["film_resistance"], Field(description="A linear area resistance.")]
    resistance: Annotated[
        quantity("area_resistance", gt=0), Field(description="Potential jump over current density.")
    ]


class PerfectContact(Model):
    """A fixed potential difference between core and SEI, whatever the current."""

    law: Annotated[Literal["perfect_contact"], Field(description="A fixed potential difference.")]
    equilibrium_potential: Annotated[
        _POTENTIAL, Field(description="Potential of the core against the SEI.")
    ] = 0.1


class GrainBoundary(Model):
    """Fast conduction along every interface of grain and matrix."""

    material: Annotated[MaterialName, Field(description="Record whose conductivity is used.")] = (
        "grain_boundary"
    )
    thickness: Annotated[
        Length, Field(description="Width; times the conductivity it is the surface conductance.")
    ]


Geometry = Annotated[
    Patch | Particle, Field(discriminator="kind", description="The piece of particle modelled.")
]
Interface = Annotated[
    ButlerVolmer | FilmResistance | PerfectContact,
    Field(discriminator="law", description="Charge transfer between core and SEI."),
]

UNIONS: dict[str, tuple[str, dict[str, type[Model]]]] = {
    "geometry": ("kind", {"patch": Patch, "particle": Particle}),
    "sei": ("structure", SEI_STRUCTURES),
    "interface": ("law", {"butler_volmer": ButlerVolmer, "film_resistance": FilmResistance,
                          "perfect_contact": PerfectContact}),
}  # fmt: skip
"""Keys of the scenario whose mapping has several forms: the key that tells them apart, and the forms."""


class Scenario(Model):
    """Everything one structure is computed from, in SI."""

    title: Annotated[str, Field(min_length=1, description="One line for figures and reports.")]
    description: Annotated[str, Field(description="Free text.")] = ""
    temperature: Annotated[
        quantity("temperature", ge=200, le=400), Field(description="Temperature, 200 to 400 K.")
    ] = 298.15
    seed: Annotated[int, Field(ge=0, le=2**32 - 1, description="Seed of the grain packing.")] = 1
    geometry: Geometry
    sei: Sei
    materials: Annotated[Materials, Field(description="Materials and replaced values.")] = Materials()
    interface: Interface = ButlerVolmer()
    grain_boundary: Annotated[
        GrainBoundary | None,
        Field(description="Fast conduction on grain|matrix interfaces; none if not given."),
    ] = None
    lithium: Annotated[Lithium, Field(description="Lithium content of the core.")] = Lithium()
    mechanics: Annotated[Mechanics, Field(description="Swelling and out-of-plane strain.")] = Mechanics()
    load: Annotated[Load, Field(description="Currents and the reference field.")] = Load()
    mesh: Annotated[MeshControl, Field(description="Resolution.")] = MeshControl()
    error: Annotated[ErrorEstimate, Field(description="Discretisation error estimate.")] = ErrorEstimate()
    solver: Annotated[SolverControl, Field(description="Newton and linear solver.")] = SolverControl()
    output: Annotated[Output, Field(description="Pictures and fields.")] = Output()

    @model_validator(mode="after")
    def _check(self) -> Scenario:
        problems = []
        chosen, multiples = self.output.map_current_multiple, self.load.current_multiples
        if chosen is not None and chosen not in multiples:
            text = f"{chosen:g} is not computed; must be one of load.current_multiples: " + ", ".join(
                f"{m:g}" for m in multiples
            )
            problems.append(Problem(("output", "map_current_multiple"), text))
        grains = [layer.grains.diameter for layer in self.sei.resolved_layers() if layer.grains]
        if (
            isinstance(self.geometry, Patch)
            and grains
            and self.geometry.period < PERIOD_IN_GRAINS * max(grains)
        ):
            least = format_si(PERIOD_IN_GRAINS * max(grains), "m")
            text = (
                f"{format_si(self.geometry.period, 'm')} is narrower than {PERIOD_IN_GRAINS:g} grains; "
                f"must be at least {least}"
            )
            problems.append(Problem(("geometry", "period"), text))
        if self.grain_boundary is not None and not grains:
            text = "has no effect in an SEI without grains; leave it out"
            problems.append(Problem(("grain_boundary",), text, at_key=True))
        raise_problems(problems)
        return self
