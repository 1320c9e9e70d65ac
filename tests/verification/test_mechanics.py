"""Swelling, stretching and coupling of stress and potential against closed forms."""

import numpy as np
import pytest

from seix.parameters import InterfaceLaw
from seix.scales import FARADAY
from support import parameters, ring, solved, strip

FILM = [("a", 20.0, 2), ("b", 20.0, 2)]
CONDUCTIVITY = {"a": 1e-7, "b": 1e-7}
SOFT = {"a": 1.0, "b": 1.0}  # Pa: no constraint on the core
TINY = 1e-6  # A/m2: lithium strain of 1e-9


def test_no_load_no_stress():
    """Without swelling, stretch and current there is no stress."""
    values = parameters(CONDUCTIVITY, "a", reference_current_density=TINY)
    _, results = solved(strip(FILM), values)
    for name, value in results[1.0].items():
        if name.startswith("stress"):
            assert abs(value) < 100, name  # Pa, against GPa of stiffness


def test_free_swelling_is_free_of_stress():
    """A core that may swell in all directions has no stress, whatever its strain."""
    values = parameters(
        CONDUCTIVITY, "a", modulus=SOFT, core_swelling=0.05, out_of_plane_strain=0.05, reference_current_density=TINY
    )
    for mesh in (strip(FILM), ring(FILM, segments=16)):
        _, results = solved(mesh, values)
        assert abs(results[1.0]["stress.von_mises.p999.core"]) < 200  # Pa; E e* would be 2.5e9
    _, results = solved(strip(FILM), values)
    assert results[1.0]["strain.in_plane"] == pytest.approx(0.05, rel=1e-6)


def test_biaxial_film():
    """B27: a film stretched by e in both directions carries E e/(1-nu) and no normal stress."""
    values = parameters(
        CONDUCTIVITY,
        "a",
        modulus={"a": 118e9},
        poisson={"a": 0.2},
        core_swelling=0.01,
        out_of_plane_strain=0.01,
        in_plane_strain=0.01,
        reference_current_density=TINY,
    )
    _, results = solved(strip(FILM), values)
    for phase, e, nu in (("a", 118e9, 0.2), ("b", 2.4e9, 0.35)):
        assert results[1.0][f"stress.first_principal.p999.{phase}"] == pytest.approx(e * 0.01 / (1 - nu), rel=1e-8)
        assert results[1.0][f"stress.hydrostatic.mean.{phase}"] == pytest.approx(2 / 3 * e * 0.01 / (1 - nu), rel=1e-8)
    energy = 20e-9 * 6e-9 * 0.01**2 * (118e9 / 0.8 + 2.4e9 / 0.65)
    assert results[1.0]["strain_energy.sei"] == pytest.approx(energy, rel=1e-8)
    assert abs(results[1.0]["stress.interface_normal.p999"]) < 1e3


@pytest.mark.parametrize("strain", [0.002, -0.004])
def test_larche_cahn_shift(strain):
    """B14: hydrostatic stress sigma_h of the core moves the potential by Omega/F = 93.278 mV/GPa for Omega = 9e-6 m3/mol."""
    law = InterfaceLaw(law="film_resistance", resistance=1e-3, stress_feedback=True)
    values = parameters(
        CONDUCTIVITY,
        "a",
        law,
        modulus=SOFT,
        in_plane_strain=strain,
        out_of_plane_strain=strain,
        reference_current_density=1e-6,
        partial_molar_volume=9e-6,
    )
    _, results = solved(strip(FILM), values)
    biaxial = 50e9 * strain / (1 - 0.25)
    assert results[1.0]["stress.hydrostatic.mean.core"] == pytest.approx(2 / 3 * biaxial, rel=1e-5)
    shift = results[1.0]["potential.cell"]  # equilibrium potential 0, no current to speak of
    assert shift == pytest.approx(9e-6 / FARADAY * 2 / 3 * biaxial, rel=1e-4)
    assert shift / (biaxial / 1e9) * 1e3 == pytest.approx(62.186, rel=1e-4)  # mV per GPa of biaxial stress


def layered_cylinder(radii, moduli, poissons, swelling, axial):
    """Stresses of concentric cylinders in generalised plane strain, free outside: u = A r + B/r in each.

    Returns a function r -> (radial, hoop, axial stress), by a linear system for A and B (Lame).
    """
    n = len(radii)
    matrix, right = np.zeros((2 * n, 2 * n)), np.zeros(2 * n)
    lame = [(e * v / (1 + v) / (1 - 2 * v), e / 2 / (1 + v)) for e, v in zip(moduli, poissons, strict=True)]

    def radial(i, r):
        lam, mu = lame[i]
        row = np.zeros(2 * n)
        row[2 * i], row[2 * i + 1] = 2 * (lam + mu), -2 * mu / r**2
        return row, lam * axial - (3 * lam + 2 * mu) * swelling[i]

    matrix[0, 1] = 1  # regular at the centre
    for i in range(n - 1):
        r = radii[i]
        matrix[1 + 2 * i, [2 * i, 2 * i + 1, 2 * i + 2, 2 * i + 3]] = [r, 1 / r, -r, -1 / r]
        (a, ca), (b, cb) = radial(i, r), radial(i + 1, r)
        matrix[2 + 2 * i], right[2 + 2 * i] = a - b, cb - ca
    matrix[-1], offset = radial(n - 1, radii[-1])
    right[-1] = -offset
    solution = np.linalg.solve(matrix, right)

    def stress(i, r):
        lam, mu = lame[i]
        a, b = solution[2 * i : 2 * i + 2]
        rr, tt, zz = a - b / r**2, a + b / r**2, axial
        trace = lam * (rr + tt + zz - 3 * swelling[i])
        return tuple(trace + 2 * mu * (e - swelling[i]) for e in (rr, tt, zz))

    return stress


