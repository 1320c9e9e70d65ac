"""Grains against time, memory, cells and worst quality, in the plane and in space, with growth exponents.

    python bench/meshes.py            all sizes, table on the terminal
    python bench/meshes.py --quick    small sizes only
    python bench/meshes.py --write docs/benchmarks.md   also replaces the table in that page

Every case runs in a process of its own, so that its peak memory is its own: packing, mesh with all checks, and the
distributed DOLFINx mesh with its submeshes and interfaces. Kernels and forms are compiled by an untimed small case first.
Stages are given in processor time, which other work on the machine hardly changes (everything here runs on one thread);
the wall time is that of the whole case.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from table import markdown, replace_section

NM = 1e-9
SIZES = {2: (100, 1_000, 10_000, 100_000), 3: (100, 1_000, 10_000)}
QUICK = {2: (100, 1_000), 3: (100,)}
LAYERS = {2: {100: 5, 1_000: 5, 10_000: 10, 100_000: 100}, 3: {100: 2, 1_000: 5, 10_000: 10}}
TARGETS = {(2, 1_000): 5.0, (2, 10_000): 20.0, (2, 100_000): 180.0, (3, 1_000): 10.0, (3, 10_000): 60.0}
"""Seconds on two cores: all stages in the plane, packing and mesh in space."""
TIMED = {2: "total [s]", 3: "packing and mesh [s]"}
MEMORY = {(2, 100_000): 8.0, (3, 10_000): 5.0}
"""Gigabytes."""


COARSE = {2: {"cells_per_diameter": 3.0, "cells_per_gap": 0.35}, 3: {"cells_per_diameter": 2.0, "cells_per_gap": 0.6}}
"""What the cells of the first tables are asked to be: enough for quantiles of fields within a few per cent."""
OTHERS = ((2, 1_000, "round", "default"), (2, 10_000, "round", "default"), (2, 10_000, "cellular", "coarse"),
          (3, 1_000, "cellular", "coarse"))  # fmt: skip
"""Dimension, grains, shape and resolution of the cases of the last table."""


def scenario(dim: int, grains: int, shape: str = "round", resolution: str = "coarse"):
    """A consSEI of 5 nm layers with about this number of grains."""
    from seix.scenario import Scenario

    layers, thickness, diameter, fraction = LAYERS[dim][grains], 5.0, 2.25, 0.26
    spread = 1.0225  # 1 + 0.15^2
    if dim == 2:
        period = grains * math.pi / 4 * diameter**2 * spread / (fraction * layers * thickness)
    else:
        period = math.sqrt(grains * math.pi / 6 * diameter**3 * spread**3 / (fraction * layers * thickness))
    return Scenario.model_validate({
        "title": "benchmark",
        "geometry": {"kind": "patch", "dimension": dim, "period": period * NM, "core_depth": 20 * NM,
                     "electrolyte_depth": 10 * NM},
        "sei": {"structure": "consSEI", "x": layers, "layer_thickness": thickness * NM,
                "inorganic": {"LiF": 0.20, "Li3N": 0.06}, "grains": {"shape": shape}},
        "mesh": {**(COARSE[dim] if resolution == "coarse" else {}), "maximum_cells": 50_000_000},
    })  # fmt: skip


def clock() -> np.ndarray:
    """Wall time and processor time of this process [s]."""
    return np.array([time.perf_counter(), time.process_time()])


def measure(dim: int, grains: int, shape: str = "round", resolution: str = "coarse") -> dict:
    """Run one case in this process."""
    from seix.fem import MPI
    from seix.geometry.layers import build_structure
    from seix.geometry.meshing import mesh_structure
    from seix.numerics.domains import Domains

    start = clock()
    chosen = scenario(dim, grains, shape, resolution)
    structure = build_structure(chosen)
    packed = clock()
    mesh = mesh_structure(structure, chosen.mesh)
    meshed = clock()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    Domains(MPI.COMM_WORLD, mesh)
    end = clock()
    numbers = mesh.statistics["mesh"]
    angle = numbers["angle"] if dim == 2 else numbers["dihedral"]
    return {
        "dim": dim, "shape": shape, "resolution": resolution, "grains": len(structure.radii), "cells": len(mesh.cells),
        "packing": (packed - start)[1],
        "mesh": (meshed - packed)[1], "dolfinx": (end - meshed)[1], "total": (end - start)[1], "wall": (end - start)[0],
        "mesh_memory": memory,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, "angle": angle["min"],
    }  # fmt: skip


def run(dim: int, grains: int, shape: str = "round", resolution: str = "coarse") -> dict:
    """Run one case in a process of its own."""
    command = [sys.executable, __file__, "--case", str(dim), str(grains), shape, resolution]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{dim}D with {grains} grains failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def exponent(rows: list[dict], key: str) -> float:
    """Slope of the logarithm of a number over that of the grains, from 1000 grains on (from the start if fewer)."""
    large = [row for row in rows if row["grains"] > 900]
    used = large if len(large) > 1 else rows
    return float(np.polyfit(np.log([row["grains"] for row in used]), np.log([row[key] for row in used]), 1)[0])


def report(rows: list[dict]) -> str:
    """Markdown tables of all cases."""
    parts = []
    for dim in (2, 3):
        mine = [row for row in rows if row["dim"] == dim and (row["shape"], row["resolution"]) == ("round", "coarse")]
        head = ["grains", "cells", "packing [s]", "mesh [s]", "DOLFINx [s]", "total [s]", "wall [s]", f"target of {TIMED[dim]}",
                "peak memory [GB]", "smallest angle [deg]" if dim == 2 else "smallest dihedral [deg]"]  # fmt: skip
        lines = []
        for row in mine:
            size = 10 ** round(math.log10(row["grains"]))
            target = TARGETS.get((dim, size))
            times = [f"{row[k]:.2f}" for k in ("packing", "mesh", "dolfinx", "total", "wall")]
            wanted = "" if target is None else f"{target:.0f}"
            rest = [wanted, f"{row['memory'] / 1e9:.2f}", f"{row['angle']:.1f}"]
            lines.append([str(row["grains"]), str(row["cells"]), *times, *rest])
        asked = ", ".join(f"`mesh.{key}` {value:g}" for key, value in COARSE[dim].items())
        parts.append(f"**{dim}D**, round grains, {asked}:\n\n" + markdown(head, lines))
        if len(mine) > 1:
            powers = ", ".join(f"{k} {exponent(mine, k):.2f}" for k in ("packing", "mesh", "dolfinx", "total", "memory"))
            parts.append(f"Growth with the number of grains (exponents, from 1000 grains on): {powers}.")
    head = ["", "grains", "cells", "packing [s]", "mesh [s]", "DOLFINx [s]", "peak memory [GB]", "smallest angle [deg]"]
    lines = []
    for row in rows:
        if (row["shape"], row["resolution"]) != ("round", "coarse"):
            times = [f"{row[k]:.2f}" for k in ("packing", "mesh", "dolfinx")]
            cells = "default cells" if row["resolution"] == "default" else "cells as above"
            rest = [f"{row['memory'] / 1e9:.2f}", f"{row['angle']:.1f}"]
            lines.append([f"{row['dim']}D, {row['shape']}, {cells}", str(row["grains"]), str(row["cells"]), *times, *rest])
    if lines:
        parts.append("**Other shapes, and the default resolution**\n\n" + markdown(head, lines))
    return "\n\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--write", type=Path)
    parser.add_argument("--dim", type=int, choices=(2, 3))
    parser.add_argument("--case", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.case:
        dim, grains, shape, resolution = given.case
        measure(int(dim), 100, shape)  # compiles
        print(json.dumps(measure(int(dim), int(grains), shape, resolution)))
        return
    sizes = QUICK if given.quick else SIZES
    rows = []
    for dim in (2, 3):
        for grains in sizes[dim] if given.dim in (None, dim) else ():
            rows.append(run(dim, grains))
            print(json.dumps(rows[-1]), flush=True)
    for case in OTHERS:
        if not given.quick and given.dim in (None, case[0]):
            rows.append(run(*case))
            print(json.dumps(rows[-1]), flush=True)
    text = report(rows)
    print(text)
    if given.write:
        replace_section(given.write, "meshes", text)


if __name__ == "__main__":
    main()
