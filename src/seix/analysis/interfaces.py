"""Finds the curves or surfaces between regions of a mesh from its cell tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..geometry.facets import facet_kinds, facets_of

if TYPE_CHECKING:
    from ..geometry.meshing import TaggedMesh


def interfaces(mesh: TaggedMesh) -> dict[str, NDArray[np.int64]]:
    """Facets of a mesh where something changes.

    Parameters
    ----------
    mesh
        Mesh with tags.

    Returns
    -------
    dict of (n, 3) or (n, 6) arrays
        Vertices and mid nodes of edges (plane) or faces (space), in the order of `seix.geometry.facets.FACETS`: the kinds of
        `facet_kinds`, and `outside`.
    """
    nodes, owners = facets_of(mesh.cells)
    kinds = facet_kinds(mesh, owners)
    return {name: nodes[chosen] for name, chosen in kinds.items()} | {"outside": nodes[owners[:, 1] < 0]}
