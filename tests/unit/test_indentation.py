"""Virtual AFM without a mesh: contact, readings of curves, constants of layers, places of the tip, scenarios."""

import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest

from seix.analysis.measured.indentation import draw
from seix.analysis.quantity import Quantity, describe
from seix.errors import ConvergenceError, GeometryError
from seix.geometry.key import geometry_key
from seix.geometry.spots import Spots, fine_spots
from seix.input.measure.indentation import Adhesion, Indentation
from seix.input.needs import idle_options, used_properties
from seix.materials import MaterialLibrary
from seix.measure import with_errors
from seix.measure.indentation import FEWEST_NODES, LARGEST_SHIFT, _check_nodes, _check_shift, elastic_constants
from seix.measure.indentation_curve import Curve, Tip, pull_off, pull_off_in_between
from seix.measure.indentation_film import Film, point_force
from seix.measure.indentation_report import FORCE, Report
from seix.measure.indentation_surface import Patch, widened
from seix.measure.reading import Reading
from seix.measure.transverse import Transverse
from seix.numerics.contact import solve_contact
from seix.parameters import parameters_of
from seix.scenario import Scenario

TIP = Tip(10.0, 2.0)


def scenario(dimension=3, medium="dry", **asked):
    """A small bilayer with a tip."""
    return Scenario.model_validate({
        "title": "x",
        "geometry": {"kind": "patch", "dimension": dimension, "period": 40e-9, "core_depth": 20e-9, "electrolyte_depth": 10e-9},
        "sei": {"structure": "bilayer", "thickness": 20e-9, "inner_thickness": 10e-9, "inorganic": {"LiF": 0.1},
                "grains": {"diameter": 5e-9, "gap": 0.6e-9}},
        "measure": {"indentation": {"medium": medium, **asked}},
    })  # fmt: skip


def hertz(depth, modulus=1.0):
    """Curve of Hertz on a paraboloid."""
    return Curve(depth, 4 / 3 * modulus * math.sqrt(TIP.radius) * depth**1.5, math.pi * TIP.radius * depth)


