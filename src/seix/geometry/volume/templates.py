"""Triangulated unit spheres, from which all round and cellular grains in space are made."""

from __future__ import annotations

from itertools import combinations

import numpy as np

_GOLDEN = 0.5 * (1.0 + 5.0**0.5)


def octasphere(n: int) -> tuple[np.ndarray, np.ndarray]:
    """An octahedron with n segments to an edge, drawn onto the unit sphere.

    The three coordinate planes consist of edges, so that a grain centred on a plane side is halved without a cut.

    Parameters
    ----------
    n : int
        Segments to an edge, at least 1.

    Returns
    -------
    directions : ndarray (4 n^2 + 2, 3)
        Unit vectors; coordinates on the coordinate planes are exactly zero, and mirror images agree to the last bit.
    faces : ndarray (8 n^2, 3) of int64
        Outwards oriented.
    """
    points, faces = grid("octasphere", n)
    # equal angles along the edges of the octahedron, instead of equal lengths that the projection would stretch
    return _on_sphere(np.sign(points) * np.sin(0.5 * np.pi * np.abs(points) / n), faces)


def icosphere(n: int) -> tuple[np.ndarray, np.ndarray]:
    """An icosahedron with n segments to an edge, drawn onto the unit sphere: the most even template.

    Parameters
    ----------
    n : int
        Segments to an edge, at least 1.

    Returns
    -------
    directions : ndarray (10 n^2 + 2, 3)
        Unit vectors.
    faces : ndarray (20 n^2, 3) of int64
        Outwards oriented.
    """
    points, faces = grid("icosphere", n)
    return _on_sphere(points, faces)


def grid(kind: str, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The flat faces that a template is drawn from.

    Parameters
    ----------
    kind : {"icosphere", "octasphere"}
    n : int
        Segments to an edge.

    Returns
    -------
    points : ndarray (k, 3)
        On the polyhedron with edges of n segments, in the order of the directions of the template.
    faces : ndarray (f, 3) of int64
        In the order of the faces of the template.
    """
    corners, triangles = {"icosphere": _icosahedron, "octasphere": _octahedron}[kind]()
    return _subdivided(corners, triangles, n)


def _octahedron() -> tuple[np.ndarray, np.ndarray]:
    corners = np.concatenate([np.eye(3), -np.eye(3)])
    return corners, np.array([(x, y, z) for x in (0, 3) for y in (1, 4) for z in (2, 5)])


def _icosahedron() -> tuple[np.ndarray, np.ndarray]:
    rectangle = np.array([(0.0, a, b * _GOLDEN) for a in (-1, 1) for b in (-1, 1)])
    corners = np.concatenate([np.roll(rectangle, k, axis=1) for k in range(3)])
    near = np.abs(np.linalg.norm(corners[:, None] - corners, axis=2) - 2.0) < 1e-9  # edges have length 2
    triples = [t for t in combinations(range(12), 3) if near[t[0], t[1]] and near[t[1], t[2]] and near[t[0], t[2]]]
    return corners, np.array(triples)


def _subdivided(corners: np.ndarray, triangles: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Points on the flat faces of a polyhedron, in units of 1/n of its edges, and the small triangles."""
    i, j = (index.ravel() for index in np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij"))
    keep = i + j <= n
    i, j = i[keep], j[keep]
    number = np.full((n + 2, n + 2), -1)
    number[i, j] = np.arange(len(i))
    up = np.column_stack([number[i, j], number[i + 1, j], number[i, j + 1]])
    down = np.column_stack([number[i + 1, j], number[i + 1, j + 1], number[i, j + 1]])
    small = np.concatenate([up, down])
    small = small[(small >= 0).all(axis=1)]
    weight = np.column_stack([i, j, n - i - j]).astype(float)
    points = np.einsum("pk,tkd->tpd", weight, corners[triangles]).reshape(-1, 3)
    # the points on the edges come from two faces or more
    _, first, inverse = np.unique(np.round(points, 6) + 0.0, axis=0, return_index=True, return_inverse=True)
    faces = (small[None] + len(i) * np.arange(len(triangles))[:, None, None]).reshape(-1, 3)
    return points[first], inverse.ravel()[faces]


def _on_sphere(points: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    directions = points / np.sqrt((np.sort(points**2, axis=1)).sum(axis=1))[:, None] + 0.0
    a, b, c = np.moveaxis(directions[faces], 1, 0)
    inwards = np.einsum("fi,fi->f", a, np.cross(b, c)) < 0.0
    faces[inwards] = faces[inwards][:, [0, 2, 1]]
    return directions, faces.astype(np.int64)
