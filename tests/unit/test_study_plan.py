"""Study files: axes, samples and seeds become cases; what is wrong is said with its place."""

import os
from pathlib import Path

import numpy as np
import pytest
import shipped

from seix.errors import GeometryError, InputError
from seix.input.reading import read_yaml
from seix.scenario_file import load_study
from seix.study.axes import value_at
from seix.study.command import SweepOptions, dry_run_command
from seix.study.design import sensitivity_kind, unit_points
from seix.study.plan import load_plan
from seix.study.points import Range
from seix.study.schema import Axis, Sample
from seix.study.store import LOCKS, Store
from studies import write_study

MODULUS = "materials.override.organic_polymer.youngs_modulus"


def numbers(plan, name):
    return [case.numbers[name] for case in plan.cases]


def test_combinations_of_axes_and_seeds(tmp_path):
    plan = load_plan(write_study(tmp_path, """
axes:
  thickness: {key: sei.thickness, values: [30 nm, 40 nm]}
  both: {zip: {geometry.core_depth: [10 nm, 20 nm, 30 nm], geometry.electrolyte_depth: [5 nm, 6 nm, 7 nm]}}
seeds: [3, 7]
"""))  # fmt: skip
    assert len(plan.cases) == 2 * 3 * 2
    expected = [(t * 1e-9, d * 1e-9, s) for t in (30, 40) for d in (10, 20, 30) for s in (3, 7)]
    found = [(c.numbers["thickness"], c.numbers["both"], c.seed) for c in plan.cases]
    assert np.allclose(found, expected, rtol=1e-12)
    scenario = plan.cases[4].study.members["homogeneous_film"]
    assert (scenario.geometry.core_depth, scenario.geometry.electrolyte_depth) == (30e-9, 7e-9)
    assert [axis.unit for axis in plan.axes] == ["m", "m"]


def test_axes_of_optional_quantities_have_units():
    """Gap and period may be left out of a scenario, which takes nothing from their unit; ratios have none."""
    study = load_study(shipped.ROOT / "paper" / "multilayer.yaml")
    expected = {"sei.grains.gap": (0.5e-9, "m"), "geometry.period": (120e-9, "m"), "geometry.in_plane_strain": (0.01, ""),
                "sei.layers": (8, ""), "temperature": (298.15, "K"), "load.reference_current_density": (0.2, "A/m2")}  # fmt: skip
    assert {key: value_at(study, key) for key in expected} == expected


@pytest.mark.parametrize(
    ("given", "share", "expected"),
    [
        ({"from": "2 nm", "to": "20 nm", "count": 3}, 0.5, "11 nm"),
        ({"from": "2 nm", "to": "200 nm", "count": 3, "spacing": "log"}, 0.5, "20 nm"),
        ({"from": "500 MPa", "to": "2 GPa", "count": 3, "spacing": "log"}, 0.5, "1000 MPa"),
        ({"from": "0 degC", "to": "373.15 K", "count": 3}, 0.5, "323.15 K"),
        ({"from": 1, "to": 8, "count": 8}, 1 / 7, 2),
        ({"from": 0.1, "to": 0.4, "count": 4}, 1 / 3, 0.2),
    ],
)
def test_ranges_keep_their_unit(given, share, expected):
    assert Range("axes.a", Axis.model_validate({"key": "x.y"} | given)).at(share) == expected


def test_points_of_a_sample_fill_every_stratum(tmp_path):
    """The defining property of a Latin hypercube: one point in each of the n layers of every direction."""
    plan = load_plan(write_study(tmp_path, f"""
sample:
  count: 16
  seed: 5
  parameters:
    modulus: {{key: {MODULUS}, from: 0.5 GPa, to: 8 GPa, spacing: log}}
    thickness: {{key: sei.thickness, from: 20 nm, to: 60 nm}}
"""))  # fmt: skip
    modulus = np.log(np.array(numbers(plan, "modulus")) / 0.5e9) / np.log(16)
    thickness = (np.array(numbers(plan, "thickness")) - 20e-9) / 40e-9
    for share in (modulus, thickness):
        assert sorted(np.floor(share * 16).astype(int)) == list(range(16))


