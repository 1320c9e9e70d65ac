"""Comparison of two runs: fields read back, pairing, verdicts, the folder."""

import itertools
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from test_report import Page

from seix.analysis.output import write_json, write_quantities
from seix.analysis.record import RunInfo, build_record
from seix.analysis.vtu import write_vtu
from seix.analysis.vtu_reader import _mirrors, read_vtu
from seix.cli import main
from seix.errors import InputError
from seix.geometry.meshing import TaggedMesh
from seix.geometry.solid import SolidParticleFrame
from seix.study.compare import labels
from seix.study.pair import DIFFERS, OPEN, UNKNOWN, WITHIN, Pair, read_run, verdict
from seix.study.pair_figures import _difference, field_pair
from solids import solid_fields
from synthetic import NAMES, fields, particle, patch, result, study


def run_folder(folder, results, meshes=None, kind="patch", with_fields=True, **changed):
    """A result folder without maps and report; `meshes` are the hashes of the mesh files."""
    folder.mkdir(parents=True)
    names = [one.name for one in results]
    write_quantities(folder, results)
    if with_fields:  # two of them show what all would
        shown = ("field_enhancement", "first_principal_stress")
        write_vtu(folder / "fields.vtu", {one.name: one.fields.only(*shown) for one in results})
    record = build_record(study(names), results, RunInfo(), {"solve": 1.0})
    record["scenario"]["merged"] = {name: {"geometry": {"kind": kind}, "seed": 1} | changed for name in names}
    record["hashes"]["mesh_files"] = dict(zip(names, meshes or ["m"] * len(names), strict=True))
    write_json(folder / "record.json", record)
    return folder


# --- fields.vtu ---


@pytest.mark.parametrize("mesh", [patch(), particle(), particle(sector=math.pi / 3), patch(7.0, 3)], ids="abcd")
def test_fields_of_the_plane_come_back(tmp_path, mesh):
    """Node values of every region in single precision, the regions with their interfaces, and the measures of the mesh."""
    before = fields(mesh, 5.0)
    write_vtu(tmp_path / "fields.vtu", {"first": fields(patch()), "own": before})
    after = read_vtu(tmp_path / "fields.vtu", {"first": "patch", "own": mesh.kind})["own"]
    assert after.current_multiple == 5.0 and after.region_names == before.region_names
    # nodes that were doubled between regions are one again, and so are those of the seam of the made-up particle
    assert len(after.mesh.points) == len(np.unique(np.round(mesh.points, 6), axis=0))
    np.testing.assert_allclose(after.mesh.points[after.cells], mesh.points[mesh.cells], rtol=0, atol=1e-9 * np.ptp(mesh.points))
    for name in ("region", "grain", "layer"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))
    for name, values in before.nodes.values.items():
        wanted, found = values[before.nodes.cells], after.nodes.values[name][after.nodes.cells]
        np.testing.assert_allclose(found, wanted, rtol=2e-7, atol=2e-7 * np.nanmax(np.abs(wanted)))
    for name in ("period", "sector", "core_size", "sei_thickness", "electrolyte_depth"):
        wanted, found = getattr(mesh, name), getattr(after.mesh, name)
        assert (wanted is None) == (found is None) and (wanted is None or found == pytest.approx(wanted, rel=1e-6)), name


def box(period=8.0, cells=4):
    """Second-order tetrahedra in a block: core below 0, one grain in an SEI of 4 nm, electrolyte above."""
    step = period / cells
    heights = np.arange(-1, 4) * step
    place = {p: k for k, p in enumerate(itertools.product(range(cells + 1), range(cells + 1), range(len(heights))))}
    points = np.array([(a * step, b * step, heights[c]) for a, b, c in place])
    tetrahedra = []
    for corner in itertools.product(range(cells), range(cells), range(len(heights) - 1)):
        for order in itertools.permutations(range(3)):  # the six of a cube that share its diagonal
            walk = [np.array(corner)]
            for axis in order:
                walk.append(walk[-1] + np.eye(3, dtype=int)[axis])
            four = [place[tuple(map(int, node))] for node in walk]
            if np.linalg.det(points[four[1:]] - points[four[0]]) < 0:
                four[2], four[3] = four[3], four[2]
            tetrahedra.append(four)
    tetrahedra = np.array(tetrahedra)
    edges = tetrahedra[:, [[2, 3], [1, 3], [1, 2], [0, 3], [0, 2], [0, 1]]]
    pairs, number = np.unique(np.sort(edges.reshape(-1, 2), axis=1), axis=0, return_inverse=True)
    all_points = np.vstack([points, points[pairs].mean(axis=1)])
    ten = np.hstack([tetrahedra, len(points) + number.reshape(-1, 6)])
    centre = points[tetrahedra].mean(axis=1)
    sei = (centre[:, 2] > 0) & (centre[:, 2] < 2 * step)
    inside = sei & (np.abs(centre[:, :2] - 0.5 * period) < step).all(axis=1)
    region = np.where(centre[:, 2] < 0, 0, np.where(inside, 3, np.where(sei, 2, 1))).astype(np.int32)
    tags = region, np.where(inside, 0, -1).astype(np.int32), np.where(sei, 0, -1).astype(np.int32)
    return TaggedMesh(all_points, ten, *tags, list(NAMES), "patch", period, None, step, 2 * step, step)


