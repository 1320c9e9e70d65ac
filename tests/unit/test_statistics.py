"""Statistics of structures: closed forms, lattices, brute force and random points."""

import itertools
import json

import numpy as np
import pytest
from scipy.optimize import nnls
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.special import ndtr

from geometry_cases import bilayer, multilayer, particle, patch, scenario
from seix.geometry.layers import LayerShape, Structure, build_structure
from seix.geometry.particle import ParticleFrame
from seix.geometry.patch import FREE, PatchFrame
from seix.geometry.shapes import ConvexShapes, StarShapes
from seix.geometry.solid import SolidParticleFrame, SolidPatchFrame
from seix.geometry.statistics import full_statistics, structure_statistics
from seix.geometry.stats import connection, correlation, profile, sizes, windows
from seix.geometry.stats.convex import hull_distances
from seix.geometry.stats.grains import Grains, hollows
from seix.geometry.stats.neighbours import nearest_gaps


def structure(frame, centres, radii, shapes=None, phase=None, names=("LiF",), gap=0.2):
    """One layer with given grains."""
    centres = np.atleast_2d(np.asarray(centres, float))
    n, thickness = len(centres), frame.sei_thickness
    radii = np.broadcast_to(np.asarray(radii, float), n).copy()
    mean = 2.0 * float(radii.mean()) if n else 0.0
    layer = LayerShape(0.0, thickness, "organic_polymer", {name: 0.3 / len(names) for name in names}, mean, 0.0, gap, (gap, gap))
    none = np.zeros(n, np.int32)
    return Structure(frame, [layer], list(names), centres, radii, none if phase is None else np.asarray(phase, np.int32), none,
                     np.full(n, FREE, np.int32), 0, shapes)  # fmt: skip


def flat(period, thickness, dim=2):
    return (PatchFrame if dim == 2 else SolidPatchFrame)(period, 10.0, thickness, 5.0)


def lattice(cell, basis, counts):
    """Points of a lattice with a rectangular cell."""
    origins = np.stack(np.meshgrid(*(np.arange(n) for n in counts), indexing="ij"), -1).reshape(-1, len(counts))
    return ((origins[:, None, :] + np.asarray(basis)) * np.asarray(cell)).reshape(-1, len(counts))


def brute_gaps(s):
    """Smallest gap (n, n) of any image of round grains; the diagonal is that of a grain and its own images."""
    steps = [np.zeros(s.dim)]
    if s.period:
        steps = [s.period * np.array([*k, 0.0]) for k in itertools.product((-1, 0, 1), repeat=s.dim - 1)]
    apart = np.stack([np.linalg.norm(s.centres[:, None] - s.centres - step, axis=2) for step in steps])
    apart[apart == 0.0] = np.inf
    return apart.min(axis=0) - s.radii - s.radii[:, None]


# bodies ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dim", [2, 3])
def test_distance_of_convex_bodies(dim):
    """Against the quadratic programme over all differences of vertices, solved by another method."""
    rng = np.random.default_rng(dim)
    for _ in range(60):
        a, b, shift = rng.random((9, dim)), rng.random((7, dim)), 1.2 * rng.normal(size=dim)
        found = hull_distances(np.concatenate([a, b]), np.array([0, 9, 16]), np.array([0]), np.array([1]), shift[None])[0]
        difference = (a[:, None] - b - shift).reshape(-1, dim)
        heavy = 1e4
        share = nnls(np.vstack([difference.T, np.full(len(difference), heavy)]), np.append(np.zeros(dim), heavy))[0]
        assert found == pytest.approx(np.linalg.norm(difference.T @ share) / share.sum(), abs=1e-7)


def test_gap_of_rounded_polygons():
    """Two squares rounded by 0.5 corner to corner, edge to edge, and across the periodic side."""
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1.0]])
    centres = np.array([[3.0, 3.0], [8.0, 7.0], [3.5, 9.0]])
    shapes = ConvexShapes(np.arange(4) * 4, (centres[:, None] + square).reshape(-1, 2), np.full(3, 0.5))
    s = structure(flat(12.0, 12.0), centres, 1.5, shapes)
    grains = Grains.of(s)
    zero = np.zeros((2, 2))
    assert grains.gaps(np.array([0, 0]), np.array([1, 2]), zero) == pytest.approx([np.hypot(3, 2) - 1, 4 - 1])
    assert grains.gaps(np.array([2]), np.array([1]), np.array([[-12.0, 0.0]])) == pytest.approx([5.5 - 1])
    assert grains.diameters == pytest.approx(2 * np.sqrt((4 + 8 * 0.5 + np.pi * 0.25) / np.pi))
    assert nearest_gaps(grains) == pytest.approx([np.hypot(3, 2) - 1, 2.5 - 1, 2.5 - 1])


