"""The chain from a validated study to results: structure, mesh, model, solution, quantities, errors."""

from __future__ import annotations

import gc
import resource
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .adaptivity.sequence import Sequence
from .adaptivity.words import in_words, missed
from .analysis import invariants
from .analysis.errors import error_at
from .analysis.fieldset import CellFields
from .analysis.materials_used import materials_used
from .analysis.quantities import Measurement
from .analysis.quantity import Quantity
from .analysis.results import CaseResult, StructureResult
from .errors import SeixError
from .fem import on_root
from .input.cautions import cautions
from .materials import MaterialLibrary
from .numerics.domains import Domains
from .numerics.solver import NewtonSolver
from .numerics.stepping import LoadPath
from .numerics.timing import reset, seconds, timed
from .parameters import Parameters, parameters_of
from .scenario import Scenario
from .shelf import ModelShelf
from .validity import validity_warnings


@dataclass
class Level:
    """Solution of one structure on one mesh.

    Attributes
    ----------
    cases : dict
        Current multiple -> quantities without error.
    histories : dict
        Current multiple -> :class:`~seix.numerics.convergence.StepRecord`.
    mean_field : float
        Mean |E| over the SEI at I/I0 = 1, V/m.
    largest_strain : float
        P99.9 of the strain in the SEI over all currents.
    fields : dict or None
        Nodal fields on rank 0.
    numerics : dict
        Sizes and options, for the record.
    """

    cases: dict[float, dict[str, Quantity]] = field(default_factory=dict)
    histories: dict[float, Any] = field(default_factory=dict)
    mean_field: float = 0.0
    largest_strain: float = 0.0
    fields: dict | None = None
    numerics: dict[str, Any] = field(default_factory=dict)


def simulate(study, comm, cache: Path, progress, shelf: ModelShelf | None = None) -> list[StructureResult]:
    """Compute all members of a study.

    Parameters
    ----------
    study : seix.scenario_file.Study
    comm
        MPI communicator.
    cache : Path
        Folder of the mesh cache.
    progress : seix.analysis.progress.Progress
        Silent on all ranks but the first.
    shelf : ModelShelf, optional
        Models of runs before, on the same communicator; those of this one are kept there.

    Returns
    -------
    list of StructureResult
        In the order of the study; complete on rank 0 only.

    Raises
    ------
    GeometryError, ConvergenceError
    """
    names = sorted(study.members, key=lambda name: name != study.members[name].load.reference_field)
    references: dict[str, list[float]] = {}
    results = {}
    shelf = ModelShelf(comm, 0) if shelf is None else shelf
    for name in names:
        scenario = study.members[name]
        given = references.get(scenario.load.reference_field)
        results[name], references[name] = _structure(name, scenario, given, shelf, cache, progress)
    return [results[name] for name in study.members]


def _structure(
    name: str, scenario: Scenario, references, shelf: ModelShelf, cache, progress
) -> tuple[StructureResult, list[float]]:
    """One structure on its mesh and, for the errors, on a coarser one; also its mean field on each."""
    parameters, comm = parameters_of(scenario, MaterialLibrary()), shelf.comm
    reference = references[0] if references else None
    sequence = wanted = None
    if scenario.mesh.adapt is not None:
        level, sequence = _adapted(name, scenario, parameters, reference, shelf, cache, progress)
        mesh, wanted = (sequence.mesh, sequence.mesh_file), sequence.wanted
    else:
        progress.stage(f"mesh {name}")
        mesh = _mesh(comm, scenario, 1.0, cache)
        progress.stage(f"solve {name}")
        level = _solve(scenario, parameters, mesh[0], reference, shelf, progress, name, with_fields=True)
    levels = [level]
    if scenario.error.method == "two_mesh":
        label = f"{name}, coarser mesh"
        progress.stage(f"mesh {label}")
        coarse, _ = _mesh(comm, scenario, scenario.error.coarsening, cache, wanted)
        progress.stage(f"solve {label}")
        reference = references[-1] if references else None  # of a structure that has one mesh only, that
        levels.append(_solve(scenario, parameters, coarse, reference, shelf, progress, name, with_fields=False))
    kept: list[StructureResult] = []
    on_root(comm, lambda: kept.append(_combine(name, scenario, parameters, levels, *mesh, sequence)))
    return (kept[0] if kept else None), [level.mean_field for level in levels]


