"""YAML read into a tree that knows where every key and value was written, and the merging of such trees."""

from __future__ import annotations

import difflib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seix.errors import InputError

Key = str | int
_MAX_NODES = 200_000  # aliases can multiply a few lines into more nodes than memory holds


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


def read_yaml(path: Path, shown: str) -> tuple[Node, str]:
    """Read a file that must hold one mapping.

    Parameters
    ----------
    path : Path
    shown : str
        How the file is called in messages.

    Returns
    -------
    Node, str
        The tree and the text of the file.

    Raises
    ------
    InputError
        Missing, a folder, unreadable, not UTF-8, wrong YAML, a key given twice, empty, or not a mapping.
    """
    try:
        raw = path.read_bytes()
    except IsADirectoryError:
        raise InputError(f"{shown}: is a folder; expected a scenario file such as scenario.yaml") from None
    except FileNotFoundError:
        raise InputError(f"{shown}: no such file{_other_names(path)}") from None
    except OSError as error:
        raise InputError(f"{shown}: cannot be read: {error.strerror}") from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        raise InputError(f"{shown}:{line}:{column}: not UTF-8 text; save the file as UTF-8") from None
    node = parse_yaml(text, shown)
    if node.value is None:
        raise InputError(f"{shown}:1:1: the file is empty; expected keys such as title, geometry, sei")
    if not isinstance(node.value, dict):
        kind = "a list" if isinstance(node.value, list) else f"the single value '{str(node.value)[:40]}'"
        raise InputError(f"{shown}:{node.place.line}:{node.place.column}: {kind} is not a scenario; expected "
                         "keys such as title, geometry, sei")  # fmt: skip
    return node, text


def _other_names(path: Path) -> str:
    near = difflib.get_close_matches(path.name, [p.name for p in path.parent.glob("*.yaml")], n=1)
    return f"; did you mean '{path.with_name(near[0])}'?" if near else ""


def parse_yaml(text: str, source: str, place: Place | None = None) -> Node:
    """Parse YAML text.

    Parameters
    ----------
    text, source : str
        The text and the file name of its places.
    place : Place, optional
        One place for everything, for text that is not from a file.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        data = YAML(typ="rt", pure=True).load(io.StringIO(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = place or (Place(source, mark.line + 1, mark.column + 1) if mark else source)
        raise InputError(f"{where}: {_yaml_problem(error)}") from None
    except (YAMLError, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        where = place or source
        if place is None and isinstance(at := getattr(error, "position", None), int):
            where = Place(source, text[:at].count("\n") + 1, at - text.rfind("\n", 0, at))
        raise InputError(f"{where}: not valid YAML: {reason}") from None
    start = place or Place(source, *_mark(getattr(data, "lc", None)))
    return _Converter(source, place).node(data, start, start, ())


def _yaml_problem(error: Any) -> str:
    if type(error).__name__ == "DuplicateKeyError":
        name = str(error.problem).partition('"')[2].partition('"')[0]
        return f"the key '{name}' is given twice in one mapping; keep one"
    problem = " ".join(str(error.problem or error.context).split())
    if problem.startswith("but "):
        problem = f"{error.context} {problem}"
    return f"not valid YAML: {problem}"


def _mark(lc: Any) -> tuple[int, int]:
    line, column = getattr(lc, "line", None), getattr(lc, "col", None)
    return (1, 1) if line is None else (line + 1, column + 1)


class _Converter:
    """ruamel's round-trip objects to `Node`."""

    def __init__(self, source: str, fixed: Place | None) -> None:
        self.source, self.fixed, self.count = source, fixed, 0

    def place(self, lc: Any, kind: str, key: Any, default: Place) -> Place:
        if self.fixed:
            return self.fixed
        try:
            line, column = getattr(lc, kind)(key)
        except (KeyError, TypeError, AttributeError):  # keys that came with a YAML merge key have no place
            return default
        return Place(self.source, line + 1, column + 1)

    def node(self, data: Any, place: Place, key_place: Place, above: tuple[int, ...]) -> Node:
        self.count += 1
        if self.count > _MAX_NODES or id(data) in above:
            raise InputError(f"{place}: aliases make this YAML endless or far too large")
        if isinstance(data, dict):
            below, empty = {}, {}
            for key, value in data.items():
                at_key = self.place(data.lc, "key", key, place)
                child = self.node(value, self.place(data.lc, "value", key, place), at_key, (*above, id(data)))
                if child.value is None:
                    empty[str(key)] = at_key
                below[str(key)] = child
            return Node(below, place, key_place, empty)
        if isinstance(data, list):
            items = []
            for i, value in enumerate(data):
                at = self.place(data.lc, "item", i, place)
                items.append(self.node(value, at, at, (*above, id(data))))
            return Node(items, place, key_place)
        return Node(_scalar(data), place, key_place)


def _scalar(data: Any) -> Any:
    """Plain Python scalars instead of ruamel's subclasses; what is none of them is kept as its text."""
    if data is None or isinstance(data, bool):
        return data
    if type(data).__name__ == "ScalarBoolean":
        return bool(data)
    for kind in (int, float, str):
        if isinstance(data, kind):
            return kind(data)
    return str(getattr(data, "value", data))


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
