"""The command ``seix calibrate``: fits, says how well the parameters are known, and writes them as a scenario."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..units import format_si
from .axes import AxisInfo
from .calibration_file import CalibrationFile
from .command import RESULTS
from .confidence import NORMAL, Confidence, confidence_of, ellipse
from .converge_command import finite
from .fit import Best, Fit
from .fit_parameters import FitSetup, Parameter
from .outputs import write_file
from .overlay import later_wins, overlay, scenario_text
from .plan import read_typed
from .runs import Runs
from .store import Store

SCHEMA = "seix calibration 1"
COMPUTING = frozenset(("mesh", "error", "solver", "output", "measure"))
"""Sections of a scenario that change nothing about the problem."""
POOR = 0.01
"""Probability of so large a sum of squares below which the model is said not to describe the measurements."""


@dataclass(frozen=True)
class Calibrated:
    """A finished fit."""

    setup: FitSetup
    fit: Fit
    best: Best
    confidence: Confidence

    @property
    def values(self) -> list[float]:
        """Fitted values in SI."""
        return self.fit.values_at(self.best.shares)

    @property
    def chi2(self) -> float:
        """Sum of squares, of the priors too."""
        return float(self.best.residuals @ self.best.residuals)

    @property
    def freedom(self) -> int:
        """Degrees of freedom: measurements and priors less parameters."""
        return len(self.best.residuals) - len(self.setup.parameters)

    @property
    def after(self) -> np.ndarray:
        """Quantities with the fitted values."""
        [model] = self.fit.model([self.values])
        return model

    def interval(self, number: int) -> tuple[float, float] | None:
        """95 % interval of one parameter, whatever the others; None if it is at a bound or unknown."""
        error = self.confidence.standard_errors[number]
        if not math.isfinite(error):
            return None
        one = self.setup.parameters[number]
        half = NORMAL * error * one.span
        value = self.values[number]
        return (value * math.exp(-half), value * math.exp(half)) if one.log else (value - half, value + half)

    def standard_error(self, number: int) -> float:
        """Standard error in the unit of the parameter; on a logarithmic scale value times that of the logarithm."""
        one = self.setup.parameters[number]
        error = float(self.confidence.standard_errors[number]) * one.span
        return error * self.values[number] if one.log else error


def calibrate_command(path: Path, output: Path | None, overrides: Sequence[str], jobs: int | None) -> Calibrated:
    """Fit the parameters of a calibration file and write what was found.

    Raises
    ------
    InputError, GeometryError
        A file that makes no sense, or a parameter without effect.
    ConvergenceError
        If the fit does not end within `max_runs`; finished runs stay.
    """
    path = Path(path)
    setup = FitSetup(path, read_typed(path, CalibrationFile), overrides)
    store = Store(output or RESULTS / path.stem)
    store.prepare()
    axes = [AxisInfo(one.name, one.name.replace("_", " "), one.keys[0], one.unit, one.log, True) for one in setup.parameters]
    runs = Runs(store, path, setup.file.title, setup.source, axes, jobs, setup.file.max_runs)
    try:
        fit = Fit(setup, runs, lambda line: print(line, flush=True))
        best = fit.run()
        found = Calibrated(setup, fit, best, confidence_of(best.shares, best.jacobian, len(setup.measurements)))
        write(store, found, runs)
    finally:
        runs.close()
    print("\n".join([*in_words(found), f"folder  {store.root}"]))
    return found


def write(store: Store, found: Calibrated, runs: Runs) -> None:
    """Write all files of a finished fit; the same bytes for the same fit.

    Raises
    ------
    StorageError
    """
    from .calibrate_figures import write_figures

    words = in_words(found)
    document = json.dumps(finite(_document(found, runs, words)), indent=1, ensure_ascii=False)
    write_file(store.root / "calibration.json", document + "\n")
    write_file(store.root / "calibration.csv", _parameter_table(found))
    write_file(store.root / "measurements.csv", _measurement_table(found))
    setup = found.setup
    fitted = [text for one, value in zip(setup.parameters, found.values, strict=True) for text in one.overrides(value)]
    texts = later_wins([text for text in setup.shared if not _only_computing(text)], fitted)
    keys = overlay(setup.source.study(texts), texts)
    comment = [f"Values fitted by seix calibrate {setup.path.name}: {setup.file.title}", *words, "Measured:"]
    for one in setup.measurements:
        unit = "" if one.target.unit == "1" else one.target.unit
        comment.append(f"  {one.target.described}: {format_si(one.value, unit)}, {one.source}")
    comment = [line for text in comment for line in text.splitlines()]
    write_file(store.root / "fitted.yaml", scenario_text(setup.source.path, store.root, keys, comment))
    runs.write_tables()
    write_figures(store.root, found, next(iter(setup.study.members.values())).output.dpi)


def _only_computing(text: str) -> bool:
    """Whether an override says how something is computed and not what; a fitted scenario goes without."""
    path = text.partition("=")[0].strip().split(".")
    path = path[2:] if path[0] == "variants" else path
    return path[0] in COMPUTING or ".".join(path) == "load.current_multiples"


def in_words(found: Calibrated) -> list[str]:
    """Values with their intervals, how well the model agrees, and what is wrong with the fit."""
    setup, confidence = found.setup, found.confidence
    lines = [f"{_named(one, found, j)}" for j, one in enumerate(setup.parameters)]
    lines.append(f"chi2 {found.chi2:.4g} with {found.freedom} degrees of freedom, {found.best.status}")
    if found.freedom == 0:
        lines.append("as many parameters as measurements and priors: agreement proves nothing")
    elif _probability(found) < POOR:
        lines.append("the model does not describe the measurements within their uncertainties: the intervals are too narrow")
    for combination, by_prior in zip(confidence.combinations, confidence.fixed_by_prior, strict=True):
        names = [setup.parameters[j].name for j in combination]
        which = names[0] if len(names) == 1 else f"a combination of {' and '.join(names)}"
        lines.append(f"not identifiable: {which} is not fixed by the measurements{', only by a prior' if by_prior else ''}")
    moving = [one.name for one in setup.parameters if one.moves_mesh]
    if moving:
        lines.append(f"{', '.join(moving)} changes the mesh: derivatives hold its error, so the intervals are rough")
    if not any(found.fit.discretisation):
        lines.append("no discretisation error was estimated (error.method: none): the intervals leave it out")
    return lines


def _named(one: Parameter, found: Calibrated, number: int) -> str:
    value = format_si(found.values[number], one.unit, 5)
    bound = found.confidence.at_bound[number]
    if bound:
        return f"{one.name}: {value}, at its {'lower' if bound == 'low' else 'upper'} bound, so without an interval"
    interval = found.interval(number)
    if interval is None:
        return f"{one.name}: {value}, but any value between its bounds agrees as well"
    low, high = (format_si(end, one.unit, 5) for end in interval)
    return f"{one.name}: {value}, 95 % interval {low} to {high}{' from its prior only' * found.confidence.prior_only[number]}"


def _probability(found: Calibrated) -> float:
    from scipy.stats import chi2

    return float(chi2.sf(found.chi2, found.freedom)) if found.freedom > 0 else 1.0


def _document(found: Calibrated, runs: Runs, words: Sequence[str]) -> dict[str, Any]:
    setup, confidence, fit = found.setup, found.confidence, found.fit
    names = [one.name for one in setup.parameters]
    spans = np.array([one.span for one in setup.parameters])
    parameters = {}
    for j, one in enumerate(setup.parameters):
        interval = found.interval(j)
        parameters[one.name] = {
            "keys": one.keys, "value": found.values[j], "unit": one.unit or "1", "standard_error": found.standard_error(j),
            "interval_95": None if interval is None else list(interval), "scale": "log" if one.log else "linear",
            "start": one.start, "low": one.low, "high": one.high, "prior": None if one.prior is None else list(one.prior),
            "at_bound": confidence.at_bound[j] or None, "identifiable": confidence.known[j],
            "from_prior_only": confidence.prior_only[j],
        }  # fmt: skip
    measured = len(setup.measurements)
    return {
        "schema": SCHEMA,
        "title": setup.file.title,
        "scenario": setup.source.path.stem,
        "parameters": parameters,
        "correlation": {"order": names, "matrix": confidence.correlation.tolist()},
        "covariance": {
            "order": names,
            "scale": ["natural logarithm" if one.log else one.unit or "1" for one in setup.parameters],
            "matrix": (confidence.covariance * np.outer(spans, spans)).tolist(),
        },
        "regions_95": _regions(found),
        "chi2": found.chi2,
        "chi2_measurements": float(found.best.residuals[:measured] @ found.best.residuals[:measured]),
        "degrees_of_freedom": found.freedom,
        "probability": _probability(found),
        "at_bound": [name for name, bound in zip(names, confidence.at_bound, strict=True) if bound],
        "not_identifiable": [
            {"combination": {names[j]: x for j, x in one.items()}, "fixed_by_prior": by_prior}
            for one, by_prior in zip(confidence.combinations, confidence.fixed_by_prior, strict=True)
        ],
        "singular_values": confidence.singular.tolist(),
        "measurements": _measurement_rows(found),
        "seeds": setup.file.seed_list or None,
        "runs": runs.count,
        "steps": [{"values": dict(zip(names, step.values, strict=True)), "chi2": step.chi2} for step in fit.steps],
        "text": list(words),
    }


def _regions(found: Calibrated) -> list[dict[str, Any]]:
    """Boundary of the joint 95 % region of each pair, in the units of the parameters."""
    regions = []
    for j, k in pairs(found):
        x, y = region(found, j, k)
        one, other = found.setup.parameters[j].name, found.setup.parameters[k].name
        regions.append({"parameters": [one, other], one: x[::10].tolist(), other: y[::10].tolist()})
    return regions


def pairs(found: Calibrated) -> list[tuple[int, int]]:
    """Pairs of parameters that are both known."""
    known = [j for j, there in enumerate(found.confidence.known) if there]
    return [(j, k) for j in known for k in known if j < k]


def region(found: Calibrated, j: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Boundary of the 95 % region of two parameters in their units."""
    line = ellipse(found.confidence.covariance[np.ix_([j, k], [j, k])])
    ends = []
    for column, number in enumerate((j, k)):
        one, value = found.setup.parameters[number], found.values[number]
        distance = line[:, column] * one.span
        ends.append(value * np.exp(distance) if one.log else value + distance)
    return ends[0], ends[1]


