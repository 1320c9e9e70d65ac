"""Planes and spheres on which a mesh in space is shown."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .notation import format_length

if TYPE_CHECKING:
    from ..geometry.meshing import TaggedMesh

Array = NDArray[np.float64]

WIDEST_SHELL = 10.0
"""Largest width of a section at constant height, in thicknesses of the SEI."""
_PLACES = 200
"""Places among which that with the largest section of cores is chosen."""
_HEIGHTS = 24
"""Heights among which that with the most grains is chosen."""


@dataclass(frozen=True)
class Plane:
    """Plane with a frame.

    Attributes
    ----------
    origin
        (3,) point of the plane that is the origin of the section [nm].
    right, up
        (3,) unit vectors in the plane; the normal is their cross product.
    """

    origin: Array
    right: Array
    up: Array

    @property
    def normal(self) -> Array:
        """(3,) unit vector towards the viewer."""
        return np.cross(self.right, self.up)

    def level(self, points: Array) -> Array:
        """Distance (n,) of points behind the plane: a plane on the boundary has the mesh on its positive side."""
        return (self.origin - points) @ self.normal

    def covers(self, points: Array) -> NDArray[np.bool_]:
        """Which points (..., 3) belong to the section: all."""
        return np.ones(points.shape[:-1], dtype=bool)

    def flatten(self, points: Array) -> Array:
        """Coordinates (..., 2) of points in the plane [nm]."""
        return (points - self.origin) @ np.column_stack([self.right, self.up])

    def turned(self, vectors: Array) -> Array:
        """Components (..., 3) of vectors along right, up and normal."""
        return vectors @ np.column_stack([self.right, self.up, self.normal])


@dataclass(frozen=True)
class Shell:
    """Sphere about the origin around a direction, drawn in Lambert's azimuthal projection, which keeps areas.

    Attributes
    ----------
    radius
        [nm]
    axis
        (3,) unit vector at the middle of the section.
    reach
        Largest angle from the axis that is drawn [rad].
    """

    radius: float
    axis: Array
    reach: float

    def _frame(self) -> Array:
        # right-handed: right, up, axis
        help_axis = np.eye(3)[2] if abs(self.axis[2]) < 0.9 else np.eye(3)[1]
        right = np.cross(help_axis, self.axis)
        right /= np.linalg.norm(right)
        return np.column_stack([right, np.cross(self.axis, right), self.axis])

    def level(self, points: Array) -> Array:
        """Distance (n,) of points inside the sphere."""
        return self.radius - np.linalg.norm(points, axis=1)

    def covers(self, points: Array) -> NDArray[np.bool_]:
        """Which points (..., 3) are within `reach`."""
        return points @ self.axis >= np.linalg.norm(points, axis=-1) * math.cos(self.reach)

    def flatten(self, points: Array) -> Array:
        """Coordinates (..., 2) of points in the projection [nm]."""
        local = points @ self._frame()
        distance = np.linalg.norm(local, axis=-1)
        room = np.maximum(distance * (distance + local[..., 2]), 1e-300)
        return local[..., :2] * np.sqrt(2.0 * self.radius**2 / room)[..., None]

    def turned(self, vectors: Array) -> Array:
        """Components (..., 3) along right, up and the axis."""
        return vectors @ self._frame()


@dataclass(frozen=True)
class Place:
    """Where to cut, and how the section looks.

    Attributes
    ----------
    where
        Plane or sphere.
    title
        For the picture.
    kind
        `patch` or `particle` if the section looks like that in the plane, otherwise `section`.
    sector
        Angle of a particle in the section, from the axis to the right; None for a circle [rad].
    window
        Half the side of the square that is shown, if that is not all of the section [nm].
    """

    where: Plane | Shell
    title: str
    kind: str = "section"
    sector: float | None = None
    window: float | None = None


def standard_places(mesh: TaggedMesh) -> list[Place]:
    """The two sections of every report: across the SEI, and along it at the height that has the most grains.

    A block is cut in the middle, a particle through its centre, a box of several where the largest area of cores shows.
    """
    x, y, z = np.eye(3)
    height = 0.0 if mesh.kind == "particles" else richest_height(mesh)
    if mesh.kind == "patch":
        middle = 0.5 * mesh.period
        return [
            Place(Plane(middle * y, x, z), f"y = {format_length(middle)}", "patch"),
            Place(Plane(height * z, x, y), f"z = {format_length(height)}"),
        ]
    if mesh.kind == "particles":
        across, along = (_through_cores(mesh, axis) for axis in (1, 2))
        return [
            Place(Plane(across * y, x, z), f"y = {format_length(across)}"),
            Place(Plane(along * z, x, y), f"z = {format_length(along)}"),
        ]
    radius, along = mesh.core_size + height, f"{format_length(height)} above the core"
    narrow = 0.5 * WIDEST_SHELL * mesh.sei_thickness / radius
    if len(mesh.mirrors) == 4:
        half = math.atan2(mesh.mirrors[0][2], mesh.mirrors[0][0])
        right, up = math.sin(half) * x + math.cos(half) * z, math.sin(half) * z - math.cos(half) * x
        corner = math.atan(math.sqrt(2.0) * math.tan(half)) * (1 + 1e-9)
        return [Place(Plane(0 * x, right, up), "y = 0", "particle", 2 * half), _along(radius, z, corner, narrow, along)]
    octant = len(mesh.mirrors) == 3
    axis = (x + y + z) / math.sqrt(3.0) if octant else z
    corner = math.acos(math.sqrt(1 / 3)) * (1 + 1e-9) if octant else math.pi
    return [
        Place(Plane(0 * x, x, z), "y = 0", "particle", 0.5 * math.pi if octant else None),
        _along(radius, axis, corner, min(narrow, math.pi / 3), along),
    ]


def _through_cores(mesh: TaggedMesh, axis: int) -> float:
    """Where a plane normal to an axis shows the largest area of cores of several particles [nm]."""
    places = np.concatenate([mesh.bodies[:, axis], np.linspace(0.0, mesh.period, _PLACES)])
    area = np.maximum(mesh.bodies[:, 3] ** 2 - (places[:, None] - mesh.bodies[:, axis]) ** 2, 0.0).sum(axis=1)
    return float(places[area.argmax()])


def _along(radius: float, axis: Array, corner: float, narrow: float, title: str) -> Place:
    """Section along the SEI around an axis, whole up to its corner or in a square."""
    if corner <= narrow:
        return Place(Shell(radius, axis, corner), title)
    # the cells around the rim are left out, so the square stays a little inside
    return Place(Shell(radius, axis, narrow), title, window=0.93 * math.sqrt(2.0) * radius * math.sin(narrow / 2))


def richest_height(mesh: TaggedMesh) -> float:
    """Height above the core at which grains take the largest part of the SEI; the middle without grains [nm]."""
    grains = mesh.grain >= 0
    if not grains.any():
        return 0.5 * mesh.sei_thickness
    sei = mesh.layer >= 0
    corners = mesh.points[mesh.cells[sei, :4]]
    volume = np.abs(np.linalg.det(corners[:, 1:] - corners[:, :1]))
    centres = corners.mean(axis=1)
    height = centres[:, 2] if mesh.kind == "patch" else np.linalg.norm(centres, axis=1) - mesh.core_size
    bins = np.clip((height / mesh.sei_thickness * _HEIGHTS).astype(int), 0, _HEIGHTS - 1)
    share = np.bincount(bins, volume * grains[sei], _HEIGHTS) / np.maximum(np.bincount(bins, volume, _HEIGHTS), 1e-300)
    share = np.convolve(share, [0.25, 0.5, 0.25], mode="same")
    return float((share.argmax() + 0.5) / _HEIGHTS * mesh.sei_thickness)
