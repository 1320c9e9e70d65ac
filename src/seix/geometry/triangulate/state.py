"""The arrays a triangulation lives in, and how they grow."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seix.geometry.triangulate.background import Background
from seix.geometry.triangulate.topology import HEAD, SEG_HEAD, SEG_WAIT, SEGMENTS, TRIANGLES, VERTICES, WAIT

QUEUES = {"queue": (HEAD, WAIT), "seg_queue": (SEG_HEAD, SEG_WAIT)}
"""Places in `count` of head and length."""


class Mesh(NamedTuple):
    """Arrays of a triangulation in the making; their first parts, as long as `count` says, are in use.

    Attributes
    ----------
    xy : ndarray (V, 2) of int64
        Vertices on the grid.
    pos : ndarray (V, 3)
        Their x, y and wanted edge length.
    root : ndarray (V,) of int32
        Input segment that a vertex was put on, -1 if none.
    sharp : ndarray (m, 2) of int64
        Ends of the input segments that are the corner of a small angle, else -1.
    he, seg : ndarray (3 T, 3) and (S, 8) of int32
        Half-edges and segments, see `topology`.
    label : ndarray (T, 2) of int32
        Seed of the triangle's region, -1 outside; whether it waits in the queue.
    queue, seg_queue : ndarray (T,), (S,) of int32
        Rings of triangles and segments to look at.
    rim, stack, hits : ndarray of int
        Work space of one insertion.
    count : ndarray of int64
        See `topology`.
    circles : ndarray (c, 3)
        Centres and radii.
    sizes : ndarray (k,)
        Largest edge length of each region.
    frame : ndarray (3,)
        Place and number per unit length of the grid steps.
    rule : ndarray (4,)
        Largest (circumradius / shortest edge)^2; largest distance of a new vertex from the middle of the shortest edge over
        its length; slope of the sizes; largest number of triangles.
    field : Background
        Sizes that are wanted besides.
    """

    xy: np.ndarray
    pos: np.ndarray
    root: np.ndarray
    sharp: np.ndarray
    he: np.ndarray
    seg: np.ndarray
    label: np.ndarray
    queue: np.ndarray
    seg_queue: np.ndarray
    rim: np.ndarray
    stack: np.ndarray
    hits: np.ndarray
    count: np.ndarray
    circles: np.ndarray
    sizes: np.ndarray
    frame: np.ndarray
    rule: np.ndarray
    field: Background


def allocate(vertices: int, segments: int, **given) -> Mesh:
    """Arrays with room for that many vertices and segments.

    Parameters
    ----------
    given : ndarray, Background
        `sharp`, `circles`, `sizes`, `frame`, `rule` and `field`.
    """
    triangles = 2 * vertices
    return Mesh(
        xy=np.empty((vertices, 2), np.int64),
        pos=np.empty((vertices, 3)),
        root=np.full(vertices, -1, np.int32),
        he=np.empty((3 * triangles, 3), np.int32),
        seg=np.empty((segments, 8), np.int32),
        label=np.empty((triangles, 2), np.int32),
        queue=np.empty(triangles, np.int32),
        seg_queue=np.empty(segments, np.int32),
        rim=np.empty((triangles, 6), np.int32),
        stack=np.empty(triangles, np.int32),
        hits=np.empty(64, np.int64),
        count=np.zeros(16, np.int64),
        **given,
    )


def enlarge(m: Mesh, factor: float = 1.7) -> Mesh:
    """The same triangulation in larger arrays."""
    larger = allocate(int(factor * len(m.xy)) + 1024, int(factor * len(m.seg)) + 1024, sharp=m.sharp, circles=m.circles,
                      sizes=m.sizes, frame=m.frame, rule=m.rule, field=m.field)  # fmt: skip
    vertices, triangles, segments = (int(m.count[k]) for k in (VERTICES, TRIANGLES, SEGMENTS))
    for name, used in (("xy", vertices), ("pos", vertices), ("root", vertices), ("he", 3 * triangles),
                       ("label", triangles), ("seg", segments)):  # fmt: skip
        getattr(larger, name)[:used] = getattr(m, name)[:used]
    larger.count[:] = m.count
    for name, (head, waiting) in QUEUES.items():
        old = getattr(m, name)
        getattr(larger, name)[: m.count[waiting]] = old[(m.count[head] + np.arange(m.count[waiting])) % len(old)]
        larger.count[head] = 0
    return larger
