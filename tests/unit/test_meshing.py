"""Meshes: areas, tags, periodic sides, curved cells, guaranteed nodes, repeatability, file and cache."""

import json
import multiprocessing
import os
import time

import meshio
import numpy as np
import pytest

import seix.geometry.cache
import seix.geometry.meshing
from geometry_cases import NM, bilayer, homogeneous, multilayer, one_layer, particle, patch, scenario
from seix.errors import GeometryError, InputError
from seix.geometry import quality
from seix.geometry.cache import cache_limit, clear_cache, trim_cache
from seix.geometry.key import geometry_key
from seix.geometry.layers import build_structure
from seix.geometry.meshing import cached_mesh, make_mesh
from seix.geometry.msh_file import named_facets
from seix.geometry.sizing import SizeField

CASES = {
    "bilayer": scenario(patch(), bilayer()),
    "multilayer": scenario(patch(), multilayer(diameter=4), seed=5),
    "homogeneous": scenario(patch(), homogeneous()),
    "particle": scenario(particle(25), bilayer(20, 10, diameter=5)),
    "homogeneous particle": scenario(particle(), homogeneous()),
    "sector": scenario(particle(60, sector=1.2), bilayer(), seed=3),
    "narrow sector": scenario(particle(100, sector=np.radians(10)), multilayer(diameter=4)),
    "half circle": scenario(particle(20, sector=np.pi), homogeneous()),
}


@pytest.fixture(params=CASES, scope="module")
def case(request):
    """Scenario, structure and mesh."""
    chosen = CASES[request.param]
    return chosen, build_structure(chosen), make_mesh(chosen)


def edge_length(mesh, edges):
    """Length of curved edges, by Simpson's rule on the parabolas."""
    a, b, m = (mesh.points[edges[:, k]] for k in range(3))
    speeds = [np.hypot(*v.T) for v in (4 * m - 3 * a - b, b - a, 3 * b + a - 4 * m)]
    return ((speeds[0] + 4 * speeds[1] + speeds[2]) / 6).sum()


def test_cells_fill_the_domain(case):
    _, structure, mesh = case
    area = quality.areas(mesh.points, mesh.cells)
    tolerance = 1e-10 if mesh.kind == "patch" else 1e-4
    assert area.sum() == pytest.approx(structure.frame.domain_measure(), rel=tolerance)
    for k, layer in enumerate(structure.layers):
        assert area[mesh.layer == k].sum() == pytest.approx(structure.frame.measure(layer.inner, layer.outer), rel=2e-4)


def test_every_grain_has_its_area_and_place(case):
    _, structure, mesh = case
    area = quality.areas(mesh.points, mesh.cells)
    inside = mesh.grain >= 0
    found = np.bincount(mesh.grain[inside], area[inside], len(structure.radii))
    assert found == pytest.approx(structure.weights * np.pi * structure.radii**2, rel=1e-3)
    grain = mesh.grain[inside]
    assert (mesh.layer[inside] == structure.layer[grain]).all()
    names = np.array(mesh.region_names)[mesh.region[inside]]
    assert (names == np.array(structure.phase_names)[structure.phase[grain]]).all() if inside.any() else True


def test_regions_and_layers_fit_the_place(case):
    _, structure, mesh = case
    centre = mesh.points[mesh.cells[:, :3]].mean(axis=1)
    height = centre[:, 1] if mesh.kind == "patch" else np.hypot(*centre.T) - mesh.core_size
    assert mesh.region_names[:2] == ["core", "electrolyte"]
    bulge = 0.5  # straight cells of a curved layer
    assert (height[mesh.region == 0] < bulge).all()
    assert (height[mesh.region == 1] > mesh.sei_thickness - bulge).all()
    assert ((mesh.layer >= 0) == (mesh.region >= 2)).all()
    for k, layer in enumerate(structure.layers):
        here = height[mesh.layer == k]
        assert here.min() > layer.inner - bulge and here.max() < layer.outer + bulge


