"""Adapted meshes on a small patch: the error that is stated holds, and what ends the sequence is said."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from seix import app, simulation
from seix.errors import GeometryError
from seix.fem import MPI
from seix.scenario_file import load_study
from seix.simulation import simulate
from support import SMALL_BILAYER, SMALL_SOLID

SCENARIO = f"""{SMALL_BILAYER}  inorganic: {{ LiF: 0.25 }}
  grains: {{ diameter: 5 nm, gap: 0.4 nm }}
mesh: {{ cells_per_diameter: 2, cells_per_gap: 0.3, cells_per_layer: 1, growth: 2 }}
"""
TARGET = "field_enhancement.p999"


@pytest.fixture
def results(tmp_path, monkeypatch):
    """Runs the scenario with overrides."""
    path = tmp_path / "small.yaml"
    path.write_text(SCENARIO, "utf-8")
    monkeypatch.chdir(tmp_path)
    return lambda *overrides, comm=MPI.COMM_SELF: app.run(path, overrides, comm)[0]


def value(result, name=TARGET):
    return result.cases[0].quantities[name]


@pytest.mark.parametrize("target", [TARGET, "field_enhancement.mean.LiF"])
def test_the_true_error_is_below_the_tolerance(results, target):
    tolerance = 0.004
    adapted = results(f"mesh.adapt={{target: {target}, tolerance: {tolerance}}}")
    history = adapted.numerics["adapted"]
    found = value(adapted, target)
    assert history["ended_by"] == "tolerance" and history["target"] == target
    assert found.error_kind == "adaptive" and found.error <= tolerance * found.value
    last = history["steps"][-1]
    assert found.error == pytest.approx(last["estimated_error"]) and found.value == pytest.approx(last["value"])
    fine = value(results("mesh={cells_per_diameter: 16, cells_per_gap: 2}", "error.method=none"), target)
    assert abs(found.value - fine.value) < tolerance * fine.value
    assert len(adapted.mesh.cells) == last["cells"]
    assert value(adapted, "sei.area_resistance").error_kind == "two_mesh"


def test_an_adapted_mesh_whose_coarser_one_cannot_be_made_keeps_its_results(results, monkeypatch):
    made = simulation.cached

    def refused(scenario, factor, *rest):
        if factor != 1.0:
            raise GeometryError("too flat")
        return made(scenario, factor, *rest)

    monkeypatch.setattr(simulation, "cached", refused)
    result = results("mesh.adapt={tolerance: 5 %}")
    assert value(result).error_kind == "adaptive" and value(result, "sei.area_resistance").error is None
    assert any(text.endswith("no coarser mesh could be made: too flat") for text in result.warnings)
    with pytest.raises(GeometryError, match="too flat"):
        results()


FINE_START = ("mesh.cells_per_diameter=6", "mesh.cells_per_gap=1.2", "mesh.cells_per_layer=4", "mesh.growth=1.3")
STRUCTURES = {
    "round": (TARGET, ()),
    "another seed": (TARGET, ("seed=2",)),
    "phase": ("field_enhancement.p99.LiF", ("seed=3",)),
    "mean": ("field_enhancement.mean", ("seed=2",)),
    "polycrystal": (TARGET, ("sei.grains={gap: null, shape: polycrystal}", "sei.inorganic={LiF: 0.4, Li3N: 0.2}")),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", STRUCTURES)
def test_the_stated_error_covers_the_true_one(results, name):
    """On every mesh that may end a sequence; the truth is the end of another sequence, from a start with other cells."""
    target, overrides = STRUCTURES[name]
    adapt = f"mesh.adapt={{target: {target}, tolerance: %g}}"
    tolerance = 1e-2 if name == "polycrystal" else 2e-3
    steps = results(adapt % tolerance, "error.method=none", *overrides).numerics["adapted"]["steps"]
    other = results(adapt % (tolerance / 10), "error.method=none", *overrides, *FINE_START).numerics["adapted"]
    truth = other["steps"][-1]
    assert other["ended_by"] == "tolerance" and len(steps) > 1
    for step in steps[1:]:
        assert abs(step["value"] - truth["value"]) <= step["estimated_error"] + truth["estimated_error"], (step, truth)


def test_meshes_grow_and_errors_fall_along_the_sequence(results):
    adapt = "mesh.adapt={tolerance: 0.004, target: field_enhancement.p99.organic_polymer}"
    steps = results(adapt, "error.method=none").numerics["adapted"]["steps"]
    assert len(steps) > 2
    for one, following in pairwise(steps):
        assert following["cells"] > 1.1 * one["cells"] and following["error_norm"] < one["error_norm"]
        assert following["seconds"] > 0.0


@pytest.mark.slow
def test_the_cells_allowed_end_the_sequence(results):
    result = results("mesh.adapt={tolerance: 1e-5, max_cells: 1000}", "error.method=none")
    adapted = result.numerics["adapted"]
    assert adapted["ended_by"] == "max_cells" and 600 < len(result.mesh.cells) <= 1000
    assert value(result).error > 1e-5 * value(result).value
    first = results("mesh.adapt={max_cells: 100}", "error.method=none")
    assert len(first.numerics["adapted"]["steps"]) == 1 and first.numerics["adapted"]["ended_by"] == "max_cells"


def test_the_run_says_how_it_ended(tmp_path, monkeypatch, capsys):
    path = tmp_path / "small.yaml"
    path.write_text(SCENARIO, "utf-8")
    monkeypatch.chdir(tmp_path)
    app.run_command(path, tmp_path / "out", ["mesh.adapt={tolerance: 1e-5, max_cells: 800}", "output.dpi=50"], False, False)
    text = capsys.readouterr().out
    assert f"adapted mesh, judged at I/I0 = 1: {TARGET} ended by max_cells = 800" in text and "unknowns" in text
    record = json.loads((tmp_path / "out" / "record.json").read_text("utf-8"))
    adapted = record["structures"][0]["numerics"]["adapted"]
    assert adapted["ended_by"] == "max_cells"
    assert {"cells", "unknowns", "value", "estimated_error", "seconds"} <= set(adapted["steps"][0])
    report = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "Adapted mesh" in report and "ended by max_cells = 800" in report
    quantities = json.loads((tmp_path / "out" / "quantities.json").read_text("utf-8"))
    assert quantities["quantities"][TARGET]["error_kind"] == "adaptive"
    app.run_command(path, tmp_path / "out", ["mesh.adapt={tolerance: 1e-5, max_cells: 800}", "output.dpi=50"], False, True)
    assert "ended by max_cells = 800" in capsys.readouterr().out  # the same from the folder


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["cellular", "polycrystal"])
def test_other_plane_structures_are_adapted_too(results, shape):
    gap = "gap: null, " if shape == "polycrystal" else ""
    grains = f"sei.grains={{{gap}shape: {shape}}}"
    inorganic = "sei.inorganic={LiF: 0.4, Li3N: 0.2}" if shape == "polycrystal" else "sei.inorganic={LiF: 0.4}"
    result = results(grains, inorganic, "mesh.adapt={tolerance: 0.05, max_cells: 5000}", "error.method=none")
    assert result.numerics["adapted"]["ended_by"] == "tolerance"


TWO = "[{centre: [20 nm, 20 nm], core_radius: 9 nm}, {centre: [30 nm, 30 nm], core_radius: 9 nm}]"
EXAMPLES = {
    "several_particles": ("geometry.box=70 nm", f"geometry.particles={TWO}", "sei.thickness=9 nm", "sei.inner_thickness=7 nm"),
    "sector_particle": ("geometry.core_radius=20 nm", "sei.layers=2"),
    "silicon_domains": ("geometry.period=40 nm",),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", EXAMPLES)
def test_other_plane_domains_are_adapted_too(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    coarse = ("mesh.cells_per_diameter=2", "mesh.cells_per_gap=0.3", "mesh.growth=2", "mesh.cells_per_layer=2")
    adapt = ("mesh.adapt={tolerance: 2 %}", "error.method=none", "load.current_multiples=[1]")
    path = Path(__file__).parents[2] / "scenarios" / "examples" / f"{name}.yaml"
    adapted = app.run(path, (*EXAMPLES[name], *coarse, *adapt), MPI.COMM_SELF)[0].numerics["adapted"]
    assert adapted["ended_by"] == "tolerance" and len(adapted["steps"]) > 1


IN_SPACE = f"""{SMALL_SOLID}  inorganic: {{ LiF: 0.12 }}
  grains: {{ diameter: 3 nm, gap: 0.5 nm }}
