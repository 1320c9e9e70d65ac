"""Cells and memory that a mesh takes: expected before it is made, checked after, said in a sentence."""

import re
import sys
import time

import pytest

from geometry_cases import NM, bilayer, multilayer, one_layer, particle, patch, scenario
from seix.errors import GeometryError
from seix.geometry import budget
from seix.geometry.affordable import check_forecast
from seix.geometry.cache import cached_mesh
from seix.geometry.forecast import forecast
from seix.geometry.layers import build_structure
from seix.geometry.meshing import make_mesh, mesh_structure


def grains_of(shape, fraction, thickness=14.0, **sizes):
    """One layer of cellular grains or of a polycrystal."""
    layer = {"thickness": thickness * NM, "phases": {"LiF": fraction}, "grains": {"diameter": 5 * NM, "shape": shape, **sizes}}
    return {"structure": "layers", "thickness": thickness * NM, "layers": [layer]}


def solid(geometry):
    """The same in space."""
    return {**geometry, "dimension": 3}


BOX = {
    "kind": "particles", "box": 150 * NM,
    "particles": [{"centre": [50 * NM, 55 * NM], "core_radius": 24 * NM}, {"centre": [85 * NM, 70 * NM], "core_radius": 22 * NM}],
}  # fmt: skip
SPHERES = one_layer(0.2, 7, diameter=3.6)
COARSE = {"cells_per_diameter": 3, "cells_per_gap": 0.8, "cells_per_layer": 3}
CASES = {
    "no grains": scenario(patch(), {"structure": "homogeneous", "thickness": 20 * NM}),
    "patch": scenario(patch(), bilayer()),
    "thin gaps": scenario(patch(120, 40, 15), bilayer(40, 20, 0.26, diameter=7, gap=0.05)),
    "graded core": scenario(patch(60, 1500), bilayer(), growth=1.05),
    "deep electrolyte": scenario(patch(60, 20, 500), bilayer(), growth=1.1),
    "fine grains": scenario(patch(), bilayer(), cells_per_diameter=25),
    "several cells across gaps": scenario(patch(), bilayer(), cells_per_gap=4),
    "fine layers": scenario(patch(), bilayer(), cells_per_layer=20),
    "coarse": scenario(patch(), multilayer(), cells_per_diameter=3, cells_per_gap=0.35),
    "particle": scenario(particle(), bilayer()),
    "sector": scenario(particle(80, sector=0.8), bilayer(), growth=1.15),
    "narrow sector": scenario(particle(120, sector=0.3), multilayer(diameter=3)),
    "cellular": scenario(patch(), grains_of("cellular", 0.7, gap=0.3 * NM)),
    "polycrystal": scenario(patch(), grains_of("polycrystal", 1.0)),
    "several particles": scenario(BOX, one_layer(0.3, 10)),
    "spheres of a patch": scenario(solid(patch(20, 8, 4)), one_layer(0.2, 8, diameter=3, gap=0.4), **COARSE),
    "octant": scenario(solid(particle(16, 5, "octant")), SPHERES, **COARSE),
    "octant, fine electrolyte": scenario(solid(particle(16, 5, "octant")), SPHERES, **{**COARSE, "cells_per_layer": 6}),
    "octant, thin gaps": scenario(solid(particle(12, 4, "octant")), SPHERES, **{**COARSE, "cells_per_gap": 1.5}),
    "cone": scenario(solid(particle(30, 5, 0.7)), SPHERES, **COARSE),
    "cellular in space": scenario(solid(patch(22, 8, 4)), grains_of("cellular", 0.3, 12, gap=0.5 * NM), **COARSE),
}


def expected(chosen):
    """Cells expected before the mesh of a scenario is made."""
    structure, found = build_structure(chosen), []

    class EnoughError(Exception):
        pass

    def accept(cells):
        found.append(cells)
        raise EnoughError

    with pytest.raises(EnoughError):
        if structure.dim == 3:
            from seix.geometry.volume import solid_mesh

            solid_mesh(structure, chosen.mesh, 1.0, "", accept)
        elif structure.kind == "particles":
            from seix.geometry.assembly.graph import assembly_mesh

            assembly_mesh(structure, chosen.mesh, 1.0, accept)
        else:
            from seix.geometry.triangulate import mesh2d

            mesh2d(structure, chosen.mesh, 1.0, accept)
    return found[0], len(mesh_structure(structure, chosen.mesh).cells)


@pytest.mark.parametrize("name", CASES)
def test_expected_cells(name):
    cells, made = expected(CASES[name])
    assert cells == pytest.approx(made, rel=0.12 if CASES[name].geometry.dimension == 2 else 0.35)


