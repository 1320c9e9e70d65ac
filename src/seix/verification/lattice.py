"""Conductivity of arrays of cylinders, exactly: Rayleigh's method with the multipoles of all orders."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

SQUARE, HEXAGONAL = "square", "hexagonal"
AREAS = {SQUARE: 1.0, HEXAGONAL: math.sqrt(3) / 2}
"""Of the cell with one cylinder, for unit distance between neighbours."""


@cache
def lattice_sum(lattice: str, n: int) -> float:
    """Sum of u^-n over all lattice points but the origin, n even; for n = 2 over a needle along the field.

    The Eisenstein series of weight four and six follow from the lattice, all higher ones from these.
    """
    if n == 2:
        return math.pi / AREAS[lattice]
    if n == 4:
        return math.gamma(0.25) ** 8 / (960 * math.pi**2) if lattice == SQUARE else 0.0
    if n == 6:
        return math.gamma(1 / 3) ** 18 / (8960 * math.pi**6) if lattice == HEXAGONAL else 0.0
    half = n // 2
    terms = (
        (2 * m - 1) * (2 * half - 2 * m - 1) * lattice_sum(lattice, 2 * m) * lattice_sum(lattice, n - 2 * m)
        for m in range(2, half - 1)
    )
    return 3 * math.fsum(terms) / ((half - 3) * (2 * half + 1) * (2 * half - 1))


def array_conductivity(lattice: str, fraction: float, ratio: float, surface: float = 0.0, orders: int = 12) -> float:
    """Effective conductivity of an array of cylinders over that of the matrix.

    Rayleigh, Phil. Mag. 34 (1892) 481; Perrins, McKenzie and McPhedran, doi:10.1098/rspa.1979.0160. The potential around a
    cylinder is Re sum (A_l z^l + B_l z^-l) over odd l; A_l comes from the field applied and from all other cylinders.

    Parameters
    ----------
    lattice : {"square", "hexagonal"}
    fraction : float
        Area fraction of the cylinders.
    ratio : float
        Conductivity of the cylinders over that of the matrix.
    surface : float
        Conductance of their surface over radius and conductivity of the matrix: the multipole of order l sees l times as much
        added to the conductivity inside.
    orders : int
        Number of multipoles.
    """
    area = AREAS[lattice]
    radius = math.sqrt(fraction * area / math.pi)
    order = np.arange(1, 2 * orders, 2)
    inside = ratio + order * surface
    # unknowns B_l / a^l keep the numbers of order one
    system = np.zeros((orders, orders))
    for i, n in enumerate(order):
        for k, m in enumerate(order):
            system[i, k] = math.comb(n + m - 1, n) * lattice_sum(lattice, int(n + m)) * radius ** int(n + m)
    # T = (1 + r) / (1 - r) may be infinite: the equations are multiplied by 1 - r
    system = (1 - inside)[:, None] * system + np.diag(1 + inside)
    applied = np.where(order == 1, (1 - inside) * radius, 0.0)
    return 1 - 2 * math.pi * np.linalg.solve(system, applied)[0] * radius / area
