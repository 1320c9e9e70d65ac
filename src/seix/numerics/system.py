"""Coupled system: residual blocks, automatic Jacobian, constraints, on the free unknowns only."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import ufl

from ..fem import MPI, PETSc, ordered_products

# isort: split
import dolfinx.fem.petsc as fem_petsc

from .blocks import BlockJacobian, ConstrainedOperator
from .compile import compile_form
from .constraints import Block, Constraints
from .contributions import add_forms
from .timing import timed


class CoupledSystem:
    """Nonlinear blocked system F(x) = 0 under affine constraints x = P y + g.

    Parameters
    ----------
    residuals : sequence of ufl.Form
        One residual per field, tested with the argument of that field's space.
    fields : sequence of dolfinx.fem.Function
        The unknowns, in the same order.
    constraints : Constraints
        Built on the blocks of the same fields, in the same order.
    entity_maps
        Maps between the submeshes and the mesh of integration.
    """

    def __init__(self, residuals: Sequence, fields: Sequence, constraints: Constraints, entity_maps):
        self.comm = constraints.comm
        self.fields = list(fields)
        self.blocks: list[Block] = constraints.blocks
        self.entity_maps = entity_maps
        self.derivatives = _jacobian(residuals, fields)
        self.F = compile_form(list(residuals), entity_maps)
        self.J = self.A = self.reduced_matrix = self._assembled = None
        parts = [part for row in self.derivatives for part in row if part is not None]
        self._constants = list(dict.fromkeys(value for part in parts for value in part.constants()))
        self._coefficients = list(dict.fromkeys(value for part in parts for value in part.coefficients()))
        self.b = fem_petsc.create_vector([f.function_spaces[0] for f in self.F], kind="mpi")
        self.x = self.b.duplicate()
        self.P, self.g, self.scalars, self.labels = constraints.build()
        self.free = np.flatnonzero(~constraints._slave)
        self.names = [b.name for b in self.blocks]
        self.full = self.P.createVecLeft()

    @property
    def unknowns(self) -> int:
        """Number of free unknowns."""
        return self.P.getSize()[1]

    @property
    def dim(self) -> int:
        """Dimension of the mesh."""
        return self.blocks[0].space.mesh.topology.dim

    def create_vector(self):
        """Vector of free unknowns, zero."""
        y = self.P.createVecRight()
        y.zeroEntries()
        return y

    def expand(self, y) -> None:
        """Set the fields from the free unknowns."""
        self.P.multAdd(y, self.g, self.full)
        start = 0
        for field, block in zip(self.fields, self.blocks, strict=True):
            field.x.array[: block.size] = self.full.array_r[start : start + block.size]
            field.x.scatter_forward()
            start += block.size

    def _assemble(self):
        """Residual of all unknowns at the present fields, before elimination."""
        with self.b.localForm() as local:
            local.set(0.0)
        with timed("assemble"):
            fem_petsc.assemble_vector(self.b, self.F)
        self.b.ghostUpdate(addv=PETSc.InsertMode.ADD, mode=PETSc.ScatterMode.REVERSE)
        return self.b

    def residual(self, y, out) -> None:
        """Residual of the free unknowns."""
        self.expand(y)
        b = self._assemble()
        self.full.array[:] = b.array_r[: self.full.local_size]
        self.P.multTranspose(self.full, out)

    def block_residuals(self) -> list[np.ndarray]:
        """Residual of every field at its owned unknowns, before elimination: reactions where they are constrained."""
        values = self._assemble().array_r
        return [
            values[a : a + b.size].copy()
            for a, b in zip(np.cumsum([0, *[b.size for b in self.blocks]]), self.blocks, strict=False)
        ]

    def inputs(self, y) -> bytes:
        """Hash of all values on this rank that the matrix at ``y`` depends on: matrices of the same values have the same bits."""
        self.expand(y)
        found = hashlib.blake2b(digest_size=16)
        for values in (*(c.value for c in self._constants), *(f.x.array for f in self._coefficients)):
            found.update(np.ascontiguousarray(values))
        return found.digest()

    def jacobian(self, y):
        """Matrix of the free unknowns at ``y``; the same matrix object at every call, filled only if anything has changed."""
        inputs = self.inputs(y)
        if self.comm.allreduce(inputs == self._assembled, op=MPI.LAND):
            return self.reduced_matrix
        self._assembled = None  # until all is well
        if self.A is None:
            self.J = compile_form(self.derivatives, self.entity_maps)
            self.A = fem_petsc.create_matrix(self.J, kind="mpi")
            self.A.setOption(PETSc.Mat.Option.KEEP_NONZERO_PATTERN, True)
        with timed("assemble"), ordered_products(self.comm):
            self.A.zeroEntries()
            add_forms(self.A, self.J)
            self.A.assemble()
            if self.reduced_matrix is None:
                self.reduced_matrix = self.A.PtAP(self.P)
            # also the first time: PETSc sums in another order when it fills a pattern that is there
            self.A.PtAP(self.P, result=self.reduced_matrix)
        self._assembled = inputs
        return self.reduced_matrix

    def operator(self, y) -> ConstrainedOperator:
        """The same at ``y`` without a matrix of the whole, new at every call and the caller's to free.

        It is not shared, as products with its blocks keep their patterns, and PETSc sums in another order when it fills a pattern
        that is there: the last digits would tell that the operator had been used with other values.
        """
        operator = ConstrainedOperator(
            self.P, BlockJacobian(self.comm, self.derivatives, self.entity_maps, self.fields, self.blocks)
        )
        self.expand(y)
        operator.jacobian.update()
        return operator

    def field_sizes(self) -> dict[str, int]:
        """Number of free unknowns of each field (collective)."""
        one = self.create_vector()
        one.set(1.0)
        sizes = {name: round(value**2) for name, value in self.norms(one).items()}
        one.destroy()
        return sizes

    def norms(self, vector) -> dict[str, float]:
        """2-norm of the free unknowns' part of each field (collective)."""
        parts = vector.array_r**2
        local = np.bincount(self.labels + 1, weights=parts, minlength=len(self.blocks) + 1)
        sums = np.sqrt(self.comm.allreduce(local))
        named = dict(zip(self.names, sums[1:], strict=True))
        if self.scalars:
            named["mean strain"] = sums[0]
        return named

    def destroy(self) -> None:
        """Free the PETSc objects."""
        for item in (self.A, self.b, self.x, self.P, self.g, self.full, self.reduced_matrix):
            if item is not None:
                item.destroy()


def _jacobian(residuals, fields):
    """Derivative of every residual by every field; None where it vanishes."""
    rows = []
    for residual in residuals:
        row = []
        for field in fields:
            trial = ufl.TrialFunction(field.function_space)
            block = ufl.algorithms.expand_derivatives(ufl.derivative(residual, field, trial))
            row.append(None if block.empty() else block)
        rows.append(row)
    return rows
