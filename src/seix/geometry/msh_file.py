"""Write a mesh as a Gmsh file: MSH 4.1, binary, second order, in metres.

Written from the arrays rather than by Gmsh, whose scaling factor leaves bounding boxes and the periodic
transform in the old unit. The format is that of the Gmsh reference manual, section "MSH file format".
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from seix.geometry.quality import EDGES

if TYPE_CHECKING:
    from seix.geometry.meshing import TaggedMesh

LINE, TRIANGLE = 8, 9
"""Gmsh types of the three-node line and the six-node triangle."""


def named_edges(mesh: TaggedMesh) -> dict[str, np.ndarray]:
    """Edges of interfaces and sides by name.

    Parameters
    ----------
    mesh : TaggedMesh

    Returns
    -------
    dict of str to ndarray (k, 3)
        Two ends and the mid node of each edge. `core|sei`, `sei|electrolyte`, `layer|layer`, `grain|matrix`;
        of a patch `periodic_left`, `periodic_right`, `bottom`, `top`; of a particle `outer` and, of a sector,
        `symmetry_0` on the x axis and `symmetry_1`. Names without an edge are left out.
    """
    cells = mesh.cells
    edges = np.concatenate([cells[:, [a, b, 3 + k]] for k, (a, b) in enumerate(EDGES)])
    _, first, number = np.unique(edges[:, 2], return_index=True, return_counts=True)
    # sorted by mid node, the two cells of an inner edge follow each other
    owner = np.tile(np.arange(len(cells)), 3)[np.argsort(edges[:, 2], kind="stable")]
    start = np.concatenate([[0], np.cumsum(number)[:-1]])
    inner = number == 2
    one, two = owner[start[inner]], owner[start[inner] + 1]
    outer_edges, inner_edges = edges[first[~inner]], edges[first[inner]]
    sei = mesh.layer >= 0
    in_grain = mesh.grain >= 0
    masks = {
        "core|sei": (sei[one] != sei[two]) & ((mesh.region[one] == 0) | (mesh.region[two] == 0)),
        "sei|electrolyte": (sei[one] != sei[two]) & (mesh.region[one] != 0) & (mesh.region[two] != 0),
        "layer|layer": sei[one] & sei[two] & (mesh.layer[one] != mesh.layer[two]),
        "grain|matrix": in_grain[one] != in_grain[two],
    }
    named = {name: inner_edges[mask] for name, mask in masks.items()}
    named |= {name: outer_edges[mask] for name, mask in _boundary_masks(mesh, mesh.points[outer_edges[:, 2]]).items()}
    return {name: found for name, found in named.items() if len(found)}


def _boundary_masks(mesh: TaggedMesh, middle: np.ndarray) -> dict[str, np.ndarray]:
    """Which boundary edges, given their mid nodes, belong to which side."""
    x, y = middle.T
    if mesh.kind == "patch":
        top = mesh.sei_thickness + mesh.electrolyte_depth
        small = 1e-6 * mesh.period
        return {"periodic_left": x < small, "periodic_right": x > mesh.period - small,
                "bottom": y < small - mesh.core_size, "top": y > top - small}  # fmt: skip
    if mesh.sector is None:
        return {"outer": np.ones(len(middle), bool)}
    small = 1e-6 * mesh.core_size
    on_first = (np.abs(y) < small) & (x > 0.0)
    along = np.cos(mesh.sector) * x + np.sin(mesh.sector) * y
    on_second = (np.abs(np.sin(mesh.sector) * x - np.cos(mesh.sector) * y) < small) & (along > 0.0)
    return {"symmetry_0": on_first, "symmetry_1": on_second, "outer": ~on_first & ~on_second}


def write_msh(mesh: TaggedMesh, path: Path, metre: float) -> None:
    """Write a mesh to a `.msh` file.

    Every region and every named curve is a physical group. Every grain is an elementary entity whose tag is
    the number of the grain plus one (the two halves of a grain on a periodic side share it); the number of
    the grain is also a view, -1 outside grains.

    Parameters
    ----------
    mesh : TaggedMesh
    path : Path
    metre : float
        Unit of length of the mesh in metres.
    """
    points = np.zeros((len(mesh.points), 3))
    points[:, :2] = metre * mesh.points
    curves = named_edges(mesh)
    surface = _surface_tags(mesh)
    order = np.argsort(surface, kind="stable")
    tags, start = np.unique(surface[order], return_index=True)
    # Gmsh lists the mid nodes of edges 01, 12, 20
    cells = mesh.cells[:, [0, 1, 2, 5, 3, 4]][order]
    groups = np.split(np.arange(len(cells)), start[1:])
    blocks = [(1, k + 1, LINE, edges) for k, edges in enumerate(curves.values())]
    blocks += [(2, int(tag), TRIANGLE, cells[group]) for tag, group in zip(tags, groups, strict=True)]
    physical = [k + 1 for k in range(len(curves))]
    physical += [int(mesh.region[order[group[0]]]) + 1 for group in groups]
    with open(path, "wb") as file:
        file.write(b"$MeshFormat\n4.1 1 8\n" + np.int32(1).tobytes() + b"\n$EndMeshFormat\n")
        _write_names(
            file,
            mesh.region_names,
            list(curves),
            {p for p, b in zip(physical, blocks, strict=True) if b[0] == 2},
        )
        _write_entities(file, points, blocks, physical, len(curves))
        _write_nodes(file, points, tag=int(tags[0]))
        _write_elements(file, blocks)
        lines = sum(len(edges) for edges in curves.values())
        # a value for the lines too: some readers expect one for every element
        _write_view(file, "grain", np.concatenate([np.full(lines, -1.0), mesh.grain[order]]))


def _surface_tags(mesh: TaggedMesh) -> np.ndarray:
    """Elementary entity (m,) of each cell: grains first, then each other piece of a region in a layer."""
    grains = int(mesh.grain.max(initial=-1)) + 1
    pieces = np.column_stack([mesh.region, mesh.layer])
    _, piece = np.unique(pieces, axis=0, return_inverse=True)
    return np.where(mesh.grain >= 0, mesh.grain + 1, grains + 1 + piece.ravel())


def _write_names(file: BinaryIO, regions: list[str], curves: list[str], used: set[int]) -> None:
    lines = [f'1 {k} "{name}"' for k, name in enumerate(curves, 1)]
    lines += [f'2 {k} "{name}"' for k, name in enumerate(regions, 1) if k in used]
    text = "\n".join(["$PhysicalNames", str(len(lines)), *lines, "$EndPhysicalNames", ""])
    file.write(text.encode())


def _write_entities(file: BinaryIO, points: np.ndarray, blocks: list, physical: list[int], curves: int) -> None:
    file.write(b"$Entities\n" + np.array([0, curves, len(blocks) - curves, 0], np.uint64).tobytes())
    for (_, tag, _, nodes), group in zip(blocks, physical, strict=True):
        used = points[nodes.ravel()]
        file.write(np.int32(tag).tobytes() + np.concatenate([used.min(axis=0), used.max(axis=0)]).tobytes())
        file.write(np.uint64(1).tobytes() + np.int32(group).tobytes() + np.uint64(0).tobytes())
    file.write(b"\n$EndEntities\n")


def _write_nodes(file: BinaryIO, points: np.ndarray, tag: int) -> None:
    """All nodes on one surface: which entity a node is classified on has no meaning here."""
    count = len(points)
    file.write(b"$Nodes\n" + np.array([1, count, 1, count], np.uint64).tobytes())
    file.write(np.array([2, tag, 0], np.int32).tobytes() + np.uint64(count).tobytes())
    file.write(np.arange(1, count + 1, dtype=np.uint64).tobytes() + points.tobytes() + b"\n$EndNodes\n")


def _write_elements(file: BinaryIO, blocks: list) -> None:
    total = sum(len(block[3]) for block in blocks)
    file.write(b"$Elements\n" + np.array([len(blocks), total, 1, total], np.uint64).tobytes())
    first = 1
    for dimension, tag, kind, nodes in blocks:
        number = np.arange(first, first + len(nodes))
        file.write(np.array([dimension, tag, kind], np.int32).tobytes() + np.uint64(len(nodes)).tobytes())
        file.write(np.column_stack([number, nodes + 1]).astype(np.uint64).tobytes())
        first += len(nodes)
    file.write(b"\n$EndElements\n")


def _write_view(file: BinaryIO, name: str, values: np.ndarray) -> None:
    file.write(f'$ElementData\n1\n"{name}"\n1\n0\n3\n0\n1\n{len(values)}\n'.encode())
    rows = np.empty(len(values), dtype=[("tag", "<i4"), ("value", "<f8")])
    rows["tag"], rows["value"] = np.arange(1, len(values) + 1), values
    file.write(rows.tobytes() + b"\n$EndElementData\n")
