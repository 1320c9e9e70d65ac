"""The curves of a structure as chains of lines and arcs: levels along the SEI, and the surfaces of grains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seix.geometry.patch import FREE
from seix.geometry.shapes import ConvexShapes

if TYPE_CHECKING:
    from seix.geometry.layers import Structure


@dataclass(frozen=True)
class Chains:
    """Curves made of lines and arcs that follow each other.

    Attributes
    ----------
    pieces : ndarray (q, 7)
        x and y of start, end and centre, and radius, 0 for a line; arcs run counter-clockwise over at most a half circle.
    chain : ndarray (q,) of int
        Chain of each piece.
    grain : ndarray (c,) of int
        Grain of each chain, -1 for a level.
    closed : ndarray (c,) of bool
    shift : ndarray (c,)
        How far along x the grain of a chain is moved [nm].
    """

    pieces: np.ndarray
    chain: np.ndarray
    grain: np.ndarray
    closed: np.ndarray
    shift: np.ndarray


def joined(parts: list[Chains]) -> Chains:
    """All chains, one part after the other."""
    offsets = np.cumsum([0, *(len(part.grain) for part in parts)])
    return Chains(
        np.concatenate([part.pieces for part in parts]),
        np.concatenate([part.chain + offset for part, offset in zip(parts, offsets, strict=False)]),
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("grain", "closed", "shift")),
    )


def shapes_of(structure: Structure) -> ConvexShapes:
    """Shapes of the grains; round ones are discs around a single point."""
    if structure.shapes is not None:
        return structure.shapes
    return ConvexShapes(np.arange(len(structure.radii) + 1), structure.centres, structure.radii)


def level_heights(structure: Structure) -> np.ndarray:
    """Heights over core|SEI of all levels: bottom of a patch, walls of the layers, end of the electrolyte [nm]."""
    frame = structure.frame
    walls = [layer.inner for layer in structure.layers] + [frame.sei_thickness]
    bottom = [-frame.core_size] if frame.kind == "patch" else []
    return np.array([*bottom, *walls, frame.sei_thickness + frame.electrolyte_depth])


def level_chains(structure: Structure) -> Chains:
    """The levels, from side to side or as circles."""
    frame, pieces, chain = structure.frame, [], []
    heights = level_heights(structure)
    for number, height in enumerate(heights):
        nodes, round_ = frame.level_nodes(height)
        x = np.array([*nodes, nodes[0]] if frame.closed else nodes)
        radius = frame.core_size + height if round_ else 0.0
        pieces.append(np.column_stack([x[:-1], x[1:], np.zeros((len(x) - 1, 2)), np.full(len(x) - 1, radius)]))
        chain += [number] * (len(x) - 1)
    count = len(heights)
    return Chains(np.concatenate(pieces), np.array(chain), np.full(count, -1), np.full(count, frame.closed), np.zeros(count))


def disc_chains(structure: Structure) -> Chains:
    """Surfaces of round grains: two half circles, or the one inside of a grain on a side."""
    frame, free = structure.frame, structure.side == FREE
    parts = [_half_discs(structure, np.flatnonzero(free), np.array([1.0, 0.0]), np.zeros(2), True)]
    for side in range(len(frame.side_names)):
        # a patch is cut along one line, so a grain on it has a half on both sides
        here = np.flatnonzero(~free if frame.kind == "patch" else structure.side == side)
        along, inward = frame.side_axes(side)
        start = along if along[0] * inward[1] - along[1] * inward[0] > 0.0 else -along
        shift = np.array([frame.period if frame.kind == "patch" and side == 1 else 0.0, 0.0])
        parts.append(_half_discs(structure, here, start, shift, False))
    return joined(parts)


def _half_discs(structure: Structure, grains: np.ndarray, start: np.ndarray, shift: np.ndarray, whole: bool) -> Chains:
    """Half circles counter-clockwise from a direction, or both halves."""
    centres, radii = structure.centres[grains] + shift, structure.radii[grains]
    ends = [centres + radii[:, None] * start, centres - radii[:, None] * start]
    halves = [np.column_stack([ends[k], ends[1 - k], centres, radii]) for k in range(2 if whole else 1)]
    pieces = np.stack(halves, axis=1).reshape(-1, 7)
    chain = np.repeat(np.arange(len(grains)), len(halves))
    return Chains(pieces, chain, grains, np.full(len(grains), whole), np.full(len(grains), shift[0]))
