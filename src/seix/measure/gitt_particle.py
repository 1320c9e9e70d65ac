"""Titration of a particle: lithium in it through all pulses and rests, and what a voltmeter would read."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ..numerics.radial import Radial, radial
from ..numerics.transient import Count, Evolution
from ..units import FARADAY

FINEST = 0.02
"""Length of the cell at the surface over that which lithium diffuses in a pulse, or until the step of the potential is read."""


@dataclass(frozen=True)
class Particle:
    """Particle that is titrated, SI.

    Attributes
    ----------
    power : int
        0 for a slab, 1 for a cylinder, 2 for a sphere.
    size, diffusivity, maximum : float
        Radius or thickness, diffusivity without stress, largest concentration.
    stress : float
        Factor theta of the diffusivity D(1 + theta c), m3/mol; zero without stress.
    """

    power: int
    size: float
    diffusivity: float
    maximum: float
    stress: float = 0.0

    @property
    def time(self) -> float:
        """L^2/D, s."""
        return self.size**2 / self.diffusivity


@dataclass(frozen=True)
class Protocol:
    """Pulses and rests.

    Attributes
    ----------
    current : float
        Current density of a pulse, A/m2.
    pulse, rest, read_after : float
        Durations, and time after switching at which the step of the potential is read, s.
    pulses : int
        In the first direction; in the other one as many as were done there.
    directions : tuple of int
        1 for lithiation, -1 for delithiation, one after the other.
    start : float
        State of lithiation before the first pulse.
    """

    current: float
    pulse: float
    rest: float
    read_after: float
    pulses: int
    directions: tuple[int, ...]
    start: float


@dataclass
class Trace:
    """What happens in time; all lists are equally long.

    Attributes
    ----------
    time : list of float
        s.
    way : list of int
        Direction of the titration.
    current : list of int
        1, 0 or -1: current in units of that of a pulse, positive in lithiation.
    surface, mean : list of float
        Concentration at the surface and its mean, over the maximum.
    """

    time: list[float] = field(default_factory=list)
    way: list[int] = field(default_factory=list)
    current: list[int] = field(default_factory=list)
    surface: list[float] = field(default_factory=list)
    mean: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Pulse:
    """Rows of the trace that a pulse is read from.

    Attributes
    ----------
    way : int
        Direction.
    before, on, end, after : int
        Last row before it, row where the step of the potential is read, its last row, and the last one of its rest.
    """

    way: int
    before: int
    on: int
    end: int
    after: int


@dataclass
class Titration:
    """Result of :func:`titrate`.

    Attributes
    ----------
    trace : Trace
    pulses : list of Pulse
        Those that came to their end.
    ended : str
        Why there are fewer than asked for; empty if there are not.
    imbalance : float
        Largest error of the lithium content after any step, over what a pulse brings.
    count : Count
        Time steps.
    """

    trace: Trace
    pulses: list[Pulse]
    ended: str
    imbalance: float
    count: Count


class Titrator:
    """Carries a particle through a protocol.

    Lengths are in units of its size L, times of L^2/D, concentrations, from that at the start, of iL/(FD).

    Parameters
    ----------
    particle : Particle
    protocol : Protocol
    elements : int
        Cells along the radius.
    tolerance : float
        Error that a time step may make, over the rise of the surface concentration in a pulse.
    """

    def __init__(self, particle: Particle, protocol: Protocol, elements: int, tolerance: float):
        self.particle, self.protocol = particle, protocol
        self.unit = protocol.current * particle.size / (FARADAY * particle.diffusivity)
        pulse = protocol.pulse / particle.time
        short = math.sqrt((protocol.read_after or protocol.pulse) / particle.time)
        self.grid: Radial = radial(particle.power, elements, FINEST * min(1.0, short))
        self.tolerance = tolerance * 2.0 * math.sqrt(pulse / math.pi)
        self.first = (FINEST * min(1.0, short)) ** 2
        base, rise = 1.0 + particle.stress * protocol.start * particle.maximum, particle.stress * self.unit
        stressed = particle.stress > 0.0
        self.evolution = Evolution(
            self.grid.storage, self.grid.conduction,
            (lambda u: base * u + 0.5 * rise * u**2) if stressed else None, (lambda u: base + rise * u) if stressed else None,
        )  # fmt: skip
        self.state = np.zeros(len(self.grid.points))
        self.trace, self.time, self.brought = Trace(), 0.0, 0.0
        self.imbalance, self.count = 0.0, Count()

    def run(self) -> Titration:
        """Go through all pulses and rests.

        Raises
        ------
        ConvergenceError
        """
        pulses: list[Pulse] = []
        ended, planned = "", self.protocol.pulses
        try:
            for way in self.protocol.directions:
                done, word = self._titrate(way, planned)
                pulses += done
                ended = ended or word
                planned = len(done)  # back to the start, and not beyond it
        finally:
            self.evolution.destroy()
        return Titration(self.trace, pulses, ended, self.imbalance, self.count)

    def _titrate(self, way: int, planned: int) -> tuple[list[Pulse], str]:
        """Pulses and rests in one direction; those that came to their end, and why there are fewer than planned."""
        self._record(0.0, self.state, way, 0)
        pulses = []
        for number in range(planned):
            pulse = self._pulse(way)
            if pulse is None:
                full, word = ("full", "lithiation") if way > 0 else ("empty", "delithiation")
                return pulses, f"the surface was {full} before the end of pulse {number + 1} of the {word}, which ended there"
            pulses.append(pulse)
        return pulses, ""

    def _pulse(self, way: int) -> Pulse | None:
        """One pulse and its rest; None if the surface gets full or empty, with the state before it."""
        p, before, kept = self.protocol, len(self.trace.time) - 1, (self.state, self.time, self.brought)
        self._record(0.0, self.state, way, way)
        if p.read_after:
            self._go(p.read_after, way, way)
        on = len(self.trace.time) - 1
        self._go(p.pulse - p.read_after, way, way)
        end = len(self.trace.time) - 1
        if not 0.0 <= self.trace.surface[end] <= 1.0:
            self.state, self.time, self.brought = kept
            for rows in vars(self.trace).values():
                del rows[before + 1 :]
            return None
        self._record(0.0, self.state, way, 0)
        self._go(p.rest, way, 0)
        return Pulse(way, before, on, end, len(self.trace.time) - 1)

    def _go(self, duration: float, way: int, current: int) -> None:
        """A time at a current."""
        load = np.zeros(len(self.state))
        load[self.grid.surface] = current
        scaled = duration / self.particle.time
        observe = self._observer(way, current)
        self.state, count = self.evolution.advance(
            self.state, load, scaled, tolerance=self.tolerance, first=self.first, observe=observe
        )
        self.count += count
        self.time += duration
        self.brought += current * scaled

    def _observer(self, way: int, current: int) -> Callable[[float, np.ndarray], None]:
        start = self.brought
        pulse = self.protocol.pulse / self.particle.time

        def observe(time: float, state: np.ndarray) -> None:
            self._record(time, state, way, current)
            content = float(self.grid.weights @ state)
            self.imbalance = max(self.imbalance, abs(content - start - current * time) / pulse)

        return observe

    def _record(self, after: float, state: np.ndarray, way: int, current: int) -> None:
        """Note a row: `after` the time of the particle's clock, scaled."""
        trace, scale = self.trace, self.unit / self.particle.maximum
        trace.time.append(self.time + after * self.particle.time)
        trace.way.append(way)
        trace.current.append(current)
        trace.surface.append(self.protocol.start + scale * float(state[self.grid.surface]))
        trace.mean.append(self.protocol.start + scale * self.grid.mean(state))
