"""NGSolve in the solver race: two levels (linear elements under quadratic ones), BDDC, multigrid, h1amg, sparse Cholesky.

The hierarchical basis of NGSolve holds the linear elements in the unknowns of the vertices, so the coarse matrix of the two
levels is a block of the assembled one. Displacements are unknowns of ``dim`` entries at each node (``H1(dim=...)``): a
matrix of small blocks is assembled, multiplied and smoothed two to three times as fast as ``VectorH1``'s.
"""

from __future__ import annotations

import ngsolve as ng
import numpy as np
from common import boundary, lame, pressure, run
from netgen.meshing import FaceDescriptor, Mesh
from problems import TOLERANCE

METHODS = {
    "two-level": "block Gauss-Seidel around sparse Cholesky on the unknowns of the vertices",
    "two-level+h1amg": "the same with h1amg, component by component, on the vertices; for coarse problems above 5e4 unknowns",
    "sparsecholesky": "direct",
    "bddc": "vertices in the coarse problem, direct",
    "bddc+h1amg": "the same with h1amg on the coarse problem (conduction)",
    "multigrid": "NGSolve's own, on one mesh: linear elements solved directly (conduction)",
    "h1amg": "algebraic multigrid (conduction)",
    "local": "Jacobi",
}


def best(kind: str, dim: int, degree: int) -> str:
    """Best of its methods for a problem."""
    if degree == 1:
        return "sparsecholesky" if dim == 2 else ("two-level+h1amg" if kind == "elasticity" else "local")
    return "two-level+h1amg" if (kind, dim) == ("conduction", 3) else "two-level"


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


def per_material(mesh, values):
    """Coefficient constant in each material."""
    return mesh.MaterialCF(dict(zip(("matrix", "inclusion"), values, strict=True)))


def forms(mesh, fes, problem, blocks: bool):
    """Bilinear and linear form, not assembled."""
    u, v = fes.TnT()
    # with blocks the whole matrix is as fast to multiply and to smooth as its lower half
    a = ng.BilinearForm(fes, symmetric=not blocks)
    f = ng.LinearForm(fes)
    if problem.kind == "conduction":
        a += per_material(mesh, problem.conductivity) * ng.grad(u) * ng.grad(v) * ng.dx
        return a, f
    lam, mu = (per_material(mesh, values) for values in lame(problem))
    strain = lambda w: ng.Sym(ng.Grad(w))  # noqa: E731
    energy = lam * ng.Trace(ng.Grad(u)) * ng.Trace(ng.Grad(v)) + 2 * mu * ng.InnerProduct(strain(u), strain(v))
    a += energy.Compile() * ng.dx
    f += per_material(mesh, pressure(problem)) * ng.Trace(ng.Grad(v)) * ng.dx
    return a, f


class Operator(ng.BaseMatrix):
    """Preconditioner written in Python, of the shape of a matrix."""

    def __init__(self, matrix):
        super().__init__()
        self.matrix = matrix
        self.Height = self.Width = lambda: matrix.height
        self.CreateRowVector = self.CreateColVector = matrix.CreateColVector

    def IsComplex(self) -> bool:
        return False


class TwoLevel(Operator):
    """Gauss-Seidel forward, coarse correction, Gauss-Seidel backward."""

    def __init__(self, matrix, smoother, coarse):
        super().__init__(matrix)
        self.smoother, self.coarse, self.left = smoother, coarse, matrix.CreateColVector()

    def Mult(self, x, y) -> None:
        y[:] = 0
        self.smoother.Smooth(y, x)
        self.left.data = x - self.matrix * y
        y.data += self.coarse * self.left
        self.smoother.SmoothBack(y, x)


class PerComponent(Operator):
    """A preconditioner of scalar linear elements on each component at the vertices."""

    def __init__(self, matrix, scalar, dim: int):
        super().__init__(matrix)
        self.scalar, self.dim = scalar, dim
        self.x, self.y = scalar.CreateColVector(), scalar.CreateColVector()

    def Mult(self, x, y) -> None:
        source, target = (z.FV().NumPy().reshape(-1, self.dim) for z in (x, y))
        count = len(self.x)
        target[count:] = 0
        for c in range(self.dim):
            self.x.FV().NumPy()[:] = source[:count, c]
            self.y.data = self.scalar * self.x
            target[:count, c] = self.y.FV().NumPy()


