"""Memory that a mesh and the solution on it take, against what the machine has."""

from __future__ import annotations

import re
from pathlib import Path

from seix.errors import GeometryError

MESH_BYTES = {2: 1100.0, 3: 1400.0}
"""Peak memory of packing, mesher and second-order mesh per cell, as measured in bench/meshes.py."""
SOLVE_BYTES = {2: 12e3, 3: 14e3}
"""Peak memory of all ranks per cell in a run, as measured: 2D with a factorisation, 3D with multigrid."""
USABLE = 0.9
"""Part of the free memory that a run may plan to use."""


def available_memory() -> float | None:
    """Memory that this process may still use [bytes]: what is free, or what the container leaves; None if unknown."""
    found = []
    try:
        text = Path("/proc/meminfo").read_text("utf-8")
        found.append(1024.0 * float(re.search(r"MemAvailable:\s+(\d+)", text).group(1)))
    except (OSError, AttributeError):
        pass
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text("utf-8").strip()
        used = Path("/sys/fs/cgroup/memory.current").read_text("utf-8")
        if limit != "max":
            found.append(float(limit) - float(used))
    except (OSError, ValueError):
        pass
    return min(found) if found else None


def needed_memory(cells: float, dim: int, solved: bool) -> float:
    """Estimated peak memory [bytes] of a mesh of so many cells, or of a run on it.

    Parameters
    ----------
    cells : float
    dim : int
        2 or 3.
    solved : bool
        Whether the equations are solved on it.
    """
    return cells * (MESH_BYTES[dim] + (SOLVE_BYTES[dim] if solved else 0.0))


def written(number: float) -> str:
    """A number of cells or grains as it is said: three digits count in large ones, without a power of ten as in the input."""
    return f"{number:.0f}" if number < 1e5 else f"{float(f'{number:.3g}'):.0f}"


def check_memory(cells: float, dim: int, solved: bool) -> None:
    """Refuse what the machine has no memory for.

    Raises
    ------
    GeometryError
        With the numbers, and what would fit.
    """
    free = available_memory()
    needed = needed_memory(cells, dim, solved)
    if free is None or needed <= USABLE * free:
        return
    fits = USABLE * free / needed_memory(1.0, dim, solved)
    what = "a run on" if solved else "to make"
    raise GeometryError(
        f"{what} about {written(cells)} cells needs about {needed / 1e9:.3g} GB of memory and {free / 1e9:.3g} GB are free: at "
        f"most about {written(fits)} cells fit; fewer cells_per_diameter, cells_per_gap or cells_per_layer, or a smaller domain, "
        "make fewer"
    )
