"""The only way to MPI, PETSc and DOLFINx: imports them in the right order and refuses what cannot work.

Importing this module sets the thread counts, checks the launcher before MPI starts (a foreign ``mpirun``
would end in an unreadable abort, or in N runs that know nothing of each other), loads the guard of the binary
wheel where that is installed, checks that PETSc is real, and makes an exception on one rank end all ranks.
Every module that uses DOLFINx imports this one first. All ranks must import it, because starting PETSc is
collective.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import importlib
import importlib.util
import os
import signal
import stat
import sys
import termios
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, NoReturn

from seix.errors import STORAGE, InputError, SeixError, StorageError

INSTALL = ("pip install 'seix[fenicsx]' (Linux, x86_64), or conda env create -f environment.yml "
           "(Linux, macOS)")  # fmt: skip
AGREEMENT_TIMEOUT = 5.0
"""Seconds a failing rank waits for the others to fail too before it ends them."""
LONGEST_PAUSE = 0.05
"""Seconds between two looks of a waiting rank."""

LONGEST_READING = 2.0
"""Seconds an aborting rank waits for the launcher to read its message."""

SAFE_SUM = 2
"""Ranks up to which sums over all of them have one order, whatever arrives first: there is one other rank at most."""

# one BLAS thread a rank: NumPy and PETSc bring a pool each, and ranks times threads would fight for the cores
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")


def launcher(environment: dict[str, str]) -> tuple[str, int]:
    """Family of the program that started this process and the number of ranks it says it started.

    Returns
    -------
    family : str
        ``Open MPI``, ``MPICH`` or empty when started without a launcher.
    ranks : int
        A Slurm allocation alone is no launcher: a batch script runs one process in it.
    """
    for family, variable in (("Open MPI", "OMPI_COMM_WORLD_SIZE"), ("MPICH", "PMI_SIZE")):
        if environment.get(variable, "").isdecimal():
            return family, int(environment[variable])
    return "", 1


def check_launcher(family: str, ranks: int, vendor: str) -> None:
    """Refuse an ``mpirun`` of another MPI than the one in this environment, before MPI starts.

    Raises
    ------
    InputError
    """
    other = {"Open MPI": "MPICH", "MPICH": "Open MPI"}
    if family and vendor == other[family] and (ranks > 1 or family == "Open MPI"):
        raise InputError(
            f"started by the mpirun of {family}, but this environment runs on {vendor}: "
            f"use {_own_mpirun()} -n {ranks} seix ..."
        )


def check_size(ranks: int, size: int) -> None:
    """Refuse N single runs in place of one run on N ranks.

    Raises
    ------
    InputError
    """
    if ranks > 1 and size == 1:
        raise InputError(
            f"mpirun started {ranks} processes, but each of them sees itself alone, so they would all "
            f"do the same work: use {_own_mpirun()} -n {ranks} seix ..."
        )


def _own_mpirun() -> str:
    own = os.path.join(sys.prefix, "bin", "mpirun")
    return own if os.path.exists(own) else "the mpirun of this environment"


def check_installed() -> None:
    """Refuse to go on without DOLFINx and its PETSc.

    Raises
    ------
    InputError
    """
    for module, name in (("mpi4py", "mpi4py"), ("dolfinx", "DOLFINx"), ("petsc4py", "petsc4py")):
        if importlib.util.find_spec(module) is None:
            raise InputError(f"{name} is not installed in {sys.prefix}: {INSTALL}")


def check_scalar(scalar: Any) -> None:
    """Refuse a complex PETSc, whose residuals and eigenvalues mean something else.

    Raises
    ------
    InputError
    """
    import numpy as np

    if np.issubdtype(scalar, np.complexfloating):
        raise InputError(
            f"PETSc in {sys.prefix} computes with complex numbers, seix needs the real build: pip install "
            "dolfinx-solver-real (not dolfinx-solver), or conda install 'petsc=*=real*'"
        )


def _start_mpi() -> Any:
    """MPI, checked before it is initialised: with the wrong launcher that aborts without a sentence."""
    family, ranks = launcher(dict(os.environ))
    import mpi4py

    if "mpi4py.MPI" not in sys.modules:
        mpi4py.rc.initialize = False
        mpi4py.rc.finalize = True
    from mpi4py import MPI

    if not MPI.Is_initialized():
        check_launcher(family, ranks, MPI.get_vendor()[0])
        MPI.Init_thread()
    check_size(ranks, MPI.COMM_WORLD.size)
    return MPI


def _start_petsc() -> Any:
    try:
        import dolfinx_solver  # noqa: F401  the wheel's own guard must come before dolfinx and petsc4py
    except ModuleNotFoundError as error:
        if error.name != "dolfinx_solver":  # conda, Spack and containers have no such module
            raise
    from petsc4py import PETSc

    if threading.current_thread() is threading.main_thread():
        # PETSc has put handlers of its own there, which speak of defects: a reader that has gone is no fault of the solver
        for number in (signal.SIGPIPE, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.getsignal(number))
    check_scalar(PETSc.ScalarType)
    _tune(PETSc)
    return PETSc


def _tune(PETSc) -> None:
    """Defaults of PETSc's kernels that are slow for matrices of finite elements; ``PETSC_OPTIONS`` of the user go before.

    Products by groups of equal rows (inodes) take longer than plain ones, and so does the outer form of P^T A P on one rank.
    """
    table = PETSc.Options()
    # a run without such matrices would end in a warning about them
    wanted = {"mat_no_inode": "", "options_left": "no"}
    if MPI.COMM_WORLD.size == 1:
        wanted["matptap_via"] = "rap"  # what there is for distributed matrices has other names
    for name, value in wanted.items():
        if not table.hasName(name):
            table.setValue(name, value)


@contextlib.contextmanager
def ordered_products(comm: Any) -> Iterator[None]:
    """Inside, products P^T A P on several ranks are the same bits in every run; ``PETSC_OPTIONS`` of the user go before.

    From three ranks on, PETSc's own choice adds what ranks send in the order in which it arrives. The form that knows its
    summands beforehand keeps one order, and makes a problem solved by algebraic multigrid a few per cent slower.
    """
    table = PETSc.Options()
    if comm.size <= SAFE_SUM or table.hasName("matptap_via"):
        yield
        return
    table.setValue("matptap_via", "backend")
    try:
        yield
    finally:
        table.delValue("matptap_via")  # matrices of one rank know no such name


def _free_forms() -> None:
    """Switch off a cache by which Python 3.12 and 3.13.0 keep each differentiated UFL form alive for ever.

    ``functools.singledispatchmethod`` remembered for each object a method that refers to that object
    (https://github.com/python/cpython/issues/127750). UFL's form traversals are such objects, and with them every
    function, space and mesh of a form stayed, each with its MPI communicators, of which MPICH has 2048.
    """
    from functools import singledispatchmethod

    import ufl.algorithms  # noqa: F401  defines the traversals
    from ufl.corealg.dag_traverser import DAGTraverser

    kinds = [DAGTraverser]
    for kind in kinds:
        kinds += kind.__subclasses__()
        for method in vars(kind).values():
            if isinstance(method, singledispatchmethod) and hasattr(method, "_method_cache"):
                method._method_cache = None  # "not cacheable", as Python itself marks objects without weak references


def _import_without(name: str, modules: tuple[str, ...]) -> None:
    """Import modules that would also load a package which they only offer helpers for.

    FFCx and DOLFINx load numba wherever it is installed, for users who write kernels in Python; nothing here does. Numba
    brings LLVM, more than a hundred megabytes on every rank, of which only the rank that makes a mesh has any use. It
    can be imported as usual afterwards; only the helpers (``dolfinx.fem.petsc.numba_utils``) stay empty.
    """
    if name not in sys.modules:
        sys.modules[name] = None  # type: ignore[assignment]  importing it raises, as if it were not installed
        try:
            for module in modules:
                importlib.import_module(module)
        finally:
            del sys.modules[name]


check_installed()
MPI = _start_mpi()
PETSc = _start_petsc()
_import_without("numba", ("ffcx.codegeneration.utils", "dolfinx", "dolfinx.fem.petsc"))
_free_forms()
# errors are settled on a communicator of their own: on COMM_WORLD other ranks may be in the middle of a call
_ERRORS = MPI.COMM_WORLD.Dup() if MPI.COMM_WORLD.size > 1 else None


def all_ranks_failed() -> bool:
    """Whether every rank arrives here within `AGREEMENT_TIMEOUT`; if not, the others still wait elsewhere.

    Called by a rank that is about to end with an error.
    """
    if _ERRORS is None:
        return True
    request, end = _ERRORS.Ibarrier(), time.monotonic() + AGREEMENT_TIMEOUT
    while not request.Test():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def wait_for_root(comm: Any) -> None:
    """Wait until all ranks arrive here, asleep: MPI itself would keep a core busy on each waiting rank (collective).

    Rank 0 meshes and writes files alone, for minutes; the cores of the others may serve it or someone else meanwhile.
    """
    request, pause = comm.Ibarrier(), 1e-4
    while not request.Test():
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def on_root[T](comm, work: Callable[[], T]) -> T:
    """Do something on rank 0 while the others sleep; its result, or the error it raised, reaches all ranks."""
    outcome: tuple[Any, SeixError | None] = (None, None)
    if comm.rank == 0:
        try:
            outcome = (work(), None)
        except SeixError as error:
            outcome = (None, error)
        except OSError as error:
            if error.errno not in STORAGE:
                raise
            outcome = (None, StorageError.of(error))
    wait_for_root(comm)
    result, error = comm.bcast(outcome, root=0)
    if error is not None:
        raise error
    return result


def _wait_until_read(descriptor: int) -> None:
    """Wait until the launcher has taken what lies in the pipe to it, for at most `LONGEST_READING`.

    ``mpirun`` of MPICH drops what it has not read when a rank aborts, and with it the only message that says why.
    """
    end = time.monotonic() + LONGEST_READING
    while stat.S_ISFIFO(os.fstat(descriptor).st_mode) and time.monotonic() < end:
        left = array.array("i", [0])
        fcntl.ioctl(descriptor, termios.FIONREAD, left)
        if left[0] == 0:
            time.sleep(0.05)  # from the launcher's hands to its own output
            return
        time.sleep(0.005)


def abort(code: int) -> NoReturn:
    """End all ranks with exit status `code`, once what this rank has said is on its way to the reader."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
            _wait_until_read(stream.fileno())
        except (OSError, ValueError):  # the reader has gone, or there is no such stream
            pass
    MPI.COMM_WORLD.Abort(code)
    raise SystemExit(code)


def _end_all_ranks(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """``sys.excepthook``: a defect on one rank must not leave the others waiting for ever."""
    if MPI.COMM_WORLD.size == 1 or MPI.Is_finalized():
        _previous_hook(kind, error, trace)
        return
    lines = "".join(traceback.format_exception(kind, error, trace))
    print(f"rank {MPI.COMM_WORLD.rank} of {MPI.COMM_WORLD.size}:\n{lines}", file=sys.stderr, flush=True)
    abort(1)


_previous_hook = sys.excepthook
sys.excepthook = _end_all_ranks
