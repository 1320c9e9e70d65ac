"""Cases of the whole model: kinetics, lithium, stress and their coupling."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

from ..fem import MPI

# isort: split
from ..parameters import InterfaceLaw
from ..scales import FARADAY, GAS_CONSTANT
from . import plane_meshes, space_meshes
from .case import Case, Check, agreed
from .coupled import parameters, solved
from .manufactured import manufactured_errors
from .manufactured_round import round_errors

CONDUCTIVITY = {"a": 1e-7, "b": 1e-7}
TINY, LITHIUM_STRAIN = 1e-6, 1e-9
"""Current density in A/m2, as good as none, and the order of the strain of the lithium that it brings."""
BALANCE = 1e-9
"""Largest imbalance of charge or lithium: the tolerance of Newton's method, relative to the current."""


def film(dim: int, layers, core=(10.0, 4), electrolyte=(5.0, 2)):
    """Flat film, periodic along itself."""
    make = plane_meshes.strip if dim == 2 else space_meshes.block
    return make(layers, core=core, electrolyte=electrolyte)


def measured(mesh, values, multiples=(1.0,)) -> dict:
    """Quantities of the model on all ranks."""
    _, results = solved(mesh, values, multiples, MPI.COMM_WORLD)
    return results


def _drop(current: float, resistance: float, thermal_voltage: float) -> float:
    """Ohmic drop and overpotential of symmetric Butler-Volmer kinetics with i0 = 1 A/m2."""
    return current * resistance + 2 * thermal_voltage * math.asinh(current / 2)


def blocks_with_kinetics(dim: int) -> list[Check]:
    """B02: Butler-Volmer between two blocks."""
    checks, scale = [], 1e-9  # lengths are nm, so conductivities are scaled to keep the ohmic drops
    for current, listed in ((0.5, "0.11279511"), (1.0, "0.22488077")):
        agreed(_drop(current, 0.2, 8.3145 * 300 / 96485), listed)  # with the constants of the source
        law = InterfaceLaw(exchange_current_density=1.0, equilibrium_potential=0.1)
        values = parameters(
            {"a": 10 * scale, "electrolyte": 1.0}, "a", law,
            core_conductivity=10 * scale, temperature=300.0, reference_current_density=current,
        )  # fmt: skip
        results = measured(film(dim, [("a", 1.0, 2)], (1.0, 2), (1e-3, 1)), values)
        exact = _drop(current, 0.2, GAS_CONSTANT * 300 / FARADAY)
        checks.append(Check(f"potential drop at {current:g} A/m2", "V", exact, (results[1.0]["potential.drop"],), None))
    return checks


def two_layers(dim: int) -> list[Check]:
    """B03: two layers with kinetics over two decades of current; with B19, the balances of charge and lithium."""
    values = parameters(
        {"a": 1e-6, "b": 1e-7, "electrolyte": 1e3}, "b", InterfaceLaw(exchange_current_density=1.0), core_conductivity=1e6
    )
    results = measured(film(dim, [("a", 20.0, 2), ("b", 20.0, 2)]), values, (1.0, 10.0, 100.0))
    checks = []
    for multiple, listed in {1.0: "0.04912999", 10.0: "0.48528952", 100.0: "4.55406416"}.items():
        found, resistance = results[multiple], 20e-9 / 1e-6 + 20e-9 / 1e-7
        drop = agreed(_drop(0.2 * multiple, resistance, GAS_CONSTANT * values.temperature / FARADAY), listed)
        label = f"at {0.2 * multiple:g} A/m2"
        checks += [
            Check(f"potential drop {label}", "V", drop, (found["potential.drop"],), None),
            Check(f"imbalance of current {label}", "", 0.0, (found["current.imbalance"],), None, BALANCE, reference="balance"),
            Check(f"imbalance of lithium {label}", "", 0.0, (found["lithium.imbalance"],), None, BALANCE, reference="balance"),
        ]
    return checks


