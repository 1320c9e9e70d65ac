"""The typed audit file: what is calibrated, which studies are computed with it, and which claims they are held against."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from ..input.types import Model, Problem, did_you_mean, raise_problems
from ..units import UnitError, parse_any
from .formula import CONSTANTS, Formula, FormulaError
from .schema import Key, file_schema

Number = str | int | float
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
"""Of calibrations, studies, models, claims and the terms of formulas: folders, columns and names in formulas are called so."""


def parsed(value: Number) -> tuple[float, tuple]:
    """SI value and exponents of the base units of a number as written."""
    return parse_any(value if isinstance(value, str) else repr(value))


def _short(key: str) -> Callable[[Any], Any]:
    """What is written as a bare text or number stands for a mapping with one key."""
    return lambda value: value if isinstance(value, dict | Model) or value is None else {key: value}


def _number_problems(value: Number | None, *path: str | int) -> Iterator[Problem]:
    if value is not None:
        try:
            parsed(value)
        except UnitError as error:
            yield Problem(path, str(error))


class Part(Model):
    """A study document that the audit computes."""

    file: Annotated[str, Field(min_length=1, description="Study file, relative to this file.")]
    change: Annotated[
        dict[Key, Any], Field(alias="set", description="Key of the scenario to a value of all its cases, laid over the document.")
    ] = {}  # noqa: RUF012  pydantic copies defaults


class SampledModel(Model):
    """Studies that together answer a claim: an ensemble over seeds with frozen values, and a sample of the material ranges."""

    label: Annotated[str, Field(min_length=1, description="In tables, such as `in the plane`.")]
    ensemble: Annotated[str, Field(description="Study with the calibrated values and several seeds.")]
    ranges: Annotated[str | None, Field(description="Study with a sample of the material ranges.")] = None
    reference: Annotated[
        str | None,
        Field(description="Ensemble that `ranges` varies, if that is not `ensemble`: its relative effect is taken over."),
    ] = None

    @model_validator(mode="after")
    def _check(self) -> SampledModel:
        if self.reference is not None and self.ranges is None:
            raise_problems([Problem(("reference",), "has no effect without ranges", at_key=True)])
        return self


class Term(Model):
    """What a name of a formula stands for."""

    constant: Annotated[Number | None, Field(description="A number with its unit; the bare text stands for it.")] = None
    quantity: Annotated[str | None, Field(description="Name as in `quantities.json`, without the structure.")] = None
    structure: Annotated[str | None, Field(description="Variant of a comparison.")] = None
    current_multiple: Annotated[float | None, Field(gt=0, description="I/I0; the first of the scenario if not given.")] = None
    slope: Annotated[bool, Field(description="The slope of the quantity over I/I0 in place of its value.")] = False
    key: Annotated[str | None, Field(description="Key of the scenario, such as `sei.thickness`.")] = None
    material: Annotated[str | None, Field(description="Record of which `property` is taken.")] = None
    property: Annotated[str | None, Field(description="Property of `material` at the temperature of the scenario.")] = None

    @model_validator(mode="after")
    def _check(self) -> Term:
        forms = {"constant": self.constant, "quantity": self.quantity, "key": self.key, "material": self.material}
        given = [name for name, value in forms.items() if value is not None]
        if len(given) != 1:
            had = " and ".join(given) or "nothing"
            raise_problems([Problem((), f"has {had}; needs one of a number, quantity, key, or material with property")])
        found = list(_number_problems(self.constant, "constant"))
        if (self.material is None) != (self.property is None):
            found.append(Problem((), "needs both material and property"))
        if self.quantity is None:
            extra = {"structure": self.structure, "current_multiple": self.current_multiple, "slope": self.slope or None}
            given = [name for name, value in extra.items() if value is not None]
            found += [Problem((name,), "belongs to a quantity", at_key=True) for name in given]
        if self.slope and self.current_multiple is not None:
            found.append(Problem(("current_multiple",), "a slope is that over all currents; leave it out", at_key=True))
        raise_problems(found)
        return self


class Paper(Model):
    """What was published."""

    source: Annotated[str, Field(min_length=1, description="Where it stands.")]
    text: Annotated[str | None, Field(description="In the words of a table; the numbers if not given.")] = None
    value: Annotated[Number | None, Field(description="A number with its unit, or a formula of `numbers`.")] = None
    numbers: Annotated[dict[Name, Number], Field(description="Name in `value` to a number with its unit.")] = {}  # noqa: RUF012
    window: Annotated[list[Number] | None, Field(min_length=2, max_length=2, description="Ends between which it lies.")] = None
    below: Annotated[Number | None, Field(description="Only that it is less than this.")] = None
    above: Annotated[Number | None, Field(description="Only that it is more than this.")] = None

    @property
    def formula(self) -> Formula | None:
        """`value` as a formula, where it is one."""
        return Formula(str(self.value)) if self.numbers else None

    @model_validator(mode="after")
    def _check(self) -> Paper:
        forms = ("value", "window", "below", "above")
        given = [name for name in forms if getattr(self, name) is not None]
        if len(given) > 1 or (not given and self.text is None):
            raise_problems([Problem((), f"has {' and '.join(given) or 'nothing'}; needs one of {', '.join(forms)}, or text")])
        found = [p for name in ("below", "above") for p in _number_problems(getattr(self, name), name)]
        found += [p for k, end in enumerate(self.window or []) for p in _number_problems(end, "window", k)]
        found += [p for name, number in self.numbers.items() for p in _number_problems(number, "numbers", name)]
        if self.numbers and self.value is None:
            found.append(Problem(("numbers",), "no value is made of them", at_key=True))
        elif self.numbers:
            found += formula_problems(str(self.value), self.numbers, "value")
        else:
            found += _number_problems(self.value, "value")
        raise_problems(found)
        return self


def formula_problems(text: str, terms: dict[str, Any], *path: str) -> Iterator[Problem]:
    """What is wrong with a formula and the names it is given."""
    try:
        names = Formula(text).names
    except FormulaError as error:
        yield Problem(path, str(error))
        return
    unknown = [name for name in names if name not in terms]
    for name in unknown:
        known = did_you_mean(name, [*terms, *CONSTANTS])
        yield Problem(path, f"'{name}' stands for nothing;{known} given are {', '.join(terms) or 'none'}")
    if (idle := [name for name in terms if name not in names]) and not unknown:
        yield Problem(path, f"does not use {', '.join(idle)}; leave out what has no effect")


class Claim(Model):
    """A statement, what was published for it, and how the model answers it."""

    statement: Annotated[str, Field(min_length=1, description="The claim in a sentence.")]
    paper: Annotated[Paper | None, Field(description="What was published; not with `same_as`.")] = None
    formula: Annotated[str | None, Field(description="Arithmetic on the terms, such as `a / b`.")] = None
    where: Annotated[
        dict[Name, Annotated[Term, BeforeValidator(_short("constant"))]], Field(description="Name in the formula to what it is.")
    ] = {}  # noqa: RUF012
    unit: Annotated[str, Field(description="In which it is shown.")] = "1"
    models: Annotated[list[str], Field(description="Models that answer, one row of the table each.")] = []  # noqa: RUF012
    at: Annotated[dict[str, Number], Field(description="Axis of the ensemble to its value, as written.")] = {}  # noqa: RUF012
    neutral: Annotated[
        Number | None, Field(description="The value of no effect: the sign of a published value is its side of this.")
    ] = None
    scale: Annotated[Literal["log", "linear"], Field(description="`log` for ratios and what is known to a factor.")] = "log"
    same_as: Annotated[str | None, Field(description="Another claim, with whose published value this one has to agree.")] = None
    within: Annotated[float, Field(gt=1, description="Factor within which two published values agree (`same_as`).")] = 2.0
    out_of_reach: Annotated[
        str | None, Field(min_length=1, description="Why no quantity of the model corresponds; instead of a formula.")
    ] = None
    note: Annotated[str, Field(description="What has to be known to read the row.")] = ""

    @property
    def asks_model(self) -> bool:
        """Whether its value depends on computed quantities or on the scenario."""
        return any(term.constant is None for term in self.where.values())

    @model_validator(mode="after")
    def _check(self) -> Claim:
        if self.out_of_reach is not None:
            raise_problems(self._idle("formula", "where", "models", "at", "neutral", "same_as", because="out_of_reach"))
            if self.paper is None:
                raise_problems([Problem((), "needs paper: what was published")])
            return self
        if self.formula is None:
            raise_problems([Problem((), "needs a formula, or out_of_reach with the reason")])
        found = list(formula_problems(self.formula, self.where, "formula"))
        found += _number_problems(self.neutral, "neutral")
        try:
            parse_any(f"1 {self.unit}" if self.unit != "1" else "1")
        except UnitError as error:
            found.append(Problem(("unit",), str(error)))
        if (self.paper is None) == (self.same_as is None):
            found.append(Problem((), "needs either paper or same_as"))
        found += self._model_problems() if self.asks_model else self._idle("models", "at", because="no term of the model")
        raise_problems(found)
        return self

    def _model_problems(self) -> list[Problem]:
        found = [] if self.models else [Problem((), "needs models, which say what computes its terms")]
        if self.same_as is not None:
            found.append(Problem(("same_as",), "is for published numbers alone; terms of this claim are computed", at_key=True))
        paper = self.paper
        if paper is not None and paper.below is paper.above is None:
            if paper.value is paper.window is None:
                found.append(Problem(("paper",), "needs a value, window, below or above to hold the computed value against"))
            elif self.neutral is None:
                found.append(Problem((), "needs neutral: the value of no effect, which gives the published value its sign"))
        elif self.neutral is not None:
            found.append(Problem(("neutral",), "below and above say it already; leave it out", at_key=True))
        return found

    def _idle(self, *names: str, because: str) -> list[Problem]:
        given = [name for name in names if getattr(self, name) not in (None, {}, [])]
        return [Problem((name,), f"has no effect with {because}; leave it out", at_key=True) for name in given]


class AuditFile(Model):
    """What `seix audit` reads."""

    title: Annotated[str, Field(min_length=1, description="Title of table and figure.")]
    description: Annotated[str, Field(description="What is audited.")] = ""
    calibrations: Annotated[
        dict[Name, str], Field(description="Name to calibration file; each is laid over the following and over all studies.")
    ] = {}  # noqa: RUF012
    studies: Annotated[
        dict[Name, Annotated[Part, BeforeValidator(_short("file"))]], Field(description="Name to study file, or to file and set.")
    ] = {}  # noqa: RUF012
    models: Annotated[dict[Name, SampledModel], Field(description="Name to the studies that answer claims.")] = {}  # noqa: RUF012
    claims: Annotated[dict[Name, Claim], Field(min_length=1, description="Name to claim, in the order of the table.")]

    @model_validator(mode="after")
    def _check(self) -> AuditFile:
        found = []
        for name, model in self.models.items():
            for key in ("ensemble", "ranges", "reference"):
                found += _unknown(("models", name, key), "study", getattr(model, key), self.studies)
        for name, claim in self.claims.items():
            for k, model in enumerate(claim.models):
                found += _unknown(("claims", name, "models", k), "model", model, self.models)
            found += _unknown(("claims", name, "same_as"), "claim", claim.same_as, self.claims)
            other = self.claims.get(claim.same_as) if claim.same_as else None
            if other is not None and (other.paper is None or other.paper.value is None):
                text = f"{claim.same_as} has no published value to agree with"
                found.append(Problem(("claims", name, "same_as"), text))
        raise_problems(found)
        used = {getattr(model, key) for model in self.models.values() for key in ("ensemble", "ranges", "reference")}
        answered = {model for claim in self.claims.values() for model in claim.models}
        found += [Problem(("studies", name), "no model uses it", at_key=True) for name in self.studies if name not in used]
        found += [Problem(("models", name), "no claim asks it", at_key=True) for name in self.models if name not in answered]
        raise_problems(found)
        return self


def _unknown(path: tuple[str | int, ...], what: str, name: str | None, known: dict[str, Any]) -> list[Problem]:
    if name is None or name in known:
        return []
    return [Problem(path, f"unknown {what} '{name}';{did_you_mean(name, known)} given are {', '.join(known) or 'none'}")]


def audit_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of an audit file as plain data."""
    schema = file_schema(AuditFile, "seix audit", "Input of seix audit.")
    for owner, name, key in (("Claim", "where", "Term"), (None, "studies", "Part")):
        properties = (schema["$defs"][owner] if owner else schema)["properties"]
        bare = {"type": ["string", "number"] if key == "Term" else "string"}
        properties[name]["additionalProperties"] = {"anyOf": [bare, {"$ref": f"#/$defs/{key}"}]}
    return schema
