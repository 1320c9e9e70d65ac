"""Where a key that stands in the wrong place, or is misspelt, belongs."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from seix.input.types import Model, did_you_mean, model_of
from seix.input.words import shown
from seix.scenario import UNIONS, Scenario

SURE = 0.8
"""Likeness from which a key of the same section is meant, whatever other sections have."""
LIKE = 0.8
"""Likeness from which a key of another section may be meant: there are many of them."""
PLACES = 3
"""Most sections that are named."""


def hint(key: str, section: str, allowed: Iterable[str], given: Any) -> str:
    """`` did you mean ...?`` with a leading blank, or nothing.

    Parameters
    ----------
    key : str
        That is not known where it stands.
    section : str
        Where that is: names of the sections with dots between, empty at the top.
    allowed : iterable of str
        Keys that can stand there.
    given : mapping or anything else
        The scenario as written, which says what form its sections have.
    """
    near, lower = did_you_mean(key, allowed), shown(key).lower()
    if near and difflib.SequenceMatcher(None, near.split("'")[1].lower(), lower).ratio() >= SURE:
        return near
    elsewhere: dict[str, list[tuple[str, bool]]] = {}
    for name, place, there in _keys(Scenario, (), given):
        if place != section:
            elsewhere.setdefault(name, []).append((place, there))
    same = [name for name in elsewhere if name.lower() == lower]
    like = same or ([] if near else difflib.get_close_matches(lower, elsewhere, n=1, cutoff=LIKE))
    if not like:
        return near
    places = elsewhere[like[0]]
    places = [place for place, there in places if there] or [place for place, _ in places]
    places.sort(key=lambda place: place.count("."))
    words = dict.fromkeys(f"in {place}" if place else "at the top level" for place in places)
    return f" did you mean '{like[0]}' {' or '.join(list(words)[:PLACES])}?"


def _keys(model: type[Model], path: tuple[str, ...], given: Any) -> Iterator[tuple[str, str, bool]]:
    """All keys of a scenario, the sections they stand in, and whether these are given.

    Of a section in several forms those of the chosen one, or all.
    """
    for name, field in model.model_fields.items():
        yield field.alias or name, ".".join(path), given is not None
        inner = given.get(name) if isinstance(given, Mapping) else None
        for below in _forms(name, inner) if model is Scenario and name in UNIONS else [model_of(field.annotation)]:
            if below is not None:
                yield from _keys(below, (*path, name), inner)


def _forms(name: str, given: Any) -> list[type[Model]]:
    """The form that a section has, or all that it may have."""
    key, forms = UNIONS[name]
    chosen = forms.get(str(given.get(key))) if isinstance(given, Mapping) else None
    return [chosen] if chosen else list(forms.values())
