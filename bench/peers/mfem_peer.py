"""MFEM (serial) in the solver race: conjugate gradients with Gauss-Seidel, or with p-multigrid on quadratic elements.

The serial build has neither algebraic multigrid nor a direct solver: the linear elements under the quadratic ones are solved by
conjugate gradients as well. PyMFEM takes meshes in memory vertex by vertex only, which shows in the seconds of the mesh.
"""

from __future__ import annotations

import mfem
import mfem.ser as ser
import numpy as np
from common import boundary, lame, pressure, run
from problems import TOLERANCE

METHODS = {
    "gauss-seidel": "symmetric Gauss-Seidel under conjugate gradients",
    "p-multigrid": "Chebyshev on quadratic, conjugate gradients on linear elements, as MFEM's example 26 does",
}
COARSE = 1e-2
"""Relative residual of the linear elements inside p-multigrid, the value of MFEM's example 26."""


def best(kind: str, dim: int, degree: int) -> str:
    """Best of its methods for a problem."""
    return "p-multigrid" if degree == 2 else "gauss-seidel"


def make_mesh(data):
    """Mesh from arrays: attribute 1 the matrix, 2 the inclusions; 1 the bottom, 2 the top, no other boundary."""
    points, cells, dim = data["points"], data["cells"], data["points"].shape[1]
    sides = [(facet, index) for index in (1, 2) for facet in data[("bottom", "top")[index - 1]].tolist()]
    mesh = ser.Mesh(dim, len(points), len(cells), len(sides), dim)
    cell, facet = (mesh.AddTriangle, mesh.AddBdrSegment) if dim == 2 else (mesh.AddTet, mesh.AddBdrTriangle)
    for x in points.tolist():
        mesh.AddVertex(*x)
    for nodes, attribute in zip(cells.tolist(), (data["region"] + 1).tolist(), strict=True):
        cell(*nodes, attribute)
    for nodes, attribute in sides:
        facet(*nodes, attribute)
    (mesh.FinalizeTriMesh if dim == 2 else mesh.FinalizeTetMesh)(1, 0, True)
    return mesh


def per_material(values):
    """Coefficient constant in each material."""
    return ser.PWConstCoefficient(ser.Vector([float(value) for value in values]))


class Level:
    """One space with its matrix; keeps what MFEM only points to.

    Parameters
    ----------
    space : FiniteElementSpace
    problem : Problem
    fixed : intArray
        Markers of the attributes of the boundary that are held.
    """

    def __init__(self, space, problem, fixed):
        self.space = space
        self.held = ser.intArray()
        space.GetEssentialTrueDofs(fixed, self.held)
        self.form = ser.BilinearForm(space)
        self.form.UsePrecomputedSparsity()
        if problem.kind == "elasticity":
            self.values = [per_material(values) for values in lame(problem)]
            self.form.AddDomainIntegrator(ser.ElasticityIntegrator(*self.values))
        else:
            self.values = [per_material(problem.conductivity)]
            self.form.AddDomainIntegrator(ser.DiffusionIntegrator(*self.values))
        self.form.Assemble()


def load(space, problem):
    """Right-hand side before the boundary conditions."""
    form = ser.LinearForm(space)
    if problem.kind == "elasticity":
        dim, kept = problem.dim, per_material(pressure(problem))
        none = per_material((0.0, 0.0))
        stress = ser.VectorArrayCoefficient(dim * dim)
        for place in range(dim * dim):
            stress.Set(place, kept if place % (dim + 1) == 0 else none, False)
        form.AddDomainIntegrator(ser.VectorDomainLFGradIntegrator(stress))
        form.Assemble()
    else:
        form.Assign(0.0)
    return form


