"""What a fit knows of its parameters: covariance, bounds, and combinations that the measurements do not fix."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

AT_BOUND = 1e-4
"""Distance from a bound, as a part of the distance of both, within which a parameter is at it."""
CONDITION = 2e-5
"""Singular value over the largest one below which differences tell nothing: twice the tolerance of the solver over their step."""
SHARE = 0.01
"""Part of the square of a parameter's direction in an unknown combination from which it is unknown itself."""
NAMED = 0.2
"""Component of a combination, over the largest, from which a parameter is named as part of it."""
NORMAL = 1.959963984540054
"""97.5 % quantile of the normal distribution."""


@dataclass
class Confidence:
    """Uncertainty of a fit; all in shares of the distance of the bounds.

    Attributes
    ----------
    at_bound : list of str
        For each parameter ``low``, ``high`` or nothing.
    known : list of bool
        Whether measurements and priors fix a parameter, which is not at a bound.
    prior_only : list of bool
        Whether it would be unknown without the priors.
    covariance : ndarray, shape (parameters, parameters)
        NaN in rows and columns of parameters that are at a bound or unknown.
    singular : ndarray
        Singular values of the derivatives of the measured residuals with the parameters that are at no bound; with a value below
        1 the standard deviation along that direction exceeds the distance of the bounds.
    combinations : list of dict
        Directions that the measurements do not fix: parameter number -> component.
    fixed_by_prior : list of bool
        For each such combination.
    """

    at_bound: list[str]
    known: list[bool]
    prior_only: list[bool]
    covariance: np.ndarray
    singular: np.ndarray
    combinations: list[dict[int, float]] = field(default_factory=list)
    fixed_by_prior: list[bool] = field(default_factory=list)

    @property
    def standard_errors(self) -> np.ndarray:
        """Square roots of the variances; NaN where there is none."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def correlation(self) -> np.ndarray:
        """Correlation matrix; NaN where there is none."""
        errors = self.standard_errors
        return self.covariance / np.outer(errors, errors)


def confidence_of(shares: np.ndarray, jacobian: np.ndarray, measured: int) -> Confidence:
    r"""Linearised confidence region at the end of a fit.

    With residuals divided by their standard deviations the covariance is :math:`(J^T J)^{-1}` (Gauss-Markov; with priors Bayes
    for normal distributions). Parameters at a bound are left out of it. Directions v with a singular value of J below 1, or below
    :data:`CONDITION` times the largest, are not fixed: along them the data allow all of the interval between the bounds.

    Parameters
    ----------
    shares : ndarray, shape (n,)
        Places between the bounds.
    jacobian : ndarray, shape (measurements + priors, n)
    measured : int
        Number of rows that belong to measurements.
    """
    count = len(shares)
    at_bound = ["low" if x < AT_BOUND else "high" if x > 1 - AT_BOUND else "" for x in shares]
    free = [j for j in range(count) if not at_bound[j]]
    known, prior_only = [False] * count, [False] * count
    covariance = np.full((count, count), np.nan)
    if not free:
        return Confidence(at_bound, known, prior_only, covariance, np.zeros(0))
    data, everything = jacobian[:measured, free], jacobian[:, free]
    singular, weak = _weak(data)
    values, unknown = _weak(everything)
    projected = (unknown**2).sum(axis=0) if len(unknown) else np.zeros(len(free))
    without_priors = (weak**2).sum(axis=0) if len(weak) else np.zeros(len(free))
    for place, j in enumerate(free):
        known[j] = bool(projected[place] <= SHARE)
        prior_only[j] = known[j] and bool(without_priors[place] > SHARE)
    _, _, directions = np.linalg.svd(everything, full_matrices=True)
    strong = [i for i in range(len(free)) if i < len(values) and values[i] >= _threshold(values)]
    matrix = sum((np.outer(directions[i], directions[i]) / values[i] ** 2 for i in strong), np.zeros((len(free), len(free))))
    for a, j in enumerate(free):
        for b, k in enumerate(free):
            if known[j] and known[k]:
                covariance[j, k] = matrix[a, b]
    combinations, by_prior = [], []
    for row in weak:
        largest = np.abs(row).max()
        sign = np.sign(row[np.abs(row).argmax()])
        combinations.append({free[a]: float(sign * x) for a, x in enumerate(row) if abs(x) > NAMED * largest})
        by_prior.append(bool(np.linalg.norm(everything @ row) >= 1.0))
    return Confidence(at_bound, known, prior_only, covariance, singular, combinations, by_prior)


def _threshold(values: np.ndarray) -> float:
    return max(1.0, CONDITION * values.max(initial=0.0))


def _weak(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Singular values, one for each column, and the directions (k, columns) that the rows do not fix."""
    _, values, directions = np.linalg.svd(matrix, full_matrices=True)
    values = np.concatenate([values, np.zeros(matrix.shape[1] - len(values))])
    return values, directions[values < _threshold(values)]


def region_scale(dimensions: int) -> float:
    """Square of the distance, in standard deviations, that bounds 95 % of a normal distribution."""
    from scipy.stats import chi2

    return float(chi2.ppf(0.95, dimensions))


def ellipse(covariance: np.ndarray, points: int = 181) -> np.ndarray:
    """Boundary (points, 2) of the 95 % region of two parameters around their values."""
    angle = np.linspace(0.0, 2 * np.pi, points)
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    values, vectors = np.linalg.eigh(covariance)
    return np.sqrt(region_scale(2)) * circle * np.sqrt(np.maximum(values, 0.0)) @ vectors.T
