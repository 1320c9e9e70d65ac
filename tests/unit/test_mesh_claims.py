"""Constants of the mesh checks that rest on a measurement: what second-order faces miss of a ball."""

import numpy as np
import pytest
from scipy.spatial import ConvexHull

from mesh_truth import BALL

EDGES = ((0, 1), (1, 2), (2, 0))


def sphere_faces(count, seed):
    """Corners (m, 3, 3) of a Delaunay triangulation of the unit sphere with relaxed random points, counter-clockwise."""
    points = np.random.default_rng(seed).normal(size=(count, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    for _ in range(5):  # Lloyd steps, towards the cells of a mesher
        corners = points[ConvexHull(points).simplices]
        area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
        total = np.zeros_like(points)
        for k in range(3):
            np.add.at(total, ConvexHull(points).simplices[:, k], area[:, None] * corners.mean(axis=1))
        points = total / np.linalg.norm(total, axis=1, keepdims=True)
    corners = points[ConvexHull(points).simplices]
    inward = np.linalg.det(corners) < 0.0
    corners[inward] = corners[inward][:, ::-1]
    return corners


def missed(corners):
    """Volume (m,) between the unit sphere and second-order faces through their corners and middles on it."""
    middle = np.stack([corners[:, a] + corners[:, b] for a, b in EDGES], axis=1)
    middle /= np.linalg.norm(middle, axis=2, keepdims=True)
    nodes = np.concatenate([corners, middle], axis=1)
    node, weight = np.polynomial.legendre.leggauss(6)
    u, v = np.meshgrid(0.5 * (node + 1.0), 0.5 * (node + 1.0))
    s, t = u.ravel(), ((1.0 - u) * v).ravel()
    w = (np.outer(weight, weight) * 0.25 * (1.0 - u)).ravel()
    r = 1.0 - s - t
    zero = np.zeros_like(r)
    shape = np.array([r * (2 * r - 1), s * (2 * s - 1), t * (2 * t - 1), 4 * r * s, 4 * s * t, 4 * t * r])
    by_s = np.array([1 - 4 * r, 4 * s - 1, zero, 4 * (r - s), 4 * t, -4 * t])
    by_t = np.array([1 - 4 * r, zero, 4 * t - 1, -4 * s, 4 * s, 4 * (r - t)])
    x, a, b = (np.einsum("kq,mkd->mqd", each, nodes) for each in (shape, by_s, by_t))
    cone = np.einsum("q,mqd,mqd->m", w, x, np.cross(a, b)) / 3.0
    p, q, o = corners[:, 0], corners[:, 1], corners[:, 2]
    solid = 2.0 * np.arctan2(np.linalg.det(corners), 1.0 + (p * q).sum(1) + (q * o).sum(1) + (o * p).sum(1))
    return solid / 3.0 - cone


@pytest.mark.parametrize("count", [20, 100, 400, 1600])
def test_faces_miss_less_of_a_ball_than_the_tolerance(count):
    """Under each face of longest edge h the part missed is below `BALL` h^4/R^4 up to h = R, and of that order."""
    corners = sphere_faces(count, 1)
    edge = np.max([np.linalg.norm(corners[:, a] - corners[:, b], axis=1) for a, b in EDGES], axis=0)
    area = 0.5 * np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    part = missed(corners) / (area / 3.0 * edge**4)
    assert part.min() > 0.0 and 0.5 * BALL < part.max() < BALL


def test_the_ball_is_missed_to_fourth_order():
    """The same part, from longest edges of 0.57 to 0.16 R."""
    parts = []
    for count in (100, 1600):
        corners = sphere_faces(count, 1)
        edge = np.max([np.linalg.norm(corners[:, a] - corners[:, b], axis=1) for a, b in EDGES], axis=0)
        parts.append((missed(corners).sum(), edge.mean()))
    (one, h), (two, k) = parts
    assert np.log(one / two) / np.log(h / k) == pytest.approx(4.0, abs=0.2)
