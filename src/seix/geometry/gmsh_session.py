"""Gmsh as a library: started without user settings, one thread, always ended; its errors become ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seix.errors import GeometryError
from seix.geometry.outline import Outline

if TYPE_CHECKING:
    from seix.geometry.layers import Structure

OPTIONS = {
    "General.Terminal": 0,
    "General.Verbosity": 1,
    "General.NumThreads": 1,  # several threads make other meshes
    "Mesh.MeshSizeExtendFromBoundary": 0,  # sizes come from the size field alone
    "Mesh.MeshSizeFromPoints": 0,
    "Mesh.MeshSizeFromCurvature": 0,
    "Mesh.RandomSeed": 1,
    "Mesh.SecondOrderLinear": 0,
    "Mesh.HighOrderOptimize": 0,
    "Mesh.MshFileVersion": 4.1,
    "Mesh.Binary": 1,
    "PostProcessing.SaveMesh": 0,
}
TRIANGLE, SIX_NODE_TRIANGLE = 2, 9
"""Gmsh element types."""


@contextmanager
def gmsh_session(name: str) -> Iterator:
    """A running Gmsh with an empty model; ended in any case.

    Raises
    ------
    GeometryError
        For everything that Gmsh reports.
    """
    import gmsh  # only a process that meshes needs its libraries

    if gmsh.isInitialized():
        raise GeometryError("Gmsh is already in use by this process; finalize it before a mesh is made")
    gmsh.initialize(readConfigFiles=False, run=False, interruptible=False)
    try:
        for option, value in OPTIONS.items():
            gmsh.option.setNumber(option, value)
        gmsh.model.add(name)
        yield gmsh
    except GeometryError:
        raise
    except Exception as error:  # the library raises plain Exception, with its message
        if type(error) is not Exception:
            raise
        raise GeometryError(f"Gmsh could not make the mesh: {error}") from error
    finally:
        gmsh.finalize()


def triangulate(gmsh, structure: Structure, outline: Outline, size: Callable[[float, float], float],
                algorithm: int) -> None:  # fmt: skip
    """Second-order mesh of a synchronised outline, with matching nodes on periodic sides."""
    mesh = gmsh.model.mesh
    mesh.clear()
    gmsh.option.setNumber("Mesh.Algorithm", algorithm)
    if outline.apex is not None:
        for curve in outline.apex:
            mesh.setTransfiniteCurve(curve, 2)
        mesh.setTransfiniteSurface(next(iter(outline.surfaces)))
    if structure.kind == "patch":
        shift = np.eye(4)
        shift[0, 3] = structure.period
        mesh.setPeriodic(1, outline.sides[1], outline.sides[0], shift.ravel().tolist())
    mesh.setSizeCallback(lambda dim, tag, x, y, z, lc: size(x, y))
    try:
        mesh.generate(2)
    finally:
        mesh.removeSizeCallback()
    mesh.setOrder(2)


def name_groups(gmsh, names: list[str], outline: Outline) -> None:
    """Physical groups: one for each region and each kind of curve."""
    for region, name in enumerate(names):
        surfaces = [tag for tag, piece in outline.surfaces.items() if piece.region == region]
        if surfaces:
            gmsh.model.addPhysicalGroup(2, surfaces, name=name)
    for name, curves in outline.curves.items():
        if curves:
            gmsh.model.addPhysicalGroup(1, curves, name=name)


def read_cells(gmsh, outline: Outline) -> dict[str, np.ndarray]:
    """Nodes and cells as arrays.

    Returns
    -------
    dict
        `points` (n, 2); `cells` (m, 6) in basix order, positively oriented; `region`, `grain`, `layer` (m,);
        `node_tags` (n,) and `cell_tags` (m,) of Gmsh.
    """
    tags, xyz, _ = gmsh.model.mesh.getNodes()
    position = np.full(int(tags.max()) + 1, -1, np.int64)
    position[tags.astype(np.int64)] = np.arange(len(tags))
    blocks, cell_tags, pieces = [], [], []
    for surface, piece in outline.surfaces.items():
        element_tags, nodes = gmsh.model.mesh.getElementsByType(SIX_NODE_TRIANGLE, surface)
        blocks.append(nodes.reshape(-1, 6))
        cell_tags.append(element_tags)
        pieces += [(piece.region, piece.grain, piece.layer)] * len(element_tags)
    cells = position[np.concatenate(blocks).astype(np.int64)]
    # Gmsh lists the mid nodes of edges 01, 12, 20; basix those opposite to vertices 0, 1, 2
    cells = cells[:, [0, 1, 2, 4, 5, 3]]
    # nodes without a cell are the centres of arcs
    used, cells = np.unique(cells, return_inverse=True)
    cells = cells.reshape(-1, 6)
    points = xyz.reshape(-1, 3)[used, :2].copy()
    a, b, c = (points[cells[:, k]] for k in range(3))
    clockwise = (b - a)[:, 0] * (c - a)[:, 1] < (b - a)[:, 1] * (c - a)[:, 0]
    cells[clockwise] = cells[clockwise][:, [0, 2, 1, 3, 5, 4]]
    region, grain, layer = np.array(pieces, np.int32).T.copy()
    return {"points": points, "cells": cells, "region": region, "grain": grain, "layer": layer,
            "node_tags": tags[used].astype(np.int64), "cell_tags": np.concatenate(cell_tags).astype(np.int64)}  # fmt: skip


def write_msh(gmsh, path: Path, arrays: dict[str, np.ndarray], moved: np.ndarray, metre: float) -> None:
    """Write the model as MSH 4.1 in metres, with the grain of every cell as a data view.

    Parameters
    ----------
    gmsh
    path : Path
        Ends in `.msh`.
    arrays : dict
        Of `read_cells`.
    moved : ndarray of int
        Nodes whose place differs from what Gmsh has.
    metre : float
        Size of one unit of length in metres.
    """
    for node in moved:
        x, y = arrays["points"][node]
        gmsh.model.mesh.setNode(int(arrays["node_tags"][node]), [x, y, 0.0], [])
    gmsh.option.setNumber("Mesh.ScalingFactor", metre)
    gmsh.write(str(path))
    view = gmsh.view.add("grain")
    values = arrays["grain"].astype(float)
    gmsh.view.addHomogeneousModelData(view, 0, gmsh.model.getCurrent(), "ElementData", arrays["cell_tags"], values)
    gmsh.view.write(view, str(path), append=True)
