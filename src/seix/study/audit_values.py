"""Values of a claim in every run of a study, and the interval that seeds, mesh and material ranges make of them."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError, StudyError
from ..materials import MaterialLibrary
from ..scenario_file import Study
from .audit_file import Claim, SampledModel
from .audit_terms import Term, parsed
from .axes import value_at
from .ensemble import LEVEL, RESAMPLES, intervals
from .formula import Formula
from .plan import Case
from .target import target_of

TAILS = (50 * (1 - LEVEL), 50 * (1 + LEVEL))
"""Percentiles of the ends of an interval."""
FEWEST = 3
"""Seeds without which an ensemble has no interval."""


@dataclass(frozen=True)
class CaseValue:
    """A claim in one run.

    Attributes
    ----------
    seed : int
    value, error : float
        SI; the error is the bound from the discretisation errors of the quantities, 0 where none is stated.
    """

    seed: int
    value: float
    error: float


def case_value(claim: Claim, case: Case, document: Mapping[str, Any]) -> CaseValue:
    """Evaluate the formula of a claim with the quantities of one finished run."""
    values, errors = {}, {}
    for name, term in claim.where.items():
        values[name], errors[name] = _term(term, case.study, document)
    formula = Formula(claim.formula)
    seed = next(iter(case.study.members.values())).seed
    return CaseValue(seed, formula(values), formula.error(values, {name: error for name, error in errors.items() if error}))


def published_alone(claim: Claim) -> float:
    """Value of a claim whose terms are all numbers of the file."""
    return Formula(claim.formula)({name: parsed(term.constant)[0] for name, term in claim.where.items()})


def _term(term: Term, study: Study, document: Mapping[str, Any]) -> tuple[float, float]:
    """Value in SI and discretisation error."""
    if term.constant is not None:
        return parsed(term.constant)[0], 0.0
    if term.key is not None:
        return float(value_at(study, term.key)[0]), 0.0
    if term.material is not None:
        scenario = next(iter(study.members.values()))
        record = MaterialLibrary().material(term.material, scenario.materials.override)
        return record.value(term.property, scenario.temperature), 0.0
    target = target_of(study, term.quantity, term.structure, term.current_multiple)
    if not term.slope:
        entry = target.entry(document)
        return float(entry["value"]), float(entry["error"] or 0.0)
    currents = study.members.get(target.structure, next(iter(study.members.values()))).load.current_multiples
    entries = [target_of(study, term.quantity, term.structure, current).entry(document) for current in currents]
    x, y = np.array(currents), np.array([float(entry["value"]) for entry in entries])
    slope = float(np.polynomial.polynomial.polyfit(x, y, 1)[1])
    # discretisation errors of one run are relative and alike at all currents, so they go with the slope
    relative = max((float(entry["error"] or 0.0) / abs(v) for entry, v in zip(entries, y, strict=True) if v), default=0.0)
    return slope, relative * abs(slope)


def of_study(claim: Claim, cases: Sequence[Case], document: Any, done: Any) -> list[CaseValue]:
    """Values in all finished cases at which the claim holds and that report its quantities.

    An instrument that reads nothing in some run, such as a titration whose particle is full at once, leaves that run out.

    Parameters
    ----------
    claim : Claim
    cases : sequence of Case
    document : callable
        ``quantities.json`` of a case.
    done : callable
        Whether a case is finished.
    """
    wanted = {axis: str(value) for axis, value in claim.at.items()}
    found = []
    for case in cases:
        if case.possible and done(case) and all(str(case.values.get(axis, value)) == value for axis, value in wanted.items()):
            with contextlib.suppress(InputError):
                found.append(case_value(claim, case, document(case)))
    return found


@dataclass(frozen=True)
class Interval:
    """Two ends in SI; NaN where there is none."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def pair(self) -> list[float] | None:
        """For JSON."""
        return [self.low, self.high] if math.isfinite(self.low) and math.isfinite(self.high) else None


NONE = Interval(math.nan, math.nan)


@dataclass(frozen=True)
class Estimated:
    """What the model says on a claim.

    Attributes
    ----------
    value : float
        Mean over the seeds with frozen values; geometric on a logarithmic scale.
    whole : Interval
        95 % of mean and material ranges together, widened by the discretisation error.
    seeds, mesh, ranges : Interval
        The parts alone: bootstrap of the mean over seeds, discretisation error, and 95 % of the sample of the material ranges.
    seed_count, sample_count : int
    draws : ndarray
        Samples of seeds and ranges together on the scale of the claim.
    mesh_half : float
        Half width of the discretisation error on that scale.
    """

    value: float
    whole: Interval
    seeds: Interval
    mesh: Interval
    ranges: Interval
    seed_count: int
    sample_count: int
    draws: np.ndarray
    mesh_half: float


