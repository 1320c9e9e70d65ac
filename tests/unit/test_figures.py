"""Pictures: right part of the mesh, right colours, files of the right size."""

import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from seix.analysis import colour_scales, figures, page, panel, style, trends
from seix.analysis.chains import chained
from seix.analysis.counting import grains_in_words
from seix.analysis.interfaces import interfaces
from seix.analysis.mapdraw import Map, outlines, robust_range, round_length
from seix.analysis.view import View, core_view, peak, sei_view, whole_view
from synthetic import fields, particle, patch, result

MAPS = {"microstructure", *colour_scales.SCALES}


@pytest.mark.parametrize(
    ("limit", "length"), [(25.9, 20), (20.0, 20), (52.0, 50), (9.9, 5), (1000.0, 1000), (0.3, 0.2)]
)
def test_scale_bars_have_round_lengths(limit, length):
    assert round_length(limit) == pytest.approx(length)


# --- views ---


def test_patch_is_shown_whole_with_margins():
    view = sei_view(fields(patch(20.0)))
    assert view.x == (0.0, 20.0) and view.y == pytest.approx((-1.76, 9.76))
    assert not view.detail and view.shifts == (0.0,)


def test_long_patch_is_cropped_around_the_peak():
    given = fields(patch(200.0, columns=100))
    place = 150.0
    given.values["field_enhancement"][np.abs(given.mesh.points[given.cells][..., 0] - place) < 2] *= 5
    view = sei_view(given)
    assert view.detail and view.aspect == pytest.approx(3.0)
    assert view.x[0] < peak(given, "field_enhancement")[0] < view.x[1]
    assert abs(sum(view.x) / 2 - place) < 3


def test_crop_stays_inside_the_period():
    given = fields(patch(200.0, columns=100))
    given.values["field_enhancement"][np.abs(given.mesh.points[given.cells][..., 0]) < 2] *= 5
    assert sei_view(given).x[0] == 0.0


def test_narrow_patch_is_repeated():
    view = sei_view(fields(patch(2.0)))
    assert view.aspect == pytest.approx(1.5)
    assert view.shifts == pytest.approx(2.0 * np.arange(math.ceil(view.width / 2.0)))


def test_core_view_shows_the_core():
    view = core_view(fields(patch()))
    assert view.y[0] == -6.0 and 0 < view.y[1] <= 1.6


def test_small_particle_is_shown_whole_and_large_one_in_detail():
    assert not sei_view(fields(particle(20.0))).detail
    large = fields(particle(300.0))
    view = sei_view(large)
    assert view.detail
    place = view.turned(peak(large, "field_enhancement")[None, :])[0]
    assert abs(place[0]) < 1e-6 and view.y[0] < place[1] < view.y[1]
    # the surface of the core stays visible up to the sides
    assert view.y[0] < math.sqrt(300.0**2 - view.x[1] ** 2)


def test_sector_stands_on_its_tip():
    mesh = particle(30.0, sector=math.pi / 3)
    view = whole_view(mesh)
    turned = view.turned(mesh.points)
    assert abs(turned[:, 0].min() + turned[:, 0].max()) < 1e-6
    assert view.sees(turned[None])[0] and turned[:, 1].max() <= view.y[1] + 2.0
    assert view.x[0] == pytest.approx(-view.x[1])


def test_detail_of_a_sector_stays_inside():
    sector = math.pi / 2
    given = fields(particle(300.0, sector=sector))
    view = sei_view(given)
    angle = math.pi / 2 - view.turn
    half = math.asin(view.x[1] / 300.0)
    assert half <= angle + 1e-12 and angle <= sector - half + 1e-12


def test_turning_keeps_lengths():
    points = np.array([[3.0, 4.0], [0.0, 1.0]])
    turned = View((0, 1), (0, 1), turn=0.3).turned(points)
    assert np.hypot(*turned.T) == pytest.approx([5.0, 1.0])
    assert math.atan2(*turned[1][::-1]) == pytest.approx(math.pi / 2 + 0.3)


# --- lines and colours ---


def test_interfaces_are_found_once():
    mesh = patch()
    found = interfaces(mesh)
    count = {name: len(edges) for name, edges in found.items()}
    grains = len(np.unique(mesh.grain)) - 1
    # a grain of 2 nm x 2 nm has one column and two rows of cells
    assert count["grain|matrix"] == 6 * grains
    assert count["core|sei"] == count["sei|electrolyte"] == 10
    assert count["layer|layer"] == 10
    assert count["outside"] == 2 * 10 + 2 * 18


def test_outlines_follow_the_parabola():
    mesh = particle()
    lines = outlines(mesh)["core|sei"]
    assert lines.shape[1:] == (5, 2)
    ends = np.hypot(*lines[:, [0, 4]].reshape(-1, 2).T)
    assert ends == pytest.approx(20.0)


