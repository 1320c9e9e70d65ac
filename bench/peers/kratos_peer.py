"""Kratos in the solver race: elasticity by AMGCL, aggregation with an incomplete factorisation as smoother.

Its elements for conduction read the conductivity from nodes, not from cells, so it cannot take that problem.
"""

from __future__ import annotations

import math

import KratosMultiphysics as KM
import KratosMultiphysics.StructuralMechanicsApplication as SMA
import numpy as np
from common import run
from problems import EIGENSTRAIN, POISSON, TOLERANCE

KM.Logger.GetDefaultOutput().SetSeverity(KM.Logger.Severity.WARNING)


def best(problem) -> str:
    """Best of its methods for a problem."""
    return "amgcl"


def make_model(data, problem):
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
    places = np.pad(data["points"], ((0, 0), (0, 3 - dim))).tolist()
    for number, x in enumerate(places, start=1):
        part.CreateNewNode(number, *x)
    kind = f"SmallDisplacementElement{dim}D{dim + 1}N"
    materials = [part.GetProperties()[i] for i in (1, 2)]
    rows = zip((data["cells"] + 1).tolist(), data["region"].tolist(), strict=True)
    for number, (nodes, region) in enumerate(rows, start=1):
        part.CreateNewElement(kind, number, nodes, materials[region])
    return model, part


def nodal_forces(data, problem) -> np.ndarray:
    """Load of the eigenstrain on linear elements, (nodes, dim): pressure times the gradient of each shape function."""
    points, cells, dim = data["points"], data["cells"], problem.dim
    young, nu = np.array(problem.young), np.array(POISSON)
    lam, mu = young * nu / ((1 + nu) * (1 - 2 * nu)), young / (2 * (1 + nu))
    inside = cells[data["region"] == 1]
    corners = points[inside]
    jacobian = corners[:, 1:] - corners[:, :1]
    inverse = np.linalg.inv(jacobian)
    gradients = np.concatenate([-inverse.sum(axis=2)[:, None], np.swapaxes(inverse, 1, 2)], axis=1)
    volume = np.abs(np.linalg.det(jacobian)) / math.factorial(dim)
    force = (3 * lam[1] + 2 * mu[1]) * EIGENSTRAIN * volume[:, None, None] * gradients
    result = np.zeros(points.shape)
    for c in range(dim):
        result[:, c] = np.bincount(inside.ravel(), weights=force[:, :, c].ravel(), minlength=len(points))
    return result


def solve(data, problem, method, clock):
    """From arrays to vertex values."""
    if problem.kind != "elasticity" or problem.degree != 1:
        raise SystemExit("Kratos takes elasticity on linear elements only")
    dim = problem.dim
    clock.restart()
    _model, part = make_model(data, problem)  # the part lives as long as its model
    names = (KM.DISPLACEMENT_X, KM.DISPLACEMENT_Y, KM.DISPLACEMENT_Z)[:dim]
    reactions = (KM.REACTION_X, KM.REACTION_Y, KM.REACTION_Z)[:dim]
    for name, reaction in zip(names, reactions, strict=True):
        KM.VariableUtils().AddDof(name, reaction, part)
    for number in (np.flatnonzero(np.abs(data["points"][:, -1]) < 1e-9) + 1).tolist():
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
    load = np.array(rhs) + nodal_forces(data, problem).ravel()
    for place, value in zip(np.flatnonzero(load).tolist(), load[load != 0].tolist(), strict=True):
        rhs[place] = value
    builder.ApplyDirichletConditions(scheme, part, matrix, x, rhs)
    clock.lap("assembly")
    builder.SystemSolve(matrix, x, rhs)
    values = np.array(x).reshape(-1, dim)
    clock.lap("solve")
    clock.times["setup"] = 0.0  # in one call with the solution
    left = KM.Vector(rhs)
    KM.UblasSparseSpace().Mult(matrix, x, left)
    residual = np.linalg.norm(np.array(rhs) - np.array(left)) / np.linalg.norm(np.array(rhs))
    unknowns = values.size - dim * int((data["points"][:, -1] < 1e-9).sum())
    return values, {"iterations": None, "residual": float(residual), "unknowns": unknowns}


if __name__ == "__main__":
    run("Kratos", KM.KratosGlobals.Kernel.Version().split("-")[0].replace(chr(34), ""), best, solve)
