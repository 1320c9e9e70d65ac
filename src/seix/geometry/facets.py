"""Facets of second-order cells: edges of triangles, faces of tetrahedra; where regions, layers and grains meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seix.properties import BINDER

if TYPE_CHECKING:
    from seix.geometry.meshing import TaggedMesh

FACETS = {
    6: np.array([[1, 2, 3], [0, 2, 4], [0, 1, 5]]),
    10: np.array([[1, 2, 3, 6, 4, 5], [0, 2, 3, 8, 4, 7], [0, 1, 3, 9, 5, 7], [0, 1, 2, 9, 6, 8]]),
}
"""Nodes of a cell -> nodes of its facet opposite to each vertex: vertices a, b, (c), then the mid nodes of ab, (bc, ca)."""


def facets_of(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All facets of a mesh, each once.

    Parameters
    ----------
    cells : ndarray, shape (m, 6) or (m, 10)
        Second-order triangles or tetrahedra in basix order.

    Returns
    -------
    nodes : ndarray, shape (k, 3) or (k, 6)
        As in `FACETS`.
    owners : ndarray, shape (k, 2)
        The cells on both sides; -1 for the second of a facet on the boundary.
    """
    table = FACETS[cells.shape[1]]
    dim = len(table) - 1
    nodes = np.concatenate([cells[:, local] for local in table])
    # the mid node tells an edge, the two smaller of its mid nodes a face
    middle = np.sort(nodes[:, dim:], axis=1)
    key = middle[:, 0]
    if dim == 3:
        key = key * (int(cells.max(initial=0)) + 1) + middle[:, 1]
    order = np.argsort(key, kind="stable")
    start = np.flatnonzero(np.concatenate([[True], np.diff(key[order]) != 0]))
    number = np.diff(np.append(start, len(key)))
    owner = np.tile(np.arange(len(cells)), len(table))[order]
    second = np.where(number == 2, owner[np.minimum(start + 1, len(key) - 1)], -1)
    return nodes[order[start]], np.column_stack([owner[start], second])


def facet_kinds(mesh: TaggedMesh, owners: np.ndarray) -> dict[str, np.ndarray]:
    """Which facets lie between what.

    Parameters
    ----------
    mesh : TaggedMesh
    owners : ndarray, shape (k, 2)
        The cells on both sides of each facet; -1 on the boundary.

    Returns
    -------
    dict of str to ndarray (k,) of bool
        `core|sei`, `sei|electrolyte`, `layer|layer`, `grain|matrix` (also between grains that touch), `binder` (between
        binder and anything else), `void` (between a void and anything else), `core|domain` (between the matrix of the core and a
        domain in it); no facet is in two of them.
    """
    names = list(mesh.region_names)
    void = np.array([name == "void" for name in names])[mesh.region]
    sei = (mesh.layer >= 0) & ~void
    core, binder = mesh.region == names.index("core"), np.array([name == BINDER for name in names])[mesh.region]
    one, two = owners.T
    inner = two >= 0

    def between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return inner & ((a[one] & b[two]) | (b[one] & a[two]))

    in_sei = between(sei, sei)
    grain = in_sei & (mesh.grain[one] != mesh.grain[two])
    return {
        "core|sei": between(sei, core),
        "sei|electrolyte": between(sei, mesh.region == names.index("electrolyte")),
        "binder": between(binder, ~binder),
        "layer|layer": in_sei & ~grain & (mesh.layer[one] != mesh.layer[two]),
        "grain|matrix": grain,
        "void": between(void, ~void),
        "core|domain": between(core, np.isin(mesh.region, [names.index(name) for name in mesh.core_regions])),
    }
