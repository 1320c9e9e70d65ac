"""Sections of a mesh in space as plane meshes, which are then drawn like results in the plane."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ..geometry.facets import facet_kinds, facets_of
from ..geometry.tagged import TaggedMesh
from .cut import cut, shape, touched
from .fieldset import FIELD_TABLE, CellFields
from .planes import Place, Plane, Shell, standard_places

Array = NDArray[np.float64]

_SHORTEST = 1e-5
"""Length of pieces of an outline that are left out, over the size of the mesh."""


@dataclass(frozen=True)
class Section(CellFields):
    """Fields on a section through a mesh in space.

    The mesh has two dimensions, so that a section is drawn like a result in the plane; vectors keep three components, along the
    section to the right and upwards, and across it towards the viewer.

    Attributes
    ----------
    title
        What is cut, for the picture.
    window
        Half the side of the square that is shown, around the origin of the section; all of it if None [nm].
    lines
        Where the section cuts the interfaces: name as in `interfaces` -> polylines (n, k, 2) [nm].
    """

    title: str = ""
    window: float | None = None
    lines: dict[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        pass  # made from fields that were checked


def section(fields: CellFields, place: Place, names: Iterable[str] = ()) -> Section:
    """Cut fields in space.

    Parameters
    ----------
    fields
        On a mesh in space.
    place
        Where to cut.
    names
        Fields wanted; those that do not exist are left out. At nodes inside a region each is the mean of the cells there, as in
        every picture; nothing is averaged across interfaces.

    Returns
    -------
    Section
    """
    mesh, where = fields.mesh, place.where
    rows, levels, size = crossing(mesh, where)
    cells = mesh.cells[rows]
    pieces = cut(levels[cells], size)
    flat = where.flatten(pieces.at(mesh.points[cells]))
    flat, order = _counter_clockwise(flat)
    whole = _areas(flat) > (1e-7 * size) ** 2
    owner = rows[pieces.owner[whole]]
    count = len(owner)
    plane_mesh = TaggedMesh(
        flat[whole].reshape(-1, 2), np.arange(6 * count).reshape(count, 6), mesh.region[owner], mesh.grain[owner],
        mesh.layer[owner], list(mesh.region_names), place.kind, mesh.period, place.sector, mesh.core_size, mesh.sei_thickness,
        mesh.electrolyte_depth, statistics=mesh.statistics, core_regions=list(mesh.core_regions),
    )  # fmt: skip
    wanted = [name for name in dict.fromkeys(names) if name in fields.values]
    inside = np.take_along_axis(pieces.place, order[:, :, None], axis=1)[whole]
    nodal, weights = smoothed(fields, rows, wanted), shape(inside)
    values = {}
    for name in wanted:
        value = np.einsum("tkn,tn...->tk...", weights, nodal[name][pieces.owner[whole]])
        values[name] = where.turned(value) if FIELD_TABLE[name].components == 2 else value
    curves = interface_curves(mesh, rows, levels, size)
    lines = {name: where.flatten(points) for name, points in curves.items()}
    return Section(plane_mesh, values, fields.current_multiple, place.title, place.window, lines)


def standard_sections(fields: CellFields, names: Iterable[str] = ()) -> list[Section]:
    """The sections of `standard_places`."""
    return [section(fields, place, names) for place in standard_places(fields.mesh)]


def crossing(mesh: TaggedMesh, where: Plane | Shell) -> tuple[NDArray[np.int64], Array, float]:
    """Rows of the cells that a plane or sphere cuts, its level at the nodes of the mesh, and the size of the mesh [nm]."""
    size = max(float(np.ptp(column)) for column in mesh.points.T)
    levels = where.level(mesh.points)
    rows = touched(levels, mesh.cells, size)
    return rows[where.covers(mesh.points[mesh.cells[rows]]).all(axis=1)], levels, size


def interface_curves(
    mesh: TaggedMesh, rows: NDArray[np.int64], levels: Array, size: float, every: bool = False
) -> dict[str, Array]:
    """Curves (n, 3, 3) in which a level cuts the interfaces among some cells [nm].

    Names as in `interfaces`; if `every` is set, also all facets as `every`.
    """
    nodes, owners = facets_of(mesh.cells[rows])
    part = replace(mesh, cells=mesh.cells[rows], region=mesh.region[rows], grain=mesh.grain[rows], layer=mesh.layer[rows])
    kinds = facet_kinds(part, owners) | {"outside": owners[:, 1] < 0}
    if every:
        kinds["every"] = np.ones(len(nodes), dtype=bool)
    curves = {}
    for name, chosen in kinds.items():
        facets = nodes[chosen]
        facets = facets[touched(levels, facets, size)]
        pieces = cut(levels[facets], size)
        points = pieces.at(mesh.points[facets])[:, [0, 2, 1]]
        # pieces without length, where the level passes through a node, would be drawn as dots
        curves[name] = points[np.linalg.norm(points[:, 2] - points[:, 0], axis=1) > _SHORTEST * size]
    return curves


def smoothed(fields: CellFields, rows: NDArray[np.int64], names: Iterable[str]) -> dict[str, Array]:
    """Nodal values on some cells, averaged at nodes inside each region.

    Parameters
    ----------
    fields
        On the whole mesh.
    rows
        Cells wanted.
    names
        Fields wanted.

    Returns
    -------
    dict of (rows, nodes) or (rows, nodes, components) arrays
    """
    mesh = fields.mesh
    mark = np.zeros(len(mesh.points), dtype=np.uint8)
    mark[mesh.cells[rows].ravel()] = 1
    around = np.flatnonzero(mark[mesh.cells] @ np.ones(mesh.cells.shape[1], dtype=np.uint8))
    part = replace(mesh, cells=mesh.cells[around], region=mesh.region[around], grain=mesh.grain[around], layer=mesh.layer[around])
    nodes = CellFields(part, {name: fields.values[name][around] for name in names}, fields.current_multiple).nodes
    wanted = nodes.cells[np.searchsorted(around, rows)]
    return {name: values[wanted] for name, values in nodes.values.items()}


def _counter_clockwise(triangles: Array) -> tuple[Array, NDArray[np.int64]]:
    """Six-node triangles (t, 6, 2) with positive areas, and the order (t, 6) of their nodes."""
    a, b, c = (triangles[:, k] for k in range(3))
    turned = (b - a)[:, 0] * (c - a)[:, 1] < (b - a)[:, 1] * (c - a)[:, 0]
    order = np.where(turned[:, None], [0, 2, 1, 3, 5, 4], np.arange(6))
    return np.take_along_axis(triangles, order[:, :, None], axis=1), order


def _areas(triangles: Array) -> Array:
    a, b, c = (triangles[:, k] for k in range(3))
    return 0.5 * ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])
