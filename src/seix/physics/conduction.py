"""Charge balance: Ohm's law in the bulk and along thin conducting interfaces."""

from __future__ import annotations

import ufl


def ohmic_conduction(conductivity, potential, test):
    r"""Weak form of :math:`-\nabla\cdot(\kappa\nabla\phi)` (theory, equation 1).

    Parameters
    ----------
    conductivity
        :math:`\kappa`, scalar expression.
    potential, test
        Potential and its test function, scalar, on the same domain.

    Returns
    -------
    ufl.core.expr.Expr
        Integrand for a cell measure.
    """
    return conductivity * ufl.inner(ufl.grad(potential), ufl.grad(test))


def surface_conduction(conductance, potential, test, normal):
    r"""Weak form of the conduction along a thin interface, :math:`-\nabla_s\cdot(\Sigma_s\nabla_s\phi)`.

    A layer of thickness :math:`\delta` and conductivity :math:`\kappa_{gb}` enters through its surface conductance
    :math:`\Sigma_s=\delta\kappa_{gb}` (theory, equation 3; error of order :math:`\delta` over the radius of curvature).
    The potential is continuous, so either side gives the same tangential gradient; the ``+`` side is used.

    Parameters
    ----------
    conductance
        :math:`\Sigma_s`, scalar.
    potential, test
        Continuous potential and its test function.
    normal
        Facet normal of the mesh.

    Returns
    -------
    ufl.core.expr.Expr
        Integrand for an interior-facet measure.
    """
    n = normal("+")

    def tangential(f):
        g = ufl.grad(f)("+")
        return g - ufl.dot(g, n) * n

    return conductance * ufl.inner(tangential(potential), tangential(test))
