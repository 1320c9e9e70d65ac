"""A mesh in space cut to wanted sizes: cells by bisection, round surfaces round, periodic sides alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from seix.errors import GeometryError
from seix.geometry.quality import SMALLEST_JACOBIAN
from seix.geometry.volume.bisection import Bisected, bisect, cuttable, longest_edges
from seix.geometry.volume.curving import PARTS
from seix.geometry.volume.quality3d import EDGES, dihedral_angles, measure
from seix.geometry.volume.round_faces import sphere_places

if TYPE_CHECKING:
    from seix.geometry.layers import Structure
    from seix.geometry.tagged import TaggedMesh
    from seix.geometry.wanted import WantedSizes

MARGIN = 2.0 ** (1.0 / 6.0)
"""Size over the wanted one from which a cell is cut: half a bisection, so that sizes come out right on average."""
ROUNDING, OFF = 1e-12, 1e-6
"""Distance from a sphere that is rounding, over the extent of the mesh, and one that counts, over the smallest cell."""
FLAT, LESS = 6.0, 0.9
"""Dihedral angle that making round leaves a cell [degrees], since the checks allow few below five; and the part it leaves of that
and of the Jacobian of a cell that has less."""
MOST_PASSES = 300
"""Far more than it takes to reach any size that is worth it: 30 halve all sizes."""


class SizesInSpace:
    """Wanted sizes at any place.

    Parameters
    ----------
    wanted : WantedSizes
        In space.
    coarsening : float
        Multiplies all sizes.
    """

    def __init__(self, wanted: WantedSizes, coarsening: float = 1.0) -> None:
        self._tree, self._sizes = cKDTree(wanted.points), coarsening * wanted.sizes

    def __call__(self, places: np.ndarray) -> np.ndarray:
        """Sizes (n,) at places (n, 3) [nm]."""
        return self._sizes[self._tree.query(places)[1]]


def cell_sizes(points: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Root mean square (m,) of the six edges of each cell [nm].

    The volume would call a flat cell between large ones small, and its place would then be refined far too much.
    """
    squared = sum(((points[cells[:, a]] - points[cells[:, b]]) ** 2).sum(axis=1) for a, b in EDGES)
    return np.sqrt(squared / len(EDGES))


