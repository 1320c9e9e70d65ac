"""The curves of a structure as chains of lines and arcs: levels along the SEI, and the surfaces of grains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seix.geometry.patch import FREE
from seix.geometry.shapes import ConvexShapes

if TYPE_CHECKING:
    from seix.geometry.layers import Structure


SAME = 1e-6
"""Part of the perimeter of a grain that is no length: nearer vertices are one, and nearer to a side than that is on it."""


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
    other : ndarray (c,) of int
        Grain on the right of a boundary between two grains, whose left one is `grain`; -1 for all other chains.
    """

    pieces: np.ndarray
    chain: np.ndarray
    grain: np.ndarray
    closed: np.ndarray
    shift: np.ndarray
    other: np.ndarray

    def __len__(self) -> int:
        return len(self.grain)


def joined(parts: list[Chains]) -> Chains:
    """All chains, one part after the other."""
    offsets = np.cumsum([0, *(len(part.grain) for part in parts)])
    return Chains(
        np.concatenate([part.pieces for part in parts]),
        np.concatenate([part.chain + offset for part, offset in zip(parts, offsets, strict=False)]),
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("grain", "closed", "shift", "other")),
    )


def shapes_of(structure: Structure) -> ConvexShapes:
    """Shapes of the grains, without vertices that are the same to rounding; round ones are discs around a single point."""
    if structure.shapes is None:
        return ConvexShapes(np.arange(len(structure.radii) + 1), structure.centres, structure.radii)
    shapes = structure.shapes
    edge = shapes.vertices[shapes.following] - shapes.vertices
    apart = (edge**2).sum(axis=1) > (SAME * shapes.perimeters()[shapes.owner]) ** 2
    apart |= np.diff(shapes.start)[shapes.owner] == 1
    counts = np.bincount(shapes.owner[apart], minlength=len(shapes.rounding))
    return ConvexShapes(np.concatenate([[0], np.cumsum(counts)]), shapes.vertices[apart], shapes.rounding)


def level_heights(structure: Structure) -> np.ndarray:
    """Heights over core|SEI of all levels: bottom of a patch, walls of the layers, end of the electrolyte [nm]."""
    frame = structure.frame
    walls = [layer.inner for layer in structure.layers] + [frame.sei_thickness]
    bottom = [-frame.core_size] if frame.kind == "patch" else []
    return np.array([*bottom, *walls, frame.sei_thickness + frame.electrolyte_depth])


def level_chains(structure: Structure, nodes: list[np.ndarray] | None = None) -> Chains:
    """The levels, from side to side or as circles.

    Parameters
    ----------
    structure : Structure
    nodes : list of ndarray (k, 2), optional
        Points on each level at which it must have a node.
    """
    frame, pieces, chain = structure.frame, [], []
    heights = level_heights(structure)
    for number, height in enumerate(heights):
        given, round_ = frame.level_nodes(height)
        x = np.array(given)
        if nodes is not None and len(nodes[number]):
            x = _in_order(np.concatenate([x, nodes[number]]), frame.kind)
        if frame.closed:
            x = np.concatenate([x, x[:1]])
        radius = frame.core_size + height if round_ else 0.0
        pieces.append(np.column_stack([x[:-1], x[1:], np.zeros((len(x) - 1, 2)), np.full(len(x) - 1, radius)]))
        chain += [number] * (len(x) - 1)
    none = np.full(len(heights), -1)
    return Chains(np.concatenate(pieces), np.array(chain), none, np.full(len(heights), frame.closed), 0.0 * none, none)


def _in_order(points: np.ndarray, kind: str) -> np.ndarray:
    """Different points along a level, the first one first."""
    if kind == "patch":
        place = points[:, 0]
    else:
        place = np.arctan2(points[:, 1], points[:, 0])
        place = np.where(place < -1e-9, place + 2.0 * np.pi, place)
    # of points that are the same to rounding the first one stays
    order = np.argsort(place, kind="stable")
    place = place[order]
    new = np.concatenate([[True], np.diff(place) > 1e-9 * max(1.0, place[-1])])
    group = np.cumsum(new) - 1
    first = np.full(group[-1] + 1, len(points))
    np.minimum.at(first, group, order)
    return points[first]


def grain_chains(structure: Structure, which: np.ndarray) -> Chains:
    """Surfaces of some grains (n,) of bool, of those on a side the part inside the domain."""
    frame, free = structure.frame, structure.side == FREE
    shapes = shapes_of(structure)
    discs = np.diff(shapes.start) == 1
    radii = shapes.rounding if structure.shapes is not None else structure.radii
    centres = structure.centres.copy()
    centres[discs] = shapes.vertices[shapes.start[:-1][discs]]
    parts = [_half_discs(centres, radii, np.flatnonzero(which & free & discs), np.array([1.0, 0.0]), 0.0, True)]
    whole = outline_pieces(shapes)
    parts.append(_picked(whole, np.flatnonzero(which & free & ~discs)))
    for side in range(len(frame.side_names)):
        # a patch is cut along one line, so a grain on it has a half on both sides
        here = ~free if frame.kind == "patch" else structure.side == side
        along, inward = frame.side_axes(side)
        start = along if along[0] * inward[1] - along[1] * inward[0] > 0.0 else -along
        shift = frame.period if frame.kind == "patch" and side == 1 else 0.0
        parts.append(_half_discs(centres, radii, np.flatnonzero(which & here & discs), start, shift, False))
        parts.append(cut_chains(_picked(whole, np.flatnonzero(which & here & ~discs)), along, inward, shift))
    return joined(parts)


