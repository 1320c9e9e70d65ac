"""What is measured on a structure besides its stationary solution: the keys under `measure`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from seix.input.types import Model, Problem, raise_problems

if TYPE_CHECKING:
    from seix.scenario import Scenario


class Instrument(Model):
    """Base of the sections of `measure`: what an instrument needs, and what it cannot read."""

    def sei_properties(self) -> tuple[str, ...]:
        """Properties of every material of the SEI that this instrument reads besides conductivity and elastic constants."""
        return ()

    def core_properties(self) -> tuple[str, ...]:
        """Likewise of the core."""
        return ()

    def electrolyte_properties(self) -> tuple[str, ...]:
        """Likewise of the electrolyte."""
        return ()

    def organic_properties(self) -> tuple[str, ...]:
        """Likewise of the organic materials of the SEI, besides :meth:`sei_properties`."""
        return ()

    def binder_properties(self) -> tuple[str, ...]:
        """Likewise of the binder."""
        return ()

    def boundary_properties(self) -> tuple[str, ...]:
        """Likewise of grain boundaries."""
        return ()

    def problems(self, scenario: Scenario) -> Iterator[Problem]:
        """What does not go with the rest of the scenario; paths start below the section."""
        yield from ()

    def idle(self, scenario: Scenario) -> Iterator[Problem]:
        """What changes nothing on this scenario, paths as above: a problem if it changes no member of a study."""
        yield from ()


from seix.input.measure.effective import Effective  # noqa: E402  needs the base above
from seix.input.measure.gitt import Gitt  # noqa: E402  needs the base above
from seix.input.measure.impedance import Impedance  # noqa: E402  needs the base above
from seix.input.measure.indentation import Indentation  # noqa: E402  needs the base above


class Measure(Model):
    """Instruments that look at the structure; each is left out unless given."""

    effective: Annotated[
        Effective | None, Field(description="Effective stiffness, conductivity, diffusivity and permittivity, with bounds.")
    ] = None
    impedance: Annotated[Impedance | None, Field(description="Impedance spectrum and its relaxation times.")] = None
    gitt: Annotated[Gitt | None, Field(description="Virtual GITT: current pulses and rests of a particle behind the SEI.")] = None
    indentation: Annotated[Indentation | None, Field(description="Virtual AFM: a rigid tip presses on the SEI.")] = None

    def instruments(self) -> dict[str, Instrument]:
        """Those that are asked for, by key."""
        return {name: section for name in type(self).model_fields if (section := getattr(self, name)) is not None}

    def check(self, scenario: Scenario) -> Iterator[Problem]:
        """Problems of all instruments with their paths in the scenario."""
        if not self.instruments():
            yield Problem(("measure",), f"asks for nothing; give one of {', '.join(type(self).model_fields)}", at_key=True)
        for name, section in self.instruments().items():
            yield from _placed(name, section.problems(scenario))

    def idle(self, scenario: Scenario) -> Iterator[Problem]:
        """What changes nothing on a scenario, with paths in it."""
        for name, section in self.instruments().items():
            yield from _placed(name, section.idle(scenario))


def _placed(name: str, problems: Iterator[Problem]) -> Iterator[Problem]:
    """Problems of an instrument with their paths in the scenario."""
    for problem in problems:
        yield Problem(("measure", name, *problem.path), problem.text, problem.at_key, problem.impossible)


__all__ = ["Instrument", "Measure", "raise_problems"]
