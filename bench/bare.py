"""The same problems in a plain DOLFINx script, without seix: what its layers cost, or save.

    python bench/bare.py MESH.npz KIND DEGREE OUT.npz [--method gamg|pmg|mumps]

``gamg`` is what the DOLFINx demonstrations do, ``mumps`` a Cholesky factorisation, ``pmg`` the p-multigrid of seix by
PETSc options and DOLFINx' own functions.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from itertools import combinations
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "peers"))

with suppress(ModuleNotFoundError):
    import dolfinx_solver  # noqa: F401  the wheel's guard comes first
import basix.ufl
import dolfinx
import dolfinx.fem.petsc as fem_petsc
import numpy as np
import ufl
from common import run
from dolfinx import fem, mesh
from mpi4py import MPI
from petsc4py import PETSc
from problems import EIGENSTRAIN, POISSON

JIT = {"cffi_extra_compile_args": ["-O2"]}


METHODS = {"gamg": "as the demonstrations do", "mumps": "Cholesky", "pmg": "the p-multigrid of seix"}


def best(kind: str, dim: int, degree: int) -> str:
    """Method where none is given."""
    return "gamg"


def forms(msh, space, region, problem):
    """Bilinear and linear form."""
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    dx = ufl.Measure("dx", domain=msh, metadata={"quadrature_degree": 2 * (space.element.basix_element.degree - 1)})
    cells = fem.functionspace(msh, ("DG", 0))

    def by_region(values):
        f = fem.Function(cells)
        f.x.array[:] = np.array(values)[region]
        return f

    if problem.kind == "conduction":
        return by_region(problem.conductivity) * ufl.inner(ufl.grad(u), ufl.grad(v)) * dx, None
    young, nu = np.array(problem.young), np.array(POISSON)
    lam, mu = young * nu / ((1 + nu) * (1 - 2 * nu)), young / (2 * (1 + nu))
    strain = lambda w: ufl.sym(ufl.grad(w))  # noqa: E731
    a = (by_region(lam) * ufl.div(u) * ufl.div(v) + 2 * by_region(mu) * ufl.inner(strain(u), strain(v))) * dx
    return a, by_region((3 * lam + 2 * mu) * np.array((0.0, EIGENSTRAIN))) * ufl.div(v) * dx


def conditions(msh, space, problem):
    """Values at the bottom, and at the top in conduction."""
    dim = problem.dim
    both = problem.kind == "conduction"
    near = lambda x: (np.abs(x[dim - 1]) < 1e-9) | (both & (np.abs(x[dim - 1] - 1) < 1e-9))  # noqa: E731
    facets = mesh.locate_entities_boundary(msh, dim - 1, near)
    dofs = fem.locate_dofs_topological(space, dim - 1, facets)
    value = fem.Function(space)
    if both:
        value.interpolate(lambda x: x[dim - 1])
    return fem.dirichletbc(value, dofs)


def assemble(a, bc):
    """Matrix with the conditions."""
    matrix = fem_petsc.assemble_matrix(fem.form(a, jit_options=JIT), bcs=[bc])
    matrix.assemble()
    matrix.setOption(PETSc.Mat.Option.SPD, True)
    return matrix


def rigid_modes(matrix, space):
    """Near null space of elasticity."""
    bs = space.dofmap.bs
    if bs == 1:
        return
    x = space.tabulate_dof_coordinates()[:, :bs]
    modes = [np.eye(bs)[[c] * len(x)] for c in range(bs)]
    for a, b in combinations(range(bs), 2):
        mode = np.zeros(x.shape)
        mode[:, a], mode[:, b] = -x[:, b], x[:, a]
        modes.append(mode)
    orthonormal = np.linalg.qr(np.stack([mode.ravel() for mode in modes], axis=1))[0].T.copy()
    vectors = [PETSc.Vec().createWithArray(row) for row in orthonormal]
    matrix.setNearNullSpace(PETSc.NullSpace().create(vectors=vectors))


def solve(data, problem, method, clock):
    """From arrays to vertex values."""
    comm, dim = MPI.COMM_WORLD, problem.dim
    vector = problem.kind == "elasticity"
    element = basix.ufl.element("Lagrange", "triangle" if dim == 2 else "tetrahedron", 1, shape=(dim,))
    clock.restart()
    msh = mesh.create_mesh(comm, data["cells"].astype(np.int64), element, data["points"])
    region = data["region"][msh.topology.original_cell_index]
    clock.lap("mesh")
    shape = [(dim,)] if vector else []
    space = fem.functionspace(msh, ("Lagrange", problem.degree, *shape))
    clock.lap("space")
    a, load = forms(msh, space, region, problem)
    bc = conditions(msh, space, problem)
    matrix = assemble(a, bc)
    lift = fem.Function(space)
    bc.set(lift.x.array)
    action = fem.form(-ufl.action(a, lift) if load is None else load, jit_options=JIT)
    rhs = fem_petsc.assemble_vector(action)
    rhs.array[bc.dof_indices()[0]] = 0.0
    clock.lap("assembly")
    ksp = PETSc.KSP().create(comm)
    ksp.setOperators(matrix)
    options = PETSc.Options()
    ksp.setOptionsPrefix("bare_")
    keep = prepare(ksp, msh, problem, region, matrix, space, options, method)
    ksp.setTolerances(rtol=1e-8)
    ksp.setFromOptions()
    ksp.setUp()
    clock.lap("setup")
    x = rhs.duplicate()
    ksp.solve(rhs, x)
    lift.x.array[:] += x.array_r
    result = vertex_values(lift, data["points"])
    clock.lap("solve")
    left = rhs.duplicate()
    matrix.mult(x, left)
    left.axpy(-1.0, rhs)
    del keep
    unknowns = rhs.size - len(bc.dof_indices()[0])
    # the mesh of the warm-up may have no unknowns that a load reaches
    return result, {"iterations": ksp.getIterationNumber(), "residual": left.norm() / (rhs.norm() or 1.0), "unknowns": unknowns}


def prepare(ksp, msh, problem, region, matrix, space, options, method):
    """Set the method; what must be kept alive."""
    from seix.numerics.presets import ProblemSize, linear_options

    rigid_modes(matrix, space)
    size = ProblemSize(problem.dim, problem.degree, space.dofmap.bs, matrix.getSize()[0])
    values = {"ksp_type": "cg", "ksp_norm_type": "unpreconditioned", "pc_type": "gamg"}
    if method == "mumps":
        values = {"ksp_type": "preonly", "pc_type": "cholesky", "pc_factor_mat_solver_type": "mumps"}
    keep = None
    if method == "pmg" and problem.degree == 1:
        values = linear_options("multigrid (icc)", size, 0)
    elif method == "pmg":
        linear = fem.functionspace(msh, ("Lagrange", 1, *([(problem.dim,)] if space.dofmap.bs > 1 else [])))
        bc, fine = conditions(msh, linear, problem), conditions(msh, space, problem)
        coarse = assemble(forms(msh, linear, region, problem)[0], bc)
        rigid_modes(coarse, linear)
        between = fem_petsc.interpolation_matrix(linear, space)
        between.assemble()
        mask = [PETSc.Vec().createWithArray(np.ones(n)) for n in between.getSize()]
        mask[0].array[fine.dof_indices()[0]] = 0.0
        mask[1].array[bc.dof_indices()[0]] = 0.0
        between.diagonalScale(*mask)
        values = linear_options("multigrid (icc)", size, coarse.getSize()[0])
        pc = ksp.getPC()
        pc.setType("mg")
        pc.setMGLevels(2)
        pc.setMGInterpolation(1, between)
        pc.getMGCoarseSolve().setOperators(coarse)
        pc.getMGSmoother(1).setOperators(matrix)
        keep = (coarse, between)
    for key in options.getAll():
        if key.startswith("bare_"):
            options.delValue(key)
    for key, value in values.items():
        options[f"bare_{key}"] = value
    return keep


def vertex_values(solution, points):
    """Values at the vertices in the order of the file."""
    space = solution.function_space
    bs, msh = space.dofmap.bs, space.mesh
    count = msh.topology.dim + 1
    result = np.empty((len(points), bs))
    original = msh.geometry.input_global_indices[msh.geometry.dofmaps[0][:, :count]]
    result[original] = solution.x.array.reshape(-1, bs)[space.dofmap.list[:, :count]]
    return result if bs > 1 else result[:, 0]


if __name__ == "__main__":
    from common import Clock
    from problems import Problem

    # kernels are compiled on a cell or two first
    kind, degree, dim = sys.argv[2], int(sys.argv[3]), np.load(sys.argv[1])["points"].shape[1]
    corners = np.vstack([np.zeros(dim), np.eye(dim), np.ones(dim)])
    tiny = {"points": corners, "cells": np.array([[*range(dim + 1)], [*range(1, dim + 2)]]), "region": np.array([0, 1])}
    for known in ("pmg", "mumps"):
        solve(tiny, Problem(Path(sys.argv[1]).stem, kind, degree), known, Clock())
    run("DOLFINx script", dolfinx.__version__, METHODS, best, solve)
