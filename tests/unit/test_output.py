"""Numbers and fields in files: exactly what was computed, readable by others."""

import csv
import json
import math
from pathlib import Path

import meshio
import numpy as np
import pytest

from seix.analysis.fieldset import CellFields, weighted_quantile
from seix.analysis.measures import cell_areas
from seix.analysis.meshfile import write_mesh
from seix.analysis.notation import display_unit, format_number
from seix.analysis.output import quantities_document, write_json, write_quantities
from seix.analysis.quantity import Quantity, check_quantities, describe, ratio
from seix.analysis.quantity_docs import quantities_markdown
from seix.analysis.vtu import write_vtu
from synthetic import NAMES, fields, particle, patch, quantities, result

ROOT = Path(__file__).parents[2]


# --- quantities ---


def test_documentation_is_up_to_date():
    assert (ROOT / "docs" / "quantities.md").read_text("utf-8") == quantities_markdown()


def test_single_structure_has_plain_names():
    document = quantities_document([result("film")])
    assert document["quantities"]["field_enhancement.p999"] == {
        "value": 5.0,
        "unit": "1",
        "error": 0.1,
        "error_kind": "two_mesh",
    }
    assert [(case["structure"], case["current_multiple"]) for case in document["cases"]] == [
        ("film", 1),
        ("film", 2),
    ]
    assert document["cases"][1]["quantities"]["field_enhancement.p999"]["value"] == 10.0


def test_comparison_has_prefixed_names_and_ratios():
    document = quantities_document([result("a", factor=2.0), result("b")])
    top = document["quantities"]
    assert top["a.field_enhancement.p999"]["value"] == 10.0
    assert top["b.field_enhancement.p999"]["value"] == 5.0
    assert top["ratio.field_enhancement.p999"]["value"] == 2.0
    # 0.2/10 and 0.1/5 relative: both count in full
    assert top["ratio.field_enhancement.p999"]["error"] == pytest.approx(2.0 * 0.04)
    assert top["ratio.field_enhancement.p999"]["error_kind"] == "propagated"
    assert "ratio.field_enhancement.max" not in top
    assert not any(name.startswith("a/b") for name in top)
    assert [case["structure"] for case in document["cases"]] == ["a", "a", "b", "b", "a/b", "a/b"]


def test_csv_has_every_number_of_the_json(tmp_path):
    document = write_quantities(tmp_path, [result("a"), result("b")])
    rows = list(csv.DictReader((tmp_path / "quantities.csv").open()))
    assert list(rows[0]) == [
        "structure",
        "current_multiple",
        "quantity",
        "value",
        "unit",
        "error",
        "error_kind",
    ]
    assert len(rows) == sum(len(case["quantities"]) for case in document["cases"])
    found = {(row["structure"], float(row["current_multiple"]), row["quantity"]): row for row in rows}
    for case in document["cases"]:
        for name, entry in case["quantities"].items():
            row = found[case["structure"], case["current_multiple"], name]
            assert float(row["value"]) == entry["value"]
            assert row["error"] == ("" if entry["error"] is None else repr(entry["error"]))


@pytest.mark.parametrize(
    ("name", "bad", "text"),
    [
        ("field_enhancement.p999", Quantity(math.nan, "1"), "is nan"),
        (
            "field_enhancement.p999",
            Quantity(1.0, "1", math.inf, "two_mesh"),
            "error of field_enhancement.p999 is inf",
        ),
        ("field_enhancement.p999", Quantity(1.0, "1", -1.0, "two_mesh"), "error"),
        ("field_enhancement.p999", Quantity(1.0, "V"), "unit"),
        ("field_enhancement.p999", Quantity(1.0, "1", 0.1, "guess"), "error kind"),
        ("field_enhancement.p95", Quantity(1.0, "1"), "not a documented"),
    ],
)
def test_what_cannot_be_quoted_is_refused(tmp_path, name, bad, text):
    broken = result()
    broken.cases[1].quantities[name] = bad
    with pytest.raises(ValueError, match=text):
        write_quantities(tmp_path, [broken])
    assert list(tmp_path.iterdir()) == []


def test_json_is_standard(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "x.json", {"a": [math.inf]})
    assert not (tmp_path / "x.json").exists()


def test_names_with_a_phase_are_known():
    assert describe("stress.first_principal.p999.organic_polymer").unit == "Pa"
    assert describe("field_enhancement.p999").pattern == "field_enhancement.p999"
    assert describe("stress.first_principal.p999.a.b") is None
    check_quantities("here", quantities(1.0))


