"""Writes fields.vtu: quadratic triangles or tetrahedra with all fields, readable by ParaView and pyvista.

meshio writes no field data into this format and cannot name the components of a tensor, hence the few lines
of XML. Format: VTK XML, version 1.0, inline base64 data, zlib-compressed blocks.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray

from ..properties import BINDER
from .fieldset import FIELD_TABLE, VTK_ORDERS, CellFields, side_by_side

CELL_TYPES = {6: 22, 10: 24}
"""VTK's quadratic triangle and quadratic tetrahedron by number of nodes."""
MATRIX = "matrix"
_BLOCK = 1 << 20
_COMPRESSION = 1
"""Of zlib, from 1 to 9: the usual 6 takes four times as long for files a few percent smaller."""
_SAMPLE, _WORTH = 1 << 16, 0.8
"""A block whose first bytes do not shrink to this part is stored as it is: the digits of a field are nearly random."""
_TYPES = {"float64": "Float64", "float32": "Float32", "int64": "Int64", "int32": "Int32", "uint8": "UInt8"}
_SYMMETRIC = ("XX", "YY", "ZZ", "XY", "YZ", "XZ")


def write_vtu(path: Path, structures: Mapping[str, CellFields]) -> None:
    """Write the fields of one or several structures into one file, SI units.

    Several structures lie side by side along x (a tenth of a width apart), so that one colour scale serves
    them all; the shift of each is in the field data `structure_offset`, its number in the cell data
    `structure`. Nodes are doubled across region boundaries, so nothing is averaged across an interface. A
    field is NaN where it does not exist.

    Parameters
    ----------
    path
        File to write.
    structures
        name -> fields; all with the same fields, in the same dimension.

    Raises
    ------
    ValueError
        No structure.
    """
    if not structures:
        raise ValueError("no structure to write")
    pieces = list(structures.values())
    offsets = side_by_side([fields.points for fields in pieces])
    point_data = _point_data(pieces)
    cell_data = _cell_data(pieces)
    points, cells = _geometry(pieces, offsets)
    field_data: dict[str, Any] = {
        "current_multiple": np.array([fields.current_multiple for fields in pieces]),
        "structure_names": list(structures),
        "structure_offset": np.array(offsets),
        "region_names": _region_names(pieces),
        "phase_names": _phase_names(pieces),
    }
    with path.open("w", encoding="ascii", newline="\n") as stream:
        _write(stream, points, cells, point_data, cell_data, field_data)


def _region_names(pieces: list[CellFields]) -> list[str]:
    """Names of the regions of all structures, each once: the index is the cell data `region`."""
    return list(dict.fromkeys(name for fields in pieces for name in fields.region_names))


def _phase_names(pieces: list[CellFields]) -> list[str]:
    """Core, electrolyte, any matrix, then the materials of the grains: `phase` is the index."""
    grains = [
        fields.region_names[k] for fields in pieces for k in np.unique(fields.region[fields.grain >= 0])
    ]
    binder = [name for name in (BINDER,) if any(name in fields.region_names for fields in pieces)]
    return ["core", "electrolyte", MATRIX, *dict.fromkeys(grains), *binder]


def _geometry(pieces: list[CellFields], offsets: list[float]) -> tuple[NDArray[Any], NDArray[Any]]:
    points, cells, start = [], [], 0
    for fields, offset in zip(pieces, offsets, strict=True):
        own = np.zeros((len(fields.nodes.points), 3))
        own[:, : fields.dimension] = fields.nodes.points
        own[:, 0] += offset
        points.append(own)
        cells.append(fields.nodes.cells[:, VTK_ORDERS[fields.cells.shape[1]]] + start)
        start += len(own)
    return np.concatenate(points), np.concatenate(cells).astype(np.int64)


def _point_data(pieces: list[CellFields]) -> dict[str, NDArray[Any]]:
    names = [name for name in FIELD_TABLE if any(name in fields.values for fields in pieces)]
    data = {}
    for name in names:
        parts = []
        for fields in pieces:
            nodes = fields.nodes
            components = FIELD_TABLE[name].components_in(fields.dimension)
            missing = np.full((len(nodes.points), components), np.nan)
            values = nodes.values.get(name, missing).reshape(len(nodes.points), -1)
            if components == 2:
                values = np.column_stack([values, np.zeros(len(values))])
            elif components == 4:
                out_of_plane = np.where(np.isnan(values[:, 0]), np.nan, 0.0)
                values = np.column_stack([values, out_of_plane, out_of_plane])
            parts.append(values)
        data[name] = np.concatenate(parts).astype(np.float32)
    return data


