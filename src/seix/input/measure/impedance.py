"""The section `measure.impedance`: a virtual potentiostat with frequency analyser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from seix.input.measure import Instrument
from seix.input.types import Model, Problem, quantity
from seix.units import format_si

if TYPE_CHECKING:
    from seix.scenario import Scenario

EQUILIBRIUM = "equilibrium"
"""Bias without current."""
DOUBLE_LAYER = 0.2
"""Capacitance of the double layer on the area of core|SEI [F/m2]: the value of PyBaMM's parameter sets, read there; confidence
medium, since measured ones of porous electrodes go from 0.05 to 0.5 F/m2 (general knowledge)."""
LEAST_DECADES, MOST_DECADES = 2.0, 20.0
"""A spectrum shorter than this tells no relaxation time; a longer one is a slip of the unit."""
_PERMITTIVITY = ("relative_permittivity",)
_Time = quantity("time", gt=0)


class Noise(Model):
    """Random errors of the instrument."""

    level: Annotated[
        quantity("ratio", gt=0, le=0.1),
        Field(description="Standard deviation of real and of imaginary part over the magnitude of the impedance; at most 10 %."),
    ]
    seed: Annotated[int, Field(ge=0, le=2**32 - 1, description="Seed; every structure has random numbers of its own.")] = 1


class Windows(Model):
    """Relaxation times that are read as one process each, from and to."""

    ohmic: Annotated[
        list[_Time], Field(min_length=2, max_length=2, description="What is read as ohmic.")
    ] = [1e-5, 1e-3]  # noqa: RUF012  pydantic copies defaults
    sei: Annotated[
        list[_Time], Field(min_length=2, max_length=2, description="What is read as R_SEI.")
    ] = [1e-3, 1e-2]  # noqa: RUF012
    charge_transfer: Annotated[
        list[_Time], Field(min_length=2, max_length=2, description="What is read as R_ct.")
    ] = [1e-2, 1e-1]  # noqa: RUF012


class Impedance(Instrument):
    """Impedance spectrum between core and electrolyte, its relaxation times, and the resistances read from them."""

    lowest_frequency: Annotated[quantity("frequency", gt=0), Field(description="Lowest frequency.")] = 1e-2
    highest_frequency: Annotated[quantity("frequency", gt=0), Field(description="Highest frequency.")] = 1e6
    points_per_decade: Annotated[
        int, Field(ge=5, le=100, description="Frequencies in a decade, evenly on a logarithmic axis.")
    ] = 10
    bias: Annotated[
        quantity("ratio", gt=0, word=EQUILIBRIUM),
        Field(description="State about which the kinetics are linearised: `equilibrium`, or one of load.current_multiples."),
    ] = EQUILIBRIUM
    double_layer_capacitance: Annotated[
        quantity("areal_capacitance", ge=0) | None,
        Field(
            description=f"Capacitance of the double layer on core|SEI; {DOUBLE_LAYER} F/m2 if not given (PyBaMM's sets). "
            "There is none with perfect contact."
        ),
    ] = None
    tolerance: Annotated[
        float,
        Field(
            ge=1e-8, le=1e-2,
            description="Largest error of the frequency sweep at any frequency over the magnitude of the impedance; a bound is "
            "computed.",
        ),
    ] = 1e-4  # fmt: skip
    noise: Annotated[Noise | None, Field(description="Random errors added to the spectrum; none if not given.")] = None
    windows: Annotated[
        Windows, Field(description="Windows of the distribution of relaxation times; those of the paper by default.")
    ] = Windows()

    def sei_properties(self) -> tuple[str, ...]:
        """Permittivity of every phase."""
        return _PERMITTIVITY

    def electrolyte_properties(self) -> tuple[str, ...]:
        """Permittivity."""
        return _PERMITTIVITY

    def binder_properties(self) -> tuple[str, ...]:
        """Permittivity."""
        return _PERMITTIVITY

    def problems(self, scenario: Scenario) -> Iterator[Problem]:
        """Frequencies and windows in order; a bias that exists and acts; no capacitance where the contact is perfect."""
        low, high = self.lowest_frequency, self.highest_frequency
        least, most = (10.0**decades * low for decades in (LEAST_DECADES, MOST_DECADES))
        if not least <= high <= most:
            wrong = "below" if high < low else "too near to" if high < least else "too far from"
            allowed = f"at least {format_si(least, 'Hz')}" if high < least else f"at most {format_si(most, 'Hz')}"
            text = f"{format_si(high, 'Hz')} is {wrong} the lowest, {format_si(low, 'Hz')}; must be {allowed}"
            yield Problem(("highest_frequency",), text)
        for name in type(self.windows).model_fields:
            first, last = getattr(self.windows, name)
            if first >= last:
                text = f"{format_si(first, 's')} to {format_si(last, 's')} is no window; the second time must be the larger one"
                yield Problem(("windows", name), text)
        yield from self._bias_problems(scenario)
        if scenario.interface.law == "perfect_contact" and self.double_layer_capacitance is not None:
            text = "has no effect with perfect contact, which short-circuits the double layer; leave it out"
            yield Problem(("double_layer_capacitance",), text, at_key=True)

    def _bias_problems(self, scenario: Scenario) -> Iterator[Problem]:
        multiples = scenario.load.current_multiples
        if self.bias == EQUILIBRIUM:
            return
        if scenario.interface.law != "butler_volmer":
            text = f"has no effect, since {scenario.interface.law} is linear; leave it out"
            yield Problem(("bias",), text, at_key=True)
        elif self.bias not in multiples:
            listed = ", ".join(f"{m:g}" for m in multiples)
            text = f"{self.bias:g} is not computed; must be {EQUILIBRIUM} or one of load.current_multiples: {listed}"
            yield Problem(("bias",), text)
