"""Virtual GITT: what galvanostatic intermittent titration would read on a particle behind the SEI of this run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ..analysis.quantity import Quantity
from ..errors import InputError
from ..fem import on_root
from ..physics.lithium import stress_factor
from ..scales import LENGTH
from ..units import FARADAY, GAS_CONSTANT
from .gitt_particle import Particle, Protocol, Titration, Titrator
from .gitt_potential import open_circuit, overpotential, weppner_huggins
from .reading import Column, Reading, Specimen

if TYPE_CHECKING:
    from ..input.measure.gitt import Gitt
    from ..parameters import Parameters

ONCE = False
DIRECTIONS = {"lithiation": (1,), "delithiation": (-1,), "both": (1, -1)}
WORDS = {1: "lithiation", -1: "delithiation"}
_RELAXED = 0.01
"""Part of what a pulse changes that may be left at the end of a rest, and of the rise of the concentration that an uneven current
may change, before there is a warning."""
_TRUE = 0.1
"""Relative error of the diffusivity from which on there is a warning."""


@dataclass(frozen=True)
class Evaluated:
    """One pulse as an instrument evaluates it; potentials in V, positive.

    Attributes
    ----------
    way : int
    start, state : float
        Time at which it begins, s, and the mean state of lithiation before and after it.
    step, transient, relaxed : float
        Step of the potential at its start, change from there to its end (dE_t), change of the relaxed potential (dE_s).
    """

    way: int
    start: float
    state: float
    step: float
    transient: float
    relaxed: float


def read(specimen: Specimen) -> Reading:
    """Titrate the particle behind the SEI of a structure (collective; the first rank does it).

    The coarser specimen has fewer cells along the radius and larger time steps too, so that the errors tell of both.
    """
    section = specimen.scenario.measure.gitt
    coarsening = 1.0 if specimen.fine else specimen.scenario.error.coarsening
    current = section.pulse_current(specimen.parameters.reference_current_density, specimen.parameters.maximum_concentration)
    multiple = min(specimen.quantities, key=lambda m: abs(m * specimen.parameters.reference_current_density - current))
    film = {name: quantity.value for name, quantity in specimen.quantities[multiple].items()}
    width = _width(specimen.model.domains.shape)
    work = partial(_reading, section, specimen.parameters, current, film, width, coarsening)
    reading = on_root(specimen.model.domains.comm, work)
    reading.record["resistance_at_current_multiple"] = multiple
    return reading


def _width(shape) -> float:
    """Length over which the current is uneven, m."""
    return LENGTH * (shape["period"] if shape["kind"] != "particle" else 2 * math.pi * shape["core_size"])


def particle_of(section: Gitt, parameters: Parameters) -> Particle:
    """The particle that a section describes, of the core's material."""
    p, stress = parameters, 0.0
    if section.stress_coupling:
        energy = GAS_CONSTANT * p.temperature
        stress = stress_factor(p.partial_molar_volume, p.youngs_modulus["core"], p.poisson_ratio["core"], energy)
    return Particle(section.power, section.size, p.diffusivity, p.maximum_concentration, stress)


def titrate(section: Gitt, parameters: Parameters, current: float, coarsening: float = 1.0) -> Titration:
    """Carry the particle through the pulses and rests of a section; on one rank.

    Parameters
    ----------
    section : Gitt
    parameters : Parameters
    current : float
        Of a pulse, A/m2.
    coarsening : float
        Length of cells over that asked for; the tolerance of the time steps grows with its square.
    """
    protocol = Protocol(
        current, section.pulse, section.rest, section.ir_read_after, section.pulses, DIRECTIONS[section.direction], section.start
    )
    elements = max(4, round(section.elements / coarsening))
    return Titrator(particle_of(section, parameters), protocol, elements, section.tolerance * coarsening**2).run()


def potential(section: Gitt, parameters: Parameters, titration: Titration, current: float, resistance: float) -> np.ndarray:
    """Potential of the core against the outside of the SEI at all rows of a trace, V (theory, equation G3).

    Parameters
    ----------
    resistance : float
        Of the SEI, ohm m2.
    """
    trace, voltage = titration.trace, parameters.scales.voltage
    way, on, surface, mean = (np.array(one) for one in (trace.way, trace.current, trace.surface, trace.mean))
    curve = open_circuit(section, parameters)
    result = np.where(way > 0, curve.at(surface, 1), curve.at(surface, -1))
    theta = particle_of(section, parameters).stress
    result -= voltage * theta * parameters.maximum_concentration * (surface - mean)  # Omega sigma_h/F at the surface
    for sign in (1, -1):
        result[on == sign] += overpotential(parameters.interface, sign * current, voltage) - sign * current * resistance
    return result


