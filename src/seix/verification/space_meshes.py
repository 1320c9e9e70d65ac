"""Structured meshes in space: laminates, round particles, a spherical grain in a periodic film."""

from __future__ import annotations

import itertools

import numpy as np

from .plane_meshes import Strip, stacked

EDGES = ((2, 3), (1, 3), (1, 2), (0, 3), (0, 2), (0, 1))
FLIP = [1, 0, 2, 3]


def second_order(points, tetrahedra, place=None):
    """Ten-node tetrahedra in basix order and positive orientation.

    Parameters
    ----------
    points : ndarray, shape (n, 3)
    tetrahedra : ndarray, shape (m, 4)
    place : callable, optional
        Mid nodes of (start, end) vertices, both of shape (k, 3); the middle of the straight edge without.
    """
    a, b, c, d = (points[tetrahedra[:, k]] for k in range(4))
    turned = np.linalg.det(np.stack([b - a, c - a, d - a], axis=1)) < 0
    tetrahedra = np.where(turned[:, None], tetrahedra[:, FLIP], tetrahedra)
    ends = np.sort(np.concatenate([tetrahedra[:, list(e)] for e in EDGES]), axis=1)
    unique, inverse = np.unique(ends, axis=0, return_inverse=True)
    start, end = points[unique[:, 0]], points[unique[:, 1]]
    middle = (start + end) / 2 if place is None else place(start, end)
    return np.vstack([points, middle]), np.hstack([tetrahedra, inverse.reshape(6, -1).T + len(points)])


def extrude(plane, triangles, heights):
    """Tetrahedra between copies of a triangulation at some heights, split alike on opposite sides of a period.

    Returns
    -------
    points, tetrahedra, row
        ``row`` is the interval of heights of each tetrahedron.
    """
    n = len(plane)
    rank = np.empty(n, int)
    rank[np.lexsort(plane.round(9).T)] = np.arange(n)
    a, b, c = np.take_along_axis(triangles, np.argsort(rank[triangles], axis=1), axis=1).T
    points = np.vstack([np.column_stack([plane, np.full(n, z)]) for z in heights])
    tetrahedra, row = [], []
    for k in range(len(heights) - 1):
        low, up = k * n, (k + 1) * n
        for split in ((a + low, b + low, c + low, c + up), (a + low, b + low, b + up, c + up), (a + low, a + up, b + up, c + up)):
            tetrahedra.append(np.column_stack(split))
            row.append(np.full(len(a), k))
    return points, np.concatenate(tetrahedra), np.concatenate(row)


def block(layers, period=6.0, columns=2, core=(10.0, 2), electrolyte=(5.0, 1), tilt=0.0) -> Strip:
    """Patch of flat layers, periodic in x and y.

    Parameters
    ----------
    layers : list of (name, thickness in nm, rows)
        SEI from the core outwards.
    tilt : float
        Random displacement of inner nodes, as a fraction of the cell (makes the mesh irregular).
    """
    names, heights, region, layer, walls = stacked(core, layers, electrolyte)
    x = np.linspace(0, period, columns + 1)
    plane = np.array([(a, b) for b in x for a in x])
    i, j = (k.ravel() for k in np.meshgrid(np.arange(columns), np.arange(columns)))
    corner, up = j * (columns + 1) + i, columns + 1
    triangles = np.concatenate(
        [np.column_stack([corner, corner + 1, corner + up + 1]), np.column_stack([corner, corner + up + 1, corner + up])]
    )
    points, cells, row = extrude(plane, triangles, heights)
    if tilt:
        inner = ((points[:, :2] > 0) & (points[:, :2] < period)).all(axis=1) & ~np.isclose(points[:, 2, None], walls).any(axis=1)
        steps = tilt * np.array([period / columns, period / columns, np.diff(heights).min()])
        points[inner] += np.random.default_rng(0).uniform(-1, 1, (inner.sum(), 3)) * steps
    points, cells = second_order(points, cells)
    thickness = sum(t for _, t, _ in layers)
    return _mesh(points, cells, region[row], layer[row], names, (core[0], thickness, electrolyte[0]), period)


