"""Meshes in space: templates, cells inside grains, walls, curved cells, frames, flat cells."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from seix.errors import GeometryError
from seix.geometry.layers import LayerShape, Structure
from seix.geometry.packing import pack_layer
from seix.geometry.patch import FREE
from seix.geometry.shapes import StarShapes
from seix.geometry.solid import SolidParticleFrame, SolidPatchFrame
from seix.geometry.volume import balls, walls
from seix.geometry.volume.bodies import plane_axes
from seix.geometry.volume.improve import improve
from seix.geometry.volume.mesh3d import mesh3d
from seix.geometry.volume.quality3d import EDGES, dihedral_angles, measure
from seix.geometry.volume.sizes import SolidSizes
from seix.geometry.volume.templates import icosphere, octasphere
from seix.geometry.volume.walls import flat_sheet, refined, sphere_sheet
from seix.input.sections import MeshControl

COARSE = MeshControl(cells_per_diameter=3.0, cells_per_gap=0.8)
FRAMES = {
    "patch": SolidPatchFrame(9.0, 6.0, 8.0, 5.0),
    "full": SolidParticleFrame(6.0, 5.0, 4.0, "full"),
    "octant": SolidParticleFrame(12.0, 5.0, 4.0, "octant"),
    "cone": SolidParticleFrame(25.0, 5.0, 4.0, "cone", math.radians(18.0)),
}


def packed(frame, parts=(0.0, 1.0), fraction=0.22, gap=0.5, diameter=2.6, seed=4):
    """A structure with grains of one material in every layer; walls at `parts` of the thickness."""
    layers, columns = [], []
    heights = [frame.sei_thickness * part for part in parts]
    for k, (low, high) in enumerate(pairwise(heights)):
        layers.append(LayerShape(low, high, f"matrix{k}", {"LiF": fraction}, diameter, 0.15, gap, (gap, gap)))
        grains = pack_layer(layers[-1], frame.band(low, high, (gap, gap), gap), seed, k, len(parts) - 1)
        columns.append((grains.centres, grains.radii, grains.phase, np.full(len(grains.radii), k), grains.side))
    centres, radii, phase, layer, side = (np.concatenate(column) for column in zip(*columns, strict=True))
    whole = (column.astype(np.int32) for column in (phase, layer, side))
    return Structure(frame, layers, ["LiF"], centres, radii, *whole, seed)


def polyhedron(points, faces):
    return np.linalg.det(points[faces]).sum() / 6.0


def grain_volumes(mesh, count):
    inside = mesh["grain"] >= 0
    return np.bincount(mesh["grain"][inside], measure(mesh["points"], mesh["cells"])[0][inside], count)


@pytest.fixture(scope="module", params=FRAMES)
def meshed(request):
    structure = packed(FRAMES[request.param])
    return structure, mesh3d(structure, COARSE)


@pytest.mark.parametrize(("template", "faces"), [(octasphere, 8), (icosphere, 20)])
@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_template_is_a_closed_unit_sphere(template, faces, n):
    directions, triangles = template(n)
    assert len(triangles) == faces * n * n
    assert len(directions) - len(triangles) // 2 == 2  # Euler
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1.0, atol=1e-15)
    edges = {tuple(edge) for k in range(3) for edge in triangles[:, [k, (k + 1) % 3]].tolist()}
    assert len(edges) == 3 * len(triangles)  # each directed edge once: consistently oriented
    a, b, c = np.moveaxis(directions[triangles], 1, 0)
    assert (np.einsum("fi,fi->f", a, np.cross(b, c)) > 0.0).all()


def test_octasphere_is_its_own_mirror_image():
    directions, triangles = octasphere(5)
    for axis in range(3):
        sides = np.sign(directions[triangles][:, :, axis])
        assert not ((sides.min(axis=1) < 0) & (sides.max(axis=1) > 0)).any()
        mirrored = directions.copy()
        mirrored[:, axis] *= -1.0
        assert {tuple(d + 0.0) for d in mirrored} == {tuple(d) for d in directions}


@pytest.mark.parametrize("template", [octasphere, icosphere])
def test_polyhedron_tends_to_the_sphere_with_the_square_of_the_edge(template):
    lack = [4.0 * np.pi / 3.0 - polyhedron(*template(n)) for n in (8, 16)]
    assert lack[0] / lack[1] == pytest.approx(4.0, rel=0.05)


@pytest.mark.parametrize("kind", ["icosphere", "octasphere"])
@pytest.mark.parametrize("n", [2, 3, 4, 6, 8])
def test_cells_inside_a_template_fill_it_and_have_one_face_on_its_surface(kind, n):
    ball = balls.ball(kind, n)
    count = len(ball.directions)
    points = np.concatenate([ball.directions, ball.scale[:, None] * ball.directions[ball.corner]])
    corners = points[ball.cells]
    volume = np.linalg.det(corners[:, 1:] - corners[:, :1]) / 6.0
    assert volume.min() > 0.0
    assert volume.sum() == pytest.approx(polyhedron(ball.directions, ball.faces), rel=1e-12)
    # two faces on a sphere would share a tangent plane
    surface = {frozenset(face) for face in ball.faces.tolist()}
    outer = [sum(frozenset(c[:k] + c[k + 1 :]) in surface for k in range(4)) for c in ball.cells.tolist()]
    assert max(outer) == 1 and sum(outer) == len(ball.faces) and ball.cells.max() == count + len(ball.scale) - 1
    assert dihedral_angles(points, ball.cells)[0].min() > 30.0


def test_a_finer_template_is_chosen_for_shorter_edges():
    edges = np.array([1.0, 0.6, 0.45, 0.4, 0.3, 0.2, 0.01])
    for templates in (balls.WHOLE, balls.HALVED):
        chosen = balls.choose(templates, edges)
        assert (np.diff(chosen) >= 0).all()
        made = np.array([balls.EDGE[kind] / n for kind, n in templates])[chosen]
        assert (made[:-1] <= balls.NEAR_ENOUGH * edges[:-1]).all()
    np.testing.assert_allclose([np.mean(_edge_lengths(*octasphere(8))), np.mean(_edge_lengths(*icosphere(8)))],
                               [balls.EDGE["octasphere"] / 8, balls.EDGE["icosphere"] / 8], rtol=0.03)  # fmt: skip


def _edge_lengths(directions, faces):
    return np.linalg.norm(directions[faces] - directions[np.roll(faces, 1, axis=1)], axis=2)


def _areas(sheet):
    a, b, c = np.moveaxis(sheet.points[sheet.faces], 1, 0)
    return 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1)


def test_refined_flat_wall_keeps_its_area_and_its_period():
    wall = flat_sheet(10.0, 2.0, 2.5)
    target = np.array([0.0, 4.0, 2.0])  # on the side: both images must be refined

    def size(points):
        away = points - target
        away[:, :2] -= 10.0 * np.rint(away[:, :2] / 10.0)
        return 0.2 + 0.4 * np.linalg.norm(away, axis=1)

    fine = refined(wall, size)
    assert _areas(fine).sum() == pytest.approx(100.0, rel=1e-13) and len(fine.faces) > 4 * len(wall.faces)
    longest = _edge_lengths(fine.points, fine.faces).max(axis=1)
    assert (longest <= 1.3 * size(fine.points[fine.faces].mean(axis=1)) + 1e-12).all()
    left, right = (np.sort(fine.points[fine.points[:, 0] == x, 1]) for x in (0.0, 10.0))
    np.testing.assert_array_equal(left, right)
    edges = np.sort(np.concatenate([fine.faces[:, [0, 1]], fine.faces[:, [1, 2]], fine.faces[:, [2, 0]]]), axis=1)
    assert (np.unique(edges, axis=0, return_counts=True)[1] <= 2).all()  # no hanging node


def test_wall_of_too_many_triangles_is_refused(monkeypatch):
    monkeypatch.setattr(walls, "LARGEST", 1000)
    with pytest.raises(GeometryError, match="more than 1000 triangles"):
        refined(flat_sheet(1.0, 0.0, 1.0), lambda points: np.full(len(points), 0.01))


@pytest.mark.parametrize(("section", "part"), [("full", 1.0), ("octant", 0.125), ("cone", None)])
def test_curved_wall_lies_on_its_sphere(section, part):
    angle = math.radians(25.0) if section == "cone" else None
    part = SolidParticleFrame(5.0, 1.0, 1.0, section, angle).solid_angle / (4.0 * np.pi) if part is None else part
    wall = refined(sphere_sheet(5.0, section, angle, 0.5), lambda p: np.full(len(p), 0.3), 5.0)
    np.testing.assert_allclose(np.linalg.norm(wall.points, axis=1), 5.0, rtol=1e-14)
    # chords of length h lie h^2/8R inside, which takes about h^2/4R^2 off the area
    assert _areas(wall).sum() == pytest.approx(part * 100.0 * np.pi, rel=0.3**2 / (4.0 * 5.0**2))


def test_quadrature_is_exact_for_an_affine_and_a_quadratic_map():
    vertices = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    nodes = np.concatenate([vertices, [0.5 * (vertices[a] + vertices[b]) for a, b in EDGES]])
    cell = np.arange(10)[None]
    matrix = np.array([[2.0, 0.3, 0.1], [0.0, 1.5, -0.4], [0.2, 0.0, 1.1]])
    volume, bound = measure(nodes @ matrix.T, cell)
    assert volume[0] == pytest.approx(np.linalg.det(matrix) / 6.0, rel=1e-14) and bound[0] == pytest.approx(1.0, rel=1e-14)
    # (x, y, z + a x^2) keeps volumes; (x + a x^2, y, z) has the determinant 1 + 2 a x, with mean x = 1/4
    x = nodes[:, 0]
    volume, bound = measure(nodes + 0.7 * np.outer(x**2, [0, 0, 1]), cell)
    assert volume[0] == pytest.approx(1.0 / 6.0, rel=1e-14) and bound[0] == pytest.approx(1.0, rel=1e-14)
    volume, bound = measure(nodes + 0.7 * np.outer(x**2, [1, 0, 0]), cell)
    assert volume[0] == pytest.approx((1.0 + 0.35) / 6.0, rel=1e-14)
    straight = 1.7  # the determinant of the straight cell, whose vertex x = 1 has moved; the least is 1 at x = 0
    assert bound[0] == pytest.approx(1.0 / straight, rel=1e-13)


def test_dihedral_angles_of_a_regular_and_a_right_tetrahedron():
    regular = np.array([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    right = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    low, high = dihedral_angles(np.concatenate([regular, right]), np.array([[0, 1, 2, 3], [4, 5, 6, 7]]))
    np.testing.assert_allclose(low, np.degrees([math.acos(1 / 3), math.acos(1 / math.sqrt(3))]), rtol=1e-12)
    np.testing.assert_allclose(high, [np.degrees(math.acos(1 / 3)), 90.0], rtol=1e-12)


def test_mesh_fills_the_domain_with_sound_cells(meshed):
    structure, mesh = meshed
    volume, bound = measure(mesh["points"], mesh["cells"])
    # parabolic patches of edge h miss at most 3 h^4 / (100 R^4) of a ball; edges are R/4 at most
    tolerance = 1e-12 if structure.kind == "patch" else 0.03 / 4.0**4
    assert volume.sum() == pytest.approx(structure.frame.domain_measure(), rel=tolerance)
    assert bound.min() > 0.0
    assert dihedral_angles(mesh["points"], mesh["cells"])[0].min() > 5.0
    assert len(np.unique(mesh["cells"])) == len(mesh["points"])
    assert mesh["straightened"] < 0.05 * mesh["curved"]


def test_every_grain_has_its_volume_region_and_layer(meshed):
    structure, mesh = meshed
    found = grain_volumes(mesh, len(structure.radii))
    asked = structure.weights * 4.0 / 3.0 * np.pi * structure.radii**3
    # a little is missing where an edge had to stay straighter than the sphere
    assert (found <= asked * (1.0 + 1e-12)).all() and (found > 0.95 * asked).all()
    assert found.sum() == pytest.approx(asked.sum(), rel=5e-3)
    inside = mesh["grain"] >= 0
    assert (mesh["region"][inside] == 3).all() and set(mesh["region"][~inside]) == {0, 1, 2}
    np.testing.assert_array_equal(mesh["layer"] >= 0, mesh["region"] >= 2)


def test_cells_lie_where_their_region_is(meshed):
    structure, mesh = meshed
    height = structure.frame.height(mesh["points"][mesh["cells"][:, :4]].reshape(-1, 3)).reshape(-1, 4)
    top, near = structure.frame.sei_thickness, 1e-9
    for region, low, high in ((0, -np.inf, 0.0), (2, 0.0, top), (3, 0.0, top), (1, top, np.inf)):
        here = height[mesh["region"] == region]
        assert here.min() >= low - near and here.max() <= high + near


def test_sides_and_special_nodes(meshed):
    structure, mesh = meshed
    points, frame = mesh["points"], structure.frame
    special = [[0.0, 0.0, -frame.core_size]] if structure.kind == "patch" else [[0.0, 0.0, 0.0]]
    if structure.kind == "particle" and frame.section == "full":
        special += [[frame.core_size, 0.0, 0.0], [0.0, frame.core_size, 0.0]]
    for node in special:
        assert (points == node).all(axis=1).any()
    for axis in range(2 if structure.kind == "patch" else 0):
        others = [k for k in range(3) if k != axis]
        near, far = (points[points[:, axis] == at][:, others] for at in (0.0, frame.period))
        np.testing.assert_array_equal(near[np.lexsort(near.T)], far[np.lexsort(far.T)])
    assert ((points @ frame.mirrors.T) > -1e-9).all()


def test_cut_grains_are_there(meshed):
    structure, _ = meshed
    cut = (structure.side != FREE).sum()
    assert cut > 0 or len(structure.frame.side_names) == 0


def test_mesh_is_the_same_to_the_last_bit():
    structure = packed(FRAMES["octant"])
    first, second = mesh3d(structure, COARSE), mesh3d(structure, COARSE)
    np.testing.assert_array_equal(first["points"], second["points"])
    np.testing.assert_array_equal(first["cells"], second["cells"])


def test_coarsening_and_controls_change_the_number_of_cells():
    structure = packed(FRAMES["patch"])
    number = [len(mesh3d(structure, COARSE, factor)["cells"]) for factor in (1.6, 1.0)]
    number.append(len(mesh3d(structure, MeshControl(cells_per_diameter=5.0, cells_per_gap=0.8))["cells"]))
    assert number[1] > 1.5 * number[0] and number[2] > 1.5 * number[1]


def test_several_layers():
    structure = packed(FRAMES["patch"], parts=(0.0, 0.5, 1.0), fraction=0.15, diameter=2.2)
    mesh = mesh3d(structure, COARSE)
    volume = measure(mesh["points"], mesh["cells"])[0]
    for k, layer in enumerate(structure.layers):
        here = mesh["layer"] == k
        assert volume[here].sum() == pytest.approx(structure.frame.measure(layer.inner, layer.outer), rel=1e-12)
        assert set(mesh["region"][here]) == {2 + k, 4}


def test_no_grains():
    for frame in (FRAMES["patch"], FRAMES["cone"]):
        empty = np.empty(0, np.int32)
        layers = [LayerShape(0.0, frame.sei_thickness, "organic")]
        structure = Structure(frame, layers, [], np.empty((0, 3)), np.empty(0), empty, empty, empty, 1)
        mesh = mesh3d(structure, MeshControl(cells_per_layer=2.0))
        assert measure(mesh["points"], mesh["cells"])[0].sum() == pytest.approx(frame.domain_measure(), rel=1e-4)
        assert (mesh["grain"] == -1).all() and set(mesh["region"]) == {0, 1, 2}


@pytest.mark.parametrize("n", [3, 4])
@pytest.mark.parametrize("kind", ["patch", "octant"])
def test_star_shaped_grains_keep_their_surfaces(kind, n):
    structure = packed(FRAMES[kind])
    directions, faces = octasphere(n)
    rng = np.random.default_rng(1)
    turns = Rotation.random(len(structure.radii), rng=rng).as_matrix()
    normals = structure.frame.mirrors if kind == "octant" else np.eye(3)[:2]
    for side, normal in enumerate(normals):
        turns[structure.side == side] = plane_axes(normal)
    distances = structure.radii[:, None] * rng.uniform(0.75, 1.0, (len(turns), len(directions)))
    structure = replace(structure, shapes=StarShapes(directions, faces, turns, distances))
    mesh = mesh3d(structure, COARSE)
    whole = (structure.side == FREE) | (kind == "patch")
    found = grain_volumes(mesh, len(turns))
    np.testing.assert_allclose(found[whole], structure.shapes.volumes()[whole], rtol=1e-12)
    assert dihedral_angles(mesh["points"], mesh["cells"])[0].min() > 5.0


def test_shape_that_its_side_does_not_halve_is_refused():
    structure = packed(FRAMES["patch"])
    directions, faces = icosphere(2)
    count = len(structure.radii)
    turns = np.broadcast_to(Rotation.from_rotvec([0.3, 0.2, 0.1]).as_matrix(), (count, 3, 3))
    distances = np.repeat(structure.radii[:, None], len(directions), axis=1)
    with pytest.raises(GeometryError, match="crosses faces"):
        mesh3d(replace(structure, shapes=StarShapes(directions, faces, turns, distances)), COARSE)


def test_sizes_follow_diameter_gap_and_growth():
    frame = SolidPatchFrame(12.0, 30.0, 8.0, 6.0)
    layers = [LayerShape(0.0, 8.0, "organic", {"LiF": 0.1}, 2.0, 0.0, 0.2, (0.2, 0.2))]
    zero = np.zeros(3, np.int32)
    centres = np.array([[3.0, 3.0, 4.0], [5.2, 3.0, 4.0], [9.0, 9.0, 4.0]])
    structure = Structure(frame, layers, ["LiF"], centres, np.ones(3), zero, zero, zero - 1, 1)
    sizes = SolidSizes(structure, MeshControl(cells_per_diameter=2.5, cells_per_gap=1.5, growth=1.4))
    # the first two are 0.2 apart: 1.3 x 0.2 / 1.5 for one and a half cells across; the third has room
    np.testing.assert_allclose(sizes.grain, [1.3 * 0.2 / 1.5, 1.3 * 0.2 / 1.5, 0.8], rtol=1e-9)
    slope = 2.0 * 0.4 / 2.4
    np.testing.assert_allclose(sizes.at(np.array([[9.0, 9.0, 6.0], [3.0, 3.0, -30.0]])), [0.8 + slope, 3.0], rtol=1e-9)


def test_flat_cell_is_removed():
    # four points nearly in a plane, between two apexes: the upper and the lower pair of faces of a sliver
    ring = [[1.0, 0, 0], [0, 1, 0.02], [-1, 0, 0], [0, -1, 0.02]]
    points = np.array([*ring, [0.0, 0.0, 1.0], [0.0, 0.0, -1.0]])
    sliver, up, down = [0, 1, 2, 3], [[0, 1, 3, 4], [1, 2, 3, 4]], [[0, 1, 2, 5], [0, 2, 3, 5]]
    cells = np.array([sliver, *up, *down])
    corners = points[cells]
    wrong = np.linalg.det(corners[:, 1:] - corners[:, :1]) < 0.0
    cells[wrong] = cells[wrong][:, [0, 2, 1, 3]]
    assert dihedral_angles(points, cells)[0].min() < 3.0
    new, better, volume = improve(points, cells, np.zeros(len(cells), np.int64), fixed=6)
    assert dihedral_angles(new, better)[0].min() > 30.0
    corners = new[better]
    after = np.linalg.det(corners[:, 1:] - corners[:, :1]) / 6.0
    before = np.abs(np.linalg.det(points[cells][:, 1:] - points[cells][:, :1])).sum() / 6.0
    assert after.min() > 0.0 and after.sum() == pytest.approx(before, rel=1e-12) and len(volume) == len(better)
    # a surface between two volumes is kept
    kept = improve(points, cells, np.array([0, 1, 1, 2, 2]), fixed=6)
    np.testing.assert_array_equal(kept[1], cells)
