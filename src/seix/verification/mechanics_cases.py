"""Cases of the balance of momentum: bounds, laminates, holes, inclusions under shear, spheres with a concentration."""

from __future__ import annotations

import itertools
import math
from functools import partial

import numpy as np
import ufl

from ..physics.elasticity import lame
from ..scales import FARADAY
from . import plane_meshes, space_meshes
from .case import Case, Check, agreed
from .inclusion_cases import CORE, LIF, ORGANIC, STRAIN, round_body, symmetry
from .single_field import SingleField, on_plane, radius_is, refined


def bulk_modulus_bounds() -> list[Check]:
    """B23: the assemblage of coated spheres has the bulk modulus of the lower Hashin-Shtrikman bound."""
    checks = []
    for share in (0.3, 0.5, 0.7):
        core, outer = 1.0, share ** (-1 / 3)
        (l1, m1), (l2, m2) = lame(*LIF), lame(*ORGANIC)
        k1, k2 = l1 + 2 * m1 / 3, l2 + 2 * m2 / 3
        bound = k2 + share / (1 / (k1 - k2) + 3 * (1 - share) / (3 * k2 + 4 * m2))

        def measure(problem, outer=outer):
            young = {"core": LIF[0], "matrix": ORGANIC[0], "electrolyte": ORGANIC[0]}
            nu = {"core": LIF[1], "matrix": ORGANIC[1], "electrolyte": ORGANIC[1]}
            fixed = symmetry(3) + [(radius_is(outer, 3), lambda x, a=a: x[:, a], a) for a in range(3)]
            u = problem.deform(young, nu, fixed)
            return {"k": problem.mean(ufl.tr(problem.stress(u, young, nu)) / 9)}

        radii = (core, core + (outer - core) / 2, outer)
        found = refined(partial(round_body, 3, radii=radii), measure)
        checks.append(Check(f"bulk modulus, fraction {share:g}", "GPa", bound, found["k"], 4.0, kind="integral"))
    return checks


def laminate_stiffness() -> list[Check]:
    """B24: five constants of a laminate of LiF and organic (Backus), from unit strains of a periodic cell."""
    made = space_meshes.block([("a", 0.4, 1), ("b", 0.6, 1)], 1.0, 2, (0.4, 1), (0.6, 1), tilt=0.0)
    # below and above the laminate goes on: core and electrolyte repeat its layers the other way round
    young = {"a": LIF[0], "b": ORGANIC[0], "core": LIF[0], "electrolyte": ORGANIC[0]}
    nu = {"a": LIF[1], "b": ORGANIC[1], "core": LIF[1], "electrolyte": ORGANIC[1]}
    problem = SingleField(made)
    low, high, film = -0.4, 1.6, problem.region("a", "b")

    def response(gradient, clamped=False):
        """Mean stress of the film for a mean gradient of the displacement (3 x 3): bottom and top follow it, and the sides."""
        fixed = []
        for axis in range(3):
            row = gradient[axis]
            fixed.append((on_plane(2, low), lambda x, r=row: x[:, :2] @ r[:2], axis))
            fixed.append((on_plane(2, high), lambda x, r=row: x[:, :2] @ r[:2] + (high - low) * r[2], axis))
            if clamped:
                fixed.append((lambda x: (np.abs(x[:, :2] - 0.5) > 0.4999).any(axis=1), lambda x, r=row: x @ r, axis))
        jumps = None if clamped else {axis: float(gradient[axis, axis]) for axis in (0, 1)}
        u = problem.deform(young, nu, fixed, period=None if clamped else 1.0, jumps=jumps)
        sigma = problem.stress(u, young, nu)
        return lambda i, j: problem.mean(sigma[i, j], film)

    def unit(*entries):
        gradient = np.zeros((3, 3))
        for i, j, value in entries:
            gradient[i, j] = value
        return gradient

    along, across, tilt = response(unit((0, 0, 1.0))), response(unit((2, 2, 1.0))), response(unit((0, 2, 1.0)))
    shear = response(unit((0, 1, 0.5), (1, 0, 0.5)), clamped=True)
    (l1, m1), (l2, m2) = lame(*LIF), lame(*ORGANIC)

    def mean(f):
        return 0.4 * f(l1, m1) + 0.6 * f(l2, m2)

    c33 = 1 / mean(lambda lam, mu: 1 / (lam + 2 * mu))
    share = mean(lambda lam, mu: lam / (lam + 2 * mu))
    exact = {
        "C11": (mean(lambda lam, mu: 4 * mu * (lam + mu) / (lam + 2 * mu)) + share**2 * c33, "51.988685", along(0, 0)),
        "C12": (mean(lambda lam, mu: 2 * lam * mu / (lam + 2 * mu)) + share**2 * c33, "11.389854", along(1, 1)),
        "C13": (share * c33, "2.652054", across(0, 0)),
        "C33": (c33, "6.296292", across(2, 2)),
        "C44": (1 / mean(lambda lam, mu: 1 / mu), "1.463926", tilt(0, 2)),
        "C66": (mean(lambda lam, mu: mu), "20.299415", shear(0, 1)),
    }
    return [Check(name, "GPa", agreed(value, listed), (found,), None) for name, (value, listed, found) in exact.items()]


