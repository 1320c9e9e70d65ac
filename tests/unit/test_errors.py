"""Discretisation errors by kind of quantity: what is stated for sequences whose errors are known."""

import importlib
from pathlib import Path
from typing import get_args

import pytest

from seix import simulation
from seix.analysis.errors import NOT_ESTIMATED, ORDERS, assumed_order, error_at, stated_errors, two_mesh_error
from seix.analysis.progress import make_progress
from seix.analysis.quantity import Quantity, describe, ratio
from seix.analysis.quantity_info import Kind
from seix.combine import Level, _with_errors
from seix.fem import MPI
from seix.materials import MaterialLibrary
from seix.parameters import parameters_of
from seix.scenario_file import load_study
from seix.shelf import ModelShelf

SCENARIOS, BENCH = (Path(__file__).parents[2] / name for name in ("scenarios", "bench"))
NAMES = {
    "integral": "sei.area_resistance", "value": "lithium.concentration.max", "field quantile": "field_enhancement.p999",
    "stress quantile": "stress.von_mises.p99.LiF", "interface peak": "current.interface_peak",
}  # fmt: skip
"""A quantity of each kind that has an error."""
SEVERAL = "examples/several_particles.yaml"
APART = "geometry.particles=[{centre: [80 nm, 80 nm], core_radius: 40 nm}, {centre: [240 nm, 240 nm], core_radius: 40 nm}]"
"""Particles whose SEI of 16 nm do not meet: 160 √2 nm less two radii of 56 nm are 114.3 nm."""
RANDOM = [f"geometry.{key}" for key in ("particles=null", "number=3", "core_radius=40 nm")]
"""Particles at random places, apart by half of their SEI of 16 nm if not told otherwise."""
OWN_IMAGE = [f"geometry.{key}" for key in ("box=150 nm", "particles=[{centre: [75 nm, 10 nm], core_radius: 40 nm}, "
             "{centre: [75 nm, 140 nm], core_radius: 2 nm}]")]  # fmt: skip
"""Particles of which one is 38 nm from its periodic image, and farther from the other one."""


def sequence(order, error=0.1, step=1.6, exact=1.0):
    """Values on two meshes whose errors are C h^order."""
    return exact + error, exact + error * step**order


def test_every_kind_is_decided_upon():
    assert set(ORDERS) | set(NOT_ESTIMATED) == set(get_args(Kind)) and not set(ORDERS) & set(NOT_ESTIMATED)
    assert {describe(name).kind for name in NAMES.values()} == set(ORDERS)


@pytest.mark.parametrize("kind", ORDERS)
@pytest.mark.parametrize("corners", [False, True])
def test_error_is_exact_for_the_assumed_order_and_a_bound_for_higher_ones(kind, corners):
    """For C h^p with p the assumed order the estimate is C h^p; a higher order is overstated, a lower one understated."""
    order, name = assumed_order(kind, corners), NAMES[kind]
    for more, holds in ((0.0, 1.0), (0.5, 1.0), (2.0, 1.0), (-0.1, -1.0)):
        found = stated_errors({name: {1.0: sequence(order + more)}}, 1.0, 1.6, corners)
        assert found[name] == pytest.approx(0.1 * (1.6 ** (order + more) - 1) / (1.6**order - 1))
        assert holds * (found[name] - 0.1) >= -1e-12


@pytest.mark.parametrize("kind", ORDERS)
@pytest.mark.parametrize("corners", [False, True])
def test_bench_allows_for_the_error_of_its_reference(monkeypatch, kind, corners):
    """Of values 2 + C h^p the true error is told from a finer mesh; it is overstated, not understated, where p is larger."""
    monkeypatch.syspath_prepend(str(BENCH))
    bench, order = importlib.import_module("stated_errors"), assumed_order(kind, corners)
    for more, holds in ((0.0, 1.0), (0.5, 1.0), (-0.1, -1.0)):
        reference = 2.0 + 0.1 * bench.FINER ** (order + more)
        found = bench.true_error(2.1, reference, order) * reference
        assert found == pytest.approx(0.1 * (1 - bench.FINER ** (order + more)) / (1 - bench.FINER**order))
        assert holds * (found - 0.1) >= -1e-12


def test_corners_lower_every_order():
    assert all(0 < assumed_order(kind, corners=True) < assumed_order(kind) for kind in ORDERS)


def test_quantiles_of_one_phase_share_the_largest_error():
    """That both meshes agree on P99 is chance when they differ on P99.9; other phases and kinds are not concerned."""
    pairs = {
        "field_enhancement.p99": (2.0, 2.0), "field_enhancement.p999": (3.0, 3.3), "field_enhancement.p99.LiF": (2.0, 2.1),
        "field_enhancement.mean": (1.0, 1.0), "stress.first_principal.p999.LiF": (5e8, 5.5e8),
        "stress.von_mises.p99.LiF": (4e8, 4e8), "stress.von_mises.p99.core": (4e8, 4e8),
        "stress.hydrostatic.mean.LiF": (1e8, 1e8), "stress.interface_normal.p999": (1e8, 1.2e8),
    }  # fmt: skip
    found = stated_errors({name: {1.0: pair} for name, pair in pairs.items()}, 1.0, 2.0, False)
    field, stress = (2.0 ** assumed_order(kind) - 1 for kind in ("field quantile", "stress quantile"))
    assert found["field_enhancement.p99"] == found["field_enhancement.p999"] == pytest.approx(0.3 / field)
    assert found["field_enhancement.p99.LiF"] == pytest.approx(0.1 / field)
    assert found["stress.von_mises.p99.LiF"] == found["stress.first_principal.p999.LiF"] == pytest.approx(5e7 / stress)
    # the pull on the interface is a stress of the core
    assert found["stress.von_mises.p99.core"] == found["stress.interface_normal.p999"] == pytest.approx(2e7 / stress)
    assert found["field_enhancement.mean"] == found["stress.hydrostatic.mean.LiF"] == 0.0


