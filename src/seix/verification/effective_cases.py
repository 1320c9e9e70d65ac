"""Cases of effective properties: laminates, arrays of cylinders and spheres, checkerboard, grain boundaries, exact relations."""

from __future__ import annotations

import math

import numpy as np

from ..fem import MPI
from ..measure.bounds import stiffness_bounds
from ..measure.cell import Cell
from ..measure.homogenise import Transport, stiffness
from ..measure.moduli import hill, isotropic
from ..numerics.domains import Domains
from ..physics.elasticity import lame
from . import cell_meshes, plane_meshes, space_meshes
from .case import Case, Check, agreed
from .inclusion_cases import LIF, ORGANIC
from .lattice import HEXAGONAL, SQUARE, array_conductivity

ENERGY = 4.0
"""Order of an effective property: twice that of the gradient of quadratic elements."""
CELLS = (2, 4, 8)
"""Cells along a radius."""
FIBRES, FILM = ("matrix", "fibre", "coat"), None


def cell_of(made, regions=FILM, periods=None, size=None) -> Cell:
    """Cell of some regions, by name; of the SEI without."""
    comm = MPI.COMM_WORLD
    domains = Domains(comm, made if comm.rank == 0 else None)
    numbers = regions and [domains.region_names.index(name) for name in regions]
    return Cell(domains, numbers, periods, size)


def fibres(lattice: str, fraction: float, rings: int, coat: int = 0) -> Cell:
    """Cell of an array of cylinders."""
    return cell_of(cell_meshes.cylinders(lattice, fraction, rings, coat), FIBRES, cell_meshes.periods(lattice, 2))


def conducted(cell: Cell, bulk: dict[str, float], surface: float = 0.0, faces: str = "affine") -> np.ndarray:
    """Effective conductivity along the three directions of a film; the surface conducts in units of the mesh."""
    problem = Transport(cell, surface > 0, faces)
    found = np.diag(problem.solve(bulk, surface * 1e-9).tensor)
    problem.destroy()
    return found


def elastic(cell: Cell, moduli: dict[str, tuple[float, float]], faces: str = "affine") -> np.ndarray:
    """Effective stiffness from Young's moduli and Poisson's ratios."""
    young, poisson = ({name: pair[k] for name, pair in moduli.items()} for k in (0, 1))
    return stiffness(cell, young, poisson, faces).tensor


def laminates() -> list[Check]:
    """B01 and B24 as films, with both conditions on the faces, on irregular meshes of the plane and of space."""
    kappa, moduli = {"a": 0.01, "b": 1.0}, {"a": LIF, "b": ORGANIC}
    listed = {
        (0, 0): ("C11", "51.988685"), (1, 1): ("C22", "51.988685"), (0, 1): ("C12", "11.389854"), (0, 2): ("C13", "2.652054"),
        (2, 2): ("C33", "6.296292"), (3, 3): ("C44", "1.463926"), (4, 4): ("C55", "1.463926"), (5, 5): ("C66", "20.299415"),
    }  # fmt: skip
    exact = stiffness_bounds(
        [(0.4, {"a": 1.0}), (0.6, {"b": 1.0})], {"a": LIF[0], "b": ORGANIC[0]}, {"a": LIF[1], "b": ORGANIC[1]}, 3
    )["hs_upper"]
    checks = []
    for dim in (2, 3):
        layers = [("a", 0.4, 2), ("b", 0.6, 2)]
        if dim == 2:
            made = plane_meshes.strip(layers, 1.0, 3, (0.5, 1), (0.5, 1), tilt=0.15)
        else:
            made = space_meshes.block(layers, 1.0, 2, (0.5, 1), (0.5, 1), tilt=0.1)
        cell = cell_of(made)
        for faces in ("affine", "uniform"):
            where = f"{dim}D, {faces} faces"
            found = conducted(cell, kappa, faces=faces)
            checks += [
                Check(f"conductivity along, {where}", "", agreed(0.604, "0.604"), (found[0],), None),
                Check(f"conductivity through, {where}", "", agreed(1 / 40.6, "0.0246305419"), (found[2],), None),
            ]
            tensor = elastic(cell, moduli, faces)
            for place, (name, digits) in listed.items():
                checks.append(Check(f"{name}, {where}", "GPa", agreed(exact[place], digits), (tensor[place],), None))
    return checks


