"""How many cells of given sizes fill a domain, without a mesh."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

PER_SQUARE = 4.12 / math.sqrt(3.0)
"""Triangles of a mesh in the square of their size, as measured: 3 % more than equilateral ones, give or take 9 %."""
PER_CUBE = (2.0, 4.5, 8.5)
"""Tetrahedra in the cube of their size in core, SEI and electrolyte, as fitted: inside, the core is coarser than its wall asks
for, and in the SEI there are others in addition."""
PER_FACE = 2.0
"""Tetrahedra outside a grain for each triangle on it, whatever the room there."""
COARSE = 2.0
"""Edge of the largest boxes that are not halved, over the cell size in them."""
MOST = 20_000
"""Boxes of one size that are looked at; where there are more, a random part of them stands for all."""


def filling(size_at: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]], low, high) -> float:
    """Integral of 1 / size^dim over a box, which is halved until its pieces are about as large as the cells in them.

    Parameters
    ----------
    size_at : callable
        Cell sizes (n,), and what of the integrand counts (n,), at points (n, dim). The sizes change slowly everywhere,
        also where nothing counts.
    low, high : array_like (dim,)
        Corners of the box.

    Returns
    -------
    float
        The same for the same arguments.
    """
    low = np.asarray(low, float)
    extent, dim = np.asarray(high, float) - low, len(low)
    count = np.ceil(extent / extent.min() * (1.0 - 1e-9)).astype(int)
    # a very flat box begins with no more pieces than are looked at
    count = np.maximum((count / max(1.0, (np.prod(count, dtype=float) / MOST) ** (1.0 / (dim - 1)))).astype(int), 1)
    edges = extent / count
    places = low + edges * (np.stack(np.meshgrid(*map(np.arange, count), indexing="ij"), axis=-1).reshape(-1, dim) + 0.5)
    halves = np.stack(np.meshgrid(*[(-0.25, 0.25)] * dim, indexing="ij"), axis=-1).reshape(-1, dim)
    rng, total, share = np.random.default_rng(0), 0.0, 1.0
    while len(places):
        if len(places) > MOST:
            share *= len(places) / MOST
            places = places[rng.permutation(len(places))[:MOST]]
        size, counts = size_at(places)
        fine = edges.max() <= COARSE * size
        total += share * float((counts[fine] / size[fine] ** dim).sum()) * float(np.prod(edges))
        places = (places[~fine, None] + edges * halves).reshape(-1, dim)
        edges = 0.5 * edges
    return total
