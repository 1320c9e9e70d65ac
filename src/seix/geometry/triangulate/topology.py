"""Triangles as half-edges: point location, and insertion of a vertex into the cavity of its Delaunay triangles.

Half-edge 3 t + k is the edge of triangle t opposite to its corner k, seen from inside. A row of `he` is (vertex at
corner k, half-edge of the neighbour or -1, segment on the edge or -1). Vertices are only added, never taken away.
"""

from __future__ import annotations

from numba import njit

from seix.geometry.triangulate.predicates import in_circle, orient

VERTEX, TWIN, SEGMENT = 0, 1, 2
"""Columns of `he`."""
A, B, CIRCLE, PARTNER, ROOT, EDGE, FIXED, WAITING = range(8)
"""Columns of `seg`: end vertices, circle, partner, segment of the input, one of its half-edges, flags."""
VERTICES, TRIANGLES, SEGMENTS, LAST, HEAD, WAIT, SEG_HEAD, SEG_WAIT, FAULT, CAVITY, RIM = range(11)
"""Places in `count`: how many there are, last triangle touched, the two queues, what went wrong, cavity and rim."""
NO_PLACE = -2
"""Answer of `find_cavity` for a point that cannot become a vertex."""


@njit(cache=True)
def following(e):
    """Next half-edge counter-clockwise in the same triangle."""
    return e + 1 if e % 3 < 2 else e - 2


@njit(cache=True)
def previous(e):
    """Previous half-edge in the same triangle."""
    return e - 1 if e % 3 > 0 else e + 2


@njit(cache=True)
def walk(xy, he, t, px, py):
    """Triangle that holds a point, from t through a Delaunay triangulation without constraints."""
    came = -1
    step = 0
    while True:
        moved = False
        for j in range(3):
            e = 3 * t + (j + step) % 3
            if e != came and orient(xy, he[following(e), 0], he[previous(e), 0], px, py) < 0:
                came = he[e, 1]
                t = came // 3
                step += 1
                moved = True
                break
        if not moved:
            return t


@njit(cache=True)
def straight_walk(xy, he, t, px, py):
    """Triangle that holds a point, along the straight line from the middle of t.

    Returns
    -------
    triangle : int
        -1 if a segment is in the way.
    segment : int
        The one in the way, -1 if none.
    """
    a, b, c = he[3 * t, 0], he[3 * t + 1, 0], he[3 * t + 2, 0]
    sx, sy = (xy[a, 0] + xy[b, 0] + xy[c, 0]) // 3, (xy[a, 1] + xy[b, 1] + xy[c, 1]) // 3
    out = -1
    for k in range(3):
        e = 3 * t + k
        a, b = he[following(e), 0], he[previous(e), 0]
        if orient(xy, a, b, px, py) < 0 and _side(xy, sx, sy, px, py, a) <= 0 and _side(xy, sx, sy, px, py, b) >= 0:
            out = e
            break
    while out >= 0:
        if he[out, 2] >= 0:
            return -1, he[out, 2]
        e = he[out, 1]
        # the shared edge runs from b to a in the next triangle, and its corner there is q
        q = he[e, 0]
        first, second = following(e), previous(e)  # a to q, q to b
        turn = first if _side(xy, sx, sy, px, py, q) >= 0 else second
        if orient(xy, he[following(turn), 0], he[previous(turn), 0], px, py) < 0:
            out = turn
        else:
            return e // 3, -1
    return t, -1


@njit(cache=True)
def _side(xy, sx, sy, px, py, v):
    """Positive if vertex v lies left of the line from s to p."""
    return (px - sx) * (xy[v, 1] - sy) - (py - sy) * (xy[v, 0] - sx)


@njit(cache=True)
def find_cavity(xy, he, rim, stack, count, t, px, py):
    """Collect the triangles whose circles hold a point inside triangle t, and their rim.

    A triangle joins only if the point sees both of its far edges, so the cavity is always a star around the point.

    Returns
    -------
    int
        -1; NO_PLACE if the point is a vertex or outside of t; the segment if it lies on one.
    """
    count[CAVITY] = count[RIM] = 0
    zeros = 0
    on = -1
    for k in range(3):
        e = 3 * t + k
        side = orient(xy, he[following(e), 0], he[previous(e), 0], px, py)
        if side < 0:
            return NO_PLACE
        if side == 0:
            zeros += 1
            on = he[e, 2]
    if zeros > 1:
        return NO_PLACE
    if on < 0:
        rim[0, 4] = t
        count[CAVITY] = 1
        stack[0], stack[1], stack[2] = 3 * t + 2, 3 * t + 1, 3 * t
        grow_cavity(xy, he, rim, stack, count, 3, px, py)
    return on


@njit(cache=True)
def grow_cavity(xy, he, rim, stack, count, depth, px, py):
    """Follow the half-edges on the stack outwards.

    Rows of `rim` are the edges of the cavity, counter-clockwise: (start, end, half-edge outside, segment); its column 4
    lists the triangles of the cavity.
    """
    cavity, size = count[CAVITY], count[RIM]
    while depth:
        depth -= 1
        e = stack[depth]
        a, b, outside = he[following(e), 0], he[previous(e), 0], he[e, 1]
        if outside >= 0 and he[e, 2] < 0:
            q = he[outside, 0]
            if orient(xy, a, q, px, py) > 0 and orient(xy, q, b, px, py) > 0 and (
                in_circle(xy, b, a, q, px, py) or orient(xy, a, b, px, py) <= 0
            ):
                rim[cavity, 4] = outside // 3
                cavity += 1
                stack[depth] = previous(outside)
                stack[depth + 1] = following(outside)
                depth += 2
                continue
        rim[size, 0], rim[size, 1], rim[size, 2], rim[size, 3] = a, b, outside, he[e, 2]
        size += 1
    count[CAVITY], count[RIM] = cavity, size


