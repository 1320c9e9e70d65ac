"""Joins what was computed on two meshes: values of the finer one, with the errors that the coarser one tells."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .adaptivity.words import missed
from .analysis import invariants
from .analysis.activated import activation_quantities, activation_record
from .analysis.errors import NOT_ESTIMATED, stated_errors
from .analysis.fieldset import CellFields
from .analysis.materials_used import materials_used
from .analysis.quantity import Quantity, describe
from .analysis.results import CaseResult, StructureResult
from .input.cautions import cautions
from .measure import with_errors
from .measure.reading import Reading
from .parameters import Parameters
from .scenario import Scenario
from .validity import validity_warnings

if TYPE_CHECKING:
    from .adaptivity.sequence import Sequence


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
    readings : dict of str to Reading
        Of the instruments under `measure`.
    """

    cases: dict[float, dict[str, Quantity]] = field(default_factory=dict)
    histories: dict[float, Any] = field(default_factory=dict)
    mean_field: float = 0.0
    largest_strain: float = 0.0
    fields: dict | None = None
    numerics: dict[str, Any] = field(default_factory=dict)
    readings: dict[str, Reading] = field(default_factory=dict)


def combined(
    name: str, scenario: Scenario, parameters: Parameters, levels: list[Level], tagged, mesh_file, sequence: Sequence | None
) -> StructureResult:
    """Join the levels: values of the finest mesh, errors from the difference to the coarser one; on rank 0.

    Parameters
    ----------
    name : str
    scenario : Scenario
    parameters : Parameters
    levels : list of Level
        The reported mesh, then the coarser one if there is one.
    tagged, mesh_file
        The reported mesh and its Gmsh file.
    sequence : Sequence or None
        Of adapted meshes.

    Raises
    ------
    SeixError
        If something is not finite, or breaks an invariant.
    """
    fine = levels[0]
    # sizes have upper limits, so that the coarser mesh may be less coarse than asked: cells tell
    ratio = (fine.numerics["cells"] / levels[-1].numerics["cells"]) ** (1 / tagged.points.shape[1])
    found = invariants.field_violations(fine.fields, tagged.region, tagged.region_names, tagged.core_regions)
    useful = len(levels) > 1 and ratio > LEAST_RATIO
    readings = with_errors(fine.readings, levels[1].readings if useful else None, ratio, scenario.has_corners)
    read = {key: quantity for reading in readings.values() for key, quantity in reading.quantities.items()}
    grown = activation_quantities(scenario)
    cases = []
    for multiple in scenario.load.current_multiples:
        quantities = _with_errors(levels, multiple, ratio, scenario.has_corners, sequence) | grown | read
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
        statistics=tagged.statistics | activation_record(scenario),
        warnings=[
            *cautions(scenario), *validity_warnings(parameters, fine.cases, fine.largest_strain), *missed(sequence),
            *(text for reading in readings.values() for text in reading.warnings),
        ],
        numerics=numerics,
        materials=materials_used(scenario),
        seed=scenario.seed,
        mesh_file=mesh_file,
        readings=readings,
    )


LEAST_RATIO = 1.05
"""Ratio of mesh sizes below which two meshes are as good as one: their difference says nothing."""


def _with_errors(
    levels: list[Level], multiple: float, ratio: float, corners: bool, sequence: Sequence | None = None
) -> dict[str, Quantity]:
    """Values of the finest mesh at one current with their estimated errors.

    See :func:`seix.analysis.errors.stated_errors`. The target of a sequence of adapted meshes has the
    relative error that was estimated there.
    """
    fine, errors = levels[0].cases, {}
    if ratio > LEAST_RATIO:
        coarse = levels[1].cases
        pairs = {name: {m: (fine[m][name].value, coarse[m][name].value) for m in fine} for name in fine[multiple]}
        errors = stated_errors(pairs, multiple, ratio, corners)
    result = {}
    for name, quantity in fine[multiple].items():
        error = errors.get(name)
        kind = NOT_ESTIMATED.get(describe(name).kind) if error is None else "two_mesh"
        if sequence is not None and name == sequence.target.name:
            error, kind = sequence.relative_error() * abs(quantity.value), "adaptive"
        result[name] = replace(quantity, error=error, error_kind=kind)
    return result