def _measurement_rows(found: Calibrated) -> list[dict[str, Any]]:
    fit, rows = found.fit, []
    quantities = zip(found.setup.measurements, fit.start_values, found.after, fit.discretisation, fit.scatter, strict=True)
    for i, (one, before, after, h, s) in enumerate(quantities):
        rows.append({
            "quantity": one.target.name, "structure": one.target.structure, "current_multiple": one.target.multiple,
            "unit": one.target.unit, "measured": one.value, "uncertainty": one.uncertainty,
            "uncertainty_of": "natural logarithm" if one.log else "value", "before": float(before), "after": float(after),
            "relative_discretisation_error": float(h), "relative_seed_error": float(s), "sigma": float(fit.sigma[i]),
            "residual": float(found.best.residuals[i]), "source": one.source,
        })  # fmt: skip
    return rows


def _measurement_table(found: Calibrated) -> str:
    return _csv(_measurement_rows(found))


def _parameter_table(found: Calibrated) -> str:
    rows = []
    for j, one in enumerate(found.setup.parameters):
        low, high = found.interval(j) or (None, None)
        rows.append({
            "parameter": one.name, "key": " ".join(one.keys), "value": found.values[j], "unit": one.unit or "1",
            "standard_error": found.standard_error(j), "low_95": low, "high_95": high, "start": one.start,
            "at_bound": found.confidence.at_bound[j], "identifiable": found.confidence.known[j],
            "from_prior_only": found.confidence.prior_only[j],
        })  # fmt: skip
    return _csv(rows)


def _csv(rows: Sequence[dict[str, Any]]) -> str:
    stream = io.StringIO()
    table = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(finite(row) for row in rows)
    return stream.getvalue()