def test_shared_boundaries_count_once():
    """Four sharp squares fill a periodic film of width 4: three edges and the periodic one are shared."""
    x = np.arange(4.0)
    vertices = np.stack([np.stack([x, 0 * x], 1), np.stack([x + 1, 0 * x], 1), np.stack([x + 1, 0 * x + 1], 1),
                         np.stack([x, 0 * x + 1], 1)], axis=1).reshape(-1, 2)  # fmt: skip
    shapes = ConvexShapes(np.arange(5) * 4, vertices, np.zeros(4))
    s = structure(flat(4.0, 1.0), np.column_stack([x + 0.5, 0 * x + 0.5]), 0.5, shapes)
    found = structure_statistics(s, 1e9)["sei"]
    assert found["fraction"] == pytest.approx(1.0)
    assert found["interface_length"] == pytest.approx((4 + 8) * 1e-9)
    assert found["gap"]["min"] == 0.0


def test_hollow_edges():
    """An octahedron with one face split by a corner in its middle: flat, pressed in to a pit, and pulled out to a spike."""
    directions = np.concatenate([np.eye(3), -np.eye(3), np.full((1, 3), 3**-0.5)])
    split = [[0, 1, 6], [1, 2, 6], [2, 0, 6]]
    faces = np.array([*split, [1, 3, 2], [3, 4, 2], [4, 0, 2], [1, 0, 5], [3, 1, 5], [4, 3, 5], [0, 4, 5]])
    flat_face = 3**-0.5
    distances = np.array([[1.0] * 6 + [flat_face * f] for f in (1.0, 0.7, 3.2)])
    depth = hollows(StarShapes(directions, faces, np.stack([np.eye(3)] * 3), distances))
    assert depth[0] == pytest.approx(0.0, abs=1e-12)
    # pit: along its edge to a corner the diagonal joins two corners of the octahedron, sqrt(1/2) from the centre
    tip, corner = flat_face * 0.7 * np.full(3, 3**-0.5), np.array([0.0, 0.0, 1.0])
    normal = np.cross(tip - corner, np.array([1.0, -1.0, 0.0]))
    assert depth[1] == pytest.approx(abs((np.array([1.0, 0, 0]) - corner) @ normal) / np.linalg.norm(normal))
    # spike: across an edge of the face, from the tip to the far corner
    tip, far = flat_face * 3.2 * np.full(3, 3**-0.5), np.array([0.0, 0.0, -1.0])
    normal = np.cross(np.array([1.0, -1.0, 0.0]), far - tip)
    assert depth[2] == pytest.approx(abs((tip - np.array([1.0, 0, 0])) @ normal) / np.linalg.norm(normal))


@pytest.mark.parametrize("dim", [2, 3])
def test_nearest_gaps_of_unequal_grains(dim):
    """Large grains far away are nearer than small ones close by; against all pairs and images."""
    rng = np.random.default_rng(1)
    frame = flat(20.0, 9.0, dim)
    centres = rng.random((300, dim)) * [*[20.0] * (dim - 1), 9.0]
    s = structure(frame, centres, 10.0 ** rng.uniform(-3, -0.3, 300))
    assert nearest_gaps(Grains.of(s)) == pytest.approx(brute_gaps(s).min(axis=1), abs=1e-12)


# sizes ----------------------------------------------------------------------------------------------------------------


def test_asked_diameters():
    """Mean, spread and quantiles of a mixture of two clipped lognormals by quadrature of its distribution."""
    asked = sizes.Asked(np.array([0.3, 0.7]), np.array([3.0, 5.0]), np.array([0.3, 0.15]))
    x = np.linspace(0.0, 9.0, 900001)
    survival = 1.0 - asked.cdf(x)
    mean, square = np.trapezoid(survival, x), np.trapezoid(2 * x * survival, x)
    assert asked.moments() == pytest.approx((mean, np.sqrt(square - mean**2)), rel=1e-5)
    assert asked.cdf(asked.quantiles([0.2, 0.5, 0.9])) == pytest.approx([0.2, 0.5, 0.9], abs=1e-9)
    # all below half and above 1.6 of the mean diameter sit on these ends
    sigma = np.sqrt(np.log1p(0.09))
    step = asked.cdf(np.array([1.5])) - asked.cdf(np.array([1.5]), before=True)
    assert step[0] == pytest.approx(0.3 * ndtr(np.log(0.5) / sigma + sigma / 2), rel=1e-12)


