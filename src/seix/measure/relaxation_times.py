r"""Distribution of relaxation times: regularised non-negative least squares, as it is applied to measured spectra.

.. math:: Z(\omega)=R_\infty+\int\frac{\gamma(\ln\tau)}{1+j\omega\tau}\,d\ln\tau,\qquad \gamma\ge0

On a logarithmic grid of :math:`\tau` the resistances :math:`R_k=\gamma_k\,\Delta\ln\tau\ge0` minimise

.. math:: \sum|Z-Z_{fit}|^2/|Z|^2+\lambda\sum(R_{k+1}-R_k)^2/R_{total}^2 .

The weight :math:`\lambda` comes from cross-validation between real and imaginary part, which tell the same by Kramers and Kronig
(Saccoccio et al., doi:10.1016/j.electacta.2014.09.058): one of them is fitted and the other one predicted. Where the distribution
is a few sharp peaks the score hardly depends on :math:`\lambda` below some value, and its minimum there is chance: noise would
split peaks. So the largest :math:`\lambda` is taken whose score is within one standard error of the least (Hastie, Tibshirani and
Friedman, The Elements of Statistical Learning, section 7.10).

A band cannot be made of refits with this :math:`\lambda`: where it errs least, smoothing moves resistance between neighbouring
times by as much as the noise does, and no refit sees that. So the fit is repeated with :math:`\lambda/100`, and so are refits to
the spectrum of this rough fit with new errors (undersmoothing; Hall, doi:10.1214/aos/1176348651): they scatter more, and hardly
any smoothing is left. The band is the rough fit plus and minus the larger distance to the 2.5 and 97.5 % quantiles of its refits,
because values that cannot be negative shift to either side, and it holds the value reported. In how many synthetic spectra it
holds the truth is in docs/theory.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

POINTS = 20
"""Relaxation times in a decade."""
MARGIN = 0.5
"""Decades by which they go beyond the reciprocals of the angular frequencies."""
WEIGHTS = np.logspace(-8, 3, 34)
"""Values of lambda that are tried."""
LEAST_PEAK = 0.005
"""Share of the whole resistance below which a peak is not listed."""
RESAMPLES = 100
"""Spectra with new random errors from which the band is made."""
UNDERSMOOTHED = 0.01
"""Part of lambda with which they are fitted."""
LEVEL = 0.95
"""Share of spectra whose band is to hold the truth."""

Real = NDArray[np.float64]


@dataclass(frozen=True)
class Peak:
    """One peak of a distribution, between the minima beside it.

    Attributes
    ----------
    time : float
        Mean of ln tau over the peak, as a time, s.
    resistance : float
        Its area, in the unit of the impedance.
    first, last : int
        Its part of the grid, both included.
    """

    time: float
    resistance: float
    first: int
    last: int

    @property
    def capacitance(self) -> float:
        """Time over resistance."""
        return self.time / self.resistance


@dataclass(frozen=True)
class Distribution:
    """Relaxation times of a spectrum.

    Attributes
    ----------
    times : ndarray
        Grid, s, ascending and even in ln tau.
    resistances : ndarray
        R_k at each time, not negative.
    ohmic : float
        R_infinity: what relaxes faster than all times of the grid.
    weight : float
        lambda.
    misfit : float
        Root mean square of the relative residuals of real and imaginary parts.
    rough : ndarray
        R_k with `UNDERSMOOTHED` times this weight.
    samples : ndarray, shape (resamples, times)
        R_k of refits to that with new random errors, with the smaller weight too; empty without.
    """

    times: Real
    resistances: Real
    ohmic: float
    weight: float
    misfit: float
    rough: Real = field(default_factory=lambda: np.zeros(0))
    samples: Real = field(default_factory=lambda: np.zeros((0, 0)))

    @property
    def step(self) -> float:
        """Distance of the grid in ln tau."""
        return float(np.log(self.times[1] / self.times[0]))

    @property
    def density(self) -> Real:
        """gamma = dR/d ln tau."""
        return self.resistances / self.step

    def within(self, first: float, last: float) -> Real:
        """Part of each grid point's cell, even about it in ln tau, that lies between two times."""
        middle = np.log(self.times)
        low, high = middle - self.step / 2, middle + self.step / 2
        return np.clip(np.minimum(high, np.log(last)) - np.maximum(low, np.log(first)), 0.0, None) / self.step

    def between(self, first: float, last: float) -> float:
        """Resistance that relaxes between two times: the area under gamma."""
        return float(self.resistances @ self.within(first, last))

    def band(self, part: Real) -> tuple[float, float]:
        """Interval that holds the true sum over the grid with weights, not negative; NaN without refits."""
        if not len(self.samples):
            return np.nan, np.nan
        low, high = _interval(float(self.resistances @ part), float(self.rough @ part), self.samples @ part)
        return max(low, 0.0), high

    def time_band(self, peak: Peak) -> tuple[float, float]:
        """Likewise for the time of a peak; NaN where nothing of it is in the rough fit, or in no refit."""
        if not len(self.samples):
            return np.nan, np.nan
        rows = np.vstack([self.rough, self.samples])[:, peak.first : peak.last + 1]
        areas = rows.sum(axis=1)
        if not (areas[0] > 0.0 and areas[1:].any()):
            return np.nan, np.nan
        kept = rows[areas > 0.0]
        centre, *refits = kept @ np.log(self.times[peak.first : peak.last + 1]) / kept.sum(axis=1)
        low, high = np.exp(_interval(float(np.log(peak.time)), centre, np.array(refits)))
        return float(low), float(high)

    def peaks(self) -> list[Peak]:
        """Peaks in the order of their times; those below `LEAST_PEAK` of the whole are left out."""
        r = self.resistances
        inner = np.arange(1, len(r) - 1)
        minima = inner[(r[1:-1] <= r[:-2]) & (r[1:-1] < r[2:])]
        walls = [0, *minima.tolist(), len(r)]
        found = []
        for first, end in pairwise(walls):
            area = float(r[first:end].sum())
            if area > LEAST_PEAK * r.sum():
                time = float(np.exp(r[first:end] @ np.log(self.times[first:end]) / area))
                found.append(Peak(time, area, first, end - 1))
        return found


