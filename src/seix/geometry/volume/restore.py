"""Volumes of round grains restored where edges of their surface had to stay straighter than the sphere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seix.geometry.quality import SMALLEST_JACOBIAN
from seix.geometry.volume.quality3d import EDGES, measure

if TYPE_CHECKING:
    from seix.geometry.layers import Structure

LARGEST = 0.05
"""Relative lack of volume that is made up for; a larger one is left for the checks to refuse."""
SQUEEZED = 0.3
"""Jacobian of a cell beside an enlarged grain that is too small, over the smallest one of straightened cells."""
TRIES, LEAST = 12, 1e-3
"""Times that grains beside folded cells get half of their growth, and the growth below which they get none."""


def restore_volumes(structure: Structure, points: np.ndarray, cells: np.ndarray, grain: np.ndarray) -> np.ndarray:
    """Scale every grain about its centre to the volume of its sphere.

    The cells of a grain and its surface grow together, by 1.7 % of the radius at most; the matrix yields. Where its cells would
    fold, the grains beside them grow less. The two halves of a grain on periodic sides are scaled alike, so that sides still
    match.

    Parameters
    ----------
    structure : Structure
        With round grains.
    points : ndarray (n, 3)
    cells : ndarray (m, 10)
    grain : ndarray (m,) of int

    Returns
    -------
    ndarray (n, 3)
    """
    inside = np.flatnonzero(grain >= 0)
    if not len(inside):
        return points
    owner = grain[inside]
    volume, asked = _volumes(structure, points, cells, grain)
    factor = np.cbrt(np.clip(asked / np.maximum(volume, 1e-300), 1.0, 1.0 + LARGEST))
    centre = structure.centres[owner]
    if structure.kind == "patch":  # the far half of a cut grain belongs to the image of the centre
        middle = points[cells[inside, :4]].mean(axis=1)
        shift = np.rint((middle - centre)[:, :2] / structure.period) * structure.period
        centre = centre + np.column_stack([shift, np.zeros(len(shift))])
    nodes, first = np.unique(cells[inside], return_index=True)
    grain_of = np.full(len(points), -1)
    grain_of[nodes] = owner[first // cells.shape[1]]
    fixed = grain_of >= 0
    offset = np.zeros_like(points)
    offset[nodes] = points[nodes] - centre[first // cells.shape[1]]
    near = np.flatnonzero((grain < 0) & fixed[cells[:, :4]].any(axis=1))
    for _ in range(TRIES):
        scaled = _scaled(points, cells[near], offset, np.where(fixed, factor[grain_of], 1.0), fixed)
        folded = near[measure(scaled, cells[near])[1] < SQUEEZED * SMALLEST_JACOBIAN]
        squeezing = np.unique(grain_of[cells[folded]])
        squeezing = squeezing[squeezing >= 0]
        squeezing = squeezing[factor[squeezing] > 1.0]
        if not len(squeezing):
            break
        factor[squeezing] = np.where(factor[squeezing] > 1.0 + LEAST, 1.0 + 0.5 * (factor[squeezing] - 1.0), 1.0)
    return scaled


def missed_volume(structure: Structure, points: np.ndarray, cells: np.ndarray, grain: np.ndarray) -> float:
    """Part of the volume of all round grains that their cells lack, before it is restored; 0 without grains."""
    volume, asked = _volumes(structure, points, cells, grain)
    return float(1.0 - volume.sum() / asked.sum()) if len(asked) else 0.0


def worst_grain(structure: Structure, points: np.ndarray, cells: np.ndarray, grain: np.ndarray) -> float:
    """Largest relative error of the volume of a round grain; 0 without grains."""
    volume, asked = _volumes(structure, points, cells, grain)
    return float(np.abs(volume / asked - 1.0).max()) if len(asked) else 0.0


def _volumes(structure: Structure, points: np.ndarray, cells: np.ndarray, grain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Meshed and asked volumes of the grains."""
    inside = np.flatnonzero(grain >= 0)
    volume = np.bincount(grain[inside], measure(points, cells[inside])[0], len(structure.radii))
    return volume, structure.weights * 4.0 / 3.0 * np.pi * structure.radii**3


def _scaled(points: np.ndarray, near: np.ndarray, offset: np.ndarray, factor: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """Nodes (n, 3) of grains moved outwards; mid nodes of the matrix cells `near` go with the ends of their edges."""
    scaled = points + (factor - 1.0)[:, None] * offset
    moved = scaled - points
    for k, (a, b) in enumerate(EDGES):
        mid = near[:, 4 + k]
        free = ~fixed[mid]
        ends = moved[near[:, a]] + moved[near[:, b]]
        scaled[mid[free]] = points[mid[free]] + 0.5 * ends[free]
    return scaled
