"""The section `measure.indentation`: a virtual atomic force microscope."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from seix.input.measure import Instrument
from seix.input.types import LONGEST, Length, Model, Problem, quantity
from seix.materials import MaterialLibrary
from seix.properties import VOID
from seix.units import format_si

if TYPE_CHECKING:
    import numpy as np

    from seix.input.grains import ResolvedLayer
    from seix.scenario import Scenario

STREAM = 0x41464D
"""Added to the seed of the scenario, so that the places of the tip have nothing to do with those of the grains."""
EVEN = (0.7548776662466927, 0.5698402909980532)
"""Steps of places that fill a square evenly, however many there are: the inverse of the plastic number and its square."""
ZONE = 1.25
"""Radius of the surface that is meshed for the contact, over the contact radius of Hertz at the largest depth."""

DEEPEST = 0.5
"""Largest depth over the radius of the tip, and over the thickness of the SEI, which a stiff core does not let the tip through:
strains are small no longer."""

_Place = Annotated[list[quantity("length", ge=0, le=LONGEST)], Field(min_length=2, max_length=2)]


class Adhesion(Model):
    """Attraction between tip and surface outside the contact, after Derjaguin, Muller and Toporov."""

    work: Annotated[quantity("surface_energy", gt=0), Field(description="Work of adhesion per area of tip and surface.")]
    separation: Annotated[
        Length, Field(description="Distance over which the attraction acts, an estimate: tells whether the DMT limit holds.")
    ] = 0.3e-9


class Indentation(Instrument):
    """A rigid sphere on the SEI without friction: force, depth and the moduli that an instrument would report."""

    tip_radius: Annotated[Length, Field(description="Radius of the tip.")] = 10e-9
    tip_shape: Annotated[
        Literal["sphere", "paraboloid"],
        Field(description="`sphere`, or the `paraboloid` of the same radius at its end, for which Hertz' formula is exact."),
    ] = "sphere"
    depth: Annotated[Length, Field(description="Largest depth of the tip below the free surface.")] = 2e-9
    steps: Annotated[int, Field(ge=6, le=200, description="Points of the curve, at equal steps of the depth.")] = 16
    medium: Annotated[
        Literal["dry", "wet"],
        Field(description="`wet` takes `wet_youngs_modulus` of the organic materials of the SEI in place of `youngs_modulus`."),
    ] = "dry"
    adhesion: Annotated[Adhesion | None, Field(description="Attraction outside the contact (DMT); none if not given.")] = None
    positions: Annotated[
        int | list[_Place],
        Field(
            description="In 3D: how many places of the tip are spread evenly from a random one, or a list of places [x, y] on "
            "the patch."
        ),
    ] = 4
    poisson_ratio: Annotated[
        quantity("ratio", gt=-1, lt=0.5),
        Field(description="Poisson ratio that the instrument takes for the sample's to turn a reduced modulus into Young's."),
    ] = 0.3
    cells_per_contact: Annotated[
        float,
        Field(ge=3, le=40, description="In 3D: cells of the surface across the contact radius of Hertz at the largest depth."),
    ] = 5.0

    @property
    def hertz_radius(self) -> float:
        """Contact radius sqrt(R d) of Hertz at the largest depth [m]."""
        return math.sqrt(self.tip_radius * self.depth)

    def places(self, period: float, seed: int) -> np.ndarray:
        """Places (n, 2) of the tip on a patch in space [m].

        Parameters
        ----------
        period : float
            Width of the patch [m].
        seed : int
            Of the scenario.
        """
        import numpy as np  # a check of a scenario can do without

        if isinstance(self.positions, int):
            shift = np.random.default_rng([seed, STREAM]).random(2)
            return period * ((shift + np.outer(np.arange(self.positions), EVEN)) % 1.0)
        return np.array(self.positions)

    def organic_properties(self) -> tuple[str, ...]:
        """In the electrolyte the organic materials are softer."""
        return ("wet_youngs_modulus",) if self.medium == "wet" else ()

    def problems(self, scenario: Scenario) -> Iterator[Problem]:
        """Depth against tip and film, and places against the patch."""
        if scenario.geometry.kind != "patch":
            yield Problem((), "presses on a flat patch; leave it out, or use geometry: {kind: patch, ...}", at_key=True)
            return
        thickness = math.fsum(layer.thickness for layer in scenario.sei.resolved_layers())
        for what, length in (("tip_radius", self.tip_radius), ("thickness of the SEI", thickness)):
            if self.depth > DEEPEST * length:
                text = f"{format_si(self.depth, 'm')} is too deep for small strains; must be at most half of the {what}"
                yield Problem(("depth",), f"{text}, {format_si(DEEPEST * length, 'm')}")
                break
        flat = scenario.geometry.dimension == 2
        for name in ("positions", "cells_per_contact"):
            if flat and name in self.model_fields_set:
                text = "is for 3D, where the tip meets single grains; in 2D it presses on homogenised layers, so leave it out"
                yield Problem((name,), text, at_key=True)
        if not flat:
            yield from self._place_problems(scenario)

    def idle(self, scenario: Scenario) -> Iterator[Problem]:
        """A medium that softens nothing."""
        if self.medium == "wet" and not any(_softens(layer) for layer in scenario.sei.resolved_layers()):
            yield Problem(("medium",), "'wet' has no effect, since no material of the SEI is organic; leave it out", at_key=True)

    def _place_problems(self, scenario: Scenario) -> Iterator[Problem]:
        width = 2.0 * ZONE * self.hertz_radius
        if width > scenario.period:
            text = f"presses on a width of {format_si(width, 'm', 3)}, more than the period {format_si(scenario.period, 'm')}; "
            yield Problem((), text + "use a wider patch, a smaller depth or a smaller tip", at_key=True)
        if isinstance(self.positions, int):
            if not 1 <= self.positions <= 100:
                yield Problem(("positions",), f"{self.positions} is not allowed; must be 1 to 100, or a list of places")
            return
        if not self.positions:
            yield Problem(("positions",), "is an empty list; give places such as [[10 nm, 20 nm]], or a number")
        for k, place in enumerate(self.positions):
            for axis, value in enumerate(place):
                if value > scenario.period * (1.0 + 1e-9):
                    text = f"{format_si(value, 'm')} is outside the patch; must be at most {format_si(scenario.period, 'm')}"
                    yield Problem(("positions", k, axis), text)


def _softens(layer: ResolvedLayer) -> bool:
    """Whether a layer has organic matter, between its grains or in them."""
    full = math.fsum(layer.phases.values()) > 1.0 - 1e-9
    names = [*layer.phases, *([] if full else [layer.matrix])]
    return any(name != VOID and MaterialLibrary().record(name).kind == "organic" for name in names)
