"""What is seen of a mesh in space when a wedge of its SEI is cut away: exact flat faces, shells and standing grains.

The core stays whole and the electrolyte is left out. Only cells that a face or a surface touches are looked at.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..properties import BINDER
from .cut import cut, nodes_of
from .fieldset import SUBTRIANGLES
from .measures import EDGES
from .parts import single_particles
from .planes import Plane
from .section import crossing, interface_curves
from .skin import Facets, grain_facets, interface_facets
from .soup import HalfSpace, clip_all, clip_lines, outside_of

if TYPE_CHECKING:
    from ..geometry.meshing import TaggedMesh

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Colours = Callable[[Index, Array], Array]
"""Cells (k,) and barycentric places (k, n, 4) in them -> RGB (k, n, 3) from 0 to 1."""

_STRAIGHT, _EVEN = 1e-5, 1 / 256
"""What bends by less than the first part of the size of the domain is straight, normals and colours that do by less than the
second are linear."""
_CORE_SHOWN = 0.4
"""Depth of the core that is shown below a patch or a cone, in thicknesses of the SEI."""
FACET_NODES = [np.insert(nodes_of(6), k, 0.0, axis=1) for k in range(4)]
"""Barycentric places in the cell of the nodes of the facet opposite to each vertex, in the order of the facet."""


@dataclass(frozen=True)
class Cutaway:
    """Where a body is cut.

    Attributes
    ----------
    wedge
        Half spaces whose intersection loses its SEI.
    sides, hidden
        Outer flat sides that are seen, and those that are not.
    crops
        Half spaces that all of the picture lies in.
    towards
        (3,) unit vector to the viewer.
    """

    wedge: list[HalfSpace]
    sides: list[HalfSpace]
    hidden: list[HalfSpace]
    crops: list[HalfSpace]
    towards: Array


@dataclass
class Scene:
    """Triangles with colours, and lines.

    Attributes
    ----------
    triangles
        (k, 3, 9) places [nm], unit normals and RGB from 0 to 1.
    lines
        Segments (s, 2, 3) [nm] by name: `edge`, `interface`, `layer` or `mesh`.
    towards
        (3,) unit vector to the viewer.
    corners
        (n, 3) further places that the picture holds [nm].
    """

    triangles: list[Array] = field(default_factory=list)
    lines: dict[str, list[Array]] = field(default_factory=lambda: defaultdict(list))
    towards: Array = field(default_factory=lambda: np.array([0.0, -1.0, 0.0]))
    corners: Array = field(default_factory=lambda: np.empty((0, 3)))

    @property
    def points(self) -> Array:
        """(n, 3) all corners [nm]."""
        return np.concatenate([self.corners, *(part[..., :3].reshape(-1, 3) for part in self.triangles)])


def cutaway_of(mesh: TaggedMesh) -> Cutaway:
    """The usual cut: the corner of a block, the near part of a shell."""
    x, y, z = np.eye(3)
    if mesh.kind == "patch":
        middle, period = 0.5 * mesh.period, mesh.period
        wedge = [HalfSpace(x, middle), HalfSpace(-y, -middle)]
        sides, hidden = [HalfSpace(-x, -period), HalfSpace(y)], [HalfSpace(x), HalfSpace(-y, -period)]
        crops = [HalfSpace(z, -min(mesh.core_size, _CORE_SHOWN * mesh.sei_thickness))]
        return Cutaway(wedge, sides, hidden, crops, _unit(0.52, -0.66, 0.54))
    if len(mesh.mirrors) == 0:
        return Cutaway([HalfSpace(x), HalfSpace(-y), HalfSpace(z)], [], [], [], _unit(0.62, -0.60, 0.50))
    towards = _unit(0.72, -0.50, 0.48) if len(mesh.mirrors) == 3 else _unit(0.50, -0.66, 0.56)
    # the picture looks at a mirror plane from behind where its inward normal points away from the viewer
    sides = [HalfSpace(normal) for normal in mesh.mirrors if normal @ towards < 0]
    hidden = [HalfSpace(normal) for normal in mesh.mirrors if normal @ towards >= 0]
    if len(mesh.mirrors) == 3:
        return Cutaway([HalfSpace(_unit(1.0, -1.0, 0.0))], sides, hidden, [], towards)
    half = math.atan2(mesh.mirrors[0][2], mesh.mirrors[0][0])
    # the core is cropped below the lowest points of its surface
    low = mesh.core_size / math.sqrt(1.0 + 2.0 * math.tan(half) ** 2) - _CORE_SHOWN * mesh.sei_thickness
    return Cutaway([HalfSpace(x), HalfSpace(-y)], sides, hidden, [HalfSpace(z, max(low, 0.0))], towards)


def build_scene(
    mesh: TaggedMesh, colours: Colours, standing: bool = True, core: Colours | None = None, cells: bool = False,
    necks: Sequence[HalfSpace] = (),
) -> Scene:  # fmt: skip
    """Collect what is seen.

    Parameters
    ----------
    mesh
        In space. Of several particles each one is cut by itself, in the frame of their box.
    colours
        Of the SEI and of the sides of the core.
    standing
        Whether grains whose centre is not in the wedge stand out of the faces whole; otherwise all are cut flat.
    core
        Colours of the surface of the core in the wedge, looked up in the cells of the SEI upon it; `colours` of the cells of
        the core without.
    cells
        Whether to add the edges of the cells as lines `mesh`.
    necks
        Half spaces that the picture of a particle lies in, whose boundaries are seen where the SEI beyond is cut away.
    """
    if mesh.kind == "particles":
        return _several(mesh, colours, standing, core, cells)
    body = cutaway_of(mesh)
    body = replace(body, crops=[*body.crops, *necks])
    scene = Scene(towards=body.towards)
    builder = _Builder(mesh, body, scene, colours, cells)
    names = list(mesh.region_names)
    void = mesh.region == names.index("void") if "void" in names else np.zeros(len(mesh.region), dtype=bool)
    sei = ((mesh.layer >= 0) & ~void) | np.array([name == BINDER for name in names])[mesh.region]
    core_cells = np.isin(mesh.region, [names.index(name) for name in ("core", *mesh.core_regions)])
    left = [[*body.crops, *part] for part in outside_of(body.wedge)]
    for side in body.sides:
        builder.face(side, core_cells, [body.crops])
        builder.face(side, sei, left)
    for neck in necks:
        others = [crop for crop in body.crops if crop is not neck]
        builder.face(neck, core_cells, [others])
        builder.face(neck, sei, [[*others, *part] for part in outside_of(body.wedge)])
    for plane in body.wedge:
        # what is kept lies behind the plane
        builder.face(plane.other, sei, [[*body.crops, *(other for other in body.wedge if other is not plane)]])
    outer = interface_facets(mesh, sei, mesh.region == names.index("electrolyte"))
    builder.skin(outer, left, colours)
    for side in body.hidden:
        builder.rim(side, left)
    if void.any():
        builder.skin(interface_facets(mesh, sei, void), left, colours)  # walls of the pores
    one, other = (sei, core_cells) if core is not None else (core_cells, sei)
    builder.skin(interface_facets(mesh, one, other), [[*body.crops, *body.wedge]], core or colours)
    if standing:
        builder.skin(grain_facets(mesh, body.wedge), [[*body.crops, *body.wedge]], colours)
    return scene


def _several(mesh: TaggedMesh, colours: Colours, standing: bool, core: Colours | None, cells: bool) -> Scene:
    """The scenes of all particles of a box, and those edges of the box that do not pass in front of them."""
    whole = Scene()
    for part in single_particles(mesh):
        of_cells = [None if given is None else _looked_up(given, part.rows) for given in (colours, core)]
        scene = build_scene(part.mesh, of_cells[0], standing, of_cells[1], cells, part.necks)
        whole.towards = scene.towards
        for triangles in scene.triangles:
            triangles[..., :3] += part.centre
        whole.triangles += scene.triangles
        for name, lines in scene.lines.items():
            whole.lines[name] += [segments + part.centre for segments in lines]
    corners = mesh.period * np.array(list(itertools.product((0.0, 1.0), repeat=3)))
    front = corners[(corners @ whole.towards).argmax()]
    edges = [
        (a, b) for a, b in itertools.combinations(corners, 2) if (a != b).sum() == 1 and not (front == [a, b]).all(axis=1).any()
    ]
    whole.lines["layer"].append(np.array(edges))
    whole.corners = corners
    return whole


def _looked_up(colours: Colours, rows: Index) -> Colours:
    """Colours of a part of a mesh from those of the whole."""
    return lambda owner, place: colours(rows[owner], place)


class _Builder:
    """Adds parts to a scene."""

    def __init__(self, mesh: TaggedMesh, body: Cutaway, scene: Scene, colours: Colours, cells: bool) -> None:
        self.mesh, self.body, self.scene, self.colours, self.cells = mesh, body, scene, colours, cells
        self.size = max(float(np.ptp(column)) for column in mesh.points.T)

    def face(self, side: HalfSpace, chosen: NDArray[np.bool_], spaces: list[list[HalfSpace]]) -> None:
        """Flat face of the cells marked in `chosen` on the boundary of a half space, in each of some intersections."""
        mesh = self.mesh
        plane = _plane(side)
        rows, levels, size = crossing(mesh, plane)
        rows = rows[chosen[rows]]
        if not len(rows):
            return
        pieces = cut(levels[mesh.cells[rows]], size)
        owner = rows[pieces.owner]
        places = pieces.at(mesh.points[mesh.cells[rows]])
        normals = np.broadcast_to(-side.normal, places.shape)
        triangles = _split(np.concatenate([places, normals, self.colours(owner, pieces.place)], axis=2), self.size)
        curves = interface_curves(mesh, rows, levels, size, every=self.cells)
        for part in spaces:
            kept, cuts = clip_all(triangles, part, self.size)
            self.scene.triangles.append(kept)
            self.scene.lines["edge"].append(cuts[..., :3])
        for name, lines in curves.items():
            self._add_lines(_LINES.get(name, "edge"), lines, spaces)

    def rim(self, side: HalfSpace, spaces: list[list[HalfSpace]]) -> None:
        """Edge of the outer surface of the SEI on a flat side that is not seen itself."""
        plane = _plane(side)
        rows, levels, size = crossing(self.mesh, plane)
        lines = interface_curves(self.mesh, rows, levels, size)["sei|electrolyte"]
        self._add_lines("edge", lines, spaces)

    def _add_lines(self, name: str, curves: Array, spaces: list[list[HalfSpace]]) -> None:
        for part in spaces:
            segments = np.concatenate([curves[:, :2], curves[:, 1:]])
            for space in part:
                segments = clip_lines(segments, space)
            self.scene.lines[name].append(segments)

    def skin(self, facets: Facets, spaces: list[list[HalfSpace]], colours: Colours) -> None:
        """Curved surface in each of some intersections."""
        if len(facets.nodes) == 0:
            return
        places = self.mesh.points[facets.nodes]
        inside = np.array(FACET_NODES)[facets.side]
        nodes = np.concatenate([places, facets.normals(self.mesh.points), colours(facets.owner, inside)], axis=2)
        triangles = _split(nodes[:, [0, 1, 2, 4, 5, 3]], self.size)
        edges = np.concatenate([places[:, [a, b]] for a, b in ((0, 3), (3, 1), (1, 4), (4, 2), (2, 5), (5, 0))])
        for part in spaces:
            kept, cuts = clip_all(triangles, part, self.size)
            self.scene.triangles.append(kept)
            self.scene.lines["edge"].append(cuts[..., :3])
            if self.cells:
                segments = edges
                for space in part:
                    segments = clip_lines(segments, space)
                self.scene.lines["mesh"].append(segments)


_LINES = {"grain|matrix": "interface", "layer|layer": "layer", "every": "mesh"}


def _split(nodes: Array, size: float) -> Array:
    """Six nodes in basix order -> the four straight triangles between them, or one where all at them is linear.

    `size` is that of the domain [nm].
    """
    limits = np.repeat([_STRAIGHT * size, _EVEN, _EVEN], 3)
    plain = np.ones(len(nodes), dtype=bool)
    for first, last, middle in EDGES:
        bend = np.abs(nodes[:, middle] - 0.5 * (nodes[:, first] + nodes[:, last]))
        plain &= (bend < limits) @ np.ones(len(limits), dtype=np.uint8) == len(limits)  # NumPy reduces short axes slowly
    return np.concatenate([nodes[plain, :3], nodes[~plain][:, SUBTRIANGLES].reshape(-1, 3, nodes.shape[2])])


def _plane(side: HalfSpace) -> Plane:
    """The boundary of a half space, seen from outside."""
    return Plane(side.offset * side.normal, *_frame(-side.normal))


def _frame(normal: Array) -> tuple[Array, Array]:
    """Two unit vectors whose cross product is a unit vector."""
    other = np.eye(3)[int(np.argmin(np.abs(normal)))]
    right = np.cross(other, normal)
    right /= np.linalg.norm(right)
    return right, np.cross(normal, right)


def _unit(*components: float) -> Array:
    vector = np.array(components)
    return vector / np.linalg.norm(vector)
