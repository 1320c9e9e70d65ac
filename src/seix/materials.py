"""Material records: every value with unit, range, origin and source.

A record is a YAML file of the folder ``materials`` beside this module; its format is described in
``docs/scenario.md``. A property without a source is refused. Values a run uses follow temperature by
Arrhenius' law where the record has an activation energy.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from typing import Any

from seix.errors import InputError
from seix.input.types import material_names, unknown
from seix.properties import CONFIDENCE, ORIGINS, PROPERTIES
from seix.units import GAS_CONSTANT, UnitError

__all__ = ["PROPERTIES", "REFERENCE_TEMPERATURE", "Material", "MaterialLibrary", "Property", "read_record"]

REFERENCE_TEMPERATURE = 298.15
"""Temperature of the values of the records [K]."""


@dataclass(frozen=True)
class Property:
    """One value of a material.

    Attributes
    ----------
    value, low, high : float
        Value and range in `unit` (SI).
    unit : str
    origin : str
        Letters of `ORIGINS`, for example ``"KC"``: general knowledge, then calculated from it.
    confidence : str
        Letter of `CONFIDENCE`.
    sources : tuple of str
        Keys of the sources of the record.
    note : str
    range_origin : str
        Letters of `ORIGINS` for low and high.
    """

    value: float
    unit: str
    low: float
    high: float
    origin: str
    confidence: str
    sources: tuple[str, ...]
    note: str = ""
    range_origin: str = ""

    @property
    def origin_text(self) -> str:
        """Where the value comes from, in words."""
        return "; ".join(ORIGINS[letter] for letter in self.origin)


@dataclass(frozen=True)
class Material:
    """A record, possibly with overridden values.

    Attributes
    ----------
    name, title, kind : str
        `kind` is inorganic, organic, active, electrolyte, interface or void.
    properties : dict of str to Property
    sources : dict of str to dict
        Source key to its ``text`` and, where there is one, ``doi`` or ``url``.
    """

    name: str
    title: str
    kind: str
    properties: dict[str, Property]
    sources: dict[str, dict[str, str]]

    def value(self, name: str, temperature: float = REFERENCE_TEMPERATURE) -> float:
        """A property in SI at a temperature [K]: k = k0 exp[-(Ea/R) (1/T - 1/T0)], T0 = 298.15 K.

        Raises
        ------
        InputError
            The record has no such property.
        """
        if name not in self.properties:
            raise InputError(f"material '{self.name}': {unknown('property', name, self.properties)}")
        base = self.properties[name].value
        activation = PROPERTIES[name].activation
        if activation is None or activation not in self.properties:
            return base
        energy = self.properties[activation].value
        return base * math.exp(-energy / GAS_CONSTANT * (1.0 / temperature - 1.0 / REFERENCE_TEMPERATURE))

    def with_values(self, values: Mapping[str, float]) -> Material:
        """The material with SI values of the scenario in place of its own."""
        if not values:
            return self
        source = {"scenario": {"text": "Value given in the scenario"}}
        new = {
            name: Property(v, PROPERTIES[name].unit, v, v, "", "", ("scenario",), "given in the scenario")
            for name, v in values.items()
        }
        return replace(self, properties={**self.properties, **new}, sources={**self.sources, **source})


class MaterialLibrary:
    """The records, read when first asked for.

    Examples
    --------
    >>> MaterialLibrary().material("LiF").value("youngs_modulus")
    118000000000.0
    """

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all records."""
        return material_names()

    def record(self, name: str) -> Material:
        """The record of a material as shipped.

        Raises
        ------
        InputError
            Unknown name, with the nearest known one; or a broken record.
        """
        if name not in self.names:
            raise InputError(unknown("material", name, self.names))
        return _shipped(name)

    def material(self, name: str, override: Mapping[str, Mapping[str, float]] | None = None) -> Material:
        """The record with the values a scenario replaces.

        Parameters
        ----------
        name : str
        override : mapping, optional
            Material name to property name to SI value (`Scenario.materials.override`).
        """
        return self.record(name).with_values((override or {}).get(name, {}))

    def bibliography(self, names: Iterable[str] | Mapping[str, Iterable[str]]) -> list[dict[str, Any]]:
        """Sources of the materials `names`, of all their properties or of those a mapping lists.

        Returns
        -------
        list of dict
            ``key``, ``text``, ``doi`` or ``url`` where known, ``origin`` and ``used_for``: a list of
            ``material.property`` strings. Estimates are listed as estimates, they cite nothing.
        """
        wanted = names if isinstance(names, Mapping) else {name: None for name in names}
        entries: dict[str, dict[str, Any]] = {}
        for name in wanted:
            record, only = self.record(name), wanted[name]
            for prop, item in record.properties.items():
                if only is not None and prop not in only:
                    continue
                for key in item.sources:
                    entry = entries.setdefault(key, {"key": key, **record.sources[key], "used_for": []})
                    entry["used_for"].append(f"{name}.{prop}")
        return [entries[key] for key in sorted(entries)]


