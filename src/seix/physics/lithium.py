"""Lithium in the core: at galvanostatic pseudo-steady state, and in time along the radius of a particle."""

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


def radial_storage(concentration, test, radius, power):
    r"""Weak form of the rate of change :math:`r^d\,\partial c/\partial t` in a slab, cylinder or sphere (theory, equation G1).

    Parameters
    ----------
    concentration
        The rate of change, or a trial function for the matrix.
    test
        Test function.
    radius
        :math:`r`.
    power
        :math:`d`: 0 in a slab, 1 in a cylinder, 2 in a sphere.
    """
    return radius**power * concentration * test


def radial_diffusion(potential, test, radius, power):
    r"""Weak form of :math:`-\partial_r(r^d\,\partial_r w)` (theory, equation G1); parameters as for :func:`radial_storage`.

    The potential :math:`w` of the flux is :math:`D c`, or :math:`D(c + \theta c^2/2)` under stress (equation G2).
    """
    return radius**power * potential.dx(0) * test.dx(0)


def stress_factor(partial_molar_volume, modulus, poisson_ratio, thermal_energy):
    r"""Factor :math:`\theta` of the diffusivity :math:`D(1+\theta c)` of a free elastic particle (theory, equation G2; B15).

    .. math:: \theta = \frac{2\Omega^2 E}{9 RT(1-\nu)}

    The hydrostatic stress of a free slab, long cylinder or sphere is
    :math:`\sigma_h = \theta (RT/\Omega) (\bar c - c)` (Timoshenko and Goodier, thermal stress, with :math:`\Omega c/3` for the
    thermal strain), so the flux :math:`-D(\nabla c - \Omega c\nabla\sigma_h/RT)` is :math:`-D(1+\theta c)\nabla c` in all three.

    Parameters
    ----------
    partial_molar_volume, modulus, poisson_ratio
        :math:`\Omega`, :math:`E` and :math:`\nu` of the particle.
    thermal_energy
        :math:`RT`.
    """
    return 2 * partial_molar_volume**2 * modulus / (9 * thermal_energy * (1 - poisson_ratio))
