"""A tree of YAML values that knows where every key and value was written, and the merging of such trees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

Key = str | int


@dataclass(frozen=True)
class Place:
    """Where something was written: a file with line and column counted from 1, or a command-line argument."""

    source: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source

    @property
    def order(self) -> tuple[bool, str, int, int]:
        """Sort key: files first, from top to bottom."""
        return (not self.line, self.source, self.line, self.column)


@dataclass
class Node:
    """A YAML value with the places of itself and of its key.

    Attributes
    ----------
    value : dict of str to Node, list of Node, or scalar
    place, key_place : Place
    empty : dict of str to Place
        Keys of this mapping that were written without a value; such a key counts as not given.
    """

    value: Any
    place: Place
    key_place: Place
    empty: dict[str, Place] = field(default_factory=dict)

    def plain(self) -> Any:
        """The value as plain dicts, lists and scalars."""
        if isinstance(self.value, dict):
            return {k: v.plain() for k, v in self.value.items()}
        if isinstance(self.value, list):
            return [v.plain() for v in self.value]
        return self.value

    def child(self, key: Key) -> Node | None:
        """The node at a key or list index, None if there is none."""
        if isinstance(self.value, dict):
            return self.value.get(str(key))
        if isinstance(self.value, list) and isinstance(key, int) and 0 <= key < len(self.value):
            return self.value[key]
        return None

    def find(self, path: Sequence[Key], at_key: bool = False) -> Place:
        """Place of the deepest part of `path` that exists; of its key if `at_key` or if more is missing."""
        node = self
        for key in path:
            below = node.child(key)
            if below is None:
                return node.empty.get(str(key), node.key_place)
            node = below
        return node.key_place if at_key else node.place


Reshape = Callable[[tuple[Key, ...], Node, Node], dict[str, Node]]
"""Given path, base mapping and overlay mapping: the entries of the base that survive."""


def merge(base: Node, over: Node, reshape: Reshape, path: tuple[Key, ...] = ()) -> Node:
    """`over` laid over `base`: mappings are merged key by key, anything else is replaced."""
    if not (isinstance(base.value, dict) and isinstance(over.value, dict)):
        return over
    merged = dict(reshape(path, base, over))
    for key, node in over.value.items():
        merged[key] = merge(merged[key], node, reshape, (*path, key)) if key in merged else node
    return Node(merged, over.place, over.key_place, {**base.empty, **over.empty})


def without_empty(node: Node) -> Node:
    """The tree without the keys that have no value, which are the ones an overlay takes back."""
    if isinstance(node.value, dict):
        kept = {k: without_empty(v) for k, v in node.value.items() if v.value is not None}
        return Node(kept, node.place, node.key_place, node.empty)
    if isinstance(node.value, list):
        return Node([without_empty(v) for v in node.value], node.place, node.key_place)
    return node
