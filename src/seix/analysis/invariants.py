"""What every solution has to fulfil, whatever the scenario: a run that violates it writes no result.

Balances close, resistances dissipate, the effective conductivity lies between bounds that hold for any microstructure, and
all numbers are finite. A violation means that the equations were not solved, so it ends a run like a solver that fails.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..fem import MPI  # noqa: F401  first: orders the MPI library before DOLFINx

# isort: split
import ufl
from dolfinx import fem

from ..errors import ConvergenceError
from ..geometry.assembly.anchors import bodies_of
from ..numerics.domains import CORE, ELECTROLYTE, VOID
from ..scales import LENGTH
from .fieldset import FIELD_TABLE
from .quantity import Quantity

if TYPE_CHECKING:
    from .quantities import Measurement

DERIVATIVE = 100.0
"""Largest imbalance in units of the solver's tolerance: that limits the error of a field, and a current is its derivative,
whose relative error is larger by up to the number of cells across the SEI."""
CURVED = 0.01
"""Slack of the lower bound in shells: their outlines are arcs to the fourth order only."""
LARGEST = float(np.finfo(np.float32).max)
"""Fields are written in single precision: what is larger would become infinity."""

Window = tuple[float, float]


def conductivity_window(measurement: Measurement) -> Window:
    """Bounds on the effective conductivity of the SEI, S/m (collective).

    Upper bound (Voigt): let t fall from 1 at core|SEI to 0 at the electrolyte, as the potential of a uniform film does. The
    current is a(phi, t), and by Cauchy and Schwarz its square is at most the dissipation times a(t, t). As t is taken
    from the space of the elements, the discrete solution keeps this bound to rounding, whatever the law of the interface.

    Lower bound (Reuss): the current divides so that all dissipation together is least, thus no more than if it were
    even; this holds for one film, where no stress and no lithium drive currents of their own. In a shell the
    mean of 1/kappa has the weight r^(-2(dim-1)).

    Parameters
    ----------
    measurement : Measurement

    Returns
    -------
    low, high : float
        0 where there is no lower bound.
    """
    model = measurement.model
    t = fem.Function(model.phi.function_space)
    t.interpolate(lambda x: film_profile(x[: measurement.dim].T, model.domains.shape))
    mean = measurement.equivalent_thickness() / LENGTH * model.dissipation(t) / model.interface_size
    return _lowest(measurement), mean * model.scales.conductivity


def film_profile(points: np.ndarray, shape: Mapping[str, Any]) -> np.ndarray:
    """Potential of a uniform film at points (n, dim): 1 on core|SEI, 0 in the electrolyte."""
    thickness, dim = shape["sei_thickness"], shape["dim"]
    if shape["kind"] == "patch":
        return np.clip(1 - points[:, -1] / thickness, 0.0, 1.0)
    if shape["kind"] == "particles":
        bodies = bodies_of(shape["bodies"], shape["period"])
        body, height = bodies.nearest(points)
        inner = bodies.radii[body]
    else:
        inner = np.full(len(points), shape["core_size"])
        height = np.linalg.norm(points, axis=1) - inner
    radius, outer = inner + np.clip(height, 0.0, thickness), inner + thickness
    if dim == 2:
        return np.log(outer / radius) / np.log(outer / inner)
    return (1 / radius - 1 / outer) / (1 / inner - 1 / outer)


def _lowest(measurement: Measurement) -> float:
    """Lower bound; see :func:`conductivity_window`."""
    p, domains = measurement.model.parameters, measurement.domains
    law, kind = p.interface, domains.shape["kind"]
    driven = law.stress_feedback or law.equilibrium_slope != 0 or p.core_domains
    if driven or kind == "particles" or domains.void_region is not None:
        return 0.0
    by_region = np.array([p.ionic_conductivity.get(name, np.nan) for name in domains.region_names])
    kappa = by_region[domains.region[measurement.sei_cells]][:, None]
    weights = measurement.sei_volumes
    if kind == "particle":
        place = measurement.at(ufl.SpatialCoordinate(domains.mesh), measurement.sei_cells)
        weights = weights * np.linalg.norm(place, axis=-1) ** (-2 * (measurement.dim - 1))
    total, inverse = measurement.comm.allreduce(np.array([weights.sum(), (weights / kappa).sum()]))
    return float(total / inverse)


def missed_by_pieces(measurement: Measurement) -> float:
    """Largest difference between the uptake of a separate piece of core and the current that it gets, scaled (collective).

    The sum over all pieces is balanced even where the current is shared out wrongly. 0 for a single piece. Several pieces have a
    kinetic law or a film: perfect contact is refused for them.
    """
    m, d = measurement.model, measurement.domains
    if d.core_pieces == 1 or m.parameters.core_domains:
        return 0.0
    piece, count = d.anchors.body_piece, d.core_pieces
    bodies = np.empty(len(d.region), dtype=int)
    bodies[d.core.parent_cells] = d.core_bodies()
    volume = np.bincount(piece[bodies[measurement.core_cells]], measurement.core_volumes.sum(axis=1), count)
    current, _, cells = measurement.facet_sums("current", m.current_expression)
    body = d.core_bodies()[cells]
    volume, current = measurement.comm.allreduce(np.array([volume, np.bincount(piece[body], current, count)]))
    return float(np.abs(m.r.x.array[:count] * volume - current).max())


def violations(quantities: Mapping[str, Quantity], tolerance: float, window: Window, slack: float = 0.0) -> list[str]:
    """What a set of quantities violates, a clause for each; empty if nothing.

    Parameters
    ----------
    quantities : mapping
        Name -> Quantity, without errors or with them.
    tolerance : float
        Of the solver.
    window : (float, float)
        Bounds on the effective conductivity, S/m.
    slack : float
        By which the discrete solution may pass the lower one, relative; the tolerance of the solver is added to both.
    """
    found = not_finite(quantities)
    limit = DERIVATIVE * tolerance
    values = {name: q.value for name, q in quantities.items() if math.isfinite(q.value)}
    for name, value in values.items():
        if name.endswith("imbalance") and value > limit:
            found.append(f"{name} is {value:.2g}, more than {limit:.2g}")
        if name == "sei.area_resistance" and value <= 0:
            found.append(f"the SEI dissipates no power ({name} is {value:.3g} ohm m2)")
        if name == "strain_energy.sei" and value < 0:
            found.append(f"{name} is negative ({value:.3g})")
    low, high = window
    conductivity = values.get("sei.effective_conductivity")
    if conductivity is not None and not low * (1 - slack - limit) <= conductivity <= high * (1 + limit):
        found.append(
            f"sei.effective_conductivity is {conductivity:.6g} S/m, outside of what its phases allow, "
            f"{low:.6g} to {high:.6g} S/m"
        )
    return found


def not_finite(quantities: Mapping[str, Quantity]) -> list[str]:
    """Values and errors that are NaN or infinite, a clause for each."""
    found = [f"{name} is {q.value}" for name, q in quantities.items() if not math.isfinite(q.value)]
    return found + [f"the error of {name} is {q.error}" for name, q in quantities.items() if not math.isfinite(q.error or 0.0)]


def field_violations(
    fields: Mapping[str, np.ndarray], region: np.ndarray, region_names: Sequence[str], core_regions: Sequence[str] = ()
) -> list[str]:
    """Fields that are not finite where they exist, a clause for each.

    Parameters
    ----------
    fields : mapping
        Name of ``FIELD_TABLE`` -> nodal values of all cells.
    region : ndarray
        Region of each cell.
    region_names, core_regions : sequence of str
        All regions, and those that are domains in the core.
    """
    found = []
    void = np.array([name == VOID for name in region_names])[region]
    core = (region == CORE) | np.array([name in core_regions for name in region_names])[region]
    electrolyte = region == ELECTROLYTE
    where = {"everywhere": ~void, "SEI and electrolyte": ~void & ~core, "core": core, "core and SEI": ~void & ~electrolyte}
    for name, values in fields.items():
        exists = where[FIELD_TABLE[name].domain]
        sound = np.abs(values[exists]) <= LARGEST  # false for NaN
        if not sound.all():
            cells = np.flatnonzero(exists)[~sound.reshape(len(sound), -1).all(axis=1)]
            bad = region_names[region[cells[0]]]
            found.append(f"{name} is not finite in {len(cells)} of {exists.sum()} cells, the first in {bad}")
    return found


def refuse(where: str, found: Sequence[str]) -> None:
    """End the run if there are violations.

    Raises
    ------
    ConvergenceError
    """
    if found:
        raise ConvergenceError(
            f"{where}: the solution is not one of the equations, and no result is written: {'; '.join(found)}; "
            "a smaller solver.tolerance or a finer mesh may help, otherwise this is a defect of seix"
        )


def slack_of(shape: Mapping[str, Any]) -> float:
    """Relative amount by which a discrete solution may pass the lower bound of :func:`conductivity_window`."""
    return 0.0 if shape["kind"] == "patch" else CURVED