def test_cells_are_valid_and_well_shaped(case):
    _, _, mesh = case
    assert quality.jacobians(mesh.points, mesh.cells).min() > 0
    assert quality.scaled_jacobians(mesh.points, mesh.cells).min() > 0.1
    angle = quality.angles(mesh.points, mesh.cells).min(axis=1)
    tip = (np.hypot(*mesh.points.T) < 1e-9)[mesh.cells[:, :3]].any(axis=1)
    assert angle[~tip].min() > 15
    assert angle.min() > 9.9


def test_mid_nodes_lie_on_grain_surfaces(case):
    _, structure, mesh = case
    edges = named_facets(mesh)
    if len(structure.radii):
        nodes = mesh.points[np.unique(edges["grain|matrix"])]
        images, source = structure.frame.copies(structure.centres)
        distance = np.hypot(*(nodes[:, None] - images).transpose(2, 0, 1)) - structure.radii[source]
        assert np.abs(distance).min(axis=1).max() < 1e-6
    if mesh.kind == "particle":
        assert np.hypot(*mesh.points[np.unique(edges["core|sei"])].T) == pytest.approx(mesh.core_size, rel=1e-9)


def test_named_curves_have_their_lengths(case):
    _, structure, mesh = case
    frame, edges = structure.frame, named_facets(mesh)
    depth = mesh.core_size + mesh.sei_thickness + mesh.electrolyte_depth
    expected = {"core|sei": frame.width, "sei|electrolyte": frame.span * frame.outer_scale}
    if mesh.kind == "patch":
        expected |= dict.fromkeys(("periodic_left", "periodic_right"), depth)
        expected |= dict.fromkeys(("bottom", "top"), mesh.period)
    else:
        expected |= {"outer": frame.span * depth} | dict.fromkeys(frame.side_names, depth)
    if len(structure.radii):
        expected["grain|matrix"] = 2 * np.pi * (structure.weights * structure.radii).sum()
    found = {name: edge_length(mesh, curve) for name, curve in edges.items() if name != "layer|layer"}
    assert found == pytest.approx(expected, rel=1e-3)
    assert ("layer|layer" in edges) == (len(structure.layers) > 1)


def test_guaranteed_nodes(case):
    _, _, mesh = case
    if mesh.kind == "patch":
        wanted = [(0, -mesh.core_size)]
    elif mesh.sector is None:
        wanted = [(0, 0), (mesh.core_size, 0)]
    else:
        end = mesh.core_size + mesh.sei_thickness + mesh.electrolyte_depth
        wanted = [(0, 0), (end, 0), (end * np.cos(mesh.sector), end * np.sin(mesh.sector))]
    vertices = mesh.points[np.unique(mesh.cells[:, :3])]
    for place in wanted:
        assert np.hypot(*(vertices - place).T).min() < 1e-9


def test_periodic_sides_match_exactly():
    mesh = make_mesh(CASES["multilayer"])
    left, right = (np.sort(mesh.points[mesh.points[:, 0] == x, 1]) for x in (0.0, mesh.period))
    assert len(left) > 20 and np.array_equal(left, right)
    edges = named_facets(mesh)
    assert len(edges["periodic_left"]) == len(edges["periodic_right"])


def test_two_halves_of_a_cut_grain_share_a_number():
    chosen = next(s for s in (scenario(patch(), bilayer(), seed=k) for k in range(20)) if _cut(s))
    mesh, grain = make_mesh(chosen), _cut(chosen)[0]
    x = mesh.points[mesh.cells[mesh.grain == grain, :3]].mean(axis=1)[:, 0]
    assert (x < 10).any() and (x > mesh.period - 10).any()


def _cut(chosen):
    return np.flatnonzero(build_structure(chosen).side >= 0).tolist()


def test_cells_are_small_in_gaps_and_large_far_away(case):
    _, structure, mesh = case
    if len(structure.radii) < 2:
        return
    x = mesh.points[mesh.cells[:, :3]]
    size = np.hypot(*(x - np.roll(x, 1, axis=1)).transpose(2, 0, 1)).max(axis=1)
    assert size[mesh.grain >= 0].max() < structure.radii.max()
    assert size[mesh.region == 0].max() > 2 * size[mesh.grain >= 0].mean()


def test_estimate_of_cells(case):
    chosen, structure, mesh = case
    assert SizeField(structure, chosen.mesh).estimated_cells() == pytest.approx(len(mesh.cells), rel=0.35)


