"""Writes the maps: one PNG for each structure and field."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from numpy.typing import NDArray

from . import style
from .colour_scales import SCALES, SOLID_SCALES, ColourScale, ScaleMaker
from .fieldlines import current_lines, equipotentials
from .fieldset import CellFields
from .helpers import Helpers
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


def shown_parts(result: StructureResult) -> list[CellFields]:
    """What the maps of a structure show: a result in the plane, or two sections, across the SEI and along it."""
    fields = result.fields
    parts = list(standard_sections(fields, SOLID_SCALES)) if fields.dimension == 3 else [fields]
    _ = [(part.nodes, part.areas) for part in parts]  # what all pictures need, before they take their shares
    return parts


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
    with Helpers(0) as alone:
        submit_maps(alone, folder, results, [shown_parts(result) for result in results], dpi)
        return written_by(alone)


def submit_maps(
    helpers: Helpers, folder: Path, results: Sequence[StructureResult], shown: Sequence[Sequence[CellFields]], dpi: int
) -> None:
    """Leave the work of `write_maps` to helpers; `shown` are the `shown_parts` of each structure."""
    solid = results[0].fields.dimension == 3
    scales = SOLID_SCALES if solid else SCALES
    names = [name for name in scales if all(name in result.fields.values for result in results)]
    # the longest first
    if solid and _FOCUS in names:
        sections = [fields.only(_FOCUS) for each in shown for fields in each]
        for result in results:
            bare = replace(result, fields=result.fields.only(_FOCUS), cases=[])
            helpers.submit(_write_field_cutaway, folder, bare, sections, dpi)
            helpers.submit(_write_phase_cutaway, folder, replace(bare, fields=bare.fields.only()), dpi)
    labels = [(result.name, result.label) for result in results]
    for name in names:
        # what lives outside the SEI, or is measured from its outer side, needs the section across
        chosen = [[fields.only(name, _FOCUS) for fields in each[: 1 if name in _ACROSS_ONLY else None]] for each in shown]
        helpers.submit(_write_fields, folder, name, scales[name], labels, chosen, dpi)
    for result, each in zip(results, shown, strict=True):
        parts = [fields.only(_FOCUS) for fields in each]
        helpers.submit(_write_microstructure, folder, (result.name, result.label), _shares(result), parts, dpi)


def written_by(helpers: Helpers) -> list[Path]:
    """Wait for the pictures; returns their paths. A note is printed if bodies could not be rendered."""
    written, notes = [], []
    for paths, note in helpers.results():
        written += paths
        notes += [note] if note else []
    for note in notes[:1]:
        print(f"no cut-away pictures, only sections: {note}", file=sys.stderr)
    return written


Written = tuple[list[Path], str | None]
"""Files that a task wrote, and why it could not."""
_FOCUS = "field_enhancement"
"""Field that is shown on bodies, and whose peak is in the middle of details."""
_ACROSS_ONLY = ("potential", "lithium_concentration")


def _write_fields(
    folder: Path, name: str, make: ScaleMaker, labels: Sequence[tuple[str, str]], shown: Sequence[Sequence[CellFields]], dpi: int
) -> Written:
    """Maps of one field, of all structures: (name, label) of each in `labels`."""
    scale = make([fields for each in shown for fields in each])
    written, number = [], 0
    for (structure, label), each in zip(labels, shown, strict=True):
        pictures = []
        for fields in each:
            lines = lines_of(fields)
            pictures += [Picture(fields, view, lines, number) for view in _views(name, fields)]
            number += 1
        written.append(folder / f"{structure}_{name}.png")
        with style.context():
            _field_map(name, label, pictures, scale).save(written[-1], dpi)
    return written, None


def _write_microstructure(
    folder: Path, names: tuple[str, str], shares: Sequence[str], shown: Sequence[CellFields], dpi: int
) -> Written:
    """Map of the regions of one structure."""
    path = folder / f"{names[0]}_microstructure.png"
    pictures = []
    for fields in shown:
        lines = lines_of(fields)
        pictures += [Picture(fields, view, lines) for view in _views("microstructure", fields)]
    with style.context():
        _microstructure(names[1], shares, pictures).save(path, dpi)
    return [path], None


def _write_phase_cutaway(folder: Path, result: StructureResult, dpi: int) -> Written:
    """Body with a wedge cut away, where bodies can be rendered."""
    path = folder / f"cutaway_{result.name}_microstructure.png"
    return ([path], None) if write_phase_cutaway(path, result, dpi) else ([], why_not())


def _write_field_cutaway(folder: Path, result: StructureResult, sections: Sequence[CellFields], dpi: int) -> Written:
    """Likewise with the field, in the colours of the maps of all structures."""
    path = folder / f"cutaway_{result.name}_{_FOCUS}.png"
    scale = SOLID_SCALES[_FOCUS](sections)
    return ([path], None) if write_field_cutaway(path, result, _FOCUS, scale, dpi) else ([], why_not())


def lines_of(fields: CellFields) -> Outlines:
    """Interfaces of a plane result or a section as polylines."""
    return fields.lines if isinstance(fields, Section) else outlines(fields.mesh)


def _field_map(name: str, label: str, pictures: Sequence[Picture], scale: ColourScale) -> MillimetreFigure:
    multiple = pictures[0].fields.current_multiple
    figure, axes, bar = _layout(pictures, f"{label}:  {lower(scale.title)},  {style.CURRENT} = {multiple:g}")
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


def _microstructure(label: str, shares: Sequence[str], pictures: Sequence[Picture]) -> MillimetreFigure:
    names = pictures[0].fields.region_names
    figure, axes, legend = _layout(pictures, f"{label}:  microstructure", right=27.0)
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
    handles = [Patch(facecolor=colour, edgecolor=style.INK, linewidth=0.3) for colour in colours]
    texts = [style.phase_label(name) + share for name, share in zip(names, shares, strict=True)]
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


def _shares(result: StructureResult) -> list[str]:
    """Lines below the names of the regions that say how much of core or SEI each takes."""
    names, area = result.fields.region_names, _measures(result)
    in_core = np.array([name in ("core", *result.mesh.core_regions) for name in names])
    in_sei = ~in_core & (np.arange(len(names)) > 1)
    wholes = [("core", in_core) if k else ("SEI", in_sei) for k in in_core]
    shares = [100 * part / area[whole].sum() for part, (_, whole) in zip(area[2:], wholes[2:], strict=True)]
    return ["", "", *(f"\n{share:.1f} % of {word}" for share, (word, _) in zip(shares, wholes[2:], strict=True))]


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
