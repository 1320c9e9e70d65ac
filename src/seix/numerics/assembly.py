"""Matrix of a bilinear form that is brought up to date at the least cost."""

from __future__ import annotations

import numpy as np
import ufl

from ..fem import MPI, PETSc

# isort: split
import dolfinx.fem.petsc as fem_petsc
from dolfinx import cpp, fem

from .cell_assembly import CellMatrix, suitable
from .compile import compile_form
from .contributions import add_forms
from .timing import timed


class FormMatrix:
    """Matrix of a bilinear form, assembled again only where something has changed.

    The integrals that contain an unknown (interface laws) change in every Newton step; all others, which take most of the
    time, depend on coefficients and constants only and are kept.

    Parameters
    ----------
    comm
        Communicator.
    form : ufl.Form
        Bilinear.
    entity_maps : sequence or None
        Maps between the submeshes and the mesh of integration.
    unknowns : sequence of dolfinx.fem.Function
        Coefficients that change from call to call.
    dense : bool
        Store small dense blocks (BAIJ), for the own block of a vector field: a third less memory and traffic.

    Attributes
    ----------
    matrix : PETSc.Mat
    version : int
        Number of times it was assembled.
    """

    def __init__(self, comm, form, entity_maps=None, unknowns=(), dense: bool = False):
        self.comm, self.version = comm, 0
        parts = split(form, unknowns)
        self._steady, self._varying = (part and compile_form(part, entity_maps) for part in parts)
        self._given = [f for f in form.coefficients() if f not in unknowns]
        self._seen: list[np.ndarray] | None = None
        with timed("assemble"):
            self._make(entity_maps, "baij" if dense else "aij")

    def _make(self, entity_maps, kind: str) -> None:
        """Matrix with its pattern."""
        self._cells = None
        if self._varying is None and suitable(self._steady):
            self._cells = CellMatrix(self._steady, entity_maps, kind)
        self.matrix = self._create(kind) if self._cells is None else self._cells.matrix
        self.matrix.setOption(PETSc.Mat.Option.KEEP_NONZERO_PATTERN, True)
        self._kept = None
        if self._steady is not None and self._varying is not None:
            # the pattern counts from the first assembly on, and both matrices must have that of all integrals
            for part in (self._steady, self._varying):
                add_forms(self.matrix, part)
            self.matrix.assemble()
            self._kept = self.matrix.duplicate()

    def _create(self, kind: str):
        """Empty matrix with the pattern of all integrals."""
        forms = [f for f in (self._steady, self._varying) if f is not None]
        if len(forms) == 1:
            return fem_petsc.create_matrix(forms[0], kind)
        pattern = cpp.fem.create_sparsity_pattern(forms[0]._cpp_object)
        cpp.fem.build_sparsity_pattern(pattern, forms[1]._cpp_object)
        pattern.finalize()
        return cpp.la.petsc.create_matrix(self.comm, pattern, kind)

    def update(self) -> bool:
        """Bring the matrix to the present values; whether anything had changed (collective)."""
        with timed("assemble"):
            return self._update()

    def _update(self) -> bool:
        data = self._data()
        same = self._seen is not None and all(np.array_equal(a, b, equal_nan=True) for a, b in zip(self._seen, data, strict=True))
        changed = self.comm.allreduce(not same, op=MPI.LOR)
        self._seen = None  # what fails below is made anew, also for the values before
        if changed and self._cells is not None:
            self._cells.assemble()
        elif changed and self._steady is not None:
            target = self.matrix if self._kept is None else self._kept
            target.zeroEntries()
            add_forms(target, self._steady)
            target.assemble()
        if self._varying is not None:
            if self._kept is None:
                self.matrix.zeroEntries()
            else:
                self._kept.copy(self.matrix, PETSc.Mat.Structure.SAME_NONZERO_PATTERN)
            add_forms(self.matrix, self._varying)
            self.matrix.assemble()
            changed = True
        self.version += changed
        self._seen = data
        return changed

    def _data(self) -> list[np.ndarray]:
        """Copies of the constants and given coefficients."""
        constants = [fem.pack_constants(f) for f in (self._steady, self._varying) if f is not None]
        return [values.copy() for values in (*constants, *[f.x.array for f in self._given])]

    def destroy(self) -> None:
        """Free the PETSc objects."""
        self.matrix.destroy()
        if self._kept is not None:
            self._kept.destroy()


def split(form, unknowns) -> tuple:
    """Integrals of a form without and with the unknowns, each as a form or None."""
    found: tuple[list, list] = ([], [])
    for part in form.integrals():
        inside = any(f in unknowns for f in ufl.algorithms.extract_coefficients(part.integrand()))
        found[inside].append(part)
    return tuple(ufl.Form(parts) if parts else None for parts in found)
