"""Potentials of the virtual GITT: open circuit, charge transfer, and the step of the current."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.optimize import brentq

if TYPE_CHECKING:
    from ..input.measure.gitt import Gitt
    from ..parameters import InterfaceLaw, Parameters

SILICON = {
    1: (-96.63, 372.6, -587.6, 489.9, -232.8, 62.99, -9.286, 0.8633),
    -1: (-51.02, 161.3, -205.7, 140.2, -58.76, 16.87, -3.792, 0.9937),
}
"""Coefficients of the polynomials in the state of lithiation, highest power first, V against lithium: while lithium goes in (1)
and out (-1). Verbrugge, Baker and Xiao, J. Electrochem. Soc. 163 (2016) A262, as they stand in PyBaMM's parameter set
Chen2020_composite (origin R, confidence M: the paper itself was not read)."""
SILICON_SOURCE = (
    "silicon, polynomials for lithiation and delithiation of Verbrugge, Baker and Xiao, J. Electrochem. Soc. 163 (2016) A262, as "
    "in PyBaMM's Chen2020_composite (read there, confidence M)"
)


@dataclass(frozen=True)
class OpenCircuit:
    """Open-circuit potential of the core.

    Attributes
    ----------
    at : callable
        State of lithiation (array) and direction (1 while lithium goes in, -1 out) -> potential, V.
    source : str
        Where it comes from.
    """

    at: Callable[[np.ndarray, int], np.ndarray]
    source: str


def open_circuit(section: Gitt, parameters: Parameters) -> OpenCircuit:
    """The potential that the section asks for."""
    if section.open_circuit_table is not None:
        points = section.open_circuit_table
        curve = PchipInterpolator([p.state for p in points], [p.potential for p in points])  # monotone between the points
        return OpenCircuit(lambda state, _: curve(state), "points of the scenario, monotone cubic in between")
    if section.open_circuit == "linear":
        law, maximum = parameters.interface, parameters.maximum_concentration
        mean = parameters.mean_concentration / maximum

        def line(state, _):
            return law.equilibrium_potential + law.equilibrium_slope * maximum * (np.asarray(state) - mean)

        return OpenCircuit(line, "equilibrium potential and slope of the scenario")
    return OpenCircuit(lambda state, way: np.polyval(SILICON[way], state), SILICON_SOURCE)


def overpotential(law: InterfaceLaw, current: float, thermal_voltage: float) -> float:
    """Overpotential at which an interface law carries a current density (theory, equations 4 and 5).

    Parameters
    ----------
    law : InterfaceLaw
    current : float
        A/m2, positive in lithiation, where the overpotential is negative.
    thermal_voltage : float
        RT/F, V.

    Returns
    -------
    float
        V; zero with perfect contact.
    """
    if law.law == "perfect_contact" or current == 0.0:
        return 0.0
    if law.law == "film_resistance":
        return -current * law.resistance
    ratio, a = abs(current) / law.exchange_current_density, law.transfer_coefficient
    # for the other sign of the current the two branches of the law change places
    reducing, oxidising = (1.0 - a, a) if current > 0 else (a, 1.0 - a)

    def missing(x: float) -> float:
        return math.exp(reducing * x) - math.exp(-oxidising * x) - ratio

    end = math.log1p(ratio) / reducing  # where the first exponential alone exceeds the current by one
    return -math.copysign(thermal_voltage * brentq(missing, 0.0, end, xtol=1e-14 * end, rtol=1e-14), current)


def weppner_huggins(length: float, pulse: float, relaxed: float, transient: float) -> float:
    """Apparent diffusivity by the formula of the paper (its equation 1; Weppner and Huggins, doi:10.1149/1.2133112).

    Parameters
    ----------
    length : float
        n_M V_M / S: volume of the active material over the area through which lithium enters, m.
    pulse : float
        Duration of the pulse, s.
    relaxed : float
        Change of the relaxed potential by the pulse, dE_s, V.
    transient : float
        Change of the potential during the pulse, dE_t, V.

    Returns
    -------
    float
        m2/s.
    """
    return 4.0 / (math.pi * pulse) * (length * relaxed / transient) ** 2