def test_robust_range_leaves_out_the_last_thousandth():
    given = fields(patch(200.0, columns=200))
    values = given.nodes.values["potential"].copy()
    values[given.nodes.region == 2] = 1.0
    spike = np.flatnonzero(given.nodes.region == 2)[0]
    values[spike] = 100.0
    shown = np.array([False, False, True, False])
    assert robust_range(given, values, shown) == (1.0, 1.0)


def test_compared_structures_share_one_scale():
    pair = [fields(patch(), 1.0), fields(patch(), 3.0)]
    scale = colour_scales.field_enhancement(pair)
    assert scale.norm.vmin == 0 and scale.norm.vmax >= 6.0
    assert [regions.tolist() for regions in scale.shown] == [[False, False, True, True]] * 2
    stress = colour_scales.first_principal_stress(pair)
    assert "MPa" in stress.label and stress.norm.vmin < 0 < stress.norm.vmax


def stressed(name, core, sei):
    """Colour scale of a stress of two sizes, each varying by a tenth."""
    given = fields(patch())
    waves = 1 + 0.1 * np.sin(given.mesh.points[given.mesh.cells][..., 0])
    given.values[name] = np.array([core, np.nan, sei, sei])[given.mesh.region][:, None] * waves
    return colour_scales.SOLID_SCALES[name]([given])


@pytest.mark.parametrize(
    ("name", "core"),
    [("first_principal_stress", 5e6), ("first_principal_stress", -5e6), ("hydrostatic_stress", 5e6),
     ("hydrostatic_stress", -5e6), ("von_mises_stress", 5e6)],
)  # fmt: skip
def test_stress_maps_have_the_colours_of_the_sei(name, core):
    """A core that carries ten times more is cut off, with an arrow on its side and in the colour of its sign."""
    scale = stressed(name, core, 5e5)
    assert "kPa" in scale.label and 500 < scale.norm.vmax < 800
    assert scale.norm.vmin == (0.0 if core > 0 else pytest.approx(-550, rel=0.02))
    assert scale.extend == ("max" if core > 0 else "min")
    assert scale.shown[0].tolist() == [True, False, True, True] and not scale.title.endswith(" in the SEI")
    apart = stressed(name, 100 * core, 5e5)  # the smallest errors of the core would outshine the SEI
    assert apart.shown[0].tolist() == [False, False, True, True] and apart.title.endswith(" in the SEI")
    assert "kPa" in apart.label and apart.extend == "neither"
    rounding = stressed(name, 100 * core, 5e-4)  # the core is all there is to see
    assert rounding.shown[0][0] and "MPa" in rounding.label and rounding.extend == "neither"


def test_a_core_with_less_stress_changes_no_colours():
    scale = stressed("first_principal_stress", -1e5, 5e5)
    assert scale.norm.vmin == pytest.approx(-110, rel=0.02) and scale.norm.vmax > 500 and scale.extend == "neither"


def test_uniform_field_is_not_drawn_in_the_last_colour():
    given = fields(patch())
    given.values["field_enhancement"][np.isfinite(given.values["field_enhancement"])] = 1.0
    assert colour_scales.field_enhancement([given]).norm.vmax == pytest.approx(1.5)


def test_zero_stress_is_the_middle_of_the_colour_map():
    from cmcrameri import cm

    cmap, norm = style.diverging(-1.0, 3.0)
    assert cmap(norm(0.0)) == pytest.approx(cm.vik(0.5), abs=0.02)
    cmap, norm = style.diverging(0.0, 0.0)
    assert norm.vmin < norm.vmax


def test_lithium_shows_the_deviation_when_it_hardly_varies():
    scale = colour_scales.lithium_concentration([fields(patch())])
    assert "deviation" in scale.title and abs(scale.norm.vmax) < 1e3
    given = fields(patch())
    given.values["lithium_concentration"] *= np.linspace(0.1, 1, 360)[:, None]
    assert "deviation" not in colour_scales.lithium_concentration([given]).title


def test_formulas_get_subscripts():
    assert style.phase_label("Li2CO3") == r"Li$_\mathrm{2}$CO$_\mathrm{3}$"
    assert style.phase_label("LiF") == "LiF"
    assert style.phase_label("organic_polymer") == "organic polymer"
    assert style.phase_label("amorphous_si") == "amorphous Si"


def test_legends_fit_into_the_room_they_ask_for():
    labels = [style.phase_label(name) for name in ("core", "electrolyte", "oligomer", "organic_polymer", "Li2CO3", "LiF", "void")]
    with style.context():
        figure = page.MillimetreFigure(page.legend_width(labels) + 4.0, 20.0)
        page.legend_below(figure, ["red"] * len(labels), labels)
        box = figure.figure.legends[0].get_window_extent()
    room = figure.figure.bbox
    assert room.x0 <= box.x0 and box.x1 <= room.x1 and box.width > 0.8 * room.width


