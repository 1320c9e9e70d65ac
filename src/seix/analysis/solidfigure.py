"""Pictures of cut-away bodies: the rendering with axes, scale bar, legend or colour bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch, Rectangle
from numpy.typing import NDArray

from . import style
from .colour_scales import ColourScale
from .cut import shape
from .cutaway import Colours, build_scene
from .fieldset import CellFields
from .figures import MillimetreFigure, colour_bar, lower, text_width
from .mapdraw import round_length
from .notation import format_length
from .render import Frame, fitted, render
from .results import StructureResult
from .section import smoothed

if TYPE_CHECKING:
    from ..geometry.meshing import TaggedMesh

Array = NDArray[np.float64]

_WIDTH, _TALLEST, _MARGIN, _TOP = 105.0, 95.0, 8.0, 6.0  # mm
_MATRIX = "#f3efe4"
_LINES = {"edge": (style.INK, 1.3), "interface": ("#333333", 0.6), "layer": ("#8a8172", 0.6), "mesh": ("#4a4a4a", 0.45)}
"""Colours and widths in pixels at 200 dots per inch."""


@dataclass(frozen=True)
class Rendering:
    """Image of a cut-away body and what it shows."""

    image: NDArray[np.uint8]
    frame: Frame
    mesh: TaggedMesh


def phase_colours(mesh: TaggedMesh) -> Colours:
    """Every cell in the colour of its region."""
    palette = np.array([to_rgb(style.phase_colour(name, mesh.region_names)) for name in mesh.region_names])
    return _by_cell(lambda owner: palette[mesh.region[owner]])


def grain_colours(mesh: TaggedMesh) -> Colours:
    """Every grain in its own colour, the matrix pale."""
    palette = np.vstack([style.grain_colours(int(mesh.grain.max(initial=-1)) + 1), to_rgb(_MATRIX)])
    grey = np.array(to_rgb(style.PHASE_COLOURS["core"]))
    # grain -1 is the last colour
    return _by_cell(lambda owner: np.where((mesh.layer[owner] < 0)[:, None], grey, palette[mesh.grain[owner]]))


def field_colours(fields: CellFields, name: str, scale: ColourScale) -> Colours:
    """A scalar field that is shown in its own unit; grey where it does not exist."""
    grey = np.array(to_rgb(style.CORE_COLOUR))

    def colours(owner: NDArray[np.int64], place: Array) -> Array:
        rows, number = np.unique(owner, return_inverse=True)
        nodal = smoothed(fields, rows, [name])[name][number.ravel()]
        values = np.einsum("tkn,tn->tk", shape(place), nodal)
        rgb = scale.cmap(scale.norm(np.nan_to_num(values)))[..., :3]
        return np.where(np.isfinite(values)[..., None], rgb, grey)

    return colours


def draw_body(
    mesh: TaggedMesh, colours: Colours, dpi: int, field: bool = False, cells: bool = False, focus: float | None = None
) -> Rendering | None:
    """Render a mesh with a wedge of its SEI cut away.

    Parameters
    ----------
    mesh
        In space.
    colours
        Of its cells.
    dpi
        Resolution of the figure.
    field
        Whether colours stand for values: nothing is shaded, all grains are cut flat, and on the core the SEI shows.
    cells
        Whether to draw the edges of the cells.
    focus
        Width of a detail at the inner edge of the wedge [nm]; everything without.

    Returns
    -------
    Rendering, or None where nothing can be rendered
    """
    scene = build_scene(mesh, colours, standing=not field, core=colours if field else None, cells=cells)
    frame = fitted(scene.points, scene.towards)
    if focus is not None:
        frame = _detail(mesh, frame, focus)
    width, _ = _size(frame)
    pixels = round(width * style.MILLIMETRE * dpi)
    lines = {
        name: (np.concatenate(scene.lines[name]), colour, thick * dpi / 200)
        for name, (colour, thick) in _LINES.items()
        if scene.lines[name]
    }
    image = render(np.concatenate(scene.triangles), lines, frame, pixels, lit=not field)
    return None if image is None else Rendering(image, frame, mesh)


def write_phase_cutaway(path: Path, result: StructureResult, shares: Sequence[float], dpi: int) -> bool:
    """Picture of the phases of a structure, with their shares of the SEI; False where nothing can be rendered."""
    mesh = result.mesh
    drawn = draw_body(mesh, phase_colours(mesh), dpi)
    if drawn is None:
        return False
    with style.context():
        figure, right = place_body(drawn, f"{result.label}:  microstructure", 30.0)
        names = [name for name in mesh.region_names if name != "electrolyte"]
        labels = [
            style.phase_label(name) + (f"\n{100 * share:.1f} % of SEI" if share else "")
            for name, share in zip(mesh.region_names, shares, strict=True)
            if name != "electrolyte"
        ]
        handles = [_patch(style.phase_colour(name, mesh.region_names)) for name in names]
        figure.figure.legend(
            handles, labels, loc="upper left", bbox_to_anchor=(right / figure.width, 1 - _TOP / figure.height),
            handlelength=1.0, handleheight=1.0, borderaxespad=0.0, labelspacing=0.7, handletextpad=0.5,
        )  # fmt: skip
        figure.save(path, dpi)
    return True


def write_field_cutaway(path: Path, result: StructureResult, name: str, scale: ColourScale, dpi: int) -> bool:
    """Picture of a scalar field without unit, in the colours of the maps; False where nothing can be rendered."""
    fields = result.fields
    drawn = draw_body(result.mesh, field_colours(fields, name, scale), dpi, field=True)
    if drawn is None:
        return False
    with style.context():
        multiple = f"{style.CURRENT} = {fields.current_multiple:g}"
        figure, right = place_body(drawn, f"{result.label}:  {lower(scale.title)},  {multiple}", 18.0)
        height = figure.height - _TOP - _MARGIN
        bar = figure.axes(right, _TOP + 0.15 * height, 2.6, 0.7 * height)
        colour_bar(figure, ScalarMappable(scale.norm, scale.cmap), bar, scale.label, scale.extend)
        figure.save(path, dpi)
    return True


def place_body(drawn: Rendering, title: str, right: float) -> tuple[MillimetreFigure, float]:
    """Figure with a rendering and room for a legend; returns it and the left side of that room [mm]."""
    width, height = _size(drawn.frame)
    total = _MARGIN + width + 4.0 + right
    figure = MillimetreFigure(max(total, text_width(title) + 4.0), _TOP + height + _MARGIN)
    figure.text(1.5, 3.9, title, ha="left", va="baseline")
    body_axes(figure.axes(_MARGIN, _TOP, width, height), drawn)
    return figure, _MARGIN + width + 4.0


def body_axes(axes: Axes, drawn: Rendering, measures: bool = True) -> None:
    """Put a rendering on axes, with ticks along the edges of a block, or with directions and a scale bar."""
    frame = drawn.frame
    axes.set(xlim=(0, frame.width), ylim=(0, frame.height), aspect="equal")
    axes.axis("off")
    axes.imshow(drawn.image, extent=(0, frame.width, 0, frame.height), interpolation="lanczos", origin="upper", zorder=0)
    if measures and drawn.mesh.kind == "patch":
        _edges(axes, drawn)
    else:
        _directions(axes, frame)
        _scale_bar(axes, frame)


def _edges(axes: Axes, drawn: Rendering) -> None:
    """Ticks along the three edges of a block that are nearest to the viewer."""
    mesh, frame = drawn.mesh, drawn.frame
    low = drawn_bottom(mesh)
    top, period = mesh.sei_thickness, mesh.period
    x, y, z = np.eye(3)
    for name, start, along, out, (first, last) in (
        ("x", low * z, x, -y, (0.0, period)),
        ("y", period * x + low * z, y, x, (0.0, period)),
        ("z", 0 * x, z, -x, (low, top)),
    ):
        step = round_length(0.36 * (last - first))
        marks = np.arange(np.ceil(first / step - 1e-9), np.floor(last / step + 1e-9) + 1) * step
        if name == "y":
            marks = marks[marks > 0]  # zero stands at the corner of x and y already
        outwards = frame.seen(out) - frame.seen(0 * out)
        outwards /= np.linalg.norm(outwards)
        unit = frame.width / (axes.get_position().width * axes.figure.get_figwidth() / style.MILLIMETRE)
        if name == "z":
            outwards = np.array([-1.0, 0.0])
        for mark in marks:
            foot = frame.seen(start + mark * along)
            end = foot + 1.0 * unit * outwards
            axes.plot(*np.column_stack([foot, end]), color=style.INK, linewidth=0.5, clip_on=False, zorder=3)
            axes.text(*(foot + 2.5 * unit * outwards), f"{mark:g}", ha="center", va="center", fontsize="small", clip_on=False)
        middle = frame.seen(start + 0.5 * (first + last) * along) + 6.0 * unit * outwards
        axes.text(*middle, f"{name} (nm)", ha="center", va="center", clip_on=False)


def drawn_bottom(mesh: TaggedMesh) -> float:
    """Lowest height of a block that is drawn [nm]."""
    from .cutaway import cutaway_of

    return cutaway_of(mesh).crops[0].offset


def _directions(axes: Axes, frame: Frame) -> None:
    """The three directions in the lower left corner."""
    unit = frame.width / (axes.get_position().width * axes.figure.get_figwidth() / style.MILLIMETRE)
    corner = np.array([1.0, 1.0]) * unit
    for name, direction in zip("xyz", np.eye(3), strict=True):
        way = 7.0 * unit * (direction @ frame.axes)
        axes.annotate(
            "", corner + way, corner, annotation_clip=False,
            arrowprops={"arrowstyle": "-|>,head_length=0.25,head_width=0.12", "linewidth": 0.6, "color": style.INK,
                        "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip
        axes.text(*(corner + 1.28 * way), name, ha="center", va="center", style="italic", clip_on=False)


def _scale_bar(axes: Axes, frame: Frame) -> None:
    """Bar of a round length below the picture, true for lengths in the plane of the picture."""
    unit = frame.width / (axes.get_position().width * axes.figure.get_figwidth() / style.MILLIMETRE)
    length = round_length(0.22 * frame.width)
    x, y = frame.width - length, -4.5 * unit
    axes.add_patch(Rectangle((x, y), length, 0.55 * unit, facecolor="black", edgecolor="none", clip_on=False))
    axes.text(x + length / 2, y - 0.5 * unit, format_length(length), ha="center", va="top", clip_on=False)


def _detail(mesh: TaggedMesh, whole: Frame, width: float) -> Frame:
    """Frame around the place where the faces of the wedge meet, in the middle of the SEI."""
    if mesh.kind == "patch":
        place = np.array([0.5 * mesh.period, 0.5 * mesh.period, 0.5 * mesh.sei_thickness])
    else:
        direction = np.array([1.0, 1.0, 1.0]) / np.sqrt(3) if len(mesh.mirrors) == 3 else np.array([0.0, 0.0, 1.0])
        place = (mesh.core_size + 0.5 * mesh.sei_thickness) * direction
    width = min(width, whole.width)
    return Frame(whole.towards, place @ whole.axes, width, width)


def _size(frame: Frame) -> tuple[float, float]:
    """Width and height of a picture [mm]."""
    width = min(_WIDTH, _TALLEST * frame.width / frame.height)
    return width, width * frame.height / frame.width


def _by_cell(colour) -> Colours:
    return lambda owner, place: np.broadcast_to(colour(owner)[:, None], (*place.shape[:2], 3))


def _patch(colour) -> Patch:
    return Patch(facecolor=colour, edgecolor=style.INK, linewidth=0.3)
