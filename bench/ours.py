"""seix's own runner of the solver race: the library with its defaults, nothing tuned for the race.

    python bench/ours.py MESH.npz KIND DEGREE OUT.npz [--contrast VALUE] [--preset NAME]

Prints one line of JSON like the peers. Runs on any number of ranks.
"""

from __future__ import annotations

import argparse
import json
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
from problems import EIGENSTRAIN, POISSON, Problem

from seix.fem import MPI

# isort: split
import basix.ufl
import dolfinx
import ufl
from dolfinx import fem

from seix.numerics.constraints import Block, Constraints
from seix.numerics.linear_problem import LinearProblem
from seix.numerics.timing import reset, seconds
from seix.physics.conduction import ohmic_conduction
from seix.physics.elasticity import hooke, lame, strain


class Clock:
    """Seconds of each stage."""

    def __init__(self):
        self.times: dict[str, float] = {}
        self._last = self._start = time.perf_counter()

    def lap(self, name: str) -> None:
        """End a stage."""
        now = time.perf_counter()
        self.times[name] = now - self._last
        self._last = now
        self.times["total"] = now - self._start


def solve(data, problem: Problem, preset: str, clock: Clock, options=None, loads: int = 1):
    """From arrays in memory to the values at the vertices."""
    from seix.numerics.domains import distribute, scatter_cell_data

    comm, dim, vector = MPI.COMM_WORLD, problem.dim, problem.kind == "elasticity"
    element = basix.ufl.element("Lagrange", "triangle" if dim == 2 else "tetrahedron", 1, shape=(dim,))
    msh = distribute(comm, data and data["points"], data and data["cells"], element)
    region = scatter_cell_data(msh, data and data["region"].astype(np.int32)[:, None])[:, 0]
    clock.lap("mesh")
    space = fem.functionspace(msh, ("Lagrange", problem.degree, *([(dim,)] if vector else [])))
    constraints = Constraints(comm, [Block("displacement" if vector else "potential", space)])
    clock.lap("space")
    cells = fem.functionspace(msh, ("DG", 0))

    def by_region(values):
        f = fem.Function(cells)
        f.x.array[:] = np.array(values)[region]
        return f

    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    dx = ufl.Measure("dx", domain=msh, metadata={"quadrature_degree": 2 * (problem.degree - 1)})
    load = None
    if vector:
        lam, mu = (np.array(column) for column in zip(*map(lame, problem.young, POISSON), strict=True))
        pressure = by_region((3 * lam + 2 * mu) * np.array((0.0, EIGENSTRAIN)))
        a = ufl.inner(hooke(strain(u), 0.0, by_region(lam), by_region(mu)), strain(v)) * dx
        load = pressure * ufl.div(v) * dx
        for component in range(dim):
            constraints.fix(0, lambda x: np.abs(x[:, dim - 1]) < 1e-9, component=component)
    else:
        a = ohmic_conduction(by_region(problem.conductivity), u, v) * dx
        constraints.fix(0, lambda x: np.abs(x[:, dim - 1]) < 1e-9, 0.0)
        constraints.fix(0, lambda x: np.abs(x[:, dim - 1] - 1) < 1e-9, 1.0)
    linear = LinearProblem(a, constraints, preset=preset, options=options, loads=loads)
    solution = linear.solve([load] * loads)[0]
    values = vertex_values(solution, data["points"]) if comm.size == 1 else None
    clock.lap("rest")
    return linear, values


def peak_bytes() -> int:
    """Largest resident memory of all ranks together."""
    lines = Path("/proc/self/status").read_text("ascii", "replace").splitlines()
    own = next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    return MPI.COMM_WORLD.allreduce(own)


def vertex_values(solution, points: np.ndarray) -> np.ndarray:
    """Values at the vertices in the order of the file (one rank)."""
    space = solution.function_space
    bs = space.dofmap.bs
    msh = space.mesh
    result, values = np.empty((len(points), bs)), solution.x.array.reshape(-1, bs)
    for corner in range(msh.topology.dim + 1):  # one by one: numbers of all corners of all cells take more than a solution
        original = msh.geometry.input_global_indices[msh.geometry.dofmaps[0][:, corner]]
        result[original] = values[space.dofmap.list[:, corner]]
    return result if bs > 1 else result[:, 0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mesh", type=Path)
    parser.add_argument("kind", choices=("elasticity", "conduction"))
    parser.add_argument("degree", type=int)
    parser.add_argument("out", type=Path)
    parser.add_argument("--contrast", type=float)
    parser.add_argument("--preset", default="auto")
    parser.add_argument("--loads", type=int, default=1, help="the same load this many times, on one set-up")
    parser.add_argument("--option", action="append", default=[], help="PETSc option as key=value")
    given = parser.parse_args()
    data = dict(np.load(given.mesh)) if MPI.COMM_WORLD.rank == 0 else None
    problem = Problem(given.mesh.stem, given.kind, given.degree)
    if given.contrast:
        problem = problem.with_contrast(given.contrast)
    options = dict(item.split("=", 1) for item in given.option)
    warm_up(problem, given.preset, options)
    base = peak_bytes()
    reset()
    clock = Clock()
    linear, values = solve(data, problem, given.preset, clock, options, given.loads)
    stages = {"assemble": "assembly", "set up": "setup", "solve": "solve"}
    clock.times |= {stages[stage]: value for stage, value in seconds().items() if stage in stages}
    fine = linear.matrix_bytes()
    line = {
        "matrix_bytes": fine,
        "code": "seix", "version": f"{version('seix')} on DOLFINx {dolfinx.__version__}",
        "method": linear.record.solver, "times": clock.times,
        "iterations": linear.record.iterations[0], "residual": linear.record.residuals[0], "unknowns": linear.unknowns,
        "peak_bytes": peak_bytes(), "base_bytes": base, "threads": 1, "ranks": MPI.COMM_WORLD.size,
    }  # fmt: skip
    if MPI.COMM_WORLD.rank == 0:
        if MPI.COMM_WORLD.size == 1:
            np.savez(given.out, values=values)
        print(json.dumps(line), flush=True)


def warm_up(problem: Problem, preset: str, options) -> None:
    """Compile the kernels on a cell or two."""
    dim = problem.dim
    corners = np.vstack([np.zeros(dim), np.eye(dim), np.ones(dim)])
    cells = np.array([[*range(dim + 1)], [*range(1, dim + 2)]])
    data = {"points": corners, "cells": cells, "region": np.array([0, 1])}
    for known in sorted({preset, "multigrid", "direct"} - {"auto"}):  # in the same order on all ranks
        solve(data, problem, known, Clock(), options if known == preset else None)  # options belong to one solver


if __name__ == "__main__":
    main()
