"""A study on the ranks of one ``mpirun``: groups of ranks, each a worker."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from ..errors import InputError
from ..fem import MPI, on_root

# isort: split
from .command import SweepOptions, Work, begin, finish, load_for_tables
from .plan import load_plan
from .watch import Watch
from .worker import Worker


def sweep_on_ranks(path: Path, output: Path | None, overrides: Sequence[str], options: SweepOptions) -> Worker:
    """Work on a study with groups of `ranks_per_case` ranks (collective over all ranks).

    Returns
    -------
    Worker
        Of this rank, with the seconds it spent inside cases.

    Raises
    ------
    InputError
        Also if the number of ranks is no multiple of the ranks of a case.
    """
    world, each = MPI.COMM_WORLD, options.ranks_per_case
    if each < 1 or world.size % each:
        raise InputError(f"--ranks-per-case {each}: {world.size} ranks cannot be split into groups of {each}")
    work: Work = on_root(world, lambda: begin(load_plan(path, overrides), output, options))
    groups = world.size // each
    comm = world.Split(world.rank // each, world.rank)
    worker = Worker(work.store, work.cases, comm, waits=options.shard is None)
    shows = Watch(work.store, work.cases, work.sizes, groups) if world.rank == 0 else nullcontext()
    with shows:
        worker.run()
        if world.rank == 0:
            load_for_tables(work.plan)  # while others may still be computing
        on_root(world, lambda: None)  # the watch goes on until the last group is done
    on_root(world, lambda: finish(work))
    comm.Free()
    return worker
