"""The coupled model on one mesh: charge, lithium and momentum balances with their interface laws."""

from __future__ import annotations

import math

from .coefficients import form_of, scaled
from .fem import MPI

# isort: split
import basix.ufl
import numpy as np
import ufl
from dolfinx import fem

from .boundary_conditions import apply_boundary_conditions
from .fields import FIELDS
from .numerics.compile import compile_form
from .numerics.constraints import Block, Constraints
from .numerics.domains import COLLECTOR, CORE_SEI, ELECTROLYTE, GRAIN_MATRIX, Domains
from .numerics.system import CoupledSystem
from .parameters import Parameters
from .physics import conduction, elasticity, kinetics, lithium, swelling
from .scales import FARADAY, STRESS


class Model:
    """Weak form of the stationary problem in two or three dimensions; current and constants can change, the mesh cannot.

    Parameters
    ----------
    domains : Domains
    parameters : Parameters
    mesh_key : str
        Hash of the mesh; empty if there is none.

    Attributes
    ----------
    phi, psi, v, c, r, u
        Unknown functions in scaled units: ionic potential; deviation of the electron potential (in units of ``s``);
        electron potential at the reference node less the equilibrium potential; deviation of the lithium
        concentration; its rate of uptake, one for each piece of core; displacement in nanometres.
    current : fem.Constant
        Mean current density on core|SEI, scaled; positive in lithiation.
    interface_size, core_volume, core_capacity, collector_size : float
        Length or area of core|SEI, area or volume of the core, the same weighted by the capacity of each
        region, length or area of the flat bottom of a patch, in nanometres.
    """

    def __init__(self, domains: Domains, parameters: Parameters, mesh_key: str = ""):
        self.domains, self.parameters, self.mesh_key = domains, parameters, mesh_key
        self.outer_rows = self.contact_rows = np.zeros(0, dtype=int)
        self.scales = parameters.scales
        self._spaces()
        self._coefficients()
        residuals = self._residuals()
        self.system = CoupledSystem(residuals, self.fields, self._constraints(), domains.entity_maps)

    # -- unknowns and coefficients ---------------------------------------------------------------------------------

    def _spaces(self) -> None:
        core, ionic, solid = (s.mesh for s in (self.domains.core, self.domains.ionic, self.domains.solid))
        real = basix.ufl.real_element(core.ufl_cell().cellname, ())
        pieces = self.domains.core_pieces
        uptake = real if pieces == 1 else basix.ufl.real_element(core.ufl_cell().cellname, (pieces,))
        spaces = [
            fem.functionspace(ionic, ("Lagrange", 2)),
            fem.functionspace(core, ("Lagrange", 2)),
            fem.functionspace(core, real),
            fem.functionspace(core, ("Lagrange", 2)),
            fem.functionspace(core, uptake),
            fem.functionspace(solid, ("Lagrange", 2, (self.domains.dim,))),
        ]
        self.fields = [fem.Function(space, name=name) for space, name in zip(spaces, FIELDS, strict=True)]
        self.phi, self.psi, self.v, self.c, self.r, self.u = self.fields
        self.tests = [ufl.TestFunction(space) for space in spaces]
        indicator = None if pieces == 1 else self.domains.piece_indicator()
        self._in_piece = lambda rate: rate if indicator is None else ufl.dot(rate, indicator)

    def _coefficients(self) -> None:
        """Scaled constants. All are run-time values, so that one compiled form serves every scenario."""
        d = self.domains
        self._values: dict[str, tuple] = {}

        def constant(name):
            value = fem.Constant(d.mesh, 0.0)
            self._values[name] = (value, None)
            return value

        def by_region(name, submesh):
            value = d.cell_constant(submesh, [math.nan] * len(d.region_names))
            self._values[name] = (value, submesh)
            return value

        def of_core(name):
            return by_region(name, d.core) if self.parameters.core_domains else constant(name)

        self.kappa = by_region("kappa", d.ionic)
        self.lam, self.mu = (by_region(name, d.solid) for name in ("lam", "mu"))
        self.lam_core, self.mu_core = of_core("lam_core"), of_core("mu_core")
        self.relative_conductivity = of_core("relative_conductivity")
        self.capacity, self.mobility = of_core("capacity"), of_core("mobility")
        self.molar_volume, self.core_swelling = of_core("molar_volume"), of_core("core_swelling")
        self.mean_content = constant("mean_content")
        self.surface_conductance = constant("surface_conductance")
        self.electron_scale = constant("electron_scale")
        self.out_of_plane_strain = constant("out_of_plane_strain")
        self.exchange_current, self.transfer_coefficient = constant("exchange_current"), constant("transfer_coefficient")
        self.film_resistance, self.slope = constant("film_resistance"), constant("slope")
        self.collector_share, self.volume_share = constant("collector_share"), constant("volume_share")
        self.current, self.stress_shift = fem.Constant(d.mesh, 0.0), fem.Constant(d.mesh, 0.0)
        self.interface_size = self.integrate(1.0, d.dS(CORE_SEI))
        self.core_volume = self.integrate(1.0, d.dx_core)
        self.collector_size = self.integrate(1.0, d.ds(COLLECTOR))
        self._set_values()

    def _set_values(self) -> None:
        """Bring all constants to the parameters."""
        given = scaled(self.parameters, self.domains.region_names)
        # how the electrons leave the core: through the flat collector, or evenly out of a particle
        kind = self.domains.shape["kind"]
        given["collector_share"] = self.interface_size / self.collector_size if kind == "patch" else 0.0
        given["volume_share"] = self.interface_size / self.core_volume if kind == "particle" else 0.0
        for name, (value, submesh) in self._values.items():
            if submesh is None:
                value.value = given[name]
            else:
                self.domains.set_cell_constant(value, submesh, given[name])
        self.current.value = 0.0
        self.set_feedback(1.0)
        resolved = bool(self.parameters.core_domains)
        self.core_capacity = self.integrate_form(self.capacity * self.domains.dx_core) if resolved else self.core_volume

    def update(self, parameters: Parameters) -> None:
        """Take other values on the same mesh and return to the state before any solution.

        Parameters
        ----------
        parameters : Parameters
            With the same :func:`form_of` as those the model was made with.

        Raises
        ------
        ValueError
            If their equations or constraints are others.
        """
        if form_of(parameters) != form_of(self.parameters):
            raise ValueError("these parameters belong to another system of equations")
        self.parameters, self.scales = parameters, parameters.scales
        self._set_values()
        for function in self.fields:
            function.x.array[:] = 0.0

    def set_current(self, multiple: float) -> None:
        """Set I/I0."""
        self.current.value = multiple * self.parameters.reference_current_density / self.scales.current_density

    def set_feedback(self, share: float) -> None:
        """Set the share of the Larche-Cahn shift that acts; 1 is the physical value."""
        volume = self.parameters.partial_molar_volume
        self.stress_shift.value = share * volume * STRESS / (FARADAY * self.scales.voltage)

    # -- expressions --------------------------------------------------------------------------------------------------

    @property
    def uptake_rate(self):
        """Rate at which the core fills, scaled; constant in each piece of core."""
        return self._in_piece(self.r)

    @property
    def electron_potential(self):
        """Electron potential in the core less the equilibrium potential, scaled."""
        return self.v + self.electron_scale * self.psi

    @property
    def content_change(self):
        """Deviation of the lithium concentration from its mean in each region of the core, scaled."""
        return self.capacity * self.c

    @property
    def content(self):
        """Lithium concentration in each region of the core, scaled."""
        return self.content_change + self.capacity * self.mean_content

    @property
    def core_strain(self):
        """Stress-free strain of the core."""
        return swelling.vegard_strain(self.molar_volume, self.content_change, self.core_swelling)

    def strain(self):
        """Strain tensor."""
        return elasticity.strain(self.u, self.out_of_plane_strain)

    def core_stress(self):
        """Stress in the core, GPa."""
        return elasticity.hooke(self.strain(), self.core_strain, self.lam_core, self.mu_core)

    def sei_stress(self):
        """Stress in the SEI, GPa."""
        return elasticity.hooke(self.strain(), 0.0, self.lam, self.mu)

    def overpotential(self):
        """Overpotential on ``dS(CORE_SEI)``, scaled."""
        law = self.parameters.interface
        shift = self.stress_shift * elasticity.hydrostatic(self.core_stress())("-") if law.stress_feedback else 0.0
        # the constant part of the equilibrium potential is contained in v
        equilibrium = self.slope * self.c("-") + shift
        return self.electron_potential("-") - self.phi("+") - equilibrium

    def interface_current(self):
        """Current density from the SEI into the core on ``dS(CORE_SEI)``, scaled; None for perfect contact."""
        law = self.parameters.interface.law
        if law == "perfect_contact":
            return None
        if law == "butler_volmer":
            return kinetics.butler_volmer(self.overpotential(), self.exchange_current, self.transfer_coefficient, 1.0)
        return kinetics.film_resistance(self.overpotential(), self.film_resistance)

    def electron_balance(self, test):
        """Charge leaving the core by conduction, tested: equals the current through core|SEI (without that term)."""
        d = self.domains
        balance = (
            conduction.ohmic_conduction(self.relative_conductivity, self.psi, test) * d.dx_core
            + self.electron_scale * self.current * self.volume_share * test * d.dx_core
            + self.electron_scale * self.current * self.collector_share * test * d.ds(COLLECTOR)
        )
        if d.anchors is not None:
            # of several particles each one gives off what it takes up, which is an unknown
            balance += self.electron_scale * self.uptake_rate * test * d.dx_core
        return balance

    def _residuals(self) -> list:
        d = self.domains
        phi_t, psi_t, v_t, c_t, r_t, u_t = self.tests
        ionic = d.regions(ELECTROLYTE, *d.sei_regions, *d.binder_regions)
        charge = conduction.ohmic_conduction(self.kappa, self.phi, phi_t) * ionic
        if self.parameters.surface_conductance > 0:
            normal = ufl.FacetNormal(d.mesh)
            charge += conduction.surface_conduction(self.surface_conductance, self.phi, phi_t, normal) * d.dS(GRAIN_MATRIX)
        electrons = self.electron_balance(psi_t)
        supply = self.current * v_t("-") * d.dS(CORE_SEI)
        content = lithium.pseudo_steady_diffusion(self.c, self.uptake_rate, c_t, self.capacity, self.mobility) * d.dx_core
        current = self.interface_current()
        if current is None:
            # the flux that conduction in the core delivers to the interface, exact in the weak sense
            content -= 1 / self.electron_scale * self.electron_balance(c_t)
            supply += fem.Constant(d.mesh, 0.0) * self.v * v_t * d.dx_core
        else:
            charge += current * phi_t("+") * d.dS(CORE_SEI)
            electrons -= self.electron_scale * current * psi_t("-") * d.dS(CORE_SEI)
            supply -= current * v_t("-") * d.dS(CORE_SEI)
            content -= current * c_t("-") * d.dS(CORE_SEI)
        mean = lithium.zero_mean(self.c, self._in_piece(r_t), self.capacity) * d.dx_core
        momentum = elasticity.virtual_work(self.core_stress(), u_t) * d.dx_core + elasticity.virtual_work(
            self.sei_stress(), u_t
        ) * d.regions(*d.sei_regions, *d.binder_regions)
        return [charge, electrons, supply, content, mean, momentum]

    # -- constraints ------------------------------------------------------------------------------------------------

    def _constraints(self) -> Constraints:
        blocks = [Block(name, f.function_space) for name, f in zip(FIELDS, self.fields, strict=True)]
        constraints = Constraints(self.domains.comm, blocks)
        rows = apply_boundary_conditions(constraints, self.domains, self.parameters)
        self.outer_rows, self.contact_rows = rows["outer"], rows["contact"]
        return constraints

    # -- results --------------------------------------------------------------------------------------------------------

    def current_expression(self):
        """Current density into the core on ``dS(CORE_SEI)`` for every law; with perfect contact that of the SEI's field."""
        law = self.interface_current()
        if law is not None:
            return law
        return -self.kappa("+") * ufl.dot(ufl.grad(self.phi)("+"), ufl.FacetNormal(self.domains.mesh)("+"))

    def dissipation(self, potential=None) -> float:
        """Power dissipated in the SEI with its grain boundaries, in units of conductivity times voltage squared.

        By the ionic potential, or by another function of its space.
        """
        d, phi = self.domains, self.phi if potential is None else potential
        bulk = conduction.ohmic_conduction(self.kappa, phi, phi) * d.regions(*d.sei_regions)
        power = self.integrate_form(bulk)
        if self.parameters.surface_conductance > 0:
            normal = ufl.FacetNormal(d.mesh)
            along = conduction.surface_conduction(self.surface_conductance, phi, phi, normal)
            power += self.integrate_form(along * d.dS(GRAIN_MATRIX))
        return power

    def electron_dissipation(self) -> float:
        """Power that the electrons dissipate in the core, in the same units."""
        return self.integrate_form(
            conduction.ohmic_conduction(self.relative_conductivity, self.psi, self.psi) * self.domains.dx_core
        )

    def uptake(self) -> float:
        """Rate at which the core, or its matrix where domains are resolved, fills on average, scaled."""
        if self.domains.core_pieces > 1:
            return self.integrate(self.uptake_rate, self.domains.dx_core) / self.core_volume
        owned = self.r.function_space.dofmap.index_map.size_local
        return self.domains.comm.allreduce(float(self.r.x.array[:owned].sum()), op=MPI.SUM)

    def in_plane_strain(self) -> float:
        """Mean strain of a patch along its surface; in three dimensions the mean of the two directions.

        Taken over the core, whose sides are flat and whole: there the mean is the stretch between opposite sides.
        """
        d = self.domains
        axes = range(d.dim - 1)
        return self.integrate(sum(self.u[i].dx(i) for i in axes), d.dx_core) / self.core_volume / len(axes)

    def integrate(self, integrand, measure) -> float:
        """Integral over all ranks, in the units of the mesh."""
        if isinstance(integrand, int | float):
            integrand = fem.Constant(self.domains.mesh, float(integrand))
        return self.integrate_form(integrand * measure)

    def integrate_form(self, form) -> float:
        """Value of a functional over all ranks, in the units of the mesh."""
        compiled = compile_form(form, self.domains.entity_maps)
        return self.domains.comm.allreduce(fem.assemble_scalar(compiled), op=MPI.SUM)
