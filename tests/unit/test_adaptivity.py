"""Parts of adapted meshes: recovered field, sizes of the next mesh, sizes from a mesh, options of the scenario."""

from types import SimpleNamespace

import numpy as np
import pytest

from seix.adaptivity.recovery import recovered
from seix.adaptivity.sequence import SAFETY, Sequence, Step, estimate
from seix.adaptivity.sizes import STRONGEST, factors, limited, wanted_sizes
from seix.adaptivity.target import Target
from seix.adaptivity.words import missed, outcome, step_lines
from seix.errors import GeometryError, InputError
from seix.geometry.layers import build_structure
from seix.geometry.meshing import make_mesh, mesh_structure
from seix.geometry.triangulate.background import background, neighbours_of, sizes_at
from seix.geometry.wanted import WantedSizes
from seix.scenario_file import load_study
from support import SMALL_BILAYER

SCENARIO = f"""{SMALL_BILAYER}  inorganic: {{ LiF: 0.2 }}
  grains: {{ diameter: 5 nm, gap: 0.6 nm }}
mesh: {{ cells_per_diameter: 3, cells_per_gap: 0.5, cells_per_layer: 2 }}
"""
RULE = np.array([[2, 1, 1], [1, 2, 1], [1, 1, 2]]) / 4
"""Points of the degree-two rule in barycentric coordinates."""


@pytest.fixture
def load(tmp_path):
    """Scenario of a text above with overrides."""

    def made(*overrides):
        path = tmp_path / "small.yaml"
        path.write_text(SCENARIO, "utf-8")
        return load_study(path, overrides).members["small"]

    return made


def sampled(mesh):
    """Rows of the SEI, and places and areas of points in its cells."""
    rows = np.flatnonzero(mesh.layer >= 0)
    corners = mesh.points[mesh.cells[rows, :3]]
    edge = corners[:, 1:] - corners[:, :1]
    area = 0.5 * np.abs(np.linalg.det(edge))
    return rows, np.einsum("pv,cvd->cpd", RULE, corners), np.repeat(area[:, None] / 3, 3, axis=1)


def parts(mesh, rows):
    """A number for each grain and each region of the matrix."""
    return np.unique(mesh.region[rows] * 1000 + mesh.grain[rows], return_inverse=True)[1].ravel()


# --- recovered field ----------------------------------------------------------------------------------------


def test_a_field_that_is_linear_in_each_part_is_recovered_exactly(load):
    mesh = make_mesh(load())
    rows, place, _ = sampled(mesh)
    part = parts(mesh, rows)
    field = (1 + part)[:, None, None] * np.stack([place[..., 0] - 2 * place[..., 1], place[..., 1] + 3], axis=-1)
    smooth = recovered(field, place, mesh.points, mesh.cells[rows, :3], part)
    assert np.abs(smooth - field).max() < 1e-9 * np.abs(field).max()


def interpolated(mesh):
    """Gradients of x^3 + sin y from quadratic interpolation in straight cells, and where they are wrong."""
    rows, place, area = sampled(mesh)
    corners = mesh.points[mesh.cells[rows, :3]]
    nodes = np.concatenate([corners, 0.5 * (corners[:, [1, 0, 0]] + corners[:, [2, 2, 1]])], axis=1)
    scale = 10.0
    potential = (nodes[..., 0] / scale) ** 3 + np.sin(nodes[..., 1] / scale)
    basis = np.stack([np.ones_like(nodes[..., 0]), nodes[..., 0], nodes[..., 1], nodes[..., 0] ** 2,
                      nodes[..., 0] * nodes[..., 1], nodes[..., 1] ** 2], axis=-1)  # fmt: skip
    c = np.linalg.solve(basis, potential[..., None])[..., 0][:, None]
    x, y = place[..., 0], place[..., 1]
    field = np.stack([c[..., 1] + 2 * c[..., 3] * x + c[..., 4] * y, c[..., 2] + c[..., 4] * x + 2 * c[..., 5] * y], axis=-1)
    exact = np.stack([3 * x**2 / scale**3, np.cos(y / scale) / scale], axis=-1)
    return rows, field, place, area, exact


