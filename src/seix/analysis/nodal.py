"""Fields of a solved model at the nodes of its cells, in SI units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import ufl

from ..numerics.domains import ELECTROLYTE
from ..physics import elasticity
from ..scales import LENGTH, STRESS
from .evaluate import NodalEvaluator, Piece
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
    parts = _parts(model)
    names = dict.fromkeys(piece.name for _, pieces in parts for piece in pieces)
    result = {name: nodes.allocate(FIELD_TABLE[name].components_in(domains.dim)) for name in names}
    for regions, pieces in parts:
        nodes.gather(pieces, regions, result)
    if not root:
        return None
    result = {name: values[..., 0] if values.shape[-1] == 1 else values for name, values in result.items()}
    field = np.linalg.norm(result["electric_field"], axis=-1) / reference_field
    result["field_enhancement"] = np.where(np.isnan(result["lithium_concentration"]), field, np.nan)
    return result


def _parts(model: Model) -> list[tuple[list[int], list[Piece]]]:
    """Regions and formulas of the fields there."""
    m, s, p = model, model.scales, model.parameters
    sei, core = list(m.domains.sei_regions), list(m.domains.core_regions)
    soft = [*sei, *m.domains.binder_regions]
    ions, electrons = ufl.grad(m.phi), ufl.grad(m.psi)
    ionic = [
        Piece("potential", m.phi, s.voltage),
        Piece("electric_field", -ions, s.field),
        Piece("current_density", -m.kappa * ions, s.current_density),
    ]
    electronic = [
        Piece("potential", m.electron_potential, s.voltage, p.interface.equilibrium_potential),
        Piece("electric_field", -m.electron_scale * electrons, s.field),
        Piece("current_density", -m.relative_conductivity * electrons / m.electron_scale, s.current_density),
        Piece("lithium_concentration", m.content, s.concentration),
    ]
    return [
        ([*soft, ELECTROLYTE], ionic),
        (core, electronic),
        (core, _mechanical(m, m.core_stress())),
        (soft, _mechanical(m, m.sei_stress())),
    ]


def _mechanical(model: Model, stress) -> list[Piece]:
    """Displacement and what follows from a stress."""
    dim = model.domains.dim
    listed = ufl.as_vector([stress["xyz".index(a), "xyz".index(b)] for a, b in STRESS_COMPONENTS[dim]])
    return [
        Piece("displacement", model.u, LENGTH),
        Piece("stress", listed, STRESS),
        Piece("von_mises_stress", elasticity.von_mises(stress), STRESS),
        Piece("hydrostatic_stress", elasticity.hydrostatic(stress), STRESS),
        Piece("first_principal_stress", elasticity.first_principal(stress, plane=dim == 2), STRESS),
    ]
