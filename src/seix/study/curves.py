"""Quantities against the axes of a study and against the current, with interval bands over the seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ..analysis import style
from ..analysis.labels import RATIO, label_of
from ..analysis.page import MillimetreFigure
from . import report_gaps
from .results import AxisPlaces, Estimate, StudyResults
from .sheet import (
    GREY,
    LEFT,
    RIGHT,
    WIDTH,
    Sheet,
    current_text,
    fits,
    named,
    room_below,
    structure_colour,
    value_axis,
    value_range,
    with_unit,
)  # fmt: skip

HEIGHT = 44.0
_DASHES: tuple[Any, ...] = ((0, (4, 1.5)), (0, (1, 1.2)), (0, (5, 1.2, 1, 1.2)), (0, (2.5, 1)))
NAMED = len(_DASHES)
"""Combinations of other axes up to which each has a line style of its own."""
LINES = 60
"""Combinations of other axes up to which each has a line at all."""
PANELS = 6
"""Points of a grid up to which each has its panel in the figure against the current."""
FIELDS = (("field_enhancement.p999", "P99.9"), ("field_enhancement.p99", "P99"))


@dataclass
class Extent:
    """Smallest and largest of what is drawn."""

    values: list[float] = field(default_factory=list)

    def add(self, *numbers: float) -> None:
        """Take numbers in, NaN left out."""
        self.values += [number for number in numbers if np.isfinite(number)]

    def apply(self, axes: Axes) -> None:
        """Set the vertical limits."""
        if self.values:
            value_range(axes, min(self.values), max(self.values))


def draw(axes: Axes, x: Sequence[float], found: Sequence[Estimate | None], factor: float, extent: Extent, **look: Any) -> None:
    """Means as a line with their intervals as a band; `line=False` for points with bars where x are words."""
    there = [(a, one) for a, one in zip(x, found, strict=True) if one is not None]
    if not there:
        return
    place = np.array([a for a, _ in there])
    mean, low, high = (np.array([getattr(one, name) for _, one in there]) / factor for name in ("mean", "low", "high"))
    extent.add(*mean, *low, *high)
    line, band = look.pop("line", True), look.pop("band", True)
    colour = look.pop("color")
    marker = {"marker": "o", "markerfacecolor": "white", "markeredgewidth": 0.8} | look
    lacking = np.array([not one.whole for _, one in there])
    if marker["marker"] and lacking.any():
        ring = {"marker": marker["marker"], "facecolors": "none", "edgecolors": style.INK, "linewidths": 0.9}
        axes.scatter(place[lacking], mean[lacking], s=26, zorder=4, **ring)
    if line:
        axes.plot(place, mean, color=colour, **marker)
        if band and len(place) > 1 and np.isfinite(low).any():
            axes.fill_between(place, low, high, color=colour, alpha=0.18, linewidth=0)
            return
    else:
        axes.plot(place, mean, color=colour, **(marker | {"linestyle": "none"}))
    if band and np.isfinite(low).any():
        axes.errorbar(place, mean, yerr=np.nan_to_num([mean - low, high - mean]), color=colour, linestyle="none", capsize=2.0,
                      elinewidth=0.8)  # fmt: skip


def axis_figure(results: StudyResults, quantity: str, current: float) -> MillimetreFigure | None:
    """A quantity against every axis of the grid; of compared structures their ratio below.

    Thick lines are means over all values of the other axes; each combination of the others has a thin
    line, where there are not too many. Where another axis is one of words, such as a law or a structure, a mean over them would
    mean nothing: each combination has its own line and interval then.
    """
    if not results.grid:
        return None
    names = [(quantity, results.structures)]
    if results.ratios and RATIO + quantity in set(results.tidy["quantity"]):
        names.append((RATIO + quantity, results.ratios))
    panels = [(name, structures, axis) for name, structures in names for axis in results.grid]
    columns = len(results.grid) if len(results.grid) <= 3 else 2
    wide = 80.0 if columns == 1 else None
    with style.context():
        below = max(room_below(axis, max(columns, 2)) for axis in results.grid)
        sheet = Sheet(len(panels), columns, HEIGHT, _legend(results), width=wide, below=below)
        for number, (name, structures, axis) in enumerate(panels):
            label = label_of(name)
            axes = sheet.panel(number, fits(f"{label.figure}, {current_text(current)}", WIDTH / columns - 10))
            _against_axis(axes, results, axis, name, structures, current)
        return sheet.page


def _against_axis(
    axes: Axes, results: StudyResults, axis: AxisPlaces, quantity: str, structures: Sequence[str], current: float
) -> None:
    extent, name = Extent(), axis.info.name
    factor, unit = results.shown_unit(quantity, structures, current)
    value_axis(axes, axis)
    others = results.others(name)
    x = [axis.shown(place) for place in axis.places]
    for k, structure in enumerate(structures):
        colour = GREY if structure in results.ratios else structure_colour(k)
        shift = 0.0 if axis.numeric else 0.12 * (k - 0.5 * (len(structures) - 1))
        at = [a + shift for a in x]
        values = results.values(structure, quantity, current)

        def estimates(other: dict[str, str], interval: bool, values: dict = values) -> list[Estimate | None]:
            groups = [results.select({name: place.text} | other) for place in axis.places]
            return results.averages(values, groups, interval)

        apart = _apart(results, others)
        for number, other in enumerate(others if 1 < len(others) <= LINES else []):
            dash = _DASHES[number] if len(others) <= NAMED else "solid"
            look = {"linestyle": dash, "linewidth": 1.1 if apart else 0.6}
            look |= {} if apart else {"marker": "", "alpha": 0.85 if len(others) <= NAMED else 0.35}
            line = axis.numeric or not apart
            draw(axes, at, estimates(other, apart), factor, extent, color=colour, band=apart, line=line, **look)
        if not apart:
            draw(axes, at, estimates({}, True), factor, extent, color=colour, line=axis.numeric)
    if quantity.startswith(RATIO) and extent.values:  # where the structures are alike
        if min(extent.values) / 5.0 <= 1.0 <= 5.0 * max(extent.values):
            extent.add(1.0)
        axes.axhline(1.0, color=style.INK, linewidth=0.5, zorder=1)
    extent.apply(axes)
    axes.set_ylabel(with_unit(_ratio_of(structures) or label_of(quantity).figure, unit))


def _apart(results: StudyResults, others: Sequence[dict[str, str]]) -> bool:
    """Whether combinations of other axes, of which one is of words, are few enough for a line and an interval each."""
    words = {axis.info.name for axis in results.axes if not axis.numeric}
    return 1 < len(others) <= NAMED and any(words & set(other) for other in others)


def _ratio_of(structures: Sequence[str]) -> str:
    """Which over which, for a single ratio; else nothing."""
    if len(structures) != 1 or "/" not in structures[0]:
        return ""
    return " / ".join(named(part.strip()) for part in structures[0].split("/"))


def _legend(results: StudyResults) -> list[tuple[Any, str]]:
    entries = structure_legend(results)
    colour = structure_colour(0) if len(results.structures) == 1 else GREY
    point = {"marker": "o", "markerfacecolor": "white", "markeredgewidth": 0.8}
    others = [results.others(axis.info.name) for axis in results.grid]
    averaged = any(len(one) > 1 and not _apart(results, one) for one in others)
    of = [*(["seeds"] if len(results.seeds) > 1 else []), *(["the other axes"] if averaged else [])]
    if of:
        entries.append((Line2D([], [], color=colour, **point), f"mean over {' and '.join(of)}"))
    if len(results.seeds) > 1:
        entries.append((Patch(facecolor=colour, alpha=0.18), "95 % interval of the mean"))
    seen: dict[str, Any] = {}
    for combinations in others:
        for number, other in enumerate(combinations):
            if 1 < len(combinations) <= NAMED:
                text = ", ".join(f"{_label(results, key)}: {value}" for key, value in other.items())
                seen[text] = Line2D([], [], color=colour, linewidth=0.6, linestyle=_DASHES[number])
            elif NAMED < len(combinations) <= LINES:
                seen["one value of each other axis"] = Line2D([], [], color=colour, linewidth=0.6, alpha=0.5)
    return entries + [(handle, text) for text, handle in seen.items()]


def _label(results: StudyResults, name: str) -> str:
    return next(axis.info.label for axis in results.axes if axis.info.name == name)


def current_figure(results: StudyResults) -> tuple[MillimetreFigure | None, str]:
    """E/E0 against the current with bands over the seeds.

    Returns
    -------
    figure : MillimetreFigure or None
        None for a single current or without fields.
    statement : str
        What was averaged.
    """
    there = [(name, text) for name, text in FIELDS if name in set(results.tidy["quantity"])]
    if len(results.currents) < 2 or not there:
        return None, ""
    points = results.others()
    apart = len(points) <= PANELS and len(points) > 1
    shown = points if apart else [{}]
    statement = ""
    if not apart and len(points) > 1:
        statement = (
            f"Each value is the mean over the {len(points)} combinations of {', '.join(a.info.label for a in results.axes)}."
        )
    columns = 2 if len(shown) in (2, 4) else 3
    with style.context():
        legend = structure_legend(results)
        ink = GREY if legend else structure_colour(0)
        legend += [(Line2D([], [], color=ink, **_of_kind(k)), text) for k, (_, text) in enumerate(there)]
        if len(results.seeds) > 1:
            legend.append((Patch(facecolor=ink, alpha=0.18), f"95 % interval of the mean over the seeds, {there[0][1]}"))
        sheet = Sheet(len(shown), columns, HEIGHT, legend, width=80.0 if len(shown) == 1 else None)
        top = Extent([0.0])
        drawn = []
        for number, fixed in enumerate(shown):
            title = ", ".join(f"{_label(results, key)}: {value}" for key, value in fixed.items()) or "Field in the SEI"
            axes = sheet.panel(number, fits(title, WIDTH / columns - 10))
            for k, structure in enumerate(results.structures):
                for kind, (name, _) in enumerate(there):
                    found = [results.at(structure, name, current, fixed) for current in results.currents]
                    # a band for the headline only: two of one colour hide each other
                    draw(axes, results.currents, found, 1.0, top, color=structure_colour(k), band=kind == 0, **_of_kind(kind))
            drawn.append(axes)
        for axes in drawn:  # one scale for all, so that they can be compared at a glance
            top.apply(axes)
            axes.set(xlabel=style.CURRENT, ylabel=f"{style.FIELD} in the SEI")
            axes.set_ylim(bottom=0)
            _current_axis(axes, results.currents)
        lacking = report_gaps.sentence(results, [name for name, _ in there], results.currents, shown)
        return sheet.page, (statement + lacking).strip()


def structure_legend(results: StudyResults, **look: Any) -> list[tuple[Any, str]]:
    """Colours of the structures; nothing for a single one."""
    if len(results.structures) == 1:
        return []
    look = {"linewidth": 1.6} | look
    return [(Line2D([], [], color=structure_colour(k), **look), named(name)) for k, name in enumerate(results.structures)]


def _of_kind(kind: int) -> dict[str, Any]:
    return {"linestyle": ("-", "--")[kind], "marker": ("o", "s")[kind], "markerfacecolor": "white", "markeredgewidth": 0.8}


def _current_axis(axes: Axes, currents: Sequence[float]) -> None:
    if currents[0] > 0 and currents[-1] / currents[0] > 30.0:
        axes.set_xscale("log")
        return
    axes.set_xlim(0, 1.04 * currents[-1])
    if min(np.diff(currents)) > 0.05 * currents[-1]:
        axes.set_xticks(list(currents), [f"{current:g}" for current in currents])


def scatter_figure(results: StudyResults, quantity: str, current: float) -> MillimetreFigure | None:
    """A quantity against every parameter of the sample, a point for each sample point, with bars over the seeds."""
    if not results.sampled:
        return None
    columns = min(len(results.sampled), 3)
    factor, unit = results.shown_unit(quantity, results.structures, current)
    label = label_of(quantity)
    with style.context():
        legend = structure_legend(results, marker="o", linestyle="none")
        sheet = Sheet(len(results.sampled), columns, HEIGHT, legend, left=LEFT, right=RIGHT, width=80.0 if columns == 1 else None)
        for number, axis in enumerate(results.sampled):
            axes = sheet.panel(number, fits(f"{label.figure}, {current_text(current)}", WIDTH / columns - 10))
            value_axis(axes, axis)
            extent = Extent()
            positions = {place.text: axis.shown(place) for place in axis.places}
            for k, structure in enumerate(results.structures):
                values = results.values(structure, quantity, current)
                x = [positions[dict(results.points[point])[axis.info.name]] for point in values]
                found = results.averages(values, [[point] for point in values])
                size = 2.6 if len(x) < 100 else 1.4
                look = {
                    "line": False,
                    "markersize": size,
                    "alpha": 0.8,
                    "markerfacecolor": structure_colour(k),
                    "markeredgewidth": 0,
                }
                draw(axes, x, found, factor, extent, color=structure_colour(k), **look)
            extent.apply(axes)
            axes.set_ylabel(with_unit(label.figure, unit))
        return sheet.page
