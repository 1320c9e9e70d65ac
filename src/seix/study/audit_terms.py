"""What an audit file gives for a claim: terms of its formula, what was published, and thresholds of our own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field, model_validator

from ..input.types import Model, Problem, did_you_mean, raise_problems
from ..units import UnitError, parse_any
from .formula import CONSTANTS, Formula, FormulaError

Number = str | int | float
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
"""Of calibrations, studies, models, claims and the terms of formulas: folders, columns and names in formulas are called so."""


def parsed(value: Number) -> tuple[float, tuple]:
    """SI value and exponents of the base units of a number as written."""
    return parse_any(value if isinstance(value, str) else repr(value))


def number_problems(value: Number | None, *path: str | int) -> Iterator[Problem]:
    """What is wrong with a number as written; None is not."""
    if value is not None:
        try:
            parsed(value)
        except UnitError as error:
            yield Problem(path, str(error))


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
        found = list(number_problems(self.constant, "constant"))
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
        found = [p for name in ("below", "above") for p in number_problems(getattr(self, name), name)]
        found += [p for k, end in enumerate(self.window or []) for p in number_problems(end, "window", k)]
        found += [p for name, number in self.numbers.items() for p in number_problems(number, "numbers", name)]
        if self.numbers and self.value is None:
            found.append(Problem(("numbers",), "no value is made of them", at_key=True))
        elif self.numbers:
            found += formula_problems(str(self.value), self.numbers, "value")
        else:
            found += number_problems(self.value, "value")
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


class Threshold(Model):
    """A number of our own for words that come without one."""

    below: Annotated[Number | None, Field(description="The claim holds if the value is less than this.")] = None
    above: Annotated[Number | None, Field(description="The claim holds if the value is more than this.")] = None
    because: Annotated[str, Field(min_length=1, description="Where the number comes from.")]

    @model_validator(mode="after")
    def _check(self) -> Threshold:
        given = [name for name in ("below", "above") if getattr(self, name) is not None]
        if len(given) != 1:
            raise_problems([Problem((), f"has {' and '.join(given) or 'nothing'}; needs either below or above")])
        raise_problems(list(number_problems(getattr(self, given[0]), given[0])))
        return self