def test_kolmogorov_smirnov_distance():
    asked = sizes.Asked(np.ones(1), np.array([4.0]), np.array([0.1]))
    middle = asked.quantiles((np.arange(100) + 0.5) / 100)
    assert asked.distance(middle) == pytest.approx(0.005, abs=1e-9)
    assert asked.distance(middle[:50]) == pytest.approx(0.5, abs=0.006)
    assert sizes.Asked(np.ones(1), np.array([4.0]), np.zeros(1)).distance(middle) is None


@pytest.mark.parametrize("dim", [2, 3])
def test_hard_particles_in_equilibrium(dim):
    """At contact the density of neighbours is 2^dim dim f g; thin gases exclude only by volume."""
    f, h = 0.3, 1e-6
    slope = (1.0 - sizes.hard_exclusion(np.array([1.0 + h]), f, dim)[0]) / h
    assert slope == pytest.approx(2**dim * dim * f * sizes.contact_value(f, dim), rel=1e-4)
    x, thin = np.array([1.5, 3.0]), 1e-4
    assert sizes.hard_exclusion(x, thin, dim) == pytest.approx(np.exp(-(2**dim) * thin * (x**dim - 1)), rel=2e-5)
    layer = LayerShape(0.0, 10.0, "organic_polymer", {"LiF": 0.3}, 3.0, 0.0, 0.5)
    reference = sizes.Equilibrium.of(layer, 20.0, 1000.0, dim)
    assert reference.cdf(reference.quantiles(sizes.LEVELS)) == pytest.approx(sizes.LEVELS, abs=1e-9)
    assert sizes.Equilibrium.of(layer, 1e4, 1000.0, dim) is None


# profile --------------------------------------------------------------------------------------------------------------


def test_profile_of_a_disc_and_of_a_sphere():
    edges = np.linspace(0.0, 10.0, 41)
    y = edges - 4.3

    def disc(y):  # area below a height
        y = np.clip(y / 2.5, -1, 1)
        return 2.5**2 * (np.arccos(-y) + y * np.sqrt(1 - y**2))

    def sphere(y):
        y = np.clip(y / 2.5, -1, 1)
        return np.pi * 2.5**3 * (y - y**3 / 3 + 2 / 3)

    for dim, below, base in ((2, disc, 20.0), (3, sphere, 400.0)):
        s = structure(flat(20.0, 10.0, dim), [[5.0] * (dim - 1) + [4.3]], 2.5)
        assert profile.profile(Grains.of(s), edges)[0] == pytest.approx(np.diff(below(y)) / (0.25 * base), abs=1e-12)


@pytest.mark.parametrize("frame", [ParticleFrame(7.0, 10.0, 5.0, None), SolidParticleFrame(7.0, 10.0, 5.0)])
def test_profile_around_a_particle(frame):
    """Against the part of each circle (angle) or sphere (cap) that lies in the grain, integrated by Gauss."""
    dim, radius, distance = frame.dim, 3.0, 12.0
    s = structure(frame, [[*[0.0] * (dim - 1), distance]], radius)
    edges = np.linspace(0.0, 10.0, 15)
    nodes, weights = np.polynomial.legendre.leggauss(60)
    found = []
    for low, high in itertools.pairwise(edges):
        a, b = (np.clip(7.0 + t, distance - radius, distance + radius) for t in (low, high))
        angle = 0.5 * np.pi * nodes  # takes the square roots out of both ends
        rho = 0.5 * (a + b) + 0.5 * (b - a) * np.sin(angle)
        jacobian = 0.5 * (b - a) * np.cos(angle) * 0.5 * np.pi
        cosine = np.clip((rho**2 + distance**2 - radius**2) / (2 * rho * distance), -1, 1)
        arc = 2 * rho * np.arccos(cosine) if dim == 2 else 2 * np.pi * rho**2 * (1 - cosine)
        found.append((weights * jacobian * arc).sum() / frame.measure(low, high))
    assert profile.profile(Grains.of(s), edges)[0] == pytest.approx(found, rel=1e-6, abs=1e-12)


