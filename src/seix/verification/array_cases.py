"""Cases of the charge balance: laminates, arrays, checkerboard, grain boundaries, a coated cylinder."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import ufl

from ..numerics.domains import GRAIN_MATRIX
from . import plane_meshes, space_meshes
from .case import Case, Check, agreed
from .single_field import SingleField, on_plane, radius_is, refined


def square_array() -> list[Check]:
    """B11: square array of cylinders, the series of Perrins, McKenzie and McPhedran."""
    checks = []
    for ratio, fraction in ((10.0, 0.5), (1e-3, 0.5), (1e3, 0.3)):
        radius = 0.5 * math.sqrt(4 * fraction / math.pi)

        def measure(problem, ratio=ratio):
            kappa = {"core": ratio, "electrolyte": 1.0}
            phi = problem.conduct(kappa, [(on_plane(0), 0.0, 0), (on_plane(0, 0.5), 1.0, 0)])
            return {"s": problem.integrate(problem.per_region(kappa) * ufl.inner(ufl.grad(phi), ufl.grad(phi)))}

        found = refined(lambda n, a=radius: SingleField(plane_meshes.disc_in_square(a, 0.5, 2 * n)), measure)
        t, f = (1 + ratio) / (1 - ratio), fraction
        exact = 1 - 2 * f / (t + f - 0.305827 * f**4 * t / (t**2 - 1.402958 * f**8) - 0.013362 * f**8 / t)
        # the series is cut: f^12 is 2e-4 at the larger fraction
        name = f"effective conductivity, r = {ratio:g}, f = {f:g}"
        checks.append(Check(name, "", exact, found["s"], None, 0.5**12, reference="series"))
    return checks


def checkerboard() -> list[Check]:
    """B12: checkerboard, sqrt(s1 s2); the corner makes a field r^(lambda-1) with tan(pi lambda/4) = sqrt(s1/s2)."""
    low, high = 0.1, 1.0

    def make(level):
        made = plane_meshes.strip([("a", 0.5, 4 * level), ("b", 0.5, 4 * level)], 1.0, 8 * level, (0.1, 1), (0.1, 1))
        middle = made.points[made.cells[:, :3]].mean(axis=1)
        odd = (middle[:, 0] > 0.5) != (middle[:, 1] > 0.5)
        inside = made.region >= 2
        made.region[inside] = np.where(odd[inside], 2, 3)
        return SingleField(made)

    def measure(problem):
        # core and electrolyte conduct nothing to speak of: the field is that of the square alone
        kappa = {"a": low, "b": high, "core": 1e-12, "electrolyte": 1e-12}
        phi = problem.conduct(kappa, [(on_plane(0), 0.0, 0), (on_plane(0, 1.0), 1.0, 0)])
        power = problem.per_region(kappa) * ufl.inner(ufl.grad(phi), ufl.grad(phi))
        return {"s": problem.integrate(power, problem.region("a", "b"))}

    exponent = 4 / math.pi * math.atan(math.sqrt(low / high))
    found = refined(make, measure)
    exact = math.sqrt(low * high)
    return [Check("effective conductivity", "", exact, found["s"], 2 * exponent, cells=8, kind="integral", corners=True)]


def boundary_slabs() -> list[Check]:
    """B13: grain boundaries parallel to the current, as surfaces and resolved (Hart)."""
    bulk, inside, share = 1.0, 50.0, 0.05
    made = plane_meshes.strip([("a", 2.0, 2)], 1.0, 20, (0.5, 1), (0.5, 1))
    middle = made.points[made.cells[:, :3]].mean(axis=1)[:, 0]
    film = made.region == 2
    made.grain = np.where(film, (middle > 0.5).astype(int), -1)
    problem = SingleField(made)
    ends = [(on_plane(1, -0.5), 0.0, 0), (on_plane(1, 2.5), 3.0, 0)]
    kappa = {"a": bulk, "core": bulk, "electrolyte": bulk}

    def power(phi, values, surface=0.0):
        density = problem.per_region(values) * ufl.inner(ufl.grad(phi), ufl.grad(phi))
        total = problem.integrate(density, problem.region("a"))
        if surface:
            slope = ufl.grad(phi)("+")
            total += surface * problem.integrate(slope[1] ** 2, problem.domains.dS(GRAIN_MATRIX))
        return total

    # the boundary ends at electrolyte and core: those are made perfect, so that the film lies between equipotentials
    perfect = kappa | {"core": 1e9, "electrolyte": 1e9}
    conducting = problem.conduct(perfect, ends, (share * inside, problem.domains.dS(GRAIN_MATRIX)))
    reduced = power(conducting, perfect, share * inside) / (3.0**2 / 2.0)
    checks = [Check("as a surface", "", bulk + share * inside, (reduced,), None)]
    made.region_names.append("boundary")
    made.region[film & (np.abs(middle - 0.475) < 0.025)] = 3
    problem = SingleField(made)
    perfect = perfect | {"boundary": inside}
    phi = problem.conduct(perfect, ends)
    density = problem.per_region(perfect) * ufl.inner(ufl.grad(phi), ufl.grad(phi))
    whole = problem.integrate(density, problem.region("a", "boundary")) / (3.0**2 / 2.0)
    return [*checks, Check("resolved", "", bulk * (1 - share) + share * inside, (whole,), None)]


def laminates(dim: int) -> list[Check]:
    """B01: layers in series, 0.4 of conductivity 0.01 and 0.6 of conductivity 1."""
    layers = [("a", 0.4, 2), ("b", 0.6, 2)]
    if dim == 2:
        made = plane_meshes.strip(layers, 1.0, 3, (0.5, 1), (0.5, 1), tilt=0.15)
    else:
        made = space_meshes.block(layers, 1.0, 2, (0.5, 1), (0.5, 1), tilt=0.1)
    problem = SingleField(made)
    axis = dim - 1
    kappa = {"a": 0.01, "b": 1.0, "core": 1.0, "electrolyte": 1.0}
    phi = problem.conduct(kappa, [(on_plane(axis, -0.5), 0.0, 0), (on_plane(axis, 1.5), 1.0, 0)])
    current = -problem.mean(problem.per_region(kappa) * ufl.grad(phi)[axis])
    across = 1 / (1 / abs(current) - 1.0)
    along = problem.conduct(kappa, [(on_plane(0), 0.0, 0), (on_plane(0, 1.0), 1.0, 0)])
    parallel = problem.mean(problem.per_region(kappa) * ufl.grad(along)[0], problem.region("a", "b"))
    return [
        Check("in series", "", agreed(1 / (0.4 / 0.01 + 0.6), "0.0246305419"), (across,), None),
        Check("side by side", "", agreed(0.4 * 0.01 + 0.6, "0.604"), (parallel,), None),
    ]


def coated_cylinder() -> list[Check]:
    """Cylinder with a coating in a uniform field: potential A r + B/r in each region, by continuity."""
    inner, coat, outer = 0.2, 1.3, 2.0
    kappa = {"core": 5.0, "matrix": 0.05, "electrolyte": 1.0}
    # unknowns: A of the core; A, B of the coating; B of the outside, where A = -1
    rows = np.array([
        [inner, -inner, -1 / inner, 0], [kappa["core"], -kappa["matrix"], kappa["matrix"] / inner**2, 0],
        [0, coat, 1 / coat, -1 / coat], [0, kappa["matrix"], -kappa["matrix"] / coat**2, kappa["electrolyte"] / coat**2],
    ])  # fmt: skip
    a_core, a_coat, b_coat, b_out = np.linalg.solve(rows, [0, 0, -coat, -kappa["electrolyte"]])

    def make(level):
        layers = [("matrix", coat - inner, 4 * level)]
        rest = (outer - coat, 2 * level)
        return SingleField(plane_meshes.ring(layers, (inner, level), rest, segments=6 * level, sector=math.pi / 2))

    def measure(problem):
        at = lambda x: x[:, 1] * (-1 + b_out / (x**2).sum(axis=1))  # noqa: E731
        phi = problem.conduct(kappa, [(radius_is(outer, 2), at, 0), (on_plane(1), 0.0, 0)])
        y, square = problem.x[1], ufl.dot(problem.x, problem.x)
        return {
            "core": problem.mean(ufl.grad(phi)[1], problem.region("core")),
            "coat": problem.distance(phi, y * (a_coat + b_coat / square), problem.region("matrix")),
        }

    found = refined(make, measure)
    return [
        Check("field in the core", "", -a_core, tuple(-v for v in found["core"]), 3.0, kind="integral"),
        Check("potential in the coating, 2-norm of the error", "", 0.0, found["coat"], 3.0),
    ]


CASES = [
    Case("B01", "Laminate in the plane, in series and side by side", "resistances in series, in parallel", partial(laminates, 2)),
    Case("B01-3D", "Laminate in space", "resistances in series, in parallel", partial(laminates, 3)),
    Case("B11", "Square array of cylinders", "Perrins, McKenzie and McPhedran, doi:10.1098/rspa.1979.0160", square_array),
    Case("B12", "Checkerboard", "Dykhne 1970; Keller, J. Math. Phys. 5 (1964) 548", checkerboard),
    Case("B13", "Grain boundaries along the current", "Hart, doi:10.1016/0001-6160(57)90127-X", boundary_slabs),
    Case("coated", "Coated cylinder in a uniform field", "continuity of potential and flux", coated_cylinder),
]  # fmt: skip
