"""Write a mesh as a Gmsh file: MSH 4.1, binary, second order, in metres.

Written from the arrays rather than by Gmsh, whose scaling factor leaves bounding boxes and the periodic
transform in the old unit. The format is that of the Gmsh reference manual, section "MSH file format".
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from seix.geometry.facets import facet_kinds, facets_of

if TYPE_CHECKING:
    from seix.geometry.meshing import TaggedMesh

TYPES = {3: 8, 6: 9, 10: 11}
"""Nodes -> Gmsh's type of a second-order line, triangle and tetrahedron."""
ORDERS = {6: [0, 1, 2, 5, 3, 4], 10: [0, 1, 2, 3, 9, 6, 8, 7, 4, 5]}
"""Nodes of a cell -> its nodes in Gmsh's order: mid nodes of edges 01, 12, 20, of a tetrahedron then 30, 32, 31."""


def named_facets(mesh: TaggedMesh) -> dict[str, np.ndarray]:
    """Edges (in the plane) or faces (in space) of interfaces and sides by name.

    Parameters
    ----------
    mesh : TaggedMesh

    Returns
    -------
    dict of str to ndarray (k, 3) or (k, 6)
        Vertices and mid nodes of each, in the order of `seix.geometry.facets.FACETS`, which is Gmsh's. The interfaces of
        `facet_kinds`; of a patch `periodic_left`, `periodic_right`, in space `periodic_front`, `periodic_back`, `bottom`,
        `top`; of a particle `outer` and the planes of symmetry `symmetry_0`, ... (of a sector the x axis comes first).
        Names without a facet are left out.
    """
    nodes, owners = facets_of(mesh.cells)
    named = {name: nodes[mask] for name, mask in facet_kinds(mesh, owners).items()}
    outside = nodes[owners[:, 1] < 0]
    # a mid node is inside its edge, so it lies on one side only; in space all mid nodes of a face have to
    middle = mesh.points[outside[:, mesh.points.shape[1] :]]
    masks = _plane_sides(mesh, middle[:, 0]) if mesh.points.shape[1] == 2 else _solid_sides(mesh, middle)
    named |= {name: outside[mask] for name, mask in masks.items()}
    return {name: found for name, found in named.items() if len(found)}


def _plane_sides(mesh: TaggedMesh, middle: np.ndarray) -> dict[str, np.ndarray]:
    """Which boundary edges, given their mid nodes (k, 2), belong to which side."""
    x, y = middle.T
    if mesh.kind == "patch":
        top = mesh.sei_thickness + mesh.electrolyte_depth
        small = 1e-6 * mesh.period
        return {"periodic_left": x < small, "periodic_right": x > mesh.period - small,
                "bottom": y < small - mesh.core_size, "top": y > top - small}  # fmt: skip
    if mesh.kind == "particles":
        small, end = 1e-6 * mesh.period, mesh.period
        return {"periodic_left": x < small, "periodic_right": x > end - small, "bottom": y < small, "top": y > end - small}
    if mesh.sector is None:
        return {"outer": np.ones(len(middle), bool)}
    small = 1e-6 * mesh.core_size
    on_first = (np.abs(y) < small) & (x > 0.0)
    along = np.cos(mesh.sector) * x + np.sin(mesh.sector) * y
    on_second = (np.abs(np.sin(mesh.sector) * x - np.cos(mesh.sector) * y) < small) & (along > 0.0)
    return {"symmetry_0": on_first, "symmetry_1": on_second, "outer": ~on_first & ~on_second}


def _solid_sides(mesh: TaggedMesh, middle: np.ndarray) -> dict[str, np.ndarray]:
    """Which boundary faces, given their mid nodes (k, 3, 3), belong to which side."""
    small = 1e-6 * mesh.core_size

    def on(normal, offset: float = 0.0) -> np.ndarray:
        return (np.abs(middle @ normal - offset) < small).all(axis=1)

    x, y, z = np.eye(3)
    if mesh.kind == "patch":
        return {
            "periodic_left": on(x), "periodic_right": on(x, mesh.period), "periodic_front": on(y),
            "periodic_back": on(y, mesh.period), "bottom": on(z, -mesh.core_size),
            "top": on(z, mesh.sei_thickness + mesh.electrolyte_depth),
        }  # fmt: skip
    if mesh.kind == "particles":
        end = mesh.period
        return {"periodic_left": on(x), "periodic_right": on(x, end), "periodic_front": on(y), "periodic_back": on(y, end),
                "bottom": on(z), "top": on(z, end)}  # fmt: skip
    sides = {f"symmetry_{k}": on(normal) for k, normal in enumerate(mesh.mirrors)}
    return sides | {"outer": ~np.any([*sides.values(), np.zeros(len(middle), bool)], axis=0)}


