"""Growth of a film that limits its own growth: deposits and charge of a sequence of potential steps, in closed form.

Electrons leak through the film, driven by the difference of the onset potential U of the reaction at its surface and the anode
potential V. With the electronic conductivity kappa of the film the current is kappa (U - V)/L, hence L dL/dt = k and
L^2 = L0^2 + 2 k t, in which k t is the integral of v kappa (U - V), v the volume deposited by a unit of charge.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from seix.units import FARADAY


@dataclass(frozen=True)
class Reaction:
    """A reduction at the surface of the film.

    Attributes
    ----------
    onset : float
        Potential against lithium below which it runs [V].
    electrons : float
        In one turnover.
    products : dict of str to float
        Solid product to the number of its formula units in one turnover.
    share : float
        Part of the charge, relative to the shares of other reactions with the same onset.
    """

    onset: float
    electrons: float
    products: Mapping[str, float]
    share: float = 1.0


@dataclass(frozen=True)
class Stage:
    """All reactions with one onset.

    Attributes
    ----------
    onset : float
        [V]
    turnovers : dict of str to float
        Moles of turnovers of each reaction by one coulomb [mol/C].
    volumes : dict of str to float
        Volume of each product deposited by one coulomb [m3/C].
    """

    onset: float
    turnovers: dict[str, float]
    volumes: dict[str, float]

    @property
    def volume(self) -> float:
        """Volume of all products deposited by one coulomb [m3/C]."""
        return math.fsum(self.volumes.values())


@dataclass(frozen=True)
class Step:
    """The anode potential goes linearly from `start` to `end` [V] within `duration` [s]; it may stay, but not rise."""

    start: float
    end: float
    duration: float


@dataclass(frozen=True)
class Film:
    """What the film itself does.

    Attributes
    ----------
    leakage : float
        Electronic conductivity [S/m].
    initial_resistance : float
        Of what lies on the core before anything has grown [ohm m2].
    carried : float
        Part of the resistance of the film that is left at the beginning of the next repeat, 0 to 1.
    """

    leakage: float
    initial_resistance: float = 0.0
    carried: float = 1.0


@dataclass(frozen=True)
class Deposit:
    """What one stage deposits in one step.

    Attributes
    ----------
    cycle, stage : int
        Number of the repeat, and of the stage in the list of all.
    charge : float
        [C/m2]
    thickness : float
        [m]
    """

    cycle: int
    stage: int
    charge: float
    thickness: float


def stages_of(reactions: Mapping[str, Reaction], molar_volumes: Mapping[str, float]) -> list[Stage]:
    """Reactions gathered by their onsets, from the highest to the lowest; one whose share is 0 does not run.

    Parameters
    ----------
    reactions : dict of str to Reaction
    molar_volumes : dict of str to float
        Of all products [m3/mol].
    """
    running = {name: one for name, one in reactions.items() if one.share > 0.0}
    stages = []
    for onset in sorted({one.onset for one in running.values()}, reverse=True):
        own = {name: one for name, one in running.items() if one.onset == onset}
        shares = math.fsum(one.share for one in own.values())
        turnovers = {name: one.share / shares / (one.electrons * FARADAY) for name, one in own.items()}
        volumes: dict[str, float] = {}
        for name, one in own.items():
            for product, number in one.products.items():
                volumes[product] = volumes.get(product, 0.0) + turnovers[name] * number * molar_volumes[product]
        stages.append(Stage(onset, turnovers, volumes))
    return stages


def driving(step: Step, onsets: Sequence[float]) -> Iterator[tuple[int, float]]:
    """Stages that a step passes through, with the integral of onset minus potential over the time in each [V s].

    At any potential only the stage with the nearest onset above it runs: its reaction holds the surface of the film at its
    onset, above which those with lower onsets cannot start, while the ones before it have run out of what they reduce.

    Parameters
    ----------
    step : Step
    onsets : sequence of float
        Falling [V].
    """
    for stage, onset in enumerate(onsets):
        below = onsets[stage + 1] if stage + 1 < len(onsets) else -math.inf
        if step.start == step.end:
            if below <= step.start < onset:
                yield stage, (onset - step.start) * step.duration
            continue
        high, low = min(step.start, onset), max(step.end, below)
        if high > low:
            time = step.duration * (high - low) / (step.start - step.end)
            yield stage, (onset - 0.5 * (high + low)) * time


def grow(cycles: Sequence[Sequence[Step]], stages: Sequence[Stage], film: Film) -> list[Deposit]:
    """Deposits in the order of time.

    Parameters
    ----------
    cycles : sequence of sequences of Step
        Repeats, each with its steps.
    stages : sequence of Stage
        As of :func:`stages_of`.
    film : Film
    """
    onsets = [stage.onset for stage in stages]
    deposits, resistance = [], film.initial_resistance
    for cycle, steps in enumerate(cycles):
        if cycle > 0:
            resistance = film.initial_resistance + film.carried * (resistance - film.initial_resistance)
        for step in steps:
            for stage, drive in driving(step, onsets):
                twice = 2.0 * stages[stage].volume * drive / film.leakage  # of R dR = v (U - V) dt / kappa, R = R0 + L/kappa
                grown = math.sqrt(resistance**2 + twice)
                thickness = film.leakage * twice / (grown + resistance)
                deposits.append(Deposit(cycle, stage, thickness / stages[stage].volume, thickness))
                resistance = grown
    return deposits