def test_profile_of_polygons_and_polyhedra():
    """A sharp square has a flat profile, a cross of rounded corners the closed one; an octahedron a quadratic one."""
    edges = np.linspace(0.0, 10.0, 41)
    square = np.array([[4.0, 3.0], [7.0, 3.0], [7.0, 6.0], [4.0, 6.0]])
    s = structure(flat(20.0, 10.0), [[5.5, 4.5]], 1.5, ConvexShapes(np.array([0, 4]), square, np.zeros(1)))
    inside = (edges[:-1] >= 3.0) & (edges[1:] <= 6.0)
    assert profile.profile(Grains.of(s), edges)[0] == pytest.approx(np.where(inside, 3.0 / 20.0, 0.0), abs=1e-12)
    s = structure(flat(20.0, 10.0), [[5.5, 4.5]], 1.5, ConvexShapes(np.array([0, 4]), square, np.full(1, 0.5)))
    middle = 0.5 * (edges[1:] + edges[:-1])
    off = np.clip(np.maximum(3.0 - middle, middle - 6.0), 0.0, 0.5)
    width = np.where((middle > 2.5) & (middle < 6.5), 3.0 + 2 * np.sqrt(0.25 - off**2), 0.0)
    # chords of 0.2 rad and slices as thick as the arcs are high: a few per cent there
    assert profile.profile(Grains.of(s), edges)[0] == pytest.approx(width / 20.0, abs=0.008)
    directions = np.concatenate([np.eye(3), -np.eye(3)])
    faces = np.array([[0, 1, 2], [1, 3, 2], [3, 4, 2], [4, 0, 2], [1, 0, 5], [3, 1, 5], [4, 3, 5], [0, 4, 5]])
    shapes = StarShapes(directions, faces, np.eye(3)[None], np.full((1, 6), 2.0))
    s = structure(flat(20.0, 10.0, 3), [[5.0, 5.0, 5.0]], 2.0, shapes)
    y = np.clip(edges - 5.0, -2.0, 2.0)
    below = np.where(y < 0, 2 * (2 + y) ** 3 / 3, 32 / 3 - 2 * (2 - y) ** 3 / 3)
    assert profile.profile(Grains.of(s), edges)[0] == pytest.approx(np.diff(below) / 100.0, abs=1e-12)


# correlations ---------------------------------------------------------------------------------------------------------


FRAMES = [
    flat(60.0, 12.0), flat(30.0, 10.0, 3), ParticleFrame(20.0, 10.0, 5.0, None), ParticleFrame(20.0, 10.0, 5.0, 1.0),
    SolidParticleFrame(20.0, 10.0, 5.0), SolidParticleFrame(20.0, 10.0, 5.0, "octant"),
    SolidParticleFrame(20.0, 10.0, 5.0, "cone", 0.5),
]  # fmt: skip


@pytest.mark.parametrize("frame", FRAMES, ids=lambda f: f"{f.dim}D-{f.kind}-{f.section if f.dim == 3 else f.sector}")
def test_independent_centres_are_uncorrelated(frame):
    """g = 1 within the noise of the number of pairs, whatever the shape of the layer."""
    empty = structure(frame, np.empty((0, frame.dim)), 1.0)
    rng = np.random.default_rng(5)
    if frame.kind == "patch":
        points = rng.random((3000, frame.dim)) * [*[frame.period] * (frame.dim - 1), frame.sei_thickness]
    else:
        points = rng.uniform(-30.0, 30.0, (200000, frame.dim))
        points = points[windows.inside(empty, points, 0.0, 10.0)][:3000]
    s = structure(frame, points, 0.5)
    edges = np.linspace(0.0, 6.0, 7)
    found = correlation.pair_correlation(Grains.of(s), edges)[0]
    assert len(points) == 3000
    density = 3000 / frame.measure(0.0, frame.sei_thickness)
    pairs = 0.5 * 3000 * density * (np.pi * np.diff(edges**2) if frame.dim == 2 else 4 / 3 * np.pi * np.diff(edges**3))
    assert np.abs(found - 1.0).max() < 0.02 + 5.0 / np.sqrt(pairs.min())
    assert found.mean() == pytest.approx(1.0, abs=0.03)