def evaluate(titration: Titration, volts: np.ndarray) -> list[Evaluated]:
    """What the potential tells of each pulse."""
    t = titration.trace
    found = []
    for p in titration.pulses:
        before, on, end, after = (float(volts[row]) for row in (p.before, p.on, p.end, p.after))
        state = 0.5 * (t.mean[p.before] + t.mean[p.after])
        found.append(
            Evaluated(p.way, t.time[p.before], state, p.way * (before - on), p.way * (on - end), p.way * (before - after))
        )
    return found


def _reading(section: Gitt, parameters: Parameters, current: float, film: dict, width: float, coarsening: float) -> Reading:
    titration = titrate(section, parameters, current, coarsening)
    if not titration.pulses:
        text = "lower the current, shorten the pulse, or take a smaller particle"
        raise InputError(f"measure.gitt: {titration.ended}, the first of all; {text}")
    resistance = film["sei.area_resistance"]
    volts = potential(section, parameters, titration, current, resistance)
    pulses = evaluate(titration, volts)
    rows = {
        "apparent": [weppner_huggins(section.depth, section.pulse, p.relaxed, p.transient) for p in pulses],
        "apparent_with_ir": [weppner_huggins(section.depth, section.pulse, p.relaxed, p.transient + p.step) for p in pulses],
    }
    chosen = rows["apparent_with_ir" if section.ir_drop == "included" else "apparent"]
    rows["paper"] = [value * (section.electrode.thickness / section.depth) ** 2 for value in chosen]
    values = _values(section, parameters, current, titration, pulses, rows)
    values["gitt.ir_drop.sei"] = current * resistance, "V"
    values["gitt.unevenness"] = _unevenness(section, titration, film["current.interface_peak"], width, parameters, current), "1"
    exact = ("gitt.diffusivity.core", "gitt.fourier_number", "gitt.pulses")
    quantities = {
        name: Quantity(value, unit, 0.0 if name in exact else None, "algebraic" if name in exact else None)
        for name, (value, unit) in values.items()
    }
    quantities["gitt.lithium_imbalance"] = Quantity(titration.imbalance, "1", None, "algebraic")
    record = _record(section, parameters, current, titration, resistance)
    tables = _tables(titration, volts, current, pulses, rows)
    warnings = [*_warnings(section, parameters, titration, values), *_below_lithium(section, float(volts.min()))]
    return Reading(quantities, tables, record, warnings)


def _values(section, parameters, current, titration, pulses, rows) -> dict[str, tuple[float, str]]:
    """Quantities without errors: name -> value and unit."""
    mean = {name: float(np.mean(column)) for name, column in rows.items()}
    true, trace = parameters.diffusivity, titration.trace
    change = section.step(parameters.reference_current_density, parameters.maximum_concentration)
    left = max(abs(trace.surface[p.after] - trace.mean[p.after]) for p in titration.pulses) / change
    return {
        "gitt.diffusivity.apparent": (mean["apparent"], "m2/s"),
        "gitt.diffusivity.apparent_with_ir": (mean["apparent_with_ir"], "m2/s"),
        "gitt.diffusivity.paper": (mean["paper"], "m2/s"),
        "gitt.diffusivity.core": (true, "m2/s"),
        "gitt.diffusivity.bias": (mean["apparent"] / true, "1"),
        "gitt.diffusivity.bias_with_ir": (mean["apparent_with_ir"] / true, "1"),
        "gitt.ir_drop": (float(np.mean([p.step for p in pulses])), "V"),
        "gitt.diffusion_drop": (float(np.mean([p.transient for p in pulses])), "V"),
        "gitt.relaxed_step": (float(np.mean([p.relaxed for p in pulses])), "V"),
        "gitt.fourier_number": (section.pulse * true / section.size**2, "1"),
        "gitt.rest_residual": (left, "1"),
        "gitt.pulses": (float(len(pulses)), "1"),
    }


