"""The solver race: seix with its defaults against other codes, on the same meshes and data, in one interleaved run.

    python bench/race.py --peers PYTHON [--runs 3] [--write docs/performance.md] [--quick]

PYTHON is the interpreter of the environment with the peers (requirements/peers.txt); codes that cannot be imported there
are left out. Every run is a process of its own with one thread. Times go from the mesh arrays in memory to the values at the
vertices; imports and compilation are not counted, as each code solves a small problem of the same kind first. The
values are compared before a time counts.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from problems import mesh_file
from table import markdown, replace_section

HERE = Path(__file__).parent
AGREEMENT = 1e-5
"""Largest relative distance of the values at the vertices."""


@dataclass(frozen=True)
class Case:
    """One row of the race.

    Attributes
    ----------
    mesh, kind, degree
        See problems.py.
    peers : tuple of str
        Names of the scripts in peers/, with a method behind a colon where it is not the best known one.
    target, reach : float or None
        Ratios of times to reach.
    """

    mesh: str
    kind: str
    degree: int
    peers: tuple[str, ...]
    target: float | None = None
    reach: float | None = None

    @property
    def name(self) -> str:
        """Short description."""
        return f"{self.mesh[:4].replace('slab', '2D').replace('cube', '3D')} {self.kind}, P{self.degree}"


CASES = (
    Case("cube_s", "elasticity", 2, ("ngsolve:bddc", "skfem", "mfem", "ngsolve:two-level"), 4.5, 6.0),
    Case("cube_m", "elasticity", 1, ("kratos", "skfem", "ngsolve:two-level+h1amg"), 1.7, 2.5),
    Case("cube_l", "elasticity", 1, ("kratos", "ngsolve:two-level+h1amg"), 1.7, 2.5),
    Case("slab_m", "elasticity", 2, ("ngsolve:sparsecholesky", "ngsolve:two-level"), 2.8, 4.0),
    Case("slab_m", "conduction", 2, ("ngsolve:multigrid", "ngsolve:sparsecholesky", "skfem", "ngsolve:two-level"), 2.0, 3.0),
    Case("cube_m", "conduction", 2, ("ngsolve:bddc+h1amg", "skfem", "mfem", "ngsolve:two-level+h1amg"), 1.7, 3.0),
    Case("cube_m", "conduction", 1, ("skfem", "ngsolve:local", "mfem"), 1.0, 1.5),
    Case("cube_l", "conduction", 1, ("skfem", "ngsolve:local", "mfem"), 1.0, 1.5),
)
QUICK = (
    Case("slab_s", "elasticity", 2, ("ngsolve", "skfem")),
    Case("cube_xs", "conduction", 1, ("skfem", "ngsolve")),
    Case("cube_xs", "elasticity", 1, ("kratos", "skfem")),
)


def run(case: Case, code: str, peers: str | None, mesh: Path, limit: float = 600.0) -> dict | None:
    """One run of one code; None if it fails or takes too long."""
    name, _, method = code.partition(":")
    out = mesh.with_suffix(f".{name}.out.npz")
    arguments = [str(mesh), case.kind, str(case.degree), str(out)] + (["--method", method] if method else [])
    if name not in ("seix", "bare"):  # these warm up on two cells by themselves
        arguments += ["--warm", str(mesh_file(f"{case.mesh[:4]}_xs", mesh.parent))]
    own = {"seix": HERE / "ours.py", "bare": HERE / "bare.py"}
    program = [sys.executable, str(own[name])] if name in own else [peers, str(HERE / "peers" / f"{name}_peer.py")]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    try:
        command = [*program, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        return {"failed": f"over {limit:.0f} s"}
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        return {"failed": (done.stderr.strip().splitlines() or ["no output"])[-1][:80]}
    return json.loads(lines[-1]) | {"values": np.load(out)["values"]}


def race(case: Case, runs: int, peers: str | None, folder: Path) -> list[dict]:
    """All codes of a case in turn, ``runs`` times: one summary for each."""
    mesh = mesh_file(case.mesh, folder)
    codes = ["seix", *(case.peers if peers else ())]
    found: dict[str, list[dict]] = {code: [] for code in codes}
    for _ in range(runs):
        for code in codes:
            if any("failed" in result for result in found[code]):
                continue
            found[code].append(run(case, code, peers, mesh))
            line = found[code][-1]
            print(case.name, code, line.get("failed") or f"{line['times']['total']:.2f} s", flush=True)
    reference = next((result["values"] for result in found["seix"] if "failed" not in result), None)
    if reference is None:  # nothing to compare with: no time counts
        return [{"code": code, "failed": results[-1].get("failed", "no reference")} for code, results in found.items()]
    return [summary(code, results, reference) for code, results in found.items()]


def summary(code: str, results: list[dict], reference: np.ndarray) -> dict:
    """Median, spread and agreement of the runs of one code."""
    if any("failed" in result for result in results):
        return {"code": code, "failed": results[-1].get("failed")}
    totals = [result["times"]["total"] for result in results]
    middle = sorted(results, key=lambda result: result["times"]["total"])[len(results) // 2]
    distance = np.linalg.norm(middle["values"] - reference) / np.linalg.norm(reference)
    return {
        "code": middle["code"], "method": middle["method"], "script": middle.get("script", False),
        "version": middle["version"], "times": middle["times"],
        "total": statistics.median(totals), "low": min(totals), "high": max(totals), "distance": float(distance),
        "iterations": middle["iterations"], "residual": middle["residual"], "unknowns": middle["unknowns"],
        "peak": statistics.median(result["peak_bytes"] for result in results),
    }  # fmt: skip


def fair(rows: list[dict]) -> list[dict]:
    """Peers that finished with the same solution."""
    return [row for row in rows[1:] if "failed" not in row and row["distance"] <= AGREEMENT]


def handmade(row: dict) -> bool:
    """Whether the method is a script on top of the code and not one that the code offers."""
    return bool(row.get("script"))


def report(results: list[tuple[Case, list[dict]]]) -> str:
    """Ratios first, then the stages of every code."""
    head = ["problem", "unknowns", "best offered by a peer", "peer [s]", "seix [s]", "ratio of times", "wanted", "reach",
            "two levels by hand [s]", "ratio", "leanest offered [MB]", "seix [MB]"]  # fmt: skip
    lines, stages = [], []
    for case, rows in results:
        if "failed" not in rows[0] and fair(rows):
            lines.append(ratio_line(case, rows[0], fair(rows)))
        stages += [stage_line(case, row) for row in rows]
    parts = [markdown(head, lines)] if lines else []
    columns = ["problem", "code", "mesh", "space", "assembly", "set-up", "solve", "total [s]", "least to most", "iterations",
               "residual", "distance", "peak [MB]"]  # fmt: skip
    versions = sorted({f"{row['code']} {row['version']}" for _, rows in results for row in rows if "failed" not in row})
    parts.append(markdown(columns, stages))
    parts.append(f"Versions: {', '.join(versions)}.")
    return "\n\n".join(parts)


def ratio_line(case: Case, own: dict, peers: list[dict]) -> list[str]:
    """One problem in the table of ratios."""
    offered = [row for row in peers if not handmade(row)]
    by_hand = [row["total"] for row in peers if handmade(row)]
    best = min(offered, key=lambda row: row["total"]) if offered else None
    goals = [f"{goal:g}" if goal else "" for goal in (case.target, case.reach)]
    hand = [f"{min(by_hand):.2f}", f"{min(by_hand) / own['total']:.2f}"] if by_hand else ["", ""]
    lean = f"{min(row['peak'] for row in offered) / 1e6:.0f}" if offered else ""
    return [
        case.name, f"{own['unknowns']}", f"{best['code']} ({best['method']})" if best else "none",
        f"{best['total']:.2f}" if best else "", f"{own['total']:.2f}",
        f"**{best['total'] / own['total']:.2f}**" if best else "", *goals, *hand, lean, f"{own['peak'] / 1e6:.0f}",
    ]  # fmt: skip


def stage_line(case: Case, row: dict) -> list[str]:
    """One code in the table of stages."""
    if "failed" in row:
        return [case.name, row["code"], *[""] * 5, row["failed"], *[""] * 5]
    times = row["times"]
    parts = [f"{times[key]:.2f}" if key in times else "" for key in ("mesh", "space", "assembly", "setup", "solve")]
    count = "" if row["iterations"] is None else str(row["iterations"])
    spread = f"{row['low']:.2f} to {row['high']:.2f}"
    return [
        case.name, f"{row['code']} ({row['method']})", *parts, f"{row['total']:.2f}", spread, count,
        f"{row['residual']:.0e}", f"{row['distance']:.0e}", f"{row['peak'] / 1e6:.0f}",
    ]  # fmt: skip


def draw(results: list[tuple[Case, list[dict]]], path: Path) -> None:
    """Time of every code over that of seix."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    labels, ratios, colours = [], [], []
    palette = {"NGSolve": "#4477aa", "Kratos": "#aa3377", "scikit-fem + PyAMG": "#228833", "MFEM": "#ccbb44"}
    for case, rows in reversed(results):
        for row in sorted(fair(rows), key=lambda row: -row["total"]):
            labels.append(f"{case.name}, {rows[0]['unknowns'] / 1e3:.0f}k: {row['code']} ({row['method']})")
            ratios.append(row["total"] / rows[0]["total"])
            colours.append(palette.get(row["code"], "#777777"))
    if not labels:
        return
    figure, axes = plt.subplots(figsize=(9, 0.8 + 0.27 * len(labels)), layout="constrained")
    bars = axes.barh(range(len(labels)), ratios, color=colours)
    axes.bar_label(bars, [f"{ratio:.1f}" for ratio in ratios], padding=3, fontsize=8)
    axes.axvline(1.0, color="k", lw=1)
    axes.set_yticks(range(len(labels)), labels, fontsize=8)
    axes.set(xscale="log", xlabel="time over that of seix, median", xlim=(min(0.8, *ratios), 1.5 * max(ratios)))
    axes.xaxis.set_major_formatter("{x:g}")
    figure.savefig(path, dpi=150)


