"""Lines drawn over maps: equal potential, and along the current."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.tri import Triangulation
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..geometry.assembly.anchors import bodies_of
from .colour_scales import ColourScale
from .fieldset import NANOMETRE, SUBTRIANGLES, CellFields
from .view import View

if TYPE_CHECKING:
    from ..geometry.meshing import TaggedMesh

_CURRENT_LINES = 14


def equipotentials(axes: Axes, fields: CellFields, view: View, scale: ColourScale, number: int) -> None:
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


def current_lines(axes: Axes, fields: CellFields, view: View) -> None:
    """Lines along the current, started at equal distances outside the SEI."""
    mesh = fields.mesh
    x = np.linspace(*view.x, 320)
    y = np.linspace(*view.y, max(40, int(320 / view.aspect)))
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    current = _current_at(fields, view, grid)
    current[~_conducts_ions(mesh, view, grid)] = np.nan
    u, v = np.moveaxis(current.reshape(len(y), len(x), 2), -1, 0)
    if view.detail or mesh.kind in ("patch", "particles"):
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
    current = view.turned(nodes.values["current_density"][:, :2])[triangles].mean(axis=1)
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
    if mesh.kind == "particles":
        box = ((places > 0) & (places < mesh.period)).all(axis=1)
        return box & (bodies_of(mesh.bodies, mesh.period).height(places) > 0)
    radius = np.hypot(*places.T)
    inside = (radius > mesh.core_size) & (
        radius < mesh.core_size + mesh.sei_thickness + mesh.electrolyte_depth
    )
    if mesh.sector is not None:
        inside &= np.mod(np.arctan2(places[:, 1], places[:, 0]) - view.turn, 2 * np.pi) < mesh.sector
    return inside
