"""Bisection of curved tetrahedra: no hanging nodes, the same space, images alike, spheres that stay round."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from scipy.spatial import Delaunay

from seix.adaptivity.recovery import recovered
from seix.adaptivity.sequence import estimate
from seix.adaptivity.sizes import factors, wanted_sizes
from seix.adaptivity.target import Target
from seix.errors import GeometryError
from seix.geometry.facets import FACETS
from seix.geometry.layers import build_structure
from seix.geometry.meshing import mesh_structure, tagged_mesh
from seix.geometry.quality import SMALLEST_JACOBIAN
from seix.geometry.volume.bisection import bisect, cuttable, longest_edges
from seix.geometry.volume.checks3d import MISSED
from seix.geometry.volume.mesh3d import mesh3d
from seix.geometry.volume.quality3d import EDGES, dihedral_angles, measure
from seix.geometry.volume.refined import MARGIN, SizesInSpace, cell_centres, cell_sizes, cut_to_sizes, match_sides
from seix.geometry.volume.restore import worst_grain
from seix.geometry.volume.round_faces import sphere_places
from seix.geometry.wanted import WantedSizes
from seix.scenario_file import load_study
from support import SMALL_SOLID

BLOCK = f"""{SMALL_SOLID}  inorganic: {{ LiF: 0.2 }}
  grains: {{ diameter: 3 nm, gap: 0.4 nm }}
