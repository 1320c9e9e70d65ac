"""Parts of a mesh for several ranks, by halving it across its longest side again and again.

The whole mesh is on one rank when it is to be distributed, so that no graph of its cells is needed to divide it: their middles
are enough. The parts have the same number of cells, and are the same in every run; those of a round shell may be in two pieces.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np


def bisect(points: np.ndarray, parts: int) -> np.ndarray:
    """Part of each point, by recursive coordinate bisection (Berger and Bokhari, doi:10.1109/TC.1987.1676942).

    Parameters
    ----------
    points : ndarray, shape (n, dim)
    parts : int
        Number of parts, any.

    Returns
    -------
    ndarray of int32, shape (n,)
        From 0 to ``parts`` - 1; the sizes differ by one at most.
    """
    part = np.zeros(len(points), dtype=np.int32)
    pending = [(np.arange(len(points)), 0, parts)]
    while pending:
        which, first, count = pending.pop()
        if count == 1 or not len(which):
            part[which] = first
            continue
        places, left = points[which], count // 2
        axis = np.argmax(np.ptp(places, axis=0))
        cut = len(which) * left // count
        order = np.argsort(places[:, axis], kind="stable")  # equal ones as they come, whatever the processor
        pending += [(which[order[:cut]], first, left), (which[order[cut:]], first + left, count - left)]
    return part


def shared_facets(cells: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Pairs of a cell and another part that has a facet in common with it.

    Parameters
    ----------
    cells : ndarray of int, shape (n, dim + 1)
        Vertices of simplices.
    part : ndarray of int, shape (n,)

    Returns
    -------
    ndarray of int64, shape (pairs, 2)
        Ascending, each once.
    """
    facet = cells.shape[1] - 1
    last = np.zeros(cells.max(initial=-1) + 1, dtype=part.dtype)
    last[cells] = part[:, None]  # the part of one of its cells
    mixed = np.zeros(len(last), dtype=bool)
    mixed[cells[last[cells] != part[:, None]]] = True
    near = np.flatnonzero(mixed[cells].sum(axis=1) >= facet)
    corners = np.sort(cells[near], axis=1)
    facets = np.concatenate([corners[:, list(kept)] for kept in combinations(range(facet + 1), facet)])
    cell = np.tile(near, facet + 1)
    order = np.lexsort(facets.T)
    facets, cell = facets[order], cell[order]
    same = np.flatnonzero((facets[1:] == facets[:-1]).all(axis=1))
    one, other = cell[same], cell[same + 1]
    apart = part[one] != part[other]
    one, other = one[apart], other[apart]
    pairs = np.column_stack([np.append(one, other), np.append(part[other], part[one])]).astype(np.int64)
    return np.unique(pairs, axis=0)


def destinations(points: np.ndarray, cells: np.ndarray, parts: int) -> tuple[np.ndarray, np.ndarray]:
    """Ranks of every cell: the one that owns it, then those that need it as a ghost across a shared facet.

    Parameters
    ----------
    points : ndarray, shape (nodes, dim)
    cells : ndarray of int, shape (n, at least dim + 1)
        The vertices first.
    parts : int

    Returns
    -------
    ranks : ndarray of int32
    offsets : ndarray of int32, shape (n + 1,)
        Where those of each cell begin.
    """
    corners = cells[:, : points.shape[1] + 1]
    part = bisect(sum(points[nodes] for nodes in corners.T), parts)  # corner by corner: less memory than all at once
    ghosts = shared_facets(corners, part)
    offsets = np.append(0, np.cumsum(1 + np.bincount(ghosts[:, 0], minlength=len(cells)))).astype(np.int32)
    ranks = np.empty(offsets[-1], dtype=np.int32)
    ranks[offsets[:-1]] = part
    free = np.ones(len(ranks), dtype=bool)
    free[offsets[:-1]] = False
    ranks[free] = ghosts[:, 1]  # both ascend by cell
    return ranks, offsets
