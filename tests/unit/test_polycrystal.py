"""Polycrystals: the layer is covered exactly, grains share whole edges bit by bit, fractions are met by whole grains."""

from itertools import pairwise

import numpy as np
import pytest

from seix.errors import GeometryError
from seix.geometry.cell_net import Net, collapse, join
from seix.geometry.cellular import cellular_layer
from seix.geometry.layers import LayerShape
from seix.geometry.particle import ParticleFrame
from seix.geometry.patch import FREE, PatchFrame
from seix.geometry.polycrystal import between_circles
from seix.geometry.solid import SolidPatchFrame

FRAMES = {
    "patch": (PatchFrame(40, 10, 16, 8), 4.0),
    "thick patch": (PatchFrame(30, 10, 40, 8), 3.0),
    "few columns": (PatchFrame(30, 10, 8, 8), 7.5),
    "whole particle": (ParticleFrame(20, 10, 8, None), 5.0),
    "small particle": (ParticleFrame(6, 8, 8, None), 5.0),
    "sector": (ParticleFrame(60, 12, 8, 0.7), 4.0),
    "half circle": (ParticleFrame(20, 12, 8, np.pi), 4.0),
}


def make(frame, diameter, fractions=None, seed=1, spread=0.15):
    """Grains, shapes and area of a layer."""
    fractions = fractions or {"LiF": 0.6, "Li3N": 0.4}
    layer = LayerShape(0.0, frame.sei_thickness, "matrix", fractions, diameter, spread, shape="polycrystal")
    band = frame.band(layer.inner, layer.outer, (0.0, 0.0), 0.0)
    return *cellular_layer(layer, band, frame, seed, 0, 1), band.measure


@pytest.fixture(params=[(name, seed) for name in FRAMES for seed in (1, 2)], ids=lambda p: f"{p[0]} {p[1]}", scope="module")
def made(request):
    name, seed = request.param
    frame, diameter = FRAMES[name]
    return frame, *make(frame, diameter, seed=seed)


def walls(frame, points):
    """Bits of the walls and rays that points lie on."""
    height = points[:, 1] if frame.kind == "patch" else np.hypot(*points.T) - frame.core_size
    bits = (np.abs(height) < 1e-9) + 2 * (np.abs(height - frame.sei_thickness) < 1e-9)
    for s, normal in enumerate(frame.mirrors):
        bits = bits + (4 << s) * (np.abs(points @ normal) < 1e-9)
    return bits


def arcs(frame, shapes):
    """Areas (n,) between round walls and the chords of each polygon."""
    a, b = shapes.vertices, shapes.vertices[shapes.following]
    both = walls(frame, a) & walls(frame, b)
    angle = np.arcsin(np.minimum(1.0, np.hypot(*(b - a).T) / 2 / np.hypot(*a.T))) * 2
    segment = 0.5 * np.hypot(*a.T) ** 2 * (angle - np.sin(angle))
    return np.bincount(shapes.owner, np.where(both & 2, segment, 0.0) - np.where(both & 1, segment, 0.0), len(shapes.rounding))


def test_grains_cover_the_layer(made):
    frame, grains, shapes, measure = made
    areas = shapes.areas() + (arcs(frame, shapes) if frame.kind == "particle" else 0.0)
    assert areas.sum() == pytest.approx(measure, rel=1e-11)
    assert np.pi * grains.radii**2 == pytest.approx(areas, rel=1e-9)


def test_every_edge_is_shared_by_two_grains_or_lies_on_a_wall(made):
    frame, grains, shapes, _ = made
    a, b = shapes.vertices.copy(), shapes.vertices[shapes.following]
    wall = (walls(frame, a) & walls(frame, b)) > 0
    if frame.kind == "patch":  # what is beyond the side belongs to the other end, as the mesher sees it
        cut = (grains.side != FREE)[shapes.owner]
        middle = cut & (0.5 * (a + b)[:, 0] < 0.0)
        for end in (a, b):
            end[middle, 0] += frame.period
        crossing = cut & ((shapes.vertices[:, 0] < 0.0) != (shapes.vertices[shapes.following, 0] < 0.0))
    else:
        crossing = np.zeros(len(a), bool)
    inner = ~wall & ~crossing
    ends = np.stack([a, b], axis=1)[inner]
    forward = (ends[:, 0, 0] < ends[:, 1, 0]) | ((ends[:, 0, 0] == ends[:, 1, 0]) & (ends[:, 0, 1] < ends[:, 1, 1]))
    ends[~forward] = ends[~forward][:, ::-1]
    _, count = np.unique(ends.reshape(-1, 4), axis=0, return_counts=True)
    assert (count == 2).all()
    # an edge that the side crosses belongs to two grains that are both cut there
    crossing &= ~wall
    heights = np.sort(a[crossing, 1] - a[crossing, 0] * ((b - a)[crossing, 1] / (b - a)[crossing, 0]))
    assert heights[::2] == pytest.approx(heights[1::2], abs=1e-9)


