"""Lithium in the core at galvanostatic pseudo-steady state."""

from __future__ import annotations

import ufl


def pseudo_steady_diffusion(concentration_change, uptake, test):
    r"""Weak form of :math:`\nabla^2 c' = r`, with all quantities scaled by the diffusivity (theory, equation 8).

    At constant current every point of the core fills at the same rate :math:`r`, so the profile :math:`c'` about
    the mean is steady. The flux through the surface is added by the interface term.

    Parameters
    ----------
    concentration_change
        Deviation :math:`c'` of the concentration from its mean.
    uptake
        Mean rate of uptake :math:`r` divided by the diffusivity, one number for the core.
    test
        Test function.

    Returns
    -------
    ufl.core.expr.Expr
        Integrand for the cells of the core.
    """
    return ufl.inner(ufl.grad(concentration_change), ufl.grad(test)) + uptake * test


def zero_mean(concentration_change, test):
    """Condition that the deviation has no mean; ``test`` is the test function of the uptake rate."""
    return concentration_change * test
