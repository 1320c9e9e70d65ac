"""Scenario files that extend another one with what a study has found."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..input.overlay import parse_overrides
from ..scenario_file import Study

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_NUMBER_AND_UNIT = re.compile(r"[0-9][0-9.eE+-]* [A-Za-z][A-Za-z0-9/^ ]*")
_WORDS = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))
"""Texts that YAML readers take for something else."""


def keys_and_values(overrides: Sequence[str]) -> dict[str, str]:
    """Texts ``key.path=value`` as a mapping."""
    return {key.strip(): value for key, _, value in (text.partition("=") for text in overrides)}


def later_wins(*groups: Sequence[str]) -> list[str]:
    """All overrides, each key once: with its last value."""
    found: dict[str, str] = {}
    for group in groups:
        found |= keys_and_values(group)
    return [f"{key}={value}" for key, value in found.items()]


def overlay(study: Study, overrides: Sequence[str]) -> dict[str, Any]:
    """Keys of a file that makes from the scenario of a study what the overrides make.

    Parameters
    ----------
    study : Study
        The scenario with the overrides applied.
    overrides : sequence of str
        ``key.path=value``.

    Returns
    -------
    dict
        Of a comparison every key stands in its variants, where it replaces what they have; a list is given as a whole.
    """
    tree: dict[str, Any] = {}
    for override in parse_overrides(overrides):
        path = override.path
        names = list(study.members)
        if study.is_comparison and path[0] == "variants":
            names, path = [str(path[1])], path[2:]
        for name in names:
            prefix = ("variants", name) if study.is_comparison else ()
            stop = next((i for i, key in enumerate(path) if isinstance(key, int)), len(path))
            _put(tree, (*prefix, *path[:stop]), _at(study.merged[name], path[:stop]))
    return tree


def _at(tree: Any, path: Sequence[Any]) -> Any:
    """Value as written; None for a key that was taken back."""
    for key in path:
        tree = tree.get(str(key)) if isinstance(tree, dict) else None
    return tree


def _put(tree: dict[str, Any], path: Sequence[Any], value: Any) -> None:
    for key in path[:-1]:
        tree = tree.setdefault(str(key), {})
    tree[str(path[-1])] = value


def scenario_text(base: Path, folder: Path, keys: dict[str, Any], comment: Sequence[str]) -> str:
    """YAML that extends a scenario.

    Parameters
    ----------
    base : Path
        Scenario that is extended.
    folder : Path
        Where the text will be a file.
    keys : dict
    comment : sequence of str
        Lines at the top.
    """
    lines = [f"# {line}".rstrip() for line in comment]
    path = os.path.relpath(os.path.realpath(base), os.path.realpath(folder))
    return "\n".join([*lines, f"extends: {json.dumps(path, ensure_ascii=False)}", *_block(keys, 0)]) + "\n"


def _block(tree: dict[str, Any], depth: int) -> list[str]:
    lines = []
    for key, value in tree.items():
        name = key if _PLAIN.fullmatch(key) and key.lower() not in _WORDS else json.dumps(key, ensure_ascii=False)
        if isinstance(value, dict) and value:
            lines += [f"{'  ' * depth}{name}:", *_block(value, depth + 1)]
        else:
            lines.append(f"{'  ' * depth}{name}: {_scalar(value)}".rstrip())
    return lines


def _scalar(value: Any) -> str:
    """Numbers, lists and texts as JSON, which is YAML; plain words and quantities without quotes."""
    if value is None:
        return ""
    if isinstance(value, str):
        word = _PLAIN.fullmatch(value) and value.lower() not in _WORDS
        if word or _NUMBER_AND_UNIT.fullmatch(value):
            return value
    return json.dumps(value, ensure_ascii=False)
