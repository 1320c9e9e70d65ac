"""Picture of a mesh: the whole domain, and the place where the cells are smallest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.collections import LineCollection

from . import style
from .fieldset import CellFields
from .mapdraw import Map, outlines
from .measures import EDGES
from .page import MillimetreFigure, legend_below, legend_width, text_width
from .render import why_not
from .solidfigure import draw_body, place_bodies, plain_colours
from .view import View, whole_view

if TYPE_CHECKING:
    from ..geometry.meshing import TaggedMesh

_WIDTH, _GAP, _TOP, _LEGEND = 180.0, 4.0, 7.0, 9.0  # mm
_DETAIL = 60.0
"""Width of the detail in sizes of the smallest cell."""
MANY = 50_000
"""Above this number of cells their edges are drawn in the detail only: on the whole they would run together."""


def write_mesh_figure(path: Path, mesh: TaggedMesh, title: str, dpi: int = 200) -> str | None:
    """Draw phases, grains and cells; above `MANY` cells, their edges in a detail only.

    Parameters
    ----------
    path
        PNG file to write.
    mesh
        Mesh in nanometres.
    title
        One line above.
    dpi
        Resolution.

    Returns
    -------
    None, or why there is no picture of a mesh in space; nothing is written then.
    """
    with style.context():
        hidden = " (not shown)" if mesh.dim == 3 else ""  # a cut-away leaves the electrolyte out
        labels = [style.phase_label(name) + hidden * (name == "electrolyte") for name in mesh.region_names]
        head = f"{title}:  {len(mesh.cells)} cells"
        figure = (_plane if mesh.dim == 2 else _solid)(mesh, head, dpi, legend_width(labels) + 4.0)
        if figure is None:
            return why_not()
        legend_below(figure, [style.phase_colour(name, mesh.region_names) for name in mesh.region_names], labels)
        figure.save(path, dpi)
    return None


def _plane(mesh: TaggedMesh, title: str, dpi: int, room: float) -> MillimetreFigure:
    fields, lines = CellFields(mesh, {}), outlines(mesh)
    edges = _edges(mesh)
    whole = domain_view(mesh)
    views = [whole, _smallest(mesh, whole)]
    height = min((_WIDTH - 4.0 - _GAP) / sum(view.aspect for view in views), 120.0)
    width = height * sum(view.aspect for view in views) + _GAP + 4.0
    figure = MillimetreFigure(max(width, room, text_width(title) + 4.0), _TOP + height + _LEGEND)
    figure.text(2.0, 4.2, title, ha="left", va="baseline")
    left = 2.0 + 0.5 * (figure.width - width)
    colours = [style.phase_colour(name, mesh.region_names) for name in mesh.region_names]
    for view, thickness in zip(views, (0.1, 0.35), strict=True):
        axes = figure.axes(left, _TOP, height * view.aspect, height)
        left += height * view.aspect + _GAP
        drawn = Map(axes, fields, view)
        drawn.regions(colours)
        if view.detail or len(mesh.cells) <= MANY:
            turned = view.turned(edges.reshape(-1, 2)).reshape(edges.shape)
            cells = turned[view.sees(turned)]
            lines_of_cells = LineCollection(cells, colors=style.INK, linewidths=thickness, alpha=0.8, snap=False, zorder=2)
            axes.add_collection(lines_of_cells, autolim=False)
        drawn.outline(lines, layers=True)
        drawn.scale_bar(boxed=True)
        if view is whole:
            drawn.mark(views[1])
    return figure


def _solid(mesh: TaggedMesh, title: str, dpi: int, room: float) -> MillimetreFigure | None:
    """A cut-away body and a detail, with the edges of the cells on its faces and surfaces."""
    corners = mesh.points[mesh.cells[:, :4]]
    volume = np.abs(np.linalg.det(corners[:, 1:] - corners[:, :1])) / 6.0
    smallest = (6.0 * np.sqrt(2.0) * volume.min()) ** (1 / 3)  # edge of the regular tetrahedron
    width = min(_DETAIL * smallest, 1.5 * mesh.sei_thickness)
    drawn = draw_body(mesh, plain_colours(mesh, "phases"), dpi, cells=(len(mesh.cells) <= MANY, True), detail=width)
    title += "; on cut faces their traces"
    return place_bodies(drawn, title, 0.0, below=_LEGEND, narrowest=room)[0] if drawn else None


def domain_view(mesh: TaggedMesh) -> View:
    """All of a patch, a particle or a box of particles."""
    if mesh.kind == "particle":
        return whole_view(mesh, all_electrolyte=True)
    if mesh.kind == "particles":
        return whole_view(mesh)
    return View((0.0, mesh.period), (-mesh.core_size, mesh.sei_thickness + mesh.electrolyte_depth))


def _smallest(mesh: TaggedMesh, whole: View) -> View:
    """Window as high as the whole, around the smallest cell."""
    corners = mesh.points[mesh.cells[:, :3]]
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]) / 2
    cell = int(np.argmin(area))
    half = 0.5 * min(_DETAIL * np.sqrt(area[cell]), 0.5 * whole.width, 0.5 * whole.height)
    x, y = whole.turned(corners[cell].mean(axis=0)[None, :])[0]
    x = min(max(x, whole.x[0] + half), whole.x[1] - half)
    y = min(max(y, whole.y[0] + half), whole.y[1] - half)
    return View((x - half, x + half), (y - half, y + half), turn=whole.turn, detail=True)


def _edges(mesh: TaggedMesh) -> np.ndarray:
    """Every edge once as a curved polyline, shape (edges, 5, 2) [nm]."""
    nodes = mesh.cells[:, EDGES].reshape(-1, 3)
    _, first = np.unique(nodes[:, 2], return_index=True)  # the mid node names the edge
    a, b, middle = (mesh.points[nodes[first, k]] for k in range(3))
    t = np.linspace(0.0, 1.0, 5)[:, None, None]
    curve = (1 - t) * (1 - 2 * t) * a + t * (2 * t - 1) * b + 4 * t * (1 - t) * middle
    return np.moveaxis(curve, 0, 1)
