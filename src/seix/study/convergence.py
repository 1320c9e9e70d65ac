"""How large a computation has to be: three sequences, of meshes, of widths and of seeds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

from ..analysis.errors import assumed_order, two_mesh_error
from ..analysis.quantity import describe
from ..errors import ConvergenceError, GeometryError, InputError
from ..scenario_file import Study
from . import sizes
from .converged import Converged, Ensemble, Limits, MeshStep
from .estimate import size_of
from .interval import Mean, mean_of, needed
from .overlay import later_wins
from .plan import Case
from .runs import Runs
from .sizes import STEP, Size
from .target import Target

MESH_SHARE = 1.0 / 3.0
"""Part of the tolerance that the mesh may take."""
FIRST_SEEDS = 8
"""Seeds of an ensemble before anything is concluded from their scatter: fewer are too often alike by chance, which would end the
sequence too early."""
FEWEST_SEEDS = 3
"""Seeds that must have a result."""


class Convergence:
    """Refines, widens and adds seeds until one number of a scenario is stable.

    Parameters
    ----------
    runs : Runs
    study : Study
        The scenario as given.
    shared : dict
        Key -> value (text after ``=``) of all runs.
    target : Target
    limits : Limits
    say : callable
        Takes lines about what was found.
    """

    def __init__(
        self, runs: Runs, study: Study, shared: dict[str, str], target: Target, limits: Limits,
        say: Callable[[str], None] = lambda line: None,
    ):  # fmt: skip
        self.runs, self.study, self.shared, self.target, self.limits, self.say = runs, study, shared, target, limits, say
        self.result = Converged()

    def run(self) -> Converged:
        """All sequences.

        Raises
        ------
        InputError, GeometryError, ConvergenceError
            If the first run fails, or so many seeds that there is no ensemble.
        """
        self._meshes()
        if sizes.is_random(self.study):
            self._widths()
        else:
            text = "nothing in this structure is random"
            self.result.width.skipped = self.result.seeds.skipped = text
            self.result.seeds.chosen = 1
        self._conclude()
        return self.result

    def overrides(self, size: Size) -> list[str]:
        """Texts for ``--set`` of a run."""
        shared = [f"{key}={value}" for key, value in self.shared.items()]
        return later_wins(shared, sizes.overrides_of(self.study, size))

    # -- runs ------------------------------------------------------------------------------------------------------------

    def _case(self, size: Size) -> Case:
        first = next(iter(self.study.members.values()))
        piece = first.geometry.kind == "patch" or not sizes.cannot_widen(self.study)
        numbers = {"refinement": STEP**size.refinement, "width": sizes.width(first, size.doubling) if piece else None}
        return self.runs.case(self.overrides(size), dict(numbers), numbers, first.seed + size.shift)

    def _values(self, cases: Sequence[Case]) -> list[float | None]:
        self.runs.compute(cases)
        found: list[float | None] = []
        for case in cases:
            failure = self.runs.failure(case)
            if failure is None:
                found.append(float(self.target.entry(self.runs.document(case))["value"]))
                continue
            if str(failure) not in self.result.failures:
                self.result.failures.append(str(failure))
            found.append(None)
        return found

    def _too_many_cells(self, case: Case) -> str:
        cells, most = size_of(case).cells, self.limits.max_cells
        return f"a run of about {cells:.2g} cells is more than {most:g}" if cells > most else ""

    # -- meshes ----------------------------------------------------------------------------------------------------------

    def _meshes(self) -> None:
        result, steps = self.result.mesh, self.result.meshes
        for k in itertools.count():
            reason = sizes.too_fine(self.study, k)
            case = None if reason else self._case(Size(refinement=k))
            if case is not None and k:
                reason = self._too_many_cells(case)
            if reason:
                result.reached, result.reason = False, reason
                break
            [value] = self._values([case])
            if value is None:
                if k == 0:
                    raise self.runs.failure(case)
                result.reached, result.reason = False, f"a run failed: {self.result.failures[-1]}"
                break
            estimate = _estimate([*(step.value for step in steps), value], self._order())
            steps.append(MeshStep(k, size_of(case).cells, value, estimate))
            self.say(f"mesh    {steps[-1].cells:9.3g} cells  {value:.5g}{_plus_minus(steps[-1].estimate)}")
            if k == 0 and value == 0.0:
                raise InputError(f"{self.target.described} is zero, and has no relative tolerance; choose another quantity")
            if k >= 2 and steps[-1].estimate <= MESH_SHARE * self.limits.tolerance * abs(value):
                break
        finest = steps[-1]
        for step in steps:
            step.error = None if finest.estimate is None else abs(step.value - finest.value) + finest.estimate
        share = MESH_SHARE * self.limits.tolerance
        good = [step.refinement for step in steps if step.error is not None and step.error <= share * abs(step.value)]
        result.chosen = good[0] if good else finest.refinement

    def _order(self) -> float:
        """Order of convergence that the error of the target is estimated with."""
        corners = any(scenario.has_corners for scenario in self.study.members.values())
        return assumed_order(describe(self.target.name).kind, corners)

    # -- widths and seeds ------------------------------------------------------------------------------------------------

    def _widths(self) -> None:
        result, found = self.result.width, self.result.ensembles
        result.skipped = sizes.cannot_widen(self.study)
        found.append(self._ensemble(0))
        while not result.skipped:
            doubling = found[-1].doubling + 1
            reason = self._cannot_double(doubling)
            if reason:
                result.reached, result.reason, result.chosen = False, reason, found[-1].doubling
                break
            found.append(self._ensemble(doubling, found[-1]))
            narrow, wide = found[-2], found[-1]
            if self._agree(narrow.mean, wide.mean):
                result.chosen = narrow.doubling
                break
        chosen = next(one for one in found if one.doubling == result.chosen)
        seeds = self.result.seeds
        seeds.chosen, seeds.reached = len(chosen.seeds), self._is_narrow(chosen.mean)
        if not seeds.reached:
            seeds.reason = f"after {len(chosen.seeds)} seeds the 95 % interval is still wider than the tolerance"

    def _cannot_double(self, doubling: int) -> str:
        reason = sizes.too_wide(self.study, doubling, self.limits.max_period)
        if reason:
            return reason
        try:
            return self._too_many_cells(self._case(Size(self.result.mesh.chosen, doubling)))
        except GeometryError as error:
            return str(error).splitlines()[0]

    def _is_narrow(self, mean: Mean) -> bool:
        return mean.half_width <= self.limits.tolerance * abs(mean.value)

    def _agree(self, narrow: Mean, wide: Mean) -> bool:
        """Both means are known to the tolerance, and differ by less than it and by no more than their scatter explains.

        A difference below the share of the mesh needs no explanation.
        """
        if not (self._is_narrow(narrow) and self._is_narrow(wide)):
            return False
        allowed = self.limits.tolerance * abs(wide.value)
        explained = max(math.hypot(narrow.half_width, wide.half_width), MESH_SHARE * allowed)
        return abs(narrow.value - wide.value) <= min(allowed, explained)

    def _ensemble(self, doubling: int, narrower: Ensemble | None = None) -> Ensemble:
        """Seeds at one width, until their mean is known to the tolerance or there are no more.

        The scatter of the narrower pieces tells how many are needed at least if it falls with the square root of the area: to
        stop at the first few that happen to be alike would make the interval too narrow.
        """
        scenario = next(iter(self.study.members.values()))
        first, count = scenario.seed, FIRST_SEEDS
        if narrower is not None:
            ratio = sizes.area_ratio(scenario, doubling) / sizes.area_ratio(scenario, doubling - 1)
            count = max(count, math.ceil(len(narrower.seeds) / ratio))
        count = min(count, self.limits.max_seeds)
        while True:
            cases = [self._case(Size(self.result.mesh.chosen, doubling, shift)) for shift in range(count)]
            values = self._values(cases)
            known = [value for value in values if value is not None]
            if len(known) < min(FEWEST_SEEDS, count):
                raise ConvergenceError(f"{count - len(known)} of {count} seeds failed: {self.result.failures[-1]}")
            mean = mean_of(known)
            if self._is_narrow(mean) or count >= self.limits.max_seeds:
                break
            wanted = needed(mean, self.limits.tolerance * abs(mean.value), 2 * count)
            count = min(max(count + 1, wanted), self.limits.max_seeds)
        self.say(f"width x {2**doubling:<3d} {count} seeds  {mean.value:.5g}{_plus_minus(mean.half_width)}")
        return Ensemble(doubling, [first + shift for shift in range(count)], values, mean)

    def _conclude(self) -> None:
        result = self.result
        mesh = next(step for step in result.meshes if step.refinement == result.mesh.chosen)
        result.value = mesh.value
        share = math.nan if mesh.error is None else mesh.error / abs(mesh.value)
        if result.ensembles:
            place = next(i for i, one in enumerate(result.ensembles) if one.doubling == result.width.chosen)
            chosen = result.ensembles[place].mean
            result.value, result.seed_error = chosen.value, chosen.half_width
            if len(result.ensembles) > 1:
                other = result.ensembles[place + 1 if place + 1 < len(result.ensembles) else place - 1].mean
                result.width_error = abs(other.value - chosen.value)
            elif not result.width.skipped:
                result.width_error = math.nan
        result.mesh_error = share * abs(result.value)


def _estimate(values: Sequence[float], order: float) -> float | None:
    """Error of the last of values on meshes finer by sqrt(2) each, from the one and from the two before it."""
    if len(values) < 2:
        return None
    found = [two_mesh_error(values[-1], values[-2], STEP, order)]
    if len(values) > 2:
        found.append(two_mesh_error(values[-1], values[-3], STEP**2, order))
    return max(found)


def _plus_minus(error: float | None) -> str:
    return "" if error is None or not math.isfinite(error) else f" ± {error:.2g}"
