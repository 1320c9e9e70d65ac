"""Adapted meshes against uniform refinement: unknowns and time for an accurate P99.9 of the field enhancement.

    python bench/adapt.py [--write docs/performance.md] [--image docs/images/adapt.png] [--only NAME ...] [--quick]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from table import markdown, publish

from seix import simulation
from seix.analysis.progress import make_progress
from seix.fem import MPI
from seix.materials import MaterialLibrary
from seix.parameters import parameters_of
from seix.scenario_file import load_study
from seix.shelf import ModelShelf

ROOT = Path(__file__).resolve().parents[1]
TARGET = "field_enhancement.p999"
COMMON = ("load.current_multiples=[1]", "error.method=none", "mesh.maximum_cells=20000000")
START = ("mesh.cells_per_diameter=2", "mesh.cells_per_gap=0.4", "mesh.cells_per_layer=2", *COMMON)
"""Both kinds of refinement start from the coarsest mesh there is."""
START_IN_SPACE = ("mesh.cells_per_diameter=3", "mesh.cells_per_gap=0.5", "mesh.cells_per_layer=2", *COMMON)
"""With fewer cells the surfaces of neighbouring balls cannot all be curved."""
OTHER = ("mesh.cells_per_diameter=6", "mesh.cells_per_gap=1.2", "mesh.cells_per_layer=6", "mesh.growth=1.3")
OTHER_IN_SPACE = ("mesh.cells_per_diameter=5", "mesh.cells_per_gap=0.8", "mesh.cells_per_layer=3")
"""Start of the sequence whose end errors refer to: it has no mesh in common with those that are judged."""
SMALL_PIECE = ("geometry.dimension=3", "geometry.core_depth=5 nm", "geometry.electrolyte_depth=5 nm")


@dataclass(frozen=True)
class Case:
    """A structure and its meshes: files and overrides, starts of the sequences, uniform sizes over those of the first mesh,
    tolerances, and that of the sequence whose end errors refer to."""

    path: str
    overrides: tuple[str, ...]
    factors: tuple[float, ...] = (1.0, 0.71, 0.5, 0.35, 0.25, 0.18)
    tolerances: tuple[float, ...] = (0.01, 0.001)
    start: tuple[str, ...] = START
    other: tuple[str, ...] = OTHER
    finest: str = "{tolerance: 3e-4}"


def in_space(path: str, *overrides: str) -> Case:
    """A small piece of a film in space."""
    return Case(path, (*SMALL_PIECE, *overrides), (1.0, 0.8, 0.63, 0.5), (0.01,), START_IN_SPACE, OTHER_IN_SPACE,
                "{tolerance: 2e-3, max_cells: 250000}")  # fmt: skip


CASES = {
    "bilayer": Case("paper/bilayer.yaml", ("geometry.period=120 nm",)),
    "multilayer": Case("paper/multilayer.yaml", ("geometry.period=60 nm",)),
    "polycrystal": Case(
        "examples/polycrystal.yaml", ("geometry.period=60 nm",), (1.0, 0.71, 0.5, 0.35, 0.25, 0.18, 0.1, 0.06, 0.045)),
    "bilayer in space": in_space(
        "paper/bilayer.yaml", "geometry.period=20 nm", "sei.thickness=14 nm", "sei.inner_thickness=7 nm",
        "sei.inorganic={LiF: 0.12, Li3N: 0.04}", "sei.grains={diameter: 5 nm, gap: 0.35 nm, spread: 0.1}"),
    "cellular in space": in_space(
        "examples/cellular_grains.yaml", "geometry.period=16 nm", "sei.thickness=8 nm", "sei.inner_thickness=5 nm",
        "sei.grains={diameter: 4 nm, gap: 0.4 nm, spread: 0.15, shape: cellular, rounding: 0.3}",
        "sei.inorganic={LiF: 0.16, Li3N: 0.05}"),
}  # fmt: skip


@dataclass(frozen=True)
class Point:
    """One mesh: unknowns, value, seconds to make it and to solve on it, and its estimated relative error if there is one."""

    unknowns: int
    value: float
    seconds: float
    estimated: float | None = None


def scenario_of(name: str, *more: str):
    """The scenario of a case."""
    case = CASES[name]
    return loaded(case.path, *case.overrides, *case.start, *more)


def loaded(path: str, *overrides: str):
    """The one scenario of a file; of overrides with the same key the last one counts."""
    given = dict(text.split("=", 1) for text in overrides)
    texts = [f"{key}={value}" for key, value in given.items()]
    return next(iter(load_study(ROOT / "scenarios" / path, texts).members.values()))


def uniform(name: str, factors, folder: Path) -> list[Point]:
    """Meshes whose cells are all smaller by the same factor."""
    scenario, points = scenario_of(name), []
    for factor in factors:
        points.append(solved(scenario, factor, folder))
    return points


def solved(scenario, factor: float, folder: Path, target: str = TARGET) -> Point:
    """One mesh, with all sizes times a factor."""
    started = time.perf_counter()
    mesh, _ = simulation.cached(scenario, factor, folder, True)
    parameters = parameters_of(scenario, MaterialLibrary())
    with make_progress(1, 2) as silent:
        level = simulation._solve(scenario, parameters, mesh, None, ModelShelf(MPI.COMM_SELF, 0), silent, "", False)
    return Point(level.numerics["unknowns"], level.cases[1.0][target].value, time.perf_counter() - started)


def adapted(name: str, tolerance: float, folder: Path, *more: str) -> list[Point]:
    """The sequence of adapted meshes down to a tolerance."""
    return run_adapted(scenario_of(name, f"mesh.adapt={{target: {TARGET}, tolerance: {tolerance}}}", *more), folder)


def run_adapted(scenario, folder: Path) -> list[Point]:
    """All meshes of a scenario with `mesh.adapt`."""
    parameters = parameters_of(scenario, MaterialLibrary())
    with make_progress(1, 2) as silent:
        _, sequence = simulation._adapted("adapted", scenario, parameters, None, ModelShelf(MPI.COMM_SELF, 0), folder, silent)
    return [Point(s.unknowns, s.value, s.seconds, s.relative_error) for s in sequence.steps]


def first_below(points: list[Point], truth: float, tolerance: float) -> int | None:
    """The first mesh from which on all errors are below the tolerance; None if the last one is above."""
    good = [abs(point.value - truth) <= tolerance * truth for point in points]
    return next((k for k in range(len(good)) if all(good[k:])), None)


def rows(name: str, even: list[Point], runs: dict[float, list[Point]], truth: float) -> list[list[str]]:
    """Lines of the table for one structure."""
    lines = []
    for tolerance, sequence in runs.items():
        last, k = sequence[-1], first_below(even, truth, tolerance)
        known = ["not reached", "", ""] if k is None else [
            f"{even[k].unknowns}", f"{even[k].seconds:.1f}", f"{sum(point.seconds for point in even[: k + 1]):.1f}"]  # fmt: skip
        lines.append([
            name, f"{100 * tolerance:g} %", *known, str(last.unknowns), str(len(sequence)),
            f"{sum(point.seconds for point in sequence):.1f}", f"{100 * last.estimated:.2g} %",
            f"{100 * abs(last.value / truth - 1):.2g} %",
        ])  # fmt: skip
    return lines


def draw(found: dict, path: Path) -> None:
    """Error against unknowns for each structure."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(found), figsize=(3.4 * len(found), 3.6), sharey=True, layout="constrained", squeeze=False)
    for axis, (name, (even, runs, truth, _)) in zip(axes[0], found.items(), strict=True):
        finest = runs[min(runs)]
        for points, label, style in ((even, "uniform, true", "o-"), (finest, "adapted, true", "s-")):
            error = [max(100 * abs(point.value / truth - 1), 3e-3) for point in points]
            axis.loglog([point.unknowns for point in points], error, style, label=label)
        axis.loglog([p.unknowns for p in finest], [100 * p.estimated for p in finest], "s--", mfc="white", color="C1",
                    label="adapted, estimated")  # fmt: skip
        axis.axhline(1.0, color="0.6", lw=0.8, zorder=0)
        axis.set(title=name, xlabel="unknowns")
        axis.grid(alpha=0.3)
        axis.set_xlim(4e3, 3e6)
    axes[0, 0].set_ylabel("error of P99.9 of |E|/E0 (%)")
    axes[0, 0].legend(frameon=False, fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)