def _cell_data(pieces: list[CellFields]) -> dict[str, NDArray[Any]]:
    names, phases = _region_names(pieces), _phase_names(pieces)
    data: dict[str, list[NDArray[Any]]] = {
        "region": [],
        "phase": [],
        "grain": [],
        "layer": [],
        "structure": [],
    }
    for number, fields in enumerate(pieces):
        data["region"].append(np.array([names.index(name) for name in fields.region_names])[fields.region])
        own = [phases.index(name if name in phases else MATRIX) for name in fields.region_names]
        in_matrix = (fields.layer >= 0) & (fields.grain < 0)
        data["phase"].append(np.where(in_matrix, phases.index(MATRIX), np.array(own)[fields.region]))
        data["grain"].append(fields.grain)
        data["layer"].append(fields.layer)
        data["structure"].append(np.full(len(fields.cells), number))
    return {name: np.concatenate(parts).astype(np.int32) for name, parts in data.items()}


def _write(
    stream: IO[str],
    points: NDArray[Any],
    cells: NDArray[Any],
    point_data: Mapping[str, NDArray[Any]],
    cell_data: Mapping[str, NDArray[Any]],
    field_data: Mapping[str, Any],
) -> None:
    stream.write(
        '<?xml version="1.0"?>\n<VTKFile type="UnstructuredGrid" version="1.0" byte_order="LittleEndian" '
        'header_type="UInt64" compressor="vtkZLibDataCompressor">\n<UnstructuredGrid>\n<FieldData>\n'
    )
    for name, value in field_data.items():
        if isinstance(value, list):
            _string_array(stream, name, value)
        else:
            _array(stream, name, value, tuples=len(value))
    stream.write(
        f'</FieldData>\n<Piece NumberOfPoints="{len(points)}" NumberOfCells="{len(cells)}">\n<PointData>\n'
    )
    for name, array in point_data.items():
        _array(stream, name, array, names=_SYMMETRIC if array.ndim == 2 and array.shape[1] == 6 else ())
    stream.write("</PointData>\n<CellData>\n")
    for name, array in cell_data.items():
        _array(stream, name, array)
    stream.write("</CellData>\n<Points>\n")
    _array(stream, "Points", points)
    stream.write("</Points>\n<Cells>\n")
    _array(stream, "connectivity", cells.ravel())
    _array(stream, "offsets", np.arange(1, len(cells) + 1, dtype=np.int64) * cells.shape[1])
    _array(stream, "types", np.full(len(cells), CELL_TYPES[cells.shape[1]], dtype=np.uint8))
    stream.write("</Cells>\n</Piece>\n</UnstructuredGrid>\n</VTKFile>\n")


def _array(
    stream: IO[str], name: str, array: NDArray[Any], names: tuple[str, ...] = (), tuples: int | None = None
) -> None:
    components = array.shape[1] if array.ndim == 2 else 1
    head = f'<DataArray type="{_TYPES[array.dtype.name]}" Name={quoteattr(name)} format="binary"'
    if array.ndim == 2:
        head += f' NumberOfComponents="{components}"'
    head += "".join(f' ComponentName{number}="{text}"' for number, text in enumerate(names))
    if tuples is not None:
        head += f' NumberOfTuples="{tuples}"'
    stream.write(head + ">\n" + _encode(array) + "\n</DataArray>\n")


def _string_array(stream: IO[str], name: str, texts: list[str]) -> None:
    codes = " ".join(str(code) for text in texts for code in (*text.encode(), 0))
    stream.write(
        f'<DataArray type="String" Name={quoteattr(name)} NumberOfTuples="{len(texts)}" format="ascii">\n'
        f"{codes}\n</DataArray>\n"
    )


def _encode(array: NDArray[Any]) -> str:
    raw = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes()
    blocks = [_deflated(raw[start : start + _BLOCK]) for start in range(0, len(raw), _BLOCK)]
    header = struct.pack(f"<{3 + len(blocks)}Q", len(blocks), _BLOCK, len(raw) % _BLOCK, *map(len, blocks))
    return base64.b64encode(header).decode() + base64.b64encode(b"".join(blocks)).decode()


def _deflated(block: bytes) -> bytes:
    """A stream of zlib, without compression where that gains little."""
    sample = block[:_SAMPLE]
    worth = len(zlib.compress(sample, _COMPRESSION)) < _WORTH * len(sample)
    return zlib.compress(block, _COMPRESSION if worth else 0)
