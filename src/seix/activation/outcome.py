"""Everything that an activation comes to: layers, charge, and coulombic efficiencies."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from seix.activation.growth import Deposit, Film, Reaction, Stage, Step, grow, stages_of
from seix.activation.layering import Grain, GrownLayer, layers_of


@dataclass(frozen=True)
class Outcome:
    """Result of a protocol.

    Attributes
    ----------
    repeats : int
        Of the pulses.
    stages : list of Stage
        Reactions by onset.
    deposits : list of Deposit
        In the order of time; those of cycle `repeats` come after the pulses.
    layers : list of GrownLayer
        From the core outwards.
    """

    repeats: int
    stages: list[Stage]
    deposits: list[Deposit]
    layers: list[GrownLayer]

    @property
    def thickness(self) -> float:
        """Of the whole SEI [m]."""
        return math.fsum(layer.thickness for layer in self.layers)

    @property
    def pulse_charge(self) -> float:
        """Charge of the pulses [C/m2]."""
        return math.fsum(one.charge for one in self.deposits if one.cycle < self.repeats)

    @property
    def later_charge(self) -> float:
        """Charge of the steps after the pulses [C/m2]."""
        return math.fsum(one.charge for one in self.deposits if one.cycle >= self.repeats)

    @property
    def turnovers(self) -> dict[str, float]:
        """Turnovers of each reaction on a unit area [mol/m2]."""
        found: dict[str, float] = {}
        for one in self.deposits:
            for name, amount in self.stages[one.stage].turnovers.items():
                found[name] = found.get(name, 0.0) + amount * one.charge
        return found

    @property
    def grained(self) -> list[GrownLayer]:
        """Layers that hold grains."""
        return [layer for layer in self.layers if layer.phases]

    @property
    def diameter(self) -> float:
        """Mean diameter of all grains by number [m]; 0 without."""
        numbers = [layer.thickness * math.fsum(layer.phases.values()) / layer.diameter**3 for layer in self.grained]
        weighted = math.fsum(n * layer.diameter for n, layer in zip(numbers, self.grained, strict=True))
        return weighted / math.fsum(numbers) if numbers else 0.0


def activate(
    pulses: Sequence[Step], repeats: int, later: Sequence[Step], reactions: Mapping[str, Reaction],
    molar_volumes: Mapping[str, float], inorganic: Iterable[str], film: Film, grain: Grain,
) -> Outcome:  # fmt: skip
    """Grow an SEI and divide it into layers.

    Parameters
    ----------
    pulses : sequence of Step
        Potentials of the anode, repeated.
    repeats : int
    later : sequence of Step
        Once after the repeats.
    reactions : dict of str to Reaction
    molar_volumes : dict of str to float
        Of all products [m3/mol].
    inorganic : iterable of str
        Products that form grains.
    film : Film
    grain : Grain

    Raises
    ------
    NoLayers
        If the products make no layers with grains; at least one step must deposit something.
    """
    stages = stages_of(reactions, molar_volumes)
    deposits = grow([*[pulses] * repeats, later], stages, film)
    return Outcome(repeats, stages, deposits, layers_of(deposits, stages, inorganic, grain))


def coulombic_efficiency(reversible: float, *losses: float) -> float:
    """Reversible charge over all charge that goes in, losses included; all in one unit."""
    return reversible / (reversible + math.fsum(losses))
