"""Writes the maps: one PNG for each structure and field."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.tri import Triangulation
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from . import style
from .colour_scales import SCALES, ColourScale
from .fieldset import NANOMETRE, SUBTRIANGLES, CellFields
from .mapdraw import Map, Outlines, outlines
from .results import StructureResult
from .view import View, core_view, sei_view, whole_view

if TYPE_CHECKING:
    from ..geometry.meshing import TaggedMesh

WIDTH = 120.0
"""Width of a map with its colour bar [mm]."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 1.5, 17.0, 6.0, 1.5
_TALLEST = 85.0
_CURRENT_LINES = 14
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
        self.figure.savefig(path, dpi=dpi, metadata={"Software": "seix"})


def write_maps(folder: Path, results: Sequence[StructureResult], dpi: int = 200) -> list[Path]:
    """Write `<structure>_<field>.png` for all structures; compared structures share each colour scale.

    Parameters
    ----------
    folder
        Existing folder.
    results
        Structures with their fields.
    dpi
        Resolution.

    Returns
    -------
    Paths of the files written.
    """
    written = []
    structures = [result.fields for result in results]
    lines = [outlines(fields.mesh) for fields in structures]
    for result, line in zip(results, lines, strict=True):
        written.append(folder / f"{result.name}_microstructure.png")
        with style.context():
            _microstructure(result, line).save(written[-1], dpi)
    for name, make in SCALES.items():
        if not all(name in fields.values for fields in structures):
            continue
        scale = make(structures)
        for number, result in enumerate(results):
            written.append(folder / f"{result.name}_{name}.png")
            with style.context():
                _field_map(name, result, number, scale, lines[number]).save(written[-1], dpi)
    return written


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


def _field_map(
    name: str, result: StructureResult, number: int, scale: ColourScale, lines: Outlines
) -> MillimetreFigure:
    fields = result.fields
    views = _views(name, fields)
    figure, axes, bar = _layout(
        views, f"{result.label}:  {lower(scale.title)},  {style.CURRENT} = {fields.current_multiple:g}"
    )
    mappable = None
    for ax, view in zip(axes, views, strict=True):
        drawn = Map(ax, fields, view)
        drawn.background(scale.shown[number])
        mappable = drawn.field(scale.values[number], scale.shown[number], scale.cmap, scale.norm) or mappable
        overview = len(views) > 1 and not view.detail
        if overview:
            drawn.mark(views[1])
        if name == "potential" and not overview:
            _equipotentials(ax, fields, view, scale, number)
        if name == "current_density" and not overview:
            _current_lines(ax, fields, view)
        drawn.outline(lines, layers=name == "lithium_concentration")
        finish(drawn, scale.shown[number])
    if mappable is not None:
        colour_bar(figure, mappable, bar, scale.label, scale.extend)
    return figure


def finish(drawn: Map, shown: NDArray[np.bool_]) -> None:
    """Names of the regions that carry no colour, and the scale bar."""
    names = drawn.fields.region_names
    core, electrolyte = bool(shown[names.index("core")]), bool(shown[names.index("electrolyte")])
    drawn.label_regions(core=not core, electrolyte=not electrolyte)
    drawn.scale_bar(boxed=core)


def _microstructure(result: StructureResult, lines: Outlines) -> MillimetreFigure:
    fields, names = result.fields, result.fields.region_names
    views = _views("microstructure", fields)
    figure, axes, legend = _layout(views, f"{result.label}:  microstructure", right=27.0)
    colours = [style.phase_colour(name, names) for name in names]
    for ax, view in zip(axes, views, strict=True):
        drawn = Map(ax, fields, view)
        drawn.regions(colours)
        drawn.outline(lines, layers=True)
        drawn.scale_bar()
        if len(views) > 1 and not view.detail:
            drawn.mark(views[1])
    legend.axis("off")
    area = np.bincount(fields.region, fields.areas, len(names))
    handles, texts = [], []
    for index, name in enumerate(names):
        handles.append(Patch(facecolor=colours[index], edgecolor=style.INK, linewidth=0.3))
        share = "" if index < 2 else f"\n{100 * area[index] / area[2:].sum():.1f} % of SEI"
        texts.append(style.phase_label(name) + share)
    legend.legend(
        handles,
        texts,
        loc="upper left",
        bbox_to_anchor=(-0.6, 1.02),
        handlelength=1.0,
        handleheight=1.0,
        borderaxespad=0.0,
        labelspacing=0.7,
        handletextpad=0.5,
    )
    return figure


def lower(title: str) -> str:
    """A title as part of a sentence."""
    return title[0].lower() + title[1:]


def _views(name: str, fields: CellFields) -> list[View]:
    """One view, or for a large round particle the whole and a detail."""
    if name == "lithium_concentration":
        return [core_view(fields)]
    view = sei_view(fields)
    return [whole_view(fields.mesh), view] if fields.mesh.kind == "particle" and view.detail else [view]


