"""Short names of quantities for axes of figures and for tables."""

from __future__ import annotations

import re
from dataclasses import dataclass

from . import style
from .quantity import describe
from .quantity_table import QUANTITY_TABLE

_MEASURES = {"mean": "mean", "max": "maximum", "p99": "P99", "p999": "P99.9"}
_FIELDS = {
    "field_enhancement": (style.FIELD, "E/E0"),
    "stress.first_principal": (r"$\sigma_\mathrm{1}$", "σ1"),
    "stress.von_mises": (r"$\sigma_\mathrm{vM}$", "σvM"),
    "stress.hydrostatic": (r"$\sigma_\mathrm{h}$", "σh"),
    "stress.interface_normal": (r"$\sigma_\mathrm{n}$ on core|SEI", "pull on core|SEI"),
}
_SHORT = {
    "sei.area_resistance": "SEI area resistance",
    "sei.effective_conductivity": "effective conductivity",
    "sei.inorganic_fraction": "inorganic fraction",
    "potential.drop": "polarisation",
    "potential.cell": "electrode potential",
}
RATIO = "ratio."


@dataclass(frozen=True)
class Label:
    """Name of a quantity.

    Attributes
    ----------
    figure : str
        With mathtext.
    text : str
        Without.
    meaning : str
        What it is, in a few words; empty for what the table of quantities does not know.
    """

    figure: str
    text: str
    meaning: str


def label_of(name: str) -> Label:
    """Label of a quantity.

    Parameters
    ----------
    name : str
        As in quantities.json, without the name of a structure; with or without ``ratio.``.
    """
    bare = name.removeprefix(RATIO)
    info = describe(bare)
    figure, text = _of(bare)
    meaning = _meaning(bare, info.meaning, info.pattern) if info else ""
    if bare != name:
        return Label(f"ratio of {figure}", f"ratio of {text}", f"ratio of the structures: {meaning}" if meaning else "")
    return Label(figure, text, meaning)


def _of(name: str) -> tuple[str, str]:
    for field, (figure, text) in _FIELDS.items():
        match = re.fullmatch(re.escape(field) + r"\.(\w+)(?:\.([^.]+))?", name)
        if match and match[1] in _MEASURES:
            measure, phase = _MEASURES[match[1]], match[2]
            ends = (style.phase_label(phase), phase.replace("_", " ")) if phase else ("", "")
            whole = [f"{first}, {measure}" + (f", {end}" if end else "") for first, end in zip((figure, text), ends, strict=True)]
            return whole[0], whole[1]
    plain = _SHORT.get(name, re.sub(r"[._]+", " ", name))
    return plain, plain


def _meaning(name: str, meaning: str, pattern: str) -> str:
    """Meaning with the phase, or what else in angles, that it is about."""
    if "<" not in pattern:
        return meaning
    return f"{meaning}: {name.rsplit('.', 1)[-1].replace('_', ' ')}"


def headlines(names: list[str]) -> list[str]:
    """Headline quantities among some names, in the order of the table of quantities; of phases not the core.

    Parameters
    ----------
    names : list of str
        Without ``ratio.``.
    """
    order = {info.pattern: number for number, info in enumerate(QUANTITY_TABLE)}
    found = [(info, name) for name in names if (info := describe(name)) and info.headline and not name.endswith(".core")]
    ranked = sorted(found, key=lambda item: order[item[0].pattern] - (item[0].pattern == _FIRST) * len(order))
    return [name for _, name in ranked]


_FIRST = "field_enhancement.p999"
"""What a reader looks for first."""
