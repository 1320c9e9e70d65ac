"""The own plane mesher: exact predicates, constrained Delaunay triangles, angles, sizes, sides, errors, structures."""

import hashlib
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.spatial import Voronoi

from geometry_cases import NM, bilayer, grains, multilayer, one_layer, particle, patch, scenario
from seix.errors import GeometryError
from seix.geometry import quality
from seix.geometry.layers import LayerShape, Structure, build_structure
from seix.geometry.patch import PatchFrame
from seix.geometry.shapes import ConvexShapes
from seix.geometry.triangulate import PlanarGraph, mesh2d, refine, second_order
from seix.geometry.triangulate.predicates import GRID, in_circle, orient

ANGLE = 25.0


def ring(points):
    """Segments around a closed polygon."""
    index = np.arange(len(points))
    return np.column_stack([index, np.roll(index, -1)])


def square(extra=(), segments=(), size=np.inf, largest=0.25, **more):
    """The unit square with more points and segments inside."""
    points = np.array([(0, 0), (1, 0), (1, 1), (0, 1), *extra], float)
    edges = np.vstack([ring(points[:4]), np.array(segments, int).reshape(-1, 2)])
    sizes = np.broadcast_to(size, len(points))
    return PlanarGraph(points, edges, sizes, np.array([[0, 1]]), np.array([0]), np.array([largest]), **more)


