"""From a scenario file to validated scenarios: base file, overlay, variants and ``--set`` merged.

A later layer wins: base file, file, variant, ``--set key=value``, ``--set variants.name.key=value``. Mappings
are merged key by key, lists and scalars are replaced, a key without a value is taken back. Every key keeps
the place where it was written, and all problems of all variants are reported at once.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from seix.errors import GeometryError, InputError
from seix.input import messages
from seix.input.needs import (
    comparison_problems,
    idle_options,
    idle_overrides,
    missing_properties,
    refused_options,
    used_properties,
)
from seix.input.overlay import Override, assign, parse_overrides, reshape
from seix.input.reading import read_yaml
from seix.input.tree import Node, Place, merge, without_empty
from seix.input.types import WRITTEN, Problem, did_you_mean
from seix.input.words import printable, shown
from seix.materials import MaterialLibrary
from seix.scenario import Scenario

STUDY_KEY, CALIBRATION_KEY = "scenario", "measurements"
"""Key of studies and calibrations that no scenario has."""
AUDIT_KEY = "claims"
"""Likewise of audits."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class Study:
    """One scenario file, read and validated.

    Attributes
    ----------
    name : str
        Stem of the file name.
    path : Path
        The file.
    title : str
        Title of the file; of a comparison the title shared by its variants.
    members : dict of str to Scenario
        One scenario per variant; without variants a single one under the name of the study.
    is_comparison : bool
        Whether the file has variants.
    documents : dict of str to str
        Text of every file read, by its path relative to the folder of the scenario; the scenario first.
    merged : dict of str to dict
        For every member the merged input as written, units included.
    """

    name: str
    path: Path
    title: str
    members: dict[str, Scenario]
    is_comparison: bool
    documents: dict[str, str]
    merged: dict[str, dict[str, Any]]

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON of the validated members, whatever units and order they came in.

        The material values they use are part of it: a changed record changes it.
        """
        members = {
            name: {"scenario": _asked(scenario), "materials": _material_values(scenario)}
            for name, scenario in self.members.items()
        }
        text = json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def short_hash(self) -> str:
        """The first ten digits of `hash`, for folder names."""
        return self.hash[:10]


def _asked(scenario: Scenario) -> dict[str, Any]:
    """The scenario as plain data; without `measure` the same as before there were instruments: results keep their names."""
    plain = scenario.model_dump(mode="json")
    if plain["measure"] is None:
        del plain["measure"]
    return plain


def _material_values(scenario: Scenario) -> dict[str, dict[str, float]]:
    """Values of the records that a scenario uses, before its own overrides."""
    library, values = MaterialLibrary(), {}
    for material, properties in used_properties(scenario).items():
        known = library.record(material).properties
        values[material] = {name: known[name].value for name in sorted(properties) if name in known}
    return values


def load_study(path: Path | str, overrides: Sequence[str] = ()) -> Study:
    """Read, merge and validate a scenario file.

    Parameters
    ----------
    path : Path
        The YAML file.
    overrides : sequence of str
        ``key.path=value`` each, the value in YAML; list entries by their number from 0.

    Returns
    -------
    Study

    Raises
    ------
    InputError
        With one line ``file:line:column: key: what is wrong; what is allowed`` for every problem.
    GeometryError
        The same if the file is well-formed and nothing but its geometry is impossible.
    """
    return ScenarioSource(path).study(overrides)


class ScenarioSource:
    """A scenario file and its base, read once and validated with any number of overrides.

    Parameters
    ----------
    path : Path
        The YAML file.

    Raises
    ------
    InputError
        If a file cannot be read.
    """

    def __init__(self, path: Path | str):
        self.path = Path(path)
        self._documents: dict[str, str] = {}
        self._document = _read_with_base(self.path, str(self.path), self.path.parent, self._documents, [])
        if STUDY_KEY in self._document.value:
            if CALIBRATION_KEY in self._document.value:
                raise InputError(f"{self.path}: is a calibration; use seix calibrate")
            raise InputError(f"{self.path}: is about another scenario, as studies are; use seix sweep, whose --dry-run checks it")
        if AUDIT_KEY in self._document.value:
            raise InputError(f"{self.path}: is an audit of claims; use seix audit")

    def study(self, overrides: Sequence[str] = ()) -> Study:
        """The scenario with some values replaced; parameters and errors as for :func:`load_study`."""
        document, path = self._document, self.path
        trees = _member_trees(document, path.stem, parse_overrides(overrides))
        members, found = _validate(trees)
        if not found:
            found = _check_together(members, trees)
        if found:
            kind = GeometryError if all(problem.impossible for _, problem, _ in found) else InputError
            raise kind("\n".join(_lines(found, set(trees))))
        title = document.child("title")
        return Study(
            name=path.stem,
            path=path,
            title=str(title.value) if title else next(iter(members.values())).title,
            members=members,
            is_comparison="variants" in document.value,
            documents=self._documents,
            merged={name: tree.plain() for name, tree in trees.items()},
        )


# --- files --------------------------------------------------------------------------------------------------


def _read_with_base(path: Path, name: str, root: Path, documents: dict[str, str], chain: list[Path]) -> Node:
    node, text = read_yaml(path, name)
    documents[os.path.relpath(path, root)] = text
    extends = node.value.pop("extends", None)
    if extends is None or extends.value is None:
        return node
    if not isinstance(extends.value, str):
        raise InputError(
            f"{extends.place}: extends: '{shown(extends.plain())}' is not a file name; expected one file"
        )
    base = path.parent / extends.value
    chain = [*chain, path.resolve()]
    try:
        there = base.is_file()
        base.resolve()
    except (OSError, ValueError) as error:  # a name too long for the system, or with a null in it
        reason = getattr(error, "strerror", None) or "not a file name"
        raise InputError(f"{extends.place}: extends: '{shown(extends.value)}' cannot be opened: {reason}") from None
    if base.resolve() in chain:
        loop = " -> ".join([*(p.name for p in chain[chain.index(base.resolve()) :]), base.name])
        raise InputError(
            f"{extends.place}: extends: goes in a circle, {loop}; a base must not extend its own overlay"
        )
    if not there:
        what = "is a folder" if base.is_dir() else "does not exist"
        raise InputError(
            f"{extends.place}: extends: '{shown(extends.value)}' {what}; expected a file, seen from {path.parent}"
        )
    return merge(_read_with_base(base, os.path.normpath(base), root, documents, chain), node, reshape)


# --- variants -----------------------------------------------------------------------------------------------


def _member_trees(document: Node, stem: str, overrides: list[Override]) -> dict[str, Node]:
    """The merged tree of every member, in the order of the file."""
    variants = document.value.get("variants")
    shared = Node({k: v for k, v in document.value.items() if k != "variants"}, document.place,
                  document.key_place, document.empty)  # fmt: skip
    general = [o for o in overrides if o.path[0] != "variants"]
    special = [o for o in overrides if o.path[0] == "variants"]
    parts = {stem: None} if variants is None else _variants(variants)
    for override in special:
        name = str(override.path[1])
        if variants is None or name not in parts:
            hint = did_you_mean(name, parts)
            allowed = f";{hint} allowed: {', '.join(parts)}" if variants else "; this scenario has none"
            raise InputError(f"{override.node.place}: variants.{shown(name)}: unknown variant{allowed}")
    trees = {}
    for name, part in parts.items():
        tree = shared if part is None else merge(shared, part, reshape)
        tree = Node(tree.value, document.place, document.key_place, tree.empty)
        own = [Override(o.path[2:], o.node) for o in special if o.path[1] == name]
        for group in (general, own):
            for override in sorted(group, key=lambda o: not o.is_form):
                tree = assign(tree, override)
        trees[name] = without_empty(tree)
    return trees


def _variants(node: Node) -> dict[str, Node]:
    if not isinstance(node.value, dict) or not node.value:
        raise InputError(
            f"{node.key_place}: variants: no variants; expected name: {{keys that differ}} for each"
        )
    for name, part in node.value.items():
        if not _NAME.fullmatch(name) or name == "matrix":
            raise InputError(
                f"{part.key_place}: variants.{shown(name)}: cannot be a name; expected a letter, then letters, "
                "digits, _ or -, and not the word matrix"
            )
        if part.value is not None and not isinstance(part.value, dict):
            raise InputError(
                f"{part.place}: variants.{name}: '{shown(part.plain())}' is not a mapping; expected keys"
            )
        for key in ("extends", "variants"):
            if isinstance(part.value, dict) and key in part.value:
                raise InputError(
                    f"{part.value[key].key_place}: variants.{name}.{key}: only allowed at the top"
                )
    return {n: p if p.value is not None else Node({}, p.place, p.key_place) for n, p in node.value.items()}


# --- validation ---------------------------------------------------------------------------------------------

_Found = list[tuple[Place, Problem, str | None]]  # the member a problem belongs to, None if to all


def _validate(trees: dict[str, Node]) -> tuple[dict[str, Scenario], _Found]:
    members: dict[str, Scenario] = {}
    found: _Found = []
    for name, tree in trees.items():
        try:
            members[name] = Scenario.model_validate(plain := tree.plain(), context={WRITTEN: True})
        except ValidationError as error:
            found += [(tree.find(p.path, p.at_key), p, name) for p in messages.problems(error, given=plain)]
    return members, found


def _check_together(members: dict[str, Scenario], trees: dict[str, Node]) -> _Found:
    """What needs the material records, PETSc or more than one member."""
    library = MaterialLibrary()
    found: _Found = []
    for name, scenario in members.items():
        own = [*missing_properties(scenario, library), *refused_options(scenario)]
        found += [(trees[name].find(p.path, p.at_key), p, name) for p in own]
    for problem in [*idle_overrides(members), *idle_options(members), *comparison_problems(members)]:
        places = [tree.find(problem.path, problem.at_key) for tree in trees.values()]
        found.append((max(places, key=lambda p: p.order), problem, None))
    return found


def _lines(found: _Found, names: set[str]) -> list[str]:
    """One line a problem, in the order of the file; which variants it concerns is said unless it is all."""
    who: dict[tuple[Place, str], set[str]] = {}
    for place, problem, name in found:
        key = ".".join(map(str, problem.path))
        line = printable(f"{place}: {key}: {problem.text}" if key else f"{place}: {problem.text}")
        who.setdefault((place, line), set()).update(names if name is None else {name})
    lines = []
    for (_, line), concerned in sorted(who.items(), key=lambda item: item[0][0].order):
        suffix = "" if concerned == names else f" (variant {', '.join(sorted(concerned))})"
        lines.append(line + suffix)
    return lines
