"""Several particles in space: places, grains, meshes, facets and held nodes against closed forms."""

import math
from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from balls import BILAYER, NM, ONE_LAYER, PAIR, PLAIN, TWO_LAYERS, box
from mesh_truth import Checked
from seix.analysis.cutaway import build_scene
from seix.analysis.parts import single_particles
from seix.analysis.structurefigure import write_structure_figure
from seix.errors import GeometryError
from seix.geometry.assembly.anchors import find_anchors
from seix.geometry.cache import cached_mesh
from seix.geometry.key import geometry_key
from seix.geometry.layers import build_structure
from seix.geometry.meshing import make_mesh
from seix.geometry.msh_file import named_facets
from seix.geometry.volume.solid_mesh import estimated_cells
from seix.scenario import Scenario

CELLULAR = {**BILAYER, "grains": BILAYER["grains"] | {"shape": "cellular"}}
LARGE = ((22.0, 24.0, 22.0, 10.0), (53.0, 50.0, 26.0, 9.0), (35.0, 40.0, 56.0, 8.0))
THIN = {"structure": "multilayer", "thickness": 4 * NM, "layers": 1, "inorganic": {"LiF": 0.06, "Li3N": 0.03},
        "grains": {"diameter": 2.4 * NM, "spread": 0.1, "gap": 0.6 * NM}}  # fmt: skip
CHAIN = ((17.0, 20.0, 20.0, 9.0), (30.5, 24.0, 24.0, 8.0), (39.5, 35.0, 29.0, 9.0))
"""Three cores grown together, the last two of which do not reach the first."""
BRIDGED = ((20.0, 20.0, 20.0, 8.0), (37.0, 38.0, 36.0, 7.0))
"""Two whose films lie apart, but not those of the binder on them."""
CASES = {
    "plain": (box(), 0),
    "round": (box(BILAYER, LARGE, 76.0), 3),
    "cellular": (box(CELLULAR, LARGE, 76.0), 3),
    "two layers": (box(TWO_LAYERS, ((20.0, 21.0, 20.0, 6.0), (48.0, 50.0, 46.0, 5.0)), 70.0), 2),
    "at random": (box(BILAYER, number=4, core_radius=6 * NM, spread=0.2, fraction=0.15), 4),
    "touching cores": (box(PLAIN, ((20.0, 28.0, 24.0, 8.0), (33.0, 28.0, 27.0, 8.0))), 0),
    "touching films": (box(PLAIN, ((18.0, 28.0, 24.0, 8.0), (38.0, 28.0, 27.0, 7.0))), 0),
    "chain": (box(THIN, CHAIN, 60.0), 3),
    "bridged by binder": (box(PLAIN, BRIDGED, 60.0, binder=4 * NM), 0),
    "random with binder": (box(PLAIN, number=3, core_radius=7 * NM, fraction=0.06, gap=3 * NM, binder=3 * NM), 0),
    "cores at random": (box(THIN, number=3, core_radius=7 * NM, spread=0.1, fraction=0.1, contact="cores"), 3),
    "near each other and a side": (box(PLAIN, ((14.8, 16.0, 14.7, 8.0), (43.6, 17.0, 16.0, 8.0)), 58.5), 0),
}


LARGE_MESHES = ("random with binder", "at random", "round", "cellular")


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow if name in LARGE_MESHES else ()) for name in CASES])
def test_mesh_is_true(name):
    """Cores, layers and electrolyte have the volumes of closed forms, grains their fractions; the sides match."""
    scenario, _ = CASES[name]
    structure = build_structure(scenario)
    mesh = make_mesh(scenario)
    Checked(mesh, scenario).all()
    assert 0.5 < estimated_cells(structure, scenario.mesh, 1.0) / len(mesh.cells) < 2.0


