"""Values of one model in SI units: what the equations need, whatever file or test it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from .properties import BINDER, VOID
from .scales import FARADAY, GAS_CONSTANT, Scales


@dataclass(frozen=True)
class InterfaceLaw:
    """Law of the core|SEI interface.

    Attributes
    ----------
    law
        ``butler_volmer``, ``film_resistance`` or ``perfect_contact``.
    equilibrium_potential : float
        V, at the mean lithium content.
    equilibrium_slope : float
        dU/dc, V m3/mol.
    stress_feedback : bool
        Shift the equilibrium potential by the hydrostatic stress of the core (Larche-Cahn).
    exchange_current_density : float
        A/m2 (Butler-Volmer).
    transfer_coefficient : float
        Anodic (Butler-Volmer).
    resistance : float
        Ohm m2 (film resistance).
    """

    law: Literal["butler_volmer", "film_resistance", "perfect_contact"] = "butler_volmer"
    equilibrium_potential: float = 0.0
    equilibrium_slope: float = 0.0
    stress_feedback: bool = False
    exchange_current_density: float = 1.0
    transfer_coefficient: float = 0.5
    resistance: float = 1.0


@dataclass(frozen=True)
class CoreDomain:
    """Values of a material resolved as domains in the core, SI; its elastic constants are in `Parameters`.

    Attributes
    ----------
    electronic_conductivity, diffusivity, partial_molar_volume, maximum_concentration : float
        S/m, m2/s, m3/mol, mol/m3.
    swelling : float
        Linear strain at the mean lithium content.
    """

    electronic_conductivity: float
    diffusivity: float
    partial_molar_volume: float
    maximum_concentration: float
    swelling: float = 0.0


@dataclass(frozen=True)
class Parameters:
    """All material values and loads, SI.

    Attributes
    ----------
    ionic_conductivity, youngs_modulus, poisson_ratio : mapping
        By region name (core, electrolyte, SEI phases); S/m, Pa, 1.
    matrix_conductivity : float
        S/m; defines the reference field.
    surface_conductance : float
        Thickness times conductivity of the grain boundary, S; zero without.
    core_conductivity, diffusivity, partial_molar_volume, mean_concentration, maximum_concentration : float
        Of the core, or of its matrix if domains are resolved: S/m, m2/s, m3/mol, mol/m3.
    core_swelling, out_of_plane_strain : float
        Linear strains.
    in_plane_strain : float or None
        Mean strain of the patch; None lets it find its own (no mean force).
    reference_current_density : float
        A/m2 on core|SEI at I/I0 = 1.
    core_domains : mapping of str to CoreDomain
        By region name; empty for a uniform core.
    """

    ionic_conductivity: Mapping[str, float]
    youngs_modulus: Mapping[str, float]
    poisson_ratio: Mapping[str, float]
    matrix_conductivity: float
    interface: InterfaceLaw
    temperature: float = 298.15
    surface_conductance: float = 0.0
    core_conductivity: float = 1e2
    diffusivity: float = 1e-15
    partial_molar_volume: float = 9e-6
    mean_concentration: float = 0.0
    maximum_concentration: float = 3e5
    core_swelling: float = 0.0
    out_of_plane_strain: float = 0.0
    in_plane_strain: float | None = None
    reference_current_density: float = 0.2
    core_domains: Mapping[str, CoreDomain] = field(default_factory=dict)

    @property
    def scales(self) -> Scales:
        """Reference scales of these values."""
        return Scales(self.temperature, self.matrix_conductivity, self.core_conductivity, self.diffusivity)

    @property
    def reference_field(self) -> float:
        """E0 = i_ref / kappa_matrix, V/m: the field in a homogeneous film at I0."""
        return self.reference_current_density / self.matrix_conductivity

    def dimensionless_groups(self, sei_thickness: float) -> dict[str, float]:
        """Numbers that rule the solution.

        Parameters
        ----------
        sei_thickness : float
            Metres.

        Returns
        -------
        dict
            ``wagner``: length kappa RT/(F i0) over thickness (Butler-Volmer only); ``dukhin``: length
            delta kappa_gb/kappa_matrix over thickness; ``stress_diffusion``: 2 Omega^2 E c_max/[9 RT (1-nu)] of the core,
            much larger than 1 where linear elasticity cannot describe full lithiation.
        """
        rt = GAS_CONSTANT * self.temperature
        groups = {"dukhin": self.surface_conductance / self.matrix_conductivity / sei_thickness}
        if self.interface.law == "butler_volmer":
            i0 = self.interface.exchange_current_density
            groups["wagner"] = self.matrix_conductivity * rt / FARADAY / i0 / sei_thickness
        modulus, poisson = self.youngs_modulus["core"], self.poisson_ratio["core"]
        groups["stress_diffusion"] = (
            2 * self.partial_molar_volume**2 * modulus * self.maximum_concentration / (9 * rt * (1 - poisson))
        )
        return groups


def parameters_of(scenario, library) -> Parameters:
    """Values of a scenario at its temperature.

    Parameters
    ----------
    scenario : seix.scenario.Scenario
    library : seix.materials.MaterialLibrary

    Returns
    -------
    Parameters
    """
    temperature = scenario.temperature

    def material(name):
        return library.material(name, scenario.materials.override)

    layers = scenario.sei.resolved_layers()
    phases = dict.fromkeys(name for layer in layers for name in (layer.matrix, *layer.phases))
    sei = {name: material(name) for name in phases if name != VOID}
    core = material(scenario.materials.core)
    electrolyte = material(scenario.materials.electrolyte)
    boundary, resolved = scenario.grain_boundary, scenario.core_domains
    domains = {} if resolved is None else {resolved.material: material(resolved.material)}
    binder = {} if getattr(scenario.geometry, "binder", None) is None else {BINDER: material(scenario.materials.binder)}
    solids = {"core": core, **sei, **domains, **binder}
    patch = scenario.geometry.kind == "patch"
    in_plane = scenario.geometry.in_plane_strain if patch else None
    maximum = core.value("maximum_concentration", temperature)
    return Parameters(
        ionic_conductivity={
            "electrolyte": electrolyte.value("conductivity", temperature),
            **{name: m.value("conductivity", temperature) for name, m in (sei | binder).items()},
        },
        youngs_modulus={name: m.value("youngs_modulus", temperature) for name, m in solids.items()},
        poisson_ratio={name: m.value("poisson_ratio", temperature) for name, m in solids.items()},
        matrix_conductivity=material(scenario.sei.matrix).value("conductivity", temperature),
        interface=_law(scenario.interface, core, temperature),
        temperature=temperature,
        surface_conductance=(
            boundary.thickness * material(boundary.material).value("conductivity", temperature) if boundary else 0.0
        ),
        core_conductivity=core.value("electronic_conductivity", temperature),
        diffusivity=core.value("diffusivity", temperature),
        partial_molar_volume=core.value("partial_molar_volume", temperature),
        mean_concentration=scenario.lithium.state * maximum,
        maximum_concentration=maximum,
        core_swelling=scenario.mechanics.core_swelling,
        out_of_plane_strain=scenario.mechanics.out_of_plane_strain,
        in_plane_strain=None if in_plane == "free" else in_plane,
        reference_current_density=scenario.load.reference_current_density,
        core_domains={name: _domain(m, resolved.swelling, temperature) for name, m in domains.items()},
    )


def _domain(material, swelling: float, temperature: float) -> CoreDomain:
    names = ("electronic_conductivity", "diffusivity", "partial_molar_volume", "maximum_concentration")
    return CoreDomain(*(material.value(name, temperature) for name in names), swelling)


def _law(interface, core, temperature) -> InterfaceLaw:
    given = interface.model_dump()
    if interface.law == "butler_volmer" and given["exchange_current_density"] is None:
        given["exchange_current_density"] = core.value("exchange_current_density", temperature)
    return InterfaceLaw(**given)
