"""Whether a spectrum obeys the relations of Kramers and Kronig: the linear test with a chain of RC elements."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ELEMENTS = 7
"""RC elements in a decade: fits any chain of RC elements to 1e-6, and cannot fit what is not causal."""
MARGIN = 0.5
"""Decades by which their time constants go beyond those of the frequencies."""
_RANK = 1e-12
"""Singular values that count, relative to the largest one."""


def kramers_kronig_residual(omega: NDArray[np.float64], impedance: NDArray[np.complex128]) -> NDArray[np.float64]:
    r"""Distance of a spectrum from the nearest one that is linear, causal and stable, relative to its magnitude.

    A chain of a resistor and RC elements with given time constants and resistances of either sign obeys the relations by itself.
    It is fitted to real and imaginary part together by least squares (Boukamp, doi:10.1149/1.2044210).

    Parameters
    ----------
    omega : ndarray
        Angular frequencies, rad/s.
    impedance : ndarray

    Returns
    -------
    ndarray
        At each frequency.
    """
    low, high = -np.log10(omega.max()) - MARGIN, -np.log10(omega.min()) + MARGIN
    times = np.logspace(low, high, round((high - low) * ELEMENTS) + 1)
    chain = np.column_stack([np.ones(len(omega)), 1.0 / (1.0 + 1j * np.outer(omega, times))])
    size = np.abs(impedance)
    rows = np.vstack([chain.real, chain.imag]) / np.tile(size, 2)[:, None]
    given = np.concatenate([impedance.real, impedance.imag]) / np.tile(size, 2)
    fitted = rows @ np.linalg.lstsq(rows, given, rcond=_RANK)[0]
    real, imaginary = np.split(given - fitted, 2)
    return np.hypot(real, imaginary)
