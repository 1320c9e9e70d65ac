"""The chain from a validated study to results: structure, mesh, model, solution, quantities, errors."""

from __future__ import annotations

import gc
import resource
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .adaptivity.words import in_words
from .analysis import invariants
from .analysis.quantities import Measurement
from .analysis.quantity import Quantity
from .analysis.results import StructureResult
from .combine import Level, combined
from .errors import GeometryError, SeixError
from .fem import on_root
from .materials import MaterialLibrary
from .measure import Specimen, read_all
from .numerics import linear_log, timing
from .numerics.domains import Domains
from .numerics.solver import NewtonSolver
from .numerics.stepping import LoadPath
from .numerics.timing import timed
from .parameters import Parameters, parameters_of
from .scenario import Scenario
from .shelf import ModelShelf, destroy

if TYPE_CHECKING:
    from .adaptivity.sequence import Sequence


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
    levels, missing = [level], []
    if scenario.error.method == "two_mesh":
        label = f"{name}, coarser mesh"
        progress.stage(f"mesh {label}")
        try:
            coarse, _ = _mesh(comm, scenario, scenario.error.coarsening, cache, wanted)
        except GeometryError as error:
            if sequence is None:
                raise
            missing.append(f"only the target of mesh.adapt has an error, as no coarser mesh could be made: {error}")
        else:
            progress.stage(f"solve {label}")
            reference = references[-1] if references else None  # of a structure that has one mesh only, that
            levels.append(_solve(scenario, parameters, coarse, reference, shelf, progress, name, with_fields=False))
    kept: list[StructureResult] = []
    on_root(comm, lambda: kept.append(combined(name, scenario, parameters, levels, *mesh, sequence)))
    if kept:
        kept[0].warnings.extend(missing)
    return (kept[0] if kept else None), [level.mean_field for level in levels]


def _adapted(
    name, scenario: Scenario, parameters: Parameters, reference, shelf: ModelShelf, cache, progress
) -> tuple[Level, Sequence]:
    """All currents on the last of a sequence of adapted meshes, and the sequence."""
    from .adaptivity.sequence import Sequence  # loads the mesher

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
    """Mesh and its Gmsh file from the cache or made (see :func:`seix.geometry.cache.cached_mesh`); on one rank."""
    from .geometry.cache import cached_mesh  # the mesher is needed on one rank only

    return cached_mesh(scenario, factor, cache, solved, wanted)


def _solve(
    scenario, parameters: Parameters, tagged, reference, shelf: ModelShelf, progress, label, with_fields, goes_on=None
) -> Level | None:
    """All currents on one mesh. ``reference`` is E0 of another structure, or None for the scenario's own choice.

    If ``goes_on`` of the measurement at I/I0 = 1 and the number of unknowns is true, this mesh is given up, and None returned.
    """
    timing.reset()
    linear_log.reset()
    state = _Place(label)
    model, solver = shelf.take(
        tagged, parameters, scenario.solver, lambda step, norm: progress.newton(label, state.multiple, step, norm)
    )
    try:
        level = _currents(scenario, model, solver, reference, state, with_fields, goes_on)
    except SeixError:  # on all ranks alike; after it the next run gets a new model
        destroy(model, solver)
        raise
    if level is not None:
        level.readings = read_all(Specimen(scenario, parameters, model, level.cases, with_fields, label, progress))
        level.numerics["linear_problems"] = linear_log.solved()
    freed = shelf.give_back(model, solver)
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
    level.numerics["seconds"] = {stage: round(value, 3) for stage, value in timing.seconds().items()}
    return level


def _check(comm, where: str, quantities, tolerance: float, window, domains: Domains) -> None:
    """End the run on all ranks if the quantities break an invariant."""
    slack = invariants.slack_of(domains.shape)
    on_root(comm, lambda: invariants.refuse(where, invariants.violations(quantities, tolerance, window, slack)))
