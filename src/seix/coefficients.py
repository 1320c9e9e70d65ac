"""Values of the constants in the equations from those in SI units, and which of them decide the form of the equations."""

from __future__ import annotations

import math
from collections.abc import Mapping

from .parameters import Parameters
from .physics import elasticity
from .scales import LENGTH, STRESS


def form_of(parameters: Parameters) -> tuple:
    """What decides the terms and constraints of the equations: models that agree in it differ in run-time values only.

    Constraints hold their right-hand sides, so an imposed strain belongs here too.
    """
    law, ties = parameters.interface, None
    if law.law == "perfect_contact":
        ties = parameters.scales.electron
    return (
        law.law, law.stress_feedback, ties, parameters.surface_conductance > 0, tuple(parameters.core_domains),
        parameters.in_plane_strain,
    )  # fmt: skip


def scaled(parameters: Parameters, names: list[str]) -> dict[str, float | list[float]]:
    """Scaled values of all constants that do not depend on the mesh.

    Parameters
    ----------
    parameters : Parameters
    names : list of str
        Of the regions of the mesh.

    Returns
    -------
    dict
        Name of the attribute of :class:`~seix.model.Model` -> number, or one for each region (NaN where it has no meaning).
    """
    p, s, law = parameters, parameters.scales, parameters.interface
    nothing = (math.nan, math.nan)
    moduli = [
        elasticity.lame(p.youngs_modulus[n] / STRESS, p.poisson_ratio[n]) if n in p.youngs_modulus else nothing for n in names
    ]
    lam, mu = ([pair[k] for pair in moduli] for k in (0, 1))
    return {
        "kappa": [p.ionic_conductivity.get(name, math.nan) / s.conductivity for name in names],
        "lam": lam,
        "mu": mu,
        "mean_content": p.mean_concentration / s.concentration,
        "surface_conductance": p.surface_conductance / (s.conductivity * LENGTH),
        "electron_scale": s.electron,
        "out_of_plane_strain": p.out_of_plane_strain,
        "exchange_current": law.exchange_current_density / s.current_density,
        "transfer_coefficient": law.transfer_coefficient,
        "film_resistance": law.resistance * s.current_density / s.voltage,
        "slope": law.equilibrium_slope * s.concentration / s.voltage,
    } | _core(parameters, names, dict(zip(names, moduli, strict=True)))


def _core(p: Parameters, names: list[str], moduli: Mapping[str, tuple[float, float]]) -> dict[str, float | list[float]]:
    """Values of the core: one, or one for each region if domains are resolved."""
    unit = p.scales.concentration
    matrix = {
        "relative_conductivity": 1.0,
        "capacity": 1.0,
        "mobility": 1.0,
        "molar_volume": p.partial_molar_volume * unit,
        "core_swelling": p.core_swelling,
        "lam_core": moduli["core"][0],
        "mu_core": moduli["core"][1],
    }
    if not p.core_domains:
        return matrix
    regions = {"core": matrix}
    for name, part in p.core_domains.items():
        regions[name] = {
            "relative_conductivity": part.electronic_conductivity / p.core_conductivity,
            "capacity": part.maximum_concentration / p.maximum_concentration,
            "mobility": part.diffusivity / p.diffusivity,
            "molar_volume": part.partial_molar_volume * unit,
            "core_swelling": part.swelling,
            "lam_core": moduli[name][0],
            "mu_core": moduli[name][1],
        }
    return {key: [regions[n][key] if n in regions else math.nan for n in names] for key in matrix}
