"""The particles of a box in space one by one, each as a mesh of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..geometry.assembly.anchors import bodies_of

if TYPE_CHECKING:
    from ..geometry.meshing import TaggedMesh


def single_particles(mesh: TaggedMesh) -> Iterator[tuple[TaggedMesh, NDArray[np.int64], NDArray[np.float64]]]:
    """Each particle of a box with its SEI, and the cells of the electrolyte that touch it.

    Parameters
    ----------
    mesh
        Several particles in space, which lie apart.

    Yields
    ------
    own
        Mesh of one particle about the origin, of kind `particle`.
    rows
        (k,) its cells in the whole mesh.
    centre
        (3,) of the particle [nm].
    """
    bodies = bodies_of(mesh.bodies, mesh.period)
    solid = mesh.region != mesh.region_names.index("electrolyte")
    nearest = np.full(len(mesh.cells), -1)
    nearest[solid] = bodies.nearest(mesh.points[mesh.cells[solid, :4]].mean(axis=1))[0]
    for number, (centre, radius) in enumerate(zip(bodies.centres, bodies.radii.tolist(), strict=True)):
        inside = nearest == number
        touched = np.zeros(len(mesh.points), bool)
        touched[mesh.cells[inside]] = True
        rows = np.flatnonzero(inside | (~solid & touched[mesh.cells[:, :4]].any(axis=1)))
        used, cells = np.unique(mesh.cells[rows], return_inverse=True)
        own = replace(
            mesh, points=mesh.points[used] - centre, cells=cells.reshape(len(rows), -1), region=mesh.region[rows],
            grain=mesh.grain[rows], layer=mesh.layer[rows], kind="particle", period=None, core_size=radius,
            bodies=np.empty((0, 4)), statistics={}, key="",
        )  # fmt: skip
        yield own, rows, centre
