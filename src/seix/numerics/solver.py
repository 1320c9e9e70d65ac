"""Newton's method on the free unknowns; the linear solver is renewed as rarely as it pays."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..errors import ConvergenceError, InputError, SeixError
from ..fem import MPI, PETSc
from .convergence import StepRecord, error_left, no_convergence
from .interrupts import Interrupts
from .linear import DirectLinear, MultigridLinear
from .options import OptionTable
from .presets import LARGEST_FALLBACK, Options, choose, variants
from .solvability import free_motions
from .system import CoupledSystem
from .timing import timed

_TRUSTED = 10.0
"""Largest true residual of a linear solve that counts as solved, in units of its tolerance."""

_ROUNDING = 1e-14
"""Residual that counts as rounding, relative to the largest one met."""

_FULL_STEPS = 1e-6
"""Reduction of the residual after which steps are no longer shortened: a residual that is rounding cannot get smaller."""

_SHORTENED = 0.999
"""Fraction of a Newton step below which it counts as shortened: it has not arrived, however small it is."""

_FLOOR = 1e-4
"""Smallest meaningful change of a field, as a fraction of its reference scale."""


class NewtonSolver:
    """Solves a :class:`CoupledSystem`; keeps matrix, factorisation and state between calls.

    Parameters
    ----------
    system : CoupledSystem
    tolerance : float
        Largest relative error of every field that may be left (2-norm of its unknowns), see :func:`error_left`.
    max_iterations : int
        Newton steps.
    options : mapping
        PETSc options that override those of the preset.
    monitor : callable, optional
        Called with (iteration, residual norm).
    preset : {"auto", "direct", "multigrid"}
        Linear solver; "auto" chooses by dimension and number of unknowns.

    Attributes
    ----------
    options : dict
        PETSc options in use, without prefix.
    """

    _count = 0

    def __init__(
        self,
        system: CoupledSystem,
        tolerance: float = 1e-10,
        max_iterations: int = 30,
        options: Options | None = None,
        monitor: Callable[[int, float], None] | None = None,
        preset: str = "auto",
    ):
        self.system, self.preset = system, preset
        self.tolerance, self.max_iterations, self.monitor = tolerance, max_iterations, monitor
        self.y, self._before = system.create_vector(), system.create_vector()
        self._own = dict(options or {})
        self._sizes = system.field_sizes()
        self._chain = self._candidates(preset)
        self._first = self._chain[0]
        self._failures: list[str] = []
        self._create()
        self._forget()

    def _forget(self) -> None:
        """State before any solution."""
        self.record = StepRecord()
        self._rounding, self._wanted, self._missed = 0.0, self.tolerance, {}
        self._begun = self._fresh = False

    def suits(self, max_iterations: int, options: Options, preset: str) -> bool:
        """Whether this solver, started anew, is what a new one with these arguments would be."""
        same = (max_iterations, dict(options), preset) == (self.max_iterations, self._own, self.preset)
        return same and self._chain[0] == self._first

    def restart(self, tolerance: float, monitor: Callable[[int, float], None] | None) -> None:
        """Return to the state before any solution, with other values in the system (collective).

        What was factorised stays if the first matrix has the same bits again, as where only loads differ: then all numbers are
        those of a new solver. Else it is freed, and made anew.

        Parameters
        ----------
        tolerance, monitor
            As for a new solver.
        """
        self.tolerance, self.monitor = tolerance, monitor
        self.y.zeroEntries()
        self._renew = True
        self._forget()

    def _candidates(self, preset: str) -> list[str]:
        """Linear solvers to try, the preferred one first."""
        dim, unknowns = self.system.dim, self.system.unknowns
        if choose(preset, dim, unknowns) == "direct":
            return ["direct"]
        iterative = variants(dim, dim)  # displacements are among the fields
        return [*iterative, "direct"] if unknowns <= LARGEST_FALLBACK[dim] else iterative

    def _create(self) -> None:
        """Set up SNES with the first linear solver of the chain."""
        system, kind = self.system, self._chain[0]
        self._prefix = f"seix{NewtonSolver._count}_"
        NewtonSolver._count += 1  # the same on all ranks: solvers are created collectively
        if kind == "direct":
            self._linear = DirectLinear(system, self.y, self._own, self._prefix)
        else:
            self._linear = MultigridLinear(system, self.y, self._own, self._prefix, kind)
        self.options = self._linear.options
        self._unchecked, self._renew, self._idle = True, True, []
        # what the matrix that was factorised was made of (b"" if it was not the only one), and whether the first solve takes that
        self._of, self._kept = None, False
        self._table = OptionTable(self._prefix, self.options)
        snes = PETSc.SNES().create(system.comm)
        snes.setOptionsPrefix(self._prefix)
        self._residual = system.create_vector()
        snes.setFunction(lambda _, y, out: system.residual(y, out), self._residual)
        snes.setJacobian(lambda _, y, matrix, preconditioner: self._update(y), self._linear.matrix)
        snes.setTolerances(rtol=0.0, atol=0.0, stol=0.0, max_it=self.max_iterations)
        self._linear.attach(snes.getKSP())
        self._table.read_by(snes, self._own)
        snes.setConvergenceTest(self._converged)
        snes.getKSP().setPreSolve(self._before_linear_solve)
        snes.getKSP().setPostSolve(self._after_linear_solve)
        self._snes = snes

    def _begin(self) -> None:
        """First matrix of all; what was factorised before is freed if it is of another one. A sentence on what is not held."""
        if self._begun and not self._kept:
            return
        inputs = self.system.inputs(self.y)
        self._kept = self.system.comm.allreduce(inputs == self._of, op=MPI.LAND)
        if not self._kept and self._of is not None:
            self._release()
            self._create()
        self._linear.update(self.y)
        self._fresh = True  # the first Newton step needs the same matrix
        if not self._kept:  # else it has been judged already
            with timed("set up"):
                loose = free_motions(self.system, self._linear.matrix)
            if loose:
                raise InputError(f"the problem has no unique solution: nothing holds {' together with '.join(loose)}")
        self._begun = True

    def _update(self, y) -> None:
        """Bring the matrix to a state, unless it is there already."""
        if not self._fresh:
            self._linear.update(y)
        self._fresh = False

    def _before_linear_solve(self, ksp, b, x):
        ksp.setTolerances(atol=self._rounding)
        renew = self._renew and not self._kept
        self._linear.prepare(ksp, renew)
        if renew:  # a second time it would not be what a new solver makes, whose patterns and orderings are new too
            self._of = self.system.inputs(self.y) if self._of is None else b""

    def _after_linear_solve(self, ksp, b, x):
        iterations = ksp.getIterationNumber()
        self.record.factorisations += self._renew and not self._kept
        self.record.krylov += iterations
        residual = b.duplicate()
        self._linear.matrix.mult(x, residual)
        residual.aypx(-1.0, b)
        norm = b.norm()
        left = residual.norm()
        asked, open_ = self.system.norms(b), self.system.norms(residual)
        self._missed = {name: open_[name] / asked[name] if asked[name] > 0 else 0.0 for name in asked}
        relative = left / norm if norm > 0 else 0.0
        residual.destroy()
        self.record.true_residual = max(self.record.true_residual, relative)
        trusted = _TRUSTED * max(ksp.getTolerances()[0] * norm, self._rounding)
        if ksp.getConvergedReason() > 0 and not left <= trusted:
            ksp.setConvergedReason(PETSc.KSP.ConvergedReason.DIVERGED_BREAKDOWN)
        reason = ksp.getConvergedReason()
        self._linear_failure = f"{self._linear.name} (reason {reason}, residual {relative:.1e})" if reason < 0 else ""
        if self._own and self._unchecked and reason > 0 and (idle := self._table.idle(self._own, self.system.comm)):
            self._idle = idle  # an exception would not pass through PETSc: it ends the step, and is raised behind it
            ksp.setConvergedReason(PETSc.KSP.ConvergedReason.DIVERGED_BREAKDOWN)
        self._renew, self._kept = reason < 0 or self._linear.worn(iterations, self._renew), False

    def _converged(self, snes, iteration, norms):
        _, _, fnorm = norms
        self.record.residuals.append(fnorm)
        self._rounding = max(self._rounding, _ROUNDING * fnorm)
        if self.monitor:
            self.monitor(iteration, fnorm)
        if not math.isfinite(fnorm) or self._interrupts.pending():
            return PETSc.SNES.ConvergedReason.DIVERGED_FNORM_NAN
        if iteration == 0:
            snes.getSolution().copy(self._before)
            return 0 if fnorm > 0.0 else PETSc.SNES.ConvergedReason.CONVERGED_FNORM_ABS  # solved already
        self.record.newton = iteration
        step = snes.getSolutionUpdate()
        self._before.axpy(-1.0, snes.getSolution())
        shortened = self._before.norm() < _SHORTENED * step.norm()
        snes.getSolution().copy(self._before)
        change = self.system.norms(step)
        size = self.system.norms(snes.getSolution())
        counts = self._sizes
        relative = {n: change[n] / max(size[n], _FLOOR * math.sqrt(max(counts[n], 1))) for n in change}
        previous = self.record.updates[-1] if self.record.updates else {}
        self.record.updates.append(relative)
        left = [error_left(value, previous.get(n), self._missed.get(n, 0.0)) for n, value in relative.items()]
        if not shortened and max(left) <= self._wanted:
            return PETSc.SNES.ConvergedReason.CONVERGED_SNORM_RELATIVE
        if fnorm <= _FULL_STEPS * max(self.record.residuals):
            snes.getLineSearch().setType("basic")
        return 0

    def renew(self) -> None:
        """Let the next step have a new factorisation or hierarchy: constants have changed by much."""
        self._renew = True

    def solve(self, tolerance: float | None = None) -> StepRecord:
        """Solve from the present state.

        Parameters
        ----------
        tolerance : float, optional
            In place of that of the solver.

        Returns
        -------
        StepRecord

        Raises
        ------
        ConvergenceError
            With the field that changes most, the norms and what to try.
        InputError
            If the problem has no unique solution, or an option no effect or a wrong value. After any error the state is that
            before the call.
        """
        self._begin()
        self._wanted = self.tolerance if tolerance is None else tolerance
        before = self.y.copy()
        self._failures.clear()
        try:
            while (failure := self._attempt()) is not None:
                before.copy(self.y)
                self._renew = True
                if not self._linear_failure or len(self._chain) == 1:
                    failures = [*self._failures, self._linear_failure] if self._linear_failure else []
                    raise ConvergenceError(no_convergence(self.record, failure, failures))
                self._failures.append(self._linear_failure)
                self._release()
                self._chain.pop(0)
                self._create()
            self._check_options()
        except SeixError:
            before.copy(self.y)
            self._renew = True
            self.system.expand(self.y)
            raise
        finally:
            before.destroy()
        self.system.expand(self.y)
        return self.record

    def _attempt(self) -> str | None:
        """Run SNES; what went wrong, or None."""
        self.record, self._linear_failure = StepRecord(linear=self._linear.name), ""
        search = self._snes.getLineSearch()
        search.setType(self.options["snes_linesearch_type"])
        search.setFromOptions()
        failure = None
        with Interrupts(self.system.comm) as self._interrupts:
            try:
                with timed("solve"):  # assembly and set-up inside are counted for themselves
                    self._snes.solve(None, self.y)
            except PETSc.Error as error:
                self._table.blame(error, self._own)
                failure = str(error)
                self._linear_failure = self._linear_failure or f"{self._linear.name}: {error}"
            self._fresh = False
            if self._interrupts.pending():
                raise KeyboardInterrupt
        if self._idle:
            self._refuse(self._idle)
        if failure:
            return failure
        reason = self._snes.getConvergedReason()
        if reason > 0:
            return None
        return f"PETSc reason {reason}, linear solver reason {self._snes.getKSP().getConvergedReason()}"

    def _check_options(self) -> None:
        """The options of the user must have had an effect."""
        if not self._unchecked:
            return
        if unused := self._table.unused(self._own, self.system.comm):
            self._refuse(unused)
        self._unchecked = False

    def _refuse(self, unused: list[str]) -> None:
        raise InputError(f"solver.options: PETSc has no use for {', '.join(unused)} here; its manual has the names")

    def _release(self) -> None:
        """Free the linear solver and its options."""
        self._table.remove()
        self._snes.destroy()
        self._residual.destroy()
        self._linear.destroy()

    def destroy(self) -> None:
        """Free the PETSc objects."""
        self._release()
        self.y.destroy()
        self._before.destroy()
