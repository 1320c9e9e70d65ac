"""The structure as a network of resistors and capacitors: stiffness K and storage M of the potentials, on any number of ranks."""

from __future__ import annotations

from collections.abc import Mapping

from ..fem import MPI

# isort: split
import numpy as np
import ufl
from dolfinx import fem, la
from numpy.typing import NDArray

from ..boundary_conditions import constrain_potentials
from ..fields import FIELDS, PHI, PSI
from ..model import Model
from ..numerics.compile import compile_form
from ..numerics.constraints import Block, Constraints
from ..numerics.domains import COLLECTOR, CORE_SEI, ELECTROLYTE, GRAIN_MATRIX
from ..numerics.reduction import ReducedNetwork
from ..numerics.solver import NewtonSolver
from ..numerics.system import CoupledSystem
from ..physics import conduction, kinetics
from ..scales import LENGTH

VACUUM_PERMITTIVITY = 8.8541878128e-12
"""F/m (CODATA 2018)."""
POTENTIALS = FIELDS[:3]
PARTS = ("sei", "electrolyte", "core")
"""Where power is dissipated and energy stored, besides the interface of core and SEI."""

Real = NDArray[np.float64]


class ImpedanceNetwork:
    r"""Potentials :math:`(K+sM)x=b` for a unit current, linearised about a state of the model (theory, equations Z1 to Z3).

    K is the part of the Jacobian of the stationary model that belongs to the potentials, lithium and stress held. M holds the
    permittivities of SEI and electrolyte and the double layer. Both are symmetric. Lengths are in nanometres, conductivities in
    those of the model's scale, so s M is dimensionless for s in 1/s.

    Parameters
    ----------
    model : Model
        Its present fields are the state; they must stay while the network is in use.
    permittivity : mapping of str to float
        Relative permittivity of each region that conducts ions.
    capacitance : float
        Of the double layer on core|SEI, F/m2.
    equilibrium : bool
        Linearise at zero overpotential instead.
    tolerance, preset
        Of the solver; see :class:`~seix.numerics.solver.NewtonSolver`.

    Attributes
    ----------
    comm
    load : ndarray
        b, the part that this rank owns.
    impedance_unit : float
        Ohm m2 for each unit of b^T x.
    unknowns : int
    """

    def __init__(
        self, model: Model, permittivity: Mapping[str, float], capacitance: float, equilibrium: bool,
        tolerance: float, preset: str,
    ):  # fmt: skip
        self.model, self.comm = model, model.domains.comm
        d, s = model.domains, model.scales
        self._conducting, self._shift, self._drive = (fem.Constant(d.mesh, one) for one in (1.0, 0.0, 1.0))
        names = d.region_names
        scaled = [permittivity.get(name, np.nan) * VACUUM_PERMITTIVITY / s.conductivity for name in names]
        self._permittivity = d.cell_constant(d.ionic, scaled)
        self._capacitance = fem.Constant(d.mesh, capacitance * LENGTH / s.conductivity)
        # several particles have equipotential cores: how a current divides inside each would need its lithium balance
        self._electrons = model.electron_scale if d.anchors is None else fem.Constant(d.mesh, 0.0)
        self.fields = [fem.Function(f.function_space) for f in model.fields[: len(POTENTIALS)]]
        self.system = CoupledSystem(self._residuals(equilibrium), self.fields, self._constraints(), d.entity_maps)
        self.unknowns = self.system.unknowns
        self.impedance_unit = LENGTH / s.conductivity / model.interface_size
        self._out = self.system.create_vector()
        self._y = self.system.create_vector()
        self.load = -self._image(np.zeros(len(self._y.array_r)), drive=1.0)
        # the problem is linear: a step that starts at rounding has nothing to search, and the matrix stays
        linear = {"snes_linesearch_type": "basic", "snes_lag_jacobian": 100}
        self._solver = NewtonSolver(self.system, tolerance, options=linear, preset=preset)
        self.records: list = []

    # -- equations ----------------------------------------------------------------------------------------------------

    def _bulk(self, conducting, storing):
        """Admittance of the ionic conductors: conductivity and permittivity with given weights."""
        return conducting * self.model.kappa + storing * self._permittivity

    def _conductance(self, equilibrium: bool):
        """Differential conductance of core|SEI, -d i_n/d eta."""
        m = self.model
        if m.parameters.interface.law == "film_resistance":
            return 1 / m.film_resistance
        eta = fem.Constant(m.domains.mesh, 0.0) if equilibrium else m.overpotential()
        return kinetics.butler_volmer_conductance(eta, m.exchange_current, m.transfer_coefficient, 1.0)

    def _residuals(self, equilibrium: bool) -> list:
        m, d = self.model, self.model.domains
        phi, psi, v = self.fields
        phi_t, psi_t, v_t = (ufl.TestFunction(f.function_space) for f in self.fields)
        ionic = d.regions(ELECTROLYTE, *d.sei_regions, *d.binder_regions)
        charge = conduction.ohmic_conduction(self._bulk(self._conducting, self._shift), phi, phi_t) * ionic
        if m.parameters.surface_conductance > 0:
            charge += self._conducting * self._along_boundaries(phi, phi_t)
        electrons = self._conducting * conduction.ohmic_conduction(m.relative_conductivity, psi, psi_t) * d.dx_core
        electrons -= self._drive * self._electrons * m.collector_share * psi_t * d.ds(COLLECTOR)
        electrons -= self._drive * self._electrons * m.volume_share * psi_t * d.dx_core
        supply = -self._drive * v_t("-") * d.dS(CORE_SEI)
        if m.parameters.interface.law == "perfect_contact":
            supply += fem.Constant(d.mesh, 0.0) * v * v_t * d.dx_core
        else:
            admittance = self._conducting * self._conductance(equilibrium) + self._shift * self._capacitance
            current = admittance * (v("-") + self._electrons * psi("-") - phi("+"))
            charge -= current * phi_t("+") * d.dS(CORE_SEI)
            electrons += self._electrons * current * psi_t("-") * d.dS(CORE_SEI)
            supply += current * v_t("-") * d.dS(CORE_SEI)
        return [charge, electrons, supply]

    def _along_boundaries(self, phi, phi_t):
        m, d = self.model, self.model.domains
        normal = ufl.FacetNormal(d.mesh)
        return conduction.surface_conduction(m.surface_conductance, phi, phi_t, normal) * d.dS(GRAIN_MATRIX)

    def _constraints(self) -> Constraints:
        blocks = [Block(name, f.function_space) for name, f in zip(POTENTIALS, self.fields, strict=True)]
        constraints = Constraints(self.comm, blocks)
        constrain_potentials(constraints, self.model.domains, self.model.parameters)
        return constraints

    # -- pencil -------------------------------------------------------------------------------------------------------

    def _image(self, x: Real, conducting=0.0, shift=0.0, drive=0.0) -> Real:
        """Residual with given weights of its terms."""
        kept = float(self._shift.value)
        self._conducting.value, self._shift.value, self._drive.value = conducting, shift, drive
        self._y.array[:] = x
        self.system.residual(self._y, self._out)
        self._conducting.value, self._shift.value, self._drive.value = 1.0, kept, 1.0
        return self._out.array_r.copy()

    def products(self, x: Real) -> tuple[Real, Real]:
        """K x and M x (collective)."""
        return self._image(x, conducting=1.0), self._image(x, shift=1.0)

    def solve(self, shift: float, guess: Real) -> Real:
        """(K + shift M)^-1 b, starting from a guess (collective).

        Raises
        ------
        ConvergenceError
        """
        self._shift.value = shift
        self._solver.y.array[:] = guess
        self._solver.renew()
        self.records.append(self._solver.solve())
        return self._solver.y.array_r.copy()

    # -- parts ----------------------------------------------------------------------------------------------------------

    def split(self, network: ReducedNetwork) -> dict[str, tuple[Real, Real]]:
        """Stiffness and storage of each part, projected like those of the whole (collective).

        Returns
        -------
        dict
            ``sei`` (with its grain boundaries), ``electrolyte`` (with binder), ``core`` (electrons) and ``interface``, which is
            the rest.
        """
        size = network.basis.shape[1]
        values = {PHI: [], PSI: []}
        vectors = {part: ([], []) for part in PARTS}
        forms = self._part_forms()
        for column in network.basis.T:
            self._y.array[:] = column
            self.system.expand(self._y)
            for field, kept in values.items():
                kept.append(self.fields[field].x.array[: self.system.blocks[field].size].copy())
            for part, pair in forms.items():
                for form, kept in zip(pair, vectors[part], strict=True):
                    kept.append(None if form is None else _assembled(form))
        found = {}
        for part, kept in vectors.items():
            x = np.array(values[PSI if part == "core" else PHI])
            found[part] = tuple(
                np.zeros((size, size)) if rows[0] is None else self.comm.allreduce(np.array(rows) @ x.T, op=MPI.SUM)
                for rows in kept
            )
        whole = (network.stiffness, network.storage)
        found["interface"] = tuple(whole[k] - sum(found[part][k] for part in PARTS) for k in (0, 1))
        return found

    def _part_forms(self) -> dict[str, tuple]:
        """Compiled conducting and storing forms of each part; None where there is none."""
        m, d = self.model, self.model.domains
        phi, psi, _ = self.fields
        phi_t, psi_t = (ufl.TestFunction(f.function_space) for f in (phi, psi))
        forms: dict[str, tuple] = {}
        for part, regions in (("sei", d.sei_regions), ("electrolyte", (ELECTROLYTE, *d.binder_regions))):
            conducting = conduction.ohmic_conduction(m.kappa, phi, phi_t) * d.regions(*regions)
            if part == "sei" and m.parameters.surface_conductance > 0:
                conducting += self._along_boundaries(phi, phi_t)
            storing = conduction.ohmic_conduction(self._permittivity, phi, phi_t) * d.regions(*regions)
            forms[part] = (conducting, storing)
        forms["core"] = (conduction.ohmic_conduction(m.relative_conductivity, psi, psi_t) * d.dx_core, None)
        return {
            part: tuple(None if form is None else compile_form(form, d.entity_maps) for form in pair)
            for part, pair in forms.items()
        }

    def destroy(self) -> None:
        """Free the PETSc objects."""
        self._solver.destroy()
        self.system.destroy()
        self._out.destroy()
        self._y.destroy()


def _assembled(form) -> Real:
    """Owned part of a linear form."""
    vector = fem.assemble_vector(form)
    vector.scatter_reverse(la.InsertMode.add)
    return vector.array[: vector.index_map.size_local * vector.block_size].copy()
