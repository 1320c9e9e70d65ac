r"""Laws for the current through the core|SEI interface.

Sign convention: :math:`i_n` is the current density that flows out of the SEI into the core; lithiation is positive.
The overpotential is :math:`\eta=\phi_s-\phi-U_{eq}`; lithiation needs :math:`\eta<0`.
"""

from __future__ import annotations

import ufl


def equilibrium_potential(at_mean, slope, concentration_change, volume_over_charge, hydrostatic_stress):
    r"""Potential of the electrode at which no current flows (theory, equations 6 and 7).

    .. math:: U_{eq} = U_0 + \frac{dU}{dc}\,c' + \frac{\Omega}{F}\,\sigma_h

    The last term is the Larche-Cahn shift: tension raises the potential, compression lowers it
    (Larche and Cahn, Acta Metall. 21 (1973) 1051; benchmark B14).

    Parameters
    ----------
    at_mean
        :math:`U_0`, the equilibrium potential at the mean lithium content.
    slope
        :math:`dU/dc`.
    concentration_change
        :math:`c'`, deviation of the concentration from its mean, on the core side.
    volume_over_charge
        :math:`\Omega/F`; zero switches the feedback of stress off.
    hydrostatic_stress
        :math:`\sigma_h`, on the core side.
    """
    return at_mean + slope * concentration_change + volume_over_charge * hydrostatic_stress


def butler_volmer(overpotential, exchange_current_density, transfer_coefficient, thermal_voltage):
    r"""Butler-Volmer current density, positive in lithiation (theory, equation 4).

    .. math:: i_n = -i_0\left[e^{\alpha\eta/V_T} - e^{-(1-\alpha)\eta/V_T}\right]

    Parameters
    ----------
    overpotential
        :math:`\eta`.
    exchange_current_density
        :math:`i_0`.
    transfer_coefficient
        :math:`\alpha`, anodic.
    thermal_voltage
        :math:`V_T = RT/F`, in the unit of the overpotential.
    """
    reduced = overpotential / thermal_voltage
    return -exchange_current_density * (ufl.exp(transfer_coefficient * reduced) - ufl.exp(-(1 - transfer_coefficient) * reduced))


def film_resistance(overpotential, resistance):
    r"""Current density through a resistive film or contact, :math:`i_n=-\eta/\rho` (theory, equation 5)."""
    return -overpotential / resistance


def butler_volmer_conductance(overpotential, exchange_current_density, transfer_coefficient, thermal_voltage):
    r"""Differential conductance of Butler-Volmer kinetics, :math:`-di_n/d\eta`; :math:`i_0/V_T` at equilibrium.

    Parameters as for :func:`butler_volmer`.
    """
    reduced, alpha = overpotential / thermal_voltage, transfer_coefficient
    slope = alpha * ufl.exp(alpha * reduced) + (1 - alpha) * ufl.exp(-(1 - alpha) * reduced)
    return exchange_current_density / thermal_voltage * slope
