"""Figures of studies: panels in rows, a legend below them, axes with the values of a study."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator, ScalarFormatter

from ..analysis import style
from ..analysis.page import HEAD, MillimetreFigure, panel_head, text_width
from .results import AxisPlaces

WIDTH = 180.0
"""Width of two columns of a journal [mm]."""
LEFT, RIGHT, BELOW = 15.0, 4.0, 9.0
"""Room beside the axes of a panel, for the labels [mm]."""
_LINE = 4.0
"""Height of a line of a legend [mm]."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_ANGLE, _WORD = 30.0, 24.0
"""Slope of words that do not fit beside each other, and their longest length [mm]."""
TICKS = 8
"""Values up to which each has its tick."""
GREY = "#555555"


class Sheet:
    """Equal panels in rows with letters, and a legend below all of them; within `style.context`.

    Parameters
    ----------
    count : int
        Panels.
    columns : int
        Panels in a row, at most.
    height : float
        Of the axes [mm].
    legend : sequence of (handle, label)
        May be empty.
    left, right : float
        Room beside the axes of each panel [mm].
    width : float or None
        Of the axes [mm]; as wide as the page allows if None.
    """

    def __init__(
        self, count: int, columns: int, height: float, legend: Sequence[tuple[Any, str]] = (), left: float = LEFT,
        right: float = RIGHT, width: float | None = None, below: float = BELOW,
    ):  # fmt: skip
        self.count, self.columns = count, max(min(columns, count), 1)
        self._left, self._right = left, right
        self._column = WIDTH / self.columns if width is None else min(WIDTH / self.columns, left + width + right)
        self._height, self._row = height, HEAD + height + below
        rows = -(-count // self.columns)
        wide = max(self._column * self.columns, 80.0)
        lines = _legend_columns([label for _, label in legend], wide)
        room = _LINE * -(-len(legend) // lines) + 1.0 if legend else 0.0
        self.page = MillimetreFigure(wide, rows * self._row + room)
        if legend:
            handles, labels = zip(*legend, strict=True)
            self.page.figure.legend(handles, labels, loc="lower center", ncols=lines, borderaxespad=0.2, columnspacing=1.6)

    def panel(self, number: int, title: str) -> Axes:
        """Axes of a panel."""
        row, column = divmod(number, self.columns)
        x, top = column * self._column, row * self._row
        letter = _LETTERS[number] if number < len(_LETTERS) else str(number + 1)
        if self.count > 1:
            panel_head(self.page, x + 2.0, top, letter, title)
        else:
            self.page.text(x + 2.0, top + 4.1, title, ha="left", va="baseline")
        return self.page.axes(x + self._left, top + HEAD, self._column - self._left - self._right, self._height)


def _legend_columns(labels: Sequence[str], width: float) -> int:
    """Entries of a legend that fit beside each other in a width [mm]."""
    if not labels:
        return 1
    letter = text_width("m")
    widest = max(text_width(label) for label in labels) + 4.5 * letter
    return max(min(int((width - 6.0) / widest), len(labels)), 1)


def fits(text: str, width: float) -> str:
    """A text cut to a width [mm], marked as cut."""
    if text_width(text) <= width:
        return text
    if "$" in text:
        return text  # a formula cannot be cut
    while text and text_width(text + "…") > width:
        text = text[:-1]
    return text.rstrip(" ,") + "…"


def _slope(axis: AxisPlaces, width: float) -> float:
    """Height of words below axes of some width [mm] that have to be turned to find room; 0 if they have room as they are."""
    if axis.numeric:
        return 0.0
    widest = max(text_width(axis.tick(place)) for place in axis.places)
    return 0.0 if widest <= 0.9 * width / len(axis.places) else math.sin(math.radians(_ANGLE)) * min(widest, _WORD) + 1.0


def room_below(axis: AxisPlaces, columns: int) -> float:
    """Room below the panels of a sheet with some columns for values and label of an axis [mm]."""
    return BELOW + _slope(axis, WIDTH / columns - LEFT - RIGHT)


def value_axis(axes: Axes, axis: AxisPlaces) -> None:
    """Scale, ticks and label of an axis of a study, horizontally."""
    shown = np.array([axis.shown(place) for place in axis.places])
    axes.set_xlabel(fits(axis.label, WIDTH / 2))
    if axis.numeric and axis.info.log and shown.min() > 0:
        axes.set_xscale("log")
    if not axis.numeric:
        room = axes.get_position().width * axes.figure.get_figwidth() * 25.4
        turned = _slope(axis, room) > 0
        texts = [fits(axis.tick(place), _WORD) if turned else axis.tick(place) for place in axis.places]
        look = {"rotation": _ANGLE, "ha": "right", "rotation_mode": "anchor"} if turned else {}
        axes.set_xticks(list(shown), texts, **look)
        axes.set_xlim(-0.5, len(shown) - 0.5)
        return
    place = np.sort(np.log(shown) if axes.get_xscale() == "log" else shown)
    if not axis.info.sampled and len(shown) <= TICKS and np.diff(place).min() > 0.08 * np.ptp(place):
        axes.xaxis.set_major_locator(FixedLocator(list(shown)))
        axes.xaxis.set_minor_locator(NullLocator())
        powers = axes.get_xscale() == "log"
        axes.set_xticklabels([_power(axis.shown(one)) if powers else axis.tick(one) for one in axis.places])
    elif axes.get_xscale() == "linear":
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=all(float(value).is_integer() for value in shown)))


def _power(value: float) -> str:
    """A small or large number as a power of ten, with two digits before it if it is none."""
    if 1e-3 <= value < 9999.5:
        return f"{value:.4g}"
    return f"${ScalarFormatter(useMathText=True).format_data(float(f'{value:.2g}'))}$"


def value_range(axes: Axes, low: float, high: float) -> None:
    """Vertical limits with a margin; what is constant gets some room, so that rounding is not drawn large."""
    least = 1e-3 * max(abs(low), abs(high))
    if high - low < least or high == low:
        middle, half = 0.5 * (low + high), max(5.0 * least, 0.05 * abs(high), 1e-12)
        low, high = middle - half, middle + half
    pad = 0.07 * (high - low)
    axes.set_ylim(low - pad, high + pad)
    axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.ticklabel_format(axis="y", useOffset=False)


def structure_colour(number: int) -> str:
    """Colour of a structure by its place."""
    return style.STRUCTURE_COLOURS[number % len(style.STRUCTURE_COLOURS)]


def with_unit(label: str, unit: str) -> str:
    """Label of an axis."""
    return label if unit in ("", "1") else f"{label} ({unit})"


def named(structure: str) -> str:
    """Name of a structure, or of a ratio of two, for people."""
    return structure.replace("_", " ").replace("/", " / ")


def current_text(current: float) -> str:
    """Which current, for titles."""
    return f"{style.CURRENT} = {current:g}"