def test_error_at_one_current_hears_the_others():
    """A chance agreement at one current is not believed; a value near zero tells the others nothing."""
    values = {1.0: (1.0, 1.0), 2.0: (2.0, 2.2), 10.0: (1e-9, 0.3)}
    assert error_at(values, 1.0, 2.0, 1.0) == pytest.approx(0.1)
    assert error_at(values, 2.0, 2.0, 1.0) == pytest.approx(0.2)
    assert error_at(values, 10.0, 2.0, 1.0) == pytest.approx(0.3)
    assert error_at({1.0: (0.0, 0.0)}, 1.0, 2.0, 1.0) == 0.0
    assert error_at(values, 2.0, 2.0, 2.0) == pytest.approx(0.2 / 3) == two_mesh_error(2.0, 2.2, 2.0, 2.0)


def test_what_has_no_limit_is_said_not_to_converge():
    """Maxima of all and of each phase, whatever the two meshes say, and ratios of them; balances are rounding."""
    names = ("field_enhancement.max", "field_enhancement.max.LiF", "current.imbalance", "sei.area_resistance")
    levels = [Level(cases={1.0: {name: Quantity(value, "1") for name in names}}) for value in (1.0, 1.3)]
    for meshes, step, known in ((levels, 2.0, "two_mesh"), (levels[:1], 1.0, None)):
        found = _with_errors(meshes, 1.0, step, False)
        assert [found[name].error_kind for name in names] == ["not converged", "not converged", "algebraic", known]
        assert [found[name].error for name in names[:3]] == [None, None, None]
    assert found["sei.area_resistance"].error is None
    assert _with_errors(levels, 1.0, 2.0, False)["sei.area_resistance"].error == pytest.approx(0.1)
    maximum = found["field_enhancement.max"]
    for pair in ((maximum, maximum), (maximum, Quantity(2.0, "1", 0.1, "two_mesh")), (Quantity(2.0, "1"), maximum)):
        assert (ratio(*pair).error, ratio(*pair).error_kind) == (None, "not converged")
    assert ratio(Quantity(2.0, "1"), Quantity(1.0, "1")).error_kind is None


@pytest.mark.parametrize(
    ("path", "overrides", "corners"),
    [("paper/multilayer.yaml", [], False), ("examples/full_particle.yaml", [], False), ("examples/free_film.yaml", [], False),
     ("examples/polycrystal.yaml", [], True), ("examples/cellular_grains.yaml", [], True),
     (SEVERAL, [], True),
     *((SEVERAL, [*overrides, *(f"geometry.{key}" for key in more)], corners) for overrides, more, corners in [
         ([APART], [], False), ([APART], ["binder=57.1 nm"], False), ([APART], ["binder=57.2 nm"], True),
         (OWN_IMAGE, ["binder=18.9 nm"], False), (OWN_IMAGE, ["binder=19.1 nm"], True),
         (RANDOM, [], False), (RANDOM, ["binder=3.9 nm"], False), (RANDOM, ["binder=4.1 nm"], True),
         (RANDOM, ["binder=4.1 nm", "gap=8.3 nm"], False), (RANDOM, ["binder=4.1 nm", "gap=8.1 nm"], True),
         (RANDOM, ["contact=cores"], True)])],
)  # fmt: skip
def test_structures_with_corners_are_known(path, overrides, corners):
    """Cells of a diagram and particles that touch have them, also with their films of binder; round grains and a film do not."""
    study = load_study(SCENARIOS / path, overrides)
    assert {scenario.has_corners for scenario in study.members.values()} == {corners}


@pytest.mark.slow
def test_a_run_assumes_the_order_of_its_structure(tmp_path):
    """The error of a polycrystal is the change from the coarser mesh, solved here once more, by the order at corners."""
    study = load_study(SCENARIOS / "examples" / "polycrystal.yaml", ["geometry.period=24 nm", "mesh.cells_per_diameter=2"])
    (scenario,), name = study.members.values(), "sei.area_resistance"
    with make_progress(1, 2) as silent:
        (run,) = simulation.simulate(study, MPI.COMM_SELF, tmp_path, silent)
        mesh, _ = simulation.cached(scenario, scenario.error.coarsening, tmp_path, True)
        shelf, parameters = ModelShelf(MPI.COMM_SELF, 0), parameters_of(scenario, MaterialLibrary())
        coarse = simulation._solve(scenario, parameters, mesh, None, shelf, silent, "", False)
    stated = run.cases[0].quantities[name]
    size = (len(run.mesh.cells) / len(mesh.cells)) ** 0.5
    change = abs(stated.value - coarse.cases[1.0][name].value)
    assert change > 1e-3 * stated.value and size > 1.2
    assert stated.error == pytest.approx(change / (size ** assumed_order("integral", corners=True) - 1), rel=1e-6)
