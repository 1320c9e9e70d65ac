"""Diagrams of the headline quantities against the current."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator

from . import style
from .notation import display_unit, format_number
from .output import all_cases, ratio_label
from .page import HEAD, MillimetreFigure, panel_head
from .quantity import Quantity
from .results import StructureResult

_AXES_HEIGHT, _CURVES_LEFT = 42.0, 12.0
CURVES_HEIGHT = _AXES_HEIGHT + 9.0
"""Room that the axes need with the labels below them [mm]."""
_STYLES = (("-", "o"), ("--", "s"), (":", "^"), ("-.", "D"), ((0, (1, 3)), "v"))
_LOGARITHMIC = 30.0  # currents that span more than this are drawn on logarithmic axes


@dataclass(frozen=True)
class Curve:
    """One quantity of one structure over the current."""

    structure: int
    label: str
    kind: int
    multiples: list[float]
    quantities: list[Quantity]


Group = tuple[str, str, list[Curve]]
"""Axis label, title and curves of one diagram."""


def trend_groups(results: Sequence[StructureResult]) -> list[Group]:
    """Axis label, title and curves of the two diagrams; empty for one structure at one current."""
    if len(results) == 1 and len(results[0].cases) == 1:
        return []
    field = [
        ("P99.9", "field_enhancement.p999"),
        ("P99", "field_enhancement.p99"),
        ("mean", "field_enhancement.mean"),
    ]
    sei = [[n for n in r.fields.region_names[2:] if n not in r.mesh.core_regions] for r in results]
    phases = list(dict.fromkeys(name for names in sei for name in names))
    stress = [(style.phase_label(name), f"stress.first_principal.p999.{name}") for name in phases][
        : len(_STYLES)
    ]
    groups = [
        (f"{style.FIELD} in the SEI", _ratio_note(results), _curves(results, field)),
        (r"P99.9 of $\sigma_\mathrm{1}$", "First principal stress of each phase", _curves(results, stress)),
    ]
    return [group for group in groups if group[2]]


def _curves(results: Sequence[StructureResult], names: list[tuple[str, str]]) -> list[Curve]:
    curves = []
    for i, result in enumerate(results):
        for kind, (label, name) in enumerate(names):
            cases = [case for case in result.cases if name in case.quantities]
            if cases:
                curves.append(
                    Curve(
                        i,
                        label,
                        kind,
                        [case.current_multiple for case in cases],
                        [case.quantities[name] for case in cases],
                    )
                )
    return curves


def draw_trends(
    figure: MillimetreFigure,
    top: float,
    margin: float,
    groups: Sequence[Group],
    results: Sequence[StructureResult],
    letters: Iterator[str],
) -> None:
    """Draw the diagrams side by side below `top` [mm], `CURVES_HEIGHT` high with labels."""
    column = figure.width / max(len(groups), 2)
    for number, (label, title, curves) in enumerate(groups):
        longest = max(
            len(text)
            for text in [
                *(curve.label for curve in curves if "$" not in curve.label),
                *(result.label for result in results),
            ]
        )
        width = column - _CURVES_LEFT - max(20.0, 9.0 + 1.3 * longest)
        left = _CURVES_LEFT + number * column
        axes = figure.axes(left, top + HEAD, width, _AXES_HEIGHT)
        values = [quantity for curve in curves for quantity in curve.quantities]
        factor, unit = display_unit(values[0].unit, max(abs(quantity.value) for quantity in values))
        if len(results[0].cases) > 1:
            _against_current(axes, curves, factor)
        else:
            _by_kind(axes, curves, factor)
        axes.set_ylabel(f"{label} ({unit})" if unit else label)
        _legend(axes, curves, results)
        panel_head(figure, left - _CURVES_LEFT + margin, top, next(letters), title)


def _against_current(axes: Axes, curves: list[Curve], factor: float) -> None:
    for curve in curves:
        line, marker = _STYLES[curve.kind]
        colour = style.STRUCTURE_COLOURS[curve.structure % len(style.STRUCTURE_COLOURS)]
        axes.errorbar(
            curve.multiples,
            [q.value / factor for q in curve.quantities],
            yerr=_errors(curve, factor),
            linestyle=line,
            marker=marker,
            color=colour,
            markerfacecolor="white",
            markeredgewidth=0.8,
            capsize=1.6,
            elinewidth=0.7,
        )
    multiples = sorted({multiple for curve in curves for multiple in curve.multiples})
    axes.set_xlabel(style.CURRENT)
    lowest = min(quantity.value for curve in curves for quantity in curve.quantities)
    if multiples[-1] / multiples[0] > _LOGARITHMIC:
        axes.set_xscale("log")
        if lowest > 0:
            axes.set_yscale("log")
        return
    axes.set_xlim(0, 1.04 * multiples[-1])
    _from_zero(axes, lowest)
    if min(np.diff(multiples), default=1.0) > 0.03 * multiples[-1]:
        axes.xaxis.set_major_locator(FixedLocator(multiples))
        axes.set_xticklabels([f"{multiple:g}" for multiple in multiples])


def _by_kind(axes: Axes, curves: list[Curve], factor: float) -> None:
    """With a single current there is nothing to draw lines through: one group of points for each kind."""
    kinds = {curve.kind: curve.label for curve in curves}
    count = max(curve.structure for curve in curves) + 1
    for curve in curves:
        colour = style.STRUCTURE_COLOURS[curve.structure % len(style.STRUCTURE_COLOURS)]
        place = curve.kind + 0.16 * (curve.structure - (count - 1) / 2)
        axes.errorbar(
            [place],
            [curve.quantities[0].value / factor],
            yerr=_errors(curve, factor),
            linestyle="none",
            marker="o",
            color=colour,
            markerfacecolor="white",
            markeredgewidth=0.9,
            capsize=2.0,
        )
    axes.xaxis.set_major_locator(FixedLocator(list(kinds)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels(list(kinds.values()))
    axes.set_xlim(-0.6, max(kinds) + 0.6)
    _from_zero(axes, min(curve.quantities[0].value for curve in curves))


def _from_zero(axes: Axes, lowest: float) -> None:
    low, high = axes.get_ylim()
    axes.set_ylim(0 if lowest >= 0 else low, high + 0.08 * (high - min(low, 0)))


def _errors(curve: Curve, factor: float) -> list[float]:
    return [(quantity.error or 0.0) / factor for quantity in curve.quantities]


def _legend(axes: Axes, curves: list[Curve], results: Sequence[StructureResult]) -> None:
    """Colours stand for structures, line styles for kinds: one entry each."""
    shown = sorted({curve.structure for curve in curves})
    handles = [
        Line2D([], [], color=style.STRUCTURE_COLOURS[i % len(style.STRUCTURE_COLOURS)], linewidth=1.6)
        for i in shown
    ]
    labels = [results[i].label for i in shown]
    if len(results) == 1:
        handles, labels = [], []
    if len(results[0].cases) > 1:
        for kind, label in {curve.kind: curve.label for curve in curves}.items():
            line, marker = _STYLES[kind]
            handles.append(
                Line2D(
                    [],
                    [],
                    color="#555555",
                    linestyle=line,
                    marker=marker,
                    markerfacecolor="white",
                    markeredgewidth=0.8,
                )
            )
            labels.append(label)
    if handles:
        axes.legend(
            handles,
            labels,
            loc="upper left",
            bbox_to_anchor=(1.02, 1.02),
            borderaxespad=0.0,
            labelspacing=0.5,
        )


def _ratio_note(results: Sequence[StructureResult]) -> str:
    """The headline of a comparison in a line."""
    label = ratio_label(results)
    ratios = [
        (multiple, quantities["ratio.field_enhancement.p999"])
        for structure, multiple, quantities in all_cases(results)
        if structure == label and "ratio.field_enhancement.p999" in quantities
    ]
    if not ratios:
        return "Quantiles of the field enhancement"
    multiple, value = ratios[-1]
    first, second = (result.label for result in results[:2])
    number = format_number(value.value, value.error)
    return f"P99.9: {first}/{second} = {number} at {style.CURRENT} = {multiple:g}"
