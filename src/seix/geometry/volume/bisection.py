"""Bisection of curved second-order tetrahedra at the middles of their longest edges, without hanging nodes.

A cell is only ever cut at its longest edge, which keeps its parts from becoming ever flatter: proven for triangles (M.-C. Rivara,
Int. J. Numer. Meth. Eng. 20 (1984) 745, doi:10.1002/nme.1620200412), observed in space, and checked on every mesh. All cells
around an edge are cut together, and only where it is the longest of each; otherwise the longest edges of the others go first
(longest-edge propagation, M.-C. Rivara, ibid. 40 (1997) 3313).

The mid node of an edge becomes a vertex, and new mid nodes are where the map of the cell has them. A part of a curved cell is
therefore the same piece of space as before, and does not fold if the whole did not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seix.geometry.volume.quality3d import EDGES


def _seen_from(edge: tuple[int, int]) -> list[int]:
    """Nodes a, b, c, d, ab, ac, ad, bc, bd, cd of a cell, a and b the ends of an edge; nothing is turned inside out."""
    mid = {frozenset(one): 4 + k for k, one in enumerate(EDGES)}
    others = [v for v in range(4) if v not in edge]
    turns = [(*edge, *others), (*edge, *others[::-1])]
    a, b, c, d = next(turn for turn in turns if np.linalg.det(np.eye(4)[list(turn)]) > 0.0)
    return [a, b, c, d, *(mid[frozenset(pair)] for pair in ((a, b), (a, c), (a, d), (b, c), (b, d), (c, d)))]


_NODES = np.array([_seen_from(edge) for edge in EDGES])
_PLACES = np.array([
    # a    b       c    d    ab    ac   ad   bc   bd   cd
    [0.375, -0.125, 0.0, 0.0, 0.75, 0.0, 0.0, 0.0, 0.0, 0.0],  # between a and the middle of ab
    [-0.125, 0.375, 0.0, 0.0, 0.75, 0.0, 0.0, 0.0, 0.0, 0.0],
    [-0.125, -0.125, 0.0, 0.0, 0.25, 0.5, 0.0, 0.5, 0.0, 0.0],  # between c and the middle of ab
    [-0.125, -0.125, 0.0, 0.0, 0.25, 0.0, 0.5, 0.0, 0.5, 0.0],
])  # fmt: skip
"""Quadratic shape functions of a cell at the new mid nodes of its parts."""


@dataclass(frozen=True)
class Bisected:
    """A mesh with some edges cut.

    Attributes
    ----------
    points : ndarray (n, 3)
        Nodes of before, then new mid nodes.
    cells : ndarray (m, 10)
        Those that are left, then parts of the others.
    parent : ndarray (m,) of int
        Cell of before that each one is, or is a part of.
    ends : ndarray (k, 2)
        Vertices of the edges of the new mid nodes; all are nodes of before.
    """

    points: np.ndarray
    cells: np.ndarray
    parent: np.ndarray
    ends: np.ndarray


def longest_edges(points: np.ndarray, cells: np.ndarray, twin: np.ndarray) -> np.ndarray:
    """Mid node (m,) of the longest edge of each cell, by one order of all edges.

    Parameters
    ----------
    points : ndarray (n, 3)
    cells : ndarray (m, 10)
        Vertices, then the mid nodes of EDGES.
    twin : ndarray (n,) of int
        A node for all that are periodic images of each other; their edges have the same place in the order.
    """
    edges = twin[cells[:, 4:]]
    squared = np.zeros(len(points))
    for k, (a, b) in enumerate(EDGES):
        # rounding must not order the images of two edges differently
        np.maximum.at(squared, edges[:, k], ((points[cells[:, a]] - points[cells[:, b]]) ** 2).sum(axis=1))
    place = np.empty(len(points), np.int64)
    place[np.argsort(squared, kind="stable")] = np.arange(len(points))
    return cells[np.arange(len(cells)), 4 + place[edges].argmax(axis=1)]


def cuttable(cells: np.ndarray, longest: np.ndarray, twin: np.ndarray, marked: np.ndarray) -> np.ndarray:
    """Edges (n,) that are the longest of all cells around them, on the way from some cells to ever longer edges.

    Parameters
    ----------
    cells : ndarray (m, 10)
    longest : ndarray (m,)
        Of :func:`longest_edges`.
    twin : ndarray (n,) of int
    marked : ndarray (k,) of int
        Cells to be cut; others go first where their edges are longer.

    Returns
    -------
    ndarray of bool
        By the mid nodes of the edges; never empty if a cell is marked.
    """
    edges, own = twin[cells[:, 4:]], twin[longest]
    path, count = np.zeros(len(twin), bool), 0
    path[own[marked]] = True
    while count != (count := int(path.sum())):
        path[own[path[edges].any(axis=1)]] = True
    wrong = path[edges] & (edges != own[:, None])
    path[edges[wrong]] = False
    return path[twin]


def bisect(points: np.ndarray, cells: np.ndarray, longest: np.ndarray, cut: np.ndarray) -> Bisected:
    """Cut edges of a mesh.

    Parameters
    ----------
    points : ndarray (n, 3)
    cells : ndarray (m, 10)
    longest : ndarray (m,)
        Of :func:`longest_edges`.
    cut : ndarray (n,) of bool
        Of :func:`cuttable`.
    """
    chosen = cut[longest]
    rows = np.flatnonzero(chosen)
    number = (cells[rows, 4:] == longest[rows, None]).argmax(axis=1)
    local = np.take_along_axis(cells[rows], _NODES[number], axis=1)
    a, b, c, d, ab, ac, ad, bc, bd, cd = local.T
    pairs = np.sort(np.stack([np.stack([end, ab], axis=-1) for end in (a, b, c, d)], axis=1), axis=-1)
    x = points[local]
    places = np.einsum("pk,rkd->rpd", _PLACES, x)
    code = pairs[..., 0] * len(points) + pairs[..., 1]
    _, first, inverse = np.unique(code.ravel(), return_index=True, return_inverse=True)
    am, bm, cm, dm = len(points) + inverse.reshape(code.shape).T
    return Bisected(
        np.concatenate([points, places.reshape(-1, 3)[first]]),
        np.concatenate([
            cells[~chosen],
            np.column_stack([a, ab, c, d, cd, dm, cm, ad, ac, am]),
            np.column_stack([ab, b, c, d, cd, bd, bc, dm, cm, bm]),
        ]),
        np.concatenate([np.flatnonzero(~chosen), rows, rows]),
        pairs.reshape(-1, 2)[first],
    )  # fmt: skip
