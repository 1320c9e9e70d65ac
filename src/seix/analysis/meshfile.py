"""Puts mesh.msh into a result folder."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ..geometry.msh_file import write_msh
from .fieldset import NANOMETRE, VTK_ORDERS, side_by_side
from .interfaces import interfaces
from .results import StructureResult


def copy_mesh(made: Path, mesh, path: Path) -> None:
    """Copy the Gmsh file of a mesh; write it anew if it is gone, as a cache may be emptied while a run uses its meshes.

    Parameters
    ----------
    made
        File that the mesher wrote.
    mesh
        What it holds, in nanometres.
    path
        File to write.
    """
    try:
        shutil.copyfile(made, path)
    except FileNotFoundError:
        write_msh(mesh, path, NANOMETRE)


def write_mesh(
    path: Path, results: Sequence[StructureResult], made: Mapping[str, Path] | None = None
) -> None:
    """Write the mesh of a run as a Gmsh file in metres.

    The mesh file of a single structure is copied (see `copy_mesh`). The structures of a comparison lie side by side in one
    file, as in fields.vtu, with physical groups `<structure>/<region>` and `<structure>/<interface>`.

    Parameters
    ----------
    path
        File to write.
    results
        Structures with their meshes.
    made
        Structure -> Gmsh file that the mesher wrote.
    """
    if len(results) == 1 and made and results[0].name in made:
        copy_mesh(made[results[0].name], results[0].mesh, path)
        return
    import meshio

    dim = results[0].mesh.points.shape[1]
    points, cells, facets = [], [], []
    cell_groups: list[np.ndarray] = []
    facet_groups: list[np.ndarray] = []
    names: dict[str, np.ndarray] = {}
    start = 0
    shifts = side_by_side([result.mesh.points for result in results])
    for result, shift in zip(results, shifts, strict=True):
        mesh = result.mesh
        for kind, nodes in interfaces(mesh).items():
            if not len(nodes):
                continue
            number = len(names) + 1
            names[f"{result.name}/{kind}"] = np.array([number, dim - 1])
            facets.append(nodes + start)
            facet_groups.append(np.full(len(nodes), number))
        first = len(names) + 1
        for region in mesh.region_names:
            names[f"{result.name}/{region}"] = np.array([len(names) + 1, dim])
        cells.append(mesh.cells[:, VTK_ORDERS[mesh.cells.shape[1]]] + start)
        cell_groups.append(np.asarray(mesh.region) + first)
        own = np.zeros((len(mesh.points), 3))
        own[:, :dim] = mesh.points
        own[:, 0] += shift
        points.append(own)
        start += len(mesh.points)
    groups = [np.concatenate(facet_groups).astype(np.int32), np.concatenate(cell_groups).astype(np.int32)]
    kinds = ("line3", "triangle6") if dim == 2 else ("triangle6", "tetra10")
    combined = meshio.Mesh(
        np.concatenate(points) * NANOMETRE,
        list(zip(kinds, (np.concatenate(facets), np.concatenate(cells)), strict=True)),
        cell_data={"gmsh:physical": groups, "gmsh:geometrical": groups},
        field_data=names,
    )
    meshio.write(path, combined, file_format="gmsh22", binary=True)