@pytest.mark.parametrize("sector", [None, np.pi / 3, 2.0])
def test_three_layer_cylinder(sector):
    """B21 in plane strain: swollen core 50 GPa, stiff inner shell 118.3 GPa, soft outer shell 2.4 GPa."""
    stress = layered_cylinder([50.0, 51.0, 52.0], [50e9, 118.3e9, 2.4e9], [0.25, 0.197, 0.35], [0.05, 0, 0], 0.01)
    values = parameters(
        CONDUCTIVITY,
        "a",
        modulus={"a": 118.3e9},
        poisson={"a": 0.197},
        core_swelling=0.05,
        out_of_plane_strain=0.01,
        reference_current_density=TINY,
    )
    mesh = ring([("a", 1.0, 2), ("b", 1.0, 2)], core=(50.0, 6), segments=48 if sector is None else 16, sector=sector)
    _, results = solved(mesh, values)
    r = results[1.0]
    # first principal stress: hoop stress, largest at the inner surface of each shell; it varies by 1 % across a shell
    assert r["stress.first_principal.p999.a"] == pytest.approx(stress(1, 50.0)[1], rel=3e-3)
    assert r["stress.first_principal.p999.b"] == pytest.approx(max(stress(2, 51.0)), rel=3e-3)
    assert r["stress.hydrostatic.mean.core"] == pytest.approx(np.mean(stress(0, 1.0)), rel=1e-4)
    assert r["stress.interface_normal.p999"] == pytest.approx(stress(0, 50.0)[0], rel=2e-3)


def test_inclusion_in_wide_matrix():
    """B20 in plane strain: swollen core in a matrix that is 40 times as wide; plain strain everywhere."""
    stress = layered_cylinder([1.0, 40.0], [50e9, 2.4e9], [0.25, 0.35], [0.01, 0], 0.0)
    values = parameters(CONDUCTIVITY, "a", core_swelling=0.01, reference_current_density=TINY)
    _, results = solved(ring([("a", 1.0, 6), ("a", 4.0, 8), ("a", 34.0, 20)], core=(1.0, 4), segments=32), values)
    assert results[1.0]["stress.hydrostatic.mean.core"] == pytest.approx(np.mean(stress(0, 0.5)), rel=1e-4)


def test_diffusion_induced_stress_in_a_cylinder():
    """B17 for a cylinder: c' = i R/(2 F D) (x^2 - 1/2) and its stresses in plane strain, second order or better."""
    radius, i, d, omega, e, nu = 50e-9, 0.2, 1e-15, 9e-6, 80e9, 0.22
    amplitude = i * radius / (2 * FARADAY * d)
    # sigma_rr = E Omega/(3 (1-nu)) [(1/R^2) int_0^R c r dr - (1/r^2) int_0^r c r dr], sigma_rr + sigma_tt = -E Omega c/(3 (1-nu))
    # (the mean of c is zero), sigma_zz = nu (sigma_rr + sigma_tt) - E Omega c/3
    share = (np.arange(200000) + 0.5) / 200000  # of the area inside r
    unit = e * omega * amplitude / (3 * (1 - nu))
    rr, total = unit * (1 - share) / 4, -unit * (share - 0.5)
    tt, zz = total - rr, nu * total - (1 - nu) * unit * (share - 0.5)
    mises = np.sqrt(((rr - tt) ** 2 + (tt - zz) ** 2 + (zz - rr) ** 2) / 2)
    exact = {"first_principal": np.quantile(np.maximum(np.maximum(rr, tt), zz), 0.999), "von_mises": np.quantile(mises, 0.999)}
    values = parameters(
        CONDUCTIVITY,
        "a",
        modulus={"core": e, **SOFT},
        poisson={"core": nu},
        partial_molar_volume=omega,
        diffusivity=d,
        reference_current_density=i,
        mean_concentration=1e5,
    )
    errors = []
    for n in (1, 2):
        _, results = solved(ring([("a", 5.0, n)], core=(50.0, 8 * n), segments=24 * n), values)
        assert results[1.0]["lithium.concentration.max"] == pytest.approx(1e5 + amplitude / 2, rel=1e-6)
        assert results[1.0]["lithium.concentration.min"] == pytest.approx(1e5 - amplitude / 2, rel=1e-6)
        errors.append([abs(results[1.0][f"stress.{name}.p999.core"] / value - 1) for name, value in exact.items()])
    # the stress is linear in a cell where the exact one is quadratic, and the largest von Mises stress sits on the surface,
    # 9 % of a cell beyond the last quadrature point: it falls by 3 times that depth, relative to the radius
    assert errors[1][0] < 1e-3
    assert errors[1][1] < 3 * 0.09 / 16
    assert errors[1][1] < 0.6 * errors[0][1]
