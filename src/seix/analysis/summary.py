"""The headline numbers of a run as rows of text, for the terminal and for the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .measured.effective_names import BOUNDS
from .notation import display_unit, format_number
from .quantity import describe

Entry = Mapping[str, Any]
STRESS = "stress.first_principal.p999."
ALL_CURRENTS = "all"
BOUND_NAMES = "  bounds: Reuss | HS low | HS high | Voigt"
"""Hashin and Shtrikman's are those of layers in series, each an isotropic composite (Backus' average at their bounds)."""
# relative change with the current, or change below the error, that does not count as a change
_SAME = 1e-3


@dataclass(frozen=True)
class Summary:
    """Table of text.

    Attributes
    ----------
    caption
        Reference field and meaning of the errors.
    columns
        Quantity, I/I0, one for each structure and, for a comparison, the ratio.
    blocks
        For each quantity its rows; the quantity stands in the first row only.
    """

    caption: str
    columns: list[str]
    blocks: list[list[list[str]]]


def summarise(document: Mapping[str, Any]) -> Summary:
    """Headline table from the content of quantities.json.

    Parameters
    ----------
    document
        As written by `seix.analysis.output.write_quantities`.
    """
    structures = list(document["structures"])
    columns = [*structures, "/".join(structures[:2])] if len(structures) > 1 else structures
    cases = {(case["structure"], case["current_multiple"]): case["quantities"] for case in document["cases"]}
    multiples = list(dict.fromkeys(case["current_multiple"] for case in document["cases"]))
    blocks = []
    for label, name in _quantities(cases, structures):
        rows = {}
        for multiple in multiples:
            own = [cases.get((structure, multiple), {}).get(name) for structure in structures]
            if any(own):
                ratio = [cases[columns[-1], multiple].get(f"ratio.{name}")] if len(structures) > 1 else []
                rows[multiple] = [*own, *ratio]
        if rows:
            shown = _shown_unit(rows)
            blocks.append(_block(label, rows, *shown) + _bounds(name, cases, structures, multiples, shown[1]))
    heads = [structure.replace("_", " ") for structure in structures]
    ratio_head = ["ratio"] if len(structures) > 1 else []
    return Summary(_caption(cases, structures), ["quantity", "I/I0", *heads, *ratio_head], blocks)


def _quantities(
    cases: Mapping[tuple[str, float], Mapping[str, Entry]], structures: list[str]
) -> list[tuple[str, str]]:
    """Label and name of each block; only those that exist are kept later."""
    known = dict.fromkeys(
        name for (structure, _), quantities in cases.items() if structure in structures for name in quantities
    )
    phases = [name.removeprefix(STRESS) for name in known if name.startswith(STRESS)]
    return [
        ("E/E0 P99.9", "field_enhancement.p999"),
        ("E/E0 P99", "field_enhancement.p99"),
        *((f"σ1 P99.9 {phase.replace('_', ' ')}", STRESS + phase) for phase in phases if phase != "core"),
        ("pull on core|SEI P99.9", "stress.interface_normal.p999"),
        ("SEI area resistance", "sei.area_resistance"),
        ("polarisation", "potential.drop"),
        ("inorganic fraction", "sei.inorganic_fraction"),
        *((info.label, name) for name in known if (info := describe(name)) is not None and info.label is not None),
    ]


def _shown_unit(rows: Mapping[float, list[Entry | None]]) -> tuple[str, float, str]:
    """SI unit of a quantity, and factor and name of the one that all its numbers are shown in."""
    entries = [entry for row in rows.values() for entry in row if entry is not None]
    unit = entries[0]["unit"]
    # the smallest value decides: 80 mV to 800 mV reads better than 0.08 V to 0.8 V
    sizes = [abs(entry["value"]) for entry in entries if entry["unit"] == unit and entry["value"]]
    return unit, *display_unit(unit, min(sizes, default=0.0))


def _block(
    label: str, rows: Mapping[float, list[Entry | None]], si_unit: str, factor: float, unit: str
) -> list[list[str]]:
    first = next(iter(rows.values()))
    label = f"{label} ({unit})" if unit else label
    if len(rows) > 1 and all(_same(row, first) for row in rows.values()):
        rows = {ALL_CURRENTS: first}  # type: ignore[dict-item]
    texts = []
    for number, (multiple, row) in enumerate(rows.items()):
        current = multiple if isinstance(multiple, str) else f"{multiple:g}"
        cells = [
            _cell(entry, factor if entry is not None and entry["unit"] == si_unit else 1.0)
            for entry in row
        ]
        texts.append([label if number == 0 else "", current, *cells])
    return texts


def _bounds(name: str, cases, structures: list[str], multiples: list[float], factor: float) -> list[list[str]]:
    """Row of the bounds of a value, in its unit, if it has any; they are the same at all currents that have it."""
    found = []
    for structure in structures:
        own = (cases.get((structure, multiple), {}) for multiple in multiples)
        found.append(next((quantities for quantities in own if name in quantities), {}))
    if not any(f"{name}.{bound}" in own for own in found for bound in BOUNDS):
        return []
    texts = []
    for own in found:
        given = [own.get(f"{name}.{bound}") for bound in BOUNDS]
        known = ["-" if entry is None else _short(entry["value"] / factor) for entry in given]
        texts.append(" | ".join(known) if name in own else "")
    return [[BOUND_NAMES, "", *texts, *([""] if len(structures) > 1 else [])]]


def _short(value: float) -> str:
    """Three digits, or all before the point: thousands are read more easily without an exponent."""
    return f"{value:.3g}" if abs(value) < 999.5 else format_number(value)


def _cell(entry: Entry | None, factor: float) -> str:
    if entry is None:
        return ""
    error = entry["error"]
    return format_number(entry["value"] / factor, None if error is None else error / factor)


def _same(row: list[Entry | None], other: list[Entry | None]) -> bool:
    return all(
        (a is None) == (b is None)
        and (
            a is None
            or b is None
            or abs(a["value"] - b["value"]) <= max(_SAME * abs(a["value"]), a["error"] or 0.0)
        )
        for a, b in zip(row, other, strict=True)
    )


def _caption(cases: Mapping[tuple[str, float], Mapping[str, Entry]], structures: list[str]) -> str:
    fields = {}
    kinds = set()
    for (structure, _), quantities in cases.items():
        if structure in structures and "reference_field" in quantities:
            fields[structure] = quantities["reference_field"]["value"]
        kinds |= {entry["error_kind"] for entry in quantities.values()}
    parts = []
    if fields:
        factor, unit = display_unit("V/m", max(fields.values()))
        values = dict.fromkeys(f"{value / factor:.4g}" for value in fields.values())
        parts.append(f"E0 = {', '.join(values)} {unit}")
    if any(name.startswith(STRESS) for quantities in cases.values() for name in quantities):
        parts.append("σ1: first principal stress")
    if len(structures) > 1:
        parts.append(f"ratio: {structures[0]}/{structures[1]}".replace("_", " "))
    if any(name.endswith(f".{BOUNDS[0]}") for quantities in cases.values() for name in quantities):
        parts.append("HS: bounds of Hashin and Shtrikman, of layers in series")
    if "two_mesh" in kinds:
        parts.append("± is the discretisation error, from a coarser mesh")
    if "adaptive" in kinds:
        parts.append("that of the target of mesh.adapt is estimated along its sequence of meshes at I/I0 = 1")
    return "; ".join(parts)
