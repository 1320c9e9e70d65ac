"""The typed scenario: everything a run depends on, validated, in SI.

`Scenario` is what a YAML file becomes; `seix.scenario_file.load_study` reads the file. The models are frozen
and reject unknown keys. A quantity is text with a unit in a file and an SI float here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from seix.input.measure import Measure
from seix.input.outer import Particle, Particles, Patch
from seix.input.sections import (
    Adapt,
    CoreDomains,
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
    ConsSei,
    Grains,
    Homogeneous,
    Layer,
    Layers,
    Multilayer,
    ResolvedLayer,
    Sei,
)
from seix.input.types import Length, MaterialName, Model, Problem, did_you_mean, quantity, raise_problems, shown
from seix.properties import VOID
from seix.units import format_si

__all__ = [
    "UNIONS", "Adapt", "Bilayer", "ButlerVolmer", "ConsSei", "CoreDomains", "ErrorEstimate", "FilmResistance", "GrainBoundary",
    "Grains",
    "Homogeneous", "Layer", "Layers", "Lithium", "Load", "Materials", "Measure", "Mechanics", "MeshControl",
    "Multilayer", "Output", "Particle", "Particles", "Patch", "PerfectContact", "ResolvedLayer", "Scenario",
    "SolverControl",
]  # fmt: skip

PERIOD_IN_GRAINS = 4.0
"""A periodic patch narrower than this many grains shows its own images, not a random packing."""
NOT_ROUND = {"cellular": "cellular grains", "polycrystal": "polycrystals"}
"""Shapes of grains that have flat sides, in words."""
_POTENTIAL = quantity("potential")
_SLOPE = quantity("potential_slope")


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
    Patch | Particle | Particles, Field(discriminator="kind", description="The piece of particle, or the particles, modelled.")
]
Interface = Annotated[
    ButlerVolmer | FilmResistance | PerfectContact,
    Field(discriminator="law", description="Charge transfer between core and SEI."),
]

UNIONS: dict[str, tuple[str, dict[str, type[Model]]]] = {
    "geometry": ("kind", {"patch": Patch, "particle": Particle, "particles": Particles}),
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
    core_domains: Annotated[
        CoreDomains | None, Field(description="Silicon domains resolved in the core; a uniform core if not given.")
    ] = None
    interface: Interface = ButlerVolmer()
    grain_boundary: Annotated[
        GrainBoundary | None,
        Field(description="Fast conduction on grain|matrix interfaces; none if not given."),
    ] = None
    lithium: Annotated[Lithium, Field(description="Lithium content of the core.")] = Lithium()
    mechanics: Annotated[Mechanics, Field(description="Swelling and out-of-plane strain.")] = Mechanics()
    load: Annotated[Load, Field(description="Currents and the reference field.")] = Load()
    measure: Annotated[
        Measure | None, Field(description="Instruments that look at the structure, such as a virtual AFM; none if not given.")
    ] = None
    mesh: Annotated[MeshControl, Field(description="Resolution.")] = MeshControl()
    error: Annotated[ErrorEstimate, Field(description="Discretisation error estimate.")] = ErrorEstimate()
    solver: Annotated[SolverControl, Field(description="Newton and linear solver.")] = SolverControl()
    output: Annotated[Output, Field(description="Pictures and fields.")] = Output()

    @property
    def period(self) -> float:
        """Width of a patch [m], from `geometry.period` or in layers.

        Raises
        ------
        AttributeError
            For a particle.
        """
        if self.geometry.period is not None:
            return self.geometry.period
        layers = self.sei.resolved_layers()
        return self.geometry.period_in_layers * min((x.thickness for x in layers if x.phases), default=self.sei.thickness)

    @property
    def has_corners(self) -> bool:
        """Whether interfaces meet or turn in points that no mesh resolves: grains that are not round, particles that touch.

        Cellular grains with rounded corners count, as these are not resolved more finely on a finer mesh. Particles touch with
        their films of binder too.
        """
        layers = self.sei.resolved_layers()
        if any(layer.grains is not None and layer.grains.shape != "round" for layer in layers):
            return True
        if not isinstance(self.geometry, Particles):
            return False
        return self.geometry.touching(sum(layer.thickness for layer in layers), self.geometry.binder or 0.0)

    @model_validator(mode="after")
    def _check(self) -> Scenario:
        found = (self._output_problems(), self._grain_problems(), self._dimension_problems(), self._assembly_problems(),
                 self._domain_problems(), self._mesher_problems(), self._adapt_problems(),
                 () if self.measure is None else self.measure.check(self))  # fmt: skip
        raise_problems(problem for problems in found for problem in problems)
        return self

    def _output_problems(self) -> Iterator[Problem]:
        chosen, multiples = self.output.map_current_multiple, self.load.current_multiples
        if chosen is not None and chosen not in multiples:
            text = f"{chosen:g} is not computed; must be one of load.current_multiples: " + ", ".join(
                f"{m:g}" for m in multiples
            )
            yield Problem(("output", "map_current_multiple"), text)

    def _grain_problems(self) -> Iterator[Problem]:
        grains = [layer.grains.diameter for layer in self.sei.resolved_layers() if layer.grains]
        if isinstance(self.geometry, Patch) and grains and self.period < PERIOD_IN_GRAINS * max(grains):
            key = "period" if self.geometry.period is not None else "period_in_layers"
            least = format_si(PERIOD_IN_GRAINS * max(grains), "m")
            text = f"{format_si(self.period, 'm')} is narrower than {PERIOD_IN_GRAINS:g} grains; must be at least {least}"
            yield Problem(("geometry", key), text)
        if self.grain_boundary is not None and not grains:
            text = "has no effect in an SEI without grains; leave it out"
            yield Problem(("grain_boundary",), text, at_key=True)

    def _domain_problems(self) -> Iterator[Problem]:
        domains, geometry = self.core_domains, self.geometry
        if domains is None:
            return
        if geometry.dimension != 2 or not isinstance(geometry, Patch | Particle):
            text = "resolves domains in a 2D patch or particle only; leave it out, or use dimension: 2"
            yield Problem(("core_domains",), text, at_key=True)
        elif isinstance(geometry, Patch) and self.period < PERIOD_IN_GRAINS * domains.diameter:
            least = format_si(PERIOD_IN_GRAINS * domains.diameter, "m")
            text = f"{format_si(self.period, 'm')} is narrower than {PERIOD_IN_GRAINS:g} core domains; must be at least {least}"
            yield Problem(("geometry", "period"), text)
        layers = self.sei.resolved_layers()
        if domains.material in {name for layer in layers for name in (layer.matrix, *layer.phases)}:
            text = f"'{domains.material}' is also a material of the SEI; the two need different names to be told apart"
            yield Problem(("core_domains", "material"), text)

    def _dimension_problems(self) -> Iterator[Problem]:
        if self.geometry.dimension == 2:
            return
        if self.mechanics.out_of_plane_strain != 0.0:
            text = "has no meaning in 3D, where all directions are resolved; leave it out"
            yield Problem(("mechanics", "out_of_plane_strain"), text)
        if any(layer.grains is not None and layer.grains.shape == "polycrystal" for layer in self.sei.resolved_layers()):
            text = "polycrystal exists in 2D only; in 3D use shape: cellular with a gap"
            yield Problem(("sei",), text, at_key=True)

    def _assembly_problems(self) -> Iterator[Problem]:
        if getattr(self.geometry, "binder", None) is None and self.materials.binder != Materials.model_fields["binder"].default:
            text = "has no effect without geometry.binder, the thickness of its film on several particles; leave it out"
            yield Problem(("materials", "binder"), text, at_key=True)
        if not isinstance(self.geometry, Particles):
            return
        if self.interface.law == "perfect_contact":
            text = "perfect_contact does not say how several particles share the current; choose butler_volmer or film_resistance"
            yield Problem(("interface", "law"), text)
        layers = self.sei.resolved_layers()
        if any(layer.grains is not None and layer.grains.shape != "round" for layer in layers):
            if self.geometry.dimension == 2:
                yield Problem(("sei",), "several particles take round grains only in 2D", at_key=True)
            elif self.geometry.touching(sum(layer.thickness for layer in layers)):
                yield Problem(("sei",), "particles that touch take round grains only", at_key=True)

    def _adapt_problems(self) -> Iterator[Problem]:
        adapt = self.mesh.adapt
        if adapt is None:
            return
        key = ("mesh", "adapt")
        if self.mesh.backend == "gmsh":
            yield Problem(("mesh", "backend"), "'gmsh' takes no sizes from mesh.adapt; leave one of the two out")
        if adapt.max_cells > self.mesh.maximum_cells:
            text = f"{adapt.max_cells} is more than mesh.maximum_cells; must be at most {self.mesh.maximum_cells}"
            yield Problem((*key, "max_cells"), text)
        layers = self.sei.resolved_layers()
        filled = {i for i, layer in enumerate(layers) if layer.grains is not None and layer.grains.shape == "polycrystal"}
        names = [name for i, layer in enumerate(layers) for name in ([] if i in filled else [layer.matrix]) + list(layer.phases)]
        phases = dict.fromkeys(name for name in names if name != VOID)
        statistics = [f"field_enhancement.{one}" for one in ("mean", "p99", "p999")]
        known = [*statistics, *(f"{one}.{phase}" for one in statistics for phase in phases)]
        if adapt.target not in known:
            hint = did_you_mean(adapt.target, known)
            text = f"a mesh cannot be adapted to '{shown(adapt.target)}';{hint} allowed: {', '.join(statistics)}, and these with "
            text += f"one of .{', .'.join(phases)}"
            yield Problem((*key, "target"), text)

    def _mesher_problems(self) -> Iterator[Problem]:
        backend, key = self.mesh.backend, ("mesh", "backend")
        if self.geometry.dimension == 3 and backend != "auto":
            yield Problem(key, f"'{backend}' chooses between meshers of the plane; leave it out in 3D")
        elif backend == "gmsh":
            found = ["several particles"] if isinstance(self.geometry, Particles) else []
            found += ["core_domains"] if self.core_domains is not None else []
            shapes = {layer.grains.shape for layer in self.sei.resolved_layers() if layer.grains is not None}
            found += [words for shape, words in NOT_ROUND.items() if shape in shapes]
            if found:
                yield Problem(key, f"'gmsh' does not mesh {' and '.join(found)}; leave it out")
