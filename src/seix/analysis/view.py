"""Which part of a mesh a map shows, so that a few to some hundred nanometres fill the picture."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .fieldset import CellFields

if TYPE_CHECKING:
    from ..geometry.meshing import TaggedMesh

WIDEST = 3.0
"""Largest ratio of width to height of a map."""
NARROWEST = 0.95
"""A patch narrower than this is repeated until it is `REPEATED` wide, in units of its height."""
REPEATED = 1.5
SEVERAL_DETAIL = 5.0
"""Width of the detail of several particles, in thicknesses of the SEI."""
VISIBLE = 0.085
"""Smallest share of the picture that the thickness of a round SEI must have, otherwise a detail is shown."""


@dataclass(frozen=True)
class View:
    """Window on a mesh.

    Attributes
    ----------
    x, y
        Limits [nm], after turning.
    turn
        Angle by which the mesh is turned around the origin [rad].
    shifts
        Displacements along x of the periodic copies [nm].
    detail
        Whether this is only a part of the domain.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    turn: float = 0.0
    shifts: tuple[float, ...] = (0.0,)
    detail: bool = False

    @property
    def width(self) -> float:
        """[nm]."""
        return self.x[1] - self.x[0]

    @property
    def height(self) -> float:
        """[nm]."""
        return self.y[1] - self.y[0]

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self.width / self.height

    def turned(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points in the frame of the picture."""
        if self.turn == 0.0:
            return points
        c, s = math.cos(self.turn), math.sin(self.turn)
        return points @ np.array([[c, s], [-s, c]])

    def sees(self, points: NDArray[np.float64], margin: float = 0.0) -> NDArray[np.bool_]:
        """Which groups of points (n, k, 2), in the frame of the picture, may touch the window.

        `margin` widens the window by a share of its size (for curved cells, whose edges bulge over their
        corners).
        """
        low, high = limits(points)
        extra_x, extra_y = margin * self.width, margin * self.height
        return (
            (high[:, 0] >= self.x[0] - extra_x)
            & (low[:, 0] <= self.x[1] + extra_x)
            & (high[:, 1] >= self.y[0] - extra_y)
            & (low[:, 1] <= self.y[1] + extra_y)
        )


def limits(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Smallest and largest coordinates (n, d) of groups of a few points (n, k, d): NumPy reduces short axes slowly."""
    low = high = points[:, 0]
    for k in range(1, points.shape[1]):
        low, high = np.minimum(low, points[:, k]), np.maximum(high, points[:, k])
    return low, high


def sei_view(fields: CellFields, focus: str = "field_enhancement") -> View:
    """Window on the SEI with a little core and electrolyte; on a large domain around the peak of `focus`."""
    mesh = fields.mesh
    margin = 0.22 * mesh.sei_thickness
    if mesh.kind == "patch":
        return _patch(
            mesh, min(mesh.core_size, margin), min(mesh.electrolyte_depth, margin), peak(fields, focus)[0]
        )
    whole = whole_view(mesh)
    if mesh.kind == "particles":
        return _beside(mesh, peak(fields, focus))
    if mesh.sei_thickness >= VISIBLE * max(whole.width, whole.height):
        return whole
    return _detail(mesh, margin, peak(fields, focus))


def core_view(fields: CellFields) -> View:
    """Window on the core."""
    mesh = fields.mesh
    if mesh.kind == "patch":
        return _patch(mesh, mesh.core_size, 0.0, peak(fields, "field_enhancement")[0], with_sei=False)
    return whole_view(mesh)


def whole_view(mesh: TaggedMesh, all_electrolyte: bool = False) -> View:
    """Window on a whole particle or sector (a sector stands on its tip), or on the box of several particles.

    A thick electrolyte is cut off at one thickness of the SEI unless `all_electrolyte` is set.
    """
    if mesh.kind == "particles":
        return View((0.0, mesh.period), (0.0, mesh.period))
    depth = mesh.electrolyte_depth if all_electrolyte else min(mesh.electrolyte_depth, mesh.sei_thickness)
    outer = mesh.core_size + mesh.sei_thickness + depth
    if mesh.sector is None:
        return View((-outer, outer), (-outer, outer))
    half = 0.5 * mesh.sector
    # the sector opens upwards around the y axis; beyond a half turn it also reaches below its tip
    wide = outer * (math.sin(half) if half < math.pi / 2 else 1.0)
    return View((-wide, wide), (min(0.0, outer * math.cos(half)), outer), turn=math.pi / 2 - half)


def box_view(fields: CellFields) -> View:
    """Window on all of a section or of a box, or on the part that the section names."""
    window = getattr(fields, "window", None)
    if window is not None:
        return View((-window, window), (-window, window), detail=True)
    (x0, y0), (x1, y1) = fields.mesh.points.min(axis=0), fields.mesh.points.max(axis=0)
    return View((float(x0), float(x1)), (float(y0), float(y1)))


def peak(fields: CellFields, name: str) -> NDArray[np.float64]:
    """Place [nm] of the SEI cell with the largest mean of a field; middle of the SEI without it."""
    mesh = fields.mesh
    sei = np.flatnonzero(mesh.layer >= 0)
    centres = mesh.points[mesh.cells[sei, :3]].mean(axis=1)
    if name not in fields.values:
        return centres.mean(axis=0)
    magnitude = np.abs(fields.values[name][sei]).mean(axis=1)
    # on a uniform field rounding would decide: take the first cell
    top = magnitude >= np.nanmax(magnitude) * (1 - 1e-6)
    return centres[int(np.argmax(top))]


def _patch(mesh: TaggedMesh, below: float, above: float, centre: float, with_sei: bool = True) -> View:
    y = (-below, mesh.sei_thickness + above) if with_sei else (-below, 0.2 * min(below, mesh.sei_thickness))
    height, period = y[1] - y[0], mesh.period
    if period > WIDEST * height:
        width = WIDEST * height
        start = min(max(centre - width / 2, 0.0), period - width)
        return View((start, start + width), y, detail=True)
    if period < NARROWEST * height:
        width = REPEATED * height
        return View((0.0, width), y, shifts=tuple(period * k for k in range(math.ceil(width / period))))
    return View((0.0, period), y)


def _beside(mesh: TaggedMesh, centre: NDArray[np.float64]) -> View:
    """Square window on the SEI of several particles."""
    half = 0.5 * min(SEVERAL_DETAIL * mesh.sei_thickness, mesh.period)
    x, y = np.clip(centre, half, mesh.period - half)
    return View((x - half, x + half), (y - half, y + half), detail=True)


def _detail(mesh: TaggedMesh, margin: float, centre: NDArray[np.float64]) -> View:
    """Piece of a round SEI, turned so that the electrolyte is above."""
    radius, thickness = mesh.core_size, mesh.sei_thickness
    width = min(WIDEST * (thickness + 2 * margin), 2.0 * math.sqrt(2.0 * radius * 0.5 * thickness))
    half = math.asin(min(1.0, 0.5 * width / radius))
    angle = math.atan2(centre[1], centre[0])
    if mesh.sector is not None:
        angle = 0.5 * mesh.sector if 2 * half >= mesh.sector else min(max(angle, half), mesh.sector - half)
    return View(
        (-width / 2, width / 2),
        (radius * math.cos(half) - margin, radius + thickness + margin),
        turn=math.pi / 2 - angle,
        detail=True,
    )
