"""Keys of the virtual GITT: galvanostatic intermittent titration of the particle behind the SEI."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from seix.input.measure import Instrument
from seix.input.types import Length, Model, Problem, quantity
from seix.materials import MaterialLibrary
from seix.units import FARADAY

if TYPE_CHECKING:
    from seix.scenario import Scenario

_CURRENTS = ("c_rate", "current_density", "current_multiple")
C_RATE = 0.05
"""C-rate of the pulses where no current is given; that of the paper is not known."""
POWER = {"slab": 0, "cylinder": 1, "sphere": 2}
"""Shape of the particle -> power d of the radius in its volume element r^d dr."""


class Electrode(Model):
    """What the formula of the paper takes for the electrode: volume of active material over the area of a disc."""

    area: Annotated[
        quantity("area", gt=0), Field(description="Area of the disc, S; 1.13 cm^2 in the paper, a disc of 12 mm.")
    ] = 1.13e-4
    mass: Annotated[
        quantity("mass", gt=0),
        Field(
            description="Mass of active material. The default is 3 mg/cm^2, the loading of the paper's long cycling; that of "
            "its GITT electrode is not given."
        ),
    ] = 3.39e-6
    density: Annotated[
        quantity("density", gt=0),
        Field(description="Density of the active material; the default is an estimate for 30 wt% of silicon in carbon."),
    ] = 2200.0

    @property
    def thickness(self) -> float:
        """n_M V_M / S: thickness of the active material as a dense layer on the disc, m."""
        return self.mass / self.density / self.area


class Point(Model):
    """One point of the open-circuit potential."""

    state: Annotated[quantity("ratio", ge=0, le=1), Field(description="State of lithiation: concentration over the maximum.")]
    potential: Annotated[quantity("potential"), Field(description="Open-circuit potential of the core there.")]


class Gitt(Instrument):
    """Virtual GITT: pulses and rests of a particle behind the SEI of this run, read with the formula of the paper."""

    shape: Annotated[
        Literal["sphere", "cylinder", "slab"], Field(description="Shape of the particle; lithium enters a slab through one face.")
    ] = "sphere"
    size: Annotated[
        Length,
        Field(description="Radius of the particle, or thickness of the slab up to its sealed face; the default is an estimate."),
    ] = 5e-6
    c_rate: Annotated[
        quantity("ratio", gt=0) | None,
        Field(
            description="Current of a pulse, as the part of the particle's capacity that it fills in an hour; 0.05 if no current "
            "is given."
        ),
    ] = None
    current_density: Annotated[
        quantity("current_density", gt=0) | None,
        Field(description="Current of a pulse instead, over the real surface of the core."),
    ] = None
    current_multiple: Annotated[
        quantity("ratio", gt=0) | None, Field(description="Current of a pulse instead, as I/I0.")
    ] = None
    direction: Annotated[
        Literal["both", "lithiation", "delithiation"],
        Field(description="Way of the pulses; `both` titrates back after lithiation, as the average of the paper does."),
    ] = "both"
    start: Annotated[quantity("ratio", ge=0, le=1), Field(description="State of lithiation before the first pulse.")] = 0.2
    pulses: Annotated[int, Field(ge=1, le=1000, description="Number of pulses in each direction.")] = 10
    pulse: Annotated[quantity("time", gt=0), Field(description="Duration of a pulse; 3600 s in the paper.")] = 3600.0
    rest: Annotated[
        quantity("time", gt=0), Field(description="Duration of a rest; not given in the paper, the default is an estimate.")
    ] = 18000.0
    open_circuit: Annotated[
        Literal["silicon", "linear"] | None,
        Field(
            description="Open-circuit potential: `silicon` (default) is the polynomial of Verbrugge, Baker and Xiao (2016) for "
            "each direction, `linear` the equilibrium potential and slope of `interface`."
        ),
    ] = None
    open_circuit_table: Annotated[
        list[Point] | None,
        Field(min_length=2, description="Open-circuit potential by points instead: states rising, potentials falling."),
    ] = None
    stress_coupling: Annotated[
        bool,
        Field(
            description="Diffusion-induced stress of a free elastic particle acts on flux and potential; false leaves it out. "
            "Without plastic flow it is far too large at high lithium contents."
        ),
    ] = False
    ir_drop: Annotated[
        Literal["excluded", "included"],
        Field(
            description="Whether the step of the potential at the start of a pulse is taken out of dE_t for "
            "`gitt.diffusivity.paper`."
        ),
    ] = "excluded"
    ir_read_after: Annotated[
        quantity("time", ge=0),
        Field(description="Time after switching at which an instrument that samples reads that step; 0 reads it exactly."),
    ] = 0.0
    electrode: Annotated[Electrode, Field(description="The electrode of the formula of the paper.")] = Electrode()
    elements: Annotated[
        int, Field(ge=10, le=5000, description="Quadratic cells along the radius, finer towards the surface.")
    ] = 48
    tolerance: Annotated[
        float,
        Field(gt=1e-12, le=1e-2, description="Error that a time step may make, over the rise of the concentration in a pulse."),
    ] = 1e-5

    @property
    def power(self) -> int:
        """Power d of the radius in the volume element."""
        return POWER[self.shape]

    @property
    def depth(self) -> float:
        """Volume of the particle over its surface, m."""
        return self.size / (self.power + 1)

    def pulse_current(self, reference: float, maximum: float) -> float:
        """Current density of a pulse, A/m2.

        Parameters
        ----------
        reference : float
            Current density at I/I0 = 1, A/m2.
        maximum : float
            Largest concentration of the core, mol/m3.
        """
        if self.current_density is not None:
            return self.current_density
        if self.current_multiple is not None:
            return self.current_multiple * reference
        return (self.c_rate or C_RATE) * FARADAY * maximum * self.depth / 3600.0

    def step(self, reference: float, maximum: float) -> float:
        """Change of the state of lithiation by one pulse; parameters as for :meth:`pulse_current`."""
        return self.pulse_current(reference, maximum) * self.pulse / (FARADAY * maximum * self.depth)

    def problems(self, scenario: Scenario) -> Iterator[Problem]:
        """Keys that exclude each other, states that are not there, and potentials that do not tell lithium."""
        if scenario.core_domains is not None:
            text = "titrates a uniform core; leave out core_domains, or gitt"
            yield Problem((), text, at_key=True)
        given = [name for name in _CURRENTS if getattr(self, name) is not None]
        for name in given[1:]:
            yield Problem((name,), f"and {given[0]} are both given; give one of {', '.join(_CURRENTS)}", at_key=True)
        if self.ir_read_after >= self.pulse:
            text = f"{self.ir_read_after:g} s is not within the pulse; must be less than {self.pulse:g} s"
            yield Problem(("ir_read_after",), text)
        yield from self._state_problems(scenario)
        yield from self._potential_problems(scenario)

    def _states(self, scenario: Scenario) -> tuple[float, float] | None:
        """Lowest and highest mean state of lithiation; None where the record of the core lacks what is needed."""
        core = MaterialLibrary().material(scenario.materials.core, scenario.materials.override)
        if "maximum_concentration" not in core.properties:
            return None
        maximum = core.value("maximum_concentration", scenario.temperature)
        change = self.pulses * self.step(scenario.load.reference_current_density, maximum)
        end = self.start + (-change if self.direction == "delithiation" else change)
        return min(self.start, end), max(self.start, end)

    def _state_problems(self, scenario: Scenario) -> Iterator[Problem]:
        states = self._states(scenario)
        if states is not None and not (states[0] >= -1e-9 and states[1] <= 1 + 1e-9):
            end = states[0] if self.direction == "delithiation" else states[1]
            text = f"{self.pulses} pulses from {self.start:g} end at a state of lithiation of {end:.4g}; must end between 0 and 1"
            yield Problem(("pulses",), text)

    def _potential_problems(self, scenario: Scenario) -> Iterator[Problem]:
        table, slope = self.open_circuit_table, getattr(scenario.interface, "equilibrium_slope", None)
        if table is None:
            if self.open_circuit == "linear" and (slope is None or slope >= 0):
                text = "needs a potential that falls with lithium; give interface.equilibrium_slope, such as -1e-6 V m^3/mol"
                yield Problem(("open_circuit",), f"'linear' {text}")
            return
        if self.open_circuit is not None:
            yield Problem(("open_circuit",), "has no effect beside open_circuit_table; leave one of the two out", at_key=True)
        for i, (one, other) in enumerate(pairwise(table), 1):
            if not (other.state > one.state and other.potential < one.potential):
                text = "does not follow the point before; states must rise and potentials fall"
                yield Problem(("open_circuit_table", i), text)
        if table[0].state > 0 or table[-1].state < 1:
            yield Problem(("open_circuit_table",), "must reach from state 0 to state 1, which the surface may come near to")


__all__ = ["C_RATE", "POWER", "Electrode", "Gitt", "Point"]
