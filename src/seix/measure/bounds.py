"""Bounds on effective properties from the volume fractions of the phases: Voigt, Reuss, Hashin and Shtrikman.

Voigt's and Reuss's bounds hold for any arrangement. Those of Hashin and Shtrikman hold for composites without preferred
direction; they are taken layer by layer and the layers put in series, so they presume layers of many grains, each of them
isotropic (of a section in the plane: isotropic across cylinders).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..physics.elasticity import lame
from .moduli import isotropic, layered

HOLE = 1e-12
"""Moduli of a void over the largest of all phases: nothing, but tensors can be inverted."""

Layer = tuple[float, Mapping[str, float]]
"""Share of the volume of all layers, and volume fractions of the phases in it."""


def shifted_mean(values, fractions, shift: float) -> float:
    """Harmonic mean of values to which a shift is added, less the shift."""
    raised = np.asarray(values, dtype=float) + shift
    if (raised == 0.0).any():
        return 0.0
    return float(1 / (np.asarray(fractions) / raised).sum() - shift)


def transport_bounds(layers: Sequence[Layer], values: Mapping[str, float], along: np.ndarray, dim: int) -> dict[str, np.ndarray]:
    """Bounds on a conductivity in the plane of the film and through it.

    Parameters
    ----------
    layers : sequence of Layer
    values : mapping
        Of each phase; voids have none.
    along : ndarray, shape (2,)
        What conduction along interfaces adds at most in the plane and through it: their conductance times the area of their
        projections, over the volume.
    dim : int
        Of the mesh.

    Returns
    -------
    dict
        Name of the bound ("reuss", "voigt", "hs_lower", "hs_upper") -> bound in the plane and through it;
        with conduction along interfaces there is no ``hs_upper``.
    """
    share = np.array([share for share, _ in layers])
    parts = [(np.array([values.get(name, 0.0) for name in mix]), np.array(list(mix.values()))) for _, mix in layers]
    means = np.array([values @ fractions for values, fractions in parts])
    series = np.array([shifted_mean(values, fractions, 0.0) for values, fractions in parts])
    found = {"reuss": np.full(2, shifted_mean(series, share, 0.0)), "voigt": means @ share + along}
    for name, pick in (("hs_lower", min), ("hs_upper", max)):
        each = [shifted_mean(values, fractions, (dim - 1) * pick(values)) for values, fractions in parts]
        found[name] = np.array([np.dot(each, share), shifted_mean(each, share, 0.0)])
    if np.any(along > 0):
        del found["hs_upper"]
    return found


def stiffness_bounds(
    layers: Sequence[Layer], youngs_modulus: Mapping[str, float], poisson_ratio: Mapping[str, float], dim: int
) -> dict[str, np.ndarray]:
    """Bounds on the stiffness tensor, in the sense of the energy of every strain.

    Returns
    -------
    dict
        Name of the bound, as above -> stiffness (6 x 6); of those of Hashin and Shtrikman in the plane only components without
        direction 2 are numbers.
    """
    hole = HOLE * max(youngs_modulus.values())
    lam, mu = ({name: lame(e, poisson_ratio[name])[k] for name, e in youngs_modulus.items()} for k in (0, 1))
    bulk = {name: lam[name] + 2 * mu[name] / 3 for name in lam}
    mixed: dict[str, float] = {}
    for share, mix in layers:
        for name, fraction in mix.items():
            mixed[name] = mixed.get(name, 0.0) + share * fraction
    tensors = [(f, isotropic(bulk.get(name, hole), mu.get(name, hole))) for name, f in mixed.items()]
    found = {
        "reuss": np.linalg.inv(sum(f * np.linalg.inv(c) for f, c in tensors)),
        "voigt": sum(f * c for f, c in tensors),
    }
    plane = {name: lam[name] + mu[name] for name in lam}
    for bound, pick in (("hs_lower", min), ("hs_upper", max)):
        each = []
        for _, mix in layers:
            fractions = list(mix.values())
            g = [mu.get(name, hole) for name in mix]
            k = [(bulk if dim == 3 else plane).get(name, hole) for name in mix]
            each.append(_isotropic_bound(np.array(k), np.array(g), fractions, pick, dim))
        found[bound] = layered(each, [share for share, _ in layers])
        if dim == 2:
            found[bound][[1, 3, 5]] = found[bound][:, [1, 3, 5]] = np.nan
    return found


def _isotropic_bound(bulk: np.ndarray, shear: np.ndarray, fractions, pick, dim: int) -> np.ndarray:
    """Stiffness of one isotropic composite at a bound (Hashin and Shtrikman 1963, for many phases Walpole 1966).

    In the plane `bulk` is the modulus of plane strain (Hashin 1965) and the entries of direction 2 are without meaning.
    """
    k, g = pick(bulk), pick(shear)
    if dim == 3:
        found = shifted_mean(bulk, fractions, 4 * g / 3), shifted_mean(shear, fractions, g * (9 * k + 8 * g) / (6 * (k + 2 * g)))
        return isotropic(*found)
    plane, across = shifted_mean(bulk, fractions, g), shifted_mean(shear, fractions, g * k / (k + 2 * g))
    return isotropic(plane - across / 3, across)  # C11 = K + 4/3 G is k + G and C13 = K - 2/3 G is k - G
