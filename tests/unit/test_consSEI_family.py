"""The families consSEI-xth of scenarios/examples: the same composition for every x, and grains that follow the layers."""

from pathlib import Path

import pytest

from seix.geometry.layers import build_structure
from seix.geometry.meshing import make_mesh
from seix.scenario_file import load_study

EXAMPLES = Path(__file__).parents[2] / "scenarios/examples"
FILES = ("consSEI_family", "consSEI_growing", "consSEI_family_3d", "consSEI_growing_3d")
LAYERS = (1, 2, 5, 10, 20, 50, 100)
LONG = {("consSEI_growing_3d", 50), ("consSEI_growing_3d", 100)}
"""Packed in seconds, and like the last members of the other family in space."""


def members(slow: set) -> list:
    """Every file with every x."""
    pairs = [(file, x) for file in FILES for x in LAYERS]
    return [pytest.param(*pair, marks=[pytest.mark.slow] if pair in slow else [], id=f"{pair[0]}-x{pair[1]}") for pair in pairs]


@pytest.fixture(scope="module", params=FILES)
def study(request):
    """All members of a file."""
    return request.param, load_study(EXAMPLES / f"{request.param}.yaml").members


def test_files_hold_the_whole_family(study):
    """x = 1 to 100, with one composition, and one thickness of the SEI or of its layers."""
    name, found = study
    assert {member: scenario.sei.x for member, scenario in found.items()} == {f"x{x}": x for x in LAYERS}
    assert len({tuple(scenario.sei.inorganic.items()) for scenario in found.values()}) == 1
    same = [scenario.sei.thickness / (scenario.sei.x if "growing" in name else 1) for scenario in found.values()]
    assert same == pytest.approx([same[0]] * len(LAYERS), rel=1e-12)
    assert {scenario.geometry.dimension for scenario in found.values()} == {3 if name.endswith("3d") else 2}


@pytest.mark.parametrize(("file", "x"), members(LONG))
def test_grains_follow_the_layers(file, x):
    """Fraction within 1 %, grain diameter over layer thickness within 2 %, gaps of a molecule at least, at every x."""
    scenario = load_study(EXAMPLES / f"{file}.yaml").members[f"x{x}"]
    found = build_structure(scenario).statistics
    layer = scenario.sei.thickness / x
    assert len(found["layers"]) == x
    assert all(part["thickness"] == pytest.approx(layer, rel=1e-9) for part in found["layers"])
    assert all(part["fraction"] == pytest.approx(0.26, rel=0.01) for part in found["layers"])
    assert found["sei"]["asked_fraction"] == pytest.approx(0.26, rel=1e-9)
    for name, fraction in {"LiF": 0.20, "Li3N": 0.06}.items():
        assert found["phases"][name]["fraction"] == pytest.approx(fraction, rel=0.01)
    assert found["sei"]["diameter"]["mean"] / layer == pytest.approx(0.45, rel=0.02)
    assert found["sei"]["gap"]["min"] >= 0.08 * layer * (1 - 1e-9) >= 0.3e-9


@pytest.mark.slow
@pytest.mark.parametrize(("file", "x"), members(set()))
def test_every_member_meshes(file, x):
    """Below two million cells, with the fraction in the mesh that was asked for."""
    scenario = load_study(EXAMPLES / f"{file}.yaml").members[f"x{x}"]
    mesh = make_mesh(scenario)
    assert len(mesh.cells) < 2_000_000
    assert mesh.statistics["mesh"]["fractions"] == pytest.approx({"LiF": 0.20, "Li3N": 0.06}, rel=0.01)
