"""Stated errors of random packings against true ones: what the orders of `seix.analysis.errors` rest on.

    python bench/stated_errors.py [--write docs/theory.md] [--quick]

Every structure is solved on its mesh, on the coarser one that `error.coarsening` makes, and on a reference whose cells are a
third as large, all on the same packing. The reference has an error too: for an error C h^p the difference to it is only
1 - 3^-p of the true one. So the difference is divided by that, with the order p that the code assumes for the kind: too large
a true error where convergence is faster, too small a one where it is slower still. The orders were chosen on seeds below 41:
those here are others.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from adapt import ROOT
from table import markdown, publish

from seix import simulation
from seix.analysis.errors import assumed_order
from seix.analysis.progress import make_progress
from seix.analysis.quantity import describe
from seix.combine import _with_errors
from seix.fem import MPI
from seix.materials import MaterialLibrary
from seix.parameters import parameters_of
from seix.scenario import Scenario
from seix.scenario_file import load_study
from seix.shelf import ModelShelf
from seix.verification.case import ROUNDING

FINER = 1.0 / 3.0
"""Cell size of the reference over that of the mesh that is judged."""
CONDUCTING = ("sei.inorganic={LiF: 0.26, Li3N: null}", "materials.override.LiF.conductivity=1e-5 S/m")
BOUNDARIES = ("grain_boundary.material=grain_boundary", "grain_boundary.thickness=0.5 nm",
              "materials.override.grain_boundary.conductivity=1e-6 S/m")  # fmt: skip
BASE = "paper/studies/base.yaml"


@dataclass(frozen=True)
class Sample:
    """Packings of one file: all variants of it for each seed."""

    name: str
    path: str
    overrides: tuple[str, ...]
    seeds: range


SAMPLES = [
    Sample("bilayer and multilayer", BASE, (), range(41, 47)),
    Sample("the same with conducting grains", BASE, CONDUCTING, range(41, 43)),
    Sample("the same with conducting grain boundaries", BASE, BOUNDARIES, range(41, 43)),
    Sample("polycrystal", "examples/polycrystal.yaml", ("mesh.cells_per_diameter=4",), range(41, 47)),
    Sample("cellular grains", "examples/cellular_grains.yaml", ("geometry.period=40 nm",), range(41, 43)),
]


@dataclass(frozen=True)
class Pair:
    """Stated and true error of one quantity, relative to its value."""

    name: str
    kind: str
    corners: bool
    stated: float
    true: float


def true_error(value: float, reference: float, order: float) -> float:
    """Error relative to a reference whose own error is `FINER`**order of it."""
    return abs(value / reference - 1.0) / (1.0 - FINER**order)


def judged(scenario: Scenario, folder: Path) -> list[Pair]:
    """All quantities of one packing that have a stated error, and a true one that is not rounding."""
    parameters, shelf = parameters_of(scenario, MaterialLibrary()), ModelShelf(MPI.COMM_SELF, 0)

    def level(factor: float):
        mesh, _ = simulation.cached(scenario, factor, folder, True)
        with make_progress(1, 2) as silent:
            return simulation._solve(scenario, parameters, mesh, None, shelf, silent, "", False)

    fine, coarse, reference = (level(factor) for factor in (1.0, scenario.error.coarsening, FINER))
    ratio = (fine.numerics["cells"] / coarse.numerics["cells"]) ** (1 / scenario.geometry.dimension)
    pairs = []
    for name, quantity in _with_errors([fine, coarse], 1.0, ratio, scenario.has_corners).items():
        truth = reference.cases[1.0][name].value
        if quantity.error is None or abs(quantity.value - truth) <= ROUNDING * abs(truth):
            continue
        kind = describe(name).kind
        true = true_error(quantity.value, truth, assumed_order(kind, scenario.has_corners))
        pairs.append(Pair(name, kind, scenario.has_corners, quantity.error / abs(truth), true))
    return pairs


def table(samples: list[Sample], seeds: int | None = None) -> str:
    """One line for each kind of quantity, with and without corners."""
    found, counts = [], []
    with tempfile.TemporaryDirectory() as folder:
        for sample in samples:
            packings = 0
            for seed in sample.seeds[:seeds]:
                texts = [*sample.overrides, f"seed={seed}", "load.current_multiples=[1]", "mesh.maximum_cells=20000000"]
                for name, scenario in load_study(ROOT / "scenarios" / sample.path, texts).members.items():
                    pairs = judged(scenario, Path(folder))
                    found += pairs
                    packings += 1
                    print(f"{sample.name}, seed {seed}, {name}: {inside(pairs):.0%} of {len(pairs)}", flush=True)
            counts.append(f"{sample.name} ({packings})")
    return page(found, counts)


def inside(pairs: list[Pair]) -> float:
    """Share of true errors within the stated ones."""
    return float(np.mean([pair.true <= pair.stated for pair in pairs]))


def line(name: str, order: str, pairs: list[Pair]) -> list[str]:
    """Texts of one kind."""
    stated, true = np.array([(pair.stated, pair.true) for pair in pairs]).T
    return [name, order, str(len(pairs)), f"{100 * inside(pairs):.0f} %", f"{np.median(stated / true):.1f}",
            f"{(true / stated).max():.1f}", f"{100 * np.median(true):.2g} %"]  # fmt: skip


def page(found: list[Pair], counts: list[str]) -> str:
    """The table, and which quantities miss most."""
    head = ["kind", "order", "pairs", "within the stated error", "stated over true, median", "true over stated, largest",
            "true error, median"]  # fmt: skip
    rows = []
    for corners, where in ((False, ""), (True, ", corners")):
        for kind in sorted({pair.kind for pair in found if pair.corners == corners}):
            part = [pair for pair in found if (pair.kind, pair.corners) == (kind, corners)]
            rows.append(line(kind + where, f"{assumed_order(kind, corners):g}", part))
    rows.append(line("all", "", found))
    missed = Counter(pair.name for pair in found if pair.true > pair.stated)
    total = Counter(pair.name for pair in found)
    worst = ", ".join(f"`{name}` ({count} of {total[name]})" for name, count in missed.most_common() if count > 1)
    return f"{markdown(head, rows)}\n\nPackings: {', '.join(counts)}. Outside more than once: {worst or 'none'}."


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=Path, help="page whose section is replaced")
    parser.add_argument("--quick", action="store_true", help="one seed of the first sample: shows that it runs")
    given = parser.parse_args()
    chosen = (SAMPLES[:1], 1) if given.quick else (SAMPLES,)
    publish({"stated errors": lambda: table(*chosen)}, None, given.write)
