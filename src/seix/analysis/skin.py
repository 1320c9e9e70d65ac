"""Facets of a mesh in space on the surfaces of its parts, found without sorting all facets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..geometry.facets import FACETS
from .soup import HalfSpace

if TYPE_CHECKING:
    from ..geometry.meshing import TaggedMesh

Array = NDArray[np.float64]
Index = NDArray[np.int64]

_SHARP = 0.8
"""Cosine of the largest angle over which normals of neighbouring facets are joined to a smooth surface."""
_SLOPES = np.array(
    [
        [[-3, -1, 0, 4, 0, 0], [-3, 0, -1, 0, 0, 4]],
        [[1, 3, 0, -4, 0, 0], [1, 0, -1, -4, 4, 0]],
        [[1, -1, 0, 0, 4, -4], [1, 0, 3, 0, 0, -4]],
        [[-1, 1, 0, 0, 0, 0], [-1, 0, -1, -2, 2, 2]],
        [[1, 1, 0, -2, 2, -2], [1, 0, 1, -2, 2, -2]],
        [[-1, -1, 0, 2, 2, -2], [-1, 0, 1, 0, 0, 0]],
    ],
    float,
)
"""Derivatives of the six shape functions of a facet along its first two edges from vertex 0, at its nodes."""


@dataclass(frozen=True)
class Facets:
    """Facets of cells.

    Attributes
    ----------
    nodes
        (k, 6) as in `seix.geometry.facets.FACETS`.
    owner
        (k,) cell.
    side
        (k,) vertex of the cell that the facet is opposite to.
    outwards
        (k, 3) any vectors out of the cell.
    """

    nodes: Index
    owner: Index
    side: Index
    outwards: Array

    def normals(self, points: Array) -> Array:
        """Unit normals (k, 6, 3) at the nodes out of the cells, smooth where the surface is."""
        places = points[self.nodes]
        along = np.einsum("nsm,kmx->knsx", _SLOPES, places)
        own = np.cross(along[:, :, 0], along[:, :, 1])
        own *= np.sign(np.einsum("knx,kx->kn", own, self.outwards))[..., None]
        _, number = np.unique(self.nodes, return_inverse=True)
        number = number.ravel()
        joined = np.stack([np.bincount(number, own[..., k].ravel()) for k in range(3)], axis=1)[number].reshape(own.shape)
        own, joined = _unit(own), _unit(joined)
        return np.where((own * joined).sum(axis=2, keepdims=True) > _SHARP, joined, own)


def interface_facets(mesh: TaggedMesh, one: NDArray[np.bool_], other: NDArray[np.bool_]) -> Facets:
    """Facets of cells marked in `one` on cells marked in `other`."""
    mark = np.zeros(len(mesh.points), dtype=bool)
    mark[mesh.cells[other].ravel()] = True
    rows = np.flatnonzero(one)
    return _facets_on(mesh, rows[mark[mesh.cells[rows]].sum(axis=1) >= 6], mark)


def grain_facets(mesh: TaggedMesh, wedge: list[HalfSpace]) -> Facets:
    """Surfaces of the grains that reach into a wedge but have their centre outside it.

    The two halves of a grain on periodic sides are two grains here. Facets outside the wedge, and voids, are left out.
    """
    inside = np.ones(len(mesh.points), dtype=bool)
    for space in wedge:
        inside &= space.level(mesh.points) > 0
    solid = np.array([name != "void" for name in mesh.region_names])[mesh.region]
    cells = np.flatnonzero((mesh.grain >= 0) & solid)
    piece = mesh.grain[cells].astype(np.int64)
    centres = mesh.points[mesh.cells[cells, :4]].mean(axis=1)
    if mesh.period is not None:
        piece = _apart(piece, centres, mesh.period)
    reaching = np.zeros(piece.max(initial=0) + 1, dtype=bool)
    reaching[piece[inside[mesh.cells[cells]].any(axis=1)]] = True
    number = np.maximum(np.bincount(piece, minlength=len(reaching)), 1)
    middle = np.stack([np.bincount(piece, centres[:, k], len(reaching)) / number for k in range(3)], axis=1)
    reaching &= ~np.all([space.level(middle) > 0 for space in wedge], axis=0)
    mixed = _mixed(mesh)
    near = cells[reaching[piece]]
    near = near[inside[mesh.cells[near]].any(axis=1)]
    return _facets_on(mesh, near, mixed)


def _apart(piece: Index, centres: Array, period: float) -> Index:
    """Numbers of grains whose parts at opposite periodic sides have numbers of their own."""
    count = int(piece.max(initial=-1)) + 1
    result = piece.copy()
    order = np.argsort(piece, kind="stable")
    start = np.flatnonzero(np.diff(piece[order], prepend=-1))
    for axis in range(3):
        low, high = (reduce.reduceat(centres[order, axis], start) for reduce in (np.minimum, np.maximum))
        wide = np.zeros(count, dtype=bool)
        wide[piece[order[start]]] = high - low > 0.5 * period
        result += count * (2**axis) * (wide[piece] & (centres[:, axis] > 0.5 * period))
    return result


def _mixed(mesh: TaggedMesh) -> NDArray[np.bool_]:
    """Nodes that cells of different grains, or of a grain and none, share."""
    label = mesh.grain
    last = np.empty(len(mesh.points), dtype=label.dtype)
    mixed = np.zeros(len(mesh.points), dtype=bool)
    for column in mesh.cells.T:
        last[column] = label
    for column in mesh.cells.T:
        mixed[column[last[column] != label]] = True
    return mixed


def _facets_on(mesh: TaggedMesh, rows: Index, mark: NDArray[np.bool_]) -> Facets:
    """Facets of some cells with all six nodes marked."""
    found = []
    for side, local in enumerate(FACETS[10]):
        nodes = mesh.cells[rows][:, local]
        chosen = mark[nodes].all(axis=1)
        found.append((nodes[chosen], rows[chosen], np.full(chosen.sum(), side)))
    nodes, owner, side = (np.concatenate(parts) for parts in zip(*found, strict=True))
    outwards = mesh.points[nodes[:, 0]] - mesh.points[mesh.cells[owner, side]]
    return Facets(nodes, owner, side, outwards)


def _unit(vectors: Array) -> Array:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-300)
