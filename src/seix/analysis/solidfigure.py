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
from .cutaway import Colours, build_scene, cutaway_of
from .fieldset import CellFields
from .mapdraw import round_length
from .notation import format_length
from .page import MillimetreFigure, colour_bar, lower, text_width
from .render import Frame, fitted, render
from .results import StructureResult
from .section import smoothed

if TYPE_CHECKING:
    from ..geometry.meshing import TaggedMesh

Array = NDArray[np.float64]

_WIDTH, _TALLEST, _LEFT, _BELOW, _TOP, _GAP = 105.0, 95.0, 9.0, 9.0, 6.0, 5.0  # mm
_BOTH = 75.0
"""Width of the whole and of a detail side by side [mm]."""
_THIN, _DETAIL = 0.1, 5.0
"""An SEI thinner than the first part of the picture gets a detail as wide as the second number of thicknesses."""
_LINES = {"edge": (style.INK, 1.3), "interface": ("#333333", 0.6), "layer": ("#8a8172", 0.6), "mesh": ("#101010", 0.5)}
"""Colours and widths in pixels at 200 dots per inch."""


@dataclass(frozen=True)
class Rendering:
    """Image of a cut-away body and what it shows."""

    image: NDArray[np.uint8]
    frame: Frame
    mesh: TaggedMesh