def _adapted(
    name, scenario: Scenario, parameters: Parameters, reference, shelf: ModelShelf, cache, progress
) -> tuple[Level, Sequence]:
    """All currents on the last of a sequence of adapted meshes, and the sequence."""
    progress.stage(f"mesh {name}, adapted")
    sequence = Sequence(shelf.comm, scenario, lambda wanted: cached(scenario, 1.0, cache, True, wanted))
    while True:
        progress.stage(f"solve {name}, mesh {len(sequence.steps) + 1} of the adapted ones")
        level = _solve(scenario, parameters, sequence.mesh, reference, shelf, progress, name, True, sequence.goes_on)
        progress.note(in_words(sequence))
        if level is not None:
            return level, sequence


def _mesh(comm, scenario: Scenario, factor: float, cache: Path, wanted=None):
    """Mesh and its Gmsh file on rank 0, None elsewhere; an error reaches all ranks."""
    kept = []

    on_root(comm, lambda: kept.append(cached(scenario, factor, cache, True, wanted)))
    return kept[0] if kept else (None, None)


def cached(scenario: Scenario, factor: float, cache: Path, solved: bool = False, wanted=None):
    """Mesh and its Gmsh file from the cache or made (see :func:`seix.geometry.meshing.cached_mesh`); on one rank."""
    from .geometry.meshing import cached_mesh  # Gmsh is needed on one rank only

    return cached_mesh(scenario, factor, cache, solved, wanted)


def _solve(
    scenario, parameters: Parameters, tagged, reference, shelf: ModelShelf, progress, label, with_fields, goes_on=None
) -> Level | None:
    """All currents on one mesh. ``reference`` is E0 of another structure, or None for the scenario's own choice.

    If ``goes_on`` of the measurement at I/I0 = 1 and the number of unknowns is true, this mesh is given up, and None returned.
    """
    reset()
    model = shelf.model(tagged, parameters)
    control, state = scenario.solver, _Place(label)
    solver = None
    try:
        solver = NewtonSolver(
            model.system,
            control.tolerance,
            control.max_iterations,
            control.options,
            lambda step, norm: progress.newton(label, state.multiple, step, norm),
            preset=control.preset,
        )
        level = _currents(scenario, model, solver, reference, state, with_fields, goes_on)
    except SeixError:  # on all ranks alike; after it the next run gets a new model
        if solver is not None:
            solver.destroy()
        model.system.destroy()
        raise
    solver.destroy()
    freed = shelf.give_back(model)
    del model, solver
    if freed:
        gc.collect()  # meshes hold MPI communicators, of which there are few thousand: long studies would run out
    return level


@dataclass
class _Place:
    """Where the solution of a structure has got to."""

    label: str
    multiple: float = 1.0


def _currents(scenario, model, solver: NewtonSolver, reference, state: _Place, with_fields, goes_on) -> Level | None:
    """Go through the currents; None if ``goes_on``."""
    parameters, domains, comm = model.parameters, model.domains, model.domains.comm
    asked = scenario.load.current_multiples
    shown = scenario.output.map_current_multiple or asked[-1]
    level = Level(numerics={"unknowns": model.system.unknowns, "cells": domains.cells_global})
    level.numerics |= {"fields": dict(model.system.field_sizes()), "solver_options": solver.options}
    measurement = window = None
    feedback = model.set_feedback if parameters.interface.stress_feedback else None
    path = LoadPath(solver, model.set_current, feedback)
    # I/I0 = 1 comes first: it gives the mean field, one of the two reference fields
    for multiple in [1.0, *(m for m in asked if m != 1.0)]:
        state.multiple = multiple
        level.histories[multiple] = path.go(multiple)
        if measurement is None:
            measurement = Measurement(model, parameters.reference_field)
            level.mean_field = measurement.mean_field()
            if scenario.load.reference_field != "matrix":
                measurement.reference_field = reference if reference is not None else level.mean_field
            if goes_on is not None and goes_on(measurement, model.system.unknowns):
                return None
        if multiple not in asked:
            continue
        with timed("quantities"):
            quantities = measurement.quantities()
        quantities["reference_field.mean"] = Quantity(level.mean_field, "V/m")
        window = window or invariants.conductivity_window(measurement)
        _check(comm, f"{state.label} at I/I0 = {multiple:g}", quantities, scenario.solver.tolerance, window, domains)
        level.cases[multiple] = quantities
        with timed("quantities"):
            level.largest_strain = max(level.largest_strain, measurement.largest_strain())
        if with_fields and multiple == shown:
            with timed("gather fields"):
                level.fields = measurement.nodal_fields()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    level.numerics["peak_memory_bytes_per_rank"] = comm.allgather(peak)
    level.numerics["peak_memory_per_unknown"] = sum(level.numerics["peak_memory_bytes_per_rank"]) / model.system.unknowns
    level.numerics["seconds"] = {stage: round(value, 3) for stage, value in seconds().items()}
    return level