def test_polygons_are_sharp_and_convex(made):
    _, _, shapes, _ = made
    assert (shapes.rounding == 0.0).all() and np.diff(shapes.start).min() >= 3
    edge = shapes.vertices[shapes.following] - shapes.vertices
    turn = edge[:, 0] * edge[shapes.following, 1] - edge[:, 1] * edge[shapes.following, 0]
    assert turn.min() > 0.0


def test_fractions_are_met_by_whole_grains(made):
    frame, grains, shapes, measure = made
    areas = shapes.areas() + (arcs(frame, shapes) if frame.kind == "particle" else 0.0)
    assert areas[grains.phase == 0].sum() / measure == pytest.approx(0.6, abs=0.01)


def test_short_edges_are_rare(made):
    _, _, shapes, _ = made
    length = np.hypot(*(shapes.vertices[shapes.following] - shapes.vertices).T)
    assert (length < 0.25 * length.mean()).mean() < 0.01


def test_the_side_of_a_patch_runs_clear_of_corners(made):
    frame, grains, shapes, _ = made
    if frame.kind == "patch":
        length = np.hypot(*(shapes.vertices[shapes.following] - shapes.vertices).T).mean()
        assert np.abs(shapes.vertices[:, 0]).min() > 0.03 * length
        low = np.minimum.reduceat(shapes.vertices[:, 0], shapes.start[:-1])
        high = np.maximum.reduceat(shapes.vertices[:, 0], shapes.start[:-1])
        cut = grains.side != FREE
        assert cut.sum() >= 1 and (grains.centres[cut, 0] == 0.0).all()
        assert ((low < 0.0) == cut).all() and (high[cut] > 0.0).all() and high.max() < frame.period


def test_same_seed_same_grains():
    one, two, other = (make(*FRAMES["patch"], seed=seed)[1].vertices for seed in (3, 3, 4))
    assert np.array_equal(one, two) and not np.array_equal(one[:20], other[:20])


def test_sizes_are_those_drawn():
    grains, _, _ = make(PatchFrame(150, 10, 50, 8), 3.0, {"LiF": 1.0}, spread=0.2)
    diameter = 2.0 * grains.radii
    assert diameter.mean() == pytest.approx(3.0, rel=0.02)
    assert diameter.std() / diameter.mean() == pytest.approx(0.2, abs=0.03)


def test_not_in_space():
    with pytest.raises(GeometryError, match="2D only"):
        make(SolidPatchFrame(16, 10, 10, 8), 4.0)


def test_too_few_grains_around_a_core():
    with pytest.raises(GeometryError, match="too few grains around the core"):
        make(ParticleFrame(0.5, 10, 8, None), 9.0, {"LiF": 1.0})


def test_part_of_a_square_between_circles():
    """Circles of radius 1 and 3 about the corner of the square [0, 2.5]^2: chords in place of both arcs."""
    square = np.array([[0.0, 0.0], [2.5, 0.0], [2.5, 2.5], [0.0, 2.5]])
    _, corners, marks = between_circles(np.array([0, 4]), square, 1.0, 3.0)
    h = np.sqrt(9.0 - 6.25)
    wanted = np.array([[1.0, 0.0], [2.5, 0.0], [2.5, h], [h, 2.5], [0.0, 2.5], [0.0, 1.0]])
    assert corners == pytest.approx(wanted) and marks.tolist() == [1, 0, 2, 2, 0, 1]


def _row(*x):
    """Net of upright rectangles of height 1 between the given x, on walls below and above."""
    start = 4 * np.arange(len(x))
    corners = np.array([c for a, b in pairwise(x) for c in ((a, 0.0), (b, 0.0), (b, 1.0), (a, 1.0))])
    return join(start, corners, np.where(corners[:, 1] > 0.0, 2, 1), 0.0, 1e-9)


def test_nodes_are_shared():
    net = _row(0.0, 1.0, 1.1, 2.0)
    assert len(net.places) == 8 and len(net.node) == 12


def test_collapse_keeps_polygons_with_area():
    net = collapse(_row(0.0, 1.0, 1.1, 2.0), 0.3, np.zeros(2))
    corners = net.corners()
    # the first short edge makes the narrow rectangle a triangle; the second one would leave nothing of it
    assert np.diff(net.start).tolist() == [4, 3, 4]
    area = [np.ptp(corners[net.start[k] : net.start[k + 1]], axis=0).prod() for k in range(3)]
    assert min(area) > 0.0 and isinstance(net, Net)