def test_fields_in_space_come_back(tmp_path):
    mesh = box()
    before = solid_fields(mesh)
    write_vtu(tmp_path / "fields.vtu", {"own": before})
    after = read_vtu(tmp_path / "fields.vtu", {"own": mesh.kind})["own"]
    assert len(after.mesh.points) == len(mesh.points)
    np.testing.assert_allclose(after.mesh.points[after.cells], mesh.points[mesh.cells], rtol=0, atol=1e-9)
    for name, values in before.nodes.values.items():
        wanted, found = values[before.nodes.cells], after.nodes.values[name][after.nodes.cells]
        np.testing.assert_allclose(found, wanted, rtol=2e-7, atol=2e-7 * np.nanmax(np.abs(wanted)))
    for name in ("period", "core_size", "sei_thickness", "electrolyte_depth"):
        assert getattr(after.mesh, name) == pytest.approx(getattr(mesh, name), rel=1e-9), name


@pytest.mark.parametrize("section, half", [("full", None), ("octant", None), ("cone", math.pi / 5), ("cone", 0.05)])
def test_mirrors_of_a_particle_in_space_are_found_from_its_nodes(section, half):
    """Directions that fill the part of space inside the planes of the mesher."""
    frame = SolidParticleFrame(10.0, 3.0, 2.0, section, half)
    toward = np.random.default_rng(0).normal(size=(4000, 3))
    # points on the edges and planes, as every mesh has them
    toward = np.vstack([toward, *(toward - np.outer(toward @ n, n) for n in frame.mirrors)])
    toward /= np.linalg.norm(toward, axis=1, keepdims=True)
    kept = toward[(toward @ frame.mirrors.T > -1e-12).all(axis=1)]
    found = _mirrors(15.0 * kept)
    np.testing.assert_allclose(found, frame.mirrors, atol=1e-9)


def test_fields_are_those_that_other_readers_see(tmp_path):
    """The file as VTK reads it: same nodes, cells and values."""
    pyvista = pytest.importorskip("pyvista")
    write_vtu(tmp_path / "fields.vtu", {"own": fields(patch())})
    ours, theirs = read_vtu(tmp_path / "fields.vtu", {"own": "patch"})["own"], pyvista.read(tmp_path / "fields.vtu")
    cells = theirs.cells.reshape(-1, 7)[:, 1:4]  # the corners come first in both orders
    np.testing.assert_allclose(ours.points[ours.cells[:, :3]], theirs.points[cells][..., :2], rtol=0, atol=1e-15)
    np.testing.assert_array_equal(ours.values["potential"][:, :3], theirs["potential"][cells])


@pytest.mark.parametrize("text", ["", "<a/>", "no xml", '<V><DataArray Name="structure_names" type="String">a</DataArray></V>'])
def test_what_is_no_file_of_ours_is_said_so(tmp_path, text):
    (tmp_path / "fields.vtu").write_text(text)
    with pytest.raises(InputError, match="cannot be read as fields of seix"):
        read_vtu(tmp_path / "fields.vtu", {"own": "patch"})


# --- numbers ---


def test_a_difference_counts_beyond_the_sum_of_the_errors():
    assert verdict(0.31, 0.3) == verdict(-0.31, 0.3) == DIFFERS
    assert verdict(0.3, 0.3) == verdict(-0.29, 0.3) == verdict(0.0, math.nan) == WITHIN
    assert verdict(0.1, math.nan) == UNKNOWN
    assert verdict(0.1, math.nan, converges=False) == OPEN and verdict(0.0, math.nan, converges=False) == WITHIN


