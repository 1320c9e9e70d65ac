"""Random small structures for the mesh test: one scenario document for each seed."""

from __future__ import annotations

import math

import numpy as np

NM = 1e-9
PLANE = {"patch": 0.35, "particle": 0.2, "sector": 0.25, "particles": 0.2}
SPACE = {"patch": 0.4, "particle": 0.15, "octant": 0.25, "cone": 0.2}
STRUCTURES = {"bilayer": 0.3, "multilayer": 0.25, "consSEI": 0.2, "layers": 0.25}
FULL = {2: 0.6, 3: 0.36}
"""Fraction of round grains with half their gap around them that is asked at most; hard walls take the rest."""


def case(seed: int) -> dict:
    """A random scenario, small enough to be meshed in a second or a few.

    Parameters
    ----------
    seed : int
        Of the generator that everything is drawn from, the seed of the packing included.

    Returns
    -------
    dict
        As a scenario file holds it, lengths in metres.
    """
    rng = np.random.default_rng(seed)
    dim = 3 if rng.random() < 1.0 / 3.0 else 2
    kind = _choice(rng, PLANE if dim == 2 else SPACE)
    shape = "cellular" if kind != "particles" and rng.random() < 0.35 else "round"
    diameter = float(rng.uniform(2.5, 8.0))
    sei = _sei(rng, dim, kind, shape, diameter)
    document = {
        "title": f"random structure {seed}",
        "seed": int(rng.integers(2**32)),
        "geometry": _geometry(rng, dim, kind, sei, diameter),
        "sei": sei,
        "mesh": _mesh(rng, dim),
    }
    if dim == 2 and kind != "particles":
        _extras(rng, document, kind, shape)
    return document


def polycrystals(seed: int) -> dict:
    """The same in the plane, with one layer or two or three of which some are polycrystals."""
    rng = np.random.default_rng([seed, 2])
    kind = _choice(rng, {"patch": 0.4, "particle": 0.3, "sector": 0.3})
    diameter = float(rng.uniform(2.5, 8.0))
    one = diameter * rng.uniform(2.0, 3.2)
    layers = [_layer(rng, 2, "round", diameter, one) for _ in range(int(rng.integers(1, 4)))]
    for layer in layers[:: int(rng.integers(1, 3))]:
        grains = {"diameter": float(diameter * rng.uniform(0.75, 1.0) * NM), "spread": float(rng.uniform(0.0, 0.3)),
                  "shape": "polycrystal"}  # fmt: skip
        layer.pop("matrix", None)
        layer |= {"phases": _phases(rng, 1.0), "grains": grains}
    sei = {"structure": "layers", "layers": layers, "thickness": math.fsum(layer["thickness"] for layer in layers)}
    geometry, title = _geometry(rng, 2, kind, sei, diameter), f"random polycrystal {seed}"
    return {"title": title, "seed": int(rng.integers(2**32)), "geometry": geometry, "sei": sei, "mesh": _mesh(rng, 2)}


def balls(seed: int) -> dict:
    """The same for two to four particles in space, apart or grown together.

    Denser ones often find no place: none may cross a side, and they keep half the thickness of their SEI apart.
    """
    rng = np.random.default_rng([seed, 3])
    shape = "cellular" if rng.random() < 0.3 else "round"
    diameter = float(rng.uniform(3.0, 6.0))
    radius = float(diameter * rng.uniform(1.3, 1.9) * NM)
    geometry = {"kind": "particles", "dimension": 3, "number": int(rng.integers(2, 5)), "core_radius": radius,
                "spread": float(rng.uniform(0.0, 0.25)), "fraction": float(rng.uniform(0.06, 0.12))}  # fmt: skip
    if shape == "cellular":
        geometry["number"] = 2  # so that the mesh stays small
    elif rng.random() < 0.5:
        geometry |= {"contact": "cores", "number": 2, "core_radius": 1.3 * radius, "neck": float(rng.uniform(0.5, 0.8))}
    sei, mesh = _sei(rng, 3, "particles", shape, diameter), _mesh(rng, 3) | {"growth": float(rng.uniform(1.4, 1.8))}
    title = f"random particles {seed}"
    return {"title": title, "seed": int(rng.integers(2**32)), "geometry": geometry, "sei": sei, "mesh": mesh}