def _mesh(points, cells, region, layer, names, sizes, period=None, grain=None, mirrors=(), kind="patch"):
    grain = np.full(len(cells), -1) if grain is None else grain
    mirrors = np.reshape(mirrors, (-1, 3))
    return Strip(points, cells, region, grain, layer, names, period, *sizes, kind=kind, mirrors=mirrors)


def _grid(segments, shells):
    """Unit cube of (u, v, shell), split along the diagonals that grow in all three: vertices (n, 3) and tetrahedra."""
    n = segments + 1
    vertices = np.array([(i / segments, j / segments, k) for k in range(shells + 1) for j in range(n) for i in range(n)])
    i, j, k = (a.ravel() for a in np.meshgrid(np.arange(segments), np.arange(segments), np.arange(shells), indexing="ij"))
    step = np.array([1, n, n * n])
    base = i + j * n + k * n * n
    paths = [np.cumsum([0, *step[list(order)]]) for order in itertools.permutations(range(3))]
    return vertices, np.concatenate([base[:, None] + path for path in paths]), np.tile(k, 6)


def _merge(pieces):
    """Join meshes given as (points, tetrahedra, row), and drop tetrahedra without volume."""
    points = np.concatenate([p for p, _, _ in pieces])
    starts = np.cumsum([0, *[len(p) for p, _, _ in pieces[:-1]]])
    cells = np.concatenate([c + s for (_, c, _), s in zip(pieces, starts, strict=True)])
    _, first, inverse = np.unique(points.round(7) + 0.0, axis=0, return_index=True, return_inverse=True)
    cells, row = inverse.ravel()[cells], np.concatenate([r for _, _, r in pieces])
    kept = np.array([len(set(c)) == 4 for c in cells])
    return points[first], cells[kept], row[kept]


def _octant(quarter):
    """Octant from the part of it where z is largest: turned about the diagonal twice."""
    points, cells, row = quarter
    return _merge([(np.roll(points, shift, axis=1), cells, row) for shift in range(3)])


def _mirrored(piece, axes):
    """A mesh and its mirror images in the planes normal to some axes."""
    for axis in axes:
        points, cells, row = piece
        piece = _merge([piece, (points * np.where(np.arange(3) == axis, -1, 1), cells, row)])
    return piece


def ball(layers, core=(10.0, 3), electrolyte=(5.0, 1), segments=3, part="octant", half_angle=np.pi / 6) -> Strip:
    """Round particle with exactly curved cells: whole (``full``), an ``octant``, or a four-sided ``cone`` about z.

    Parameters
    ----------
    layers : list of (name, thickness in nm, rows)
        SEI from the core outwards.
    segments : int
        Cells along a quarter of the side of a cone, which is a sixth of a sphere.
    """
    names, heights, region, layer, _ = stacked(core, layers, electrolyte)
    radii = heights + core[0]
    angle = half_angle if part == "cone" else np.pi / 4
    vertices, cells, row = _grid(segments, len(radii) - 1)
    direction = np.column_stack([np.tan(angle * vertices[:, :2]), np.ones(len(vertices))])
    direction /= np.linalg.norm(direction, axis=1)[:, None]
    quarter = radii[vertices[:, 2].astype(int), None] * direction, cells, row

    def place(start, end):
        """Middle of an arc: mean radius, mean direction; the direction of the other end from the centre."""
        r = np.linalg.norm(np.stack([start, end]), axis=2)
        unit = np.stack([start, end]) / np.maximum(r, 1e-12)[..., None]
        middle = unit.sum(axis=0)
        return middle / np.linalg.norm(middle, axis=1)[:, None] * r.mean(axis=0)[:, None]

    cos, sin = np.cos(half_angle), np.sin(half_angle)
    if part == "cone":
        points, cells, row = _mirrored(_merge([quarter]), (0, 1))
        mirrors = [(cos, 0, sin), (-cos, 0, sin), (0, cos, sin), (0, -cos, sin)]
    else:
        octant = _octant(quarter)
        points, cells, row = octant if part == "octant" else _mirrored(octant, (0, 1, 2))
        mirrors = np.eye(3) if part == "octant" else ()
    points, cells = second_order(points, cells, place)
    sizes = core[0], sum(t for _, t, _ in layers), electrolyte[0]
    return _mesh(points, cells, region[row], layer[row], names, sizes, mirrors=mirrors, kind="particle")