mesh: {{ cells_per_diameter: 3, cells_per_gap: 0.5, cells_per_layer: 2, growth: 2 }}
load: {{ current_multiples: [1] }}
"""


@pytest.fixture
def in_space(tmp_path, monkeypatch):
    """Runs the scenario in space with overrides."""
    path = tmp_path / "space.yaml"
    path.write_text(IN_SPACE, "utf-8")
    monkeypatch.chdir(tmp_path)
    return lambda *overrides: app.run(path, overrides, MPI.COMM_SELF)[0]


@pytest.mark.slow
def test_a_film_in_space_is_adapted(in_space):
    result = in_space("mesh.adapt={tolerance: 3 %, max_cells: 60000}")
    adapted = result.numerics["adapted"]
    first, last = adapted["steps"][0], adapted["steps"][-1]
    assert adapted["ended_by"] == "tolerance" and len(adapted["steps"]) > 1
    assert last["cells"] == len(result.mesh.cells) > 1.5 * first["cells"] and last["error_norm"] < first["error_norm"]
    assert value(result).error_kind == "adaptive" and value(result).error <= 0.03 * value(result).value
    resistance = value(result, "sei.area_resistance")
    assert resistance.error_kind == "two_mesh" and resistance.error < 0.01 * resistance.value
    found = result.mesh.statistics["mesh"]
    assert found["missed_volume"] < 3e-3 and found["worst_grain"] < 1e-3
    assert not any("straighter" in text for text in result.warnings)


@pytest.mark.slow
@pytest.mark.parametrize(("target", "seed"), [(TARGET, 1), ("field_enhancement.p99.LiF", 2), ("field_enhancement.mean", 3)])
def test_the_stated_error_covers_the_true_one_in_space(in_space, target, seed):
    """The truth is the end of a sequence from a mesh whose cells are half as large."""
    adapt = f"mesh.adapt={{target: {target}, tolerance: %g, max_cells: %d}}"
    steps = in_space(adapt % (0.01, 60000), "error.method=none", f"seed={seed}").numerics["adapted"]["steps"]
    start = ("mesh.cells_per_diameter=6", "mesh.cells_per_gap=1", "mesh.cells_per_layer=4", "mesh.growth=1.5")
    truth = in_space(adapt % (0.001, 150000), "error.method=none", f"seed={seed}", *start).numerics["adapted"]["steps"][-1]
    assert len(steps) > 1
    for step in steps[1:]:
        assert abs(step["value"] - truth["value"]) <= step["estimated_error"] + truth["estimated_error"], (step, truth)


@pytest.mark.slow
@pytest.mark.parallel(nprocs=2)
@pytest.mark.parametrize(("scenario", "adapt"), [
    pytest.param(SCENARIO, "{tolerance: 0.004}", id="plane"),
    pytest.param(IN_SPACE, "{tolerance: 3 %, max_cells: 60000}", id="space"),
])  # fmt: skip
def test_two_ranks_make_the_same_meshes(tmp_path, monkeypatch, scenario, adapt):
    comm = MPI.COMM_WORLD
    path = tmp_path / "small.yaml"
    path.write_text(scenario, "utf-8")
    monkeypatch.chdir(tmp_path)
    overrides = [f"mesh.adapt={adapt}"]
    together = app.run(path, overrides, comm)[0]
    steps = comm.bcast(together.numerics["adapted"]["steps"] if comm.rank == 0 else None, root=0)
    assert len(steps) > 1
    if comm.rank == 0:
        from seix.analysis.progress import make_progress

        with make_progress(0, 1) as progress:
            alone = simulate(load_study(path, overrides), MPI.COMM_SELF, tmp_path / "other", progress)[0]
        assert alone.mesh.key == together.mesh.key
        for one, other in zip(alone.numerics["adapted"]["steps"], steps, strict=True):
            assert one["cells"] == other["cells"]
            assert one["value"] == pytest.approx(other["value"], rel=1e-7)
            assert one["estimated_error"] == pytest.approx(other["estimated_error"], rel=1e-3, abs=1e-7)
