"""Ways to damage a scenario file, used by tools/fuzz.py: on its tree of keys, on its text, on its bytes."""

from __future__ import annotations

import functools
import json
import math
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Tree = dict[str, Any] | list[Any]

VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 3, 1.5, -0.0, 0.5, 1e-320, 1e308, -1e308, math.inf, -math.inf, math.nan, 10**30, 10**400,
    -(10**400), 2**32, "", " ", "x", "nan nm", "inf nm", "1e400 nm", "1e-400 nm", "1e300 m", "1e-300 m", "-40 nm", "0 nm", "40",
    "40 nn", "40 kg", "40 nm nm", "1e99999999999999999999 nm", "1 m^999999999", "1 nm**9999", "1e5 K^-3", "5 %", "150 %",
    "-5 %", "25 degC", "-300 degC", "60 deg", "200 deg", "0x1F", "1_000", "free", "full", "octant", "LiF", "void", "matrix",
    "lif", "2024-01-01", "=", "<<", "~", "null", "yes", "round", "cellular", "polycrystal", "bilayer", "multilayer", "consSEI",
    "layers", "homogeneous", "patch", "particle", "particles", "../paper/bilayer.yaml", "case.yaml", "\u00e9\u65e5\U0001f600",
    "\u202e40 nm", "\ufeff", "\x00", "a\nb", "\x1b[2J", "\ud800", "4\u066040 nm", "\uff14\uff10 nm", "\u00b2 nm",
    "1 \u00b5m\u00b2", "9" * 400, "9" * 400 + " nm", "x" * 5000, [], {}, [1, [2, [3]]], {"a": {"b": None}}, [None], {"": 1},
    [1.0, 2.0, 2.0], [math.nan],
)  # fmt: skip
"""What may take the place of a value."""
RAW = (
    "!!python/object/apply:os.system [id]", "!!set {a, b}", "!!binary aGFsbG8=", "!!binary %", "!!timestamp 2024-99-99",
    "2024-99-99", "!!int x", "!!float x", "!!null x", "!!bool x", "!!omap [a: 1]", "!!omap [1]", "!!pairs [a: 1, a: 2]", "!x y",
    "!x {a: 1}", "!x [1]", "!<tag:yaml.org,2002:int> 3", "&a", "&a *a", "*a", "&a [*a]", "&a {<<: *a}", "{<<: 1}", "{<<: [1]}",
    "{<<: {a: 1}}", "{? [a, b] : c}", "{? {a: b} : c}", "{1: a, '1': b}", "{null: a}", "{true: a}", "{1.5: a}", "{.nan: 1}",
    "0o17", "0b101", "0x_", "0o9", "1e", ".", "-", "+", "1:30", "12:30:45", "|", ">-", "|9", "> \n x", "'", '"', '"\\x"',
    '"\\ud83d"', "@", "`", "%", "? a", "? ", "- -", "---", "...", "#", ": :", "[", "{", "]", "}", "[,]", "{,}", "{a, b}", "!!",
    "!<>", "!!seq x", "!!map x", "!!str", "!!str {a: 1}", "!!float [1]", "!!int [1]", "!!map [1]", "!!seq {a: 1}", "0001-01-01",
    "9" * 5000, "-" + "9" * 5000, "1e99999999999", "0x" + "F" * 400, "0x" + "F" * 9000, "[" * 100 + "]" * 100, "[" * 900,
    "{a: " * 60 + "1" + "}" * 60, "- " * 200,
)  # fmt: skip
"""YAML that means something special, or nothing."""
SIGNS = (*":{}[]#&*!|>'\"%@`,-?\t\n\r\0~=<\\ 0e.", "\u00e9", "\u65e5", "\u202e", "\ufeff", "\u2028", "\u0085", "\x07", "\x7f")
UNITS = ("nm", "um", "m", "km", "kg", "GPa", "V", "A/m^2", "S/m", "deg", "%", "K", "eV", "nn", "", "degC", "1/m", "nm^2", "ly")
NUMBERS = ("0", "-1", "1e9", "1e-9", "1e400", "1e-400", "-0", ".nan", "inf", "1e308", "1,5", "1/2", "1e", "9" * 330)
_NUMBER = re.compile(r"(?<![\w.])\d+\.?\d*(?:e[+-]?\d+)?")
_UNIT = re.compile(r"(?<=\d) ?(?:nm|um|m|%|K|deg|V|GPa|A/m\^2|ohm m\^2|cm\^3/mol)\b")
_WORD = re.compile(r"[A-Za-z_]\w+")


