"""Expected number of triangles of a plane graph: what the sizes at its points, growing away from them, add up to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from seix.geometry.counting import PER_SQUARE, filling
from seix.geometry.triangulate.graph import Sizes
from seix.geometry.triangulate.planar import PlanarGraph, wanted_sizes

if TYPE_CHECKING:
    from seix.geometry.layers import Structure

NEAREST = 4
"""Points of the graph that may decide the size at a place."""
GRAINS = 3
"""Grains that a place may lie in."""


def expected_triangles(
    structure: Structure, graph: PlanarGraph, sizes: Sizes, heights: Sequence[float], limits: Sequence[float]
) -> float:
    """Expected number of triangles.

    Parameters
    ----------
    structure : Structure
        With the domains of the core among its grains.
    graph : PlanarGraph
    sizes : Sizes
    heights : sequence of float
        Of the walls over core|SEI [nm].
    limits : sequence of float
        Largest edge length between these walls: one more, from the core outwards [nm].
    """
    frame, limits, radii = structure.frame, np.asarray(limits), structure.radii
    points = np.asarray(graph.points)
    wanted, tree = wanted_sizes(graph), cKDTree(points, balanced_tree=False, compact_nodes=False)
    grains = cKDTree(structure.centres) if len(radii) else None

    def size_at(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        distance, near = tree.query(x, k=range(1, min(NEAREST, len(points)) + 1))
        size = (wanted[near] + sizes.slope * distance).min(axis=1)
        height, counts = _heights(frame, x)
        size = np.minimum(size, limits[np.searchsorted(heights, height)])
        if grains is not None:
            distance, near = grains.query(x, k=range(1, min(GRAINS, len(radii)) + 1))
            size = np.minimum(size, np.where(distance < radii[near], sizes.grains[near], np.inf).min(axis=1))
        return size, counts

    return PER_SQUARE * filling(size_at, points.min(axis=0), points.max(axis=0))


def _heights(frame, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Heights (n,) of points over core|SEI, and 1 for those in the domain."""
    if frame.kind == "patch":
        return x[:, 1], np.ones(len(x))
    if frame.kind == "particles":
        return frame.height(x), np.ones(len(x))
    height = np.sqrt((x**2).sum(axis=1)) - frame.core_size
    inside = (height < frame.sei_thickness + frame.electrolyte_depth) & (x @ frame.mirrors.T > 0.0).all(axis=1)
    return height, inside.astype(float)
