"""Statistics over the seeds of a study: mean, scatter, interval, numerical error, and how many seeds would do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .known import KnownCase

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.95
"""Confidence of all intervals."""
RESAMPLES = 4999
WANTED = 0.05
"""Half width of the interval of the mean that `needed` aims at, over the mean."""
SCATTER, NUMERICAL, UNKNOWN = "scatter", "numerical error", "unknown"
NOT_CONVERGED = "not converged"
"""Kind of error of a number that depends on the mesh for ever."""
SEVERAL = 6
"""Values from which on their range can hold the centre of a symmetric distribution with 95 %: 1 - 2^(1-n) is above it."""
_SAME = 1e-13
"""Relative scatter that is rounding: such values are taken as identical."""
_CHUNK = 4_000_000
"""Numbers resampled at a time."""
_MOST = 10**9


def ensemble_table(tidy: pd.DataFrame, cases: Sequence[KnownCase], wanted: float = WANTED) -> pd.DataFrame:
    """Statistics over the seeds at every point of a study.

    A point is a set of values as written in the study file, so that values of zipped keys that share their first number stay
    apart. A ratio of two structures is computed within a case and hence with one seed: its row is the statistics of the paired
    ratios.

    Parameters
    ----------
    tidy : DataFrame
        Table of :func:`seix.study.tables.tidy_table`.
    cases : sequence of KnownCase
        Of the study, which tell the points.
    wanted : float
        See :func:`seeds_needed`.

    Returns
    -------
    DataFrame
        One row for each point, structure, current and quantity, in the order of the tidy table: ``point`` (number from 0), the
        axes, ``structure``, ``current_multiple``, ``quantity``, ``unit``, ``n``, ``mean``, ``std`` (of a single value, with
        n - 1), ``low`` and ``high`` (95 % bootstrap interval of the mean), ``interval`` (``BCa``, ``percentile`` or empty
        where there is none), ``student`` (half width of Student's interval of the mean), ``error`` (mean of the stated
        numerical errors), ``error_kind`` (``not converged`` if it is that of one run), ``dominant``, ``needed``. What is not
        defined is empty.
    """
    import pandas as pd

    axes = list(tidy.columns[2 : tidy.columns.get_loc("seed")])
    keys = ["point", "structure", "current_multiple", "quantity"]
    # two points of a sample may be the same case after rounding
    tidy = with_points(tidy, cases).drop_duplicates([*keys, "folder"], ignore_index=True)
    columns = {name: tidy[name].to_numpy() for name in (*axes, "unit", "value", "error", "error_kind")}
    rows, samples = [], []
    groups = sorted(tidy.groupby(keys, sort=False).indices.items(), key=lambda item: item[1][0])
    for key, places in groups:
        values, first = columns["value"][places].astype(float), places[0]
        kinds = columns["error_kind"][places]
        error = stated_error(columns["error"][places], kinds)
        given = {"point": key[0]} | {name: columns[name][first] for name in axes} | dict(zip(keys[1:], key[1:], strict=True))
        kind = NOT_CONVERGED if NOT_CONVERGED in kinds else kinds[0]
        rows.append(given | {"unit": columns["unit"][first], "error_kind": kind} | spread(values, error, wanted))
        samples.append(values)
    table = pd.DataFrame(rows, columns=["point", *axes, *keys[1:], "unit", *_STATISTICS])
    found = intervals(samples)
    for column, values in zip(("low", "high", "interval"), zip(*found, strict=True) if found else ([], [], []), strict=True):
        table[column] = list(values)
    numbers = dict.fromkeys(("mean", "std", "low", "high", "student", "error", "current_multiple"), float)
    return table.astype(numbers | {"n": "int64", "point": "int64", "needed": "Int64"})


_STATISTICS = ("n", "mean", "std", "low", "high", "interval", "student", "error", "error_kind", "dominant", "needed")


def with_points(tidy: pd.DataFrame, cases: Sequence[KnownCase]) -> pd.DataFrame:
    """A tidy table with the column ``point``: the number of the set of values that a case belongs to."""
    numbers: dict[Any, int] = {}
    of_case = {case.number: numbers.setdefault(point_key(case), len(numbers)) for case in cases}
    return tidy.assign(point=tidy["case"].map(of_case))


def point_key(case: KnownCase) -> tuple[tuple[str, str], ...]:
    """Values of a case as written, without its seed."""
    return tuple((name, str(value)) for name, value in case.values.items())


def stated_error(errors: Sequence[float], kinds: Sequence[str | None]) -> float:
    """Mean of the numerical errors; NaN if one is not stated or does not converge."""
    errors = np.asarray(errors, float)
    return math.nan if NOT_CONVERGED in set(kinds) or not np.isfinite(errors).all() else float(errors.mean())


def spread(values: np.ndarray, error: float, wanted: float = WANTED) -> dict[str, Any]:
    """Everything but the bootstrap of one sample.

    Parameters
    ----------
    values : ndarray (n,)
        One for each seed.
    error : float
        Mean numerical error of a value, NaN if unknown.
    wanted : float
        See :func:`seeds_needed`.
    """
    n, mean = len(values), float(values.mean())
    std = student = math.nan
    if n > 1:
        std = 0.0 if identical(values) else float(values.std(ddof=1))
        student = student_factor(n) * std
    return {"n": n, "mean": mean, "std": std, "student": student, "error": error, "dominant": dominant(std, error),
            "needed": seeds_needed(mean, std, wanted)}  # fmt: skip


def student_factor(n: int) -> float:
    """Half width of Student's 95 % interval of the mean of n > 1 values, over their standard deviation."""
    from scipy.special import stdtrit

    return float(stdtrit(n - 1, 0.5 + LEVEL / 2)) / math.sqrt(n)