def disc(corners=8, largest=0.2):
    """A unit disc as a polygon on its circle; no trigonometry, so that it is the same everywhere."""
    x = np.array([1.0, np.sqrt(0.5), 0.0, -np.sqrt(0.5), -1.0, -np.sqrt(0.5), 0.0, np.sqrt(0.5)])
    points = np.column_stack([x, np.roll(x, 2)])[:: 8 // corners]
    return PlanarGraph(
        points, ring(points), np.full(corners, np.inf), np.array([[0, 1]]), np.array([3]), np.array([largest]),
        np.zeros(corners, int), np.array([[0.0, 0.0, 1.0]]),
    )  # fmt: skip


def smallest_angles(mesh):
    return quality.angles(mesh.points, mesh.triangles).min(axis=1)


def total_area(mesh):
    return quality.straight_areas(mesh.points, mesh.triangles).sum()


def lengths(mesh):
    return np.linalg.norm(mesh.points[mesh.edges[:, 0]] - mesh.points[mesh.edges[:, 1]], axis=1)


def check_topology(mesh):
    """Numbers of a plane mesh: every edge in one or two triangles, ends as the triangles say, positive areas."""
    assert (quality.straight_areas(mesh.points, mesh.triangles) > 0).all()
    uses = np.bincount(mesh.triangle_edges.ravel(), minlength=len(mesh.edges))
    assert set(np.unique(uses)) <= {1, 2}
    for k, (a, b) in enumerate(quality.EDGES):
        ends = np.sort(mesh.triangles[:, [a, b]], axis=1)
        assert (np.sort(mesh.edges[mesh.triangle_edges[:, k]], axis=1) == ends).all()
    assert np.unique(mesh.triangles).tolist() == list(range(len(mesh.points)))
    return uses


def test_orientation_is_exact():
    """Against whole numbers of any length, for points that are nearly on a line."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        a, d = rng.integers(0, GRID // 4, 2), rng.integers(1, GRID // 4, 2)
        k = rng.integers(1, 4)
        xy = np.array([a, a + d], np.int64)
        p = a + k * d + rng.integers(-1, 2, 2)
        exact = int(d[0]) * (int(p[1]) - int(a[1])) - int(d[1]) * (int(p[0]) - int(a[0]))
        assert orient(xy, 0, 1, p[0], p[1]) == exact


def test_points_on_a_circle_are_not_inside():
    """Pythagorean points are exactly on one circle; one step inwards is inside."""
    x = 65 * np.array([[-1, 0], [0, -1], [1, 0], [0, 1]]) + (1 << 20)
    for p in ((16, 63), (33, 56), (25, 60), (39, 52)):
        q = np.array(p) + (1 << 20)
        assert not in_circle(x, 0, 1, 2, q[0], q[1])
        assert in_circle(x, 0, 1, 2, q[0] - 1, q[1])


@pytest.mark.parametrize("seed", range(5))
def test_random_graph(seed):
    """Free points and a polygon of many corners, somewhere in a square."""
    rng = np.random.default_rng(seed)
    angle = np.sort(rng.uniform(0, 2 * np.pi, 30))
    polygon = 0.5 + (0.25 + 0.1 * rng.random(30))[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    free = rng.random((40, 2))
    graph = square([*polygon, *free], ring(polygon) + 4, largest=0.1)
    graph.seeds, graph.seed_region, graph.seed_size = np.array([[0, 1], [4, 1]]), np.array([5, 7]), np.array([0.1, 0.05])
    mesh = refine(graph, ANGLE)
    uses = check_topology(mesh)
    assert total_area(mesh) == pytest.approx(1.0, rel=1e-13)
    assert len(mesh.points) - len(mesh.edges) + len(mesh.triangles) == 1  # Euler, one component without holes
    # the polygon keeps its area and length, and is where the regions meet
    x = polygon
    area = 0.5 * abs((x[:, 0] * np.roll(x[:, 1], -1) - x[:, 1] * np.roll(x[:, 0], -1)).sum())
    inside = quality.straight_areas(mesh.points, mesh.triangles)[mesh.region == 7].sum()
    assert inside == pytest.approx(area, abs=1e-8)
    segment = np.bincount(mesh.edge_segment[mesh.edge_segment >= 0], lengths(mesh)[mesh.edge_segment >= 0], len(graph.segments))
    whole = np.linalg.norm(np.diff(graph.points[graph.segments], axis=1)[:, 0], axis=1)
    assert segment == pytest.approx(whole, rel=1e-6)
    assert ((mesh.edge_segment >= 0) & (mesh.edge_segment < 4) == (uses == 1)).all()
    # all given points are vertices, in their order
    assert (mesh.points[: len(graph.points)] == graph.points).all()


def test_triangles_are_constrained_delaunay():
    """No vertex of a neighbour lies inside the circle around a triangle, unless a segment separates them."""
    mesh = refine(square([(0.3, 0.4), (0.7, 0.45)], [(4, 5)], largest=0.08), ANGLE)
    owner = [[] for _ in mesh.edges]
    for t, edges in enumerate(mesh.triangle_edges):
        for k, e in enumerate(edges):
            owner[e].append((t, k))
    for e, sides in enumerate(owner):
        if len(sides) == 2 and mesh.edge_segment[e] < 0:
            (t, _), (u, k) = sides
            a, b, c = mesh.points[mesh.triangles[t]] - mesh.points[mesh.triangles[u, k]]
            rows = np.array([[*p, p @ p] for p in (a, b, c)])
            assert np.linalg.det(rows) < 1e-12


def test_angles_hold_everywhere_without_sharp_input():
    mesh = refine(disc(8, 0.1), ANGLE)
    assert smallest_angles(mesh).min() >= ANGLE - 1e-6


@pytest.mark.parametrize("degrees", [1.0, 5.0, 20.0, 40.0])
def test_small_input_angles_end(degrees):
    """Two segments at a small angle: it ends with few cells, and thin ones only at the corner."""
    corner, slope = np.array([0.2, 0.3]), np.radians(degrees)
    ends = corner + 0.5 * np.array([[1.0, 0.0], [np.cos(slope), np.sin(slope)]])
    mesh = refine(square([corner, *ends], [(4, 5), (4, 6)]), ANGLE)
    check_topology(mesh)
    assert len(mesh.triangles) < 4000
    angle, middle = smallest_angles(mesh), mesh.points[mesh.triangles].mean(axis=1)
    off = middle - corner
    within = (off[:, 1] > 0) & (off[:, 1] < np.tan(slope) * off[:, 0]) & (off[:, 0] < 0.5)
    assert angle[~within].min() > 20.0
    assert angle.min() > 0.5 * degrees


def test_edges_have_the_wanted_length():
    mesh = refine(square(largest=0.02), ANGLE)
    assert lengths(mesh).mean() == pytest.approx(0.02, rel=0.1)
    assert lengths(mesh).max() < 0.02 * 2.0


def test_sizes_grow_steadily():
    """Away from fine points edges are h + slope x distance long, within the scatter of unstructured cells."""
    slope, fine = 0.3, 0.004
    graph = square([(0.5, 0.5)], size=np.array([np.inf] * 4 + [fine]), largest=1.0)
    mesh = refine(graph, ANGLE, slope)
    middle = mesh.points[mesh.edges].mean(axis=1)
    ratio = lengths(mesh) / (fine + slope * np.hypot(*(middle - 0.5).T))
    inner = np.hypot(*(middle - 0.5).T) < 0.4
    assert 0.7 < np.median(ratio[inner]) < 1.2
    assert np.quantile(ratio[inner], 0.99) < 2.0


def test_cells_grow_with_the_inverse_square_of_the_size():
    numbers = [len(refine(square(largest=h), ANGLE).triangles) for h in (0.04, 0.02, 0.01)]
    orders = np.log2(numbers[1:]) - np.log2(numbers[:-1])
    assert orders == pytest.approx(2.0, abs=0.1)


def test_points_on_arcs_lie_on_the_circle():
    mesh = refine(disc(4, 0.05), ANGLE)
    points, cells = second_order(mesh, np.array([[0.0, 0.0, 1.0]]))
    curved = np.flatnonzero(mesh.edge_circle >= 0)
    for x in (points[mesh.edges[curved, 0]], points[len(mesh.points) + curved]):
        assert np.abs(np.hypot(*x.T) - 1.0).max() < 4e-16
    assert (mesh.region == 3).all()
    # parabolas through three points of arcs of angle d miss d^4/480 of the disc
    chord = lengths(mesh)[curved].max()
    assert abs(quality.areas(points, cells).sum() / np.pi - 1.0) < 1.1 * chord**4 / 480


def test_the_result_is_the_same_everywhere():
    """No input of this mesh comes from a function whose last bit depends on the machine."""
    mesh = refine(disc(8, 0.05), ANGLE)
    digest = hashlib.sha256(mesh.points.tobytes() + mesh.triangles.tobytes()).hexdigest()[:16]
    again = refine(disc(8, 0.05), ANGLE)
    assert (again.points == mesh.points).all() and (again.triangles == mesh.triangles).all()
    # of x86-64 with numba 0.68; changes only if the algorithm does
    assert digest == "ce432095b5978d74"


def test_partners_are_split_alike():
    """A fine point near one side is felt on the other."""
    graph = square([(0.05, 0.3)], size=np.array([np.inf] * 4 + [0.01]), largest=0.5)
    graph.segments[3] = (0, 3)  # same direction as 1 to 2
    graph.partners = np.array([[3, 1]])
    mesh = refine(graph, ANGLE)
    left, right = (np.sort(mesh.points[mesh.points[:, 0] == x, 1]) for x in (0.0, 1.0))
    assert len(left) > 10 and (left == right).all()


def test_fixed_segments_stay_whole():
    graph = square(largest=0.1, fixed=np.array([True, False, False, False]))
    mesh = refine(graph, ANGLE)
    assert (mesh.edge_segment == 0).sum() == 1
    assert (mesh.edge_segment == 1).sum() > 5
    check_topology(mesh)


def test_long_segment_through_many_points_is_recovered():
    """Points close to both sides of it, so that no Delaunay triangulation of them contains it."""
    x = np.linspace(0.15, 0.85, 40)
    above, below = (np.column_stack([x + s, 0.5 + d + 0 * x]) for s, d in ((0.0, 0.004), (0.007, -0.003)))
    graph = square([(0.1, 0.5), (0.9, 0.5), *above, *below], [(4, 5)], fixed=np.array([False] * 4 + [True]))
    mesh = refine(graph, ANGLE)
    check_topology(mesh)
    assert (mesh.edge_segment == 4).sum() == 1


@pytest.mark.parametrize(
    "extra, segments, message",
    [
        ([(0.5, 0.5), (0.5, 0.5)], [], "coincide at x = 0.5"),
        ([(0.2, 0.5), (0.8, 0.5), (0.5, 0.2), (0.5, 0.8)], [(4, 5), (6, 7)], "crosses"),
        ([(0.2, 0.5), (0.8, 0.5), (0.5, 0.5)], [(4, 5)], "a point lies on"),
    ],
)
def test_impossible_graphs(extra, segments, message):
    with pytest.raises(GeometryError, match=message):
        refine(square(extra, segments))


def test_open_region_and_two_regions_in_one():
    points = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], float)
    three = PlanarGraph(points, ring(points)[:3], np.full(4, np.inf), np.array([[0, 1]]), np.array([0]), np.array([1.0]))
    with pytest.raises(GeometryError, match="not enclosed"):
        refine(three)
    graph = square()
    graph.seeds, graph.seed_region, graph.seed_size = np.array([[0, 1], [2, 1]]), np.array([0, 1]), np.array([1.0, 1.0])
    with pytest.raises(GeometryError, match="joined to another"):
        refine(graph)


def test_too_many_cells():
    with pytest.raises(GeometryError, match="more than 1000 cells"):
        refine(square(largest=0.01), limit=1000)


STRUCTURES = {
    "patch": scenario(patch(), bilayer(), cells_per_diameter=3),
    "thin gaps": scenario(patch(30, 10, 5), one_layer(0.5, 14, diameter=3, gap=0.1), cells_per_diameter=3),
    "particle": scenario(particle(25), multilayer(16, 2, diameter=4), cells_per_diameter=3),
    "sector": scenario(particle(60, sector=1.3), multilayer(18, 2, diameter=4), seed=3, cells_per_diameter=3),
    "10 degrees": scenario(particle(120, sector=np.radians(10)), multilayer(18, 2, diameter=4), cells_per_diameter=3),
    "half circle": scenario(particle(30, sector=np.pi), multilayer(18, 2, diameter=4), cells_per_diameter=3),
}


@pytest.mark.parametrize("name", STRUCTURES)
def test_structure(name):
    """Areas, angles, numbers and sides of real structures."""
    chosen = STRUCTURES[name]
    structure = build_structure(chosen)
    mesh = mesh2d(structure, chosen.mesh)
    points, cells = mesh["points"], mesh["cells"]
    area = quality.areas(points, cells)
    straight = structure.kind == "patch"
    assert area.sum() == pytest.approx(structure.frame.domain_measure(), rel=1e-11 if straight else 1e-5)
    found = np.bincount(mesh["grain"][mesh["grain"] >= 0], area[mesh["grain"] >= 0], len(structure.radii))
    # at least eight arcs on a circle: each parabola misses d^4/480 of its part
    assert found == pytest.approx(structure.weights * np.pi * structure.radii**2, rel=(np.pi / 4) ** 4 / 480)
    for k, layer in enumerate(structure.layers):
        assert area[mesh["layer"] == k].sum() == pytest.approx(structure.frame.measure(layer.inner, layer.outer), rel=1e-5)
    angle = quality.angles(points, cells).min(axis=1)
    if name == "10 degrees":  # the tip is one cell
        assert angle.argmin() == np.hypot(*points[cells[:, :3]].mean(axis=1).T).argmin()
        angle = np.delete(angle, angle.argmin())
    assert angle.min() > ANGLE - 1e-6
    assert quality.scaled_jacobians(points, cells).min() > quality.SMALLEST_JACOBIAN
    if straight:
        left, right = (np.sort(points[points[:, 0] == x, 1]) for x in (0.0, structure.period))
        assert len(left) > 10 and (left == right).all()


def test_coarsening_keeps_the_structure():
    chosen = STRUCTURES["patch"]
    structure = build_structure(chosen)
    numbers = [len(mesh2d(structure, chosen.mesh, c)["cells"]) for c in (0.5, 1.0, 2.0)]
    assert numbers[0] > 1.8 * numbers[1] > 2.5 * numbers[2]


def cells_of(shapes, period=40.0, side=None):
    """A patch of one layer of 20 nm with grains of given shapes."""
    count = len(shapes.rounding)
    middle = np.add.reduceat(shapes.vertices, shapes.start[:-1]) / np.diff(shapes.start)[:, None]
    side = np.full(count, -1, np.int32) if side is None else np.array(side, np.int32)
    middle[side == 0, 0] = 0.0
    layer = LayerShape(0.0, 20.0, "organic", {"LiF": 0.3}, 5.0, 0.1, 0.5, (0.5, 0.5))
    zeros = np.zeros(count, np.int32)
    return Structure(PatchFrame(period, 10.0, 20.0, 5.0), [layer], ["LiF"], middle, np.sqrt(shapes.areas() / np.pi), zeros, zeros,
                     side, 0, shapes)  # fmt: skip


def polygon(middle, radius, corners, turn=0.0):
    angle = turn + 2 * np.pi * np.arange(corners) / corners
    return np.array(middle) + radius * np.column_stack([np.cos(angle), np.sin(angle)])


@pytest.mark.parametrize("rounding", [0.0, 0.4, 2.0])
def test_rounded_polygons(rounding):
    """A triangle, a hexagon cut by the periodic side, a square and a disc keep their areas."""
    flat = polygon((20, 10), 2.5, 4, 0.5)
    flat = np.insert(flat, 1, flat[:2].mean(axis=0), axis=0)  # a vertex within an edge
    parts = [polygon((10, 8), 3.0, 3), polygon((0, 11), 3.0, 6, 0.2), flat, np.array([[30.0, 9.0]])]
    start = np.cumsum([0, *(len(p) for p in parts)])
    shapes = ConvexShapes(start, np.concatenate(parts), np.array([rounding, rounding, rounding, 3.0]))
    structure = cells_of(shapes, side=[-1, 0, -1, -1])
    mesh = mesh2d(structure, STRUCTURES["patch"].mesh)
    area = quality.areas(mesh["points"], mesh["cells"])
    found = np.bincount(mesh["grain"][mesh["grain"] >= 0], area[mesh["grain"] >= 0], 4)
    assert found == pytest.approx(shapes.areas(), rel=(np.pi / 4) ** 4 / 480)
    assert area.sum() == pytest.approx(40.0 * 35.0, rel=1e-12)
    assert quality.angles(mesh["points"], mesh["cells"]).min() > ANGLE - 1e-6
    middle = mesh["points"][mesh["cells"][:, :3]].mean(axis=1)[mesh["grain"] == 1]
    assert (middle[:, 0] < 5.5).any() and (middle[:, 0] > 34.5).any() and not ((middle[:, 0] > 6) & (middle[:, 0] < 34)).any()


def test_cellular_layer():
    layer = {"thickness": 15 * NM, "phases": {"LiF": 0.6}, "grains": {**grains(5, 0.4), "shape": "cellular", "rounding": 0.3}}
    chosen = scenario(patch(40, 15, 6), {"structure": "layers", "thickness": 15 * NM, "layers": [layer]}, cells_per_diameter=3)
    structure = build_structure(chosen)
    mesh = mesh2d(structure, chosen.mesh)
    area = quality.areas(mesh["points"], mesh["cells"])
    assert area[mesh["grain"] >= 0].sum() == pytest.approx(0.6 * 40 * 15, rel=1e-4)
    assert quality.angles(mesh["points"], mesh["cells"]).min() > ANGLE - 1e-6


def voronoi_layer(seed, period, low, high, count):
    """A periodic polycrystal between flat walls, and the side of each grain, from mirrored points."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([(np.arange(count) + 0.2 * rng.random(count)) / count * period + 1.3, rng.uniform(low, high, count)])
    rows = [x * [1, 1] + [s, 0] for s in (-period, 0.0, period)]
    points = np.vstack([x, rows[0], rows[2], *(r * [1, -1] + [0, 2 * w] for r in rows for w in (low, high))])
    diagram = Voronoi(points)
    shapes, side = [], []
    for k in range(count):
        v = diagram.vertices[diagram.regions[diagram.point_region[k]]]
        v = v[np.argsort(np.arctan2(*(v - points[k]).T[::-1]))]
        v = v - [period, 0.0] if v[:, 0].max() > period else v
        shapes.append(v)
        side.append(0 if v[:, 0].min() < 0 else -1)
    return shapes, side


@pytest.mark.parametrize("seed", range(3))
def test_polycrystal(seed):
    """Two polycrystalline layers on each other: shared boundaries and walls, cut cells, no matrix at all."""
    period, walls = 30.0, (0.0, 8.0, 14.0)
    parts = [voronoi_layer(seed + 10 * k, period, low, high, 14) for k, (low, high) in enumerate(pairwise(walls))]
    polygons, side = [p for part in parts for p in part[0]], np.array([s for part in parts for s in part[1]], np.int32)
    start = np.cumsum([0, *(len(p) for p in polygons)])
    shapes = ConvexShapes(start, np.concatenate(polygons), np.zeros(len(polygons)))
    middle = np.array([p.mean(axis=0) for p in polygons])
    middle[side == 0, 0] = 0.0
    layers = [LayerShape(a, b, "organic", {"LiF": 1.0}, 5.0, 0.1, shape="polycrystal") for a, b in pairwise(walls)]
    layer, zeros = np.repeat([0, 1], 14).astype(np.int32), np.zeros(28, np.int32)
    structure = Structure(PatchFrame(period, 10.0, walls[-1], 5.0), layers, ["LiF"], middle, np.sqrt(shapes.areas() / np.pi),
                          zeros, layer, side, 0, shapes)  # fmt: skip
    mesh = mesh2d(structure, STRUCTURES["patch"].mesh)
    points, cells = mesh["points"], mesh["cells"]
    area = quality.areas(points, cells)
    found = np.bincount(mesh["grain"][mesh["grain"] >= 0], area[mesh["grain"] >= 0], 28)
    assert found == pytest.approx(shapes.areas(), rel=1e-6)
    assert found.sum() == pytest.approx(period * walls[-1], rel=1e-12)
    assert area.sum() == pytest.approx(structure.frame.domain_measure(), rel=1e-12)
    assert ((mesh["layer"] >= 0) == (mesh["grain"] >= 0)).all()
    left, right = (np.sort(points[points[:, 0] == x, 1]) for x in (0.0, period))
    assert len(left) > 10 and (left == right).all()


def test_grains_that_leave_holes_are_no_polycrystal():
    structure = cells_of(ConvexShapes(np.array([0, 4]), polygon((20, 10), 4.0, 4), np.zeros(1)))
    structure.layers[0] = replace(structure.layers[0], shape="polycrystal")
    with pytest.raises(GeometryError, match="do not share the boundary"):
        mesh2d(structure, STRUCTURES["patch"].mesh)


def rows_of_discs(layers, per_layer):
    """Grains in rows, shifted at random: a structure of any number of grains without packing."""
    rng = np.random.default_rng(1)
    pitch, diameter = 3.9, 3.0
    x = (np.arange(per_layer) + 0.5 + 0.14 * (rng.random((layers, per_layer)) - 0.5)) * pitch
    y = (np.arange(layers)[:, None] + 0.5 + 0.06 * (rng.random((layers, per_layer)) - 0.5)) * pitch
    walls = np.arange(layers + 1) * pitch
    shapes = [LayerShape(a, b, "organic", {"LiF": 0.4}, diameter, 0.1, 0.3, (0.3, 0.3)) for a, b in pairwise(walls.tolist())]
    count = layers * per_layer
    radii = 0.5 * diameter * (1.0 - 0.15 * rng.random(count))
    layer, zeros = np.repeat(np.arange(layers), per_layer).astype(np.int32), np.zeros(count, np.int32)
    frame = PatchFrame(per_layer * pitch, per_layer * pitch / 3, layers * pitch, per_layer * pitch / 10)
    return Structure(frame, shapes, ["LiF"], np.column_stack([x.ravel(), y.ravel()]), radii, zeros, layer, zeros - 1, 0)


@pytest.mark.slow
def test_a_hundred_thousand_grains():
    """Half a minute at most, and no bad cell among four millions."""
    controls = scenario(patch(), bilayer(), cells_per_diameter=2.5, cells_per_gap=0.35, cells_per_layer=4, growth=1.6,
                        maximum_cells=20_000_000).mesh  # fmt: skip
    mesh = mesh2d(rows_of_discs(100, 1000), controls)
    assert 30 < len(mesh["cells"]) / 1e5 < 80
    assert len(np.unique(mesh["grain"])) == 100_001
    assert quality.angles(mesh["points"], mesh["cells"]).min() > ANGLE - 1e-6
