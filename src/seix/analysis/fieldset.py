"""Fields on the cells of one mesh, and their form for pictures and files.

Fields live on cells (six nodal values for each triangle, ten for each tetrahedron), so a jump across an
interface survives. For a file or a picture the values are averaged at the nodes *inside* each region only:
nodes are doubled on region boundaries and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .measures import cell_areas, cell_volumes

if TYPE_CHECKING:
    from ..geometry.meshing import TaggedMesh

Array = NDArray[np.float64]

NANOMETRE = 1e-9
#: basix order of a second-order triangle -> VTK order (mid nodes on edges (0,1), (1,2), (2,0))
VTK_ORDER = np.array([0, 1, 2, 5, 3, 4])
#: nodes of a cell -> the nodes in VTK order; a tetrahedron has mid nodes on edges (0,1), (1,2), (2,0), (0,3), (1,3), (2,3)
VTK_ORDERS = {6: VTK_ORDER, 10: np.array([0, 1, 2, 3, 9, 6, 8, 7, 5, 4])}
#: axes of the listed stress components by dimension
STRESS_COMPONENTS = {2: ("xx", "yy", "zz", "xy"), 3: ("xx", "yy", "zz", "xy", "yz", "xz")}
#: the four straight triangles between the six nodes (basix order), all with the orientation of the cell
SUBTRIANGLES = np.array([[0, 5, 4], [5, 1, 3], [4, 3, 2], [5, 3, 4]])


@dataclass(frozen=True)
class FieldInfo:
    """Name, symbol (mathtext), unit, meaning, number of components in two dimensions and domain of one field."""

    name: str
    symbol: str
    unit: str
    description: str
    components: int
    domain: str

    def components_in(self, dimension: int) -> int:
        """Number of components in two or three dimensions."""
        return self.components if dimension == 2 else {1: 1, 2: 3, 4: 6}[self.components]


FIELD_TABLE: dict[str, FieldInfo] = {
    info.name: info
    for info in (
        FieldInfo(
            "potential",
            r"$\phi$",
            "V",
            "electric potential: of the ions in SEI and electrolyte, of the electrons in the core",
            1,
            "everywhere",
        ),
        FieldInfo(
            "electric_field",
            r"$\mathbf{E}$",
            "V/m",
            "electric field, minus the gradient of the potential",
            2,
            "everywhere",
        ),
        FieldInfo(
            "field_enhancement",
            r"$E/E_0$",
            "1",
            "magnitude of the electric field over the reference field",
            1,
            "SEI and electrolyte",
        ),
        FieldInfo("current_density", r"$\mathbf{i}$", "A/m2", "current density", 2, "everywhere"),
        FieldInfo("lithium_concentration", r"$c$", "mol/m3", "lithium concentration", 1, "core"),
        FieldInfo("displacement", r"$\mathbf{u}$", "m", "displacement", 2, "core and SEI"),
        FieldInfo("stress", r"$\sigma$", "Pa", "Cauchy stress: xx, yy, zz, xy; in space also yz, xz", 4, "core and SEI"),
        FieldInfo("von_mises_stress", r"$\sigma_\mathrm{vM}$", "Pa", "von Mises stress", 1, "core and SEI"),
        FieldInfo(
            "hydrostatic_stress",
            r"$\sigma_\mathrm{h}$",
            "Pa",
            "hydrostatic stress, a third of the trace, tension positive",
            1,
            "core and SEI",
        ),
        FieldInfo(
            "first_principal_stress",
            r"$\sigma_1$",
            "Pa",
            "largest principal stress, tension positive",
            1,
            "core and SEI",
        ),
    )
}


@dataclass(frozen=True)
class RegionNodes:
    """Mesh with nodes doubled across region boundaries.

    Attributes
    ----------
    points
        (k, dimension) [m].
    cells
        (m, 6) or (m, 10) basix order, into `points`.
    region
        (k,) region of each node.
    values
        name -> (k,) or (k, components), SI; NaN where the field does not exist.
    """

    points: Array
    cells: NDArray[np.int64]
    region: NDArray[np.int32]
    values: dict[str, Array]

    @cached_property
    def triangles(self) -> NDArray[np.int64]:
        """(4 m, 3) straight triangles, four for each cell of a plane mesh in a row."""
        return self.cells[:, SUBTRIANGLES].reshape(-1, 3)


@dataclass(frozen=True)
class CellFields:
    """Nodal values of the fields on each cell of a mesh at one current.

    Attributes
    ----------
    mesh
        Mesh with tags, in nanometres.
    values
        name of `FIELD_TABLE` -> (m, nodes) or (m, nodes, components) float64, SI, NaN where the field does not exist.
    current_multiple
        I/I0 [-].

    Raises
    ------
    ValueError
        A field that `FIELD_TABLE` does not know, a wrong shape, or an infinite value.
    """

    mesh: TaggedMesh
    values: dict[str, Array]
    current_multiple: float = 1.0

    def __post_init__(self) -> None:
        for name, array in self.values.items():
            if name not in FIELD_TABLE:
                raise ValueError(f"unknown field {name!r}; known: {', '.join(FIELD_TABLE)}")
            components = FIELD_TABLE[name].components_in(self.dimension)
            shape = self.cells.shape if components == 1 else (*self.cells.shape, components)
            if array.shape != shape:
                raise ValueError(f"field {name!r} has shape {array.shape}, expected {shape}")
            if np.isinf(array).any():
                raise ValueError(f"field {name!r} has infinite values")

    @property
    def dimension(self) -> int:
        """2 or 3."""
        return self.mesh.points.shape[1]

    @cached_property
    def points(self) -> Array:
        """(n, dimension) node coordinates [m]."""
        return np.asarray(self.mesh.points, dtype=np.float64) * NANOMETRE

    @property
    def cells(self) -> NDArray[np.int64]:
        """(m, 6) second-order triangles or (m, 10) tetrahedra in basix order."""
        return self.mesh.cells

    @property
    def region(self) -> NDArray[np.int32]:
        """(m,) index into `region_names`."""
        return self.mesh.region

    @property
    def grain(self) -> NDArray[np.int32]:
        """(m,) grain number, -1 outside the grains."""
        return self.mesh.grain

    @property
    def layer(self) -> NDArray[np.int32]:
        """(m,) SEI layer, -1 outside the SEI."""
        return self.mesh.layer

    @property
    def region_names(self) -> list[str]:
        """Core, electrolyte, then the materials of the SEI."""
        return list(self.mesh.region_names)

    @cached_property
    def areas(self) -> Array:
        """(m,) exact areas [m2] or volumes [m3] of the curved cells."""
        return (cell_areas if self.dimension == 2 else cell_volumes)(self.points, self.cells)

    @cached_property
    def nodes(self) -> RegionNodes:
        """`region_nodes()`, computed once."""
        return self.region_nodes()

    def only(self, *names: str) -> CellFields:
        """These with some of the fields only, and with what was computed from them."""
        part = replace(self, values={name: self.values[name] for name in names if name in self.values})
        known = {name: self.__dict__[name] for name in ("nodes", "areas", "points") if name in self.__dict__}
        if "nodes" in known:
            known["nodes"] = replace(known["nodes"], values={name: known["nodes"].values[name] for name in part.values})
        part.__dict__.update(known)
        return part

    def region_nodes(self) -> RegionNodes:
        """Double the nodes across region boundaries and average each field inside its region.

        The average at a node weighs each adjoining cell of the same region with its area or volume; cells on which a
        field does not exist take no part in it.
        """
        count = len(self.region_names)
        keys = self.cells * count + self.region[:, None].astype(np.int64)
        unique, inverse = np.unique(keys, return_inverse=True)
        inverse = inverse.reshape(self.cells.shape)
        flat = inverse.ravel()
        weights = np.repeat(self.areas, self.cells.shape[1])
        size = len(unique)

        def average(values: Array) -> Array:
            exists = np.isfinite(values)
            total = np.bincount(flat, np.where(exists, values, 0.0) * weights, size)
            weight = np.bincount(flat, exists * weights, size)
            return np.divide(total, weight, out=np.full(size, np.nan), where=weight > 0)

        averaged = {}
        for name, array in self.values.items():
            columns = array.reshape(flat.size, -1)
            parts = [average(columns[:, k]) for k in range(columns.shape[1])]
            averaged[name] = parts[0] if array.ndim == 2 else np.stack(parts, axis=1)
        return RegionNodes(self.points[unique // count], inverse, (unique % count).astype(np.int32), averaged)


def side_by_side(point_sets: Sequence[Array]) -> list[float]:
    """Shifts along x that put meshes beside each other, a tenth of a width apart; the first stays."""
    shifts: list[float] = []
    edge = 0.0
    for points in point_sets:
        low, high = float(points[:, 0].min()), float(points[:, 0].max())
        shifts.append(edge + 0.1 * (high - low) - low if shifts else 0.0)
        edge = high + shifts[-1]
    return shifts


def weighted_quantile(values: Array, weights: Array, fraction: float) -> float:
    """Smallest value below which at least `fraction` of the weight lies (NaN are left out).

    Raises
    ------
    ValueError
        No finite value.
    """
    return weighted_quantiles(values, weights, [fraction])[0]


def weighted_quantiles(values: Array, weights: Array, fractions: Sequence[float]) -> list[float]:
    """As `weighted_quantile` for several fractions."""
    finite = np.isfinite(values)
    if not finite.any():
        raise ValueError("no finite value to take a quantile of")
    values, weights = values[finite], weights[finite]
    order = np.argsort(values)
    cumulative = np.cumsum(weights[order])
    index = np.searchsorted(cumulative, np.asarray(fractions) * cumulative[-1])
    return values[order[np.minimum(index, len(order) - 1)]].tolist()
