"""Values of one model in SI units: what the equations need, whatever file or test it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

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
        Of the core: S/m, m2/s, m3/mol, mol/m3.
    core_swelling, out_of_plane_strain : float
        Linear strains.
    in_plane_strain : float or None
        Mean strain of the patch; None lets it find its own (no mean force).
    reference_current_density : float
        A/m2 on core|SEI at I/I0 = 1.
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
