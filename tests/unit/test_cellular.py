"""Cellular grains: exact fractions, films never thinner than the gap, sides cut cleanly, repeatable."""

import re

import numpy as np
import pytest
from scipy.spatial import cKDTree

from seix.errors import GeometryError
from seix.geometry.cellular import cellular_layer
from seix.geometry.layers import LayerShape
from seix.geometry.particle import ParticleFrame
from seix.geometry.patch import FREE, PatchFrame
from seix.geometry.polygon_lines import mirrored, with_lines
from seix.geometry.polygons import inradii
from seix.geometry.shapes import ConvexShapes
from seix.geometry.solid import SolidParticleFrame, SolidPatchFrame
from seix.geometry.stats.convex import hull_distances

GAP = 0.3
PLANE = {
    "patch": (PatchFrame(40, 10, 16, 8), 0.2),
    "sharp": (PatchFrame(30, 10, 16, 8), 0.0),
    "discs": (PatchFrame(30, 10, 16, 8), 1.0),
    "whole particle": (ParticleFrame(20, 10, 8, None), 0.3),
    "sector": (ParticleFrame(60, 12, 8, 0.7), 0.3),
    "narrow sector": (ParticleFrame(90, 12, 8, np.radians(10)), 0.3),
    "half circle": (ParticleFrame(20, 12, 8, np.pi), 0.5),
}
SPACE = {
    "block": (SolidPatchFrame(16, 10, 10, 8), 0.2),
    "sphere": (SolidParticleFrame(12, 8, 8), 0.0),
    "octant": (SolidParticleFrame(20, 10, 8, "octant"), 0.3),
    "cone": (SolidParticleFrame(40, 10, 8, "cone", 0.3), 0.3),
}


class Made:
    """A layer of cellular grains and what it was made from."""

    def __init__(self, frame, rounding=0.2, fractions=None, diameter=3.0, gap=GAP, seed=1, spread=0.15):
        few = {"LiF": 0.3, "Li3N": 0.15} if rounding > 0.9 else {"LiF": 0.45, "Li3N": 0.2}
        self.fractions = fractions or (few if frame.dim == 2 else {"LiF": 0.3, "Li3N": 0.12})
        thickness = frame.sei_thickness
        self.layer = LayerShape(0.0, thickness, "matrix", self.fractions, diameter, spread, gap, (gap, 0.5 * gap),
                                "cellular", rounding)  # fmt: skip
        self.frame, self.band = frame, frame.band(0.0, thickness, self.layer.gaps, gap)
        self.grains, self.shapes = cellular_layer(self.layer, self.band, frame, seed, 0, 1)
        self.plane = isinstance(self.shapes, ConvexShapes)
        if self.plane:
            self.start, self.corners = self.shapes.start, self.shapes.vertices
            self.rounding = self.shapes.rounding
        else:
            corners = self.grains.centres[:, None, :] + self.shapes.vertices()
            self.start = np.arange(len(corners) + 1) * corners.shape[1]
            self.corners, self.rounding = corners.reshape(-1, 3), np.zeros(len(corners))
        self.owner = np.repeat(np.arange(len(self.rounding)), np.diff(self.start))

    def with_images(self):
        """Corners of all grains and of all their images, with the number of corners of each, and the grain of each."""
        bodies = [self.corners]
        if self.frame.kind == "patch":
            steps = self.frame.period * np.array([(i, j, 0) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)])
            steps = steps if self.frame.dim == 3 else np.array([[-1, 0], [1, 0]]) * self.frame.period
            bodies += [self.corners + step for step in steps]
        for normal in self.frame.mirrors:
            bodies.append(self.corners - 2.0 * np.outer(self.corners @ normal, normal))
        grain = np.tile(np.arange(len(self.rounding)), len(bodies))
        copy = np.repeat(np.arange(len(bodies)), len(self.rounding))
        own = np.zeros(len(grain), bool)
        for s, normal in enumerate(self.frame.mirrors):  # in a half circle both rays are on one line
            on_plane = np.abs(self.grains.centres[grain] @ normal) < 1e-9
            own |= (copy == s + 1) & on_plane
        count = np.diff(self.start)[grain]
        return np.concatenate(bodies), np.concatenate([[0], np.cumsum(count)]), grain, own

    def films(self):
        """Distances of all pairs of near grains, images included."""
        corners, start, grain, own = self.with_images()
        middle = np.add.reduceat(corners, start[:-1]) / np.diff(start)[:, None]
        far = np.linalg.norm(corners - np.repeat(middle, np.diff(start), axis=0), axis=1).max() + self.rounding.max()
        n = len(self.rounding)
        pairs = cKDTree(middle[:n]).query_ball_tree(cKDTree(middle), 2.0 * far + 0.5)
        first = np.repeat(np.arange(n), [len(p) for p in pairs])
        second = np.concatenate(pairs).astype(int)
        # the image of a cut grain in its own side is the grain itself
        wanted = (first != second) & ~own[second]
        first, second = first[wanted], second[wanted]
        apart = hull_distances(corners, start, first, second, np.zeros((len(first), corners.shape[1])))
        return apart - self.rounding[first] - self.rounding[grain[second]]


