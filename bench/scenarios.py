"""Whole scenarios: where their time goes, and how the solvers fare on the structures that users draw.

    python bench/scenarios.py [--write docs/performance.md] [--quick] [--ranks 2]

The runs are those of ``seix run``, in fresh folders and with their meshes made anew; seconds come from their records.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from table import markdown, publish

HERE = Path(__file__).parent
TOP = HERE.parent
PROFILED = (
    ("scenarios/paper/field_and_stress.yaml", ()),
    ("scenarios/paper/field_3d.yaml", ("geometry.period=20 nm", "error.method=none")),
)
QUICK = (("scenarios/examples/free_film.yaml", ()),)
STRUCTURES = (
    ("scenarios/paper/multilayer.yaml", "round grains in every layer, Li3N conducts best"),
    ("scenarios/examples/polycrystal.yaml", "grains that touch"),
    ("scenarios/examples/layer_list.yaml", "thin layers"),
    ("scenarios/examples/grain_boundary_conduction.yaml", "conducting grain boundaries"),
    ("scenarios/examples/cellular_grains.yaml", "polygons with thin films"),
    ("scenarios/examples/octant.yaml", "curved cells in space"),
)
INNER = {"distribute": "read", "compile": "compile", "assemble": "assemble", "set up": "set-up", "solve": "solve",
         "quantities": "quantities", "gather fields": "quantities"}  # fmt: skip
COLUMNS = ("mesh", "read", "compile", "assemble", "set-up", "solve", "quantities", "other", "files", "figures")
"""``other``: forms in UFL, constraints and error estimates, and what is not timed by itself."""


def record(scenario: str, overrides, ranks: int) -> dict:
    """Record of one run."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        command = [sys.executable, "-m", "seix", "run", str(TOP / scenario), "-o", str(out)]
        for item in overrides:
            command += ["--set", item]
        if ranks > 1:
            command = [str(Path(sys.executable).parent / "mpirun"), "-n", str(ranks), *command]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
        print(scenario, "done", flush=True)
        return json.loads((out / "record.json").read_text("utf-8"))


def stages(found: dict) -> dict[str, float]:
    """Seconds of a record by stage."""
    result = dict.fromkeys(COLUMNS, 0.0)
    for name, spent in found["timings"].items():
        if name.startswith("mesh "):
            result["mesh"] += spent
        elif name.startswith("solve "):
            result["other"] += spent
        elif name in ("write results", "write report"):
            result["files"] += spent
        elif name == "draw maps":
            result["figures"] += spent
    for structure in found["structures"]:
        for level in structure["numerics"]["levels"]:
            for name, spent in level["seconds"].items():
                result[INNER[name]] += spent
                result["other"] -= spent
    return result


def profile(cases, ranks: int) -> str:
    """Flame table: share of every stage."""
    lines = []
    for scenario, overrides in cases:
        found = record(scenario, overrides, ranks)
        spent = stages(found)
        total = sum(spent.values())
        unknowns = sum(level["unknowns"] for s in found["structures"] for level in s["numerics"]["levels"])
        rest = total - sum(spent[key] for key in ("mesh", "read", "compile", "assemble", "set-up", "solve"))
        name = scenario.removeprefix("scenarios/") + "".join(f", {item}" for item in overrides)
        cells = [f"{spent[key]:.1f} ({100 * spent[key] / total:.0f} %)" for key in COLUMNS]
        lines.append([name, str(ranks), str(unknowns), f"{total:.1f}", *cells, f"{100 * rest / total:.0f} %"])
    return markdown(["scenario", "ranks", "unknowns, all meshes", "total [s]", *COLUMNS, "neither mesh nor solve"], lines)


def structures(cases) -> str:
    """Iterations on the structures of users, with the solver that would be chosen for large ones."""
    lines = []
    for scenario, what in cases:
        found = record(scenario, ("solver.preset=multigrid", "error.method=none"), 1)
        for structure in found["structures"]:
            case = structure["cases"][0]
            steps = case.get("newton_iterations", case.get("iterations"))
            krylov = case["numerics"]["krylov_iterations"]
            memory = structure["numerics"]["levels"][0]["peak_memory_bytes_per_rank"][0]
            unknowns = structure["numerics"]["unknowns"]
            name = scenario.rpartition("/")[2].removesuffix(".yaml")
            lines.append([name, what, str(unknowns), str(steps), str(krylov), f"{krylov / steps:.0f}", f"{memory / 1e6:.0f}"])
    head = ["scenario", "", "unknowns", "Newton steps", "Krylov iterations", "each", "peak [MB]"]
    return markdown(head, lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", help="one table: structures or stages")
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    parts = {
        "structures": lambda: structures(STRUCTURES[2:3] if given.quick else STRUCTURES),
        "stages": lambda: profile(QUICK if given.quick else PROFILED, given.ranks),
    }
    publish(parts, given.only, given.write)


if __name__ == "__main__":
    main()
