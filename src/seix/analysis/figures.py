"""Writes the maps: one PNG for each structure and field."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from numpy.typing import NDArray

from . import style
from .colour_scales import SCALES, SOLID_SCALES, ColourScale
from .fieldlines import current_lines, equipotentials
from .fieldset import CellFields
from .mapdraw import Map, Outlines, outlines
from .page import MillimetreFigure, colour_bar, lower, text_width
from .render import why_not
from .results import StructureResult
from .section import Section, standard_sections
from .solidfigure import write_field_cutaway, write_phase_cutaway
from .view import View, box_view, core_view, sei_view, whole_view

WIDTH = 120.0
"""Width of a map with its colour bar [mm]."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 1.5, 17.0, 6.0, 1.5
_TALLEST = 85.0
WIDE = 180.0
"""Width of maps of a result in space, which show several sections [mm]."""


@dataclass(frozen=True)
class Picture:
    """One view of a plane result or of a section.

    Attributes
    ----------
    fields
        A result in the plane, or a section.
    view
        Which part is seen.
    lines
        Interfaces.
    number
        Place of `fields` in the colour scale.
    """

    fields: CellFields
    view: View
    lines: Outlines
    number: int = 0

    @property
    def title(self) -> str:
        """Where a section lies; empty for a result in the plane."""
        return self.fields.title if isinstance(self.fields, Section) else ""


def write_maps(folder: Path, results: Sequence[StructureResult], dpi: int = 200) -> list[Path]:
    """Write `<structure>_<field>.png` for all structures; compared structures share each colour scale.

    Parameters
    ----------
    folder
        Existing folder.
    results
        Structures with their fields; those in space are shown in two sections, across the SEI and along it, and cut away.
    dpi
        Resolution.

    Returns
    -------
    Paths of the files written.
    """
    written = []
    solid = results[0].fields.dimension == 3
    scales = SOLID_SCALES if solid else SCALES
    shown = [standard_sections(result.fields, scales) if solid else [result.fields] for result in results]
    lines = [[lines_of(fields) for fields in each] for each in shown]
    for result, each, line in zip(results, shown, lines, strict=True):
        pictures = [
            Picture(fields, view, drawn)
            for fields, drawn in zip(each, line, strict=True)
            for view in _views("microstructure", fields)
        ]
        written.append(folder / f"{result.name}_microstructure.png")
        with style.context():
            _microstructure(result, pictures).save(written[-1], dpi)
    for name, make in scales.items():
        if not all(name in result.fields.values for result in results):
            continue
        # what lives outside the SEI, or is measured from its outer side, needs the section across
        chosen = [each[: 1 if name in _ACROSS_ONLY else None] for each in shown]
        scale = make([fields for each in chosen for fields in each])
        number = 0
        for result, each, line in zip(results, chosen, lines, strict=True):
            pictures = []
            for fields, drawn in zip(each, line, strict=False):
                pictures += [Picture(fields, view, drawn, number) for view in _views(name, fields)]
                number += 1
            written.append(folder / f"{result.name}_{name}.png")
            with style.context():
                _field_map(name, result, pictures, scale).save(written[-1], dpi)
        if solid and name == "field_enhancement":
            written += _cutaways(folder, results, name, scale, dpi)
    return written


def _cutaways(folder: Path, results: Sequence[StructureResult], name: str, scale: ColourScale, dpi: int) -> list[Path]:
    """Bodies with a wedge cut away, `cutaway_<structure>[_<field>].png`; a note instead where nothing can be rendered."""
    written = []
    for result in results:
        phases, field = (folder / f"cutaway_{result.name}_{what}.png" for what in ("microstructure", name))
        if not write_phase_cutaway(phases, result, dpi) or not write_field_cutaway(field, result, name, scale, dpi):
            print(f"no cut-away pictures, only sections: {why_not()}", file=sys.stderr)
            return written
        written += [phases, field]
    return written


_ACROSS_ONLY = ("potential", "lithium_concentration")


def lines_of(fields: CellFields) -> Outlines:
    """Interfaces of a plane result or a section as polylines."""
    return fields.lines if isinstance(fields, Section) else outlines(fields.mesh)


