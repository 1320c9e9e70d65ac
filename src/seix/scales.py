"""Reference scales: every field is of order one inside, SI outside."""

from __future__ import annotations

from dataclasses import dataclass

from .units import FARADAY, GAS_CONSTANT

__all__ = ["FARADAY", "GAS_CONSTANT", "LENGTH", "STRESS", "Scales"]

LENGTH = 1e-9
"""Metres per unit of length of the mesh."""
STRESS = 1e9
"""Pascals per unit of stress."""


@dataclass(frozen=True)
class Scales:
    r"""Units in which the equations are solved.

    Parameters
    ----------
    temperature : float
        Kelvin.
    conductivity : float
        S/m; that of the SEI matrix.
    core_conductivity : float
        S/m; electronic, of the core.
    diffusivity : float
        m2/s; of lithium in the core.

    Notes
    -----
    Potential is measured in :math:`V_T=RT/F`, current density in :math:`\kappa V_T/\ell`, concentration in
    :math:`i\ell/(FD)`. The electron potential is written as a constant plus :math:`s\psi` with
    :math:`s=(\kappa/\sigma_s)^{1/2}`, which gives its equation a unit coefficient although it varies by only
    :math:`\kappa/\sigma_s` (1e-9 and less) of the potential in the SEI: no digits are lost.
    """

    temperature: float
    conductivity: float
    core_conductivity: float
    diffusivity: float

    @property
    def voltage(self) -> float:
        """Thermal voltage RT/F, V."""
        return GAS_CONSTANT * self.temperature / FARADAY

    @property
    def current_density(self) -> float:
        """A/m2."""
        return self.conductivity * self.voltage / LENGTH

    @property
    def field(self) -> float:
        """V/m."""
        return self.voltage / LENGTH

    @property
    def concentration(self) -> float:
        """mol/m3."""
        return self.current_density * LENGTH / (FARADAY * self.diffusivity)

    @property
    def electron(self) -> float:
        """Scale s of the deviation of the electron potential, in units of the voltage."""
        return (self.conductivity / self.core_conductivity) ** 0.5
