"""Models that are kept: a run gives the same bits whether its model is new or was used with other values before."""

import pytest

from seix.analysis.progress import Progress
from seix.errors import ConvergenceError
from seix.fem import MPI
from seix.scenario_file import load_study
from seix.shelf import ModelShelf
from seix.simulation import simulate

GRAINS = """
title: Small
geometry: {kind: patch, period: 30 nm, core_depth: 8 nm, electrolyte_depth: 5 nm}
sei: {structure: bilayer, thickness: 20 nm, inner_thickness: 12 nm, inorganic: {LiF: 0.15}, grains: {diameter: 5 nm, gap: 1 nm}}
mesh: {cells_per_diameter: 2.5, cells_per_gap: 0.5, cells_per_layer: 2, growth: 1.8}
mechanics: {core_swelling: 0.5 %}
load: {current_multiples: [1, 5]}
interface: {law: butler_volmer}
"""
OTHER = ["materials.override={organic_polymer: {youngs_modulus: 3 GPa, conductivity: 4e-7 S/m}}", "temperature=320 K"]
CASES = {
    "kinetics with stress": ([], OTHER),
    "perfect contact": (
        ["interface={law: perfect_contact}"], ["materials.override={organic_polymer: {youngs_modulus: 3 GPa}}"]
    ),
    "film resistance": (["interface={law: film_resistance, resistance: 0.01 ohm m^2}"], ["interface.resistance=1 ohm m^2"]),
    "conducting boundaries": (["grain_boundary={thickness: 1 nm}"], ["grain_boundary.thickness=0.3 nm", *OTHER]),
    "strain that is found": (["geometry.in_plane_strain=free"], ["mechanics.core_swelling=2 %", "lithium.state=0.9"]),
    "domains in the core": (
        ["core_domains={fraction: 0.2, diameter: 4 nm, gap: 0.8 nm, swelling: 3 %}"],
        ["core_domains.swelling=1 %", "materials.override={amorphous_si: {youngs_modulus: 50 GPa}}"],
    ),
    "multigrid": (["solver.preset=multigrid"], OTHER),
    "after a failure": ([], ["solver.max_iterations=1", "interface.exchange_current_density=1e-9 A/m^2"]),
}


def quantities(path, overrides, cache, shelf=None):
    """Every number at every current, with its error."""
    found = simulate(load_study(path, overrides), MPI.COMM_SELF, cache, Progress(), shelf)
    return [(case.current_multiple, name, q.value, q.error) for case in found[0].cases for name, q in case.quantities.items()]


@pytest.mark.parametrize("name", CASES)
def test_numbers_are_those_of_a_new_model(name, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp() / "shelf"  # one cache of meshes for all
    folder.mkdir(exist_ok=True)
    path, (given, change) = folder / "small.yaml", CASES[name]
    path.write_text(GRAINS, "utf-8")
    alone = quantities(path, given, folder)
    shelf = ModelShelf(MPI.COMM_SELF)
    if name == "after a failure":
        with pytest.raises(ConvergenceError):
            quantities(path, [*given, *change], folder, shelf)
    else:
        assert quantities(path, [*given, *change], folder, shelf) != alone  # the change does something
        made = shelf.made
    again = quantities(path, given, folder, shelf)
    assert again == alone
    if name != "after a failure":
        assert (shelf.made, shelf.taken) == (made, 2)  # on both meshes
    shelf.clear()


def test_imposed_strain_is_another_model(tmp_path):
    """Constraints hold the strain: models with different ones must not be taken for each other."""
    path = tmp_path / "small.yaml"
    path.write_text(GRAINS, "utf-8")
    shelf = ModelShelf(MPI.COMM_SELF)
    strained = ["error.method=none", "geometry.in_plane_strain=1 %"]
    quantities(path, ["error.method=none"], tmp_path, shelf)
    assert quantities(path, strained, tmp_path, shelf) == quantities(path, strained, tmp_path)
    assert (shelf.made, shelf.taken) == (2, 0)


def test_room_is_limited(tmp_path):
    """What does not fit is freed, the model used longest ago first."""
    path = tmp_path / "small.yaml"
    path.write_text(GRAINS, "utf-8")
    shelf = ModelShelf(MPI.COMM_SELF, largest=1)
    for _ in range(2):
        quantities(path, ["error.method=none"], tmp_path, shelf)
    assert (shelf.made, shelf.taken) == (2, 0)