def table(names, quick: bool, image: Path | None) -> str:
    """The whole comparison as Markdown, with the picture if a path is given."""
    found, lines, doubt = {}, [], {}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for dim in {loaded(CASES[name].path, *CASES[name].overrides).geometry.dimension: name for name in names}.values():
            uniform(dim, (1.0,), work / "warm")  # forms and kernels are compiled
            adapted(dim, 0.1, work / "warm")
        for name in names:
            case = CASES[name]
            even = uniform(name, case.factors[:3] if quick else case.factors, work / "uniform")
            runs = {}
            for tolerance in case.tolerances[:1] if quick else case.tolerances:
                runs[tolerance] = adapted(name, tolerance, work / f"adapted{tolerance}")
            finest = f"mesh.adapt={case.finest[:-1]}, target: {TARGET}}}"
            best = run_adapted(loaded(case.path, *case.overrides, *COMMON, *case.other, finest), work / "truth")[-1]
            truth, doubt[name] = best.value, best.estimated
            noise = abs(even[-1].value / truth - 1)
            found[name] = even, runs, truth, noise
            lines += rows(name, even, runs, truth)
            print(name, truth, noise, *even, *(point for run in runs.values() for point in run), sep="\n  ", flush=True)
    head = ["structure", "asked", "uniform: unknowns", "time [s]", "with all coarser ones [s]", "adapted: unknowns", "meshes",
            "time of all [s]", "estimated error", "true error"]  # fmt: skip
    noises = ", ".join(f"{100 * noise:.2g} % ({name})" for name, (_, _, _, noise) in found.items())
    doubts = ", ".join(f"{100 * one:.2g} % ({name})" for name, one in doubt.items())
    text = (
        f"{markdown(head, lines)}\n\nTrue errors refer to the end of another sequence, that starts from much smaller cells "
        f"and, in the plane, grows them more slowly; its own stated errors are {doubts}. "
        f"The finest uniform meshes differ from it by {noises}."
    )
    if image is not None:
        draw(found, image)
        text += f"\n\n![error against unknowns](images/{image.name})"
    return text


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="page whose section is replaced")
    parser.add_argument("--image", type=Path, help="picture to write")
    parser.add_argument("--quick", action="store_true", help="coarse meshes of one structure: shows that it runs")
    parser.add_argument("--only", nargs="+", choices=CASES, help="these structures")
    given = parser.parse_args()
    names = ["bilayer"] if given.quick else list(given.only or CASES)
    publish({"adapt": lambda: table(names, given.quick, given.image)}, None, given.write)
