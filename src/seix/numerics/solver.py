"""Newton's method on the free unknowns with a direct solver that is factorised as rarely as it pays."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ..errors import ConvergenceError, InputError
from ..fem import PETSc
from .system import CoupledSystem

DIRECT: dict[str, str | int | float] = {
    "snes_type": "newtonls",
    "snes_linesearch_type": "bt",
    "snes_linesearch_order": 2,
    "snes_linesearch_maxlambda": 1.0,
    "ksp_type": "gmres",
    "ksp_gmres_restart": 60,
    "ksp_pc_side": "right",
    "ksp_norm_type": "unpreconditioned",
    "ksp_rtol": 1e-6,  # the error after the last step is this times its size: solver.tolerance times 1e-6
    "ksp_max_it": 60,
    "pc_type": "lu",
    "pc_factor_mat_solver_type": "mumps",
    "mat_mumps_icntl_14": 60,
}
"""MUMPS, re-used as preconditioner of GMRES while it still serves: the recipe for coupled systems in two dimensions."""

REFACTOR_AFTER = 12
"""Krylov iterations above which the next Newton step gets a new factorisation (cost of about one factorisation)."""

_FLOOR = 1e-4
"""Smallest meaningful change of a field, as a fraction of its reference scale."""


@dataclass
class StepRecord:
    """History of one nonlinear solve.

    Attributes
    ----------
    newton, krylov, factorisations : int
        Counts of iterations and of new factorisations.
    residuals : list of float
        Norm of the residual before each step and at the end.
    true_residual : float
        Largest relative residual of the linear systems, computed from its definition.
    """

    newton: int = 0
    krylov: int = 0
    factorisations: int = 0
    residuals: list[float] = field(default_factory=list)
    updates: list[dict[str, float]] = field(default_factory=list)
    true_residual: float = 0.0


class NewtonSolver:
    """Solves a :class:`CoupledSystem`; keeps matrix, factorisation and state between calls.

    Parameters
    ----------
    system : CoupledSystem
    tolerance : float
        Largest relative change of every field in the last step (2-norm of its unknowns).
    max_iterations : int
        Newton steps.
    options : mapping
        PETSc options that override :data:`DIRECT`.
    monitor : callable, optional
        Called with (iteration, residual norm).
    """

    _count = 0

    def __init__(
        self,
        system: CoupledSystem,
        tolerance: float = 1e-10,
        max_iterations: int = 30,
        options: Mapping[str, str | int | float] | None = None,
        monitor: Callable[[int, float], None] | None = None,
    ):
        self.system, self.tolerance, self.max_iterations = system, tolerance, max_iterations
        self.options = {**DIRECT, **(options or {})}
        self.monitor = monitor
        self.y = system.create_vector()
        self.record = StepRecord()
        self._refactor = True
        self._sizes = system.field_sizes()
        self._snes = self._create(options)

    def _create(self, options):
        system = self.system
        prefix = f"seix{NewtonSolver._count}_"
        NewtonSolver._count += 1  # the same on all ranks: solvers are created collectively
        table = PETSc.Options()
        snes = PETSc.SNES().create(system.comm)
        snes.setOptionsPrefix(prefix)
        for key, value in self.options.items():
            table[prefix + key] = value
        self._residual = system.create_vector()
        self._matrix = system.jacobian(self.y)
        snes.setFunction(lambda _, y, out: system.residual(y, out), self._residual)
        snes.setJacobian(self._update_matrix, self._matrix)
        snes.setTolerances(rtol=0.0, atol=0.0, stol=0.0, max_it=self.max_iterations)
        snes.setFromOptions()
        snes.setConvergenceTest(self._converged)
        self._prefix, self._own = prefix, list(options or {})
        # SNES resets the flag whenever it updates the matrix, so it is set right before each solve
        snes.getKSP().setPreSolve(lambda ksp, b, x: ksp.getPC().setReusePreconditioner(not self._refactor))
        snes.getKSP().setPostSolve(self._after_linear_solve)
        return snes

    def _update_matrix(self, _, y, matrix, preconditioner):
        self.system.jacobian(y)

    def _after_linear_solve(self, ksp, b, x):
        self.record.factorisations += self._refactor
        self.record.krylov += ksp.getIterationNumber()
        self._refactor = ksp.getIterationNumber() > REFACTOR_AFTER or ksp.getConvergedReason() < 0
        residual = b.duplicate()
        self._matrix.mult(x, residual)
        residual.aypx(-1.0, b)
        norm = b.norm()
        self.record.true_residual = max(self.record.true_residual, residual.norm() / norm if norm > 0 else 0.0)
        residual.destroy()

    def _converged(self, snes, iteration, norms):
        _, _, fnorm = norms
        self.record.residuals.append(fnorm)
        if self.monitor:
            self.monitor(iteration, fnorm)
        if not math.isfinite(fnorm):
            return PETSc.SNES.ConvergedReason.DIVERGED_FNORM_NAN
        if iteration == 0:
            return 0
        self.record.newton = iteration
        change = self.system.norms(snes.getSolutionUpdate())
        size = self.system.norms(snes.getSolution())
        counts = self._sizes
        relative = {n: change[n] / max(size[n], _FLOOR * math.sqrt(max(counts[n], 1))) for n in change}
        self.record.updates.append(relative)
        if max(relative.values()) <= self.tolerance:
            return PETSc.SNES.ConvergedReason.CONVERGED_SNORM_RELATIVE
        return 0

    def solve(self) -> StepRecord:
        """Solve from the present state.

        Returns
        -------
        StepRecord

        Raises
        ------
        ConvergenceError
            With the field that changes most, the norms and what to try. The state is then that before the call.
        """
        self.record = StepRecord()
        before = self.y.copy()
        try:
            self._snes.solve(None, self.y)
            reason = self._snes.getConvergedReason()
        except PETSc.Error as error:
            reason, failure = None, str(error)
        else:
            failure = f"PETSc reason {reason}, linear solver reason {self._snes.getKSP().getConvergedReason()}"
        if reason is None or reason <= 0:
            before.copy(self.y)
            self._refactor = True
            raise ConvergenceError(self._explain(failure))
        before.destroy()
        self._drop_options()
        self.system.expand(self.y)
        return self.record

    def _drop_options(self) -> None:
        """Remove the options from PETSc's table; those of the user must have had an effect."""
        if self._prefix is None:
            return
        table = PETSc.Options()
        unused = [key for key in self._own if not table.used(self._prefix + key)]
        for key in self.options:
            table.delValue(self._prefix + key)
        self._prefix = None
        if unused:
            raise InputError(f"solver.options: PETSc has no use for {', '.join(unused)} here; its manual has the names")

    def _explain(self, failure: str) -> str:
        r = self.record
        history = ", ".join(f"{v:.2e}" for v in r.residuals[-6:]) or "none"
        worst = ""
        if r.updates:
            name = max(r.updates[-1], key=r.updates[-1].get)
            worst = f" The field that still changes most is '{name}' (relative {r.updates[-1][name]:.1e})."
        return (
            f"the coupled system did not converge in {len(r.residuals)} Newton steps ({failure}); "
            f"residual norms {history}.{worst} Try smaller steps of load.current_multiples, more solver.max_iterations, "
            "or check that exchange current density and resistances have plausible magnitudes."
        )

    def destroy(self) -> None:
        """Free the PETSc objects."""
        for item in (self._snes, self.y, self._residual):
            item.destroy()
