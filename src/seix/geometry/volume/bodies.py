"""The grains: turned templates with their cells, whole, or halved by the side they are centred on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from seix.errors import GeometryError
from seix.geometry.patch import FREE
from seix.geometry.volume.balls import HALVED, WHOLE, Ball, ball, choose, filled, star
from seix.geometry.volume.quality3d import dihedral_angles
from seix.geometry.volume.sizes import SolidSizes
from seix.geometry.volume.surfaces import Surfaces

ON_PLANE = 1e-9
"""Sine of the angle below which a direction of a template lies in the plane that halves it."""
FLATTEST = 10.0
"""Smallest dihedral angle of the blocks inside a cellular grain; with less it is joined to its centre [degrees]."""


@dataclass(frozen=True)
class Cut:
    """The half of a grain on one side.

    Attributes
    ----------
    grain : int
    surface : int
        Number of its curved surface.
    loop : ndarray (k,)
        Nodes on the side, in order around the grain.
    """

    grain: int
    surface: int
    loop: np.ndarray


def whole_grains(surfaces: Surfaces, sizes: SolidSizes) -> tuple[np.ndarray, np.ndarray]:
    """Add all grains that touch no side.

    Parameters
    ----------
    surfaces : Surfaces
    sizes : SolidSizes

    Returns
    -------
    grains, numbers : ndarray (n,)
        Grains and their surfaces.
    """
    s = sizes.structure
    free = np.flatnonzero(s.side == FREE)
    groups = []
    if s.shapes is None:
        turns = Rotation.random(len(s.radii), rng=np.random.default_rng([s.seed, 3])).as_matrix()
        choice = choose(WHOLE, sizes.relative()[free])
        for number in np.unique(choice):
            group, template = free[choice == number], ball(*WHOLE[number])
            radii = template.factor * s.radii[group]
            vertices = radii[:, None, None] * np.einsum("gij,kj->gki", turns[group], template.directions)
            spheres = surfaces.add_spheres(s.centres[group], radii)
            groups.append((group, _add_copies(surfaces, s, group, template, vertices, spheres)))
    else:
        vertices = s.shapes.vertices()
        template = filled(s.shapes.directions, s.shapes.faces)
        flat = _flattest(template, vertices) < FLATTEST
        for group, inside in ((free[~flat[free]], template), (free[flat[free]], star(template.directions, template.faces))):
            groups.append((group, _add_copies(surfaces, s, group, inside, vertices[group], None)))
    empty = (np.empty(0, np.int64),) * 2
    grains, numbers = (np.concatenate(column) for column in zip(empty, *groups, strict=True))
    return grains, numbers


def _add_copies(surfaces: Surfaces, s, group: np.ndarray, template: Ball, vertices: np.ndarray, spheres) -> np.ndarray:
    """Add grains that share a template, with vertices (g, k, 3) about their centres."""
    count, nodes = vertices.shape[:2]
    if not count:
        return np.empty(0, np.int64)
    centres = s.centres[group, None, :]
    first = surfaces.add_nodes(centres + vertices)[::nodes]
    inner = surfaces.add_inner(centres + template.scale[:, None] * vertices[:, template.corner])[:: len(template.scale)]
    on_surface = template.cells < nodes
    # inner nodes have negative numbers, downwards
    cells = np.where(on_surface, first[:, None, None] + template.cells, inner[:, None, None] - (template.cells - nodes))
    surfaces.add_cells(cells.reshape(-1, 4), np.repeat(group, len(template.cells)))
    owner = np.repeat(np.arange(count), len(template.faces))
    return surfaces.add_faces((first[:, None, None] + template.faces).reshape(-1, 3), owner, spheres)


def _flattest(template: Ball, vertices: np.ndarray) -> np.ndarray:
    """Smallest dihedral angle (n,) of the cells inside each grain, negative if one is turned inside out [degrees]."""
    if not len(vertices):
        return np.empty(0)
    nodes = np.concatenate([vertices, template.scale[:, None] * vertices[:, template.corner]], axis=1)
    count = nodes.shape[1]
    cells = (count * np.arange(len(nodes))[:, None, None] + template.cells).reshape(-1, 4)
    points = nodes.reshape(-1, 3)
    a, b, c, d = (points[cells[:, k]] for k in range(4))
    inverted = np.einsum("ci,ci->c", b - a, np.cross(c - a, d - a)) <= 0.0
    angle = np.where(inverted, -1.0, dihedral_angles(points, cells)[0])
    return angle.reshape(len(nodes), -1).min(axis=1)


def halved_grains(surfaces: Surfaces, sizes: SolidSizes, side: int, normal: np.ndarray,
                  shift: np.ndarray | None = None) -> tuple[list[Cut], list[Cut]]:  # fmt: skip
    """Add the halves of all grains that are centred on a side.

    Parameters
    ----------
    surfaces : Surfaces
    sizes : SolidSizes
    side : int
    normal : ndarray (3,)
        Inward unit normal of the side.
    shift : ndarray (3,) or None
        From the side to its periodic image, which gets the other halves.

    Returns
    -------
    inner, outer : list of Cut
        Halves on the side and on its image, in the same order and with corresponding loops.

    Raises
    ------
    GeometryError
        If the template of a grain does not consist of two halves.
    """
    s = sizes.structure
    inner, outer = [], []
    choice = choose(HALVED, sizes.relative())
    for grain in np.flatnonzero(s.side == side):
        template, vertices, level = _cut_template(s, grain, choice[grain], normal)
        sign = np.sign(level[template.cells])
        if ((sign.min(axis=1) < 0) & (sign.max(axis=1) > 0)).any():
            raise GeometryError(f"side {side} crosses faces of the shape of grain {grain}, which is centred on it")
        surface = len(template.directions)
        loop = _ordered_loop(vertices, np.flatnonzero(level[:surface] == 0), normal)
        inner.append(_half(surfaces, s, grain, template, vertices, level >= 0, loop, np.zeros(3)))
        if shift is not None:
            outer.append(_half(surfaces, s, grain, template, vertices, level <= 0, loop, shift))
    return inner, outer


def _cut_template(s, grain: int, choice: int, normal: np.ndarray) -> tuple[Ball, np.ndarray, np.ndarray]:
    """Template of a cut grain, its vertices (k, 3) about the centre, and the distances of all nodes from the plane.

    The distance is exactly zero for nodes on the plane.
    """
    if s.shapes is None:
        template = ball(*HALVED[choice])
        turn, distances = plane_axes(normal), template.factor * s.radii[grain]
    else:
        template = filled(s.shapes.directions, s.shapes.faces)
        turn, distances = s.shapes.turns[grain], s.shapes.distances[grain][:, None]
        if _flattest(template, s.shapes.vertices()[[grain]])[0] < FLATTEST:
            template = star(template.directions, template.faces)
    directions = template.directions @ turn.T
    level = directions @ normal
    on = np.abs(level) < ON_PLANE
    level[on] = 0.0
    # a patch is cut at exact coordinates
    directions[on] -= (directions[on] @ normal)[:, None] * normal
    return template, distances * directions, np.concatenate([level, template.scale * level[template.corner]])


def plane_axes(normal: np.ndarray) -> np.ndarray:
    """Columns (3, 3): two unit vectors in a plane and its normal; unit vectors for the coordinate planes."""
    first = np.roll(np.eye(3)[np.abs(normal).argmax()], 1)
    first = first - (first @ normal) * normal
    first /= np.linalg.norm(first)
    return np.column_stack([first, np.cross(normal, first), normal])


def _ordered_loop(points: np.ndarray, on: np.ndarray, normal: np.ndarray) -> np.ndarray:
    u, v = (points[on] @ plane_axes(normal))[:, :2].T
    return on[np.argsort(np.arctan2(v, u))]


def _half(surfaces: Surfaces, s, grain: int, template: Ball, vertices, within, loop, shift) -> Cut:
    """Add the cells and the surface of the nodes `within` one side."""
    centre, count = s.centres[grain] + shift, len(vertices)
    nodes = np.full(len(within), -1)
    nodes[:count][within[:count]] = surfaces.add_nodes(centre + vertices[within[:count]])
    deep = within[count:]
    inside = template.scale[deep, None] * vertices[template.corner[deep]]
    nodes[count:][deep] = surfaces.add_inner(centre + inside)
    cells = template.cells[within[template.cells].all(axis=1)]
    surfaces.add_cells(nodes[cells], np.full(len(cells), grain))
    faces = template.faces[within[template.faces].all(axis=1)]
    spheres = None if s.shapes is not None else surfaces.add_spheres(centre[None], template.factor * s.radii[[grain]])
    (number,) = surfaces.add_faces(nodes[faces], None, spheres)
    return Cut(int(grain), int(number), nodes[loop])
