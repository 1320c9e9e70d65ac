"""NGSolve in the solver race: BDDC in space, sparse Cholesky or multigrid in the plane, h1amg on linear elements."""

from __future__ import annotations

import ngsolve as ng
import numpy as np
from common import boundary, run
from netgen.meshing import FaceDescriptor, Mesh
from problems import EIGENSTRAIN, POISSON, TOLERANCE


def best(problem) -> str:
    """Best of its methods for a problem."""
    if problem.kind == "elasticity":
        return "sparsecholesky" if problem.dim == 2 else "bddc"
    if problem.degree == 1:
        return "h1amg"
    return "multigrid" if problem.dim == 2 else "bddc+h1amg"


def make_mesh(data):
    """Mesh from arrays, by NGSolve's own bulk functions."""
    points, cells, region = data["points"], data["cells"].astype(np.int32), data["region"]
    dim = points.shape[1]
    mesh = Mesh(dim=dim)
    mesh.AddPoints(np.ascontiguousarray(np.pad(points, ((0, 0), (0, 3 - dim)))))
    for index in (1, 2):
        if dim == 2:
            mesh.Add(FaceDescriptor(surfnr=index, domin=index, domout=0, bc=index))
        mesh.AddElements(dim=dim, index=index, data=np.ascontiguousarray(cells[region == index - 1]), base=0)
        mesh.SetMaterial(index, ("matrix", "inclusion")[index - 1])
    for index, (name, facets) in enumerate((("bottom", data["bottom"]), ("top", data["top"])), start=1):
        if dim == 3:
            mesh.Add(FaceDescriptor(surfnr=index, domin=1, domout=0, bc=index))
        mesh.AddElements(dim=dim - 1, index=index, data=np.ascontiguousarray(facets.astype(np.int32)), base=0)
        mesh.SetBCName(index - 1, name)
    return ng.Mesh(mesh)


def forms(mesh, fes, problem):
    """Bilinear and linear form, not assembled."""
    u, v = fes.TnT()
    cell = lambda values: mesh.MaterialCF(dict(zip(("matrix", "inclusion"), values, strict=True)))  # noqa: E731
    a = ng.BilinearForm(fes, symmetric=True)
    f = ng.LinearForm(fes)
    if problem.kind == "conduction":
        a += cell(problem.conductivity) * ng.grad(u) * ng.grad(v) * ng.dx
        return a, f
    young, nu = np.array(problem.young), np.array(POISSON)
    lam, mu = young * nu / ((1 + nu) * (1 - 2 * nu)), young / (2 * (1 + nu))
    strain = lambda w: ng.Sym(ng.Grad(w))  # noqa: E731
    a += (cell(lam) * ng.div(u) * ng.div(v) + 2 * cell(mu) * ng.InnerProduct(strain(u), strain(v))) * ng.dx
    f += cell((3 * lam + 2 * mu) * np.array((0.0, EIGENSTRAIN))) * ng.div(v) * ng.dx
    return a, f


def solve(data, problem, method, clock):
    """From arrays to vertex values."""
    vector = problem.kind == "elasticity"
    data |= {"bottom": boundary(data, 0.0), "top": boundary(data, 1.0)}
    clock.restart()
    mesh = make_mesh(data)
    clock.lap("mesh")
    space = ng.VectorH1 if vector else ng.H1
    # with the vertices alone in the coarse problem of BDDC: its factorisation takes minutes when the edges are in it too
    fes = space(mesh, order=problem.degree, dirichlet="bottom" if vector else "bottom|top", wb_withedges=False)
    solution = ng.GridFunction(fes)
    if not vector:
        solution.Set(mesh.BoundaryCF({"top": 1.0}, default=0.0), definedon=mesh.Boundaries("bottom|top"))
    clock.lap("space")
    a, f = forms(mesh, fes, problem)
    iterative = method != "sparsecholesky"
    name, _, coarse = method.partition("+")
    options = {"coarsetype": coarse} if coarse else {}
    pre = ng.Preconditioner(a, name, **options) if iterative else None
    a.Assemble()
    f.Assemble()
    residual = f.vec.CreateVector()
    residual.data = f.vec - a.mat * solution.vec
    clock.lap("assembly")
    free = ng.Projector(fes.FreeDofs(), True)
    residual.data = free * residual
    size, iterations = residual.Norm(), None
    if iterative:
        krylov = ng.CGSolver(mat=a.mat, pre=pre.mat, precision=TOLERANCE, maxsteps=2000)
        clock.lap("setup")
        correction = krylov * residual
        iterations = krylov.GetSteps() if hasattr(krylov, "GetSteps") else None
    else:
        inverse = a.mat.Inverse(fes.FreeDofs(), inverse="sparsecholesky")
        clock.lap("setup")
        correction = inverse * residual
    solution.vec.data += correction
    count = len(data["points"])
    parts = solution.components if vector else [solution]
    values = np.column_stack([part.vec.FV().NumPy()[:count] for part in parts])
    clock.lap("solve")
    residual.data = f.vec - a.mat * solution.vec
    residual.data = free * residual
    unknowns = int(sum(fes.FreeDofs()))
    numbers = {"iterations": iterations, "residual": residual.Norm() / size, "unknowns": unknowns}
    return values if vector else values[:, 0], numbers


if __name__ == "__main__":
    run("NGSolve", ng.__version__, best, solve)
