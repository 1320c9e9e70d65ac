"""The command ``seix converge``: what size of mesh, piece and ensemble is representative of a scenario."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..analysis.notation import display_unit, format_number
from ..errors import ConvergenceError, InputError
from ..scenario_file import ScenarioSource, Study
from ..units import UnitError, format_si, parse_quantity
from . import sizes
from .axes import AxisInfo
from .command import RESULTS
from .converged import Converged, Limits, scatter_exponent
from .convergence import Convergence
from .outputs import write_file
from .overlay import keys_and_values, later_wins, overlay, scenario_text
from .runs import Runs
from .sizes import Size
from .store import Store
from .target import Target, split_name, target_of

SCHEMA = "seix converge 1"
MAX_CELLS = {2: 400_000, 3: 2_000_000}
"""Expected cells of a run by dimension, if not told otherwise; never more than `mesh.maximum_cells`."""
MAX_SEEDS = 32
DOUBLINGS = 3
"""Of the period, if not told how far to go."""


@dataclass(frozen=True)
class ConvergeOptions:
    """What is asked for.

    Attributes
    ----------
    quantity : str
        Name as in ``quantities.json``.
    tolerance : str
        Such as ``2 %``.
    current : float or None
        I/I0; the first of the scenario if None.
    jobs : int or None
    max_cells : float or None
    max_period : str or None
        Such as ``1 um``.
    max_seeds : int
    """

    quantity: str = "field_enhancement.p999"
    tolerance: str = "2 %"
    current: float | None = None
    jobs: int | None = None
    max_cells: float | None = None
    max_period: str | None = None
    max_seeds: int = MAX_SEEDS


def converge_command(path: Path, output: Path | None, overrides: Sequence[str], options: ConvergeOptions) -> None:
    """Find the representative size of a scenario and write what was found.

    Raises
    ------
    InputError, GeometryError
        A scenario or an option that makes no sense, or a first run that is impossible.
    ConvergenceError
        If a limit was reached before the quantity was stable; everything is written then as well.
    """
    path = Path(path)
    source = ScenarioSource(path)
    study = source.study(overrides)
    _refuse_adapted(study)
    target = target_of(study, *split_name(study, options.quantity), options.current)
    limits = _limits(study, options)
    store = Store(output or RESULTS / f"{path.stem}-converge")
    store.prepare()
    unit = _width_unit(study)
    axes = [AxisInfo("refinement", "refinement", "mesh.cells_per_layer"), AxisInfo("width", "width", "geometry", unit)]
    runs = Runs(store, path, f"{study.title}: representative size", source, axes, options.jobs)
    shared = _shared(study, overrides, target)
    search = Convergence(runs, study, shared, target, limits, lambda line: print(line, flush=True))
    try:
        result = search.run()
    finally:
        runs.close()
    chosen = source.study(later_wins(overrides, sizes.overrides_of(study, _size(result))))
    _write(store, study, chosen, overrides, target, limits, result, runs)
    words = in_words(study, chosen, target, limits, result)
    print("\n".join([*words, f"folder  {store.root}"]))
    if not result.reached:
        raise ConvergenceError("\n".join(_unreached(limits, result)))


def _refuse_adapted(study: Study) -> None:
    for scenario in study.members.values():
        if scenario.mesh.adapt is not None:
            text = "refines the mesh by itself to its own tolerance; take it out for this study with --set mesh.adapt="
            raise InputError(f"{study.path}: mesh.adapt: {text}")


def _limits(study: Study, options: ConvergeOptions) -> Limits:
    try:
        tolerance = parse_quantity(options.tolerance, "ratio")
    except UnitError as error:
        raise InputError(f"--tolerance: {error}") from None
    if not 0 < tolerance <= 0.5:
        raise InputError(f"--tolerance {options.tolerance}: must be more than 0 and at most 50 %")
    if options.max_seeds < 2:
        raise InputError(f"--max-seeds {options.max_seeds}: must be at least 2, as a single one has no scatter")
    scenarios = list(study.members.values())
    dimension = scenarios[0].geometry.dimension
    cells = options.max_cells or min(MAX_CELLS[dimension], *(one.mesh.maximum_cells for one in scenarios))
    if cells < 100:
        raise InputError(f"--max-cells {cells:g}: must be at least 100")
    return Limits(tolerance, cells, _largest_period(study, options), options.max_seeds)


def _largest_period(study: Study, options: ConvergeOptions) -> float | None:
    patches = [one for one in study.members.values() if one.geometry.kind == "patch"]
    if options.max_period is None:
        return max((one.period for one in patches), default=0.0) * 2**DOUBLINGS or None
    if not patches or not sizes.is_random(study):
        why = "only a patch has a period" if not patches else "nothing is random, and any width is the same"
        raise InputError(f"--max-period {options.max_period}: has no effect here: {why}; leave it out")
    try:
        return parse_quantity(options.max_period, "length")
    except UnitError as error:
        raise InputError(f"--max-period: {error}") from None


def _shared(study: Study, overrides: Sequence[str], target: Target) -> dict[str, str]:
    """What all runs have: the overrides of the user, no second mesh, no pictures, and one current where that is enough."""
    shared = keys_and_values(overrides)
    shared |= {"error.method": "none", "output.figures": "false"}
    first = next(iter(study.members.values()))
    if first.load.reference_field == "matrix":  # another reference is taken at I/I0 = 1
        shared |= {"load.current_multiples": json.dumps([target.multiple]), "output.map_current_multiple": ""}
    return shared


def _size(result: Converged) -> Size:
    return Size(result.mesh.chosen, result.width.chosen)


def _width_unit(study: Study) -> str:
    return "rad" if next(iter(study.members.values())).geometry.kind == "particle" else "m"


# --- what is written ----------------------------------------------------------------------------------------------------


def _write(
    store: Store, study: Study, chosen: Study, overrides: Sequence[str], target: Target, limits: Limits, result: Converged,
    runs: Runs,
) -> None:  # fmt: skip
    from .converge_figure import write_figure

    words = in_words(study, chosen, target, limits, result)
    document = _document(study, target, limits, result, words)
    write_file(store.root / "converge.json", json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    write_file(store.root / "converge.csv", _table(study, target, result))
    write_file(store.root / "converge.txt", "\n".join(words) + "\n")
    keys = overlay(chosen, later_wins(overrides, sizes.overrides_of(study, _size(result))))
    comment = [f"{study.title}, at the size found by seix converge:", *words]
    write_file(store.root / "converged.yaml", scenario_text(study.path, store.root, keys, comment))
    runs.write_tables()
    write_figure(store.root / "converge.png", study, target, limits, result, next(iter(study.members.values())).output.dpi)


def _document(study: Study, target: Target, limits: Limits, result: Converged, words: Sequence[str]) -> dict[str, Any]:
    exponent = scatter_exponent(result, study)
    uncertainty = {"mesh": result.mesh_error, "width": result.width_error, "seeds": result.seed_error, "sum": result.uncertainty}
    document = {
        "schema": SCHEMA,
        "scenario": study.name,
        "target": asdict(target),
        "limits": asdict(limits),
        "reached": result.reached,
        "value": result.value,
        "uncertainty": uncertainty,
        "representative": {name: asdict(getattr(result, name)) for name in ("mesh", "width", "seeds")},
        "scatter_exponent": None if exponent is None else {"value": exponent[0], "standard_error": exponent[1], "expected": -0.5},
        "meshes": [asdict(step) for step in result.meshes],
        "ensembles": [asdict(one) for one in result.ensembles],
        "failures": result.failures,
        "text": list(words),
    }
    return finite(document)


def finite(value: Any) -> Any:
    """The same without numbers that JSON does not have: None stands for what is not known."""
    if isinstance(value, dict):
        return {key: finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _table(study: Study, target: Target, result: Converged) -> str:
    """One row for each run of the three sequences."""
    first = next(iter(study.members.values()))
    piece = not sizes.cannot_widen(study)
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(["sequence", "refinement", "width", "width_unit", "seed", "value", "unit", "error", "cells"])
    unit = _width_unit(study)
    for step in result.meshes:
        width = sizes.width(first, 0) if piece else ""
        row = [sizes.STEP**step.refinement, width, unit if piece else "", first.seed, step.value, target.unit]
        table.writerow(["mesh", *row, step.error, step.cells])
    for one in result.ensembles:
        for seed, value in zip(one.seeds, one.values, strict=True):
            width = sizes.width(first, one.doubling) if piece else ""
            row = [sizes.STEP**result.mesh.chosen, width, unit if piece else "", seed, value, target.unit, None, None]
            table.writerow(["width", *row])
    return stream.getvalue()


def in_words(study: Study, chosen: Study, target: Target, limits: Limits, result: Converged) -> list[str]:
    """What size is representative, and the value there with the three parts of its uncertainty."""
    factor, unit = display_unit(target.unit, abs(result.value))
    unit = f" {unit}" if unit else ""
    lines = [f"{target.described}: representative to {100 * limits.tolerance:g} %" if result.reached else
             f"{target.described}: not representative to {100 * limits.tolerance:g} %"]  # fmt: skip
    for name, scenario in chosen.members.items():
        mesh, of = scenario.mesh, f" of {name}" if study.is_comparison else ""
        across = [("diameter", mesh.cells_per_diameter), ("gap", mesh.cells_per_gap), ("layer", mesh.cells_per_layer)]
        across = across if sizes.resolves_grains(scenario) else across[2:]
        said = ", ".join(f"{count:g} per {what}" for what, count in across)
        lines.append(f"mesh{of}: cells {said}; growth {mesh.growth:g}")
    first = next(iter(chosen.members.values()))
    if result.width.skipped:
        lines.append(f"width: {result.width.skipped}")
    elif first.geometry.kind == "patch":
        lines.append(f"period: {format_si(first.period, 'm')}")
    else:
        angle = first.geometry.sector
        lines.append(f"sector: {angle if isinstance(angle, str) else f'{math.degrees(angle):g} deg'}")
    lines.append(f"seeds: {result.seeds.skipped or result.seeds.chosen}")
    parts = [("mesh", result.mesh_error), ("width", result.width_error), ("seeds", result.seed_error)]
    said = ", ".join(f"{name} {_part(part, factor, unit)}" for name, part in parts)
    total = None if math.isnan(result.uncertainty) else result.uncertainty / factor
    lines.append(f"value: {format_number(result.value / factor, total)}{unit} ({said})")
    exponent = scatter_exponent(result, study)
    if exponent is not None:
        lines.append(f"scatter between seeds ~ area^({exponent[0]:.2f} ± {exponent[1]:.2f}); -0.5 is expected")
    if result.failures:
        lines.append(f"{len(result.failures)} runs failed and are left out: {result.failures[0]}")
    return lines + _unreached(limits, result)


def _part(error: float, factor: float, unit: str) -> str:
    """A part of the uncertainty with two digits."""
    return "unknown" if math.isnan(error) else f"± {float(f'{error / factor:.2g}'):g}{unit}"


def _unreached(limits: Limits, result: Converged) -> list[str]:
    found = []
    options = {"mesh": ["--max-cells"], "width": ["--max-period", "--max-cells"], "seeds": ["--max-seeds"]}
    if any(one.mean.count == limits.max_seeds for one in result.ensembles):  # means that are too uncertain to agree
        options["width"].append("--max-seeds")
    for name, larger in options.items():
        outcome = getattr(result, name)
        if not outcome.reached:
            said = f"{', '.join(larger)} or --tolerance would have to be larger"
            found.append(f"not reached: {name}: {outcome.reason}; {said}")
    return found