@functools.cache
def _shipped(name: str) -> Material:
    path = resources.files("seix") / "materials" / f"{name}.yaml"
    return read_record(name, path.read_text("utf-8"))


_RECORD_KEYS = {"title", "kind", "sources", "properties"}
_KINDS = ("inorganic", "organic", "active", "electrolyte", "interface", "void")
_PROPERTY_KEYS = {"value", "range", "origin", "confidence", "source", "note", "range_origin"}


def read_record(name: str, text: str) -> Material:
    """A record from its YAML text.

    Raises
    ------
    InputError
        Any mistake in the record: a key missing or unknown, a wrong unit, a value outside its range, an
        origin or confidence that is none of the letters, a property without a source, or a source that is
        not described.
    """
    from ruamel.yaml import YAML

    data = YAML(typ="safe", pure=True).load(text)
    _require(
        isinstance(data, dict) and set(data) == _RECORD_KEYS, name, f"needs the keys {sorted(_RECORD_KEYS)}"
    )
    _require(data["kind"] in _KINDS, name, f"kind must be one of {', '.join(_KINDS)}")
    sources = data["sources"]
    for key, source in sources.items():
        _require(isinstance(source, dict) and bool(source.get("text")), name, f"source '{key}' needs a text")
        _require(set(source) <= {"text", "doi", "url"}, name, f"source '{key}' may have text, doi, url")
    properties = {
        key: _read_property(f"{name}.{key}", key, item, sources) for key, item in data["properties"].items()
    }
    unused = set(sources) - {key for item in properties.values() for key in item.sources}
    _require(not unused, name, f"sources that no property uses: {', '.join(sorted(unused))}")
    return Material(name, data["title"], data["kind"], properties, {k: dict(v) for k, v in sources.items()})


def _read_property(where: str, name: str, item: Mapping[str, Any], sources: Mapping[str, Any]) -> Property:
    _require(name in PROPERTIES, where, f"unknown property; allowed: {', '.join(PROPERTIES)}")
    needed = {"value", "range", "origin", "confidence"}
    _require(needed <= set(item) <= _PROPERTY_KEYS, where, f"needs {sorted(needed)} and a source")
    cited = item.get("source") or []
    cited = [cited] if isinstance(cited, str) else list(cited)
    _require(bool(cited), where, "has no source")
    _require(all(key in sources for key in cited), where, f"source not described: {', '.join(cited)}")
    origin, range_origin = item["origin"], item.get("range_origin", item["origin"])
    _require(
        bool(origin) and set(origin + range_origin) <= set(ORIGINS),
        where,
        f"origin must be of {list(ORIGINS)}",
    )
    _require(item["confidence"] in CONFIDENCE, where, f"confidence must be one of {list(CONFIDENCE)}")
    try:
        value, low, high = (PROPERTIES[name].parse(text, True) for text in (item["value"], *item["range"]))
    except (UnitError, ValueError) as error:
        raise InputError(f"material record {where}: {error}") from None
    _require(low <= value <= high, where, "value outside its range")
    unit = PROPERTIES[name].unit
    return Property(
        value, unit, low, high, origin, item["confidence"], tuple(cited), item.get("note", ""), range_origin
    )


def _require(holds: bool, where: str, text: str) -> None:
    if not holds:
        raise InputError(f"material record {where}: {text}")
