"""From points and segments to triangles: what goes in, what comes out, and the steps between."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from seix.errors import GeometryError
from seix.geometry.sizing import STEEPEST
from seix.geometry.triangulate import delaunay
from seix.geometry.triangulate.background import NOTHING, Background, sizes_at
from seix.geometry.triangulate.collect import collect
from seix.geometry.triangulate.judging import small_angles
from seix.geometry.triangulate.predicates import GRID
from seix.geometry.triangulate.refinement import FULL, TOO_MANY, UNMATCHED, begin, refine_all
from seix.geometry.triangulate.state import Mesh, allocate, enlarge
from seix.geometry.triangulate.topology import CIRCLE, EDGE, FAULT, FIXED, PARTNER, ROOT, SEGMENTS, VERTICES, WAITING, A, B


@dataclass
class PlanarGraph:
    """Points and segments that a triangulation must contain; lengths in any one unit.

    Attributes
    ----------
    points : ndarray (n, 2)
        Ends of segments, and free points. No two the same, none inside a segment.
    segments : ndarray (m, 2)
        Points at the ends. They meet at their ends only.
    size : ndarray (n,)
        Wanted edge length at each point; infinite where only the surroundings count.
    seeds : ndarray (k, 2) of int
        A segment beside each region, and 1 if the region is left of it, -1 if right; what no seed reaches is left out.
    seed_region : ndarray (k,) of int
        Number that the triangles of the region get; several seeds may share one, and may then lie in one region.
    seed_size : ndarray (k,)
        Largest edge length in the region.
    circle : ndarray (m,) of int, optional
        Row of `circles` that a segment is a chord of, -1 if it is straight.
    circles : ndarray (c, 3), optional
        Centre and radius.
    partners : ndarray (p, 2) of int, optional
        Pairs of segments that are shifted along x by the same amount, in the same direction; they are split alike.
    fixed : ndarray (m,) of bool, optional
        Segments that must stay whole.
    """

    points: np.ndarray
    segments: np.ndarray
    size: np.ndarray
    seeds: np.ndarray
    seed_region: np.ndarray
    seed_size: np.ndarray
    circle: np.ndarray | None = None
    circles: np.ndarray = field(default_factory=lambda: np.empty((0, 3)))
    partners: np.ndarray = field(default_factory=lambda: np.empty((0, 2), int))
    fixed: np.ndarray | None = None


@dataclass(frozen=True)
class Triangulation:
    """Triangles and their edges.

    Attributes
    ----------
    points : ndarray (n, 2)
        Those of the graph first, in its order, unless no triangle uses them.
    triangles : ndarray (t, 3) of int32
        Counter-clockwise.
    region : ndarray (t,) of int32
    edges : ndarray (e, 2) of int32
        Vertices of every edge.
    triangle_edges : ndarray (t, 3) of int32
        Edges opposite to the three vertices.
    edge_segment, edge_circle : ndarray (e,) of int32
        Segment of the graph that an edge is a part of, and its circle; -1 if none.
    """

    points: np.ndarray
    triangles: np.ndarray
    region: np.ndarray
    edges: np.ndarray
    triangle_edges: np.ndarray
    edge_segment: np.ndarray
    edge_circle: np.ndarray


def refine(graph: PlanarGraph, angle: float = 25.0, slope: float = 0.3, limit: int = 50_000_000,
           field: Background = NOTHING) -> Triangulation:  # fmt: skip
    """Triangulate a graph with cells of the wanted sizes.

    Parameters
    ----------
    graph : PlanarGraph
    angle : float
        Smallest angle [degrees]; up to 25 is always reached away from small angles of the graph and fixed segments.
    slope : float
        Largest change of edge length over distance, at most 0.6; neighbours whose sizes differ by a factor g are (1 + g) / 2 of
        the smaller one apart, so it is 2 (g - 1) / (g + 1).
    limit : int
        Largest number of triangles.
    field : Background
        Edge lengths that are wanted besides.

    Returns
    -------
    Triangulation
        The same for the same graph on every machine, to the last bit. New points on segments with a circle lie on it.

    Raises
    ------
    GeometryError
        If segments cross, points coincide, different regions are not separated, or there are too many triangles.
    """
    half = 0.5 * math.radians(angle)
    rule = np.array([0.25 / math.sin(2.0 * half) ** 2, 0.475 / math.tan(half), min(slope, STEEPEST), float(limit)])
    m = _constrained(graph, rule, field)
    begin(m)
    while (end := refine_all(m)) == FULL:
        m = enlarge(m)
    if end == TOO_MANY:
        raise GeometryError(f"the mesh needs more than {limit} cells: allow more (mesh.maximum_cells) or ask for larger ones")
    if end == UNMATCHED:
        raise GeometryError("a segment on a periodic side could not be split like its partner on the other side")
    points, triangles, seed, *edges = collect(m, delaunay.CORNERS)
    return Triangulation(points, triangles, np.asarray(graph.seed_region, np.int32)[seed], *edges)


def _constrained(graph: PlanarGraph, rule: np.ndarray, field: Background) -> Mesh:
    """The Delaunay triangulation of the points with all segments as edges and all regions numbered."""
    points, segments = np.asarray(graph.points, float), np.ascontiguousarray(graph.segments, np.int64).reshape(-1, 2)
    frame = _frame(points)
    number = len(points) + delaunay.CORNERS
    m = allocate(
        3 * number + 4096, 2 * len(segments) + 4096, circles=np.ascontiguousarray(graph.circles, float).reshape(-1, 3),
        sizes=np.ascontiguousarray(graph.seed_size, float), frame=frame, rule=rule,
        sharp=small_angles(points, segments, len(points)), field=field,
    )  # fmt: skip
    m.sharp[m.sharp >= 0] += delaunay.CORNERS
    m.xy[delaunay.CORNERS : number] = _snapped(points, frame)
    m.pos[delaunay.CORNERS : number, :2] = points
    m.pos[delaunay.CORNERS : number, 2] = np.minimum(wanted_sizes(graph), sizes_at(field, points))
    m.pos[: delaunay.CORNERS] = np.inf
    _fill_segments(m, graph, segments)
    m.count[[VERTICES, SEGMENTS]] = number, len(segments)
    delaunay.start(m.xy, m.he, m.label, m.count)
    keys = delaunay.hilbert_keys(m.xy[delaunay.CORNERS : number])
    order = np.argsort(keys, kind="stable") + delaunay.CORNERS
    _check(graph, m, delaunay.insert_all(m.xy, m.he, m.seg, m.label, m.rim, m.stack, m.count, order))
    corner = delaunay.any_edge(m.he, m.count, number)
    _check(graph, m, delaunay.recover(m.xy, m.he, m.seg, m.count, corner))
    seeds, region = np.asarray(graph.seeds, np.int64).reshape(-1, 2), np.asarray(graph.seed_region, np.int64)
    _check(graph, m, delaunay.flood(m.he, m.seg, m.label, m.stack, m.count, seeds, region))
    return m


def _frame(points: np.ndarray) -> np.ndarray:
    """Grid that holds the points in the middle half; its step is a power of two, so that halves stay exact."""
    low, high = points.min(axis=0), points.max(axis=0)
    extent = float((high - low).max())
    scale = 2.0 ** math.floor(math.log2(0.5 * GRID / extent))
    middle = 0.5 * (low + high) - 0.5 * GRID / scale
    return np.array([*middle, scale])


def _snapped(points: np.ndarray, frame: np.ndarray) -> np.ndarray:
    return np.rint((points - frame[:2]) * frame[2]).astype(np.int64)


def wanted_sizes(graph: PlanarGraph) -> np.ndarray:
    """Wanted sizes, at most the length of the shortest segment at each point."""
    size, points, segments = np.array(graph.size, float), np.asarray(graph.points), np.asarray(graph.segments)
    length = np.sqrt(((points[segments[:, 0]] - points[segments[:, 1]]) ** 2).sum(axis=1))
    for k in (0, 1):
        np.minimum.at(size, segments[:, k], length)
    return size


def _fill_segments(m: Mesh, graph: PlanarGraph, segments: np.ndarray) -> None:
    number = len(segments)
    m.seg[:number, A : B + 1] = segments + delaunay.CORNERS
    m.seg[:number, CIRCLE] = -1 if graph.circle is None else graph.circle
    m.seg[:number, PARTNER] = m.seg[:number, EDGE] = -1
    pairs = np.asarray(graph.partners, int).reshape(-1, 2)
    m.seg[pairs[:, 0], PARTNER], m.seg[pairs[:, 1], PARTNER] = pairs[:, 1], pairs[:, 0]
    m.seg[:number, ROOT] = np.arange(number)
    m.seg[:number, FIXED] = 0 if graph.fixed is None else graph.fixed
    m.seg[:number, WAITING] = 0


def _check(graph: PlanarGraph, m: Mesh, code: int) -> None:
    """Raise what a step found wrong."""
    if not code:
        return
    number = int(m.count[FAULT])
    if code == delaunay.LEAK:
        x, y = graph.points[graph.segments[graph.seeds[number, 0], 0]]
        raise GeometryError(f"the region at x = {x:.6g}, y = {y:.6g} is not enclosed, or joined to another one")
    if code == delaunay.DUPLICATE:
        x, y = m.pos[number, :2]
        raise GeometryError(f"two points of the outline coincide at x = {x:.6g}, y = {y:.6g}")
    x, y = 0.5 * (m.pos[m.seg[number, A], :2] + m.pos[m.seg[number, B], :2])
    what = "a point lies on" if code == delaunay.ON_SEGMENT else "another segment crosses"
    raise GeometryError(f"{what} the segment of the outline at x = {x:.6g}, y = {y:.6g}")