class TwoDegrees(ser.PyGeometricMultigrid):
    """V-cycle over linear and quadratic elements.

    Parameters
    ----------
    spaces : FiniteElementSpaceHierarchy
    fixed : intArray
        Markers of the attributes of the boundary that are held.
    linear, quadratic : SparseMatrix
        With the boundary conditions in place.
    """

    def __init__(self, spaces, fixed, linear, quadratic):
        super().__init__(spaces, fixed)
        sweep, diagonal = ser.GSSmoother(linear), ser.Vector(quadratic.Height())
        quadratic.GetDiag(diagonal)
        coarse = conjugate_gradients(linear, sweep, COARSE)
        fine = ser.OperatorChebyshevSmoother(quadratic, diagonal, self.essentialTrueDofs[1], 3)
        self.AddLevel(linear, coarse, False, False)
        self.AddLevel(quadratic, fine, False, False)
        self.SetCycleType(ser.MultigridBase.CycleType_VCYCLE, 1, 1)
        self.kept = [sweep, diagonal, coarse, fine]  # MFEM only points to them


def conjugate_gradients(matrix, preconditioner, tolerance: float):
    """Solver without output."""
    krylov = ser.CGSolver()
    krylov.SetRelTol(tolerance)
    krylov.SetAbsTol(0.0)
    krylov.SetMaxIter(5000)
    krylov.SetPrintLevel(-1)
    krylov.SetOperator(matrix)
    krylov.SetPreconditioner(preconditioner)
    krylov.iterative_mode = False
    return krylov


def solve(data, problem, method, clock):
    """From arrays to vertex values."""
    dim, vector = problem.dim, problem.kind == "elasticity"
    data |= {"bottom": boundary(data, 0.0), "top": boundary(data, 1.0)}
    if method == "p-multigrid" and problem.degree != 2:
        raise SystemExit("p-multigrid takes quadratic elements only")
    clock.restart()
    mesh = make_mesh(data)
    clock.lap("mesh")
    collection = ser.H1_FECollection(problem.degree, dim)
    space = ser.FiniteElementSpace(mesh, collection, dim if vector else 1, ser.Ordering.byVDIM)
    if method == "p-multigrid":
        linear = ser.H1_FECollection(1, dim)
        coarse = ser.FiniteElementSpace(mesh, linear, space.GetVDim(), ser.Ordering.byVDIM)
        spaces = ser.FiniteElementSpaceHierarchy(mesh, coarse, False, False)
        spaces.AddOrderRefinedLevel(collection, space.GetVDim(), ser.Ordering.byVDIM)
        space = spaces.GetFinestFESpace()
    solution = ser.GridFunction(space)
    solution.Assign(0.0)
    fixed = ser.intArray([1, 0 if vector else 1])
    if not vector:
        one, top = ser.ConstantCoefficient(1.0), ser.intArray([0, 1])
        solution.ProjectBdrCoefficient(one, top)
    clock.lap("space")
    level = Level(space, problem, fixed)
    form = load(space, problem)
    matrix, rhs, x = ser.SparseMatrix(), ser.Vector(), ser.Vector()
    level.form.FormLinearSystem(level.held, solution, form, matrix, x, rhs)
    clock.lap("assembly")
    start, begin = np.array(x.GetDataArray()), np.array(rhs.GetDataArray())
    if method == "p-multigrid":
        below, linear_matrix = Level(coarse, problem, fixed), ser.SparseMatrix()
        below.form.FormSystemMatrix(below.held, linear_matrix)
        smoother = TwoDegrees(spaces, fixed, linear_matrix, matrix)
    else:
        smoother = ser.GSSmoother(matrix)
    krylov = conjugate_gradients(matrix, smoother, TOLERANCE)
    krylov.iterative_mode = True
    clock.lap("setup")
    krylov.Mult(rhs, x)
    level.form.RecoverFEMSolution(x, form, solution)
    values = np.array(solution.GetDataArray())
    count = len(data["points"])
    # the unknowns of the vertices come first
    values = values[: dim * count].reshape(count, dim) if vector else values[:count]
    clock.lap("solve")
    left = ser.Vector(rhs.Size())

    def residual(at) -> float:
        matrix.Mult(ser.Vector(at), left)
        return float(np.linalg.norm(begin - left.GetDataArray()))

    unknowns = rhs.Size() - level.held.Size()
    ratio = residual(np.array(x.GetDataArray())) / residual(start)
    return values, {"iterations": krylov.GetNumIterations(), "residual": ratio, "unknowns": unknowns}


if __name__ == "__main__":
    run("MFEM", mfem.__version__, METHODS, best, solve)
