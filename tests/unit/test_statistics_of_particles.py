"""Statistics around several particles: against those of a single one, closed forms of measures, and brute force."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from balls import NM, ONE_LAYER, box
from seix.geometry.assembly.bodies import Bodies
from seix.geometry.assembly.frame import AssemblyFrame
from seix.geometry.layers import build_structure
from seix.geometry.statistics import full_statistics
from seix.geometry.stats.profile import heights
from seix.geometry.stats.windows import along_film, spread, staying
from seix.scenario import Scenario

GRAINS = {"diameter": 4 * NM, "spread": 0.1, "gap": 0.6 * NM}
SEI = {"structure": "multilayer", "thickness": 8 * NM, "layers": 1, "inorganic": {"LiF": 0.2, "Li3N": 0.1}, "grains": GRAINS}


def discs() -> Scenario:
    """Two that touch through their cores, one apart."""
    bodies = [((30.0, 40.0), 15.0), ((54.0, 46.0), 14.0), ((90.0, 80.0), 15.0)]
    listed = [{"centre": [v * NM for v in centre], "core_radius": r * NM} for centre, r in bodies]
    geometry = {"kind": "particles", "box": 120 * NM, "particles": listed}
    return Scenario.model_validate({"title": "test", "geometry": geometry, "sei": SEI})


STRUCTURES = {
    "discs": build_structure(discs()),
    "balls": build_structure(box(ONE_LAYER, ((20.0, 28.0, 24.0, 8.0), (33.0, 28.0, 27.0, 7.0)))),
}


@pytest.mark.parametrize("name", STRUCTURES)
def test_points_are_even_around_all_particles(name):
    """The part of the points around each particle, and below each height, is that of the measures of the layer there."""
    s = STRUCTURES[name]
    bodies, top = s.frame.bodies, s.layers[-1].outer
    points, _ = spread(s, 0.0, top, 20000, 0)
    body, height = bodies.nearest(points)
    assert (points[:, :-1] >= 0.0).all() and (points[:, :-1] < bodies.box).all()
    if len(set(bodies.radii)) == 1 or name == "discs":  # else the nearest particle changes beside the plane of the neck
        parts = bodies.measures(top) - bodies.measures(0.0)
        assert np.bincount(body) / len(points) == pytest.approx(parts / parts.sum(), abs=0.01)
    for level in (0.25 * top, 0.5 * top):
        assert (height <= level).mean() == pytest.approx(s.frame.measure(0.0, level) / s.frame.measure(0.0, top), abs=0.01)


@pytest.mark.parametrize("name", STRUCTURES)
def test_random_steps_stay_as_often_as_counted(name):
    s = STRUCTURES[name]
    rng = np.random.default_rng(1)
    inside = rng.uniform(0.0, s.period, (400_000, s.dim))
    inside = inside[(s.frame.height(inside) >= 0.0) & (s.frame.height(inside) <= 6.0)]
    step = rng.normal(size=inside.shape)
    step /= np.linalg.norm(step, axis=1)[:, None]
    distances = np.array([1.0, 5.0, 12.0])
    for distance, found in zip(distances, staying(s, 0.0, 6.0, distances), strict=True):
        there = s.frame.height(inside + distance * step)
        counted = ((there >= 0.0) & (there <= 6.0)).mean()
        assert found == pytest.approx(counted, abs=5.0 * 0.5 / np.sqrt(len(inside)) + 0.005)


@pytest.mark.parametrize("name", STRUCTURES)
def test_points_move_along_the_film(name):
    """They keep their height, go the arc they were told, and are given up where another particle is nearer."""
    s = STRUCTURES[name]
    points, u = spread(s, 0.0, 6.0, 4000, 1)
    moved = along_film(s, points, 5.0, u)
    stays = np.isfinite(moved[:, 0])
    assert 0.5 < stays.mean() < 1.0
    assert heights(s, moved[stays]) == pytest.approx(heights(s, points[stays]), abs=1e-9)
    body, height = s.frame.bodies.nearest(points)
    radius = s.frame.bodies.radii[body] + height
    away = moved - points
    away[:, :-1] -= s.period * np.rint(away[:, :-1] / s.period)
    chord = 2.0 * radius * np.sin(2.5 / radius)
    assert np.linalg.norm(away[stays], axis=1) == pytest.approx(chord[stays], rel=1e-9)


@pytest.mark.parametrize("name", STRUCTURES)
def test_profile_holds_all_grains(name):
    s = STRUCTURES[name]
    found = full_statistics(s, 1.0 / NM)
    edges = np.array(found["profile"]["edges"]) / NM
    slices = np.array([s.frame.measure(a, b) for a, b in itertools.pairwise(edges)])
    measures = np.pi * s.radii**2 if s.dim == 2 else 4.0 / 3.0 * np.pi * s.radii**3
    assert np.array(found["profile"]["inorganic"]) @ slices == pytest.approx(measures.sum(), rel=1e-9)
    assert found["two_point"]["inorganic"][0] == pytest.approx(measures.sum() / slices.sum(), rel=1e-9)


@pytest.mark.parametrize("shape", ["round", "cellular"])
def test_one_ball_in_a_box_has_the_statistics_of_the_sphere(shape):
    sei = ONE_LAYER | {"grains": ONE_LAYER["grains"] | {"shape": shape}}
    geometry = {"kind": "particle", "dimension": 3, "core_radius": 10 * NM, "electrolyte_depth": 8 * NM}
    sphere = build_structure(Scenario.model_validate({"title": "test", "sei": sei, "geometry": geometry}))
    centre = np.array([30.0, 31.0, 29.0])
    frame = AssemblyFrame(Bodies(centre[None], np.array([10.0]), 60.0), 6.0)
    boxed = replace(sphere, frame=frame, centres=sphere.centres + centre)
    one, other = (full_statistics(s, 1.0 / NM) for s in (sphere, boxed))
    for key in ("diameter", "gap", "connection"):
        assert _numbers(other[key]) == pytest.approx(_numbers(one[key]), rel=1e-9, nan_ok=True), key
    assert other["profile"]["inorganic"] == pytest.approx(one["profile"]["inorganic"], rel=1e-9)
    error = np.hypot(one["two_point"]["standard_error"], other["two_point"]["standard_error"])
    assert (np.abs(np.subtract(one["two_point"]["inorganic"], other["two_point"]["inorganic"])) <= 5.0 * error + 1e-12).all()
    g = [np.array(found["pair_correlation"]["sei"]) for found in (one, other)]
    height = heights(sphere, sphere.centres)
    stays = staying(sphere, height.min(), height.max(), np.array(one["pair_correlation"]["distance"]) / NM)
    noise = np.sqrt(2.0 * (1.0 - stays) / (stays * 32768))  # of the set covariance, which both sample with so many points
    assert (np.abs(g[1] - g[0]) <= 5.0 * noise * g[0]).all()


def _numbers(tree) -> list[float]:
    """All numbers of a tree in order."""
    if isinstance(tree, dict):
        return [x for key in sorted(tree) for x in _numbers(tree[key])]
    if isinstance(tree, list):
        return [x for item in tree for x in _numbers(item)]
    return [float(tree)] if isinstance(tree, int | float) else []
