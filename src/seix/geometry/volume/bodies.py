"""Surfaces of the grains: turned templates, whole, or halved by the side they are centred on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from seix.errors import GeometryError
from seix.geometry.patch import FREE
from seix.geometry.volume.sizes import ICOSPHERE_EDGE, OCTASPHERE_EDGE, SolidSizes
from seix.geometry.volume.surfaces import Surfaces
from seix.geometry.volume.templates import icosphere, octasphere

ON_PLANE = 1e-9
"""Sine of the angle below which a direction of a template lies in the plane that halves it."""


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


def whole_grains(surfaces: Surfaces, sizes: SolidSizes, trial: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Add the surfaces of all grains that touch no side.

    Parameters
    ----------
    surfaces : Surfaces
    sizes : SolidSizes
    trial : int
        Another number turns the templates of round grains differently.

    Returns
    -------
    grains, numbers : ndarray (n,)
        Grains and their surfaces.
    """
    s = sizes.structure
    free = np.flatnonzero(s.side == FREE)
    if s.shapes is not None:
        points = s.centres[free, None, :] + s.shapes.vertices()[free]
        return free, _add_copies(surfaces, points, s.shapes.faces, None)
    turns = Rotation.random(len(s.radii), rng=np.random.default_rng([s.seed, 3, trial])).as_matrix()
    segments = sizes.segments(ICOSPHERE_EDGE, 2)
    grains, numbers = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for n in np.unique(segments[free]):
        group = free[segments[free] == n]
        directions, faces = icosphere(n)
        points = np.einsum("gij,kj->gki", turns[group], directions)
        points = s.centres[group, None, :] + s.radii[group, None, None] * points
        spheres = surfaces.add_spheres(s.centres[group], s.radii[group])
        grains.append(group)
        numbers.append(_add_copies(surfaces, points, faces, spheres))
    return np.concatenate(grains), np.concatenate(numbers)


def _add_copies(surfaces: Surfaces, points: np.ndarray, faces: np.ndarray, spheres: np.ndarray | None) -> np.ndarray:
    """Add grains (g, k, 3) that share their faces (f, 3)."""
    count, nodes = points.shape[:2]
    if not count:
        return np.empty(0, np.int64)
    first = surfaces.add_nodes(points)[::nodes]
    owner = np.repeat(np.arange(count), len(faces))
    return surfaces.add_faces((first[:, None, None] + faces).reshape(-1, 3), owner, spheres)


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
    segments = sizes.segments(OCTASPHERE_EDGE, 2)
    for grain in np.flatnonzero(s.side == side):
        points, faces, level = _cut_template(s, grain, segments[grain], normal)
        sign = np.sign(level[faces])
        if ((sign.min(axis=1) < 0) & (sign.max(axis=1) > 0)).any():
            raise GeometryError(f"side {side} crosses faces of the shape of grain {grain}, which is centred on it")
        loop = _ordered_loop(points, np.flatnonzero(level == 0), normal)
        inner.append(_half(surfaces, s, grain, points, faces[(sign >= 0).all(axis=1)], loop, np.zeros(3)))
        if shift is not None:
            outer.append(_half(surfaces, s, grain, points, faces[(sign <= 0).all(axis=1)], loop, shift))
    return inner, outer


def _cut_template(s, grain: int, segments: int, normal: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices (k, 3) about the centre, faces, and the distance (k,) of the vertices from the plane, 0 for those on it."""
    if s.shapes is None:
        directions, faces = octasphere(segments)
        turn, distances = plane_axes(normal), s.radii[grain]
    else:
        directions, faces = s.shapes.directions, s.shapes.faces
        turn, distances = s.shapes.turns[grain], s.shapes.distances[grain][:, None]
    directions = directions @ turn.T
    level = directions @ normal
    on = np.abs(level) < ON_PLANE
    level[on] = 0.0
    # a patch is cut at exact coordinates
    directions[on] -= (directions[on] @ normal)[:, None] * normal
    return distances * directions, faces, level


def plane_axes(normal: np.ndarray) -> np.ndarray:
    """Columns (3, 3): two unit vectors in a plane and its normal; unit vectors for the coordinate planes."""
    first = np.roll(np.eye(3)[np.abs(normal).argmax()], 1)
    first = first - (first @ normal) * normal
    first /= np.linalg.norm(first)
    return np.column_stack([first, np.cross(normal, first), normal])


def _ordered_loop(points: np.ndarray, on: np.ndarray, normal: np.ndarray) -> np.ndarray:
    u, v = (points[on] @ plane_axes(normal))[:, :2].T
    return on[np.argsort(np.arctan2(v, u))]


def _half(surfaces: Surfaces, s, grain: int, points, faces, loop, shift) -> Cut:
    used, faces = np.unique(faces, return_inverse=True)
    centre = s.centres[grain] + shift
    nodes = surfaces.add_nodes(centre + points[used])
    spheres = None if s.shapes is not None else surfaces.add_spheres(centre[None], s.radii[[grain]])
    (number,) = surfaces.add_faces(nodes[faces.reshape(-1, 3)], None, spheres)
    return Cut(int(grain), int(number), nodes[np.searchsorted(used, loop)])