# --- contact -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_contact_is_the_only_set_of_nodes_that_meets_the_conditions(seed):
    """Against all sets of eight nodes: pressure where there is contact, a gap elsewhere."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(8, 8))
    compliance, weights, gap = root @ root.T + np.eye(8), rng.uniform(0.5, 1.0, 8), rng.uniform(0.0, 1.0, 8)
    found = solve_contact(compliance, weights, gap, 0.8)
    overlap = 0.8 * weights - gap
    fitting = []
    for chosen in itertools.product([False, True], repeat=8):
        chosen, pressure = np.array(chosen), np.zeros(8)
        if chosen.any():
            pressure[chosen] = np.linalg.solve(compliance[np.ix_(chosen, chosen)], overlap[chosen])
        if (pressure[chosen] > 0).all() and (compliance @ pressure - overlap > -1e-12).all():
            fitting.append(pressure)
    assert len(fitting) == 1
    assert found.pressure == pytest.approx(fitting[0], abs=1e-12)
    assert found.force == pytest.approx(weights @ fitting[0])
    step = 1e-7
    beside = solve_contact(compliance, weights, gap, 0.8 + step)
    assert found.stiffness == pytest.approx((beside.force - found.force) / step, rel=1e-5)


def test_above_the_surface_there_is_no_force():
    found = solve_contact(np.eye(3), np.ones(3), np.ones(3), 0.5)
    assert found.force == found.stiffness == found.area == 0.0


def test_a_surface_that_gives_way_without_force_is_refused():
    with pytest.raises(ConvergenceError, match="contact of the tip"):
        solve_contact(np.diag([1.0, -1.0]), np.ones(2), np.zeros(2), 1.0)


def test_a_contact_must_end_inside_of_what_is_looked_at():
    """A deep tip touches the outermost node; the surface is widened up to its end."""
    distance = np.linspace(0.0, 5.0, 6)
    pointed = Patch(np.eye(6), np.ones(6), distance, distance)
    assert pointed.holds(Tip(10.0, 2.0), 1.0) and not pointed.holds(Tip(10.0, 5.5), 1.0)
    assert widened(4.0, 10.0) == 5.0 and widened(9.0, 10.0) == 10.0
    with pytest.raises(GeometryError, match="wider than 20 nm"):
        widened(10.0, 10.0)


def test_a_shift_is_a_displacement_that_follows_the_force():
    """The same force at a depth that is larger by the shift times the force."""
    rng = np.random.default_rng(1)
    root = rng.normal(size=(6, 6))
    patch = Patch(root @ root.T + np.eye(6), np.full(6, 0.7), np.arange(6.0), 0.1 * np.arange(6.0))
    force = patch.press(1.0).force
    assert patch.with_shift(0.3).press(1.0 + 0.3 * force).force == pytest.approx(force)


# --- readings ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("power", [1.0, 1.5, 2.0])
def test_slope_of_unloading_of_a_power_law(power):
    depth = np.linspace(0.2, 1.0, 16) * 3e-9
    curve = Curve(depth, 5.0 * (depth - 0.1e-9) ** power, depth)
    assert curve.unloading_stiffness() == pytest.approx(5.0 * power * (2.9e-9) ** (power - 1.0), rel=1e-6)


def test_moduli_of_an_exact_curve():
    """Hertz' modulus at every depth and in the fit; Oliver and Pharr's with the area of a paraboloid, more with a sphere's."""
    curve = hertz(np.linspace(0.4, 2.0, 16), 7.0)
    assert curve.apparent_modulus(TIP.radius) == pytest.approx(np.full(16, 7.0))
    assert curve.hertz_modulus(TIP.radius) == pytest.approx(7.0)
    assert curve.oliver_pharr_modulus(Tip(10.0, 2.0, "paraboloid")) == pytest.approx(7.0)
    assert curve.oliver_pharr_modulus(Tip(10.0, 2.0, "sphere")) == pytest.approx(7.0 / math.sqrt(1 - 2.0 / 40.0))


def test_tip_is_round():
    """Height and area of a sphere: on its surface; a paraboloid agrees at its end."""
    r = np.array([0.0, 3.0, 6.0, 8.0])
    assert (10.0 - TIP.height(r)) ** 2 + r**2 == pytest.approx(np.full(4, 100.0))
    assert TIP.height(np.array([20.0])) == 10.0
    assert TIP.area(float(TIP.height(np.array([6.0]))[0])) == pytest.approx(math.pi * 36.0)
    assert Tip(10.0, 2.0, "paraboloid").height(np.array([0.01]))[0] == pytest.approx(TIP.height(np.array([0.01]))[0], rel=1e-5)


def test_pull_off_between_its_limits():
    """2 pi R w for hard and weakly adhesive tips, 3/2 pi R w for the opposite, falling in between."""
    assert pull_off_in_between(1.0, 1.0, 1e-4) == pytest.approx(pull_off(1.0, 1.0), rel=1e-3)
    assert pull_off_in_between(1.0, 1.0, 1e3) == pytest.approx(1.5 * math.pi, rel=1e-3)
    values = [pull_off_in_between(1.0, 1.0, number) for number in np.geomspace(1e-3, 1e2, 30)]
    assert (np.diff(values) < 0).all()


# --- layers --------------------------------------------------------------------------------------------------


