"""The command ``seix sweep``: plan, folder, workers in the way the process was started, tables."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError, StudyError
from .estimate import Size, affordable_jobs, processors, size_of
from .plan import Case, Plan, load_plan
from .pool import Pool
from .store import State, Store
from .watch import Watch, first_line, snapshot

STARTED = 5.0
"""Seconds after which workers have started: this process then loads what it needs at the end, when all wait for it."""
RESULTS = Path("results")
"""Folder of results, in the folder where a command is run."""


@dataclass(frozen=True)
class SweepOptions:
    """How a study is worked on.

    Attributes
    ----------
    jobs : int or None
        Worker processes; as many as processors and memory allow if None.
    ranks_per_case : int
        MPI ranks that compute one case together.
    shard : tuple of int or None
        (i, n): only every n-th case, from the i-th on, counted from 1.
    retry : bool
        Try cases again that failed.
    """

    jobs: int | None = None
    ranks_per_case: int = 1
    shard: tuple[int, int] | None = None
    retry: bool = False


@dataclass(frozen=True)
class Work:
    """A study that is about to be worked on: cases of this shard, the largest first."""

    plan: Plan
    store: Store
    cases: list[Case]
    sizes: dict[str, Size]
    shard: int | None = None


def check_options(options: SweepOptions, started_by_mpi: bool, dry_run: bool, slurm: int | None) -> None:
    """Refuse options that would have no effect.

    Raises
    ------
    InputError
    """
    if options.jobs is not None and options.jobs < 1:
        raise InputError(f"--jobs {options.jobs}: at least one process has to work")
    if options.jobs is not None and started_by_mpi:
        raise InputError("--jobs is for a pool of processes; under mpirun the ranks are the workers")
    if options.ranks_per_case != 1 and not started_by_mpi:
        raise InputError(f"--ranks-per-case {options.ranks_per_case} needs mpirun: mpirun -n N seix sweep ...")
    given = {"--dry-run": dry_run, "--slurm": slurm is not None, "--retry": options.retry, "--shard": options.shard is not None}
    for one, other in (("--dry-run", "--slurm"), ("--dry-run", "--retry"), ("--slurm", "--retry"), ("--slurm", "--shard")):
        if given[one] and given[other]:
            raise InputError(f"{other} has no effect with {one}; leave one of them out")
    if (dry_run or slurm is not None) and started_by_mpi:
        raise InputError("--dry-run and --slurm compute nothing; start them without mpirun")


def parse_shard(text: str) -> tuple[int, int]:
    """``i/n`` as two numbers.

    Raises
    ------
    InputError
    """
    first, slash, last = text.partition("/")
    if not (slash and first.isdecimal() and last.isdecimal() and 1 <= int(first) <= int(last)):
        raise InputError(f"--shard {text}: expected i/n with i from 1 to n, such as 2/8")
    return int(first), int(last)


def begin(plan: Plan, output: Path | None, options: SweepOptions) -> Work:
    """Prepare the folder of a study; on one process.

    Raises
    ------
    InputError
    """
    from .tables import write_plan

    store = Store(output or RESULTS / plan.name, f"{socket.gethostname()}-{os.getpid()}-{time.time_ns()}")
    store.prepare()
    _check_owner(plan, store)
    work = Work(plan, store, *_ordered(plan, options.shard), options.shard and options.shard[0])
    states = [(case, store.state(case)) for case in work.cases]
    store.forget(case for case, state in states if state and _again(state, options.retry))
    write_plan(plan, store)
    return work


def _check_owner(plan: Plan, store: Store) -> None:
    """A folder belongs to one study, which may change: two would write over each other's tables."""
    from .tables import PLAN, read_plan

    if not (store.root / PLAN).exists():
        return
    other = read_plan(store.root)
    if other.name != plan.name:
        raise InputError(f"{store.root}: is the folder of the study {other.name}; choose another one with -o")
    if other.scenario != plan.file.scenario:
        raise InputError(
            f"{store.root}: is the folder of a study of {other.scenario}, not of {plan.file.scenario}; choose another one with -o"
        )


def _again(state: State, retry: bool) -> bool:
    """Whether what was said of a case is to be forgotten: that it runs, if nobody holds its lock, or a failure that may pass."""
    return state.status == "running" or (state.status == "failed" and (retry or not state.lasting))


def _ordered(plan: Plan, shard: tuple[int, int] | None) -> tuple[list[Case], dict[str, Size]]:
    """Cases of a shard with their sizes, those of the mesh with the most work first, and within it the largest."""
    sizes = {case.hash: size_of(case) for case in plan.distinct}
    by_mesh: dict[str, float] = {}
    for case in plan.distinct:
        by_mesh[case.mesh] = by_mesh.get(case.mesh, 0.0) + sizes[case.hash].seconds
    order = sorted(plan.distinct, key=lambda c: (-by_mesh[c.mesh], c.mesh, -sizes[c.hash].seconds, c.number))
    if shard is not None:
        meshes = list(dict.fromkeys(case.mesh for case in order))
        if len(meshes) >= shard[1]:  # cases of one mesh stay together, where there is enough for all
            mine = set(meshes[shard[0] - 1 :: shard[1]])
            order = [case for case in order if case.mesh in mine]
        else:
            order = order[shard[0] - 1 :: shard[1]]
    return order, {case.hash: sizes[case.hash] for case in order}


