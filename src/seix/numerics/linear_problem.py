"""Linear, symmetric and positive definite problem of one field: conduction or elasticity, any number of loads."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import ConvergenceError, InputError
from ..fem import PETSc, ordered_products

# isort: split
from dolfinx import fem, la

from .assembly import FormMatrix
from .compile import compile_form
from .constraints import Constraints
from .convergence import LinearRecord
from .elimination import Elimination
from .gathered import factorise_on_one_rank
from .linear_log import note
from .loads import TRUSTED, solve_loads, true_residual, widened
from .loose import LooseMotions
from .multigrid import FieldMultigrid, near_null_space
from .options import OptionTable
from .presets import DOUBLE, Options, ProblemSize, linear_candidates, linear_options, multigrid_name
from .timing import timed


class LinearProblem:
    """Solves a(u, v) = L(v) under affine constraints u = P y + g for many L on one matrix and one set-up.

    Parameters
    ----------
    a : ufl.Form
        Bilinear form on one space, symmetric; positive definite under the constraints.
    constraints : Constraints
        Of one block with that space.
    entity_maps : sequence, optional
        Maps between submeshes and the mesh of integration.
    preset : {"auto", "direct", "multigrid"}
        Solver; "auto" chooses by dimension, size and number of loads (:func:`seix.numerics.presets.linear_candidates`).
    loads : int
        Number of loads to expect, for that choice.
    tolerance : float
        Largest relative residual.
    options : mapping, optional
        PETSc options that override those of the preset; that they have an effect is checked unless a solver failed.

    Attributes
    ----------
    record : LinearRecord
    unknowns : int
        Free unknowns.
    degree : int
        Of the elements.
    """

    _count = 0

    def __init__(
        self,
        a,
        constraints: Constraints,
        entity_maps=None,
        preset: str = "auto",
        loads: int = 1,
        tolerance: float = 1e-8,
        options: Options | None = None,
    ):
        (self.block,) = constraints.blocks
        self.comm, self.tolerance, self._own = constraints.comm, tolerance, dict(options or {})
        self._a, self._entity_maps = a, entity_maps
        with timed("set up"):
            P, self._given = None, constraints.fixed_values()
            if self._given is None:
                P, self._given, _, _ = constraints.build()
            self._elimination = Elimination(self._given, constraints.free, P)
            self.unknowns = self.comm.allreduce(len(constraints.free))
            if P is not None:
                P.destroy()
            self._loose = LooseMotions(self.block, self._elimination, constraints.coordinates(0))
            self._suspect = self._loose.may_exist()
        self._lift = self._given.duplicate()
        space = self.block.space
        self.degree = space.element.basix_element.degree
        self._chain = linear_candidates(preset, self.size, loads)
        self.record = LinearRecord()
        self.options: Options = {}
        self._whole = self._matrix = self._multigrid = self._ksp = None
        self._stale, self._version = True, 0

    @property
    def size(self) -> ProblemSize:
        """What the choice of a solver depends on."""
        return ProblemSize(self.block.space.mesh.topology.dim, self.degree, self.block.bs, self.unknowns)

    # -- matrix and solver ------------------------------------------------------------------------------------------

    def update(self) -> None:
        """Take over changed coefficients and constants: the next solution uses them (collective)."""
        self._stale = True

    @property
    def _smoothed(self) -> bool:
        """Whether the solver is the multigrid of quadratic over linear elements."""
        return self.degree > 1 and self._chain[0] != "direct"

    def _assemble(self) -> bool:
        """Matrix under the constraints at the present values of the coefficients; whether they had changed."""
        if self._whole is None:
            dense = self._smoothed and self.block.bs > 1
            self._whole = FormMatrix(self.comm, self._a, self._entity_maps, dense=dense)
        if not self._whole.update():
            return False
        self._version += 1
        matrix = self._whole.matrix
        matrix.setOption(PETSc.Mat.Option.SPD, True)  # an assembly forgets it
        matrix.mult(self._given, self._lift)
        if self._elimination.square is None or not self._smoothed:
            self._matrix = self._elimination.reduced(matrix, self._matrix)
            self._matrix.setOption(PETSc.Mat.Option.SPD, True)
        return True

    def _renew(self) -> None:
        """Matrix, preconditioner and its options, made or brought up to date."""
        changed, first = self._assemble(), self._ksp is None
        if first:
            self._create()
        elif not changed:
            self._stale = False
            return
        self.record.setups += 1
        if self._multigrid is not None:
            self._multigrid.refresh(self.record.setups)
            self._ksp.setOperators(self._multigrid.operator)
        else:
            self._ksp.setOperators(self._matrix)
        if first:
            self._ksp.setFromOptions()  # only now: the levels of the multigrid must exist
        with timed("set up"), ordered_products(self.comm):
            self._ksp.setUp()
        self._stale = False

    def _create(self) -> None:
        """Krylov solver with the first preconditioner of the chain."""
        self._prefix = f"seixlinear{LinearProblem._count}_"
        LinearProblem._count += 1
        kind, space, coarse = self._chain[0], self.block.space, 0
        self._ksp = PETSc.KSP().create(self.comm)
        self._ksp.setOptionsPrefix(self._prefix)
        if self._smoothed:
            eliminated = self._matrix is not None
            self._multigrid = FieldMultigrid(
                self.block, self._elimination, self._whole.matrix, self._a, self._entity_maps, self._prefix, eliminated
            )
            self._ksp.setPC(self._multigrid.pc)
            coarse = self._multigrid.coarse_unknowns
        else:
            self._matrix.setBlockSize(self.block.bs)
            near_null_space(self._matrix, space, self._elimination.free)
        self.options = linear_options(kind, self.size, coarse) | self._own
        self._table = OptionTable(self._prefix, self.options)
        if not self._smoothed:
            factorise_on_one_rank(self._ksp)
        self.record.solver = kind

    def matrix_bytes(self) -> int:
        """Size of the matrix before elimination, values and column numbers, on all ranks (collective)."""
        info = self._whole.matrix.getInfo(PETSc.Mat.InfoType.GLOBAL_SUM)
        block = self.block.bs**2 if self._whole.matrix.getType().endswith("baij") else 1
        return int(info["nz_used"] * (8 + 4 / block))

    # -- loads --------------------------------------------------------------------------------------------------------

    def solve(self, loads: Iterable) -> list[fem.Function]:
        """Solutions for several loads, on one factorisation or hierarchy (collective).

        Parameters
        ----------
        loads : iterable of ufl.Form, dolfinx.fem.Form or None
            Linear forms; None stands for no load but the given values. Each is assembled before the next is asked for, so one
            form may come several times with other constants.

        Returns
        -------
        list of dolfinx.fem.Function

        Raises
        ------
        ConvergenceError
            If no solver of the preset reaches the tolerance.
        InputError
            If a load acts on a motion that nothing holds, or for options that have no effect.
        """
        vectors = [self._assembled(load) for load in loads]
        try:
            self._solve_all(vectors)
        except (ConvergenceError, InputError):
            for vector in vectors:
                vector.destroy()
            raise
        return [self._function(vector) for vector in vectors]

    def _solve_all(self, vectors) -> None:
        """Replace loads by their solutions, with the first solver that can."""
        failures = []
        if self._suspect and self._ksp is None:
            self._refuse_unheld(vectors, parts=False)
        while (failure := self._try(vectors)) is not None:
            if not failures:
                self._refuse_unheld(vectors, parts=True)
            failures.append(failure)
            self._release()  # what failed half made is made anew by the next call
            if len(self._chain) == 1:
                raise ConvergenceError(f"the linear system of the {self.block.name} was not solved: {'; '.join(failures)}")
            self._chain.pop(0)
        unused = self._table.unused(self._own, self.comm)
        if unused and not failures:  # another solver may have other options
            raise InputError(f"PETSc has no use for {', '.join(unused)} with {self.record.solver}; its manual has the names")

    def _refuse_unheld(self, loads, parts: bool) -> None:
        """A sentence, if a load acts on a motion of the whole or of a part that neither constraints nor equations forbid."""
        if not parts:
            self._assemble()
        if self._whole is None or not self._loose.find(self._whole.matrix, parts, self._version):
            return
        rights = [self._right(load) for load in loads]
        work = max(self._loose.work(rhs.array_r) for rhs in rights)
        for rhs in rights:
            rhs.destroy()
        if work > TRUSTED * self.tolerance:  # else what is asked for can be reached, whatever is added to the solution
            self._release()
            names = " together with ".join(self._loose.names)
            raise InputError(f"the linear problem has no solution: a load acts on {names}, which nothing holds")

    def _assembled(self, load):
        """Load on all unknowns."""
        vector = self._given.duplicate()
        vector.zeroEntries()
        if load is not None:
            out = fem.assemble_vector(load if isinstance(load, fem.Form) else compile_form(load, self._entity_maps))
            out.scatter_reverse(la.InsertMode.add)
            vector.array[:] = out.array[: self.block.size]
        return vector

    def _try(self, loads) -> str | None:
        """Replace all loads by their solutions and return None, or leave them and return what went wrong."""
        rights, found = [], []
        try:
            if self._stale:
                self._renew()
            self._ksp.setTolerances(rtol=self.tolerance)
            rights = [self._right(load) for load in loads]
            with timed("solve"):
                found, iterations, ended = solve_loads(self._ksp, rights, self._chain[0] == "direct")
            operator = self._ksp.getOperators()[0]
            residuals = [true_residual(operator, rhs, x) for rhs, x in zip(rights, found, strict=True)]
            tolerances = self._tolerances(rights, found, residuals, loads, ended)
            if tolerances is None:
                return f"{self._chain[0]} (residuals {_listed(residuals)} after {max(iterations)} iterations)"
            for load, x in zip(loads, found, strict=True):
                x.copy(load)
        except PETSc.Error as error:
            return f"{self._chain[0]}: {error}"
        finally:
            for vector in (*rights, *found):
                vector.destroy()
        self.record = LinearRecord(self._chain[0], iterations, residuals, tolerances, self.record.setups)
        note(self.block.name, self.tolerance, self.record)
        return None

    def _tolerances(self, rights, found, residuals, loads, ended: bool) -> list[float] | None:
        """Relative residual that is asked of each load, more where rounding leaves more; None if a solution is too far from it.

        Rounding excuses no solver that did not end as it should, no single precision, and no load on what nothing holds.
        """
        reached = [value <= TRUSTED * self.tolerance for value in residuals]  # false for NaN
        if all(reached) or not ended or self._chain[1:2] == [multigrid_name(DOUBLE)]:
            return [self.tolerance] * len(residuals) if all(reached) else None
        tolerances = widened(self._whole.matrix, self._elimination.slaves, rights, found, residuals, self.tolerance)
        if tolerances is not None:
            self._refuse_unheld(loads, parts=True)
        return tolerances

    def _right(self, load):
        """Right hand side under the constraints."""
        rhs = load.duplicate()
        rhs.waxpy(-1.0, self._lift, load)
        self._elimination.restrict(rhs)
        return rhs

    def _function(self, x) -> fem.Function:
        """Field with the constrained unknowns filled in; frees the vector."""
        self._elimination.expand(x)
        x.axpy(1.0, self._given)
        result = fem.Function(self.block.space)
        result.x.array[: self.block.size] = x.array_r
        result.x.scatter_forward()
        x.destroy()
        return result

    # -- end ------------------------------------------------------------------------------------------------------------

    def _release(self) -> None:
        """Free solver and matrix; the next solution makes them anew."""
        if self._ksp is not None:
            self._table.remove()
            self._ksp.destroy()
        if self._multigrid is not None:
            self._multigrid.release()
        if self._matrix is not None and self._elimination.square is not None:
            self._matrix.destroy()
        if self._whole is not None:
            self._whole.destroy()
        self._whole = self._matrix = self._multigrid = self._ksp = None
        self._stale = True

    def destroy(self) -> None:
        """Free the PETSc objects."""
        self._release()
        self._elimination.destroy()
        self._given.destroy()
        self._lift.destroy()


def _listed(values) -> str:
    """Numbers for a message."""
    return ", ".join(f"{value:.1e}" for value in values)
