"""Material records as tables for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seix.materials import Material, MaterialLibrary, Property
from seix.properties import CONFIDENCE, PROPERTIES
from seix.units import FARADAY, format_si

if TYPE_CHECKING:
    from rich.table import Table

_SUMMARY = ("youngs_modulus", "poisson_ratio", "conductivity", "activation_energy", "relative_permittivity")
LEGEND = (
    "origin: R read in the source, K general knowledge (source not read again), C calculated, G estimate; "
    "then the confidence: H high, M medium, L low"
)


def shown_value(name: str, value: float) -> str:
    """A property value for people; activation energies in electronvolt, as the literature gives them."""
    kind = PROPERTIES[name]
    if kind.dimension == "molar_energy":
        return f"{value / FARADAY:.3g} eV"
    return format_si(value, kind.unit, 4)


def tag(item: Property) -> str:
    """Origin letters and confidence, ``KC, H``."""
    return f"{item.origin}, {item.confidence}"


def overview(library: MaterialLibrary) -> Table:
    """One row for every record, with the properties most runs depend on."""
    from rich.table import Table

    table = Table(
        title="Material records (seix materials NAME shows one with its sources)", title_justify="left"
    )
    table.add_column("name", no_wrap=True)
    table.add_column("material")
    for name in _SUMMARY:
        table.add_column(PROPERTIES[name].label, justify="right")
    for name in library.names:
        record = library.record(name)
        cells = [_cell(record, prop) for prop in _SUMMARY]
        table.add_row(name, record.title, *cells)
    return table


def _cell(record: Material, name: str) -> str:
    item = record.properties.get(name)
    return "" if item is None else f"{shown_value(name, item.value)}\n[dim]{tag(item)}[/dim]"


def details(record: Material) -> Table:
    """All values of one record with range, origin, sources and notes."""
    from rich.table import Table

    table = Table(
        title=f"{record.name}: {record.title} ({record.kind})", title_justify="left", show_lines=True
    )
    for name in ("property", "value", "range"):
        table.add_column(name, no_wrap=True)
    table.add_column("origin, confidence")
    table.add_column("sources and note", ratio=1)
    for name, item in record.properties.items():
        span = f"{shown_value(name, item.low)} to {shown_value(name, item.high)}"
        if item.range_origin != item.origin:
            span += f"\n({item.range_origin})"
        words = f"{item.origin_text}; {CONFIDENCE[item.confidence]}"
        cited = "[" + ", ".join(item.sources) + "]"
        text = f"{cited} {item.note}".rstrip()
        table.add_row(name, shown_value(name, item.value), span, f"{tag(item)}: {words}", _plain(text))
    return table


def sources(record: Material) -> list[str]:
    """One line for every source of a record."""
    lines = []
    for key, source in record.sources.items():
        link = (
            f" https://doi.org/{source['doi']}"
            if "doi" in source
            else f" {source['url']}"
            if "url" in source
            else ""
        )
        lines.append(f"[{key}] {source['text']}{link}")
    return lines


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)
