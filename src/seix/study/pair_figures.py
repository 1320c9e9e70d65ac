"""Curves of two runs in one figure, and maps of their fields and of the difference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from matplotlib.colors import Normalize
from matplotlib.lines import Line2D

from ..analysis import style
from ..analysis.colour_scales import SCALES, ColourScale, scaled_by
from ..analysis.fieldset import CellFields
from ..analysis.figures import finish, lines_of
from ..analysis.labels import headlines, label_of
from ..analysis.mapdraw import Map, robust_range
from ..analysis.notation import display_unit
from ..analysis.page import HEAD, MillimetreFigure, colour_bar, panel_head, text_width
from ..analysis.planes import Place, Plane, standard_places
from ..analysis.section import section
from ..analysis.view import View, box_view, sei_view
from .pair import Pair
from .sheet import GREY, WIDTH, Sheet, fits, structure_colour, value_range, with_unit

_LOOKS = ({"linestyle": "-", "marker": "o"}, {"linestyle": "--", "marker": "s"})
_BAR, _LEFT, _GAP, _TALLEST = 17.0, 2.0, 3.0, 70.0
_SAME = 1e-6
"""Relative difference of two lengths that is the rounding of fields.vtu."""


def curve_figure(pair: Pair) -> MillimetreFigure | None:
    """Headline quantities against the current, with numerical errors; None without any."""
    quantities = headlines(list(dict.fromkeys(pair.table["quantity"])))
    if not quantities:
        return None
    names = list(dict.fromkeys(pair.table["structure"]))
    with style.context():
        several = len(names) > 1
        legend = (
            [(Line2D([], [], color=structure_colour(k), linewidth=1.6), name) for k, name in enumerate(names)] if several else []
        )
        ink = GREY if several else structure_colour(0)
        legend += [(Line2D([], [], color=ink, markerfacecolor="white", **look), label) for look, label in
                   zip(_LOOKS, pair.labels, strict=True)]  # fmt: skip
        sheet = Sheet(len(quantities), 3, 40.0, legend)
        for number, quantity in enumerate(quantities):
            _curves(sheet, number, pair, quantity, names)
        return sheet.page


def _curves(sheet: Sheet, number: int, pair: Pair, quantity: str, names: list[str]) -> None:
    rows = pair.table[pair.table["quantity"] == quantity]
    label, values = label_of(quantity), rows[["first", "second"]].to_numpy(float)
    factor, unit = display_unit(str(rows["unit"].iloc[0]), float(np.nanmax(np.abs(values))))
    axes, ends = sheet.panel(number, fits(label.figure, WIDTH / 3 - 10.0)), []
    currents = sorted(set(rows["current_multiple"]))
    for k, name in enumerate(names):
        part = rows[rows["structure"] == name].sort_values("current_multiple")
        for look, column in zip(_LOOKS, ("first", "second"), strict=True):
            x, y = part["current_multiple"].to_numpy(float), part[column].to_numpy(float) / factor
            error = np.nan_to_num(part[f"{column}_error"].to_numpy(float)) / factor
            there = np.isfinite(y)
            axes.errorbar(x[there], y[there], yerr=error[there], color=structure_colour(k), markerfacecolor="white",
                          markeredgewidth=0.8, capsize=1.6, elinewidth=0.7, **look)  # fmt: skip
            ends += [*(y - error)[there], *(y + error)[there]]
    value_range(axes, min(ends), max(ends))
    if currents[0] > 0 and currents[-1] / currents[0] > 30.0:
        axes.set_xscale("log")
    else:
        axes.set_xlim(0, (1.06 if len(currents) > 1 else 2.0) * currents[-1])
        if len(currents) == 1 or min(np.diff(currents)) > 0.05 * currents[-1]:
            axes.set_xticks(currents, [f"{current:g}" for current in currents])
    axes.set(xlabel=style.CURRENT, ylabel=with_unit(label.figure, unit))


@dataclass(frozen=True)
class FieldPair:
    """Fields of one structure in both runs.

    Attributes
    ----------
    first, second : CellFields
        In the plane, or sections.
    same : bool
        Whether nodes and cells are the same, so that values can be subtracted node by node.
    where : str
        Where a section lies; empty in the plane.
    """

    first: CellFields
    second: CellFields
    same: bool
    where: str = ""


def field_pair(first: CellFields, second: CellFields, same_mesh: bool) -> FieldPair:
    """Bring fields of two runs into the form in which they are drawn; results in space are cut across the SEI.

    Parameters
    ----------
    first, second : CellFields
    same_mesh : bool
        Whether the mesh files are the same; nodes and regions are compared as well.
    """
    same = same_mesh and first.dimension == second.dimension and _same_nodes(first, second)
    if 3 in (first.dimension, second.dimension):
        first, second = (_cut(fields) if fields.dimension == 3 else fields for fields in (first, second))
        return FieldPair(first, second, same, getattr(first, "title", "") or getattr(second, "title", ""))
    return FieldPair(first, second, same)


def _same_nodes(one: CellFields, two: CellFields) -> bool:
    return (
        one.region_names == two.region_names
        and np.array_equal(one.cells, two.cells)
        and np.array_equal(one.region, two.region)
        and np.array_equal(one.mesh.points, two.mesh.points)
    )


def _cut(fields: CellFields) -> CellFields:
    mesh = fields.mesh
    if mesh.kind == "particles":
        x, y, z = np.eye(3)
        place = Place(Plane(0.5 * mesh.period * y, x, z), f"y = {0.5 * mesh.period:.3g} nm")
    else:
        place = standard_places(mesh)[0]
    return section(fields, place, list(SCALES))


def map_figures(pair: Pair, name: str, fields: FieldPair) -> Iterator[tuple[str, MillimetreFigure, str]]:
    """A figure for each field that both runs have: both with one colour scale and, on the same mesh, the difference.

    Yields
    ------
    field : str
        Name of the field.
    figure : MillimetreFigure
    caption : str
    """
    both = [fields.first, fields.second]
    for field, make in SCALES.items():
        if not all(field in one.values and np.isfinite(one.values[field]).any() for one in both):
            continue
        scale = make(both)
        currents = [one.current_multiple for one in both]
        rounded = fields.same and _only_rounding(*(one.values[field] for one in both))
        subtract = fields.same and currents[0] == currents[1] and not rounded
        with style.context():
            figure, largest = _maps(pair, both, scale, subtract)
        caption = f"{name}: {scale.title[0].lower()}{scale.title[1:]}"
        caption += (
            f" at I/I0 = {currents[0]:g}" if currents[0] == currents[1] else f" at I/I0 = {currents[0]:g} and {currents[1]:g}"
        )
        caption += f", section {fields.where}" if fields.where else ""
        caption += f". Largest difference: {largest}." if subtract else "."
        yield field, figure, caption + (" The two agree up to the rounding of fields.vtu (single precision)." if rounded else "")


def _only_rounding(one: np.ndarray, two: np.ndarray) -> bool:
    """Whether fields differ by no more than what is lost when both are rounded to single precision and averaged."""
    return bool(np.nanmax(np.abs(one - two)) <= 2.0 * np.finfo(np.float32).eps * np.nanmax(np.abs(one)))


def _view(fields: CellFields) -> View:
    return box_view(fields) if fields.mesh.kind == "section" else sei_view(fields)


def _same_domain(one: CellFields, two: CellFields) -> bool:
    """Whether two meshes fill the same domain, so that one window shows the same place of both.

    Otherwise each would show where its own field peaks. The thickness of several particles is measured on the mesh and no measure
    of the domain.
    """
    meshes = one.mesh, two.mesh
    names = ("period",) if meshes[0].kind == "particles" else ("period", "sector", "core_size", "sei_thickness")
    sizes = [[getattr(mesh, name) or 0.0 for name in names] for mesh in meshes]
    return meshes[0].kind == meshes[1].kind != "section" and np.allclose(*sizes, rtol=_SAME, atol=0.0)


def _maps(pair: Pair, both: list[CellFields], scale: ColourScale, subtract: bool) -> tuple[MillimetreFigure, str]:
    """Both maps and, with `subtract`, their difference, and the largest difference in words."""
    views = [_view(both[0])] * 2 if subtract or _same_domain(*both) else [_view(one) for one in both]
    panels = [*views, views[0]] if subtract else views
    unit = scale.label[scale.label.rfind("(") + 1 : -1] if scale.label.endswith(")") else ""
    # two maps with their bar in the first row, the difference with its own below: so both have the same size
    height = min((WIDTH - _LEFT - _BAR - _GAP) / sum(view.aspect for view in views), _TALLEST)
    rows = 2 if subtract else 1
    wide = _LEFT + height * sum(view.aspect for view in views) + _GAP + _BAR
    page = MillimetreFigure(max(wide, 80.0), rows * (HEAD + height + 2.5))
    x, largest = _LEFT, ""
    for number, view in enumerate(panels):
        row = number // 2
        x = _LEFT if number == 2 else x
        axes = page.axes(x, row * (HEAD + height + 2.5) + HEAD, height * view.aspect, height)
        drawn = Map(axes, both[number % 2], view)
        drawn.background(scale.shown[number % 2])
        if number < 2:
            text, values, cmap, norm, extend, label = pair.labels[number], scale.values[number], scale.cmap, scale.norm, \
                scale.extend, scale.label  # fmt: skip
        else:
            values = scale.values[1] - scale.values[0]
            text, label = "difference, second minus first", rf"difference ({unit})" if unit else "difference"
            cmap, norm, extend, largest = _difference(both[0], values, scale.shown[0], unit)
        mappable = drawn.field(values, scale.shown[number % 2], cmap, norm)
        drawn.outline(lines_of(both[number % 2]))
        finish(drawn, scale.shown[number % 2])
        panel_head(
            page, x, row * (HEAD + height + 2.5), "abc"[number], fits(text, max(height * view.aspect - 6.0, text_width("mmmm")))
        )
        x += height * view.aspect + _GAP
        if number == 1 or number == 2:
            bar = page.axes(x, row * (HEAD + height + 2.5) + HEAD, 2.4, height)
            colour_bar(page, mappable, bar, label, extend)
    return page, largest


def _difference(fields: CellFields, values: np.ndarray, shown: np.ndarray, unit: str):
    """Colours of a difference: white is none, both signs alike, from the 99.9 % quantile of its size (in the SEI, if shown)."""
    inside = values[shown[fields.nodes.region]]
    inside = inside[np.isfinite(inside)]
    most = float(inside[np.abs(inside).argmax()]) if len(inside) else 0.0
    low, high = robust_range(fields, values, scaled_by(fields, shown))
    reach = max(abs(low), abs(high)) or abs(most) or 1.0
    below, above = bool((inside < -1.02 * reach).any()), bool((inside > 1.02 * reach).any())
    extend = "both" if below and above else "min" if below else "max" if above else "neither"
    return style.sequential("vik"), Normalize(-reach, reach), extend, f"{most:.3g} {unit}".rstrip()
