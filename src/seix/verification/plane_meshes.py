"""Structured meshes in the plane, with exactly curved cells where they are round: laminates and shells."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..geometry.structured import second_order


@dataclass
class Strip:
    """Laminate of flat layers on a structured mesh, in the form the solver takes."""

    points: np.ndarray
    cells: np.ndarray
    region: np.ndarray
    grain: np.ndarray
    layer: np.ndarray
    region_names: list
    period: float
    core_size: float
    sei_thickness: float
    electrolyte_depth: float
    kind: str = "patch"
    sector: float | None = None
    mirrors: np.ndarray = field(default_factory=lambda: np.empty((0, 2)))
    core_regions: list = field(default_factory=list)


def stacked(core, layers, electrolyte):
    """Rows of cells from the bottom of the core to the electrolyte.

    Parameters
    ----------
    core, electrolyte : (float, int)
        Thickness in nm and rows.
    layers : list of (name, thickness in nm, rows)
        SEI from the core outwards.

    Returns
    -------
    names : list of str
        Of the regions.
    heights : ndarray
        Of the ends of the rows over core|SEI.
    region, layer : ndarray of int
        Of each row.
    walls : ndarray
        Heights of the interfaces and of both ends.
    """
    stack = [("core", *core), *layers, ("electrolyte", *electrolyte)]
    names = ["core", "electrolyte", *dict.fromkeys(name for name, _, _ in layers)]
    walls = np.cumsum([0.0, *[thickness for _, thickness, _ in stack]]) - core[0]
    parts = [low + np.arange(1, rows + 1) / rows * t for (_, t, rows), low in zip(stack, walls[:-1], strict=True)]
    heights = np.concatenate([walls[:1], *parts])
    region = np.concatenate([[names.index(name)] * rows for name, _, rows in stack])
    layer = np.concatenate([[k - 1 if 0 < k < len(stack) - 1 else -1] * rows for k, (_, _, rows) in enumerate(stack)])
    return names, heights, region, layer, walls


def strip(layers, period=6.0, columns=3, core=(10.0, 4), electrolyte=(5.0, 2), tilt=0.0) -> Strip:
    """Patch of flat layers.

    Parameters
    ----------
    layers : list of (name, thickness in nm, rows)
        SEI from the core outwards.
    tilt : float
        Random displacement of inner nodes, as a fraction of the cell (makes the mesh irregular).
    """
    names, y, row_region, row_layer, walls = stacked(core, layers, electrolyte)
    x = np.linspace(0, period, columns + 1)
    points = np.array([(a, b) for b in y for a in x])
    i, j = np.meshgrid(np.arange(columns), np.arange(len(y) - 1))
    corner = (j * (columns + 1) + i).ravel()
    triangles = np.concatenate(
        [
            np.column_stack([corner, corner + 1, corner + columns + 2]),
            np.column_stack([corner, corner + columns + 2, corner + columns + 1]),
        ]
    )
    row = np.tile(j.ravel(), 2)
    if tilt:
        rng = np.random.default_rng(0)
        inner = (points[:, 0] > 0) & (points[:, 0] < period) & ~np.isclose(points[:, 1, None], walls).any(axis=1)
        points[inner] += rng.uniform(-1, 1, (inner.sum(), 2)) * tilt * np.array([period / columns, np.diff(y).min()])
    points, cells = second_order(points, triangles)
    none = np.full(len(cells), -1)
    thickness = sum(t for _, t, _ in layers)
    return Strip(points, cells, row_region[row], none, row_layer[row], names, period, core[0], thickness, electrolyte[0])


def ring(layers, core=(10.0, 4), electrolyte=(5.0, 2), segments=24, sector=None) -> Strip:
    """Round particle on a polar mesh with exactly curved cells.

    Parameters
    ----------
    layers : list of (name, thickness in nm, rows)
        SEI from the core outwards.
    segments : int
        Cells around.
    sector : float, optional
        Opening angle in radians; a full circle without.
    """
    names, heights, row_region, row_layer, _ = stacked(core, layers, electrolyte)
    radii = heights + core[0]
    full = sector is None
    nodes = segments if full else segments + 1
    angle = np.arange(nodes) / segments * (2 * np.pi if full else sector)
    polar = np.vstack([[0.0, 0.0], *[np.column_stack([np.full(nodes, r), angle]) for r in radii[1:]]])
    j = np.arange(segments)
    nxt = (j + 1) % nodes
    triangles, row = [np.column_stack([np.zeros_like(j), 1 + j, 1 + nxt])], [np.zeros(segments, int)]
    for i in range(1, len(radii) - 1):
        a, b = 1 + (i - 1) * nodes, 1 + i * nodes
        triangles += [np.column_stack([a + j, b + j, b + nxt]), np.column_stack([a + j, b + nxt, a + nxt])]
        row += [np.full(2 * segments, i)]
    triangles, row = np.concatenate(triangles), np.concatenate(row)
    _, cells = second_order(polar, triangles)
    points = np.zeros((cells.max() + 1, 2))
    points[: len(polar)] = polar[:, :1] * np.column_stack([np.cos(polar[:, 1]), np.sin(polar[:, 1])])
    for k, (p, q) in enumerate([(1, 2), (0, 2), (0, 1)]):
        a, b = polar[cells[:, p]], polar[cells[:, q]]
        radius = (a[:, 0] + b[:, 0]) / 2
        turn = (b[:, 1] - a[:, 1] + np.pi) % (2 * np.pi) - np.pi
        theta = np.where(a[:, 0] == 0, b[:, 1], np.where(b[:, 0] == 0, a[:, 1], a[:, 1] + turn / 2))
        points[cells[:, 3 + k]] = radius[:, None] * np.column_stack([np.cos(theta), np.sin(theta)])
    none = np.full(len(cells), -1)
    thickness = sum(t for _, t, _ in layers)
    return Strip(
        points, cells, row_region[row], none, row_layer[row], names, None, core[0], thickness, electrolyte[0], "particle", sector
    )


def disc_in_square(radius: float, half: float, cells: int) -> Strip:
    """Quarter of a square with a disc in its middle: ``core`` the disc, ``electrolyte`` the rest; exactly curved cells.

    Parameters
    ----------
    radius, half : float
        Of the disc; half the side of the square.
    cells : int
        Cells along the radius and between disc and side; twice as many around.
    """
    around = 2 * cells
    rows = 2 * cells

    def place(s, t):
        """Position for a share of the quarter turn and a distance in rows."""
        angle = s * np.pi / 2
        unit = np.column_stack([np.cos(angle), np.sin(angle)])
        inner = np.minimum(t / cells, 1)[:, None] * radius * unit
        share = np.clip(t / cells - 1, 0, 1)[:, None]
        return inner * (1 - share) + share * half * unit / np.abs(unit).max(axis=1)[:, None]

    s = np.concatenate([[0.0], np.tile(np.arange(around + 1) / around, rows)])
    t = np.concatenate([[0.0], np.repeat(np.arange(1, rows + 1), around + 1)])
    j = np.arange(around)
    triangles, row = [np.column_stack([np.zeros_like(j), 1 + j, 2 + j])], [np.zeros(around, int)]
    for i in range(1, rows):
        a, b = 1 + (i - 1) * (around + 1) + j, 1 + i * (around + 1) + j
        # diagonals mirrored at the corner of the square, so that no cell has both of its sides there
        low = j < cells
        cut = np.where(low[:, None], np.column_stack([a, b, b + 1]), np.column_stack([a, b, a + 1]))
        rest = np.where(low[:, None], np.column_stack([a, b + 1, a + 1]), np.column_stack([b, b + 1, a + 1]))
        triangles += [cut, rest]
        row += [np.full(2 * around, i)]
    triangles, row = np.concatenate(triangles), np.concatenate(row)
    _, cells_ = second_order(np.column_stack([s, t]), triangles)
    points = np.zeros((cells_.max() + 1, 2))
    points[: len(s)] = place(s, t)
    for k, (p, q) in enumerate([(1, 2), (0, 2), (0, 1)]):
        a, b = cells_[:, p], cells_[:, q]
        first, second = np.where(t[a] == 0, s[b], s[a]), np.where(t[b] == 0, s[a], s[b])
        points[cells_[:, 3 + k]] = place((first + second) / 2, (t[a] + t[b]) / 2)
    none = np.full(len(cells_), -1)
    names = ["core", "electrolyte"]
    region = (row >= cells).astype(int)
    return Strip(points, cells_, region, none, none, names, None, radius, 0.0, half - radius, "particle", np.pi / 2)