def _half_discs(centres: np.ndarray, radii: np.ndarray, grains: np.ndarray, start: np.ndarray, shift: float,
                whole: bool) -> Chains:  # fmt: skip
    """Half circles counter-clockwise from a direction, or both halves."""
    centres, radii = centres[grains] + np.array([shift, 0.0]), radii[grains]
    ends = [centres + radii[:, None] * start, centres - radii[:, None] * start]
    halves = [np.column_stack([ends[k], ends[1 - k], centres, radii]) for k in range(2 if whole else 1)]
    pieces = np.stack(halves, axis=1).reshape(-1, 7)
    chain = np.repeat(np.arange(len(grains)), len(halves))
    return Chains(pieces, chain, grains, np.full(len(grains), whole), np.full(len(grains), shift), np.full(len(grains), -1))


def outline_pieces(shapes: ConvexShapes) -> Chains:
    """Outlines of rounded polygons: around every vertex an arc, unless it has no length, then the edge that follows."""
    owner, following = shapes.owner, shapes.following
    start = shapes.vertices
    edge = start[following] - start
    length = np.sqrt((edge**2).sum(axis=1))
    normal = np.column_stack([edge[:, 1], -edge[:, 0]]) / np.where(length > 0.0, length, 1.0)[:, None]
    before = np.empty_like(normal)
    before[following] = normal
    rounding = shapes.rounding[owner]
    radius = rounding[:, None]
    arcs = np.column_stack([start + radius * before, start + radius * normal, start, rounding])
    lines = np.column_stack([start + radius * normal, start[following] + radius * normal, np.zeros_like(start), 0.0 * rounding])
    turn = ((normal - before) ** 2).sum(axis=1) * rounding**2
    kept = np.column_stack([turn > (SAME * shapes.perimeters()[owner]) ** 2, np.ones(len(owner), bool)]).ravel()
    pieces = np.stack([arcs, lines], axis=1).reshape(-1, 7)[kept]
    count = len(shapes.rounding)
    none = np.full(count, -1)
    return Chains(pieces, np.repeat(owner, 2)[kept], np.arange(count), np.ones(count, bool), np.zeros(count), none)


def _picked(chains: Chains, which: np.ndarray) -> Chains:
    """Some of the chains."""
    place = np.full(len(chains.grain), -1)
    place[which] = np.arange(len(which))
    kept = place[chains.chain] >= 0
    return Chains(
        chains.pieces[kept], place[chains.chain[kept]],
        *(getattr(chains, name)[which] for name in ("grain", "closed", "shift", "other")),
    )  # fmt: skip


def cut_chains(chains: Chains, along: np.ndarray, inward: np.ndarray, shift: float) -> Chains:
    """The part of closed convex chains on the inner side of a line through the origin.

    Parameters
    ----------
    chains : Chains
        Each crosses the line twice.
    along, inward : ndarray (2,)
        Direction of the line, and unit normal into the domain.
    shift : float
        How far the result is moved along x [nm].
    """
    pieces, chain = chains.pieces.copy(), chains.chain
    length = np.sqrt(((pieces[:, 2:4] - pieces[:, 0:2]) ** 2).sum(axis=1))
    on_line = SAME * np.bincount(chain, length, len(chains.grain))[chain]
    inside = np.stack([pieces[:, k : k + 2] @ inward > on_line for k in (0, 2)], axis=1)
    enters, leaves = ~inside[:, 0] & inside[:, 1], inside[:, 0] & ~inside[:, 1]
    crossing = enters | leaves
    place = _crossing(pieces[crossing], along, inward)
    pieces[enters, 0:2], pieces[leaves, 2:4] = place[enters[crossing]], place[leaves[crossing]]
    # from where it enters, around
    first = np.zeros(len(chains.grain), int)
    first[chain[enters]] = np.flatnonzero(enters)
    count = np.bincount(chain, minlength=len(first))
    turn = (np.arange(len(chain)) - first[chain]) % np.maximum(count[chain], 1)
    order = np.lexsort((turn, chain))
    order = order[inside[order].any(axis=1)]
    pieces = pieces[order]
    pieces[:, [0, 2, 4]] += shift
    return Chains(pieces, chain[order], chains.grain, np.zeros(len(first), bool), np.full(len(first), shift), chains.other)


def _crossing(pieces: np.ndarray, along: np.ndarray, inward: np.ndarray) -> np.ndarray:
    """Points where pieces cross the line; exactly on it."""
    start, end, centre, radius = pieces[:, 0:2], pieces[:, 2:4], pieces[:, 4:6], pieces[:, 6]
    ends = start @ inward, end @ inward
    part = np.clip(ends[0] / (ends[0] - ends[1]), 0.0, 1.0)
    height = (start + part[:, None] * (end - start)) @ along
    # of the two crossings of the circle, that on the arc: right of the chord
    half = np.sqrt(np.maximum(radius**2 - (centre @ inward) ** 2, 0.0))
    chord, arc = end - start, []
    for sign in (-1.0, 1.0):
        place = centre @ along + sign * half
        off = place[:, None] * along - start
        arc.append((chord[:, 0] * off[:, 1] - chord[:, 1] * off[:, 0], place))
    round_ = np.where(arc[0][0] < arc[1][0], arc[0][1], arc[1][1])
    return np.where(radius > 0.0, round_, height)[:, None] * along
