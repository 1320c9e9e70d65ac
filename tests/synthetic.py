"""Made-up results on a small mesh, for tests of the output."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import numpy as np

from seix.analysis.fieldset import FIELD_TABLE, CellFields
from seix.analysis.quantity import Quantity
from seix.analysis.results import CaseResult, StructureResult
from support import second_order

NAMES = ["core", "electrolyte", "organic_polymer", "LiF"]
CORE, SEI, ELECTROLYTE = 6.0, 8.0, 4.0


@dataclass
class Mesh:
    """What the output needs of a mesh with tags."""

    points: np.ndarray
    cells: np.ndarray
    region: np.ndarray
    grain: np.ndarray
    layer: np.ndarray
    region_names: list
    kind: str = "patch"
    period: float | None = 20.0
    sector: float | None = None
    core_size: float = CORE
    sei_thickness: float = SEI
    electrolyte_depth: float = ELECTROLYTE
    statistics: dict = field(default_factory=dict)
    key: str = "0123"
    core_regions: list[str] = field(default_factory=list)


def patch(period: float = 20.0, columns: int = 10) -> Mesh:
    """Flat SEI of 8 nm with square grains of 2 nm x 2 nm, cells of about 2 nm x 1 nm."""
    heights = np.arange(-CORE, SEI + ELECTROLYTE + 0.5)
    x = np.linspace(0.0, period, columns + 1)
    points = np.array([(a, b) for b in heights for a in x])
    i, j = (a.ravel() for a in np.meshgrid(np.arange(columns), np.arange(len(heights) - 1)))
    corner = j * (columns + 1) + i
    up = columns + 1
    triangles = np.concatenate(
        [
            np.column_stack([corner, corner + 1, corner + up + 1]),
            np.column_stack([corner, corner + up + 1, corner + up]),
        ]
    )
    column, low = np.tile(i, 2), np.tile(heights[j], 2)
    points, cells = second_order(points, triangles)
    in_sei = (low >= 0) & (low < SEI)
    grain = np.where(in_sei & (column % 3 == 1) & (low >= 3) & (low < 5), column // 3, -1)
    region = np.where(low < 0, 0, np.where(low >= SEI, 1, np.where(grain >= 0, 3, 2)))
    layer = np.where(in_sei, np.where(low < 4, 0, 1), -1)
    return Mesh(points, cells, *(a.astype(np.int32) for a in (region, grain, layer)), NAMES, period=period)


def particle(radius: float = 20.0, sector: float | None = None) -> Mesh:
    """The patch bent around a core; the core is a ring, which the output does not mind."""
    flat = patch(2 * np.pi if sector is None else sector, columns=60 if sector is None else 20)
    angle, height = flat.points.T
    points = (radius + height)[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    cells = flat.cells[:, [0, 2, 1, 3, 5, 4]]  # bending turns the cells over
    return replace(
        flat, points=points, cells=cells, kind="particle", period=None, sector=sector, core_size=radius
    )


def fields(mesh: Mesh, multiple: float = 1.0) -> CellFields:
    """Fields that jump between the regions."""
    x, y = np.moveaxis(mesh.points[mesh.cells], -1, 0)
    region = mesh.region[:, None]
    solid = np.where(region == 1, np.nan, 1.0)
    enhancement = np.where(region == 0, np.nan, multiple * np.where(region == 3, 2.0, 1.0 + 0.01 * np.sin(x)))
    stress = (
        np.stack([1e8 * (region + 1) + 1e6 * y, 1e7 + 0 * y, 2e7 + 0 * y, 3e6 * x], axis=-1)
        * solid[..., None]
    )
    values = {
        "potential": 1e-3 * y - np.where(region == 0, 0.2, 0.0),
        "field_enhancement": enhancement,
        "electric_field": np.stack([0 * y, -1e6 - 1e4 * y], axis=-1),
        "current_density": np.stack([0.02 * np.cos(x), -0.2 + 0 * y], axis=-1),
        "lithium_concentration": np.where(region == 0, 1.5e5 + 10 * y, np.nan),
        "displacement": np.stack([1e-11 * x, 1e-11 * y], axis=-1) * solid[..., None],
        "stress": stress,
        "von_mises_stress": stress[..., 0],
        "hydrostatic_stress": stress[..., :3].mean(axis=-1),
        "first_principal_stress": stress[..., 0] - 1.5e8 * solid,
    }
    assert set(values) == set(FIELD_TABLE)
    return CellFields(mesh, values, multiple)


def quantities(multiple: float, factor: float = 1.0) -> dict[str, Quantity]:
    """A few numbers; `factor` makes structures differ."""
    return {
        "field_enhancement.mean": Quantity(1.1 * multiple, "1", 0.001, "two_mesh"),
        "field_enhancement.p99": Quantity(3.0 * factor * multiple, "1", 0.02, "two_mesh"),
        "field_enhancement.p999": Quantity(5.0 * factor * multiple, "1", 0.1 * factor * multiple, "two_mesh"),
        "field_enhancement.max": Quantity(9.0 * multiple, "1", None, "not converged"),
        "reference_field": Quantity(2e6, "V/m", 0.0, "two_mesh"),
        "stress.first_principal.p999.LiF": Quantity(3e8 * factor, "Pa", 4e6, "two_mesh"),
        "stress.first_principal.p999.organic_polymer": Quantity(1e8, "Pa", 1e6, "two_mesh"),
        "sei.area_resistance": Quantity(0.4 * factor, "ohm m2", 1e-3, "two_mesh"),
        "potential.drop": Quantity(0.08 * factor * multiple, "V", 1e-4, "two_mesh"),
        "sei.inorganic_fraction": Quantity(0.28, "1", 0.0, "two_mesh"),
        "current.imbalance": Quantity(1e-12, "1", None, "algebraic"),
    }


def result(
    name: str = "bilayer", mesh: Mesh | None = None, multiples=(1.0, 2.0), factor: float = 1.0
) -> StructureResult:
    """One structure at some currents."""
    mesh = patch() if mesh is None else mesh
    material = {
        "name": "LiF",
        "title": "Lithium fluoride",
        "kind": "inorganic",
        "properties": {
            "conductivity": {
                "value": 1e-11,
                "unit": "S/m",
                "low": 1e-13,
                "high": 1e-9,
                "source": "A <b>book</b> & more",
                "confidence": "GL",
                "note": "",
            }
        },
    }
    return StructureResult(
        name,
        mesh,
        [CaseResult(m, quantities(m, factor), 3, [1.0, 1e-4, 1e-12]) for m in multiples],
        fields(mesh, multiples[-1]),
        statistics={
            "structure": {
                "sei": {
                    "asked_fraction": 0.28,
                    "fraction": 0.2801,
                    "grains": 4.0,
                    "diameter": {"mean": 2e-9, "std": 1e-10},
                    "gap": {"min": 5e-10},
                },
                "layers": [{"thickness": 4e-9, "fraction": 0.3, "asked_fraction": 0.3}],
            },
            "mesh": {"cells": len(mesh.cells), "fractions": {"LiF": 0.28}, "layers": [{"LiF": 0.3}]},
        },
        warnings=["the strain is large"],
        numerics={"unknowns": 123, "cells": len(mesh.cells)},
        materials=[material],
        seed=1,
    )


def study(names=("bilayer",), title: str = "A study"):
    """Stand-in for a validated scenario file."""
    return SimpleNamespace(
        name="example",
        title=title,
        hash="f" * 64,
        members={name: SimpleNamespace(description=f"about {name}") for name in names},
        documents={"example.yaml": "title: A <study>\nseed: 1\n"},
        merged={name: {"seed": 1} for name in names},
    )