def test_pieces_of_outlines_are_joined():
    angle = np.linspace(0.0, 2.0 * np.pi, 9)
    points = np.column_stack([np.cos(angle), np.sin(angle)])
    pieces = np.stack([points[:-1], 0.5 * (points[:-1] + points[1:]), points[1:]], axis=1)
    pieces[::2] = pieces[::2, ::-1]
    (closed,) = chained(pieces[[3, 0, 7, 5, 1, 2, 6, 4]])
    assert len(closed) == 17 and closed[0] == pytest.approx(closed[-1])
    # at a junction of three lines all end
    spokes = np.array([[[0.0, 0.0], [1.0, 0.0]], [[1.0, 0.0], [2.0, 0.0]], [[0.0, 1.0], [0.0, 0.0]], [[0.0, 0.0], [-1.0, 0.0]]])
    assert sorted(len(line) for line in chained(spokes)) == [2, 2, 3]
    assert chained(np.empty((0, 5, 2))) == []


def test_borders_of_phases_do_not_depend_on_the_order_of_cells():
    """Triangles are drawn half a pixel too large, so the later one would win."""
    drawn = []
    for order in (1, -1):
        mesh = patch()
        mesh = replace(mesh, **{name: getattr(mesh, name)[::order] for name in ("cells", "region", "grain", "layer")})
        figure = page.MillimetreFigure(30.0, 30.0)
        given = fields(mesh)
        Map(figure.axes(0.0, 0.0, 30.0, 30.0), given, sei_view(given)).cells(style.cell_colours(mesh, "phases"))
        figure.figure.canvas.draw()
        drawn.append(np.array(figure.figure.canvas.buffer_rgba()))
    assert np.abs(np.subtract(*drawn, dtype=int)).max() <= 2


def test_grains_are_counted_in_words():
    mesh = patch()
    number = len(np.unique(mesh.grain[mesh.grain >= 0]))
    assert grains_in_words(mesh) == f"{number} grains"
    name = mesh.region_names[mesh.region[mesh.grain >= 0][0]]
    halves = {"structure": {"phases": {name: {"grains": number - 1.5}}}}
    assert grains_in_words(replace(mesh, statistics=halves)) == f"{number} grains (3 of them cut in half by mirror planes)"
    assert grains_in_words(replace(mesh, grain=np.full_like(mesh.grain, -1))) == ""
    voids = [other if other != name else "void" for other in mesh.region_names]
    assert grains_in_words(replace(mesh, region_names=voids)) == f"{number} voids"


# --- files ---


@pytest.mark.parametrize(
    "mesh",
    [patch(6.0, 4), patch(150.0, 40), particle(), particle(300.0), particle(30.0, 1.0), particle(400.0, 0.6)],
    ids=["narrow", "long", "particle", "large", "sector", "large-sector"],
)
def test_maps_of_every_geometry(tmp_path, mesh):
    written = figures.write_maps(tmp_path, [result("film", mesh)], dpi=50)
    assert {path.name for path in written} == {f"film_{name}.png" for name in MAPS}
    for path in written:
        with Image.open(path) as image:
            assert 0.2 < image.width / image.height < 6
            assert len(set(image.convert("L").resize((60, 60)).get_flattened_data())) > 5


def test_maps_without_a_field(tmp_path):
    film = result("film")
    del film.fields.values["lithium_concentration"]
    assert "film_lithium_concentration.png" not in {
        p.name for p in figures.write_maps(tmp_path, [film], dpi=40)
    }


@pytest.mark.parametrize(
    ("count", "multiples"), [(1, (1.0,)), (2, (1.0,)), (3, (1.0, 2.0, 5.0)), (1, (0.01, 1.0))]
)
def test_panel_is_as_wide_as_a_page(tmp_path, count, multiples):
    results = [result(name, multiples=multiples) for name in ("bilayer", "multilayer", "film")[:count]]
    path = panel.write_panel(tmp_path / "panel.png", results, dpi=50)
    with Image.open(path) as image:
        assert image.width == pytest.approx(180 / 25.4 * 50, abs=1)


def test_equal_results_give_equal_pictures(tmp_path):
    for name in ("a.png", "b.png"):
        panel.write_panel(tmp_path / name, [result()], dpi=40)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_trends_carry_errors_and_the_ratio():
    groups = trends.trend_groups([result("a", factor=2.0), result("b")])
    _, title, curves = groups[0]
    assert "a/b = 2.00 ± 0.08" in title
    assert [q.value for q in curves[0].quantities] == [10.0, 20.0]
    assert trends.trend_groups([result("a", multiples=(1.0,))]) == []


def test_map_limits_and_aspect():
    given = fields(patch())
    figure = page.MillimetreFigure(100.0, 60.0)
    view = sei_view(given)
    axes = figure.axes(10.0, 5.0, 40.0 * view.aspect, 40.0)
    Map(axes, given, view).scale_bar()
    assert axes.get_xlim() == (0.0, 20.0)
    box = axes.get_position()
    assert (box.x0, box.y1) == pytest.approx((0.1, 1 - 5 / 60))


def test_drawing_needs_no_display():
    code = "import sys, seix.analysis.panel; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
