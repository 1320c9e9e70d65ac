"""Solutions for several right hand sides with one set-up: together, where the matrix is factorised.

The substitutions of a factorised matrix wait for its factors to come from memory; for a block of right hand sides they come once,
which takes a tenth of the time for each.
"""

from __future__ import annotations

import numpy as np

from ..fem import PETSc

TOGETHER = 32
"""Right hand sides of a block; they and their solutions are stored densely."""
TRUSTED = 10.0
"""Largest true residual of a solution, in units of the tolerance: the solvers stop by one that they carry along."""
_ROUNDING = 100.0
"""Largest tolerance that rounding may ask for, in units of the given one; residuals may be ``TRUSTED`` times that."""


def solve_loads(ksp, rights: list, together: bool) -> tuple[list, list[int], bool]:
    """Solve for each right hand side, from zero.

    Parameters
    ----------
    ksp : PETSc.KSP
        Set up.
    rights : list of PETSc.Vec
    together : bool
        Whether its preconditioner is a factorisation, and solves by itself.

    Returns
    -------
    solutions : list of PETSc.Vec
    iterations : list of int
        For each.
    ended : bool
        Whether the solver ended each as it should.

    Raises
    ------
    PETSc.Error
        Nothing is left behind.
    """
    found: list = [rhs.duplicate() for rhs in rights]
    ended = True
    try:
        if together and len(rights) > 1:
            for start in range(0, len(rights), TOGETHER):
                _block(ksp, rights[start : start + TOGETHER], found[start : start + TOGETHER])
                ended = ended and ksp.getConvergedReason() > 0
            return found, [1] * len(found), ended
        iterations = []
        for rhs, x in zip(rights, found, strict=True):
            x.zeroEntries()
            ksp.solve(rhs, x)
            iterations.append(ksp.getIterationNumber())
            ended = ended and ksp.getConvergedReason() > 0
    except PETSc.Error:
        for x in found:
            x.destroy()
        raise
    return found, iterations, ended


def _block(ksp, rights: list, solutions: list) -> None:
    """Solve for a few right hand sides at once."""
    dense = [PETSc.Mat().createDense([rights[0].getSizes(), len(rights)], comm=ksp.getComm()) for _ in range(2)]
    for matrix in dense:
        matrix.setUp()
    given, found = dense
    try:
        columns = given.getDenseArray()
        for k, rhs in enumerate(rights):
            columns[:, k] = rhs.array_r
        given.assemble()
        ksp.matSolve(given, found)
        columns = found.getDenseArray(readonly=True)
        for k, x in enumerate(solutions):
            x.array[:] = columns[:, k]
    finally:
        for matrix in dense:
            matrix.destroy()


def true_residual(operator, rhs, x) -> float:
    """Norm of what a solution leaves of its right hand side, relative to it where it is not zero (collective).

    Parameters
    ----------
    operator : PETSc.Mat
    rhs, x : PETSc.Vec
    """
    left = rhs.duplicate()
    operator.mult(x, left)
    left.axpy(-1.0, rhs)
    found = left.norm() / (rhs.norm() or 1.0)
    left.destroy()
    return found


def residual_of_rounding(diagonal, rhs, x) -> float:
    """Relative residual that rounding the entries of a solution can bring about (collective).

    Where a soft part carries a stiff one, no solver can be relied on to get below it (Higham, Accuracy and Stability of
    Numerical Algorithms, chapter 7). Each unknown counts with its own entry of the diagonal, since its neighbours are as stiff.

    Parameters
    ----------
    diagonal : PETSc.Vec
        Of the matrix; zero for unknowns that are constrained.
    rhs, x : PETSc.Vec
    """
    product = x.duplicate()
    product.pointwiseMult(diagonal, x)
    found = np.finfo(float).eps * product.norm() / (rhs.norm() or 1.0)
    product.destroy()
    return found


def widened(matrix, held: np.ndarray, rights: list, found: list, residuals: list[float], tolerance: float) -> list[float] | None:
    """The tolerance of each load, or, where its residual is above it, what rounding leaves (collective).

    Parameters
    ----------
    matrix : PETSc.Mat
    held : ndarray of int
        Local numbers of constrained unknowns.
    rights, found : list of PETSc.Vec
        Loads and their solutions.
    residuals : list of float
        Of these, relative.
    tolerance : float

    Returns
    -------
    list of float or None
        None if a residual is more than rounding accounts for.
    """
    diagonal, limits = matrix.getDiagonal(), []
    diagonal.array[held] = 0.0
    for residual, rhs, x in zip(residuals, rights, found, strict=True):
        rounding = min(residual_of_rounding(diagonal, rhs, x), _ROUNDING * tolerance)
        limits.append(tolerance if residual <= TRUSTED * tolerance else max(tolerance, rounding))
    diagonal.destroy()
    return limits if all(value <= TRUSTED * limit for value, limit in zip(residuals, limits, strict=True)) else None