def _extras(rng: np.random.Generator, document: dict, kind: str, shape: str) -> None:
    """Domains in the core, or the other mesher, now and then."""
    geometry, chance = document["geometry"], rng.random()
    if chance < 0.15:
        size = min(0.8 * geometry.get("core_depth", geometry.get("core_radius")), geometry.get("period", math.inf)) / 4.0
        size *= 0.5 if kind == "sector" else 1.0
        document["core_domains"] = {"fraction": 0.2, "diameter": size, "gap": 0.15 * size}
    elif chance < 0.3 and shape == "round":
        document["mesh"]["backend"] = "gmsh"


def _choice(rng: np.random.Generator, weights: dict[str, float]) -> str:
    return str(rng.choice(list(weights), p=list(weights.values())))


def _grains(rng: np.random.Generator, shape: str, diameter: float, dim: int) -> dict:
    """Size, spread and gap; the films of cellular grains in space are not as thin."""
    gap = rng.uniform(0.08, 0.25) if dim == 2 else rng.uniform(0.12, 0.22)
    given = {"diameter": diameter * NM, "spread": float(rng.uniform(0.0, 0.3)), "gap": float(gap * diameter * NM), "shape": shape}
    if shape == "cellular":
        given["rounding"] = float(rng.uniform(0.1, 0.8))
    return given


def _fraction(rng: np.random.Generator, dim: int, grains: dict) -> float:
    """Part of a layer for grains with such gaps, up to about what can be packed."""
    gap = grains["gap"] / grains["diameter"]
    if grains["shape"] == "round":
        return float(rng.uniform(0.3, 1.0) * FULL[dim] / (1.0 + gap) ** dim)
    cells = 0.9 * (1.0 - 0.2 * grains["rounding"]) if dim == 2 else 0.8 * (1.0 - 0.5 * grains["rounding"])
    return float(rng.uniform(0.6, 1.0) * cells * (1.0 - 1.2 * gap) ** dim)


def _phases(rng: np.random.Generator, total: float) -> dict[str, float]:
    """One to three grain materials, an oligomer or a void now and then."""
    names = ["LiF"]
    if rng.random() < 0.6:
        names.append("Li3N")
    if rng.random() < 0.2:
        names.append("oligomer")
    if rng.random() < 0.2:
        names.append("void")
    share = rng.uniform(0.6, 1.4, len(names))
    return {name: float(part) for name, part in zip(names, total * share / share.sum(), strict=True)}


def _sei(rng: np.random.Generator, dim: int, kind: str, shape: str, diameter: float) -> dict:
    structure = _choice(rng, STRUCTURES)
    one = diameter * rng.uniform(2.0, 3.2)  # thickness of a layer with grains
    most = 3 if dim == 2 else 2
    grains = _grains(rng, shape, diameter, dim)
    total = _fraction(rng, dim, grains)
    if structure == "bilayer":
        total *= 1.0 if kind == "patch" or dim == 2 else 0.65  # a curved inner layer has less than its share of the volume
        thickness = one * rng.uniform(1.3, 2.2)
        local = {name: part * one / thickness for name, part in _phases(rng, total).items()}
        sei = {"inner_thickness": one * NM, "thickness": float(thickness * NM), "inorganic": local, "grains": grains}
        if rng.random() < 0.25 and "oligomer" not in local:
            sei["inner_matrix"] = "oligomer"
    elif structure == "multilayer":
        count = int(rng.integers(1, most + 1))
        sei = {"layers": count, "thickness": count * one * NM, "inorganic": _phases(rng, total), "grains": grains}
    elif structure == "consSEI":
        scaled = {"diameter_in_layers": diameter / one, "gap_in_layers": grains["gap"] / (one * NM), "spread": grains["spread"]}
        scaled |= {key: grains[key] for key in ("shape", "rounding") if key in grains}
        sei = {"x": int(rng.integers(1, most + 1)), "layer_thickness": one * NM, "grains": scaled}
        sei["inorganic"] = _phases(rng, total)
    else:
        layers = [_layer(rng, dim, shape, diameter, one) for _ in range(int(rng.integers(1, most + 1)))]
        sei = {"layers": layers, "thickness": math.fsum(layer["thickness"] for layer in layers)}
    return {"structure": structure} | sei


