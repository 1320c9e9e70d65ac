"""`seix mesh --stats` on every kind of structure: pictures, statistics and record come out, and say the same."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from seix import app
from seix.analysis import solidfigure
from seix.analysis.counting import grains_in_words
from seix.geometry import statistics
from seix.scenario_file import load_study
from seix.simulation import cached
from seix.units import format_si

SCENARIOS = Path(__file__).parents[2] / "scenarios"
COARSE = ("output.dpi=50", "mesh.cells_per_diameter=2", "mesh.cells_per_gap=0.5", "mesh.growth=2.5", "mesh.cells_per_layer=1")
SMALL = ("geometry.period=30 nm", "geometry.core_depth=5 nm", "geometry.electrolyte_depth=5 nm")
CONSSEI = """
title: consSEI
geometry: {{ kind: patch, dimension: {}, period_in_layers: {}, core_depth: 5 nm, electrolyte_depth: 5 nm }}
sei: {{ structure: consSEI, x: 2, thickness: 10 nm, inorganic: {{ LiF: 0.20, Li3N: 0.06 }} }}
"""
TWO = "[{centre: [20 nm, 20 nm], core_radius: 9 nm}, {centre: [30 nm, 30 nm], core_radius: 9 nm}]"
BALLS = "[{centre: [14 nm, 14 nm, 16 nm], core_radius: 5 nm}, {centre: [20 nm, 18 nm, 16 nm], core_radius: 5 nm}]"
PLANE = {
    "homogeneous": ("homogeneous_film", ()),
    "bilayer": ("free_film", SMALL),
    "multilayer": ("free_film", (*SMALL, "sei={structure: multilayer, layers: 2}")),
    "consSEI": (CONSSEI.format(2, 3), ()),
    "layers-and-voids": ("layer_list", (*SMALL, "sei.layers.1.phases={LiF: 0.15, void: 0.15}")),
    "cellular": ("cellular_grains", SMALL),
    "polycrystal": ("polycrystal", SMALL),
    "domains": ("silicon_domains", ("geometry.period=40 nm",)),
    "particle": ("full_particle", ("geometry.core_radius=15 nm",)),
    "sector": ("sector_particle", ("geometry.core_radius=20 nm", "sei.layers=2")),
    "particles": ("several_particles", ("geometry.box=70 nm", f"geometry.particles={TWO}", "sei.thickness=9 nm",
                                        "sei.inner_thickness=7 nm")),
    "binder": ("binder", ("geometry.box=80 nm", f"geometry.particles={TWO.replace('0 nm', '6 nm')}", "geometry.binder=4 nm",
                          "sei.thickness=9 nm", "sei.inner_thickness=7 nm")),
}  # fmt: skip
SPACE = {
    "block": (CONSSEI.format(3, 2.5), ()),
    "cellular-block": ("cellular_grains", (*SMALL, "geometry.dimension=3", "sei.inorganic={LiF: 0.16, Li3N: 0.05}")),
    "cone": ("octant", ("geometry.sector=40 deg",)),
    "sphere": ("octant", ("geometry.sector=full", "geometry.core_radius=6 nm")),
    "balls": ("particles_in_space", ("geometry.box=32 nm", f"geometry.particles={BALLS}")),
}  # fmt: skip


def mesh(folder, monkeypatch, case, overrides, draw):
    """Statistics and picture names of a scenario file, or of a text that is one."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(statistics, "full_statistics", partial(statistics.full_statistics, samples=1 << 10))
    path = SCENARIOS / f"examples/{case}.yaml"
    if "\n" in case:
        path = folder / "consSEI.yaml"
        path.write_text(case, "utf-8")
    overrides = [*overrides, *COARSE]
    app.mesh_command(path, Path("out"), overrides, False, True, draw)
    (record,) = json.loads(Path("out/record.json").read_text("utf-8"))["structures"].values()
    (scenario,) = load_study(path, overrides).members.values()
    return record, grains_in_words(cached(scenario, 1.0, app.MESHES)[0])


@pytest.mark.parametrize(("case", "overrides"), PLANE.values(), ids=PLANE)
def test_plane(tmp_path, monkeypatch, capsys, case, overrides):
    """All pictures, statistics where there are grains, and their number in words on the terminal."""
    record, words = mesh(tmp_path, monkeypatch, case, overrides, ("phases", "grains", "mesh"))
    pictures = {path.stem for path in Path("out").glob("*.png")}
    assert pictures == {"phases", "grains", "mesh"} | ({"statistics"} if words else set())
    out = capsys.readouterr().out
    assert (words or "no grains") in out
    assert (record["microstructure"]["grains"] > 0) == bool(words) == ("mean diameter" in out)
    if words:
        check_table(out, record)


def check_table(out, record):
    """Asked and found on the terminal are the numbers of the record."""
    rows = {line[2:28].strip(): (line[28:40].strip(), line[40:].strip()) for line in out.splitlines() if line.startswith("  ")}
    for name, part in record["structure"]["phases"].items():
        asked, found = (float(text) for text in rows.pop(f"fraction of {name.replace('_', ' ')}"))
        assert asked == pytest.approx(part["asked_fraction"], abs=5.1e-5) and found == pytest.approx(part["fraction"], abs=5.1e-5)
    whole, diameter = record["structure"]["sei"], record["microstructure"]["diameter"]["sei"]
    assert float(rows.pop("inorganic fraction")[1]) == pytest.approx(whole["fraction"], abs=5.1e-5)
    for row, key in (("mean diameter", "mean"), ("standard deviation of it", "std")):
        for text, kind in zip(rows.pop(row), ("asked", "found"), strict=True):
            assert text == (format_si(diameter[kind][key], "m") if kind in diameter else "-")
    gaps = record["microstructure"]["gap"]
    smallest = [layer["smallest_asked"] for layer in gaps["layers"] if "smallest_asked" in layer]
    found = format_si(gaps["sei"]["found"]["min"], "m") if "found" in gaps["sei"] else "-"
    assert rows.pop("smallest gap") == (format_si(min(smallest), "m"), found)
    assert ("ks" in diameter) == (rows.pop("distance of distributions", None) is not None)
    assert set(rows) == {""}


@pytest.mark.parametrize(("case", "overrides"), SPACE.values(), ids=SPACE)
def test_space(tmp_path, monkeypatch, capsys, case, overrides):
    """The same for bodies; what VTK makes of the scenes is left to the next test, as starting it takes seconds."""
    draw = ("phases", "mesh") if "\n" in case else ("phases",)
    scenes = []
    monkeypatch.setattr(solidfigure, "render", lambda *scene, **_: scenes.append(scene) or np.full((40, 40, 3), 255, np.uint8))
    record, words = mesh(tmp_path, monkeypatch, case, overrides, draw)
    assert {path.stem for path in Path("out").glob("*.png")} == {*draw, "statistics"}
    assert words and words in capsys.readouterr().out
    assert len(scenes) >= len(draw) and all(len(triangles) > 100 for triangles, *_ in scenes)
    assert record["microstructure"]["grains"] > 0


def test_space_with_rendering(tmp_path, monkeypatch, capsys):
    """An octant as it is drawn; grains at its mirror planes are told from whole ones."""
    record, words = mesh(tmp_path, monkeypatch, "octant", (), ("grains",))
    assert {path.stem for path in Path("out").glob("*.png")} == {"grains", "statistics"}
    assert f"({record['structure']['grains_on_sides']} of them cut in half by mirror planes)" in words
    assert words in capsys.readouterr().out
