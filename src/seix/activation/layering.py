"""From deposits to layers: grains nucleate where a deposit begins anew, organic matter fills the space between them.

Rules, outwards from the core:

1. Deposits form a *unit* as long as the potential only falls from stage to stage. Where it comes back to an earlier stage, what
   was there is buried, and new grains nucleate: a given number on a unit area. What a unit has of inorganic products is shared by
   its grains evenly.
2. Units are gathered into a layer until it is thick enough for its grains, up to those of two standard deviations above the mean,
   with a gap on both sides. So a hundred repeats give fewer layers if each deposits less than a grain.
3. In a layer grains lie as low as they can, until with half a gap around each they fill the packing fraction. Organic matter
   fills the space between them in the order in which it was deposited. What is left of it lies on top, as a film without grains
   if it is thicker than a grain, and belongs to the layer with the grains otherwise. Where there is not enough of it for the
   gaps, grains come nearer; if they fill the packing fraction even then, more units are gathered.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from seix.activation.growth import Deposit, Stage

NARROWEST = 0.01
"""Smallest gap that grains may be pressed to, over their diameter."""


@dataclass(frozen=True)
class Grain:
    """What is asked of grains.

    Attributes
    ----------
    density : float
        Nuclei of a unit on a unit area [1/m2].
    spread : float
        Coefficient of variation of the lognormal distribution of diameters.
    gap : float
        Smallest distance of grains, and to both sides of a layer, where there is enough organic matter [m].
    packing : float
        Largest fraction of a layer that grains fill with half a gap around each.
    """

    density: float
    spread: float
    gap: float
    packing: float

    @property
    def fullest(self) -> float:
        """Largest fraction of a layer that grains may fill, pressed together."""
        return self.packing / (1.0 + NARROWEST) ** 3

    def fraction(self, diameter: float) -> float:
        """Fraction of a layer that packed grains of a diameter [m] fill without their gaps."""
        return self.packing / (1.0 + self.gap / diameter) ** 3

    def fitted_gap(self, diameter: float, fraction: float) -> float:
        """Gap [m] of grains of a diameter [m] that fill a fraction of a layer."""
        return min(self.gap, diameter * ((self.packing / fraction) ** (1.0 / 3.0) - 1.0))

    def height(self, diameter: float) -> float:
        """Thickness [m] of the thinnest layer that holds grains of a mean diameter [m], up to two standard deviations more."""
        return diameter * (1.0 + 2.0 * self.spread) + 2.0 * self.gap


@dataclass(frozen=True)
class GrownLayer:
    """One layer of the SEI.

    Attributes
    ----------
    thickness : float
        [m]
    matrix : str
        The organic product of which there is most between the grains.
    purity : float
        Its part of all that is there.
    phases : dict of str to float
        Fraction of the layer taken by each inorganic product.
    diameter, gap : float
        Mean diameter and smallest distance of the grains [m]; 0 without.
    cycles : tuple of int
        First and last repeat that the layer is made of.
    crowded : bool
        Whether more repeats were gathered than its grains are high, because there was too little between them.
    """

    thickness: float
    matrix: str
    purity: float
    phases: dict[str, float]
    diameter: float
    gap: float
    cycles: tuple[int, int]
    crowded: bool = False


class NoLayers(ValueError):
    """The deposits make no layers.

    Attributes
    ----------
    reason : str
        ``full``: more grains than the packing fraction even if they touch; ``thin``: not even the whole SEI holds a grain;
        ``bare``: no organic matter between the grains.
    found, allowed : float
        Fraction, or thickness [m].
    """

    def __init__(self, reason: str, found: float, allowed: float):
        super().__init__(f"{reason}: {found:g}, allowed {allowed:g}")
        self.reason, self.found, self.allowed = reason, found, allowed


@dataclass
class _Unit:
    """Products of one unit or of several, as thicknesses [m]; organic ones in the order of time."""

    cycles: tuple[int, int]
    grains: dict[str, float] = field(default_factory=dict)
    organics: list[tuple[str, float]] = field(default_factory=list)
    nucleations: int = 0
    diameter: float = 0.0
    crowded: bool = False

    @property
    def inorganic(self) -> float:
        return math.fsum(self.grains.values())

    @property
    def organic(self) -> float:
        return math.fsum(thickness for _, thickness in self.organics)

    @property
    def thickness(self) -> float:
        return self.inorganic + self.organic

    def over(self, lower: _Unit, grain: Grain) -> _Unit:
        """This unit and the one below it as one."""
        grains = {name: lower.grains.get(name, 0.0) + self.grains.get(name, 0.0) for name in {**lower.grains, **self.grains}}
        both = _Unit((lower.cycles[0], self.cycles[1]), grains, lower.organics + self.organics,
                     lower.nucleations + self.nucleations, crowded=lower.crowded or self.crowded)  # fmt: skip
        both.measure(grain)
        return both

    def measure(self, grain: Grain) -> None:
        """Set the diameter of its grains."""
        if self.nucleations:
            self.diameter = grain_diameter(self.inorganic, self.nucleations * grain.density, grain.spread)


def grain_diameter(volume: float, density: float, spread: float) -> float:
    """Mean diameter [m] of spheres that share a volume on a unit area [m]: d^3 pi/6 (1 + spread^2)^3 density = volume."""
    return (6.0 * volume / (math.pi * density)) ** (1.0 / 3.0) / (1.0 + spread**2)


def layers_of(deposits: Sequence[Deposit], stages: Sequence[Stage], inorganic: Iterable[str], grain: Grain) -> list[GrownLayer]:
    """Layers from the core outwards.

    Parameters
    ----------
    deposits : sequence of Deposit
        At least one.
    stages : sequence of Stage
        That they come from.
    inorganic : iterable of str
        Products that form grains; all others lie between them.
    grain : Grain

    Raises
    ------
    NoLayers
        If grains do not fit whatever is gathered.
    """
    gathered: list[_Unit] = []
    pending: _Unit | None = None
    for unit in _units(deposits, stages, set(inorganic), grain):
        pending = unit if pending is None else unit.over(pending, grain)
        problem = _problem(pending, grain)
        if problem is None:
            gathered.append(pending)
            pending = None
        else:
            pending.crowded |= problem.reason == "full"
    while pending is not None:  # the last repeats make no layer of their own
        problem = _problem(pending, grain)
        if problem is None:
            gathered.append(pending)
            break
        if not gathered:
            raise problem
        pending = pending.over(gathered.pop(), grain)
    layers: list[GrownLayer] = []
    for unit in gathered:
        for layer in _split(unit, grain):
            if layers and not layer.phases and not layers[-1].phases and layer.matrix == layers[-1].matrix:
                layers[-1] = _joined(layers[-1], layer)
            else:
                layers.append(layer)
    return layers


def _units(deposits: Sequence[Deposit], stages: Sequence[Stage], inorganic: set[str], grain: Grain) -> list[_Unit]:
    """Deposits gathered as long as the stages follow each other downwards."""
    units: list[_Unit] = []
    before = len(stages)
    for deposit in deposits:
        if deposit.stage < before:
            units.append(_Unit((deposit.cycle, deposit.cycle)))
        unit, before = units[-1], deposit.stage
        unit.cycles = (unit.cycles[0], deposit.cycle)
        for name, volume in stages[deposit.stage].volumes.items():
            if name in inorganic:
                unit.grains[name] = unit.grains.get(name, 0.0) + volume * deposit.charge
            else:
                unit.organics.append((name, volume * deposit.charge))
    for unit in units:
        unit.nucleations = int(bool(unit.grains))
        unit.measure(grain)
    return units


def _problem(unit: _Unit, grain: Grain) -> NoLayers | None:
    """Why its grains do not fit, None if they do."""
    if not unit.grains:
        return None
    fraction, height = unit.inorganic / unit.thickness, grain.height(unit.diameter)
    if unit.organic == 0.0:
        return NoLayers("bare", 1.0, grain.fullest)
    if height > unit.thickness * (1.0 + 1e-12):
        return NoLayers("thin", unit.thickness, height)
    if fraction > grain.fullest:
        return NoLayers("full", fraction, grain.fullest)
    return None


def _split(unit: _Unit, grain: Grain) -> list[GrownLayer]:
    """A layer with grains, and a film without on top of it where that is thicker than a grain."""
    if not unit.grains:
        return [_layer(unit, unit.thickness, unit.organics)]
    height = max(unit.inorganic / grain.fraction(unit.diameter), grain.height(unit.diameter))
    if unit.thickness - height <= unit.diameter:
        return [_layer(unit, unit.thickness, unit.organics, grain)]
    between, above, room = [], [], height - unit.inorganic
    for name, thickness in unit.organics:
        inside = min(thickness, room)
        room -= inside
        between.append((name, inside))
        above.append((name, thickness - inside))
    return [_layer(unit, height, between, grain), _layer(unit, unit.thickness - height, above)]


def _layer(unit: _Unit, thickness: float, organics: list[tuple[str, float]], grain: Grain | None = None) -> GrownLayer:
    """A layer of a unit, with all its grains, or none if nothing is said of them."""
    total: dict[str, float] = {}
    for name, part in organics:
        total[name] = total.get(name, 0.0) + part
    matrix = max(total, key=total.__getitem__)
    purity = total[matrix] / math.fsum(total.values())
    if grain is None:
        return GrownLayer(thickness, matrix, purity, {}, 0.0, 0.0, unit.cycles)
    phases = {name: part / thickness for name, part in unit.grains.items()}
    gap = grain.fitted_gap(unit.diameter, unit.inorganic / thickness)
    return GrownLayer(thickness, matrix, purity, phases, unit.diameter, gap, unit.cycles, unit.crowded)


def _joined(lower: GrownLayer, upper: GrownLayer) -> GrownLayer:
    """Two films of the same matter."""
    thickness = lower.thickness + upper.thickness
    purity = (lower.purity * lower.thickness + upper.purity * upper.thickness) / thickness
    return replace(lower, thickness=thickness, purity=purity, cycles=(lower.cycles[0], upper.cycles[1]))