def round_shells() -> list[Check]:
    """Two concentric shells on a core: resistance of the inner surface r_i sum ln(r2/r1)/kappa, with Butler-Volmer kinetics."""
    values = parameters({"a": 1e-6, "b": 1e-7}, "b", InterfaceLaw())
    exact = 40e-9 * (math.log(50 / 40) / 1e-6 + math.log(65 / 50) / 1e-7)
    found, balance = [], []
    for n in (1, 2, 4):
        rows = [("a", 10.0, 2 * n), ("b", 15.0, 3 * n)]
        results = measured(plane_meshes.ring(rows, core=(40.0, 3 * n), segments=24 * n), values)
        found.append(results[1.0]["sei.area_resistance"])
        balance.append(results[1.0]["lithium.imbalance"])
    return [Check("area resistance of the film", "Ohm m2", exact, tuple(found), 4.0, kind="integral"),
            Check("imbalance of lithium", "", 0.0, (max(balance),), None, BALANCE, reference="balance")]  # fmt: skip


def larche_cahn(dim: int) -> list[Check]:
    """B14: a stretched core shifts the potential by Omega/F times its hydrostatic stress."""
    law = InterfaceLaw(law="film_resistance", resistance=1e-3, stress_feedback=True)
    checks = []
    for strain in (0.002, -0.004):
        plane = {"out_of_plane_strain": strain} if dim == 2 else {}
        values = parameters(
            CONDUCTIVITY, "a", law, modulus={"a": 1.0, "b": 1.0}, in_plane_strain=strain, reference_current_density=TINY,
            partial_molar_volume=9e-6, **plane,
        )  # fmt: skip
        found = measured(film(dim, [("a", 20.0, 2), ("b", 20.0, 2)]), values)[1.0]
        biaxial = 50.0 * strain / 0.75  # GPa
        # what the small current loses in the layers, the film and the electrolyte
        ohmic = TINY * (2 * 20e-9 / 1e-7 + 1e-3 + 5e-9)
        shift = 1e3 * (found["potential.cell"] + ohmic) / biaxial
        exact = agreed(2e12 * 9e-6 / (3 * FARADAY), "62.186")
        name = f"shift at a strain of {100 * strain:g} %"
        checks.append(Check(name, "mV per GPa, biaxial", exact, (shift,), None, LITHIUM_STRAIN / abs(strain)))
    return checks


def biaxial_film(dim: int) -> list[Check]:
    """B27: a film stretched by e in both directions carries E e/(1 - nu)."""
    plane = {"out_of_plane_strain": 0.01} if dim == 2 else {}
    values = parameters(
        CONDUCTIVITY, "a", modulus={"a": 118e9}, poisson={"a": 0.2}, core_swelling=0.01, in_plane_strain=0.01,
        reference_current_density=TINY, **plane,
    )  # fmt: skip
    found = measured(film(dim, [("a", 20.0, 2), ("b", 20.0, 2)]), values)[1.0]
    return [
        Check(f"first principal stress, {x}", "Pa", e * 0.01 / (1 - nu), (found[f"stress.first_principal.p999.{x}"],), None)
        for x, e, nu in (("a", 118e9, 0.2), ("b", 2.4e9, 0.35))
    ]


def manufactured(dim: int) -> list[Check]:
    """All fields at once, with a flux and a jump that vary along a tilted core|SEI interface."""
    law = InterfaceLaw(
        law="butler_volmer", exchange_current_density=0.5, stress_feedback=True, equilibrium_slope=1e-5, equilibrium_potential=0.2
    )
    make, levels = (plane_meshes.strip if dim == 2 else space_meshes.block), (0, 1, 2)
    found = [manufactured_errors(level, law, make) for level in levels]
    # the fields vary over a length of one, the coarsest cells are a half (in the plane) or one of it
    return _orders(found, ("core potential",), 4 - dim)


