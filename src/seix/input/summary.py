"""One line that says what a study will compute."""

from __future__ import annotations

from seix.input.activation import Activation
from seix.scenario import Particles, Scenario
from seix.scenario_file import Study
from seix.units import format_si

MAH_PER_GRAM = 3600.0
"""One mAh/g in C/kg."""


def summary(study: Study) -> str:
    """``FILE: OK: ...`` with the structures, their layers and fractions, and the currents."""
    structures = ", ".join(f"{name} ({_structure(scenario)})" for name, scenario in study.members.items())
    multiples = next(iter(study.members.values())).load.current_multiples
    currents = ", ".join(f"{multiple:g}" for multiple in multiples)
    return f"{study.path}: OK: {structures}; I/I0 = {currents}; {study.short_hash}"


def _structure(scenario: Scenario) -> str:
    layers = scenario.sei.resolved_layers()
    thickness = sum(layer.thickness for layer in layers)
    phases: dict[str, float] = {}
    for layer in layers:
        for name, fraction in layer.phases.items():
            phases[name] = phases.get(name, 0.0) + fraction * layer.thickness / thickness
    count = f"{len(layers)} layer{'s' * (len(layers) > 1)}"
    grains = [f"{100 * fraction:.3g} % {name}" for name, fraction in phases.items()] or ["no grains"]
    shape = scenario.geometry.kind
    if isinstance(scenario.geometry, Particles):
        shape = f"{scenario.geometry.number or len(scenario.geometry.particles)} particles"
    parts = [shape, scenario.sei.structure, f"{format_si(thickness, 'm')} in {count}", *grains]
    return ", ".join([*parts, *(_grown(scenario.sei) if isinstance(scenario.sei, Activation) else ())])


def _grown(sei: Activation) -> list[str]:
    """What the growth law says of charge; nothing else shows it before a run."""
    found = sei.outcome
    charge = found.pulse_charge + found.later_charge
    specific = sei.electrode.specific_surface * charge / MAH_PER_GRAM
    words = [f"x = {sei.x}", f"{charge:.3g} C/m2 or {specific:.3g} mAh/g"]
    after, total = sei.efficiency(False), sei.efficiency(True)
    if after is not None:
        words.append(f"modelled ICE {100 * after:.3g} %, with the pulses {100 * total:.3g} %")
    return words
