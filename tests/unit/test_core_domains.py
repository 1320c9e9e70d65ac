"""Packing and meshing of the domains in the core."""

import math

import numpy as np
import pytest
from pydantic import ValidationError

from geometry_cases import NM, multilayer, particle, patch
from seix.errors import GeometryError
from seix.geometry.layers import build_structure
from seix.geometry.meshing import make_mesh
from seix.scenario import Scenario

SHAPES = {
    "patch": patch(80.0, 40.0),
    "particle": particle(40.0),
    "sector": particle(60.0, sector=math.radians(75)),
    "narrow": particle(80.0, sector=math.radians(30)),
    "half": particle(40.0, sector=math.pi),
}


def case(geometry, sei=None, seed=1, mesh=None, **domains):
    """A scenario with domains."""
    domains = {"fraction": 0.2, "diameter": 8 * NM, "gap": 1 * NM} | domains
    document = {"title": "test", "seed": seed, "geometry": geometry, "sei": sei or multilayer(), "core_domains": domains}
    return Scenario.model_validate(document | ({"mesh": mesh} if mesh else {}))


@pytest.mark.parametrize("shape", SHAPES)
def test_domains_keep_distances_and_fraction(shape):
    """Gaps to each other, to core|SEI, to the bottom or the centre, and to mirror planes; the area exactly."""
    structure = build_structure(case(SHAPES[shape]))
    grains, frame = structure.domains.grains, structure.frame
    centres, owner = frame.copies(grains.centres)
    distance = np.linalg.norm(grains.centres[:, None] - centres[None], axis=2) - grains.radii[:, None] - grains.radii[owner]
    twin = np.arange(len(grains.radii))[:, None] == owner[None]
    assert distance[~twin].min() >= 1.0
    radius = np.hypot(*grains.centres.T)
    depth = -grains.centres[:, 1] if shape == "patch" else frame.core_size - radius
    assert (depth - grains.radii).min() >= 1.0 - 1e-9
    floor = frame.core_size - depth if shape == "patch" else radius
    assert (floor - grains.radii).min() >= 0.5 - 1e-9
    for side in range(len(frame.side_names)):
        free = grains.side != side if frame.kind == "particle" else grains.side < 0
        assert (frame.side_distance(grains.centres, side) - grains.radii)[free].min() >= 0.5 - 1e-9
    area = (grains.weight * np.pi * grains.radii**2).sum()
    assert area == pytest.approx(0.2 * frame.measure(-frame.core_size, 0.0), rel=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_mesh_with_domains(shape):
    """The domains are a region of the core, apart from the SEI; the grains of the SEI are as without them."""
    scenario = case(SHAPES[shape])
    mesh, structure = make_mesh(scenario), build_structure(scenario)
    assert mesh.core_regions == ["amorphous_si"] and mesh.region_names[-1] == "amorphous_si"
    inside = mesh.region == len(mesh.region_names) - 1
    assert (mesh.layer[inside] == -1).all()
    numbers = np.unique(mesh.grain[inside])
    assert numbers[0] == len(structure.radii) and len(numbers) == len(structure.domains)
    assert mesh.statistics["structure"]["core_domains"]["fraction"] == pytest.approx(0.2, rel=1e-12)
    plain = build_structure(Scenario.model_validate(scenario.model_dump() | {"core_domains": None}))
    assert np.array_equal(plain.centres, structure.centres)
    assert np.array_equal(build_structure(scenario).domains.grains.centres, structure.domains.grains.centres)


def test_too_many_domains():
    """The message says what could be packed."""
    with pytest.raises(GeometryError, match=r"the core asks for grains on 75.0 % .* highest fraction reachable"):
        build_structure(case(patch(80.0, 40.0), fraction=0.75))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"geometry": {**patch(80.0, 40.0), "dimension": 3}}, "2D patch or particle only"),
        ({"geometry": patch(30.0, 40.0)}, "narrower than 4 core domains"),
        ({"geometry": patch(80.0, 40.0), "mesh": {"backend": "gmsh"}}, "does not mesh core_domains"),
        ({"geometry": patch(80.0, 40.0), "material": "LiF"}, "also a material of the SEI"),
    ],
)
def test_refused(change, text):
    """One sentence before anything is packed."""
    with pytest.raises(ValidationError, match=text):
        case(**change)
