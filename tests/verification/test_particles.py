"""Several particles: balances of each core, symmetry, and agreement with a single particle."""

import math

import pytest

from seix.geometry.meshing import make_mesh
from seix.parameters import InterfaceLaw
from seix.scenario import Scenario
from support import parameters, solved

FILM = InterfaceLaw("film_resistance", resistance=0.01)


def mesh_of(*bodies, box=240.0, **more):
    particles = [{"centre": [x * 1e-9, y * 1e-9], "core_radius": r * 1e-9} for x, y, r in bodies]
    return make_mesh(Scenario.model_validate({
        "title": "test", "geometry": {"kind": "particles", "box": box * 1e-9, "particles": particles, **more},
        "sei": {"structure": "homogeneous", "thickness": 10e-9},
    }))  # fmt: skip


def values(**more):
    return parameters({"organic_polymer": 1e-6, "electrolyte": 1.0}, "organic_polymer", FILM, **more)


def test_two_equal_particles_share_the_current():
    result = solved(mesh_of((60, 120, 30), (180, 120, 30)), values())[1][1.0]
    assert result["current.particle_spread"] < 1e-6
    assert result["current.imbalance"] < 1e-9
    assert result["lithium.imbalance"] < 1e-9


def test_small_particles_side_by_side_have_the_resistance_of_films():
    """With a well conducting electrolyte the potential outside is even, so each particle is a cylinder of its own."""
    result = solved(mesh_of((60, 120, 30), (180, 110, 40)), values())[1][1.0]
    assert result["sei.effective_conductivity"] == pytest.approx(1e-6, rel=2e-3)
    conductance = [1 / (0.01 + r * 1e-9 * math.log1p(10 / r) / 1e-6) for r in (30, 40)]  # per area of core|SEI
    mean = (30 * conductance[0] + 40 * conductance[1]) / 70
    assert result["current.particle_peak"] == pytest.approx(max(conductance) / mean, rel=1e-4)
    assert result["potential.drop"] == pytest.approx(0.2 / mean, rel=1e-3)


@pytest.mark.parametrize("place", [(80, 120, 145, 125), (10, 120, 120, 125), (80, 120, 160, 120)],
                         ids=["cores", "across the side", "sei"])  # fmt: skip
def test_balances_hold(place):
    x, y, u, v = place
    plain = solved(mesh_of((x, y, 40), (u, v, 35)), values())[1][1.0]
    assert plain["current.imbalance"] < 1e-9
    assert plain["lithium.imbalance"] < 1e-9
