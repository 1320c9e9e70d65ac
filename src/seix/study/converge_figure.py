"""The figure of ``seix converge``: meshes, widths and seeds in three panels."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from ..analysis import style
from ..analysis.notation import display_unit
from ..analysis.page import HEAD, MillimetreFigure, panel_head
from ..scenario_file import Study
from . import sizes
from .converged import Converged, Ensemble, Limits
from .convergence import MESH_SHARE
from .interval import mean_of
from .target import Target

_WIDTH, _AXES, _LEFT, _GAP = 180.0, 44.0, 13.0, 5.0
_BLUE, _ORANGE, _GREY = style.STRUCTURE_COLOURS[1], style.STRUCTURE_COLOURS[0], "#8a8a8a"
_BAND = "#dbe7f0"


def write_figure(path: Path, study: Study, target: Target, limits: Limits, result: Converged, dpi: int) -> None:
    """Draw values with their intervals, the tolerance, and the point that was chosen.

    Parameters
    ----------
    path : Path
    study : Study
        The scenario as given.
    target, limits, result
    dpi : int
    """
    with style.context():
        factor, unit = display_unit(target.unit, abs(result.value))
        figure = MillimetreFigure(_WIDTH, HEAD + HEAD + _AXES + 13.0)
        figure.text(2.0, 4.1, f"{target.described}{f' ({unit})' if unit else ''}", ha="left", va="baseline")
        note = "pale band: tolerance, of the mesh a third of it; bars, dark band: error of the mesh, 95 % intervals; ring: chosen"
        figure.text(_WIDTH / 2, figure.height - 1.6, note, ha="center", va="baseline", color=_GREY)
        column = (_WIDTH - 2.0) / 3
        panels = [("Mesh", _meshes), ("Width", _widths), ("Seeds", _seeds)]
        for number, (title, draw) in enumerate(panels):
            left = number * column
            axes = figure.axes(left + _LEFT, HEAD + HEAD, column - _LEFT - _GAP, _AXES)
            outcome = getattr(result, title.lower())
            note = ": not reached" if not outcome.reached else ""
            panel_head(figure, left + 2.0, HEAD, "abc"[number], title + note)
            if outcome.skipped:
                axes.set_axis_off()
                text = _folded(outcome.skipped, 34)
                axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes, color=_GREY)
                continue
            draw(axes, study, limits, result, factor)
        figure.save(path, dpi)


def _meshes(axes: Axes, study: Study, limits: Limits, result: Converged, factor: float) -> None:
    steps = result.meshes
    cells = [step.cells for step in steps]
    last = steps[-1].value / factor
    _band(axes, last, MESH_SHARE * limits.tolerance * abs(last))
    errors = [step.error / factor if step.error is not None else 0.0 for step in steps]
    axes.errorbar(cells, [step.value / factor for step in steps], yerr=errors, fmt="o-", color=_BLUE, capsize=1.5, elinewidth=0.6)
    chosen = next(step for step in steps if step.refinement == result.mesh.chosen)
    _mark(axes, chosen.cells, chosen.value / factor)
    axes.set_xscale("log")
    _plain_log_ticks(axes, cells)
    axes.set_xlabel("expected cells")


def _widths(axes: Axes, study: Study, limits: Limits, result: Converged, factor: float) -> None:
    scenario = next(iter(study.members.values()))
    patch = scenario.geometry.kind == "patch"
    scale = 1e9 if patch else 180.0 / math.pi
    chosen = _chosen(result)
    _band(axes, chosen.mean.value / factor, limits.tolerance * abs(chosen.mean.value) / factor)
    widths = [scale * sizes.width(scenario, one.doubling) for one in result.ensembles]
    for width, one in zip(widths, result.ensembles, strict=True):
        axes.plot([width] * len(one.found), np.array(one.found) / factor, ".", color=_GREY, markersize=3.0, markeredgewidth=0)
    means = [one.mean.value / factor for one in result.ensembles]
    halves = [one.mean.half_width / factor if math.isfinite(one.mean.half_width) else 0.0 for one in result.ensembles]
    axes.errorbar(widths, means, yerr=halves, fmt="o-", color=_BLUE, capsize=1.5, elinewidth=0.6)
    _mark(axes, scale * sizes.width(scenario, chosen.doubling), chosen.mean.value / factor)
    axes.set_xscale("log")
    axes.set_xlim(widths[0] / 1.5, widths[-1] * 1.5)
    axes.set_xticks(widths, [f"{width:.4g}" for width in widths])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("period (nm)" if patch else "sector (degrees)")


def _seeds(axes: Axes, study: Study, limits: Limits, result: Converged, factor: float) -> None:
    chosen = _chosen(result)
    values = np.array(chosen.found) / factor
    counts = np.arange(2, len(values) + 1)
    running = [mean_of(values[:count]) for count in counts]
    means, halves = np.array([one.value for one in running]), np.array([one.half_width for one in running])
    final = chosen.mean.value / factor
    _band(axes, final, limits.tolerance * abs(final))
    axes.plot(np.arange(1, len(values) + 1), values, ".", color=_GREY, markersize=3.4, markeredgewidth=0)
    axes.fill_between(counts, means - halves, means + halves, color=_BLUE, alpha=0.25, linewidth=0)
    axes.plot(counts, means, "-", color=_BLUE)
    _mark(axes, len(values), final)
    # the interval of two values is twelve times as wide as their scatter, and would hide all others
    reach = 1.3 * max(np.abs(values - final).max(), limits.tolerance * abs(final), halves[-1])
    axes.set_ylim(final - reach, final + reach)
    axes.set_xlim(0, len(values) + 1)
    axes.set_xlabel("seeds")


def _chosen(result: Converged) -> Ensemble:
    return next(one for one in result.ensembles if one.doubling == result.width.chosen)


def _band(axes: Axes, centre: float, half: float) -> None:
    """The tolerance around a value."""
    axes.axhspan(centre - half, centre + half, color=_BAND, linewidth=0, zorder=0)


def _mark(axes: Axes, x: float, y: float) -> None:
    """Ring around what was chosen."""
    axes.plot([x], [y], "o", markersize=7.0, markerfacecolor="none", markeredgecolor=_ORANGE, markeredgewidth=1.0, zorder=5)


def _plain_log_ticks(axes: Axes, values: list[float]) -> None:
    """One tick for each value, with as many digits as tell them apart."""
    thousands = [f"{value / 1000:.2g}k" if value < 1e4 else f"{value / 1000:.0f}k" for value in values]
    axes.set_xticks(values, [f"{value:.0f}" if value < 1e3 else text for value, text in zip(values, thousands, strict=True)])
    axes.set_xticks([], minor=True)
    axes.set_xlim(values[0] / 1.2, values[-1] * 1.2)


def _folded(text: str, width: int) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(text, width))
