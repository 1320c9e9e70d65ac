"""Figure of the virtual GITT: the potential in time, one pulse enlarged, and the diffusivity it seems to have."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

from ...measure.reading import Reading
from .. import style
from ..page import HEAD, MillimetreFigure, panel_head

_WIDTH, _HEIGHT, _LEFT, _BELOW = 180.0, 50.0, 12.0, 9.0
_COLUMN = _WIDTH / 3
_HOUR = 3600.0
_GREY = "#555555"
_DIRECTION = {"lithiation": "o", "delithiation": "s"}


class _Read:
    """Curves of one structure as arrays."""

    def __init__(self, reading: Reading):
        self.volts, self.pulses = (_arrays(reading, name) for name in ("gitt_voltage", "gitt_diffusivity"))
        self.true, self.pulse = reading.record["diffusivity"], reading.record["pulse"]
        self.middle = (int((self.pulses["direction"] == self.pulses["direction"][0]).sum()) - 1) // 2

    def of(self, name: str) -> float:
        """Value of the pulse in the middle of the first titration."""
        return float(self.pulses[name][self.middle])


def _arrays(reading: Reading, table: str) -> dict[str, np.ndarray]:
    return {column.name: np.asarray(column.values) for column in reading.tables[table]}


def draw(path: Path, structures: Sequence[tuple[str, Reading]], dpi: int) -> None:
    """Draw the readings of all structures over each other.

    Parameters
    ----------
    path : Path
    structures : sequence of (label, Reading)
    dpi : int
    """
    read = [_Read(reading) for _, reading in structures]
    with style.context():
        figure = MillimetreFigure(_WIDTH, HEAD + _HEIGHT + _BELOW + 6.0)
        titles = ("Potential in time", "One pulse", "Diffusivity that GITT reads")
        axes = []
        for column, (letter, title) in enumerate(zip("abc", titles, strict=True)):
            axes.append(figure.axes(column * _COLUMN + _LEFT, HEAD, _COLUMN - _LEFT - 2.0, _HEIGHT))
            panel_head(figure, column * _COLUMN + 1.0, 0.0, letter, title)
        for number, one in enumerate(read):
            colour = style.STRUCTURE_COLOURS[number % len(style.STRUCTURE_COLOURS)]
            axes[0].plot(one.volts["time"] / _HOUR, one.volts["potential"], color=colour, linewidth=0.6)
            _pulse(axes[1], one, colour)
            # larger below, as structures may read the same
            _diffusivity(axes[2], one, colour, 2.6 + 1.2 * (len(read) - 1 - number))
        axes[0].set(xlabel="time (h)", ylabel="potential of the core (V)")
        _mark(axes[1], read[0])
        axes[1].set(xlabel="time from the start of the pulse (h)", ylabel="potential of the core (V)")
        _finish(axes[2], read)
        _legend(figure, structures, read)
        figure.save(path, dpi)


def _pulse(axes: Axes, one: _Read, colour: str) -> None:
    """The pulse in the middle, with a bit of the rests around it."""
    start = one.of("time")
    time = one.volts["time"] - start
    shown = (time >= -0.2 * one.pulse) & (time <= 2.2 * one.pulse)
    before = np.flatnonzero(time < -0.2 * one.pulse)
    rows = np.concatenate([before[-1:], np.flatnonzero(shown)])
    axes.plot(time[rows] / _HOUR, one.volts["potential"][rows], color=colour)
    axes.set_xlim(-0.2 * one.pulse / _HOUR, 2.2 * one.pulse / _HOUR)


def _mark(axes: Axes, one: _Read) -> None:
    """Step of the potential, and what diffusion adds until the end of the pulse, at the first structure."""
    way = 1.0 if one.pulses["direction"][one.middle] == "lithiation" else -1.0
    rest = (one.volts["time"] <= one.of("time")) & (one.volts["current_density"] == 0.0)
    top = float(one.volts["potential"][rest][-1])
    middle = top - way * one.of("ir_drop")
    bottom = middle - way * one.of("diffusion_drop")
    low, high = axes.get_ylim()
    axes.set_ylim(low - 0.04 * (high - low), high)
    for place, ends, text in ((0.3, (top, middle), "IR"), (0.7, (middle, bottom), r"$\Delta E_\mathrm{t}$")):
        x = place * one.pulse / _HOUR
        for end in ends:
            axes.plot([0.0, one.pulse / _HOUR], [end, end], color=_GREY, linewidth=0.4, linestyle=":")
        axes.annotate("", (x, ends[1]), (x, ends[0]), arrowprops={"arrowstyle": "<->", "color": _GREY, "linewidth": 0.6,
                                                                 "shrinkA": 0, "shrinkB": 0, "mutation_scale": 5})  # fmt: skip
        axes.annotate(text, (x, 0.5 * (ends[0] + ends[1])), (3, 0), textcoords="offset points", va="center", color=_GREY)


def _diffusivity(axes: Axes, one: _Read, colour: str, size: float) -> None:
    """Readings of all pulses: filled without the step of the potential, open with it."""
    axes.axhline(one.true, color=colour, linewidth=0.7, linestyle="--")
    for direction, marker in _DIRECTION.items():
        rows = one.pulses["direction"] == direction
        for name, face in (("apparent", colour), ("apparent_with_ir", "white")):
            axes.plot(
                one.pulses["state"][rows], one.pulses[name][rows], linestyle="-", linewidth=0.5, color=colour, marker=marker,
                markersize=size, markerfacecolor=face, markeredgewidth=0.6,
            )  # fmt: skip


def _finish(axes: Axes, read: Sequence[_Read]) -> None:
    values = np.concatenate([[one.true, *one.pulses["apparent"], *one.pulses["apparent_with_ir"]] for one in read])
    axes.set_yscale("log")
    axes.set_ylim(values.min() / 1.6, values.max() * 1.6)
    axes.yaxis.set_major_locator(LogLocator(10.0))
    if np.log10(values.max() / values.min()) > 1:
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set(xlabel="state of lithiation", ylabel=r"diffusivity (m$\mathrm{^2}$/s)")


def _legend(figure: MillimetreFigure, structures: Sequence[tuple[str, Reading]], read: Sequence[_Read]) -> None:
    """Structures by colour; one line for what is the same of all."""
    colours = [style.STRUCTURE_COLOURS[number % len(style.STRUCTURE_COLOURS)] for number in range(len(structures))]
    handles = [Line2D([], [], color=colour, linewidth=1.6) for colour in colours] if len(structures) > 1 else []
    labels = [label for label, _ in structures] if len(structures) > 1 else []
    point = {"color": _GREY, "linestyle": "none", "markeredgewidth": 0.6}
    handles += [Line2D([], [], color=_GREY, linestyle="--", linewidth=0.7), Line2D([], [], marker="o", **point),
                Line2D([], [], marker="o", markerfacecolor="white", **point)]  # fmt: skip
    labels += ["true diffusivity", "IR step taken out", "IR step left in"]
    if any((one.pulses["direction"] != one.pulses["direction"][0]).any() for one in read):
        handles.append(Line2D([], [], marker="s", **point))
        labels.append("delithiation")
    figure.figure.legend(handles, labels, loc="lower center", ncols=len(labels), columnspacing=1.6)
