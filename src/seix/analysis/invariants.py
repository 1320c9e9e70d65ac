"""What every solution has to fulfil, whatever the scenario: a run that violates it writes no result.

Balances close, resistances dissipate, the effective conductivity lies between bounds that hold for any microstructure, and
all numbers are finite. A violation means that the equations were not solved, so it ends a run like a solver that fails.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import ufl

from ..errors import ConvergenceError
from ..numerics.domains import CORE, ELECTROLYTE, GRAIN_MATRIX, VOID
from ..scales import LENGTH
from .fieldset import FIELD_TABLE
from .quantity import Quantity

if TYPE_CHECKING:
    from .quantities import Measurement

DERIVATIVE = 100.0
"""Largest imbalance in units of the solver's tolerance: that limits the error of a field, and a current is its derivative,
whose relative error is larger by up to the number of cells across the SEI."""
CURVED = 0.01
"""Slack of the bounds on round particles, whose profiles are not in the space of the elements."""
LARGEST = float(np.finfo(np.float32).max)
"""Fields are written in single precision: what is larger would become infinity."""

Window = tuple[float, float]


def conductivity_window(measurement: Measurement) -> Window:
    """Bounds on the effective conductivity of the SEI, S/m (collective).

    Upper bound (Voigt): with a test function t that falls from core|SEI to the electrolyte as the potential of a uniform
    film does, the current is a(phi, t), and by Cauchy and Schwarz its square is at most the dissipation times a(t, t).
    This holds for the discrete solution too, as long as t is in the space of the elements, and for every law of the
    interface. Lower bound (Reuss): the actual current minimises the sum of all dissipation, so that it is at most that
    of an even current; only where no stress and no lithium drive currents of their own. With weights of one in a patch, and of
    r^(-2(dim-1)) in a shell, the bounds are weighted means of the conductivity and of its inverse.

    Parameters
    ----------
    measurement : Measurement

    Returns
    -------
    low, high : float
        0 and infinity where there is no bound.
    """
    model, domains, comm = measurement.model, measurement.domains, measurement.comm
    p, shape, exponent = model.parameters, domains.shape, -2 * (measurement.dim - 1)
    conductivity = np.array([p.ionic_conductivity.get(name, 0.0) for name in domains.region_names])
    kappa = conductivity[domains.region[measurement.sei_cells]][:, None]
    if shape["kind"] == "particles":  # the largest conductivity bounds each particle, however they share the current
        largest = max(comm.allgather(float(kappa.max(initial=0.0))))
        return 0.0, largest if p.surface_conductance == 0 else math.inf

    def weights(cells):
        volumes = measurement.at.volumes(cells)
        if shape["kind"] == "patch":
            return volumes
        place = measurement.at(ufl.SpatialCoordinate(domains.mesh), cells)
        return volumes * np.linalg.norm(place, axis=-1) ** exponent

    inside, void = weights(measurement.sei_cells), 0.0
    if domains.void_region is not None:
        void = float(weights(measurement.at.cells([domains.void_region])).sum())
    sums = comm.allreduce(np.array([inside.sum() + void, (inside * kappa).sum(), (inside / kappa).sum(), void]))
    boundary = 0.0
    if p.surface_conductance > 0:  # t does not vary faster along a grain boundary than at the core
        most = 1.0 if shape["kind"] == "patch" else shape["core_size"] ** exponent
        boundary = p.surface_conductance / LENGTH * most * model.integrate(1.0, domains.dS(GRAIN_MATRIX))
    law = p.interface
    driven = law.stress_feedback or law.equilibrium_slope != 0 or p.core_domains
    low = 0.0 if driven or sums[3] > 0 else sums[0] / sums[2]
    return float(low), float((sums[1] + boundary) / sums[0])


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
        By which the discrete solution may pass them, relative; the tolerance of the solver is added.
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
    if conductivity is not None:
        share = slack + limit
        if not low * (1 - share) <= conductivity <= high * (1 + share):
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
    """Relative amount by which a discrete solution may pass the bounds of :func:`conductivity_window`."""
    return 0.0 if shape["kind"] == "patch" else CURVED
