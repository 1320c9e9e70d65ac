"""The grains of a structure as bodies: round, rounded polygons, or star-shaped polyhedra."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from seix.geometry.shapes import ConvexShapes, StarShapes

if TYPE_CHECKING:
    from seix.geometry.layers import Structure


@dataclass(frozen=True)
class Grains:
    """All or some of the grains of a structure, with whole grains on symmetry planes; lengths in nanometres.

    Attributes
    ----------
    structure : Structure
    index : ndarray (n,) of int
        Which of its grains.
    """

    structure: Structure
    index: np.ndarray

    @classmethod
    def of(cls, structure: Structure) -> Grains:
        """All grains."""
        return cls(structure, np.arange(len(structure.radii)))

    def where(self, chosen: np.ndarray) -> Grains:
        """Those of a mask (n,)."""
        return replace(self, index=self.index[chosen])

    def __len__(self) -> int:
        return len(self.index)

    @property
    def dim(self) -> int:
        """2 or 3."""
        return self.structure.frame.dim

    @cached_property
    def centres(self) -> np.ndarray:
        """Centres (n, dim) [nm]."""
        return self.structure.centres[self.index]

    @property
    def round(self) -> bool:
        """Whether the grains are discs or spheres."""
        return self.structure.shapes is None

    @cached_property
    def weights(self) -> np.ndarray:
        """Part (n,) of each grain that lies in the domain."""
        return self.structure.weights[self.index]

    @cached_property
    def measures(self) -> np.ndarray:
        """Areas [nm2] or volumes [nm3] (n,) of whole grains."""
        shapes = self.structure.shapes
        if isinstance(shapes, ConvexShapes):
            # polygons of a polycrystal lack the segments under round walls; its radii are those of equal area, with them
            full = np.array([layer.shape == "polycrystal" for layer in self.structure.layers])[self.structure.layer]
            return np.where(full, math.pi * self.structure.radii**2, shapes.areas())[self.index]
        if isinstance(shapes, StarShapes):
            return shapes.volumes()[self.index]
        radii = self.structure.radii[self.index]
        return math.pi * radii**2 if self.dim == 2 else 4.0 * math.pi / 3.0 * radii**3

    @cached_property
    def surfaces(self) -> np.ndarray:
        """Perimeters [nm] or surface areas [nm2] (n,) of whole grains; a boundary that two grains share counts half to each."""
        shapes = self.structure.shapes
        if isinstance(shapes, ConvexShapes):
            return (shapes.perimeters() - 0.5 * shared_lengths(shapes, self.structure.period))[self.index]
        if isinstance(shapes, StarShapes):
            return shapes.surfaces()[self.index]
        radii = self.structure.radii[self.index]
        return 2.0 * math.pi * radii if self.dim == 2 else 4.0 * math.pi * radii**2

    @cached_property
    def diameters(self) -> np.ndarray:
        """Diameters (n,) of the discs of equal area or spheres of equal volume [nm]."""
        if self.round:
            return 2.0 * self.structure.radii[self.index]
        return 2.0 * np.sqrt(self.measures / math.pi) if self.dim == 2 else np.cbrt(6.0 * self.measures / math.pi)

    @cached_property
    def hulls(self) -> tuple[np.ndarray, np.ndarray]:
        """Vertices (m, dim) of the convex hulls less their rounding, and where (n + 1,) those of each grain begin."""
        shapes = self.structure.shapes
        if isinstance(shapes, ConvexShapes):
            count = np.diff(shapes.start)[self.index]
            start = np.concatenate([[0], np.cumsum(count)])
            rows = np.arange(start[-1]) + np.repeat(shapes.start[self.index] - start[:-1], count)
            return shapes.vertices[rows], start
        if isinstance(shapes, StarShapes):
            corners = self.centres[:, None, :] + shapes.vertices()[self.index]
            return corners.reshape(-1, 3), np.arange(len(self) + 1) * corners.shape[1]
        return self.centres, np.arange(len(self) + 1)

    @cached_property
    def rounding(self) -> np.ndarray:
        """Radii (n,) of the balls that the hulls are widened by: that of a round grain, of the arcs of a polygon, or 0."""
        shapes = self.structure.shapes
        if isinstance(shapes, StarShapes):
            return np.zeros(len(self))
        return (self.structure.radii if shapes is None else shapes.rounding)[self.index]

    @cached_property
    def reach(self) -> np.ndarray:
        """Radii (n,) of the smallest balls about the centres that hold the grains [nm]."""
        if self.round:
            return self.structure.radii[self.index]
        return self._over_vertices(np.maximum, lambda d: np.linalg.norm(d, axis=1), 0.0) + self.rounding

    def extent(self, towards: np.ndarray) -> np.ndarray:
        """How far (n,) the grains reach along the directions (dim,) or (n, dim) [nm], from their centres."""
        towards = np.broadcast_to(towards, (len(self), self.dim))
        if self.round:
            return self.rounding
        owner = np.repeat(np.arange(len(self)), np.diff(self.hulls[1]))
        return self._over_vertices(np.maximum, lambda d: (d * towards[owner]).sum(axis=1), 0.0) + self.rounding

    def gaps(self, first: np.ndarray, second: np.ndarray, shift: np.ndarray) -> np.ndarray:
        """Distances (p,) of the surfaces of pairs of grains, the second one displaced by `shift` (p, dim) [nm].

        Exact to rounding for discs, spheres and rounded convex polygons, 0 for polygons that share an edge. Of
        polyhedra it is the distance of the convex hulls, which is below the true one by at most the sum of their
        :func:`hollows`.
        """
        if self.round:
            apart = self.centres[second] + shift - self.centres[first]
            return np.sqrt((apart**2).sum(axis=1)) - self.rounding[first] - self.rounding[second]
        from seix.geometry.stats.convex import hull_distances  # compiled, and not needed for round grains

        vertices, start = self.hulls
        apart = hull_distances(vertices, start, first, second, shift)
        return np.maximum(apart - self.rounding[first] - self.rounding[second], 0.0)

    def _over_vertices(self, reduction, value, empty: float) -> np.ndarray:
        vertices, start = self.hulls
        if not len(vertices):
            return np.full(len(self), empty)
        offset = vertices - np.repeat(self.centres, np.diff(start), axis=0)
        return reduction.reduceat(value(offset), start[:-1])


def shared_lengths(shapes: ConvexShapes, period: float | None) -> np.ndarray:
    """Lengths (n,) of the edges of sharp polygons that are also edges of another grain [nm]."""
    count = len(shapes.rounding)
    sharp = (shapes.rounding == 0.0)[shapes.owner]
    if not sharp.any():
        return np.zeros(count)
    places = shapes.vertices.copy()
    scale = 1e-7 * np.abs(places).max()
    if period is not None:
        places[:, 0] %= period
    key = np.rint(places / scale).astype(np.int64)
    if period is not None:
        key[:, 0] %= round(period / scale)
    number = np.unique(key, axis=0, return_inverse=True)[1].ravel()
    edge = np.sort(np.column_stack([number, number[shapes.following]]), axis=1)
    _, which, times = np.unique(edge, axis=0, return_inverse=True, return_counts=True)
    shared = sharp & (times[which.ravel()] > 1)
    length = np.linalg.norm(shapes.vertices[shapes.following] - shapes.vertices, axis=1)
    return np.bincount(shapes.owner, np.where(shared, length, 0.0), count)


def hollows(shapes: StarShapes) -> np.ndarray:
    """How far (n,) the convex hull of each polyhedron lies outside its surface, at its hollow edges [nm].

    At a hollow edge the hull of its two triangles has the other diagonal of the quadrilateral as an edge; the
    distance of the two diagonals is taken.
    """
    edge, opposite = _edges(shapes.faces)
    corners = shapes.vertices()
    a, b = corners[:, edge[:, 0]], corners[:, edge[:, 1]]
    c, d = corners[:, opposite[:, 0]], corners[:, opposite[:, 1]]
    normal = np.cross(b - a, d - c)
    length = np.linalg.norm(normal, axis=2)
    # the diagonal between the opposite corners lies outside the edge where the surface is hollow
    outward = np.einsum("nei,nei->ne", normal, a)
    depth = np.einsum("nei,nei->ne", normal, c - a) * np.sign(outward) / np.where(length > 0.0, length, 1.0)
    return np.maximum(depth.max(axis=1), 0.0)


def _edges(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Edges (e, 2) of a closed triangulation and the corners (e, 2) opposite to them."""
    edge = np.concatenate([faces[:, [1, 2]], faces[:, [2, 0]], faces[:, [0, 1]]])
    opposite = np.concatenate([faces[:, 0], faces[:, 1], faces[:, 2]])
    pair = np.sort(edge, axis=1)
    order = np.lexsort((pair[:, 1], pair[:, 0]))
    return pair[order[::2]], np.column_stack([opposite[order[::2]], opposite[order[1::2]]])
