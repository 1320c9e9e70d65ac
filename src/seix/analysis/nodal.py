"""Fields of a solved model at the nodes of its cells, in SI units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import ufl

from ..numerics.domains import ELECTROLYTE
from ..physics import elasticity
from ..scales import LENGTH, STRESS
from .evaluate import NodalEvaluator
from .fieldset import FIELD_TABLE, STRESS_COMPONENTS

if TYPE_CHECKING:
    from ..model import Model


def nodal_fields(model: Model, reference_field: float) -> dict[str, np.ndarray] | None:
    """Nodal values of all fields (collective).

    Parameters
    ----------
    model : Model
    reference_field : float
        E0, V/m.

    Returns
    -------
    dict or None
        On rank 0 name of ``FIELD_TABLE`` -> values of shape (all cells, nodes of a cell) or (all cells, nodes, components),
        NaN where the field does not exist; None on other ranks.
    """
    domains, root = model.domains, model.domains.comm.rank == 0
    nodes = NodalEvaluator(domains)
    result = {}
    for name, pieces in _pieces(model).items():
        components = FIELD_TABLE[name].components_in(domains.dim)
        values = nodes.allocate(components)
        for expression, regions, factor, offset in pieces:
            nodes.gather(expression, regions, values, factor, offset)
        if root:
            result[name] = values[..., 0] if components == 1 else values
    if not root:
        return None
    field = np.linalg.norm(result["electric_field"], axis=-1) / reference_field
    result["field_enhancement"] = np.where(np.isnan(result["lithium_concentration"]), field, np.nan)
    return result


def _pieces(model: Model) -> dict[str, tuple]:
    """Name -> (expression, regions, factor to SI, offset) for each part of the mesh where the field has its own formula."""
    m, s, p = model, model.scales, model.parameters
    sei = list(m.domains.sei_regions)
    soft = [*sei, *m.domains.binder_regions]
    ionic, core = [*soft, ELECTROLYTE], list(m.domains.core_regions)
    stresses = (m.core_stress(), core), (m.sei_stress(), soft)

    def of_stress(function):
        return tuple((function(stress), where, STRESS, 0.0) for stress, where in stresses)

    listed = STRESS_COMPONENTS[m.domains.dim]
    return {
        "potential": (
            (m.phi, ionic, s.voltage, 0.0),
            (m.electron_potential, core, s.voltage, p.interface.equilibrium_potential),
        ),
        "electric_field": ((-ufl.grad(m.phi), ionic, s.field, 0.0), (-m.electron_scale * ufl.grad(m.psi), core, s.field, 0.0)),
        "current_density": (
            (-m.kappa * ufl.grad(m.phi), ionic, s.current_density, 0.0),
            (-m.relative_conductivity * ufl.grad(m.psi) / m.electron_scale, core, s.current_density, 0.0),
        ),
        "lithium_concentration": ((m.content, core, s.concentration, 0.0),),
        "displacement": ((m.u, [*core, *soft], LENGTH, 0.0),),
        "stress": of_stress(lambda t: ufl.as_vector([t["xyz".index(a), "xyz".index(b)] for a, b in listed])),
        "von_mises_stress": of_stress(elasticity.von_mises),
        "hydrostatic_stress": of_stress(elasticity.hydrostatic),
        "first_principal_stress": of_stress(lambda t: elasticity.first_principal(t, plane=m.domains.dim == 2)),
    }
