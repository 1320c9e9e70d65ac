"""Small meshes of grains in space with made-up fields, for tests of pictures."""

from __future__ import annotations

from functools import cache

import numpy as np

import geometry_cases as cases
from seix.analysis.fieldset import CellFields
from seix.geometry.meshing import TaggedMesh, make_mesh

COARSE = {"cells_per_diameter": 2.5, "cells_per_gap": 0.7, "cells_per_layer": 2}


@cache
def block(period=20.0) -> TaggedMesh:
    """Periodic block of a bilayer with about a dozen grains."""
    return _mesh(cases.patch(period, 8.0, 4.0), cases.bilayer(12.0, 7.0, 0.1, diameter=4.0, gap=0.8))


@cache
def particle(sector="octant", radius=8.0) -> TaggedMesh:
    """Round particle (`full`, `octant`) or cone (its opening angle in radians)."""
    return _mesh(cases.particle(radius, 3.0, sector), cases.bilayer(10.0, 6.0, 0.06, diameter=4.0, gap=0.8))


def solid_fields(mesh: TaggedMesh, multiple: float = 1.0) -> CellFields:
    """Fields that jump between the regions and are quadratic in space on a block."""
    place = mesh.points[mesh.cells]
    x, y, z = np.moveaxis(place, -1, 0)
    height = z if mesh.kind == "patch" else np.linalg.norm(place, axis=-1) - mesh.core_size
    region = mesh.region[:, None]
    core, electrolyte, sei = region == 0, region == 1, mesh.sei_thickness
    solid = np.where(electrolyte, np.nan, 1.0)
    inside = np.where(region >= 3, 1.0 + 0.5 * (height / sei) ** 2, 1.0 + 0.4 * height / sei)
    enhancement = np.where(core, np.nan, np.where(electrolyte, 0.05, inside * np.where(region == 4, 0.4, 1.6)))
    first = np.where(core, -1.2e8, np.where(region >= 3, 3e8 + 5e6 * height, 4e7 + 1e6 * x)) * solid
    down = 0.2 * np.stack([-x, -y, -z], axis=-1) / np.maximum(np.linalg.norm(place, axis=-1, keepdims=True), 1e-9)
    values = {
        "potential": np.where(core, -0.3, 1e-3 * (height - sei)),
        "field_enhancement": multiple * enhancement,
        "current_density": np.stack([0 * x, 0 * y, -0.2 + 0 * z], axis=-1) if mesh.kind == "patch" else down,
        "lithium_concentration": np.where(core, 1.5e5 + 10 * height, np.nan),
        "first_principal_stress": first,
        "von_mises_stress": np.abs(first) * 1.1,
        "hydrostatic_stress": first / 3,
    }
    return CellFields(mesh, values, multiple)


def _mesh(geometry, sei) -> TaggedMesh:
    return make_mesh(cases.scenario(geometry | {"dimension": 3}, sei, **COARSE))
