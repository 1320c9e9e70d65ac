"""The typed study file: which scenario, what is varied and how often."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from seix.input.types import Model, Problem, raise_problems

RESERVED = frozenset(
    ("case", "folder", "seed", "status", "message", "structure", "current_multiple", "quantity", "value", "unit", "error",
     "error_kind", "point", "n", "mean", "std", "low", "high", "interval", "student", "dominant", "needed")
)  # fmt: skip
"""Columns of the tables that no axis may be called like."""
Spacing = Literal["linear", "log"]
Key = Annotated[str, Field(min_length=1, pattern=r"^[^\s.=]+(\.[^\s.=]+)*$")]


class _Varied(Model):
    """What ranges have in common."""

    model_config = ConfigDict(populate_by_name=True)

    key: Annotated[Key | None, Field(description="Key of the scenario, such as `sei.layers`.")] = None
    keys: Annotated[
        list[Key] | None, Field(min_length=1, description="Several keys that get the same value, such as one of each variant.")
    ] = None
    start: Annotated[str | int | float | None, Field(alias="from", description="First value, with its unit.")] = None
    stop: Annotated[str | int | float | None, Field(alias="to", description="Last value, with its unit.")] = None
    spacing: Annotated[Spacing, Field(description="Equal steps of the value or of its logarithm.")] = "linear"
    label: Annotated[str | None, Field(min_length=1, description="Name in figures; that of the axis if not given.")] = None

    @property
    def targets(self) -> list[str]:
        """All keys that get the value."""
        return [self.key] if self.key is not None else list(self.keys or [])

    def target_problems(self) -> list[Problem]:
        """Exactly one of `key` and `keys` must be there."""
        if (self.key is None) == (self.keys is None):
            return [Problem((), "needs either key or keys, the keys of the scenario that are varied")]
        return []


class Axis(_Varied):
    """One axis of a grid: listed values, a range, or values of several keys that go together."""

    values: Annotated[list[Any] | None, Field(min_length=1, description="The values.")] = None
    count: Annotated[int | None, Field(ge=2, le=10_000, description="Number of values of a range, both ends among them.")] = None
    together: Annotated[
        dict[Key, list[Any]] | None,
        Field(alias="zip", min_length=1, description="Key to its values; the first values of all keys go together, and so on."),
    ] = None

    @property
    def targets(self) -> list[str]:
        """All keys that get a value."""
        return list(self.together) if self.together is not None else super().targets

    @model_validator(mode="after")
    def _check(self) -> Axis:
        ranged = [name for name, value in (("from", self.start), ("to", self.stop), ("count", self.count)) if value is not None]
        forms = [name for name, there in (("values", self.values), ("from", ranged), ("zip", self.together)) if there]
        if len(forms) != 1:
            given = " and ".join(forms) if forms else "nothing"
            raise_problems([Problem((), f"has {given}; needs one of values, from/to/count, or zip")])
        if ranged and len(ranged) < 3:
            missing = [name for name in ("from", "to", "count") if name not in ranged]
            raise_problems([Problem((), f"a range also needs {' and '.join(missing)}")])
        if self.together is None:
            raise_problems(self.target_problems())
            return self
        lengths = {key: len(values) for key, values in self.together.items()}
        if self.key is not None or self.keys is not None:
            raise_problems([Problem((), "zip names its keys itself; leave out key and keys")])
        if len(set(lengths.values())) > 1 or 0 in lengths.values():
            said = ", ".join(f"{key} has {count}" for key, count in lengths.items())
            raise_problems([Problem(("zip",), f"all keys need the same number of values, at least one; {said}")])
        return self


class SampleParameter(_Varied):
    """One dimension of a sample."""

    @model_validator(mode="after")
    def _check(self) -> SampleParameter:
        missing = [name for name, value in (("from", self.start), ("to", self.stop)) if value is None]
        if missing:
            raise_problems([Problem((), f"needs from and to; {' and '.join(missing)} not given")])
        raise_problems(self.target_problems())
        return self


class Sample(Model):
    """Points that fill a space of parameters."""

    method: Annotated[
        Literal["latin_hypercube", "sobol", "sensitivity"],
        Field(
            description="Latin hypercube; Sobol' sequence; or the design of a sensitivity analysis: Sobol' indices if `count` "
            "runs suffice for them, elementary effects (Morris) otherwise."
        ),
    ] = "latin_hypercube"
    count: Annotated[int, Field(ge=2, le=1_000_000, description="Number of points; of a sensitivity analysis at most so many.")]
    seed: Annotated[int, Field(ge=0, description="Of the random numbers of the sample.")] = 0
    parameters: Annotated[dict[str, SampleParameter], Field(min_length=1, description="Name to what is varied.")]

    @model_validator(mode="after")
    def _check(self) -> Sample:
        if self.method == "sobol" and self.count & (self.count - 1):
            below = 1 << (self.count.bit_length() - 1)
            text = f"{self.count} is not allowed; a Sobol' sequence is balanced for powers of two, such as {below} or {2 * below}"
            raise_problems([Problem(("count",), text)])
        return self


class StudyFile(Model):
    """What `seix sweep` reads."""

    title: Annotated[str, Field(min_length=1, description="Title of table and figures.")]
    description: Annotated[str, Field(description="What the study is for.")] = ""
    scenario: Annotated[str, Field(min_length=1, description="Scenario that is varied, relative to this file.")]
    change: Annotated[
        dict[Key, Any], Field(alias="set", description="Key of the scenario to a value that all cases have.")
    ] = {}  # noqa: RUF012  pydantic copies defaults
    axes: Annotated[dict[str, Axis], Field(description="Name to axis; the cases are all combinations.")] = {}  # noqa: RUF012
    sample: Annotated[Sample | None, Field(description="Sample of a space of parameters, combined with the axes.")] = None
    seeds: Annotated[
        int | list[int] | None,
        Field(description="Ensemble: number of seeds, 1 and up, or a list of seeds; the scenario's own if not given."),
    ] = None
    figures: Annotated[bool, Field(description="Draw the maps of every case.")] = False
    quantities: Annotated[
        list[str], Field(description="Quantities of the report and its figures; the headlines if not given.")
    ] = []  # noqa: RUF012

    @model_validator(mode="after")
    def _check(self) -> StudyFile:
        raise_problems(seed_problems(self.seeds))
        raise_problems(self._twice())
        return self

    def _twice(self) -> list[Problem]:
        """Keys that are varied or set in two places."""
        seen: dict[str, str] = dict.fromkeys(self.change, "set")
        found = []
        parts = {f"axes.{name}": axis.targets for name, axis in self.axes.items()}
        if self.sample is not None:
            parts |= {f"sample.parameters.{name}": part.targets for name, part in self.sample.parameters.items()}
        if self.seeds is not None:
            parts["seeds"] = ["seed"]
        for place, keys in parts.items():
            for key in keys:
                if key in seen:
                    found.append(Problem(tuple(place.split(".")), f"varies '{key}', and so does {seen[key]}; keep one"))
                seen[key] = place
        names = set(self.axes) & set(self.sample.parameters if self.sample else ())
        for place, part in (("axes", self.axes), ("sample.parameters", self.sample.parameters if self.sample else {})):
            for name in set(part) & RESERVED:
                found.append(Problem((*place.split("."), name), "is a column of the table; choose another name", at_key=True))
        found += [Problem(("axes", name), "an axis and a parameter of the sample have this name; rename one") for name in names]
        return found

    @property
    def varied(self) -> set[str]:
        """Keys of the scenario that differ between cases."""
        parts = [*self.axes.values(), *(self.sample.parameters.values() if self.sample else ())]
        return {key for part in parts for key in part.targets} | ({"seed"} if self.seeds is not None else set())

    @property
    def seed_list(self) -> list[int]:
        """Seeds of the ensemble; empty for the scenario's own."""
        return listed(self.seeds)


def seed_problems(seeds: int | list[int] | None) -> list[Problem]:
    """What is wrong with the entry `seeds` of a file: a number of seeds, or a list of them."""
    if isinstance(seeds, int) and seeds < 1:
        return [Problem(("seeds",), f"{seeds} is not allowed; must be at least 1, or a list of seeds")]
    if isinstance(seeds, list) and (len(set(seeds)) != len(seeds) or not seeds or min(seeds) < 0):
        return [Problem(("seeds",), "a list of seeds needs different whole numbers from 0")]
    return []


def listed(seeds: int | list[int] | None) -> list[int]:
    """The seeds that such an entry stands for; none for the scenario's own."""
    if seeds is None:
        return []
    return list(range(1, seeds + 1)) if isinstance(seeds, int) else seeds


def study_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a study file as plain data."""
    return file_schema(StudyFile, "seix study", "Input of seix sweep.")


def file_schema(kind: type[Model], title: str, description: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of files of a model."""
    about = {"title": title, "description": f"{description} Quantities are text with a unit, such as '40 nm'."}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | kind.model_json_schema(by_alias=True) | about
