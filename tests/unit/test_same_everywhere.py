"""The same seed gives the same structure on every machine and in every version: digests kept here.

What is hashed is rounded to 1e-9 nm. The logarithms and exponentials behind the diameters, and the products of matrices and
vectors at mirror planes, end in different last bits with different libraries and processors. Packing such radii moves the
centres by some 1e-13 nm: far below the rounding, which in turn is far below what any other change of the packing does.
Corners of cells are left out: a boundary as short as that may have them or not.

A digest that changes is a change of all meshes: raise `GENERATOR` in `seix.geometry.key`, and say so in the changelog.
"""

import hashlib

import numpy as np
import pytest

from geometry_cases import NM, bilayer, one_layer, particle, patch, scenario
from seix.geometry.layers import build_structure

ROUNDING = 1e-9


def layer(shape, fractions, thickness, **sizes):
    """One layer of grains that are not round."""
    one = {"thickness": thickness * NM, "phases": fractions, "grains": {**sizes, "shape": shape}}
    return {"structure": "layers", "thickness": thickness * NM, "layers": [one]}


TOUCHING = {
    "kind": "particles", "box": 120 * NM,
    "particles": [{"centre": [40 * NM, 45 * NM], "core_radius": 20 * NM}, {"centre": [70 * NM, 60 * NM], "core_radius": 22 * NM}],
}  # fmt: skip

CASES = {
    "round grains of a patch": scenario(patch(), bilayer(), seed=1),
    "spheres of a patch": scenario({**patch(20, 8, 4), "dimension": 3}, one_layer(0.2, 8, diameter=3, gap=0.4), seed=2),
    "spheres of an octant": scenario({**particle(12, 4, "octant"), "dimension": 3}, one_layer(0.2, 7, diameter=3.6), seed=3),
    "touching particles": scenario(TOUCHING, one_layer(0.3, 10), seed=4),
    "cellular grains": scenario(
        patch(40), layer("cellular", {"LiF": 0.5, "Li3N": 0.2}, 14, diameter=5 * NM, gap=0.4 * NM), seed=5
    ),
    "a polycrystal": scenario(patch(40), layer("polycrystal", {"LiF": 0.75, "Li3N": 0.25}, 12, diameter=5 * NM), seed=6),
}
DIGESTS = {
    "round grains of a patch": "f5eeb374ad8c9f5b306f",
    "spheres of a patch": "de719ae11b52de1ce19c",
    "spheres of an octant": "14d1b84e21392c43ef8b",
    "touching particles": "f906bb506c55ea680482",
    "cellular grains": "4ab8bdf43d244c656728",
    "a polycrystal": "d7e68dfa6e0bf0e42c8b",
}


def digest(structure):
    """Hash of the places, sizes, materials and sides of all grains."""
    numbers = np.column_stack([structure.centres, structure.radii])
    whole = np.rint(numbers / ROUNDING).astype(np.int64)
    labels = np.column_stack([structure.phase, structure.layer, structure.side]).astype(np.int64)
    return hashlib.sha256(np.ascontiguousarray(np.column_stack([whole, labels])).tobytes()).hexdigest()[:20]


@pytest.mark.parametrize("name", CASES)
def test_digest_of_the_grains(name):
    structure = build_structure(CASES[name])
    assert len(structure.radii) > 10
    assert digest(structure) == DIGESTS[name]


def test_rounding_covers_last_bits(monkeypatch):
    import seix.geometry.grains as module

    name, drawn = "round grains of a patch", module._draw_radii
    monkeypatch.setattr(module, "_draw_radii", lambda *given: np.nextafter(drawn(*given), 0.0))
    assert digest(build_structure(CASES[name])) == DIGESTS[name]