def test_coarsening():
    fine, coarse = (make_mesh(CASES["bilayer"], c) for c in (1.0, 1.6))
    assert 1.8 < len(fine.cells) / len(coarse.cells) < 3.2
    assert fine.statistics["structure"] == coarse.statistics["structure"]


def test_coarsest_controls_still_make_a_valid_mesh():
    controls = {"cells_per_diameter": 2, "cells_per_layer": 1, "growth": 3}
    mesh = make_mesh(scenario(patch(), bilayer(), **controls), 3.0)
    assert quality.scaled_jacobians(mesh.points, mesh.cells).min() > 0


def test_same_mesh_twice():
    one, two = (make_mesh(CASES["sector"]) for _ in range(2))
    for name in ("points", "cells", "region", "grain", "layer"):
        assert np.array_equal(getattr(one, name), getattr(two, name))
    assert one.statistics == two.statistics and one.key == two.key


def test_too_many_cells():
    with pytest.raises(GeometryError, match="maximum_cells = 500"):
        make_mesh(scenario(patch(), bilayer(), maximum_cells=500))


def test_a_folded_cell_is_straightened():
    points = np.array([[0, 0], [1, 0], [0, 1], [0.5, 0.5], [0, 0.5], [0.5, 0.4]])
    cells = np.arange(6)[None]
    assert quality.jacobians(points, cells).min() < 0
    straight, moved = quality.straighten(points, cells)
    assert moved == 1 and straight[5] == pytest.approx([0.5, 0])
    assert quality.scaled_jacobians(straight, cells) == pytest.approx([1])
    assert quality.areas(straight, cells) == pytest.approx([0.5])


@pytest.mark.parametrize(("number", "said"), [(1, "1 cell with an angle below"), (2, "2 cells with angles below")])
def test_thin_cells_are_refused_with_place_and_remedy(monkeypatch, number, said):
    angles = quality.angles

    def thin(points, cells):
        found = angles(points, cells)
        found[:number, 0] = 8.0
        return found

    monkeypatch.setattr(quality, "angles", thin)
    with pytest.raises(GeometryError, match=rf"the mesh has {said} .* at x = .* nm in .*: larger gaps, smaller cells "):
        make_mesh(CASES["homogeneous"])


def test_key_holds_what_matters_only():
    base = CASES["bilayer"]
    same = base.model_copy(update={"temperature": 310.0, "title": "other"})
    assert geometry_key(base, 1.0) == geometry_key(same, 1.0)
    others = [scenario(patch(61), bilayer()), scenario(patch(), bilayer(), seed=2),
              scenario(patch(), bilayer(), growth=1.4), scenario(patch(), one_layer(0.2))]  # fmt: skip
    keys = [geometry_key(s, 1.0) for s in (base, *others)] + [geometry_key(base, 1.6)]
    assert len(set(keys)) == len(keys)
    own, gmsh = (geometry_key(scenario(patch(), bilayer(), backend=name), 1.0) for name in ("delaunay", "gmsh"))
    assert own == keys[0] and gmsh not in keys
    plain = [scenario(patch(), homogeneous(), seed=k) for k in (1, 2)]
    assert geometry_key(plain[0], 1.0) == geometry_key(plain[1], 1.0)


def test_cache_and_file(tmp_path):
    chosen = CASES["bilayer"]
    made, path = cached_mesh(chosen, 1.6, tmp_path / "meshes")
    number = path.stat().st_ino
    read, again = cached_mesh(chosen, 1.6, tmp_path / "meshes")
    assert again == path and path.stat().st_ino == number
    for name in ("points", "cells", "region", "grain", "layer"):
        assert np.array_equal(getattr(made, name), getattr(read, name))
        assert getattr(made, name).dtype == getattr(read, name).dtype
    assert json.dumps(made.statistics) == json.dumps(read.statistics)
    _check_file(path, made)
    assert len(list((tmp_path / "meshes").iterdir())) == 2  # nothing half-written is left