LATTICES = {
    "square": (flat(40.0, 60.0), lattice((1.0, 1.0), [(0.0, 0.5)], (40, 60)), [(1.0, 4), (2**0.5, 4), (2.0, 4)]),
    "hexagonal": (flat(40.0, 35 * 3**0.5), lattice((1.0, 3**0.5), [(0.0, 0.25), (0.5, 0.75)], (40, 35)),
                  [(1.0, 6), (3**0.5, 6), (2.0, 6)]),
    "fcc": (flat(12.0, 60.0, 3), lattice((2.0, 2.0, 2.0), [(0, 0, 0.25), (0.5, 0.5, 0.25), (0.5, 0, 0.75), (0, 0.5, 0.75)],
                                         (6, 6, 30)), [(2**0.5, 12), (2.0, 6), (6**0.5, 24)]),
}  # fmt: skip


@pytest.mark.parametrize("name", LATTICES)
def test_pair_correlation_of_lattices(name):
    """Neighbours at the distances of the lattice only, and as many; the film is 30 to 60 cells thick: edges matter by 2 %."""
    frame, centres, shells = LATTICES[name]
    s = structure(frame, centres, 0.3)
    edges = np.linspace(0.0, 2.6, 261) + 0.005
    found = correlation.pair_correlation(Grains.of(s), edges)[0]
    density = len(centres) / frame.measure(0.0, frame.sei_thickness)
    number = found * density * (np.pi * np.diff(edges**2) if frame.dim == 2 else 4 / 3 * np.pi * np.diff(edges**3))
    for distance, neighbours in shells:
        assert number[np.searchsorted(edges, distance) - 1] == pytest.approx(neighbours, rel=0.04)
    at = np.searchsorted(edges, [distance for distance, _ in shells]) - 1
    assert not np.delete(number, at)[: at[-1] - 1].any()


@pytest.mark.parametrize("dim", [2, 3])
def test_two_point_probability_of_one_grain(dim):
    """The covariogram of a disc or sphere; and the slope at 0 that Debye gives."""
    radius, frame = 4.0, flat(24.0, 10.0, dim)
    s = structure(frame, [[7.0] * (dim - 1) + [5.0]], radius)
    found = correlation.two_point(Grains.of(s), 1 << 17)
    x = np.minimum(found["distance"] / (2 * radius), 1.0)
    if dim == 2:
        overlap, surface, slope = 2 * (np.arccos(x) - x * np.sqrt(1 - x**2)) / np.pi, 2 * np.pi * radius, 1 / np.pi
    else:
        overlap, surface, slope = 1 - 1.5 * x + 0.5 * x**3, 4 * np.pi * radius**2, 0.25
    measure = frame.measure(0.0, 10.0)
    far = found["distance"] < 24.0 - 2 * radius
    exact = s.statistics.get("fraction", (np.pi * radius**2 if dim == 2 else 4 / 3 * np.pi * radius**3) / measure) * overlap
    assert np.all(np.abs(found["inorganic"] - exact)[far] <= 4 * found["standard_error"][far] + 1e-12)
    start = (found["inorganic"][0] - found["inorganic"][3]) / found["distance"][3]
    assert start == pytest.approx(slope * surface / measure, rel=0.03)


@pytest.mark.parametrize("frame", FRAMES[2:], ids=lambda f: f"{f.dim}D-{f.section if f.dim == 3 else f.sector}")
def test_slope_of_the_two_point_probability_around_a_particle(frame):
    """s/pi in the plane and s/4 in space, here with a grain away from the mirrors."""
    middle = {None: (0.0, 25.0), 1.0: (25 * np.cos(0.5), 25 * np.sin(0.5))}.get(frame.sector) if frame.dim == 2 else (
        np.full(3, 25 / 3**0.5) if frame.section == "octant" else (0.0, 0.0, 25.0))  # fmt: skip
    s = structure(frame, [middle], 4.5)
    found = correlation.two_point(Grains.of(s), 1 << 15)
    k = 6
    start = (found["inorganic"][0] - found["inorganic"][k]) / found["distance"][k]
    surface, slope = (2 * np.pi * 4.5, 1 / np.pi) if frame.dim == 2 else (4 * np.pi * 4.5**2, 0.25)
    error = 4 * found["standard_error"][k] / found["distance"][k]
    assert start == pytest.approx(slope * surface / frame.measure(0.0, 10.0), abs=error)


