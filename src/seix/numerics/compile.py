"""How forms are compiled: fast kernels, kept across runs and ranks, apart for each kind of processor."""

from __future__ import annotations

import hashlib
import os
import platform
from functools import cache
from pathlib import Path

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
    with timed("compile"):
        return fem.form(form, entity_maps=entity_maps, jit_options=dict(jit_options()))


def _processor() -> str:
    """Name and instruction sets of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return "\n".join(dict.fromkeys(line for line in lines if line.startswith(("model name", "flags"))))
