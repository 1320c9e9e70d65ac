"""The figures of ``seix calibrate``: model against measurement, and the confidence region of each pair of parameters."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ..analysis import style
from ..analysis.notation import display_unit
from ..analysis.page import HEAD, MillimetreFigure, panel_head, text_width
from ..units import pretty_unit
from .calibrate_command import Calibrated, pairs, region
from .fit_parameters import Parameter

_BEFORE, _AFTER, _GREY = "#8a8a8a", style.STRUCTURE_COLOURS[1], "#8a8a8a"
_PRIOR = style.STRUCTURE_COLOURS[2]
_WIDTH, _ROW, _PANEL, _COLUMNS = 120.0, 7.0, 48.0, 3
_DECADES = 1.5
"""Ratios of model to measurement that span more than this factor are drawn on a logarithmic axis."""


def write_figures(folder: Path, found: Calibrated, dpi: int) -> None:
    """``measured.png``, and ``confidence.png`` if two parameters are known."""
    with style.context():
        _write_measured(folder / "measured.png", found, dpi)
        if pairs(found):
            _write_confidence(folder / "confidence.png", found, dpi)
        else:
            (folder / "confidence.png").unlink(missing_ok=True)


def _write_measured(path: Path, found: Calibrated, dpi: int) -> None:
    """Model over measurement, before and after, with the standard deviations of the measurement and of the comparison."""
    rows = list(zip(found.setup.measurements, found.fit.start_values, found.after, found.fit.sigma, strict=True))
    labels = [_label(one.target, found) for one, *_ in rows]
    left = 6.0 + max(text_width(label) for label in labels)
    height = _ROW * len(rows) + 4.0
    figure = MillimetreFigure(left + _WIDTH, HEAD + height + 15.0)
    axes = figure.axes(left, HEAD, _WIDTH - 4.0, height)
    extent = []
    for i, (one, before, after, sigma) in enumerate(rows):
        spread = (math.exp(-sigma), math.exp(sigma)) if one.log else (1 - sigma / abs(one.value), 1 + sigma / abs(one.value))
        own = one.uncertainty if one.log else one.uncertainty / abs(one.value)
        inner = (math.exp(-own), math.exp(own)) if one.log else (1 - own, 1 + own)
        axes.plot(spread, (i, i), "-", color=style.INK, linewidth=0.8)
        axes.plot(inner, (i, i), "|", color=style.INK, markersize=5)
        axes.plot([before / one.value], [i], "o", markerfacecolor="white", markeredgecolor=_BEFORE, markersize=4)
        axes.plot([after / one.value], [i], "o", color=_AFTER, markersize=4)
        extent += [*spread, before / one.value, after / one.value]
    axes.axvline(1.0, color=_GREY, linewidth=0.5, zorder=0)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), labels)
    positive = min(extent) > 0
    if positive and max(extent) / min(extent) > _DECADES:
        axes.set_xscale("log")
        if max(extent) / min(extent) < 30:
            ticks = [t for t in (0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10) if min(extent) / 1.1 < t < max(extent) * 1.1]
            axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
            axes.set_xticks([], minor=True)
    axes.set_xlabel("model / measured")
    handles = [
        Line2D([], [], marker="o", linestyle="", markerfacecolor="white", markeredgecolor=_BEFORE, label="start"),
        Line2D([], [], marker="o", linestyle="", color=_AFTER, label="fitted"),
        Line2D([], [], color=style.INK, linewidth=0.8, label="± standard deviation, with the model's; ticks: measured alone"),
    ]
    figure.figure.legend(handles=handles, loc="lower center", ncols=3)
    figure.text(2.0, 4.1, found.setup.file.title, ha="left", va="baseline")
    figure.save(path, dpi)


def _label(target, found: Calibrated) -> str:
    """Quantity, with structure and current where there are several."""
    study = found.setup.study
    parts = [target.name]
    if study.is_comparison:
        parts.append(target.structure)
    if len({one.target.multiple for one in found.setup.measurements}) > 1:
        parts.append(f"I/I0 = {target.multiple:g}")
    return ", ".join(parts)


def _write_confidence(path: Path, found: Calibrated, dpi: int) -> None:
    """The joint 95 % region of each pair around the fitted values."""
    every = pairs(found)
    columns = min(len(every), _COLUMNS)
    rows = math.ceil(len(every) / columns)
    each_x, each_y = _PANEL + 22.0, _PANEL + HEAD + 10.0
    figure = MillimetreFigure(columns * each_x, rows * each_y + (9.0 if columns == 1 else 6.0))
    for number, (j, k) in enumerate(every):
        row, column = divmod(number, columns)
        axes = figure.axes(column * each_x + 16.0, row * each_y + HEAD, _PANEL, _PANEL)
        _draw_pair(axes, found, j, k)
        correlation = round(float(found.confidence.correlation[j, k]), 2) + 0.0  # no minus before zero
        letter = "abcdefghijklmnopqrstuvwxyz"[number % 26]
        panel_head(figure, column * each_x + 10.0, row * each_y, letter, f"joint 95 % region, correlation {correlation:.2f}")
    handles = [Line2D([], [], color=_AFTER, marker="o", label="fitted")]
    handles.append(Line2D([], [], color=_AFTER, linestyle=":", label="95 % interval of one"))
    if any(found.setup.parameters[n].prior is not None for pair in every for n in pair):
        handles.append(Line2D([], [], color=_PRIOR, linestyle="--", label="prior ± standard deviation"))
    figure.figure.legend(handles=handles, loc="lower center", ncols=2 if columns == 1 else len(handles))
    figure.save(path, dpi)


def _draw_pair(axes: Axes, found: Calibrated, j: int, k: int) -> None:
    parameters, values = found.setup.parameters, found.values
    line = region(found, j, k)
    for number, ends, label in ((j, line[0], axes.set_xlabel), (k, line[1], axes.set_ylabel)):
        one = parameters[number]
        factor, unit = _axis_unit(one, values[number])
        label(f"{one.name.replace('_', ' ')}{f' ({unit})' if unit else ''}")
        for bound in found.interval(number):
            (axes.axvline if number == j else axes.axhline)(bound / factor, color=_AFTER, linestyle=":", linewidth=0.6)
        _draw_prior(axes, one, factor, number == j)
        reach = 1.25 * (ends - values[number])
        limits = ((values[number] + reach.min()) / factor, (values[number] + reach.max()) / factor)
        if one.log and ends.max() / ends.min() > 10:
            (axes.set_xscale if number == j else axes.set_yscale)("log")
            limits = (ends.min() / 1.3 / factor, ends.max() * 1.3 / factor)
        (axes.set_xlim if number == j else axes.set_ylim)(*limits)
    factors = [_axis_unit(parameters[n], values[n])[0] for n in (j, k)]
    axes.fill(line[0] / factors[0], line[1] / factors[1], color=_AFTER, alpha=0.15, linewidth=0)
    axes.plot(line[0] / factors[0], line[1] / factors[1], color=_AFTER)
    axes.plot([values[j] / factors[0]], [values[k] / factors[1]], "o", color=_AFTER)


def _axis_unit(one: Parameter, value: float) -> tuple[float, str]:
    """Factor and unit in which a value has few digits; a power of ten goes to the unit where that has no prefix."""
    factor, unit = display_unit(one.unit or "1", abs(value))
    exponent = math.floor(math.log10(abs(value) / factor)) if value else 0
    unit = pretty_unit(unit)
    if -3 < exponent < 4:
        return factor, unit
    return factor * 10.0**exponent, rf"$\mathrm{{10^{{{exponent}}}}}$ {unit}".rstrip()


def _draw_prior(axes: Axes, one: Parameter, factor: float, vertical: bool) -> None:
    if one.prior is None:
        return
    ends = np.array([one.prior[0] - one.prior[1], one.prior[0] + one.prior[1]])
    for end in np.exp(ends) if one.log else ends:
        (axes.axvline if vertical else axes.axhline)(end / factor, color=_PRIOR, linestyle="--", linewidth=0.6)
