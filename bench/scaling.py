"""Time, memory and iterations of seix against unknowns, ranks and contrast of the materials.

    python bench/scaling.py [--write docs/performance.md] [--quick]

Exponents are slopes in double logarithmic scales, of medians: the first run of a size may pay for memory that a virtual
machine has to be given. Memory is what the problem adds to a process that has imported everything.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from problems import mesh_file
from table import markdown, publish

HERE = Path(__file__).parent
SERIES = {
    "2D elasticity, P2": ("elasticity", 2, ("slab_s", "slab_m", "slab_l")),
    "3D elasticity, P2": ("elasticity", 2, ("cube_s", "cube_k", "cube_m", "cube_n")),
    "3D conduction, P2": ("conduction", 2, ("cube_k", "cube_m", "cube_l")),
}
QUICK = {"3D elasticity, P2": ("elasticity", 2, ("cube_xs", "cube_s"))}
CONTRASTS = (("elasticity", 2, (1e4, 1e-4), ("cube_s", "cube_n")), ("conduction", 2, (1e6, 1e-6), ("cube_k", "cube_l")))
QUICK_CONTRASTS = tuple((*row[:3], ("cube_xs", "cube_s")) for row in CONTRASTS)


def solve(mesh: str, kind: str, degree: int, folder: Path, ranks: int = 1, contrast: float | None = None, preset="auto", loads=1):
    """One run in processes of its own."""
    path = mesh_file(mesh, folder)
    command = [sys.executable, str(HERE / "ours.py"), str(path), kind, str(degree), str(folder / "scaling.npz")]
    command += ["--preset", preset, "--loads", str(loads)]
    if contrast:
        command += ["--contrast", str(contrast)]
    if ranks > 1:
        launcher = Path(sys.executable).parent / "mpirun"
        command = [str(launcher), "-n", str(ranks), *command]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    result = json.loads(lines[-1]) | {"mesh": mesh, "kind": kind, "degree": degree, "contrast": contrast}
    print(f"{mesh} {kind} {degree} ranks {ranks} contrast {contrast}: {result['times']['total']:.2f} s", flush=True)
    return result


def middle(found: list[dict]) -> dict:
    """The median run by total time."""
    return sorted(found, key=lambda result: result["times"]["total"])[len(found) // 2]


def added(result: dict) -> float:
    """Bytes that the problem added."""
    return result["peak_bytes"] - result["base_bytes"]


def exponent(rows: list[dict], value) -> float:
    """Slope of the logarithm of a value over that of the unknowns."""
    return float(np.polyfit(np.log([row["unknowns"] for row in rows]), np.log([value(row) for row in rows]), 1)[0])


def against_unknowns(series, folder: Path, runs: int) -> tuple[str, dict]:
    """Table of all series, and their rows."""
    head = ["problem", "unknowns", "total [s]", "assembly", "set-up", "solve", "iterations", "memory [kB per unknown]"]
    lines, kept, notes = [], {}, []
    for name, (kind, degree, meshes) in series.items():
        turns = [[solve(mesh, kind, degree, folder) for mesh in meshes] for _ in range(runs)]
        rows = kept[name] = [middle(list(found)) for found in zip(*turns, strict=True)]
        for row in rows:
            times = row["times"]
            parts = [f"{times[key]:.2f}" for key in ("total", "assembly", "setup", "solve")]
            memory = f"{added(row) / row['unknowns'] / 1e3:.2f}"
            lines.append([name, str(row["unknowns"]), *parts, str(row["iterations"]), memory])
        time, memory = exponent(rows, lambda row: row["times"]["total"]), exponent(rows, added)
        notes.append(f"{name}: time {time:.2f}, memory {memory:.2f}")
    return markdown(head, lines) + "\n\nExponents: " + "; ".join(notes) + ".", kept


def against_ranks(mesh: str, folder: Path, runs: int) -> str:
    """Table of one and two ranks."""
    turns = [[solve(mesh, "elasticity", 2, folder, ranks=ranks) for ranks in (1, 2)] for _ in range(runs)]
    found = [middle(list(rows)) for rows in zip(*turns, strict=True)]
    head = ["ranks", "total [s]", "assembly", "set-up", "solve", "iterations", "speed-up", "memory, all ranks [GB]",
            "times one rank"]  # fmt: skip
    lines = []
    for ranks, row in zip((1, 2), found, strict=True):
        parts = [f"{row['times'][key]:.2f}" for key in ("total", "assembly", "setup", "solve")]
        speed = found[0]["times"]["total"] / row["times"]["total"]
        more = [f"{added(row) / 1e9:.2f}", f"{added(row) / added(found[0]):.2f}"]
        lines.append([str(ranks), *parts, str(row["iterations"]), f"{speed:.2f}", *more])
    return f"3D elasticity, P2, {found[0]['unknowns']} unknowns:\n\n" + markdown(head, lines)


def against_contrast(given, folder: Path) -> str:
    """Table of iterations for extreme materials, small and large."""
    lines = []
    for kind, degree, contrasts, meshes in given:
        for contrast in contrasts:
            rows = [solve(mesh, kind, degree, folder, contrast=contrast) for mesh in meshes]
            counts = [row["iterations"] for row in rows]
            change = f"{100 * (counts[-1] / counts[0] - 1):+.0f} %"
            unknowns = " to ".join(str(row["unknowns"]) for row in (rows[0], rows[-1]))
            lines.append([kind, f"{contrast:g}", unknowns, *map(str, counts), change, rows[-1]["method"]])
    head = ["3D, P2", "inclusions over matrix", "unknowns", "iterations, small", "large", "change", "solver"]
    return markdown(head, lines)


def draw(kept: dict, path: Path) -> None:
    """Time and memory over unknowns."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
    for name, rows in kept.items():
        unknowns = [row["unknowns"] for row in rows]
        left.loglog(unknowns, [row["times"]["total"] for row in rows], "o-", label=name)
        right.semilogx(unknowns, [added(row) / row["unknowns"] / 1e3 for row in rows], "o-", label=name)
    ends = np.array(left.get_xlim())
    low = min(row["times"]["total"] / row["unknowns"] for rows in kept.values() for row in rows)
    left.loglog(ends, 0.7 * low * ends, "k:", lw=1, label="proportional to unknowns")
    left.set(xlabel="unknowns", ylabel="mesh in memory to solution [s]", xlim=ends)
    for axes in (left, right):
        axes.xaxis.set_minor_formatter("")
    right.set(xlabel="unknowns", ylabel="memory [kB per unknown]", ylim=(0, None))
    left.legend(fontsize=8)
    figure.savefig(path, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", help="one table: scaling, ranks or contrast")
    parser.add_argument("--runs", type=int, default=3, help="in turn; the median counts")
    parser.add_argument("--folder", type=Path, default=Path("results/bench"))
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    quick, folder, runs = given.quick, given.folder, given.runs

    def growth() -> str:
        text, kept = against_unknowns(QUICK if quick else SERIES, folder, runs)
        if given.write:
            draw(kept, given.write.parent / "images" / "performance_scaling.png")
        return text

    parts = {
        "scaling": growth,
        "ranks": lambda: against_ranks("cube_s" if quick else "cube_m", folder, runs),
        "contrast": lambda: against_contrast(QUICK_CONTRASTS if quick else CONTRASTS, folder),
    }
    publish(parts, given.only, given.write)


if __name__ == "__main__":
    main()
