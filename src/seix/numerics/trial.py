"""Options of the user tried on a small system, before there is a mesh: which of them PETSc does not know, or does not accept.

Whatever linear solver a preset may choose is given its options by the same functions as for the model, and solves once. An option
is refused only if every one of them refuses it: what a small system cannot tell, such as a level that only a larger one has, is
left to the run.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..fem import MPI, PETSc
from ..fields import FIELDS
from ..input.types import did_you_mean
from ..input.words import shown
from .gathered import FACTORISATIONS
from .options import LATE, OptionTable, RefusedOption
from .presets import DIRECT, FIXED, LARGEST_UNCOMPRESSED, WHY_FIXED, Options, field_key, multigrid_options, variants
from .trial_system import TrialSystem, components

_SIZES = (1, LARGEST_UNCOMPRESSED + 1, 10**9)
"""Unknowns of linear elements for which the multigrid preset has other options each."""
_STEPS, _ITERATIONS = 30, 200
"""Most iterations of Newton's method and of a linear solver, whatever is asked for."""
_PREFIX = "seixtrial_"
_WRITES = re.compile(r"view|monitor|reason|print|draw|plot|save|ooc|stat|icntl_[1-4]$")
"""In options that may write to the terminal or to files: they are not tried."""
_INSIDE = re.compile(
    r"(?:.*_)?(?:mg_levels|mg_coarse|mg_fine|esteig|sub|redundant|telescope|npc|inner|gathered|mat)_(\d+_)?", re.IGNORECASE
)
"""Beginning of options of a solver or matrix inside another solver, which need not be there; with the number of a level."""


@functools.lru_cache(maxsize=64)
def refused_options(options: tuple[tuple[str, str | int | float], ...], preset: str, dim: int) -> dict[str, str]:
    """Options that cannot be used, with the reason (of this rank alone).

    Parameters
    ----------
    options : tuple of (str, value)
        From the user.
    preset : {"auto", "direct", "multigrid"}
    dim : int
        Dimension of the mesh.

    Returns
    -------
    dict
        Key -> sentence.
    """
    own = {key: value for key, value in options if not _WRITES.search(key)}
    if "fieldsplit" in own.values():  # which splits by what a small system has not got
        return {}
    solvers = _solvers(preset, dim, own)
    known = dict.fromkeys(key for solver in solvers for key in solver.options)
    found: dict[str, str] = {}
    with _silent():
        for number, solver in enumerate(solvers):
            wrong = _refused_by(solver, own, known)
            found = wrong if number == 0 else {key: text for key, text in found.items() if key in wrong}
            if not found:
                break
    return found


@dataclass(frozen=True)
class _Solver:
    """A linear solver inside Newton's method.

    Attributes
    ----------
    options : mapping
        Of the preset.
    dim : int
        Dimension of the mesh.
    cycles : bool
        Whether a cycle of multigrid for each field preconditions it; else it factorises.
    """

    options: Options
    dim: int
    cycles: bool


def _solvers(preset: str, dim: int, own: Options) -> list[_Solver]:
    """Every solver that a preset may choose, as a last resort too."""
    direct, cycles = _Solver(DIRECT, dim, False), []
    for variant in variants(dim, dim):
        for unknowns in _SIZES:
            options = multigrid_options(dim, {name: (components(name, dim), unknowns) for name in FIELDS}, variant)
            if all(options != other.options for other in cycles):
                cycles.append(_Solver(options, dim, True))
    if preset == "direct":
        return [direct]
    if preset == "multigrid":
        return cycles if FIXED in own else [*cycles, direct]  # with it, a run ends before the last resort
    return [direct, *cycles]


def _refused_by(solver: _Solver, own: Options, known: Iterable[str]) -> dict[str, str]:
    """Options that a solver refuses, with the reason."""
    wrong, own = {}, dict(own)
    if solver.cycles and FIXED in own:
        wrong[FIXED] = WHY_FIXED
        del own[FIXED]
    while own:
        try:
            idle = _idle(solver, own)
        except RefusedOption as error:
            if not error.keys:
                break
            for key in error.keys:
                wrong[key] = f"PETSc does not accept {shown(own.pop(key))}: {error.said}"
            continue
        if not any(key.endswith("type") for key in wrong):  # else they may be of the type that was meant
            text = "PETSc has no use for this option here;{} its manual has the names"
            wrong |= {key: text.format(did_you_mean(key, _alike(key, known))) for key in idle}
        break
    return wrong


def _alike(key: str, known: Iterable[str]) -> list[str]:
    """Options of the same object, such as `pc_`; all of them if no object is called so: `pc_type` is no hint at a matrix."""
    known = [*known]
    return [other for other in known if other.startswith(key.partition("_")[0] + "_")] or known


def _idle(solver: _Solver, own: Options) -> list[str]:
    """Options of the user that a solver surely has no use for.

    Raises
    ------
    RefusedOption
        If PETSc does not accept one.
    """
    options = solver.options | own
    table = OptionTable(_PREFIX, options)
    system, snes = TrialSystem(solver.dim), PETSc.SNES().create(MPI.COMM_SELF)
    try:
        _solve(solver, own, system, snes, table)
        linear, newton = snes.getKSP().getConvergedReason() > 0, snes.getConvergedReason() > 0
        unused = table.unused(options, MPI.COMM_SELF)
    except PETSc.Error as error:
        table.blame(error, own)
        return []
    finally:
        table.remove()
        snes.destroy()
        system.release()
    used = {*options}.difference(unused)
    asked = [key for key in own if newton or (linear and not key.startswith(LATE))]
    return [key for key in asked if key in unused and _sure(key, used, options, solver.cycles)]


def _solve(solver: _Solver, own: Options, system: TrialSystem, snes, table: OptionTable) -> None:
    """Newton's method as it is set up for the model."""
    matrix = system.operator if solver.cycles else system.matrix
    y, b, residual = system.vectors(3)
    b.set(1.0)

    def function(_, y, out):
        system.matrix.mult(y, out)
        out.axpy(-1.0, b)

    snes.setOptionsPrefix(_PREFIX)
    snes.setFunction(function, residual)
    snes.setJacobian(lambda _, y, matrix, preconditioner: matrix.assemble(), matrix)
    ksp = snes.getKSP()
    if solver.cycles:
        system.precondition(ksp.getPC(), _PREFIX)
    table.read_by(snes, own)
    snes.setTolerances(max_it=min(snes.getTolerances()[3], _STEPS))
    ksp.setTolerances(max_it=min(ksp.getTolerances()[3], _ITERATIONS))
    snes.getLineSearch().setFromOptions()
    snes.solve(None, y)


def _sure(key: str, used: Iterable[str], options: Options, cycles: bool) -> bool:
    """Whether a larger system, on more ranks, has no use either for an option that nothing asked for.

    An option of a solver inside another one is judged if that was there and asked for others. Cycles are there for each field, or
    not at all; and neither they nor a factorisation leave room for other solvers inside.
    """
    inside, of_field = _INSIDE.match(key), key.startswith(tuple(f"{field_key(name)}_" for name in FIELDS))
    if inside is None or (of_field and not cycles):
        return True
    whole = cycles or options["pc_type"] in FACTORISATIONS
    if whole and not of_field and not key.startswith(("mat_mffd_", "npc_", "gathered_")):
        return True
    return inside[1] is None and any(other.startswith(inside[0]) for other in used)


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Nothing that libraries write inside reaches the terminal."""
    if sys.stdout is None:  # closed by the caller
        yield
        return
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
