"""Finds the curves between regions of a mesh from its cell tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .fieldset import EDGES

if TYPE_CHECKING:
    from ..geometry.meshing import TaggedMesh

Edges = NDArray[np.int64]


def interfaces(mesh: TaggedMesh) -> dict[str, Edges]:
    """Edges of a mesh where something changes.

    Parameters
    ----------
    mesh
        Mesh with tags.

    Returns
    -------
    dict of (n, 3) arrays (first, last and middle node)
        `grain|matrix` (also between grains), `core|sei`, `sei|electrolyte`, `layer|layer` and `outside`.
    """
    edges = mesh.cells[:, EDGES].reshape(-1, 3)
    owner = np.repeat(np.arange(len(mesh.cells)), len(EDGES))
    ends = np.sort(edges[:, :2], axis=1)
    order = np.lexsort((ends[:, 1], ends[:, 0]))
    same = (ends[order][1:] == ends[order][:-1]).all(axis=1)
    first, second = order[:-1][same], order[1:][same]
    a, b = owner[first], owner[second]
    sei = mesh.layer >= 0
    core = mesh.region == list(mesh.region_names).index("core")
    surface = sei[a] != sei[b]
    grain = (mesh.grain[a] != mesh.grain[b]) & ~surface
    paired = np.zeros(len(edges), dtype=bool)
    paired[first] = paired[second] = True
    kinds = {
        "grain|matrix": grain,
        "core|sei": surface & (core[a] | core[b]),
        "sei|electrolyte": surface & ~(core[a] | core[b]),
        "layer|layer": sei[a] & sei[b] & (mesh.layer[a] != mesh.layer[b]) & ~grain,
    }
    return {name: edges[first[chosen]] for name, chosen in kinds.items()} | {"outside": edges[~paired]}