def sweep_command(path: Path, output: Path | None, overrides: Sequence[str], options: SweepOptions, started_by_mpi: bool) -> None:
    """Work on a study until nothing is left, then write its tables.

    Parameters
    ----------
    path : Path
        Study file.
    output : Path or None
        Folder of the study; ``results/<study>`` without.
    overrides : sequence of str
        ``key.path=value`` for the scenario of all cases.
    options : SweepOptions
    started_by_mpi : bool
        Whether this is one of several processes of an ``mpirun``.

    Raises
    ------
    InputError, GeometryError, StorageError
    StudyError
        At the end, if cases failed.
    """
    if started_by_mpi:
        from .ranks import sweep_on_ranks

        sweep_on_ranks(path, output, overrides, options)
        return
    sweep_plan(load_plan(path, overrides), output, options)


def sweep_plan(plan: Plan, output: Path | None, options: SweepOptions) -> None:
    """The same for a study that has been planned, on the processes of this machine."""
    work = begin(plan, output, options)
    open_sizes = [work.sizes[case.hash] for case in work.cases if not work.store.is_done(case)]
    jobs = min(affordable_jobs(open_sizes, options.jobs or processors()), max(len(open_sizes), 1))
    if open_sizes:
        with Watch(work.store, work.cases, work.sizes, jobs):
            if jobs == 1:
                _work_here(work, options)
            else:
                later = threading.Timer(STARTED, load_for_tables, [work.plan])
                later.start()
                try:
                    Pool(jobs, work.store, work.cases, waits=options.shard is None).run()
                finally:
                    later.cancel()
    finish(work)


def load_for_tables(plan: Plan) -> None:
    """Load the libraries that write the tables of a study, as long as others compute."""
    import pandas  # noqa: F401
    import pyarrow.parquet  # noqa: F401

    if any(case.seed is not None for case in plan.cases):
        import scipy.stats  # noqa: F401


def _work_here(work: Work, options: SweepOptions) -> None:
    """One worker in this process."""
    from ..fem import MPI
    from .worker import Worker

    Worker(work.store, work.cases, MPI.COMM_WORLD, waits=options.shard is None).run()


def finish(work: Work) -> None:
    """Write the tables and say how it went; on one process.

    Raises
    ------
    StudyError
        If cases of this shard failed.
    """
    from .tables import write_tables

    plan, store = work.plan, work.store
    with store.finishing():
        write_tables(plan, store)
        now = snapshot(store, plan.distinct)
    print(f"{now.in_words()}\nfolder  {store.root}")
    mine = {case.hash for case in work.cases}
    failed = [(case, state) for case, state in now.failed if case.hash in mine]
    impossible = [case for case in plan.cases if not case.possible and work.shard in (None, 1)]  # said once
    if not failed and not impossible:
        return
    lines = [f"{case.described}: {first_line(state.message if state else '')}" for case, state in failed]
    lines += [f"{case.described}: {first_line(case.problem)}" for case in impossible]
    raise StudyError("\n".join([f"{len(lines)} case{'s' * (len(lines) > 1)} failed:", *lines]))


def dry_run_command(path: Path, output: Path | None, overrides: Sequence[str], options: SweepOptions) -> None:
    """Print what a sweep would do; nothing is written.

    Raises
    ------
    InputError, GeometryError
        The former also if the folder could not be written to, or belongs to another study.
    """
    from .status import print_dry_run

    plan = load_plan(path, overrides)
    store = Store(output or RESULTS / plan.name)
    store.check()
    _check_owner(plan, store)
    _, sizes = _ordered(plan, options.shard)
    print_dry_run(plan, store, sizes, options.jobs)


def slurm_command(path: Path, output: Path | None, overrides: Sequence[str], options: SweepOptions, shards: int) -> None:
    """Write the script of a job array into the present folder.

    Raises
    ------
    InputError, GeometryError
    """
    from .slurm import slurm_script, write_script

    if shards < 1:
        raise InputError(f"--slurm {shards}: at least one job has to work")
    plan = load_plan(path, overrides)
    _, sizes = _ordered(plan, None)
    script = Path(f"{plan.name}.slurm")
    write_script(script, slurm_script(plan, sizes, output or RESULTS / plan.name, min(shards, len(plan.distinct)),
                                      options.jobs or 1, overrides, script.name))  # fmt: skip
    print(f"script  {script}")
