"""How much of the changes of a quantity goes back to which parameter of a sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .design import LEVELS, problem, sensitivity_kind, unit_points
from .ensemble import LEVEL, RESAMPLES
from .results import StudyResults
from .schema import Sample

SOBOL, MORRIS, RANK = "sobol", "morris", "rank"
FEWEST = 5
"""Points of a sample below which no rank correlation is given."""


@dataclass(frozen=True)
class Measure:
    """One number for each parameter with the half widths of its 95 % interval, below and above.

    Attributes
    ----------
    name : str
        For figures.
    text : str
        Without mathtext.
    values, below, above : ndarray (parameters,)
        NaN where it is not defined.
    """

    name: str
    text: str
    values: np.ndarray
    below: np.ndarray
    above: np.ndarray


@dataclass(frozen=True)
class Sensitivity:
    """Sensitivities of one quantity of one structure.

    Attributes
    ----------
    kind : {"sobol", "morris", "rank"}
    names : list of str
        Parameters in the order of the study file.
    measures : list of Measure
        The first one orders the parameters: total index, mu*, or rank correlation.
    runs : int
        Points that went into it.
    """

    kind: str
    names: list[str]
    measures: list[Measure]
    runs: int

    @property
    def order(self) -> np.ndarray:
        """Parameters from the strongest to the weakest."""
        return np.argsort(-np.nan_to_num(np.abs(self.measures[0].values), nan=-1.0), kind="stable")


class Design:
    """The sample of a study with what is needed to find its points among the cases.

    Parameters
    ----------
    results : StudyResults
        Of a study with a sample.
    """

    def __init__(self, results: StudyResults):
        self._results = results
        self.sample = Sample.model_validate(results.study.sample)
        self.names = list(self.sample.parameters)
        if self.sample.method == "sensitivity":
            self.kind, base = sensitivity_kind(self.sample)
            self.count = base * (len(self.names) + (2 if self.kind == SOBOL else 1))
        else:
            self.kind, self.count = RANK, self.sample.count
        seeds = max(len(results.seeds), 1)
        # cases come with the seeds fastest, then the sample, then the grid
        number_of = {key: number for number, key in enumerate(results.points)}
        self._of_row: list[list[int]] = [[] for _ in range(self.count)]
        from .ensemble import point_key

        for case in results.study.cases:
            row = self._of_row[(case.number // seeds) % self.count]
            point = number_of[point_key(case)]
            if point not in row:
                row.append(point)

    def outputs(self, structure: str, quantity: str, current: float) -> np.ndarray:
        """Value of each point of the sample, mean over grid and seeds; NaN where one of its cases has none."""
        values = self._results.values(structure, quantity, current)
        seeds = max(len(self._results.seeds), 1)
        found = np.full(self.count, np.nan)
        for row, points in enumerate(self._of_row):
            if points and all(len(values.get(point, ())) == seeds for point in points):
                found[row] = np.mean([list(values[point].values()) for point in points])
        return found

    def missing(self, structure: str, quantity: str, current: float) -> int:
        """Points of the sample without a value."""
        return int(np.isnan(self.outputs(structure, quantity, current)).sum())

    def analyse(self, structure: str, quantity: str, current: float) -> Sensitivity | None:
        """Sensitivities of a quantity.

        Returns
        -------
        Sensitivity or None
            None if the quantity is the same everywhere, if points of a design of sensitivity analysis have no value (its
            formulas need all of them), or if fewer than `FEWEST` points of another sample have one.
        """
        outputs = self.outputs(structure, quantity, current)
        there = np.isfinite(outputs)
        if not there.any() or np.ptp(outputs[there]) <= 1e-12 * np.abs(outputs[there]).max():
            return None
        if self.kind == RANK:
            return rank_correlations(self.names, self._inputs()[there], outputs[there]) if there.sum() >= FEWEST else None
        if not there.all():
            return None
        return sobol_indices(self.sample, outputs) if self.kind == SOBOL else elementary_effects(self.sample, outputs)

    def _inputs(self) -> np.ndarray:
        """Values of the parameters as they were computed, rounded ones included (count, parameters)."""
        numbers = {}
        seeds = max(len(self._results.seeds), 1)
        for case in self._results.study.cases:
            row = (case.number // seeds) % self.count
            if row not in numbers and case.possible:
                numbers[row] = [case.numbers[name] for name in self.names]
        blank = [np.nan] * len(self.names)
        return np.array([numbers.get(row, blank) for row in range(self.count)], float)


def sobol_indices(sample: Sample, outputs: np.ndarray) -> Sensitivity:
    """Total and first-order Sobol' indices by Saltelli's scheme, with bootstrap intervals of SALib.

    Source: Saltelli et al. (2010), doi:10.1016/j.cpc.2009.09.018; Herman and Usher (2017), doi:10.21105/joss.00097.
    """
    from SALib.analyze import sobol

    found = sobol.analyze(
        problem(sample), outputs, calc_second_order=False, num_resamples=1000, conf_level=LEVEL, seed=sample.seed
    )
    total, first = (np.asarray(found[name], float) for name in ("ST", "S1"))
    wide, narrow = (np.asarray(found[f"{name}_conf"], float) for name in ("ST", "S1"))
    return Sensitivity(SOBOL, list(sample.parameters), [
        Measure(r"total index $S_\mathrm{T}$", "total index", total, wide, wide),
        Measure(r"first-order index $S_\mathrm{1}$", "first-order index", first, narrow, narrow),
    ], len(outputs))  # fmt: skip


def elementary_effects(sample: Sample, outputs: np.ndarray) -> Sensitivity:
    """Mean size mu* and scatter sigma of the elementary effects, in the unit of the quantity for the whole range of a parameter.

    mu* and its interval are SALib's. Sigma is the standard deviation of the effects over the trajectories, with an interval
    from resampled trajectories.

    Source: Morris (1991), doi:10.1080/00401706.1991.10484804; Campolongo et al. (2007), doi:10.1016/j.envsoft.2006.10.004.
    """
    from SALib.analyze import morris

    points = unit_points(sample)
    found = morris.analyze(
        problem(sample), points, outputs, num_resamples=1000, conf_level=LEVEL, num_levels=LEVELS, seed=sample.seed
    )
    size, half = (np.asarray(found[name], float) for name in ("mu_star", "mu_star_conf"))
    sigma = np.asarray(found["sigma"], float)
    effects = effects_of(points, outputs)
    rng = np.random.default_rng(sample.seed)
    again = effects[rng.integers(0, len(effects), (1000, len(effects)))].std(axis=1, ddof=1)
    low, high = np.quantile(again, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2], axis=0)
    below, above = np.maximum(sigma - low, 0.0), np.maximum(high - sigma, 0.0)
    return Sensitivity(MORRIS, list(sample.parameters), [
        Measure(r"$\mu^*$, mean size of the effects", "mu*", size, half, half),
        Measure(r"$\sigma$, scatter of the effects", "sigma", sigma, below, above),
    ], len(outputs))  # fmt: skip


def effects_of(points: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    """Elementary effects (trajectories, parameters): change of the output over that of the one parameter that a step changes."""
    count = points.shape[1]
    x, y = points.reshape(-1, count + 1, count), outputs.reshape(-1, count + 1)
    steps = np.diff(x, axis=1)
    which = np.abs(steps).argmax(axis=2)
    change = np.diff(y, axis=1) / np.take_along_axis(steps, which[:, :, None], axis=2)[:, :, 0]
    effects = np.empty_like(change)
    np.put_along_axis(effects, which, change, axis=1)
    return effects


def rank_correlations(names: Sequence[str], inputs: np.ndarray, outputs: np.ndarray) -> Sensitivity:
    """Spearman's rank correlation of the output with each input, with bootstrap intervals from its percentiles.

    Ranks follow any monotone dependence, steep or not; a dependence that rises and falls again they do not see.
    """
    from scipy.stats import rankdata

    rng = np.random.default_rng(len(outputs))
    draws = rng.integers(0, len(outputs), (min(RESAMPLES, 1999), len(outputs)))
    values, below, above = (np.full(len(names), np.nan) for _ in range(3))
    again_out = rankdata(outputs[draws], axis=1)
    for k in range(len(names)):
        if np.ptp(inputs[:, k]) == 0:
            continue
        values[k] = correlation(rankdata(inputs[None, :, k], axis=1), rankdata(outputs[None], axis=1))[0]
        again = correlation(rankdata(inputs[draws, k], axis=1), again_out)
        low, high = np.nanquantile(again, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2])
        below[k], above[k] = max(values[k] - low, 0.0), max(high - values[k], 0.0)
    measure = Measure(r"rank correlation $\rho$", "rank correlation", values, below, above)
    return Sensitivity(RANK, list(names), [measure], len(outputs))


def correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Pearson's correlation of the rows of two arrays (k, n); NaN for a constant row."""
    a, b = (part - part.mean(axis=1, keepdims=True) for part in (a, b))
    with np.errstate(invalid="ignore"):
        return (a * b).sum(axis=1) / np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
