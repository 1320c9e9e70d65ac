"""From a structure in space to curved second-order tetrahedra with region, grain and layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seix.geometry.gmsh_session import gmsh_session
from seix.geometry.outline import CORE, ELECTROLYTE, binder_regions, region_names
from seix.geometry.volume.domain import Domain
from seix.geometry.volume.hxt import fill
from seix.geometry.volume.improve import improve
from seix.geometry.volume.second_order import second_order
from seix.geometry.volume.sizes import SolidSizes

if TYPE_CHECKING:
    from seix.geometry.layers import Structure
    from seix.input.sections import MeshControl

THRESHOLD = 0.15
"""Quality below which HXT improves cells; its time rises steeply with it."""


def mesh3d(structure: Structure, controls: MeshControl, coarsening: float = 1.0, threshold: float = THRESHOLD) -> dict:
    """Mesh a structure in space.

    Parameters
    ----------
    structure : Structure
        With a `SolidPatchFrame`, a `SolidParticleFrame` or an `AssemblyFrame`.
    controls : MeshControl
        Cells per diameter, gap and layer, growth.
    coarsening : float
        Multiplies all cell sizes.
    threshold : float
        Quality (0 to 1) below which HXT improves cells.

    Returns
    -------
    dict
        `points` (n, 3) [nm]; `cells` (m, 10) in basix order; `region`, `grain`, `layer` (m,) of int32; `curved`, cells
        with an edge on a sphere, and `straightened`, those of them with an edge that had to stay straight.

    Raises
    ------
    GeometryError
        If Gmsh cannot fill the structure.
    """
    sizes = SolidSizes(structure, controls, coarsening)
    with gmsh_session(structure.kind) as gmsh:
        domain = Domain(gmsh, sizes)
        surfaces = domain.surfaces
        points, cells, volume = fill(gmsh, surfaces, threshold)
    points, cells, volume = improve(points, cells, volume, surfaces.node_count)
    region, layer = (table[domain.zone] for table in _labels(structure))
    inner, ready, grain = surfaces.ready_cells(len(points))
    points, cells = np.concatenate([points, inner]), np.concatenate([cells, ready])
    points, cells, curved, straightened = second_order(points, cells, surfaces)
    in_grain = np.concatenate([np.full(len(volume), -1), grain])
    names = region_names(structure)[2:]
    of_phase = np.array([2 + names.index(name) for name in structure.phase_names] + [CORE])
    # the cells around the centre of a particle belong to no grain
    phase, grain_layer = np.append(structure.phase, len(structure.phase_names)), np.append(structure.layer, -1)
    return {
        "points": points,
        "cells": cells,
        "region": np.concatenate([region[volume], of_phase[phase[grain]]]).astype(np.int32),
        "grain": in_grain.astype(np.int32),
        "layer": np.concatenate([layer[volume], grain_layer[grain]]).astype(np.int32),
        "curved": curved,
        "straightened": straightened,
    }


def _labels(structure: Structure) -> tuple[np.ndarray, np.ndarray]:
    """Region and layer of what lies between the walls, from the core outwards."""
    names, binder = region_names(structure), binder_regions(structure)
    shells = [names.index(name) for name in (*(layer.matrix for layer in structure.layers), *binder)]
    region = np.array([CORE, *shells, ELECTROLYTE])
    return region, np.array([-1, *range(len(structure.layers)), *(-1 for _ in binder), -1])
