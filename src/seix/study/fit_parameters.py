"""Parameters of a fit in SI and in the unit interval, and the values they are compared with."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import GeometryError, InputError
from ..scenario_file import ScenarioSource, Study
from ..units import UnitError, parse_in
from .axes import value_at
from .calibration_file import CalibrationFile, FitParameter, Measured, Number, relative_uncertainty
from .overlay import later_wins
from .target import Target, target_of

DIGITS = 8
"""Significant digits of values in scenarios: finer than any difference that is formed, and the same text for the same value."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a fit.

    Attributes
    ----------
    name : str
    keys : list of str
        Of the scenario.
    unit : str
        SI; empty for a ratio.
    log : bool
        Whether distances are those of logarithms.
    low, high, start : float
    prior : (float, float) or None
        Mean and standard deviation on the scale of the fit: of the value, or of its natural logarithm.
    moves_mesh : bool
        Whether another value gives another mesh.
    """

    name: str
    keys: list[str]
    unit: str
    log: bool
    low: float
    high: float
    start: float
    prior: tuple[float, float] | None
    moves_mesh: bool

    def scaled(self, value: float) -> float:
        """The value, or its natural logarithm."""
        return math.log(value) if self.log else value

    @property
    def span(self) -> float:
        """Width of the bounds on the scale of the fit."""
        return self.scaled(self.high) - self.scaled(self.low)

    def share(self, value: float) -> float:
        """Place between the bounds: 0 at the lower, 1 at the upper one."""
        return (self.scaled(value) - self.scaled(self.low)) / self.span

    def value(self, share: float) -> float:
        """Value at a place between the bounds, rounded as scenarios have it."""
        here = self.scaled(self.low) + share * self.span
        return float(f"{math.exp(here) if self.log else here:.{DIGITS}g}")

    def overrides(self, value: float) -> list[str]:
        """Texts for ``--set``."""
        written = f"{value:.{DIGITS}g} {self.unit}" if self.unit else float(f"{value:.{DIGITS}g}")
        return [f"{key}={json.dumps(written)}" for key in self.keys]


@dataclass(frozen=True)
class Measurement:
    """A measured value in SI.

    Attributes
    ----------
    target : Target
        What it is in the model.
    value : float
    uncertainty : float
        Standard deviation of the value, or of its natural logarithm.
    log : bool
        Whether logarithms are compared.
    source : str
    """

    target: Target
    value: float
    uncertainty: float
    log: bool
    source: str

    def difference(self, model: float) -> float:
        """Model less measured, on the scale of the uncertainty; NaN for a logarithm that does not exist."""
        if not self.log:
            return model - self.value
        return math.log(model / self.value) if model / self.value > 0 else math.nan


class FitSetup:
    """A calibration file together with its scenario, all checked.

    Parameters
    ----------
    path : Path
    file : CalibrationFile
    overrides : sequence of str
        ``--set``.

    Attributes
    ----------
    source : ScenarioSource
    shared : list of str
        Overrides of all runs.
    parameters : list of Parameter
    measurements : list of Measurement
    study : Study
        The scenario with the start values.

    Raises
    ------
    InputError
        Naming the place in the file.
    """

    def __init__(self, path: Path, file: CalibrationFile, overrides: Sequence[str] = ()):
        self.path, self.file = path, file
        base = path.parent / file.scenario
        if base.resolve() == path.resolve():
            raise InputError(f"{path}: scenario: names this calibration itself; expected a scenario file")
        self.source = ScenarioSource(base)
        given = [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in file.change.items()]
        self.shared = later_wins(given, overrides)
        start = [text for one in file.parameters.values() for text in _written(one, one.start)]
        self.study = self._study("parameters", start)
        self.parameters = [self._parameter(name, one) for name, one in file.parameters.items()]
        self.measurements = [self._measurement(i, one) for i, one in enumerate(file.measurements)]

    def _study(self, where: str, overrides: Sequence[str]) -> Study:
        try:
            return self.source.study([*self.shared, *overrides])
        except (InputError, GeometryError) as error:
            lines = [f"{self.path}: {where}: {line}" for line in str(error).splitlines()]
            raise InputError("\n".join(lines)) from None

    def _parameter(self, name: str, given: FitParameter) -> Parameter:
        where = f"parameters.{name}"
        others = [text for n, one in self.file.parameters.items() if n != name for text in _written(one, one.start)]

        def number(place: str, value: Number) -> tuple[float, str, Study]:
            study = self._study(f"{where}.{place}", [*others, *_written(given, value)])
            found, unit = value_at(study, given.targets[0])
            if not isinstance(found, float):
                text = f"{given.targets[0]} is no quantity that can have any value; it cannot be fitted"
                raise InputError(f"{self.path}: {where}: {text}")
            return found, unit, study

        start, unit, study = number("start", given.start)
        low, _, lowest = number("low", given.low)
        high, _, highest = number("high", given.high)
        if not low < high:
            raise InputError(f"{self.path}: {where}: low is {given.low} and high is {given.high}; low must be less")
        if not low < start < high:
            raise InputError(f"{self.path}: {where}.start: {given.start} is not between the bounds, {given.low} and {given.high}")
        log = given.scale == "log"
        if log and low <= 0:
            raise InputError(f"{self.path}: {where}.low: {given.low} has no logarithm; a log scale needs positive bounds")
        moves = any(_mesh(one) != _mesh(study) for one in (lowest, highest))
        prior = None
        if given.prior is not None:
            value = number("prior.value", given.prior.value)[0]
            size = self._uncertainty(f"{where}.prior", given.prior.uncertainty, value, unit)
            if log:
                size = math.log(1.0 + size[1]) if size[0] == "factor" else size[1] / value
                prior = (math.log(value), size)
            else:
                prior = (value, size[1])
        return Parameter(name, given.targets, unit, log, low, high, start, prior, moves)

    def _uncertainty(self, where: str, given: Number, value: float, unit: str) -> tuple[str, float]:
        """Kind and standard deviation in the unit of the value; of a factor f it is f - 1."""
        relative = relative_uncertainty(given)
        if relative is not None and relative[0] == "factor":
            return "factor", relative[1] - 1.0
        if relative is not None:
            return "value", relative[1] * abs(value)
        size = self._quantity(f"{where}.uncertainty", given, unit)
        if not size > 0:
            raise InputError(f"{self.path}: {where}.uncertainty: {given} is not allowed; must be more than zero")
        return "value", size

    def _quantity(self, where: str, given: Number, unit: str) -> float:
        if not isinstance(given, str) and unit in ("", "1"):
            return float(given)
        try:
            return parse_in(str(given), unit)
        except UnitError as error:
            raise InputError(f"{self.path}: {where}: {error}") from None

    def _measurement(self, number: int, given: Measured) -> Measurement:
        where = f"measurements.{number}"
        try:
            target = target_of(self.study, given.quantity, given.structure, given.current_multiple)
        except InputError as error:
            raise InputError(f"{self.path}: {where}: {error}") from None
        if given.window is not None:
            return self._window(f"{where}.window", target, given)
        value = self._quantity(f"{where}.value", given.value, target.unit)
        kind, size = self._uncertainty(where, given.uncertainty, value, target.unit)
        if value == 0 and relative_uncertainty(given.uncertainty) is not None:
            raise InputError(f"{self.path}: {where}.uncertainty: {given.uncertainty} of zero is nothing; give it with its unit")
        return Measurement(target, value, math.log(1.0 + size) if kind == "factor" else size, kind == "factor", given.source)

    def _window(self, where: str, target: Target, given: Measured) -> Measurement:
        """A window by mean and standard deviation ln(b/a)/sqrt(12) of the log-uniform distribution."""
        low, high = (self._quantity(where, end, target.unit) for end in given.window)
        if not 0 < low < high:
            raise InputError(f"{self.path}: {where}: {given.window[0]} to {given.window[1]}; needs two rising positive ends")
        return Measurement(target, math.sqrt(low * high), math.log(high / low) / math.sqrt(12.0), True, given.source)


def _written(parameter: FitParameter, value: Any) -> list[str]:
    return [f"{key}={json.dumps(value, ensure_ascii=False)}" for key in parameter.targets]


def _mesh(study: Study) -> list[str]:
    from ..geometry.key import geometry_key

    return [geometry_key(scenario, 1.0) for scenario in study.members.values()]