def _field_map(name: str, result: StructureResult, pictures: Sequence[Picture], scale: ColourScale) -> MillimetreFigure:
    multiple = result.fields.current_multiple
    figure, axes, bar = _layout(pictures, f"{result.label}:  {lower(scale.title)},  {style.CURRENT} = {multiple:g}")
    mappable = None
    for ax, picture in zip(axes, pictures, strict=True):
        fields, view, number = picture.fields, picture.view, picture.number
        drawn = Map(ax, fields, view)
        drawn.background(scale.shown[number])
        mappable = drawn.field(scale.values[number], scale.shown[number], scale.cmap, scale.norm) or mappable
        detail = _detail_of(picture, pictures)
        if detail is not None:
            drawn.mark(detail)
        if name == "potential" and detail is None:
            equipotentials(ax, fields, view, scale, number)
        if name == "current_density" and detail is None and fields.mesh.kind in ("patch", "particle"):
            current_lines(ax, fields, view)
        drawn.outline(picture.lines, layers=name == "lithium_concentration")
        finish(drawn, scale.shown[number])
    if mappable is not None:
        colour_bar(figure, mappable, bar, scale.label, scale.extend)
    return figure


def _detail_of(picture: Picture, pictures: Sequence[Picture]) -> View | None:
    """View of the detail that a picture of the whole is an overview for."""
    if picture.view.detail:
        return None
    return next((other.view for other in pictures if other.fields is picture.fields and other.view.detail), None)


def finish(drawn: Map, shown: NDArray[np.bool_]) -> None:
    """Names of the regions that carry no colour, and the scale bar."""
    names = drawn.fields.region_names
    core, electrolyte = bool(shown[names.index("core")]), bool(shown[names.index("electrolyte")])
    drawn.label_regions(core=not core, electrolyte=not electrolyte)
    drawn.scale_bar(boxed=core or drawn.fields.mesh.kind == "section")


def _microstructure(result: StructureResult, pictures: Sequence[Picture]) -> MillimetreFigure:
    names = result.fields.region_names
    figure, axes, legend = _layout(pictures, f"{result.label}:  microstructure", right=27.0)
    colours = [style.phase_colour(name, names) for name in names]
    for ax, picture in zip(axes, pictures, strict=True):
        drawn = Map(ax, picture.fields, picture.view)
        drawn.regions(colours)
        drawn.outline(picture.lines, layers=True)
        drawn.scale_bar(boxed=picture.fields.mesh.kind == "section")
        detail = _detail_of(picture, pictures)
        if detail is not None:
            drawn.mark(detail)
    legend.axis("off")
    area = _measures(result)
    in_core = np.array([name in ("core", *result.mesh.core_regions) for name in names])
    in_sei = ~in_core & (np.arange(len(names)) > 1)
    whole, words = [in_core if k else in_sei for k in in_core], ["core" if k else "SEI" for k in in_core]
    handles, texts = [], []
    for index, name in enumerate(names):
        handles.append(Patch(facecolor=colours[index], edgecolor=style.INK, linewidth=0.3))
        share = "" if index < 2 else f"\n{100 * area[index] / area[whole[index]].sum():.1f} % of {words[index]}"
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


def _measures(result: StructureResult) -> NDArray[np.float64]:
    """Area or volume of each region [m2 or m3]."""
    fields, known = result.fields, result.statistics.get("mesh", {})
    known = known.get("volumes" if fields.dimension == 3 else "areas", {})
    if all(name in known for name in fields.region_names):
        return np.array([known[name] for name in fields.region_names])
    return np.bincount(fields.region, fields.areas, len(fields.region_names))


def _views(name: str, fields: CellFields) -> list[View]:
    """One view, or for a large round particle the whole and a detail."""
    if fields.mesh.kind == "section":
        return [box_view(fields)]
    if name == "lithium_concentration":
        return [core_view(fields)]
    view = sei_view(fields)
    return [whole_view(fields.mesh), view] if fields.mesh.kind in ("particle", "particles") and view.detail else [view]


def _layout(
    pictures: Sequence[Picture], title: str, right: float = _RIGHT
) -> tuple[MillimetreFigure, list[Axes], Axes]:
    """Figure with the pictures side by side at one height, a title above and axes for colour bar or legend."""
    gap, views = 3.0, [picture.view for picture in pictures]
    named = any(picture.title for picture in pictures)
    top = _TOP + (3.6 if named else 0.0)
    room = (WIDE if named else WIDTH) - _LEFT - right - gap * (len(views) - 1)
    height = min(room / sum(view.aspect for view in views), _TALLEST)
    width = _LEFT + right + gap * (len(views) - 1) + height * sum(view.aspect for view in views)
    figure = MillimetreFigure(max(width, 70.0, _LEFT + text_width(title) + 1.0), top + height + _BOTTOM)
    x, axes = _LEFT, []
    for picture in pictures:
        axes.append(figure.axes(x, top, height * picture.view.aspect, height))
        if picture.title:
            figure.text(x, top - 1.2, picture.title, ha="left", va="baseline", color="#4a4a4a")
        x += height * picture.view.aspect + gap
    bar = figure.axes(x - gap + 2.5, top, 2.6, height)
    figure.text(_LEFT, 3.9, title, ha="left", va="baseline")
    return figure, axes, bar
