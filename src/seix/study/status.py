"""The commands ``seix status`` and ``seix sweep --dry-run``: where a study stands, and what it would be."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import IO

from .estimate import PROCESS_MEMORY, Size, affordable_jobs, calibrated, processors
from .plan import Plan
from .store import Store
from .tables import read_plan
from .watch import Snapshot, duration, first_line, snapshot

SHOWN = 12
"""Cases of a dry run that are listed from either end, and failures that are listed."""


def status_command(folder: Path, stream: IO[str] | None = None) -> None:
    """Print where the study of a folder stands.

    Parameters
    ----------
    folder : Path
    stream
        Standard output by default.

    Raises
    ------
    InputError
        If the folder is not that of a study.
    """
    stream = sys.stdout if stream is None else stream
    study, store = read_plan(folder), Store(folder)
    now = snapshot(store, study.distinct, probe=True)
    lines = [study.title, now.in_words(_left(now))]
    for case, state in sorted(now.running, key=lambda item: item[1].started):
        where = f"{state.host}, process {state.process}" + (f", {state.ranks} ranks" if state.ranks > 1 else "")
        lines.append(f"running {duration(time.time() - state.started)} on {where}: {case.described}")
    failures = [(case.described, first_line(state.message if state else case.problem)) for case, state in now.failed]
    failures += [(case.described, first_line(case.problem)) for case in study.cases if not case.possible]
    lines += [f"failed: {what}: {why}" for what, why in failures[:SHOWN]]
    if len(failures) > SHOWN:
        lines.append(f"... and {len(failures) - SHOWN} more failures: cases.csv has all")
    print("\n".join(lines), file=stream)


def _left(now: Snapshot) -> float | None:
    """Seconds left at the mean pace of the finished cases; unknown before the first one."""
    taken = [seconds for seconds in now.seconds.values() if seconds > 0]
    if not taken or not now.running:
        return None
    open_cases = sum(now.count(status) for status in ("pending", "running", "interrupted"))
    since = sum(min(time.time() - state.started, sum(taken) / len(taken)) for _, state in now.running)
    return max(open_cases * sum(taken) / len(taken) - since, 0.0) / len(now.running)


def print_dry_run(plan: Plan, store: Store, sizes: dict[str, Size], jobs: int | None, stream: IO[str] | None = None) -> None:
    """Print the cases of a study, which meshes they share, and estimates of time and memory.

    Parameters
    ----------
    plan, store
    sizes : dict
        Hash -> size, of the cases in question.
    jobs : int or None
        Processes asked for.
    stream
        Standard output by default.
    """
    stream = sys.stdout if stream is None else stream
    now = snapshot(store, plan.distinct, probe=True)
    factor = calibrated(sizes, now.seconds)
    cases = [case for case in plan.distinct if case.hash in sizes]
    left = [case for case in cases if now.status[case.hash] != "done" and not _lasting(store, case)]
    lines = [plan.file.title]
    listed = plan.cases if len(plan.cases) <= 2 * SHOWN else [*plan.cases[:SHOWN], None, *plan.cases[-SHOWN:]]
    for case in listed:
        if case is None:
            lines.append(f"  ... {len(plan.cases) - 2 * SHOWN} more")
        elif not case.possible:
            lines.append(f"  {case.number:5d}  impossible  {case.described}: {first_line(case.problem)}")
        else:
            size = sizes.get(case.hash)
            cells = f"{size.cells:9.3g} cells" if size else "other shard"
            lines.append(f"  {case.number:5d}  {case.name}  {now.status[case.hash]:<8}  {cells}  {case.described}")
    meshes = len({case.mesh for case in cases})
    twice = sum(case.possible for case in plan.cases) - len(plan.distinct)
    shared = f", of which {twice} repeat another" * (twice > 0)
    work = f"{len(cases)} to compute here on {meshes} structure{'s' * (meshes != 1)}, {len(left)} left"
    lines.append(f"{len(plan.cases)} cases{shared}; {work}")
    if left:
        open_sizes = [sizes[case.hash] for case in left]
        count = min(affordable_jobs(open_sizes, jobs or processors()), len(left))
        seconds = factor * sum(size.seconds for size in open_sizes)
        basis = "by the finished cases" if now.seconds else "rough: no case is done yet"
        lines.append(f"time    about {duration(seconds / count)} with {count} process{'es' * (count > 1)} ({basis})")
        most = sum(sorted((size.memory for size in open_sizes), reverse=True)[:count])
        lines.append(f"memory  about {(most + count * PROCESS_MEMORY) / 1e9:.2g} GB")
    print("\n".join(lines), file=stream)


def _lasting(store: Store, case) -> bool:
    """Whether a sweep would leave a case alone because it would fail again."""
    state = store.state(case)
    return state is not None and state.lasting
