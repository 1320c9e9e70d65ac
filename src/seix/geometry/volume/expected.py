"""Expected number of tetrahedra of a mesh in space: those in the templates of grains, and what the sizes around add up to."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from seix.geometry.counting import PER_CUBE, PER_FACE, filling
from seix.geometry.patch import FREE
from seix.geometry.sizing import TRIANGLES
from seix.geometry.volume.balls import EDGE, HALVED, WHOLE, ball, choose, filled
from seix.geometry.volume.round_walls import TIP
from seix.geometry.volume.sizes import SolidSizes

if TYPE_CHECKING:
    from seix.geometry.layers import Structure
    from seix.input.sections import MeshControl

NEAREST = 4
"""Grains that a place may lie in."""


def estimated_cells(structure: Structure, controls: MeshControl, coarsening: float) -> float:
    """Expected number of tetrahedra; that of the mesh is 0.7 to 1.25 times as large, as measured.

    Parameters
    ----------
    structure : Structure
    controls : MeshControl
    coarsening : float
        Multiplies all sizes.
    """
    sizes = SolidSizes(structure, controls, coarsening)
    faces, inside = _templates(structure, sizes)
    frame, radii = structure.frame, None if sizes.tree is None else sizes.mean_radii()[sizes.source]
    outer = frame.sei_thickness + frame.electrolyte_depth

    def size_at(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        height, size = frame.height(x), sizes.at(x)
        zone = np.where(height < 0.0, 0, np.where(height < frame.sei_thickness, 1, 2))
        counts = np.array(PER_CUBE)[zone]
        if radii is not None:
            distance, near = sizes.tree.query(x, k=range(1, min(NEAREST, len(radii)) + 1))
            counts *= (distance > radii[near]).all(axis=1)
        if frame.kind == "particle":
            counts *= (height < outer) & (x @ frame.mirrors.T > 0.0).all(axis=1)
            if math.isfinite(sizes.taper):  # a single block of cells lies at the tip of a cone
                size = np.maximum(size, sizes.taper * TIP * frame.core_size)
        return size, counts

    return inside + PER_FACE * faces + filling(size_at, *_box(frame, outer))


def _templates(structure: Structure, sizes: SolidSizes) -> tuple[float, float]:
    """Triangles on grains and tetrahedra inside them; the sizes at grains become those of their templates."""
    shapes, weight = structure.shapes, structure.weights
    if not len(weight):
        return 0.0, 0.0
    if shapes is not None:
        template = filled(shapes.directions, shapes.faces)
        faces, number = len(template.faces), len(weight)
        sizes.grain = sizes.mean_radii() * math.sqrt(math.pi * TRIANGLES * 4.0 / faces)
        return faces * weight.sum(), len(template.cells) * weight.sum()
    faces, cells, edge = np.zeros(len(weight)), np.zeros(len(weight)), np.zeros(len(weight))
    for templates, group in ((WHOLE, structure.side == FREE), (HALVED, structure.side != FREE)):
        choice = choose(templates, sizes.relative())
        for number in np.unique(choice[group]):
            chosen, (kind, segments) = group & (choice == number), templates[number]
            template = ball(kind, segments)
            faces[chosen], cells[chosen] = len(template.faces), len(template.cells)
            edge[chosen] = EDGE[kind] / segments * structure.radii[chosen]
    sizes.grain = edge
    return float((weight * faces).sum()), float((weight * cells).sum())


def _box(frame, outer: float) -> tuple[list[float], list[float]]:
    """Corners of a box around the domain."""
    if frame.kind == "patch":
        return [0.0, 0.0, -frame.core_size], [frame.period, frame.period, outer]
    if frame.kind == "particles":
        return [0.0] * 3, [frame.period] * 3
    end = frame.core_size + outer
    if frame.section == "cone":
        wide = end * math.sin(frame.half_angle)
        return [-wide, -wide, 0.0], [wide, wide, end]
    return [0.0 if frame.section == "octant" else -end] * 3, [end] * 3