def arrays() -> list[Check]:
    """B11: arrays of cylinders, against Rayleigh's method with all multipoles."""
    checks = []
    for lattice in (SQUARE, HEXAGONAL):
        for ratio, fraction in ((10.0, 0.5), (1e-3, 0.5), (1e3, 0.3)):
            found = tuple(conducted(fibres(lattice, fraction, n), {"matrix": 1.0, "fibre": ratio})[2] for n in CELLS)
            name = f"{lattice}, r = {ratio:g}, f = {fraction:g}"
            exact = array_conductivity(lattice, fraction, ratio)
            checks.append(Check(name, "", exact, found, ENERGY, kind="integral", reference="series"))
    return checks


def conducting_surfaces() -> list[Check]:
    """B06 and B09: square array of cylinders whose surfaces conduct; a neutral cylinder; the same material everywhere."""
    checks, inside, fraction = [], 0.01, 0.3
    radius = math.sqrt(fraction / math.pi)
    for share, listed in ((0.1, "0.612200"), (1.0, "1.002990"), (10.0, "1.650776")):
        bulk = {"matrix": 1.0, "fibre": inside}
        found = tuple(conducted(fibres(SQUARE, fraction, n), bulk, share * radius)[2] for n in CELLS)
        exact = array_conductivity(SQUARE, fraction, inside, share)
        name = f"surface over radius {share:g}"
        checks.append(Check(name, "", exact, found, ENERGY, kind="integral", reference="series"))
        # Maxwell's value leaves out the octupole, the first multipole that neighbours in a square induce
        dipole, octupole = ((1 + inside + n * share) / (1 - inside - n * share) for n in (1, 3))
        maxwell = 1 - 2 * fraction / (dipole + fraction)
        left = 2 * fraction * 0.305827 * fraction**4 / abs(octupole) / (dipole + fraction) ** 2
        name = f"Maxwell's value against the series, {name}"
        checks.append(Check(name, "", agreed(maxwell, listed), (exact,), None, 1.1 * left / maxwell, reference="limit"))
    neutral = tuple(conducted(fibres(SQUARE, fraction, n), {"matrix": 1.0, "fibre": 0.4}, 0.6 * radius)[2] for n in CELLS)
    checks.append(Check("neutral cylinder", "", 1.0, neutral, ENERGY, kind="integral"))
    same = conducted(fibres(SQUARE, fraction, 2), {"matrix": 1.0, "fibre": 1.0})
    return [*checks, *(Check(f"r = 1, direction {k + 1}", "", 1.0, (value,), None) for k, value in enumerate(same))]


def spheres() -> list[Check]:
    """Simple cubic array of spheres, with and without conducting surface, to the term of the eleventh order in the radius."""
    fraction, checks = 0.1, []
    radius = (3 * fraction / (4 * math.pi)) ** (1 / 3)
    for ratio, surface in ((10.0, 0.0), (0.01, 1.0)):

        def inverse(n, ratio=ratio, surface=surface):
            inside = ratio + (n + 1) * surface
            return (inside + (n + 1) / n) / (1 - inside)

        # Zuzovsky and Brenner 1977, Sangani and Acrivos 1983
        octupole = 1.305 * fraction ** (10 / 3) * (1 + 0.231 / inverse(5) * fraction ** (11 / 3))
        denominator = inverse(1) + fraction - octupole / (inverse(3) + 0.405 * fraction ** (7 / 3))
        exact = 1 - 3 * fraction / (denominator - 0.0723 * fraction ** (14 / 3) / inverse(5))
        found = []
        for n in (1, 2, 4):
            made = space_meshes.film_with_sphere(radius, 1.0, n, (n, n))
            cell = cell_of(made, FILM, (1.0, 1.0, 1.0))
            found.append(conducted(cell, {"matrix": 1.0, "grain": ratio}, surface * radius)[2])
        name = f"r = {ratio:g}, surface over radius {surface:g}"
        checks.append(Check(name, "", exact, tuple(found), ENERGY, cells=1, kind="integral", reference="series"))
    return checks


