"""The typed audit file: what is calibrated, which studies are computed with it, and which claims they are held against."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from ..input.types import Model, Problem, did_you_mean, raise_problems
from ..units import UnitError, parse_any
from .audit_terms import Name, Number, Paper, Term, Threshold, formula_problems, number_problems, parsed
from .schema import Key, file_schema


def _short(key: str) -> Callable[[Any], Any]:
    """What is written as a bare text or number stands for a mapping with one key."""
    return lambda value: value if isinstance(value, dict | Model) or value is None else {key: value}


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


class Claim(Model):
    """A statement, what was published for it, and how the model answers it."""

    statement: Annotated[str, Field(min_length=1, description="The claim in a sentence.")]
    paper: Annotated[Paper | None, Field(description="What was published; not with `same_as`.")] = None
    threshold: Annotated[
        Threshold | None, Field(description="Our number, where the paper has words only; never shown as published.")
    ] = None
    formula: Annotated[str | None, Field(description="Arithmetic on the terms, such as `a / b`.")] = None
    where: Annotated[
        dict[Name, Annotated[Term, BeforeValidator(_short("constant"))]], Field(description="Name in the formula to what it is.")
    ] = {}  # noqa: RUF012
    unit: Annotated[str, Field(description="In which it is shown.")] = "1"
    models: Annotated[list[str], Field(description="Models that answer, one row of the table each.")] = []  # noqa: RUF012
    at: Annotated[dict[str, Number], Field(description="Axis of the ensemble to its value, as written.")] = {}  # noqa: RUF012
    neutral: Annotated[
        Number | None,
        Field(description="The value of no effect of a ratio or difference: the sign of a published value is its side of this."),
    ] = None
    unlike: Annotated[
        Number | None,
        Field(description="For a single value in place of `neutral`: a value from which a prediction has to be told."),
    ] = None
    order: Annotated[
        str | None, Field(description="With `unlike`: the claim that compares both structures, whose order is the trend.")
    ] = None
    missing: Annotated[
        dict[Name, Annotated[str, Field(min_length=1)]],
        Field(description="Model to the cause given in the paper that this model lacks: it cannot contradict."),
    ] = {}  # noqa: RUF012
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

    @property
    def compares(self) -> bool:
        """Whether it is an effect or a published order of computed values of two structures."""
        ordered = self.paper is not None and not (self.paper.below is self.paper.above is None)
        structures = {term.structure for term in self.where.values() if term.quantity is not None}
        return (ordered or self.neutral is not None) and len(structures) > 1

    @model_validator(mode="after")
    def _check(self) -> Claim:
        if self.out_of_reach is not None:
            names = ("formula", "where", "models", "at", "same_as", *_JUDGED)
            raise_problems(self._idle(*names, because="out_of_reach"))
            if self.paper is None:
                raise_problems([Problem((), "needs paper: what was published")])
            return self
        if self.formula is None:
            raise_problems([Problem((), "needs a formula, or out_of_reach with the reason")])
        found = list(formula_problems(self.formula, self.where, "formula"))
        found += [*number_problems(self.neutral, "neutral"), *number_problems(self.unlike, "unlike")]
        try:
            parse_any(f"1 {self.unit}" if self.unit != "1" else "1")
        except UnitError as error:
            found.append(Problem(("unit",), str(error)))
        if (self.paper is None) == (self.same_as is None):
            found.append(Problem((), "needs either paper or same_as"))
        idle = ("models", "at", *_JUDGED[1:])
        found += self._model_problems() if self.asks_model else self._idle(*idle, because="no term of the model")
        raise_problems(found)
        return self

    def _model_problems(self) -> list[Problem]:
        found = [] if self.models else [Problem((), "needs models, which say what computes its terms")]
        if self.same_as is not None:
            found.append(Problem(("same_as",), "is for published numbers alone; terms of this claim are computed", at_key=True))
        if self.paper is not None:
            found += self._bound_problems(self.paper)
        found += _idle_of(self.order is not None and self.unlike is None, "order", "belongs to a single value, with unlike")
        unknown = [name for name in self.missing if name not in self.models]
        return found + [Problem(("missing", name), "no model of this claim", at_key=True) for name in unknown]

    def _bound_problems(self, paper: Paper) -> list[Problem]:
        """Published values need what they are told from, and nothing else may have it."""
        valued, ordered = not (paper.value is paper.window is None), not (paper.below is paper.above is None)
        given = [name for name in ("neutral", "unlike", "threshold") if getattr(self, name) is not None]
        if ordered:
            return [Problem((name,), "below and above say it already; leave it out", at_key=True) for name in given]
        if not valued and self.threshold is None:
            text = "needs a value, window, below or above to hold the computed value against, or the claim a threshold of our own"
            return [Problem(("paper",), text)]
        if not valued:
            idle = [name for name in given if name != "threshold"]
            return [Problem((name,), "the threshold says it already; leave it out", at_key=True) for name in idle]
        if given == ["neutral"]:
            return self._neutral_problems()
        text = "neutral, the value of no effect, which gives the published value its sign; or for a single value unlike"
        return [] if given == ["unlike"] else [Problem((), f"has {' and '.join(given) or 'neither'}; needs {text}")]

    def _neutral_problems(self) -> list[Problem]:
        """A value with a unit of one structure lies on the published side of nearly any number: that is no effect."""
        structures = {term.structure for term in self.where.values() if term.quantity is not None}
        try:
            single = len(structures) < 2 and parsed(self.neutral)[1] != parsed(1)[1]
        except UnitError:  # said elsewhere
            return []
        text = "a value with a unit of one structure has no value of no effect; write unlike, and order for a comparison"
        return _idle_of(single, "neutral", text)

    def _idle(self, *names: str, because: str) -> list[Problem]:
        given = [name for name in names if getattr(self, name) not in (None, {}, [])]
        return [Problem((name,), f"has no effect with {because}; leave it out", at_key=True) for name in given]


_JUDGED = ("neutral", "unlike", "order", "missing", "threshold")
"""Keys of a claim that say how its computed value is judged."""


def _idle_of(wrong: bool, name: str, text: str) -> list[Problem]:
    return [Problem((name,), text, at_key=True)] * wrong


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
            found += _unknown(("claims", name, "order"), "claim", claim.order, self.claims)
            other = self.claims.get(claim.order) if claim.order else None
            if other is not None and not (other.compares and set(claim.models) <= set(other.models)):
                text = f"{claim.order} is no comparison with an effect or order that the same models answer"
                found.append(Problem(("claims", name, "order"), text))
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
