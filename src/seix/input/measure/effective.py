"""Keys of `measure.effective`: effective properties of the SEI of a patch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from seix.input.measure import Instrument
from seix.input.types import Problem, quantity

if TYPE_CHECKING:
    from seix.scenario import Scenario

TRANSPORT = {"conductivity": "conductivity", "diffusivity": "diffusivity", "permittivity": "relative_permittivity"}
"""Effective transport property -> property of the material records."""
THERMAL = ("conductivity", "diffusivity")
"""Those that follow temperature."""
COLDEST, HOTTEST = 200.0, 400.0
"""Temperatures that a scenario may have [K]."""


class Effective(Instrument):
    """Stiffness, conductivity, lithium diffusivity and permittivity of the SEI as tensors, with bounds."""

    properties: Annotated[
        list[Literal["conductivity", "diffusivity", "permittivity", "stiffness"]],
        Field(min_length=1, description="What is computed."),
    ] = ["conductivity", "diffusivity", "permittivity", "stiffness"]  # noqa: RUF012  pydantic copies defaults
    uniform_faces: Annotated[
        bool,
        Field(
            description="Compute moduli also with uniform traction on both faces of the film, and transport along it without "
            "current through them: the least that any condition there gives."
        ),
    ] = True
    activation_energy: Annotated[
        bool, Field(description="Compute activation energies of conductivity and diffusivity, by a temperature sweep.")
    ] = True
    temperature_step: Annotated[
        quantity("temperature", ge=0.1, le=50), Field(description="Step of the temperature sweep, of two steps to either side.")
    ] = 10.0

    def sei_properties(self) -> tuple[str, ...]:
        """Properties of the phases."""
        return tuple(TRANSPORT[name] for name in self.properties if name in TRANSPORT)

    def boundary_properties(self) -> tuple[str, ...]:
        """Properties of grain boundaries."""
        return tuple(TRANSPORT[name] for name in self.properties if name in THERMAL)

    @property
    def swept(self) -> tuple[str, ...]:
        """Properties with an activation energy."""
        return tuple(name for name in THERMAL if name in self.properties and self.activation_energy)

    def problems(self, scenario: Scenario) -> Iterator[Problem]:
        """What does not go with the rest of the scenario."""
        if scenario.geometry.kind != "patch":
            text = f"looks at a flat film, geometry.kind is {scenario.geometry.kind}; leave it out, or use kind: patch"
            yield Problem((), text, at_key=True)
        for name in {name for name in self.properties if self.properties.count(name) > 1}:
            yield Problem(("properties",), f"'{name}' is there twice")
        if not self.swept:
            if self.activation_energy and "activation_energy" in self.model_fields_set:
                text = f"acts on {' and '.join(THERMAL)} only, and properties has neither; leave it out"
                yield Problem(("activation_energy",), text, at_key=True)
            if "temperature_step" in self.model_fields_set:
                text = f"has no effect, since no activation energy of {' or '.join(THERMAL)} is asked for; leave it out"
                yield Problem(("temperature_step",), text, at_key=True)
        else:
            temperatures = self.temperatures(scenario.temperature)
            if not COLDEST <= temperatures[0] < temperatures[-1] <= HOTTEST:
                text = (
                    f"the sweep goes from {temperatures[0]:.1f} K to {temperatures[-1]:.1f} K; "
                    f"must stay within {COLDEST:g} to {HOTTEST:g} K"
                )
                yield Problem(("temperature_step",), text)

    def temperatures(self, middle: float) -> list[float]:
        """Temperatures of the sweep in ascending order [K]: equal steps of 1/T, the one in the middle being the scenario's."""
        step = self.temperature_step / middle**2
        return [1 / (1 / middle - k * step) for k in (-2, -1, 0, 1, 2)]
