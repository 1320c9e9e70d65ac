"""The shipped comparison in space: what differs between its structures, and that it can be meshed."""

from pathlib import Path

import pytest

from mesh_truth import Checked
from seix.geometry.layers import build_structure
from seix.geometry.meshing import make_mesh
from seix.scenario_file import load_study

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_comparison_in_space_is_of_packing_alone():
    """More than a thousand grains, of the same phases, amount and gap in both structures, as in the plane."""
    members = load_study(ROOT / "scenarios" / "paper" / "field_3d.yaml").members
    found = {name: build_structure(scenario) for name, scenario in members.items()}
    one, other = found["bilayer"], found["multilayer"]
    assert len(other.radii) >= 1000 and other.dim == 3
    assert {layer.gap for s in found.values() for layer in s.layers if layer.fractions} == {one.layers[0].gap}
    for name in ("LiF", "Li3N"):
        parts = [s.statistics["phases"][name]["fraction"] for s in found.values()]
        assert parts[0] == pytest.approx(parts[1], rel=0.01)
    plane = load_study(ROOT / "scenarios" / "paper" / "bilayer.yaml").members["bilayer"].sei
    space = members["bilayer"].sei
    assert space.inner_thickness / space.thickness == plane.inner_thickness / plane.thickness


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bilayer", "multilayer"])
def test_comparison_in_space_has_both_of_its_meshes(name):
    scenario = load_study(ROOT / "scenarios" / "paper" / "field_3d.yaml").members[name]
    for coarsening in (1.0, scenario.error.coarsening):
        Checked(make_mesh(scenario, coarsening), scenario).all()
