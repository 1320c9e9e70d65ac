"""Least squares over cached runs: the model, its residuals, their derivatives, and the search."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import ConvergenceError, InputError
from .fit_parameters import FitSetup
from .overlay import later_wins
from .plan import Case
from .runs import Runs

LOG_STEP = 1e-3
"""Difference of logarithms for derivatives: far above the relative tolerance of the solver, and its square far below 1."""
LINEAR_STEP = 1e-3
"""The same on a linear scale, as a part of the distance of the bounds."""
MESH_STEP = 0.02
"""The same as a part of the distance of the bounds, where every value has another mesh, whose errors would drown the effect."""
NO_EFFECT = 1e-7
"""Relative change of all quantities under such a step that is nothing but the tolerance of the solver."""
X_TOLERANCE, F_TOLERANCE, G_TOLERANCE = 1e-7, 1e-9, 1e-6
"""Of `scipy.optimize.least_squares`; steps are measured between the bounds."""
MOST_STEPS = 100


@dataclass(frozen=True)
class Step:
    """Values that were tried: parameters in SI, and the sum of squares (None if a run failed)."""

    values: list[float]
    chi2: float | None


@dataclass
class Best:
    """What a search has found.

    Attributes
    ----------
    shares : ndarray, shape (parameters,)
        Places between the bounds.
    jacobian : ndarray, shape (measurements + priors, parameters)
        Of the residuals with the shares, by central differences where both sides are within the bounds.
    residuals : ndarray, shape (measurements + priors,)
    status : str
        Why the search ended, in words.
    """

    shares: np.ndarray
    jacobian: np.ndarray
    residuals: np.ndarray
    status: str


class Fit:
    r"""Fits parameters to measurements.

    The sum of squares is

    .. math:: \chi^2 = \sum_i \frac{(y_i(p)-d_i)^2}{\sigma_i^2 + \sigma_{h,i}^2 + \sigma_{s,i}^2}
              + \sum_j \frac{(p_j - m_j)^2}{s_j^2}

    with logarithms in place of values where an uncertainty is a factor or a scale is logarithmic. :math:`\sigma_h` is the stated
    discretisation error at the start, :math:`\sigma_s` the standard error of the mean over seeds there, both relative to the
    model value and taken over to the measured one, so that the weights do not depend on the parameters.

    Parameters
    ----------
    setup : FitSetup
    runs : Runs
    say : callable
        Takes lines about what was found.
    """

    def __init__(self, setup: FitSetup, runs: Runs, say: Callable[[str], None] = lambda line: None):
        self.setup, self.runs, self.say = setup, runs, say
        self.steps: list[Step] = []
        self.start_values, self.discretisation, self.scatter = self._first()
        self._sigma = self._combined()

    # -- model -----------------------------------------------------------------------------------------------------------

    def _cases(self, values: Sequence[float], errors: bool = False) -> list[Case]:
        """One run for each seed; only at the start with an estimate of the error, as others need none."""
        setup = self.setup
        texts = [text for one, value in zip(setup.parameters, values, strict=True) for text in one.overrides(value)]
        given = {one.name: value for one, value in zip(setup.parameters, values, strict=True)}
        plain = [] if errors else ["error.method=none"]
        return [
            self.runs.case(
                later_wins(["output.figures=false"], setup.shared, plain, texts, [f"seed={seed}"] if seed is not None else []),
                given, given, seed,
            )
            for seed in setup.file.seed_list or [None]
        ]  # fmt: skip

    def _values(self, cases: Sequence[Case]) -> np.ndarray | None:
        """Quantities (seeds, measurements) of computed cases; None if one of them failed."""
        if any(self.runs.failure(case) is not None for case in cases):
            return None
        documents = [self.runs.document(case) for case in cases]
        return np.array([[float(one.target.entry(d)["value"]) for one in self.setup.measurements] for d in documents])

    def model(self, points: Sequence[Sequence[float]]) -> list[np.ndarray | None]:
        """Mean quantities at some points (parameters in SI), all computed together; None where a run failed."""
        cases = [self._cases(values) for values in points]
        self.runs.compute([case for some in cases for case in some])
        found = [self._values(some) for some in cases]
        return [None if one is None else one.mean(axis=0) for one in found]

    def _first(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Quantities at the start, with their relative discretisation error and relative standard error of the mean.

        Raises
        ------
        SeixError
            If the start cannot be computed.
        """
        cases = self._cases([one.start for one in self.setup.parameters], errors=True)
        self.runs.compute(cases)
        for case in cases:
            failure = self.runs.failure(case)
            if failure is not None:
                raise type(failure)(f"the start of the fit cannot be computed: {failure}")
        values = self._values(cases)
        entries = [[one.target.entry(self.runs.document(case)) for one in self.setup.measurements] for case in cases]
        for one, entry in zip(self.setup.measurements, entries[0], strict=True):
            if entry["unit"] != one.target.unit:
                raise InputError(f"{one.target.described} has the unit {entry['unit']}, and not {one.target.unit}")
        errors = np.array([[entry["error"] or 0.0 for entry in row] for row in entries]).mean(axis=0)
        mean = values.mean(axis=0)
        scatter = values.std(axis=0, ddof=1) / math.sqrt(len(values)) if len(values) > 1 else np.zeros_like(mean)
        size = np.where(mean == 0, 1.0, np.abs(mean))
        return mean, errors / size, scatter / size

    def _combined(self) -> np.ndarray:
        """Standard deviation of each measurement with what is uncertain about the model."""
        found = []
        for one, h, s in zip(self.setup.measurements, self.discretisation, self.scatter, strict=True):
            scale = 1.0 if one.log else abs(one.value)
            found.append(math.sqrt(one.uncertainty**2 + (h * scale) ** 2 + (s * scale) ** 2))
        return np.array(found)

    @property
    def sigma(self) -> np.ndarray:
        """Standard deviations used, of the values or of their logarithms."""
        return self._sigma

    # -- residuals -------------------------------------------------------------------------------------------------------

    def values_at(self, shares: Sequence[float]) -> list[float]:
        """Parameters in SI, rounded."""
        return [one.value(share) for one, share in zip(self.setup.parameters, shares, strict=True)]

    def _residuals(self, values: Sequence[float], model: np.ndarray | None) -> np.ndarray:
        """Measurements first, then priors; NaN for what could not be computed, from which the search steps back."""
        rows = len(self.setup.measurements)
        if model is None:
            found = [math.nan] * rows
        else:
            found = [one.difference(y) / s for one, y, s in zip(self.setup.measurements, model, self._sigma, strict=True)]
        for one, value in zip(self.setup.parameters, values, strict=True):
            if one.prior is not None:
                found.append((one.scaled(value) - one.prior[0]) / one.prior[1])
        return np.array(found)

    def residuals(self, shares: np.ndarray) -> np.ndarray:
        """Residuals at one point."""
        values = self.values_at(shares)
        [model] = self.model([values])
        found = self._residuals(values, model)
        chi2 = float(found @ found) if np.isfinite(found).all() else None
        self.steps.append(Step(values, chi2))
        pairs = zip(self.setup.parameters, values, strict=True)
        named = ", ".join(f"{one.name} {value:.5g} {one.unit}".rstrip() for one, value in pairs)
        self.say(f"{self.runs.count:4d} runs  chi2 {'failed' if chi2 is None else f'{chi2:.5g}'}  {named}")
        return found

    def _step(self, number: int) -> float:
        """Distance of the points of a difference, between the bounds."""
        one = self.setup.parameters[number]
        if one.moves_mesh:
            return MESH_STEP
        if one.log:
            return min(LOG_STEP / one.span, 0.1)
        return min(max(LINEAR_STEP, 1e-4 * max(abs(one.low), abs(one.high)) / one.span), 0.1)

    def jacobian(self, shares: np.ndarray, central: bool = False) -> np.ndarray:
        """Derivatives of the residuals by differences, all their runs computed together.

        Where the point beside has no result, the one on the other side is taken.

        Raises
        ------
        ConvergenceError
            If neither side has one.
        InputError
            If a parameter changes nothing that was measured.
        """
        here = self.values_at(shares)
        sides = {}
        for j, share in enumerate(shares):
            step = self._step(j)
            forward = share + step <= 1.0
            wanted = [step, -step] if central and forward and share - step >= 0.0 else [step if forward else -step]
            sides[j] = wanted
        found = self._compute_sides(shares, here, sides)
        for j in [j for j, results in found.items() if not results]:
            other = -sides[j][0]
            if 0.0 <= shares[j] + other <= 1.0 and len(sides[j]) == 1:
                found |= self._compute_sides(shares, here, {j: [other]}, with_centre=False)
            if not found[j]:
                name = self.setup.parameters[j].name
                raise ConvergenceError(f"the derivative with {name} cannot be formed: the runs beside {here[j]:.6g} fail")
        [centre] = self.model([here])
        base = self._residuals(here, centre)
        columns = []
        for j in range(len(shares)):
            points = found[j] if len(found[j]) == 2 else [*found[j], (self._share(j, here[j]), base, centre)]
            (x1, r1, y1), (x2, r2, y2) = points
            self._check_effect(j, y1, y2)
            columns.append((r1 - r2) / (x1 - x2))
        return np.column_stack(columns)

    def _share(self, number: int, value: float) -> float:
        return self.setup.parameters[number].share(value)

    def _compute_sides(self, shares: np.ndarray, here: list[float], sides: dict[int, list[float]], with_centre: bool = True):
        """Parameter -> list of (place, residuals, quantities) of the points beside that have a result."""
        points, owners = [], []
        for j, steps in sides.items():
            for step in steps:
                values = list(here)
                values[j] = self.setup.parameters[j].value(shares[j] + step)
                points.append(values)
                owners.append(j)
        models = self.model([*points, here] if with_centre else points)
        found: dict[int, list] = {j: [] for j in sides}
        for j, values, model in zip(owners, points, models, strict=False):
            if model is not None:  # rounded values have their own place
                found[j].append((self._share(j, values[j]), self._residuals(values, model), model))
        return found

    def _check_effect(self, number: int, first: np.ndarray, second: np.ndarray) -> None:
        size = np.maximum(np.abs(first), np.abs(second))
        if (np.abs(first - second) <= NO_EFFECT * size).all():
            parameter = self.setup.parameters[number]
            keys = ", ".join(parameter.keys)
            raise InputError(
                f"{self.setup.path}: parameters.{parameter.name}: {keys} has no effect on any of the measured quantities; leave "
                "it out, or measure something that depends on it"
            )

    # -- search ----------------------------------------------------------------------------------------------------------

    def run(self) -> Best:
        """Search from the start.

        Raises
        ------
        ConvergenceError
            If the search does not end, or needs more runs than allowed.
        """
        from scipy.optimize import least_squares

        start = np.array([one.share(one.start) for one in self.setup.parameters])
        found = least_squares(
            self.residuals, start, jac=self.jacobian, bounds=(0.0, 1.0), method="trf", max_nfev=MOST_STEPS,
            xtol=X_TOLERANCE, ftol=F_TOLERANCE, gtol=G_TOLERANCE,
        )  # fmt: skip
        if found.status <= 0:
            raise ConvergenceError(f"the fit has not converged after {found.nfev} steps; start nearer, or give narrower bounds")
        shares = np.array([one.share(value) for one, value in zip(self.setup.parameters, self.values_at(found.x), strict=True)])
        words = {1: "gradient", 2: "sum of squares", 3: "parameters", 4: "sum of squares and parameters"}
        jacobian = self.jacobian(found.x, central=True)
        values = self.values_at(found.x)
        [model] = self.model([values])
        return Best(shares, jacobian, self._residuals(values, model), f"no further change of the {words[found.status]}")