@pytest.fixture(params=PLANE, scope="module")
def plane(request):
    return Made(*PLANE[request.param])


@pytest.fixture(params=[*PLANE, *SPACE], scope="module")
def made(request):
    return Made(*(PLANE | SPACE)[request.param])


def test_every_phase_has_its_fraction(made):
    measures = made.shapes.areas() if made.plane else made.shapes.volumes()
    for phase, fraction in enumerate(made.fractions.values()):
        chosen = made.grains.phase == phase
        found = (made.grains.weight * measures)[chosen].sum() / made.band.measure
        assert found == pytest.approx(fraction, rel=1e-9)


def test_films_are_never_thinner_than_the_gap(made):
    films = made.films()
    assert len(films) > 3 * len(made.rounding)
    assert films.min() > GAP * (1.0 - 1e-6)


def test_wall_gaps_are_kept(made):
    frame, t = made.frame, made.layer.thickness
    if frame.kind == "patch":
        height = made.corners[:, -1]
        low, high = height, height
    else:
        # the nearest point of a polygon or polyhedron to the core lies inside a face or edge
        high = np.linalg.norm(made.corners, axis=1) - frame.core_size
        dim = frame.dim
        n = len(made.rounding)
        corners, start = np.vstack([made.corners, np.zeros(dim)]), np.append(made.start, len(made.corners) + 1)
        near = hull_distances(corners, start, np.arange(n), np.full(n, n), np.zeros((n, dim)))
        low = near[made.owner] - frame.core_size
    assert (low - made.rounding[made.owner]).min() > made.layer.gaps[0] - 1e-9
    assert (t - high - made.rounding[made.owner]).min() > made.layer.gaps[1] - 1e-9


def test_grains_on_no_side_keep_clear_of_all(made):
    normals = made.frame.mirrors if made.frame.kind == "particle" else np.eye(made.frame.dim)[:-1]
    for normal in normals:
        off = (np.abs(made.grains.centres @ normal) > 1e-9)[made.owner]
        height = made.corners[off] @ normal - made.rounding[made.owner][off]
        assert height.min() > 0.5 * GAP * (1 - 1e-9)
        if made.frame.kind == "patch":
            beyond = made.frame.period - made.corners[off] @ normal - made.rounding[made.owner][off]
            assert beyond.min() > 0.5 * GAP * (1 - 1e-9)


def test_cut_grains_are_centred_on_their_side(made):
    normals = made.frame.mirrors if made.frame.kind == "particle" else np.eye(made.frame.dim)[:-1]
    for s, normal in enumerate(normals):
        on = made.grains.side == s
        assert np.abs(made.grains.centres[on] @ normal).max(initial=0.0) < 1e-9


def test_sides_cross_polygons_away_from_corners(plane):
    grains, shapes = plane.grains, plane.shapes
    normals = plane.frame.mirrors if plane.frame.kind == "particle" else np.eye(2)[:1]
    for i in np.flatnonzero(grains.side != FREE):
        normal = normals[grains.side[i]]
        across = shapes.vertices[shapes.start[i] : shapes.start[i + 1]] @ normal
        if len(across) == 1:  # a disc
            assert abs(across[0]) < 1e-9
            continue
        radius = np.sqrt(shapes.areas()[i] / np.pi)
        assert np.abs(across).min() > 0.02 * radius
        assert across.min() < 0.0 < across.max()
        if plane.frame.kind == "particle":
            assert np.sort(across) == pytest.approx(np.sort(-across), abs=1e-9)


def test_cut_polyhedra_have_a_loop_of_vertices_on_their_side():
    for frame in (SPACE["block"][0], SPACE["octant"][0], SPACE["cone"][0]):
        made = Made(frame)
        normals = frame.mirrors if frame.kind == "particle" else np.eye(3)[:2]
        on = np.flatnonzero(made.grains.side != FREE)
        assert len(on) > 3
        for i in on:
            height = made.shapes.turns[i] @ made.shapes.directions.T
            height = normals[made.grains.side[i]] @ height
            sign = np.sign(np.where(np.abs(height) < 1e-12, 0.0, height))[made.shapes.faces]
            assert not ((sign.min(axis=1) < 0) & (sign.max(axis=1) > 0)).any()
            if frame.kind == "particle":
                upper, lower = made.shapes.distances[i][height > 1e-9], made.shapes.distances[i][height < -1e-9]
                assert np.sort(upper) == pytest.approx(np.sort(lower), rel=1e-12)


def test_polygons_are_convex_and_counter_clockwise(plane):
    vertices, following = plane.shapes.vertices, plane.shapes.following
    edge = vertices[following] - vertices
    turn = edge[:, 0] * edge[following, 1] - edge[:, 1] * edge[following, 0]
    many = (np.diff(plane.start) > 2)[plane.owner]
    assert (turn[many] > 0.0).all()


