"""C sources of seix, compiled once for each kind of processor and kept with the compiled forms.

FFCx needs a C compiler and cffi at every run, so nothing more is asked for. Other just-in-time compilers bring a compiler
library into the process, a hundred megabytes on each rank.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import sysconfig
import tempfile
from functools import cache
from pathlib import Path

import cffi

from ..errors import InputError
from ..fem import on_root
from .compile import jit_options

_HERE = Path(__file__).parent


def prepare(comm, name: str) -> None:
    """Compile a source on one rank, before the others look for the result (collective).

    Parameters
    ----------
    comm
        Communicator.
    name : str
        See :func:`library`.

    Raises
    ------
    InputError
        If there is no working C compiler.
    """
    if comm.size > 1:
        on_root(comm, lambda: library(name) and None)
    library(name)


@cache
def library(name: str):
    """Extension module with ``lib`` and ``ffi``, made from ``NAME.c`` and the prototypes in ``NAME.h`` beside this file.

    Processes that start at once may each compile it: what is ready is moved to its place in one step, so that none
    sees half of it and none waits for one that died. Without a folder to write to it is made anew by each process.

    Raises
    ------
    InputError
        If there is no working C compiler.
    """
    prototypes, source = ((_HERE / f"{name}{suffix}").read_text() for suffix in (".h", ".c"))
    options = jit_options()
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    what = (prototypes, source, str(options["cffi_extra_compile_args"]), suffix, cffi.__version__)
    module = f"_seix_{name}_{hashlib.sha256(repr(what).encode()).hexdigest()[:16]}"
    file = options["cache_dir"] / f"{module}{suffix}"
    if file.exists():
        return _load(module, file)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f"{module}.", dir=file.parent))
    except OSError:  # a home that is read-only or full
        file, work = None, Path(tempfile.mkdtemp(prefix=f"{module}."))
    try:
        made = _compile(module, prototypes, source, options["cffi_extra_compile_args"], work)
        if file is not None:
            os.replace(made, file)
        return _load(module, file or made)  # once loaded, its file may go
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _compile(module: str, prototypes: str, source: str, flags: list[str], folder: Path) -> str:
    """File of the compiled module."""
    builder = cffi.FFI()
    builder.cdef(prototypes)
    builder.set_source(module, f"#include <stdint.h>\n{prototypes}\n{source}", extra_compile_args=["-std=c17", *flags])
    try:
        return builder.compile(tmpdir=str(folder))
    except Exception as error:  # what cffi and setuptools raise has no common type
        raise InputError(f"the C compiler that the finite elements need does not work: {error}") from error


def _load(module: str, file):
    spec = importlib.util.spec_from_file_location(module, file)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded
