"""Cases of the impedance spectrum: chains of RC elements, round particles, a dilute composite, relaxation times."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh, null_space

from ..fem import MPI

# isort: split
from ..measure.impedance_network import VACUUM_PERMITTIVITY, ImpedanceNetwork
from ..measure.kramers_kronig import kramers_kronig_residual
from ..measure.relaxation_times import invert
from ..model import Model
from ..numerics.domains import Domains
from ..numerics.reduction import ReducedNetwork, reduce
from ..numerics.solver import NewtonSolver
from ..numerics.stepping import LoadPath
from ..parameters import InterfaceLaw, Parameters
from . import plane_meshes, space_meshes
from .case import Case, Check, agreed
from .conduction_cases import ENERGY
from .coupled import parameters, solved

OMEGA = 2 * np.pi * np.logspace(-2, 6, 81)
"""Angular frequencies of the spectra, rad/s."""
TIGHT = 1e-10
"""Error of the sweep, far below all others."""
SLOW_LAYER, FAST_LAYER = (1e-8, 9.0), (1e-6, 6.0)
"""Conductivity in S/m and relative permittivity of the benchmark B38."""
WET = {"electrolyte": (0.95, 10.0)}
LAYERS = {"a": SLOW_LAYER, "b": FAST_LAYER, **WET}
PERFECT = InterfaceLaw(law="perfect_contact")


def admittivity(name: str, materials: Mapping[str, tuple[float, float]], s) -> NDArray:
    """Conductivity plus s times permittivity."""
    kappa, epsilon = materials[name]
    return kappa + s * epsilon * VACUUM_PERMITTIVITY


def network(
    mesh, materials: Mapping[str, tuple[float, float]], matrix: str, law: InterfaceLaw, capacitance: float = 0.0,
    multiple: float | None = None, comm=None, omega=OMEGA, tight: float = TIGHT, **values,
) -> tuple[ReducedNetwork, float, dict]:  # fmt: skip
    """Reduced network of a mesh, ohm m2 for its unit of impedance, and its parts; about equilibrium or a current."""
    comm = MPI.COMM_WORLD if comm is None else comm
    given: Parameters = parameters({name: pair[0] for name, pair in materials.items()}, matrix, law, **values)
    model = Model(Domains(comm, mesh if comm.rank == 0 else None), given)
    if multiple is not None:
        solver = NewtonSolver(model.system)
        LoadPath(solver, model.set_current, None).go(multiple)
        solver.destroy()
    permittivity = {name: pair[1] for name, pair in materials.items()}
    found = ImpedanceNetwork(model, permittivity, capacitance, multiple is None, 1e-10, "auto")
    reduced = reduce(found, omega, tight)
    parts = found.split(reduced)
    found.destroy()
    model.system.destroy()
    return reduced, found.impedance_unit, parts


def two_relaxations(dim: int) -> list[Check]:
    """B38: two layers in series are two RC elements."""
    layers = [("a", 20.0, 2), ("b", 20.0, 2)]
    mesh = plane_meshes.strip(layers, tilt=0.15) if dim == 2 else space_meshes.block(layers, tilt=0.1)
    reduced, unit, _ = network(mesh, LAYERS, "b", PERFECT)
    times, resistances = reduced.relaxations()
    checks = []
    for place, layer, tau, size in ((-1, "slow", "7.968769", SLOW_LAYER), (-2, "fast", "0.05312513", FAST_LAYER)):
        exact = agreed(1e3 * VACUUM_PERMITTIVITY * size[1] / size[0], tau)
        checks.append(Check(f"relaxation time, {layer} layer", "ms", exact, (1e3 * float(times[place]),), None))
        resistance = 20e-9 / size[0]
        checks.append(Check(f"resistance, {layer} layer", "ohm m2", resistance, (float(resistances[place]) * unit,), None))
    return checks


def spectrum_error(reduced: ReducedNetwork, unit: float, exact: NDArray) -> float:
    """Largest relative error of a spectrum."""
    return float(np.abs(reduced.impedance(OMEGA) * unit / exact - 1).max())


def randles(dim: int) -> list[Check]:
    """Layers, charge transfer beside a double layer, electrolyte and a poorly conducting core in series, at all frequencies."""
    s, current, i0, capacitance, core = 1j * OMEGA, 2.0, 0.29, 0.2, 1e-5
    layers = [("a", 20.0, 2), ("b", 20.0, 2)]
    mesh = plane_meshes.strip(layers, tilt=0.15) if dim == 2 else space_meshes.block(layers, tilt=0.1)
    lengths = {"a": 20e-9, "b": 20e-9, "electrolyte": 5e-9}
    chain = sum(length / admittivity(name, LAYERS, s) for name, length in lengths.items()) + 10e-9 / core
    checks = []
    thermal = parameters({"a": 1.0}, "a").scales.voltage
    for name, multiple in (("at equilibrium", None), ("at a current of 7 times i0", 1.0)):
        law = InterfaceLaw(exchange_current_density=i0)
        found, unit, parts = network(
            mesh, LAYERS, "b", law, capacitance, multiple, core_conductivity=core, reference_current_density=current
        )
        slope = i0 / thermal * math.cosh(0.0 if multiple is None else math.asinh(current / 2 / i0))
        exact = chain + 1 / (slope + s * capacitance)
        checks.append(Check(f"spectrum {name}, largest relative error", "", 0.0, (spectrum_error(found, unit, exact),), None))
        rest = found.state(0.0)
        resistance = {part: float(rest @ k @ rest) * unit for part, (k, _) in parts.items()}
        for part, one in (("sei", 2.02), ("interface", 1 / slope), ("core", 10e-9 / core)):
            checks.append(Check(f"resistance of {part} {name}", "ohm m2", one, (resistance[part],), None))
    return checks


def round_particle(dim: int) -> list[Check]:
    """A round core with two layers: resistances and capacitances of shells in series, charge transfer, and the core itself."""
    radius, walls, capacitance, core = 10.0, (10.0, 15.0, 20.0, 25.0), 0.2, 1e-6
    law = InterfaceLaw(law="film_resistance", resistance=0.1)
    names = ("a", "b", "electrolyte")

    def shell(a: float, b: float) -> float:
        return radius * math.log(b / a) if dim == 2 else radius**2 * (1 / a - 1 / b)

    def exact(s):
        # electrons leave evenly over the core, whose volume mean is its potential
        shells = sum(shell(a, b) * 1e-9 / admittivity(n, LAYERS, s) for n, a, b in zip(names, walls[:-1], walls[1:], strict=True))
        return shells + 1 / (1 / law.resistance + s * capacitance) + radius * 1e-9 / (dim + 2) / core

    values = []
    for level in (1, 2, 4):
        layers = [("a", 5.0, level), ("b", 5.0, level)]
        if dim == 2:
            mesh = plane_meshes.ring(layers, (radius, 2 * level), (5.0, level), segments=3 * level, sector=math.pi / 2)
        else:
            mesh = space_meshes.ball(layers, (radius, 2 * level), (5.0, level), segments=level)
        values.append(network(mesh, LAYERS, "b", law, capacitance, core_conductivity=core)[:2])
    errors = tuple(spectrum_error(*one, exact(1j * OMEGA)) for one in values)
    direct = tuple(float(one.load @ one.state(0.0)) * unit for one, unit in values)
    return [
        Check("spectrum, largest relative error", "", 0.0, errors, ENERGY),
        Check("resistance at zero frequency", "ohm m2", exact(0.0), direct, ENERGY, kind="integral"),
    ]


def dilute_spheres() -> list[Check]:
    """B38: relaxation of a dilute composite of spheres, Maxwell, Wagner and Sillars."""
    materials = {"grain": SLOW_LAYER, "matrix": FAST_LAYER, **WET}
    (inside, e_inside), (outside, e_outside) = SLOW_LAYER, FAST_LAYER
    limit = agreed(1e6 * VACUUM_PERMITTIVITY * (e_inside + 2 * e_outside) / (inside + 2 * outside), "92.50644") / 1e6

    def relaxation(level: int, radius: float = 2.0) -> float:
        """Pole of the admittance, in microseconds: what a loss peak shows; the poles of the impedance are others."""
        shells = (level, 2 * level)
        mesh = space_meshes.film_with_sphere(radius, 10.0, level, shells, core=(1.0, 1), electrolyte=(1.0, 1))
        reduced, _, _ = network(mesh, materials, "matrix", PERFECT)
        # at a given potential: unknowns without it
        free = null_space(reduced.load[None, :])
        stiff, store = (free.T @ part @ free for part in (reduced.stiffness, reduced.storage))
        times, modes = eigh(store, stiff)
        keep = times > 0.1 * limit
        driven = np.array([
            mode @ free.T @ (reduced.stiffness - reduced.storage / tau) @ reduced.load
            for tau, mode in zip(times[keep], modes.T[keep], strict=True)
        ])  # fmt: skip
        return 1e6 * float(times[keep][np.argmax(driven**2 / times[keep])])

    def mixture(radius: float) -> float:
        f = 4 / 3 * math.pi * (radius / 10.0) ** 3
        above = e_inside + 2 * e_outside - f * (e_inside - e_outside)
        return 1e6 * VACUUM_PERMITTIVITY * above / (inside + 2 * outside - f * (inside - outside))

    found = tuple(relaxation(level) for level in (1, 2, 4))
    # the limit is missed by the first order in the fraction; neighbours in a cubic lattice matter with f^(10/3) only
    missed = abs(mixture(2.0) / (1e6 * limit) - 1)
    return [
        Check("relaxation time, Maxwell-Garnett", "us", mixture(2.0), found, ENERGY, cells=1, reference="limit"),
        Check("relaxation time, dilute limit", "us", 1e6 * limit, found[-1:], None, 1.1 * missed, reference="limit"),
    ]


def known_distributions() -> list[Check]:
    """B39: a single RC element, and a ZARC element whose distribution has a closed form."""
    s, tau, total, share, exponent = 1j * OMEGA, 3.1e-3, 1.0, 0.01, 0.8
    single = share + total / (1 + s * tau)
    zarc = share + total / (1 + (s * tau) ** exponent)
    point = invert(OMEGA, single)
    wide = invert(OMEGA, zarc)
    (peak,) = point.peaks()
    top = max(wide.peaks(), key=lambda one: one.resistance)
    step = point.step
    # gamma = (R/2pi) sin(q)/(cosh(a ln(tau/tau0)) - cos q), q = (1 - a) pi: half of its height where the cosh is 2 - cos q
    q = (1 - exponent) * math.pi
    width = 2 * math.acosh(2 - math.cos(q)) / exponent
    density = wide.density
    half = density.max() / 2
    above = np.flatnonzero(density > half)
    logs = np.log(wide.times)
    ends = [
        np.interp(half, density[[i, j]], logs[[i, j]]) for i, j in ((above[0] - 1, above[0]), (above[-1] + 1, above[-1]))
    ]
    height = total / (2 * math.pi) * math.sin(q) / (1 - math.cos(q))
    return [
        # a line between two points of the grid is spread over both: its time keeps within the square of the step
        Check(name, unit, value, (float(found),), None, allowed, reference="known input")
        for name, unit, value, found, allowed in (
            ("RC: time of the only peak", "ms", 1e3 * tau, 1e3 * peak.time, step**2 / 8),
            ("RC: area of the only peak", "", total, peak.resistance, step**2 / 8),
            ("RC: R at infinite frequency", "", share, point.ohmic, step**2 / 8),
            ("ZARC: area", "", total, wide.resistances.sum(), 1e-3),
            ("ZARC: time of the peak", "ms", 1e3 * tau, 1e3 * top.time, step**2 / 2),
            ("ZARC: width at half height", "", width, ends[1] - ends[0], step),
            ("ZARC: height", "", height, density.max(), step),
        )
    ]


def consistency() -> list[Check]:
    """Kramers and Kronig, passivity, and the limits of low and high frequency of a film with a grain."""
    materials = {"a": (1e-7, 6.0), "grain": (1e-9, 9.0), **WET}
    law, capacitance, extreme = InterfaceLaw(exchange_current_density=0.29), 0.2, 1e14
    mesh = space_meshes.film_with_sphere(3.0, 10.0, grain="grain")
    mesh.region_names[mesh.region_names.index("matrix")] = "a"
    reduced, _, _ = network(mesh, materials, "a", law, capacitance, core_conductivity=1e9)
    z = reduced.impedance(OMEGA)
    held = np.flatnonzero(z.real <= 0)
    distance = float(kramers_kronig_residual(OMEGA, z).max())
    # at high frequency displacement alone: permittivities in place of conductivities, the double layer in place of the kinetics
    bare = {name: (VACUUM_PERMITTIVITY * epsilon, epsilon) for name, (_, epsilon) in materials.items()}
    layer = InterfaceLaw(law="film_resistance", resistance=1 / capacitance)
    swapped, other, _ = network(mesh, bare, "a", layer, core_conductivity=1e9)
    elastance = float(swapped.load @ swapped.state(0.0)) * other
    # by a sweep of its own: what is stored is large there, and its rounding would limit that of the usual frequencies
    ladder = extreme * np.logspace(-8, 0, 17)
    last, same, _ = network(mesh, materials, "a", law, capacitance, omega=ladder, tight=1e-7, core_conductivity=1e9)
    high = -1 / (extreme * complex(last.impedance(np.array([extreme]))[0]).imag * same)
    # at zero frequency the whole model, stresses and lithium included, with a law that is linear
    linear = InterfaceLaw(law="film_resistance", resistance=0.05)
    conductivity = {name: pair[0] for name, pair in materials.items()}
    values = parameters(conductivity, "a", linear, core_conductivity=1e9)
    _, found = solved(mesh, values)
    slow, scale, _ = network(mesh, materials, "a", linear, capacitance, core_conductivity=1e9)
    low = float(slow.load @ slow.state(0.0)) * scale
    stationary = found[1.0]["potential.drop"] / values.reference_current_density
    return [
        Check("resistance at zero frequency, of the stationary model", "ohm m2", stationary, (low,), None, 1e-8,
              reference="other method"),
        Check("distance from a spectrum that obeys Kramers and Kronig", "", 0.0, (distance,), None, 1e-5, reference="relation"),
        Check("frequencies with a resistance that is not positive", "", 0.0, (float(len(held)),), None, reference="bound"),
        # conduction of the electrolyte is left with one over the square of its relaxation time, 9e-11 s, times the frequency
        Check("capacitance at high frequency", "F/m2", 1 / elastance, (high,), None, 1e-6, reference="other method"),
    ]


CASES = [
    Case("B38", "Two layers in series: two RC elements, in the plane", "resistances and capacitances in series",
         partial(two_relaxations, 2)),
    Case("B38-3D", "Two layers in series: two RC elements, in space", "resistances and capacitances in series",
         partial(two_relaxations, 3)),
    Case("B38-spheres", "Relaxation of a dilute composite of spheres", "Maxwell, Wagner and Sillars",
         dilute_spheres),
    Case("B39", "Distribution of relaxation times of an RC and of a ZARC element", "Cole and Cole, doi:10.1063/1.1750906",
         known_distributions),
    Case("randles", "Layers, charge transfer with a double layer, electrolyte and core, in the plane", "elements in series",
         partial(randles, 2)),
    Case("randles-3D", "Layers, charge transfer with a double layer, electrolyte and core, in space", "elements in series",
         partial(randles, 3)),
    Case("EIS-circle", "Spectrum of a round particle in the plane", "shells in series", partial(round_particle, 2)),
    Case("EIS-sphere", "Spectrum of a round particle in space", "shells in series", partial(round_particle, 3)),
    Case("EIS-limits", "Kramers-Kronig, passivity, zero and high frequency of a film with a grain",
         "Boukamp, doi:10.1149/1.2044210", consistency),
]  # fmt: skip
