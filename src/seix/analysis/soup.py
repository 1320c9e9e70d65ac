"""Loose triangles and segments with values at their corners, clipped by planes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class HalfSpace:
    """Points with `normal` . x >= `offset` [nm]."""

    normal: Array
    offset: float = 0.0

    @property
    def other(self) -> HalfSpace:
        """The other side of the plane."""
        return HalfSpace(-self.normal, -self.offset)

    def level(self, points: Array) -> Array:
        """Distance (...) of points (..., 3) inside [nm]."""
        return points @ self.normal - self.offset


def outside_of(spaces: list[HalfSpace]) -> list[list[HalfSpace]]:
    """Everything but the intersection of half spaces, as intersections that do not overlap."""
    return [[*spaces[:k], spaces[k].other] for k in range(len(spaces))]


def clip(triangles: Array, space: HalfSpace, size: float) -> tuple[Array, Array]:
    """Parts of triangles in a half space.

    Parameters
    ----------
    triangles
        (k, 3, d): places in the first three columns, values that vary linearly in the others.
    space
        What to keep.
    size
        Of the domain [nm]: corners nearer to the plane than 1e-7 of it are on it.

    Returns
    -------
    triangles (n, 3, d), and the segments (s, 2, d) along which they were cut
    """
    level = space.level(triangles[..., :3])
    level[np.abs(level) < 1e-7 * size] = 0.0
    keep = (level >= 0).all(axis=1)
    parts, cuts = [triangles[keep]], []
    number = (level > 0).sum(axis=1)
    for count in (1, 2):
        rows = np.flatnonzero((number == count) & ~keep)
        if len(rows) == 0:
            continue
        # turn each triangle until its lone corner, on its own side of the plane, comes first; windings are kept
        lone = (level[rows] > 0).argmax(axis=1) if count == 1 else (level[rows] <= 0).argmax(axis=1)
        order = (lone[:, None] + np.arange(3)) % 3
        corner = np.take_along_axis(triangles[rows], order[:, :, None], axis=1)
        height = np.take_along_axis(level[rows], order, axis=1)
        share = height[:, :1] / (height[:, :1] - height[:, 1:])  # zero divisions do not occur: the signs differ
        first, second = (corner[:, 0] + share[:, k, None] * (corner[:, 1 + k] - corner[:, 0]) for k in (0, 1))
        if count == 1:
            parts.append(np.stack([corner[:, 0], first, second], axis=1))
        else:
            parts.append(np.stack([first, corner[:, 1], corner[:, 2]], axis=1))
            parts.append(np.stack([first, corner[:, 2], second], axis=1))
        cuts.append(np.stack([first, second], axis=1))
    empty = np.empty((0, 2, triangles.shape[2]))
    return np.concatenate(parts), np.concatenate(cuts) if cuts else empty


def clip_all(triangles: Array, spaces: list[HalfSpace], size: float) -> tuple[Array, Array]:
    """Parts of triangles in all of some half spaces, and all cuts, clipped likewise."""
    cuts = np.empty((0, 2, triangles.shape[2]))
    for space in spaces:
        triangles, new = clip(triangles, space, size)
        cuts = np.concatenate([clip_lines(cuts, space), new])
    return triangles, cuts


def clip_lines(lines: Array, space: HalfSpace) -> Array:
    """Parts of segments (s, 2, d) in a half space; what only touches it goes."""
    level = space.level(lines[..., :3])
    inside = (level > 0).any(axis=1)
    lines, level = lines[inside], level[inside]
    drop = np.maximum(level[:, ::-1] - level, 1e-300)  # from each end to the other
    share = np.where(level < 0, -level / drop, 0.0)
    return lines + share[:, :, None] * (lines[:, ::-1] - lines)
