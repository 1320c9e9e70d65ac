"""Studies: how much of the processors is spent inside cases, and what a sweep saves against separate runs.

    python bench/studies.py [--write docs/performance.md]

Utilisation: 64 equal cases on 2 workers, seconds inside cases over workers times wall time. Reuse: a sweep of 100 values of a
material on one mesh, in one process, against separate runs of `seix run` with the same files written; of these only some are
made, as all cost the same.
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
title: {title}
scenario: {scenario}
set: {{mesh.cells_per_diameter: 3, geometry.period: 40 nm, load.current_multiples: [1]}}
axes:
  modulus: {{key: materials.override.organic_polymer.youngs_modulus, from: 1 GPa, to: 3 GPa, count: {count}}}
"""
SEPARATE = 6
"""Separate runs that are timed."""


def sweep(folder: Path, count: int, *arguments: str, launcher: tuple[str, ...] = ()) -> tuple[float, list[dict]]:
    """Wall time of a sweep and the states of its cases."""
    path = folder / "study.yaml"
    path.write_text(STUDY.format(title="bench", scenario=ROOT / "scenarios/paper/bilayer.yaml", count=count), "utf-8")
    begun = time.perf_counter()
    command = [*launcher, sys.executable, "-m", "seix", "sweep", path.name, *arguments]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall = time.perf_counter() - begun
    return wall, [json.loads(p.read_text("utf-8")) for p in (folder / "results/study/.states").glob("*.json")]


def utilisation() -> list[list[str]]:
    """Rows of the table: how the workers were started, and what part of their time cases took."""
    rows = []
    mpirun = str(Path(sys.executable).parent / "mpirun")
    for name, arguments, launcher in (("2 processes", ("-j", "2"), ()), ("mpirun -n 2", (), (mpirun, "-n", "2"))):
        with tempfile.TemporaryDirectory() as folder:
            wall, states = sweep(Path(folder), 64, *arguments, launcher=launcher)
        inside = sum(state["ended"] - state["started"] for state in states)
        rows.append([name, str(len(states)), f"{wall:.1f}", f"{inside:.1f}", f"{100 * inside / (2 * wall):.0f} %"])
    return rows


def reuse() -> list[list[str]]:
    """Row of the table: a sweep of 100 cases against as many runs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wall, _ = sweep(folder, 100, "-j", "1")
        plan = json.loads((folder / "results/study/study.json").read_text("utf-8"))
        taken = []
        for case in plan["cases"][:SEPARATE]:
            given = [part for text in case["overrides"] for part in ("--set", text)]
            begun = time.perf_counter()
            command = [sys.executable, "-m", "seix", "run", str(folder / plan["scenario"]), "-o", f"run{case['number']}", *given]
            subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            taken.append(time.perf_counter() - begun)
    single = median(taken)
    return [["100", f"{wall:.1f}", f"{single:.2f}", f"{wall / (100 * single):.2f}"]]


PARTS = {
    "utilisation": lambda: markdown(["workers", "cases", "wall [s]", "inside cases [s]", "utilisation"], utilisation()),
    "reuse": lambda: markdown(
        ["cases on one mesh", "sweep, one process [s]", "separate run [s]", "sweep over separate runs"], reuse()
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
