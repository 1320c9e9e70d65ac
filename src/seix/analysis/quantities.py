"""Reported numbers and fields of a solved model, in SI units."""

from __future__ import annotations

import math

import numpy as np
import ufl
from dolfinx import fem, la

from ..model import LITHIUM, PHI, Model
from ..numerics.domains import COLLECTOR, CORE, CORE_SEI, ELECTROLYTE, GRAIN_MATRIX
from ..physics import elasticity
from ..scales import LENGTH, STRESS
from .evaluate import NodalEvaluator, QuadratureEvaluator, Sample
from .quantity import Quantity, describe

LEVELS = {"p99": 0.99, "p999": 0.999}
ROUNDING = {"stress": 1e-3, "strain": 1e-13}
"""Pa and 1: a stress or strain below is not distinguished from zero by double precision, where moduli are GPa."""


class Measurement:
    """Evaluates the quantities of a :class:`~seix.model.Model` at its present state.

    Parameters
    ----------
    model : Model
    reference_field : float
        E0 in V/m.
    """

    def __init__(self, model: Model, reference_field: float):
        self.model, self.reference_field = model, reference_field
        self.domains, self.scales = model.domains, model.scales
        self.comm = model.domains.comm
        self.reactions: list[np.ndarray] = []
        self.at = QuadratureEvaluator(self.domains)
        self.sei_cells = self.at.cells(self.domains.sei_regions)
        self.core_cells = self.at.cells([CORE])
        self.sei_volumes, self.core_volumes = self.at.volumes(self.sei_cells), self.at.volumes(self.core_cells)

    def phases(self) -> dict[str, np.ndarray]:
        """Name of each SEI phase -> rows of ``sei_cells`` on this rank."""
        tags = self.domains.region[self.sei_cells]
        return {self.domains.region_names[i]: tags == i for i in self.domains.sei_regions}

    def quantities(self) -> dict[str, Quantity]:
        """All quantities without errors, keyed by documented name (collective, equal on all ranks)."""
        self.reactions = self.model.system.block_residuals()
        values = {
            **self._field(),
            **self._structure(),
            **self._charge(),
            **self._stress(),
            **self._lithium(),
        }
        return {name: Quantity(_without_rounding(name, float(value)), describe(name).unit) for name, value in values.items()}

    # -- electric field --------------------------------------------------------------------------------------------------

    def field_sample(self) -> Sample:
        """|E|/E0 at the quadrature points of the SEI, shape (cells, points)."""
        gradient = self.at(ufl.grad(self.model.phi), self.sei_cells)
        magnitude = np.linalg.norm(gradient, axis=-1) * self.scales.field / self.reference_field
        return Sample(self.comm, magnitude, self.sei_volumes)

    def _field(self) -> dict[str, float]:
        sample = self.field_sample()
        result = {"reference_field": self.reference_field}
        for phase, rows in [("", slice(None)), *((f".{name}", rows) for name, rows in self.phases().items())]:
            part = sample.select(rows)
            quantiles = part.quantiles(list(LEVELS.values()))
            result[f"field_enhancement.mean{phase}"] = part.mean()
            result[f"field_enhancement.max{phase}"] = part.maximum()
            result |= {f"field_enhancement.{n}{phase}": q for n, q in zip(LEVELS, quantiles, strict=True)}
        return result

    def mean_field(self) -> float:
        """Mean |E| over the SEI, V/m."""
        return self.field_sample().mean() * self.reference_field

    # -- microstructure --------------------------------------------------------------------------------------------------

    def _structure(self) -> dict[str, float]:
        area = self.comm.allreduce(float(self.sei_volumes.sum()))
        grains = self.comm.allreduce(float(self.sei_volumes[self.domains.grain[self.sei_cells] >= 0].sum()))
        return {
            "sei.inorganic_fraction": grains / area,
            "sei.interface_length": self.model.integrate(1.0, self.domains.dS(GRAIN_MATRIX)) * LENGTH,
        }

    # -- charge ------------------------------------------------------------------------------------------------------------

    def _charge(self) -> dict[str, float]:
        m, d, s = self.model, self.domains, self.scales
        per_length = s.current_density * LENGTH  # A/m for an integral over an interface
        supplied = float(m.current.value) * m.interface_length
        through = self.interface_current_total()
        outer = self.comm.allreduce(float(self.reactions[PHI][m.outer_rows].sum()))
        power = m.dissipation()
        resistance = power / (float(m.current.value) ** 2 * m.interface_length)  # unit: length / conductivity
        area_resistance = resistance * LENGTH / s.conductivity
        shape = d.shape
        inner, thickness = shape["core_size"] * LENGTH, shape["sei_thickness"] * LENGTH
        equivalent = thickness if shape["kind"] == "patch" else inner * math.log1p(thickness / inner)
        where, size = (d.ds(COLLECTOR), m.collector_length) if shape["kind"] == "patch" else (d.dx(CORE), m.core_area)
        electrons = m.integrate(m.electron_potential, where) / size * s.voltage
        samples = self.interface_sample(m.current_expression())
        return {
            "current.total": through * per_length,
            "current.imbalance": max(abs(through - supplied), abs(outer - supplied)) / abs(supplied),
            "current.interface_peak": samples.maximum() / samples.mean(),
            "potential.drop": -electrons,
            "potential.cell": m.parameters.interface.equilibrium_potential + electrons,
            "sei.area_resistance": area_resistance,
            "sei.effective_conductivity": equivalent / area_resistance,
        }

    def interface_current_total(self) -> float:
        """Current through core|SEI, scaled: from the law, or with perfect contact from the balance of the SEI."""
        m = self.model
        law = m.interface_current()
        if law is not None:
            return m.integrate(law, self.domains.dS(CORE_SEI))
        return -self.comm.allreduce(float(self.reactions[PHI][m.contact_rows].sum()))

    def interface_sample(self, expression) -> Sample:
        """Means over the facets of core|SEI, weighted by their length.

        Parameters
        ----------
        expression
            Restricted UFL expression on ``dS(CORE_SEI)``.
        """
        space = fem.functionspace(self.domains.core.mesh, ("DG", 0))
        test = ufl.TestFunction(space)("-")
        maps = self.domains.entity_maps
        sums = []
        for integrand in (expression, 1.0):
            vector = fem.assemble_vector(fem.form(integrand * test * self.domains.dS(CORE_SEI), entity_maps=maps))
            vector.scatter_reverse(la.InsertMode.add)
            sums.append(vector.array[: space.dofmap.index_map.size_local].copy())
        touched = sums[1] > 0
        return Sample(self.comm, sums[0][touched] / sums[1][touched], sums[1][touched])

    # -- stress --------------------------------------------------------------------------------------------------------------

    def _stress(self) -> dict[str, float]:
        m = self.model
        result = {}
        sei = [self._invariants(m.sei_stress(), self.sei_cells), self.sei_volumes]
        core = [self._invariants(m.core_stress(), self.core_cells), self.core_volumes]
        parts = {name: (sei, rows) for name, rows in self.phases().items()}
        parts["core"] = (core, slice(None))
        for phase, ((values, volumes), rows) in parts.items():
            first, mises, mean = (Sample(self.comm, values[..., i], volumes).select(rows) for i in range(3))
            for name, sample in (("first_principal", first), ("von_mises", mises)):
                quantiles = sample.quantiles(list(LEVELS.values()))
                result |= {f"stress.{name}.{n}.{phase}": q * STRESS for n, q in zip(LEVELS, quantiles, strict=True)}
            result[f"stress.hydrostatic.mean.{phase}"] = mean.mean() * STRESS
        traction = self.interface_sample(ufl.dot(self._normal(), ufl.dot(m.core_stress()("-"), self._normal())))
        result["stress.interface_normal.p999"] = traction.quantiles([LEVELS["p999"]])[0] * STRESS
        energy = elasticity.energy_density(m.sei_stress(), m.strain(), 0.0)
        result["strain_energy.sei"] = m.integrate(energy, self.domains.regions(*self.domains.sei_regions)) * STRESS * LENGTH**2
        if self.domains.shape["kind"] == "patch":
            result["strain.in_plane"] = m.in_plane_strain()
        return result

    def _invariants(self, stress, cells) -> np.ndarray:
        """First principal, von Mises and hydrostatic stress, shape (cells, points, 3)."""
        vector = ufl.as_vector([f(stress) for f in (elasticity.first_principal, elasticity.von_mises, elasticity.hydrostatic)])
        return self.at(vector, cells)

    def _normal(self):
        """Unit normal of core|SEI out of the core, as a 3-vector."""
        n = ufl.FacetNormal(self.domains.mesh)("-")
        return ufl.as_vector([n[0], n[1], 0])

    def largest_strain(self) -> float:
        """P99.9 of the largest principal strain magnitude in the SEI: judges the validity of small strains."""
        e = self.model.strain()
        values = self.at(ufl.sqrt(ufl.inner(e, e)), self.sei_cells)
        return float(Sample(self.comm, values, self.sei_volumes).quantiles([LEVELS["p999"]])[0])

    # -- lithium -------------------------------------------------------------------------------------------------------------

    def _lithium(self) -> dict[str, float]:
        m = self.model
        uptake = m.uptake() * m.core_area
        delivered = self.interface_current_total()
        supplied = float(m.current.value) * m.interface_length
        mean = m.parameters.mean_concentration
        block = m.system.blocks[LITHIUM]
        owned = m.c.x.array[: block.size]
        sample = Sample(self.comm, owned, np.ones_like(owned))
        return {
            "lithium.imbalance": max(abs(uptake - delivered), abs(uptake - supplied)) / abs(supplied),
            "lithium.concentration.min": mean + sample.minimum() * self.scales.concentration,
            "lithium.concentration.max": mean + sample.maximum() * self.scales.concentration,
        }

    # -- fields --------------------------------------------------------------------------------------------------------------

    def nodal_fields(self) -> dict[str, np.ndarray] | None:
        """Nodal values of all fields on rank 0 (see ``FIELD_TABLE``), None elsewhere."""
        m, d, s = self.model, self.domains, self.scales
        nodes = NodalEvaluator(d)
        sei = list(d.sei_regions)
        ionic = [*sei, ELECTROLYTE]
        p = m.parameters
        everywhere = {
            "potential": (
                (m.phi, ionic, 1, s.voltage, 0.0),
                (m.electron_potential, [CORE], 1, s.voltage, p.interface.equilibrium_potential),
            ),
            "electric_field": (
                (-ufl.grad(m.phi), ionic, 2, s.field, 0.0),
                (-m.electron_scale * ufl.grad(m.psi), [CORE], 2, s.field, 0.0),
            ),
            "current_density": (
                (-m.kappa * ufl.grad(m.phi), ionic, 2, s.current_density, 0.0),
                (-ufl.grad(m.psi) / m.electron_scale, [CORE], 2, s.current_density, 0.0),
            ),
            "lithium_concentration": ((m.c, [CORE], 1, s.concentration, p.mean_concentration),),
            "displacement": ((m.u, [CORE, *sei], 2, LENGTH, 0.0),),
            "stress": tuple(
                (ufl.as_vector([t[0, 0], t[1, 1], t[2, 2], t[0, 1]]), where, 4, STRESS, 0.0)
                for t, where in ((m.core_stress(), [CORE]), (m.sei_stress(), sei))
            ),
        }
        for name, f in (
            ("von_mises_stress", elasticity.von_mises),
            ("hydrostatic_stress", elasticity.hydrostatic),
            ("first_principal_stress", elasticity.first_principal),
        ):
            everywhere[name] = ((f(m.core_stress()), [CORE], 1, STRESS, 0.0), (f(m.sei_stress()), sei, 1, STRESS, 0.0))
        result = {}
        for name, pieces in everywhere.items():
            parts = [nodes.gather(*piece) for piece in pieces]
            if self.comm.rank == 0:
                merged = parts[0]
                for part in parts[1:]:
                    merged = np.where(np.isnan(merged), part, merged)
                result[name] = merged
        if self.comm.rank:
            return None
        field = np.linalg.norm(result["electric_field"], axis=-1) / self.reference_field
        outside_core = np.isnan(result["lithium_concentration"])
        result["field_enhancement"] = np.where(outside_core, field, np.nan)
        return result


def _without_rounding(name: str, value: float) -> float:
    """Zero for what is rounding of the stiffness or of one: it would differ from run to run."""
    floor = ROUNDING.get(name.split(".")[0], 0.0)
    return value if abs(value) > floor else 0.0