@pytest.mark.parametrize(
    ("count", "dimension", "kind", "runs"), [(512, 3, "sobol", 320), (319, 3, "morris", 316), (40, 4, "morris", 40)]
)
def test_budget_chooses_the_sensitivity_analysis(count, dimension, kind, runs):
    """Saltelli's scheme takes N (D + 2) runs with N a power of two, elementary effects r (D + 1)."""
    parameters = {f"p{k}": {"key": f"a.p{k}", "from": 0.0, "to": 1.0} for k in range(dimension)}
    sample = Sample.model_validate({"method": "sensitivity", "count": count, "parameters": parameters})
    found, base = sensitivity_kind(sample)
    points = unit_points(sample)
    assert found == kind
    assert len(points) == runs == base * (dimension + (2 if kind == "sobol" else 1))
    assert points.min() >= 0.0 and points.max() <= 1.0


def test_same_input_is_one_case(tmp_path):
    """Units do not matter, nor which key of a study set a value."""
    plan = load_plan(write_study(tmp_path, "axes:\n  a: {key: sei.thickness, values: [40 nm, 0.04 um, 30 nm]}\n"))
    assert len(plan.cases) == 3
    assert len(plan.distinct) == 2


def test_cases_are_those_of_run(tmp_path):
    """A case is known by the hash that `seix run --set` gives the same input."""
    path = write_study(tmp_path)
    case = load_plan(path).cases[1]
    again = load_study(tmp_path / load_plan(path).file.scenario, [
        "error.method=none", "mesh.cells_per_layer=1", "load.current_multiples=[1]", "output.figures=false",
        "sei.thickness='30 nm'", f"{MODULUS}='1 GPa'",
    ])  # fmt: skip
    assert case.hash == again.hash


WRONG = {
    "axes:\n  a: {key: sei.thickness}\n": ("axes.a", "has nothing; needs one of values, from/to/count, or zip"),
    "axes:\n  a: {key: sei.thickness, from: 2 nm, to: 3 nm}\n": ("axes.a", "also needs count"),
    "axes:\n  a: {values: [1]}\n": ("axes.a", "needs either key or keys"),
    "axes:\n  a: {zip: {x.y: [1, 2], x.z: [1]}}\n": ("axes.a.zip", "the same number of values"),
    "axes:\n  a: {key: sei.thickness, from: 2 nm, to: 3 GPa, count: 2}\n": ("axes.a", "different dimensions"),
    "axes:\n  a: {key: sei.thickness, from: 2 nm, to: 2 nm, count: 2}\n": ("axes.a", "the same"),
    "axes:\n  a: {key: sei.thickness, from: 0, to: 2, count: 2, spacing: log}\n": ("axes.a", "positive ends"),
    "axes:\n  a: {key: x.y, values: [30 nm]}\n  b: {key: x.y, values: [30 nm]}\n": ("axes.b", "and so does axes.a"),
    "axes:\n  unit: {key: sei.thickness, values: [30 nm]}\n": ("axes.unit", "is a column of the table"),
    "axis: {}\n": ("axis", "did you mean 'axes'?"),
    "axes:\n  a: {key: sei.thickness, value: [30 nm]}\n": ("axes.a.value", "did you mean 'values'?"),
    "seeds: 0\n": ("seeds", "at least 1"),
    "seeds: [1, 1]\n": ("seeds", "different whole numbers"),
    "sample: {method: sobol, count: 9, parameters: {a: {key: x.y, from: 2, to: 3}}}\n": ("sample.count", "such as 8 or 16"),
    "axes:\n  a: {key: sei.thickness, values: [30]}\n": ("case 1 (a = 30)", "has no unit"),
    "axes:\n  a: {key: sei.thicknes, values: [30 nm]}\n": ("case 1", "did you mean 'thickness'?"),
}  # fmt: skip


@pytest.mark.parametrize("rest", WRONG)
def test_wrong_files_are_refused_with_their_place(tmp_path, rest):
    path = write_study(tmp_path, rest)
    with pytest.raises(InputError) as caught:
        load_plan(path)
    text = str(caught.value)
    assert all(part in text for part in WRONG[rest]), text
    assert str(path) in text or text.startswith(("axes", "sample")), text


