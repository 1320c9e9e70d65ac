"""What a search for the representative size finds."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from ..scenario_file import Study
from . import sizes
from .interval import Mean


@dataclass(frozen=True)
class Limits:
    """Where the sequences end, converged or not.

    Attributes
    ----------
    tolerance : float
        Relative.
    max_cells : float
        Expected cells of all meshes of one run.
    max_period : float or None
        Largest period of a patch [m]; None where there is no patch.
    max_seeds : int
    """

    tolerance: float
    max_cells: float
    max_period: float | None
    max_seeds: int


@dataclass
class MeshStep:
    """One mesh: expected cells, value, and the estimate of its error from coarser ones (None for the first)."""

    refinement: int
    cells: float
    value: float
    estimate: float | None = None
    error: float | None = None


@dataclass
class Ensemble:
    """All seeds at one width: their values (None where a run failed) and their mean."""

    doubling: int
    seeds: list[int]
    values: list[float | None]
    mean: Mean

    @property
    def found(self) -> list[float]:
        """Values of the seeds that have one."""
        return [value for value in self.values if value is not None]


@dataclass
class Outcome:
    """Result of one sequence: whether it ended by its rule, and if not, why; `chosen` is a number of steps."""

    chosen: int = 0
    reached: bool = True
    reason: str = ""
    skipped: str = ""


@dataclass
class Converged:
    """What is representative, with everything that was computed.

    Attributes
    ----------
    mesh, width, seeds : Outcome
        `chosen` is the refinement, the doubling, and the number of seeds.
    meshes : list of MeshStep
    ensembles : list of Ensemble
        Empty if nothing is random.
    value, mesh_error, width_error, seed_error : float
        The quantity, and the three parts of its uncertainty in the same unit.
    failures : list of str
        Runs without a result.
    """

    mesh: Outcome = field(default_factory=Outcome)
    width: Outcome = field(default_factory=Outcome)
    seeds: Outcome = field(default_factory=Outcome)
    meshes: list[MeshStep] = field(default_factory=list)
    ensembles: list[Ensemble] = field(default_factory=list)
    value: float = math.nan
    mesh_error: float = 0.0
    width_error: float = 0.0
    seed_error: float = 0.0
    failures: list[str] = field(default_factory=list)

    @property
    def reached(self) -> bool:
        """Whether all sequences ended by their rule."""
        return self.mesh.reached and self.width.reached and self.seeds.reached

    @property
    def uncertainty(self) -> float:
        """Sum of the three parts, of which two are no random numbers."""
        return self.mesh_error + self.width_error + self.seed_error


def scatter_exponent(result: Converged, study: Study) -> tuple[float, float] | None:
    r"""Exponent p of the scatter between seeds, s ~ area^p, by least squares, and its standard error; -1/2 is expected.

    The logarithm of a standard deviation of n values has the standard error :math:`1/\sqrt{2(n-1)}`. None for fewer than two
    widths.
    """
    import numpy as np

    scenario = next(iter(study.members.values()))
    used = [one for one in result.ensembles if one.mean.deviation > 0]
    if len(used) < 2:
        return None
    x = np.log([sizes.area_ratio(scenario, one.doubling) for one in used])
    y = np.log([one.mean.deviation for one in used])
    weight = np.array([2.0 * (one.mean.count - 1) for one in used])
    centred = x - np.average(x, weights=weight)
    spread = float((weight * centred**2).sum())
    return float((weight * centred * y).sum()) / spread, 1.0 / math.sqrt(spread)
