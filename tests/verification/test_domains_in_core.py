"""Domains resolved in the core, against closed forms of concentric cylinders and against a uniform core."""

import numpy as np
import pytest
from test_mechanics import CONDUCTIVITY, SOFT, TINY, layered_cylinder

from seix.parameters import CoreDomain, InterfaceLaw
from seix.scales import FARADAY
from support import parameters, ring, solved, strip

CARBON = {"diffusivity": 4e-15, "partial_molar_volume": 3e-6, "maximum_concentration": 3e4, "core_conductivity": 1e3}
SILICON = CoreDomain(1e2, 1e-15, 9e-6, 3e5, 0.02)
SAME = CoreDomain(1e3, 4e-15, 3e-6, 3e4, 0.005)


def with_domain(mesh, inside):
    """The mesh with the cells of its core that ``inside`` marks as one domain."""
    marked = (mesh.region == 0) & inside(mesh.points[mesh.cells[:, :3]].mean(axis=1))
    mesh.region_names.append("silicon")
    mesh.core_regions.append("silicon")
    mesh.region = np.where(marked, len(mesh.region_names) - 1, mesh.region)
    mesh.grain = np.where(marked, 0, mesh.grain)
    return mesh


def disc(radius, cells=10, core=50.0, **options):
    """Particle with a round domain in its middle."""
    mesh = ring([("a", 5.0, 2)], core=(core, cells), **options)
    return with_domain(mesh, lambda x: np.hypot(*x.T) < radius)


def values(domain, modulus, poisson, **others):
    """Parameters with one kind of domain."""
    return parameters(CONDUCTIVITY, "a", modulus=modulus, poisson=poisson, core_domains={"silicon": domain}, **others)


@pytest.mark.parametrize("sector", [None, np.pi / 3])
def test_swollen_domain(sector):
    """Lame: domain of 80 GPa swollen by 2 % in carbon of 15 GPa swollen by 0.2 %; uniform stress inside."""
    stress = layered_cylinder([20.0, 50.0], [80e9, 15e9], [0.22, 0.3], [0.02, 0.002], 0.0)
    modulus, poisson = {"core": 15e9, "silicon": 80e9, **SOFT}, {"core": 0.3, "silicon": 0.22}
    given = values(SILICON, modulus, poisson, core_swelling=0.002, reference_current_density=TINY, **CARBON)
    _, results = solved(disc(20.0, segments=48 if sector is None else 8, sector=sector), given)
    r = results[1.0]
    # uniform inside; outside the mean of the hydrostatic stress is that of any radius
    assert r["stress.hydrostatic.mean.silicon"] == pytest.approx(np.mean(stress(0, 1.0)), rel=1e-4)
    assert r["stress.von_mises.p99.silicon"] == pytest.approx(abs(stress(0, 1.0)[0] - stress(0, 1.0)[2]), rel=1e-3)
    assert r["stress.hydrostatic.mean.core"] == pytest.approx(np.mean(stress(1, 30.0)), rel=1e-3)


def test_domain_in_wide_matrix():
    """Eshelby: equal constants, plane strain; hydrostatic stress -2 E e0/(3 (1 - nu)) in plane strain, far from any surface."""
    modulus, poisson = {"core": 50e9, "silicon": 50e9, **SOFT}, {"core": 0.25, "silicon": 0.25}
    given = values(SILICON, modulus, poisson, reference_current_density=TINY, **CARBON)
    mesh = disc(20.0, cells=50, core=500.0, segments=48)
    _, results = solved(mesh, given)
    # the surface lets go of a part of the order of the area fraction, (20/500)^2
    expected = -2 / 3 * 50e9 * 0.02 / (1 - 0.25)
    assert results[1.0]["stress.hydrostatic.mean.silicon"] == pytest.approx(expected, rel=2 * 0.04**2)


