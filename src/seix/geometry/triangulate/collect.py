"""The finished triangulation as plain arrays, with numbered edges."""

from __future__ import annotations

import numpy as np
from numba import njit

from seix.geometry.triangulate.topology import CIRCLE, ROOT, TRIANGLES, VERTICES, following, previous


def collect(m, corners: int) -> tuple[np.ndarray, ...]:
    """Arrays of the cells with a region, in the order of the fields of `Triangulation`, less the first `corners` vertices.

    `region` holds the number of the seed.
    """
    triangles = int(m.count[TRIANGLES])
    kept = m.label[:triangles, 0] >= 0
    number = np.cumsum(kept, dtype=np.int32) - 1
    number[~kept] = -1
    cells = m.he[: 3 * triangles, 0].reshape(-1, 3)[kept]
    used = np.zeros(int(m.count[VERTICES]), bool)
    used[cells.ravel()] = True
    used[:corners] = False
    place = np.cumsum(used, dtype=np.int32) - 1
    edges, cell_edges, segment, circle = _edges(m.he, m.seg, number, int(kept.sum()), triangles)
    return (m.pos[: len(used), :2][used], place[cells], m.label[:triangles, 0][kept], place[edges], cell_edges,
            segment, circle)  # fmt: skip


@njit(cache=True)
def _edges(he, seg, number, cells, triangles):
    """Number all edges in the order of the cells."""
    edges = np.empty((3 * cells, 2), np.int32)
    cell_edges = np.empty((cells, 3), np.int32)
    segment = np.full(3 * cells, -1, np.int32)
    circle = np.full(3 * cells, -1, np.int32)
    size = 0
    for t in range(triangles):
        if number[t] < 0:
            continue
        for k in range(3):
            e = 3 * t + k
            other = he[e, 1] // 3
            if number[other] >= 0 and other < t:
                cell_edges[number[t], k] = cell_edges[number[other], he[e, 1] % 3]
                continue
            edges[size, 0], edges[size, 1] = he[following(e), 0], he[previous(e), 0]
            s = he[e, 2]
            if s >= 0:
                segment[size], circle[size] = seg[s, ROOT], seg[s, CIRCLE]
            cell_edges[number[t], k] = size
            size += 1
    return edges[:size].copy(), cell_edges, segment[:size].copy(), circle[:size].copy()
