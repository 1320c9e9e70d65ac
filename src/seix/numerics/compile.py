"""How forms are compiled: fast kernels, kept across runs and ranks, apart for each kind of processor."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from filelock import FileLock

from ..fem import PETSc  # noqa: F401  first: orders the MPI library before DOLFINx

# isort: split
from dolfinx import fem

from .timing import timed

FLAGS = ("-O3", "-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros", "-fassociative-math", "-freciprocal-math")
"""Sums over quadrature points may be reordered, hence vectorised: a third of the time. NaN and infinity stay what they are."""


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
    return {"cffi_extra_compile_args": flags, "cache_dir": root / "fenics" / f"seix-{kind}"}


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
    """Keep other processes from the cache while this one may compile, and mend what a killed one left.

    FFCx marks a form as being compiled by its source file. Whoever finds one without a result waits ten seconds and gives up,
    however long compilation takes, and every time again if the process that made it was killed. Only the first rank
    compiles, so only it takes the lock: the others may wait for it without holding anything.
    """
    lock = _lock() if comm is None or comm.rank == 0 else None
    if lock is None:
        yield
        return
    with lock:
        begun = jit_options()["cache_dir"] / "compiling"
        if begun.exists():  # its process died: we have the lock
            _remove_unfinished(begun.parent)
        begun.touch()
        yield
        begun.unlink(missing_ok=True)  # not after an error, which may leave as much as a kill


def _remove_unfinished(cache_dir: Path) -> None:
    """Remove sources that have no result."""
    for source in cache_dir.glob("libffcx_*.c"):
        if not source.with_suffix(".c.cached").exists():
            source.unlink(missing_ok=True)


@cache
def _lock() -> FileLock | None:
    """Lock of the cache, the same object at every call so that it can be held twice; None where nothing can be written."""
    folder = jit_options()["cache_dir"]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "compiling.lock")
        with lock:
            return lock
    except (OSError, NotImplementedError):
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
