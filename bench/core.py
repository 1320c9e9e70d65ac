"""The FEM core of seix against its limits: presets, many loads, a bare DOLFINx script, and the memory bandwidth.

    python bench/core.py [--write docs/performance.md] [--quick] [--runs 3]
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import numba
import numpy as np
from problems import GEOMETRIES, mesh_file
from race import AGREEMENT, Case, run
from scaling import added, middle, solve
from table import markdown, publish

from seix.numerics.presets import field_options

OVERHEAD = (
    Case("cube_s", "elasticity", 2, ("bare:pmg", "bare:gamg")),
    Case("slab_m", "conduction", 2, ("bare:pmg", "bare:mumps")),
    Case("cube_m", "conduction", 2, ("bare:pmg", "bare:gamg")),
)
PRESETS = (
    ("slab_s", "elasticity", 2), ("slab_m", "elasticity", 2), ("slab_s", "conduction", 2), ("slab_m", "conduction", 2),
    ("cube_xs", "elasticity", 2), ("cube_xs", "conduction", 2), ("cube_s", "conduction", 2),
)  # fmt: skip


def passes(dim: int) -> int:
    """Times that one iteration reads the fine matrix: the operator, the residual, and each smoothing step but one from zero."""
    steps = int(field_options(dim, 1, 0, "icc")["mg_levels_ksp_max_it"])  # before and after the coarse correction
    return 2 * steps + 1


def overhead(cases, runs: int, folder: Path) -> str:
    """seix against plain scripts, interleaved."""
    lines = []
    for case in cases:
        codes = ("seix", *case.peers)
        found: dict[str, list[float]] = {code: [] for code in codes}
        reference = None
        for _ in range(runs):
            for code in codes:
                result = run(case, code, None, mesh_file(case.mesh, folder))
                if "failed" in result:
                    raise SystemExit(f"{case.name}, {code}: {result['failed']}")
                reference = result["values"] if reference is None else reference
                if not np.linalg.norm(result["values"] - reference) <= AGREEMENT * np.linalg.norm(reference):
                    raise SystemExit(f"{case.name}, {code}: another solution")
                found[code].append(result["times"]["total"])
                print(case.name, code, found[code][-1], flush=True)
        middles = {code: statistics.median(values) for code, values in found.items()}
        lines.append([case.name, f"{middles['seix']:.2f}"])
        for code in case.peers:
            method = code.partition(":")[2]
            lines[-1].append(f"{method}: {middles[code]:.2f} s, {middles[code] / middles['seix']:.2f} times seix")
    return markdown(["problem", "seix [s]", "script, same method", "script, usual method"], lines)


def presets(cases, folder: Path) -> str:
    """Direct against multigrid, for one load."""
    lines = []
    for mesh, kind, degree in cases:
        rows = {name: solve(mesh, kind, degree, folder, preset=name) for name in ("direct", "multigrid", "auto")}
        times = [f"{rows[name]['times']['total']:.2f}" for name in ("direct", "multigrid")]
        sizes = [f"{added(rows[name]) / rows[name]['unknowns'] / 1e3:.2f}" for name in ("direct", "multigrid")]
        lines.append([f"{mesh[:4]} {kind}, P{degree}", str(rows["auto"]["unknowns"]), *times, *sizes, rows["auto"]["method"]])
    head = ["problem", "unknowns", "direct [s]", "multigrid [s]", "direct [kB per unknown]", "multigrid [kB per unknown]",
            "chosen"]  # fmt: skip
    return markdown(head, lines)


def many_loads(folder: Path, meshes: tuple[str, str]) -> str:
    """What further loads on one set-up cost."""
    lines = []
    for mesh, kind, count in ((meshes[0], "elasticity", 6), (meshes[1], "elasticity", 3), (meshes[1], "conduction", 2)):
        for preset in ("multigrid", "direct"):
            if preset == "direct" and mesh == meshes[0] and "xs" not in mesh:
                continue  # takes minutes in space
            turns = [[solve(mesh, kind, 2, folder, preset=preset, loads=loads) for loads in (1, count)] for _ in range(3)]
            one, all_of_them = (middle(list(runs)) for runs in zip(*turns, strict=True))
            first, together = one["times"]["total"], all_of_them["times"]["total"]
            further = (all_of_them["times"]["solve"] - one["times"]["solve"]) / (count - 1)  # the rest is the same but for noise
            ratio = f"{count * first / together:.1f}"
            lines.append([f"{mesh[:4]} {kind}, P2", str(one["unknowns"]), one["method"], f"{first:.2f}", f"{further:.2f}", ratio])
    head = ["problem", "unknowns", "solver", "first load [s]", "each further [s]", "all unit loads, against one by one"]
    return markdown(head, lines)


@numba.njit(fastmath=True)
def _triad(a, b, c, factor):
    for i in range(len(a)):
        a[i] = b[i] + factor * c[i]


def bandwidth() -> float:
    """Bytes per second of a triad on one core, best of ten."""
    a, b, c = (np.ones(20_000_000) for _ in range(3))
    _triad(a, b, c, 2.0)
    best = float("inf")
    for _ in range(10):
        start = time.perf_counter()
        _triad(a, b, c, 2.0)
        best = min(best, time.perf_counter() - start)
    return 3 * a.nbytes / best


def limit(cases, folder: Path) -> str:
    """Krylov time over the time to read the fine matrix as often as the method must."""
    lines = []
    for mesh, kind, degree in cases:
        speed = bandwidth()
        row = solve(mesh, kind, degree, folder)
        least = row["iterations"] * passes(GEOMETRIES[mesh].dim) * row["matrix_bytes"] / speed
        spent = row["times"]["solve"]
        numbers = [f"{row['matrix_bytes'] / 1e6:.0f}", f"{speed / 1e9:.0f}"]
        seconds = [f"{least:.2f}", f"{spent:.2f}", f"{spent / least:.1f}"]
        name = f"{mesh[:4]} {kind}, P{degree}"
        lines.append([name, str(row["unknowns"]), str(row["iterations"]), *numbers, *seconds])
    head = ["problem", "unknowns", "iterations", "matrix [MB]", "bandwidth [GB/s]", "reading [s]", "solve [s]",
            "solve over reading"]  # fmt: skip
    return markdown(head, lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", help="one table: presets, loads, overhead or limit")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path("results/bench"))
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    quick = given.quick
    streamed = (("cube_s", "elasticity", 2), ("slab_m", "elasticity", 2), ("slab_m", "conduction", 2),
                ("cube_m", "conduction", 2))  # fmt: skip
    parts = {
        "presets": lambda: presets(PRESETS[4:5] if quick else PRESETS, given.folder),
        "loads": lambda: many_loads(given.folder, ("cube_xs", "slab_s") if quick else ("cube_s", "slab_m")),
        "overhead": lambda: overhead(OVERHEAD[:1] if quick else OVERHEAD, given.runs, given.folder),
        "limit": lambda: limit(streamed[:1] if quick else streamed, given.folder),
    }
    publish(parts, given.only, given.write)


if __name__ == "__main__":
    main()
