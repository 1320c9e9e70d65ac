"""Mean of an ensemble with its confidence interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEVEL = 0.95


@dataclass(frozen=True)
class Mean:
    """Mean of independent values.

    Attributes
    ----------
    value : float
    half_width : float
        Of the 95 % interval by Student's t; infinite for a single value.
    deviation : float
        Standard deviation of the values, with one degree of freedom less; NaN for a single value.
    count : int
    """

    value: float
    half_width: float
    deviation: float
    count: int


def mean_of(values: Sequence[float]) -> Mean:
    r"""Mean :math:`\bar y` of n values with :math:`\pm t_{0.975,n-1}\, s/\sqrt{n}` (Student 1908, doi:10.1093/biomet/6.1.1)."""
    array = np.asarray(values, dtype=float)
    if array.size < 2:
        return Mean(float(array.mean()), math.inf, math.nan, int(array.size))
    deviation = float(array.std(ddof=1))
    half_width = student(array.size) * deviation / math.sqrt(array.size)
    return Mean(float(array.mean()), half_width, deviation, int(array.size))


def student(count: int) -> float:
    """Quantile of Student's t for the mean of so many values."""
    from scipy.stats import t

    return float(t.ppf(0.5 + LEVEL / 2, count - 1))


def needed(mean: Mean, half_width: float, most: int) -> int:
    """Values after which the interval of a mean will be as narrow as asked, if they scatter as until now; at most `most`."""
    count = mean.count
    while count < most and student(count) * mean.deviation / math.sqrt(count) > half_width:
        count += 1
    return count
