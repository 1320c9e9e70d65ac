"""YAML text read into a tree that knows where every key and value was written.

Whatever the text is, an `InputError` with file, line and column comes of it, or a tree of plain values.
"""

from __future__ import annotations

import difflib
import functools
import io
import re
import warnings
from pathlib import Path
from typing import Any

from seix.errors import InputError
from seix.input.tree import Node, Place
from seix.input.words import printable, shown

_MAX_NODES = 200_000  # aliases can multiply a few lines into more nodes than memory holds
_MAX_BYTES = 1_000_000  # YAML is read at about 300 kB/s, and /dev/zero has no end
_MAX_BITS = 1000  # beyond, whole numbers are no floats any more, and from some thousand digits on no text either
_DEEP = 50
_TOO_LARGE = "a whole number of hundreds of digits; expected a number that a computer can hold"
_OPENED = ("while scanning a quoted scalar", "while scanning a simple key")
"""What ruamel notices long after the place where the mistake is."""
_CURES = {
    "'\\t' that cannot start": "a tab; indent with blanks",
    "found unexpected end of stream": "the quote that opens here is not closed",
    "could not find expected ':'": "this line is no 'key: value'; put a blank after the colon, or a long text in quotes",
    "mapping values are not allowed": "a ': ' where no key can stand; put a text with a colon in quotes, and indent keys alike",
    "<block end>": "this line is not indented like the ones above it; give all keys of a mapping the same number of blanks",
    "expected a single document": "a second document begins here; leave out the line ---",
    "found undefined alias": "an alias * of nothing; put a text that starts with * in quotes",
}
"""What ruamel says, or a part of it, and the same for people."""


