"""Picture of a structure by phases or by grains: whole in the plane; in space cut away and in two sections."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from . import style
from .counting import grains_in_words
from .fieldset import CellFields
from .mapdraw import Map, Outlines, outlines
from .meshfigure import domain_view
from .page import MillimetreFigure, legend_below, legend_width, text_width
from .render import why_not
from .section import Section, standard_sections
from .solidfigure import Rendering, body_axes, draw_body, plain_colours
from .view import View, box_view, sei_view

if TYPE_CHECKING:
    from ..geometry.meshing import TaggedMesh

_WIDTH, _GAP, _TOP, _LEGEND, _MARGIN = 180.0, 5.0, 7.0, 9.0, 9.0  # mm
_HEIGHT = 110.0
_BODY = 88.0
"""Largest width of a cut-away body beside its sections [mm]."""


def write_structure_figure(path: Path, mesh: TaggedMesh, title: str, by: str = "phases", dpi: int = 200) -> str | None:
    """Draw a structure.

    Parameters
    ----------
    path
        PNG file to write.
    mesh
        Mesh in nanometres.
    title
        One line above.
    by
        `phases`, or `grains`: each in a colour of its own.
    dpi
        Resolution.

    Returns
    -------
    None, or why there is no cut-away body in the picture of a mesh in space.
    """
    with style.context():
        head = f"{title}:  {by}"
        colours, labels = _legend(mesh, by)
        room = max(text_width(head), legend_width(labels)) + 4.0
        if mesh.dim == 2:
            figure = _plane(mesh, head, by, room)
            note = None
        else:
            drawn = draw_body(mesh, plain_colours(mesh, by), dpi)[:1]
            note = None if drawn else why_not()
            figure = _solid(mesh, head, by, drawn, room)
        legend_below(figure, colours, labels)
        figure.save(path, dpi)
    return note


def _plane(mesh: TaggedMesh, title: str, by: str, room: float) -> MillimetreFigure:
    view = domain_view(mesh)
    height = min((_WIDTH - 4.0) / view.aspect, _HEIGHT)
    width = height * view.aspect
    figure = _figure(title, max(width + 4.0, room), height)
    left = 0.5 * (figure.width - width)
    _draw(figure, left, _TOP, height, CellFields(mesh, {}), view, outlines(mesh), by)
    return figure


def _solid(mesh: TaggedMesh, title: str, by: str, drawn: list[Rendering], room: float) -> MillimetreFigure:
    """A body on the left, the sections above each other on the right; without a body beside each other."""
    sections = standard_sections(CellFields(mesh, {}))
    views = [_section_view(section) for section in sections]
    if not drawn:
        height = min((_WIDTH - 4.0 - _GAP) / sum(view.aspect for view in views), _HEIGHT)
        wide = 4.0 + _GAP + height * sum(view.aspect for view in views)
        figure = _figure(title, max(wide, room), height + 4.0)
        left = 2.0
        for section, view in zip(sections, views, strict=True):
            figure.text(left, _TOP + 3.0, section.title, ha="left", va="baseline", color="#4a4a4a")
            _draw(figure, left, _TOP + 4.0, height, section, view, section.lines, by)
            left += height * view.aspect + _GAP
        return figure
    frame = drawn[0].frame
    width = min(_BODY, _HEIGHT * frame.width / frame.height)
    tall = width * frame.height / frame.width
    high = tall + _MARGIN
    # both sections fill the height together, or the width that is left
    column = min(_WIDTH - 2 * _MARGIN - width - 2.0, (high - 2 * 4.0 - 1.0) / sum(1 / view.aspect for view in views))
    figure = _figure(title, max(2 * _MARGIN + width + column + 2.0, room), high)
    body_axes(figure.axes(_MARGIN, _TOP, width, tall), drawn[0])
    left, top = 2 * _MARGIN + width, _TOP
    for section, view in zip(sections, views, strict=True):
        figure.text(left, top + 3.0, section.title, ha="left", va="baseline", color="#4a4a4a")
        _draw(figure, left, top + 4.0, column / view.aspect, section, view, section.lines, by)
        top += column / view.aspect + 5.0
    return figure


def _section_view(section: Section) -> View:
    """All of a section, or a detail where the SEI would be too thin to see."""
    if section.mesh.kind == "section":
        return box_view(section)
    near = sei_view(section)
    return near if section.mesh.kind == "particle" and near.detail else domain_view(section.mesh)


def _figure(title: str, width: float, height: float) -> MillimetreFigure:
    figure = MillimetreFigure(width, _TOP + height + _LEGEND)
    figure.text(2.0, 4.2, title, ha="left", va="baseline")
    return figure


def _draw(
    figure: MillimetreFigure, left: float, top: float, height: float, fields: CellFields, view: View, lines: Outlines, by: str
) -> None:
    drawn = Map(figure.axes(left, top, height * view.aspect, height), fields, view)
    drawn.cells(style.cell_colours(fields.mesh, by))
    drawn.outline(lines, layers=True)
    drawn.scale_bar(boxed=True)


def _legend(mesh: TaggedMesh, by: str) -> tuple[list, list[str]]:
    """Colours and names of what is seen."""
    names = list(mesh.region_names)
    if by == "phases":
        return [style.phase_colour(name, names) for name in names], [style.phase_label(name) for name in names]
    outer = [name for name in ("core", "electrolyte", "void") if name in names]
    colours = [*(style.phase_colour(name, names) for name in outer), style.MATRIX_COLOUR]
    labels = [*outer, "matrix"]
    words = grains_in_words(mesh)
    if words:
        colours.append(style.grain_colours(1)[0])
        labels.append(words if words.startswith("1 ") and "," not in words else f"{words}; each in its own colour")
    return colours, labels
