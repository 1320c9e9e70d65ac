"""How the linear problems of the instruments were solved since the last reset, for the record of a run."""

from __future__ import annotations

from typing import Any

from .convergence import LinearRecord

_solved: dict[tuple, dict[str, Any]] = {}


def note(name: str, tolerance: float, record: LinearRecord) -> None:
    """Count what was solved.

    Parameters
    ----------
    name : str
        Of the field.
    tolerance : float
        Largest relative residual that was asked for.
    record : LinearRecord
    """
    kind = {"field": name, "solver": record.solver, "tolerance": tolerance}
    one = _solved.setdefault(tuple(kind.values()), kind | {"loads": 0, "iterations": 0, "residual": 0.0, "at_rounding": 0})
    one["loads"] += len(record.residuals)
    one["iterations"] = max(one["iterations"], *record.iterations, 0)
    one["residual"] = max(one["residual"], *record.residuals, 0.0)
    if widened := [limit for limit in record.tolerances if limit > tolerance]:
        one["at_rounding"] += len(widened)
        one["tolerance_of_rounding"] = max(one.get("tolerance_of_rounding", 0.0), *widened)


def solved() -> list[dict[str, Any]]:
    """For each field, solver and tolerance: loads, most iterations, largest relative residual, and loads taken at rounding.

    Where there are such loads, ``tolerance_of_rounding`` is the largest relative residual that was asked of one.
    """
    return [dict(one) for one in _solved.values()]


def reset() -> None:
    """Begin to count anew."""
    _solved.clear()
