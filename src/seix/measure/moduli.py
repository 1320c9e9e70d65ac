"""Stiffness tensors in Voigt's notation, 3 through the film: isotropic ones, layers in series, engineering moduli."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

IN_PLANE, ACROSS = [0, 1, 5], [2, 3, 4]
"""Components of strain that perfectly joined layers share, and those of stress."""


def isotropic(bulk: float, shear: float) -> np.ndarray:
    """Stiffness (6 x 6) from bulk and shear modulus."""
    found = np.diag([2 * shear] * 3 + [shear] * 3)
    found[:3, :3] += bulk - 2 * shear / 3
    return found


def layered(tensors: Sequence[np.ndarray], shares: Sequence[float]) -> np.ndarray:
    """Stiffness of layers in series, each with any symmetry (Backus, doi:10.1029/JZ067i011p04427).

    Strains in the plane and tractions across are the same in all layers, the others are averaged.

    Parameters
    ----------
    tensors : sequence of ndarray, shape (6, 6)
    shares : sequence of float
        Thickness of each over that of all.
    """
    a, b = IN_PLANE, ACROSS
    inverse = [np.linalg.inv(c[np.ix_(b, b)]) for c in tensors]
    # traction = (sum f D^-1)^-1 (strain across - sum f D^-1 C_ba strain in plane), and so on for what is averaged
    compliance = sum(f * d for f, d in zip(shares, inverse, strict=True))
    follow = sum(f * d @ c[np.ix_(b, a)] for f, d, c in zip(shares, inverse, tensors, strict=True))
    carry = sum(f * c[np.ix_(a, b)] @ d for f, d, c in zip(shares, inverse, tensors, strict=True))
    rest = sum(
        f * (c[np.ix_(a, a)] - c[np.ix_(a, b)] @ d @ c[np.ix_(b, a)]) for f, d, c in zip(shares, inverse, tensors, strict=True)
    )
    across = np.linalg.inv(compliance)
    found = np.zeros((6, 6))
    found[np.ix_(b, b)], found[np.ix_(b, a)], found[np.ix_(a, b)] = across, across @ follow, carry @ across
    found[np.ix_(a, a)] = rest + carry @ across @ follow
    return found


def averaged_in_plane(stiffness: np.ndarray) -> np.ndarray:
    """Mean of a stiffness over all rotations about the direction through the film: transversely isotropic."""
    c = stiffness
    found = np.zeros((6, 6))
    found[0, 0] = found[1, 1] = 3 / 8 * (c[0, 0] + c[1, 1]) + c[0, 1] / 4 + c[5, 5] / 2
    found[0, 1] = found[1, 0] = (c[0, 0] + c[1, 1]) / 8 + 3 / 4 * c[0, 1] - c[5, 5] / 2
    found[5, 5] = (found[0, 0] - found[0, 1]) / 2
    found[0, 2] = found[2, 0] = found[1, 2] = found[2, 1] = (c[0, 2] + c[1, 2]) / 2
    found[2, 2] = c[2, 2]
    found[3, 3] = found[4, 4] = (c[3, 3] + c[4, 4]) / 2
    return found


def hill(stiffness: np.ndarray) -> tuple[float, float]:
    """Bulk and shear modulus of many pieces in all orientations: mean of Voigt's and Reuss's (Hill 1952)."""
    c, s = stiffness, np.linalg.inv(stiffness)
    along, beside, shear = (m[[0, 1, 2], [0, 1, 2]].sum() for m in (c, c[[1, 2, 0]][:, [0, 1, 2]], c[3:, 3:]))
    voigt = (along + 2 * beside) / 9, (along - beside + 3 * shear) / 15
    along, beside, shear = (m[[0, 1, 2], [0, 1, 2]].sum() for m in (s, s[[1, 2, 0]][:, [0, 1, 2]], s[3:, 3:]))
    reuss = 1 / (along + 2 * beside), 15 / (4 * (along - beside) + 3 * shear)
    return (voigt[0] + reuss[0]) / 2, (voigt[1] + reuss[1]) / 2


def engineering(stiffness: np.ndarray) -> dict[str, float]:
    """Moduli of a film; all of them grow with the stiffness, so bounds on the tensor bound them.

    Parameters
    ----------
    stiffness : ndarray, shape (6, 6)
        In three dimensions averaged in the plane; of a section in the plane direction 1 is the one that is resolved.

    Returns
    -------
    dict
        ``youngs_modulus.through`` and ``youngs_modulus.in_plane``: of a bar cut from the film, free at its sides;
        ``uniaxial_strain_modulus.through``: C33, stress over strain without strain in the plane;
        ``plane_strain_modulus.in_plane``: stress over strain in direction 1 without strain in 2 and stress in 3;
        ``biaxial_modulus.in_plane``: stress over strain with the same strain in 1 and 2, without stress in 3.
    """
    c, s = stiffness, np.linalg.inv(stiffness)
    free = c[:2, :2] - np.outer(c[:2, 2], c[2, :2]) / c[2, 2]
    return {
        "youngs_modulus.through": float(1 / s[2, 2]),
        "youngs_modulus.in_plane": float(1 / s[0, 0]),
        "uniaxial_strain_modulus.through": float(c[2, 2]),
        "plane_strain_modulus.in_plane": float(free[0, 0]),
        "biaxial_modulus.in_plane": float(free.sum() / 2),
    }


def indentation_modulus(stiffness: np.ndarray) -> float:
    """Plane-strain modulus E/(1-nu^2) that a frictionless indenter meets on a half-space of a transversely isotropic film.

    Hanson, J. Appl. Mech. 59 (1992) S123; Delafargue and Ulm, Int. J. Solids Struct. 41 (2004) 7351.

    Parameters
    ----------
    stiffness : ndarray, shape (6, 6)
        Transversely isotropic about 3.
    """
    c11, c13, c33, c44 = stiffness[0, 0], stiffness[0, 2], stiffness[2, 2], stiffness[3, 3]
    return float(2 * np.sqrt((c11 * c33 - c13**2) / c11 / (1 / c44 + 2 / (np.sqrt(c11 * c33) + c13))))