def cell_centres(points: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Means (m, 3) of the vertices [nm]."""
    return points[cells[:, :4]].mean(axis=1)


def cut_to_sizes(
    mesh: TaggedMesh, structure: Structure, wanted: Callable[[np.ndarray], np.ndarray], accept: Callable[[float], None]
) -> TaggedMesh:
    """Cut the cells that are larger than wanted.

    Parameters
    ----------
    mesh : TaggedMesh
    structure : Structure
        That it was made of.
    wanted : callable
        Wanted edge lengths (n,) at places (n, 3) [nm].
    accept : callable
        Called with the number of cells after each pass; may raise.

    Returns
    -------
    TaggedMesh
        Not checked, without statistics.

    Raises
    ------
    GeometryError
        If nodes of periodic sides do not match, or the sizes are out of reach.
    """
    for _ in range(MOST_PASSES):
        size = cell_sizes(mesh.points, mesh.cells)
        large = np.flatnonzero(size > MARGIN * wanted(cell_centres(mesh.points, mesh.cells)))
        if not len(large):
            break
        mesh = _cut(mesh, large)
        accept(float(len(mesh.cells)))
    else:
        raise GeometryError(f"cells are larger than wanted after {MOST_PASSES} passes of bisection; larger sizes help")
    make_round(mesh, *sphere_places(mesh, structure))
    return mesh


def _cut(mesh: TaggedMesh, marked: np.ndarray) -> TaggedMesh:
    """One pass on the way to cutting each marked cell."""
    twin = images(mesh.points, mesh.period)
    longest = longest_edges(mesh.points, mesh.cells, twin)
    parts = bisect(mesh.points, mesh.cells, longest, cuttable(mesh.cells, longest, twin, marked))
    tags = {name: getattr(mesh, name)[parts.parent] for name in ("region", "grain", "layer")}
    return replace(mesh, points=match_sides(mesh.points, parts, mesh.period), cells=parts.cells, **tags)


def make_round(mesh: TaggedMesh, nodes: np.ndarray, places: np.ndarray) -> None:
    """Move nodes onto spheres as far as no cell folds.

    Mid nodes that are on no sphere move with the ends of their edge, and images on periodic sides move alike. A few nodes do
    not arrive, where flat cells of the mesh before lie across the place that the ball should fill.

    Parameters
    ----------
    mesh : TaggedMesh
        Its points are changed in place.
    nodes : ndarray (k,) of int
    places : ndarray (k, 3)
        Where they belong [nm].
    """
    twin = images(mesh.points, mesh.period)
    start, move = mesh.points.copy(), np.zeros_like(mesh.points)
    move[nodes] = places - start[nodes]
    if mesh.period is not None:  # centres of grains that a side cuts are on it but for rounding
        move[:, :2][(start[:, :2] == 0.0) | (start[:, :2] == mesh.period)] = 0.0
    move = move[twin]
    move[(np.abs(move) <= ROUNDING * np.abs(start).max()).all(axis=1)] = 0.0
    movable = (move != 0.0).any(axis=1)
    followers, ends = _followers(mesh.cells, movable, nodes)
    steps = np.zeros(len(start), np.int64)
    check = np.flatnonzero(movable[mesh.cells].any(axis=1))
    while True:
        moved = PARTS[steps][:, None] * move
        moved[followers] = moved[ends].mean(axis=1)
        mesh.points[:] = start + moved
        blamed = np.unique(twin[mesh.cells[check[_spoilt(mesh.points, mesh.cells[check], start)]]])
        blamed = blamed[movable[blamed] & (steps[blamed] < len(PARTS) - 1)]
        if not len(blamed):  # what is left was so before
            return
        changed = np.zeros(len(start), bool)
        changed[blamed] = True
        changed = changed[twin]
        steps += changed
        changed[followers] = changed[ends].any(axis=1)
        check = np.flatnonzero(changed[mesh.cells].any(axis=1))


def _followers(cells: np.ndarray, movable: np.ndarray, bound: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mid nodes (k,) that are bound to no sphere and have an end that moves, and the ends (k, 2) of their edges."""
    free = np.ones(len(movable), bool)
    free[bound] = False
    near = cells[movable[cells[:, :4]].any(axis=1)]
    mid = near[:, 4:].ravel()
    ends = near[:, np.array(EDGES)].reshape(-1, 2)
    mid, row = np.unique(mid, return_index=True)
    kept = free[mid] & movable[ends[row]].any(axis=1)
    return mid[kept], ends[row][kept]


def _spoilt(points: np.ndarray, cells: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Which cells (m,) fold, or nearly so, or have become flatter than they may be."""
    bound, bound_before = (measure(at, cells)[1] for at in (points, start))
    angle, angle_before = (dihedral_angles(at, cells)[0] for at in (points, start))
    return (bound < np.minimum(SMALLEST_JACOBIAN, LESS * bound_before)) | (angle < np.minimum(FLAT, LESS * angle_before))


def images(points: np.ndarray, period: float | None, axes: tuple[int, ...] = (0, 1)) -> np.ndarray:
    """The first (n,) of all nodes that are images of each other along some axes; without a period each node itself."""
    result = np.arange(len(points))
    if period is None:
        return result
    at = points[:, axes]
    on = np.flatnonzero(((at == 0.0) | (at == period)).any(axis=1))
    wrapped = points[on]
    for axis in axes:
        wrapped[wrapped[:, axis] == period, axis] = 0.0
    order = np.lexsort((on, *wrapped.T))
    new = np.concatenate([[True], (wrapped[order][1:] != wrapped[order][:-1]).any(axis=1)])
    result[on[order]] = on[order][new][np.cumsum(new) - 1]
    return result


def match_sides(before: np.ndarray, parts: Bisected, period: float | None) -> np.ndarray:
    """Points of a mesh that was cut, those of opposite sides the same to the last bit.

    Parameters
    ----------
    before : ndarray (n, 3)
        Points of the mesh before.
    parts : Bisected
    period : float or None

    Raises
    ------
    GeometryError
        If a new node on one side has no image on the other.
    """
    points = parts.points.copy()
    new = points[len(before) :]
    for axis in (0, 1) if period is not None else ():
        pair = np.sort(images(before, period, (axis,))[parts.ends], axis=1)
        at = before[parts.ends][..., axis]
        near, far = (np.flatnonzero((at == x).all(axis=1)) for x in (0.0, period))
        near, far = near[np.lexsort(pair[near].T)], far[np.lexsort(pair[far].T)]
        if not np.array_equal(pair[near], pair[far]):
            raise GeometryError(f"the sides normal to {'xy'[axis]} were not refined alike ({len(near)} and {len(far)} new nodes)")
        new[near, axis], new[far] = 0.0, new[near]
        new[far, axis] = period
    return points


def numbers_of_curves(mesh: TaggedMesh, structure: Structure) -> tuple[int, int]:
    """Cells with an edge on a sphere, and those of them with a node that is off it."""
    nodes, places = sphere_places(mesh, structure)
    on, off = np.zeros((2, len(mesh.points)), bool)
    on[nodes] = True
    off[nodes] = (np.abs(mesh.points[nodes] - places) > OFF * cell_sizes(mesh.points, mesh.cells).min()).any(axis=1)
    return int(on[mesh.cells[:, 4:]].any(axis=1).sum()), int(off[mesh.cells].any(axis=1).sum())
