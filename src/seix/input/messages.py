"""Pydantic's errors as sentences for people: what is wrong; what is allowed."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from seix.input.hints import hint
from seix.input.types import Model, Problem, did_you_mean, model_of
from seix.input.words import shown
from seix.scenario import UNIONS, Scenario

FILE_KEYS = ("extends", "variants")
"""Keys a file has besides those of the scenario."""

_EXPECTED = {
    "string_type": "expected text",
    "int_type": "expected a whole number",
    "int_from_float": "expected a whole number",
    "float_type": "expected a number",
    "finite_number": "expected a finite number",
    "bool_type": "expected true or false",
    "list_type": "expected a list such as [1, 2]",
    "dict_type": "expected a mapping such as {name: value}",
    "string_too_short": "expected some text",
}
_LENGTHS = {"too_short": ("at least", "min_length"), "too_long": ("at most", "max_length")}
_COMPARISONS = {
    "greater_than": ("greater than", "gt"), "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"), "less_than_equal": ("at most", "le"),
}  # fmt: skip


def problems(error: ValidationError, root: type[Model] = Scenario, given: Any = None) -> Iterator[Problem]:
    """The problems of a validation error of a model of a whole file, with paths as written in the file.

    Parameters
    ----------
    error : pydantic.ValidationError
    root : type
        The model.
    given : mapping, optional
        What was validated; a misplaced key of a scenario is then told where it belongs.
    """
    for one in error.errors(include_url=False):
        loc = one["loc"]
        path = _written_path(loc) if root is Scenario else tuple(key for key in loc if key != "[key]")
        if one["type"] == "problems":
            for problem in one["ctx"]["problems"]:
                yield Problem((*path, *problem.path), problem.text, problem.at_key, problem.impossible)
        elif one["type"] == "extra_forbidden":
            yield Problem(path, _unknown_key(loc, root, given), at_key=True)
        elif one["type"] == "missing":
            yield Problem(path, f"is missing; needed: {_description(loc, root)}", at_key=True)
        elif one["type"] in ("union_tag_invalid", "union_tag_not_found"):
            yield _wrong_form(path, one)
        else:
            yield Problem(path, _sentence(one, loc, root), at_key=loc[-1:] == ("[key]",))


def _written_path(loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Pydantic's location without the tag of the chosen form and without its mark for dictionary keys."""
    if loc and loc[0] in UNIONS:
        loc = (loc[0], *loc[2:])
    return tuple(key for key in loc if key != "[key]")


def _sentence(one: Any, loc: tuple[str | int, ...], root: type[Model]) -> str:
    kind, given = one["type"], one["input"]
    if "text" in one.get("ctx", {}):
        return one["ctx"]["text"]
    what = {dict: "a mapping", list: "a list"}.get(type(given), f"'{shown(given)}'")
    if kind in _COMPARISONS:
        words, key = _COMPARISONS[kind]
        bound = one["ctx"][key]
        number = str(bound) if isinstance(bound, int) else f"{bound:g}"
        return f"{shown(given)} is not allowed; must be {words} {number}"
    if kind in _LENGTHS:
        words, key = _LENGTHS[kind]
        bound = one["ctx"][key]
        return f"{what} is not allowed; expected {words} {'one entry' if bound == 1 else f'{bound} entries'}"
    if kind in ("model_type", "model_attributes_type"):
        names = _fields(loc, root) if root is not Scenario or loc[-1] not in UNIONS else [UNIONS[str(loc[-1])][0], "..."]
        return f"{what} is not a mapping; expected the keys {', '.join(names)}"
    if kind == "literal_error":
        allowed = [word.strip("'") for word in one["ctx"]["expected"].replace(" or ", ", ").split(", ")]
        hint = did_you_mean(given, allowed) if isinstance(given, str) else ""
        return f"{what} is not allowed;{hint} allowed: {', '.join(allowed)}"
    if kind in _EXPECTED:
        return f"{what} is not allowed; {_EXPECTED[kind]}"
    return f"{what} is not allowed; {one['msg']}"


def _wrong_form(path: tuple[str | int, ...], one: Any) -> Problem:
    key, forms = UNIONS[str(path[0])]
    allowed = f"allowed: {', '.join(forms)}"
    if one["type"] == "union_tag_not_found":
        return Problem((*path, key), f"is missing; {allowed}", at_key=True)
    given = one["input"][key]
    return Problem((*path, key), f"unknown {key} '{shown(given)}';{did_you_mean(given, forms)} {allowed}")


def model_at(loc: tuple[str | int, ...], root: type[Model] = Scenario) -> type[Model] | None:
    """The model that validates the mapping at a location, if it is one."""
    model: type[Model] | None = root
    keys = iter(loc)
    for key in keys:
        if isinstance(key, int):
            continue
        if model is None or key not in model.model_fields:
            return None
        if model is Scenario and key in UNIONS:
            model = UNIONS[key][1].get(str(next(keys, "")))
            continue
        annotation = model.model_fields[key].annotation
        model = model_of(annotation)
        if typing.get_origin(annotation) is dict and model is not None and next(keys, None) is None:
            return None  # the mapping of names itself
    return model


def _fields(loc: tuple[str | int, ...], root: type[Model]) -> list[str]:
    model = model_at(loc, root)
    names = [field.alias or name for name, field in model.model_fields.items()] if model else []
    return [*names, *FILE_KEYS] if model is Scenario else names


def _unknown_key(loc: tuple[str | int, ...], root: type[Model], given: Any) -> str:
    allowed, key = _fields(loc[:-1], root), str(loc[-1])
    section = ".".join(str(part) for part in _written_path(loc)[:-1] if not isinstance(part, int))
    where = hint(key, section, allowed, given) if root is Scenario else did_you_mean(key, allowed)
    return f"unknown key;{where} allowed: {', '.join(allowed)}"


def _description(loc: tuple[str | int, ...], root: type[Model]) -> str:
    model = model_at(loc[:-1], root)
    about = model.model_fields[str(loc[-1])].description if model else None
    return (about or str(loc[-1])).rstrip(".")