def test_ratio_without_errors_or_by_zero():
    assert ratio(Quantity(2, "V"), Quantity(4, "V", 0.1)) == Quantity(0.5, "1")
    assert ratio(Quantity(2, "V"), Quantity(0, "V")) is None


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (10.93, 0.13, "10.93 ± 0.13"),
        (4.915, 0.054, "4.92 ± 0.05"),
        (1.2e-7, 3e-9, "(1.20 ± 0.03)e-07"),
        (5.3, None, "5.300"),
        (0.0, None, "0"),
        (123456.0, 300.0, "123456 ± 300"),
        (0.28, 3e-11, "0.28000 ± 3e-11"),
        (-132.3, 33.0, "-132 ± 33"),
        (5.0, 0.0, "5.000 ± 0"),
        (1.0378e-7, 1.2e-11, "(1.0378 ± 0.0001)e-07"),
        (1.0378e-7, 0.4e-11, "1.0378e-07 ± 4e-12"),
        (-2.5e8, 1.1e4, "(-2.5000 ± 0.0001)e+08"),
        (1.0378, 1.4e-4, "1.0378 ± 0.0001"),
        (1.0378, 5.1e-5, "1.0378 ± 0.0001"),
        (1.0378, 4.9e-5, "1.0378 ± 5e-05"),
        (99999.0, 0.7, "99999 ± 1"),
        (0.0, 3e-9, "(0 ± 3)e-09"),
    ],
)
def test_numbers_show_as_many_digits_as_the_error_allows(value, error, text):
    assert format_number(value, error) == text


def test_display_units():
    assert display_unit("Pa", 3.2e8) == (1e6, "MPa")
    assert display_unit("V", 0.0) == (1.0, "V")
    assert display_unit("furlong", 2.0) == (1.0, "furlong")


# --- fields ---


def test_area_of_curved_cells_is_exact():
    # right triangle whose hypotenuse bulges outwards by a parabola of height 0.1 sqrt 2
    points = np.array([[0, 0], [1, 0], [0, 1], [0.6, 0.6], [0, 0.5], [0.5, 0.0]], dtype=float)
    area = cell_areas(points, np.arange(6)[None, :])
    assert area[0] == pytest.approx(0.5 + 2 / 3 * math.sqrt(2) * 0.1 * math.sqrt(2), rel=1e-14)


def test_weighted_quantile_leaves_out_what_does_not_exist():
    values, weights = np.array([3.0, 1.0, np.nan, 2.0]), np.array([1.0, 98.0, 50.0, 1.0])
    assert weighted_quantile(values, weights, 0.5) == 1.0
    assert weighted_quantile(values, weights, 0.99) == 2.0
    assert weighted_quantile(values, weights, 1.0) == 3.0
    with pytest.raises(ValueError, match="finite"):
        weighted_quantile(np.array([np.nan]), np.ones(1), 0.5)


def test_nothing_is_averaged_across_an_interface():
    mesh = patch()
    nodes = fields(mesh).nodes
    stress = nodes.values["von_mises_stress"]
    for region in (0, 2, 3):
        here = nodes.region == region
        assert stress[here] == pytest.approx(
            1e8 * (region + 1) + 1e6 * nodes.points[here, 1] * 1e9, rel=1e-12
        )
    assert np.isnan(stress[nodes.region == 1]).all()
    # nodes are doubled on interfaces and nowhere else
    shared = [
        np.isin(np.unique(mesh.cells[mesh.region == 2]), mesh.cells[mesh.region == other]).sum()
        for other in (0, 1, 3)
    ]
    grain = np.isin(np.unique(mesh.cells[mesh.region == 3]), mesh.cells[mesh.region != 3]).sum()
    assert len(nodes.points) == len(mesh.points) + shared[0] + shared[1] + grain


def test_average_inside_a_region_weighs_areas():
    points = np.array([[0, 0], [1, 0], [0, 1], [-3, 0]], dtype=float)
    triangles = np.array([[0, 1, 2], [0, 2, 3]])
    from support import second_order

    mesh = patch()
    mesh.points, mesh.cells = second_order(points, triangles)
    mesh.region, mesh.grain, mesh.layer = np.array([2, 2]), np.array([-1, -1]), np.array([0, 0])
    values = np.stack([np.full(6, 1.0), np.full(6, 5.0)])
    nodes = CellFields(mesh, {"potential": values}).nodes
    at_shared = nodes.values["potential"][np.isin(nodes.points[:, 0], [0.0]) & (nodes.points[:, 1] >= 0)]
    assert at_shared == pytest.approx((1.0 * 0.5 + 5.0 * 1.5) / 2.0)


@pytest.mark.parametrize(
    ("name", "shape", "text"),
    [("potentials", (360, 6), "unknown field"), ("potential", (360, 3), "shape")],
)
def test_fields_are_checked(name, shape, text):
    with pytest.raises(ValueError, match=text):
        CellFields(patch(), {name: np.zeros(shape)})


def test_infinite_field_is_refused():
    values = np.zeros(patch().cells.shape)
    values[0, 0] = np.inf
    with pytest.raises(ValueError, match="infinite"):
        CellFields(patch(), {"potential": values})


