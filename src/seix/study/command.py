"""The command ``seix sweep``: plan, folder, workers in the way the process was started, tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConvergenceError, GeometryError, InputError, SeixError
from .estimate import Size, affordable_jobs, processors, size_of
from .plan import Case, Plan, load_plan
from .pool import Pool
from .store import State, Store
from .watch import Watch, first_line, snapshot

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


def begin(path: Path, output: Path | None, overrides: Sequence[str], options: SweepOptions) -> Work:
    """Plan a study and prepare its folder; on one process.

    Raises
    ------
    InputError, GeometryError
    """
    from .tables import write_plan

    plan = load_plan(path, overrides)
    store = Store(output or RESULTS / plan.name)
    store.prepare()
    work = Work(plan, store, *_ordered(plan, options.shard))
    states = [(case, store.state(case)) for case in work.cases]
    store.forget(case for case, state in states if state and _again(state, options.retry))
    write_plan(plan, store)
    return work


def _again(state: State, retry: bool) -> bool:
    """Whether what was said of a case is to be forgotten: that it runs, if nobody holds its lock, or a failure that may pass."""
    return state.status == "running" or (state.status == "failed" and (retry or not state.lasting))


def _ordered(plan: Plan, shard: tuple[int, int] | None) -> tuple[list[Case], dict[str, Size]]:
    """Cases of a shard with their sizes, those of the mesh with the most work first, and within it the largest."""
    sizes = {case.hash: size_of(case) for case in plan.distinct}
    by_mesh: dict[str, float] = {}
    for case in plan.distinct:
        by_mesh[case.mesh] = max(by_mesh.get(case.mesh, 0.0), sizes[case.hash].seconds)
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
    InputError, GeometryError, ConvergenceError, StorageError
        Also at the end, if cases failed: of the kind they failed with.
    """
    if options.jobs is not None and options.jobs < 1:
        raise InputError(f"--jobs {options.jobs}: at least one process has to work")
    if started_by_mpi:
        from .ranks import sweep_on_ranks

        if options.jobs is not None:
            raise InputError("--jobs is for a pool of processes; under mpirun the ranks are the workers")
        sweep_on_ranks(path, output, overrides, options)
        return
    if options.ranks_per_case != 1:
        raise InputError(f"--ranks-per-case {options.ranks_per_case} needs mpirun: mpirun -n N seix sweep ...")
    work = begin(path, output, overrides, options)
    open_sizes = [work.sizes[case.hash] for case in work.cases if not work.store.is_done(case)]
    jobs = min(affordable_jobs(open_sizes, options.jobs or processors()), max(len(open_sizes), 1))
    if open_sizes:
        with Watch(work.store, work.cases, work.sizes, jobs):
            if jobs == 1:
                _work_here(work, options)
            else:
                Pool(jobs, work.store, work.cases, waits=options.shard is None).run()
    finish(work)


def _work_here(work: Work, options: SweepOptions) -> None:
    """One worker in this process."""
    from ..fem import MPI
    from .worker import Worker

    Worker(work.store, work.cases, MPI.COMM_WORLD, waits=options.shard is None).run()


def finish(work: Work) -> None:
    """Write the tables and say how it went; on one process.

    Raises
    ------
    GeometryError, ConvergenceError, SeixError
        If cases of this shard failed.
    """
    from .tables import write_tables

    plan, store = work.plan, work.store
    now = snapshot(store, plan.distinct)
    write_tables(plan, store)
    print(f"{now.in_words()}\nfolder  {store.root}")
    mine = {case.hash for case in work.cases}
    failed = [(case, state) for case, state in now.failed if case.hash in mine]
    impossible = [case for case in plan.cases if not case.possible]
    if not failed and not impossible:
        return
    kinds = {state.kind for _, state in failed if state} | ({"geometry"} if impossible else set())
    lines = [f"{case.described}: {first_line(state.message if state else '')}" for case, state in failed]
    lines += [f"{case.described}: {first_line(case.problem)}" for case in impossible]
    error = {("geometry",): GeometryError, ("convergence",): ConvergenceError}.get(tuple(kinds), SeixError)
    count = len(lines)
    raise error("\n".join([f"{count} case{'s' * (count > 1)} failed:", *lines]))


def dry_run_command(path: Path, output: Path | None, overrides: Sequence[str], options: SweepOptions) -> None:
    """Print what a sweep would do; nothing is written.

    Raises
    ------
    InputError, GeometryError
    """
    from .status import print_dry_run

    plan = load_plan(path, overrides)
    _, sizes = _ordered(plan, options.shard)
    print_dry_run(plan, Store(output or RESULTS / plan.name), sizes, options.jobs)


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
