"""The figure of an audit: every row's value over the published one, with its three intervals, in the colour of its verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ..analysis import style
from ..analysis.page import MillimetreFigure, text_width
from . import audit_verdict as verdicts
from .audit_tables import title_of, value_words

COLOURS = {
    verdicts.PREDICTED: "#009e73", verdicts.CALIBRATED: "#0072b2", verdicts.TREND: "#e69f00", verdicts.UNDECIDED: "#8a8a8a",
    verdicts.CONTRADICTORY: "#c0392b", verdicts.CONSISTENT: "#56b4e9", verdicts.OUT_OF_REACH: "#a87fb8",
}  # fmt: skip
WIDTH, LABEL, PLOT, GAP = 180.0, 62.0, 62.0, 3.0
LINE, ROOM, TOP, BOTTOM = 2.75, 1.3, 9.0, 21.0
"""Of a line of text, between rows, above and below the axes [mm]."""
REACH = 1.7
"""Decades shown on both sides of the published value; what lies beyond is an arrow at the edge."""
PARTS = (("seeds", "seeds", 0.0), ("mesh", "mesh", 1.0), ("ranges", "material ranges", 2.0))


def write_figure(path: Path, title: str, rows: Sequence[dict[str, Any]], dpi: int) -> None:
    """Draw all rows with a value; those without are counted below.

    Parameters
    ----------
    path : Path
    title : str
    rows : sequence of dict
        Of ``audit.json``.
    dpi : int
    """
    shown = [row for row in rows if row["value"] is not None]
    with style.context():
        texts = [_texts(row) for row in shown]
        heights = [max(map(len, columns)) * LINE + ROOM for columns in texts]
        total = sum(heights)
        figure = MillimetreFigure(WIDTH, TOP + total + BOTTOM)
        axes = figure.axes(LABEL, TOP, PLOT, total)
        _frame(axes, total)
        figure.text(2.0, 5.0, title, ha="left", va="baseline", weight="bold")
        top = 0.0
        for row, columns, height in zip(shown, texts, heights, strict=True):
            middle = top + height / 2
            _row(axes, row, middle, height)
            for x, lines in zip((2.0, LABEL + PLOT + GAP), columns, strict=True):
                for k, (line, colour) in enumerate(lines):
                    figure.text(x, TOP + middle + (k - (len(lines) - 1) / 2) * LINE, line, ha="left", va="center", color=colour)
            if top:
                axes.axhline(top, color="#e4e4e4", linewidth=0.4, zorder=0)
            top += height
        _legend(figure, shown, len(rows) - len(shown))
        figure.save(path, dpi)


def _texts(row: dict[str, Any]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Lines with their colours on the left, the claim, and on the right, what the model and the paper say."""
    side = WIDTH - LABEL - PLOT - GAP - 2.0
    claim = [(line, style.INK) for line in _wrapped(title_of(row), LABEL - 3.0)]
    values = [(line, COLOURS[row["verdict"]]) for line in _wrapped(value_words(row), side)]
    held = f"paper: {row['paper']}" + f"; ours: {row['threshold'].partition(',')[0]}" * bool(row["threshold"])
    return claim, values + [(line, style.INK) for line in _wrapped(held, side)]


def _wrapped(text: str, width: float) -> list[str]:
    """Lines of a text that fit a width [mm]."""
    lines, words = [], text.split()
    while words:
        count = len(words)
        while count > 1 and text_width(" ".join(words[:count])) > width:
            count -= 1
        lines.append(" ".join(words[:count]))
        words = words[count:]
    return lines


def _frame(axes: Axes, total: float) -> None:
    axes.set_xscale("log")
    axes.set_xlim(10**-REACH, 10**REACH)
    axes.set_ylim(total, 0.0)
    axes.set_yticks([])
    ticks = (0.03, 0.1, 0.3, 1, 3, 10, 30)
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.axvline(1.0, color=style.INK, linewidth=0.5, zorder=0)
    axes.set_xlabel("seix / published value, bound of a published order, or our threshold")
    axes.spines[["left", "right"]].set_visible(False)