def manufactured_round(dim: int, law: InterfaceLaw, levels=(0, 1, 2)) -> list[Check]:
    """All fields at once across a circle or a sphere.

    The stress in the shift is a derivative, of second order on core|SEI. Where it acts, that is the order of the current through
    the interface, and so of all fields that follow it, however small their errors are on coarse meshes.
    """
    found = [round_errors(level, law, dim) for level in levels]
    second = tuple(found[0]) if law.stress_feedback else ()
    return _orders(found, second, 4 * 2 ** levels[0] / (dim - 1))


def _orders(found: list[dict], second: tuple[str, ...], cells: float) -> list[Check]:
    """Third order of all fields, second of gradients and of some numbers."""
    checks = []
    for name in found[0]:
        order = 2.0 if name.startswith("gradient") or name in second else 3.0
        values = tuple(errors[name] for errors in found)
        title = f"{name}, relative error (2-norm)"
        checks.append(Check(title, "", 0.0, values, order, cells=cells, reference="manufactured"))
    return checks


def sphere_of_three_layers() -> list[Check]:
    """B21 by the whole model: a particle in space, free outside."""
    values = parameters(
        CONDUCTIVITY, "a", modulus={"a": 118.3e9}, poisson={"a": 0.197}, core_swelling=0.05, reference_current_density=TINY
    )
    found = []
    for n in (1, 2):
        mesh = space_meshes.ball([("a", 1.0, n), ("b", 1.0, n)], core=(50.0, 3 * n), electrolyte=(2.0, 1), segments=3 * n)
        found.append(1e-9 * measured(mesh, values)[1.0]["stress.hydrostatic.mean.core"])
    return [Check("hydrostatic stress of the core", "GPa", -0.28194178, tuple(found), 3.0, kind="integral")]


KINETICS = InterfaceLaw(exchange_current_density=0.5, equilibrium_slope=1e-5, equilibrium_potential=0.2)
CASES = [
    Case("B02", "Butler-Volmer kinetics between two blocks", "inverse hyperbolic sine", partial(blocks_with_kinetics, 2)),
    Case("B03+B19", "Two layers with kinetics, and the balances", "drops in series", partial(two_layers, 2)),
    Case("B03-3D", "The same in space", "drops in series", partial(two_layers, 3)),
    Case("shells", "Two round shells with kinetics", "logarithmic resistances in series", round_shells),
    Case("B14", "Stress shifts the potential", "Larche and Cahn, doi:10.1016/0001-6160(73)90021-7", partial(larche_cahn, 2)),
    Case("B14-3D", "The same in space", "Larche and Cahn, doi:10.1016/0001-6160(73)90021-7", partial(larche_cahn, 3)),
    Case("B27", "Stretched film", "biaxial stress", partial(biaxial_film, 2)),
    Case("B27-3D", "The same in space", "biaxial stress", partial(biaxial_film, 3)),
    Case("B21-model", "Sphere of three layers by the whole model", "Lame, by a linear system", sphere_of_three_layers),
    Case("MMS-2D", "All fields, manufactured, in the plane", "sources from the strong form", partial(manufactured, 2)),
    Case("MMS-3D", "All fields, manufactured, in space", "sources from the strong form", partial(manufactured, 3)),
    Case("MMS-circle", "All fields, manufactured, across a circle with kinetics", "sources from the strong form",
         partial(manufactured_round, 2, KINETICS)),
    Case("MMS-circle-contact", "The same with perfect contact", "sources from the strong form",
         partial(manufactured_round, 2, InterfaceLaw(law="perfect_contact"))),
    Case("MMS-circle-shift", "The same with kinetics shifted by stress", "sources from the strong form",
         partial(manufactured_round, 2, replace(KINETICS, stress_feedback=True), (1, 2, 3))),
    Case("MMS-sphere", "All fields, manufactured, across a sphere with kinetics", "sources from the strong form",
         partial(manufactured_round, 3, KINETICS)),
]  # fmt: skip