def _unevenness(section, titration, peak, width, parameters, current) -> float:
    """Bound for what an uneven current changes of the surface concentration, over its rise in a pulse (theory, equation G6)."""
    rises = [abs(titration.trace.surface[p.end] - titration.trace.surface[p.before]) for p in titration.pulses]
    local = (peak - 1.0) * width / 3.0 * current / (FARADAY * parameters.diffusivity)
    return local / (float(np.mean(rises)) * parameters.maximum_concentration)


def _tables(titration, volts, current, pulses, rows) -> dict[str, list[Column]]:
    trace = titration.trace
    return {
        "gitt_voltage": [
            Column("time", "s", trace.time),
            Column("direction", "1", [WORDS[way] for way in trace.way]),
            Column("current_density", "A/m2", [on * current for on in trace.current]),
            Column("surface_state", "1", trace.surface),
            Column("mean_state", "1", trace.mean),
            Column("potential", "V", volts.tolist()),
        ],
        "gitt_diffusivity": [
            Column("time", "s", [p.start for p in pulses]),
            Column("direction", "1", [WORDS[p.way] for p in pulses]),
            Column("state", "1", [p.state for p in pulses]),
            Column("ir_drop", "V", [p.step for p in pulses]),
            Column("diffusion_drop", "V", [p.transient for p in pulses]),
            Column("relaxed_step", "V", [p.relaxed for p in pulses]),
            *(Column(name, "m2/s", column) for name, column in rows.items()),
        ],
    }


def _record(section, parameters, current, titration, resistance) -> dict:
    """What else is worth keeping."""
    particle = particle_of(section, parameters)
    return {
        "pulse_current_density": current,
        "c_rate": current * 3600.0 / (FARADAY * parameters.maximum_concentration * section.depth),
        "pulse": section.pulse,
        "diffusivity": parameters.diffusivity,
        "diffusion_length": math.sqrt(parameters.diffusivity * section.pulse),
        "volume_over_surface": section.depth,
        "electrode_thickness": section.electrode.thickness,
        "sei_area_resistance": resistance,
        "stress_factor": particle.stress,
        "open_circuit": open_circuit(section, parameters).source,
        "time_steps": titration.count.steps,
        "rejected_time_steps": titration.count.rejected,
        "left_out": "stress in the particle" if particle.stress == 0.0 else "plastic flow of the particle",
    }


def _below_lithium(section: Gitt, lowest: float) -> list[str]:
    """Whether a cell would have stopped, where the potential is known to be against lithium."""
    if section.open_circuit == "linear" or section.open_circuit_table is not None or lowest >= 0.0:
        return []
    return [
        f"GITT: the potential falls to {lowest:.3g} V against lithium, where a cell would have ended the pulse: this current "
        "does not go with the resistance of the SEI"
    ]


def _warnings(section: Gitt, parameters: Parameters, titration: Titration, values) -> list[str]:
    """Where the evaluation, or the model, leaves what it is valid for."""
    found = [f"GITT: {titration.ended}; it is evaluated up to there"] if titration.ended else []
    bias, number = values["gitt.diffusivity.bias"][0], values["gitt.fourier_number"][0]
    if abs(bias - 1.0) > _TRUE:
        found.append(
            f"GITT reads {bias:.3g} of the true diffusivity even without the IR step: a pulse lasts {number:.3g} L^2/D, and the "
            "formula needs one so short that lithium stays near a flat surface, and potentials that are straight over a pulse"
        )
    if values["gitt.rest_residual"][0] > _RELAXED:
        found.append(
            f"GITT: {100 * values['gitt.rest_residual'][0]:.2g} % of what a pulse changes has not relaxed at the end of a rest; "
            "lengthen measure.gitt.rest"
        )
    if values["gitt.unevenness"][0] > _RELAXED:
        found.append(
            f"GITT takes an even current over core|SEI, which may change the diffusion drop by up to "
            f"{100 * values['gitt.unevenness'][0]:.2g} % here"
        )
    theta = particle_of(section, parameters).stress * parameters.maximum_concentration * max(titration.trace.surface)
    if theta > 1.0:
        found.append(
            f"GITT: elastic stress multiplies the diffusivity by up to {1 + theta:.3g}; plastic flow, which limits it in "
            "reality, is left out"
        )
    return found
