"""What was asked for and what was made of a microstructure, as a few lines for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..units import format_si


def statistics_lines(structure: Mapping[str, Any], microstructure: Mapping[str, Any]) -> list[str]:
    """Table of fractions, diameters and gaps, asked and found; no lines without grains.

    Parameters
    ----------
    structure
        Of :func:`seix.geometry.statistics.structure_statistics`.
    microstructure
        Of :func:`seix.geometry.statistics.full_statistics`.
    """
    if not microstructure["grains"]:
        return []
    rows = [("", "asked", "found"), *_fractions(structure), *_lengths(microstructure)]
    return [f"  {name:<26}{asked:>12}{found:>12}" for name, asked, found in rows]


def _fractions(structure: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for name, part in {"SEI": structure["sei"], **structure["phases"]}.items():
        what = "inorganic fraction" if name == "SEI" else f"fraction of {name.replace('_', ' ')}"
        yield what, f"{part['asked_fraction']:.4f}", f"{part['fraction']:.4f}"


def _lengths(microstructure: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    diameter, gap = microstructure["diameter"]["sei"], microstructure["gap"]
    for key, words in (("mean", "mean diameter"), ("std", "standard deviation of it")):
        yield words, _length(diameter.get("asked", {}).get(key)), _length(diameter["found"][key])
    smallest = min((layer["smallest_asked"] for layer in gap["layers"] if "smallest_asked" in layer), default=None)
    yield "smallest gap", _length(smallest), _length(gap["sei"].get("found", {}).get("min"))
    if "ks" in diameter:
        # of two distributions: asked is what independent draws exceed once in twenty times
        yield "distance of distributions", f"< {diameter['ks_5_percent']:.2g}", f"{diameter['ks']:.2g}"


def _length(value: float | None) -> str:
    return "-" if value is None else format_si(value, "m")
