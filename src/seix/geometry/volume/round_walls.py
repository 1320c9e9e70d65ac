"""Walls of round particles: spheres of the wanted cell sizes, alone about the origin or several, apart or crossing, in a box."""

from __future__ import annotations

import math

import numpy as np

from seix.geometry.volume.rings import AROUND, Ring, cut_sheet, find_rings
from seix.geometry.volume.sizes import SolidSizes
from seix.geometry.volume.surfaces import Surfaces
from seix.geometry.volume.templates import octasphere
from seix.geometry.volume.walls import Sheet, refined, sphere_sheet

TIP = 0.1
"""Radius of the single block of cells at the tip of a cone, in core radii."""
TIP_ROOM = 0.5
"""Largest radius of the block of cells at the centre of a particle, in distances from there to where it crosses another one."""
RING_PROBES = 96
"""Places on a circle at which sizes are looked up."""


def largest_size(sizes: SolidSizes, probes: np.ndarray, length: float) -> float:
    """Size of the even template of a wall, before it is refined: not below the largest wanted size."""
    return min(float(sizes.at_layers(probes).max()), 0.5 * length)


def ball_sheet(sizes: SolidSizes, centre: np.ndarray, radius: float) -> Sheet:
    """A sphere about the origin, or the part of it between mirror planes, with the sizes wanted around a centre."""
    frame = sizes.frame
    largest = largest_size(sizes, centre + radius * octasphere(2)[0], radius)
    sheet = sphere_sheet(radius, frame.section, frame.half_angle, largest)
    return refined(sheet, lambda x: sizes.at(centre + x), radius)


def tip_sheet(sizes: SolidSizes, centre: np.ndarray, core: float, room: float = math.inf) -> Sheet:
    """Faces around the centre of a core, of the size wanted there and not beyond `room`."""
    frame = sizes.frame
    radius = TIP * core
    if frame.section != "cone":
        # edges of the octahedron are sqrt(2) radii long; sizes grow from the wall inwards
        wall = float(sizes.at(centre + core * octasphere(2)[0]).min())
        grown = (wall + sizes.slope * core) / (math.sqrt(2.0) + sizes.slope)
        radius = min(grown, sizes.core_limit / math.sqrt(2.0), room)
    return sphere_sheet(radius, frame.section, frame.half_angle, 2.0 * core)


def add_tip(surfaces: Surfaces, faces: np.ndarray, centre: np.ndarray) -> None:
    """Add the cells between a centre and faces (m, 3) of nodes around it."""
    (middle,) = surfaces.add_inner(centre[None])
    surfaces.add_cells(np.column_stack([np.full(len(faces), middle), faces]), np.full(len(faces), -1))


def add_balls(surfaces: Surfaces, sizes: SolidSizes) -> tuple[np.ndarray, list[list[int]], np.ndarray]:
    """Add the walls of all particles of a box.

    Parameters
    ----------
    surfaces : Surfaces
    sizes : SolidSizes

    Returns
    -------
    zone : ndarray (v,) of int
        What each volume is: 0 core, then the layers, the binder if there is one, and last the electrolyte.
    walls : list of list of int
        Surfaces around each volume. Of core and layers each connected piece is one.
    home : ndarray (n,) of int
        Volume around each grain.
    """
    bodies, s, heights = sizes.frame.bodies, sizes.structure, sizes.heights
    inner = _tips(surfaces, sizes, find_rings(bodies, 0.0))
    zone, walls, home = [], [], np.zeros((len(heights), len(bodies)), np.int64)
    for k, height in enumerate(heights):
        outer = _spheres(surfaces, sizes, height)
        label = bodies.groups(bodies.touching(height)).label
        home[k] = len(walls) + label
        for group in range(label.max() + 1):
            members = np.flatnonzero(label == group)
            walls.append([*inner[members].tolist(), *outer[members].tolist()])
            zone.append(k)
        inner = outer
    walls.append(inner.tolist())
    return np.array([*zone, len(heights)]), walls, home[1 + s.layer, bodies.nearest(s.centres)[0]]


def _tips(surfaces: Surfaces, sizes: SolidSizes, rings: list[Ring]) -> np.ndarray:
    """Surface (b,) around the centre of each core."""
    bodies, found = sizes.frame.bodies, []
    for body, (centre, core) in enumerate(zip(bodies.centres, bodies.radii.tolist(), strict=True)):
        planes = [abs((ring.centre - centre) @ ring.normal) for ring in rings if body in ring.bodies]
        sheet = tip_sheet(sizes, centre, core, TIP_ROOM * min(planes, default=math.inf))
        faces = surfaces.add_nodes(centre + sheet.points)[sheet.faces]
        found += surfaces.add_faces(faces).tolist()
        add_tip(surfaces, faces, centre)
    return np.array(found)


def _spheres(surfaces: Surfaces, sizes: SolidSizes, height: float) -> np.ndarray:
    """Surface (b,) of each particle at a height over its core, without what lies in others."""
    bodies, found = sizes.frame.bodies, []
    rings = [(ring, *_add_ring(surfaces, sizes, ring)) for ring in find_rings(bodies, height)]
    for body, (centre, core) in enumerate(zip(bodies.centres, bodies.radii.tolist(), strict=True)):
        radius = core + height
        sheet = ball_sheet(sizes, centre, radius)
        own = [(ring.normal if body == ring.bodies[0] else -ring.normal, points, nodes)
               for ring, points, nodes in rings if body in ring.bodies]  # fmt: skip
        if own:
            sheet = cut_sheet(sheet, radius, [(direction, points - centre) for direction, points, _ in own])
        free = len(sheet.points) - sum(len(nodes) for _, _, nodes in own)
        nodes = np.concatenate([surfaces.add_nodes(centre + sheet.points[:free]), *(nodes for _, _, nodes in own)])
        sphere = surfaces.add_spheres(centre[None], np.array([radius]))
        found += surfaces.add_faces(nodes[sheet.faces], None, sphere).tolist()
    return np.array(found)


def _add_ring(surfaces: Surfaces, sizes: SolidSizes, ring: Ring) -> tuple[np.ndarray, np.ndarray]:
    """Points (k, 3) of a circle, evenly spaced at the smallest size wanted on it, and their nodes (k,)."""
    size = float(sizes.at(ring.points(RING_PROBES)).min())
    points = ring.points(max(AROUND, math.ceil(2.0 * math.pi * ring.radius / size)))
    nodes = surfaces.add_nodes(points)
    surfaces.add_circle(nodes, ring.centre, ring.radius)
    return points, nodes
