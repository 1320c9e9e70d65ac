"""Mesh of a plane structure in curved second-order triangles."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from seix.geometry.core_domains import with_domains
from seix.geometry.triangulate.background import background
from seix.geometry.triangulate.expected import expected_triangles
from seix.geometry.triangulate.graph import Sizes, structure_graph
from seix.geometry.triangulate.planar import Triangulation, refine

if TYPE_CHECKING:
    from seix.geometry.layers import Structure
    from seix.geometry.wanted import WantedSizes
    from seix.scenario import MeshControl

SMALLEST_ANGLE = 25.0
"""Degrees; Delaunay refinement ends for it in practice, and surely for 20."""


def mesh2d(
    structure: Structure,
    controls: MeshControl,
    coarsening: float = 1.0,
    accept: Callable[[float], None] | None = None,
    wanted: WantedSizes | None = None,
) -> dict[str, np.ndarray]:
    """Mesh a plane structure without Gmsh.

    Parameters
    ----------
    structure : Structure
    controls : MeshControl
        Cells per diameter, gap and layer, growth, and the largest number of cells.
    coarsening : float
        Multiplies all cell sizes.
    accept : callable, optional
        Called with the number of cells that the controls let expect before the mesh is made; may raise.
    wanted : WantedSizes, optional
        Sizes that are asked for besides.

    Returns
    -------
    dict
        `points` (n, 2); `cells` (m, 6) in basix order, positively oriented; `region`, `grain`, `layer` (m,). The same for the
        same arguments, to the last bit; nodes on periodic sides match exactly.

    Raises
    ------
    GeometryError
        If curves touch, or the mesh would have too many cells.
    """
    filled, field = with_domains(structure), background(wanted, coarsening)
    built = structure_graph(filled, controls, coarsening, field)
    if accept is not None:
        sizes, heights = Sizes(filled, controls, coarsening), [0.0, *(layer.outer for layer in structure.layers)]
        accept(expected_triangles(filled, built.graph, sizes, heights, [sizes.core, *sizes.layers, sizes.electrolyte]))
    mesh = refine(built.graph, SMALLEST_ANGLE, built.slope, controls.maximum_cells, field)
    points, cells = second_order(mesh, built.graph.circles)
    piece = mesh.region
    return {"points": points, "cells": cells, "region": built.region[piece], "grain": built.grain[piece],
            "layer": built.layer[piece]}  # fmt: skip


def second_order(mesh: Triangulation, circles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Put a node in the middle of every edge, on its arc if it has one.

    Parameters
    ----------
    mesh : Triangulation
    circles : ndarray (c, 3)
        Centre and radius of the circles that edges of the mesh refer to.

    Returns
    -------
    points : ndarray (n + e, 2)
        Vertices, then the middles of the edges.
    cells : ndarray (t, 6) of int64
        Three vertices, and the nodes of the edges opposite to them.
    """
    middle = 0.5 * (mesh.points[mesh.edges[:, 0]] + mesh.points[mesh.edges[:, 1]])
    curved = np.flatnonzero(mesh.edge_circle >= 0)
    circle = circles[mesh.edge_circle[curved]]
    ray = middle[curved] - circle[:, :2]
    scale = circle[:, 2] / np.sqrt(ray[:, 0] ** 2 + ray[:, 1] ** 2)
    middle[curved] = circle[:, :2] + scale[:, None] * ray
    cells = np.empty((len(mesh.triangles), 6), np.int64)
    cells[:, :3], cells[:, 3:] = mesh.triangles, mesh.triangle_edges
    cells[:, 3:] += len(mesh.points)
    return np.concatenate([mesh.points, middle]), cells
