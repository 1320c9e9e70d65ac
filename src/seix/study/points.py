"""The values of axes and samples, and their combinations."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from ..units import DIMENSIONS, UnitError, parse_quantity
from .design import unit_points
from .schema import Axis, SampleParameter, StudyFile

DIGITS = 6
"""Significant digits of computed values: enough for any use, few enough to be read and typed."""
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*", re.DOTALL)


@dataclass(frozen=True)
class Point:
    """One combination.

    Attributes
    ----------
    values : dict
        Name of axis or parameter -> its value as written; of zipped keys a text of all.
    assignments : tuple of (key, value)
        What is set in the scenario.
    seed : int or None
        Of the ensemble.
    """

    values: dict[str, Any]
    assignments: tuple[tuple[str, Any], ...]
    seed: int | None

    def overrides(self, shared: dict[str, Any]) -> list[str]:
        """As texts for ``--set``, behind those that all points share."""
        every = [*shared.items(), *self.assignments, *([("seed", self.seed)] if self.seed is not None else [])]
        return [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in every]


def points(study: StudyFile) -> Iterator[Point]:
    """All combinations of axes, sample and seeds; seeds change fastest.

    Raises
    ------
    InputError
        A range whose ends do not go together.
    """
    axes = [list(_axis(name, axis)) for name, axis in study.axes.items()]
    sample = list(_sample(study)) if study.sample is not None else [({}, ())]
    seeds = study.seed_list or [None]
    for grid in itertools.product(*axes):
        for values, assignments in sample:
            named = {name: value for name, value, _ in grid} | values
            every = tuple(pair for _, _, pairs in grid for pair in pairs) + assignments
            for seed in seeds:
                yield Point(named, every, seed)


def _axis(name: str, axis: Axis) -> Iterator[tuple[str, Any, tuple[tuple[str, Any], ...]]]:
    if axis.together is not None:
        for values in zip(*axis.together.values(), strict=True):
            text = ", ".join(_text(value) for value in values)
            yield name, text, tuple(zip(axis.together, values, strict=True))
        return
    values = axis.values
    if values is None:
        scale = Range(f"axes.{name}", axis)
        values = [scale.at(share) for share in np.linspace(0.0, 1.0, axis.count)]
    for value in values:
        yield name, _words(value), tuple((key, value) for key in axis.targets)


def _sample(study: StudyFile) -> Iterator[tuple[dict[str, Any], tuple[tuple[str, Any], ...]]]:
    parameters = study.sample.parameters
    ranges = {name: Range(f"sample.parameters.{name}", one) for name, one in parameters.items()}
    for row in unit_points(study.sample):
        values = {name: ranges[name].at(share) for name, share in zip(ranges, row, strict=True)}
        yield values, tuple((key, values[name]) for name, one in parameters.items() for key in one.targets)


class Range:
    """Values between two ends, with their unit.

    Parameters
    ----------
    place : str
        For messages.
    varied : Axis or SampleParameter

    Raises
    ------
    InputError
        Ends that are no numbers, of different dimension, equal, or not positive for logarithmic steps.
    """

    def __init__(self, place: str, varied: Axis | SampleParameter):
        low, self._unit = _split(place, "from", varied.start)
        high, unit = _split(place, "to", varied.stop)
        if unit != self._unit:
            low, high, self._unit = _common(place, varied.start, varied.stop)
        self._whole = not self._unit and isinstance(varied.start, int) and isinstance(varied.stop, int)
        self._ends, self._log = (low, high), varied.spacing == "log"
        if low == high:
            raise InputError(f"{place}: from and to are the same; a range needs two different ends")
        if self._log and not (low > 0 and high > 0):
            raise InputError(f"{place}: from {low:g} to {high:g}; logarithmic steps need positive ends")

    def at(self, share: float) -> Any:
        """Value at a share of the way from the first end to the last, as it would be written in a scenario."""
        low, high = self._ends
        value = low * (high / low) ** share if self._log else low + share * (high - low)
        value = float(f"{value:.{DIGITS}g}")
        if self._whole and value.is_integer():
            return int(value)  # as numbers of layers are written
        return f"{value:.{DIGITS}g} {self._unit}" if self._unit else value

    def number(self, share: float) -> float:
        """The bare number at a share of the way, without rounding."""
        low, high = self._ends
        return low * (high / low) ** share if self._log else low + share * (high - low)


def _split(place: str, name: str, value: Any) -> tuple[float, str]:
    """Number and unit of an end."""
    match = _NUMBER.fullmatch(value) if isinstance(value, str) else None
    number, unit = (float(match[1]), match[2]) if match else (value, "")
    if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
        raise InputError(f"{place}: {name}: '{value}' is no number with a unit; expected one such as 2 nm")
    return float(number), unit


def _common(place: str, start: Any, stop: Any) -> tuple[float, float, str]:
    """Both ends in the unit of the first one, or in SI where that has an offset as degrees Celsius have."""
    number, unit = _split(place, "from", start)
    for name, dimension in DIMENSIONS.items():
        if not dimension.unit:
            continue
        try:
            low, high = parse_quantity(str(start), name), parse_quantity(str(stop), name)
            one = parse_quantity(f"1 {unit}", name)
        except UnitError:
            continue
        if math.isclose(number * one, low, rel_tol=1e-12):
            return number, high / one, unit
        return low, high, dimension.unit
    raise InputError(f"{place}: '{start}' and '{stop}' have different dimensions; give from and to in the same unit")


def _words(value: Any) -> Any:
    """A value as people call it: a section of a scenario by what stands in it."""
    if value is None:
        return "none"
    if isinstance(value, dict):
        return ", ".join(str(_words(part)).replace("_", " ") for part in value.values())
    return value


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
