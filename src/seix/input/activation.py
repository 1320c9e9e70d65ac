"""The form of `sei` that says how an SEI was grown instead of what it is: a protocol of voltages and the growth law."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from seix.activation.growth import Film, Reaction, Step, driving
from seix.activation.layering import Grain, GrownLayer, NoLayers
from seix.activation.origins import PARAMETERS, REACTIONS
from seix.activation.outcome import Outcome, activate, coulombic_efficiency
from seix.input.grains import PHASE_LIMIT, Grains, ResolvedLayer, Rounding, Spread, gap_problems, shape_problems
from seix.input.types import LONGEST, Length, MaterialName, Model, Problem, quantity, raise_problems
from seix.materials import MaterialLibrary
from seix.units import format_si

KINDS = ("inorganic", "organic")
"""Kinds of materials that a reaction may deposit: grains, and what lies between them."""
_Voltage = quantity("potential", ge=0, le=10)


def _parameter(key: str, **bounds: float) -> Any:
    """Type of a parameter of the law, described with its range and origin."""
    about = PARAMETERS[key]
    return Annotated[quantity(about.dimension, **bounds), Field(description=about.description)]


def _default(key: str) -> float:
    return PARAMETERS[key].value


class VoltageStep(Model):
    """The cell is held at a voltage, or swept to another one."""

    voltage: Annotated[_Voltage, Field(description="Of the cell; in a half cell it is that of the anode against lithium.")]
    to: Annotated[_Voltage | None, Field(description="At the end of a linear sweep; the voltage is held if not given.")] = None
    duration: Annotated[quantity("time", gt=0, le=1e8), Field(description="Time.")]


class ElectrolyteReaction(Model):
    """A reduction of the electrolyte and its solid products."""

    onset: Annotated[quantity("potential", gt=0, le=5), Field(description="Anode potential against lithium below which it runs.")]
    electrons: Annotated[float, Field(gt=0, le=100, description="Electrons of one turnover.")]
    products: Annotated[
        dict[MaterialName, Annotated[float, Field(gt=0, le=100)]],
        Field(min_length=1, description="Solid products and their formula units in one turnover."),
    ]
    share: Annotated[
        float, Field(ge=0, le=1e6, description="Part of the charge, relative to other reactions with the same onset; 0: none.")
    ] = 1.0


class GrowthLaw(Model):
    """Parameters of growth and nucleation."""

    leakage: _parameter("growth.leakage", gt=0, le=1e3) = _default("growth.leakage")
    initial_resistance: _parameter("growth.initial_resistance", ge=0, le=1e12) = _default("growth.initial_resistance")
    carried: _parameter("growth.carried", ge=0, le=1) = _default("growth.carried")
    nucleation_density: _parameter("growth.nucleation_density", gt=0) = _default("growth.nucleation_density")
    packing: _parameter("growth.packing", gt=0, le=PHASE_LIMIT) = _default("growth.packing")


class GrownGrains(Model):
    """What the growth law leaves open about grains."""

    gap: Annotated[Length, Field(description=PARAMETERS["grains.gap"].description)] = _default("grains.gap")
    spread: Spread = 0.15
    shape: Annotated[Literal["round", "cellular"], Field(description="As for the grains of other structures.")] = "round"
    rounding: Rounding = 0.3

    @model_validator(mode="after")
    def _check(self) -> GrownGrains:
        raise_problems(shape_problems(self, self.gap, "gap", "0.4 nm"))
        return self


class Electrode(Model):
    """What relates the charge on a surface to that of an electrode."""

    specific_surface: _parameter("electrode.specific_surface", gt=0) = _default("electrode.specific_surface")
    reversible_capacity: _parameter("electrode.reversible_capacity", gt=0) = _default("electrode.reversible_capacity")
    other_loss: _parameter("electrode.other_loss", ge=0) = _default("electrode.other_loss")


class Activation(Model):
    """An SEI grown by repeated voltage steps, layer by layer, by an explicit model (docs/theory.md)."""

    structure: Annotated[Literal["activation"], Field(description="Grown from a protocol of voltage steps by a model.")]
    x: Annotated[
        int, Field(ge=0, le=1000, description="How often the pulses are repeated (consSEI-xth); 0: only the steps afterwards.")
    ]
    pulses: Annotated[list[VoltageStep], Field(max_length=100, description="Steps of one repeat, in their order.")] = []  # noqa: RUF012
    afterwards: Annotated[
        list[VoltageStep],
        Field(max_length=100, description="Steps once after the repeats, such as the first lithiation."),
    ] = []  # noqa: RUF012
    cell: Annotated[Literal["half", "full"], Field(description="Voltages against lithium, or against the cathode.")] = "half"
    cathode_potential: _parameter("cathode_potential", gt=0, le=6) = _default("cathode_potential")
    reactions: Annotated[
        dict[str, ElectrolyteReaction],
        Field(validate_default=True, description="Changes and additions to the four reactions of the electrolyte, by name."),
    ] = {}  # noqa: RUF012
    molar_volumes: Annotated[
        dict[MaterialName, quantity("molar_volume", gt=0)],
        Field(description="Molar volumes of products; those of the material records if not given."),
    ] = {}  # noqa: RUF012
    growth: Annotated[GrowthLaw, Field(description="Growth and nucleation.")] = GrowthLaw()
    grains: Annotated[GrownGrains, Field(description="Spacing and shape of the grains; their size follows.")] = GrownGrains()
    electrode: Annotated[Electrode, Field(description="For charges of an electrode and coulombic efficiencies.")] = Electrode()
    matrix: Annotated[
        MaterialName, Field(description="Whose conductivity defines E0; what lies between the grains is what the reactions form.")
    ] = "organic_polymer"

    @field_validator("reactions", mode="before")
    @classmethod
    def _complete(cls, given: Any) -> Any:
        """Given keys laid over the known reactions."""
        if not isinstance(given, dict):
            return given
        known = {name: REACTIONS[name] | given.get(name, {}) for name in REACTIONS if isinstance(given.get(name, {}), dict)}
        return {**known, **{name: one for name, one in given.items() if name not in known}}

    @model_validator(mode="after")
    def _check(self) -> Activation:
        raise_problems(self._product_problems())
        library = MaterialLibrary()
        volumes = {name: library.record(name).value("molar_volume") for name in self.products if name not in self.molar_volumes}
        object.__setattr__(self, "molar_volumes", {**self.molar_volumes, **volumes})
        raise_problems([*self._cell_problems(), *self._step_problems()])
        try:
            layers = self.outcome.layers
        except NoLayers as error:
            raise_problems([self._no_layers(error)])
        if self.thickness > LONGEST:
            text = f"the SEI would be {format_si(self.thickness, 'm')} thick; must be at most {format_si(LONGEST, 'm')}"
            raise_problems([Problem(("growth", "leakage"), text, impossible=True)])
        raise_problems(Problem(("grains", *problem.path), problem.text, problem.at_key, problem.impossible)
                       for layer in layers if layer.phases for problem in gap_problems(layer.gap, layer.diameter))  # fmt: skip
        return self

    @property
    def products(self) -> dict[str, bool]:
        """Names of all solid products, and whether they are inorganic."""
        running = [one for one in self.reactions.values() if one.share > 0.0]
        names = dict.fromkeys(name for one in running for name in one.products)
        return {name: MaterialLibrary().record(name).kind == KINDS[0] for name in names}

    @property
    def parameters(self) -> dict[str, float]:
        """All numbers of the law in SI by their keys, as in `seix.activation.origins`."""
        found = {} if self.cell == "half" else {"cathode_potential": self.cathode_potential}
        for section in ("growth", "electrode"):
            found |= {f"{section}.{name}": value for name, value in getattr(self, section).model_dump().items()}
        found["grains.gap"] = self.grains.gap
        onsets = [one.onset for one in self.reactions.values()]
        for name, one in self.reactions.items():
            keys = ("onset", "electrons", "share") if onsets.count(one.onset) > 1 or one.share == 0.0 else ("onset", "electrons")
            found |= {f"reactions.{name}.{key}": getattr(one, key) for key in keys}
        return found

    @cached_property
    def outcome(self) -> Outcome:
        """What the protocol comes to.

        Raises
        ------
        NoLayers
        """
        reactions = {name: Reaction(**one.model_dump()) for name, one in self.reactions.items()}
        law, grains = self.growth, self.grains
        film = Film(law.leakage, law.initial_resistance, law.carried)
        grain = Grain(law.nucleation_density, grains.spread, grains.gap, law.packing)
        inorganic = [name for name, is_inorganic in self.products.items() if is_inorganic]
        pulses, later = ([self.anode(step) for step in steps] for steps in (self.pulses, self.afterwards))
        return activate(pulses, self.x, later, reactions, self.molar_volumes, inorganic, film, grain)

    @property
    def thickness(self) -> float:
        """Thickness of the whole SEI [m]."""
        return self.outcome.thickness

    def efficiency(self, with_pulses: bool) -> float | None:
        """Initial coulombic efficiency, with the charge of the pulses counted as lost or not; None without steps afterwards."""
        if not self.afterwards:
            return None
        electrode, found = self.electrode, self.outcome
        charge = found.later_charge + (found.pulse_charge if with_pulses else 0.0)
        return coulombic_efficiency(electrode.reversible_capacity, electrode.specific_surface * charge, electrode.other_loss)

    def anode(self, step: VoltageStep) -> Step:
        """A step in potentials of the anode against lithium."""
        start, end = (self.anode_potential(v) for v in (step.voltage, step.voltage if step.to is None else step.to))
        return Step(start, end, step.duration)

    def anode_potential(self, voltage: float) -> float:
        """Potential of the anode against lithium at a voltage of the cell [V]."""
        return voltage if self.cell == "half" else self.cathode_potential - voltage

    def resolved_layers(self) -> list[ResolvedLayer]:
        """The layers from the core outwards."""
        return [
            ResolvedLayer(layer.thickness, layer.matrix, layer.phases, self._grains(layer) if layer.phases else None)
            for layer in self.outcome.layers
        ]

    def _grains(self, layer: GrownLayer) -> Grains:
        one = self.grains
        return Grains(diameter=layer.diameter, spread=one.spread, gap=layer.gap, shape=one.shape, rounding=one.rounding)

    # -- what can be wrong -------------------------------------------------------------------------------------------

    def _product_problems(self) -> Iterator[Problem]:
        if not self.products:
            yield Problem(("reactions",), "no reaction has a share; give one of them a share above 0", at_key=True)
        library = MaterialLibrary()
        for name, reaction in self.reactions.items():
            for product in reaction.products:
                kind = library.record(product).kind
                if kind not in KINDS:
                    text = f"'{product}' is of the kind {kind}; must be inorganic, for grains, or organic, for the space between"
                    yield Problem(("reactions", name, "products", product), text, at_key=True)
        for name in self.products:
            record = library.record(name)
            if record.kind in KINDS and name not in self.molar_volumes and "molar_volume" not in record.properties:
                text = f"'{name}' has no molar volume on record; give molar_volumes: {{{name}: 60 cm^3/mol}} or as large as it is"
                yield Problem(("molar_volumes",), text, at_key=True)
        for name in self.molar_volumes:
            if name not in self.products:
                text = f"'{name}' is no product, so this has no effect; products: {', '.join(self.products)}"
                yield Problem(("molar_volumes", name), text, at_key=True)

    def _cell_problems(self) -> Iterator[Problem]:
        if self.cell == "half" and self.cathode_potential != _default("cathode_potential"):
            yield Problem(("cathode_potential",), "has no effect in a half cell; leave it out, or use cell: full", at_key=True)
        if self.x > 0 and not self.pulses:
            text = "is missing; give the steps of one repeat such as [{voltage: 1.4 V, duration: 60 s}], or x: 0"
            yield Problem(("pulses",), text, at_key=True)
        if self.x == 0 and not self.afterwards:
            yield Problem(("x",), "0 repeats and no steps afterwards deposit nothing; repeat the pulses, or give afterwards")

    def _step_problems(self) -> Iterator[Problem]:
        onsets = sorted({one.onset for one in self.reactions.values() if one.share > 0.0}, reverse=True)
        for key in ("pulses", "afterwards"):
            for number, step in enumerate(getattr(self, key)):
                yield from self._problems_of((key, number), step, onsets)

    def _problems_of(self, key: tuple[str | int, ...], step: VoltageStep, onsets: list[float]) -> Iterator[Problem]:
        """What is wrong with one step."""
        anode = self.anode(step)
        ends = {"voltage": (step.voltage, anode.start)} | ({} if step.to is None else {"to": (step.to, anode.end)})
        at = " puts the anode at {:.4g} V" if self.cell == "full" else ""
        words = {name: f"{volts:g} V{at.format(potential)}" for name, (volts, potential) in ends.items()}
        last = next(reversed(ends))
        plated = [name for name, (_, potential) in ends.items() if potential < 0.0]
        for name in plated:
            text = f"{words[name]} against lithium, which would be plated; must be at most {self.cathode_potential:g} V"
            yield Problem((*key, name), text)
        if plated:
            return
        if anode.end > anode.start:
            yield Problem((*key, "to"), f"{words['to']} is higher than at the start; the anode potential must fall in a sweep")
        elif not any(drive > 0.0 for _, drive in driving(anode, onsets)):
            text = f"{words[last]}: nothing forms there; the anode must come below the highest onset, {onsets[0]:g} V"
            yield Problem((*key, last), text)

    def _no_layers(self, error: NoLayers) -> Problem:
        """A sentence for products that make no layers with grains."""
        if error.reason == "bare":
            text = "deposit nothing organic between the grains; add a step at a lower potential"
            return Problem(("afterwards" if self.afterwards else "pulses",), text, at_key=True, impossible=True)
        if error.reason == "full":
            text = (
                f"grains would fill {error.found:.3g} of the SEI; must be at most {error.allowed:.3g}, or they touch: "
                "deposit more organic matter, or take cellular grains and a denser packing"
            )
            return Problem(("growth", "packing"), text, impossible=True)
        found, needed = format_si(error.found, "m"), format_si(error.allowed, "m")
        text = f"the SEI is {found} thick, its grains with their gaps need {needed}; let it grow longer, or more grains nucleate"
        return Problem(("growth", "nucleation_density"), text, impossible=True)
