"""From a scenario to layers, frames and statistics."""

import json

import numpy as np
import pytest

from geometry_cases import NM, bilayer, grains, homogeneous, multilayer, particle, patch, scenario
from seix.geometry.layers import build_structure


def test_layers_in_nanometres():
    s = build_structure(scenario(patch(), bilayer() | {"inner_matrix": "oligomer"}))
    inner, outer = s.layers
    assert (inner.inner, inner.outer, outer.inner, outer.outer) == pytest.approx((0, 14, 14, 28))
    assert (inner.matrix, outer.matrix) == ("oligomer", "organic_polymer")
    assert inner.fractions == pytest.approx({"LiF": 0.24, "Li3N": 0.16})
    assert inner.gaps == pytest.approx((0.6, 0.3)) and not outer.fractions
    assert s.period == pytest.approx(60) and s.core == pytest.approx(20) and s.sector is None


def test_free_list_of_layers():
    layers = [
        {"thickness": 8 * NM, "phases": {"LiF": 0.3, "Li2O": 0.1}, "grains": grains(3)},
        {"thickness": 4 * NM, "matrix": "oligomer"},
        {"thickness": 12 * NM, "phases": {"Li2CO3": 0.3}, "grains": grains(6)},
    ]
    s = build_structure(scenario(patch(), {"structure": "layers", "thickness": 24 * NM, "layers": layers}))
    assert s.phase_names == ["Li2CO3", "Li2O", "LiF"]
    assert set(s.layer) == {0, 2}
    found = s.statistics["layers"]
    assert [x["fraction"] for x in found] == pytest.approx([0.4, 0, 0.3])
    assert found[2]["diameter"]["mean"] == pytest.approx(6e-9, rel=0.1)


@pytest.mark.parametrize("geometry", [patch(), particle(), particle(60, sector=1.0)])
def test_bilayer_and_multilayer_hold_the_same_inorganic_fraction(geometry):
    for sei in (bilayer(fraction=0.18), multilayer(fraction=0.18)):
        found = build_structure(scenario(geometry, sei)).statistics
        assert found["sei"]["asked_fraction"] == pytest.approx(0.18, rel=1e-12)
        assert found["sei"]["fraction"] == pytest.approx(0.18, rel=1e-12)
        assert found["phases"]["LiF"]["fraction"] == pytest.approx(0.108, rel=1e-12)


def test_statistics_are_in_metres_and_ready_for_json():
    s = build_structure(scenario(patch(), multilayer()))
    found = json.loads(json.dumps(s.statistics))
    assert found["core_sei_length"] == pytest.approx(60e-9)
    sei = found["sei"]
    assert sei["grains"] == len(s.radii)
    assert sei["interface_length"] == pytest.approx(2 * np.pi * s.radii.sum() * NM)
    assert sei["interface_per_area"] == pytest.approx(sei["interface_length"] / (60 * 24 * NM**2))
    assert sei["diameter"]["max"] == pytest.approx(2 * s.radii.max() * NM)
    assert 0.6e-9 * (1 - 1e-9) <= sei["gap"]["min"] <= sei["gap"]["median"] <= 3e-9
    assert len(found["layers"]) == 3 and sum(layer["grains"] for layer in found["layers"]) == len(s.radii)


def test_no_grains():
    s = build_structure(scenario(particle(), homogeneous()))
    assert len(s.radii) == 0 and s.statistics["sei"]["fraction"] == 0
    assert "gap" not in s.statistics["sei"]
    json.dumps(s.statistics)