class Scale:
    """Logarithm or the value itself, on which means are taken and parts are joined."""

    def __init__(self, kind: str):
        self.log = kind == "log"

    def to(self, values: Sequence[float] | np.ndarray) -> np.ndarray:
        """Values on the scale; NaN for a logarithm that does not exist."""
        values = np.asarray(values, float)
        if not self.log:
            return values
        with np.errstate(all="ignore"):
            return np.where(values > 0, np.log(values), np.nan)

    def back(self, value: float) -> float:
        """Value in SI."""
        return float(np.exp(value)) if self.log else float(value)

    def interval(self, low: float, high: float) -> Interval:
        """Ends in SI."""
        return Interval(self.back(low), self.back(high))


def estimate(
    name: str, claim: Claim, model: SampledModel, ensemble: Sequence[CaseValue], sample: Sequence[CaseValue] | None,
    reference: Sequence[CaseValue],
) -> Estimated:  # fmt: skip
    r"""Join the parts.

    Let :math:`t_s` be the values over the seeds on the scale of the claim and :math:`r_i` those of the sample. The effect of the
    material ranges is :math:`o_i = r_i - t_{s(i)}`, against the frozen value of the same seed (the mean where that seed is not in
    the ensemble), so that the packing does not enter twice. Draws are a bootstrap mean of :math:`t_s` plus one of the :math:`o_i`
    at random. The whole interval is their 95 %, moved outwards by the mean discretisation error, which is no random number.

    Raises
    ------
    StudyError
        Fewer than three finished seeds, or no finished sample.
    InputError
        A logarithm of what is not positive.
    """
    scale = Scale(claim.scale)
    if len(ensemble) < FEWEST:
        runs = f"{len(ensemble)} runs of {model.ensemble}"
        raise StudyError(f"{name}: {runs} are finished and report it; an interval needs {FEWEST}")
    centre = _on(scale, name, ensemble)
    mean = float(centre.mean())
    half = float(np.mean([_error_on(scale, one) for one in ensemble]))
    [(low, high, _)] = intervals([centre])
    means, rng = _bootstrap_means(centre)
    ranges, draws, count = NONE, means, 0
    if sample is not None:
        offsets, count = _offsets(scale, name, model, sample, reference), len(sample)
        ranges = scale.interval(*(mean + np.percentile(offsets, TAILS)))
        draws = means + rng.choice(offsets, len(means))
    ends = np.percentile(draws, TAILS)
    return Estimated(
        scale.back(mean), scale.interval(ends[0] - half, ends[1] + half),
        scale.interval(low, high) if math.isfinite(low) else Interval(scale.back(mean), scale.back(mean)),
        scale.interval(mean - half, mean + half), ranges, len(ensemble), count, draws, half,
    )  # fmt: skip


def _on(scale: Scale, name: str, values: Sequence[CaseValue]) -> np.ndarray:
    found = scale.to([one.value for one in values])
    if not np.isfinite(found).all():
        bad = values[int(np.flatnonzero(~np.isfinite(found))[0])].value
        raise InputError(f"claims.{name}: the value {bad:.4g} of a run has no logarithm; write scale: linear")
    return found


def _error_on(scale: Scale, one: CaseValue) -> float:
    return one.error / abs(one.value) if scale.log else one.error


def _bootstrap_means(values: np.ndarray) -> tuple[np.ndarray, np.random.Generator]:
    """Means of resamples; the random numbers depend on nothing but how many values there are."""
    rng = np.random.default_rng(len(values))
    return values[rng.integers(0, len(values), (RESAMPLES, len(values)))].mean(axis=1), rng


def _offsets(
    scale: Scale, name: str, model: SampledModel, sample: Sequence[CaseValue], reference: Sequence[CaseValue]
) -> np.ndarray:
    """Effect of the material ranges alone."""
    if not sample or not reference:
        raise StudyError(f"{name}: no run of {model.ranges if not sample else model.reference} is finished and reports it")
    frozen = _on(scale, name, reference)
    by_seed = {one.seed: value for one, value in zip(reference, frozen, strict=True)}
    mean = float(frozen.mean())
    found = _on(scale, name, sample)
    return np.array([value - by_seed.get(one.seed, mean) for one, value in zip(sample, found, strict=True)])