mesh: {{ cells_per_diameter: 4, cells_per_gap: 0.7, cells_per_layer: 2 }}
"""
OCTANT = BLOCK.replace("kind: patch", "kind: particle, sector: octant").replace("period: 12 nm, core_depth: 3", "core_radius: 8")


def loaded(text, folder):
    """Structure and mesh controls of a scenario."""
    path = folder / "small.yaml"
    path.write_text(text, "utf-8")
    scenario = load_study(path).members["small"]
    return build_structure(scenario), scenario.mesh


@pytest.fixture(scope="module", params=[
    pytest.param(BLOCK, id="patch"), pytest.param(OCTANT, id="octant", marks=pytest.mark.slow)])  # fmt: skip
def made(request, tmp_path_factory):
    """Structure and mesh controls."""
    return loaded(request.param, tmp_path_factory.mktemp("bisection"))


def second_order(points, cells):
    """Straight second-order tetrahedra, none inside out."""
    volume = np.linalg.det(points[cells[:, 1:]] - points[cells[:, :1]])
    cells = np.where((volume < 0)[:, None], cells[:, [0, 1, 3, 2]], cells)
    ends = np.sort(np.concatenate([cells[:, edge] for edge in EDGES]), axis=1)
    edges, number = np.unique(ends, axis=0, return_inverse=True)
    return np.concatenate([points, points[edges].mean(axis=1)]), np.hstack([cells, len(points) + number.reshape(6, -1).T])


def random_mesh(count=60, seed=1):
    """Tetrahedra of random points in a cube."""
    points = np.concatenate([np.indices((2, 2, 2)).reshape(3, -1).T, np.random.default_rng(seed).uniform(size=(count, 3))])
    return second_order(points, Delaunay(points).simplices.astype(np.int64))


def bent(points):
    """A quadratic map of the cube that folds nothing."""
    x, y, z = points.T
    return np.stack([x + 0.05 * y**2 - 0.05 * x * z, y + 0.05 * x * z, z + 0.05 * x**2 + 0.05 * y * x], axis=1)


def divided(points, cells, marked):
    twin = np.arange(len(points))
    longest = longest_edges(points, cells, twin)
    return bisect(points, cells, longest, cuttable(cells, longest, twin, np.asarray(marked)))


def assert_conforming(points, cells):
    """Every face belongs to two cells or lies on the cube, and an edge has one mid node, which is no vertex."""
    faces = np.sort(np.concatenate([cells[:, face[:3]] for face in FACETS[10]]), axis=1)
    faces, count = np.unique(faces, axis=0, return_counts=True)
    assert count.max() == 2
    corners = points[faces[count == 1]]
    assert ((corners == 0.0).all(axis=1) | (corners == 1.0).all(axis=1)).any(axis=1).all()
    ends = np.sort(np.concatenate([cells[:, edge] for edge in EDGES]), axis=1)
    mids = cells[:, 4:].T.ravel()
    pairs = np.unique(np.column_stack([ends, mids]), axis=0)
    assert len(np.unique(pairs[:, :2], axis=0)) == len(pairs) == len(np.unique(pairs[:, 2]))
    assert not np.isin(mids, cells[:, :4]).any()


@pytest.mark.parametrize("share", [0.02, 0.3, 1.0])
def test_no_node_hangs_and_no_space_is_lost(share):
    points, cells = random_mesh()
    random = np.random.default_rng(5)
    for _ in range(3):
        before = len(cells)
        result = divided(points, cells, random.choice(len(cells), max(1, int(share * len(cells))), replace=False))
        assert_conforming(result.points, result.cells)
        volume = measure(result.points, result.cells)[0]
        assert volume.min() > 0.0 and volume.sum() == pytest.approx(1.0, rel=1e-12)
        whole = measure(points, cells)[0]
        assert np.bincount(result.parent, volume) == pytest.approx(whole, rel=1e-9)  # parts fill their cell
        points, cells = result.points, result.cells
        assert len(cells) > before


def test_a_marked_cell_is_cut_after_a_few_passes_and_far_ones_are_left():
    points, cells = random_mesh(400)
    first, track = len(cells), np.arange(len(cells))
    for _ in range(20):
        result = divided(points, cells, np.flatnonzero(track == 7))
        lengths = np.stack([np.linalg.norm(points[cells[:, a]] - points[cells[:, b]], axis=1) for a, b in EDGES])
        count = np.bincount(result.parent, minlength=len(cells))
        middle = cells[np.arange(len(cells)), 4 + lengths.argmax(axis=0)]  # of the longest edge
        assert np.isin(middle[count == 2], result.cells[:, :4]).all() and count.max() == 2
        points, cells, track = result.points, result.cells, track[result.parent]
        if (track == 7).sum() > 1:
            break
    assert (track == 7).sum() == 2 and len(cells) < 1.2 * first


def test_parts_of_curved_cells_are_on_their_map():
    straight, cells = random_mesh()
    curved = bent(straight)
    twin = np.arange(len(straight))
    longest = longest_edges(straight, cells, twin)
    cut = cuttable(cells, longest, twin, np.arange(0, len(cells), 3))
    one, other = bisect(straight, cells, longest, cut), bisect(curved, cells, longest, cut)
    assert len(one.cells) > 1.1 * len(cells)
    assert (one.cells == other.cells).all()
    assert np.abs(bent(one.points) - other.points).max() < 1e-14


def test_six_tetrahedra_of_a_cube_come_back_after_three_generations():
    """Those along a diagonal (Kuhn): each generation has one shape and twice the cells, and the fourth is like the first."""
    corners = np.indices((2, 2, 2)).reshape(3, -1).T.astype(float)
    steps = np.eye(3)[list(permutations(range(3)))]
    paths = np.concatenate([np.zeros((6, 1, 3)), np.cumsum(steps, axis=1)], axis=1)
    points, cells = second_order(corners, (paths @ [4, 2, 1]).astype(np.int64))
    shapes = []
    for generation in range(1, 8):
        result = divided(points, cells, np.arange(len(cells)))
        points, cells = result.points, result.cells
        assert len(cells) == 6 * 2**generation
        assert_conforming(points, cells)
        edges = np.sort(np.stack([np.linalg.norm(points[cells[:, a]] - points[cells[:, b]], axis=1) for a, b in EDGES]), axis=0)
        assert np.ptp(edges / edges[0], axis=1).max() < 1e-12
        shapes.append((edges / edges[0])[:, 0] ** 2)
        assert dihedral_angles(points, cells)[0].min() == pytest.approx(45.0)
    assert shapes[0] == pytest.approx([1, 1, 1, 4 / 3, 4 / 3, 8 / 3]) and shapes[1] == pytest.approx([1, 2, 2, 3, 3, 4])
    assert shapes[2] == pytest.approx([1, 1, 1, 2, 2, 3])
    for shape, later in zip(shapes, shapes[3:], strict=False):
        assert shape == pytest.approx(later)


# --- meshes of structures -----------------------------------------------------------------------------------


def raw(made):
    """The first mesh, before grains get their volumes."""
    arrays = mesh3d(*made)
    return tagged_mesh(made[0], arrays["points"], arrays, "")


def smaller(mesh, part=0.7):
    """A part of the present size everywhere in the SEI."""
    size = np.where(mesh.layer >= 0, part * cell_sizes(mesh.points, mesh.cells), np.inf)
    return WantedSizes(cell_centres(mesh.points, mesh.cells), np.empty((0, 4), np.int64), size)


def missing(structure, mesh):
    """Part of the volume of the balls that is not in cells of grains."""
    volume = measure(mesh.points, mesh.cells[mesh.grain >= 0])[0].sum()
    return 1.0 - volume / (structure.weights * 4.0 / 3.0 * np.pi * structure.radii**3).sum()


def test_round_faces_reach_their_spheres_and_volumes_with_them(made):
    structure, _ = made
    mesh = raw(made)
    fine = cut_to_sizes(mesh, structure, SizesInSpace(smaller(mesh)), lambda cells: None)
    nodes, places = sphere_places(fine, structure)
    off = np.linalg.norm(fine.points[nodes] - places, axis=1)
    assert off.max() < 1e-9 and (nodes >= len(mesh.points)).sum() > 500
    again = cut_to_sizes(mesh, structure, SizesInSpace(smaller(mesh)), lambda cells: None)
    assert (again.points == fine.points).all() and (again.cells == fine.cells).all()
    # what second-order faces of that length miss of a ball, by the bound of the checks
    faces = np.isin(fine.cells[:, :4], nodes) & (fine.grain >= 0)[:, None]
    ends = [(fine.points[fine.cells[on, a]] - fine.points[fine.cells[on, b]], fine.grain[on])
            for a, b in EDGES for on in [faces[:, a] & faces[:, b]]]  # fmt: skip
    longest = max((np.linalg.norm(edge, axis=1) / structure.radii[grain]).max() for edge, grain in ends)
    assert 0.0 < missing(structure, fine) < MISSED * longest**4 < 0.005
    assert measure(fine.points, fine.cells)[1].min() > SMALLEST_JACOBIAN


def test_the_worst_grain_is_found(made):
    """One that is a tenth smaller lacks 1 - 0.9^3 of its volume, whatever the others have."""
    structure, controls = made
    mesh = mesh_structure(structure, controls)
    assert worst_grain(structure, mesh.points, mesh.cells, mesh.grain) == mesh.statistics["mesh"]["worst_grain"] < 1e-9
    points = mesh.points.copy()
    nodes = [np.unique(mesh.cells[mesh.grain == k]) for k in range(len(structure.radii))]
    spans = np.array([np.ptp(points[inside], axis=0).min() for inside in nodes]) / structure.radii
    whole = np.array([np.ptp(points[inside], axis=0).max() for inside in nodes]) < 2.1 * structure.radii
    inside = nodes[np.flatnonzero(whole & (spans > 1.9))[0]]  # no side cuts it
    middle = points[inside].mean(axis=0)
    points[inside] = middle + 0.9 * (points[inside] - middle)
    assert worst_grain(structure, points, mesh.cells, mesh.grain) == pytest.approx(1.0 - 0.9**3, rel=1e-9)


def test_where_the_first_mesh_is_too_coarse_faces_come_nearer_without_folding(made):
    structure, controls = made
    mesh = raw((structure, controls.model_copy(update={"cells_per_diameter": 2.0, "cells_per_gap": 0.5})))
    fine = cut_to_sizes(mesh, structure, SizesInSpace(smaller(mesh, 0.5)), lambda cells: None)
    assert 0.0 < missing(structure, fine) < 0.5 * missing(structure, mesh)
    assert measure(fine.points, fine.cells)[1].min() > 0.8 * measure(mesh.points, mesh.cells)[1].min()
    nodes, places = sphere_places(fine, structure)
    assert (np.linalg.norm(fine.points[nodes] - places, axis=1) < 1e-9).mean() > 0.8


def test_cells_have_the_sizes_asked_for_and_the_tags_of_their_parents(made):
    structure, controls = made
    first = mesh_structure(structure, controls)
    wanted = smaller(first)
    fine = mesh_structure(structure, controls, wanted=wanted)
    size = SizesInSpace(wanted)(cell_centres(fine.points, fine.cells))
    # cells on spheres are a little larger in the end than when they were judged, but none by a bisection
    ratio = cell_sizes(fine.points, fine.cells) / size
    assert ratio.max() < 2.0 ** (1 / 3) * MARGIN and (ratio > MARGIN).mean() < 0.02
    for name in ("region", "grain", "layer"):
        assert set(getattr(fine, name).tolist()) == set(getattr(first, name).tolist())
    volumes = [np.bincount(m.region, measure(m.points, m.cells)[0]) for m in (first, fine)]
    assert volumes[0] == pytest.approx(volumes[1], rel=2e-3)
    assert fine.statistics["mesh"]["fractions"]["LiF"] == pytest.approx(0.2, rel=1e-3)
    coarse = mesh_structure(structure, controls, 1.3, wanted=wanted)
    assert len(coarse.cells) < 0.8 * len(fine.cells)


def test_one_grain_is_refined_and_what_is_far_from_it_is_left(made):
    structure, _ = made
    mesh = raw(made)

    def apart(one):
        offset = cell_centres(one.points, one.cells) - structure.centres[0]
        if one.period is not None:
            offset[:, :2] -= one.period * np.rint(offset[:, :2] / one.period)
        return np.linalg.norm(offset, axis=1)

    size = np.where(mesh.grain == 0, 0.5 * cell_sizes(mesh.points, mesh.cells), np.inf)
    wanted = WantedSizes(cell_centres(mesh.points, mesh.cells), np.empty((0, 4), np.int64), size)
    fine = cut_to_sizes(mesh, structure, SizesInSpace(wanted), lambda cells: None)
    assert (fine.grain == 0).sum() > 6 * (mesh.grain == 0).sum()
    reach = 3.0 * structure.radii[0]
    assert (apart(fine) > reach).sum() < 1.1 * (apart(mesh) > reach).sum() and (apart(mesh) > reach).sum() > 2000


TWO = "[{ centre: [16 nm, 20 nm, 20 nm], core_radius: 6 nm }, { centre: [25 nm, 20 nm, 20 nm], core_radius: 5 nm }]"
WALLS = {
    "cone": OCTANT.replace("octant", "40 deg"),
    "grown together": BLOCK.replace("patch", "particles").replace("period: 12 nm, core_depth: 3 nm, electrolyte_depth: 3 nm",
        f"box: 46 nm, binder: 1 nm, particles: {TWO}") + "interface: { law: butler_volmer }\n",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", WALLS)
def test_only_walls_and_grains_are_taken_for_round(name, tmp_path):
    """On the first mesh the vertices of walls are on their spheres already, and no other face is bent onto one."""
    made = loaded(WALLS[name], tmp_path)
    mesh = raw(made)
    nodes, places = sphere_places(mesh, made[0])
    of_grains = np.isin(nodes, mesh.cells[mesh.grain >= 0])
    vertices = np.isin(nodes, mesh.cells[:, :4])
    off = np.linalg.norm(mesh.points[nodes] - places, axis=1)
    assert (vertices & ~of_grains).sum() > 50 and off[vertices & ~of_grains].max() < 1e-12 * np.abs(mesh.points).max()
    assert not of_grains.any() or off[of_grains & vertices].max() < 0.01 * made[0].radii.min()  # templates are a little larger


def test_a_node_without_an_image_is_an_error(tmp_path):
    mesh = raw(loaded(BLOCK, tmp_path))
    twin = np.arange(len(mesh.points))  # as if no node had an image
    longest = longest_edges(mesh.points, mesh.cells, twin)
    cut = np.zeros(len(mesh.points), bool)
    cut[longest[np.flatnonzero(mesh.points[longest, 0] == 0.0)[:1]]] = True  # though other cells around it have longer edges
    parts = bisect(mesh.points, mesh.cells, longest, cut)
    with pytest.raises(GeometryError, match="not refined alike"):
        match_sides(mesh.points, parts, mesh.period)


def test_too_many_cells_end_the_refinement(made):
    structure, controls = made
    mesh = mesh_structure(structure, controls)
    wanted = replace(smaller(mesh), sizes=0.2 * smaller(mesh).sizes)
    with pytest.raises(GeometryError, match=r"more than mesh\.maximum_cells"):
        mesh_structure(structure, controls.model_copy(update={"maximum_cells": 2 * len(mesh.cells)}), wanted=wanted)


# --- estimate in space --------------------------------------------------------------------------------------


def sampled(mesh):
    """Rows of the SEI, and places and volumes of points in its cells."""
    rows = np.flatnonzero(mesh.layer >= 0)
    share = np.full((4, 4), 0.1381966011250105) + np.eye(4) * (1.0 - 4.0 * 0.1381966011250105)
    corners = mesh.points[mesh.cells[rows, :4]]
    volume = np.abs(np.linalg.det(corners[:, 1:] - corners[:, :1])) / 6.0
    return rows, np.einsum("pv,cvd->cpd", share, corners), np.repeat(volume[:, None] / 4.0, 4, axis=1)


def test_a_linear_field_is_recovered_and_a_rough_one_is_found(made):
    mesh = mesh_structure(*made)
    rows, place, volume = sampled(mesh)
    _, part = np.unique(mesh.region[rows] * 1000 + mesh.grain[rows], return_inverse=True)
    field = (1 + part.ravel())[:, None, None] * (place @ np.array([[1.0, 2.0, 0.0], [0.0, 1.0, -1.0], [3.0, 0.0, 1.0]]) + 2.0)
    smooth = recovered(field, place, mesh.points, mesh.cells[rows, :4], part.ravel())
    assert np.abs(smooth - field).max() < 1e-8 * np.abs(field).max()
    middle = place.mean(axis=1)[:, 0]
    half = np.median(middle)
    wave = np.where(place[..., 0] > half, np.sin(8.0 * place[..., 0]), 0.0)
    field = np.stack([1.0 + wave, np.zeros_like(wave), np.zeros_like(wave)], axis=-1)
    found = estimate(Target.of("field_enhancement.mean"), mesh, rows, field, place, volume)
    assert np.median(found.squares[middle > half + 1.0]) > 1e3 * np.median(found.squares[middle < half - 1.5]).clip(1e-12)


def test_sizes_follow_the_error_by_the_power_of_space():
    squares = np.geomspace(1e-14, 1.0, 500)
    ratio = factors(squares, 0.4, 3)
    assert np.sqrt((squares * ratio**4).sum() / squares.sum()) == pytest.approx(0.4, rel=1e-6)
    refined_cells = (ratio < 1.0) & (ratio > 0.35)
    # equal shares: h^7 of the error in a cell
    assert np.ptp(np.log(squares * ratio**7)[refined_cells]) < 1e-6


def test_earlier_wishes_stay(made):
    mesh = mesh_structure(*made)
    rows = np.flatnonzero(mesh.layer >= 0)
    ratio = np.ones(len(rows))
    ratio[7] = 0.5
    wanted = wanted_sizes(mesh.points, mesh.cells, rows, ratio, None, 0.25)
    own = cell_sizes(mesh.points, mesh.cells[rows[7]][None])[0]
    assert np.isfinite(wanted.sizes).sum() == 1 and wanted.sizes[rows[7]] == pytest.approx(0.5 * own, rel=0.02)
    again = wanted_sizes(mesh.points, mesh.cells, rows, np.ones(len(rows)), wanted, 0.25)
    assert (again.sizes == wanted.sizes).all()