@pytest.mark.parametrize("name", ["sector", "narrow sector", "half circle"])
def test_sides_of_many_seeds_leave_strictly_convex_polygons(name):
    """Walls and sides often run along an edge but for rounding: such edges once had corners on them, or no length."""
    for seed in range(1, 13):
        test_polygons_are_convex_and_counter_clockwise(Made(*PLANE[name], seed=seed))


@pytest.mark.parametrize("frame", [PLANE["patch"][0], SPACE["octant"][0]], ids=["plane", "space"])
def test_same_seed_same_grains(frame):
    one, two, other = Made(frame, seed=3), Made(frame, seed=3), Made(frame, seed=4)
    assert np.array_equal(one.corners, two.corners) and np.array_equal(one.rounding, two.rounding)
    assert np.array_equal(one.grains.phase, two.grains.phase) and np.array_equal(one.grains.side, two.grains.side)
    assert not np.array_equal(one.grains.centres, other.grains.centres)


@pytest.mark.parametrize("spread", [0.0, 0.15, 0.25])
def test_sizes_are_those_drawn(spread):
    made = Made(PatchFrame(120, 10, 40, 8), fractions={"LiF": 0.6}, spread=spread)
    diameter = 2.0 * made.grains.radii
    assert len(diameter) > 350
    assert diameter.mean() == pytest.approx(3.0, rel=0.02)
    assert diameter.std() / diameter.mean() == pytest.approx(spread, abs=0.025)


def test_high_fractions_are_reached_with_thin_films():
    plane = Made(PatchFrame(60, 10, 50, 8), 0.2, {"LiF": 0.8})
    assert plane.films().min() > GAP * (1.0 - 1e-6)
    space = Made(SolidPatchFrame(24, 10, 24, 8), 0.0, {"LiF": 0.68})
    assert space.films().min() > GAP * (1.0 - 1e-6)


@pytest.mark.slow
def test_densest_layer_in_space():
    made = Made(SolidPatchFrame(60, 10, 40, 8), 0.0, {"LiF": 0.72}, gap=0.27)  # a film of 0.3 nm leaves room for 0.71
    assert made.films().min() > 0.27 * (1.0 - 1e-6)


def test_too_dense_names_the_fraction_that_can_be_reached():
    frame = PatchFrame(40, 10, 20, 8)
    with pytest.raises(GeometryError) as caught:
        Made(frame, fractions={"LiF": 0.6, "Li3N": 0.3})
    message = str(caught.value)
    assert "90.0 %" in message and "0.3 nm" in message and "\n" not in message
    reached = float(re.search(r"reachable is ([\d.]+) %", message)[1]) / 100.0
    Made(frame, fractions={"LiF": 2 / 3 * reached, "Li3N": 1 / 3 * reached})


def test_few_grains_in_a_thin_layer():
    made = Made(PatchFrame(12, 10, 3.6, 8), fractions={"LiF": 0.55}, spread=0.0)
    assert len(made.rounding) == 3
    assert made.films().min() > GAP * (1.0 - 1e-6)


def _polygon(k, radius=1.0, shift=(0.0, 0.0)):
    angle = 2.0 * np.pi * np.arange(k) / k
    normal = np.column_stack([np.cos(angle), np.sin(angle)])
    return np.column_stack([normal, radius + normal @ np.asarray(shift)])


@pytest.mark.parametrize("k", [3, 4, 6, 9])
def test_inradius_of_regular_polygons_is_exact(k):
    lines = np.vstack([_polygon(k, 1.7), _polygon(k, 0.4, (0.3, -0.2))])
    assert inradii(np.array([0, k, 2 * k]), lines) == pytest.approx([1.7, 0.4], rel=1e-12)


def test_inradius_of_a_flat_rectangle():
    rectangle = np.array([[1, 0, 5.0], [0, 1, 0.25], [-1, 0, 5.0], [0, -1, 0.25]])
    assert inradii(np.array([0, 4]), rectangle) == pytest.approx([0.25], rel=1e-12)


def test_polygon_shared_with_its_image():
    square = _polygon(4, 1.0, (0.5, 0.0))  # from -0.5 to 1.5 along x
    start, lines = mirrored(np.array([0, 4]), square, np.array([[1.0, 0.0]]), np.array([0]))
    assert start[-1] == 4
    assert sorted(lines[:, 2]) == pytest.approx([0.5, 0.5, 1.0, 1.0])


def test_lines_that_bound_nothing_are_left_out():
    start, lines = with_lines(np.array([0, 4]), _polygon(4), np.array([0, 0]), np.array([[1, 0, 0.5], [0, 1, 3.0]]))
    assert start[-1] == 4
    assert sorted(lines[:, 2]) == pytest.approx([0.5, 1.0, 1.0, 1.0])