def _check_file(path, mesh):
    file = meshio.read(path)
    assert file.points[:, :2] == pytest.approx(mesh.points * NM, abs=1e-20)
    names = {"core", "electrolyte", "organic_polymer", "LiF", "Li3N", "core|sei", "sei|electrolyte", "layer|layer",
             "grain|matrix", "periodic_left", "periodic_right", "bottom", "top"}  # fmt: skip
    assert set(file.field_data) == names
    cells = [k for k, block in enumerate(file.cells) if block.type == "triangle6"]
    assert sum(len(file.cells[k].data) for k in cells) == len(mesh.cells)
    grain = np.concatenate([file.cell_data["grain"][k] for k in cells]).astype(int)
    group = np.concatenate([file.cell_data["gmsh:physical"][k] for k in cells])
    for block in file.cells:  # mid nodes of the edges 01, 12, 20
        x = file.points[block.data]
        for k in range(x.shape[1] // 2):
            a, b = (k, k + 1) if block.type == "line3" else (k, (k + 1) % 3)
            middle = x[:, 2] if block.type == "line3" else x[:, 3 + k]
            off = np.linalg.norm(middle - 0.5 * (x[:, a] + x[:, b]), axis=1)
            assert (off < 0.3 * np.linalg.norm(x[:, a] - x[:, b], axis=1)).all()
    assert np.array_equal(np.bincount(grain + 1), np.bincount(mesh.grain + 1))
    for name, (number, dimension) in file.field_data.items():
        if dimension == 2:
            assert (group == number).sum() == (mesh.region == mesh.region_names.index(name)).sum()


@pytest.mark.parametrize(
    "damage",
    ["cut arrays", "cut file", "text", "one array", "other mesh", "few points", "not a number", "other type", "a folder"],
)
def test_damaged_cache_is_named(tmp_path, damage):
    chosen = CASES["homogeneous"]
    _, path = cached_mesh(chosen, 1.6, tmp_path)
    arrays = path.with_suffix(".npz")
    if damage == "cut arrays":
        arrays.write_bytes(arrays.read_bytes()[:1000])
    elif damage == "cut file":
        path.write_bytes(path.read_bytes()[:1000])
    elif damage == "other mesh":
        _, other = cached_mesh(chosen, 2.0, tmp_path)
        arrays.write_bytes(other.with_suffix(".npz").read_bytes())
    elif damage == "text":
        arrays.write_bytes(b"not an archive")
    elif damage == "one array":
        with arrays.open("wb") as file:
            np.save(file, np.arange(3))
    elif damage == "a folder":
        arrays.unlink()
        arrays.mkdir()
    else:
        _alter(arrays, damage)
    named = path if damage == "cut file" else arrays
    with pytest.raises(GeometryError, match=rf"{named.name}: .*--clear-cache") as error:
        cached_mesh(chosen, 1.6, tmp_path)
    assert not any(word in str(error.value) for word in ("pickle", "protocol", "Errno"))
    if damage == "a folder":
        return
    assert clear_cache(tmp_path)[0] == (2 if damage == "other mesh" else 1)
    assert not list(tmp_path.iterdir())


def _alter(path, damage):
    """Write valid archives with other numbers."""
    with np.load(path) as file:
        arrays = dict(file)
    points = arrays["points"]
    if damage == "few points":
        arrays["points"] = points[:5]
    elif damage == "not a number":
        points[3, 1] = np.nan
    else:
        arrays["points"] = points.astype(np.float32)
    np.savez(path, **arrays)


def test_a_cache_that_is_emptied_meanwhile_is_no_error(tmp_path, monkeypatch):
    chosen = CASES["homogeneous"]
    made, _ = cached_mesh(chosen, 1.6, tmp_path)
    monkeypatch.setattr("seix.geometry.cache.np.load", lambda *a, **k: clear_cache(tmp_path) and (tmp_path / "gone").read_bytes())
    again, path = cached_mesh(chosen, 1.6, tmp_path)
    assert np.array_equal(made.points, again.points) and path.exists()


def _process(target, *arguments):
    started = multiprocessing.get_context("fork").Process(target=target, args=arguments, daemon=True)
    started.start()
    return started


def _make(cache, log, go_on, patience=60.0):
    """Ask for a mesh; say when it is made, which takes until one is told to go on."""
    make = seix.geometry.meshing.make_mesh

    def slowly(*arguments):
        (log / str(os.getpid())).touch()
        go_on.wait(60)
        return make(*arguments)

    seix.geometry.meshing.make_mesh, seix.geometry.cache.PATIENCE = slowly, patience
    cached_mesh(CASES["homogeneous"], 1.6, cache)


def _wait_for(condition):
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.parametrize("end", ["made", "killed", "hangs"])
def test_a_mesh_that_two_processes_want_is_made_by_one(tmp_path, end):
    """The other waits, unless the first is killed or takes for ever."""
    cache, log = tmp_path / "meshes", tmp_path / "log"
    log.mkdir()
    first_goes, second_goes = (multiprocessing.get_context("fork").Event() for _ in range(2))
    second_goes.set()
    first = _process(_make, cache, log, first_goes)
    _wait_for(lambda: len(list(log.iterdir())) == 1)
    second = _process(_make, cache, log, second_goes, 0.5 if end == "hangs" else 60.0)
    if end == "hangs":
        second.join(60)
        assert second.exitcode == 0 and first.is_alive()
        first_goes.set()
    else:
        time.sleep(0.5)
        assert second.is_alive() and [path.name for path in log.iterdir()] == [str(first.pid)]
        first.kill() if end == "killed" else first_goes.set()
    for process in (first, second):
        process.join(60)
    assert second.exitcode == 0
    assert len(list(log.iterdir())) == (1 if end == "made" else 2)
    assert sorted(path.suffix for path in cache.iterdir()) == [".msh", ".npz"]


def test_half_a_mesh_is_made_again(tmp_path):
    chosen = CASES["homogeneous"]
    made, path = cached_mesh(chosen, 1.6, tmp_path)
    path.unlink()
    again, path = cached_mesh(chosen, 1.6, tmp_path)
    assert np.array_equal(made.points, again.points)
    assert len(meshio.read(path).points) == len(made.points)


def test_cache_keeps_its_limit_and_what_is_in_use(tmp_path):
    files = [cached_mesh(CASES["homogeneous"], c, tmp_path)[1] for c in (1.6, 1.8, 2.0)]
    (tmp_path / "notes.txt").write_text("not ours")
    size = sum(f.stat().st_size for f in tmp_path.glob(f"{files[0].stem}.*"))
    for k, file in enumerate(files):
        for part in (file, file.with_suffix(".npz")):
            os.utime(part, (1e9 + k, 1e9 + k))
    assert trim_cache(tmp_path, limit=0.0, keep=1e12) == 0
    cached_mesh(CASES["homogeneous"], 1.6, tmp_path)  # now the oldest is the second
    assert trim_cache(tmp_path, limit=1.5 * size, keep=60.0) == 2
    assert files[0].exists() and not files[1].exists() and not files[2].exists()
    assert (tmp_path / "notes.txt").exists()


@pytest.mark.parametrize("text", ["much", "-1", "0"])
def test_cache_limit_must_be_a_size(monkeypatch, text):
    monkeypatch.setenv("SEIX_MESH_CACHE_LIMIT", text)
    with pytest.raises(InputError, match="expected gigabytes"):
        cache_limit()


def test_a_wrong_cache_limit_is_said_before_a_mesh_is_made(tmp_path, monkeypatch):
    monkeypatch.setenv("SEIX_MESH_CACHE_LIMIT", "foo")
    monkeypatch.setattr("seix.geometry.meshing.make_mesh", lambda *a: pytest.fail("a mesh was made"))
    with pytest.raises(InputError, match="SEIX_MESH_CACHE_LIMIT='foo' is not a size"):
        cached_mesh(CASES["homogeneous"], 1.6, tmp_path)


def test_memory_that_is_not_there(monkeypatch):
    chosen = CASES["homogeneous"]
    monkeypatch.setattr("seix.geometry.budget.available_memory", lambda: 1e5)
    with pytest.raises(GeometryError, match=r"needs about .* GB of memory and 0.0001 GB are free: at most"):
        make_mesh(chosen, 1.0)


def test_without_a_writable_cache(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    mesh, path = cached_mesh(CASES["homogeneous"], 1.6, blocked)
    assert path.exists() and len(mesh.cells) > 100
    if os.geteuid() != 0:  # root may write anywhere
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o500)
        assert cached_mesh(CASES["homogeneous"], 1.6, closed)[1].parent != closed