def test_mean_over_all_directions_in_a_layer():
    """Against the mean of a random stiffness that is turned about its normal."""
    root = np.random.default_rng(3).normal(size=(6, 6))
    stiffness = root @ root.T
    pairs = [(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)]
    full = np.zeros((3, 3, 3, 3))
    for (a, (i, j)), (b, (k, m)) in itertools.product(enumerate(pairs), repeat=2):
        for p, q in {(i, j), (j, i)}:
            for r, s in {(k, m), (m, k)}:
                full[p, q, r, s] = stiffness[a, b]
    mean = np.zeros_like(full)
    for angle in np.arange(16) * 2 * math.pi / 16:
        turn = np.array([[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0], [0, 0, 1.0]])
        mean += np.einsum("ia,jb,kc,ld,abcd->ijkl", turn, turn, turn, turn, full) / 16
    found = Transverse.averaged(stiffness)
    exact = [mean[0, 0, 0, 0], mean[0, 0, 1, 1], mean[0, 0, 2, 2], mean[2, 2, 2, 2], mean[1, 2, 1, 2]]
    assert found.as_tuple() == pytest.approx(exact)


def test_displacement_of_a_point_force():
    """Boussinesq: on the axis below the force, and on the surface, where Hertz' theory rests on it."""
    deep, flat = point_force(np.array([[0.0, -2.0], [2.0, 0.0]]), 10.0, 0.3)
    assert deep == pytest.approx([0.0, -1.3 * (2 * 0.7 + 1.0) / (2 * math.pi * 10.0 * 2.0)])
    assert flat[1] == pytest.approx(-0.91 / (math.pi * 10.0 * 2.0))


# --- report --------------------------------------------------------------------------------------------------


def report(places=(), adhesion=None, depth=2e-9):
    """Readings of Hertz' curves with the given moduli [GPa]: layers of 10, then places."""
    asked = Indentation(adhesion=adhesion, depth=depth)
    made = Report(asked, Tip(10.0, 1e9 * depth), Film([(20.0, Transverse.isotropic(10.0, 0.3))], (50.0, 0.25)))
    depths = np.linspace(0.2, 1.0, 16) * 1e9 * depth
    made.add_layers(hertz(depths, 10.0), hertz(depths, 10.1), 0.1)
    for k, modulus in enumerate(places):
        made.add_place(np.array([k, 2.0 * k]), hertz(depths, modulus), hertz(depths, modulus), 1.0, 50)
    return made.reading()


def test_readings_on_layers():
    """SI values, errors of the finite body, and half a cell for the edge of the contact; all names documented."""
    found = report().quantities
    assert found["indentation.modulus.hertz"].value == pytest.approx(10e9 * 0.91)
    study = 0.15 * (0.1 / TIP.hertz_radius) ** 2
    assert found["indentation.modulus.hertz"].error == pytest.approx((0.1e9 + study * 10e9) * 0.91)
    assert found["indentation.force"].value == pytest.approx(4 / 3 * 10e9 * math.sqrt(10e-9) * 2e-9**1.5)
    assert found["indentation.contact_radius"].value == pytest.approx(math.sqrt(20) * 1e-9)
    assert found["indentation.contact_radius"].error == pytest.approx(0.05e-9 + study * math.sqrt(20) * 1e-9)
    assert found["indentation.mean_pressure"].value == pytest.approx(found["indentation.force"].value / (math.pi * 20e-18))
    for name, quantity in found.items():
        assert describe(name) is not None and quantity.unit in describe(name).units, name
    assert not any("scatter" in name or "layers" in name or "pull_off" in name for name in found)


def test_readings_on_grains():
    """Means and scatter over the places; the layers beside."""
    made = report((8.0, 10.0, 12.0))
    found = made.quantities
    assert found["indentation.modulus.hertz"].value == pytest.approx(10e9 * 0.91)
    assert found["indentation.modulus.scatter"].value == pytest.approx(2e9 * 0.91)
    assert found["indentation.modulus.layers"].value == pytest.approx(10e9 * 0.91)
    places = {column.name: column.values for column in made.tables["indentation_places"]}
    assert places["y"] == pytest.approx([0.0, 2e-9, 4e-9])
    assert places["modulus.hertz"] == pytest.approx([8e9 * 0.91, 10e9 * 0.91, 12e9 * 0.91])
    curves = {column.name: column.values for column in made.tables["indentation_curves"]}
    assert {len(values) for values in curves.values()} == {64}
    assert curves["modulus"][20] == pytest.approx(8e9 * 0.91)


