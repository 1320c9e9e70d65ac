"""Lithium in time under a resolved SEI: the stationary model with a rate of change, against the reduced particle."""

from __future__ import annotations

import numpy as np

from ..fem import MPI

# isort: split
from dolfinx import fem

from ..analysis.quantities import Measurement
from ..fields import LITHIUM
from ..model import Model
from ..numerics.domains import Domains
from ..numerics.solver import NewtonSolver
from ..parameters import InterfaceLaw
from ..scales import FARADAY, LENGTH
from . import plane_meshes
from .case import Check
from .coupled import parameters, solved

DEPTH, FILM, PERIOD = 200.0, 20.0, 60.0
"""Depth of the core, thickness of the SEI and width of the patch, nm."""
RESISTANCE, SLOPE, DIFFUSIVITY, CURRENT = 0.02, -1e-6, 1e-15, 0.2
NUMBER = 0.1
"""Duration of the pulse in units of L^2/D."""


class PulseModel(Model):
    """The model with the rate of change of the lithium content, by backward differences of second order.

    The unknown uptake is the mean rate, so the deviation from the mean gets the rest of it.
    """

    def _residuals(self) -> list:
        residuals = super()._residuals()
        space = self.c.function_space
        self.earlier = [fem.Function(space), fem.Function(space)]
        self.shares = [fem.Constant(self.domains.mesh, 0.0) for _ in range(3)]
        values = zip(self.shares, (self.c, *self.earlier), strict=True)
        rate = self.capacity * sum(share * value for share, value in values)
        residuals[LITHIUM] += rate * self.tests[LITHIUM] * self.domains.dx_core
        return residuals

    def set_step(self, step: float, before: float | None) -> None:
        """Set this step and the one before, in units of the length squared over the diffusivity; None for the first one."""
        ratio = 0.0 if before is None else step / before
        shares = ((1 + 2 * ratio) / (1 + ratio), -(1 + ratio), ratio**2 / (1 + ratio))
        for constant, share in zip(self.shares, shares, strict=True):
            constant.value = share / step

    def accept(self) -> None:
        """The present state becomes an earlier one."""
        self.earlier[1].x.array[:] = self.earlier[0].x.array
        self.earlier[0].x.array[:] = self.c.x.array


def pulse(mesh, values, steps: int) -> float:
    """Polarisation less the change of the mean content, at the end of a pulse of constant current, V."""
    comm = MPI.COMM_WORLD
    model = PulseModel(Domains(comm, mesh if comm.rank == 0 else None), values)
    solver = NewtonSolver(model.system)
    model.set_current(1.0)
    # steps grow from the start, where the concentration at the surface rises like the root of time
    times = NUMBER * DEPTH**2 * (np.arange(steps + 1) / steps) ** 2
    before = None
    for step in np.diff(times):
        model.set_step(float(step), before)
        solver.solve()
        model.accept()
        before = float(step)
    drop = Measurement(model, values.reference_field).quantities()["potential.drop"].value
    solver.destroy()
    model.system.destroy()
    return drop


def patch(rows: int, columns: int, uneven: bool):
    """Film on a deep core; with a part of it that conducts ten times as well, so that the current is uneven."""
    mesh = plane_meshes.strip(
        [("a", FILM, max(2, rows // 2))], period=PERIOD, columns=columns, core=(DEPTH, 2 * rows), electrolyte=(2.0, 1)
    )
    if uneven:
        mesh.region_names.append("b")
        middle = mesh.points[mesh.cells[:, :3]].mean(axis=1)
        mesh.region[(mesh.region == 2) & (middle[:, 0] > 0.75 * PERIOD)] = 3
    return mesh


def given(slope: float, uneven: bool):
    """Parameters of the patch."""
    law = InterfaceLaw(law="film_resistance", resistance=RESISTANCE, equilibrium_slope=slope)
    conductivity = {"a": 1e-7, "electrolyte": 1e3} | ({"b": 1e-6} if uneven else {})
    return parameters(conductivity, "a", law, diffusivity=DIFFUSIVITY, reference_current_density=CURRENT)


def resolved_patch() -> list[Check]:
    """An even film gives what the particle gives; under an uneven current the difference is within the bound stated for it."""
    from .titration_cases import constant_flux

    unit = -SLOPE * CURRENT * DEPTH * LENGTH / (FARADAY * DIFFUSIVITY)  # V for a concentration of iL/(FD)
    rise = float(constant_flux(0, NUMBER, 1.0)[0])
    diffusion = unit * (rise - NUMBER)
    exact = CURRENT * (RESISTANCE + FILM * LENGTH / 1e-7) + diffusion
    levels = (3, 6, 12)
    found = tuple(pulse(patch(n, 3, False), given(SLOPE, False), 4 * n) for n in levels)
    name = "polarisation at the end of a pulse, even film"
    checks = [Check(name, "V", exact, found, 2.0, scale=diffusion, cells=3, reference="series")]
    mesh = patch(10, 24, True)
    film = solved(mesh, given(0.0, True), comm=MPI.COMM_WORLD)[1][1.0]
    step, peak = film["potential.drop"], film["current.interface_peak"]
    uneven = pulse(mesh, given(SLOPE, True), 40) - step
    bound = (peak - 1) * PERIOD / DEPTH / 3 * unit
    series = CURRENT * (RESISTANCE + film["sei.area_resistance"])
    return [
        *checks,
        Check("diffusion drop, uneven less even, over the bound", "", 0.0, ((uneven - diffusion) / bound,), None, 1.0,
              reference="bound"),
        Check("step of the potential less that of the particle, over its bound", "", 0.0,
              ((step - series) / ((peak - 1) * CURRENT * RESISTANCE),), None, 1.0, reference="bound"),
    ]  # fmt: skip