def spring_law() -> list[Check]:
    """B26: two thin layers as springs in series, normal and tangential."""
    layers, moduli = (0.4, 0.6), (CORE, (2.0, 0.35))
    made = plane_meshes.strip([("a", layers[0], 2), ("b", layers[1], 2)], 1.0, 3, (1.0, 1), (1.0, 1), tilt=0.1)
    problem = SingleField(made)
    rigid = 1e10  # core and electrolyte hold the film between two plates
    young = {"a": moduli[0][0], "b": moduli[1][0], "core": rigid, "electrolyte": rigid}
    nu = {"a": moduli[0][1], "b": moduli[1][1], "core": 0.0, "electrolyte": 0.0}
    found = []
    for axis in (1, 0):
        fixed = [(on_plane(1, -1.0), 0.0, a) for a in range(2)] + [(on_plane(1, 2.0), float(a == axis), a) for a in range(2)]
        u = problem.deform(young, nu, fixed, period=1.0)
        found.append(problem.mean(problem.stress(u, young, nu)[1, axis], problem.region("a", "b")))
    constants = [lame(*pair) for pair in moduli]
    normal = 1 / sum(h / (lam + 2 * mu) for h, (lam, mu) in zip(layers, constants, strict=True))
    tangential = 1 / sum(h / mu for h, (_, mu) in zip(layers, constants, strict=True))
    return [Check("normal stiffness", "GPa per length", normal, (found[0],), None),
            Check("tangential stiffness", "GPa per length", tangential, (found[1],), None)]  # fmt: skip


def hole_in_tension() -> list[Check]:
    """B25: Kirsch's hole in plane strain under tension along x, three times the stress at its side."""
    _, mu = lame(*LIF)
    kappa = 3 - 4 * LIF[1]

    def displacement(x):
        """Exact, for unit tension and unit radius."""
        r, angle = np.hypot(x[:, 0], x[:, 1]), np.arctan2(x[:, 1], x[:, 0])
        radial = ((kappa - 1) * r / 2 + 1 / r + (r + (kappa + 1) / r - r**-3) * np.cos(2 * angle)) / (4 * mu)
        turning = -((r + (kappa - 1) / r + r**-3) * np.sin(2 * angle)) / (4 * mu)
        cos, sin = np.cos(angle), np.sin(angle)
        return np.column_stack([radial * cos - turning * sin, radial * sin + turning * cos])

    def measure(problem):
        young = {"core": 1e-9, "matrix": LIF[0], "electrolyte": LIF[0]}
        nu = {"core": 0.0, "matrix": LIF[1], "electrolyte": LIF[1]}
        fixed = symmetry(2) + [(radius_is(2.0, 2), lambda x, a=a: displacement(x)[:, a], a) for a in range(2)]
        u = problem.deform(young, nu, fixed)
        sigma = problem.stress(u, young, nu)
        return {"top": problem.at(sigma[0, 0], (0, 1), "matrix"), "side": problem.at(sigma[1, 1], (1, 0), "matrix")}

    found = refined(partial(round_body, 2, radii=(1.0, 1.5, 2.0), rows=(1, 2, 2), segments=2), measure)
    return [Check("stress at the top of the hole", "applied", 3.0, found["top"], 2.0),
            Check("stress at its side", "applied", -1.0, found["side"], 2.0)]  # fmt: skip


def eshelby_inclusion() -> list[Check]:
    """B25: a stiff cylinder in plane strain under shear at infinity has uniform strain (Eshelby)."""
    (_, mu1), (_, mu2) = lame(*LIF), lame(*ORGANIC)
    kappa = 3 - 4 * ORGANIC[1]
    # strain inside over that far away, with the deviatoric component of Eshelby's tensor
    beta = kappa / (kappa + 1)
    inside = 1 / (1 + beta * (mu1 / mu2 - 1))
    # outside (Muskhelishvili): u - e x = terms in a^2/r and a^4/r^3 with the moment of the misfit
    moment = (1 - mu1 / mu2) / (kappa * mu1 / mu2 + 1)

    def displacement(x):
        """Exact for pure shear: e11 = 1/2, e22 = -1/2 far away."""
        r, angle = np.hypot(x[:, 0], x[:, 1]), np.arctan2(x[:, 1], x[:, 0])
        radial = (r + moment * ((kappa + 1) / r - r**-3)) * np.cos(2 * angle) / 2
        turning = -(r + moment * ((kappa - 1) / r + r**-3)) * np.sin(2 * angle) / 2
        cos, sin = np.cos(angle), np.sin(angle)
        return np.column_stack([radial * cos - turning * sin, radial * sin + turning * cos])

    def measure(problem):
        young = {"core": LIF[0], "matrix": ORGANIC[0], "electrolyte": ORGANIC[0]}
        nu = {"core": LIF[1], "matrix": ORGANIC[1], "electrolyte": ORGANIC[1]}
        fixed = symmetry(2) + [(radius_is(2.0, 2), lambda x, a=a: displacement(x)[:, a], a) for a in range(2)]
        u = problem.deform(young, nu, fixed)
        strain = ufl.sym(ufl.grad(u))
        core = problem.region("core")
        mean = problem.mean(strain[0, 0], core)
        spread = problem.mean((strain[0, 0] - mean) ** 2, core)
        return {"strain": mean, "spread": math.sqrt(spread) / abs(mean)}

    found = refined(partial(round_body, 2, radii=(1.0, 1.5, 2.0), segments=2), measure)
    return [Check("strain inside", "", inside / 2, found["strain"], STRAIN, kind="integral"),
            Check("its scatter over the inclusion", "", 0.0, found["spread"], 2.0)]  # fmt: skip


