"""How forms are compiled: fast kernels, kept across runs and ranks, apart for each kind of processor."""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO

from ..fem import PETSc  # noqa: F401  first: orders the MPI library before DOLFINx

# isort: split
from dolfinx import fem

from .timing import timed

FLAGS = ("-O3", "-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros", "-fassociative-math", "-freciprocal-math")
"""Sums over quadrature points may be reordered, hence vectorised: a third of the time. NaN and infinity stay what they are."""


PATIENCE = 120
"""Seconds that a process waits for a form that another one compiles: large ones take half a minute on a busy machine."""


@cache
def jit_options() -> dict:
    """Options of the just-in-time compiler.

    Code for one processor may be illegal on another that shares its home folder, so each kind has a cache of its own,
    inside that of FFCx (``$XDG_CACHE_HOME/fenics`` or ``~/.cache/fenics``).
    """
    flags = list(FLAGS)
    if platform.machine() in ("x86_64", "AMD64"):
        flags.append("-march=native")
    kind = hashlib.sha256(_processor().encode()).hexdigest()[:12]
    root = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    return {"cffi_extra_compile_args": flags, "cache_dir": root / "fenics" / f"seix-{kind}", "timeout": PATIENCE}


def compile_form(form, entity_maps=None):
    """Compiled form, or nested lists of them; ``None`` in a list stays (collective on the first use).

    Parameters
    ----------
    form : ufl.Form or sequence
    entity_maps : sequence, optional
        Maps between the submeshes and the mesh of integration.
    """
    with timed("compile"), compiling(_comm_of(form)):
        return fem.form(form, entity_maps=entity_maps, jit_options=dict(jit_options()))


def compile_expression(expression, points, comm, entity_maps=None):
    """Compiled expression (collective on the first use); parameters as of :class:`dolfinx.fem.Expression`."""
    with compiling(comm):
        return fem.Expression(expression, points, comm=comm, entity_maps=entity_maps, jit_options=dict(jit_options()))


@contextmanager
def compiling(comm) -> Iterator[None]:
    """Say that this process may be compiling, for as long as it may.

    FFCx marks a form as being compiled by its source file, and whoever finds one without a result waits for it: in vain, if the
    process that made it was killed. So processes share a lock while they may compile, and one that gets it for itself as it
    begins knows that nobody does, and removes such sources. Only the first rank compiles.
    """
    guard = _guard() if comm is None or comm.rank == 0 else None
    if guard is None:
        yield
        return
    fcntl.flock(guard, fcntl.LOCK_SH)
    try:
        yield
    finally:
        fcntl.flock(guard, fcntl.LOCK_UN)


@cache
def _guard() -> IO[str] | None:
    """File of the lock, once sources without result have been removed if nobody compiles; None where nothing can be written."""
    folder = jit_options()["cache_dir"]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        guard = (folder / "compiling.lock").open("a")
        with suppress(BlockingIOError):
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for source in folder.glob("libffcx_*.c"):
                if not source.with_suffix(".c.cached").exists():
                    source.unlink(missing_ok=True)
            fcntl.flock(guard, fcntl.LOCK_UN)
        return guard
    except OSError:
        return None


def _comm_of(form):
    """Communicator of the mesh of a form, or of the first one in nested lists."""
    if isinstance(form, list | tuple):
        return next((found for part in form if part is not None and (found := _comm_of(part)) is not None), None)
    return form.ufl_domains()[0].ufl_cargo().comm if form is not None else None


def _processor() -> str:
    """Name and instruction sets of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return "\n".join(dict.fromkeys(line for line in lines if line.startswith(("model name", "flags"))))