def plain_colours(mesh: TaggedMesh, by: str) -> Colours:
    """Every cell in the colour of its region (`phases`) or of its grain (`grains`)."""
    palette = style.cell_colours(mesh, by)
    return lambda owner, place: np.broadcast_to(palette[owner][:, None], (*place.shape[:2], 3))


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
    mesh: TaggedMesh,
    colours: Colours,
    dpi: int,
    field: bool = False,
    cells: tuple[bool, bool] = (False, False),
    detail: float = 0.0,
) -> list[Rendering]:
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
        Whether to draw the edges of the cells on the whole and on the detail.
    detail
        Width of a detail at the inner edge of the wedge [nm]; with 0 there is one only around a thin SEI.

    Returns
    -------
    The whole and perhaps a detail, or nothing where nothing can be rendered.
    """
    scene = build_scene(mesh, colours, standing=not field, core=colours if field else None, cells=any(cells))
    frames = [fitted(scene.points, scene.towards)]
    if not detail and mesh.sei_thickness < _THIN * frames[0].width:
        detail = _DETAIL * mesh.sei_thickness
    if detail:
        frames.append(_detail(mesh, frames[0], detail))
    triangles, drawn = np.concatenate(scene.triangles), []
    for frame, width, edges in zip(frames, _widths(frames), cells, strict=False):
        lines = {
            name: (np.concatenate(scene.lines[name]), colour, thick * dpi / 200)
            for name, (colour, thick) in _LINES.items()
            if scene.lines[name] and (name != "mesh" or edges)
        }
        image = render(triangles, lines, frame, round(width * style.MILLIMETRE * dpi), lit=not field)
        if image is None:
            return []
        drawn.append(Rendering(image, frame, mesh))
    return drawn


def write_phase_cutaway(path: Path, result: StructureResult, dpi: int) -> bool:
    """Picture of the phases of a structure; False where nothing can be rendered."""
    drawn = draw_body(result.mesh, plain_colours(result.mesh, "phases"), dpi)
    if not drawn:
        return False
    with style.context():
        figure, right = place_bodies(drawn, f"{result.label}:  microstructure", 26.0)
        phase_legend(figure, result.mesh, right)
        figure.save(path, dpi)
    return True


def write_field_cutaway(path: Path, result: StructureResult, name: str, scale: ColourScale, dpi: int) -> bool:
    """Picture of a scalar field without unit, in the colours of the maps; False where nothing can be rendered."""
    fields = result.fields
    drawn = draw_body(result.mesh, field_colours(fields, name, scale), dpi, field=True)
    if not drawn:
        return False
    with style.context():
        multiple = f"{style.CURRENT} = {fields.current_multiple:g}"
        figure, right = place_bodies(drawn, f"{result.label}:  {lower(scale.title)},  {multiple}", 18.0)
        height = figure.height - _TOP - _BELOW
        bar = figure.axes(right, _TOP + 0.15 * height, 2.6, 0.6 * height)
        colour_bar(figure, ScalarMappable(scale.norm, scale.cmap), bar, scale.label, scale.extend)
        _legend(figure, [_patch(style.CORE_COLOUR)], ["core"], right, _TOP + 0.85 * height)
        figure.save(path, dpi)
    return True


def phase_legend(figure: MillimetreFigure, mesh: TaggedMesh, right: float, top: float = _TOP) -> None:
    """Names of the phases, with the electrolyte that a cut-away leaves out, at a place [mm]."""
    names = sorted(mesh.region_names, key=lambda name: name == "electrolyte")
    labels = [style.phase_label(name) + ("\n(not shown)" if name == "electrolyte" else "") for name in names]
    _legend(figure, [_patch(style.phase_colour(name, mesh.region_names)) for name in names], labels, right, top)


def place_bodies(
    drawn: Sequence[Rendering], title: str, right: float, below: float = 0.0, narrowest: float = 0.0
) -> tuple[MillimetreFigure, float]:
    """Figure with renderings side by side and room for a legend; returns it and the left side of that room [mm]."""
    frames = [rendering.frame for rendering in drawn]
    widths = _widths(frames)
    heights = [width * frame.height / frame.width for width, frame in zip(widths, frames, strict=True)]
    end = _LEFT + sum(widths) + _GAP * len(widths)
    figure = MillimetreFigure(max(end + right, text_width(title) + 4.0, narrowest), _TOP + max(heights) + _BELOW + below)
    figure.text(1.5, 3.9, title, ha="left", va="baseline")
    left = _LEFT
    for number, (rendering, width, height) in enumerate(zip(drawn, widths, heights, strict=True)):
        axes = figure.axes(left, _TOP + 0.5 * (max(heights) - height), width, height)
        body_axes(axes, rendering, whole=number == 0)
        if number == 0 and len(drawn) > 1:
            _mark(axes, *frames)
        left += width + _GAP
    return figure, end


def body_axes(axes: Axes, drawn: Rendering, whole: bool = True) -> None:
    """Put a rendering on axes, with ticks along the edges of a block, or with directions and a scale bar."""
    frame = drawn.frame
    axes.set(xlim=(0, frame.width), ylim=(0, frame.height), aspect="equal", xticks=[], yticks=[])
    axes.imshow(drawn.image, extent=(0, frame.width, 0, frame.height), interpolation="lanczos", origin="upper", zorder=0)
    if not whole:
        _scale_bar(axes, frame)
        return
    for spine in axes.spines.values():
        spine.set_visible(False)
    if drawn.mesh.kind == "patch":
        _ticks(axes, drawn)
    else:
        _directions(axes, frame)
        _scale_bar(axes, frame)


def _ticks(axes: Axes, drawn: Rendering) -> None:
    """Ticks along three edges of a block that are seen."""
    mesh, frame, unit = drawn.mesh, drawn.frame, _unit(axes)
    low = cutaway_of(mesh).crops[0].offset
    top, period = mesh.sei_thickness, mesh.period
    x, y, z = np.eye(3)
    for name, start, along, out, (first, last) in (
        ("x", low * z, x, -y, (0.0, period)),
        ("y", period * x + low * z, y, x, (0.0, period)),
        ("z", 0 * x, z, None, (low, top)),
    ):
        outwards = np.array([-1.0, 0.0]) if out is None else frame.seen(out) - frame.seen(0 * x)
        outwards /= np.linalg.norm(outwards)
        step = round_length(0.36 * (last - first))
        for mark in np.arange(np.ceil(first / step - 1e-9), np.floor(last / step + 1e-9) + 1) * step:
            if (name == "y" and abs(mark) < 1e-9) or (name == "z" and mark - low < 0.03 * (top - low)):
                continue  # at these corners stand the last and the first number of x
            foot = frame.seen(start + mark * along)
            axes.plot(*np.column_stack([foot, foot + unit * outwards]), color=style.INK, linewidth=0.5, clip_on=False, zorder=3)
            number = f"{mark + 0.0:g}".replace("-", "−")
            axes.text(*(foot + 2.6 * unit * outwards), number, ha="center", va="center", fontsize="small")
        middle = frame.seen(start + 0.5 * (first + last) * along) + (6.0 if out is None else 8.0) * unit * outwards
        turn = 90 if out is None else 0
        axes.text(*middle, f"{name} (nm)", ha="center", va="center", rotation=turn, clip_on=False)


def _mark(axes: Axes, whole: Frame, detail: Frame) -> None:
    """Frame of a detail on the whole."""
    corner = detail.centre - whole.centre + 0.5 * np.array([whole.width - detail.width, whole.height - detail.height])
    axes.add_patch(Rectangle(corner, detail.width, detail.height, fill=False, edgecolor=style.INK, linewidth=0.7, clip_on=False))


def _unit(axes: Axes) -> float:
    """A millimetre of the figure in nanometres of the picture."""
    width = axes.get_position().width * axes.figure.get_figwidth() / style.MILLIMETRE
    return (axes.get_xlim()[1] - axes.get_xlim()[0]) / width


def _directions(axes: Axes, frame: Frame) -> None:
    """The three directions in the lower left corner."""
    unit = _unit(axes)
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
    unit = _unit(axes)
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
        if mesh.kind == "particles":
            body = mesh.bodies[(mesh.bodies[:, :3] @ whole.towards).argmax()]  # the one in front
            height = body[3] + 0.5 * mesh.sei_thickness
            place = body[:3] + (height if width < height else 0.0) * direction
    width = min(width, whole.width)
    return Frame(whole.towards, place @ whole.axes, width, width)


def _widths(frames: Sequence[Frame]) -> list[float]:
    """Widths of pictures side by side [mm]."""
    widest = _WIDTH if len(frames) == 1 else _BOTH
    return [min(widest, _TALLEST * frame.width / frame.height) for frame in frames]


def _legend(figure: MillimetreFigure, handles: Sequence[Patch], labels: Sequence[str], left: float, top: float) -> None:
    figure.figure.legend(
        handles, labels, loc="upper left", bbox_to_anchor=(left / figure.width, 1 - top / figure.height), handlelength=1.0,
        handleheight=1.0, borderaxespad=0.0, labelspacing=0.7, handletextpad=0.5,
    )  # fmt: skip


def _patch(colour) -> Patch:
    return Patch(facecolor=colour, edgecolor=style.INK, linewidth=0.3)
