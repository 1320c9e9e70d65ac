"""Linear solvers inside Newton's method: what the matrix is, how it is preconditioned, when that is renewed."""

from __future__ import annotations

from ..errors import InputError
from .gathered import factorise_on_one_rank
from .preconditioner import BlockPreconditioner
from .presets import DIRECT, FIXED, WHY_FIXED, Options, multigrid_name, multigrid_options

REFACTOR_AFTER = 12
"""Krylov iterations above which the next Newton step gets a new factorisation (cost of about one factorisation)."""


class DirectLinear:
    """Factorisation of the whole matrix.

    Parameters
    ----------
    system : CoupledSystem
    y : PETSc.Vec
        Present free unknowns.
    overrides : mapping
        PETSc options that override those of the preset.
    prefix : str
        Prefix of the PETSc options.
    """

    name = "direct"

    def __init__(self, system, y, overrides: Options, prefix: str):
        self.system, self.options = system, {**DIRECT, **overrides}
        self.matrix = system.jacobian(y)

    def attach(self, ksp) -> None:
        """Called when its options are in the table, before they are read."""
        factorise_on_one_rank(ksp)

    def update(self, y) -> None:
        """Bring the matrix to the state ``y``."""
        self.system.jacobian(y)

    def prepare(self, ksp, renew: bool) -> None:
        """Called right before each solve: SNES resets the flag whenever it updates the matrix."""
        ksp.getPC().setReusePreconditioner(not renew)

    def worn(self, iterations: int, renewed: bool) -> bool:
        """Whether the next Newton step deserves a new factorisation."""
        return iterations > REFACTOR_AFTER

    def destroy(self) -> None:
        """The matrix belongs to the system."""


class MultigridLinear:
    """Products with the blocks of the matrix, preconditioned field by field (parameters as for the direct solver).

    Parameters
    ----------
    variant : str
        One of :data:`seix.numerics.presets.VARIANTS`.
    """

    def __init__(self, system, y, overrides: Options, prefix: str, variant: str):
        if FIXED in overrides:
            raise InputError(f"solver.options.{FIXED}: {WHY_FIXED}")
        self.system, self.name, self._baseline = system, multigrid_name(variant), 0
        self._operator = system.operator(y)
        self.matrix = self._operator.matrix()
        self._preconditioner = BlockPreconditioner(system, self._operator, prefix)
        multigrids = self._preconditioner.multigrids
        fields = {system.blocks[i].name: (system.blocks[i].bs, one.coarse_unknowns) for i, one in multigrids.items()}
        self.options = multigrid_options(system.dim, fields, variant) | overrides

    def attach(self, ksp) -> None:
        """Set the preconditioner."""
        pc = ksp.getPC()
        pc.setType("python")
        pc.setPythonContext(self._preconditioner)

    def update(self, y) -> None:
        """Bring the blocks to the state ``y``."""
        self.system.expand(y)
        self._operator.jacobian.update()
        self.matrix.assemble()

    def prepare(self, ksp, renew: bool) -> None:
        """Renew the hierarchies and the border if wanted; else they stay as they are."""
        if renew:
            self._preconditioner.refresh()

    def worn(self, iterations: int, renewed: bool) -> bool:
        """Whether the iterations have grown by more than a renewal costs."""
        if renewed:
            self._baseline = iterations
        return iterations > 1.5 * self._baseline + 5

    def destroy(self) -> None:
        """Free the PETSc objects."""
        self._preconditioner.release()
        self.matrix.destroy()
        self._operator.release()
