"""Kratos in the solver race: elasticity by AMGCL, aggregation with an incomplete factorisation as smoother.

Its elements for conduction read the conductivity from nodes, not from cells, so it cannot take that problem.
"""

from __future__ import annotations

import math

import KratosMultiphysics as KM
import KratosMultiphysics.StructuralMechanicsApplication as SMA
import numpy as np
from common import pressure, run
from problems import POISSON, TOLERANCE

KM.Logger.GetDefaultOutput().SetSeverity(KM.Logger.Severity.WARNING)


METHODS = {"amgcl": "AMGCL on blocks, plain aggregation, ILU(0), under conjugate gradients (elasticity)"}
EDGES = np.array([(0, 1), (1, 2), (2, 0), (0, 3), (1, 3), (2, 3)])
"""Vertices of the edges in the order of the nodes of Kratos' quadratic elements; the first three are those of a triangle."""


def best(kind: str, dim: int, degree: int) -> str:
    """Best of its methods for a problem."""
    return "amgcl"


def with_edges(points: np.ndarray, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and cells of the quadratic elements: the middles of the edges come after the vertices."""
    edges = EDGES[: 3 if points.shape[1] == 2 else 6]
    pairs = np.sort(cells[:, edges].astype(np.int64), axis=2)
    keys, place = np.unique(pairs[..., 0] * len(points) + pairs[..., 1], return_inverse=True)
    first, second = np.divmod(keys, len(points))
    middles = (points[first] + points[second]) / 2
    return np.concatenate([points, middles]), np.concatenate([cells, len(points) + place.reshape(len(cells), -1)], axis=1)


def make_model(points, cells, region, problem):
    """Model part with nodes, elements and properties of the two materials; Kratos has no bulk functions for these."""
    model = KM.Model()
    part = model.CreateModelPart("main")
    dim = problem.dim
    part.SetBufferSize(2)
    part.ProcessInfo[KM.DOMAIN_SIZE] = dim
    for variable in (KM.DISPLACEMENT, KM.REACTION, KM.VOLUME_ACCELERATION):
        part.AddNodalSolutionStepVariable(variable)
    law = SMA.LinearElasticPlaneStrain2DLaw() if dim == 2 else SMA.LinearElastic3DLaw()
    for index, (young, poisson) in enumerate(zip(problem.young, POISSON, strict=True), start=1):
        properties = part.CreateNewProperties(index)
        properties.SetValue(KM.YOUNG_MODULUS, young)
        properties.SetValue(KM.POISSON_RATIO, poisson)
        properties.SetValue(KM.THICKNESS, 1.0)
        properties.SetValue(KM.CONSTITUTIVE_LAW, law.Clone())
    places = np.pad(points, ((0, 0), (0, 3 - dim))).tolist()
    for number, x in enumerate(places, start=1):
        part.CreateNewNode(number, *x)
    kind = f"SmallDisplacementElement{dim}D{cells.shape[1]}N"
    materials = [part.GetProperties()[i] for i in (1, 2)]
    rows = zip((cells + 1).tolist(), region.tolist(), strict=True)
    for number, (nodes, material) in enumerate(rows, start=1):
        part.CreateNewElement(kind, number, nodes, materials[material])
    return model, part


def nodal_forces(points, cells, region, problem) -> np.ndarray:
    """Load of the eigenstrain, (nodes, dim): pressure times the integral of the gradient of each shape function."""
    dim = problem.dim
    inside = cells[region == 1]
    corners = points[inside[:, : dim + 1]]
    jacobian = corners[:, 1:] - corners[:, :1]
    inverse = np.linalg.inv(jacobian)
    gradients = np.concatenate([-inverse.sum(axis=2)[:, None], np.swapaxes(inverse, 1, 2)], axis=1)
    volume = np.abs(np.linalg.det(jacobian)) / math.factorial(dim)
    if cells.shape[1] > dim + 1:  # means of the gradients of l (2 l - 1) at vertices and 4 l m at edges
        edges = EDGES[: 3 if dim == 2 else 6]
        sums = gradients[:, edges].sum(axis=2) * 4 / (dim + 1)
        gradients = np.concatenate([gradients * (4 / (dim + 1) - 1), sums], axis=1)
    force = pressure(problem)[1] * volume[:, None, None] * gradients
    result = np.zeros(points.shape)
    for c in range(dim):
        result[:, c] = np.bincount(inside.ravel(), weights=force[:, :, c].ravel(), minlength=len(points))
    return result


def solve(data, problem, method, clock):
    """From arrays to vertex values."""
    if problem.kind != "elasticity":
        raise SystemExit("Kratos takes elasticity only")
    dim = problem.dim
    clock.restart()
    points, cells, region = data["points"], data["cells"], data["region"]
    if problem.degree == 2:
        points, cells = with_edges(points, cells)
    _model, part = make_model(points, cells, region, problem)  # the part lives as long as its model
    names = (KM.DISPLACEMENT_X, KM.DISPLACEMENT_Y, KM.DISPLACEMENT_Z)[:dim]
    reactions = (KM.REACTION_X, KM.REACTION_Y, KM.REACTION_Z)[:dim]
    for name, reaction in zip(names, reactions, strict=True):
        KM.VariableUtils().AddDof(name, reaction, part)
    for number in (np.flatnonzero(np.abs(points[:, -1]) < 1e-9) + 1).tolist():
        node = part.GetNode(number)
        for name in names:
            node.Fix(name)
    clock.lap("mesh")
    settings = KM.Parameters(f"""{{"solver_type": "amgcl", "krylov_type": "cg", "coarsening_type": "aggregation",
        "smoother_type": "ilu0", "tolerance": {TOLERANCE}, "max_iteration": 2000, "scaling": false, "verbosity": 0,
        "block_size": {dim}, "use_block_matrices_if_possible": true, "coarse_enough": 1000}}""")
    solver = KM.AMGCLSolver(settings)
    scheme = KM.ResidualBasedIncrementalUpdateStaticScheme()
    builder = KM.ResidualBasedBlockBuilderAndSolver(solver)
    strategy = KM.ResidualBasedLinearStrategy(part, scheme, builder, False, False, False, False)
    strategy.SetEchoLevel(0)
    strategy.Initialize()
    strategy.InitializeSolutionStep()
    clock.lap("space")
    matrix, rhs, x = strategy.GetSystemMatrix(), strategy.GetSystemVector(), strategy.GetSolutionVector()
    builder.Build(scheme, part, matrix, rhs)
    # unknowns are numbered node by node
    load = np.array(rhs) + nodal_forces(points, cells, region, problem).ravel()
    for place, value in zip(np.flatnonzero(load).tolist(), load[load != 0].tolist(), strict=True):
        rhs[place] = value
    builder.ApplyDirichletConditions(scheme, part, matrix, x, rhs)
    clock.lap("assembly")
    builder.SystemSolve(matrix, x, rhs)
    values = np.array(x).reshape(-1, dim)[: len(data["points"])]
    clock.lap("solve")
    clock.times["setup"] = 0.0  # in one call with the solution
    left = KM.Vector(rhs)
    KM.UblasSparseSpace().Mult(matrix, x, left)
    residual = np.linalg.norm(np.array(rhs) - np.array(left)) / np.linalg.norm(np.array(rhs))
    unknowns = dim * int((points[:, -1] >= 1e-9).sum())
    return values, {"iterations": None, "residual": float(residual), "unknowns": unknowns}


if __name__ == "__main__":
    run("Kratos", KM.KratosGlobals.Kernel.Version().split("-")[0].replace(chr(34), ""), METHODS, best, solve)