def coated() -> list[Check]:
    """B10 in the plane: coated cylinders in a matrix that does not notice them, in any array."""
    core, coat, rings = 10.0, 0.1, 4
    share = ((rings - 1) / rings) ** 2
    outer = coat * (core * (1 + share) + coat * (1 - share)) / (core * (1 - share) + coat * (1 + share))
    checks = []
    for lattice in (SQUARE, HEXAGONAL):
        found = tuple(
            conducted(fibres(lattice, 0.4, rings * k, k), {"matrix": outer, "fibre": core, "coat": coat})[2] for k in (1, 2, 4)
        )
        checks.append(Check(f"neutral coated cylinders, {lattice}", "", outer, found, ENERGY, cells=4, kind="integral"))
    return checks


def checkerboard() -> list[Check]:
    """B12: periodic checkerboard, sqrt(s1 s2); the corner makes a field r^(lambda-1) with tan(pi lambda/4) = sqrt(s1/s2)."""
    low, high = 0.1, 1.0
    found = tuple(
        conducted(cell_of(cell_meshes.checkerboard(n), FILM, (1.0, 1.0), 1.0), {"a": low, "b": high})[2] for n in (4, 8, 16)
    )
    exponent = 4 / math.pi * math.atan(math.sqrt(low / high))
    return [Check("conductivity", "", math.sqrt(low * high), found, 2 * exponent, cells=8, kind="integral", corners=True)]


def grain_boundaries() -> list[Check]:
    """B13: grains of half a period; each family of parallel boundaries adds its conductance over the distance (Hart)."""
    bulk, surface, size = 2.0, 0.3, 0.5
    checks = []
    for dim, families in ((2, (1, 2, 1)), (3, (2, 2, 2))):
        cell = cell_of(cell_meshes.cubes(dim), FILM, (1.0,) * dim, 1.0)
        found = conducted(cell, {"a": bulk}, surface)
        for k, count in enumerate(families):
            checks.append(Check(f"direction {k + 1}, {dim}D", "", bulk + count * surface / size, (found[k],), None))
    return checks


def fibre_stiffness() -> list[Check]:
    """Hexagonal array of cylinders: isotropy across, axial shear as conduction, and Hill's relations between the others."""
    moduli, fraction = {"matrix": ORGANIC, "fibre": LIF}, 0.5
    (l1, m1), (l2, m2) = lame(*LIF), lame(*ORGANIC)
    tensors = [elastic(fibres(HEXAGONAL, fraction, n), moduli) for n in CELLS]
    achieved = fibres(HEXAGONAL, fraction, CELLS[-1]).fractions()["fibre"]
    shear = m2 * array_conductivity(HEXAGONAL, fraction, m1 / m2)
    last = tensors[-1]
    k, slope = (last[0, 0] + last[0, 2]) / 2, (l1 - l2) / (l1 + m1 - l2 - m2)
    cross = l1 + slope * (k - l1 - m1)
    axial = achieved * (l1 + 2 * m1) + (1 - achieved) * (l2 + 2 * m2)
    axial += slope * (last[0, 1] - achieved * l1 - (1 - achieved) * l2)
    size = last[0, 0]
    equal = tuple(abs(c[0, 0] - c[2, 2]) / size for c in tensors)
    turned = tuple(abs(c[0, 0] - c[0, 2] - 2 * c[4, 4]) / size for c in tensors)
    return [
        Check("axial shear C44", "GPa", shear, tuple(c[3, 3] for c in tensors), ENERGY, kind="integral", reference="series"),
        Check("axial shear C66", "GPa", shear, tuple(c[5, 5] for c in tensors), ENERGY, kind="integral", reference="series"),
        Check("C11 - C33 over C11", "", 0.0, equal, ENERGY, reference="relation"),
        Check("C11 - C13 - 2 C55 over C11", "", 0.0, turned, ENERGY, reference="relation"),
        Check("C12 from C11 + C13 (Hill 1964)", "GPa", cross, (last[0, 1],), None, reference="relation"),
        Check("C22 from C12 (Hill 1964)", "GPa", axial, (last[1, 1],), None, reference="relation"),
    ]


