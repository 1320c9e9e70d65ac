"""The hash that a mesh is known by: everything it depends on, and nothing else."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from typing import TYPE_CHECKING

from seix.geometry.spots import fine_spots

if TYPE_CHECKING:
    from seix.geometry.wanted import WantedSizes
    from seix.scenario import Scenario

GENERATOR = 6
"""Version of packing and meshing: raised whenever either gives other results for the same input."""


def geometry_key(scenario: Scenario, coarsening: float, wanted: WantedSizes | None = None) -> str:
    """Hash (64 hexadecimal digits) of what decides the mesh of a scenario.

    Materials other than the names of the phases, currents, loads and limits have no part in it, so scenarios that differ in
    those share a mesh; of the instruments only a tip on single grains has, which wants small cells below it. `wanted` are the
    sizes that a mesh was adapted to.
    """
    geometry, mesh = scenario.geometry, scenario.mesh
    layers = scenario.sei.resolved_layers()
    grains = any(layer.phases for layer in layers)
    if geometry.kind == "particles":
        shape = ["particles", geometry.model_dump(), scenario.seed if geometry.particles is None else None]
    elif geometry.kind == "patch":
        shape = ["patch", scenario.period, geometry.core_depth, geometry.electrolyte_depth]
    else:
        shape = ["particle", geometry.core_radius, geometry.electrolyte_depth, geometry.sector]
    parts = {
        "generator": GENERATOR,
        # in the plane `auto` and `delaunay` are the own mesher, which needs no Gmsh
        "gmsh": version("gmsh") if geometry.dimension == 3 or mesh.backend == "gmsh" else None,
        "dimension": geometry.dimension,
        "shape": shape,
        "layers": [
            [layer.thickness, layer.matrix, list(layer.phases.items()),
             [layer.grains.diameter, layer.grains.spread, layer.grains.gap, layer.grains.shape, layer.grains.rounding]
             if layer.grains else None]
            for layer in layers
        ],
        # the fractions of a bilayer are those of the whole SEI, which matters where it is curved
        "whole": scenario.sei.structure == "bilayer" and geometry.kind != "patch",
        "seed": scenario.seed if grains else None,
        "cells": [mesh.cells_per_layer, mesh.growth, *([mesh.cells_per_diameter, mesh.cells_per_gap] if grains
        else [])], "coarsening": coarsening,
    }  # fmt: skip
    domains = scenario.core_domains
    if domains is not None:
        sizes = [domains.diameter, domains.spread, domains.gap, mesh.cells_per_diameter, mesh.cells_per_gap]
        parts["core_domains"] = [scenario.seed, domains.material, domains.fraction, *sizes]
    spots = fine_spots(scenario, 1.0)
    if spots is not None:
        parts["spots"] = [spots.places.tolist(), spots.radius, spots.size]
    digest = hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode())
    if wanted is not None:
        for array in (wanted.points, wanted.cells, wanted.sizes):
            digest.update(f"{array.dtype.str} {array.shape}".encode())
            digest.update(array.tobytes())
    return digest.hexdigest()
