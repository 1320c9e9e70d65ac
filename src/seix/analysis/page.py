"""Figures laid out in millimetres, and what all of them share."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from . import style

_STRATEGY = zlib.Z_RLE
"""Of the compression of PNG: only equal bytes in a row are looked for. Of smooth shades this gives smaller files than the search
for longer strings at level 4, in half the time."""
HEAD = 5.5
"""Height of a line of text above axes [mm]."""


class MillimetreFigure:
    """Figure whose axes are placed in millimetres from the upper left corner."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width * style.MILLIMETRE, height * style.MILLIMETRE))
        FigureCanvasAgg(self.figure)

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        """Axes with their upper left corner at (x, y)."""
        return self.figure.add_axes(
            (x / self.width, 1 - (y + height) / self.height, width / self.width, height / self.height)
        )

    def text(self, x: float, y: float, text: str, **options: Any) -> None:
        """Text at (x, y)."""
        self.figure.text(x / self.width, 1 - y / self.height, text, **options)

    def save(self, path: Path, dpi: int) -> None:
        """Write a PNG without time stamps, so that equal results give equal files."""
        from PIL import Image
        from PIL.PngImagePlugin import PngInfo

        self.figure.set_dpi(dpi)
        self.figure.canvas.draw()
        # the background is opaque; Matplotlib itself would write an alpha channel, and compress for three times as long
        image = Image.fromarray(np.asarray(self.figure.canvas.buffer_rgba())).convert("RGB")
        info = PngInfo()
        info.add_text("Software", "seix")
        image.save(path, dpi=(dpi, dpi), pnginfo=info, compress_type=_STRATEGY)


def text_width(text: str) -> float:
    """Width of a line of text in the font of the figures [mm]; within `style.context`."""
    figure = MillimetreFigure(10.0, 10.0).figure
    return figure.text(0, 0, text).get_window_extent().width / figure.dpi / style.MILLIMETRE


def legend_below(figure: MillimetreFigure, colours: Sequence[Any], labels: Sequence[str]) -> None:
    """Names of colours in one line at the bottom; `legend_width` is the room it needs."""
    handles = [Patch(facecolor=colour, edgecolor=style.INK, linewidth=0.3) for colour in colours]
    figure.figure.legend(handles, labels, loc="lower center", ncols=len(labels), handlelength=1.0, handleheight=1.0)


def legend_width(labels: Sequence[str]) -> float:
    """Width of the line of `legend_below` [mm]; within `style.context`."""
    letter = text_width("m")  # its handles and gaps follow the size of the font
    return sum(text_width(label) for label in labels) + 4.0 * letter * len(labels)


def colour_bar(figure: MillimetreFigure, mappable: Any, axes: Axes, label: str, extend: str) -> None:
    """Colour bar in the given axes, with few ticks."""
    bar = figure.figure.colorbar(mappable, cax=axes, extend=extend, extendfrac=0.04, ticklocation="right")
    bar.outline.set_linewidth(0.5)
    bar.locator.set_params(nbins=5, steps=[1, 2, 5, 10])
    bar.update_ticks()
    bar.set_label(label)


def panel_head(figure: MillimetreFigure, x: float, top: float, letter: str, text: str) -> None:
    """Letter and text above the axes whose upper left corner is HEAD below (x, top) [mm]."""
    figure.text(x, top + 4.1, f"({letter})", weight="bold", ha="left", va="baseline")
    figure.text(x + 5.2, top + 4.1, text, ha="left", va="baseline")


def lower(title: str) -> str:
    """A title as part of a sentence."""
    return title[0].lower() + title[1:]
