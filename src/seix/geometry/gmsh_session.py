"""Gmsh as a library: started without user settings, one thread, always ended; its errors become ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
    "Mesh.LcIntegrationPrecision": 1e-3,  # along curves; the sizes have steps, which the default resolves in vain
    "Mesh.RandomSeed": 1,
    "Mesh.SecondOrderLinear": 0,
    "Mesh.HighOrderOptimize": 0,
}
SIX_NODE_TRIANGLE = 9
"""Gmsh element type."""


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
    failures: list[Exception] = []

    def callback(dim, tag, x, y, z, lc) -> float:
        # an exception cannot pass through the library: it is kept, and the mesh soon ended
        try:
            return size(x, y)
        except Exception as error:
            failures.append(error)
            return 1e3 * structure.frame.width

    mesh.setSizeCallback(callback)
    try:
        mesh.generate(2)
    finally:
        mesh.removeSizeCallback()
    if failures:
        raise failures[0]
    mesh.setOrder(2)


def read_cells(gmsh, outline: Outline) -> dict[str, np.ndarray]:
    """Nodes and cells as arrays.

    Returns
    -------
    dict
        `points` (n, 2); `cells` (m, 6) in basix order, positively oriented; `region`, `grain`, `layer` (m,).
    """
    tags, xyz, _ = gmsh.model.mesh.getNodes()
    position = np.full(int(tags.max()) + 1, -1, np.int64)
    position[tags.astype(np.int64)] = np.arange(len(tags))
    blocks, pieces = [], []
    for surface, piece in outline.surfaces.items():
        element_tags, nodes = gmsh.model.mesh.getElementsByType(SIX_NODE_TRIANGLE, surface)
        blocks.append(nodes.reshape(-1, 6))
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
    return {"points": points, "cells": cells, "region": region, "grain": grain, "layer": layer}
