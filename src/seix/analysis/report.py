"""report.html: one self-contained file made from the other files of a result folder."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..adaptivity.words import COLUMNS, outcome, step_rows
from .activated import activation_tables
from .notation import display_unit, format_number
from .pages import page
from .quantity import describe
from .summary import summarise

_TITLES = {
    "microstructure": "microstructure",
    "field_enhancement": "electric field enhancement",
    "first_principal_stress": "first principal stress",
    "potential": "potential",
    "current_density": "current density",
    "lithium_concentration": "lithium in the core",
    "von_mises_stress": "von Mises stress",
    "hydrostatic_stress": "hydrostatic stress",
}


def write_report(folder: Path) -> Path:
    """Write report.html from record.json, quantities.json and maps/*.png of a folder.

    Parameters
    ----------
    folder
        Result folder; finished or about to be.

    Returns
    -------
    Path of the report.
    """
    record = json.loads((folder / "record.json").read_text("utf-8"))
    document = json.loads((folder / "quantities.json").read_text("utf-8"))
    path = folder / "report.html"
    path.write_text(render_report(record, document, folder / "maps"), "utf-8")
    return path


def render_report(record: Mapping[str, Any], document: Mapping[str, Any], maps: Path) -> str:
    """HTML text of the report; images are embedded, nothing is loaded from elsewhere."""
    structures, summary = record["structures"], summarise(document)
    return page(
        "report.html",
        record=record,
        descriptions=list(dict.fromkeys(text for text in record["descriptions"].values() if text)),
        computed=_computed(record, document),
        warnings=_warnings(structures),
        panel=_image(maps / "panel.png"),
        measured=[image for path in sorted(maps.glob("measured_*.png")) if (image := _image(path))],
        summary=summary,
        caption=f"{summary.caption}. " if summary.caption else "",
        quantities=_quantity_rows(document),
        structures=[_structure(structure, maps) for structure in structures],
        materials=_material_rows(structures),
        numerics=_numerics_rows(structures),
        adapted=_adapted(structures),
        adapted_columns=COLUMNS,
        merged=_text(record["scenario"]["merged"]),
        software=_text(
            {"packages": record["packages"], "platform": record["platform"], "code": record["code"]}
        ),
        bibliography=[_source(entry) for entry in record["bibliography"]],
    )


def _computed(record: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    names = [name.replace("_", " ") for name in document["structures"]]
    multiples = dict.fromkeys(f"{case['current_multiple']:g}" for case in document["cases"])
    what = f"Structures: {', '.join(names)}." if len(names) > 1 else f"Structure: {names[0]}."
    shown = dict.fromkeys(f"{structure['map_current_multiple']:g}" for structure in record["structures"])
    return f"{what} Currents: I/I0 = {', '.join(multiples)}. Maps show I/I0 = {', '.join(shown)}."


def _warnings(structures: list[Mapping[str, Any]]) -> list[str]:
    found: dict[str, list[str]] = {}
    for structure in structures:
        for text in structure["warnings"]:
            found.setdefault(text, []).append(structure["name"].replace("_", " "))
    if len(structures) == 1:
        return list(found)
    return [f"{', '.join(names)}: {text}" for text, names in found.items()]


def _image(path: Path) -> str | None:
    if not path.is_file():
        return None
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()


def _structure(structure: Mapping[str, Any], maps: Path) -> dict[str, Any]:
    label = structure["name"].replace("_", " ")
    cutaways = {f"cutaway_{structure['name']}_{field}": f"{title}, cut away" for field, title in _TITLES.items()}
    flat = {f"{structure['name']}_{field}": title for field, title in _TITLES.items()}
    images = [
        {"data": data, "alt": f"{label}: {title}"}
        for name, title in (cutaways | flat).items()
        if (data := _image(maps / f"{name}.png"))
    ]
    statistics = {name: value for name, value in structure["statistics"].items() if name != "activation"}  # has tables of its own
    details = {"numerics": structure["numerics"], "statistics": statistics}
    return {
        "label": label,
        "seed": structure["seed"],
        "maps": images,
        "microstructure": _microstructure_rows(structure["statistics"]),
        "activation": activation_tables(structure["statistics"]),
        "details": _text(details),
    }


def _microstructure_rows(statistics: Mapping[str, Any]) -> list[list[str]]:
    """Asked and achieved, for the SEI, each phase and each layer; empty when nothing is known."""
    packed, mesh = statistics.get("structure", {}), statistics.get("mesh", {})
    in_mesh = mesh.get("fractions", {})
    rows = []
    if packed.get("sei"):
        rows.append(_microstructure_row("SEI", packed["sei"], sum(in_mesh.values()) if in_mesh else None))
    for name, part in packed.get("phases", {}).items():
        rows.append(_microstructure_row(name.replace("_", " "), part, in_mesh.get(name)))
    layers = packed.get("layers", [])
    for number, part in enumerate(layers):
        found = mesh.get("layers", [])
        share = sum(found[number].values()) if number < len(found) else None
        thickness = _length(part.get("thickness"))
        rows.append(_microstructure_row(f"layer {number + 1}, {thickness}", part, share))
    return rows


def _microstructure_row(label: str, part: Mapping[str, Any], in_mesh: float | None) -> list[str]:
    diameter, gap = part.get("diameter", {}), part.get("gap", {})
    size = ""
    if diameter:
        factor, unit = display_unit("m", diameter["mean"])
        size = f"{diameter['mean'] / factor:.1f} ± {diameter['std'] / factor:.1f} {unit}"
    return [
        label,
        _percent(part.get("asked_fraction")),
        _percent(part.get("fraction")),
        _percent(in_mesh),
        f"{part['grains']:g}" if "grains" in part else "",
        size,
        _length(gap.get("min")),
        _length(part.get("interface_length")),
    ]


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.2f} %"


def _length(value: float | None) -> str:
    if value is None:
        return ""
    factor, unit = display_unit("m", value)
    return f"{value / factor:.3g} {unit}"


def _quantity_rows(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for case in document["cases"]:
        for number, (name, entry) in enumerate(case["quantities"].items()):
            info = describe(name.removeprefix("ratio."))
            rows.append(
                {
                    "structure": case["structure"],
                    "multiple": f"{case['current_multiple']:g}",
                    "name": name,
                    "meaning": info.meaning if info else "",
                    "value": f"{entry['value']:.6g}",
                    "unit": "" if entry["unit"] == "1" else entry["unit"],
                    "error": "" if entry["error"] is None else f"{entry['error']:.2g}",
                    "kind": entry["error_kind"] or "",
                    "first": number == 0,
                }
            )
    return rows


def _material_rows(structures: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row for each property; what several structures share is shown once."""
    rows, seen = [], []
    for structure in structures:
        for material in structure["materials"]:
            if material in seen:
                continue
            seen.append(material)
            for number, (name, item) in enumerate(material["properties"].items()):
                limits = [item.get("low"), item.get("high")]
                rows.append(
                    {
                        "material": material.get("title") or material["name"] if number == 0 else "",
                        "property": name.replace("_", " "),
                        "value": format_number(item["value"])
                        if isinstance(item["value"], float)
                        else item["value"],
                        "unit": "" if item["unit"] in ("1", "dimensionless") else item["unit"],
                        "range": "" if None in limits else f"{limits[0]:.3g} to {limits[1]:.3g}",
                        "confidence": item.get("confidence", ""),
                        "source": "; ".join(text for text in (item.get("source"), item.get("note")) if text),
                        "first": number == 0,
                    }
                )
    return rows


def _numerics_rows(structures: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for structure in structures:
        for number, case in enumerate(structure["cases"]):
            sizes = [
                str(structure["numerics"].get(key, "")) if number == 0 else ""
                for key in ("cells", "unknowns")
            ]
            ends = [f"{value:.1e}" for value in (case["residuals"][:1] + case["residuals"][-1:])] or ["", ""]
            cells = [*sizes, f"{case['current_multiple']:g}", str(case["iterations"]), *ends]
            rows.append(
                {
                    "structure": structure["name"].replace("_", " ") if number == 0 else "",
                    "cells": cells,
                    "first": number == 0,
                }
            )
    return rows


def _adapted(structures: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Structures with adapted meshes: how their sequence ended, and its steps."""
    found = [(structure["name"].replace("_", " "), structure["numerics"].get("adapted")) for structure in structures]
    return [{"structure": name, "outcome": outcome(one), "rows": step_rows(one)} for name, one in found if one is not None]


def _source(entry: Mapping[str, Any]) -> dict[str, Any]:
    doi = entry.get("doi")
    url = entry.get("url") or ""
    # only ordinary web addresses become links
    link = f"https://doi.org/{doi}" if doi else url if url.startswith(("https://", "http://")) else ""
    return {"text": entry["text"], "link": link, "shown": doi or url, "used_for": entry.get("used_for", [])}


def _text(data: Any) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False)
