"""A case with a reference: what was computed on each mesh, what it is compared with, and when it passes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ..analysis.quantity_info import Kind

ORDER_MARGIN, ORDER_SHARE = 0.5, 0.25
"""How far an observed order may stay below the theoretical one, and at most which share of it: an error in the equations or in
the geometry costs a whole order, meshes that are not yet fine enough for the asymptotic one cost less than half."""
_CONSTANT = 4.0
"""Largest error over h^p, with h the cell size over the radius or thickness that sets the scale. The derivative of a quadratic
interpolant is wrong by h^2/12 times the third derivative at the end of a cell, which is 2 h^2 for the field of a dipole in space:
twice that, as cells are not aligned with it."""
Reference = Literal[
    "closed form", "series", "manufactured", "limit", "bound", "balance", "relation", "known input", "other method"
]
REFERENCES: dict[Reference, str] = {
    "closed form": "a formula for the very problem that is solved",
    "series": "the same as an infinite series or an expansion in multipoles; what is left out is within the allowed error",
    "manufactured": "fields that were chosen; the sources that make them the solution follow from the equations",
    "limit": "a formula that holds in a limit only (thin, dilute, short, far away); the allowed error holds what it leaves out",
    "bound": "an inequality: the number is the distance outside of it, or the share of it that is used, and no error",
    "balance": "what must be conserved; the number is what is lost, relative to what passes",
    "relation": "an identity between numbers that are all computed, such as a symmetry; no value is known before",
    "known input": "data made by a formula with known parameters, which must be read from them again",
    "other method": "the same number by a method that shares little with the first, computed in the same run",
}
"""What a number is compared with: word and meaning."""
ROUNDING = 1e-7
"""Relative error that counts as exact: the tolerance of the linear solvers times the condition of a stress."""


@dataclass(frozen=True)
class Check:
    """One number of a case on a sequence of meshes, each twice as fine as the one before.

    Attributes
    ----------
    name, unit : str
    expected : float
        The value of the reference; zero for the norm of an error, a distance from a bound or from a balance.
    values : tuple of float
        From the coarsest mesh to the finest.
    order : float or None
        Theoretical order of convergence in the mesh size; None if there is none to see.
    tolerance : float, optional
        Largest relative error on the finest mesh (absolute where ``expected`` is zero), where it follows neither from the order
        nor from rounding: a formula that is a truncated series, a limit that is not quite reached.
    scale : float, optional
        What errors are relative to, where the value expected is no measure, such as the field applied where it nearly vanishes.
    cells : float
        Cells of the coarsest mesh over the length that sets the scale.
    kind : Kind
        Of quantity, which decides on the error that two meshes would state: a mean over a region is an ``integral``, what is read
        at a point a ``value``.
    corners : bool
        Whether interfaces have corners.
    reference : Reference
        What the number is compared with, of `REFERENCES`.
    """

    name: str
    unit: str
    expected: float
    values: tuple[float, ...]
    order: float | None
    tolerance: float | None = None
    scale: float | None = None
    cells: float = 2.0
    kind: Kind = "value"
    corners: bool = False
    reference: Reference = "closed form"

    @property
    def norm(self) -> bool:
        """Whether the number is an error, or a distance, itself."""
        return self.expected == 0.0

    @property
    def rounding(self) -> bool:
        """Whether the discrete solution is that of the problem, so that all of the error must be rounding."""
        return self.order is None and self.tolerance is None and self.reference != "bound"

    @property
    def errors(self) -> tuple[float, ...]:
        """Errors relative to the scale, which is the value expected unless given; absolute ones where that is zero."""
        scale = self.scale or abs(self.expected) or 1.0
        return tuple(abs(value - self.expected) / scale for value in self.values)

    @property
    def allowed(self) -> float:
        """Largest relative error on the finest mesh."""
        if self.tolerance is not None:
            return self.tolerance
        if self.order is None:
            return ROUNDING
        return _CONSTANT * (self.cells * 2.0 ** (len(self.values) - 1)) ** -self.order

    @property
    def observed(self) -> float | None:
        """Order seen between the two finest meshes whose errors are not rounding; None if there are no two."""
        seen = [error for error in self.errors if error > ROUNDING]
        if len(seen) < 2 or self.errors[: len(seen)] != tuple(seen):
            return None
        return math.log2(seen[-2] / seen[-1])

    @property
    def passed(self) -> bool:
        """Whether error and order are as they must be (false for NaN)."""
        if not self.errors[-1] <= self.allowed:
            return False
        if self.order is None or self.observed is None:
            return True
        return self.observed >= self.order - min(ORDER_MARGIN, ORDER_SHARE * self.order)


@dataclass(frozen=True)
class Case:
    """A verification case.

    Attributes
    ----------
    number : str
        Of the benchmark, or a short name.
    title : str
        What is solved, in a sentence.
    source : str
        Where the reference comes from.
    run : callable
        () -> list of Check (collective).
    """

    number: str
    title: str
    source: str
    run: Callable[[], list[Check]]


def agreed(formula: float, listed: str) -> float:
    """The value of a formula, if the list of benchmarks has the same digits.

    Raises
    ------
    ValueError
        If the two differ by more than half a unit of the last digit listed.
    """
    digits = len(listed.partition(".")[2])
    if not abs(formula - float(listed)) <= 0.5001 * 10.0**-digits:
        raise ValueError(f"the formula gives {formula}, the list of benchmarks {listed}")
    return formula
