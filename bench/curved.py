"""Accuracy per unknown of curved against straight cells: effective conductivity of a square array of discs.

    python bench/curved.py [--write docs/benchmarks.md]

One disc (fraction 0.5, conductivity 100 times that of the matrix, or a hundredth of it) in a unit cell. The exact value
comes from Rayleigh's multipole method (Perrins, McKenzie and McPhedran, Proc. R. Soc. A 369 (1979) 207,
doi:10.1098/rspa.1979.0160), summed until it no longer changes. Both meshes have the same vertices on the circle; that with
straight edges is also tried with a circle enlarged to the right area. Fields are linear or quadratic.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
from table import markdown, replace_section

from seix.fem import MPI

# isort: split
import basix.ufl
import dolfinx.fem.petsc as fem_petsc
import ufl
from dolfinx import fem, mesh

from seix.geometry.triangulate import PlanarGraph, refine, second_order

FRACTION = 0.5
CONTRASTS = (100.0, 0.01)
SIZES = (0.2, 0.1, 0.05, 0.025)
ORDER = 24
"""Multipoles; the next ones change the 14th digit."""


def lattice_sum(n: int) -> float:
    """Sum of R^-n over the points of the unit square lattice but the origin; pi for n = 2 (mean-field convention)."""
    if n == 2:
        return math.pi
    if n % 4:
        return 0.0
    reach = 400 if n == 4 else 60
    x, y = np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1))
    z = (x + 1j * y).ravel()
    return float((z[z != 0] ** -n).sum().real)


def exact(contrast: float) -> float:
    """Effective conductivity over that of the matrix."""
    radius = math.sqrt(FRACTION / math.pi)
    t = (contrast - 1.0) / (contrast + 1.0)
    orders = np.arange(1, 2 * ORDER, 2)
    sums = {n: lattice_sum(n) for n in range(2, 4 * ORDER, 2)}
    # B_k = -t a^2k A_k with A_k = E delta_k1 - sum_m C(m + k - 1, k) S_(m + k) B_m, scaled by a^k against overflow
    matrix, right = np.eye(ORDER), np.zeros(ORDER)
    for i, k in enumerate(orders):
        for j, m in enumerate(orders):
            matrix[i, j] -= t * math.comb(m + k - 1, k) * sums[m + k] * radius ** (m + k)
    right[0] = -t * radius
    first = np.linalg.solve(matrix, right)[0] * radius
    return 1.0 - 2.0 * math.pi * first


def disc_graph(size: float, radius: float, straight: bool) -> PlanarGraph:
    """Unit cell with a disc in the middle."""
    number = 4 * math.ceil(0.5 * math.pi * radius / size)
    angle = 2.0 * math.pi * np.arange(number) / number
    grown = radius * math.sqrt(2 * math.pi / number / math.sin(2 * math.pi / number)) if straight else radius
    ring = 0.5 + grown * np.column_stack([np.cos(angle), np.sin(angle)])
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    loop = np.arange(number)
    segments = np.concatenate([np.column_stack([loop, (loop + 1) % number]),
                               number + np.array([[0, 1], [1, 2], [2, 3], [3, 0]])])  # fmt: skip
    circle = np.concatenate([np.full(number, -1 if straight else 0), np.full(4, -1)])
    return PlanarGraph(
        points=np.concatenate([ring, corners]),
        segments=segments,
        circle=circle,
        circles=np.array([[0.5, 0.5, radius]]),
        size=np.full(number + 4, size),
        seeds=np.array([[0, 1], [0, -1]]),  # left of the first edge of the circle, and right of it
        seed_region=np.array([0, 1]),
        seed_size=np.array([size, size]),
    )


def conductance(points: np.ndarray, cells: np.ndarray, region: np.ndarray, contrast: float, degree: int) -> tuple[float, int]:
    """Conductance between the sides x = 0 and x = 1, and the number of unknowns."""
    element = basix.ufl.element("Lagrange", "triangle", 2, shape=(2,))
    msh = mesh.create_mesh(MPI.COMM_SELF, cells, element, points)
    space = fem.functionspace(msh, ("Lagrange", degree))
    kappa = fem.Function(fem.functionspace(msh, ("DG", 0)))
    kappa.x.array[:] = np.where(region[msh.topology.original_cell_index] == 0, contrast, 1.0)
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    dx = ufl.dx(metadata={"quadrature_degree": 8})
    sides = [fem.locate_dofs_geometrical(space, lambda x, at=at: np.isclose(x[0], at)) for at in (0.0, 1.0)]
    conditions = [fem.dirichletbc(value, dofs, space) for value, dofs in zip((0.0, 1.0), sides, strict=True)]
    problem = fem_petsc.LinearProblem(
        kappa * ufl.inner(ufl.grad(u), ufl.grad(v)) * dx, fem.Constant(msh, 0.0) * v * dx, bcs=conditions,
        petsc_options_prefix="curved_", petsc_options={"ksp_type": "preonly", "pc_type": "lu"},
    )  # fmt: skip
    found = problem.solve()
    power = fem.assemble_scalar(fem.form(kappa * ufl.inner(ufl.grad(found), ufl.grad(found)) * dx))
    return power, space.dofmap.index_map.size_global


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    radius = math.sqrt(FRACTION / math.pi)
    rows = []
    for name, degree, straight in (("curved cells, quadratic fields", 2, False), ("straight cells, quadratic fields", 2, True),
                                   ("straight cells, linear fields", 1, True)):  # fmt: skip
        for size in SIZES:
            graph = disc_graph(size, radius, straight)
            made = refine(graph, 25.0, 0.3)
            points, cells = second_order(made, graph.circles)
            errors = []
            for contrast in CONTRASTS:
                value, unknowns = conductance(points, cells, made.region, contrast, degree)
                errors.append(abs(value / exact(contrast) - 1.0))
            rows.append([name, f"{size:g}", f"{unknowns}", *(f"{error:.1e}" for error in errors)])
            print(rows[-1], flush=True)
    head = ["discretisation", "cell size", "unknowns", *(f"error, contrast {c:g}" for c in CONTRASTS)]
    text = f"Exact: {', '.join(f'{exact(c):.9f}' for c in CONTRASTS)}.\n\n" + markdown(head, rows)
    print(text)
    if given.write:
        replace_section(given.write, "curved", text)


if __name__ == "__main__":
    main()
