"""Random small structures: each mesh is checked by plain NumPy, without the checks of the generator.

A structure may be refused because it cannot be packed, in a sentence with numbers; a tenth of the seeds at most.
"""

from __future__ import annotations

import re

import pytest

from mesh_truth import Checked
from random_cases import balls, case, polycrystals
from seix.errors import GeometryError
from seix.geometry.meshing import make_mesh
from seix.scenario import Scenario

SEEDS, CHUNK = 200, 10
FEW = (0, 2, 19, 21, 55, 147)
"""Quick ones of every kind."""
FEW_DENSE, DENSE = 3, 60
"""Polycrystals: quick seeds, and all."""
FEW_BALLS, BALLS = (0, 2, 5), 40
"""Particles in space: quick seeds, and all."""
REFUSED = 0.1
"""Part of the seeds that may ask for what cannot be packed."""
UNREACHABLE = (
    r"the highest fraction reachable is [\d.]+ %: ",
    r"is the (area|volume) of [\d.]+ grains of [\d.]+ nm; .* would do$",
    r"grains of [\d.]+ nm do not fit; the largest diameter .* is [\d.]+ nm: ",
    r"^\d+ particles with their SEI would fill [\d.]+ % of a box of [\d.]+ nm, and found no place there",
)
"""Refusals that tell of a structure, not of a mesh."""
refused: dict[int, list[int]] = {}


def meshed(seed: int, make=case) -> bool:
    """Mesh one seed and check it; False if it was refused."""
    scenario = Scenario.model_validate(make(seed))
    try:
        mesh = make_mesh(scenario)
    except GeometryError as error:
        assert any(re.search(pattern, str(error)) for pattern in UNREACHABLE), f"seed {seed}: {error}"
        return False
    try:
        Checked(mesh, scenario).all()
    except AssertionError as error:
        error.add_note(f"seed {seed}: {scenario.geometry.kind}, {scenario.sei.structure}")
        raise
    return True


@pytest.mark.parametrize("seed", FEW)
def test_mesh(seed):
    assert meshed(seed)


@pytest.mark.parametrize("seed", range(FEW_DENSE))
def test_mesh_of_polycrystals(seed):
    assert meshed(seed, polycrystals)


@pytest.mark.slow
def test_meshes_of_polycrystals():
    assert sum(not meshed(seed, polycrystals) for seed in range(DENSE)) <= REFUSED * DENSE


@pytest.mark.parametrize("seed", FEW_BALLS)
def test_mesh_of_balls(seed):
    assert meshed(seed, balls)


@pytest.mark.slow
def test_meshes_of_balls():
    assert sum(not meshed(seed, balls) for seed in range(BALLS)) <= REFUSED * BALLS


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(SEEDS // CHUNK))
def test_meshes(chunk):
    seeds = range(chunk * CHUNK, (chunk + 1) * CHUNK)
    refused[chunk] = [seed for seed in seeds if not meshed(seed)]


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_few_are_refused():
    """Chunks that another process has checked are meshed once more, to count what is refused there."""
    for chunk in set(range(SEEDS // CHUNK)) - set(refused):
        test_meshes(chunk)
    assert sum(len(seeds) for seeds in refused.values()) <= REFUSED * SEEDS, refused
