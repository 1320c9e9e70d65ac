"""The typed calibration file: which parameters are fitted, within which bounds, to which measured quantities."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from ..input.types import Model, Problem, raise_problems
from .schema import Key, file_schema, listed, seed_problems

FACTOR = re.compile(r"\s*factor\s+([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*")
PERCENT = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*%\s*")
Number = str | int | float


def relative_uncertainty(text: Number) -> tuple[str, float] | None:
    """``factor 3`` and ``10 %`` as kind and number; None for an uncertainty with the unit of its value."""
    for kind, pattern, scale in (("factor", FACTOR, 1.0), ("percent", PERCENT, 0.01)):
        match = pattern.fullmatch(text) if isinstance(text, str) else None
        if match:
            return kind, float(match[1]) * scale
    return None


def _uncertainty_problems(text: Number) -> list[Problem]:
    found = relative_uncertainty(text)
    if found is None:
        return []
    kind, number = found
    least = 1.0 if kind == "factor" else 0.0
    if number > least:
        return []
    return [Problem(("uncertainty",), f"'{text}' is not allowed; must be more than {'factor 1' if kind == 'factor' else '0 %'}")]


class Prior(Model):
    """What is known of a parameter beforehand: a normal distribution, of the logarithm where the scale is logarithmic."""

    value: Annotated[Number, Field(description="Most probable value, with its unit.")]
    uncertainty: Annotated[
        Number,
        Field(description="Standard deviation: with unit, in per cent of the value, or `factor 3` on a logarithmic scale."),
    ]

    @model_validator(mode="after")
    def _check(self) -> Prior:
        raise_problems(_uncertainty_problems(self.uncertainty))
        return self


class FitParameter(Model):
    """One value of the scenario that is fitted."""

    key: Annotated[Key | None, Field(description="Key of the scenario.")] = None
    keys: Annotated[list[Key] | None, Field(min_length=1, description="Several keys that get the same value.")] = None
    start: Annotated[Number, Field(description="First guess, with its unit; between the bounds.")]
    low: Annotated[Number, Field(description="Lower bound.")]
    high: Annotated[Number, Field(description="Upper bound.")]
    scale: Annotated[
        Literal["linear", "log"], Field(description="`log` for what is known to an order of magnitude, such as conductivities.")
    ] = "linear"
    prior: Annotated[Prior | None, Field(description="Earlier knowledge; nothing but the bounds if not given.")] = None

    @property
    def targets(self) -> list[str]:
        """All keys that get the value."""
        return [self.key] if self.key is not None else list(self.keys or [])

    @model_validator(mode="after")
    def _check(self) -> FitParameter:
        if (self.key is None) == (self.keys is None):
            raise_problems([Problem((), "needs either key or keys, the keys of the scenario that are fitted")])
        if self.prior is not None and self.scale == "linear" and FACTOR.fullmatch(str(self.prior.uncertainty)):
            text = "a factor is an uncertainty of the logarithm; give per cent or a unit, or scale: log"
            raise_problems([Problem(("prior", "uncertainty"), text)])
        return self


class Measured(Model):
    """A measured quantity."""

    quantity: Annotated[str, Field(min_length=1, description="Name as in `quantities.json`, without the structure.")]
    structure: Annotated[
        str | None, Field(description="Variant of a comparison, or `first/second` for the ratio of two.")
    ] = None
    current_multiple: Annotated[float | None, Field(gt=0, description="I/I0; the first of the scenario if not given.")] = None
    value: Annotated[Number | None, Field(description="Measured value, with its unit.")] = None
    uncertainty: Annotated[
        Number | None,
        Field(
            description="Standard deviation: with unit, in per cent of the value, or `factor 3`, which compares the logarithms."
        ),
    ] = None
    window: Annotated[
        list[Number] | None,
        Field(
            min_length=2, max_length=2,
            description="In place of value and uncertainty: two ends between which nothing is known but that every factor is as "
            "likely as any other (log-uniform).",
        ),
    ] = None  # fmt: skip
    source: Annotated[str, Field(min_length=1, description="Where the value is from.")]

    @model_validator(mode="after")
    def _check(self) -> Measured:
        given = [name for name in ("value", "uncertainty", "window") if getattr(self, name) is not None]
        if given not in (["value", "uncertainty"], ["window"]):
            raise_problems([Problem((), f"has {' and '.join(given) or 'nothing'}; needs value and uncertainty, or window")])
        raise_problems(_uncertainty_problems(self.uncertainty) if self.window is None else [])
        return self


class CalibrationFile(Model):
    """What `seix calibrate` reads."""

    title: Annotated[str, Field(min_length=1, description="Title of tables and figures.")]
    description: Annotated[str, Field(description="What is calibrated, and what it is for.")] = ""
    scenario: Annotated[str, Field(min_length=1, description="Scenario that is fitted, relative to this file.")]
    change: Annotated[
        dict[Key, Any], Field(alias="set", description="Key of the scenario to a value that all runs have.")
    ] = {}  # noqa: RUF012  pydantic copies defaults
    parameters: Annotated[dict[str, FitParameter], Field(min_length=1, description="Name to parameter.")]
    measurements: Annotated[list[Measured], Field(min_length=1, description="What the model has to agree with.")]
    seeds: Annotated[
        int | list[int] | None,
        Field(
            description="The model is the mean over so many seeds, 1 and up, or over those listed; the scenario's own if not "
            "given."
        ),
    ] = None
    max_runs: Annotated[int, Field(ge=2, le=100_000, description="Different runs that may be needed altogether.")] = 300

    @model_validator(mode="after")
    def _check(self) -> CalibrationFile:
        raise_problems(seed_problems(self.seeds))
        raise_problems(self._twice())
        known = len(self.measurements) + sum(one.prior is not None for one in self.parameters.values())
        if known < len(self.parameters):
            text = (
                f"{len(self.parameters)} parameters cannot be fitted to {len(self.measurements)} measurements and "
                f"{known - len(self.measurements)} priors; measure more, fit fewer, or give priors"
            )
            raise_problems([Problem(("parameters",), text)])
        return self

    def _twice(self) -> list[Problem]:
        """Keys that are fitted or set in two places."""
        seen: dict[str, str] = dict.fromkeys(self.change, "set")
        if self.seeds is not None:
            seen["seed"] = "seeds"
        found = []
        for name, one in self.parameters.items():
            for key in one.targets:
                if key in seen:
                    found.append(Problem(("parameters", name), f"fits '{key}', and {seen[key]} gives it too; keep one"))
                seen[key] = f"parameters.{name}"
        if self.seeds is not None and "seed" in self.change:
            found.append(Problem(("seeds",), "set gives 'seed' too; keep one"))
        return found

    @property
    def seed_list(self) -> list[int]:
        """Seeds of the mean; empty for the scenario's own."""
        return listed(self.seeds)


def calibration_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a calibration file as plain data."""
    return file_schema(CalibrationFile, "seix calibration", "Input of seix calibrate.")
