"""Reads fields.vtu back: the fields of each structure on its mesh, ready to be drawn.

Only the form that `seix.analysis.vtu` writes is read. What a map needs to know of the mesh besides its cells (kind, thickness
of the SEI, period, sector) follows from where its regions lie.
"""

from __future__ import annotations

import base64
import math
import struct
import zlib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from ..errors import InputError
from ..geometry.tagged import TaggedMesh
from .fieldset import FIELD_TABLE, NANOMETRE, VTK_ORDERS, CellFields

_NUMPY = {"Float64": "<f8", "Float32": "<f4", "Int64": "<i8", "Int32": "<i4", "UInt8": "u1"}
_SMALL = 1e-6
"""Lengths over the size of a mesh that are rounding."""


def read_vtu(path: Path, kinds: dict[str, str]) -> dict[str, CellFields]:
    """Fields of all structures of a file.

    Parameters
    ----------
    path : Path
    kinds : dict
        Structure -> kind of its geometry, as in its scenario: ``patch``, ``particle`` or ``particles``.

    Returns
    -------
    dict of str to CellFields
        With the values that the file has at the nodes of each region.

    Raises
    ------
    InputError
        If the file cannot be read or is none of seix.
    """
    try:
        arrays = {array.get("Name"): _array(array) for array in ElementTree.parse(path).getroot().iter("DataArray")}
        return {name: _structure(arrays, number, kinds[name]) for number, name in enumerate(arrays["structure_names"])}
    except (OSError, ElementTree.ParseError, KeyError, IndexError, ValueError, struct.error, zlib.error) as error:
        raise InputError(f"{path}: cannot be read as fields of seix: {error}") from None


