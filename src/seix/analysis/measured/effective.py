"""Picture of effective properties: values between their bounds, Arrhenius plots, stiffness layer by layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator

from ...measure.reading import Reading
from ...units import FARADAY
from .. import style
from ..page import HEAD, MillimetreFigure, panel_head, text_width
from .effective_names import BOUNDS

_WIDTH, _COLUMNS, _LEFT, _RIGHT, _GAP = 180.0, 3, 13.0, 3.0, 15.0  # mm
_HEIGHT, _TOP, _BELOW = 40.0, 7.0, 11.0
_SPREAD = 3.0
"""Largest bound over smallest value up to which a linear axis shows both."""
_CLOSE = 1.5
"""The same over the smallest bound up to which the axis need not start at zero."""
_REACH = 5.0
"""How far a logarithmic axis goes below the smallest value at most."""
_TRANSPORT = {
    "conductivity": ("Ionic conductivity", "conductivity", "S/m"),
    "diffusivity": ("Diffusivity of lithium", "diffusivity", "m²/s"),
    "permittivity": ("Permittivity", "relative permittivity", ""),
}
_MODULI = {
    "youngs_modulus.through": "$E_\\mathrm{3}$",
    "youngs_modulus.in_plane": "$E_\\mathrm{1}$",
    "uniaxial_strain_modulus.through": "$C_\\mathrm{33}$",
    "plane_strain_modulus.in_plane": "plane\nstrain",
    "biaxial_modulus.in_plane": "biaxial",
    "indentation_modulus.through": "tip",
}
_DIRECTIONS = {"through": "through", "in_plane": "along"}
_GIGA, _NANO = 1e9, 1e-9

Structures = Sequence[tuple[str, Reading]]
Panel = tuple[str, Callable[[Axes], None]]


def draw(path: Path, structures: Structures, dpi: int) -> None:
    """Draw what the readings contain.

    Parameters
    ----------
    path : Path
        PNG file.
    structures : sequence of (label, Reading)
    dpi : int
    """
    panels = _panels(structures)
    width = (_WIDTH - _LEFT - _RIGHT - (_COLUMNS - 1) * _GAP) / _COLUMNS
    rows = -(-len(panels) // _COLUMNS)
    with style.context():
        figure = MillimetreFigure(_WIDTH, _TOP + rows * (HEAD + _HEIGHT + _BELOW))
        left = _LEFT - 8.0
        for (label, _), colour in zip(structures, _colours(structures), strict=True):
            figure.text(left, 4.6, f"■ {label}", color=colour, ha="left", va="baseline")
            left += text_width(f"■ {label}") + 4.0
        words = "dark bar: from uniform to affine faces;  light bar: Hashin and Shtrikman;  line: Voigt and Reuss"
        figure.text(_WIDTH - _RIGHT, 4.6, words, ha="right", va="baseline", color="#555555")
        for number, (head, paint) in enumerate(panels):
            left = _LEFT + (number % _COLUMNS) * (width + _GAP)
            top = _TOP + (number // _COLUMNS) * (HEAD + _HEIGHT + _BELOW)
            paint(figure.axes(left, top + HEAD, width, _HEIGHT))
            panel_head(figure, left - 8.0, top, "abcdef"[number], head)
        figure.save(path, dpi)


def _panels(structures: Structures) -> list[Panel]:
    """Heads, and functions that fill axes."""
    first = structures[0][1]
    names = _column(first, "effective", "property")
    found: list[Panel] = []
    for name, (head, label, unit) in _TRANSPORT.items():
        if f"{name}.through" in names:
            ticks = {f"{name}.{direction}": text for direction, text in _DIRECTIONS.items()}
            power = _power(_column(first, "effective", "value")[names.index(f"{name}.through")]) if unit else 0
            words = f"{label} ({_times(power)}{unit})" if unit else label
            found.append((head, lambda axes, t=ticks, y=words, u=10.0**power: _ranges(axes, structures, t, y, u)))
    moduli = {name: text for name, text in _MODULI.items() if name in names}
    if moduli:
        found.append(("Moduli", lambda axes: _ranges(axes, structures, moduli, "modulus (GPa)", _GIGA)))
    if "effective_temperature" in first.tables:
        found.append(("Temperature (dashed: along)", lambda axes: _arrhenius(axes, structures)))
    if "effective_layers" in first.tables:
        found.append(("Stiffness of the layers", lambda axes: _layers(axes, structures)))
    return found


def _power(value: float) -> int:
    """Power of ten of a number."""
    return math.floor(math.log10(value)) if value > 0 else 0


def _times(power: int) -> str:
    """Power of ten before a unit."""
    return f"$\\mathrm{{10^{{{power}}}}}$ " if power else ""


def _colours(structures: Structures) -> list[str]:
    return [style.STRUCTURE_COLOURS[k % len(style.STRUCTURE_COLOURS)] for k in range(len(structures))]


def _column(reading: Reading, table: str, name: str) -> list:
    return next((list(column.values) for column in reading.tables[table] if column.name == name), [])


def _ranges(axes: Axes, structures: Structures, ticks: dict[str, str], label: str, unit: float = 1.0) -> None:
    """Values of some properties between their bounds, beside each other for each structure."""
    step = 0.8 / len(structures)
    values, lows, tops = [], [], []
    for k, ((_, reading), colour) in enumerate(zip(structures, _colours(structures), strict=True)):
        names = _column(reading, "effective", "property")
        columns = ("value", "uniform_faces", *BOUNDS)
        table = {name: np.array(_column(reading, "effective", name), dtype=float) / unit for name in columns}
        for place, name in enumerate(ticks):
            row, x = names.index(name), place + (k - (len(structures) - 1) / 2) * step
            value, uniform, low, inner, outer, high = (table[column][row] for column in columns)
            axes.plot([x, x], [low, high], color=colour, linewidth=0.6, zorder=1)
            if not np.isnan(inner):
                outer = high if np.isnan(outer) else outer
                axes.bar(x, outer - inner, 0.75 * step, inner, color=colour, alpha=0.25, linewidth=0, zorder=2)
            if not np.isnan(uniform):
                axes.bar(x, value - uniform, 0.75 * step, uniform, color=colour, alpha=0.75, linewidth=0, zorder=3)
            axes.plot([x - 0.4 * step, x + 0.4 * step], [value, value], color=colour, linewidth=1.0, zorder=4)
            values.append(value)
            lows.append(low)
            tops.append(high)
    _scale(axes, min(values), min(lows), max(tops))
    axes.set_xlim(-0.5, len(ticks) - 0.5)
    axes.set_xticks(range(len(ticks)), list(ticks.values()))
    axes.tick_params(axis="x", length=0)
    axes.set_ylabel(label)


def _scale(axes: Axes, value: float, low: float, high: float) -> None:
    """Axis that shows the smallest value and the largest bound, and the smallest bound unless that is far below."""
    if high <= _CLOSE * low:
        axes.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))
    elif high <= _SPREAD * value or value <= 0:
        axes.set_ylim(0.0, 1.05 * high)
    else:
        axes.set_yscale("log")
        axes.set_ylim(max(low / 1.2, value / _REACH), 1.2 * high)
        if 0.01 < value < 1e4:
            axes.yaxis.set_major_formatter("{x:g}")
            axes.yaxis.set_minor_locator(LogLocator(subs=(2.0, 5.0)))
            axes.yaxis.set_minor_formatter("{x:g}")


def _arrhenius(axes: Axes, structures: Structures) -> None:
    """Conductivity, else diffusivity, over inverse temperature, with activation energies."""
    table = structures[0][1].tables["effective_temperature"]
    name, unit = next((column.name.split(".")[0], column.unit) for column in table[1:])
    lines = []
    for (_, reading), colour in zip(structures, _colours(structures), strict=True):
        inverse = 1e3 / np.array(_column(reading, "effective_temperature", "temperature"))
        for direction, dashes in (("through", "-"), ("in_plane", "--")):
            values = _column(reading, "effective_temperature", f"{name}.{direction}")
            axes.semilogy(inverse, values, color=colour, linestyle=dashes, marker="o", markersize=2.0)
            energy = reading.quantities[f"effective.activation_energy.{name}.{direction}"].value / FARADAY
            lines.append((f"{_DIRECTIONS[direction]} {energy:.3f} eV", colour))
    for k, (text, colour) in enumerate(lines):
        axes.text(0.96, 0.95 - 0.09 * k, text, color=colour, transform=axes.transAxes, ha="right", va="top")
    axes.margins(y=0.15)
    axes.set(xlabel="1000/T (1/K)", ylabel=f"{name} ({unit})")


def _layers(axes: Axes, structures: Structures) -> None:
    """C33 (solid) and C11 (dashed) of the layers over the height above the core."""
    for (_, reading), colour in zip(structures, _colours(structures), strict=True):
        edges = np.append(0.0, np.cumsum(_column(reading, "effective_layers", "thickness"))) / _NANO
        for name, dashes in (("c33", "-"), ("c11", "--")):
            values = np.array(_column(reading, "effective_layers", name)) / _GIGA
            axes.stairs(values, edges, color=colour, linestyle=dashes, baseline=None)
    axes.set(xlabel="height above the core (nm)", ylabel="stiffness (GPa)", xlim=(0.0, None))
    axes.set_ylim(0.0, 1.25 * axes.get_ylim()[1])
    axes.text(0.96, 0.95, "solid $C_\\mathrm{33}$, dashed $C_\\mathrm{11}$", transform=axes.transAxes, ha="right", va="top")
