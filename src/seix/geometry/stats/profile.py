"""Fraction of each phase over the height above the core: grains cut exactly by planes, circles or spheres."""

from __future__ import annotations

import itertools

import numpy as np

from seix.geometry.shapes import StarShapes
from seix.geometry.stats.grains import Grains

PER_DIAMETER = 8
"""Slices to a mean diameter."""
SLICES = (4, 48)
"""Fewest and most slices of a layer with grains."""
ARC = 0.2
"""Angle of the chords that stand for the arcs of a rounded polygon [rad]."""


def heights(structure, points: np.ndarray) -> np.ndarray:
    """Distance (...) of points (..., dim) from core|SEI, of several particles from the nearest, outwards [nm]."""
    if structure.kind == "patch":
        return points[..., -1]
    if structure.kind == "particles":
        return structure.frame.height(points.reshape(-1, structure.dim)).reshape(points.shape[:-1])
    return np.sqrt((points**2).sum(axis=-1)) - structure.core


def core_radii(structure, points: np.ndarray) -> np.ndarray:
    """Radius (n,) of the core nearest to points (n, dim); of a patch its depth [nm]."""
    if structure.kind == "particles":
        return structure.frame.bodies.radii[structure.frame.bodies.nearest(points)[0]]
    return np.full(len(points), structure.core)


def slice_edges(structure) -> np.ndarray:
    """Heights (k + 1,) between slices [nm]; the walls of the layers are among them."""
    edges = [np.zeros(1)]
    for layer in structure.layers:
        number = 1
        if layer.fractions:
            number = int(np.clip(np.ceil(PER_DIAMETER * layer.thickness / layer.diameter), *SLICES))
        edges.append(np.linspace(layer.inner, layer.outer, number + 1)[1:])
    return np.concatenate(edges)


def profile(grains: Grains, edges: np.ndarray) -> np.ndarray:
    """Fraction (phases, k) of each phase in each slice.

    Discs and spheres are cut in closed form. Polygons and polyhedra are cut into triangles or tetrahedra about the
    centre of the grain, arcs replaced by chords and the measure of the grain kept; in each of them the height above
    a curved core is taken as linear, which misses r^2/(2 R) for a grain of radius r on a core of radius R. Of several
    particles each grain is cut by the spheres about the one it is nearest to.

    Parameters
    ----------
    grains : Grains
    edges : ndarray (k + 1,)
        Heights between slices, increasing [nm].
    """
    structure = grains.structure
    count = len(structure.phase_names)
    phase = structure.phase[grains.index]
    below = np.zeros((count, len(edges)))
    if len(grains) and grains.round:
        middle, reach, core = heights(structure, grains.centres), grains.reach, core_radii(structure, grains.centres)
        part = _part_of_ball_patch if structure.kind == "patch" else _part_of_ball_particle

        def cut(body: np.ndarray, height: np.ndarray) -> np.ndarray:
            return part(core[body], middle[body], reach[body], height, grains.dim)

        _collect(below, edges, middle - reach, middle + reach, grains.weights * grains.measures, phase, cut)
    elif len(grains):
        for corners, measure, owner in _simplices(grains):
            tops = np.sort(heights(structure, corners), axis=1)

            def cut(body: np.ndarray, height: np.ndarray, tops=tops) -> np.ndarray:
                return part_below(tops[body], height)

            _collect(below, edges, tops[:, 0], tops[:, -1], grains.weights[owner] * measure, phase[owner], cut)
    slices = np.array([structure.frame.measure(a, b) for a, b in itertools.pairwise(edges)])
    return np.diff(below, axis=1) / slices


def _collect(below: np.ndarray, edges: np.ndarray, low: np.ndarray, high: np.ndarray, measure: np.ndarray, phase: np.ndarray,
             cut) -> None:  # fmt: skip
    """Add the measure of bodies below each edge; `cut` gives the part of bodies below heights that cross them."""
    first, last = np.searchsorted(edges, low, side="right"), np.searchsorted(edges, high, side="left")
    size = len(edges)
    whole = np.bincount(phase * (size + 1) + last, measure, below.shape[0] * (size + 1)).reshape(-1, size + 1)
    below += np.cumsum(whole, axis=1)[:, :size]
    times = np.maximum(last - first, 0)
    body = np.repeat(np.arange(len(low)), times)
    edge = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times - first, times)
    share = measure[body] * cut(body, edges[edge])
    below += np.bincount(phase[body] * size + edge, share, below.size).reshape(below.shape)


def cap(cosine: np.ndarray, dim: int) -> np.ndarray:
    """Part of a disc or ball beyond a plane at `cosine` radii from its centre (-1: all, 1: nothing)."""
    cosine = np.clip(cosine, -1.0, 1.0)
    if dim == 3:
        return 0.25 * (2.0 + cosine) * (1.0 - cosine) ** 2
    angle = np.arccos(cosine)
    return (angle - cosine * np.sin(angle)) / np.pi