def test_points_in_polygons_and_polyhedra():
    """The part of the points that is found inside is the fraction."""
    rng = np.random.default_rng(2)
    centres = lattice((4.0, 4.0), [(0.5, 0.5)], (6, 5))
    turn = rng.uniform(0, 2 * np.pi, (30, 1)) + 2 * np.pi * np.arange(5) / 5
    vertices = centres[:, None] + 1.2 * np.stack([np.cos(turn), np.sin(turn)], axis=2)
    s = structure(flat(24.0, 20.0), centres, 1.7, ConvexShapes(np.arange(31) * 5, vertices.reshape(-1, 2), np.full(30, 0.4)))
    points = windows.spread(s, 0.0, 20.0, 40000, 0)[0]
    found = correlation.Finder(Grains.of(s)).find(points)
    assert (found >= 0).mean() == pytest.approx(structure_statistics(s, 1e9)["sei"]["fraction"], abs=0.003)
    assert len(np.unique(found)) == 31

    from seix.geometry.volume.templates import octasphere

    directions, faces = octasphere(2)
    centres = lattice((4.0, 4.0, 4.0), [(0.5, 0.5, 0.5)], (3, 3, 3))
    turns = np.linalg.qr(rng.normal(size=(27, 3, 3)))[0]
    turns *= np.linalg.det(turns)[:, None, None]
    shapes = StarShapes(directions, faces, turns, rng.uniform(1.2, 1.9, (27, len(directions))))
    s = structure(flat(12.0, 12.0, 3), centres, 1.5, shapes)
    points = windows.spread(s, 0.0, 12.0, 60000, 0)[0]
    found = correlation.Finder(Grains.of(s)).find(points)
    assert (found >= 0).mean() == pytest.approx(structure_statistics(s, 1e9)["sei"]["fraction"], abs=0.004)


def test_polycrystal():
    """A periodic film of skewed quadrangles without gaps: all in contact, no way through the matrix, each edge counted once."""
    rng = np.random.default_rng(4)
    columns, rows, period = 8, 5, 24.0
    node = np.stack(np.meshgrid(np.arange(columns) * 3.0, np.arange(rows + 1) * 2.0, indexing="ij"), -1)
    node[:, 1:-1] += rng.uniform(-0.4, 0.4, (columns, rows - 1, 2))
    node = np.concatenate([node, node[:1] + np.array([period, 0.0])])
    corner = np.stack([node[:-1, :-1], node[1:, :-1], node[1:, 1:], node[:-1, 1:]], axis=2).reshape(-1, 4, 2)
    shapes = ConvexShapes(np.arange(len(corner) + 1) * 4, corner.reshape(-1, 2), np.zeros(len(corner)))
    s = structure(flat(period, 10.0), corner.mean(axis=1), 1.5, shapes, gap=0.0)
    short = structure_statistics(s, 1e9)["sei"]
    assert short["fraction"] == pytest.approx(1.0) and short["gap"]["min"] == 0.0
    edges = np.linalg.norm(np.diff(node, axis=0), axis=2).sum() + np.linalg.norm(np.diff(node, axis=1), axis=2)[:-1].sum()
    assert short["interface_length"] == pytest.approx(edges * 1e-9, rel=1e-9)
    found = full_statistics(s, samples=1 << 12)
    json.dumps(found, allow_nan=False)
    assert found["profile"]["inorganic"] == pytest.approx(np.ones(len(found["profile"]["inorganic"])))
    assert found["two_point"]["inorganic"] == pytest.approx(np.ones(correlation.LAGS), abs=1e-3)
    connected = found["connection"]
    assert connected["matrix"] == {"in_one_piece": False, "throat": 0.0}
    assert connected["sei"]["bridging_distance"] == 0.0 and connected["sei"]["largest_cluster"] == 1.0
    # eight neighbours within the film, five at its two faces
    assert connected["sei"]["contacts_per_grain"] == pytest.approx((8 * (rows - 2) + 5 * 2) / rows)


# connections ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dim", [2, 3])
def test_spanning_tree_of_clustered_grains(dim):
    """Far clusters, which the list of near gaps does not join; against all pairs."""
    rng = np.random.default_rng(7)
    frame = flat(400.0, 300.0, dim)
    hubs = rng.random((12, dim)) * [*[400.0] * (dim - 1), 300.0]
    centres = (hubs[:, None] + rng.normal(size=(12, 25, dim))).reshape(-1, dim)
    centres[:, :-1] %= 400.0
    s = structure(frame, centres, rng.uniform(0.01, 0.2, len(centres)))
    tree = connection.spanning_tree(Grains.of(s), connection.first_list(Grains.of(s), 0.1))
    gaps = brute_gaps(s)
    np.fill_diagonal(gaps, 0.0)
    lowest = gaps.min()  # overlaps have gaps below 0, which the dense form would take for missing
    expected = np.sort(minimum_spanning_tree(np.where(np.eye(len(gaps)), 0.0, gaps - lowest + 1.0)).data + lowest - 1.0)
    assert np.sort(tree[2]) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", LATTICES)
