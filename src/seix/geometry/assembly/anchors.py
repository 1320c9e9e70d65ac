"""Nodes of an assembly that are held: one in each piece of core, and what stops each piece of solid from moving as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seix.errors import GeometryError
from seix.geometry.assembly.bodies import Bodies

if TYPE_CHECKING:
    from seix.geometry.meshing import TaggedMesh

CORE = 0
SLENDER = 0.1
"""Smallest mean arm of the nodes that hold a ball, in its radius."""
OFF_SIDE = 1e-3
"""Distance from a periodic side below which a node is not held, in periods."""


@dataclass(frozen=True)
class Anchors:
    """Positions of held nodes.

    Attributes
    ----------
    body_piece : ndarray (b,) of int
        Connected piece of core of each particle.
    pieces : ndarray (p, dim)
        A node in each piece of core, near the centre of its first particle [nm].
    holds : list of (ndarray (dim,), tuple of int)
        Node and components of the displacement that are held: three components for each piece of solid in the plane, so that it
        can neither move nor turn, or two if it reaches through the periodic sides, where it cannot turn; six in space.
    """

    body_piece: np.ndarray
    pieces: np.ndarray
    holds: list[tuple[np.ndarray, tuple[int, ...]]]


def find_anchors(mesh: TaggedMesh) -> Anchors:
    """Choose the held nodes of an assembly.

    Raises
    ------
    GeometryError
        If the cells of a core in space are so large that no three nodes hold it.
    """
    bodies = bodies_of(mesh.bodies, mesh.period)
    cores = bodies.groups(bodies.touching(0.0))
    solids = bodies.groups(bodies.touching(mesh.sei_thickness + mesh.binder))
    nodes = mesh.points[np.unique(mesh.cells[mesh.region == CORE, : mesh.dim + 1])]
    if mesh.dim == 3:
        pieces = [_middle(bodies, nodes, _first(cores.label, piece)) for piece in range(len(cores))]
        holds = [hold for solid in range(len(solids)) for hold in _held_ball(bodies, nodes, _first(solids.label, solid))]
        return Anchors(cores.label, np.array(pieces), holds)
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


def _held_ball(bodies: Bodies, nodes: np.ndarray, body: int) -> list[tuple[np.ndarray, tuple[int, ...]]]:
    """What holds a solid piece by one of its cores: the centre, and two nodes halfway inside.

    The centre takes the translations, a node near the x axis the rotations that move it along y and z, one near the y axis
    the rotation about the x axis. None of them carries a force. They are not on core|SEI, where the stress of an iterate that
    is not yet in balance, which peaks at a held node, would act on the kinetics.
    """
    centre, radius = bodies.centres[body], float(bodies.radii[body])
    middle = _middle(bodies, nodes, body)
    first, second = (nodes[np.linalg.norm(nodes - centre - 0.5 * radius * axis, axis=1).argmin()] for axis in np.eye(3)[:2])
    a, b = first - middle, second - middle
    # rotation (wx, wy, wz) moves the first node by wz a_x - wx a_z along y, and so on
    turns = np.array([[-a[2], 0.0, a[0]], [a[1], -a[0], 0.0], [b[1], -b[0], 0.0]])
    if abs(np.linalg.det(turns)) < (SLENDER * radius) ** 3:
        raise GeometryError(f"the core of {radius:g} nm radius has too few cells to hold it: smaller cells are needed")
    return [(middle, (0, 1, 2)), (first, (1, 2)), (second, (2,))]


def bodies_of(table: np.ndarray, period: float) -> Bodies:
    """Bodies from the rows (b, dim + 1) of a mesh."""
    return Bodies(table[:, :-1], table[:, -1], period)


def _first(label: np.ndarray, group: int) -> int:
    return int(np.flatnonzero(label == group)[0])


def _middle(bodies: Bodies, nodes: np.ndarray, body: int) -> np.ndarray:
    """Node of the core nearest to the centre of a particle."""
    return nodes[np.linalg.norm(nodes - bodies.centres[body], axis=1).argmin()]
