"""Figure of the virtual atomic force microscope: force and apparent modulus against the depth of the tip."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ...measure.reading import Reading
from .. import style
from ..notation import display_unit
from ..page import HEAD, MillimetreFigure, panel_head

WIDTH, HEIGHT = 180.0, 52.0
_LEFT, _GAP, _RIGHT, _BELOW = 14.0, 18.0, 4.0, 16.0
LAYERS = "layers"
"""Body of the curve on homogenised layers."""


class _Curves:
    """Curves of one structure by body, in SI."""

    def __init__(self, reading: Reading) -> None:
        columns = {one.name: np.array(one.values) for one in reading.tables["indentation_curves"]}
        self.bodies = list(dict.fromkeys(columns["body"].tolist()))
        self.depth = columns["depth"][columns["body"] == LAYERS]
        self.values = {
            name: {body: columns[name][columns["body"] == body] for body in self.bodies} for name in ("force", "modulus")
        }
        self.places = [body for body in self.bodies if body != LAYERS]
        self.reduced = reading.quantities["indentation.modulus.hertz"].value / (1.0 - reading.record["poisson_ratio"] ** 2)
        self.radius, self.pull = reading.record["tip_radius"], reading.record["pull_off"]

    def mean(self, name: str) -> np.ndarray:
        """Over all places on grains, or on the layers where there are none."""
        return np.mean([self.values[name][body] for body in self.places or [LAYERS]], axis=0)

    def range(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Smallest and largest over the places."""
        values = [self.values[name][body] for body in self.places]
        return np.min(values, axis=0), np.max(values, axis=0)

    def hertz(self, depth: np.ndarray) -> np.ndarray:
        """Force of the fitted formula."""
        return 4.0 / 3.0 * self.reduced * math.sqrt(self.radius) * depth**1.5 - self.pull


def draw(path: Path, structures: Sequence[tuple[str, Reading]], dpi: int) -> None:
    """Draw the curves of all structures as PNG, 180 mm wide.

    Points are the means over the places of the tip, bands their ranges; lines on the left are Hertz' formula with the fitted
    modulus, dotted ones on the right the homogenised layers.

    Parameters
    ----------
    path : Path
        File to write.
    structures : sequence of (str, Reading)
        Label and reading of each structure.
    dpi : int
        Resolution.
    """
    curves = [_Curves(reading) for _, reading in structures]
    with style.context():
        width = (WIDTH - _LEFT - _GAP - _RIGHT) / 2
        figure = MillimetreFigure(WIDTH, HEAD + HEIGHT + _BELOW)
        heads = ("Force on the tip", "Modulus by Hertz' formula at each depth")
        for k, (draw_one, head) in enumerate(zip((_forces, _moduli), heads, strict=True)):
            left = _LEFT + k * (width + _GAP)
            axes = figure.axes(left, HEAD, width, HEIGHT)
            draw_one(axes, curves)
            axes.set_xlim(0.0, 1.05e9 * max(float(one.depth[-1]) for one in curves))
            axes.set_xlabel("depth (nm)")
            panel_head(figure, left, 0.0, "ab"[k], head)
        _legend(figure, [label for label, _ in structures], curves)
        figure.save(path, dpi)


def _colour(k: int) -> str:
    return style.STRUCTURE_COLOURS[k % len(style.STRUCTURE_COLOURS)]


def _forces(axes: Axes, curves: Sequence[_Curves]) -> None:
    largest = max(float(np.abs(one.mean("force")).max()) for one in curves)
    factor, unit = display_unit("N", largest)
    for k, one in enumerate(curves):
        depth = np.linspace(0.0, one.depth[-1], 200)
        axes.plot(1e9 * depth, one.hertz(depth) / factor, color=_colour(k))
        _points(axes, one, "force", factor, k)
    axes.axhline(0.0, color=style.INK, linewidth=0.4)
    axes.set_ylabel(f"force ({unit})")


def _moduli(axes: Axes, curves: Sequence[_Curves]) -> None:
    largest = max(float(one.mean("modulus").max()) for one in curves)
    factor, unit = display_unit("Pa", largest)
    for k, one in enumerate(curves):
        if one.places:
            axes.plot(1e9 * one.depth, one.values["modulus"][LAYERS] / factor, ":", color=_colour(k))
        _points(axes, one, "modulus", factor, k)
    axes.set_ylim(0.0, 1.05 * axes.get_ylim()[1])
    axes.set_ylabel(f"Young's modulus ({unit})")


def _points(axes: Axes, one: _Curves, name: str, factor: float, k: int) -> None:
    """Means as points, joined where no formula runs through them, and the range over the places."""
    line = "none" if name == "force" else "-"
    axes.plot(1e9 * one.depth, one.mean(name) / factor, "o", color=_colour(k), markerfacecolor="white", linestyle=line)
    if len(one.places) > 1:
        low, high = one.range(name)
        axes.fill_between(1e9 * one.depth, low / factor, high / factor, color=_colour(k), alpha=0.18, linewidth=0)


def _legend(figure: MillimetreFigure, labels: Sequence[str], curves: Sequence[_Curves]) -> None:
    """Structures, then what points, lines and bands are."""
    handles: list = [Patch(facecolor=_colour(k), edgecolor=style.INK, linewidth=0.3) for k in range(len(labels))]
    names = list(labels)
    resolved = any(one.places for one in curves)
    handles += [Line2D([], [], marker="o", color=style.INK, markerfacecolor="white", linestyle="none"),
                Line2D([], [], color=style.INK)]  # fmt: skip
    names += ["mean over the places" if resolved else "homogenised layers", "fit of Hertz' formula (a)"]
    if resolved:
        handles += [Patch(facecolor=style.INK, alpha=0.18), Line2D([], [], color=style.INK, linestyle=":")]
        names += ["range over the places", "homogenised layers (b)"]
    figure.figure.legend(handles, names, loc="lower center", ncols=len(names), handlelength=1.6)
