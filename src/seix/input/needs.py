"""Which material properties a scenario uses, and checks that look at several scenarios or at records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from seix.errors import InputError
from seix.input.structures import Activation, Bilayer, Layers
from seix.input.types import Problem
from seix.materials import MaterialLibrary
from seix.properties import PROPERTIES, VOID
from seix.scenario import ButlerVolmer, Scenario

ELASTIC = ("youngs_modulus", "poisson_ratio")
CORE = ("electronic_conductivity", *ELASTIC, "partial_molar_volume", "diffusivity", "maximum_concentration")


@dataclass(frozen=True)
class Use:
    """One place where a scenario uses a material.

    Attributes
    ----------
    path : tuple of str or int
        Key that names the material.
    material : str
    role : str
        In words.
    properties : tuple of str
        What the physics reads there, at the reference temperature; activation energies come with them.
    """

    path: tuple[str | int, ...]
    material: str
    role: str
    properties: tuple[str, ...]


def uses(scenario: Scenario) -> Iterator[Use]:
    """All uses of materials in a scenario."""
    chosen, law, boundary = scenario.materials, scenario.interface, scenario.grain_boundary
    kinetic = isinstance(law, ButlerVolmer) and law.exchange_current_density is None
    instruments = () if scenario.measure is None else scenario.measure.instruments().values()
    sei = dict.fromkeys(("conductivity", *ELASTIC, *(name for one in instruments for name in one.sei_properties())))
    core = dict.fromkeys((*CORE, *(("exchange_current_density",) if kinetic else ()),
                          *(name for one in instruments for name in one.core_properties())))  # fmt: skip
    wet = dict.fromkeys(("conductivity", *(name for one in instruments for name in one.electrolyte_properties())))
    softened = [name for one in instruments for name in one.organic_properties()]

    def of_sei(name: str) -> tuple[str, ...]:
        more = softened if softened and MaterialLibrary().record(name).kind == "organic" else []
        return tuple(dict.fromkeys((*sei, *more)))

    yield Use(("materials", "core"), chosen.core, "the core", tuple(core))
    if scenario.core_domains is not None:
        yield Use(("core_domains", "material"), scenario.core_domains.material, "a domain of the core", CORE)
    yield Use(("materials", "electrolyte"), chosen.electrolyte, "the electrolyte", tuple(wet))
    if getattr(scenario.geometry, "binder", None) is not None:
        glue = dict.fromkeys(("conductivity", *ELASTIC, *(name for one in instruments for name in one.binder_properties())))
        yield Use(("materials", "binder"), chosen.binder, "the binder", tuple(glue))
    if boundary is not None:
        thin = dict.fromkeys(("conductivity", *(name for one in instruments for name in one.boundary_properties())))
        yield Use(("grain_boundary", "material"), boundary.material, "a grain boundary", tuple(thin))
    yield Use(("sei", "matrix"), scenario.sei.matrix, "the reference field", ("conductivity",))
    for i, layer in enumerate(scenario.sei.resolved_layers()):
        yield Use(_matrix_key(scenario, i), layer.matrix, "the SEI", of_sei(layer.matrix))
        for path, name in _phase_keys(scenario, i, layer.phases):
            if name != VOID:
                yield Use(path, name, "the SEI", of_sei(name))


def _matrix_key(scenario: Scenario, layer: int) -> tuple[str | int, ...]:
    sei = scenario.sei
    if isinstance(sei, Bilayer) and layer == 0 and sei.inner_matrix is not None:
        return ("sei", "inner_matrix")
    if isinstance(sei, Layers) and sei.layers[layer].matrix is not None:
        return ("sei", "layers", layer, "matrix")
    if isinstance(sei, Activation):
        return ("sei", "reactions")
    return ("sei", "matrix")


def _phase_keys(scenario: Scenario, layer: int, phases: Mapping[str, float]):
    if isinstance(scenario.sei, Activation):
        return [(("sei", "reactions"), name) for name in phases]
    prefix = ("sei", "layers", layer, "phases") if isinstance(scenario.sei, Layers) else ("sei", "inorganic")
    return [((*prefix, name), name) for name in phases]


def used_properties(scenario: Scenario) -> dict[str, set[str]]:
    """Names of the properties a run of `scenario` reads, by material; with their activation energies."""
    used: dict[str, set[str]] = {}
    for use in uses(scenario):
        thermal = {PROPERTIES[name].activation for name in use.properties} - {None}
        used.setdefault(use.material, set()).update(use.properties, thermal)
    return used


def missing_properties(scenario: Scenario, library: MaterialLibrary) -> Iterator[Problem]:
    """Properties the physics needs that neither the record nor an override gives."""
    for use in dict.fromkeys(uses(scenario)):
        given = scenario.materials.override.get(use.material, {})
        has = library.record(use.material).properties
        lacking = [name for name in use.properties if name not in has and name not in given]
        if lacking:
            give = ", ".join(f"{name}: ..." for name in lacking)
            text = (
                f"'{use.material}' has no {', '.join(lacking)}, which {use.role} needs; choose another "
                f"material, or give materials.override.{use.material}: {{{give}}}"
            )
            yield Problem(use.path, text)


def idle_overrides(members: Mapping[str, Scenario]) -> Iterator[Problem]:
    """Overrides that change no member: an option that is accepted and ignored misleads."""
    used: dict[str, set[str]] = {}
    given: dict[str, dict[str, None]] = {}
    for scenario in members.values():
        for material, names in used_properties(scenario).items():
            used.setdefault(material, set()).update(names)
        for material, values in scenario.materials.override.items():
            given.setdefault(material, {}).update(dict.fromkeys(values))
    for material, names in given.items():
        path = ("materials", "override", material)
        if material not in used:
            text = f"'{material}' is not used, so this has no effect; used: {', '.join(sorted(used))}"
            yield Problem(path, text, at_key=True)
            continue
        for name in names:
            if name not in used[material]:
                known = ", ".join(sorted(used[material]))
                text = f"not used of '{material}' here, so this has no effect; used: {known}"
                yield Problem((*path, name), text, at_key=True)


def idle_options(members: Mapping[str, Scenario]) -> Iterator[Problem]:
    """Options of instruments that change no member."""
    measured = [(one, one.measure) for one in members.values() if one.measure is not None]
    each = [{problem.path: problem for problem in section.idle(one)} for one, section in measured] or [{}]
    for path, problem in each[0].items():
        if all(path in others for others in each):
            yield problem


def refused_options(scenario: Scenario) -> Iterator[Problem]:
    """Options of PETSc that it does not know or accept; where it cannot start, that is left to the command that needs it."""
    control = scenario.solver
    if not control.options:
        return
    try:
        from seix.numerics import trial  # PETSc, which no other check needs
    except InputError:
        return
    wrong = trial.refused_options(tuple(control.options.items()), control.preset, scenario.geometry.dimension)
    for key, text in wrong.items():
        yield Problem(("solver", "options", key), text, at_key=True)


def comparison_problems(members: Mapping[str, Scenario]) -> Iterator[Problem]:
    """What the members of one study must have in common, and names they refer to."""
    first_name, first = next(iter(members.items()))
    for name, scenario in members.items():
        for section in ("load", "output", "measure"):
            if getattr(scenario, section) != getattr(first, section):
                text = (
                    f"differs between the variants '{first_name}' and '{name}'; structures are compared at "
                    f"the same {'readings' if section == 'measure' else 'currents'}, so give it once for all"
                )
                yield Problem((section,), text, at_key=True)
    field = first.load.reference_field
    if field != "matrix" and field not in members:
        text = f"unknown reference '{field}'; allowed: {', '.join(['matrix', *members])}"
        yield Problem(("load", "reference_field"), text)
