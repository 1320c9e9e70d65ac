"""Laying one part of a scenario over another: sections that change form, and ``--set key.path=value``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from seix.errors import InputError
from seix.input.reading import parse_yaml
from seix.input.tree import Key, Node, Place, merge
from seix.input.words import printable
from seix.scenario import UNIONS


def reshape(path: tuple[Key, ...], base: Node, over: Node) -> dict[str, Node]:
    """Entries of the base that survive: a section that changes form loses what only the old one has."""
    in_variant = len(path) == 3 and path[0] == "variants"
    if not (len(path) == 1 or in_variant) or path[-1] not in UNIONS:
        return base.value
    key, forms = UNIONS[str(path[-1])]
    old, new = base.child(key), over.child(key)
    old_form = forms.get(str(old.value)) if old else None
    new_form = forms.get(str(new.value)) if new else None
    if new_form is None or new_form is old_form:
        return base.value
    fields, before = new_form.model_fields, old_form.model_fields if old_form else {}

    def survives(name: str) -> bool:
        if old_form is None:  # nothing chosen yet: keep all, so that a wrong key is reported
            return True
        # 'layers' is a number in one form and a list in another: the same name, not the same key
        return name in fields and (name not in before or _kind(before[name].annotation) == _kind(fields[name].annotation))

    return {name: node for name, node in base.value.items() if survives(name)}


def _kind(annotation: Any) -> Any:
    """A type without the leave to omit it and without its checks."""
    if get_origin(annotation) in (Union, UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
        annotation = kinds[0] if len(kinds) == 1 else annotation
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


@dataclass(frozen=True)
class Override:
    """One ``--set``: the path of the key and the value given for it."""

    path: tuple[Key, ...]
    node: Node

    @property
    def is_form(self) -> bool:
        """Whether this chooses the form of a section, which must happen before its other keys are set."""
        return len(self.path) == 2 and self.path[0] in UNIONS and self.path[1] == UNIONS[str(self.path[0])][0]


def parse_overrides(texts: Sequence[str]) -> list[Override]:
    """``key.path=value`` texts read, the values as YAML.

    Raises
    ------
    InputError
        With a line for every text that is no assignment, sets a key twice, or sets what only a file may say.
    """
    overrides, seen, wrong = [], set(), []
    for text in texts:
        key, equals, value = text.partition("=")
        keys = tuple(int(k) if k.isdecimal() else k for k in key.strip().split("."))
        place = Place(f"--set {printable(text)}")
        if not equals or "" in keys:
            wrong.append(f"{place}: not an assignment; expected key.path=value such as sei.thickness='30 nm'")
        elif keys[0] == "extends" or keys == ("variants",) or (keys[0] == "variants" and len(keys) == 2):
            wrong.append(f"{place}: '{key.strip()}' can only be given in a file; set single keys")
        elif keys in seen:
            wrong.append(f"{place}: '{key.strip()}' is set twice; keep one")
        else:
            seen.add(keys)
            try:
                node = parse_yaml(value, "", place)
                overrides.append(Override(keys, node))
            except InputError as error:
                wrong.append(str(error))
    if wrong:
        raise InputError("\n".join(wrong))
    return overrides


def assign(tree: Node, override: Override) -> Node:
    """`tree` with one value set; mappings are made where none are, a mapping given as value is merged."""
    overlay = override.node
    place = overlay.place
    for depth in reversed(range(len(override.path))):
        key = override.path[depth]
        there: Node | None = tree
        for above in override.path[:depth]:
            there = there.child(above) if there else None
        if there is not None and isinstance(there.value, list):
            if not isinstance(key, int) or key >= len(there.value):
                count = len(there.value)
                raise InputError(f"{place}: '{key}' is no entry of the list; allowed: 0 to {count - 1}")
            items = list(there.value)
            items[key] = merge(items[key], overlay, reshape, override.path[: depth + 1])
            overlay = Node(items, there.place, there.key_place)
        else:
            overlay = Node(
                {str(key): overlay}, place, place, {str(key): place} if overlay.value is None else {}
            )
    return merge(tree, overlay, reshape)