def _shifted(points, cells, period):
    """The same periodic film, seen half a period farther in x and y; no cell may cross the new sides."""
    corners = points[cells]
    move = np.where(corners[:, :4, :2].mean(axis=1) < period / 2, 0.5, -0.5) * period
    corners[:, :, :2] += move[:, None, :]
    _, first, inverse = np.unique(corners.reshape(-1, 3).round(7) + 0.0, axis=0, return_index=True, return_inverse=True)
    return corners.reshape(-1, 3)[first], inverse.reshape(cells.shape)


def film_with_sphere(
    radius, size, segments=2, shells=(2, 3), core=(5.0, 1), electrolyte=(5.0, 1), grain="grain", shift=False
) -> Strip:
    """Cubic film of a given size with one spherical grain in its middle, between flat core and electrolyte.

    Parameters
    ----------
    radius, size : float
        Of the grain; period and thickness of the film.
    segments : int
        Cells along a quarter of a sixth of the sphere.
    shells : (int, int)
        Shells of cells inside and around the grain.
    grain : str
        Material of the grain; the film around is ``matrix``.
    shift : bool
        Put the grain into the corners of the period instead.
    """
    vertices, cells, row = _grid(segments, sum(shells))
    tangent = np.column_stack([np.tan(np.pi / 4 * vertices[:, :2]), np.ones(len(vertices))])
    round_direction = tangent / np.linalg.norm(tangent, axis=1)[:, None]
    shell = vertices[:, 2:]
    inside = np.minimum(shell / shells[0], 1) * radius
    outside = np.clip((shell - shells[0]) / shells[1], 0, 1)
    points = inside * round_direction * (1 - outside) + outside * tangent * size / 2
    points, cells, row = _mirrored(_octant((points, cells, row)), (0, 1, 2))
    points = points + size / 2
    in_grain = row < shells[0]
    # core and electrolyte continue the triangles of the bottom and of the top
    pieces = [(points, cells, in_grain.astype(int))]
    for height, depth, rows, tag in ((0.0, -core[0], core[1], 2), (size, electrolyte[0], electrolyte[1], 3)):
        sides = np.concatenate([cells[:, [i for i in range(4) if i != k]] for k in range(4)])
        triangles = sides[np.isclose(points[sides, 2], height).all(axis=1)]
        used, local = np.unique(triangles, return_inverse=True)
        heights = height + depth * np.arange(rows + 1) / rows
        added, tetrahedra, _ = extrude(points[used, :2], local.reshape(-1, 3), heights)
        pieces.append((added, tetrahedra, np.full(len(tetrahedra), tag)))
    points, cells, tag = _merge(pieces)
    points[np.abs(points) < 1e-9] = 0.0

    def place(start, end):
        """Edges of the sphere are arcs."""
        middle, centre = (start + end) / 2, np.full(3, size / 2)
        arc = np.isclose(np.linalg.norm(np.stack([start, end]) - centre, axis=2), radius).all(axis=0)
        out = middle - centre
        length = np.linalg.norm(out, axis=1)
        middle[arc] = centre + out[arc] / length[arc, None] * radius
        return middle

    points, cells = second_order(points, cells, place)
    if shift:
        points, cells = _shifted(points, cells, size)
    region = np.array([2, 3, 0, 1])[tag]
    layer, number = np.where(tag < 2, 0, -1), np.where(tag == 1, 0, -1)
    sizes = core[0], size, electrolyte[0]
    return _mesh(points, cells, region, layer, ["core", "electrolyte", "matrix", grain], sizes, size, number)
