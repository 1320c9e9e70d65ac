"""Cases of the charge balance: inclusions in a uniform field, with and without laws at their surface."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import ufl

from ..fem import MPI

# isort: split
from dolfinx import fem

from ..numerics.constraints import Block, Constraints
from ..numerics.domains import CORE_SEI
from ..numerics.solver import NewtonSolver
from ..numerics.system import CoupledSystem
from ..physics.conduction import ohmic_conduction
from . import plane_meshes, space_meshes
from .case import Case, Check, agreed
from .single_field import SingleField, on_plane, radius_is, refined

CONTRASTS = (1e-3, 0.1, 10.0, 1e3)
MATRIX = ("matrix", "electrolyte")
ENERGY = 4.0
"""Order of an energy of quadratic elements."""


def inclusion(dim: int, level: int, outer: float = 2.0) -> SingleField:
    """Disc or ball of radius one in a shell: a quarter, or an octant."""
    middle = 1 + (outer - 1) / 2
    rest = outer - middle
    if dim == 2:
        made = plane_meshes.ring(
            [("matrix", middle - 1, level)], (1.0, 2 * level), (rest, level), segments=4 * level, sector=math.pi / 2
        )
    else:
        made = space_meshes.ball([("matrix", middle - 1, level)], (1.0, 2 * level), (rest, level), segments=level)
    return SingleField(made)


def dipole(problem: SingleField, ratio: float):
    """Potential in a uniform field along the last axis, for an inclusion of conductivity ``ratio``: inside, outside, at x."""
    dim = problem.dim
    inner = dim / (ratio + dim - 1)
    moment = (ratio - 1) / (ratio + dim - 1)
    up, r = problem.x[dim - 1], ufl.sqrt(ufl.dot(problem.x, problem.x))

    def at(x):
        return -x[:, dim - 1] * (1 - moment / np.linalg.norm(x[:, :dim], axis=1) ** dim)

    return -inner * up, -up * (1 - moment / r**dim), at


def in_uniform_field(problem: SingleField, kappa: dict, equivalent: float, outer: float = 2.0, surface: float = 0.0):
    """Solution with the exact potential on the outer surface; fields in the inclusion and at its surface, and error norms."""
    dim = problem.dim
    inside, outside, at = dipole(problem, equivalent / kappa["matrix"])
    fixed = [(radius_is(outer, dim), at, 0), (on_plane(dim - 1), 0.0, 0)]
    conducting = (surface, problem.domains.dS(CORE_SEI)) if surface else None
    phi = problem.conduct(kappa, fixed, conducting)
    field = -ufl.grad(phi)[dim - 1]
    pole, equator = np.zeros(dim), np.zeros(dim)
    pole[-1], equator[0] = 1.0, 1.0
    values = {"inside": problem.mean(field, problem.region("core"))}
    if not surface:  # with conduction along the surface only the field inside is without a jump
        values |= {"pole": problem.at(field, pole, "matrix"), "equator": problem.at(field, equator, "matrix")}
    return values | {"error inside": problem.distance(phi, inside, problem.region("core")),
                     "error outside": problem.distance(phi, outside, problem.region(*MATRIX))}  # fmt: skip


def inclusions(dim: int) -> list[Check]:
    """B04 and B05: field in an inclusion, at its pole and at its equator, for four contrasts."""
    checks = []
    for ratio in CONTRASTS:
        kappa = {"core": ratio, **dict.fromkeys(MATRIX, 1.0)}
        found = refined(partial(inclusion, dim), partial(in_uniform_field, kappa=kappa, equivalent=ratio))
        exact = dim / (ratio + dim - 1)
        name = f"r = {ratio:g}"
        checks += [
            Check(f"field inside, {name}", "", exact, found["inside"], 3.0, kind="integral"),
            Check(f"field at the pole, {name}", "", ratio * exact, found["pole"], 2.0, scale=max(1.0, ratio * exact)),
            Check(f"field at the equator, {name}", "", exact, found["equator"], 2.0, scale=max(1.0, exact)),
            Check(f"potential in the matrix, {name}, 2-norm of the error", "", 0.0, found["error outside"], 3.0),
        ]
    return checks


def conducting_surface(dim: int) -> list[Check]:
    """B06: an inclusion with a conducting surface acts like a better one; where the two balance, the field is uniform."""
    checks = []
    for name, inner, surface in (("neutral", 0.4, 0.6 / (dim - 1)), ("conducting", 0.1, 2.0)):
        kappa = {"core": inner, **dict.fromkeys(MATRIX, 1.0)}
        equivalent = inner + (dim - 1) * surface
        measure = partial(in_uniform_field, kappa=kappa, equivalent=equivalent, surface=surface)
        found = refined(partial(inclusion, dim), measure)
        checks += [
            Check(f"field inside, {name}", "", dim / (equivalent + dim - 1), found["inside"], 3.0, kind="integral"),
            Check(f"potential in the matrix, {name}, 2-norm of the error", "", 0.0, found["error outside"], 3.0),
        ]
    return checks


def resistive_surface(dim: int) -> list[Check]:
    """B07: a resistive interface makes an inclusion worse, s_eq = s_i/(1 + s_i rho/a); the potential jumps there."""
    inner, resistance = 5.0, 0.6
    equivalent = inner / (1 + inner * resistance)

    def measure(problem: SingleField) -> dict:
        d, outer = problem.domains, 2.0
        _, outside, at = dipole(problem, equivalent)
        spaces = [fem.functionspace(part.mesh, ("Lagrange", 2)) for part in (d.core, d.ionic)]
        fields = [fem.Function(space, name=name) for space, name in zip(spaces, ("inside", "outside"), strict=True)]
        tests = [ufl.TestFunction(space) for space in spaces]
        through = (fields[0]("-") - fields[1]("+")) / fem.Constant(d.mesh, resistance)
        within = ohmic_conduction(fem.Constant(d.mesh, inner), fields[0], tests[0]) * problem.region("core")
        around = ohmic_conduction(fem.Constant(d.mesh, 1.0), fields[1], tests[1]) * problem.region(*MATRIX)
        residuals = [within + through * tests[0]("-") * d.dS(CORE_SEI), around - through * tests[1]("+") * d.dS(CORE_SEI)]
        blocks = [Block(f.name, f.function_space) for f in fields]
        constraints = Constraints(problem.comm, blocks)
        constraints.fix(0, on_plane(dim - 1))
        constraints.fix(1, radius_is(outer, dim), at(blocks[1].coordinates()))
        constraints.fix(1, on_plane(dim - 1))
        system = CoupledSystem(residuals, fields, constraints, d.entity_maps)
        solver = NewtonSolver(system)
        solver.solve()
        gap = fields[1] - outside
        square = problem.comm.allreduce(
            fem.assemble_scalar(fem.form(gap**2 * problem.region(*MATRIX), entity_maps=d.entity_maps)), op=MPI.SUM
        )
        field = -fields[0].dx(dim - 1) * problem.region("core")
        total = problem.comm.allreduce(fem.assemble_scalar(fem.form(field, entity_maps=d.entity_maps)), op=MPI.SUM)
        solver.destroy()
        system.destroy()
        return {"inside": total / problem.integrate(1.0, problem.region("core")), "error": math.sqrt(square)}

    found = refined(partial(inclusion, dim), measure)
    # E_in: the flux through the surface is that of an inclusion s_eq, and s_i E_in = s_eq E_eq
    exact = equivalent / inner * dim / (equivalent + dim - 1)
    return [
        Check("field inside", "", exact, found["inside"], 3.0, kind="integral"),
        Check("potential in the matrix, 2-norm of the error", "", 0.0, found["error"], 3.0),
    ]


def thin_shell() -> list[Check]:
    """B08: resolved shells of half the thickness each time tend to the conducting surface, with first order."""
    surface, inner = 0.5, 0.1
    values = []
    for thickness in (0.08, 0.04, 0.02):
        made = plane_meshes.ring(
            [("shell", thickness, 2), ("matrix", 0.5, 6)], (1.0, 12), (0.5, 4), segments=24, sector=math.pi / 2
        )
        problem = SingleField(made)
        _, _, at = dipole(problem, inner + surface)
        kappa = {"core": inner, "shell": surface / thickness, **dict.fromkeys(MATRIX, 1.0)}
        phi = problem.conduct(kappa, [(radius_is(2.0 + thickness, 2), at, 0), (on_plane(1), 0.0, 0)])
        values.append(problem.mean(-ufl.grad(phi)[1], problem.region("core")))
    name = "field inside, shell to surface (order in the thickness)"
    return [Check(name, "", 2 / (inner + surface + 1), tuple(values), 1.0, cells=1 / 0.08, reference="limit")]


def assemblages(dim: int) -> list[Check]:
    """B09 and B10: coated cylinder or sphere, whose effective conductivity is that of Maxwell-Garnett and of Hashin."""
    share = 0.3
    checks = []
    cases = [(0.01, surface) for surface in (0.1, 1.0, 10.0)] + [(10.0, 0.0)]
    listed = {2: ("0.612200", "1.002990", "1.650776"), 3: ("0.709440", "1.245212", "2.049181")}[dim]
    outer = share ** (-1 / dim)
    for index, (inner, surface) in enumerate(cases):
        equivalent = inner + (dim - 1) * surface
        exact = 1 + share / (1 / (equivalent - 1) + (1 - share) / dim)
        if surface:
            agreed(exact, listed[index])

        def measure(problem, inner=inner, surface=surface):
            kappa = {"core": inner, **dict.fromkeys(MATRIX, 1.0)}
            conducting = (surface, problem.domains.dS(CORE_SEI)) if surface else None
            fixed = [(radius_is(outer, dim), lambda x: -x[:, dim - 1], 0), (on_plane(dim - 1), 0.0, 0)]
            phi = problem.conduct(kappa, fixed, conducting)
            energy = problem.integrate(problem.per_region(kappa) * ufl.inner(ufl.grad(phi), ufl.grad(phi)))
            if surface:
                n = ufl.FacetNormal(problem.mesh)("+")
                slope = ufl.grad(phi)("+")
                along = slope - ufl.dot(slope, n) * n
                energy += surface * problem.integrate(ufl.inner(along, along), problem.domains.dS(CORE_SEI))
            return {"conductivity": energy / problem.integrate(1.0)}

        found = refined(partial(inclusion, dim, outer=outer), measure)
        name = f"s_i = {inner:g}" + (f", surface {surface:g}" if surface else ", plain")
        checks.append(Check(f"effective conductivity, {name}", "", exact, found["conductivity"], ENERGY, kind="integral"))
    return checks


CASES = [
    Case("B04", "Sphere in a uniform field", "Maxwell, Treatise I, section 438", partial(inclusions, 3)),
    Case("B05", "Cylinder in a uniform field", "two-dimensional form of B04", partial(inclusions, 2)),
    Case("B06", "Cylinder with a conducting surface", "Torquato and Rintoul, doi:10.1103/PhysRevLett.75.4067",
         partial(conducting_surface, 2)),
    Case("B06-3D", "Sphere with a conducting surface", "Torquato and Rintoul, doi:10.1103/PhysRevLett.75.4067",
         partial(conducting_surface, 3)),
    Case("B07", "Cylinder with a resistive surface", "Hasselman and Johnson, doi:10.1177/002199838702100602",
         partial(resistive_surface, 2)),
    Case("B07-3D", "Sphere with a resistive surface", "Hasselman and Johnson, doi:10.1177/002199838702100602",
         partial(resistive_surface, 3)),
    Case("B08", "Thin resolved shell against the conducting surface", "theory, equation 3", thin_shell),
    Case("B09-2D", "Coated cylinder with a conducting surface: Maxwell-Garnett", "Hashin's assemblage with B06",
         partial(assemblages, 2)),
    Case("B09+B10-3D", "Coated sphere with a conducting surface, and plain", "Hashin's assemblage with B06",
         partial(assemblages, 3)),
]  # fmt: skip
