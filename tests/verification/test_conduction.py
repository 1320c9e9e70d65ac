"""Laminates, kinetics and round shells against closed forms."""

import math

import numpy as np
import pytest

from seix.parameters import InterfaceLaw
from support import parameters, ring, solved, strip

PERFECT = InterfaceLaw(law="perfect_contact", equilibrium_potential=0.0)
LAMINATE = [("a", 20.0, 2), ("b", 20.0, 2)]


def test_series_laminate():
    """B01: two layers in series, 0.4 of conductivity 0.01 and 0.6 of conductivity 1: 0.0246305419."""
    values = parameters({"a": 0.01e-6, "b": 1e-6}, "b", PERFECT)
    _, results = solved(strip([("a", 16.0, 2), ("b", 24.0, 2)]), values)
    assert results[1.0]["sei.effective_conductivity"] / 1e-6 == pytest.approx(1 / (0.4 / 0.01 + 0.6 / 1), rel=1e-9)
    assert results[1.0]["field_enhancement.mean.a"] == pytest.approx(100, rel=1e-9)


def test_parallel_laminate():
    """B01: the same two materials side by side, 0.604."""
    mesh = strip([("a", 40.0, 4)], period=10.0, columns=10)
    mesh.region_names.append("b")
    middle = mesh.points[mesh.cells[:, :3]].mean(axis=1)
    mesh.region[(mesh.region == 2) & (middle[:, 0] > 4.0)] = 3
    values = parameters({"a": 0.01e-6, "b": 1e-6, "electrolyte": 1e3}, "b", PERFECT)
    _, results = solved(mesh, values)
    # the electrolyte is so good that the film lies between two equipotentials: error of order 1e-9
    assert results[1.0]["sei.effective_conductivity"] / 1e-6 == pytest.approx(0.604, rel=1e-7)


@pytest.mark.parametrize("current, overpotential", [(0.5, 0.01279511), (1.0, 0.02488077)])
def test_butler_volmer_between_blocks(current, overpotential):
    """B02: total drop 2 i/10 + eta for blocks of length 1 and conductivity 10, i0 = 1, at 300 K (lengths in nm here)."""
    scale = 1e-9  # lengths are nm, so conductivities are scaled to keep the ohmic drops
    values = parameters(
        {"a": 10 * scale, "electrolyte": 1.0}, "a", InterfaceLaw(exchange_current_density=1.0, equilibrium_potential=0.1),
        core_conductivity=10 * scale, temperature=300.0, reference_current_density=current,
    )  # fmt: skip
    _, results = solved(strip([("a", 1.0, 2)], core=(1.0, 2), electrolyte=(1e-3, 1)), values)
    # R/F here and in the source of the numbers agree to 1e-5 only
    assert results[1.0]["potential.drop"] == pytest.approx(2 * current / 10 + overpotential, rel=2e-6)
    assert results[1.0]["potential.cell"] == pytest.approx(0.1 - 2 * current / 10 - overpotential, rel=1e-5)


def test_two_layers_with_kinetics():
    """B03: 20 nm of 1e-6 and of 1e-7 S/m, i0 = 1 A/m2: drop at 0.2, 2 and 20 A/m2, over two decades of current."""
    values = parameters(
        {"a": 1e-6, "b": 1e-7, "electrolyte": 1e3}, "b", InterfaceLaw(exchange_current_density=1.0), core_conductivity=1e6
    )
    _, results = solved(strip(LAMINATE), values, (1.0, 10.0, 100.0))
    for multiple, drop in {1.0: 0.04912999, 10.0: 0.48528952, 100.0: 4.55406416}.items():
        assert results[multiple]["potential.drop"] == pytest.approx(drop, abs=2e-8)
        assert results[multiple]["current.imbalance"] < 1e-9
        assert results[multiple]["lithium.imbalance"] < 1e-9
        assert results[multiple]["current.total"] == pytest.approx(0.2 * multiple * 6e-9, rel=1e-10)


def test_film_resistance():
    """Layers in series with a film: the drop is the sum."""
    law = InterfaceLaw(law="film_resistance", resistance=3e-3)
    values = parameters({"a": 1e-6, "b": 1e-7, "electrolyte": 1e3}, "b", law, core_conductivity=1e6)
    _, results = solved(strip(LAMINATE), values)
    assert results[1.0]["potential.drop"] == pytest.approx(0.2 * (0.02 + 0.2 + 3e-3), rel=1e-7)


@pytest.mark.parametrize("sector", [None, math.pi / 3])
@pytest.mark.parametrize("law", ["butler_volmer", "perfect_contact"])
def test_round_shells(sector, law):
    """Two concentric shells: resistance of the inner surface r_i sum ln(r2/r1)/kappa; third order or better in the mesh."""
    values = parameters({"a": 1e-6, "b": 1e-7}, "b", InterfaceLaw(law=law))
    exact = 40e-9 * (math.log(50 / 40) / 1e-6 + math.log(65 / 50) / 1e-7)
    errors = []
    for n in (1, 2):
        rows = [("a", 10.0, 2 * n), ("b", 15.0, 3 * n)]
        mesh = ring(rows, core=(40.0, 3 * n), segments=(24 if sector is None else 6) * n, sector=sector)
        _, results = solved(mesh, values)
        errors.append(abs(results[1.0]["sei.area_resistance"] / exact - 1))
        assert results[1.0]["current.imbalance"] < 1e-9
        assert results[1.0]["lithium.imbalance"] < 1e-9
        assert results[1.0]["current.interface_peak"] == pytest.approx(1, abs=2e-3 / n**2)
    assert errors[1] < 1e-4
    assert np.log2(errors[0] / errors[1]) > 3  # energy of quadratic fields converges with order 4