@pytest.mark.parametrize("name", ["round", pytest.param("cellular", marks=pytest.mark.slow), "two layers", "at random"])
def test_each_particle_has_its_fractions_and_distances(name):
    scenario, count = CASES[name]
    s = build_structure(scenario)
    bodies = s.frame.bodies
    owner, height = bodies.nearest(s.centres)
    assert len(bodies) == count
    radii, reach = (s.radii, s.radii) if s.shapes is None else (np.cbrt(s.shapes.volumes() * 0.75 / math.pi), None)
    for k, layer in enumerate(s.layers):
        for body in range(count):
            chosen = (owner == body) & (s.layer == k)
            whole = 4.0 / 3.0 * math.pi * np.diff((bodies.radii[body] + np.array([layer.inner, layer.outer])) ** 3)[0]
            for number, phase in enumerate(s.phase_names):
                volume = 4.0 / 3.0 * math.pi * (radii[chosen & (s.phase == number)] ** 3).sum()
                assert volume == pytest.approx(layer.fractions.get(phase, 0.0) * whole, rel=1e-9 if reach is not None else 1e-2)
        if reach is not None and layer.fractions:
            here = s.layer == k
            assert (height[here] - reach[here]).min() >= layer.inner + layer.gaps[0] - 1e-6
            assert (layer.outer - height[here] - reach[here]).min() >= layer.gaps[1] - 1e-6


def test_first_particle_has_the_grains_of_the_full_sphere():
    """A layer has the same fractions around any particle, and the first one the seed of the scenario."""
    scenario = box(ONE_LAYER)
    sphere = {"kind": "particle", "dimension": 3, "core_radius": 8 * NM, "electrolyte_depth": 5 * NM}
    s, single = build_structure(scenario), build_structure(Scenario.model_validate(scenario.model_dump() | {"geometry": sphere}))
    mine = s.frame.bodies.nearest(s.centres)[0] == 0
    assert np.allclose(s.centres[mine] - s.frame.bodies.centres[0], single.centres, atol=1e-9)
    assert np.array_equal(s.radii[mine], single.radii) and np.array_equal(s.phase[mine], single.phase)


def test_sides_are_moved_off_the_particles():
    """Only the coordinates change: distances through the periodic sides stay."""
    crossing = ((2.0, 50.0, 16.0, 8.0), (26.0, 15.0, 38.0, 7.0))
    bodies = build_structure(box(PLAIN, crossing)).frame.bodies
    room = np.minimum(bodies.centres, 56.0 - bodies.centres).min(axis=1) - bodies.radii - 6.0
    assert room.min() >= 0.6
    away = bodies.centres[1] - bodies.centres[0]
    away[:2] -= 56.0 * np.rint(away[:2] / 56.0)
    assert away == pytest.approx([24.0, 21.0, 22.0])


def test_particles_on_all_sides_are_refused():
    with pytest.raises(GeometryError, match=r"normal to x .* a larger box"):
        build_structure(box(PLAIN, ((14.0, 14.0, 15.0, 7.5), (32.0, 38.0, 30.0, 7.0), (50.0, 14.0, 42.0, 7.0))))


@pytest.mark.parametrize(
    ("bodies", "text"),
    [
        (((15.0, 28.0, 28.0, 7.0), (41.3, 28.0, 28.0, 7.0)), r"1 and 2: the surfaces 6 nm over the cores are 0\.3 nm apart"),
        (((15.0, 28.0, 28.0, 7.0), (40.5, 28.0, 28.0, 7.0)), r"1 and 2: .* 6 nm over the cores cross at 22\.\d degrees"),
        (((20.0, 20.0, 28.0, 7.0), (36.0, 20.0, 28.0, 7.0), (28.0, 33.9, 28.0, 7.0)), r"particles 1, 2 and 3 meet.* 6 nm over"),
    ],
)
def test_places_that_cannot_be_meshed_are_refused(bodies, text):
    with pytest.raises(GeometryError, match=text):
        build_structure(box(PLAIN, bodies))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"sei": CELLULAR, "bodies": (*LARGE[:1], (45.0, 30.0, 22.0, 9.0)), "edge": 76.0}, "particles that touch take round"),
        ({"sei": CELLULAR, "number": 3, "core_radius": 7 * NM, "fraction": 0.1, "contact": "cores"}, "touch take round"),
        ({"bodies": ((16.0, 17.0, 8.0), (40.0, 38.0, 7.0))}, "has 2 lengths; must have 3"),
    ],
)
def test_what_does_not_go_together_is_refused(change, text):
    with pytest.raises(ValidationError, match=text):
        box(**change)


def test_key_and_cache(tmp_path):
    scenario = box(ONE_LAYER)
    moved = box(ONE_LAYER, ((16.0, 17.0, 16.5, 8.0), PAIR[1]))
    assert geometry_key(scenario, 1.0) != geometry_key(moved, 1.0)
    made, _ = cached_mesh(scenario, 1.0, tmp_path)
    again, _ = cached_mesh(scenario, 1.0, tmp_path)
    assert np.array_equal(made.points, again.points) and np.array_equal(made.bodies, again.bodies)
    assert np.array_equal(made.points, make_mesh(scenario).points)


