"""The figure that sums up a run: field and stress maps with one scale each, and the trends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from matplotlib.axes import Axes

from . import style
from .colour_scales import SCALES
from .fieldset import CellFields
from .figures import Written, finish, lines_of
from .helpers import Helpers
from .mapdraw import Map, Outlines
from .page import HEAD, MillimetreFigure, colour_bar, lower, panel_head
from .planes import standard_places
from .results import StructureResult
from .section import section
from .trends import CURVES_HEIGHT, draw_trends, trend_groups
from .view import View, box_view, sei_view

WIDTH = 180.0
"""Width of two columns of a journal [mm]."""
_LEFT, _RIGHT, _GAP, _TALLEST = 4.0, 15.0, 4.0, 62.0
_MAPS = ("field_enhancement", "first_principal_stress")


def write_panel(path: Path, results: Sequence[StructureResult], dpi: int = 300) -> Path:
    """Write the panel figure as PNG, 180 mm wide.

    Row 1 shows E/E0 and row 2 the first principal stress of all structures (of a single structure both in
    one row), each field with one colour scale; below are the quantiles of both against I/I0 with their
    errors. Results in space are shown in the section across the SEI.

    Parameters
    ----------
    path
        File to write.
    results
        Structures in the order of the scenario.
    dpi
        Resolution.
    """
    if results[0].fields.dimension == 3:
        cuts = [section(result.fields, standard_places(result.mesh)[0], _MAPS) for result in results]
        results = [replace(result, fields=fields) for result, fields in zip(results, cuts, strict=True)]
    return _write(path, results, dpi)[0][0]


def submit_panel(
    helpers: Helpers, path: Path, results: Sequence[StructureResult], shown: Sequence[Sequence[CellFields]], dpi: int
) -> None:
    """Leave the work of `write_panel` to helpers; `shown` are the `figures.shown_parts` of each structure."""
    parts = [each[0].only(*_MAPS) for each in shown]
    lean = [replace(result, fields=part, mesh=part.mesh) for result, part in zip(results, parts, strict=True)]
    helpers.submit(_write, path, lean, dpi)


def _write(path: Path, results: Sequence[StructureResult], dpi: int) -> Written:
    with style.context():
        _panel(results).save(path, dpi)
    return [path], None


def _panel(results: Sequence[StructureResult]) -> MillimetreFigure:
    names = [name for name in _MAPS if all(name in result.fields.values for result in results)]
    views = [box_view(fields) if fields.mesh.kind == "section" else sei_view(fields) for fields in (r.fields for r in results)]
    lines = [lines_of(result.fields) for result in results]
    single = len(results) == 1
    # maps of one structure share a row, each with its colour bar; those of several have one row for each
    # field
    rows = (
        [[(name, 0) for name in names]]
        if single
        else [[(name, i) for i in range(len(results))] for name in names]
    )
    aspects = sum(views[i].aspect for _, i in rows[0])
    bars = len(rows[0]) if single else 1
    height = min((WIDTH - _LEFT - _RIGHT * bars - _GAP * (len(rows[0]) - 1)) / aspects, _TALLEST)
    groups = trend_groups(results)
    total = len(rows) * (HEAD + height + 1.5) + (HEAD + CURVES_HEIGHT if groups else 0.0)
    figure, letters, top = MillimetreFigure(WIDTH, total), iter("abcdefghijklmnop"), 0.0
    spare = (WIDTH - _LEFT - _RIGHT * bars - _GAP * (len(rows[0]) - 1) - height * aspects) / 2
    scales = {name: SCALES[name]([result.fields for result in results]) for name in names}
    for row in rows:
        x = _LEFT + spare
        for name, i in row:
            axes = figure.axes(x, top + HEAD, height * views[i].aspect, height)
            mappable = _map(axes, results[i], views[i], lines[i], scales[name], i)
            title = scales[name].title if single else f"{results[i].label}: {lower(scales[name].title)}"
            panel_head(
                figure,
                x,
                top,
                next(letters),
                f"{title}, {style.CURRENT} = {results[i].fields.current_multiple:g}",
            )
            x += height * views[i].aspect
            if single or (name, i) == row[-1]:
                colour_bar(
                    figure,
                    mappable,
                    figure.axes(x + 2.0, top + HEAD, 2.4, height),
                    scales[name].label,
                    scales[name].extend,
                )
                x += _RIGHT
            x += _GAP
        top += HEAD + height + 1.5
    if groups:
        draw_trends(figure, top, _LEFT, groups, results, letters)
    return figure


def _map(axes: Axes, result: StructureResult, view: View, lines: Outlines, scale, number: int):
    drawn = Map(axes, result.fields, view)
    drawn.background(scale.shown[number])
    mappable = drawn.field(scale.values[number], scale.shown[number], scale.cmap, scale.norm)
    drawn.outline(lines)
    finish(drawn, scale.shown[number])
    return mappable
