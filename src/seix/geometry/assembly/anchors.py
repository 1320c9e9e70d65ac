"""Nodes of an assembly that are held: one in each piece of core, and what stops each piece of solid from moving as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seix.geometry.assembly.bodies import Bodies

if TYPE_CHECKING:
    from seix.geometry.meshing import TaggedMesh

CORE = 0
OFF_SIDE = 1e-3
"""Distance from a periodic side below which a node is not held, in periods."""


@dataclass(frozen=True)
class Anchors:
    """Positions of held nodes.

    Attributes
    ----------
    body_piece : ndarray (b,) of int
        Connected piece of core of each particle.
    pieces : ndarray (p, 2)
        A node in each piece of core, near the centre of its first particle [nm].
    holds : list of (ndarray (2,), tuple of int)
        Node and components of the displacement that are held: three components for each piece of solid, so that it can neither
        move nor turn; two if it reaches through the periodic sides, where it cannot turn.
    """

    body_piece: np.ndarray
    pieces: np.ndarray
    holds: list[tuple[np.ndarray, tuple[int, ...]]]


def find_anchors(mesh: TaggedMesh) -> Anchors:
    """Choose the held nodes of an assembly in the plane."""
    bodies = bodies_of(mesh.bodies, mesh.period)
    cores = bodies.groups(bodies.touching(0.0))
    solids = bodies.groups(bodies.touching(mesh.sei_thickness))
    nodes = mesh.points[np.unique(mesh.cells[mesh.region == CORE, :3])]
    margin = OFF_SIDE * mesh.period
    nodes = nodes[(nodes[:, 0] > margin) & (nodes[:, 0] < mesh.period - margin)]
    pieces = [_middle(bodies, nodes, _first(cores.label, piece)) for piece in range(len(cores))]
    holds = []
    for solid in range(len(solids)):
        body = _first(solids.label, solid)
        middle = _middle(bodies, nodes, body)
        holds.append((middle, (0, 1)))
        if not solids.endless[solid]:
            away = nodes - middle
            length = np.linalg.norm(away, axis=1)
            length[np.linalg.norm(nodes - bodies.centres[body], axis=1) > bodies.radii[body]] = 0.0
            far = int(length.argmax())
            holds.append((nodes[far], (1 - int(np.abs(away[far]).argmax()),)))
    return Anchors(cores.label, np.array(pieces), holds)


def bodies_of(table: np.ndarray, period: float) -> Bodies:
    """Bodies from the rows (b, dim + 1) of a mesh."""
    return Bodies(table[:, :-1], table[:, -1], period)


def _first(label: np.ndarray, group: int) -> int:
    return int(np.flatnonzero(label == group)[0])


def _middle(bodies: Bodies, nodes: np.ndarray, body: int) -> np.ndarray:
    """Node of the core nearest to the centre of a particle."""
    return nodes[np.linalg.norm(nodes - bodies.centres[body], axis=1).argmin()]