def lithiated_sphere(steady: bool) -> list[Check]:
    """B16 and B17: stresses of the concentration in a free sphere, at given times of the transient, or at long times."""
    young, nu = 1.0, 0.22
    checks = []
    if steady:
        volume, current, radius, d = 9e-6, 0.2, 5e-6, 1e-15
        amplitude = current * radius / (2 * FARADAY * d)
        unit = 80e9 * volume / 3 * amplitude / 1e6  # MPa for each unit of E e*, with the strain volume c / 3
        profiles = {"steady": (lambda r: r**2 - 0.6, unit, unit * 0.4 / (1 - nu), -unit * 0.4 / (1 - nu))}
    else:
        values = {0.01: (0.205676, -0.691486), 0.05: (0.381959, -0.393060), 0.1: (0.318386, -0.229521),
                  0.2: (0.128382, -0.084504), 0.0574209: (0.385574, None)}  # fmt: skip
        # strain E e* = 3 (1 - nu) in the unit E Omega (c_R - c_0) / [3 (1 - nu)]
        profiles = {
            f"D t/R^2 = {t:g}": (partial(_charged, time=t), 1 - nu, centre, surface) for t, (centre, surface) in values.items()
        }
    for name, (profile, unit, centre, surface) in profiles.items():

        def measure(problem, profile=profile, unit=unit):
            young_, nu_ = (dict.fromkeys(("core", "matrix", "electrolyte"), value) for value in (young, nu))
            r = ufl.sqrt(ufl.dot(problem.x, problem.x) + 1e-30)
            star = unit * profile(r)
            u = problem.deform(young_, nu_, symmetry(3), star)
            sigma = problem.stress(u, young_, nu_, star)
            return {"centre": problem.at(ufl.tr(sigma) / 3, (0, 0, 0), "core"),
                    "surface": problem.at(sigma[1, 1], (1, 0, 0), "electrolyte")}  # fmt: skip

        found = refined(partial(round_body, 3, radii=(0.4, 0.7, 1.0), rows=(1, 1, 1), segments=1), measure)
        what = "MPa" if steady else ""
        reference = "closed form" if steady else "series"
        size = max(abs(v) for v in (centre, surface) if v is not None)
        name_at = f"stress at the centre, {name}"
        checks.append(Check(name_at, what, centre, found["centre"], 2.0, scale=size, reference=reference))
        if surface is not None:
            name_at = f"hoop stress at the surface, {name}"
            checks.append(Check(name_at, what, surface, found["surface"], 2.0, scale=size, reference=reference))
    return checks


def _charged(r, time: float):
    """Concentration in a sphere whose surface is kept at one, by its Fourier series (Crank, equation 6.18)."""
    total = 1.0
    for n in itertools.count(1):
        decay = math.exp(-((n * math.pi) ** 2) * time)
        if decay < 1e-14:
            return total
        total += 2 * (-1) ** n * decay / (n * math.pi) * ufl.sin(n * math.pi * r) / r


CASES = [
    Case("B16", "Stresses of a sphere charged at constant potential", "Cheng and Verbrugge, doi:10.1016/j.jpowsour.2009.01.021",
         partial(lithiated_sphere, False)),
    Case("B17", "Stresses of a sphere charged at constant current, long times",
         "Cheng and Verbrugge, doi:10.1016/j.jpowsour.2009.01.021", partial(lithiated_sphere, True)),
    Case("B23", "Coated spheres: bulk modulus at the bound", "Hashin, doi:10.1115/1.3636446", bulk_modulus_bounds),
    Case("B24", "Stiffness of a laminate", "Backus, doi:10.1029/JZ067i011p04427", laminate_stiffness),
    Case("B25", "Hole under tension", "Kirsch 1898", hole_in_tension),
    Case("B25-shear", "Stiff cylinder under shear", "Eshelby, doi:10.1098/rspa.1957.0133", eshelby_inclusion),
    Case("B26", "Thin layers as springs", "layers in series", spring_law),
]  # fmt: skip