def test_bridging_distance_of_lattices(name):
    """The gap of the lattice bridges the film as soon as it is above the gaps to the walls."""
    frame, centres, shells = LATTICES[name]
    near = shells[0][0]
    wall = centres[:, -1].min()
    for radius in (0.2, 0.48 * near):
        s = structure(frame, centres, radius)
        found = full_statistics(s, samples=1 << 10)["connection"]
        gap, wall_gap = near - 2 * radius, wall - radius
        assert found["sei"]["bridging_distance"] == pytest.approx(max(gap, wall_gap) * 1e-9, rel=1e-9)
        assert found["sei"]["all_distance"] == pytest.approx(gap * 1e-9, rel=1e-9)
        assert found["sei"]["bridges_film"] == (max(gap, wall_gap) <= 0.3)
        assert found["sei"]["largest_cluster"] == (1.0 if gap <= 0.3 else 1 / len(centres))
        if frame.dim == 2:
            assert found["matrix"]["throat"] == pytest.approx(gap * 1e-9, rel=1e-9)


def brute_throat(s):
    """Smallest gap that closes a chain round the period, by joining grains in three neighbouring periods."""
    n = len(s.centres)
    unrolled = np.concatenate([s.centres + np.array([k * s.period, 0.0]) for k in range(3)])
    radii = np.tile(s.radii, 3)
    gaps = np.linalg.norm(unrolled[:, None] - unrolled, axis=2) - radii - radii[:, None]
    parent = np.arange(3 * n)

    def root(i):
        while parent[i] != i:
            i = parent[i]
        return i

    first, second = np.triu_indices(3 * n, 1)
    for k in np.argsort(gaps[first, second]):
        parent[root(first[k])] = root(second[k])
        if any(root(i) == root(i + n) for i in range(n)):
            return gaps[first[k], second[k]]
    return np.inf


def test_throat_of_the_matrix():
    rng = np.random.default_rng(11)
    for _ in range(4):
        s = structure(flat(20.0, 16.0), rng.random((40, 2)) * [20.0, 16.0], rng.uniform(0.1, 0.4, 40))
        grains = Grains.of(s)
        edges = connection.first_list(grains, 0.1)
        tree = connection.spanning_tree(grains, edges)
        assert connection.throat(grains, edges, None, tree) == pytest.approx(brute_throat(s), abs=1e-12)


@pytest.mark.parametrize("sector", [None, np.pi / 3])
def test_throat_around_a_particle(sector):
    """A ring of twelve equal grains, and the sixth part of it between mirrors."""
    frame = ParticleFrame(20.0, 10.0, 5.0, sector)
    angle = (np.arange(12) + 0.5) * np.pi / 6
    angle = angle if sector is None else angle[:2]
    s = structure(frame, 25.0 * np.column_stack([np.cos(angle), np.sin(angle)]), 3.0)
    gap = 2 * 25.0 * np.sin(np.pi / 12) - 6.0
    assert full_statistics(s, samples=1 << 10)["connection"]["matrix"]["throat"] == pytest.approx(gap * 1e-9, rel=1e-9)


def test_clusters_count_grains_by_weight():
    """A pair and a chain of three; the distances at which they join are those of a ruler."""
    s = structure(flat(100.0, 10.0), [[x, 5.0] for x in (10, 13, 40, 43, 46.5)], 1.0)
    found = full_statistics(s, samples=1 << 10)["connection"]["sei"]
    curve = dict(zip(np.round(np.array(found["curve"]["distance"]) * 1e9, 9), found["curve"]["largest_cluster"], strict=True))
    assert curve[1.0] == pytest.approx(0.4) and curve[1.5] == pytest.approx(0.6) and curve[25.0] == 1.0
    assert found["half_distance"] == pytest.approx(1.5e-9) and found["all_distance"] == pytest.approx(25e-9)
    assert found["bridging_distance"] == pytest.approx(4e-9)


