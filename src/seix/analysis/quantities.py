"""Reported numbers and fields of a solved model, in SI units."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..fem import MPI  # first: orders the MPI library before DOLFINx

# isort: split
import ufl
from dolfinx import fem, la

from ..fields import PHI
from ..geometry.assembly.anchors import bodies_of
from ..model import Model
from ..numerics.compile import compile_form
from ..numerics.domains import COLLECTOR, CORE_SEI, GRAIN_MATRIX
from ..physics import elasticity
from ..scales import LENGTH, STRESS
from .evaluate import QuadratureEvaluator, Sample
from .invariants import missed_by_pieces
from .nodal import nodal_fields
from .quantity import Quantity, describe

INTERFACE = {2: "sei.interface_length", 3: "sei.interface_area"}
"""Name of the measure of all grain|matrix interfaces by dimension."""
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
        self.comm, self.dim = model.domains.comm, model.domains.dim
        self.reactions: list[np.ndarray] = []
        self._kept: dict[str, Any] = {}
        self.at = QuadratureEvaluator(self.domains)
        self.sei_cells = self.at.cells(self.domains.sei_regions)
        self.core_cells = self.at.cells(self.domains.core_regions)
        self.sei_volumes, self.core_volumes = self.at.volumes(self.sei_cells), self.at.volumes(self.core_cells)

    def phases(self) -> dict[str, np.ndarray]:
        """Name of each SEI phase -> rows of ``sei_cells`` on this rank."""
        tags = self.domains.region[self.sei_cells]
        return {self.domains.region_names[i]: tags == i for i in self.domains.sei_regions}

    def core_phases(self) -> dict[str, np.ndarray]:
        """`core` (its matrix if domains are resolved) and each domain -> rows of ``core_cells`` on this rank."""
        tags = self.domains.region[self.core_cells]
        return {self.domains.region_names[i]: tags == i for i in self.domains.core_regions}

    def quantities(self) -> dict[str, Quantity]:
        """All quantities without errors, keyed by documented name (collective, equal on all ranks)."""
        self.reactions = self.model.system.block_residuals()
        values = {
            **self._field(),
            **self._once("structure", self._structure),
            **self._charge(),
            **self._stress(),
            **self._lithium(),
        }
        return {
            name: Quantity(_without_rounding(name, float(value)), describe(name).unit_in(self.dim))
            for name, value in values.items()
        }

    def _once[T](self, name: str, make: Callable[[], T]) -> T:
        """What is the same for all states, such as compiled forms: to analyse these takes longer than to assemble them."""
        if name not in self._kept:
            self._kept[name] = make()
        return self._kept[name]

    def _integral(self, name: str, form: Callable[[], ufl.Form]) -> float:
        """Integral over all ranks of a form, which the name stands for, in the units of the mesh."""
        compiled = self._once(name, lambda: compile_form(form(), self.domains.entity_maps))
        return self.comm.allreduce(fem.assemble_scalar(compiled), op=MPI.SUM)

    # -- electric field --------------------------------------------------------------------------------------------------

    def field_sample(self) -> Sample:
        """|E|/E0 at the quadrature points of the SEI, shape (cells, points)."""
        return Sample(self.comm, np.linalg.norm(self.field_vectors(), axis=-1), self.sei_volumes)

    def field_vectors(self) -> np.ndarray:
        """E/E0 at the quadrature points of this rank's cells of the SEI, (cells, points, dimension)."""
        gradient = self.at(self._once("gradient", lambda: self.at.compiled(ufl.grad(self.model.phi))), self.sei_cells)
        return gradient * (-self.scales.field / self.reference_field)

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
        d = self.domains
        volume = self.comm.allreduce(float(self.sei_volumes.sum()))
        grains = self.comm.allreduce(float(self.sei_volumes[d.grain[self.sei_cells] >= 0].sum()))
        result = {INTERFACE[self.dim]: self.model.integrate(1.0, d.dS(GRAIN_MATRIX)) * LENGTH ** (self.dim - 1)}
        if d.void_region is not None:
            void = self.model.integrate(1.0, d.dx(d.void_region))
            volume += void
            result["sei.void_fraction"] = void / volume
        return {"sei.inorganic_fraction": grains / volume, **result}

    # -- charge ------------------------------------------------------------------------------------------------------------

    def _charge(self) -> dict[str, float]:
        m, d, s = self.model, self.domains, self.scales
        amperes = s.current_density * LENGTH ** (self.dim - 1)  # A/m or A for an integral over an interface
        supplied = float(m.current.value) * m.interface_size
        through = self.interface_current_total()
        outer = self.comm.allreduce(float(self.reactions[PHI][m.outer_rows].sum()))
        power = m.dissipation()
        resistance = power / (float(m.current.value) ** 2 * m.interface_size)  # unit: length / conductivity
        area_resistance = resistance * LENGTH / s.conductivity
        patch = d.shape["kind"] == "patch"
        where, size = (d.ds(COLLECTOR), m.collector_size) if patch else (d.dx_core, m.core_volume)
        electrons = self._integral("electrons", lambda: m.electron_potential * where) / size * s.voltage
        samples = self.interface_sample("current", m.current_expression)
        return {
            "current.total": through * amperes,
            "current.imbalance": max(abs(through - supplied), abs(outer - supplied)) / abs(supplied),
            "current.interface_peak": samples.maximum() / samples.mean(),
            "potential.drop": -electrons,
            "potential.cell": m.parameters.interface.equilibrium_potential + electrons,
            "sei.area_resistance": area_resistance,
            **({} if self._merged() else {"sei.effective_conductivity": self.equivalent_thickness() / area_resistance}),
            **self._shares(),
        }

    def equivalent_thickness(self) -> float:
        """Area resistance of a uniform film times its conductivity, for the area of core|SEI, m."""
        shape = self.domains.shape
        inner, thickness = shape["core_size"] * LENGTH, shape["sei_thickness"] * LENGTH
        if shape["kind"] == "patch":
            return thickness
        if shape["kind"] == "particles":  # films around all particles side by side
            radii = shape["bodies"][:, -1] * LENGTH
            if self.dim == 3:
                return float((radii**2).sum() / (radii * (radii + thickness) / thickness).sum())
            return float(radii.sum() / (1.0 / np.log1p(thickness / radii)).sum())
        return inner * math.log1p(thickness / inner) if self.dim == 2 else inner * thickness / (inner + thickness)

    def _merged(self) -> bool:
        """Whether particles touch, so that no simple film conducts like their SEI."""
        d = self.domains
        return d.anchors is not None and bool(bodies_of(d.shape["bodies"], d.shape["period"]).touching(d.shape["sei_thickness"]))

    def _shares(self) -> dict[str, float]:
        """How evenly several particles share the current."""
        d = self.domains
        if d.anchors is None:
            return {}
        current, size, cells = self.facet_sums("current", self.model.current_expression)
        body, count = d.core_bodies()[cells], len(d.shape["bodies"])
        sums = self.comm.allreduce(np.array([np.bincount(body, values, count) for values in (current, size)]))
        density = sums[0] / sums[1]
        mean = sums[0].sum() / sums[1].sum()
        spread = math.sqrt(float((sums[1] * (density - mean) ** 2).sum() / sums[1].sum()))
        return {"current.particle_spread": spread / abs(mean), "current.particle_peak": float((density / mean).max())}

    def interface_current_total(self) -> float:
        """Current through core|SEI, scaled: from the law, or with perfect contact from the balance of the SEI."""
        m = self.model
        if m.parameters.interface.law != "perfect_contact":
            return self._integral("through", lambda: m.interface_current() * self.domains.dS(CORE_SEI))
        return -self.comm.allreduce(float(self.reactions[PHI][m.contact_rows].sum()))

    def interface_sample(self, name: str, expression: Callable) -> Sample:
        """Means over the facets of core|SEI, weighted by their length or area.

        The name stands for the restricted UFL expression on ``dS(CORE_SEI)`` that the function gives.
        """
        value, size, _ = self.facet_sums(name, expression)
        return Sample(self.comm, value / size, size)

    def facet_sums(self, name: str, expression: Callable) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Integral of an expression over core|SEI, its length or area, and the local cell of the core, cell by cell."""
        test = self._once("test", lambda: ufl.TestFunction(fem.functionspace(self.domains.core.mesh, ("DG", 0)))("-"))

        def summed(key, integrand):
            form = self._once(
                f"sum {key}", lambda: compile_form(integrand() * test * self.domains.dS(CORE_SEI), self.domains.entity_maps)
            )
            vector = fem.assemble_vector(form)
            vector.scatter_reverse(la.InsertMode.add)
            return vector.array[: vector.index_map.size_local].copy()

        sizes = self._once("sizes", lambda: summed("one", lambda: 1.0))
        touched = np.flatnonzero(sizes > 0)
        return summed(name, expression)[touched], sizes[touched], touched

    # -- stress --------------------------------------------------------------------------------------------------------------

    def _stress(self) -> dict[str, float]:
        m = self.model
        result = {}
        sei = [self._invariants("sei", m.sei_stress, self.sei_cells), self.sei_volumes]
        core = [self._invariants("core", m.core_stress, self.core_cells), self.core_volumes]
        parts = {name: (sei, rows) for name, rows in self.phases().items()}
        parts |= {name: (core, rows) for name, rows in self.core_phases().items()}
        for phase, ((values, volumes), rows) in parts.items():
            first, mises, mean = (Sample(self.comm, values[..., i], volumes).select(rows) for i in range(3))
            for name, sample in (("first_principal", first), ("von_mises", mises)):
                quantiles = sample.quantiles(list(LEVELS.values()))
                result |= {f"stress.{name}.{n}.{phase}": q * STRESS for n, q in zip(LEVELS, quantiles, strict=True)}
            result[f"stress.hydrostatic.mean.{phase}"] = mean.mean() * STRESS
        traction = self.interface_sample("traction", self._traction)
        result["stress.interface_normal.p999"] = traction.quantiles([LEVELS["p999"]])[0] * STRESS
        result["strain_energy.sei"] = self._integral("energy", self._energy) * STRESS * LENGTH**self.dim
        if self.domains.shape["kind"] == "patch":
            result["strain.in_plane"] = m.in_plane_strain()
        return result

    def _invariants(self, name: str, stress: Callable, cells) -> np.ndarray:
        """First principal, von Mises and hydrostatic stress, shape (cells, points, 3)."""

        def compiled():
            t = stress()
            first = elasticity.first_principal(t, plane=self.dim == 2)
            return self.at.compiled(ufl.as_vector([first, elasticity.von_mises(t), elasticity.hydrostatic(t)]))

        return self.at(self._once(f"invariants {name}", compiled), cells)

    def _energy(self):
        """Strain energy of the SEI."""
        m = self.model
        return elasticity.energy_density(m.sei_stress(), m.strain(), 0.0) * self.domains.regions(*self.domains.sei_regions)

    def _traction(self):
        """Pull on core|SEI along its unit normal out of the core, a 3-vector."""
        n = ufl.FacetNormal(self.domains.mesh)("-")
        normal = ufl.as_vector([n[0], n[1], n[2] if self.dim == 3 else 0])
        return ufl.dot(normal, ufl.dot(self.model.core_stress()("-"), normal))

    def largest_strain(self) -> float:
        """P99.9 of the largest principal strain magnitude in the SEI: judges the validity of small strains."""
        e = self.model.strain()
        values = self.at(self._once("strain", lambda: self.at.compiled(ufl.sqrt(ufl.inner(e, e)))), self.sei_cells)
        return float(Sample(self.comm, values, self.sei_volumes).quantiles([LEVELS["p999"]])[0])

    # -- lithium -------------------------------------------------------------------------------------------------------------

    def _lithium(self) -> dict[str, float]:
        m = self.model
        uptake = m.uptake() * m.core_capacity
        delivered = self.interface_current_total()
        supplied = float(m.current.value) * m.interface_size
        missed = max(abs(uptake - delivered), abs(uptake - supplied), missed_by_pieces(self))
        result = {"lithium.imbalance": missed / abs(supplied)}
        d, p = self.domains, m.parameters
        nodes, tags = m.c.function_space.dofmap.list, d.region[d.core.parent_cells]
        for region in d.core_regions:
            name = d.region_names[region]
            values = m.c.x.array[nodes[tags == region]]
            sample = Sample(self.comm, values, np.ones_like(values))
            domain = p.core_domains.get(name)
            # regions touch at equal relative filling
            capacity = domain.maximum_concentration / p.maximum_concentration if domain else 1.0
            for word, value in (("min", sample.minimum()), ("max", sample.maximum())):
                key = f"lithium.concentration.{word}" + (f".{name}" if domain else "")
                result[key] = capacity * (p.mean_concentration + value * self.scales.concentration)
        return result

    # -- fields --------------------------------------------------------------------------------------------------------------

    def nodal_fields(self) -> dict[str, np.ndarray] | None:
        """Nodal values of all fields on rank 0 (see :func:`~seix.analysis.nodal.nodal_fields`), None elsewhere."""
        return nodal_fields(self.model, self.reference_field)


def _without_rounding(name: str, value: float) -> float:
    """Zero for what is rounding of the stiffness or of one: it would differ from run to run."""
    floor = ROUNDING.get(name.split(".")[0], 0.0)
    return value if abs(value) > floor else 0.0
