"""Parts of a mesh for several ranks: equal, compact, and with every neighbour across a facet as a ghost."""

from itertools import combinations

import numpy as np
import pytest
from scipy.spatial import Delaunay

from seix.numerics.partition import bisect, destinations, shared_facets


def mesh(dim: int, points: int = 150):
    """Simplices between random points of a box twice as long as wide."""
    x = np.random.default_rng(dim).random((points, dim)) * [2.0, *[1.0] * (dim - 1)]
    return x, Delaunay(x).simplices


def neighbours(cells, part) -> set[tuple[int, int]]:
    """Cell and part of each neighbour of another part, by comparing every cell with every other."""
    return {
        (i, part[j])
        for one, other in combinations(range(len(cells)), 2)
        if len(set(cells[one]) & set(cells[other])) == cells.shape[1] - 1
        for i, j in ((one, other), (other, one))
        if part[i] != part[j]
    }


@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("parts", [1, 2, 3, 5, 8])
def test_parts_are_equal_and_every_neighbour_across_a_facet_is_a_ghost(dim, parts):
    points, cells = mesh(dim)
    ranks, offsets = destinations(points, cells, parts)
    part = ranks[offsets[:-1]]
    sizes = np.bincount(part, minlength=parts)
    assert len(sizes) == parts and np.ptp(sizes) <= 1
    ghosts = {(i, rank) for i in range(len(cells)) for rank in ranks[offsets[i] + 1 : offsets[i + 1]]}
    assert ghosts == neighbours(cells, part)
    assert len(ghosts) == len(ranks) - len(cells)
    assert set(map(tuple, shared_facets(cells, part).tolist())) == ghosts


@pytest.mark.parametrize("count", [0, 1, 2, 7, 101])
@pytest.mark.parametrize("parts", [1, 2, 3, 7, 16])
def test_any_number_of_points_is_divided_evenly(count, parts):
    sizes = np.bincount(bisect(np.random.default_rng(0).random((count, 3)), parts), minlength=parts)
    assert sizes.sum() == count and np.ptp(sizes) <= 1


def test_the_longest_side_is_cut_first():
    points, _ = mesh(2, 400)
    part = bisect(points, 2)
    assert points[part == 0, 0].max() <= points[part == 1, 0].min()


def test_points_at_the_same_place_are_divided_as_they_come():
    """Nine times the same coordinate: the first ones go to the first part, on every processor."""
    assert bisect(np.zeros((9, 2)), 3).tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
