"""Load steps: how the solver reaches a current from the last one, or from nothing."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import ConvergenceError
from .convergence import StepRecord
from .solver import NewtonSolver

START = 1e-2
"""Relative error of the solution without feedback, which is only a place to start from."""


class LoadPath:
    """Brings a model to one current after the other.

    Without a solution to start from, an imposed stretch lies in the outermost cells alone, and a kinetic law that feels
    their stress cannot be evaluated. So the first current is solved without the feedback of stress, which is then raised
    to its full value.

    Parameters
    ----------
    solver : NewtonSolver
    set_current : callable
        Sets I/I0.
    set_feedback : callable or None
        Sets the fraction of the Larche-Cahn shift, 0 to 1; None when there is no feedback.
    """

    def __init__(self, solver: NewtonSolver, set_current: Callable[[float], None], set_feedback: Callable[[float], None] | None):
        self.solver, self.set_current, self.set_feedback = solver, set_current, set_feedback
        self.reached = 0.0
        self._started = False

    def go(self, multiple: float) -> StepRecord:
        """Solve at I/I0 = ``multiple``.

        Raises
        ------
        ConvergenceError
        """
        if self._started or self.set_feedback is None:
            records = continuation(self.solver, self.set_current, multiple, self.reached, "I/I0")
        else:
            self.set_feedback(0.0)
            records = continuation(self.solver, self.set_current, multiple, 0.0, "I/I0", tolerance=START)
            records += continuation(self.solver, self.set_feedback, 1.0, 0.0, "share of the stress feedback")
        self._started, self.reached = True, multiple
        return merge(records)


def continuation(
    solver: NewtonSolver, set_load: Callable[[float], None], target: float, start: float, name: str, smallest=1e-3, tolerance=None
):
    """Reach a load from the last solved one, cutting the step where Newton's method fails.

    Parameters
    ----------
    solver : NewtonSolver
        Its state is the solution at ``start``.
    set_load
        Sets the load.
    target, start : float
        Loads.
    name : str
        Name of the load, for messages.
    smallest : float
        Smallest step as a fraction of the whole way.
    tolerance : float, optional
        In place of that of the solver.

    Returns
    -------
    list of StepRecord

    Raises
    ------
    ConvergenceError
        When the step would become smaller than ``smallest``.
    """
    done, step, records = 0.0, 1.0, []
    while done < 1.0:
        trial = min(1.0, done + step)
        set_load(start + trial * (target - start))
        try:
            records.append(solver.solve(tolerance))
        except ConvergenceError as error:
            step = (trial - done) / 2
            if step < smallest:
                reached = start + done * (target - start)
                raise ConvergenceError(f"{name} = {target:g} not reached (got to {reached:g}): {error}") from error
            continue
        done = trial
        step = 2 * step
    return records


def merge(records: list[StepRecord]) -> StepRecord:
    """Sum of the counts and the largest residual of several solves."""
    return StepRecord(
        newton=sum(r.newton for r in records),
        krylov=sum(r.krylov for r in records),
        factorisations=sum(r.factorisations for r in records),
        residuals=[value for r in records for value in r.residuals],
        updates=[u for r in records for u in r.updates],
        true_residual=max((r.true_residual for r in records), default=0.0),
    )
