"""Look of all figures: fonts, colours, colour scales."""

from __future__ import annotations

import logging
import math
import re
from functools import cache
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib import font_manager
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize, hsv_to_rgb, to_rgb

if TYPE_CHECKING:
    from ..geometry.meshing import TaggedMesh

MILLIMETRE = 1.0 / 25.4
_FONTS = ("Arial", "Helvetica", "Liberation Sans", "Nimbus Sans", "TeX Gyre Heros", "DejaVu Sans")

#: quiet grey where a field has no meaning
CORE_COLOUR = "#c9c9c9"
ELECTROLYTE_COLOUR = "#eef1f3"
SEI_COLOUR = "#e3dccb"
#: all matrices, where grains have colours of their own
MATRIX_COLOUR = "#f3efe4"
INK = "#1a1a1a"
#: colours of the structures that are compared, safe for colour-blind readers (Okabe and Ito)
STRUCTURE_COLOURS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
PHASE_COLOURS = {
    "core": "#9a9a9a",
    "electrolyte": "#eef4f8",
    "organic_polymer": "#f3e3bd",
    "oligomer": "#e3c48c",
    "LiF": "#2f6f9f",
    "Li3N": "#c8553d",
    "Li2O": "#4f9d69",
    "Li2CO3": "#8d6a9f",
    "amorphous_si": "#4a4e69",
    "void": "#ffffff",
    "binder": "#b9c7a8",
}
_PHASE_LABELS = {"amorphous_si": "amorphous Si", "si_c_composite": "Si/C composite"}
_SPARE_COLOURS = ("#e69f00", "#56b4e9", "#999933", "#882255", "#44aa99", "#661100")


CURRENT = r"$I/I_\mathrm{0}$"
FIELD = r"$E/E_\mathrm{0}$"


@cache
def _font() -> str:
    known = set(font_manager.get_font_names())
    return next(name for name in _FONTS if name in known)


def context() -> Any:
    """Matplotlib settings for one figure; use with `with`."""
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    font = _font()
    # DejaVu runs wider than Helvetica: one step smaller gives the same text width
    size = 6.3 if font == "DejaVu Sans" else 7.0
    return mpl.rc_context(
        {
            "font.family": font,
            "font.size": size,
            "axes.titlesize": size,
            "axes.labelsize": size,
            "xtick.labelsize": size - 0.4,
            "ytick.labelsize": size - 0.4,
            "legend.fontsize": size - 0.4,
            "mathtext.fontset": "custom",
            "mathtext.rm": font,
            "mathtext.it": f"{font}:italic",
            "mathtext.bf": f"{font}:bold",
            "mathtext.default": "it",
            "axes.linewidth": 0.5,
            "xtick.major.width": 0.5,
            "ytick.major.width": 0.5,
            "xtick.major.size": 2.2,
            "ytick.major.size": 2.2,
            "xtick.direction": "in",
            "ytick.direction": "in",
            "xtick.major.pad": 2.2,
            "ytick.major.pad": 2.2,
            "axes.labelpad": 2.0,
            "lines.linewidth": 0.9,
            "lines.markersize": 3.2,
            "legend.frameon": False,
            "legend.handlelength": 2.2,
            "axes.unicode_minus": True,
            "text.color": INK,
            "axes.labelcolor": INK,
            "axes.edgecolor": INK,
            "xtick.color": INK,
            "ytick.color": INK,
            "text.hinting": "none",
            "figure.facecolor": "white",
            "savefig.facecolor": "white",
        }
    )


def phase_colour(name: str, names: list[str]) -> str:
    """Colour of a region; materials without a colour of their own take one by their place in `names`."""
    if name in PHASE_COLOURS:
        return PHASE_COLOURS[name]
    unknown = [other for other in names if other not in PHASE_COLOURS]
    return _SPARE_COLOURS[unknown.index(name) % len(_SPARE_COLOURS)]


def grain_colours(count: int) -> np.ndarray:
    """RGB (count, 3) of grains: hues a golden angle apart, so that neighbours in number differ; two tones of each."""
    number = np.arange(count)
    hue = np.mod(0.58 + number * (math.sqrt(5.0) - 1.0) / 2.0, 1.0)
    saturation, value = np.array([0.46, 0.34, 0.55])[number % 3], np.array([0.80, 0.90, 0.66])[number % 3]
    return hsv_to_rgb(np.column_stack([hue, saturation, value]))


def cell_colours(mesh: TaggedMesh, by: str) -> np.ndarray:
    """RGB (cells, 3): of the `phases`, or of the `grains`, where the matrix is pale and every grain has a colour of its own."""
    names = list(mesh.region_names)
    colours = np.array([to_rgb(phase_colour(name, names)) for name in names])[mesh.region]
    if by == "grains":
        solid = np.array([name != "void" for name in names])[mesh.region]
        colours[solid & (mesh.layer >= 0)] = to_rgb(MATRIX_COLOUR)
        inside = solid & (mesh.grain >= 0)
        colours[inside] = grain_colours(int(mesh.grain.max(initial=-1)) + 1)[mesh.grain[inside]]
    return colours


def phase_label(name: str) -> str:
    """Material name for figures: formulas with subscripts, spaces for underscores."""
    if name in _PHASE_LABELS:
        return _PHASE_LABELS[name]
    if re.fullmatch(r"(?:[A-Z][a-z]?\d*){2,}", name):
        return re.sub(r"(\d+)", r"$_\\mathrm{\1}$", name)
    return name.replace("_", " ")


def sequential(name: str = "lipari") -> Colormap:
    """Perceptually uniform map of Crameri, https://doi.org/10.5281/zenodo.1243862."""
    from cmcrameri import cm

    return getattr(cm, name)


def diverging(low: float, high: float, name: str = "vik") -> tuple[Colormap, Normalize]:
    """Part of a diverging map in which white is zero and both signs have the same slope.

    Parameters
    ----------
    low, high
        Range shown; zero is always part of it.

    Returns
    -------
    (colormap, norm)
    """
    low, high = min(low, 0.0), max(high, 0.0)
    reach = max(-low, high) or 1.0
    full = sequential(name)
    colours = full(
        np.linspace(0.5 + 0.5 * low / reach, 0.5 + 0.5 * high / reach, 256) if high > low else [0.5, 0.5]
    )
    return LinearSegmentedColormap.from_list(f"{name}_part", colours), Normalize(
        low, high if high > low else low + reach
    )
