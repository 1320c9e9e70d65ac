"""Volumes of round grains restored where edges of their surface had to stay straighter than the sphere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seix.geometry.volume.quality3d import EDGES, measure

if TYPE_CHECKING:
    from seix.geometry.layers import Structure

LARGEST = 0.05
"""Relative lack of volume that is made up for; a larger one is left for the checks to refuse."""


def restore_volumes(structure: Structure, points: np.ndarray, cells: np.ndarray, grain: np.ndarray) -> np.ndarray:
    """Scale every grain about its centre to the volume of its sphere.

    The cells of a grain and its surface grow together, by 1.7 % of the radius at most; the matrix yields. The two
    halves of a grain on periodic sides are scaled alike, so that sides still match.

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
    volume = np.bincount(owner, measure(points, cells[inside])[0], len(structure.radii))
    asked = structure.weights * 4.0 / 3.0 * np.pi * structure.radii**3
    factor = np.cbrt(np.clip(asked / np.maximum(volume, 1e-300), 1.0, 1.0 + LARGEST))
    centre = structure.centres[owner]
    if structure.kind == "patch":  # the far half of a cut grain belongs to the image of the centre
        middle = points[cells[inside, :4]].mean(axis=1)
        shift = np.rint((middle - centre)[:, :2] / structure.period) * structure.period
        centre = centre + np.column_stack([shift, np.zeros(len(shift))])
    nodes, first = np.unique(cells[inside], return_index=True)
    row = first // cells.shape[1]
    scaled = points.copy()
    c, f = centre[row], factor[owner[row], None]
    scaled[nodes] = np.where(points[nodes] == c, c, c + f * (points[nodes] - c))
    moved = scaled - points
    near = np.flatnonzero((grain < 0) & (moved[cells[:, :4]] != 0.0).any(axis=(1, 2)))
    fixed = np.zeros(len(points), bool)
    fixed[nodes] = True
    for k, (a, b) in enumerate(EDGES):  # mid nodes of the matrix go with the ends of their edges
        mid = cells[near, 4 + k]
        free = ~fixed[mid]
        ends = moved[cells[near, a]] + moved[cells[near, b]]
        scaled[mid[free]] = points[mid[free]] + 0.5 * ends[free]
    return scaled