def pair_of(tmp_path, one, two, **keywords):
    runs = [read_run(run_folder(tmp_path / name, results, **keywords)) for name, results in (("one", one), ("two", two))]
    return Pair(*runs, ("one", "two"))


def test_table_of_two_runs(tmp_path):
    pair = pair_of(tmp_path, [result("film")], [result("film", factor=1.5)])
    table = pair.table.set_index(["current_multiple", "quantity"])
    row = table.loc[(2.0, "field_enhancement.p999")]
    assert (row["first"], row["second"], row["difference"]) == (10.0, 15.0, 5.0)
    assert row["errors"] == pytest.approx(0.2 + 0.3) and row["ratio"] == 1.5 and row["verdict"] == DIFFERS
    assert table.loc[(1.0, "field_enhancement.max")]["verdict"] == WITHIN  # the same number needs no error
    assert table.loc[(1.0, "field_enhancement.mean")]["verdict"] == WITHIN
    assert len(table) == 2 * 11


def test_not_converged_maxima_never_differ_for_sure(tmp_path):
    one, two = result("film"), result("film", multiples=(1.0, 2.0))
    case = two.cases[0]
    case.quantities["field_enhancement.max"] = replace(case.quantities["field_enhancement.max"], value=12.0)
    table = pair_of(tmp_path, [one], [two]).table
    row = table[(table["quantity"] == "field_enhancement.max") & (table["current_multiple"] == 1.0)].iloc[0]
    assert row["difference"] == 3.0 and row["verdict"] == OPEN


def test_what_only_one_run_has_is_listed(tmp_path):
    table = pair_of(tmp_path, [result("film", multiples=(1.0, 2.0))], [result("film", multiples=(1.0, 5.0))]).table
    only = table[table["current_multiple"] != 1.0]
    assert set(only["verdict"]) == {"only in one run"}
    assert (only["first"].isna() == (only["current_multiple"] == 5.0)).all()
    assert (only["second"].isna() == (only["current_multiple"] == 2.0)).all()


def test_structures_are_paired_by_name_or_as_the_only_ones(tmp_path):
    def matches(one, two, where):
        return pair_of(tmp_path / where, [result(n) for n in one], [result(n) for n in two]).matches

    assert matches("ab", "bc", "p") == [("b", "b")]
    assert matches("a", "c", "q") == [("a", "c")]
    assert matches("ab", "cd", "r") == []


def test_runs_of_the_same_name_get_different_labels(tmp_path):
    assert labels(tmp_path / "x" / "run", tmp_path / "y" / "run") == ("x/run", "y/run")
    assert labels(tmp_path / "run", tmp_path / "other") == ("run", "other")
    assert len(set(labels(tmp_path / "run", tmp_path / "run"))) == 2


# --- maps ---


def test_fields_are_subtracted_on_the_same_nodes_only():
    one, other = fields(patch()), fields(patch(period=24.0))
    assert field_pair(one, fields(patch()), True).same
    assert not field_pair(one, fields(patch()), False).same  # nodes alone do not make a mesh the same
    assert not field_pair(one, other, True).same
    assert not field_pair(one, fields(patch(columns=8)), True).same


def test_scale_of_a_difference_is_the_same_for_both_signs():
    one = fields(patch())
    shown = np.ones(4, dtype=bool)
    values = np.where(one.nodes.region == 3, -2.0, 0.5)
    _, norm, extend, largest = _difference(one, values, shown, "MPa")
    assert (norm.vmin, norm.vmax, extend, largest) == (-2.0, 2.0, "neither", "-2 MPa")
    _, norm, _, largest = _difference(one, 0.0 * values, shown, "")
    assert norm.vmin < 0 < norm.vmax and largest == "0"


# --- the folder ---


