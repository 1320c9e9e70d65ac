"""scikit-fem with PyAMG in the solver race: smoothed aggregation with rigid-body modes under conjugate gradients."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pyamg
import scipy.sparse.linalg
import skfem
from common import run
from problems import EIGENSTRAIN, POISSON, TOLERANCE
from skfem.helpers import ddot, div, dot, grad, sym_grad, trace

METHODS = {"smoothed aggregation": "PyAMG with rigid-body modes (elasticity) under conjugate gradients"}


def best(kind: str, dim: int, degree: int) -> str:
    """The one method in use."""
    return "smoothed aggregation"


@skfem.BilinearForm
def stiffness(u, v, w):
    """Isotropic elasticity."""
    return w.lam * div(u) * div(v) + 2 * w.mu * ddot(sym_grad(u), sym_grad(v))


@skfem.BilinearForm
def conduction(u, v, w):
    """Ohm's law."""
    return w.kappa * dot(grad(u), grad(v))


@skfem.LinearForm
def expansion(v, w):
    """Load of the eigenstrain."""
    return w.pressure * trace(sym_grad(v))


def modes(points: np.ndarray) -> np.ndarray:
    """Rigid-body modes at nodes, unknowns of a node one after the other."""
    count, dim = points.shape
    rotations = list(combinations(range(dim), 2))
    result = np.zeros((count, dim, dim + len(rotations)))
    for c in range(dim):
        result[:, c, c] = 1.0
    for k, (a, b) in enumerate(rotations, start=dim):
        result[:, a, k], result[:, b, k] = -points[:, b], points[:, a]
    return result.reshape(count * dim, -1)


def solve(data, problem, method, clock):
    """From arrays to vertex values."""
    dim, vector = problem.dim, problem.kind == "elasticity"
    kinds = {(2, 1): skfem.ElementTriP1, (2, 2): skfem.ElementTriP2, (3, 1): skfem.ElementTetP1, (3, 2): skfem.ElementTetP2}
    element = kinds[dim, problem.degree]()
    points, cells, region = data["points"], data["cells"], data["region"]
    clock.restart()
    make = skfem.MeshTri if dim == 2 else skfem.MeshTet
    mesh = make(np.ascontiguousarray(points.T), np.ascontiguousarray(cells.T), sort_t=False, validate=False)
    clock.lap("mesh")
    basis = skfem.Basis(mesh, skfem.ElementVector(element) if vector else element, intorder=2 * (problem.degree - 1))
    clock.lap("space")
    cell = lambda values: np.array(values)[region][:, None]  # noqa: E731
    if vector:
        young, nu = np.array(problem.young), np.array(POISSON)
        lam, mu = young * nu / ((1 + nu) * (1 - 2 * nu)), young / (2 * (1 + nu))
        matrix = stiffness.assemble(basis, lam=cell(lam), mu=cell(mu))
        load = expansion.assemble(basis, pressure=cell((3 * lam + 2 * mu) * np.array((0.0, EIGENSTRAIN))))
    else:
        matrix = conduction.assemble(basis, kappa=cell(problem.conductivity))
        load = np.zeros(matrix.shape[0])
    where = basis.doflocs
    fixed = np.flatnonzero((np.abs(where[-1]) < 1e-9) | ((np.abs(where[-1] - 1) < 1e-9) & (not vector)))
    values = np.zeros(len(load))
    values[fixed] = 0.0 if vector else where[-1, fixed]
    reduced, rhs, _, free = skfem.condense(matrix, load, x=values, D=fixed)
    clock.lap("assembly")
    null, reduced = None, reduced.tocsr()
    if vector:  # the nodes of all unknowns in the order of skfem: dim at each vertex, then dim at each edge
        null = modes(where.T.reshape(-1, dim, dim)[:, 0])[free]
        reduced = reduced.tobsr((dim, dim))
    hierarchy = pyamg.smoothed_aggregation_solver(reduced, B=null, strength=("symmetric", {"theta": 0.02}), max_coarse=500)
    preconditioner = hierarchy.aspreconditioner()
    clock.lap("setup")
    steps = []
    found, _ = scipy.sparse.linalg.cg(
        reduced, rhs, rtol=TOLERANCE, maxiter=2000, M=preconditioner, callback=lambda x: steps.append(None)
    )
    values[free] = found
    at = basis.nodal_dofs
    result = values[at].T
    clock.lap("solve")
    residual = np.linalg.norm(rhs - reduced @ found) / np.linalg.norm(rhs)
    numbers = {"iterations": len(steps), "residual": float(residual), "unknowns": len(free)}
    return result if vector else result[:, 0], numbers


if __name__ == "__main__":
    run("scikit-fem + PyAMG", f"{skfem.__version__} + {pyamg.__version__}", METHODS, best, solve)
