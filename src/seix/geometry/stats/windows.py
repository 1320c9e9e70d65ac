"""Points of a layer, evenly spread, and their displacements: what correlations are measured with."""

from __future__ import annotations

import math

import numpy as np

from seix.geometry.stats.profile import heights

FOLDS = 12
"""Most reflections that bring a point back between the planes of a cone."""


def low_discrepancy(count: int, dim: int) -> np.ndarray:
    """Points (count, dim) of the unit cube, more even than random ones and always the same.

    Additive recurrence with the powers of the root of g^(dim + 1) = g + 1 (M. Roberts, 2018: the R sequences).
    """
    g = 2.0
    for _ in range(60):
        g = (1.0 + g) ** (1.0 / (dim + 1))
    steps = g ** -np.arange(1.0, dim + 1)
    return (0.5 + np.outer(np.arange(1, count + 1), steps)) % 1.0


def spread(structure, low: float, high: float, count: int, more: int) -> tuple[np.ndarray, np.ndarray]:
    """About `count` points (m, dim) between two heights [nm], uniform in measure, and `more` even numbers (m, more) for each."""
    frame, dim, core = structure.frame, structure.dim, structure.core
    if structure.kind == "patch":
        u = low_discrepancy(count, dim + more)
        sizes = np.array([structure.period] * (dim - 1) + [high - low])
        return u[:, :dim] * sizes + np.eye(dim)[-1] * low, u[:, dim:]
    if structure.kind == "particles":
        return _around_particles(structure, low, high, count, more)
    if dim == 2:
        u = low_discrepancy(count, 2 + more)
        angle = frame.span * u[:, 0]
        direction = np.column_stack([np.cos(angle), np.sin(angle)])
    else:
        # directions of a cap (cone), a half sphere (octant) or all, those between the mirrors kept
        flattest = {"full": -1.0, "octant": 0.0}.get(frame.section)
        if flattest is None:
            flattest = 1.0 / math.sqrt(1.0 + 2.0 * math.tan(frame.half_angle) ** 2)
        kept = frame.solid_angle / (2.0 * math.pi * (1.0 - flattest))
        u = low_discrepancy(math.ceil(count / kept), 3 + more)
        z, angle = 1.0 - (1.0 - flattest) * u[:, 2], 2.0 * math.pi * u[:, 0]
        rho = np.sqrt(1.0 - z**2)
        direction = np.column_stack([rho * np.cos(angle), rho * np.sin(angle), z])
        inside = (direction @ frame.mirrors.T >= 0.0).all(axis=1)
        direction, u = direction[inside], u[inside]
    inner, outer = core + low, core + high
    radius = (inner**dim + (outer**dim - inner**dim) * u[:, 1]) ** (1.0 / dim)
    return radius[:, None] * direction, u[:, -more:] if more else u[:, :0]


def _around_particles(structure, low: float, high: float, count: int, more: int) -> tuple[np.ndarray, np.ndarray]:
    """The same around several particles: of points around each one those that are nearest to it."""
    bodies, dim = structure.frame.bodies, structure.dim
    inner, outer = bodies.radii + low, bodies.radii + high
    weight = outer**dim - inner**dim
    whole = (2.0 * math.pi if dim == 2 else 4.0 * math.pi) / dim * weight.sum()
    u = low_discrepancy(math.ceil(count * whole / structure.frame.measure(low, high)), 1 + dim + more)
    body = np.searchsorted(np.cumsum(weight) / weight.sum(), u[:, 0])
    radius = (inner[body] ** dim + weight[body] * u[:, 1]) ** (1.0 / dim)
    points = bodies.centres[body] + radius[:, None] * direction(u[:, 2:], dim)
    points[:, :-1] %= bodies.box
    kept = bodies.nearest(points)[0] == body
    return points[kept], u[kept, 1 + dim :]


def direction(u: np.ndarray, dim: int) -> np.ndarray:
    """Even directions (m, dim) from even numbers (m, dim - 1)."""
    angle = 2.0 * math.pi * u[:, 0]
    if dim == 2:
        return np.column_stack([np.cos(angle), np.sin(angle)])
    z = 2.0 * u[:, 1] - 1.0
    rho = np.sqrt(1.0 - z**2)
    return np.column_stack([rho * np.cos(angle), rho * np.sin(angle), z])


