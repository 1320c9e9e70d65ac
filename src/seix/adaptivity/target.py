"""The quantity that a mesh is adapted to: its names, its value in a sampled field, and what matters to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..analysis.evaluate import weighted_quantiles

PREFIX = "field_enhancement"
LEVELS = {"p99": 0.99, "p999": 0.999}
"""Quantiles by name; the other statistic is the `mean`."""
FULL_WEIGHT = 0.5
"""Part of a quantile from which a field counts fully: errors of smaller fields move the quantile less."""
OTHER_PHASE = 0.3
"""Weight of the field in phases that the quantity does not look at: it decides what flows into those it does."""

WIDEST = 0.9
"""Largest part of the area or volume above a quantile that is taken to be counted wrong."""


@dataclass(frozen=True)
class Target:
    """A statistic of the field enhancement in the SEI or in one of its phases.

    Attributes
    ----------
    name : str
        As in quantities.json.
    statistic : str
        `mean`, `p99` or `p999`.
    phase : str or None
        Material, None for the whole SEI.
    """

    name: str
    statistic: str
    phase: str | None

    @classmethod
    def of(cls, name: str) -> Target:
        """The target with a name that the scenario has checked."""
        statistic, _, phase = name.removeprefix(f"{PREFIX}.").partition(".")
        return cls(name, statistic, phase or None)

    def value(self, magnitude: np.ndarray, volume: np.ndarray, inside: np.ndarray) -> float:
        """The quantity in a field.

        Parameters
        ----------
        magnitude, volume : ndarray (cells, points)
            Of the field at the quadrature points of the SEI, in any unit, and what each point stands for.
        inside : ndarray (cells,) of bool
            Cells of the phase.
        """
        magnitude, volume = magnitude[inside].ravel(), volume[inside].ravel()
        if self.statistic == "mean":
            return float((magnitude * volume).sum() / volume.sum())
        return float(weighted_quantiles(magnitude, volume, [LEVELS[self.statistic]])[0])

    def cut_cells(self, magnitude: np.ndarray, volume: np.ndarray, inside: np.ndarray, value: float) -> np.ndarray:
        """Squared area or volume (cells,) that a point stands for in cells where the field passes a quantile, 0 in others.

        About that much is counted wrong in such a cell, as a point is on one side of the quantile as a whole; the errors of
        different cells are independent, so their squares add up.

        Parameters
        ----------
        magnitude, volume, inside
            As for :meth:`value`.
        value : float
            The quantity.
        """
        if self.statistic == "mean":
            return np.zeros(len(magnitude))
        cut = inside & (magnitude.min(axis=1) <= value) & (magnitude.max(axis=1) >= value)
        return np.where(cut, volume.mean(axis=1) ** 2, 0.0)

    def sampling_error(self, magnitude: np.ndarray, volume: np.ndarray, inside: np.ndarray, cut: np.ndarray) -> float:
        """How far a quantile may be off because the field is looked at in points.

        Parameters
        ----------
        magnitude, volume, inside
            As for :meth:`value`.
        cut : ndarray (cells,)
            Of :meth:`cut_cells`.
        """
        if self.statistic == "mean":
            return 0.0
        level = LEVELS[self.statistic]
        half = min(np.sqrt(cut.sum()) / volume[inside].sum(), WIDEST * (1.0 - level))
        low, high = weighted_quantiles(magnitude[inside].ravel(), volume[inside].ravel(), [level - half, level + half])
        return float(0.5 * (high - low))

    def weights(self, magnitude: np.ndarray, inside: np.ndarray, value: float) -> np.ndarray:
        """How much an error (cells, points) of the field matters, from 0 to 1.

        Parameters
        ----------
        magnitude, inside
            As for :meth:`value`.
        value : float
            The quantity.
        """
        phase = np.where(inside, 1.0, OTHER_PHASE)[:, None]
        if self.statistic == "mean":
            return np.broadcast_to(phase, magnitude.shape)
        return phase * np.minimum(magnitude / (FULL_WEIGHT * value), 1.0)
