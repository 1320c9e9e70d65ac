"""Lithium in the core at galvanostatic pseudo-steady state."""

from __future__ import annotations

import ufl


def pseudo_steady_diffusion(concentration_change, uptake, test, capacity=1.0, mobility=1.0):
    r"""Weak form of :math:`\nabla\cdot(s d \nabla c') = s r`, scaled by the diffusivity (theory, equations 8 and 12).

    At constant current every point of the core fills at the same rate, so the profile :math:`c'` about
    the mean is steady. The flux through the surface is added by the interface term. In a uniform core :math:`s = d = 1`.

    Parameters
    ----------
    concentration_change
        Deviation :math:`c'` of the concentration from its mean; in domains of the core :math:`s c'` is the deviation there.
    uptake
        Mean rate of uptake :math:`r` divided by the diffusivity, one number for the core.
    test
        Test function.
    capacity, mobility
        Largest concentration :math:`s` and diffusivity :math:`d` of each region over those of the matrix of the core.

    Returns
    -------
    ufl.core.expr.Expr
        Integrand for the cells of the core.
    """
    return capacity * mobility * ufl.inner(ufl.grad(concentration_change), ufl.grad(test)) + capacity * uptake * test


def zero_mean(concentration_change, test, capacity=1.0):
    """Condition that the deviation has no mean; ``test`` is the test function of the uptake rate."""
    return capacity * concentration_change * test