def staying(structure, low: float, high: float, distances: np.ndarray, count: int = 1 << 15) -> np.ndarray:
    """Probability (k,) that a random step of each length from a random point of a layer ends in the layer.

    This is the isotropic set covariance over the measure. Of a flat layer it is known in closed form (sides are
    periodic); of a curved one it is averaged over `count` even points and directions.
    """
    thickness, dim = high - low, structure.dim
    if structure.kind == "patch":
        q = thickness / np.maximum(distances, 1e-12 * thickness)
        if dim == 3:
            return np.where(q >= 1.0, 1.0 - 0.5 / np.maximum(q, 1.0), 0.5 * q)
        wide = 1.0 - 2.0 / (math.pi * np.maximum(q, 1.0))
        s = np.minimum(q, 1.0)
        narrow = 2.0 / math.pi * (np.arcsin(s) - s / (1.0 + np.sqrt(1.0 - s**2)))
        return np.where(q >= 1.0, wide, narrow)
    points, u = spread(structure, low, high, count, dim - 1)
    step = direction(u, dim)
    return np.array([inside(structure, points + r * step, low, high).mean() for r in distances])


def inside(structure, points: np.ndarray, low: float, high: float) -> np.ndarray:
    """Which points (m,) lie between two heights of a particle, and between its mirrors; of several particles, of any."""
    height = heights(structure, points)
    result = (height >= low) & (height <= high)
    if structure.kind == "particles":
        return result
    if structure.dim == 2:
        if structure.sector is not None:
            result &= np.arctan2(points[:, 1], points[:, 0]) % (2.0 * math.pi) <= structure.sector
        return result
    return result & (points @ structure.frame.mirrors.T >= 0.0).all(axis=1)


def along_film(structure, points: np.ndarray, distance: float, u: np.ndarray) -> np.ndarray:
    """Points (m, dim) moved by `distance` [nm] at their height: straight on a patch, on circles about the centre else.

    In space the direction is given by even numbers u (m, 1). Points that leave come in again as the symmetry says.

    In a cone the reflections depend on their order near the edges, where symmetry does not define the neighbourhood.

    Of several particles the nearest is followed; a point that comes nearer to another one is not a number.
    """
    if structure.kind == "particles":
        return _around_nearest(structure.frame.bodies, points, distance, u)
    if structure.kind == "patch":
        moved = points.copy()
        if structure.dim == 2:
            moved[:, 0] += distance
        else:
            moved[:, :2] += distance * direction(u, 2)
        moved[:, :-1] %= structure.period
        return moved
    radius = np.sqrt((points**2).sum(axis=1))[:, None]
    tangent = _tangent(points / radius, u)
    turn = distance / radius
    return _folded(structure, np.cos(turn) * points + np.sin(turn) * radius * tangent)


def _around_nearest(bodies, points: np.ndarray, distance: float, u: np.ndarray) -> np.ndarray:
    """Points moved on circles about the centre of the nearest particle."""
    body, _ = bodies.nearest(points)
    away = bodies.offsets(points)[np.arange(len(points)), body]
    radius = np.sqrt((away**2).sum(axis=1))[:, None]
    turn = distance / radius
    moved = bodies.centres[body] + np.cos(turn) * away + np.sin(turn) * radius * _tangent(away / radius, u)
    moved[:, :-1] %= bodies.box
    moved[bodies.nearest(moved)[0] != body] = np.nan
    return moved


def _tangent(normal: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Unit tangents (m, dim) at unit vectors; in space turned by u."""
    if normal.shape[1] == 2:
        return np.column_stack([-normal[:, 1], normal[:, 0]])
    axis = np.eye(3)[np.abs(normal).argmin(axis=1)]
    first = np.cross(normal, axis)
    first /= np.sqrt((first**2).sum(axis=1))[:, None]
    angle = 2.0 * math.pi * u[:, :1]
    return np.cos(angle) * first + np.sin(angle) * np.cross(normal, first)


def _folded(structure, points: np.ndarray) -> np.ndarray:
    if structure.dim == 2 and structure.sector is not None:
        angle = np.arctan2(points[:, 1], points[:, 0]) % (2.0 * structure.sector)
        angle = np.minimum(angle, 2.0 * structure.sector - angle)
        radius = np.sqrt((points**2).sum(axis=1))
        return radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    if structure.dim == 2:
        return points
    for _ in range(FOLDS):
        out = np.flatnonzero((points @ structure.frame.mirrors.T < 0.0).any(axis=1))
        if not len(out):
            break
        for normal in structure.frame.mirrors:
            points[out] -= 2.0 * np.minimum(points[out] @ normal, 0.0)[:, None] * normal
    return points