def _interval(value: float, rough: float, refits: Real) -> tuple[float, float]:
    """Interval about a rough fit that holds the quantiles of its refits and what lies as far on the other side, and a value."""
    low, high = np.quantile(refits, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    half = max(high - rough, rough - low)
    return float(min(rough - half, value)), float(max(rough + half, value))


def invert(omega: Real, impedance: NDArray[np.complex128], resamples: int = 0, seed: int = 0) -> Distribution:
    """Distribution of relaxation times of a spectrum.

    Parameters
    ----------
    omega : ndarray
        Angular frequencies, rad/s, at least five in a decade.
    impedance : ndarray
    resamples : int
        Refits for the bands: to the spectrum of the rough fit with normal errors as large as the residuals.
    seed : int
        Of these errors.

    Returns
    -------
    Distribution
    """
    fit = _Fit(omega, impedance)
    weight = fit.choose()
    found = fit.solve(fit.real + fit.imaginary, weight)
    misfit = float(np.sqrt(np.mean((fit.given - fit.rows @ found) ** 2)))
    rough, samples = np.zeros(len(fit.times) + 1), np.zeros((resamples, len(fit.times)))
    if resamples:
        rough = fit.solve(fit.real + fit.imaginary, UNDERSMOOTHED * weight)
    numbers = np.random.default_rng(seed)
    for sample in samples:
        again = fit.rows @ rough + misfit * numbers.standard_normal(len(fit.given))
        sample[:] = fit.solve(fit.real + fit.imaginary, UNDERSMOOTHED * weight, again)[1:]
    scale = fit.scale
    return Distribution(
        fit.times, found[1:] * scale, float(found[0]) * scale, weight, misfit, rough[1:] * scale, samples * scale
    )


class _Fit:
    """Equations for R_infinity and the R_k, each divided by the magnitude of the impedance; in units of the largest real part."""

    def __init__(self, omega: Real, impedance: NDArray[np.complex128]):
        low, high = -np.log10(omega.max()) - MARGIN, -np.log10(omega.min()) + MARGIN
        self.times = np.logspace(low, high, round((high - low) * POINTS) + 1)
        self.scale = float(impedance.real.max())
        chain = np.column_stack([np.ones(len(omega)), 1.0 / (1.0 + 1j * np.outer(omega, self.times))])
        size = np.abs(impedance) / self.scale
        self.rows = np.vstack([chain.real, chain.imag]) / np.tile(size, 2)[:, None]
        self.given = np.concatenate([impedance.real, impedance.imag]) / self.scale / np.tile(size, 2)
        count = len(omega)
        self.real, self.imaginary = list(range(count)), list(range(count, 2 * count))
        # nothing relaxes outside of the grid
        padded = np.vstack([np.zeros(len(self.times)), np.eye(len(self.times)), np.zeros(len(self.times))])
        self.slopes = np.column_stack([np.zeros(len(self.times) + 1), np.diff(padded, axis=0)])

    def solve(self, rows: list[int], weight: float, given: Real | None = None) -> Real:
        """R_infinity and R_k from some of the equations."""
        given = self.given if given is None else given
        matrix = np.vstack([self.rows[rows], np.sqrt(weight) * self.slopes])
        return nnls(matrix, np.concatenate([given[rows], np.zeros(len(self.slopes))]))[0]

    def choose(self) -> float:
        """lambda by cross-validation."""
        errors = np.array([self._missed(weight) for weight in WEIGHTS]) ** 2
        score = errors.mean(axis=1)
        best = int(np.argmin(score))
        spread = errors[best].std() / np.sqrt(errors.shape[1])
        return float(WEIGHTS[np.flatnonzero(score <= score[best] + spread)[-1]])

    def _missed(self, weight: float) -> Real:
        """What the fit of each part misses of the other one; only the real part knows R_infinity."""
        from_real, from_imaginary = self.solve(self.real, weight), self.solve(self.imaginary, weight)
        rows, flat = self.rows[self.real], self.rows[self.real, 0]
        left = self.given[self.real] - rows[:, 1:] @ from_imaginary[1:]
        left = left - flat * max(float(flat @ left) / float(flat @ flat), 0.0)
        return np.concatenate([left, self.given[self.imaginary] - self.rows[self.imaginary] @ from_real])