def known(cases: tuple[Case, ...], kept: dict) -> list[tuple[Case, list[dict]]]:
    """Cases that have been raced, with their summaries."""
    return [(case, kept[case.name, case.mesh]) for case in cases if (case.name, case.mesh) in kept]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", help="Python interpreter with the peers")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="small problems only")
    parser.add_argument("--only", help="part of the name and mesh of a case; the others are those of the last race; 'none'")
    parser.add_argument("--folder", type=Path, default=Path("results/bench"), help="meshes and raw results")
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    peers = given.peers if given.peers and Path(given.peers).exists() else None
    if not peers:
        print("no environment of peers: seix runs alone", file=sys.stderr)
    cases = [case for case in (QUICK if given.quick else CASES) if not given.only or given.only in f"{case.name} {case.mesh}"]
    saved = given.folder / ("race_quick.json" if given.quick else "race.json")
    before = json.loads(saved.read_text("utf-8")) if given.only and saved.exists() else []
    kept = {(old["problem"], old["mesh"]): old["codes"] for old in before}
    every = QUICK if given.quick else CASES
    results = known(every, kept)
    for one in cases:
        kept[one.name, one.mesh] = race(one, given.runs, peers, given.folder)
        results = known(every, kept)
        raw = [{"problem": case.name, "mesh": case.mesh, "codes": rows} for case, rows in results]
        saved.write_text(json.dumps(raw, indent=1), "utf-8")  # after each: a race takes half an hour
    text = report(results)
    print(text)
    if given.write:
        replace_section(given.write, "race", text)
        draw(results, given.write.parent / "images" / "performance_race.png")


if __name__ == "__main__":
    main()