def test_impossible_geometry_is_a_failed_case(tmp_path):
    """The other cases go on; without any that is possible the study is refused."""
    plan = load_plan(write_study(tmp_path, "axes:\n  a: {key: mesh.maximum_cells, values: [100, 100000]}\n"))
    assert all(case.possible for case in plan.cases)  # known only when the mesh is made
    rest = "set2: 1\n"
    with pytest.raises(InputError):
        load_plan(write_study(tmp_path, rest))
    top = "structure: multilayer, layers: 1, thickness: 20 nm, inorganic: {{LiF: 0.2}}"
    grains = "{{" + top + ", grains: {{diameter: {}, gap: 1 nm}}}}"
    both = ", ".join(grains.format(size) for size in ("8 nm", "30 nm"))
    plan = load_plan(write_study(tmp_path, f"axes:\n  a: {{key: sei, values: [{both}]}}\n"))
    assert [case.possible for case in plan.cases] == [True, False]
    with pytest.raises(GeometryError, match="no case is possible"):
        load_plan(write_study(tmp_path, f"axes:\n  a: {{key: sei, values: [{grains.format('30 nm')}]}}\n"))


def test_scenario_given_as_study_is_told(tmp_path):
    from studies import SCENARIO

    with pytest.raises(InputError, match="is a scenario; seix run computes it"):
        load_plan(SCENARIO)
    with pytest.raises(InputError, match="use seix sweep"):
        load_study(write_study(tmp_path))


@pytest.mark.parametrize("path", shipped.studies(), ids=lambda path: path.stem)
def test_shipped_studies_are_valid(path):
    """Every case of them; each has the seeds that intervals are made of, and one where points of a sample take their place."""
    plan = load_plan(path)
    assert all(case.possible for case in plan.cases)
    least = 1 if plan.file.sample is not None else 5 if path.parent.name == "studies" else 3
    assert plan.file.seed_list == list(range(1, max(len(plan.file.seed_list), least) + 1))


@pytest.mark.parametrize("kind", ["study", "calibration"])
def test_schema_knows_the_keys_of_shipped_files(kind):
    """The words of the files, not those of the program: `from`, `to`, `zip`, `set`."""
    from seix.study.calibration_file import calibration_schema
    from seix.study.schema import study_schema

    schema = study_schema() if kind == "study" else calibration_schema()
    keys = set(schema["properties"])
    for path in shipped.studies() if kind == "study" else shipped.calibrations():
        assert set(read_yaml(path, path.name)[0].value) <= keys, path
    if kind == "study":
        assert {"from", "to", "zip", "values"} <= set(schema["$defs"]["Axis"]["properties"])


def test_set_on_the_command_line_replaces_set_of_the_study(tmp_path):
    """And may not touch what the study varies."""
    path = write_study(tmp_path, "axes:\n  a: {key: sei.thickness, values: [30 nm, 40 nm]}\nseeds: 2\n")
    plan = load_plan(path, ["load.current_multiples=[1, 7]", "output.figures=true"])
    scenario = plan.cases[0].study.members["homogeneous_film"]
    assert scenario.load.current_multiples == [1, 7]
    assert scenario.output.figures
    for text in ("sei.thickness='30 nm'", "seed=4"):
        with pytest.raises(InputError, match="the study varies it"):
            load_plan(path, [text])


@pytest.mark.parametrize("what", ["file", "file/below", "link", "locked", "locked/below", "foreign", "run", "/proc/x"])
def test_dry_run_looks_whether_the_folder_can_be_written(tmp_path, monkeypatch, what):
    """As a sweep would, in one sentence, and without a trace."""
    path = write_study(tmp_path)
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    (tmp_path / "locked").mkdir()
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / LOCKS).write_text("x")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "record.json").write_text("{}")
    access = os.access  # root may write everywhere
    monkeypatch.setattr(os, "access", lambda place, mode: Path(place).name != "locked" and access(place, mode))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match=r"^[^\n]*: a study cannot be kept here: [^\n]*; choose another folder with -o$"):
        dry_run_command(path, tmp_path / what, [], SweepOptions(None, 1, None, False))
    with pytest.raises(InputError, match="a study cannot be kept here"):
        Store(tmp_path / what).prepare()
    assert sorted(tmp_path.rglob("*")) == before


def test_dry_run_of_a_new_folder_makes_none(tmp_path, capsys):
    dry_run_command(write_study(tmp_path), tmp_path / "new" / "folder", [], SweepOptions(None, 1, None, False))
    assert "6 to compute here on 2 structures, 6 left" in capsys.readouterr().out
    assert not (tmp_path / "new").exists()
