"""Which nodes of a mesh belong on spheres, and where on them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from seix.geometry.facets import facets_of

if TYPE_CHECKING:
    from seix.geometry.layers import Structure
    from seix.geometry.tagged import TaggedMesh

ALIKE = 1e-9
"""Relative difference of distances that is rounding."""


def sphere_places(mesh: TaggedMesh, structure: Structure) -> tuple[np.ndarray, np.ndarray]:
    """Nodes of round faces, and the points of their spheres that are nearest.

    Round are faces between a round grain and anything else, and walls around a particle. Nodes of two spheres, where these
    cross, are left out.

    Parameters
    ----------
    mesh : TaggedMesh
        Nodes need not be on the spheres.
    structure : Structure
        That it was made of.

    Returns
    -------
    nodes : ndarray (k,) of int
    places : ndarray (k, 3)
        [nm]
    """
    found = list(_spheres(mesh, structure, *_outer_faces(mesh)))
    node = np.concatenate([nodes.ravel() for nodes, _ in found])
    sphere = np.concatenate([np.repeat(one, nodes.shape[1], axis=0) for nodes, one in found])
    nodes, row, inverse = np.unique(node, return_index=True, return_inverse=True)
    sphere, own = sphere[row], sphere
    crossing = np.zeros(len(nodes), bool)
    crossing[inverse[(own != sphere[inverse]).any(axis=1)]] = True
    nodes, sphere = nodes[~crossing], sphere[~crossing]
    offset = mesh.points[nodes] - sphere[:, :3]
    return nodes, sphere[:, :3] + offset * (sphere[:, 3] / np.linalg.norm(offset, axis=1))[:, None]


def _outer_faces(mesh: TaggedMesh) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Faces between parts or at the end of the mesh: nodes (k, 6), and two cells (k,), the second -1 at the end."""
    nodes, owners = facets_of(mesh.cells)
    cell, beyond = owners.T
    kept = beyond < 0
    for tag in (mesh.region, mesh.grain, mesh.layer):
        kept |= tag[cell] != tag[beyond]
    return nodes[kept], cell[kept], beyond[kept]


def _spheres(
    mesh: TaggedMesh, structure: Structure, nodes: np.ndarray, cell: np.ndarray, beyond: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Nodes of round faces (k, 6) with their spheres (k, 4): centre and radius."""
    corners = mesh.points[nodes[:, :3]]
    inside = mesh.grain[cell]
    outside = np.where(beyond < 0, -1, mesh.grain[beyond])
    if structure.shapes is None and len(structure.radii):
        for number in (inside, outside):
            faces = np.flatnonzero((number >= 0) & (beyond >= 0))
            grain = number[faces]
            centre = structure.centres[grain]
            if mesh.kind == "patch":  # the far half of a cut grain belongs to the image of the centre
                shift = np.rint((corners[faces].mean(axis=1) - centre)[:, :2] / mesh.period) * mesh.period
                centre = centre + np.column_stack([shift, np.zeros(len(shift))])
            yield nodes[faces], np.column_stack([centre, structure.radii[grain]])
    # at the end of a mesh only the outer sphere of a particle is round, not the mirror planes that bound its sector
    ends = beyond >= 0
    if mesh.kind == "particle":
        ends |= ~(np.abs(corners @ mesh.mirrors.T).max(axis=1, initial=0.0) <= ALIKE * mesh.core_size).any(axis=1)
    bare = np.flatnonzero((inside < 0) & (outside < 0) & ends)
    walls = list(_walls(mesh, structure))
    if walls:
        # the particle and the level that the vertices are nearest to
        found = [_nearest_level(corners[bare], centre, radii) for centre, radii in walls]
        nearest = np.argmin([apart for apart, _ in found], axis=0)
        centre = np.array([one for one, _ in walls])[nearest]
        radius = np.array([one for _, one in found])[nearest, np.arange(len(bare))]
        yield nodes[bare], np.column_stack([centre, radius])
    yield nodes[:0], np.empty((0, 4))


def _nearest_level(corners: np.ndarray, centre: np.ndarray, radii: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far faces (k, 3, 3) are from the sphere about a centre that is nearest to them all over, and its radius."""
    apart = np.abs(np.linalg.norm(corners - centre, axis=2)[:, :, None] - radii).max(axis=1)
    return apart.min(axis=1), radii[apart.argmin(axis=1)]


def _walls(mesh: TaggedMesh, structure: Structure) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Centre and radii of the walls around each particle."""
    heights = np.array([0.0, *(layer.outer for layer in structure.layers)])
    if mesh.kind == "particle":
        yield np.zeros(3), mesh.core_size + np.append(heights, mesh.sei_thickness + mesh.electrolyte_depth)
    elif mesh.kind == "particles":
        for *centre, radius in mesh.bodies:
            yield np.array(centre), radius + np.append(heights, mesh.sei_thickness + mesh.binder)