def _array(element: ElementTree.Element) -> Any:
    """Content of a data array: numbers, or a list of texts."""
    text = (element.text or "").strip()
    if element.get("type") == "String":
        codes = bytes(int(code) for code in text.split())
        return [part.decode() for part in codes.split(b"\0")[:-1]]
    head = base64.b64decode(text[:12])  # the number of blocks, then the header has its length
    blocks = struct.unpack("<Q", head[:8])[0]
    size = 8 * (3 + blocks)
    length = 4 * -(-size // 3)
    lengths = struct.unpack(f"<{3 + blocks}Q", base64.b64decode(text[:length])[:size])[3:]
    data, raw, start = base64.b64decode(text[length:]), [], 0
    for count in lengths:
        raw.append(zlib.decompress(data[start : start + count]))
        start += count
    values = np.frombuffer(b"".join(raw), _NUMPY[element.get("type", "")])
    components = int(element.get("NumberOfComponents") or 1)
    return values.reshape(-1, components) if components > 1 else values


def _structure(arrays: dict[str, Any], number: int, kind: str) -> CellFields:
    rows = np.flatnonzero(arrays["structure"] == number)
    nodes = int(arrays["offsets"][0])
    used, cells = np.unique(arrays["connectivity"].reshape(-1, nodes)[rows], return_inverse=True)
    order = np.empty(nodes, dtype=np.int64)
    order[VTK_ORDERS[nodes]] = np.arange(nodes)
    cells = cells.reshape(-1, nodes)[:, order]
    dim = 2 if nodes == 6 else 3
    points = arrays["Points"][used].astype(float)
    points[:, 0] -= float(arrays["structure_offset"][number])
    # nodes are doubled between regions; neighbours have to share them for the interfaces to be found
    single, place = _merged(points[:, :dim])
    regions = arrays["region"][rows]
    present = sorted(set(regions.tolist()))
    names = [arrays["region_names"][k] for k in present]
    values = {}
    for name, info in FIELD_TABLE.items():
        if name in arrays:
            count = info.components_in(dim)
            whole = arrays[name][used].astype(float)
            values[name] = (whole[:, :count] if count > 1 else whole)[cells]
    tags = {"region": np.searchsorted(present, regions).astype(np.int32), "grain": arrays["grain"][rows],
            "layer": arrays["layer"][rows]}  # fmt: skip
    mesh = _mesh(single / NANOMETRE, place[cells], tags, names, kind)
    return CellFields(mesh, values, float(arrays["current_multiple"][number]))


def _merged(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Different points, and which of them each one is."""
    step = _SMALL * float(np.ptp(points, axis=0).max())
    grid = np.floor((points - points.min(axis=0)) / step + 0.25).astype(np.int64)
    key = grid[:, 0]
    for column in grid.T[1:]:
        key = key * (1 << 21) + column
    _, first, place = np.unique(key, return_index=True, return_inverse=True)
    return points[first], place.ravel()


def _mesh(points: np.ndarray, cells: np.ndarray, tags: dict[str, np.ndarray], names: list[str], kind: str) -> TaggedMesh:
    """Mesh whose measures come from where its regions lie [nm]."""
    sei, solid = tags["layer"] >= 0, np.array([name != "electrolyte" for name in names])[tags["region"]]
    low, high = points.min(axis=0), points.max(axis=0)
    others = sorted({names[k] for k in tags["region"][~sei]} - {"core", "electrolyte", "binder"})
    height = points[:, -1] if kind == "patch" else np.linalg.norm(points, axis=1)
    inner = height[cells[sei]].min()
    outer = height[cells[solid]].max()
    period = sector = None
    if kind == "patch":
        period, core, thickness = float(high[0] - low[0]), float(-low[-1]), float(outer)
    elif kind == "particles":
        # of the size of the core nothing is drawn; the thickness is that of the layers along the box
        period, core = float(high[0]), 0.0
        thickness = float(2.0 * _measure(points, cells, sei) / _surface(points, cells, sei))
    else:
        core, thickness = float(inner), float(outer - inner)
        sector = _sector(points) if points.shape[1] == 2 else None
    depth = float(high[-1] - outer) if kind == "patch" else float(max(height.max() - outer, 0.0))
    mirrors = _mirrors(points) if kind == "particle" and points.shape[1] == 3 else np.empty((0, points.shape[1]))
    return TaggedMesh(points, cells, tags["region"], tags["grain"], tags["layer"], names, kind, period, sector, core, thickness,
                      depth, mirrors=mirrors, core_regions=others)  # fmt: skip


def _measure(points: np.ndarray, cells: np.ndarray, chosen: np.ndarray) -> float:
    from .measures import cell_areas, cell_volumes

    return float((cell_areas if points.shape[1] == 2 else cell_volumes)(points, cells[chosen]).sum())


def _surface(points: np.ndarray, cells: np.ndarray, chosen: np.ndarray) -> float:
    """Length or area of the boundary of some cells, with straight facets."""
    from ..geometry.facets import facets_of

    nodes, owners = facets_of(cells[chosen])
    corners = points[nodes[owners[:, 1] < 0][:, : points.shape[1]]]
    edges = corners[:, 1:] - corners[:, :1]
    if points.shape[1] == 2:
        return float(np.linalg.norm(edges[:, 0], axis=1).sum())
    return 0.5 * float(np.linalg.norm(np.cross(edges[:, 0], edges[:, 1]), axis=1).sum())


def _sector(points: np.ndarray) -> float | None:
    """Angle of a plane particle, from the x axis; None for a whole one."""
    away = np.linalg.norm(points, axis=1) > _SMALL * np.abs(points).max()
    angle = np.mod(np.arctan2(points[away, 1], points[away, 0]) + _SMALL, 2 * math.pi) - _SMALL
    return None if angle.max() > 2 * math.pi - 0.2 and _fills(angle) else float(angle.max())


def _fills(angle: np.ndarray) -> bool:
    """Whether angles go all round: the last one is about as far from a full turn as they are from each other."""
    places = np.unique(np.round(angle, 6))
    return bool(2 * math.pi - places[-1] < 4.0 * np.diff(places).max())


def _mirrors(points: np.ndarray) -> np.ndarray:
    """Normals of the mirror planes of a particle in space: none, the three of an octant, the four of a cone."""
    size = np.abs(points).max()
    if points[:, 2].min() < -_SMALL * size:
        return np.empty((0, 3))
    if points.min() > -_SMALL * size:
        return np.eye(3)
    away = points[:, 2] > 0.5 * size
    half = float(np.arctan((np.abs(points[away, 0]) / points[away, 2]).max()))
    c, s = math.cos(half), math.sin(half)
    return np.array([[c, 0.0, s], [-c, 0.0, s], [0.0, c, s], [0.0, -c, s]])
