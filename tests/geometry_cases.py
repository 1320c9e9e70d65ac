"""Small scenarios for the tests of packing and meshing; lengths are given in nanometres."""

from __future__ import annotations

from seix.scenario import Scenario

NM = 1e-9


def patch(period=60.0, core=20.0, electrolyte=8.0):
    """A flat piece."""
    return {"kind": "patch", "period": period * NM, "core_depth": core * NM, "electrolyte_depth": electrolyte * NM}


def particle(radius=40.0, electrolyte=8.0, sector="full"):
    """A round particle or a sector of one."""
    return {
        "kind": "particle",
        "core_radius": radius * NM,
        "electrolyte_depth": electrolyte * NM,
        "sector": sector,
    }


def grains(diameter=5.0, gap=0.6, spread=0.15):
    """Grain size and spacing."""
    return {"diameter": diameter * NM, "gap": gap * NM, "spread": spread}


def homogeneous(thickness=20.0):
    """No grains."""
    return {"structure": "homogeneous", "thickness": thickness * NM}


def bilayer(thickness=28.0, inner=14.0, fraction=0.2, **sizes):
    """All grains in an inner layer."""
    return {
        "structure": "bilayer",
        "thickness": thickness * NM,
        "inner_thickness": inner * NM,
        "inorganic": {"LiF": 0.6 * fraction, "Li3N": 0.4 * fraction},
        "grains": grains(**sizes),
    }


def multilayer(thickness=24.0, layers=3, fraction=0.25, **sizes):
    """Grains in every layer."""
    return {
        "structure": "multilayer",
        "thickness": thickness * NM,
        "layers": layers,
        "inorganic": {"LiF": 0.6 * fraction, "Li3N": 0.4 * fraction},
        "grains": grains(**sizes),
    }


def one_layer(fraction, thickness=20.0, **sizes):
    """A single layer with one kind of grains."""
    layer = {"thickness": thickness * NM, "phases": {"LiF": fraction}, "grains": grains(**sizes)}
    return {"structure": "layers", "thickness": thickness * NM, "layers": [layer]}


def scenario(geometry, sei, seed=1, **mesh):
    """A scenario of that shape and structure."""
    document = {"title": "test", "seed": seed, "geometry": geometry, "sei": sei, "mesh": mesh}
    return Scenario.model_validate(document)
