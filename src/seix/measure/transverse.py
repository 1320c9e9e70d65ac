"""Elastic constants of a layer that is isotropic across its normal."""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np

from ..physics.elasticity import lame
from .moduli import averaged_in_plane


@dataclass(frozen=True)
class Transverse:
    """Five constants; 3 is the normal, 1 and 2 lie in the layer. Any unit of stress.

    Attributes
    ----------
    c11, c12, c13, c33, c44 : float
    """

    c11: float
    c12: float
    c13: float
    c33: float
    c44: float

    @classmethod
    def isotropic(cls, youngs_modulus: float, poisson_ratio: float) -> Transverse:
        """From Young's modulus and Poisson's ratio."""
        lam, mu = lame(youngs_modulus, poisson_ratio)
        return cls(lam + 2 * mu, lam, lam, lam + 2 * mu, mu)

    @classmethod
    def averaged(cls, stiffness: np.ndarray) -> Transverse:
        """Mean of a stiffness over all directions in the layer (equation T2).

        Parameters
        ----------
        stiffness : ndarray (6, 6)
            In the order 11, 22, 33, 23, 13, 12 with engineering shear strains.
        """
        c = averaged_in_plane(np.asarray(stiffness))
        return cls(*(float(c[pair]) for pair in ((0, 0), (0, 1), (0, 2), (2, 2), (3, 3))))

    def as_tuple(self) -> tuple[float, ...]:
        """c11, c12, c13, c33, c44."""
        return astuple(self)
