"""Block preconditioner of the coupled system: one multigrid cycle for each field in turn, global unknowns by a border.

With z the unknowns of the fields and s the few global ones (real-valued fields, free mean strains) the matrix is
[[J, B], [C, D]]. J is replaced by M, one sweep of block Gauss-Seidel over the fields; the bordered matrix with M in place
of J is then solved exactly: Z = M^-1 B and the small matrix D - C Z are kept until the next refresh.
"""

from __future__ import annotations

import numpy as np

from ..fem import PETSc
from .blocks import BlockJacobian, ConstrainedOperator
from .elimination import Elimination
from .multigrid import FieldMultigrid
from .presets import field_key


class BlockPreconditioner:
    """Context of a PETSc preconditioner of type python.

    Parameters
    ----------
    system : CoupledSystem
    operator : ConstrainedOperator
        The matrix to precondition.
    prefix : str
        Prefix of the PETSc options; that of a field is ``prefix`` + name of the field + ``_``.
    """

    def __init__(self, system, operator: ConstrainedOperator, prefix: str):
        self.operator, self.P, self.comm = operator, system.P, system.comm
        self.jacobian: BlockJacobian = operator.jacobian
        labels, blocks = system.labels, system.blocks
        start = self.P.getOwnershipRangeColumn()[0]
        self._fields = [i for i, b in enumerate(blocks) if b.space.dofmap.index_map.size_global > 1]
        self._local = {i: np.flatnonzero(labels == i) for i in self._fields}
        in_field = np.isin(labels, self._fields)
        self._own_globals = np.flatnonzero(~in_field)
        counts = self.comm.allgather(len(self._own_globals))
        self._first_global, self._globals = sum(counts[: self.comm.rank]), sum(counts)
        self._parts = self._split(system, start)
        self._users = {i: {k for k, f in self._parts if f == i} for i in self._fields}
        self._later = {i: set().union(*[self._users[f] for f in self._fields if f > i]) for i in self._fields}
        self.multigrids = {
            i: FieldMultigrid(
                blocks[i], self._elimination(system, i), self.jacobian.matrices[i][i],
                system.derivatives[i][i], system.entity_maps, f"{prefix}{field_key(blocks[i].name)}_", unknowns=system.fields,
            )
            for i in self._fields
        }  # fmt: skip
        self._rhs = {i: self._parts[i, i].createVecRight() for i in self._fields}
        self._solution = {i: self._parts[i, i].createVecRight() for i in self._fields}
        self._x, self._t = self.jacobian.split_vector(), self.jacobian.split_vector()
        self._columns = self._rows = self._schur = None

    def _elimination(self, system, index: int) -> Elimination:
        """Constraints of one field."""
        part = self._parts[index, index]
        like = part.createVecLeft()
        found = Elimination(like, self._rows_in_field(system, index), part)
        like.destroy()
        return found

    def _split(self, system, start) -> dict:
        """Parts of the constraint matrix that are not empty: (row field, column field) -> PETSc.Mat."""
        parts = {}
        first, offset = self.P.getOwnershipRange()[0], 0
        for k, block in enumerate(system.blocks):
            rows = PETSc.IS().createStride(block.size, first + offset, 1, comm=self.comm)
            offset += block.size
            for i in self._fields:
                columns = PETSc.IS().createGeneral((start + self._local[i]).astype(PETSc.IntType), comm=self.comm)
                part = self.P.createSubMatrix(rows, columns)
                if k == i or self.comm.allreduce(int(part.getInfo(PETSc.Mat.InfoType.LOCAL)["nz_used"])):
                    parts[k, i] = part
                else:
                    part.destroy()
                columns.destroy()
            rows.destroy()
        return parts

    def _rows_in_field(self, system, index) -> np.ndarray:
        """Local row, counted in the field, of each of its local free unknowns."""
        offset = sum(b.size for b in system.blocks[:index])
        return system.free[self._local[index]] - offset

    def refresh(self) -> None:
        """Bring all parts to the present values of the blocks (collective)."""
        for i, multigrid in self.multigrids.items():
            multigrid.refresh(self.jacobian.version(i))
        if not self._globals:
            return
        size = self.P.getLocalSize()[1]
        columns, rows = np.zeros((size, self._globals)), np.zeros((size, self._globals))
        corner = np.zeros((self._globals, self._globals))
        unit, image = self.P.createVecRight(), self.P.createVecRight()
        own = slice(self._first_global, self._first_global + len(self._own_globals))
        for k in range(self._globals):
            unit.zeroEntries()
            if own.start <= k < own.stop:
                unit.array[self._own_globals[k - own.start]] = 1.0
            self.operator.product(unit, image, transposed=True)
            rows[:, k] = image.array_r
            self.operator.product(unit, image)
            corner[own, k] = image.array_r[self._own_globals]
            image.array[self._own_globals] = 0.0
            self._sweep(image.array_r, unit)
            columns[:, k] = unit.array_r
        rows[self._own_globals] = 0.0
        self._columns, self._rows = columns, rows
        self._schur = self.comm.allreduce(corner - rows.T @ columns)
        unit.destroy()
        image.destroy()

    def apply(self, _, rhs, out) -> None:
        """Apply the preconditioner."""
        given = rhs.array_r
        self._sweep(given, out)
        if not self._globals:
            return
        missing = -(self._rows.T @ out.array_r)
        missing[self._first_global : self._first_global + len(self._own_globals)] += given[self._own_globals]
        values = np.linalg.solve(self._schur, self.comm.allreduce(missing))
        result = out.array
        result -= self._columns @ values
        result[self._own_globals] = values[self._first_global : self._first_global + len(self._own_globals)]

    def _sweep(self, given, out) -> None:
        """Block Gauss-Seidel over the fields with one cycle each; global unknowns stay zero."""
        result = out.array
        result[self._own_globals] = 0.0
        self._t.values[:] = 0.0
        for i in self._fields:
            right, solution = self._rhs[i], self._solution[i]
            right.zeroEntries()
            for k in self._users[i]:
                self._parts[k, i].multTransposeAdd(self._t.parts[k], right, right)
            right.array[:] = given[self._local[i]] - right.array_r
            self.multigrids[i].solve(right, solution)
            result[self._local[i]] = solution.array_r
            if self._later[i]:
                for k in self._users[i]:
                    self._parts[k, i].mult(solution, self._x.parts[k])
                self.jacobian.add_products(self._x, self._t, rows=self._later[i], columns=self._users[i])

    def release(self) -> None:
        """Free the PETSc objects; not named destroy, which PETSc would call with the preconditioner."""
        for multigrid in self.multigrids.values():
            multigrid.release()
            multigrid.elimination.destroy()
        for item in (*self._parts.values(), *self._rhs.values(), *self._solution.values(), self._x, self._t):
            item.destroy()