def test_comparison_on_one_mesh(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    two = result("film", factor=1.5)
    two.fields = replace(two.fields, values={name: 1.1 * value for name, value in two.fields.values.items()})
    run_folder(tmp_path / "one", [result("film")])
    run_folder(tmp_path / "two", [two], seed=2)
    assert main(["compare", "one", "two"]) == 0
    folder = tmp_path / "results" / "compare-one-two"
    assert str(folder) in capsys.readouterr().out
    names = {path.name for path in folder.iterdir()}
    assert set(json.loads((folder / "record.json").read_text())["files"]) == names
    assert {"compare.csv", "compare.json", "curves.png", "report.html", "film_first_principal_stress.png"} <= names
    rows = json.loads((folder / "compare.json").read_text())["quantities"]
    assert len(rows) == len(pd.read_csv(folder / "compare.csv")) == 22
    text = (folder / "report.html").read_text("utf-8")
    page = Page(text)
    assert page.stack == [] and all(load.startswith("data:image/png;base64,") for load in page.loads)
    assert "same mesh" in text and "Largest difference" in text and "<td><code>seed</code></td><td>1</td><td>2</td>" in text
    assert main(["compare", "one", "two"]) == 2 and "exists already" in capsys.readouterr().err
    before = (folder / "report.html").read_bytes()
    assert main(["compare", "one", "two", "--overwrite"]) == 0
    assert (folder / "report.html").read_bytes() == before


def test_comparison_on_different_meshes_and_in_space(tmp_path):
    """No difference is formed between meshes; results in space are cut; both in one comparison."""
    flat, solid = result("film"), result("film")
    solid.mesh = box()
    solid.fields = solid_fields(solid.mesh)
    run_folder(tmp_path / "flat", [flat])
    run_folder(tmp_path / "solid", [solid], ["n"])
    assert main(["compare", str(tmp_path / "flat"), str(tmp_path / "solid"), "-o", str(tmp_path / "out")]) == 0
    text = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "the meshes differ" in text and "Largest difference" not in text and "section y = " in text


@pytest.mark.slow
def test_comparison_of_several_particles(tmp_path, monkeypatch):
    """Two real runs on one mesh: twice the swelling of the cores is twice the stress, but for the lithium that follows it."""
    monkeypatch.chdir(tmp_path)
    path = Path(__file__).parents[2] / "scenarios/examples/several_particles.yaml"
    for name, swelling in (("one", "0.5 %"), ("two", "1 %")):
        texts = (f"mechanics.core_swelling={swelling}", "load.current_multiples=[1]", "mesh.cells_per_diameter=2",
                 "error.method=none")  # fmt: skip
        sets = [part for text in texts for part in ("--set", text)]
        assert main(["run", str(path), *sets, "-o", name]) == 0
    assert main(["compare", "one", "two", "-o", "out"]) == 0
    text = (tmp_path / "out/report.html").read_text("utf-8")
    assert "same mesh" in text and "Largest difference" in text
    assert (tmp_path / "out/several_particles_first_principal_stress.png").stat().st_size > 10_000
    rows = {row["quantity"]: row for row in json.loads((tmp_path / "out/compare.json").read_text())["quantities"]}
    assert rows["stress.first_principal.p999.LiF"]["ratio"] == pytest.approx(2, rel=1e-4)


def test_fields_that_agree_to_the_rounding_of_the_file_are_not_subtracted(tmp_path):
    run_folder(tmp_path / "one", [result("film")])
    run_folder(tmp_path / "two", [result("film")])
    assert main(["compare", str(tmp_path / "one"), str(tmp_path / "two"), "-o", str(tmp_path / "out")]) == 0
    text = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "Largest difference" not in text and "rounding of fields.vtu" in text
    assert "Nothing differs in the scenarios" in text


def test_without_fields_there_are_numbers(tmp_path):
    run_folder(tmp_path / "one", [result("film")], with_fields=False)
    run_folder(tmp_path / "two", [result("film")])
    assert main(["compare", str(tmp_path / "one"), str(tmp_path / "two"), "-o", str(tmp_path / "out")]) == 0
    assert "No maps: one has no fields.vtu" in (tmp_path / "out" / "report.html").read_text("utf-8")


def test_what_is_no_run_is_refused_and_nothing_is_left(tmp_path, capsys):
    run_folder(tmp_path / "one", [result("film")])
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "study.json").write_text("{}")
    (tmp_path / "empty").mkdir()
    broken = run_folder(tmp_path / "broken", [result("film")])
    (broken / "fields.vtu").write_text("no")
    for name, words in (
        ("nothing", "is no folder"),
        ("study", "is a study"),
        ("empty", "finished run"),
        ("broken", "cannot be read"),
    ):
        assert main(["compare", str(tmp_path / "one"), str(tmp_path / name), "-o", str(tmp_path / "out")]) == 2
        assert words in capsys.readouterr().err
        assert not (tmp_path / "out").exists()
