"""Factorisation by one rank alone of a matrix that is spread over several: the same bits in every run.

Parallel factorisations add up contributions in the order in which messages arrive; two runs then differ in their last digits, and
through Newton's method so does everything that is computed. For the matrices that are factorised here, those of the plane and
small ones, one rank is about as fast as two.
"""

from __future__ import annotations

import numpy as np

from ..fem import PETSc, on_root

FACTORISATIONS = ("lu", "cholesky")
"""Preconditioners of PETSc that factorise."""


def factorise_on_one_rank(ksp) -> None:
    """Let rank 0 do what a solver's options ask for, if that is a factorisation and there are other ranks (collective).

    Parameters
    ----------
    ksp : PETSc.KSP
        Its options are in the table and not read yet. The factorisation takes those of its preconditioner, under the same names.
    """
    prefix = ksp.getOptionsPrefix()
    kind = PETSc.Options().getString(prefix + "pc_type", "")
    if ksp.getComm().size == 1 or kind not in FACTORISATIONS:
        return
    pc = ksp.getPC()
    pc.setOptionsPrefix(prefix + "gathered_")  # what stands under the prefix itself is for the factorisation
    pc.setType("python")
    pc.setPythonContext(GatheredFactor(prefix, definite=kind == "cholesky"))


class GatheredFactor:
    """Context of a PETSc preconditioner of type python: matrix and right hand sides go to rank 0, solutions come back.

    Parameters
    ----------
    prefix : str
        Prefix of the options of the factorisation.
    definite : bool
        Whether the matrix is symmetric and positive definite, which what is gathered of it does not know.
    """

    def __init__(self, prefix: str, definite: bool):
        self._prefix, self._definite = prefix, definite
        self._matrices: list = []
        self._factor = None
        self._reason = 0

    def setUp(self, pc) -> None:
        """Factorise the present values of the matrix (collective)."""
        matrix = pc.getOperators()[1]
        self._comm = matrix.getComm().tompi4py()
        self._counts = np.diff(matrix.getOwnershipRanges())
        every = PETSc.IS().createStride(matrix.getSize()[0] if self._comm.rank == 0 else 0, comm=PETSc.COMM_SELF)
        self._matrices = matrix.createSubMatrices([every], [every], self._matrices or None)
        every.destroy()
        self._reason, text = on_root(self._comm, self._factorise)
        pc.setFailedReason(self._reason)
        if text:
            raise RuntimeError(text)

    def _factorise(self) -> tuple[int, str]:
        """Why there is no factorisation, or zero, and what PETSc says of it if it raised an error; on rank 0 alone."""
        (matrix,) = self._matrices
        try:
            matrix.setOption(PETSc.Mat.Option.SPD, self._definite)
            if self._factor is None:
                self._factor = PETSc.PC().create(PETSc.COMM_SELF)
                self._factor.setOptionsPrefix(self._prefix)
                self._factor.setOperators(matrix)
                self._factor.setFromOptions()
            self._factor.setOperators(matrix)
            self._factor.setUp()
        except PETSc.Error as error:
            return PETSc.PC.FailedReason.SUBPC_ERROR, str(error)
        return self._factor.getFailedReason(), ""

    def apply(self, _, rhs, out) -> None:
        """Solve for one right hand side (collective)."""
        self._solve(rhs.array_r[:, None], out.array[:, None])

    def matApply(self, _, rights, out) -> None:
        """Solve for all columns of a dense matrix at once (collective)."""
        self._solve(rights.getDenseArray(readonly=True), out.getDenseArray())

    def _solve(self, given: np.ndarray, found: np.ndarray) -> None:
        """Solutions for the columns of one array, of which each rank has its rows, in another one; NaN where there are none."""
        if self._reason:  # not every solver asks before it applies
            found[:] = np.nan
            return
        root, columns = self._comm.rank == 0, range(given.shape[1])
        whole = [PETSc.Mat().createDense([self._counts.sum(), len(columns)], comm=PETSc.COMM_SELF) for _ in range(2 * root)]
        for matrix in whole:
            matrix.setUp()
        for k in columns:
            self._comm.Gatherv(given[:, k], (whole[0].getDenseArray()[:, k], self._counts) if root else None)
        if root:
            whole[0].assemble()
            try:
                self._factor.matApply(*whole)
            except PETSc.Error:
                whole[1].getDenseArray()[:] = np.nan
        for k in columns:
            self._comm.Scatterv((whole[1].getDenseArray(readonly=True)[:, k], self._counts) if root else None, found[:, k])
        for matrix in whole:
            matrix.destroy()

    def destroy(self, _) -> None:
        """Free the PETSc objects; called with the preconditioner."""
        for item in (*self._matrices, self._factor):
            if item is not None:
                item.destroy()
