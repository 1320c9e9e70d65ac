"""Distributions of diameters and gaps: asked, found, and of hard discs or spheres in equilibrium."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from seix.geometry.grains import CLIP, ball, mean_measure

if TYPE_CHECKING:
    from seix.geometry.layers import LayerShape, Structure

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Levels of the quantiles reported."""
FREEZING = {2: 0.69, 3: 0.494}
"""Fraction up to which the formulas for equilibrium hold: the fluid side of freezing."""
STEPS = 60
"""Halvings in a bisection: enough for all digits."""


def described(values: np.ndarray) -> dict:
    """Mean, standard deviation, ends and quantiles {p05, p25, p50, p75, p95} of values (n,), n > 0."""
    quantiles = np.quantile(values, LEVELS)
    return {
        "mean": float(values.mean()),
        "std": float(values.std()),
        "min": float(values.min()),
        "max": float(values.max()),
        "quantiles": named_quantiles(quantiles),
    }


def named_quantiles(values) -> dict[str, float]:
    """The quantiles at LEVELS by name."""
    return {f"p{round(100 * level):02d}": float(value) for level, value in zip(LEVELS, values, strict=True)}


@dataclass(frozen=True)
class Asked:
    """Mixture of clipped lognormal diameters, one part for each phase in each layer.

    Attributes
    ----------
    weights : ndarray (k,)
        Parts of the number of grains; they sum to 1.
    diameters, spreads : ndarray (k,)
        Mean [nm] and coefficient of variation before clipping.
    """

    weights: np.ndarray
    diameters: np.ndarray
    spreads: np.ndarray

    @classmethod
    def of(cls, structure: Structure, layers: list[LayerShape], phases: list[str]) -> Asked | None:
        """What some layers ask of some phases; None if nothing."""
        frame, rows = structure.frame, []
        for layer in layers:
            share = sum(layer.fractions.get(name, 0.0) for name in phases)
            if share > 0.0:
                number = share * frame.measure(layer.inner, layer.outer) / mean_measure(layer, frame.dim)
                rows.append((number, layer.diameter, layer.spread))
        if not rows:
            return None
        weights, diameters, spreads = np.array(rows).T
        return cls(weights / weights.sum(), diameters, spreads)

    @property
    def _sigma(self) -> np.ndarray:
        return np.sqrt(np.log1p(self.spreads**2))

    def cdf(self, x: np.ndarray, before: bool = False) -> np.ndarray:
        """Part of the grains with diameters up to x (n,) [nm], or strictly below x if `before`."""
        total = np.zeros(len(x))
        for weight, diameter, sigma in zip(self.weights, self.diameters, self._sigma, strict=True):
            y = x / diameter
            low, high = (y <= CLIP[0], y > CLIP[1]) if before else (y < CLIP[0], y >= CLIP[1])
            if sigma == 0.0:
                part = np.where(y > 1.0 if before else y >= 1.0, 1.0, 0.0)
            else:
                part = ndtr(np.log(np.maximum(y, 1e-300)) / sigma + 0.5 * sigma)
            total += weight * np.where(low, 0.0, np.where(high, 1.0, part))
        return total

    def quantiles(self, levels) -> np.ndarray:
        """Diameters [nm] below which these parts of the grains lie."""
        levels = np.asarray(levels)
        low = np.full(len(levels), 0.0)
        high = np.full(len(levels), CLIP[1] * self.diameters.max())
        for _ in range(STEPS):
            middle = 0.5 * (low + high)
            reached = self.cdf(middle) >= levels
            low, high = np.where(reached, low, middle), np.where(reached, middle, high)
        return high

    def moments(self) -> tuple[float, float]:
        """Mean and standard deviation [nm].

        E[min(max(y, a), b)^k] of the lognormal with mean 1 in closed form.
        """
        raw = []
        for k in (1, 2):
            sigma = np.maximum(self._sigma, 1e-12)
            low, high = (np.log(c) / sigma + 0.5 * sigma for c in CLIP)
            inner = np.exp(0.5 * k * (k - 1) * sigma**2) * (ndtr(high - k * sigma) - ndtr(low - k * sigma))
            y = inner + CLIP[0] ** k * ndtr(low) + CLIP[1] ** k * ndtr(-high)
            raw.append(float((self.weights * y * self.diameters**k).sum()))
        return raw[0], math.sqrt(max(raw[1] - raw[0] ** 2, 0.0))

    def distance(self, found: np.ndarray) -> float | None:
        """Kolmogorov-Smirnov distance of diameters (n,) from this; None where all diameters asked of a phase are equal."""
        if (self.spreads == 0.0).any():
            return None
        x = np.sort(np.concatenate([found, *(c * self.diameters for c in CLIP)]))
        steps = np.sort(found)
        after = np.searchsorted(steps, x, side="right") / len(found)
        below = np.searchsorted(steps, x, side="left") / len(found)
        return float(max(np.abs(after - self.cdf(x)).max(), np.abs(below - self.cdf(x, before=True)).max()))


def diameter_statistics(asked: Asked | None, found: np.ndarray, per_metre: float) -> dict:
    """Asked and found diameters [m], and how far apart they are.

    Returns
    -------
    dict
        `asked` {mean, std, quantiles}, `found` {mean, std, min, max, quantiles} [m], `ks` (Kolmogorov-Smirnov
        distance) and `ks_5_percent` (the distance that independent draws exceed once in 20 times).
    """
    result = {}
    if asked is not None:
        mean, std = asked.moments()
        quantiles = asked.quantiles(LEVELS) / per_metre
        result["asked"] = {"mean": mean / per_metre, "std": std / per_metre, "quantiles": named_quantiles(quantiles)}
    if len(found):
        result["found"] = described(found / per_metre)
        distance = None if asked is None else asked.distance(found)
        if distance is not None:
            result |= {"ks": distance, "ks_5_percent": 1.3581 / math.sqrt(len(found))}
    return result


