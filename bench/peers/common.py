"""What the runners of all peers share: arguments, clock, memory and the line of JSON they print."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from problems import EIGENSTRAIN, POISSON, Problem


class Clock:
    """Seconds of each stage, and ``total`` of all."""

    def __init__(self):
        self.restart()

    def restart(self) -> None:
        """Begin anew: what came before is not counted."""
        self.times: dict[str, float] = {}
        self._last = self._start = time.perf_counter()

    def lap(self, name: str) -> None:
        """End a stage."""
        now = time.perf_counter()
        self.times[name] = self.times.get(name, 0.0) + now - self._last
        self._last = now
        self.times["total"] = now - self._start


def peak_bytes() -> int:
    """Largest resident memory of this process.

    Not the one of `getrusage`, which begins with that of the process that started this one.
    """
    lines = Path("/proc/self/status").read_text("ascii", "replace").splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def boundary(data, value: float) -> np.ndarray:
    """Facets of the mesh on the plane where the last coordinate has a value, shape (facets, dim)."""
    points, cells = data["points"], data["cells"]
    on = np.abs(points[:, -1] - value) < 1e-9
    rows = cells[on[cells].sum(axis=1) == points.shape[1]]
    return rows[on[rows]].reshape(len(rows), -1)


def lame(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Lamé's constants of the matrix and of the inclusions."""
    young, nu = np.array(problem.young), np.array(POISSON)
    return young * nu / ((1 + nu) * (1 - 2 * nu)), young / (2 * (1 + nu))


def pressure(problem: Problem) -> np.ndarray:
    """Stress that holds the eigenstrain back, in the matrix and in the inclusions."""
    lam, mu = lame(problem)
    return (3 * lam + 2 * mu) * np.array((0.0, EIGENSTRAIN))


def run(
    code: str, version: str, methods: dict[str, str], best: Callable[[str, int, int], str], solve: Callable, scripts=()
) -> None:
    """Read the arguments, run one problem, write the vertex values and print the result.

    Parameters
    ----------
    code, version : str
    methods : dict
        What each method is, for the help.
    best : callable
        ``best(kind, dim, degree)``: best known method of the code for a problem.
    solve : callable
        ``solve(data, problem, method, clock)`` -> vertex values and a dictionary with iterations, residual and unknowns.
    scripts : collection of str
        Methods that are written here and that the code does not offer.
    """
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=f"{code} in the solver race", formatter_class=form)
    parser.epilog = "methods:\n" + "\n".join(f"  {name:24}{text}" for name, text in methods.items())
    parser.add_argument("mesh", type=Path)
    parser.add_argument("kind", choices=("elasticity", "conduction"))
    parser.add_argument("degree", type=int)
    parser.add_argument("out", type=Path)
    parser.add_argument("--method", choices=methods, help="the best known one for the problem if not given")
    parser.add_argument("--contrast", type=float, help="value of the inclusions over that of the matrix")
    parser.add_argument("--warm", type=Path, help="small mesh that is solved on before the clock starts")
    given = parser.parse_args()
    problem = Problem(given.mesh.stem, given.kind, given.degree)
    if given.contrast:
        problem = problem.with_contrast(given.contrast)
    method = given.method or best(problem.kind, problem.dim, problem.degree)
    if given.warm:
        with suppress(Exception):  # some methods are not made for so few unknowns; they start cold
            solve(dict(np.load(given.warm)), problem, method, Clock())
    data = dict(np.load(given.mesh))
    base, clock = peak_bytes(), Clock()
    values, numbers = solve(data, problem, method, clock)
    np.savez(given.out, values=values)
    line = {"code": code, "version": version, "method": method, "script": method in scripts, "times": clock.times, **numbers}
    print(json.dumps(line | {"peak_bytes": peak_bytes(), "base_bytes": base, "threads": 1, "ranks": 1}), flush=True)
