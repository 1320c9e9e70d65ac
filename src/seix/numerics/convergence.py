"""When Newton's method has arrived, and the history of a solve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

_SHRINKING = 0.1
"""Ratio of two steps below which Newton's method counts as converging."""

_STALLED = 0.9
"""Ratio from which steps count as equally large, as those do that are rounding: the error is then ten of them."""


@dataclass
class StepRecord:
    """History of one nonlinear solve.

    Attributes
    ----------
    newton, krylov, factorisations : int
        Counts of iterations and of renewals of the preconditioner.
    linear : str
        Name of the linear solver.
    residuals : list of float
        Norm of the residual before each step and at the end.
    true_residual : float
        Largest relative residual of the linear systems, computed from its definition.
    """

    newton: int = 0
    krylov: int = 0
    factorisations: int = 0
    linear: str = ""
    residuals: list[float] = field(default_factory=list)
    updates: list[dict[str, float]] = field(default_factory=list)
    true_residual: float = 0.0


@dataclass
class LinearRecord:
    """How a set of loads was solved.

    Attributes
    ----------
    solver : str
        Preset in use.
    iterations : list of int
        Krylov iterations of each load; 0 for a direct solution.
    residuals : list of float
        True relative residual of each load.
    tolerances : list of float
        Relative residual that was asked of each load: more than that of the problem where rounding leaves more.
    setups : int
        Factorisations or hierarchies made since the problem exists.
    """

    solver: str = ""
    iterations: list[int] = field(default_factory=list)
    residuals: list[float] = field(default_factory=list)
    tolerances: list[float] = field(default_factory=list)
    setups: int = 0


def error_left(change: float, before: float | None, missed: float = 0.0) -> float:
    """Estimate of the relative error after a Newton step.

    Steps that shrink by a factor of theta from one to the next sum up to theta / (1 - theta) times the last one
    (Deuflhard, Newton Methods for Nonlinear Problems, 2004, section 2.1). Steps that do not shrink tenfold prove
    little: then the error is taken to be at least as large as the last of them.

    Parameters
    ----------
    change, before : float
        Relative size of the last step and of that before it, None without.
    missed : float
        Part of the last step that the linear solver missed.
    """
    if not before:
        return change
    theta = min(change / before, _STALLED)
    least = 1.0 if theta > _SHRINKING else min(missed, 1.0)
    return max(theta / (1.0 - theta), least) * change


def no_convergence(record: StepRecord, failure: str, linear: Sequence[str] = ()) -> str:
    """Why Newton's method did not arrive, and what to try.

    Parameters
    ----------
    record : StepRecord
        Of the solve that failed.
    failure : str
        What the solver says.
    linear : sequence of str
        Linear solvers that failed.
    """
    steps = f"in {record.newton} Newton step{'s' * (record.newton > 1)}" if record.newton else "in the first Newton step"
    history = ", ".join(f"{value:.2e}" for value in record.residuals[-6:]) or "none"
    worst = ""
    if record.updates:
        name, change = max(record.updates[-1].items(), key=lambda item: item[1])
        worst = f" The field that still changes most is '{name}' (relative {change:.1e})."
    tried = f" Linear solvers that failed: {'; '.join(linear)}." if linear else ""
    return (
        f"the coupled system did not converge {steps} ({failure}); residual norms {history}.{worst}{tried} "
        "Try smaller steps of load.current_multiples, more solver.max_iterations, "
        "or check that exchange current density and resistances have plausible magnitudes."
    )
