"""What bounds the cells of a layer: neighbours with their images at the sides, flat and round walls, and mirrors."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

EVERYONE = -1
"""Marks sites that limit all cells; others limit only the cells of grains on one mirror."""
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
        Mirror whose grains alone see the site, or `EVERYONE`.
    """

    points: np.ndarray
    owner: np.ndarray
    only: np.ndarray


@dataclass(frozen=True)
class CellSpace:
    """A layer as a space to be divided into cells.

    A patch goes on beyond its sides. Mirrors end the cells of all grains but those centred on them, whose cells they
    halve.

    Attributes
    ----------
    frame : PatchFrame, ParticleFrame, SolidPatchFrame or SolidParticleFrame
    inner, outer : float
        Heights between which the cells lie [nm].
    """

    frame: object
    inner: float
    outer: float

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

    def wrapped(self, x: np.ndarray) -> np.ndarray:
        """Points (n, dim) of a patch between its sides; those of a particle as they are."""
        if self.frame.kind != "patch":
            return x
        return np.column_stack([x[:, :-1] % self.frame.period, x[:, -1]])

    def sites(self, x: np.ndarray, side: np.ndarray) -> Sites:
        """Seeds (n, dim) and their images.

        Parameters
        ----------
        x : ndarray (n, dim)
        side : ndarray (n,) of int
            Mirror each grain is centred on, -1 for none.
        """
        index = np.arange(len(x))
        parts = [(x, index, np.full(len(x), EVERYONE))]
        near = NEAR * self.spacing(len(x))
        if self.frame.kind == "patch":
            parts += self._periodic(x, index, near)
        for s, normal in enumerate(self.frame.mirrors):
            height = x @ normal
            seen = (side != s) & (height < near)
            image = x[seen] - 2.0 * height[seen, None] * normal
            parts.append((image, index[seen], np.full(len(image), s)))
        points, owner, only = (np.concatenate(column) for column in zip(*parts, strict=True))
        return Sites(np.ascontiguousarray(points), owner, only)

    def _periodic(self, x: np.ndarray, index: np.ndarray, near: float) -> list:
        period, parts = self.frame.period, []
        for steps in itertools.product((-1, 0, 1), repeat=self.dim - 1):
            if any(steps):
                image = x + period * np.array([*steps, 0])
                seen = ((image[:, :-1] > -near) & (image[:, :-1] < period + near)).all(axis=1)
                parts.append((image[seen], index[seen], np.full(seen.sum(), EVERYONE)))
        return parts

    def bounds(self, x: np.ndarray, side: np.ndarray) -> np.ndarray:
        """Half-spaces (n, q, dim + 1) that hold the cell of each grain: normal . (point - seed) <= last entry.

        Round walls are replaced by planes on their safe side: the inner one by a tangent, the outer circle by chords;
        an outer sphere is left to `ball`.
        """
        rows = self._flat_walls(x) if self.frame.kind == "patch" else self._round_walls(x)
        for s, normal in enumerate(self.frame.mirrors):
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
        """Half-spaces inside mirror s for the grains that are not on it, and their images for those on other mirrors."""
        clear, again = side != s, False
        rows = []
        for other, axis in enumerate(self.frame.mirrors):
            along = normal @ axis
            if other != s and abs(along) > 1.0 - 1e-12:  # both rays of a half circle
                clear &= side != other
                again |= other < s  # once only: the two differ by rounding, and would leave an edge of no length
            elif other != s and abs(along) > 1e-12:  # else the image is the side itself
                image = normal - 2.0 * along * axis
                rows.append(_rows(-image, np.where(side == other, x @ image, np.inf)))
        if not again:
            rows.append(_rows(-normal, np.where(clear, x @ normal, np.inf)))
        return rows


def _rows(normal: np.ndarray, offset: np.ndarray) -> np.ndarray:
    return np.column_stack([np.broadcast_to(normal, (len(offset), normal.shape[-1])), offset])
