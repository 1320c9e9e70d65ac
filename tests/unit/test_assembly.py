"""Several particles in a box: places, areas, grains and meshes against closed forms."""

import math

import numpy as np
import pytest
from pydantic import ValidationError

from seix.errors import GeometryError
from seix.geometry.assembly.bodies import Bodies
from seix.geometry.layers import build_structure
from seix.geometry.meshing import make_mesh
from seix.geometry.quality import areas
from seix.scenario import Scenario

BILAYER = {"structure": "bilayer", "thickness": 20e-9, "inner_thickness": 12e-9, "inorganic": {"LiF": 0.15, "Li3N": 0.05},
           "grains": {"diameter": 6e-9, "spread": 0.1, "gap": 0.6e-9}}  # fmt: skip
PLAIN = {"structure": "homogeneous", "thickness": 20e-9}


def body(x, y, radius):
    return {"centre": [x * 1e-9, y * 1e-9], "core_radius": radius * 1e-9}


def scenario(sei=PLAIN, **geometry):
    return Scenario.model_validate({"title": "test", "geometry": {"kind": "particles", **geometry}, "sei": sei})


CASES = {
    "apart": [body(100, 200, 60), body(300, 200, 50)],
    "cores": [body(130, 200, 60), body(230, 210, 50)],
    "sei": [body(120, 200, 60), body(240, 200, 50)],
    "across the side": [body(20, 200, 60), body(200, 200, 50)],
}


def test_union_of_two_discs():
    r, s, d = 60.0, 50.0, 80.0
    bodies = Bodies(np.array([[150.0, 200.0], [230.0, 200.0]]), np.array([r, s]), 400.0)
    a = r**2 * math.acos((d**2 + r**2 - s**2) / (2 * d * r)) + s**2 * math.acos((d**2 + s**2 - r**2) / (2 * d * s))
    lens = a - 0.5 * math.sqrt((-d + r + s) * (d + r - s) * (d - r + s) * (d + r + s))
    assert bodies.measures(0.0).sum() == pytest.approx(math.pi * (r**2 + s**2) - lens, rel=1e-12)


def test_union_of_three_discs_that_share_a_point_by_counting():
    bodies = Bodies(np.array([[150.0, 150.0], [230.0, 150.0], [190.0, 220.0]]), np.array([60.0, 50.0, 55.0]), 400.0)
    line = (np.arange(2000) + 0.5) / 2000 * 400.0
    grid = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    counted = (bodies.height(grid) < 0.0).mean() * 400.0**2
    assert bodies.measures(0.0).sum() == pytest.approx(counted, rel=1e-4)


def test_groups_follow_periodic_links():
    bodies = Bodies(np.array([[20.0, 100.0], [380.0, 100.0], [200.0, 300.0]]), np.array([30.0, 30.0, 30.0]), 400.0)
    groups = bodies.groups(bodies.touching(0.0))
    assert groups.label.tolist() == [0, 0, 1]
    assert not groups.endless.any()
    chain = Bodies(np.array([[50.0, 100.0], [155.0, 105.0]]), np.array([60.0, 55.0]), 210.0)
    assert chain.groups(chain.touching(0.0)).endless.tolist() == [True]


@pytest.mark.parametrize("name", CASES)
def test_grains_keep_fractions_distances_and_walls(name):
    s = build_structure(scenario(BILAYER, box=400e-9, particles=CASES[name]))
    layer = s.layers[0]
    covered = math.pi * (s.radii**2).sum() / s.frame.measure(layer.inner, layer.outer)
    assert covered == pytest.approx(sum(layer.fractions.values()), rel=1e-9)
    heights = s.frame.height(s.centres)
    assert (heights - s.radii).min() >= layer.gaps[0] - 1e-6
    assert (layer.outer - heights - s.radii).min() >= layer.gaps[1] - 1e-6
    away = s.centres[:, None] - s.centres
    away[..., 0] -= 400.0 * np.rint(away[..., 0] / 400.0)
    apart = np.linalg.norm(away, axis=2) - s.radii[:, None] - s.radii
    np.fill_diagonal(apart, np.inf)
    assert apart.min() >= layer.gap - 1e-9


@pytest.mark.parametrize("name", CASES)
def test_mesh_covers_core_and_layers(name):
    mesh = make_mesh(scenario(box=400e-9, particles=CASES[name]))
    frame = build_structure(scenario(box=400e-9, particles=CASES[name])).frame
    area = areas(mesh.points, mesh.cells)
    assert area.sum() == pytest.approx(400.0**2, rel=1e-9)
    assert area[mesh.region == 0].sum() == pytest.approx(frame.bodies.measures(0.0).sum(), rel=1e-4)
    assert area[mesh.layer == 0].sum() == pytest.approx(frame.measure(0.0, 20.0), rel=1e-4)
    left, right = (np.sort(mesh.points[mesh.points[:, 0] == x, 1]) for x in (0.0, mesh.period))
    assert np.array_equal(left, right)


@pytest.mark.parametrize(
    ("bodies", "text"),
    [
        ([body(100, 200, 60), body(300, 60, 50)], "bottom of the box"),
        ([body(100, 200, 60), body(250.5, 200, 50)], "must overlap"),
        ([body(100, 200, 60), body(248, 200, 50)], "cross at"),
        ([body(100, 200, 60), body(130, 200, 50)], "holds the centre"),
    ],
)
def test_what_cannot_be_meshed_is_refused(bodies, text):
    with pytest.raises(GeometryError, match=text):
        build_structure(scenario(box=400e-9, particles=bodies))


@pytest.mark.parametrize(("place", "axis"), [((500, 200), 0), ((200, 401), 1)])
def test_centres_are_in_the_box(place, axis):
    with pytest.raises(ValidationError, match=rf"particles\.1\.centre\.{axis}: .* nm is outside the box; must be at most 400 nm"):
        scenario(box=400e-9, particles=[body(100, 200, 60), body(*place, 50)])
    scenario(box=400e-9, particles=[body(0, 200, 60), body(400, 200, 50)])


def test_random_particles_fill_their_fraction_and_touch_if_asked():
    apart = build_structure(scenario(number=5, core_radius=40e-9, spread=0.2, fraction=0.35)).frame
    assert len(apart.sei_groups) == 5
    assert (math.pi * (apart.bodies.radii + 20.0) ** 2).sum() / apart.period**2 == pytest.approx(0.35)
    assert apart.bodies.radii.mean() == pytest.approx(40.0)
    cores = build_structure(scenario(number=5, core_radius=40e-9, fraction=0.35, contact="cores")).frame
    assert len(cores.bodies.groups(cores.bodies.touching(0.0))) == 1
