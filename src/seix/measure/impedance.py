"""The virtual impedance spectrum: sweep, relaxation times, and the resistances that an instrument and the model tell."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from ..input.measure.impedance import DOUBLE_LAYER, EQUILIBRIUM, Impedance
from ..materials import MaterialLibrary
from ..numerics.reduction import ReducedNetwork, reduce
from ..numerics.solver import NewtonSolver
from ..numerics.stepping import LoadPath
from ..numerics.timing import timed
from ..properties import BINDER, VOID
from ..scenario import Scenario
from .impedance_network import ImpedanceNetwork
from .impedance_reading import Spectrum, reading_of
from .reading import Reading, Specimen

ONCE = False
ELECTRON_SHARE = 1e-3
"""Share of the electrons' resistance in that of the SEI from which equipotential cores of several particles are a warning."""


def read(specimen: Specimen) -> Reading:
    """Measure a structure (collective).

    Raises
    ------
    ConvergenceError
    """
    scenario, model = specimen.scenario, specimen.model
    section: Impedance = scenario.measure.impedance
    capacitance = DOUBLE_LAYER if section.double_layer_capacitance is None else section.double_layer_capacitance
    omega = 2.0 * np.pi * frequencies(section)
    with _state(specimen, section.bias):
        network = ImpedanceNetwork(
            model, permittivities(scenario), capacitance, section.bias == EQUILIBRIUM,
            scenario.solver.tolerance, scenario.solver.preset,
        )  # fmt: skip
        try:
            with timed("impedance sweep"):
                reduced = reduce(network, omega, section.tolerance)
            parts = network.split(reduced)
        finally:
            network.destroy()
    done = f"{len(omega)} frequencies from {len(reduced.shifts)} solutions, error below {reduced.bound.max():.1e}"
    specimen.progress.note(done)
    spectrum = _spectrum(section, omega, reduced, parts, network.impedance_unit, specimen.name)
    reading = reading_of(spectrum, section, scenario.interface.law, specimen.fine)
    reading.record |= {
        "unknowns": network.unknowns,
        "solutions": len(reduced.shifts),
        "shifts_rad_per_s": [float(one) for one in reduced.shifts],
        "bound_before_each_solution": reduced.history,
        "krylov_iterations": [one.krylov for one in network.records],
        "linear_solver": network.records[-1].linear,
        "double_layer_capacitance": None if scenario.interface.law == "perfect_contact" else capacitance,
    }
    if model.domains.anchors is not None:
        reading.warnings += _equipotential(specimen)
    return reading


def frequencies(section: Impedance) -> NDArray[np.float64]:
    """Frequencies of the spectrum, ascending, Hz."""
    decades = np.log10(section.highest_frequency / section.lowest_frequency)
    return np.geomspace(section.lowest_frequency, section.highest_frequency, round(decades * section.points_per_decade) + 1)


def permittivities(scenario: Scenario) -> dict[str, float]:
    """Relative permittivity of each region that conducts ions."""
    library = MaterialLibrary()

    def value(name: str) -> float:
        return library.material(name, scenario.materials.override).value("relative_permittivity", scenario.temperature)

    names = {name for layer in scenario.sei.resolved_layers() for name in (layer.matrix, *layer.phases)} - {VOID}
    found = {name: value(name) for name in names} | {"electrolyte": value(scenario.materials.electrolyte)}
    if getattr(scenario.geometry, "binder", None) is not None:
        found[BINDER] = value(scenario.materials.binder)
    return found


@contextmanager
def _state(specimen: Specimen, bias: float | str) -> Iterator[None]:
    """The model at the current of the bias, and back at what it was."""
    model, control = specimen.model, specimen.scenario.solver
    kept, current = [f.x.array.copy() for f in model.fields], float(model.current.value)
    reference = model.parameters.reference_current_density / model.scales.current_density
    if bias == EQUILIBRIUM or np.isclose(bias * reference, current, rtol=1e-12, atol=0.0):
        yield
        return
    solver = NewtonSolver(model.system, control.tolerance, control.max_iterations, control.options, preset=control.preset)
    try:
        feedback = model.set_feedback if model.parameters.interface.stress_feedback else None
        LoadPath(solver, model.set_current, feedback).go(float(bias))
        yield
    finally:
        solver.destroy()
        model.current.value = current
        for function, values in zip(model.fields, kept, strict=True):
            function.x.array[:] = values


def _spectrum(
    section: Impedance, omega: NDArray[np.float64], reduced: ReducedNetwork, parts, unit: float, name: str
) -> Spectrum:
    """Impedance of the whole and of its parts in ohm m2, with the noise asked for."""
    exact = reduced.impedance(omega) * unit
    states = [reduced.state(1j * one) for one in omega]
    split = {
        part: np.array([y @ (k + 1j * one * m) @ y for one, y in zip(omega, states, strict=True)]) * unit
        for part, (k, m) in parts.items()
    }
    rest = reduced.state(0.0)
    at_rest = {part: (float(rest @ k @ rest) * unit, float(rest @ m @ rest) * unit) for part, (k, m) in parts.items()}
    times, resistances = reduced.relaxations()
    measured, seed = exact, [zlib.crc32(name.encode())]
    if section.noise is not None:
        seed.append(section.noise.seed)
        numbers = np.random.default_rng(seed).standard_normal((2, len(omega)))
        measured = exact + section.noise.level * np.abs(exact) * (numbers[0] + 1j * numbers[1])
    return Spectrum(omega, exact, measured, reduced.bound, split, at_rest, times, resistances * unit, seed)


def _equipotential(specimen: Specimen) -> list[str]:
    """Several particles: whether the electrons in their cores, which are left out, matter."""
    model = specimen.model
    share = model.electron_dissipation() / model.dissipation()
    if share < ELECTRON_SHARE:
        return []
    return [f"impedance: several particles have equipotential cores here, but dissipate {share:.2g} of the power of the SEI"]