def reference_of(row: dict[str, Any]) -> float | None:
    """What a row is divided by: the published value, the middle of a window, the bound of a published order, or our threshold."""
    if row["published"] is None:
        return row["neutral"]
    low, high = row["published"]
    return low if low == high else math.sqrt(low * high) if low > 0 else (low + high) / 2


def _row(axes: Axes, row: dict[str, Any], y: float, height: float) -> None:
    """Published marker, whole interval as a band, parts as lines, value as a dot."""
    reference = reference_of(row)
    if not reference:
        return
    colour = COLOURS[row["verdict"]]
    step = min(1.5, height / 6)
    _published(axes, row, reference, y, step)
    if row["interval"] is not None:
        low, high = (_clipped(end / reference) for end in row["interval"])
        axes.fill_betweenx([y - 1.9 * step, y + 1.9 * step], low, high, color=colour, alpha=0.16, linewidth=0)
        for part, _, offset in PARTS:
            if row[part] is not None:
                ends = [_clipped(end / reference) for end in row[part]]
                axes.plot(ends, [y + (offset - 1.0) * step] * 2, "-", color=colour, linewidth=_LOOKS[part], solid_capstyle="butt")
    value = row["value"] / reference
    place = _clipped(value)
    beyond = place != value
    marker = "o" if not beyond else ">" if place > 1 else "<"
    axes.plot([place], [y], marker, color=colour, markersize=4.2, clip_on=False, zorder=4)


_LOOKS = {"seeds": 1.8, "mesh": 1.8, "ranges": 1.8}


def _published(axes: Axes, row: dict[str, Any], reference: float, y: float, step: float) -> None:
    """A diamond at a value, a bar over a window, an arrow from the bound of an order; a tick where there is no effect."""
    ink = style.INK
    if row["published"] is None:
        end = 10 ** (0.28 if row["above"] else -0.28)
        axes.annotate("", (end, y), (1.0, y), arrowprops={"arrowstyle": "-|>", "color": ink, "linewidth": 0.7, "shrinkA": 0,
                                                          "shrinkB": 0, "mutation_scale": 5}, zorder=3)  # fmt: skip
        return
    low, high = (_clipped(end / reference) for end in row["published"])
    if low == high:
        axes.plot([low], [y], "D", markerfacecolor="white", markeredgecolor=ink, markeredgewidth=0.7, markersize=4.6, zorder=3)
    else:
        axes.plot([low, high], [y, y], "|-", color=ink, linewidth=0.8, markersize=5, zorder=3)
    if row["neutral"] and row["neutral"] / reference > 0:
        place = row["neutral"] / reference
        if _clipped(place) == place:
            axes.plot([place] * 2, [y - 2.2 * step, y + 2.2 * step], ":", color=ink, linewidth=0.8, zorder=3)


def _clipped(value: float) -> float:
    edge = 10**REACH
    return min(max(value, 1 / edge), edge)


def _legend(figure: MillimetreFigure, rows: Sequence[dict[str, Any]], rest: int) -> None:
    words = [word for word in COLOURS if any(row["verdict"] == word for row in rows)]
    ink = style.INK
    handles = [
        Line2D([], [], marker="D", linestyle="", markerfacecolor="white", markeredgecolor=ink, markersize=4.2, label="published"),
        Line2D([], [], marker=r"$\rightarrow$", linestyle="", color=ink, markersize=7, label="published order, or ours"),
        Line2D([], [], linestyle=":", color=ink, label="no effect"),
        Line2D([], [], color="#777777", alpha=0.3, linewidth=5, label="95 % of all parts"),
    ]
    second = [Line2D([], [], marker="o", linestyle="", color=COLOURS[word], label=word) for word in words]
    for y, entries in ((10.4, handles), (6.4, second)):
        figure.figure.legend(handles=entries, loc="center", ncols=len(entries), bbox_to_anchor=(0.5, y / figure.height),
                             columnspacing=1.4, handletextpad=0.5)  # fmt: skip
    note = "bars from above: seeds, mesh, material ranges; " + f"{rest} claims without a value are not drawn" * bool(rest)
    figure.text(WIDTH / 2, figure.height - 2.0, note, ha="center", va="baseline")