def test_the_estimate_follows_the_true_error_and_falls_with_the_square_of_the_size(load):
    found = []
    film = "sei={structure: homogeneous, thickness: 20 nm, inner_thickness: null, inorganic: null, grains: null}"
    scenario = load(film, "mesh.growth=1.1", "mesh.cells_per_layer=8")
    for coarsening in (1.6, 0.8):
        mesh = make_mesh(scenario, coarsening)
        rows, field, place, area, exact = interpolated(mesh)
        one = estimate(Target.of("field_enhancement.mean"), mesh, rows, field, place, area)
        true = (area * ((field - exact) ** 2).sum(axis=-1)).sum(axis=1)
        ratio = np.sqrt(one.squares.sum() / true.sum())
        assert 0.5 < ratio < 3.0
        found.append(np.sqrt(one.squares.sum()))
    assert found[0] / found[1] == pytest.approx(4.0, rel=0.25)


def test_the_estimate_is_large_where_the_field_is_not_resolved(load):
    mesh = make_mesh(load())
    rows, place, area = sampled(mesh)
    # a steep wave in the right half alone, rougher than the cells
    wave = np.where(place[..., 0] > 15.0, np.sin(4.0 * place[..., 0]), 0.0)
    field = np.stack([1.0 + wave, np.zeros_like(wave)], axis=-1)
    one = estimate(Target.of("field_enhancement.mean"), mesh, rows, field, place, area)
    middle = place[..., 0].mean(axis=1)
    rough, calm = one.squares[middle > 15.0], one.squares[middle < 8.0]
    assert np.median(rough) > 1e-2 and calm.max() < 1e-20


def test_a_quantile_counts_errors_of_large_fields_in_its_phase():
    target = Target.of("field_enhancement.p99.LiF")
    assert (target.statistic, target.phase) == ("p99", "LiF")
    weights = target.weights(np.array([[1.0], [5.0], [9.0], [9.0]]), np.array([True, True, True, False]), 10.0)
    assert weights[:, 0] == pytest.approx([0.2, 1.0, 1.0, 0.3])
    values = np.linspace(0.0, 1.0, 1001)[:, None]
    everywhere = np.ones(1001, bool)
    value = target.value(values, np.ones_like(values), everywhere)
    assert value == pytest.approx(0.99, abs=1e-3)


def test_the_sampling_error_of_a_quantile_is_that_of_random_places():
    target, random = Target.of("field_enhancement.p99"), np.random.default_rng(3)
    side, points = 60, 6
    corner = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 1, 2)
    found, estimated = [], []
    for _ in range(40):
        place = (corner + random.uniform(size=(side**2, points, 2))) / side
        # the level of the quantile is a circle
        values, area = np.exp(-((place - 0.5) ** 2).sum(axis=-1)), np.full((side**2, points), 1 / side**2 / points)
        everywhere = np.ones(side**2, bool)
        found.append(target.value(values, area, everywhere))
        cut = target.cut_cells(values, area, everywhere, found[-1])
        estimated.append(target.sampling_error(values, area, everywhere, cut))
    assert np.std(found) / np.mean(estimated) == pytest.approx(1.0, rel=0.4)


# --- sizes --------------------------------------------------------------------------------------------------


def test_factors_reduce_the_error_as_asked_and_refine_the_worst_cells():
    squares = np.geomspace(1e-12, 1.0, 500)
    ratio = factors(squares, 0.4)
    assert np.sqrt((squares * ratio**4).sum() / squares.sum()) == pytest.approx(0.4, rel=1e-6)
    assert (np.diff(ratio) <= 0).all() and ratio.min() >= STRONGEST and (ratio[:250] == 1.0).all()


def test_limited_factors_keep_to_the_number_of_cells():
    squares = np.geomspace(1e-12, 1.0, 500)
    assert (limited(squares, 800.0) ** -2.0).sum() == pytest.approx(800.0, rel=1e-6)


def test_wanted_sizes_shrink_marked_cells_and_grow_steadily_from_them(load):
    mesh = make_mesh(load())
    rows = np.flatnonzero(mesh.layer >= 0)
    ratio = np.ones(len(rows))
    ratio[7] = 0.5
    wanted = wanted_sizes(mesh.points, mesh.cells, rows, ratio, None, 0.25)
    corners = wanted.points[wanted.cells]
    length = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2)
    step = wanted.sizes[wanted.cells] - np.roll(wanted.sizes[wanted.cells], 1, axis=1)
    assert (np.abs(step) <= 0.25 * length * (1 + 1e-12)).all()
    own = wanted.cells[rows[7]]
    assert wanted.sizes[own] == pytest.approx(0.5 * length[rows[7]].mean(), rel=0.15)
    assert wanted.sizes.min() == wanted.sizes[own].min()
    again = wanted_sizes(mesh.points, mesh.cells, rows, np.ones(len(rows)), wanted, 0.25)
    assert again.sizes == pytest.approx(wanted.sizes)  # what was wanted stays wanted