def test_adhesion_moves_the_curve_and_nothing_else():
    """The modulus of DMT is that of Hertz; a contact that is not hard enough for DMT is said."""
    plain, sticky = report(), report(adhesion=Adhesion(work=0.05))
    pull = 2 * math.pi * 10e-9 * 0.05
    assert sticky.quantities["indentation.modulus.hertz"].value == plain.quantities["indentation.modulus.hertz"].value
    assert sticky.quantities["indentation.pull_off"].value == pytest.approx(pull)
    gap = plain.quantities["indentation.force"].value - sticky.quantities["indentation.force"].value
    assert gap == pytest.approx(pull)
    assert "Maugis" in " ".join(report(adhesion=Adhesion(work=1.0)).warnings) and not plain.warnings


@pytest.mark.parametrize("factor", [0.98, 1.02])
def test_a_tip_that_adhesion_alone_draws_in_is_said(factor):
    """Where 2 pi R w is more than the force at the largest depth."""
    work = factor * report().quantities["indentation.force"].value / (2 * math.pi * 10e-9)
    said = "draws the tip in deeper than 2 nm" in " ".join(report(adhesion=Adhesion(work=work)).warnings)
    assert said == (factor > 1)


def test_large_strains_are_said():
    assert "small-strain elasticity" in report(depth=4e-9).warnings[0]


def test_errors_of_the_instrument_and_of_the_mesh_add_up():
    """What the coarser mesh tells is added to an error of the kind domain, and to no other; its order is that of the quantity."""
    domain, plain, exact, integral = (
        "indentation.force", "indentation.stiffness", "indentation.pull_off", "impedance.sei_resistance"
    )  # fmt: skip
    fine = Reading({
        domain: Quantity(2.0, "1", 0.1, "domain"), plain: Quantity(2.0, "1"), exact: Quantity(2.0, "1", 0.3, "algebraic"),
        integral: Quantity(2.0, "1"),
    })  # fmt: skip
    coarse = Reading({name: Quantity(2.3, "1") for name in fine.quantities})
    found = with_errors({"x": fine}, {"x": coarse}, 1.5)["x"].quantities
    assert (found[domain].error, found[domain].error_kind) == (pytest.approx(0.7), "domain")
    assert (found[plain].error, found[plain].error_kind) == (pytest.approx(0.6), "two_mesh")
    assert (found[exact].error, found[exact].error_kind) == (0.3, "algebraic")
    assert found[integral].error == pytest.approx(0.3 / (1.5**2 - 1))
    assert with_errors({"x": fine}, {"x": coarse}, 1.5, corners=True)["x"].quantities[plain].error > 1.3
    assert with_errors({"x": fine}, None, 1.5)["x"].quantities[domain].error == 0.1


def test_too_small_a_patch_and_too_large_cells_are_refused():
    _check_shift(-0.99 * LARGEST_SHIFT, 40.0, 20.0)
    with pytest.raises(GeometryError, match=r"of the tip by 30 %.* geometry.period above 40 nm or a core_depth above 20 nm"):
        _check_shift(-0.3, 40.0, 20.0)
    _check_nodes(FEWEST_NODES)
    with pytest.raises(GeometryError, match=r"touches 3 nodes .* raise measure.indentation.cells_per_contact"):
        _check_nodes(3)


def test_figure(tmp_path):
    """Two structures, one of them with places, drawn 180 mm wide."""
    from PIL import Image

    draw(tmp_path / "x.png", [("bilayer", report((8.0, 12.0))), ("multilayer", report())], 100)
    with Image.open(tmp_path / "x.png") as image:
        assert image.size[0] == pytest.approx(180 / 25.4 * 100, abs=1)


# --- scenario ------------------------------------------------------------------------------------------------


