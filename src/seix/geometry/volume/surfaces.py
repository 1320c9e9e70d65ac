"""All surfaces of a structure as one list of triangles, and the volumes that they enclose."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

FLAT = -1
"""Sphere number of faces that lie on no sphere."""


@dataclass(frozen=True)
class Volume:
    """A closed set of surfaces, and what fills it: region by number, grain and layer, -1 where there is none."""

    surfaces: list[int]
    region: int
    grain: int = -1
    layer: int = -1


@dataclass
class Surfaces:
    """Nodes, triangles and volumes under construction; lengths in nanometres.

    Attributes
    ----------
    volumes : list of Volume
    twins : list of ndarray (k, 2)
        Nodes of the sides x = 0 and y = 0 of a patch, and those one period further.
    """

    volumes: list[Volume] = field(default_factory=list)
    twins: list[np.ndarray] = field(default_factory=list)
    node_count: int = 0
    surface_count: int = 0
    _points: list[np.ndarray] = field(default_factory=list)
    _faces: list[np.ndarray] = field(default_factory=list)
    _surface: list[np.ndarray] = field(default_factory=list)
    _sphere: list[np.ndarray] = field(default_factory=list)
    _spheres: list[np.ndarray] = field(default_factory=list)
    _sphere_count: int = 0

    def add_nodes(self, points: np.ndarray) -> np.ndarray:
        """Append nodes (n, 3) and return their numbers (n,)."""
        self._points.append(np.asarray(points, float).reshape(-1, 3))
        self.node_count += len(self._points[-1])
        return np.arange(self.node_count - len(self._points[-1]), self.node_count)

    def add_spheres(self, centres: np.ndarray, radii: np.ndarray) -> np.ndarray:
        """Append spheres that faces may belong to and return their numbers."""
        self._spheres.append(np.column_stack([centres, radii]))
        self._sphere_count += len(radii)
        return np.arange(self._sphere_count - len(radii), self._sphere_count)

    def add_faces(self, faces: np.ndarray, owner: np.ndarray | None = None, spheres: np.ndarray | None = None) -> np.ndarray:
        """Append triangles as new surfaces.

        Parameters
        ----------
        faces : ndarray (m, 3)
            Node numbers.
        owner : ndarray (m,) or None
            Which of the new surfaces, counted from 0, each face belongs to; None for a single one.
        spheres : ndarray or None
            Sphere of each new surface; None if they are not round.

        Returns
        -------
        ndarray
            Numbers of the new surfaces.
        """
        owner = np.zeros(len(faces), np.int64) if owner is None else owner
        count = int(owner.max()) + 1 if len(owner) else 0
        self._faces.append(faces)
        self._surface.append(owner + self.surface_count)
        self._sphere.append(np.full(len(faces), FLAT) if spheres is None else spheres[owner])
        self.surface_count += count
        return np.arange(self.surface_count - count, self.surface_count)

    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Points (n, 3), faces (m, 3), and the surface (m,) of each face."""
        return np.concatenate(self._points), np.concatenate(self._faces), np.concatenate(self._surface)

    def arcs(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Edges of round faces: nodes (k, 2), centres (k, 3) and radii (k,); an edge appears once for each face."""
        faces, sphere = np.concatenate(self._faces), np.concatenate(self._sphere)
        if not self._sphere_count:
            return np.empty((0, 2), np.int64), np.empty((0, 3)), np.empty(0)
        round_ = sphere != FLAT
        faces, sphere = faces[round_], np.tile(np.concatenate(self._spheres)[sphere[round_]], (3, 1))
        nodes = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
        return nodes, sphere[:, :3], sphere[:, 3]

    def partners(self) -> np.ndarray:
        """The node one period further (n,) for each node of the sides x = 0 and y = 0, -1 for others, by direction (2, n)."""
        result = np.full((2, self.node_count), -1)
        for axis, pairs in enumerate(self.twins):
            result[axis, pairs[:, 0]] = pairs[:, 1]
        return result