def emit(value: Any, depth: int | None = None) -> str:
    """A tree as YAML: block style from an indentation on, flow style without one."""
    if isinstance(value, dict) and value and depth is not None:
        return "".join(f"\n{'  ' * depth}{_key(k)}: {emit(v, depth + 1)}" for k, v in value.items())
    if isinstance(value, list) and value and depth is not None:
        return "".join(f"\n{'  ' * depth}- {emit(v)}" for v in value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(k)}: {emit(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(emit, value)) + "]"
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else f"{'-' * (value < 0)}.inf"
    return json.dumps(value)


def _key(key: Any) -> str:
    return str(key) if _WORD.fullmatch(str(key)) else json.dumps(str(key))


@functools.cache
def tree_of(path: Path) -> Any:
    """The plain tree of a scenario file; not to be changed."""
    from ruamel.yaml import YAML

    return YAML(typ="safe", pure=True).load(path.read_text("utf-8"))


def spots(tree: Any) -> Iterator[tuple[Tree, Any]]:
    """Every container with every key or index of it."""
    for key in list(tree) if isinstance(tree, dict) else range(len(tree)):
        yield tree, key
        if isinstance(tree[key], dict | list):
            yield from spots(tree[key])


@functools.cache
def keys_of_schema() -> tuple[str, ...]:
    """Names of all keys of a scenario."""
    from seix.input.schema import scenario_schema

    schema = scenario_schema()
    sections = [schema, *schema["$defs"].values()]
    return tuple(sorted({name for section in sections for name in section.get("properties", ())}))


class Damage:
    """Random damages.

    Parameters
    ----------
    rng : random.Random
    sources : list of Path
        Shipped scenarios, whose keys and values turn up in wrong places.
    """

    def __init__(self, rng: random.Random, sources: list[Path]) -> None:
        self.rng, self.sources = rng, sources

    def of(self, source: Path) -> tuple[bytes, list[str]]:
        """The content of a damaged file, and what was done."""
        rng, steps = self.rng, []
        text = source.read_text("utf-8")
        on_tree = (self._replace, self._delete, self._rename, self._swap, self._graft, self._insert, self._list)
        on_text = (self._line, self._sign, self._number, self._unit, self._raw, self._word, self._truncate, self._variants)
        if rng.random() < 0.6:
            tree = json.loads(json.dumps(tree_of(source)))
            for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 4))):
                steps.append(self._apply(on_tree, tree))
            text = emit(tree, rng.choice((0, None))).lstrip("\n") + "\n"
        if rng.random() < 0.5 or not steps:
            for _ in range(rng.choice((1, 1, 1, 2, 3))):
                change = rng.choice(on_text)
                text = change(text)
                steps.append(change.__name__)
        content = text.encode("utf-8", "surrogatepass")
        if rng.random() < 0.06:
            content = self._noise(content)
            steps.append("_noise")
        return content, steps

    def value(self) -> Any:
        """Anything: hostile, a number of any size, nested, or a value of some scenario."""
        rng, kind = self.rng, self.rng.random()
        if kind < 0.5:
            return rng.choice(VALUES)
        if kind < 0.7:
            number = rng.choice((-1, 1, 1)) * rng.uniform(1, 10) * 10.0 ** rng.randint(-30, 30)
            return rng.choice((number, int(number), f"{number:.3g} {rng.choice(UNITS)}", f"{number:.3g}"))
        if kind < 0.75:
            return {self.key(): self.value() for _ in range(rng.randint(1, 3))}
        container, key = rng.choice(list(spots(tree_of(rng.choice(self.sources)))))
        return json.loads(json.dumps(container[key]))

    def key(self) -> str:
        """A key of the schema, or one that is none."""
        return self.rng.choice((*keys_of_schema(), "", "0", "x", "\u00e9", "a.b", "a b", "<<", "extends", "variants"))

    def path(self) -> str:
        """A dotted path for ``--set``."""
        return ".".join(self.key() for _ in range(self.rng.randint(1, 3)))

    # --- the tree ---------------------------------------------------------------------------------------------

    def _apply(self, changes: tuple[Callable[..., None], ...], tree: Any) -> str:
        places = list(spots(tree))
        change = self.rng.choice(changes)
        if places:
            change(*self.rng.choice(places), places)
        return change.__name__

    def _replace(self, container: Tree, key: Any, _: list) -> None:
        container[key] = self.value()

    def _delete(self, container: Tree, key: Any, _: list) -> None:
        del container[key]

    def _rename(self, container: Tree, key: Any, _: list) -> None:
        if not isinstance(container, dict):
            return
        value, cut = container.pop(key), self.rng.randrange(len(str(key)) + 1)
        container[self.rng.choice((key[:cut] + key[cut + 1 :], key[:cut] + "x" + key[cut:], key.upper(), self.key()))] = value

    def _swap(self, container: Tree, key: Any, places: list) -> None:
        other, at = self.rng.choice(places)
        # a value must not come to hold itself
        first, second = json.dumps(container[key]), json.dumps(other[at])
        container[key], other[at] = json.loads(second), json.loads(first)

    def _graft(self, container: Tree, key: Any, _: list) -> None:
        """Sections of another scenario under this place."""
        other = json.loads(json.dumps(tree_of(self.rng.choice(self.sources))))
        container[key] = other.get(key, other) if isinstance(key, str) else other

    def _insert(self, container: Tree, key: Any, _: list) -> None:
        below = container[key]
        target = below if isinstance(below, dict) else container
        if isinstance(target, dict):
            target[self.key()] = self.value()

    def _list(self, container: Tree, key: Any, _: list) -> None:
        """The value in a list, or a list longer or shorter."""
        below = container[key]
        container[key] = below * self.rng.choice((0, 2, 30)) if isinstance(below, list) else [below]

    # --- the text ---------------------------------------------------------------------------------------------

    def _line(self, text: str) -> str:
        """One line deleted, doubled, moved, indented or out-dented."""
        rng, lines = self.rng, text.splitlines() or [""]
        at, kind = rng.randrange(len(lines)), rng.randrange(6)
        line = lines.pop(at)
        if kind:
            new = [[line, line], [" " + line], ["\t" + line], [line[1:]], []][kind - 1]
            lines[at:at] = new
        if kind == 5:
            lines.insert(rng.randrange(len(lines) + 1), line)
        return "\n".join(lines) + "\n"

    def _sign(self, text: str) -> str:
        at = self.rng.randrange(len(text) + 1)
        return text[:at] + self.rng.choice(SIGNS) * self.rng.choice((0, 1, 1, 3)) + text[at + self.rng.randrange(2) :]

    def _one(self, pattern: re.Pattern, text: str, new: str) -> str:
        """One match of a pattern replaced."""
        found = list(pattern.finditer(text))
        if not found:
            return text
        match = self.rng.choice(found)
        return text[: match.start()] + new + text[match.end() :]

    def _number(self, text: str) -> str:
        return self._one(_NUMBER, text, self.rng.choice(NUMBERS))

    def _unit(self, text: str) -> str:
        return self._one(_UNIT, text, " " + self.rng.choice(UNITS))

    def _raw(self, text: str) -> str:
        raw = self.rng.choice(RAW)
        return self._one(re.compile(r"(?<=: )[^\n]*"), text, raw) if self.rng.random() < 0.8 else f"{text}{raw}\n"

    def _word(self, text: str) -> str:
        return self._one(_WORD, text, self.rng.choice((self.key(), "LiF", "nm", "&x", "*x", "true", "1")))

    def _truncate(self, text: str) -> str:
        return text[: self.rng.randrange(len(text) + 1)]

    def _variants(self, text: str) -> str:
        """Variants that are none, or a base that is none."""
        rng = self.rng
        name = rng.choice(("a", "a b", "matrix", "1", "", "x" * 300))
        return f"{text}\n{rng.choice(('variants', 'extends'))}: {emit(rng.choice(({name: self.value()}, self.value())))}\n"

    def _noise(self, content: bytes) -> bytes:
        """Bytes changed, put in, or all of it in another encoding."""
        rng, kind = self.rng, self.rng.randrange(4)
        if kind == 0:
            return content.decode("utf-8", "replace").encode(rng.choice(("utf-16", "utf-32", "latin-1")), "replace")
        if kind == 1:
            return rng.randbytes(rng.choice((1, 10, 1000)))
        changed = bytearray(content)
        for _ in range(rng.choice((1, 3, 20))):
            changed.insert(rng.randrange(len(changed) + 1), rng.randrange(256))
        return bytes(changed)
