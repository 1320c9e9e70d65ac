"""JSON Schema of scenario files, for editors.

A file may be partial, because `extends`, `variants` and ``--set`` complete it. So nothing inside a section is
required, and the top level requires title, geometry and sei only in a file that has neither base nor
variants. What a partial file leaves out is found by ``seix check``.
"""

from __future__ import annotations

from typing import Any

from seix.input.types import material_names
from seix.properties import PROPERTIES
from seix.scenario import UNIONS, Scenario


def scenario_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a scenario file as plain data."""
    schema = Scenario.model_json_schema()
    needed = schema["required"]
    definitions = schema.pop("$defs")
    for definition in definitions.values():
        _loosen(definition)
    _loosen(schema)
    _name_materials(definitions)
    definitions["Materials"]["properties"]["override"] = _override_schema(definitions)
    section = {key: value for key, value in schema.items() if key not in ("title", "description")}
    definitions["Variant"] = {
        **section,
        "description": "Keys in which this variant differs from the rest of the file.",
    }
    properties = {
        "extends": {
            "type": "string",
            "description": "One base file, relative to this one, that this file is laid over.",
        },
        **schema["properties"],
        "variants": {
            "type": "object",
            "description": "Name to the keys that differ: one structure each, compared at the same currents.",
            "minProperties": 1,
            "propertyNames": {"pattern": "^(?!matrix$)[A-Za-z][A-Za-z0-9_-]*$"},
            "additionalProperties": {"anyOf": [{"$ref": "#/$defs/Variant"}, {"type": "null"}]},
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "seix scenario",
        "description": "Input of seix run. Quantities are text with a unit, such as '40 nm'.",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "if": {"not": {"anyOf": [{"required": ["extends"]}, {"required": ["variants"]}]}},
        "then": {"required": needed},
        "$defs": definitions,
    }


def _loosen(node: Any) -> None:
    """Drop requirements and titles; a section may have the keys of any of its forms while it says none."""
    if isinstance(node, list):
        for item in node:
            _loosen(item)
    if not isinstance(node, dict):
        return
    node.pop("required", None)
    default = node.get("default")
    if "x-unit" in node and isinstance(default, float):  # the model holds SI, the file needs the unit
        node["default"] = f"{default:.10g} {node['x-unit']}"
    elif isinstance(default, dict):  # sections: each of their keys has its own default
        node.pop("default")
    if isinstance(node.get("title"), str):
        node.pop("title")
    if "oneOf" in node:  # exactly one form would match only if the file named it
        node["anyOf"] = node.pop("oneOf")
        node.pop("discriminator", None)
    for value in node.values():
        _loosen(value)


def _name_materials(definitions: dict[str, Any]) -> None:
    """Editors complete material names instead of accepting any text."""
    names = {"enum": list(material_names())}
    definitions["MaterialName"] = {**names, "description": "A material record (seix materials lists them)."}
    reference = {"$ref": "#/$defs/MaterialName"}
    keys = [("Materials", "core"), ("Materials", "electrolyte"), ("Materials", "binder"), ("GrainBoundary", "material")]
    for owner, key in keys:
        definitions[owner]["properties"][key].update(names)
        definitions[owner]["properties"][key].pop("type", None)
    forms = [form.__name__ for form in UNIONS["sei"][1].values()]
    for owner in (*forms, "Layer"):
        properties = definitions[owner]["properties"]
        for key in ("matrix", "inner_matrix"):
            if key in properties:
                about = {k: v for k, v in properties[key].items() if k in ("description", "default")}
                properties[key] = {**about, "anyOf": [reference, {"type": "null"}]}
        for key in ("inorganic", "phases"):
            if key in properties:
                properties[key]["propertyNames"] = reference


def _override_schema(definitions: dict[str, Any]) -> dict[str, Any]:
    about = definitions["Materials"]["properties"]["override"]["description"]
    values = {
        name: {
            "description": f"{kind.label} [{kind.unit or '-'}]",
            "type": ["string", "number"] if not kind.unit else "string",
        }
        for name, kind in PROPERTIES.items()
    }
    return {
        "description": about,
        "type": "object",
        "propertyNames": {"$ref": "#/$defs/MaterialName"},
        "additionalProperties": {"type": "object", "properties": values, "additionalProperties": False},
    }
