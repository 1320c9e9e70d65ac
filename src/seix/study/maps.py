"""Heat maps of two axes of a grid, and tornado plots of sensitivities."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.patches import Patch, Rectangle

from ..analysis import style
from ..analysis.labels import label_of
from ..analysis.page import MillimetreFigure, colour_bar, text_width
from .results import AxisPlaces, StudyResults
from .sensitivity import MORRIS, RANK, Sensitivity
from .sheet import GREY, WIDTH, Sheet, current_text, fits, named, structure_colour

_CELL, _LEAST = (16.0, 34.0), 30.0
_BAR = 6.5
"""Height of a parameter of a tornado plot [mm]."""
_WRITTEN = 9.0
"""Width of a field of a heat map from which on its number is written into it [mm]."""


def grid_means(
    results: StudyResults, structure: str, quantity: str, current: float, pair: tuple[AxisPlaces, AxisPlaces]
) -> tuple[np.ndarray, np.ndarray]:
    """Means over seeds and all other axes, (places of the first axis, places of the second), NaN where there is none.

    Also which of them rest on fewer cases than the study has for them.
    """
    first, second = pair
    values = results.values(structure, quantity, current)
    groups = [results.select({first.info.name: a.text, second.info.name: b.text}) for a in first.places for b in second.places]
    found = results.averages(values, groups, interval=False)
    means = [math.nan if one is None else one.mean for one in found]
    lacking = [one is not None and not one.whole for one in found]
    shape = len(first.places), len(second.places)
    return np.reshape(means, shape), np.reshape(lacking, shape)


def interaction_share(table: np.ndarray) -> float:
    """Part of the variance of a two-way table that no sum of a function of either axis explains.

    Returns
    -------
    float
        Sum of squares of m_ij - m_i. - m_.j + m_.. over that of m_ij - m_..; NaN for a table with gaps or without variance.
    """
    if not np.isfinite(table).all() or np.ptp(table) <= 1e-12 * np.abs(table).max():
        return math.nan
    rest = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0, keepdims=True) + table.mean()
    return float((rest**2).sum() / ((table - table.mean()) ** 2).sum())


def heat_figure(
    results: StudyResults, quantity: str, current: float, pair: tuple[AxisPlaces, AxisPlaces]
) -> tuple[MillimetreFigure, dict[str, float], float]:
    """A quantity over two axes, a panel for each structure, all with one colour scale.

    Returns
    -------
    figure : MillimetreFigure
    shares : dict
        Structure -> `interaction_share`.
    reach : float
        Largest difference of two means of one structure [SI].
    """
    found = {name: grid_means(results, name, quantity, current, pair) for name in results.structures}
    tables = {name: table for name, (table, _) in found.items() if np.isfinite(table).any()}
    factor, unit = results.shown_unit(quantity, results.structures, current)
    seen = np.concatenate([table[np.isfinite(table)] for table in tables.values()]) / factor
    low, high = float(seen.min()), float(seen.max())
    if high - low <= 1e-9 * abs(high):
        low, high = low - 0.05 * abs(low or 1.0), high + 0.05 * abs(high or 1.0)
    norm = Normalize(low, high)
    label, count = label_of(quantity), len(tables)
    columns = min(count, 2)
    with style.context():
        left = max(max(text_width(fits(pair[1].tick(place), 24.0)) for place in pair[1].places) + 8.0, 14.0)
        right = 20.0
        width = min(max(_CELL[0] * len(pair[0].places), _LEAST), WIDTH / columns - left - right)
        height = min(max(8.0 * len(pair[1].places), _LEAST), 90.0)
        sheet = Sheet(count, columns, height, left=left, right=right, width=width, below=10.0)
        for number, (name, table) in enumerate(tables.items()):
            title = (
                f"{named(name)}: {label.figure}, {current_text(current)}"
                if count > 1
                else f"{label.figure}, {current_text(current)}"
            )
            axes = sheet.panel(number, fits(title, left + width + right - 9.0))
            mappable = axes.imshow(table.T / factor, origin="lower", aspect="auto", cmap=style.sequential("lapaz"), norm=norm)
            _places(axes, pair, width)
            for column, row in np.argwhere(found[name][1]):
                axes.add_patch(Rectangle((column - 0.44, row - 0.44), 0.88, 0.88, fill=False, edgecolor=style.INK, linewidth=1.2))
            if width / len(pair[0].places) >= _WRITTEN and height / len(pair[1].places) >= 4.0:
                _write(axes, table.T / factor, mappable)
            box = axes.get_position()
            page = sheet.page
            bar = page.axes(box.x1 * page.width + 2.0, (1 - box.y1) * page.height, 2.4, height)
            colour_bar(page, mappable, bar, unit, "neither")
        reach = max(float(np.nanmax(table) - np.nanmin(table)) for table in tables.values())
        return sheet.page, {name: interaction_share(table) for name, table in tables.items()}, reach


def _places(axes: Axes, pair: tuple[AxisPlaces, AxisPlaces], width: float) -> None:
    """Values of both axes at their fields; every second, third ... one where there is no room for all."""
    for axis, set_ticks, set_label, room in (
        (pair[0], axes.set_xticks, axes.set_xlabel, width),
        (pair[1], axes.set_yticks, axes.set_ylabel, None),
    ):
        count = len(axis.places)
        texts = [fits(axis.tick(place), 24.0) for place in axis.places]
        step = 1
        if room is not None:
            step = max(math.ceil(1.15 * max(text_width(text) for text in texts) * count / room), 1)
        elif count > 22:
            step = math.ceil(count / 22)
        set_ticks(range(0, count, step), texts[::step])
        set_label(axis.label)
    axes.tick_params(length=0)


def _digits(value: float, reach: float) -> str:
    """A number with the digits that tell it from the others of its table."""
    if not 1e-3 <= abs(value) < 1e5 or reach == 0:
        return f"{value:.3g}"
    return f"{value:.{min(max(2 - math.floor(math.log10(reach)), 0), 5)}f}"


def _write(axes: Axes, table: np.ndarray, mappable) -> None:
    reach = float(np.nanmax(table) - np.nanmin(table))
    for (row, column), value in np.ndenumerate(table):
        if math.isfinite(value):
            red, green, blue, _ = mappable.cmap(mappable.norm(value))
            dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.55
            axes.text(column, row, _digits(value, reach), ha="center", va="center", color="white" if dark else style.INK)


def tornado_figure(results: StudyResults, found: dict[str, Sensitivity], quantity: str, current: float) -> MillimetreFigure:
    """Sensitivities as bars with their intervals, the strongest at the top; a panel for each structure.

    Parameters
    ----------
    results : StudyResults
    found : dict
        Structure -> sensitivities.
    quantity, current
    """
    labels = {axis.info.name: axis.info.label for axis in results.axes} | {info.name: info.label for info in results.study.axes}
    first = next(iter(found.values()))
    with style.context():
        left = max(max(text_width(fits(labels[name], 40.0)) for name in first.names) + 4.0, 14.0)
        legend = []
        if len(first.measures) > 1:
            legend = [
                (Patch(facecolor=GREY, alpha=alpha), measure.name)
                for alpha, measure in zip((0.95, 0.4), first.measures, strict=True)
            ]
        columns = min(len(found), 2)
        sheet = Sheet(len(found), columns, max(_BAR * len(first.names), 14.0), legend, left=left, right=5.0,
                      width=min(90.0, WIDTH / columns - left - 5.0), below=9.0)  # fmt: skip
        for number, (structure, one) in enumerate(found.items()):
            title = f"{label_of(quantity).figure}, {current_text(current)}"
            axes = sheet.panel(number, f"{named(structure)}: {title}" if len(found) > 1 else title)
            colour = structure_colour(results.structures.index(structure)) if structure in results.structures else GREY
            _bars(axes, one, [fits(labels[name], 40.0) for name in one.names], colour, _scale(results, one, quantity, current))
        return sheet.page


def _scale(results: StudyResults, one: Sensitivity, quantity: str, current: float) -> tuple[float, str]:
    """Unit of the numbers: elementary effects have that of the quantity, all others have none."""
    if one.kind != MORRIS:
        return 1.0, ""
    return results.shown_unit(quantity, results.structures, current)


def _bars(axes: Axes, one: Sensitivity, labels: Sequence[str], colour: str, scale: tuple[float, str]) -> None:
    place = np.empty(len(labels))
    place[one.order] = np.arange(len(labels))[::-1]  # the first one at the top
    thick = 0.72 / len(one.measures)
    ends = [0.0]
    for number, measure in enumerate(one.measures):
        values, below, above = (np.nan_to_num(part) / scale[0] for part in (measure.values, measure.below, measure.above))
        at = place + 0.5 * thick * (len(one.measures) - 1) - number * thick
        axes.barh(at, values, thick * 0.92, color=colour, alpha=(0.95, 0.4)[number], linewidth=0)
        axes.errorbar(values, at, xerr=[below, above], linestyle="none", color=style.INK, capsize=1.6, elinewidth=0.7)
        ends += [*(values - below), *(values + above)]
    axes.axvline(0.0, color=style.INK, linewidth=0.5)
    axes.set_yticks(place, labels)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(-0.6, len(labels) - 0.4)
    low, high = (-1.0, 1.0) if one.kind == RANK else (min(ends), max(ends))
    pad = 0.05 * (high - low or 1.0)
    axes.set_xlim(low - (pad if low < 0 else 0.0), high + pad)
    unit = f" ({scale[1]})" if scale[1] else ""
    words = {MORRIS: f"change over the whole range of the parameter{unit}", RANK: one.measures[0].name}
    axes.set_xlabel(words.get(one.kind, "share of the variance"))