def _check(comm, where: str, quantities, tolerance: float, window, domains: Domains) -> None:
    """End the run on all ranks if the quantities break an invariant."""
    slack = invariants.slack_of(domains.shape)
    on_root(comm, lambda: invariants.refuse(where, invariants.violations(quantities, tolerance, window, slack)))


def _combine(name, scenario, parameters, levels: list[Level], tagged, mesh_file, sequence: Sequence | None) -> StructureResult:
    """Join the levels: values of the finest mesh, errors from the difference to the coarser one."""
    fine = levels[0]
    # sizes have upper limits, so that the coarser mesh may be less coarse than asked: cells tell
    ratio = (fine.numerics["cells"] / levels[-1].numerics["cells"]) ** (1 / tagged.points.shape[1])
    found = invariants.field_violations(fine.fields, tagged.region, tagged.region_names, tagged.core_regions)
    cases = []
    for multiple in scenario.load.current_multiples:
        quantities = _with_errors(levels, multiple, ratio, sequence)
        found += invariants.not_finite(quantities)
        history = fine.histories[multiple]
        cases.append(
            CaseResult(
                multiple,
                quantities,
                iterations=history.newton,
                residuals=[float(value) for value in history.residuals],
                numerics={
                    "krylov_iterations": history.krylov,
                    "factorisations": history.factorisations,
                    "true_linear_residual": history.true_residual,
                },
            )
        )
    invariants.refuse(name, found)
    shown = scenario.output.map_current_multiple or scenario.load.current_multiples[-1]
    numerics = {"levels": [level.numerics for level in levels]} | levels[0].numerics
    if sequence is not None:
        numerics["adapted"] = sequence.as_dict()
    numerics["dimensionless_groups"] = parameters.dimensionless_groups(scenario.sei.thickness)
    return StructureResult(
        name=name,
        mesh=tagged,
        cases=cases,
        fields=CellFields(tagged, fine.fields, shown),
        statistics=tagged.statistics,
        warnings=[
            *cautions(scenario), *validity_warnings(parameters, fine.cases, fine.largest_strain), *missed(sequence)
        ],
        numerics=numerics,
        materials=materials_used(scenario),
        seed=scenario.seed,
        mesh_file=mesh_file,
    )


LEAST_RATIO = 1.05
"""Ratio of mesh sizes below which two meshes are as good as one: their difference says nothing."""


def _with_errors(levels: list[Level], multiple: float, ratio: float, sequence: Sequence | None = None) -> dict[str, Quantity]:
    """Values of the finest mesh at one current with their estimated errors.

    See :func:`seix.analysis.errors.error_at`. The target of a sequence of adapted meshes has the
    relative error that was estimated there.
    """
    fine = levels[0].cases
    result = {}
    for name, quantity in fine[multiple].items():
        error, kind = None, None
        if sequence is not None and name == sequence.target.name:
            error, kind = sequence.relative_error() * abs(quantity.value), "adaptive"
        elif name.endswith("imbalance"):
            kind = "algebraic"
        elif name.startswith("field_enhancement.max"):
            kind = "not converged"
        elif ratio > LEAST_RATIO:
            coarse = levels[1].cases
            values = {m: (fine[m][name].value, coarse[m][name].value) for m in fine}
            error, kind = error_at(values, multiple, ratio), "two_mesh"
        result[name] = replace(quantity, error=error, error_kind=kind)
    return result