def _layout(
    views: list[View], title: str, right: float = _RIGHT
) -> tuple[MillimetreFigure, list[Axes], Axes]:
    """Figure with the views side by side at one height, a title above and axes for colour bar or legend."""
    gap = 3.0
    room = WIDTH - _LEFT - right - gap * (len(views) - 1)
    height = min(room / sum(view.aspect for view in views), _TALLEST)
    width = _LEFT + right + gap * (len(views) - 1) + height * sum(view.aspect for view in views)
    figure = MillimetreFigure(max(width, 70.0), _TOP + height + _BOTTOM)
    x, axes = _LEFT, []
    for view in views:
        axes.append(figure.axes(x, _TOP, height * view.aspect, height))
        x += height * view.aspect + gap
    bar = figure.axes(x - gap + 2.5, _TOP, 2.6, height)
    figure.text(_LEFT, 3.9, title, ha="left", va="baseline")
    return figure, axes, bar


def _equipotentials(axes: Axes, fields: CellFields, view: View, scale: ColourScale, number: int) -> None:
    """Thin lines of equal potential."""
    nodes = fields.nodes
    inside = scale.shown[number][np.repeat(fields.region, 4)]
    points = view.turned(nodes.points / NANOMETRE)
    values = np.where(np.isfinite(scale.values[number]), scale.values[number], 0.0)
    levels = np.linspace(scale.norm.vmin, scale.norm.vmax, 13)[1:-1]
    for shift in view.shifts:
        mesh = Triangulation(points[:, 0] + shift, points[:, 1], nodes.triangles[inside])
        axes.tricontour(
            mesh,
            values,
            levels=levels,
            colors="white",
            linewidths=0.35,
            linestyles="solid",
            alpha=0.8,
            zorder=2,
        )


def _current_lines(axes: Axes, fields: CellFields, view: View) -> None:
    """Lines along the current, started at equal distances outside the SEI."""
    mesh = fields.mesh
    x = np.linspace(*view.x, 320)
    y = np.linspace(*view.y, max(40, int(320 / view.aspect)))
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    current = _current_at(fields, view, grid)
    current[~_conducts_ions(mesh, view, grid)] = np.nan
    u, v = np.moveaxis(current.reshape(len(y), len(x), 2), -1, 0)
    if view.detail or mesh.kind == "patch":
        seeds = np.column_stack(
            [
                np.linspace(x[0], x[-1], _CURRENT_LINES + 2)[1:-1],
                np.full(_CURRENT_LINES, y[-1] - 0.03 * (y[-1] - y[0])),
            ]
        )
    else:
        angles = np.linspace(0.0, mesh.sector or 2 * np.pi, 2 * _CURRENT_LINES + 1)[:-1] + 0.05
        radius = mesh.core_size + 1.03 * mesh.sei_thickness
        seeds = view.turned(radius * np.column_stack([np.cos(angles), np.sin(angles)]))
    seeds = seeds[_conducts_ions(mesh, view, seeds)]
    if len(seeds):
        lines = axes.streamplot(
            x,
            y,
            u,
            v,
            start_points=seeds,
            color="white",
            linewidth=0.4,
            arrowsize=0.35,
            density=8,
            broken_streamlines=False,
            maxlength=50.0,
            zorder=2,
        )
        lines.lines.set_alpha(0.85)


def _current_at(fields: CellFields, view: View, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Current density (n, 2) in the frame of the picture, from the nearest cells outside the core."""
    nodes = fields.nodes
    points = view.turned(nodes.points / NANOMETRE)
    used = fields.region != fields.region_names.index("core")
    if len(view.shifts) == 1:
        used &= view.sees(points[nodes.cells[:, :3]], margin=0.05)
    triangles = nodes.cells[used][:, SUBTRIANGLES].reshape(-1, 3)
    centres = points[triangles].mean(axis=1)
    current = view.turned(nodes.values["current_density"])[triangles].mean(axis=1)
    places = places.copy()
    if len(view.shifts) > 1:
        places[:, 0] %= view.shifts[1]
    distance, index = cKDTree(centres).query(places, k=3)
    weight = 1.0 / (distance + 1e-9)
    return (current[index] * weight[..., None]).sum(axis=1) / weight.sum(axis=1)[:, None]


def _conducts_ions(mesh: TaggedMesh, view: View, places: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which places (n, 2), in the frame of the picture, lie in SEI or electrolyte."""
    if mesh.kind == "patch":
        return (places[:, 1] > 0) & (places[:, 1] < mesh.sei_thickness + mesh.electrolyte_depth)
    radius = np.hypot(*places.T)
    inside = (radius > mesh.core_size) & (
        radius < mesh.core_size + mesh.sei_thickness + mesh.electrolyte_depth
    )
    if mesh.sector is not None:
        inside &= np.mod(np.arctan2(places[:, 1], places[:, 0]) - view.turn, 2 * np.pi) < mesh.sector
    return inside