def test_places_fill_the_patch_and_follow_the_seed():
    """Even: no two of a hundred nearer than half the mean distance; the same for the same seed; as given if given."""
    asked = Indentation(positions=100)
    places = asked.places(1.0, 7)
    away = np.abs(places[:, None] - places)
    distance = np.linalg.norm(np.minimum(away, 1 - away), axis=2) + 9 * np.eye(100)
    assert distance.min() > 0.05 and places.min() >= 0 and places.max() < 1
    assert (places == asked.places(1.0, 7)).all() and (places != asked.places(1.0, 8)).any()
    assert Indentation(positions=[[1e-9, 2e-9]]).places(1.0, 7).tolist() == [[1e-9, 2e-9]]


def test_wet_takes_the_wet_modulus_of_organic_materials_only():
    """Also what the scenario replaces, which is no idle value then."""
    changed = scenario(medium="wet").model_dump(exclude_unset=True)
    changed["materials"] = {"override": {"organic_polymer": {"wet_youngs_modulus": 4e6}}}
    for given, expected in ((scenario(), 2.4), (scenario(medium="wet"), 2.2e-3), (Scenario.model_validate(changed), 4e-3)):
        found = elastic_constants(SimpleNamespace(scenario=given, parameters=parameters_of(given, MaterialLibrary())))
        assert found["organic_polymer"] == (pytest.approx(expected), 0.35)
        assert found["LiF"] == (pytest.approx(118.0), 0.2) and "core" in found
        used = used_properties(given)
        assert ("wet_youngs_modulus" in used["organic_polymer"]) == (expected < 1)
        assert "wet_youngs_modulus" not in used["LiF"]


def test_wet_is_refused_where_it_softens_no_structure():
    """A polycrystal without a matrix, though a matrix is named by default; not beside a structure with organic matter."""
    organic = scenario(2, "wet")
    given = organic.model_dump(exclude_unset=True)
    layer = {"thickness": 20e-9, "phases": {"LiF": 1.0}, "grains": {"diameter": 5e-9, "shape": "polycrystal"}}
    given["sei"] = {"structure": "layers", "thickness": 20e-9, "layers": [layer]}
    salts = Scenario.model_validate(given)
    assert [problem.path for problem in idle_options({"a": salts})] == [("measure", "indentation", "medium")]
    assert not [*idle_options({"a": salts, "b": organic}), *idle_options({"b": organic}), *idle_options({"c": scenario()})]


def test_cells_are_small_below_the_tip():
    """At the disc and its images the asked size, farther away more."""
    spots = Spots(np.array([[1.0, 5.0]]), 2.0, 0.5)
    points = np.array([[1.0, 5.0, 20.0], [9.5, 5.0, 20.0], [1.0, 5.0, 16.0], [6.0, 5.0, 20.0]])
    assert spots.sizes(points, 10.0, 20.0, 0.25) == pytest.approx([0.5, 0.5, 1.5, 1.25])
    assert spots.expected_cells(0.25, (0.5, 0.5), 1.0) == 0.0  # cells are that small anyway
    assert spots.expected_cells(0.25, (4.0, 4.0), 1.0) > 8 * spots.expected_cells(0.25, (4.0, 4.0), 4.0) > 0.0


def test_the_mesh_depends_on_a_tip_in_space_only():
    """On its places and sizes, and on no other key of the instrument."""
    plain = scenario().model_copy(update={"measure": None})
    assert fine_spots(plain, 1e-9) is None and fine_spots(scenario(2), 1e-9) is None
    same = [scenario(), scenario(medium="wet"), scenario(steps=9), scenario(poisson_ratio=0.2)]
    keys = {geometry_key(one, 1.0) for one in same}
    assert len(keys) == 1
    others = [plain, scenario(positions=5), scenario(depth=1e-9), scenario(cells_per_contact=6.0)]
    assert len(keys | {geometry_key(one, 1.0) for one in others}) == 5
    flat = scenario(2).model_copy(update={"measure": None})
    assert geometry_key(flat, 1.0) == geometry_key(scenario(2), 1.0)


def test_units_of_the_report():
    """One GPa nm2 is one nanonewton."""
    assert pytest.approx(1e-9) == FORCE
