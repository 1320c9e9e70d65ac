"""Evolution in time of a semi-discrete balance, by PETSc with steps that an error estimate chooses."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from ..errors import ConvergenceError
from ..fem import MPI, PETSc
from .options import OptionTable

METHOD = "ra34pw2"
"""Rosenbrock-W method of third order with an embedded one of second order, L-stable and stiffly accurate (Rang and
Angermann, BIT 45 (2005) 761): each stage is one linear system, so sums over the unknowns are kept to rounding."""
ORDER = 3
MAXIMUM_STEPS = 1_000_000
_numbers = itertools.count()


@dataclass(frozen=True)
class Count:
    """Steps taken, and steps tried and rejected."""

    steps: int = 0
    rejected: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.steps + other.steps, self.rejected + other.rejected)


class Evolution:
    r"""Integrates :math:`M\,\dot u + K\,w(u) = b` with constant :math:`b`, on this rank alone.

    Parameters
    ----------
    storage, conduction : csr_matrix
        :math:`M` and :math:`K`.
    potential, slope : callable, optional
        :math:`w` and its derivative, unknown by unknown; :math:`w = u` if not given.
    """

    def __init__(
        self, storage: csr_matrix, conduction: csr_matrix, potential: Callable | None = None, slope: Callable | None = None
    ):
        self._m, self._k = (_matrix(one) for one in (storage, conduction))
        self._w, self._dw = potential, slope
        self._jacobian = self._sum(self._m, self._k)
        self._state, self._load = self._m.createVecs()
        self._flow, self._left = self._state.duplicate(), self._state.duplicate()

    @staticmethod
    def _sum(first, second):
        """A matrix with the entries of both."""
        found = first.copy()
        found.axpy(1.0, second, PETSc.Mat.Structure.DIFFERENT_NONZERO_PATTERN)
        return found

    def advance(
        self, state: np.ndarray, load: np.ndarray, duration: float, *, tolerance: float | None = None, first: float | None = None,
        steps: int | None = None, observe: Callable[[float, np.ndarray], None] | None = None,
    ) -> tuple[np.ndarray, Count]:
        """State after a time.

        Parameters
        ----------
        state, load : ndarray
            u at the start, and b.
        duration : float
        tolerance : float, optional
            Error of u that a step may make, in the maximum norm.
        first : float, optional
            First step that is tried.
        steps : int, optional
            Take this number of equal steps instead of those that an error estimate chooses.
        observe : callable, optional
            Called with time and state after each step.

        Raises
        ------
        ConvergenceError
            If the steps become too small or too many.
        """
        self._state.array[:], self._load.array[:] = state, load
        prefix = f"transient{next(_numbers)}_"
        adapt = {"ts_adapt_type": "none"} if steps else {"ts_adapt_type": "basic", "ts_adapt_wnormtype": "infinity"}
        options = {"ts_rosw_type": METHOD, "snes_type": "ksponly", "ksp_type": "preonly", "pc_type": "lu", **adapt}
        table = OptionTable(prefix, options)
        ts = PETSc.TS().create(MPI.COMM_SELF)
        try:
            ts.setOptionsPrefix(prefix)
            ts.setType(PETSc.TS.Type.ROSW)
            ts.setIFunction(self._residual, self._left)
            ts.setIJacobian(self._tangent, self._jacobian)
            ts.setTime(0.0)
            ts.setTimeStep(duration / steps if steps else min(first or duration, duration))
            ts.setMaxTime(duration)
            ts.setMaxSteps(MAXIMUM_STEPS)
            ts.setExactFinalTime(PETSc.TS.ExactFinalTime.MATCHSTEP)
            ts.setErrorIfStepFails(False)
            if tolerance is not None:
                ts.setTolerances(rtol=0.0, atol=tolerance)
            if observe is not None:
                ts.setMonitor(lambda _, number, time, u: observe(time, u.array_r.copy()) if number else None)
            ts.setFromOptions()
            ts.solve(self._state)
            count = Count(ts.getStepNumber(), ts.getStepRejections())
            if ts.getConvergedReason() <= 0 or ts.getTime() < duration * (1 - 1e-9):
                raise ConvergenceError(
                    f"the time integration stopped at {ts.getTime() / duration:.3g} of its way after {count.steps} steps; "
                    "raise the tolerance of the steps"
                )
            return self._state.array.copy(), count
        finally:
            ts.destroy()
            table.remove()

    def _residual(self, _ts, _time, u, rate, out) -> None:
        self._flow.array[:] = u.array_r if self._w is None else self._w(u.array_r)
        self._m.mult(rate, out)
        self._k.multAdd(self._flow, out, out)
        out.axpy(-1.0, self._load)

    def _tangent(self, _ts, _time, u, _rate, shift, matrix, _preconditioner) -> None:
        self._k.copy(matrix, PETSc.Mat.Structure.SUBSET_NONZERO_PATTERN)
        if self._dw is not None:
            self._flow.array[:] = self._dw(u.array_r)
            matrix.diagonalScale(None, self._flow)
        matrix.axpy(shift, self._m, PETSc.Mat.Structure.SUBSET_NONZERO_PATTERN)

    def destroy(self) -> None:
        """Free the PETSc objects."""
        for one in (self._m, self._k, self._jacobian, self._state, self._load, self._flow, self._left):
            one.destroy()


def _matrix(matrix: csr_matrix):
    """PETSc's copy of a sparse matrix."""
    entries = (matrix.indptr.astype(PETSc.IntType), matrix.indices.astype(PETSc.IntType), matrix.data.astype(float))
    return PETSc.Mat().createAIJ(matrix.shape, csr=entries, comm=MPI.COMM_SELF)