def test_sizes_are_looked_up_in_the_mesh_they_come_from(load):
    mesh = make_mesh(load())
    used, triangles = np.unique(mesh.cells[:, :3], return_inverse=True)
    corners = mesh.points[used]
    wanted = WantedSizes(corners, triangles.reshape(-1, 3), 1.0 + 0.1 * corners[:, 0] + 0.02 * corners[:, 1])
    places = np.random.default_rng(1).uniform(corners.min(axis=0), corners.max(axis=0), (2000, 2))
    assert sizes_at(background(wanted, 2.0), places) == pytest.approx(2 * (1.0 + 0.1 * places[:, 0] + 0.02 * places[:, 1]))
    assert np.isinf(sizes_at(background(None), places)).all()
    inner = neighbours_of(wanted.cells)
    assert (inner[inner >= 0] != np.repeat(np.arange(len(inner)), (inner >= 0).sum(axis=1))).all()


def test_a_mesh_has_the_sizes_asked_for_and_round_grains(load):
    scenario = load()
    first = make_mesh(scenario)
    corners = first.points[: first.cells[:, :3].max() + 1]
    spot = np.array([15.0, 10.0])
    sizes = 0.2 + 0.25 * np.linalg.norm(corners - spot, axis=1)
    wanted = WantedSizes(corners, first.cells[:, :3].astype(np.int64), sizes)
    mesh = make_mesh(scenario, wanted=wanted)
    assert len(mesh.cells) > len(first.cells) and mesh.key != first.key
    middle = mesh.points[mesh.cells[:, :3]].mean(axis=1)
    edge = np.linalg.norm(mesh.points[mesh.cells[:, 0]] - mesh.points[mesh.cells[:, 1]], axis=1)
    near = np.linalg.norm(middle - spot, axis=1) < 2.0
    assert edge[near].mean() < 0.6
    statistics = mesh.statistics["mesh"]
    assert statistics["angle"]["min"] > 20.0
    # the middles of all edges between grain and matrix lie on the circles
    structure = build_structure(scenario)
    surface = np.intersect1d(mesh.cells[mesh.grain >= 0], mesh.cells[mesh.grain < 0])
    centres, grain = structure.frame.copies(structure.centres)
    apart = np.linalg.norm(mesh.points[surface][:, None] - centres, axis=2) - structure.radii[grain]
    assert np.abs(apart).min(axis=1).max() < 1e-9 * 30.0


def test_other_meshers_refuse_sizes(load):
    scenario = load("mesh.backend=gmsh")
    wanted = WantedSizes(np.eye(3)[:, :2], np.array([[0, 1, 2]]), np.ones(3))
    with pytest.raises(GeometryError, match="takes no sizes"):
        mesh_structure(build_structure(scenario), scenario.mesh, wanted=wanted)


# --- error from the sequence --------------------------------------------------------------------------------


def test_the_error_of_values_that_converge_with_the_norm_is_found():
    sequence = Sequence.__new__(Sequence)
    norms = [0.08, 0.04, 0.02]
    sequence.steps = [Step(1, 1, 10.0 + norm, 0.0, norm, 0.0) for norm in norms[:2]]
    found = type("Found", (), {"value": 10.02, "recovered_value": 10.02, "norm": 0.02, "sampling": 0.0})
    assert sequence._error(found) == pytest.approx(SAFETY * 0.02)
    found.recovered_value = 10.5
    assert sequence._error(found) == pytest.approx(SAFETY * 0.48)


def test_the_end_is_put_in_words():
    step = {"cells": 100, "unknowns": 500, "value": 2.0, "estimated_error": 0.01, "error_norm": 0.1, "seconds": 1.0}
    adapted = {"target": "t", "tolerance": 0.01, "max_cells": 120, "ended_by": "max_cells", "steps": [step]}
    assert outcome(adapted).startswith("t ended by max_cells = 120: estimated error 0.5 % on mesh 1 with 100 cells, which no")
    assert "the tolerance of 0.1 % is not reached" in outcome(adapted | {"tolerance": 0.001})
    assert outcome(adapted | {"ended_by": "tolerance"}).startswith("t reached the tolerance of 1 %")
    assert "no place" in outcome(adapted | {"ended_by": "mesher", "note": "no place"})
    assert step_lines(adapted)[1].split() == ["100", "500", "2", "0.5", "%", "1.0"]