def _layer(rng: np.random.Generator, dim: int, shape: str, diameter: float, one: float) -> dict:
    """A layer of a free list: some without grains, some of another shape than the others."""
    layer: dict = {"thickness": float(one * rng.uniform(0.85, 1.2) * NM)}
    if rng.random() < 0.25:
        return layer | {"matrix": "oligomer"}
    if rng.random() < 0.2:
        shape = "round"
    grains = _grains(rng, shape, float(diameter * rng.uniform(0.75, 1.0)), dim)
    return layer | {"phases": _phases(rng, _fraction(rng, dim, grains)), "grains": grains}


def _geometry(rng: np.random.Generator, dim: int, kind: str, sei: dict, diameter: float) -> dict:
    """Sizes in grain diameters, so that there are some tens of grains, some hundreds at most."""
    depth = {"electrolyte_depth": float(diameter * rng.uniform(0.8, 2.5) * NM)}
    if kind == "patch":
        period = diameter * (rng.uniform(8.0, 16.0) if dim == 2 else rng.uniform(4.8, 6.0))
        core = diameter * rng.uniform(1.5, 5.0)
        return {"kind": "patch", "dimension": dim, "period": period * NM, "core_depth": core * NM} | depth
    if kind == "particles":
        return _particles(rng, sei, diameter)
    low, high = {"particle": (3.0, 8.0), "sector": (8.0, 16.0)}[kind] if dim == 2 else {
        "particle": (1.6, 2.2), "octant": (3.2, 4.2), "cone": (5.0, 7.0)}[kind]  # fmt: skip
    given = {"kind": "particle", "dimension": dim, "core_radius": float(diameter * rng.uniform(low, high) * NM)} | depth
    if kind == "sector":
        given["sector"] = math.radians(rng.uniform(35.0, 180.0))
    elif kind == "cone":
        given["sector"] = math.radians(rng.uniform(30.0, 60.0))
    elif kind == "octant":
        given["sector"] = "octant"
    return given


def _particles(rng: np.random.Generator, sei: dict, diameter: float) -> dict:
    """Two to four cores at random, apart or touching; cores that touch are large enough for the SEI of a third one."""
    given = {"kind": "particles", "number": int(rng.integers(2, 5)), "fraction": float(rng.uniform(0.15, 0.27))}
    radius, spread = diameter * rng.uniform(4.0, 6.0) * NM, float(rng.uniform(0.0, 0.25))
    if rng.random() < 0.5:
        given |= {"contact": "cores", "neck": float(rng.uniform(0.35, 0.6))}
        thickness = sei["thickness"] if "thickness" in sei else sei["x"] * sei["layer_thickness"]
        radius, spread = max(radius, 3.0 * thickness), 0.5 * spread
    return given | {"core_radius": float(radius), "spread": spread}


def _mesh(rng: np.random.Generator, dim: int) -> dict:
    """Resolution."""
    if dim == 3:
        return {"cells_per_diameter": float(rng.uniform(2.2, 3.2)), "cells_per_gap": float(rng.uniform(0.6, 1.0)),
                "cells_per_layer": 2.0}  # fmt: skip
    return {"cells_per_diameter": float(rng.uniform(3.0, 7.0)), "cells_per_gap": float(rng.uniform(0.7, 1.6)),
            "growth": float(rng.uniform(1.2, 1.6))}  # fmt: skip
