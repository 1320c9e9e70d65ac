"""Seeds and weights of a power diagram whose cells have given sizes and even shapes.

For the seeds of a moment the weights take Newton steps towards the wanted sizes; then the seeds move to the centroids of
their cells, after D. P. Bourne et al., Philos. Mag. 100 (2020) 2677, doi:10.1080/14786435.2020.1790053. The sizes of the
grains are then those that were drawn, and the boundaries between them are short, which is what lets thin films reach
high fractions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from seix.geometry.cell_space import CellSpace

MOVES = {2: 7, 3: 16}
"""Moves of the seeds in the plane and in space: enough for even cells, too few for a regular lattice."""
SETTLE = 3
"""Most Newton steps for the weights once the seeds rest."""
EXACT = 1e-3
"""Largest relative error of a size at which these end."""
SCREENING = 0.01
"""Part added to the diagonal of the Newton matrix: errors over more than some ten grains are left to later steps."""
CONJUGATE = 60
"""Most iterations for one Newton step."""
ACCURACY = 0.03
"""Part of the residual of a Newton step that is left."""
SMALLEST = 0.2
"""Part of its wanted size that a step must leave to each cell, else it is shortened."""
SHORTER = 0.5
"""Factor by which it is."""
TRIALS = 4
"""How often."""


@dataclass(frozen=True)
class Division:
    """Cells as the balance sees them.

    Attributes
    ----------
    measure : ndarray (n,)
        Areas [nm2] or volumes [nm3].
    centroid : ndarray (n, dim)
        Relative to the seeds.
    pairs : ndarray (m, 2) of int
        Grains that are neighbours.
    response : ndarray (m,)
        Change of the measure of the first of each pair over that of its weight, from this boundary.
    """

    measure: np.ndarray
    centroid: np.ndarray
    pairs: np.ndarray
    response: np.ndarray


def film(radii: np.ndarray, part: np.ndarray, measure: float, ball: Callable) -> float:
    """Half-width of a film with which grains of the given radii fill a measure.

    Parameters
    ----------
    radii, part : ndarray (n,)
        Of the grains [nm], and the part of each that counts.
    measure : float
        Area [nm2] or volume [nm3] to be filled.
    ball : callable
        Area or volume of balls of given radii.
    """
    low, high = 0.0, radii.max()
    while (part * ball(radii + high)).sum() < measure:
        high *= 2.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        if (part * ball(radii + middle)).sum() < measure:
            low = middle
        else:
            high = middle
    return high


def balance(divide: Callable[[np.ndarray, np.ndarray], Division], x: np.ndarray, side: np.ndarray, sizes: np.ndarray,
            part: np.ndarray, space: CellSpace, radii: np.ndarray) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Move seeds and set weights.

    Parameters
    ----------
    divide : callable
        The division for seeds and weights.
    x : ndarray (n, dim)
        First seeds.
    side : ndarray (n,) of int
        Mirror that a grain stays on, -1 for none.
    sizes : ndarray (n,)
        Wanted measures of the cells, up to a common factor.
    part : ndarray (n,)
        Part of each cell that counts.
    space : CellSpace
    radii : ndarray (n,)
        Radii of balls of the wanted measures; their squares are the first weights for every set of seeds.

    Returns
    -------
    x : ndarray (n, dim)
    weight : ndarray (n,)
        [nm2]
    """
    for _ in range(MOVES[space.dim]):
        weight = radii**2
        weight, cells, _ = _step(divide, x, weight, divide(x, weight), sizes, part)
        move = cells.centroid
        for s, normal in enumerate(space.frame.mirrors):
            on = side == s
            move[on] -= (move[on] @ normal)[:, None] * normal
        x = space.wrapped(x + move)
    weight = radii**2
    cells = divide(x, weight)
    for _ in range(SETTLE):
        trial, new, small = _step(divide, x, weight, cells, sizes, part)
        if small:
            break
        weight, cells = trial, new
        if np.abs(_lack(cells, sizes, part) / cells.measure).max() < EXACT:
            break
    return x, weight


def _lack(cells: Division, sizes: np.ndarray, part: np.ndarray) -> np.ndarray:
    return sizes * ((part * cells.measure).sum() / (part * sizes).sum()) - cells.measure


def _step(divide, x, weight, cells: Division, sizes, part) -> tuple[np.ndarray, Division, bool]:
    """One Newton step of the weights, the cells after it, and whether some of them are still too small."""
    lack = _lack(cells, sizes, part)
    wanted = cells.measure + lack
    change = _newton(lack, cells.pairs, cells.response)
    length = 1.0
    for _ in range(TRIALS):
        new = divide(x, weight + length * change)
        small = bool((new.measure < SMALLEST * wanted).any())
        if not small:
            break
        length *= SHORTER
    return weight + length * change, new, small


def _newton(lack: np.ndarray, pairs: np.ndarray, response: np.ndarray) -> np.ndarray:
    """Change of the weights that adds `lack` to the measures, by conjugate gradients with a diagonal preconditioner."""
    n = len(lack)
    # a grain on a side sees images that do not see it: the symmetric part is kept
    matrix = csr_array((response, (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    matrix = 0.5 * (matrix + matrix.T)
    diagonal = (1.0 + SCREENING) * matrix.sum(axis=1)
    diagonal = np.where(diagonal > 0.0, diagonal, 1.0)
    x, r = np.zeros(n), lack.copy()
    p = z = r / diagonal
    rz = r @ z
    stop = ACCURACY**2 * rz
    for _ in range(CONJUGATE):
        if rz <= stop:
            break
        q = diagonal * p - matrix @ p
        step = rz / (p @ q)
        x += step * p
        r -= step * q
        z = r / diagonal
        last, rz = rz, r @ z
        p = z + (rz / last) * p
    return x