def test_memory_is_checked_with_the_cells_that_were_made(monkeypatch):
    chosen = CASES["patch"]
    cells = len(make_mesh(chosen).cells)
    monkeypatch.setattr(budget, "available_memory", lambda: 0.9 * budget.needed_memory(cells, 2, True))
    monkeypatch.setattr(sys.modules["seix.geometry.triangulate.mesh2d"], "expected_triangles", lambda *given: 0.5 * cells)
    make_mesh(chosen)  # fits if it is not solved on
    with pytest.raises(GeometryError, match=f"a run on about {cells} cells needs about .* GB are free"):
        make_mesh(chosen, solved=True)


def test_a_mesh_from_the_cache_is_refused_like_a_new_one(monkeypatch, tmp_path):
    chosen = CASES["patch"]
    mesh, _ = cached_mesh(chosen, 1.0, tmp_path)
    monkeypatch.setattr(budget, "available_memory", lambda: 0.7 * budget.needed_memory(len(mesh.cells), 2, True))
    said = []
    for folder in (tmp_path, tmp_path / "empty"):
        with pytest.raises(GeometryError, match="GB are free") as caught:
            cached_mesh(chosen, 1.0, folder, solved=True)
        said.append(str(caught.value))
    assert all("a run on about" in text for text in said)


@pytest.mark.parametrize("name", CASES)
def test_forecast_before_anything_is_packed(name):
    chosen = CASES[name]
    mesh = make_mesh(chosen)
    found = forecast(chosen, chosen.mesh)
    assert 0.4 < found.cells / len(mesh.cells) < 2.0
    # touching particles share some of their SEI
    assert found.grains == pytest.approx(mesh.grain[mesh.region != 0].max() + 1, rel=0.4, abs=1)
    tight = chosen.model_copy(update={"mesh": chosen.mesh.model_copy(update={"maximum_cells": len(mesh.cells)})})
    check_forecast(tight, 1.0, False)  # what fits is not refused


HUGE = {
    "patch": (scenario(patch(1e6), bilayer(), cells_per_diameter=100), "period"),
    "block": (scenario(solid(patch(2e3, 8, 4)), one_layer(0.2, 8, diameter=3, gap=0.4)), "period"),
    "particle": (scenario(particle(1e5), bilayer()), "core_radius"),
    "octant": (scenario(solid(particle(3e3, 5, "octant")), SPHERES, **COARSE), "core_radius"),
    "cellular": (scenario(patch(5e5), grains_of("cellular", 0.7, gap=0.3 * NM)), "period"),
    "polycrystal": (scenario(patch(1e6), grains_of("polycrystal", 1.0)), "period"),
}


@pytest.mark.parametrize("name", HUGE)
def test_refusal_at_once(name, monkeypatch):
    chosen, size = HUGE[name]
    monkeypatch.setattr("seix.geometry.meshing.build_structure", None)  # nothing is packed
    start = time.process_time()
    with pytest.raises(GeometryError, match=r"about \S+ grains need a mesh of about \S+ cells, .* GB .* GB are free: ") as caught:
        make_mesh(chosen)
    assert time.process_time() - start < 1.0
    assert caught.value.exit_code == 4
    said = str(caught.value)
    assert "mesh.maximum_cells = 2000000" in said and "\n" not in said
    number, unit = re.search(rf"a {size} of at most (\S+) (nm|µm)", said).groups()
    length = float(number) * {"nm": 1.0, "µm": 1e3}[unit] * NM
    smaller = chosen.model_copy(update={"geometry": chosen.geometry.model_copy(update={size: length})})
    assert 0.3 * 2e6 < forecast(smaller, smaller.mesh).cells < 2e6


def test_refusal_says_which_resolution_and_which_limit_would_do():
    chosen = scenario(patch(5e3), bilayer(), cells_per_diameter=80, cells_per_gap=5)
    with pytest.raises(GeometryError) as caught:
        make_mesh(chosen)
    found = re.search(r"cells_per_diameter: (\S+) with cells_per_gap: (\S+) would do", str(caught.value))
    diameter, gap = map(float, found.groups())
    controls = chosen.mesh.model_copy(update={"cells_per_diameter": diameter, "cells_per_gap": gap})
    assert 1e6 < forecast(chosen, controls).cells < 2e6
    few = scenario(patch(), bilayer(), maximum_cells=1000)
    with pytest.raises(GeometryError, match="maximum_cells: ") as caught:
        make_mesh(few)
    enough = int(re.search(r"maximum_cells: (\d+)", str(caught.value))[1])
    make_mesh(scenario(patch(), bilayer(), maximum_cells=enough))


def test_memory_is_refused_at_once(monkeypatch):
    monkeypatch.setattr("seix.geometry.affordable.available_memory", lambda: 1e6)
    monkeypatch.setattr("seix.geometry.meshing.build_structure", None)
    for solved, what in ((True, "a run on it"), (False, "making it")):
        with pytest.raises(GeometryError, match=rf"{what} takes about \S+ GB of memory, and 0.001 GB are free"):
            make_mesh(CASES["patch"], solved=solved)
