"""The particles of a box in space one by one, each as a mesh of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..geometry.assembly.anchors import bodies_of
from .soup import HalfSpace

if TYPE_CHECKING:
    from ..geometry.meshing import TaggedMesh


@dataclass(frozen=True)
class Part:
    """One particle of a box.

    Attributes
    ----------
    mesh
        Its cells as a mesh of kind `particle` about the origin.
    rows
        (k,) those cells in the whole mesh.
    centre
        (3,) of the particle [nm].
    necks
        Half spaces about the origin beyond which particles that it touches begin.
    """

    mesh: TaggedMesh
    rows: NDArray[np.int64]
    centre: NDArray[np.float64]
    necks: list[HalfSpace]


def single_particles(mesh: TaggedMesh) -> Iterator[Part]:
    """Each particle of a box in space with its SEI, and the cells of the electrolyte that touch it.

    Cells that reach through a neck belong to both particles.
    """
    bodies = bodies_of(mesh.bodies, mesh.period)
    solid = mesh.region != mesh.region_names.index("electrolyte")
    corners = mesh.cells[:, :4]
    nearest = np.full(len(mesh.cells), -1)
    nearest[solid] = bodies.nearest(mesh.points[corners[solid]].mean(axis=1))[0]
    for number, (centre, radius) in enumerate(zip(bodies.centres, bodies.radii.tolist(), strict=True)):
        caps = bodies.caps(number, bodies.radii + mesh.sei_thickness + mesh.binder)
        necks = [HalfSpace(-direction, -chord) for direction, chord, _, _ in caps]
        inside = np.isin(nearest, [number, *(other for *_, other in caps)])
        for neck in necks:
            inside[inside] = ((mesh.points[corners[inside]] - centre) @ neck.normal >= neck.offset).any(axis=1)
        touched = np.zeros(len(mesh.points), bool)
        touched[mesh.cells[inside]] = True
        rows = np.flatnonzero(inside | (~solid & touched[corners].any(axis=1)))
        used, cells = np.unique(mesh.cells[rows], return_inverse=True)
        own = replace(
            mesh, points=mesh.points[used] - centre, cells=cells.reshape(len(rows), -1), region=mesh.region[rows],
            grain=mesh.grain[rows], layer=mesh.layer[rows], kind="particle", period=None, core_size=radius,
            bodies=np.empty((0, 4)), statistics={}, key="",
        )  # fmt: skip
        yield Part(own, rows, centre, necks)