# all of it ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("geometry", [patch(), particle(), particle(60, sector=1.0)])
@pytest.mark.parametrize("sei", [bilayer(), multilayer()])
def test_packed_structures(geometry, sei):
    """JSON, the same twice, and consistent with the short statistics."""
    s = build_structure(scenario(geometry, sei))
    found = json.loads(json.dumps(full_statistics(s, samples=1 << 12), allow_nan=False))
    assert found == json.loads(json.dumps(full_statistics(s, samples=1 << 12)))
    short = s.statistics
    assert found["gap"]["sei"]["found"]["min"] == pytest.approx(short["sei"]["gap"]["min"], rel=1e-12)
    assert found["diameter"]["sei"]["found"]["mean"] == pytest.approx(short["sei"]["diameter"]["mean"], rel=1e-12)
    assert found["diameter"]["sei"]["ks"] < found["diameter"]["sei"]["ks_5_percent"]
    edges = np.array(found["profile"]["edges"]) * 1e9
    measure = np.array([s.frame.measure(a, b) for a, b in itertools.pairwise(edges)])
    assert np.array(found["profile"]["inorganic"]) @ measure / measure.sum() == pytest.approx(short["sei"]["fraction"], rel=1e-9)
    for name, values in found["two_point"]["phases"].items():
        assert values[0] == pytest.approx(short["phases"][name]["fraction"], rel=1e-9)


def test_short_statistics_in_space():
    s = structure(flat(20.0, 10.0, 3), [[5.0, 5.0, 4.0], [9.0, 5.0, 4.0]], 1.5)
    found = structure_statistics(s, 1e9)
    assert found["core_sei_area"] == pytest.approx(400e-18)
    assert found["sei"]["fraction"] == pytest.approx(2 * 4 / 3 * np.pi * 1.5**3 / 4000)
    assert found["sei"]["interface_area"] == pytest.approx(2 * 4 * np.pi * 1.5**2 * 1e-18)
    assert found["sei"]["interface_per_volume"] == pytest.approx(2 * 4 * np.pi * 1.5**2 / 4000 * 1e9)
    assert found["sei"]["gap"]["min"] == pytest.approx(1e-9)


def test_no_grains_and_one_grain():
    empty = structure(flat(20.0, 10.0), np.empty((0, 2)), 1.0)
    assert full_statistics(empty) == {"dimension": 2, "grains": 0.0}
    one = full_statistics(structure(flat(20.0, 10.0), [[3.0, 5.0]], 2.0), samples=1 << 10)
    assert one["connection"]["matrix"]["throat"] == pytest.approx(16e-9)
    assert one["connection"]["sei"]["bridging_distance"] == pytest.approx(3e-9)
    json.dumps(one, allow_nan=False)


def test_figure(tmp_path):
    from seix.analysis.statfigure import write_statistics_figure

    one = structure(flat(20.0, 10.0), [[3.0, 5.0]], 2.0)
    for number, s in enumerate((build_structure(scenario(patch(), multilayer())), one)):
        write_statistics_figure(tmp_path / f"{number}.png", full_statistics(s, samples=1 << 10), "Film", 60)
        assert (tmp_path / f"{number}.png").stat().st_size > 10000


def test_command(tmp_path, monkeypatch):
    """`seix mesh --stats` adds the picture, and the numbers to the record."""
    from seix.cli import main

    monkeypatch.chdir(tmp_path)
    lines = ["title: test", "geometry: {kind: patch, period: 30 nm, core_depth: 5 nm, electrolyte_depth: 5 nm}",
             "sei: {structure: multilayer, thickness: 12 nm, layers: 2, inorganic: {LiF: 0.2},",
             "      grains: {diameter: 4 nm, gap: 0.5 nm}}"]  # fmt: skip
    (tmp_path / "film.yaml").write_text("\n".join(lines))
    assert main(["mesh", "film.yaml", "-o", "plain"]) == 0
    assert main(["mesh", "film.yaml", "-o", "out", "--stats"]) == 0
    plain, full = (json.loads((tmp_path / folder / "record.json").read_text()) for folder in ("plain", "out"))
    found, short = (next(iter(record["structures"].values())) for record in (full, plain))
    assert found.pop("microstructure")["grains"] == found["structure"]["sei"]["grains"]
    assert found == short
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"mesh.msh", "mesh.png", "phases.png", "statistics.png", "record.json"}
