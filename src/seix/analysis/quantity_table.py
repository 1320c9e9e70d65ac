"""The table of every name that seix reports."""

from __future__ import annotations

from .activation_names import ACTIVATION_TABLE
from .measured.names import MEASURED_TABLE
from .quantity_info import QuantityInfo

_QUANTILE = "volume-weighted over the quadrature points"
QUANTITY_TABLE: tuple[QuantityInfo, ...] = (
    QuantityInfo(
        "field_enhancement.mean", "1", "mean field in the SEI", "volume mean of |E|/E0 over the SEI", True, kind="integral"
    ),
    QuantityInfo(
        "field_enhancement.p99",
        "1",
        "field that 1 % of the SEI exceeds",
        f"99 % quantile of |E|/E0 over the SEI, {_QUANTILE}",
        True,
        kind="field quantile",
    ),
    QuantityInfo(
        "field_enhancement.p999",
        "1",
        "field that 0.1 % of the SEI exceeds: the headline",
        f"99.9 % quantile of |E|/E0 over the SEI, {_QUANTILE}",
        True,
        kind="field quantile",
    ),
    QuantityInfo(
        "field_enhancement.max",
        "1",
        "largest field met at a quadrature point",
        "raw maximum of |E|/E0 over the quadrature points of the SEI; depends on the mesh, "
        "error_kind is always `not converged`",
        kind="maximum",
    ),
    QuantityInfo(
        "field_enhancement.mean.<phase>",
        "1",
        "mean field in one phase",
        "as above, over this phase of the SEI",
        kind="integral",
    ),
    QuantityInfo(
        "field_enhancement.p99.<phase>",
        "1",
        "P99 field in one phase",
        "as above, over this phase of the SEI",
        kind="field quantile",
    ),
    QuantityInfo(
        "field_enhancement.p999.<phase>",
        "1",
        "P99.9 field in one phase",
        "as above, over this phase of the SEI",
        kind="field quantile",
    ),
    QuantityInfo(
        "field_enhancement.max.<phase>",
        "1",
        "largest field met in one phase",
        "as above, over this phase of the SEI",
        kind="maximum",
    ),
    QuantityInfo(
        "reference_field",
        "V/m",
        "E0, the unit of all field enhancements",
        "i_ref/kappa_matrix at the temperature of the scenario, or with `load.reference_field` naming a "
        "structure the mean |E| over its SEI at I/I0 = 1",
        kind="integral",
    ),
    QuantityInfo(
        "reference_field.mean",
        "V/m",
        "mean field of this structure at I/I0 = 1",
        "volume mean of |E| over the SEI of the structure itself at I/I0 = 1: the other usual normalisation",
        kind="integral",
    ),
    QuantityInfo(
        "sei.area_resistance",
        "ohm m2",
        "resistance of the SEI film",
        "power dissipated in the SEI and its grain boundaries, times the area of core|SEI, over the square "
        "of the current: the potential difference of its two surfaces over the mean current density, where "
        "each is at one potential",
        True,
        kind="integral",
    ),
    QuantityInfo(
        "sei.effective_conductivity",
        "S/m",
        "conductivity of a uniform film with the same resistance",
        "thickness over area resistance; for a round particle of radius R with an SEI of thickness h the thickness is "
        "replaced by R ln((R+h)/R) in two dimensions and R h/(R+h) in three; for several particles by sum R / sum 1/ln((R+h)/R) "
        "and sum R^2 / sum R (R+h)/h, and not given where they touch",
        kind="integral",
    ),
    QuantityInfo(
        "sei.inorganic_fraction",
        "1",
        "achieved share of inorganic grains",
        "area or volume of the grains over that of the SEI with its voids, from the mesh",
        kind="integral",
    ),
    QuantityInfo(
        "sei.void_fraction",
        "1",
        "share of voids",
        "area or volume of the voids over that of the SEI with its voids, from the mesh; only where there are voids",
        kind="integral",
    ),
    QuantityInfo(
        "sei.interface_length",
        "m",
        "length of all interfaces of grains (two dimensions)",
        "sum of the facets between grain and matrix and between grains that touch (per period of a patch, per sector of a "
        "particle)",
        kind="integral",
    ),
    QuantityInfo(
        "sei.interface_area",
        "m2",
        "area of all interfaces of grains (three dimensions)",
        "sum of the facets between grain and matrix and between grains that touch (per period of a patch, per octant or cone "
        "of a particle)",
        kind="integral",
    ),
    QuantityInfo(
        "potential.drop",
        "V",
        "polarisation, positive while lithium goes in",
        "potential of the outer boundary of the electrolyte minus (potential of the current collector minus "
        "equilibrium potential)",
        True,
        kind="integral",
    ),
    QuantityInfo(
        "potential.cell",
        "V",
        "electrode potential against the electrolyte",
        "potential of the current collector minus potential of the outer boundary of the electrolyte",
        kind="integral",
    ),
    QuantityInfo(
        "current.total",
        "A/m",
        "current; in two dimensions per unit depth",
        "integral of the normal current density over core|SEI, positive while lithium goes in",
        solid_unit="A",
        kind="integral",
    ),
    QuantityInfo(
        "current.imbalance",
        "1",
        "check: what enters has to leave",
        "largest relative deviation of the currents through core|SEI and through the outer boundary from "
        "the prescribed one",
        kind="balance",
    ),
    QuantityInfo(
        "current.interface_peak",
        "1",
        "unevenness of the reaction",
        "largest mean current density of a facet of core|SEI over the mean of all",
        kind="interface peak",
    ),
    QuantityInfo(
        "current.particle_spread",
        "1",
        "how unevenly several particles share the current",
        "standard deviation of the mean current densities on core|SEI of the particles, weighted by their surfaces, over the "
        "mean of all",
        kind="integral",
    ),
    QuantityInfo(
        "current.particle_peak",
        "1",
        "current density of the particle that carries most",
        "largest mean current density on core|SEI of a particle over the mean of all",
        kind="integral",
    ),
    QuantityInfo(
        "stress.first_principal.p99.<phase>",
        "Pa",
        "tension that 1 % of the phase exceeds",
        f"99 % quantile of the largest principal stress over the phase, {_QUANTILE}",
        kind="stress quantile",
    ),
    QuantityInfo(
        "stress.first_principal.p999.<phase>",
        "Pa",
        "tension that 0.1 % of the phase exceeds",
        f"99.9 % quantile of the largest principal stress over the phase, {_QUANTILE}",
        True,
        kind="stress quantile",
    ),
    QuantityInfo(
        "stress.von_mises.p99.<phase>",
        "Pa",
        "P99 von Mises stress of the phase",
        f"99 % quantile over the phase, {_QUANTILE}",
        kind="stress quantile",
    ),
    QuantityInfo(
        "stress.von_mises.p999.<phase>",
        "Pa",
        "P99.9 von Mises stress of the phase",
        f"99.9 % quantile over the phase, {_QUANTILE}",
        kind="stress quantile",
    ),
    QuantityInfo(
        "stress.hydrostatic.mean.<phase>",
        "Pa",
        "mean pressure of the phase, tension positive",
        "volume mean of a third of the trace of the stress over the phase",
        kind="integral",
    ),
    QuantityInfo(
        "stress.interface_normal.p999",
        "Pa",
        "tension that pulls SEI and core apart",
        "99.9 % quantile of the facet means of the normal traction on core|SEI (stress of the core), "
        "weighted by length or area",
        True,
        kind="stress quantile",
        phase="core",
    ),
    QuantityInfo(
        "strain_energy.sei",
        "J/m",
        "elastic energy of the SEI; in two dimensions per unit depth",
        "integral of half stress times elastic strain over the SEI",
        solid_unit="J",
        kind="integral",
    ),
    QuantityInfo(
        "lithium.imbalance",
        "1",
        "check: uptake equals what the interface delivers",
        "largest relative deviation of the uptake of the core from the current through core|SEI and from "
        "the prescribed one; each separate piece of core counts by itself",
        kind="balance",
    ),
    QuantityInfo(
        "lithium.concentration.min",
        "mol/m3",
        "smallest concentration in the core",
        "minimum over the nodes of the core; of its matrix where domains are resolved",
    ),
    QuantityInfo(
        "lithium.concentration.max",
        "mol/m3",
        "largest concentration in the core",
        "maximum over the nodes of the core; of its matrix where domains are resolved",
    ),
    QuantityInfo(
        "lithium.concentration.min.<phase>",
        "mol/m3",
        "smallest concentration in domains of the core",
        "minimum over the nodes of the domains of this material; only where domains are resolved",
    ),
    QuantityInfo(
        "lithium.concentration.max.<phase>",
        "mol/m3",
        "largest concentration in domains of the core",
        "maximum over the nodes of the domains of this material; only where domains are resolved",
    ),
    QuantityInfo(
        "strain.in_plane",
        "1",
        "stretch of the patch along the surface",
        "mean in-plane strain, in three dimensions the mean of its two directions: the imposed value, or "
        "with `in_plane_strain: free` the one without net force",
        kind="integral",
    ),
    *ACTIVATION_TABLE,
    *MEASURED_TABLE,
)