def hard_exclusion(x: np.ndarray, fraction: float, dim: int) -> np.ndarray:
    """Probability that no other centre lies within x diameters of a grain, for equal hard discs or spheres in equilibrium.

    Torquato, Lu and Rubinstein, Phys. Rev. A 41 (1990) 2059, doi:10.1103/PhysRevA.41.2059, with the contact values of
    scaled-particle theory (discs: (1 - 0.436 f)/(1 - f)^2, spheres: Carnahan and Starling, (1 - f/2)/(1 - f)^3).

    Parameters
    ----------
    x : ndarray
        Distance of centres over the diameter; 1 below contact.
    fraction : float
        Area or volume fraction f, below FREEZING.
    dim : int
    """
    f, x = fraction, np.maximum(x, 1.0)
    if dim == 2:
        a0, a1 = (1.0 + 0.128 * f) / (1.0 - f) ** 2, -0.564 * f / (1.0 - f) ** 2
        return np.exp(-f * (4.0 * a0 * (x**2 - 1.0) + 8.0 * a1 * (x - 1.0)))
    cube = (1.0 - f) ** 3
    e0, e1 = (1.0 + f + f**2 - f**3) / cube, f * (3.0 * f**2 - 4.0 * f - 3.0) / (2.0 * cube)
    e2 = f**2 * (2.0 - f) / (2.0 * cube)
    return np.exp(-f * (8.0 * e0 * (x**3 - 1.0) + 12.0 * e1 * (x**2 - 1.0) + 24.0 * e2 * (x - 1.0)))


def contact_value(fraction: float, dim: int) -> float:
    """Pair correlation at contact of equal hard discs or spheres in equilibrium."""
    if dim == 2:
        return (1.0 - 0.436 * fraction) / (1.0 - fraction) ** 2
    return (1.0 - 0.5 * fraction) / (1.0 - fraction) ** 3


@dataclass(frozen=True)
class Equilibrium:
    """Equal hard discs or spheres in equilibrium, in place of the grains of a layer.

    They have the mean diameter of the layer and keep its smallest gap. A packing need not look like that: it is the
    reference of a random arrangement without walls.

    Attributes
    ----------
    core : float
        Distance that the centres keep [nm].
    gap : float
        Smallest gap [nm].
    fraction : float
        Of the grains with half the smallest gap around them.
    dim : int
    """

    core: float
    gap: float
    fraction: float
    dim: int

    @classmethod
    def of(cls, layer: LayerShape, number: float, measure: float, dim: int) -> Equilibrium | None:
        """For so many grains on an area or volume [nm2, nm3]; None without grains or above freezing."""
        core = layer.diameter + layer.gap
        fraction = float(number * ball(0.5 * core, dim) / measure)
        return cls(core, layer.gap, fraction, dim) if 0.0 < fraction < FREEZING[dim] else None

    def cdf(self, gaps: np.ndarray) -> np.ndarray:
        """Part of the grains with a nearest gap up to `gaps` [nm]."""
        return 1.0 - hard_exclusion(1.0 + (gaps - self.gap) / self.core, self.fraction, self.dim)

    def quantiles(self, levels) -> np.ndarray:
        """Gaps below which these parts of the grains have their nearest neighbour [nm]."""
        low, high = np.full(len(levels), self.gap), np.full(len(levels), self.gap + 40.0 * self.core / self.fraction)
        for _ in range(STEPS):
            middle = 0.5 * (low + high)
            reached = self.cdf(middle) >= levels
            low, high = np.where(reached, low, middle), np.where(reached, middle, high)
        return high

    def mean(self) -> float:
        """Mean nearest gap [nm]."""
        # the integral of the exclusion probability, which falls over a length of the order of the 95 % quantile
        x = self.gap + 8.0 * (self.quantiles([0.95])[0] - self.gap) * np.linspace(0.0, 1.0, 4001)
        return self.gap + float(np.trapezoid(1.0 - self.cdf(x), x))

    def contact(self) -> float:
        """Pair correlation at contact."""
        return contact_value(self.fraction, self.dim)


def histogram(values: np.ndarray, asked: Asked | None, bins: int, per_metre: float) -> dict:
    """Densities for a figure: `edges` (k + 1,) [m], `found` (k,) [1/m], and `asked` (k,) [1/m] if there is one.

    Parameters
    ----------
    values : ndarray (n,)
        [nm], n > 0.
    asked : Asked or None
    bins : int
        Number of bins over the range of the values and of what is asked.
    """
    low, high = values.min(), values.max()
    if asked is not None:
        ends = asked.quantiles([0.001, 0.999])
        low, high = min(low, ends[0]), max(high, ends[1])
    high = max(high, low + 1e-6 * abs(high) + 1e-12)
    edges = np.linspace(low, high, bins + 1)
    count, _ = np.histogram(values, edges)
    width = (edges[1] - edges[0]) / per_metre
    result = {"edges": (edges / per_metre).tolist(), "found": (count / len(values) / width).tolist()}
    if asked is not None:
        part = np.diff(asked.cdf(edges))
        part[0] += asked.cdf(edges[:1])[0]
        result["asked"] = (part / width).tolist()
    return result
