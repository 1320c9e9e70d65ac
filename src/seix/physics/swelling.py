"""Stress-free strain from lithium."""

from __future__ import annotations


def vegard_strain(partial_molar_volume, concentration_change, given_strain):
    r"""Linear stress-free strain :math:`\varepsilon^*=\Omega c'/3+\varepsilon_0` (theory, equation 10).

    Parameters
    ----------
    partial_molar_volume
        :math:`\Omega` of lithium in the host.
    concentration_change
        :math:`c'`.
    given_strain
        :math:`\varepsilon_0`, the swelling at the mean lithium content.
    """
    return partial_molar_volume * concentration_change / 3 + given_strain