def two_level(mesh, fes, matrix, problem, amg: bool):
    """Preconditioner of two levels."""
    smoother = matrix.CreateSmoother(fes.FreeDofs())
    if not amg:
        vertices = ng.BitArray(fes.ndof)
        vertices.Clear()
        vertices[0 : mesh.nv] = True
        return TwoLevel(matrix, smoother, matrix.Inverse(vertices & fes.FreeDofs(), inverse="sparsecholesky"))
    vector = problem.kind == "elasticity"
    linear = ng.H1(mesh, order=1, dirichlet="bottom" if vector else "bottom|top")
    u, v = linear.TnT()
    a = ng.BilinearForm(linear, symmetric=True)
    # half the modulus of uniaxial strain: the least weight that keeps the smoothed correction from overshooting
    values = np.dot((0.5, 1.0), lame(problem)) if vector else problem.conductivity
    a += per_material(mesh, values) * ng.grad(u) * ng.grad(v) * ng.dx
    pre = ng.Preconditioner(a, "h1amg")
    a.Assemble()
    return TwoLevel(matrix, smoother, PerComponent(matrix, pre.mat, problem.dim if vector else 1))


def make_space(mesh, problem, method: str):
    """Function space of a method."""
    vector = problem.kind == "elasticity"
    options = {"order": problem.degree, "dirichlet": "bottom" if vector else "bottom|top"}
    if method.startswith("bddc"):
        # with the edges in the coarse problem as well its factorisation takes minutes
        return (ng.VectorH1 if vector else ng.H1)(mesh, wb_withedges=False, **options)
    return ng.H1(mesh, dim=problem.dim, **options) if vector else ng.H1(mesh, **options)


def vertex_values(solution, count: int, dim: int | None):
    """Values at the vertices; each component on its own in VectorH1."""
    if dim is None:
        return np.array(solution.vec.FV().NumPy()[:count])
    if not solution.components:
        return np.array(solution.vec.FV().NumPy().reshape(-1, dim)[:count])
    return np.column_stack([part.vec.FV().NumPy()[:count] for part in solution.components])


def solve(data, problem, method, clock):
    """From arrays to vertex values."""
    vector = problem.kind == "elasticity"
    if vector and method in ("multigrid", "h1amg", "bddc+h1amg"):
        raise SystemExit(f"{method} takes conduction only")
    data |= {"bottom": boundary(data, 0.0), "top": boundary(data, 1.0)}
    clock.restart()
    mesh = make_mesh(data)
    clock.lap("mesh")
    fes = make_space(mesh, problem, method)
    solution = ng.GridFunction(fes)
    if not vector:
        solution.Set(mesh.BoundaryCF({"top": 1.0}, default=0.0), definedon=mesh.Boundaries("bottom|top"))
    clock.lap("space")
    a, f = forms(mesh, fes, problem, blocks=method.startswith("two-level"))
    name, _, coarse = method.partition("+")
    inner = None if name in ("two-level", "sparsecholesky") else name
    pre = ng.Preconditioner(a, inner, **({"coarsetype": coarse} if coarse else {})) if inner else None
    a.Assemble()
    f.Assemble()
    residual = f.vec.CreateVector()
    residual.data = f.vec - a.mat * solution.vec
    free = ng.Projector(fes.FreeDofs(), True)
    residual.data = free * residual
    size = residual.Norm()
    clock.lap("assembly")
    correction, iterations = residual.CreateVector(), None
    if name == "sparsecholesky":
        inverse = a.mat.Inverse(fes.FreeDofs(), inverse="sparsecholesky")
        clock.lap("setup")
        correction.data = inverse * residual
    else:
        matrix = pre.mat if inner else two_level(mesh, fes, a.mat, problem, amg=coarse == "h1amg")
        krylov = ng.CGSolver(mat=a.mat, pre=matrix, tol=TOLERANCE, maxiter=2000)
        clock.lap("setup")
        correction.data = krylov * residual
        iterations = krylov.GetSteps()
    solution.vec.data += correction
    values = vertex_values(solution, mesh.nv, problem.dim if vector else None)
    clock.lap("solve")
    residual.data = f.vec - a.mat * solution.vec
    residual.data = free * residual
    unknowns = fes.FreeDofs().NumSet() * (problem.dim if vector and not method.startswith("bddc") else 1)
    return values, {"iterations": iterations, "residual": residual.Norm() / size, "unknowns": unknowns}


if __name__ == "__main__":
    run("NGSolve", ng.__version__, METHODS, best, solve, scripts=("two-level", "two-level+h1amg"))