def identical(values: np.ndarray) -> bool:
    """Whether values differ by rounding at most."""
    return float(np.ptp(values)) <= _SAME * float(np.abs(values).max())


def dominant(std: float, error: float) -> str:
    """What makes a single run uncertain: the larger one of the scatter over the seeds and the numerical error.

    Returns
    -------
    {"scatter", "numerical error", "unknown"}
        Unknown if one of them is (one seed only, or an error that is not stated), or if both are zero.
    """
    if not (math.isfinite(std) and math.isfinite(error)) or std == error == 0.0:
        return UNKNOWN
    return SCATTER if std > error else NUMERICAL


def seeds_needed(mean: float, std: float, wanted: float = WANTED) -> int | None:
    """Smallest n with t(0.975, n - 1) s / sqrt(n) <= w |mean|.

    s is the standard deviation found so far, which itself is uncertain by about s / sqrt(2 (n - 1)), so the number is a guide
    and is to be looked at again once those seeds are there.

    Parameters
    ----------
    mean, std : float
        Of the values over the seeds.
    wanted : float
        Half width w of the 95 % interval of the mean, over the mean.

    Returns
    -------
    int or None
        At least 2, as one value has no interval; None if the scatter is unknown, the mean is zero, or more than 10^9 would
        be needed.
    """
    if not math.isfinite(std) or mean == 0.0:
        return None

    def enough(n: int) -> bool:
        return student_factor(n) * std <= wanted * abs(mean)

    low, high = 1, 2
    while not enough(high):
        low, high = high, 2 * high
        if high > _MOST:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def intervals(samples: Sequence[np.ndarray]) -> list[tuple[float, float, str]]:
    """95 % bootstrap intervals of the means of samples.

    Bias-corrected and accelerated (BCa; Efron, 1987, doi:10.1080/01621459.1987.10478410) where that is defined, otherwise from
    the percentiles. The random numbers are the same for all samples of one length, so that an interval depends on its own sample
    alone, and the same results give the same bytes.

    Parameters
    ----------
    samples : sequence of ndarray (n,)
        n may differ.

    Returns
    -------
    list of (low, high, method)
        (NaN, NaN, "") for a single value and for identical ones, which have nothing to resample.
    """
    found: list[tuple[float, float, str]] = [(math.nan, math.nan, "")] * len(samples)
    by_length: dict[int, list[int]] = {}
    for number, values in enumerate(samples):
        if len(values) > 1 and not identical(values):
            by_length.setdefault(len(values), []).append(number)
    for length, numbers in by_length.items():
        step = max(_CHUNK // (length * RESAMPLES), 1)
        for start in range(0, len(numbers), step):
            chunk = numbers[start : start + step]
            for number, one in zip(chunk, _bootstrap(np.stack([samples[k] for k in chunk])), strict=True):
                found[number] = one
    return found


def _bootstrap(data: np.ndarray) -> list[tuple[float, float, str]]:
    """Intervals of samples (k, n) of one length."""
    import warnings

    from scipy.stats import bootstrap

    bounds = {}
    # the size of a number is of no concern, but squares of very small ones would vanish in the acceleration
    scale = np.abs(data).max(axis=1, keepdims=True)
    for method in ("BCa", "percentile"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # where BCa is not defined it says so, and the percentiles are taken
            interval = bootstrap(
                (data / scale,), np.mean, axis=-1, n_resamples=RESAMPLES, confidence_level=LEVEL, method=method,
                rng=np.random.default_rng(data.shape[1]), vectorized=True,
            ).confidence_interval  # fmt: skip
        bounds[method] = (interval.low * scale[:, 0], interval.high * scale[:, 0])
        if np.isfinite(bounds[method]).all():
            break
    found = []
    for k in range(len(data)):
        method = next(name for name, (low, high) in bounds.items() if np.isfinite([low[k], high[k]]).all())
        found.append((float(bounds[method][0][k]), float(bounds[method][1][k]), method))
    return found