def test_lithium_of_concentric_cylinders():
    """Equal relative filling: s d lap c' = s r in each part; flux and filling continuous, and the zero mean (equation 12)."""
    a, b, i = 20e-9, 50e-9, 0.2
    s, d = 3e5 / 3e4, 1e-15 / 4e-15
    given = values(SILICON, {"core": 15e9, "silicon": 80e9, **SOFT}, {"core": 0.3, "silicon": 0.22},
                   reference_current_density=i, mean_concentration=1.5e4, **CARBON)  # fmt: skip
    model, results = solved(disc(20.0, segments=32), given)
    rate = 2 * b * i / (FARADAY * CARBON["diffusivity"] * (s * a**2 + b**2 - a**2))

    def outside(r):
        return rate * ((r**2 - a**2) / 4 + (s - 1) * a**2 / 2 * np.log(r / a))

    inside = -rate * a**2 / (4 * d)  # centre, against the interface
    # means over the two parts, weighted by what they hold
    r = (np.arange(200000) + 0.5) / 200000 * (b - a) + a
    held = s * np.pi * a**2 * inside / 2 + 2 * np.pi * (outside(r) * r).mean() * (b - a)
    zero = -held / (np.pi * (s * a**2 + b**2 - a**2))
    found = results[1.0]
    assert found["lithium.concentration.max"] == pytest.approx(1.5e4 + zero + outside(b), rel=1e-6)
    assert found["lithium.concentration.min"] == pytest.approx(1.5e4 + zero, rel=1e-6)
    assert found["lithium.concentration.max.silicon"] == pytest.approx(s * (1.5e4 + zero), rel=1e-6)
    assert found["lithium.concentration.min.silicon"] == pytest.approx(s * (1.5e4 + zero + inside), rel=1e-6)
    assert found["lithium.imbalance"] < 1e-10
    assert model.core_capacity == pytest.approx(np.pi * (s * 20.0**2 + 50.0**2 - 20.0**2), rel=1e-5)


@pytest.mark.parametrize("law", [pytest.param("butler_volmer", marks=pytest.mark.slow), "perfect_contact"])
def test_domains_like_their_matrix(law):
    """Domains with the values of the matrix change nothing."""
    feedback = law == "butler_volmer"
    common = dict(modulus={"core": 40e9, "silicon": 40e9}, poisson={"core": 0.3, "silicon": 0.3}, core_swelling=0.005,
                  mean_concentration=1.5e4, interface=InterfaceLaw(law, stress_feedback=feedback), **CARBON)  # fmt: skip
    mesh = dict(layers=[("a", 20.0, 3), ("b", 20.0, 3)], tilt=0.2)
    _, uniform = solved(strip(**mesh), parameters({"a": 1e-7, "b": 3e-7}, "a", **common))
    resolved = with_domain(strip(**mesh), lambda x: (x[:, 1] < -5.0) & (x[:, 0] > 2.0))
    _, found = solved(resolved, parameters({"a": 1e-7, "b": 3e-7}, "a", core_domains={"silicon": SAME}, **common))
    for name, value in uniform[1.0].items():
        if name.endswith((".core", "imbalance")) or name.startswith("lithium"):  # of the matrix alone
            continue
        assert found[1.0][name] == pytest.approx(value, rel=1e-7, abs=1e-12), name
    whole = [found[1.0][f"lithium.concentration.max{part}"] for part in ("", ".silicon")]
    assert max(whole) == pytest.approx(uniform[1.0]["lithium.concentration.max"], rel=1e-9)


def test_poor_conductor():
    """Domains that neither conduct nor store act as holes: the rest takes up all lithium."""
    hole = CoreDomain(1e-3, 4e-21, 9e-6, 3e-2, 0.0)
    given = values(hole, {"core": 15e9, "silicon": 80e9, **SOFT}, {"core": 0.3, "silicon": 0.22}, mean_concentration=1.5e4,
                   reference_current_density=0.2, **CARBON)  # fmt: skip
    _, results = solved(disc(20.0, cells=20, segments=64), given)
    a, b = 20e-9, 50e-9
    rate = 2 * b * 0.2 / (FARADAY * CARBON["diffusivity"] * (b**2 - a**2))
    spread = rate * ((b**2 - a**2) / 4 - a**2 / 2 * np.log(b / a))
    found = results[1.0]
    width = found["lithium.concentration.max"] - found["lithium.concentration.min"]
    assert width == pytest.approx(spread, rel=1e-4)
