"""Triangles in a plane between given segments, none of which is split."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from seix.errors import GeometryError

ALGORITHM = 6
"""Gmsh's Frontal-Delaunay."""
RASTER = 400
"""Points of the raster of sizes along the longer side of the plane."""


def plane_mesh(gmsh, points: np.ndarray, faces: list[tuple[np.ndarray, list[np.ndarray]]],
               size_at: Callable[[np.ndarray], np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Mesh faces that share segments.

    Parameters
    ----------
    gmsh : module
        A running Gmsh.
    points : ndarray (n, 2)
        Ends of segments [nm].
    faces : list of (ndarray, list of ndarray)
        Nodes around each face, and around its holes, in order.
    size_at : callable
        Size (k,) wanted at points (k, 2) [nm].

    Returns
    -------
    points : ndarray (m, 2)
        The given ones, followed by new ones inside faces.
    triangles : ndarray (t, 3)
    face : ndarray (t,)
        Face of each triangle.
    """
    gmsh.model.add("plane")
    geo, mesh = gmsh.model.geo, gmsh.model.mesh
    for k, (x, y) in enumerate(points.tolist()):
        geo.addPoint(x, y, 0.0, tag=k + 1)
    lines: dict[tuple[int, int], int] = {}

    def loop(nodes: np.ndarray) -> int:
        curves = []
        for a, b in zip(nodes.tolist(), np.roll(nodes, -1).tolist(), strict=True):
            pair = (min(a, b), max(a, b))
            if pair not in lines:
                lines[pair] = geo.addLine(pair[0] + 1, pair[1] + 1)
            curves.append(lines[pair] if a < b else -lines[pair])
        return geo.addCurveLoop(curves)

    for k, (outer, holes) in enumerate(faces):
        geo.addPlaneSurface([loop(outer), *(loop(hole) for hole in holes)], tag=k + 1)
    geo.synchronize()
    for line in lines.values():
        mesh.setTransfiniteCurve(line, 2)
    gmsh.option.setNumber("Mesh.Algorithm", ALGORITHM)
    mesh.setSizeCallback(_lookup(points, size_at))
    try:
        mesh.generate(2)
    finally:
        mesh.removeSizeCallback()
    result = _read(gmsh, points, len(faces))
    gmsh.model.remove()
    return result


def _read(gmsh, points: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    tags, xyz, _ = gmsh.model.mesh.getNodes()
    position = np.full(int(tags.max()) + 1, -1)
    new = []
    for k in range(len(points)):
        (tag,), _, _ = gmsh.model.mesh.getNodes(0, k + 1)
        position[tag] = k
    inside = position[tags] < 0
    position[tags[inside]] = len(points) + np.arange(inside.sum())
    new = xyz.reshape(-1, 3)[inside, :2]
    blocks, face = [], []
    for k in range(count):
        _, nodes = gmsh.model.mesh.getElementsByType(2, k + 1)
        blocks.append(position[nodes.astype(np.int64)].reshape(-1, 3))
        face.append(np.full(len(blocks[-1]), k))
    if min(map(len, blocks)) == 0:
        raise GeometryError("a plane side could not be meshed")
    return np.concatenate([points, new]), np.concatenate(blocks), np.concatenate(face)


def _lookup(points: np.ndarray, size_at: Callable[[np.ndarray], np.ndarray]) -> Callable:
    """A plain function with sizes from a raster, as Gmsh calls it for every point."""
    low, high = points.min(axis=0), points.max(axis=0)
    step = (high - low).max() / RASTER
    columns, rows = (np.ceil((high - low) / step).astype(int) + 1).tolist()
    x, y = np.meshgrid(low[0] + step * np.arange(columns), low[1] + step * np.arange(rows), indexing="ij")
    table = size_at(np.column_stack([x.ravel(), y.ravel()])).tolist()
    x0, y0, per_step = float(low[0]), float(low[1]), float(1.0 / step)

    def size(dim, tag, x, y, z, lc) -> float:
        i, j = int((x - x0) * per_step + 0.5), int((y - y0) * per_step + 0.5)
        i, j = min(max(i, 0), columns - 1), min(max(j, 0), rows - 1)
        return table[i * rows + j]

    return size
