"""Draws one map: a field on curved cells without averaging across interfaces, outlines, scale bar."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, ListedColormap, Normalize
from matplotlib.patches import Polygon, Rectangle
from matplotlib.tri import Triangulation
from numpy.typing import NDArray

from .chains import chained
from .fieldset import NANOMETRE, SUBTRIANGLES, CellFields, weighted_quantiles
from .interfaces import interfaces
from .measures import EDGES
from .page import text_width
from .style import CORE_COLOUR, ELECTROLYTE_COLOUR, INK, SEI_COLOUR
from .view import View, limits

_STEPS = np.array([1.0, 2.0, 5.0])
_BAR_SHARE = 0.26  # the scale bar is at most this part of the width
_TINY = 0.2  # cells narrower than this are drawn as one triangle [mm],
_BENT = 0.02  # and so are those whose edges bend by less, a sixth of a pixel, if their colour hardly bends either [mm]
_PAD = 0.6  # of the light ground around it [mm]


Outlines = dict[str, NDArray[np.float64]]
"""Name of `interfaces` -> polylines (n, 5, 2) [nm]."""


def outlines(mesh: Any) -> Outlines:
    """Interfaces of a mesh as smooth polylines."""
    t = np.linspace(0.0, 1.0, 5)[:, None]
    shape = np.hstack(
        [(1 - t) * (1 - 2 * t), t * (2 * t - 1), 4 * t * (1 - t)]
    )  # parabola through ends and mid node
    return {
        name: np.einsum("sk,nkd->nsd", shape, mesh.points[edges]) for name, edges in interfaces(mesh).items()
    }


class Map:
    """One view of one structure on given axes.

    Parameters
    ----------
    axes
        Axes to draw on; ticks are removed, the aspect is equal.
    fields
        What to draw.
    view
        Which part.
    """

    def __init__(self, axes: Axes, fields: CellFields, view: View) -> None:
        self.axes, self.fields, self.view = axes, fields, view
        nodes = fields.nodes
        self._points = view.turned(nodes.points / NANOMETRE)
        self._corners = self._points[nodes.cells[:, :3]]
        low, high = limits(self._corners)
        self._tiny = (high - low).max(axis=1) < _TINY * self._millimetre
        self._straight = self._tiny | (_bend(self._points, nodes.cells) < _BENT * self._millimetre)
        axes.set(xlim=view.x, ylim=view.y, aspect="equal", xticks=[], yticks=[])
        # beyond the modelled electrolyte of a round detail there would be white corners
        axes.set_facecolor(ELECTROLYTE_COLOUR if view.detail else "white")

    def regions(self, colours: list[str], chosen: NDArray[np.bool_] | None = None) -> None:
        """Fill regions, all or those marked in `chosen`, with their colours."""
        # nodes are doubled between regions, so shading between the corners of a triangle leaves one colour
        palette, norm = ListedColormap(colours), Normalize(-0.5, len(colours) - 0.5)
        marked = np.ones(len(colours), dtype=bool) if chosen is None else chosen
        self._shade(self.fields.nodes.region.astype(float), marked[self.fields.region], self._straight, palette, norm, 0)

    def cells(self, colours: NDArray[np.float64]) -> None:
        """Fill every cell with its own RGB colour (cells, 3)."""
        palette, number = np.unique(colours, axis=0, return_inverse=True)
        values = number.ravel().astype(float)
        for shift in self.view.shifts:
            seen = self._visible(shift, np.ones(len(values), dtype=bool), values)
            triangles, count = self._parts(seen, self._straight)
            x, y = (self._points[triangles] + np.array([shift, 0.0])).reshape(-1, 2).T
            # corners of their own for each triangle, so that shading between them leaves one colour
            own = Triangulation(x, y, np.arange(len(x)).reshape(-1, 3))
            look = {"cmap": ListedColormap(palette), "norm": Normalize(-0.5, len(palette) - 0.5)}
            self.axes.tripcolor(own, np.repeat(values[seen], 3 * count), shading="gouraud", rasterized=True, zorder=0, **look)

    def background(self, shown: NDArray[np.bool_]) -> None:
        """Quiet colours for the regions that are not marked in `shown`."""
        quiet = dict.fromkeys(("core", *self.fields.mesh.core_regions), CORE_COLOUR) | {"electrolyte": ELECTROLYTE_COLOUR}
        colours = [quiet.get(name, SEI_COLOUR) for name in self.fields.region_names]
        self.regions(colours, ~shown)

    def field(
        self, values: NDArray[np.float64], shown: NDArray[np.bool_], cmap: Colormap, norm: Normalize
    ) -> Any:
        """Draw values at `fields.nodes` on the regions in `shown`; returns what a colour bar needs."""
        cells = self.fields.nodes.cells
        finite = np.isfinite(values)
        exists = finite[cells].all(axis=1) & shown[self.fields.region]
        values = np.where(finite, values, 0.0)
        # between the corners of a triangle colours are linear: where all nodes are within a colour of that, four show no more
        colour = cmap.N * np.clip(np.ma.getdata(norm(values)), 0.0, 1.0)
        plain = self._tiny | (self._straight & (_bend(colour, cells) < 1.0))
        return self._shade(values, exists, plain, cmap, norm, 1)

    def outline(self, lines: Outlines, colour: str = INK, layers: bool = False) -> None:
        """Thin lines around grains, a little stronger ones on the two surfaces of the SEI."""
        for surface in ("grain|matrix", "core|domain"):
            self._lines(lines[surface], colour, 0.3, 0.75)
        for surface in ("core|sei", "sei|electrolyte", "binder", "void"):
            self._lines(lines[surface], INK, 0.6, 1.0)
        if layers:
            self._lines(lines["layer|layer"], INK, 0.35, 0.7, (0, (4, 3)))
        mesh = self.fields.mesh
        round_edge = mesh.kind == "particle" or (mesh.kind == "section" and mesh.period is None)
        if round_edge and not self.view.detail:
            self._lines(lines["outside"], "#8a8a8a", 0.4, 1.0)
            for spine in self.axes.spines.values():
                spine.set_visible(False)
        for shift in self.view.shifts[1:]:
            self.axes.plot(
                [shift, shift],
                [0, self.fields.mesh.sei_thickness],
                color=INK,
                linewidth=0.4,
                linestyle=(0, (2, 3)),
                zorder=4,
            )

    def label_regions(self, core: bool = True, electrolyte: bool = True) -> None:
        """Write "core" and "electrolyte" where they are; a whole particle needs no such words."""
        mesh, (x0, x1), (y0, y1) = self.fields.mesh, self.view.x, self.view.y
        if mesh.kind in ("section", "particles") or (mesh.kind != "patch" and not self.view.detail):
            return
        base = 0.0 if mesh.kind == "patch" else mesh.core_size
        outer = base + mesh.sei_thickness
        right = x1 - 0.015 * (x1 - x0)
        if mesh.kind == "patch":
            core_place, electrolyte_place, align = (
                (right, 0.5 * (y0 + min(base, y1))),
                (right, 0.5 * (outer + y1)),
                "right",
            )
        else:  # round surfaces fall away from the middle of the picture
            core_place, electrolyte_place, align = (
                (0.5 * (x0 + x1), y0 + 0.12 * (y1 - y0)),
                (0.5 * (x0 + x1), 0.5 * (outer + y1)),
                "center",
            )
        for wanted, place, text in (
            (core, core_place, "core"),
            (electrolyte and y1 > outer, electrolyte_place, "electrolyte"),
        ):
            if wanted:
                self.axes.text(*place, text, ha=align, va="center", color="#4a4a4a", zorder=6)

    def scale_bar(self, boxed: bool = False) -> None:
        """Bar of a round length, at the lower left or in the middle of a whole particle.

        With `boxed` it stands on a light ground; on a section that leaves corners empty, in the emptiest corner.
        """
        (x0, x1), (y0, y1) = self.view.x, self.view.y
        length = round_length(_BAR_SHARE * (x1 - x0))
        # a bar is as thick and as far from the corner in every figure, whatever the scale
        unit = self._millimetre
        text = f"{length:g} nm" if length < 1000 else f"{length / 1000:g} µm"
        size = np.array([max(length, text_width(text) * unit), 3.5 * unit])  # of bar and text together
        first, last = np.array([x0 + 2.2 * unit, y0 + 1.3 * unit]), np.array([x1 - 2.2 * unit, y1 - 1.0 * unit]) - size
        corner = first
        if self.fields.mesh.kind == "particle" and not self.view.detail and self.fields.mesh.sector is None:
            corner = np.array([-0.5 * size[0], -0.25 * unit])
        elif boxed and self.fields.mesh.kind != "patch":
            corners = [first, np.array([last[0], first[1]]), np.array([first[0], last[1]]), last]
            corner = min(corners, key=lambda low: int(self._inside(low - unit, low + size + unit).sum()))
        if boxed:
            pad = _PAD * unit
            look = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "zorder": 6.9}
            self.axes.add_patch(Rectangle(corner - pad, *(size + 2 * pad), **look))
        middle, thick = corner[0] + 0.5 * size[0], 0.55 * unit
        bar = Rectangle((middle - 0.5 * length, corner[1]), length, thick, facecolor="black", edgecolor="none", zorder=7)
        self.axes.add_patch(bar)
        self.axes.text(middle, corner[1] + thick + 0.35 * unit, text, ha="center", va="bottom", zorder=7)

    @property
    def _millimetre(self) -> float:
        """A millimetre of the figure in nanometres of the picture."""
        return self.view.width / (self.axes.get_position().width * self.axes.figure.get_figwidth() * 25.4)

    def _parts(self, rows: NDArray[np.int64], plain: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Triangles (n, 3) of some cells, one of those marked in `plain` and four of the others, and how many of each."""
        nodes, one = self.fields.nodes.cells[rows], plain[rows]
        parts, used = nodes[:, SUBTRIANGLES], np.ones((len(rows), len(SUBTRIANGLES)), dtype=bool)
        parts[one, 0] = nodes[one, :3]
        used[one, 1:] = False
        return parts[used], used.sum(axis=1)

    def _inside(self, low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which nodes lie in a rectangle of the picture."""
        return ((self._points >= low) & (self._points <= high)).all(axis=1)

    def mark(self, other: View) -> None:
        """Frame of another view of the same mesh."""
        corners = np.array([[other.x[i], other.y[j]] for i, j in ((0, 0), (1, 0), (1, 1), (0, 1))])
        back = View(other.x, other.y, turn=self.view.turn - other.turn)
        self.axes.add_patch(
            Polygon(back.turned(corners), closed=True, fill=False, edgecolor=INK, linewidth=0.7, zorder=8)
        )

    def _shade(
        self,
        values: NDArray[np.float64],
        among: NDArray[np.bool_],
        plain: NDArray[np.bool_],
        cmap: Colormap,
        norm: Normalize,
        order: int,
    ) -> Any:
        """Colour the cells marked in `among` by values at nodes; those marked in `plain` as one triangle."""
        mappable = None
        for shift in self.view.shifts:
            rows = self._visible(shift, among, self.fields.region)
            if len(rows):
                part = Triangulation(self._points[:, 0] + shift, self._points[:, 1], self._parts(rows, plain)[0])
                look = {"cmap": cmap, "norm": norm, "rasterized": True, "zorder": order}
                mappable = self.axes.tripcolor(part, values, shading="gouraud", **look)
        return mappable

    def _visible(self, shift: float, among: NDArray[np.bool_], order: NDArray[Any]) -> NDArray[np.int64]:
        """Cells that are seen, of those marked in `among`, by rising `order`."""
        # triangles are drawn half a pixel too large: with the regions in a fixed order their borders do not jump
        rows = np.flatnonzero(among & self.view.sees(self._corners + np.array([shift, 0.0]), margin=0.05))
        return rows[np.argsort(order[rows], kind="stable")]

    def _lines(
        self, lines: NDArray[np.float64], colour: str, width: float, alpha: float, dashes: Any = "solid"
    ) -> None:
        if len(lines) == 0:
            return
        turned = self.view.turned(lines.reshape(-1, 2)).reshape(lines.shape)
        for shift in self.view.shifts:
            moved = turned + np.array([shift, 0.0])
            seen = chained(moved[self.view.sees(moved)])
            if not seen:
                continue
            # one path with gaps: a collection draws ten times slower and darkens where its lines meet. Nothing is moved to
            # whole pixels, or nearly horizontal pieces of one outline would lie on different rows
            gap = np.full((1, 2), np.nan)
            x, y = np.concatenate([part for line in seen for part in (line, gap)]).T
            self.axes.plot(
                x, y, color=colour, linewidth=width, alpha=alpha, linestyle=dashes, solid_capstyle="round",
                solid_joinstyle="round", snap=False, zorder=3,
            )  # fmt: skip


def _bend(values: NDArray[np.float64], cells: NDArray[np.int64]) -> NDArray[np.float64]:
    """How far the mid nodes of each cell are from the mean of the ends, at most, in values (n,) or places (n, 2) of nodes."""
    bends = [values[cells[:, m]] - 0.5 * (values[cells[:, a]] + values[cells[:, b]]) for a, b, m in EDGES]
    return np.abs(np.stack(bends, axis=1)).reshape(len(cells), -1).max(axis=1, initial=0.0)


def round_length(limit: float) -> float:
    """Largest of 1, 2, 5, 10, 20, ... not above a limit."""
    power = 10.0 ** np.floor(np.log10(limit))
    return float(power * _STEPS[_STEPS * power <= limit * (1 + 1e-9)].max())


def robust_range(
    fields: CellFields, values: NDArray[np.float64], shown: NDArray[np.bool_], fraction: float = 0.999
) -> tuple[float, float]:
    """Volume-weighted quantiles (1 - fraction, fraction) of nodal values over the regions in `shown`."""
    triangles = fields.nodes.triangles
    inside = shown[np.repeat(fields.region, len(SUBTRIANGLES))]
    a, b, c = (values[corner] for corner in triangles[inside].T)
    weights = np.repeat(fields.areas, len(SUBTRIANGLES))[inside]
    low, high = weighted_quantiles((a + b + c) / 3, weights, [1 - fraction, fraction])
    return low, high
