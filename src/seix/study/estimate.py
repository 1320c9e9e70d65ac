"""How large the cases of a study are, and how long they will take by what is known of those that are done."""

from __future__ import annotations

import os
from dataclasses import dataclass
from statistics import median

from ..geometry.budget import USABLE, available_memory, needed_memory
from ..geometry.forecast import forecast
from .plan import Case

START = {2: 1.0, 3: 2.0}
"""Seconds for each mesh by dimension that do not depend on its size: forms, constraints, files."""
PACE = {2: 1.2e-4, 3: 2.5e-3}
"""Seconds for each cell and Newton step by dimension on one core, with meshing, as measured (docs/performance.md)."""
PROCESS_MEMORY = 0.4e9
"""Bytes of a process before it has any mesh."""
STEPS = 5
"""Newton steps of the first current; each further one takes about as many."""


@dataclass(frozen=True)
class Size:
    """What a case comes to, by closed formulas, before it is computed.

    Attributes
    ----------
    cells : float
        Of all its meshes.
    seconds : float
        On one core, rough.
    memory : float
        Bytes of all its meshes: one is solved while the models of the others are kept.
    """

    cells: float
    seconds: float
    memory: float


def size_of(case: Case) -> Size:
    """Size of a case whose geometry is possible."""
    cells = seconds = memory = 0.0
    for scenario in case.study.members.values():
        factors = [1.0] + ([scenario.error.coarsening] if scenario.error.method == "two_mesh" else [])
        for factor in factors:
            found = forecast(scenario, scenario.mesh, factor)
            steps = STEPS * len(scenario.load.current_multiples)
            cells += found.cells
            seconds += START[found.dim] + PACE[found.dim] * found.cells * steps
            memory += needed_memory(found.cells, found.dim, True)
    return Size(cells, seconds, memory)


def calibrated(sizes: dict[str, Size], taken: dict[str, float]) -> float:
    """Factor that brings estimated seconds to what finished cases took; 1 as long as none is done.

    Parameters
    ----------
    sizes : dict
        Hash -> size.
    taken : dict
        Hash -> seconds of the finished cases.
    """
    ratios = [seconds / sizes[name].seconds for name, seconds in taken.items() if seconds > 0 and name in sizes]
    return median(ratios) if ratios else 1.0


def processors() -> int:
    """Processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def affordable_jobs(sizes: list[Size], wanted: int) -> int:
    """At most `wanted` cases at a time, fewer if the largest of them would not fit into the memory together."""
    free = available_memory()
    if free is None or not sizes:
        return wanted
    largest = sorted((size.memory + PROCESS_MEMORY for size in sizes), reverse=True)
    jobs = 1
    while jobs < wanted and sum(largest[: jobs + 1]) <= USABLE * free:
        jobs += 1
    return jobs
