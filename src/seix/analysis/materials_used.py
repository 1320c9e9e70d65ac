"""Material records behind a result, for its record and report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..input.needs import used_properties
from ..materials import MaterialLibrary

if TYPE_CHECKING:
    from ..scenario import Scenario


def materials_used(scenario: Scenario) -> list[dict[str, Any]]:
    """Records that a scenario reads, as plain dictionaries.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    list of dict
        `name`, `title`, `kind` and `properties`: of each property `value` as in the scenario, `unit`, range `low` to `high`,
        `source`, `confidence`, `origin` and `note`.
    """
    library = MaterialLibrary()
    records = []
    for name, used in used_properties(scenario).items():
        material = library.material(name, scenario.materials.override)
        properties = {}
        # activation energies are used where a record has them
        for key in sorted(used & set(material.properties)):
            item = material.properties[key]
            properties[key] = {
                "value": item.value,
                "unit": item.unit,
                "low": item.low,
                "high": item.high,
                "source": "; ".join(material.sources[source]["text"] for source in item.sources),
                "confidence": f"{item.origin}{item.confidence}",
                "origin": item.origin_text,
                "note": item.note,
            }
        records.append({"name": name, "title": material.title, "kind": material.kind, "properties": properties})
    return records
