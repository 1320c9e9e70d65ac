"""The figure of the impedance spectra: Nyquist and Bode plots, and the distributions with the windows that are read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from ...measure.reading import Reading
from .. import style
from ..notation import display_unit
from ..page import HEAD, MillimetreFigure, panel_head

_WIDTH, _AXES, _LEFT, _GAP = 180.0, 46.0, 12.0, 3.0
_WINDOWS = {
    "ohmic": ("ohmic", "#eef1f3"),
    "sei": (r"$R_\mathrm{SEI}$", "#e3ecdf"),
    "charge_transfer": (r"$R_\mathrm{ct}$", "#f2e6d6"),
}
"""Label and colour of each window."""
_GREY = "#8a8a8a"

Real = NDArray[np.float64]


def draw(path: Path, structures: Sequence[tuple[str, Reading]], dpi: int) -> None:
    """Draw the spectra of all structures over each other.

    Parameters
    ----------
    path : Path
        PNG.
    structures : sequence of (str, Reading)
        Label and reading of each structure.
    dpi : int
    """
    largest = max(float(np.max(_table(reading, "spectrum")["real"])) for _, reading in structures)
    factor, unit = display_unit("ohm m2", largest)
    with style.context():
        top = HEAD + HEAD
        figure = MillimetreFigure(_WIDTH, top + _AXES + 13.5)
        column = (_WIDTH - 2.0) / 3
        lefts = [2.0 + k * column for k in range(3)]
        width = column - _LEFT - _GAP
        nyquist = figure.axes(lefts[0] + _LEFT, top, width, _AXES)
        half = (_AXES - 2.0) / 2
        size = figure.axes(lefts[1] + _LEFT, top, width, half)
        phase = figure.axes(lefts[1] + _LEFT, top + half + 2.0, width, half)
        times = figure.axes(lefts[2] + _LEFT, top, width, _AXES)
        for left, letter, title in zip(lefts, "abc", ("Nyquist plot", "Bode plot", "Relaxation times"), strict=True):
            panel_head(figure, left, HEAD, letter, title)
        handles = []
        for k, (label, reading) in enumerate(structures):
            colour = style.STRUCTURE_COLOURS[k % len(style.STRUCTURE_COLOURS)]
            handles.append(Line2D([], [], color=colour, label=label))
            _nyquist(nyquist, _table(reading, "spectrum"), factor, colour)
            _bode(size, phase, _table(reading, "spectrum"), factor, colour)
            _distribution(times, _table(reading, "drt"), factor, colour)
        _finish_nyquist(nyquist, unit)
        _finish_bode(size, phase, unit)
        _finish_distribution(times, structures[0][1].record["windows_s"], unit)
        figure.figure.legend(handles=handles, loc="upper left", ncols=len(handles), borderaxespad=0.4)
        note = "large dots: whole decades of frequency; pale band: 95 % band from refits with less smoothing and other noise"
        figure.text(_WIDTH / 2, figure.height - 1.4, note, ha="center", va="baseline", color=_GREY)
        figure.save(path, dpi)


def _table(reading: Reading, name: str) -> dict[str, Real]:
    """Columns of a table by name."""
    return {column.name: np.asarray(column.values, dtype=float) for column in reading.tables[f"impedance_{name}"]}


def _nyquist(axes: Axes, table: dict[str, Real], factor: float, colour: str) -> None:
    real, reactance = table["real"] / factor, -table["imaginary"] / factor
    smooth = [table.get(f"{part}.without_noise", table[part]) / factor for part in ("real", "imaginary")]
    axes.plot(smooth[0], -smooth[1], "-", color=colour)
    axes.plot(real, reactance, ".", color=colour, markersize=1.6, markeredgewidth=0)
    whole = np.abs(np.log10(table["frequency"]) - np.round(np.log10(table["frequency"]))) < 1e-6
    axes.plot(real[whole], reactance[whole], "o", color=colour, markersize=2.4, markeredgewidth=0)


def _finish_nyquist(axes: Axes, unit: str) -> None:
    # equal scales, the panel filled
    box = axes.get_window_extent()
    width, height = axes.dataLim.x1 * 1.06, axes.dataLim.y1 * 1.15
    ratio = box.width / box.height
    width = max(width, height * ratio)
    axes.set_xlim(0.0, width)
    axes.set_ylim(0.0, width / ratio)
    axes.set_xlabel(f"Re $Z$ ({unit})")
    axes.set_ylabel(f"−Im $Z$ ({unit})")


def _bode(size: Axes, phase: Axes, table: dict[str, Real], factor: float, colour: str) -> None:
    impedance = table["real"] + 1j * table["imaginary"]
    size.plot(table["frequency"], np.abs(impedance) / factor, color=colour)
    phase.plot(table["frequency"], -np.degrees(np.angle(impedance)), color=colour)


def _finish_bode(size: Axes, phase: Axes, unit: str) -> None:
    for axes in (size, phase):
        axes.set_xscale("log")
        axes.margins(x=0.0)
    size.set_yscale("log")
    size.minorticks_off()
    size.tick_params(labelbottom=False)
    size.set_ylabel(f"|$Z$| ({unit})")
    phase.set_ylim(0.0, 95.0)
    phase.set_yticks([0, 30, 60, 90])
    phase.set_ylabel("−phase (°)")
    phase.set_xlabel("frequency (Hz)")
    size.figure.align_ylabels([size, phase])


def _distribution(axes: Axes, table: dict[str, Real], factor: float, colour: str) -> None:
    time = table["relaxation_time"]
    axes.fill_between(time, table["density.low"] / factor, table["density.high"] / factor, color=colour, alpha=0.25, linewidth=0)
    axes.plot(time, table["density"] / factor, color=colour)


def _finish_distribution(axes: Axes, windows: dict[str, Sequence[float]], unit: str) -> None:
    axes.set_xscale("log")
    axes.margins(x=0.0)
    axes.set_ylim(0.0, axes.dataLim.y1 * 1.18)
    for name, (first, last) in windows.items():
        label, shade = _WINDOWS[name]
        axes.axvspan(first, last, color=shade, linewidth=0, zorder=0)
        place = {"ha": "center", "va": "top", "transform": axes.get_xaxis_transform(), "clip_on": True}
        axes.text(np.sqrt(first * last), 0.985, label, color="#4a4a4a", **place)
    axes.set_xlabel("relaxation time (s)")
    axes.set_ylabel(rf"$\mathrm{{d}}R/\mathrm{{d}}\,\mathrm{{ln}}\,\tau$ ({unit})")
