"""Puts mesh.msh into a result folder."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from .fieldset import NANOMETRE, VTK_ORDER, side_by_side
from .interfaces import interfaces
from .results import StructureResult


def write_mesh(
    path: Path, results: Sequence[StructureResult], made: Mapping[str, Path] | None = None
) -> None:
    """Write the mesh of a run as a Gmsh file in metres.

    The mesh file of a single structure is copied. The structures of a comparison lie side by side in one
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
        shutil.copyfile(made[results[0].name], path)
        return
    import meshio

    points, triangles, lines = [], [], []
    triangle_groups: list[np.ndarray] = []
    line_groups: list[np.ndarray] = []
    names: dict[str, np.ndarray] = {}
    start = 0
    shifts = side_by_side([result.mesh.points for result in results])
    for result, shift in zip(results, shifts, strict=True):
        mesh = result.mesh
        for kind, edges in interfaces(mesh).items():
            number = len(names) + 1
            names[f"{result.name}/{kind}"] = np.array([number, 1])
            lines.append(edges + start)
            line_groups.append(np.full(len(edges), number))
        first = len(names) + 1
        for region in mesh.region_names:
            names[f"{result.name}/{region}"] = np.array([len(names) + 1, 2])
        triangles.append(mesh.cells[:, VTK_ORDER] + start)
        triangle_groups.append(np.asarray(mesh.region) + first)
        points.append(
            np.column_stack([mesh.points[:, 0] + shift, mesh.points[:, 1], np.zeros(len(mesh.points))])
        )
        start += len(mesh.points)
    groups = [np.concatenate(line_groups).astype(np.int32), np.concatenate(triangle_groups).astype(np.int32)]
    combined = meshio.Mesh(
        np.concatenate(points) * NANOMETRE,
        [("line3", np.concatenate(lines)), ("triangle6", np.concatenate(triangles))],
        cell_data={"gmsh:physical": groups, "gmsh:geometrical": groups},
        field_data=names,
    )
    meshio.write(path, combined, file_format="gmsh22", binary=True)