def test_vtu_is_read_back_with_the_same_values(tmp_path):
    pyvista = pytest.importorskip("pyvista")
    given = fields(patch(), 2.0)
    write_vtu(tmp_path / "fields.vtu", {"film": given})
    grid = pyvista.read(tmp_path / "fields.vtu")
    assert (grid.celltypes == pyvista.CellType.QUADRATIC_TRIANGLE).all()
    assert grid.n_cells == len(given.cells)
    assert grid.points == pytest.approx(
        np.column_stack([given.nodes.points, np.zeros(len(given.nodes.points))]), abs=1e-20
    )
    assert set(grid.point_data) == set(given.values)
    assert grid.point_data["field_enhancement"].dtype == np.float32
    for name, columns in (("potential", None), ("displacement", 3), ("current_density", 3), ("stress", 6)):
        read, expected = np.asarray(grid.point_data[name]), given.nodes.values[name]
        if columns is None:
            assert read == pytest.approx(expected, rel=1e-6, nan_ok=True)
        else:
            assert read.shape == (grid.n_points, columns)
            known = expected.shape[1]
            assert read[:, :known] == pytest.approx(expected, rel=1e-6, nan_ok=True)
            assert (np.nan_to_num(read[:, known:]) == 0).all()
    for name in ("region", "grain", "layer"):
        assert (grid.cell_data[name] == getattr(given, name)).all()
    assert list(grid.field_data["region_names"]) == NAMES
    phases = list(grid.field_data["phase_names"])
    assert {phases[p] for p in grid.cell_data["phase"][given.grain >= 0]} == {"LiF"}
    assert {phases[p] for p in grid.cell_data["phase"][given.region == 2]} == {"matrix"}
    assert grid.field_data["current_multiple"] == [2.0]
    # mid nodes lie on their edges in the order of VTK
    cell = grid.get_cell(5).points
    assert cell[3] == pytest.approx((cell[0] + cell[1]) / 2)
    assert cell[4] == pytest.approx((cell[1] + cell[2]) / 2)
    assert cell[5] == pytest.approx((cell[2] + cell[0]) / 2)
    assert grid.compute_cell_sizes()["Area"].sum() == pytest.approx(given.areas.sum())


def test_vtu_of_a_comparison_is_one_grid_side_by_side(tmp_path):
    pyvista = pytest.importorskip("pyvista")
    first, second = fields(patch()), fields(patch(40.0))
    write_vtu(tmp_path / "fields.vtu", {"a": first, "b & c": second})
    grid = pyvista.read(tmp_path / "fields.vtu")
    assert list(grid.field_data["structure_names"]) == ["a", "b & c"]
    offsets = grid.field_data["structure_offset"]
    assert offsets[0] == 0 and offsets[1] == pytest.approx(24e-9)
    right = grid.extract_cells(grid.cell_data["structure"] == 1)
    assert right.n_cells == len(second.cells)
    assert right.bounds[0] == pytest.approx(24e-9) and right.bounds[1] == pytest.approx(64e-9)


def test_vtu_needs_a_structure(tmp_path):
    with pytest.raises(ValueError, match="no structure"):
        write_vtu(tmp_path / "x.vtu", {})


def test_mesh_file_of_one_structure_is_the_one_that_was_made(tmp_path):
    made = tmp_path / "made.msh"
    made.write_bytes(b"mesh")
    write_mesh(tmp_path / "mesh.msh", [result("film")], {"film": made})
    assert (tmp_path / "mesh.msh").read_bytes() == b"mesh"


def test_mesh_file_that_is_gone_is_written_again(tmp_path):
    one = result("film")
    write_mesh(tmp_path / "mesh.msh", [one], {"film": tmp_path / "cleared.msh"})
    mesh = meshio.read(tmp_path / "mesh.msh")
    assert mesh.points[:, :2] == pytest.approx(one.mesh.points * 1e-9)
    assert {"core", "LiF", "core|sei"} <= set(mesh.field_data)


def test_mesh_file_of_a_comparison_holds_all_structures(tmp_path):
    results = [result("a"), result("b", particle())]
    write_mesh(tmp_path / "mesh.msh", results)
    mesh = meshio.gmsh.read(tmp_path / "mesh.msh")
    names = {int(number): name for name, (number, _) in mesh.field_data.items()}
    triangles = next(k for k, block in enumerate(mesh.cells) if block.type == "triangle6")
    groups = mesh.cell_data["gmsh:physical"][triangles]
    assert len(groups) == sum(len(r.mesh.cells) for r in results)
    # basix and VTK number the mid nodes differently
    cells = mesh.cells[triangles].data[:, [0, 1, 2, 4, 5, 3]]
    areas = cell_areas(mesh.points[:, :2], cells)
    for r in results:
        for index, region in enumerate(r.mesh.region_names):
            mine = np.array([names[g] == f"{r.name}/{region}" for g in groups])
            expected = cell_areas(r.mesh.points * 1e-9, r.mesh.cells)[r.mesh.region == index]
            assert areas[mine].sum() == pytest.approx(expected.sum(), rel=1e-9)
    lines = mesh.cell_data["gmsh:physical"][next(k for k, b in enumerate(mesh.cells) if b.type == "line3")]
    assert (lines == mesh.field_data["a/core|sei"][0]).sum() == 10


def test_document_can_be_read_by_anyone(tmp_path):
    write_quantities(tmp_path, [result()])
    text = (tmp_path / "quantities.json").read_text("utf-8")
    assert json.loads(text, parse_constant=lambda name: pytest.fail(name))["structures"] == ["bilayer"]
