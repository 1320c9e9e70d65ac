"""What a benchmark ran on.

    python bench/machine.py [--write docs/performance.md]
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from table import replace_section


def processor() -> str:
    """Name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def describe() -> str:
    """Processor, memory, versions, date and what else was running."""
    from seix.fem import PETSc

    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    packages = []
    for name in ("fenics-dolfinx", "dolfinx-solver-real", "numpy", "scipy", "numba"):
        try:
            packages.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    packages.append("PETSc " + ".".join(map(str, PETSc.Sys.getVersion())))
    load = os.getloadavg()[1]
    return (
        f"{processor()}, {os.cpu_count()} cores, {pages:.0f} GiB; {platform.system()}, Python {platform.python_version()}; "
        f"{', '.join(packages)}. Measured on {datetime.date.today()}; processes that wanted to run in the last five minutes: "
        f"{load:.1f} (above 1 others took part of the memory bandwidth; compare `least to most`)."
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    text = describe()
    print(text)
    if given.write:
        replace_section(given.write, "machine", text)
