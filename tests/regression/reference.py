"""Reference cases on committed coarse meshes.

    python tests/regression/reference.py --reason "why the numbers changed"          new values
    python tests/regression/reference.py --meshes --reason "why the meshes changed"  new meshes and values

A changed number is a breaking change: the reason goes into the file and belongs into the changelog.
"""

import argparse
import dataclasses
import json
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
MESHES = ROOT / "meshes" / "reference"
VALUES = Path(__file__).with_name("reference.json")
ARRAYS = ("points", "cells", "region", "grain", "layer")
COARSE = ["mesh.cells_per_diameter=3", "mesh.cells_per_gap=0.7", "mesh.growth=1.6", "error.method=none"]
SMALL = ["geometry.period=40 nm", "geometry.core_depth=20 nm"]
MULTIPLES = (1.0, 10.0)
CASES = {
    "bilayer": ("paper/bilayer.yaml", [*SMALL, "seed=3"]),
    "multilayer": ("paper/multilayer.yaml", [*SMALL, "sei.layers=4", "sei.grains.diameter=5 nm", "seed=3"]),
    "grain_boundaries": (
        "examples/grain_boundary_conduction.yaml",
        ["geometry.period=48 nm", "geometry.core_depth=20 nm", "seed=3"],
    ),
    "sector": ("examples/sector_particle.yaml", []),
}


def scenario_of(case):
    """The scenario of a case."""
    from seix.scenario_file import load_study

    file, overrides = CASES[case]
    study = load_study(ROOT / "scenarios" / file, [*COARSE, *overrides])
    return next(iter(study.members.values()))


def save(path, mesh):
    """Write a mesh as compressed arrays."""
    header = {f.name: getattr(mesh, f.name) for f in dataclasses.fields(mesh) if f.name not in ARRAYS}
    arrays = {name: getattr(mesh, name) for name in ARRAYS}
    arrays["cells"] = arrays["cells"].astype(np.int32)
    np.savez_compressed(path, header=np.array(json.dumps(header)), **arrays)


def load(case):
    """The committed mesh of a case."""
    from seix.geometry.meshing import TaggedMesh

    with np.load(MESHES / f"{case}.npz", allow_pickle=False) as file:
        return TaggedMesh(**{name: file[name] for name in ARRAYS}, **json.loads(str(file["header"])))


def compute(case, comm):
    """Quantities and Newton iterations by current multiple."""
    from seix.analysis.quantities import Measurement
    from seix.materials import MaterialLibrary
    from seix.model import Model
    from seix.numerics.domains import Domains
    from seix.numerics.solver import NewtonSolver
    from seix.numerics.stepping import LoadPath
    from seix.parameters import parameters_of

    scenario = scenario_of(case)
    values = parameters_of(scenario, MaterialLibrary())
    model = Model(Domains(comm, load(case) if comm.rank == 0 else None), values)
    solver = NewtonSolver(model.system, scenario.solver.tolerance, scenario.solver.max_iterations)
    path = LoadPath(solver, model.set_current, model.set_feedback if values.interface.stress_feedback else None)
    measurement, results = None, {}
    for multiple in MULTIPLES:
        iterations = path.go(multiple).newton
        measurement = measurement or Measurement(model, values.reference_field)
        quantities = {name: q.value for name, q in measurement.quantities().items() if not name.endswith("imbalance")}
        results[f"{multiple:g}"] = {"newton_iterations": iterations, "quantities": quantities}
    solver.destroy()
    model.system.destroy()
    return results


def main():
    """Write meshes and values."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--meshes", action="store_true", help="make the meshes anew as well")
    parser.add_argument("--reason", required=True)
    arguments = parser.parse_args()
    from seix.fem import MPI
    from seix.geometry.meshing import make_mesh

    MESHES.mkdir(exist_ok=True, parents=True)
    if arguments.meshes:
        for case in CASES:
            save(MESHES / f"{case}.npz", make_mesh(scenario_of(case)))
    document = {"reason": arguments.reason, "cases": {case: compute(case, MPI.COMM_SELF) for case in CASES}}
    VALUES.write_text(json.dumps(document, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
