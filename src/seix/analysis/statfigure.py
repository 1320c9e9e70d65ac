"""Picture of the statistics of a structure: what was asked for, and what was made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from . import style
from .page import HEAD, MillimetreFigure, panel_head

_WIDTH, _COLUMNS, _LEFT, _RIGHT, _GAP = 180.0, 3, 12.0, 3.0, 14.0  # mm
_HEIGHT, _TOP, _BELOW = 38.0, 6.0, 10.0
_NANOMETRE = 1e-9
_ASKED, _FOUND, _ALL = "#d55e00", "#0072b2", style.INK
_BAR = "#b9cfe0"


def write_statistics_figure(path: Path, statistics: Mapping[str, Any], title: str, dpi: int = 200, grains: str = "") -> None:
    """Draw distributions, correlations, profile and connections.

    Parameters
    ----------
    path
        PNG file to write.
    statistics
        What :func:`seix.geometry.statistics.full_statistics` returns, of a structure with grains.
    title
        One line above.
    dpi
        Resolution.
    grains
        How many there are, in words; by default the number in the statistics, in which a grain at a mirror plane counts 1/2.
    """
    panels = [
        ("Diameters", _diameters),
        ("Gaps to the nearest grain", _gaps),
        ("Pair correlation in layers", _pair_correlation),
        ("Two-point probability along the film", _two_point),
        ("Fraction over the height", _profile),
        ("Largest cluster", _connection),
    ]
    width = (_WIDTH - _LEFT - _RIGHT - (_COLUMNS - 1) * _GAP) / _COLUMNS
    rows = -(-len(panels) // _COLUMNS)
    names = list(statistics["profile"]["phases"])
    with style.context():
        figure = MillimetreFigure(_WIDTH, _TOP + rows * (HEAD + _HEIGHT + _BELOW))
        kind = "discs" if statistics["dimension"] == 2 else "spheres"
        diameters = f"diameters of {kind} of equal {'area' if kind == 'discs' else 'volume'}"
        figure.text(2.0, 4.2, f"{title}:  {grains or f'{statistics["grains"]:g} grains'};  {diameters}", ha="left", va="baseline")
        for number, (head, draw) in enumerate(panels):
            left = _LEFT + (number % _COLUMNS) * (width + _GAP)
            top = _TOP + (number // _COLUMNS) * (HEAD + _HEIGHT + _BELOW)
            axes = figure.axes(left, top + HEAD, width, _HEIGHT)
            draw(axes, statistics, names)
            for axis in (axes.xaxis, axes.yaxis) if axes.lines or axes.patches else ():
                axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
            panel_head(figure, left - 8.0, top, "abcdef"[number], head)
        figure.save(path, dpi)


def _diameters(axes: Axes, statistics: Mapping[str, Any], names: list[str]) -> None:
    found = statistics["diameter"]["histogram"]
    edges = np.array(found["edges"]) / _NANOMETRE
    axes.stairs(np.array(found["found"]) * _NANOMETRE, edges, fill=True, color=_BAR)
    if "asked" in found:
        axes.stairs(np.array(found["asked"]) * _NANOMETRE, edges, color=_ASKED, linewidth=1.0, baseline=None)
    lines = []
    for label, colour in (("asked", _ASKED), ("found", _FOUND)):
        part = statistics["diameter"]["sei"].get(label)
        if part:
            lines.append((f"{label} {part['mean'] / _NANOMETRE:.2f} ± {part['std'] / _NANOMETRE:.2f} nm", colour))
    _notes(axes, lines)
    axes.set(xlabel="diameter (nm)", ylabel="number density (1/nm)", xlim=(edges[0], edges[-1]))
    axes.set_ylim(0.0, 1.35 * axes.get_ylim()[1])


def _gaps(axes: Axes, statistics: Mapping[str, Any], names: list[str]) -> None:
    axes.set(xlabel="gap (nm)", ylabel="part of the grains", ylim=(0.0, 1.0))
    found = statistics["gap"].get("cumulative")
    if found is None:
        return
    gap = np.array(found["gap"]) / _NANOMETRE
    if not gap[-1]:
        axes.set(xlabel="", ylabel="", xticks=[], yticks=[])
        text = "no gaps: grains share\ntheir boundaries"
        axes.text(0.5, 0.5, text, color=_FOUND, transform=axes.transAxes, ha="center", va="center")
        return
    axes.plot(gap, found["found"], color=_FOUND)
    lines = [("found", _FOUND)]
    if "equilibrium" in found:
        axes.plot(gap, found["equilibrium"], color="#777777", linestyle="--")
        lines.append(("equilibrium", "#777777"))
    asked = {round(layer["smallest_asked"] / _NANOMETRE, 6) for layer in statistics["gap"]["layers"] if "smallest_asked" in layer}
    for smallest in sorted(asked - {0.0}):
        axes.axvline(smallest, color=_ASKED, linewidth=1.0)
    if asked - {0.0}:
        lines.append(("smallest asked", _ASKED))
    for k, (text, colour) in enumerate(reversed(lines)):
        axes.text(0.97, 0.05 + 0.1 * k, text, color=colour, transform=axes.transAxes, ha="right", va="bottom")
    axes.set_xlim(0.0, gap[-1])


def _pair_correlation(axes: Axes, statistics: Mapping[str, Any], names: list[str]) -> None:
    found = statistics["pair_correlation"]
    axes.axhline(1.0, color="#999999", linewidth=0.5)
    distance = np.array(found["distance"]) / _NANOMETRE
    axes.plot(distance, found["sei"], color=_FOUND)
    axes.set(xlabel="distance of centres (nm)", ylabel="$g(r)$", xlim=(0.0, distance[-1]))
    axes.set_ylim(bottom=0.0)


def _two_point(axes: Axes, statistics: Mapping[str, Any], names: list[str]) -> None:
    found = statistics["two_point"]
    distance = np.array(found["distance"]) / _NANOMETRE
    limits = found["uncorrelated"]
    curves = [("inorganic", found["inorganic"], limits["inorganic"], _ALL)] if len(names) > 1 else []
    for name in names:
        label, colour = style.phase_label(name), style.phase_colour(name, names)
        curves.append((label, found["phases"][name], limits["phases"][name], colour))
    for label, values, limit, colour in curves:
        axes.plot(distance, values, color=colour, label=label)
        axes.axhline(limit, color=colour, linewidth=0.4, linestyle=(0, (4, 3)))
    axes.legend(loc="upper center", ncols=len(curves), columnspacing=1.0, handlelength=1.2)
    axes.set(xlabel="distance (nm)", ylabel=r"$S_\mathrm{2}(r)$;  dashed: no correlation", xlim=(0.0, distance[-1]))
    axes.set_ylim(0.0, 1.25 * max(max(values) for _, values, _, _ in curves))


def _profile(axes: Axes, statistics: Mapping[str, Any], names: list[str]) -> None:
    found = statistics["profile"]
    edges = np.array(found["edges"]) / _NANOMETRE
    below = np.zeros(len(edges) - 1)
    for name in names:
        above = below + np.array(found["phases"][name])
        colour = style.phase_colour(name, names)
        axes.stairs(above, edges, baseline=below, fill=True, color=colour, alpha=0.75, label=style.phase_label(name))
        below = above
    axes.stairs(found["asked"], edges, color=_ASKED, linewidth=1.0, baseline=None, label="asked")
    axes.set(xlabel="height above the core (nm)", ylabel="fraction", xlim=(edges[0], edges[-1]))
    axes.set_ylim(0.0, 1.3 * max(below.max(), max(found["asked"])))
    axes.legend(loc="upper center", ncols=len(names) + 1, columnspacing=1.0, handlelength=1.2)


def _connection(axes: Axes, statistics: Mapping[str, Any], names: list[str]) -> None:
    found = statistics["connection"]
    curves = [("inorganic", found["sei"], _ALL)] if len(names) > 1 else []
    curves += [(style.phase_label(n), found["phases"][n], style.phase_colour(n, names)) for n in names if n in found["phases"]]
    far = max(part["curve"]["distance"][-1] for _, part, _ in curves) / _NANOMETRE or 1.0
    for label, part, colour in curves:
        distance = np.append(np.array(part["curve"]["distance"]) / _NANOMETRE, 1.05 * far)
        share = np.append(part["curve"]["largest_cluster"], 1.0)
        axes.step(distance, share, where="post", color=colour, label=label)
        bridge = part["bridging_distance"] / _NANOMETRE
        if bridge <= 1.05 * far:
            reached = share[max(np.searchsorted(distance, bridge * (1.0 + 1e-12), side="right") - 1, 0)]
            axes.plot([bridge], [reached], "o", color=colour, markerfacecolor="white", zorder=3)
    axes.set(xlabel="gap bridged (nm);  circle: through the film", ylabel="part of the grains")
    axes.set(xlim=(0.0, 1.05 * far), ylim=(0.0, 1.3))
    axes.legend(loc="upper center", ncols=len(curves), columnspacing=1.0, handlelength=1.2)


def _notes(axes: Axes, lines: list[tuple[str, str]]) -> None:
    """Coloured lines of text in the upper right corner."""
    for k, (text, colour) in enumerate(lines):
        axes.text(0.97, 0.95 - 0.1 * k, text, color=colour, transform=axes.transAxes, ha="right", va="top")
