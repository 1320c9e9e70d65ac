"""A case with a known answer: what was computed on each mesh, what is exact, and when it passes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ..analysis.quantity_info import Kind

ORDER_MARGIN, ORDER_SHARE = 0.5, 0.25
"""How far an observed order may stay below the theoretical one, and at most which share of it: an error in the equations or in
the geometry costs a whole order, meshes that are not yet fine enough for the asymptotic one cost less than half."""
_CONSTANT = 4.0
"""Largest error over h^p, with h the cell size over the radius or thickness that sets the scale. The derivative of a quadratic
interpolant is wrong by h^2/12 times the third derivative at the end of a cell, which is 2 h^2 for the field of a dipole in space:
twice that, as cells are not aligned with it."""
ROUNDING = 1e-7
"""Relative error that counts as exact: the tolerance of the linear solvers times the condition of a stress."""


@dataclass(frozen=True)
class Check:
    """One number of a case on a sequence of meshes, each twice as fine as the one before.

    Attributes
    ----------
    name, unit : str
    exact : float
        The closed form; zero for the norm of an error.
    values : tuple of float
        From the coarsest mesh to the finest.
    order : float or None
        Theoretical order of convergence in the mesh size; None if the discrete solution is exact.
    tolerance : float, optional
        Largest relative error on the finest mesh (absolute where ``exact`` is zero), where it follows neither from the order
        nor from rounding: a formula that is a truncated series, a limit that is not quite reached.
    scale : float, optional
        What errors are relative to, where the exact value is no measure, such as the field applied where it nearly vanishes.
    cells : float
        Cells of the coarsest mesh over the length that sets the scale.
    kind : Kind
        Of quantity, which decides on the error that two meshes would state: a mean over a region is an ``integral``, what is read
        at a point a ``value``.
    corners : bool
        Whether interfaces have corners.
    """

    name: str
    unit: str
    exact: float
    values: tuple[float, ...]
    order: float | None
    tolerance: float | None = None
    scale: float | None = None
    cells: float = 2.0
    kind: Kind = "value"
    corners: bool = False

    @property
    def norm(self) -> bool:
        """Whether the number is an error itself."""
        return self.exact == 0.0

    @property
    def errors(self) -> tuple[float, ...]:
        """Errors relative to the scale, which is the exact value unless given; absolute ones where that is zero."""
        scale = self.scale or abs(self.exact) or 1.0
        return tuple(abs(value - self.exact) / scale for value in self.values)

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
        Where the closed form comes from.
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
