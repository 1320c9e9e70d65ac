"""What bounds the cells of a layer: neighbours with their images at the sides, flat and round walls, and the sides."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from seix.geometry.patch import FREE

EVERYONE = -1
"""Marks sites that limit all cells; others limit only the cells of grains on one side."""
NEAR = 12.0
"""Images farther from the domain than this, in mean distances of grains, limit no cell."""
CHORDS = 7
"""Chords that stand for the outer circle around a cell; each is about as long as a cell."""
CHORD_LENGTH = 2.2
"""Length of a chord over the radius of a cell."""


@dataclass(frozen=True)
class Sites:
    """Points that grains divide the layer between.

    Attributes
    ----------
    points : ndarray (m, dim)
        Seeds of the grains, followed by images of them [nm].
    owner : ndarray (m,) of int
        Grain each of them is, or is an image of.
    only : ndarray (m,) of int
        Side whose grains alone see the site, or `EVERYONE`.
    """

    points: np.ndarray
    owner: np.ndarray
    only: np.ndarray


@dataclass(frozen=True)
class CellSpace:
    """A layer as a space to be divided into cells.

    A grain on a side sees the images beyond it, the others end at the side: that is how sides cut few grains, and
    those in halves.

    Attributes
    ----------
    frame : PatchFrame, ParticleFrame, SolidPatchFrame or SolidParticleFrame
    inner, outer : float
        Heights between which the cells lie [nm].
    open_sides : bool
        Whether cells of a patch go on across its sides anywhere; then no grain is on a side.
    """

    frame: object
    inner: float
    outer: float
    open_sides: bool = False

    @property
    def dim(self) -> int:
        """2 or 3."""
        return self.frame.dim

    @property
    def ball(self) -> float:
        """Radius of the outer wall if it is a sphere, else 0 [nm]."""
        return self.frame.core_size + self.outer if self.frame.kind == "particle" and self.dim == 3 else 0.0

    @property
    def size(self) -> float:
        """Length that no cell exceeds [nm]."""
        if self.frame.kind == "patch":
            return 2.0 * self.frame.period + self.outer - self.inner
        return 2.0 * (self.frame.core_size + self.outer)

    def spacing(self, count: int) -> float:
        """Mean distance of grains [nm]."""
        return (self.frame.measure(self.inner, self.outer) / count) ** (1.0 / self.dim)

    def side_normals(self) -> np.ndarray:
        """Inward unit normals (k, dim) of the sides that grains can be centred on; of a patch those at 0."""
        if self.frame.kind == "patch":
            return np.eye(self.dim)[: self.dim - 1]
        return self.frame.mirrors

    def sites(self, x: np.ndarray, side: np.ndarray) -> Sites:
        """Seeds (n, dim) and their images.

        Parameters
        ----------
        x : ndarray (n, dim)
        side : ndarray (n,) of int
            Side each grain is centred on, -1 for none.
        """
        index = np.arange(len(x))
        parts = [(x, index, np.full(len(x), EVERYONE))]
        near = NEAR * self.spacing(len(x))
        if self.frame.kind == "patch":
            parts += self._periodic(x, index, side, near)
        else:
            for s, normal in enumerate(self.frame.mirrors):
                height = x @ normal
                seen = (side != s) & (height < near)
                image = x[seen] - 2.0 * height[seen, None] * normal
                parts.append((image, index[seen], np.full(len(image), s)))
        points, owner, only = (np.concatenate(column) for column in zip(*parts, strict=True))
        return Sites(np.ascontiguousarray(points), owner, only)

    def _periodic(self, x: np.ndarray, index: np.ndarray, side: np.ndarray, near: float) -> list:
        period = self.frame.period
        if self.open_sides:
            low, high = x[:, 0] < near, x[:, 0] > period - near
            steps = [(low, period), (high, -period)]
            return [(x[m] + [step, 0.0], index[m], np.full(m.sum(), EVERYONE)) for m, step in steps]
        steps = period * np.eye(self.dim)[: self.dim - 1]
        # what is centred on a side also bounds the cells at the opposite one
        copies = [(x[side == s] + step, index[side == s], np.full((side == s).sum(), s)) for s, step in enumerate(steps)]
        points, owner, of_side = (
            np.concatenate(column) for column in zip((x, index, np.full(len(x), FREE)), *copies, strict=True)
        )
        parts = [(c, i, np.full(len(c), EVERYONE)) for c, i, _ in copies]
        for s, step in enumerate(steps):
            seen = (of_side != s) & (points[:, s] > period - near)
            parts.append((points[seen] - step, owner[seen], np.full(seen.sum(), s)))
        return parts

    def bounds(self, x: np.ndarray, side: np.ndarray) -> np.ndarray:
        """Half-spaces (n, q, dim + 1) that hold the cell of each grain: normal . (point - seed) <= last entry.

        Round walls are replaced by planes on their safe side: the inner one by a tangent, the outer circle by chords;
        an outer sphere is left to `ball`.
        """
        rows = self._flat_walls(x) if self.frame.kind == "patch" else self._round_walls(x)
        for s, normal in enumerate(self.side_normals() if not self.open_sides else ()):
            rows += self._beyond(x, side, s, normal)
        return np.stack(rows, axis=1)

    def _flat_walls(self, x: np.ndarray) -> list[np.ndarray]:
        up = np.eye(self.dim)[-1]
        return [_rows(up, self.outer - x[:, -1]), _rows(-up, x[:, -1] - self.inner)]

    def _round_walls(self, x: np.ndarray) -> list[np.ndarray]:
        rho = np.linalg.norm(x, axis=1)
        inner, outer = self.frame.core_size + self.inner, self.frame.core_size + self.outer
        out = x / rho[:, None]
        rows = [_rows(-out, rho - inner)]
        if self.dim == 3:
            return rows
        step = min(CHORD_LENGTH * self.spacing(len(x)) / math.sqrt(math.pi) / outer, 2.0 * math.pi / CHORDS)
        for k in range(CHORDS):
            turn = (k - CHORDS // 2) * step
            cos, sin = math.cos(turn), math.sin(turn)
            normal = np.column_stack([cos * out[:, 0] - sin * out[:, 1], sin * out[:, 0] + cos * out[:, 1]])
            rows.append(_rows(normal, outer * math.cos(0.5 * step) - (normal * x).sum(axis=1)))
        return rows

    def _beyond(self, x: np.ndarray, side: np.ndarray, s: int, normal: np.ndarray) -> list[np.ndarray]:
        """Half-spaces inside side s for the grains that are not on it, and their images for those on other sides."""
        off = side != s
        here = np.where(off, x @ normal, np.inf)
        rows = [_rows(-normal, here)]
        if self.frame.kind == "patch":
            return [*rows, _rows(normal, np.where(off, self.frame.period - x[:, s], np.inf))]
        mirrors = self.frame.mirrors
        for other, axis in enumerate(mirrors):
            if other != s and abs(normal @ axis) > 1e-12:  # else the image is the side itself
                image = normal - 2.0 * (normal @ axis) * axis
                rows.append(_rows(-image, np.where(side == other, x @ image, np.inf)))
        return rows


def _rows(normal: np.ndarray, offset: np.ndarray) -> np.ndarray:
    return np.column_stack([np.broadcast_to(normal, (len(offset), normal.shape[-1])), offset])