def write_msh(mesh: TaggedMesh, path: Path, metre: float) -> None:
    """Write a mesh to a `.msh` file.

    Every region and every named set of facets is a physical group. Every grain is an elementary entity whose tag is
    the number of the grain plus one (the two halves of a grain on a periodic side share it); the number of
    the grain is also a view, -1 outside grains.

    Parameters
    ----------
    mesh : TaggedMesh
    path : Path
    metre : float
        Unit of length of the mesh in metres.
    """
    dim = mesh.points.shape[1]
    points = np.zeros((len(mesh.points), 3))
    points[:, :dim] = metre * mesh.points
    facets = named_facets(mesh)
    entity = _entity_tags(mesh)
    order = np.argsort(entity, kind="stable")
    tags, start = np.unique(entity[order], return_index=True)
    cells = mesh.cells[:, ORDERS[mesh.cells.shape[1]]][order]
    groups = np.split(np.arange(len(cells)), start[1:])
    blocks = [(dim - 1, k + 1, nodes) for k, nodes in enumerate(facets.values())]
    blocks += [(dim, int(tag), cells[group]) for tag, group in zip(tags, groups, strict=True)]
    physical = [k + 1 for k in range(len(facets))]
    physical += [int(mesh.region[order[group[0]]]) + 1 for group in groups]
    with open(path, "wb") as file:
        file.write(b"$MeshFormat\n4.1 1 8\n" + np.int32(1).tobytes() + b"\n$EndMeshFormat\n")
        used = {p for p, b in zip(physical, blocks, strict=True) if b[0] == dim}
        _write_names(file, dim, mesh.region_names, list(facets), used)
        _write_entities(file, points, blocks, physical)
        _write_nodes(file, points, dim, tag=int(tags[0]))
        _write_elements(file, blocks)
        count = sum(len(nodes) for nodes in facets.values())
        # a value for the facets too: some readers expect one for every element
        _write_view(file, "grain", np.concatenate([np.full(count, -1.0), mesh.grain[order]]))


def _entity_tags(mesh: TaggedMesh) -> np.ndarray:
    """Elementary entity (m,) of each cell: grains first, then each other piece of a region in a layer."""
    grains = int(mesh.grain.max(initial=-1)) + 1
    pieces = np.column_stack([mesh.region, mesh.layer])
    _, piece = np.unique(pieces, axis=0, return_inverse=True)
    return np.where(mesh.grain >= 0, mesh.grain + 1, grains + 1 + piece.ravel())


def _write_names(file: BinaryIO, dim: int, regions: list[str], facets: list[str], used: set[int]) -> None:
    lines = [f'{dim - 1} {k} "{name}"' for k, name in enumerate(facets, 1)]
    lines += [f'{dim} {k} "{name}"' for k, name in enumerate(regions, 1) if k in used]
    text = "\n".join(["$PhysicalNames", str(len(lines)), *lines, "$EndPhysicalNames", ""])
    file.write(text.encode())


def _write_entities(file: BinaryIO, points: np.ndarray, blocks: list, physical: list[int]) -> None:
    counts = np.bincount([block[0] for block in blocks], minlength=4)
    file.write(b"$Entities\n" + counts.astype(np.uint64).tobytes())
    for (_, tag, nodes), group in zip(blocks, physical, strict=True):
        used = points[nodes.ravel()]
        file.write(np.int32(tag).tobytes() + np.concatenate([used.min(axis=0), used.max(axis=0)]).tobytes())
        file.write(np.uint64(1).tobytes() + np.int32(group).tobytes() + np.uint64(0).tobytes())
    file.write(b"\n$EndEntities\n")


def _write_nodes(file: BinaryIO, points: np.ndarray, dim: int, tag: int) -> None:
    """All nodes on one entity: which one a node is classified on has no meaning here."""
    count = len(points)
    file.write(b"$Nodes\n" + np.array([1, count, 1, count], np.uint64).tobytes())
    file.write(np.array([dim, tag, 0], np.int32).tobytes() + np.uint64(count).tobytes())
    file.write(np.arange(1, count + 1, dtype=np.uint64).tobytes() + points.tobytes() + b"\n$EndNodes\n")


def _write_elements(file: BinaryIO, blocks: list) -> None:
    total = sum(len(block[2]) for block in blocks)
    file.write(b"$Elements\n" + np.array([len(blocks), total, 1, total], np.uint64).tobytes())
    first = 1
    for dimension, tag, nodes in blocks:
        number = np.arange(first, first + len(nodes))
        file.write(np.array([dimension, tag, TYPES[nodes.shape[1]]], np.int32).tobytes() + np.uint64(len(nodes)).tobytes())
        file.write(np.column_stack([number, nodes + 1]).astype(np.uint64).tobytes())
        first += len(nodes)
    file.write(b"\n$EndElements\n")


def _write_view(file: BinaryIO, name: str, values: np.ndarray) -> None:
    file.write(f'$ElementData\n1\n"{name}"\n1\n0\n3\n0\n1\n{len(values)}\n'.encode())
    rows = np.empty(len(values), dtype=[("tag", "<i4"), ("value", "<f8")])
    rows["tag"], rows["value"] = np.arange(1, len(values) + 1), values
    file.write(rows.tobytes() + b"\n$EndElementData\n")
