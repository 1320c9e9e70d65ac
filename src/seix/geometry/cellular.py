"""Grains as cells: power cells of a packing, shrunk until the fractions are met and rounded, or sharing their boundaries.

Round seeds are packed first; then their cells are given the sizes that were drawn (`balance`). A cell of inradius R is
drawn inwards by gap/2 + e (R - gap/2) / (e + R - gap/2): almost evenly by e between large grains, and small ones never
vanish. There is one e for every phase of a layer, such that the fraction of the phase is met.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import TYPE_CHECKING

import numpy as np

from seix.errors import GeometryError
from seix.geometry.balance import balance, film
from seix.geometry.ceiling import FINE, with_fraction
from seix.geometry.cell_space import CellSpace
from seix.geometry.grains import LayerGrains, ball, draw_grains
from seix.geometry.packing import attempts, pack_layer
from seix.geometry.patch import FlatBand
from seix.geometry.shapes import ConvexShapes, StarShapes
from seix.geometry.solid import SlabBand

if TYPE_CHECKING:
    from seix.geometry.layers import Frame, LayerShape

PACKED = {2: (0.5, 0.35, 0.2), 3: (0.3, 0.2, 0.1)}
"""Fractions at which seeds are packed; the next one where the layer is too thin for the first."""
SEED_GAP = 0.06
"""Gap between seeds, in their diameters."""
EXCESS = 1e-4
"""Part by which a fraction may be exceeded before all shapes of the phase are scaled to it."""
TRIALS = 60
"""Steps for the insets of a phase."""
SAFE = 1.0 + 1e-9
"""Factor on the gap that covers rounding."""
DEEPEST = 1.0 - 1e-6
"""Largest inset, so that something is left of every grain."""
STEP_DOWN = 0.01
"""Part of a fraction by which it is lowered until it can be reached, for the message."""


def cellular_layer(layer: LayerShape, band, frame: Frame, seed: int, index: int, count: int,
                   least_segments: int = 0) -> tuple[LayerGrains, ConvexShapes | StarShapes]:  # fmt: skip
    """Make the grains of one cellular or polycrystalline layer.

    Parameters
    ----------
    layer : LayerShape
        `shape` is `cellular` or `polycrystal`.
    band : FlatBand, CurvedBand, SlabBand or ShellBand
        The layer as a packing space.
    frame : PatchFrame, ParticleFrame, SolidPatchFrame or SolidParticleFrame
    seed : int
    index, count : int
        Which layer, and of how many.
    least_segments : int
        Coarsest template of the grains in space, segments of an octasphere; a finer one is used where the fractions
        need it.

    Returns
    -------
    grains : LayerGrains
        `radii` are those of balls of the measure of each grain.
    shapes : ConvexShapes or StarShapes
        The same for the same arguments, to the last bit.

    Raises
    ------
    GeometryError
        If the fractions cannot be reached with the gap; the message says which can. If grains do not fit. For several
        particles.
    """
    where = f"layer {index + 1} of {count} (counted from the core)" if count > 1 else "the SEI"
    if frame.kind not in ("patch", "particle"):
        raise GeometryError(f"{where}: {layer.shape} grains exist on a patch and on one particle; several take round ones")
    if layer.shape == "polycrystal":
        from seix.geometry.polycrystal import polycrystal

        return polycrystal(layer, band, frame, seed, index, count, where)
    made = _attempt(layer, band, frame, seed, index, count, where, least_segments)
    if made is None:
        raise GeometryError(_too_dense(layer, band, frame, seed, index, count, where))
    return made


def _attempt(layer, band, frame, seed, index, count, where, least_segments: int):
    """Grains and shapes, or None if a phase cannot have its fraction."""
    grains = seeds(layer, band, seed, index, count, where)
    space = CellSpace(frame, *_between(layer))
    rng = np.random.default_rng([seed, index, 1])
    targets = [fraction * band.measure for fraction in layer.fractions.values()]
    if frame.dim == 2:
        from seix.geometry.plane_cells import PlaneCells

        cells = PlaneCells(layer, space, grains, band.measure)
        return cells.result() if _filled(cells, grains, targets) else None
    from seix.geometry.star import SEGMENTS, StarCells

    cells = StarCells(layer, space, grains, band.measure, rng)
    for segments in (n for n in SEGMENTS if n >= least_segments):
        cells.use(segments)
        if _filled(cells, grains, targets):
            return cells.result()
    return None


def _filled(cells, grains: LayerGrains, targets: list[float]) -> bool:
    return all(cells.fill(grains.phase == phase, target) for phase, target in enumerate(targets))


def _between(layer: LayerShape) -> tuple[float, float]:
    """Heights between which the cells lie: half a gap more than grains keep from cells is kept from the walls."""
    half = 0.5 * layer.gap
    return layer.inner + max(layer.gaps[0] - half, 0.0), layer.outer - max(layer.gaps[1] - half, 0.0)


def seeds(layer: LayerShape, band, seed: int, index: int, count: int, where: str) -> LayerGrains:
    """Loosely packed discs or spheres, as many as the layer asks for, in an order in which neighbours follow each other.

    Returns
    -------
    LayerGrains
        `radii` are those that were drawn: the fractions are met by discs or spheres of these.

    Raises
    ------
    GeometryError
        If the grains do not fit.
    """
    total, dim = sum(layer.fractions.values()), band.dim
    room = without_sides(replace(band, gap=0.0, gaps=(0.0, 0.0)))
    draw_grains(layer, room, np.random.default_rng([seed, index]), where)  # what it refuses is said in terms of the layer
    for packed in PACKED[dim]:
        part = min(1.0, packed / total)
        diameter = layer.diameter * part ** (1.0 / dim)
        fractions = {name: part * f for name, f in layer.fractions.items()}
        loose = replace(layer, fractions=fractions, diameter=diameter, gap=SEED_GAP * diameter, gaps=(0.0, 0.0))
        room = replace(room, gap=loose.gap)
        try:
            grains = attempts(loose, room, seed, index, where).grains
        except GeometryError:  # too large for the layer, which is said below if no other packs
            continue
        if grains is not None:
            break
    else:
        grains = pack_layer(loose, room, seed, index, count)
    order = np.lexsort((*grains.centres.T[1:], np.floor(grains.centres[:, 0] / diameter)))
    columns = (grains.radii * part ** (-1.0 / dim), grains.phase, grains.side, grains.weight, grains.centres)
    return LayerGrains(*(column[order] for column in columns))


def without_sides(band):
    """A band of a patch in which no grain is put on a side or kept clear of it; bands of particles as they are."""
    kind = {FlatBand: _EndlessFlatBand, SlabBand: _EndlessSlabBand}.get(type(band))
    return band if kind is None else kind(**{f.name: getattr(band, f.name) for f in fields(band)})


class _EndlessFlatBand(FlatBand):
    side_count = 0

    def confine(self, x: np.ndarray, radii: np.ndarray, side: np.ndarray) -> np.ndarray:
        return _between_walls(self, x, radii)


class _EndlessSlabBand(SlabBand):
    side_count = 0

    def confine(self, x: np.ndarray, radii: np.ndarray, side: np.ndarray) -> np.ndarray:
        return _between_walls(self, x, radii)


def _between_walls(band: FlatBand | SlabBand, x: np.ndarray, radii: np.ndarray) -> np.ndarray:
    height = np.clip(x[:, -1], band.inner + band.gaps[0] + radii, band.outer - band.gaps[1] - radii)
    return np.column_stack([x[:, :-1] % band.period, height])


def even_cells(divide: Callable, space: CellSpace, grains: LayerGrains, measure: float) -> tuple[np.ndarray, np.ndarray]:
    """Seeds and weights whose cells have the sizes of the grains with a film around each."""
    dim = space.dim
    radii = grains.radii + film(grains.radii, grains.weight, measure, lambda r: ball(r, dim))
    return balance(divide, grains.centres, grains.side, radii**dim, grains.weight, space, radii)


def inset(extra: float, inradius: np.ndarray, gap: float) -> np.ndarray:
    """Depths to which cells are drawn inwards: at least gap/2, less than the inradius."""
    least = 0.5 * gap * SAFE
    room = np.maximum(DEEPEST * (inradius - least), 1e-300)
    return least + extra * room / (extra + room)


def solve_inset(measure: Callable[[float], float], target: float, scale: float) -> float | None:
    """Largest extra depth that leaves a measure of `target` and little more; None if there is none.

    Parameters
    ----------
    measure : callable
        Measure of the shapes for an extra depth; falls, with small jumps.
    target : float
    scale : float
        Length of the order of a grain.
    """
    low, above = 0.0, measure(0.0) - target
    if above < 0.0:
        return None
    high = 0.02 * scale
    below = measure(high) - target
    while below >= 0.0:
        low, above, high = high, below, 2.0 * high
        below = measure(high) - target
    held = 0
    for _ in range(TRIALS):
        if above <= EXCESS * target:
            break
        aim = 0.5 * EXCESS * target  # a little above the target, where the search ends
        middle = low + (high - low) * max((above - aim) / (above - below), 1e-3)
        value = measure(middle) - target
        if value >= 0.0:
            low, above, held = middle, value, max(held, 0) + 1
            below *= 0.5 if held > 1 else 1.0  # the Illinois variant of regula falsi
        else:
            high, below, held = middle, value, min(held, 0) - 1
            above *= 0.5 if held < -1 else 1.0
    return low


def _too_dense(layer, band, frame, seed, index, count, where) -> str:
    asked = sum(layer.fractions.values())
    # tried as they are printed: grains that are a little fewer may be other grains
    for step in range(1, round(1.0 / STEP_DOWN)):
        parts = int(FINE * asked * (1.0 - STEP_DOWN * step))
        try:
            if parts == 0 or _attempt(with_fraction(layer, parts), band, frame, seed, index, count, where, 0) is not None:
                break
        except GeometryError:
            continue
    return (
        f"{where} asks for grains on {100 * asked:.1f} % of its {'area' if band.dim == 2 else 'volume'}; with films of at least "
        f"{layer.gap:.4g} nm between cellular grains of {layer.diameter:.4g} nm and a rounding of {layer.rounding:.2g} the "
        f"highest fraction reachable is {100 * parts / FINE:.1f} %: a smaller gap, larger grains or less rounding helps"
    )
