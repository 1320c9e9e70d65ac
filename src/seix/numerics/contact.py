"""Frictionless contact of an elastic surface with a rigid body, on the compliance of the surface nodes that may touch.

The pressure is a sum of hat functions with values that are not negative, and the gap is closed in the mean over each
hat. The nodal pressures p minimise p C p / 2 - p b with the compliance C and what b the body would penetrate, so that

    p >= 0,   C p - b >= 0,   p (C p - b) = 0:

no tension, no penetration, and one of the two is zero at every node. The minimum of a convex function under bounds is
unique, and an active set finds it in finitely many steps (Lawson and Hanson, doi:10.1137/1.9781611971217).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve, cholesky, solve_triangular
from scipy.optimize import nnls

from ..errors import ConvergenceError

ROUNDING = 1e-8
"""Largest penetration or product of pressure and gap that is left, relative to what the body would penetrate without contact."""


@dataclass(frozen=True)
class Contact:
    """Equilibrium at one depth.

    Attributes
    ----------
    pressure : ndarray (n,)
        Nodal pressures, not negative.
    force : float
        Their integral.
    stiffness : float
        Change of the force with the depth while the nodes in contact stay the same.
    area : float
        Of the surface that the nodes in contact stand for.
    touching : ndarray (n,) of bool
    """

    pressure: np.ndarray
    force: float
    stiffness: float
    area: float
    touching: np.ndarray


def solve_contact(compliance: np.ndarray, weights: np.ndarray, gap: np.ndarray, depth: float) -> Contact:
    """Press a rigid body into a surface to a given depth.

    Parameters
    ----------
    compliance : ndarray (n, n)
        Integral of hat i times the displacement into the body under the pressure of hat j; symmetric, positive definite.
    weights : ndarray (n,)
        Integrals of the hats.
    gap : ndarray (n,)
        Integrals of the hats times the distance of surface and body that touch at one point.
    depth : float
        Of the body below that position.

    Raises
    ------
    ConvergenceError
        If no set of nodes in contact satisfies the conditions.
    """
    overlap = depth * weights - gap
    try:
        factor = cholesky(compliance, lower=True)
        pressure, _ = nnls(factor.T, solve_triangular(factor, overlap, lower=True))
    except (np.linalg.LinAlgError, RuntimeError) as error:
        raise ConvergenceError(f"the contact of the tip was not found: {error}") from None
    touching = pressure > 0.0
    pressure = np.zeros(len(weights))
    stiffness = 0.0
    if touching.any():
        part = cho_factor(compliance[np.ix_(touching, touching)])
        pressure[touching] = cho_solve(part, overlap[touching])
        stiffness = float(weights[touching] @ cho_solve(part, weights[touching]))
    _check(pressure, compliance @ pressure - overlap, overlap)
    force, area = float(weights @ pressure), float(weights[touching].sum())
    return Contact(pressure, force, stiffness, area, touching)


def _check(pressure: np.ndarray, gap: np.ndarray, overlap: np.ndarray) -> None:
    """Refuse tension, penetration, and pressure where there is a gap.

    Raises
    ------
    ConvergenceError
    """
    deepest = max(float(overlap.max(initial=0.0)), np.finfo(float).tiny)
    work = max(float(pressure @ np.maximum(overlap, 0.0)), np.finfo(float).tiny)
    tension = -float(pressure.min(initial=0.0)) / max(float(pressure.max(initial=0.0)), np.finfo(float).tiny)
    penetration, product = -float(gap.min(initial=0.0)) / deepest, float(np.abs(pressure @ gap)) / work
    if not max(tension, penetration, product) <= ROUNDING:
        raise ConvergenceError(
            f"the contact of the tip is not in equilibrium: tension {tension:.1e} of the largest pressure, penetration "
            f"{penetration:.1e} of the depth, pressure times gap {product:.1e}"
        )