@pytest.mark.parametrize(("dim", "factor"), [(2, 1.4), (3, 2.0), (3, 4.0), (3, 8.0)])
@pytest.mark.parametrize("tolerance", [1e-2, 1e-4])
def test_a_step_needs_few_meshes_and_the_last_one_uses_the_cells_allowed(monkeypatch, dim, factor, tolerance):
    """Of a mesher that makes a multiple of the cells that are new; the error falls with the square of the size."""
    own, others, most = 4000, 2500, 40_000
    asked_for, tried = [], []

    def sizes(points, cells, marked, ratio, *_):
        asked_for.append((ratio**-dim).sum())

    def make(_):
        kept = own_now if dim == 3 else 0
        tried.append(int(others + kept + factor * (asked_for[-1] - kept)))
        return SimpleNamespace(cells=np.empty(tried[-1]), points=None, dim=dim), None

    monkeypatch.setattr("seix.adaptivity.sequence.wanted_sizes", sizes)
    sequence = Sequence.__new__(Sequence)
    sequence.control, sequence.make, sequence.slope = SimpleNamespace(tolerance=tolerance, max_cells=most), make, 0.2
    sequence.spread, sequence.wanted, error, own_now, cells = {2: 1.3, 3: 2.0}[dim], None, 0.02, own, own + others
    sequence.mesh = SimpleNamespace(cells=np.empty(cells), points=None, dim=dim)
    shares = np.random.default_rng(1).lognormal(0.0, 2.0, own)
    while 1.15 * cells <= most and error > tolerance:
        tried.clear()
        found = SimpleNamespace(cells=np.arange(own_now), squares=np.resize(shares, own_now) ** 2)
        ended, _ = sequence._refine(found, Step(cells, 1, 1.0, error, error, 0.0))
        assert not ended and len(tried) <= 4 and tried[-1] >= 1.15 * cells
        error *= (cells / tried[-1]) ** (2.0 / dim)
        cells = tried[-1]
        own_now = cells - others
    assert error <= tolerance or cells > most / 1.15


def test_surfaces_that_are_too_straight_are_told():
    def warned(**mesh):
        sequence = Sequence.__new__(Sequence)
        sequence.ended_by, sequence.mesh = "tolerance", SimpleNamespace(statistics={"mesh": mesh})
        return missed(sequence)

    assert not warned() and not warned(missed_volume=0.004, straightened_cells=3, curved_cells=9)
    (text,) = warned(missed_volume=0.0075, straightened_cells=3, curved_cells=9)
    assert text.startswith("3 of 9 cells on round surfaces are straighter") and "0.75 % of the volume" in text
    assert "one grain" not in text
    (text,) = warned(missed_volume=0.004, worst_grain=0.03, straightened_cells=3, curved_cells=9)
    assert text.startswith("the volume of one grain is off by 3 %")


# --- options ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["mesh.adapt={target: sei.area_resistance}"], "mesh.adapt.target: a mesh cannot be adapted to 'sei.area_resistance'"),
        (["mesh.adapt={target: field_enhancement.max}"], "allowed: field_enhancement.mean"),
        (["mesh.adapt={target: field_enhancement.p99.Li2O}"], "one of .organic_polymer, .LiF"),
        (["mesh.adapt={tolerance: 0 %}"], "must be greater than 0 and at most 0.5"),
        (["mesh.adapt={tolerance: 1 nm}"], "mesh.adapt.tolerance: "),
        (["mesh.adapt={max_cells: 3000000}"], "3000000 is more than mesh.maximum_cells; must be at most 2000000"),
        (["mesh.adapt={max_cells: 10}"], "mesh.adapt.max_cells: "),
        (["mesh.adapt={cells: 10}"], "mesh.adapt.cells: unknown key"),
        (["mesh.adapt={}", "mesh.backend=gmsh"], "'gmsh' takes no sizes from mesh.adapt"),
    ],
)
def test_what_cannot_be_adapted_is_refused(load, overrides, message):
    with pytest.raises(InputError) as error:
        load(*overrides)
    assert message in str(error.value)


def test_defaults_and_percentages(load):
    assert load().mesh.adapt is None
    adapt = load("mesh.adapt={}").mesh.adapt
    assert (adapt.target, adapt.tolerance, adapt.max_cells) == ("field_enhancement.p999", 0.01, 400_000)
    assert load("mesh.adapt.tolerance=2 %").mesh.adapt.tolerance == pytest.approx(0.02)
    assert load("mesh.adapt.target=field_enhancement.mean.organic_polymer").mesh.adapt is not None
