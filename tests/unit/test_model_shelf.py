"""Models that are kept: a run gives the same bits whether its model is new or was used with other values before.

Where the matrix is the same, so does what was factorised for the run before.
"""

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


def cases_of(path, overrides, cache, shelf=None):
    """Results at every current."""
    return simulate(load_study(path, overrides), MPI.COMM_SELF, cache, Progress(), shelf)[0].cases


def numbers(cases):
    """Every number at every current, with its error."""
    return [(case.current_multiple, name, q.value, q.error) for case in cases for name, q in case.quantities.items()]


def factorisations(cases):
    """How often something was factorised on the reported mesh."""
    return sum(case.numerics["factorisations"] for case in cases)


def quantities(path, overrides, cache, shelf=None):
    """Every number of a run."""
    return numbers(cases_of(path, overrides, cache, shelf))


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name == "domains in the core" else ()) for name in CASES]
)
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


LINEAR = "interface={law: film_resistance, resistance: 0.01 ohm m^2, stress_feedback: %s}"
LOADS = ["load.reference_current_density=0.7 A/m^2", "mechanics.core_swelling=1 %"]
"""Of linear laws; with others, stress shifts the point about which they are linearised."""
SAME_MATRIX = {
    "linear with stress": [LINEAR % "true"],
    "kinetics with stress, by multigrid": ["solver.preset=multigrid"],
}
SAME_MATRIX_TOO = {
    "linear": [LINEAR % "false"],
    "linear, by multigrid": [LINEAR % "false", "solver.preset=multigrid"],
    "perfect contact": ["interface={law: perfect_contact}"],
    "linear with stress, by multigrid": [LINEAR % "true", "solver.preset=multigrid"],
    "kinetics with stress": [],
    "strain that is found, by multigrid": [LINEAR % "false", "geometry.in_plane_strain=free", "solver.preset=multigrid"],
}


@pytest.mark.parametrize("name", [*SAME_MATRIX, *(pytest.param(name, marks=pytest.mark.slow) for name in SAME_MATRIX_TOO)])
def test_factorisation_of_the_same_matrix_is_kept(name, tmp_path_factory):
    """Loads leave the matrix at the start as it is: nothing is factorised for them, and all numbers are those of a new solver."""
    folder = tmp_path_factory.getbasetemp() / "shelf"
    folder.mkdir(exist_ok=True)
    path, given = folder / "small.yaml", ["error.method=none", "load.current_multiples=[1]"]
    given += (SAME_MATRIX | SAME_MATRIX_TOO)[name]
    path.write_text(GRAINS, "utf-8")
    alone = cases_of(path, given, folder)
    shelf = ModelShelf(MPI.COMM_SELF)
    loads = LOADS[:1] if "kinetics" in name else LOADS
    first = cases_of(path, [*given, *loads], folder, shelf)
    again = cases_of(path, given, folder, shelf)
    assert numbers(again) == numbers(alone) != numbers(first)
    assert (factorisations(alone), factorisations(first), factorisations(again)) == (1, 1, 0)
    shelf.clear()


def test_another_matrix_or_solver_is_not_taken_for_the_same(tmp_path):
    """A resistance changes the matrix, and so do other options the solver: both are made anew."""
    path = tmp_path / "small.yaml"
    path.write_text(GRAINS, "utf-8")
    given = ["error.method=none", "load.current_multiples=[1]", LINEAR % "false"]
    shelf = ModelShelf(MPI.COMM_SELF)
    for change in ("interface.resistance=0.02 ohm m^2", "solver.options={ksp_rtol: 1.0e-9}"):
        cases_of(path, given, tmp_path, shelf)
        changed = cases_of(path, [*given, change], tmp_path, shelf)
        assert factorisations(changed) == 1
        assert numbers(changed) == quantities(path, [*given, change], tmp_path)
    assert shelf.made == 1
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
