"""Studies: how much of the processors is spent inside cases, and what a sweep saves against separate runs.

    python bench/studies.py [--write docs/performance.md]

Utilisation: 64 equal cases on 2 workers, seconds inside cases over workers times wall time, for cases of about a second and for
cases as long as those of the shipped studies. Reuse: a sweep of 100 values on one mesh, in one process, against separate runs of
`seix run` with the same files written; of these only some are made, as all cost the same. The values are those of a material,
which need a factorisation each, or loads of a linear law, which share one.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from table import markdown, publish

ROOT = Path(__file__).parents[1]
STUDY = """
title: bench
scenario: {scenario}
set: {{mesh.cells_per_diameter: 3, geometry.period: {period} nm, load.current_multiples: [1]{more}}}
axes:
  varied: {{key: {key}, from: {low}, to: {high}, count: {count}}}
"""
MODULUS = {"key": "materials.override.organic_polymer.youngs_modulus", "low": "1 GPa", "high": "3 GPa", "more": ""}
CURRENT = {
    "key": "load.reference_current_density", "low": "0.1 A/m^2", "high": "1 A/m^2",
    "more": ", interface: {law: film_resistance, resistance: 10 ohm cm^2}",
}  # fmt: skip
PERIODS = {"short": 40, "as shipped": 160}
"""Length of cases -> period of the patch [nm]."""
SEPARATE = 6
"""Separate runs that are timed."""


def sweep(
    folder: Path, count: int, *arguments: str, launcher: tuple[str, ...] = (), period: int = 40, axis: dict[str, str] = MODULUS
) -> tuple[float, list[dict]]:
    """Wall time of a sweep and the states of its cases."""
    path = folder / "study.yaml"
    scenario = ROOT / "scenarios/paper/bilayer.yaml"
    path.write_text(STUDY.format(scenario=scenario, count=count, period=period, **axis), "utf-8")
    begun = time.perf_counter()
    command = [*launcher, sys.executable, "-m", "seix", "sweep", path.name, *arguments]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall = time.perf_counter() - begun
    return wall, [json.loads(p.read_text("utf-8")) for p in (folder / "results/study/.states").glob("*.json")]


def utilisation() -> list[list[str]]:
    """Rows of the table: how the workers were started, how long cases take, and what part of the workers' time that is."""
    rows = []
    mpirun = str(Path(sys.executable).parent / "mpirun")
    for length, period in PERIODS.items():
        for name, arguments, launcher in (("2 processes", ("-j", "2"), ()), ("mpirun -n 2", (), (mpirun, "-n", "2"))):
            with tempfile.TemporaryDirectory() as folder:
                wall, states = sweep(Path(folder), 64, *arguments, launcher=launcher, period=period)
            taken = [state["ended"] - state["started"] for state in states]
            part = 100 * sum(taken) / (2 * wall)
            rows.append(
                [name, f"{len(states)}, {length}", f"{median(taken):.1f}", f"{wall:.1f}", f"{sum(taken):.1f}", f"{part:.0f} %"]
            )
    return rows


def reuse() -> list[list[str]]:
    """Rows of the table: a sweep of 100 cases against as many runs."""
    rows = []
    for name, axis in (("a modulus", MODULUS), ("the current, linear law", CURRENT)):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            wall, _ = sweep(folder, 100, "-j", "1", axis=axis)
            plan = json.loads((folder / "results/study/study.json").read_text("utf-8"))
            single = median(_run(folder, plan, case) for case in plan["cases"][:SEPARATE])
        rows.append([name, "100", f"{wall:.1f}", f"{single:.2f}", f"{wall / (100 * single):.2f}"])
    return rows


def _run(folder: Path, plan: dict, case: dict) -> float:
    """Seconds of a case as a run of its own."""
    given = [part for text in case["overrides"] for part in ("--set", text)]
    begun = time.perf_counter()
    command = [sys.executable, "-m", "seix", "run", str(folder / plan["scenario"]), "-o", f"run{case['number']}", *given]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begun


PARTS = {
    "utilisation": lambda: markdown(
        ["workers", "cases", "each [s]", "wall [s]", "inside cases [s]", "utilisation"], utilisation()
    ),
    "reuse": lambda: markdown(
        ["what differs", "cases on one mesh", "sweep, one process [s]", "separate run [s]", "sweep over separate runs"], reuse()
    ),
}


def main() -> None:
    """Make both tables, or one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--only", choices=PARTS)
    given = parser.parse_args()
    publish(PARTS, given.only, given.write)


if __name__ == "__main__":
    main()