def equal_shear() -> list[Check]:
    """Phases of equal shear modulus: isotropic with the same bulk modulus whatever the arrangement (Hill 1963)."""
    shear, bulk, fraction = 1.5, {"matrix": 1.0, "fibre": 20.0}, 0.5
    moduli = {name: (9 * k * shear / (3 * k + shear), (3 * k - 2 * shear) / (6 * k + 2 * shear)) for name, k in bulk.items()}
    raised = 4 * shear / 3
    exact = isotropic(1 / ((1 - fraction) / (bulk["matrix"] + raised) + fraction / (bulk["fibre"] + raised)) - raised, shear)
    checks = []
    for lattice in (SQUARE, HEXAGONAL):
        tensors = [elastic(fibres(lattice, fraction, n), moduli) for n in CELLS]
        for name, place in (("C11", (0, 0)), ("C22", (1, 1)), ("C13", (0, 2)), ("C55", (4, 4))):
            found = tuple(c[place] for c in tensors)
            checks.append(Check(f"{name}, {lattice}", "GPa", exact[place], found, ENERGY, kind="integral"))
    return checks


def stiff_spheres() -> list[Check]:
    """B23: cubic array of stiff spheres: distance of its moduli from the interval of Hashin and Shtrikman."""
    checks = []
    for fraction in (0.1, 0.3):
        made = space_meshes.film_with_sphere((3 * fraction / (4 * math.pi)) ** (1 / 3), 1.0, 2, (2, 2))
        cell = cell_of(made, FILM, (1.0, 1.0, 1.0))
        tensor = elastic(cell, {"matrix": ORGANIC, "grain": LIF})
        young, poisson = ({"matrix": ORGANIC[k], "grain": LIF[k]} for k in (0, 1))
        bounds = stiffness_bounds([(1.0, cell.fractions())], young, poisson, 3)
        low, value, high = (hill(c) for c in (bounds["hs_lower"], tensor, bounds["hs_upper"]))
        for k, name in enumerate(("bulk", "shear")):
            outside = max(low[k] - value[k], value[k] - high[k], 0.0)
            name = f"{name} modulus outside, f = {fraction:g}"
            checks.append(Check(name, "GPa", 0.0, (outside,), None, reference="bound"))
    return checks


CASES = [
    Case("B01+B24-cell", "Laminates as films: tensors of conductivity and stiffness",
         "layers in series and in parallel; Backus, doi:10.1029/JZ067i011p04427", laminates),
    Case("B11-cell", "Periodic arrays of cylinders", "Perrins, McKenzie and McPhedran, doi:10.1098/rspa.1979.0160", arrays),
    Case("B06+B09-cell", "Array of cylinders with conducting surface", "Rayleigh 1892, with the surface in each multipole",
         conducting_surfaces),
    Case("spheres-cell", "Cubic array of spheres with conducting surface",
         "Sangani and Acrivos, Proc. R. Soc. A 386 (1983) 263, with the surface in each multipole", spheres),
    Case("B10-cell", "Coated cylinders that the matrix does not notice", "Hashin 1962, in the plane", coated),
    Case("B12-cell", "Periodic checkerboard", "Dykhne 1970; Keller, J. Math. Phys. 5 (1964) 548", checkerboard),
    Case("B13-cell", "Polycrystal of squares and cubes", "Hart, doi:10.1016/0001-6160(57)90127-X", grain_boundaries),
    Case("fibres-cell", "Stiffness of a hexagonal array of cylinders", "Hill, J. Mech. Phys. Solids 12 (1964) 199",
         fibre_stiffness),
    Case("Hill-cell", "Phases of equal shear modulus", "Hill, doi:10.1016/0022-5096(63)90036-X", equal_shear),
    Case("B23-cell", "Cubic array of stiff spheres: moduli within bounds",
         "Hashin and Shtrikman, doi:10.1016/0022-5096(63)90060-7", stiff_spheres),
]  # fmt: skip
