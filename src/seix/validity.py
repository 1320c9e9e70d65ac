"""Where a solution leaves what the model is valid for."""

from __future__ import annotations

from .analysis.quantity import Quantity
from .parameters import Parameters

LARGEST_STRAIN = 0.1
"""Small-strain elasticity is not valid beyond (design limit of the code)."""
LARGEST_DROP = 1.0
"""V; a cell cannot supply a larger polarisation."""

Cases = dict[float, dict[str, Quantity]]
"""Current multiple -> quantities of a solution."""


def validity_warnings(parameters: Parameters, cases: Cases, largest_strain: float) -> list[str]:
    """Sentences on the limits of the model that a solution leaves.

    Parameters
    ----------
    parameters : Parameters
        Of the structure.
    cases : dict
        Current multiple -> quantities.
    largest_strain : float
        P99.9 of the strain in the SEI over all currents.

    Returns
    -------
    list of str
        Empty where all are kept.
    """
    found = []
    if largest_strain > LARGEST_STRAIN:
        found.append(
            f"strain in the SEI reaches {100 * largest_strain:.0f} % (P99.9), beyond the {100 * LARGEST_STRAIN:.0f} % to which "
            "small-strain elasticity is valid: read stresses as trends"
        )
    low = min(q["lithium.concentration.min"].value for q in cases.values())
    high = max(q["lithium.concentration.max"].value for q in cases.values())
    if low < 0 or high > parameters.maximum_concentration:
        found.append(
            f"lithium concentration in the core ranges from {low:.3g} to {high:.3g} mol/m3, outside 0 to "
            f"{parameters.maximum_concentration:.3g}: the current is too large for the diffusivity and size of the core"
        )
    found += _domain_warnings(parameters, cases)
    deviation = max(high - parameters.mean_concentration, parameters.mean_concentration - low)
    group = parameters.dimensionless_groups(1.0)["stress_diffusion"] * deviation / parameters.maximum_concentration
    if group > 1:
        found.append(
            f"2 Omega^2 E c'/[9 RT (1-nu)] = {group:.2g} > 1: elastic stress would change the diffusion of lithium as much as "
            "the gradient does, which this model leaves out"
        )
    for multiple, quantities in cases.items():
        drop = abs(quantities["potential.drop"].value)
        if drop > LARGEST_DROP:
            found.append(
                f"at I/I0 = {multiple:g} the polarisation is {drop:.2g} V, more than a cell can supply: this current and the "
                "conductivities used do not go together in reality"
            )
            break
    return found


def _domain_warnings(parameters: Parameters, cases: Cases) -> list[str]:
    """Domains of the core that would be emptier than empty or fuller than full."""
    found = []
    for name, domain in parameters.core_domains.items():
        low = min(q[f"lithium.concentration.min.{name}"].value for q in cases.values())
        high = max(q[f"lithium.concentration.max.{name}"].value for q in cases.values())
        if low < 0 or high > domain.maximum_concentration:
            found.append(
                f"lithium concentration in {name} ranges from {low:.3g} to {high:.3g} mol/m3, outside 0 to "
                f"{domain.maximum_concentration:.3g}: the current is too large for the diffusivity and size of the core"
            )
    return found
