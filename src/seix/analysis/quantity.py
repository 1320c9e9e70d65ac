"""Numbers with unit and error."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from .quantity_info import QuantityInfo
from .quantity_table import QUANTITY_TABLE

#: What the `error` of a quantity is.
ERROR_KINDS: dict[str, str] = {
    "two_mesh": (
        "discretisation error: difference to the same computation on a mesh coarser by `error.coarsening`, over r^p - 1 with the "
        "ratio r of the mesh sizes and the order p that is assumed for its kind (see below); the largest relative one over all "
        "currents, and of quantiles the largest of those of one field in one phase"
    ),
    "adaptive": (
        "estimated discretisation error of the target of `mesh.adapt`: the largest of what a recovered smoother field and "
        "the changes along the sequence of meshes tell, at I/I0 = 1 and in the same relation at all currents"
    ),
    "not converged": (
        "the value depends on the mesh and has no limit that a finer mesh would reach: "
        "look at it, do not quote it"
    ),
    "domain": (
        "what the finite body that an instrument looks at may change, with what is known of its resolution, and the error of "
        "`two_mesh` where there is a coarser mesh"
    ),
    "sweep": (
        "of a slope over temperature: difference between the slopes with two steps of temperature, and the error of `two_mesh` "
        "where there is a coarser mesh"
    ),
    "algebraic": "solver tolerance and rounding; otherwise the quantity does not depend on the mesh",
    "resampled": (
        "of an instrument with noise: distance to the farther end of the 95 % band from refits with less smoothing to spectra "
        "with other noise; without the error of discretisation, which the resistances of the model tell"
    ),
    "propagated": "upper bound from the errors of the two values that a ratio is made of",
}


@dataclass(frozen=True)
class Quantity:
    """A number that may be quoted.

    Attributes
    ----------
    value
        In SI units.
    unit
        Unit as in `QUANTITY_TABLE`; "1" for a ratio.
    error
        Half width in the same unit, None when nothing is known about it.
    error_kind
        Key of `ERROR_KINDS`, None when `error` is None and nothing is to be said about it.
    """

    value: float
    unit: str
    error: float | None = None
    error_kind: str | None = None

    def as_dict(self) -> dict[str, float | str | None]:
        """Plain form for JSON: value, unit, error, error_kind."""
        return {
            "value": float(self.value),
            "unit": self.unit,
            "error": None if self.error is None else float(self.error),
            "error_kind": self.error_kind,
        }


@cache
def describe(name: str) -> QuantityInfo | None:
    """Entry of the table for a name without structure prefix, None when there is none."""
    return next((info for info in QUANTITY_TABLE if info.matches(name)), None)


def check_quantities(where: str, quantities: Mapping[str, Quantity]) -> None:
    """Refuse what must never reach a file.

    Raises
    ------
    ValueError
        A name that is not documented, another unit than documented, a value or error that is not finite, a
        negative error, or an unknown kind of error.
    """
    problems = []
    for name, quantity in quantities.items():
        info = describe(name)
        if info is None:
            problems.append(f"{name} is not a documented quantity")
        elif quantity.unit not in info.units:
            problems.append(f"{name} has unit {quantity.unit}, documented is {' or '.join(info.units)}")
        if not math.isfinite(quantity.value):
            problems.append(f"{name} is {quantity.value}")
        if quantity.error is not None and not (math.isfinite(quantity.error) and quantity.error >= 0):
            problems.append(f"the error of {name} is {quantity.error}")
        if quantity.error_kind is not None and quantity.error_kind not in ERROR_KINDS:
            problems.append(f"{name} has the unknown error kind {quantity.error_kind!r}")
    if problems:
        raise ValueError(f"{where}: " + "; ".join(problems))


def ratio(numerator: Quantity, denominator: Quantity) -> Quantity | None:
    """Ratio of two quantities with the bound |r| (da/|a| + db/|b|) on its error; None for a zero denominator.

    Discretisation errors are not random, so they add up instead of adding in squares. What is made of a number that depends on
    the mesh does so too.
    """
    if denominator.value == 0:
        return None
    value = numerator.value / denominator.value
    if "not converged" in (numerator.error_kind, denominator.error_kind):
        return Quantity(value, "1", None, "not converged")
    if numerator.error is None or denominator.error is None:
        return Quantity(value, "1")
    error = (numerator.error + abs(value) * denominator.error) / abs(denominator.value)
    return Quantity(value, "1", error, "propagated")
