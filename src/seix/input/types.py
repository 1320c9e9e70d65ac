"""Field types of the scenario models: quantities with units, ratios, names; and errors about several keys.

A quantity is written with its unit in YAML and is an SI float afterwards. In Python, where no text is parsed,
a plain float is SI already, so that ``Scenario.model_validate(scenario.model_dump())`` is the identity.
"""

from __future__ import annotations

import difflib
import functools
import math
import types
import typing
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from seix.input.words import shown
from seix.units import DIMENSIONS, UnitError, parse_quantity

WRITTEN = "written"
"""Validation context key: true while a file is read, where a bare number for a quantity is an error."""

_QUANTITY_PATTERN = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*[^\s\d].*$"


class Model(BaseModel):
    """Base of all scenario parts: unknown keys are errors, values are fixed, types are strict."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def model_of(annotation: Any) -> type[Model] | None:
    """The one model inside ``X``, ``X | None``, ``list[X]`` or ``Annotated[X, ...]``."""
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return annotation if issubclass(annotation, Model) else None
    found = (model_of(inner) for inner in typing.get_args(annotation))
    return next((model for model in found if model is not None), None)


@dataclass(frozen=True)
class Problem:
    """Something wrong at a key.

    Attributes
    ----------
    path : tuple of str or int
        Keys from the top of the scenario (or from the model that reports it) to the offending one.
    text : str
        ``what is wrong; what is allowed``.
    at_key : bool
        True if the key itself is the problem, false if its value is.
    impossible : bool
        True if the scenario is well-formed but no geometry is like this.
    """

    path: tuple[str | int, ...]
    text: str
    at_key: bool = False
    impossible: bool = False


def raise_problems(problems: Iterable[Problem]) -> None:
    """Raise one validation error that carries all `problems`, with paths relative to the validated model."""
    found = tuple(problems)
    if found:
        lines = " | ".join(f"{'.'.join(map(str, p.path))}: {p.text}" for p in found)
        raise PydanticCustomError("problems", "{lines}", {"lines": lines, "problems": found})


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`` did you mean 'x'?`` with a leading blank, or nothing when no known name is near."""
    lower = {k.lower(): k for k in known}
    match = difflib.get_close_matches(shown(name).lower(), lower, n=1, cutoff=0.6)
    return f" did you mean '{lower[match[0]]}'?" if match else ""


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """Message for a name that is not in a list: did-you-mean and everything allowed."""
    names = list(known)
    return f"unknown {what} '{shown(name)}';{did_you_mean(name, names)} allowed: {', '.join(names)}"


def to_si(value: Any, dimension: str, written: bool) -> float:
    """SI float from what stands in a file (text with unit) or what Python code gives (float, already SI).

    Raises
    ------
    UnitError
        With ``what is wrong; what is allowed`` as its text.
    """
    expected = DIMENSIONS[dimension].expected
    if isinstance(value, str):
        return parse_quantity(value, dimension)
    if isinstance(value, bool) or not isinstance(value, int | float):
        kind = {dict: "a mapping", list: "a list", type(None): "nothing"}.get(
            type(value), f"'{shown(value)}'"
        )
        raise UnitError(f"{kind} is not a quantity; {expected}")
    try:
        finite = math.isfinite(value)
    except OverflowError:  # a whole number beyond all floats
        finite = False
    if not finite:
        raise UnitError(f"'{shown(value)}' is not a finite number; {expected}")
    if written and DIMENSIONS[dimension].unit:
        raise UnitError(f"the number {value:g} has no unit; {expected}")
    return float(value)


def _is_written(info: ValidationInfo) -> bool:
    return bool(info.context and info.context.get(WRITTEN))


def _bounds(
    gt: float | None, ge: float | None, lt: float | None, le: float | None, unit: str, words: str | None
):
    """Check of a range whose message has units; and the words for the JSON Schema description."""
    rules = [(gt, "greater than", lambda v, b: v > b), (ge, "at least", lambda v, b: v >= b),
             (lt, "less than", lambda v, b: v < b), (le, "at most", lambda v, b: v <= b)]  # fmt: skip
    active = [(bound, words, holds) for bound, words, holds in rules if bound is not None]
    words = words or " and ".join(f"{w} {b:.6g}{' ' * bool(unit)}{unit}" for b, w, _ in active)

    def check(value: float, given: Any) -> float:
        if not all(holds(value, bound) for bound, _, holds in active):
            raise PydanticCustomError(
                "range", "{text}", {"text": f"{shown(given)} is not allowed; must be {words}"}
            )
        return value

    return check, words


def quantity(
    dimension: str, *, gt: float | None = None, ge: float | None = None, lt: float | None = None,
    le: float | None = None, word: str | tuple[str, ...] = (), words: str | None = None,
) -> Any:  # fmt: skip
    """Annotated type of a quantity of a dimension of `seix.units.DIMENSIONS`, bounds in SI.

    Parameters
    ----------
    word : str or tuple of str, optional
        Texts that stand for themselves instead of a quantity, such as ``free``; kept as text.
    words : str, optional
        The bounds in words, where another unit than SI reads better.
    """
    check, words = _bounds(gt, ge, lt, le, DIMENSIONS[dimension].unit, words)
    texts = (word,) if isinstance(word, str) else word

    def convert(value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, str) and value in texts:
            return value
        try:
            si = to_si(value, dimension, _is_written(info))
        except UnitError as error:
            also = "".join(f", or '{text}'" for text in texts)
            raise PydanticCustomError("quantity", "{text}", {"text": f"{error}{also}"}) from None
        return check(si, value)

    schema = _json_schema(dimension, texts, words)
    kind: Any = float | str if texts else float
    return Annotated[kind, BeforeValidator(convert), WithJsonSchema(schema)]


def _json_schema(dimension: str, texts: tuple[str, ...], words: str) -> dict[str, Any]:
    about = DIMENSIONS[dimension]
    if about.unit:
        schema: dict[str, Any] = {"type": "string", "pattern": _QUANTITY_PATTERN}
        schema |= {"examples": [about.example], "x-unit": about.unit}
    else:
        percent = {"type": "string", "pattern": r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*%\s*$"}
        schema = {"anyOf": [{"type": "number"}, percent], "examples": [0.2, "20 %"]}
    if words:
        schema["x-allowed"] = words
    return {"anyOf": [*({"const": text} for text in texts), schema]} if texts else schema


# beyond, the mesher has no digits left beside a grain; and such a number is a wrong unit
LONGEST = 1e-3
"""Largest length of a scenario [m]."""
Length = quantity("length", ge=1e-15, le=LONGEST, words="between 1 fm and 1 mm")
Fraction = quantity("ratio", gt=0, le=1)


@functools.cache
def material_names() -> tuple[str, ...]:
    """Names of all materials: one per record file, so that no record is read to check a name."""
    folder = resources.files("seix") / "materials"
    return tuple(sorted(p.name.removesuffix(".yaml") for p in folder.iterdir() if p.name.endswith(".yaml")))


def _known_material(name: str) -> str:
    if name not in material_names():
        text = unknown("material", name, material_names())
        raise PydanticCustomError("material", "{text}", {"text": text})
    return name


MaterialName = Annotated[str, AfterValidator(_known_material)]


def _option(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        text = (
            f"'{shown(value)}' is not an option value; expected text or a number, flags as 'true' in quotes"
        )
        raise PydanticCustomError("option", "{text}", {"text": text})
    return value


OptionValue = Annotated[str | int | float, BeforeValidator(_option)]