@njit(cache=True)
def fill_cavity(he, seg, label, rim, count, vertex, start, end, used):
    """Fan of triangles from a vertex to the edges start..end of the rim, in an open row.

    Slots of triangles in the cavity are used again from number `used` on.

    Returns
    -------
    first, last : int
        Half-edges from the vertex to the start of the row, and from the end of the row to the vertex.
    used : int
    """
    region = label[rim[0, 4], 0]
    first = last = -1
    for i in range(start, end):
        if used < count[CAVITY]:
            t = rim[used, 4]
            used += 1
        else:
            t = count[TRIANGLES]
            count[TRIANGLES] += 1
            label[t, 1] = 0
        label[t, 0] = region
        e = 3 * t
        he[e, 0], he[e + 1, 0], he[e + 2, 0] = vertex, rim[i, 0], rim[i, 1]
        outside, s = rim[i, 2], rim[i, 3]
        he[e, 1], he[e, 2] = outside, s
        if outside >= 0:
            he[outside, 1] = e
        if s >= 0:
            seg[s, EDGE] = e
        he[e + 1, 2] = he[e + 2, 2] = -1
        if i > start:
            he[e + 2, 1], he[last, 1] = last, e + 2
        else:
            first = e + 2
        last = e + 1
        rim[i, 5] = t
    count[LAST] = last // 3
    return first, last, used


@njit(cache=True)
def insert(he, seg, label, rim, count, vertex):
    """Put a vertex into the cavity found before; column 5 of `rim` lists the new triangles."""
    first, last, _ = fill_cavity(he, seg, label, rim, count, vertex, 0, count[RIM], 0)
    he[first, 1], he[last, 1] = last, first


@njit(cache=True)
def split_edge(xy, he, seg, label, rim, stack, count, s, vertex):
    """Put a vertex on segment s, which becomes the part from its start to the vertex; the rest is the last segment.

    The vertex may lie beside the straight edge, on its arc, but must see the four edges around it.

    Returns
    -------
    bool
        False, and nothing is changed, if it does not.
    """
    e = seg[s, EDGE]
    if he[following(e), 0] != seg[s, A]:
        e = he[e, 1]
    f = he[e, 1]
    px, py = xy[vertex, 0], xy[vertex, 1]
    for g in (following(e), previous(e), following(f), previous(f)):
        if orient(xy, he[following(g), 0], he[previous(g), 0], px, py) <= 0:
            return False
    count[CAVITY] = count[RIM] = 0
    row = 0
    firsts = (-1, -1)
    lasts = (-1, -1)
    # left of the segment, then right; each side has a region of its own
    for g in (e, f):
        rim[0, 4] = g // 3
        count[CAVITY], count[RIM] = 1, row
        stack[0], stack[1] = previous(g), following(g)
        grow_cavity(xy, he, rim, stack, count, 2, px, py)
        first, last, _ = fill_cavity(he, seg, label, rim, count, vertex, row, count[RIM], 0)
        firsts, lasts = (firsts[1], first), (lasts[1], last)
        row = count[RIM]
    rest = count[SEGMENTS]
    count[SEGMENTS] += 1
    seg[rest] = seg[s]
    seg[rest, A] = seg[s, B] = vertex
    seg[rest, WAITING] = 0
    # left row runs from b to a, right row from a to b
    _bind(he, seg, lasts[0], firsts[1], s)
    _bind(he, seg, firsts[0], lasts[1], rest)
    return True


@njit(cache=True)
def _bind(he, seg, e, f, s):
    he[e, 1], he[f, 1] = f, e
    he[e, 2] = he[f, 2] = s
    seg[s, EDGE] = e


@njit(cache=True)
def flip(he, seg, e):
    """Exchange the diagonal of the two triangles at half-edge e; the caller has checked that it can be."""
    f = he[e, 1]
    t, u = e // 3, f // 3
    p, q, a, b = he[e, 0], he[f, 0], he[following(e), 0], he[previous(e), 0]
    # before: (p, a, b) and (q, b, a); after: (p, a, q) and (q, b, p)
    rows = (he[previous(e), 1], he[previous(e), 2], he[following(e), 1], he[following(e), 2],
            he[previous(f), 1], he[previous(f), 2], he[following(f), 1], he[following(f), 2])  # fmt: skip
    # edges p-a, b-p of t; edges q-b, a-q of u
    i, j = 3 * t, 3 * u
    he[i, 0], he[i + 1, 0], he[i + 2, 0] = p, a, q
    he[j, 0], he[j + 1, 0], he[j + 2, 0] = q, b, p
    _join(he, seg, i, rows[6], rows[7])  # a to q
    _join(he, seg, i + 2, rows[0], rows[1])  # p to a
    _join(he, seg, j, rows[2], rows[3])  # b to p
    _join(he, seg, j + 2, rows[4], rows[5])  # q to b
    he[i + 1, 1], he[j + 1, 1] = j + 1, i + 1
    he[i + 1, 2] = he[j + 1, 2] = -1


@njit(cache=True)
def _join(he, seg, e, outside, s):
    he[e, 1], he[e, 2] = outside, s
    if outside >= 0:
        he[outside, 1] = e
    if s >= 0:
        seg[s, EDGE] = e