def read_yaml(path: Path, name: str) -> tuple[Node, str]:
    """Read a file that must hold one mapping.

    Parameters
    ----------
    path : Path
    name : str
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
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
    except IsADirectoryError:
        raise InputError(f"{name}: is a folder; expected a scenario file such as scenario.yaml") from None
    except FileNotFoundError:
        raise InputError(f"{name}: no such file{_other_names(path)}") from None
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror}") from None
    if len(raw) > _MAX_BYTES:
        raise InputError(f"{name}: is larger than {_MAX_BYTES // 1_000_000} MB; a scenario file has some kilobytes")
    if b"\0" in raw:
        raise InputError(f"{name}:1:1: a binary file, or text in UTF-16; expected a scenario, saved as UTF-8")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        raise InputError(f"{name}:{line}:{column}: not UTF-8 text; save the file as UTF-8") from None
    node = parse_yaml(text, name)
    if node.value is None:
        raise InputError(f"{name}:1:1: the file is empty; expected keys such as title, geometry, sei")
    if not isinstance(node.value, dict):
        kind = "a list" if isinstance(node.value, list) else f"the single value '{shown(node.value)}'"
        raise InputError(f"{name}:{node.place.line}:{node.place.column}: {kind} is not a scenario; expected "
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
    data = _load(text, source, place)
    start = place or Place(source, *_mark(getattr(data, "lc", None)))
    return _Converter(source, place).node(data, start, start, ())


def _load(text: str, source: str, place: Place | None) -> Any:
    """What ruamel makes of a text, its complaints as `InputError`."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError

    yaml = YAML(typ="rt", pure=True)
    yaml.Constructor = _constructor()
    try:
        with warnings.catch_warnings(action="ignore"):  # of anchors that are named twice, which is allowed
            return yaml.load(io.StringIO(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if error.context in _OPENED and error.context_mark is not None:  # the end of the file is no help to find a quote
            mark = error.context_mark
        problem, at = _yaml_problem(error), (mark.line + 1, mark.column + 1) if mark else (1, 1)
    except RecursionError:
        problem, at = "not valid YAML: brackets or lists are nested too deeply", _too_deep(text)
    except Exception as error:  # the library raises a dozen kinds on text that is no YAML
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        index = getattr(error, "position", None)
        at = (text[:index].count("\n") + 1, index - text.rfind("\n", 0, index)) if isinstance(index, int) else (1, 1)
        problem = f"not valid YAML: {printable(reason)}"
    raise InputError(f"{place or Place(source, *at)}: {problem}")


@functools.cache
def _constructor() -> type:
    """ruamel's constructor, which says where a value stands that it cannot make, such as the 99th of a month."""
    from ruamel.yaml.constructor import RoundTripConstructor
    from ruamel.yaml.error import MarkedYAMLError

    class Constructor(RoundTripConstructor):
        def construct_object(self, node: Any, deep: bool = False) -> Any:
            try:
                return super().construct_object(node, deep)
            except (MarkedYAMLError, RecursionError):
                raise
            except Exception as error:  # of every kind that int(), float(), a date or the library itself may raise
                tag = str(node.tag).rpartition(":")[2]
                if tag == "int" and len(node.value) > 4000:  # digits that int() does not take
                    raise MarkedYAMLError(problem=_TOO_LARGE, problem_mark=node.start_mark) from None
                kind = {"int": "number", "float": "number", "timestamp": "date", "bool": "true or false"}.get(tag, "value")
                value = f"'{shown(node.value)}'" if isinstance(node.value, str) else "this"
                reason = f" ({error})" if tag == "timestamp" else ""
                problem = f"{value} cannot be read as {'a ' * (tag != 'bool')}{kind}{reason}; put text in quotes"
                raise MarkedYAMLError(problem=problem, problem_mark=node.start_mark) from None

    return Constructor


def _too_deep(text: str) -> tuple[int, int]:
    """Line and column where a text is nested deeper than any scenario; its parser, unlike its constructor, does not recurse."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    depth = 0
    try:
        for event in YAML(typ="rt", pure=True).parse(io.StringIO(text)):
            depth += {"Start": 1, "End": -1}.get(re.sub(r"^(Mapping|Sequence)|Event$", "", type(event).__name__), 0)
            if depth > _DEEP:
                return event.start_mark.line + 1, event.start_mark.column + 1
    except (YAMLError, RecursionError):
        pass
    return 1, 1


def _yaml_problem(error: Any) -> str:
    if type(error).__name__ == "DuplicateKeyError":
        name = str(error.problem).partition('"')[2].partition('"')[0]
        return _twice(name)
    problem = printable(" ".join(str(error.problem or error.context).split()))
    if problem.startswith("but "):
        problem = f"{error.context} {problem}"
    cures = (cure for sign, cure in _CURES.items() if sign in problem)
    return f"not valid YAML: {next(cures, problem)}"


def _twice(key: str) -> str:
    return f"the key '{shown(key)}' is given twice in one mapping; keep one"


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
        tag = str(getattr(getattr(data, "tag", None), "value", None) or "")
        if tag.startswith("!"):
            raise InputError(f"{place}: the tag '{shown(tag)}' has no meaning in a scenario; leave it out, or put text in quotes")
        if isinstance(data, dict):
            below, empty = {}, {}
            for key, value in data.items():
                at_key = self.place(data.lc, "key", key, place)
                if str(key) in below:  # the number 1 and the text "1" are two keys of YAML, but one of a scenario
                    raise InputError(f"{at_key}: {_twice(str(key))}")
                self.scalar(key if isinstance(key, int | str) else str(key), at_key)
                child = self.node(value, self.place(data.lc, "value", key, place), at_key, (*above, id(data)))
                if child.value is None:
                    empty[str(key)] = at_key
                below[str(key)] = child
            return Node(below, place, key_place, empty)
        if isinstance(data, list):
            items = []
            for i, value in enumerate(data):
                at = self.place(getattr(data, "lc", None), "item", i, place)
                items.append(self.node(value, at, at, (*above, id(data))))
            return Node(items, place, key_place)
        return Node(self.scalar(data, place), place, key_place)

    def scalar(self, data: Any, place: Place) -> Any:
        """Plain Python scalars instead of ruamel's subclasses; a date is kept as its text."""
        if data is None or isinstance(data, bool):
            return data
        if type(data).__name__ == "ScalarBoolean":
            return bool(data)
        if isinstance(data, bytes | set):
            raise InputError(
                f"{place}: binary data or a set has no meaning in a scenario; expected text, a number or a list"
            )
        if isinstance(data, int):
            if data.bit_length() > _MAX_BITS:
                raise InputError(f"{place}: not valid YAML: {_TOO_LARGE}")
            return int(data)
        if isinstance(data, float):
            return float(data)
        text = str(getattr(data, "value", data))
        if any("\ud800" <= c <= "\udfff" for c in text):
            try:  # JSON writes signs beyond 16 bits in two halves
                return text.encode("utf-16", "surrogatepass").decode("utf-16")
            except UnicodeDecodeError:
                raise InputError(f"{place}: '{shown(text)}' has half of a sign; write the sign itself") from None
        return text