def test_named_facets_have_the_areas_of_the_box_and_the_balls():
    mesh = make_mesh(box())
    facets = named_facets(mesh)

    def area(name):
        a, b, c = np.moveaxis(mesh.points[facets[name][:, :3]], 1, 0)
        return 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1).sum()

    for name in ("periodic_left", "periodic_right", "periodic_front", "periodic_back", "bottom", "top"):
        assert area(name) == pytest.approx(56.0**2, rel=1e-12)
    assert area("core|sei") == pytest.approx(4.0 * math.pi * (8.0**2 + 7.0**2), rel=0.08)  # of straight faces


@pytest.mark.parametrize(("bodies", "solids"), [(PAIR, 2), (((20.0, 28.0, 24.0, 8.0), (38.0, 28.0, 27.0, 8.0)), 1)])
def test_balls_can_neither_move_nor_turn(bodies, solids):
    """The held components determine all six motions of each piece of solid, with arms of the order of its radius."""
    anchors = find_anchors(make_mesh(box(bodies=bodies)))
    assert len(anchors.pieces) == 2 and len(anchors.holds) == 3 * solids
    for number in range(solids):
        motions = []
        for place, components in anchors.holds[3 * number : 3 * number + 3]:
            x, y, z = (place - anchors.pieces[number]) / 8.0
            turned = np.array([[0.0, z, -y], [-z, 0.0, x], [y, -x, 0.0]])  # w x r
            motions += [np.concatenate([np.eye(3)[k], turned[k]]) for k in components]
        assert np.shape(motions) == (6, 6)
        assert np.linalg.svd(motions)[1].min() > 0.1


def test_parts_hold_all_solid_cells_once():
    mesh = make_mesh(box(ONE_LAYER))
    parts = list(single_particles(mesh))
    solid = np.concatenate([part.rows[mesh.region[part.rows] != 1] for part in parts])
    assert np.array_equal(np.sort(solid), np.flatnonzero(mesh.region != 1))
    for part in parts:
        assert np.allclose(part.mesh.points[part.mesh.cells] + part.centre, mesh.points[mesh.cells[part.rows]])
        assert not part.necks


def test_parts_of_touching_particles_meet_at_the_neck():
    mesh = make_mesh(box(bodies=((20.0, 28.0, 24.0, 8.0), (33.0, 28.0, 27.0, 8.0))))
    first, second = single_particles(mesh)
    solid = [part.rows[mesh.region[part.rows] != 1] for part in (first, second)]
    assert np.array_equal(np.union1d(*solid), np.flatnonzero(mesh.region != 1))
    shared = mesh.points[mesh.cells[np.intersect1d(*solid), :4]] - np.array([26.5, 28.0, 25.5])
    across = shared @ np.array([13.0, 0.0, 3.0])  # both balls are equal: the neck lies half way
    assert (across.min(axis=1) <= 1e-9).all() and (across.max(axis=1) >= -1e-9).all()
    assert [len(part.necks) for part in (first, second)] == [1, 1]


@pytest.mark.parametrize("bodies", [PAIR, ((20.0, 28.0, 24.0, 8.0), (33.0, 28.0, 27.0, 8.0))])
def test_pictures(tmp_path, bodies):
    mesh = make_mesh(box(ONE_LAYER, bodies))
    scene = build_scene(mesh, lambda owner, place: np.full((*place.shape[:2], 3), 0.5))
    points = scene.points
    assert points.min() == 0.0 and points.max() == 56.0
    surface = np.concatenate(scene.triangles)[..., :3].reshape(-1, 3)
    height = (np.linalg.norm(surface[:, None] - mesh.bodies[:, :3], axis=2) - mesh.bodies[:, 3]).min(axis=1)
    # the necks of the cores are cut in the middle between the two centres
    neck = min(0.5 * np.linalg.norm(mesh.bodies[0, :3] - mesh.bodies[1, :3]) - 8.0, 0.0)
    assert neck - 0.2 < height.min() < neck + 0.1 and height.max() < 6.01
    write_structure_figure(tmp_path / "phases.png", replace(mesh), "test", "phases", 50)
    assert (tmp_path / "phases.png").stat().st_size > 1000
