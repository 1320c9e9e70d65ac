"""A smoother field than that of finite elements, whose distance to it estimates the error.

O. C. Zienkiewicz, J. Z. Zhu, Int. J. Numer. Meth. Eng. 24 (1987) 337, doi:10.1002/nme.1620240206: the values that the cells
around a vertex have there are averaged, and are linear in between. Nothing is averaged across interfaces, where the field jumps:
each grain and each region of the matrix has vertices of its own.

Polynomials of second degree fitted around the vertices (same authors, 1992) would be of higher order, but in gaps of one
cell, where the field is largest, they were found to lie farther from the true field than the finite elements do.
"""

from __future__ import annotations

import numpy as np


def recovered(field: np.ndarray, place: np.ndarray, corners: np.ndarray, vertices: np.ndarray, part: np.ndarray) -> np.ndarray:
    """A continuous field from values at the quadrature points of triangles or tetrahedra.

    Parameters
    ----------
    field : ndarray (cells, points, components)
        Values of the field of finite elements, in any unit; at least as many points as vertices.
    place : ndarray (cells, points, dim)
        Where the quadrature points are [nm].
    corners : ndarray (n, dim)
        Nodes of the mesh [nm].
    vertices : ndarray (cells, dim + 1) of int
        Rows of `corners`.
    part : ndarray (cells,) of int
        Cells of different parts are not averaged together.

    Returns
    -------
    ndarray (cells, points, components)
        At the same points; exact for fields that are linear in each part of straight cells; curved ones are taken as straight.
    """
    shares = _shares(place, corners[vertices])
    # values of each cell at its vertices, from the linear field nearest to that at its points
    normal = np.einsum("cpi,cpj->cij", shares, shares)
    own = np.linalg.solve(normal, np.einsum("cpi,cpk->cik", shares, field))
    code = vertices.astype(np.int64) * (int(part.max()) + 1) + part[:, None]
    _, node, number = np.unique(code, return_inverse=True, return_counts=True)
    node = node.reshape(vertices.shape)
    mean = [np.bincount(node.ravel(), own[..., k].ravel(), len(number)) / number for k in range(field.shape[2])]
    return np.einsum("cpi,cik->cpk", shares, np.stack(mean, axis=-1)[node])


def _shares(place: np.ndarray, corner: np.ndarray) -> np.ndarray:
    """Barycentric coordinates (cells, points, dim + 1) of points in straight triangles or tetrahedra with the same corners."""
    edge = corner[:, 1:] - corner[:, :1]
    offset = place - corner[:, :1]
    others = np.einsum("cpk,ckj->cpj", offset, np.linalg.inv(edge))
    return np.concatenate([1.0 - others.sum(axis=-1, keepdims=True), others], axis=-1)
