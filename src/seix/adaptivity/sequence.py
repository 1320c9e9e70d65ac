"""The sequence of meshes that ends when the target is known well enough, or when a mesh has as many cells as allowed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import ufl

from ..analysis.evaluate import gathered
from ..errors import GeometryError
from ..fem import on_root
from ..geometry.sizing import steepness
from .recovery import recovered
from .sizes import asked, factors, limited, wanted_sizes
from .target import Target

if TYPE_CHECKING:
    from ..analysis.quantities import Measurement
    from ..geometry.meshing import TaggedMesh
    from ..geometry.wanted import WantedSizes
    from ..scenario import Scenario

SAFETY = 1.25
"""Factor on the estimate, as of the grid convergence index from three or more meshes (Roache, doi:10.1115/1.2910291). Without it
2 of 24 meshes in the plane (bench/effectivity.py) stated too little, by a quarter at most; with it one, by less than the error of
its reference."""
AIM = 0.6
"""Part of the tolerance that a step aims at."""
REDUCTIONS = (0.35, 0.6)
"""Smallest and largest ratio of errors that a step aims at."""
GROWTH = 1.5
"""Ratio of the numbers of cells that a step asks for at least: near corners, errors fall more slowly than expected."""
LEAST_GROWTH = 1.15
"""Ratio of the numbers of cells below which a new mesh would teach nothing."""
SLOWEST = 0.75
"""Ratio of the error norms of two meshes that the extrapolation of their difference assumes at most."""
RECENT = 2
"""Changes from mesh to mesh that are looked at."""
ATTEMPTS = 8
"""Meshes that are tried for one step."""
SPREAD = {2: 1.3, 3: 2.0}
"""First guess of the cells made over those asked for, by dimension, since small cells need neighbours that are little larger."""
FULLEST = 0.97
"""Part of the cells allowed that a step aims at."""


@dataclass(frozen=True)
class Step:
    """One mesh of the sequence.

    Attributes
    ----------
    cells, unknowns : int
    value : float
        Of the target, at I/I0 = 1.
    estimated_error : float
        Of the value, in its unit.
    error_norm : float
        Distance of the field to the recovered one, weighted by what matters to the target, over the norm of the field.
    seconds : float
        To make the mesh, to solve on it and to estimate.
    """

    cells: int
    unknowns: int
    value: float
    estimated_error: float
    error_norm: float
    seconds: float

    @property
    def relative_error(self) -> float:
        """Estimated error over the value."""
        return self.estimated_error / (abs(self.value) or 1.0)


@dataclass(frozen=True)
class Estimate:
    """What one solution tells.

    Attributes
    ----------
    value, recovered_value : float
        The target in the field of finite elements and in the recovered one.
    norm : float
        Relative norm of the weighted error.
    cells : ndarray (k,) of int
        Cells of the SEI.
    squares : ndarray (k,)
        Their shares of the squared error: of the field and, for a quantile, of its sampling, in the relation of what the two
        are estimated to change the value by.
    sampling : float
        How far the value may be off because the field is looked at in points.
    """

    value: float
    recovered_value: float
    norm: float
    cells: np.ndarray
    squares: np.ndarray
    sampling: float


class Sequence:
    """Meshes and what was found on them.

    Parameters
    ----------
    comm
        MPI communicator; meshes, estimates and decisions are made on rank 0.
    scenario : Scenario
        With `mesh.adapt`.
    make : callable
        From wanted sizes, or None for the first mesh, to a mesh and its Gmsh file.

    Attributes
    ----------
    mesh : TaggedMesh or None
        The present mesh, on rank 0.
    mesh_file : Path or None
    wanted : WantedSizes or None
        What the present mesh was made for besides the mesh controls, on rank 0.
    steps : list of Step
        Equal on all ranks.
    ended_by : str
        `tolerance`, `max_cells`, or `mesher` if it could not make the next mesh; empty before the end. Equal on all ranks.
    note : str
        What the mesher said.
    """

    def __init__(self, comm, scenario: Scenario, make: Callable[[WantedSizes | None], tuple[TaggedMesh, Path]]) -> None:
        self.comm, self.control, self.make = comm, scenario.mesh.adapt, make
        self.slope = steepness(scenario.mesh.growth)
        self.target = Target.of(self.control.target)
        self.steps: list[Step] = []
        self.ended_by = self.note = ""
        self.mesh: TaggedMesh | None = None
        self.mesh_file: Path | None = None
        self.wanted: WantedSizes | None = None
        self.spread = SPREAD[scenario.geometry.dimension]
        self.started = time.monotonic()
        on_root(comm, lambda: self._take(None, *make(None)))

    def goes_on(self, measurement: Measurement, unknowns: int) -> bool:
        """Judge the solution on the present mesh and, if it is not good enough, make the next mesh (collective).

        Parameters
        ----------
        measurement : Measurement
            Of the solution at I/I0 = 1.
        unknowns : int

        Returns
        -------
        bool
            Whether there is a next mesh; the same on all ranks.
        """
        samples = _samples(measurement)
        self.steps, self.ended_by, self.note = on_root(self.comm, lambda: self._judge(samples, unknowns))
        return not self.ended_by

    def relative_error(self) -> float:
        """Estimated error of the target on the present mesh, over its value."""
        return self.steps[-1].relative_error

    def as_dict(self) -> dict[str, Any]:
        """Plain form for the record."""
        return {
            "target": self.target.name,
            "tolerance": self.control.tolerance,
            "max_cells": self.control.max_cells,
            "ended_by": self.ended_by,
            **({"note": self.note} if self.note else {}),
            "steps": [asdict(step) for step in self.steps],
        }

    # -- on rank 0 -----------------------------------------------------------------------------------------------------

    def _take(self, wanted: WantedSizes | None, mesh: TaggedMesh, mesh_file: Path) -> None:
        self.wanted, self.mesh, self.mesh_file = wanted, mesh, mesh_file

    def _judge(self, samples, unknowns: int) -> tuple[list[Step], str, str]:
        found = estimate(self.target, self.mesh, *samples)
        error = self._error(found)
        now = time.monotonic()
        step = Step(len(self.mesh.cells), unknowns, found.value, error, found.norm, round(now - self.started, 3))
        self.started = now
        self.steps = [*self.steps, step]
        ended_by, note = "", ""
        # what only one mesh says of itself is not trusted to end the sequence
        if len(self.steps) > 1 and step.relative_error <= self.control.tolerance:
            ended_by = "tolerance"
        elif LEAST_GROWTH * step.cells > self.control.max_cells:
            ended_by = "max_cells"
        else:
            ended_by, note = self._refine(found, step)
        return self.steps, ended_by, note

    def _error(self, found: Estimate) -> float:
        """Estimated error: the largest of what the recovered field, its sampling and the changes from mesh to mesh tell.

        If the error falls like the norm, by the ratio r from one mesh to the next, their values differ by the error of
        the second times (1 - r)/r; and since then it has fallen with the norm further.
        """
        errors = [abs(found.recovered_value - found.value), found.sampling]
        values = [*(step.value for step in self.steps), found.value]
        norms = [*(step.error_norm for step in self.steps), found.norm]
        for k in range(1, len(values))[-RECENT:]:
            ratio = min(norms[k] / norms[k - 1], SLOWEST) if norms[k - 1] > 0.0 else 0.0
            since = min(norms[-1] / norms[k], 1.0) if norms[k] > 0.0 else 1.0
            errors.append(abs(values[k] - values[k - 1]) * ratio / (1.0 - ratio) * since)
        return SAFETY * max(errors)

    def _refine(self, found: Estimate, step: Step) -> tuple[str, str]:
        """Make the next mesh; why there is none, and what the mesher said, if so."""
        if not found.squares.max() > 0.0:  # the field is resolved to rounding
            return "tolerance", ""
        low, high = REDUCTIONS
        reduction = min(max(AIM * self.control.tolerance / (step.relative_error or np.inf), low), high)
        most = self.control.max_cells
        own, dim, room = len(found.cells), self.mesh.dim, FULLEST * most
        # what is not cut in space stays one cell, while in the plane all cells are new
        kept = own if dim == 3 else 0
        base = step.cells - own + kept
        few, many = float(own), np.inf  # cells asked for that made too few and too many
        for _ in range(ATTEMPTS):
            ratio = factors(found.squares, reduction, dim)
            number = asked(ratio, dim)
            number = max(number, kept + (GROWTH * step.cells - base) / self.spread)
            number = min(number, max(kept + (room - base) / self.spread, own + 1.0))
            if not few < number < many:
                number = math.sqrt(few * many) if many < np.inf else GROWTH * few
            if number != asked(ratio, dim):
                ratio = limited(found.squares, number, dim)
                number = asked(ratio, dim)
            wanted = wanted_sizes(self.mesh.points, self.mesh.cells, found.cells, ratio, self.wanted, self.slope)
            try:
                mesh, mesh_file = self.make(wanted)
            except GeometryError as error:
                return "mesher", str(error)
            made = len(mesh.cells)
            if made < LEAST_GROWTH * step.cells:
                few, reduction = max(few, number), 0.6 * reduction
                continue
            self.spread = max((made - base) / (number - kept), 0.5)
            if made > most:
                many = min(many, number)
            else:
                self._take(wanted, mesh, mesh_file)
                return "", ""
        return "max_cells", ""


def estimate(
    target: Target, mesh: TaggedMesh, rows: np.ndarray, field: np.ndarray, place: np.ndarray, volume: np.ndarray
) -> Estimate:
    """Error of the field in the SEI, and the target with and without it.

    Parameters
    ----------
    target : Target
    mesh : TaggedMesh
    rows : ndarray (k,) of int
        Cells of the SEI, rising.
    field, place : ndarray (k, points, dim)
        Field over E0, and where the quadrature points are [nm].
    volume : ndarray (k, points)
        Area or volume that each point stands for [nm2 or nm3].
    """
    region, grain = mesh.region[rows], mesh.grain[rows]
    _, part = np.unique(region.astype(np.int64) * (int(mesh.grain.max()) + 2) + grain + 1, return_inverse=True)
    inside = np.ones(len(rows), bool)
    if target.phase is not None:
        inside = region == mesh.region_names.index(target.phase)
    smooth = recovered(field, place, mesh.points, mesh.cells[rows, : mesh.dim + 1], part.ravel())
    magnitude, better = (np.linalg.norm(one, axis=-1) for one in (field, smooth))
    value = target.value(magnitude, volume, inside)
    weight = target.weights(better, inside, value) * volume
    distance = ((smooth - field) ** 2).sum(axis=-1)
    squares = (weight * distance).sum(axis=1)
    norm = np.sqrt(squares.sum() / (weight * better**2).sum())
    changed = target.value(better, volume, inside)
    cut = target.cut_cells(magnitude, volume, inside, value)
    sampling = target.sampling_error(magnitude, volume, inside, cut)
    if cut.any() and squares.any():
        # the two values may happen to agree, so the field counts at least as much as its sampling
        weighted = squares / squares.sum() * max((changed - value) ** 2, sampling**2)
        squares = weighted + cut / cut.sum() * sampling**2
    return Estimate(value, changed, float(norm), rows, squares, sampling)


def _samples(measurement: Measurement) -> tuple[np.ndarray, ...] | None:
    """Rows, field, places and volumes of :func:`estimate` on rank 0, in the order of the mesh; None elsewhere (collective)."""
    domains, cells = measurement.domains, measurement.sei_cells
    parts = gathered(domains.comm, (
        np.asarray(domains.mesh.topology.original_cell_index)[cells],
        measurement.field_vectors(),
        measurement.at(ufl.SpatialCoordinate(domains.mesh), cells),
        measurement.sei_volumes,
    ))  # fmt: skip
    if domains.comm.rank:
        return None
    rows, *others = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = np.argsort(rows)
    return rows[order], *(one[order] for one in others)
