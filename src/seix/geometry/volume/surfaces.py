"""All surfaces of a structure as one list of triangles, the volumes between them, and ready-made cells inside grains."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

FLAT = -1
"""Sphere number of faces that lie on no sphere."""


@dataclass
class Surfaces:
    """Nodes, triangles and ready-made cells under construction; lengths in nanometres.

    Inner nodes, which lie on no surface, have the numbers -1, -2, ...

    Attributes
    ----------
    volumes : list of list of int
        Surfaces around each volume that is still to be filled.
    twins : list of ndarray (k, 2)
        Nodes of the sides x = 0 and y = 0 of a patch, and those one period further.
    """

    volumes: list[list[int]] = field(default_factory=list)
    twins: list[np.ndarray] = field(default_factory=list)
    node_count: int = 0
    surface_count: int = 0
    _points: list[np.ndarray] = field(default_factory=list)
    _faces: list[np.ndarray] = field(default_factory=list)
    _surface: list[np.ndarray] = field(default_factory=list)
    _sphere: list[np.ndarray] = field(default_factory=list)
    _spheres: list[np.ndarray] = field(default_factory=list)
    _circles: list[tuple[np.ndarray, np.ndarray, float]] = field(default_factory=list)
    _sphere_count: int = 0
    inner_count: int = 0
    _inner: list[np.ndarray] = field(default_factory=list)
    _cells: list[np.ndarray] = field(default_factory=list)
    _grain: list[np.ndarray] = field(default_factory=list)

    def add_nodes(self, points: np.ndarray) -> np.ndarray:
        """Append nodes (n, 3) and return their numbers (n,)."""
        self._points.append(np.asarray(points, float).reshape(-1, 3))
        self.node_count += len(self._points[-1])
        return np.arange(self.node_count - len(self._points[-1]), self.node_count)

    def add_inner(self, points: np.ndarray) -> np.ndarray:
        """Append inner nodes (n, 3) and return their negative numbers (n,)."""
        self._inner.append(np.asarray(points, float).reshape(-1, 3))
        self.inner_count += len(self._inner[-1])
        return -1 - np.arange(self.inner_count - len(self._inner[-1]), self.inner_count)

    def add_cells(self, cells: np.ndarray, grain: np.ndarray) -> None:
        """Append ready-made cells (m, 4) of positive volume and their grains (m,), -1 for the centre of a particle."""
        self._cells.append(cells)
        self._grain.append(grain)

    def add_spheres(self, centres: np.ndarray, radii: np.ndarray) -> np.ndarray:
        """Append spheres that faces may belong to and return their numbers."""
        self._spheres.append(np.column_stack([centres, radii]))
        self._sphere_count += len(radii)
        return np.arange(self._sphere_count - len(radii), self._sphere_count)

    def add_circle(self, nodes: np.ndarray, centre: np.ndarray, radius: float) -> None:
        """Let the edges between successive nodes (k,) around a circle, where two spheres cross, lie on it."""
        self._circles.append((np.column_stack([nodes, np.roll(nodes, -1)]), centre, radius))

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
        return self.points(), np.concatenate(self._faces), np.concatenate(self._surface)

    def ready_cells(self, offset: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Inner points (n, 3), which will be numbered from `offset`, and cells (m, 4) with their grains (m,)."""
        if not self._cells:
            return np.empty((0, 3)), np.empty((0, 4), np.int64), np.empty(0, np.int64)
        cells = np.concatenate(self._cells)
        cells = np.where(cells < 0, offset - 1 - cells, cells)
        return np.concatenate(self._inner), cells, np.concatenate(self._grain)

    def points(self) -> np.ndarray:
        """Nodes on surfaces (n, 3)."""
        return np.concatenate(self._points)

    def arcs(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Edges of round faces: nodes (k, 2), centres (k, 3) and radii (k,) of the circles or spheres they lie on.

        An edge appears once for each face, and first of all for the circle where two spheres cross.
        """
        faces, sphere = np.concatenate(self._faces), np.concatenate(self._sphere)
        if not self._sphere_count:
            return np.empty((0, 2), np.int64), np.empty((0, 3)), np.empty(0)
        round_ = sphere != FLAT
        faces, sphere = faces[round_], np.tile(np.concatenate(self._spheres)[sphere[round_]], (3, 1))
        edges = [edges for edges, _, _ in self._circles]
        circles = np.array([(*centre, radius) for edges, centre, radius in self._circles for _ in edges]).reshape(-1, 4)
        nodes = np.concatenate([*edges, faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
        sphere = np.concatenate([circles, sphere])
        return nodes, sphere[:, :3], sphere[:, 3]

    def partners(self) -> np.ndarray:
        """The node one period further (n,) for each node of the sides x = 0 and y = 0, -1 for others, by direction (2, n)."""
        result = np.full((2, self.node_count), -1)
        for axis, pairs in enumerate(self.twins):
            result[axis, pairs[:, 0]] = pairs[:, 1]
        return result