def _part_of_ball_patch(core: np.ndarray, middle: np.ndarray, radius: np.ndarray, height: np.ndarray, dim: int) -> np.ndarray:
    return cap((middle - height) / radius, dim)


def _part_of_ball_particle(core: np.ndarray, middle: np.ndarray, radius: np.ndarray, height: np.ndarray, dim: int) -> np.ndarray:
    """Part of balls inside a large one about the origin: a cap of each, on either side of the plane they meet in."""
    big, distance = core + height, core + middle
    cosine = np.clip((distance**2 + radius**2 - big**2) / (2.0 * distance * radius), -1.0, 1.0)
    plane = distance - radius * cosine  # from the origin
    ratio = big / radius
    return cap(cosine, dim) + ratio**dim * cap(plane / big, dim)


def part_below(tops: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Part (n,) of simplices below heights (n,), for a height that is linear in each.

    Parameters
    ----------
    tops : ndarray (n, 3) or (n, 4)
        Heights of the corners of triangles or tetrahedra, increasing.
    height : ndarray (n,)
        Between the first and the last of them.
    """

    def share(a, b):  # part of the edge from corner a to b that is below; edges of no length are never asked for
        length = tops[:, b] - tops[:, a]
        return np.clip((height - tops[:, a]) / np.where(length > 0.0, length, 1.0), 0.0, 1.0)

    last = tops.shape[1] - 1
    one = np.ones(len(tops))
    first, upper = one.copy(), one.copy()
    for k in range(1, last + 1):
        first *= share(0, k)
        upper *= 1.0 - share(k - 1, last)
    if last == 2:
        return np.where(height <= tops[:, 1], first, 1.0 - upper)
    a, b, p, q = share(0, 2), share(0, 3), share(1, 2), share(1, 3)
    middle = a * b + a * q * (1.0 - b) + (1.0 - a) * p * q
    return np.where(height <= tops[:, 1], first, np.where(height >= tops[:, 2], 1.0 - upper, middle))


def _simplices(grains: Grains, at_once: int = 20000):
    """Triangles or tetrahedra of polygons or polyhedra about their centres, in portions.

    Yields
    ------
    corners : ndarray (s, dim + 1, dim)
    measure : ndarray (s,)
        Scaled so that those of a grain sum to its measure.
    owner : ndarray (s,)
        Number of the grain.
    """
    for begin in range(0, len(grains), at_once):
        part = grains.where(slice(begin, begin + at_once))
        if isinstance(part.structure.shapes, StarShapes):
            corners, faces = part.hulls[0].reshape(len(part), -1, 3), part.structure.shapes.faces
            outer, owner = corners[:, faces].reshape(-1, 3, 3), np.repeat(np.arange(len(part)), len(faces))
        else:
            outer, owner = _chords(part)
        centre = part.centres[owner]
        edges = outer - centre[:, None]
        measure = np.abs(np.linalg.det(edges))
        measure *= (part.measures / np.bincount(owner, measure, len(part)))[owner]
        yield np.concatenate([centre[:, None], outer], axis=1), measure, begin + owner


def _chords(grains: Grains) -> tuple[np.ndarray, np.ndarray]:
    """Outlines of rounded polygons as chords (s, 2, 2), and the grain (s,) of each."""
    vertices, start = grains.hulls
    count = np.diff(start)
    owner = np.repeat(np.arange(len(count)), count)
    place = np.arange(len(vertices)) - start[owner]
    following = start[owner] + (place + 1) % count[owner]
    edge = vertices[following] - vertices
    direction = np.arctan2(edge[:, 1], edge[:, 0])
    before = np.empty(len(vertices))
    before[following] = direction
    turn = np.where(count[owner] == 1, 2.0 * np.pi, (direction - before) % (2.0 * np.pi))
    pieces = np.where(grains.rounding[owner] > 0.0, np.ceil(turn / ARC).astype(int), 0)
    # points of the arc about each vertex, from the end of the edge before it to the start of the one after it
    points = pieces + 1
    corner = np.repeat(np.arange(len(vertices)), points)
    step = np.arange(points.sum()) - np.repeat(np.cumsum(points) - points, points)
    angle = before[corner] - 0.5 * np.pi + turn[corner] * step / np.maximum(pieces[corner], 1)
    radius = grains.rounding[owner[corner]]
    outline = vertices[corner] + radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    of = owner[corner]
    begin = np.concatenate([[0], np.cumsum(np.bincount(of, minlength=len(count)))])
    after = np.arange(len(outline)) + 1
    after[begin[1:] - 1] = begin[:-1]
    return np.stack([outline, outline[after]], axis=1), of
