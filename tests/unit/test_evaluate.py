"""Quantiles, and nodal values in the order of the input mesh."""

import numpy as np
import pytest
import ufl

from seix.analysis.evaluate import SORT_ALL, NodalEvaluator, Piece, QuadratureEvaluator, Sample, weighted_quantiles
from seix.fem import MPI
from seix.numerics.domains import CORE, Domains
from support import ring, strip


def test_quantiles_of_a_known_distribution():
    """Values x on [0, 1] with density 2 x: the quantile of level q is sqrt(q), whatever the sampling."""
    x = np.sort(np.random.default_rng(1).random(20000))
    weights = 2 * x * np.gradient(x)
    levels = np.array([0.1, 0.5, 0.9, 0.99])
    assert weighted_quantiles(x, weights, levels) == pytest.approx(np.sqrt(levels), abs=2e-4)


def test_quantiles_do_not_depend_on_order_or_splitting():
    """A value of weight two equals two of weight one for many values."""
    values, weights = np.arange(1000.0), np.ones(1000)
    whole = weighted_quantiles(values, weights, [0.5, 0.999])
    assert weighted_quantiles(values[::-1], weights, [0.5, 0.999]) == pytest.approx(whole)
    assert weighted_quantiles(np.repeat(values, 2), np.repeat(weights / 2, 2), [0.5, 0.999]) == pytest.approx(whole, abs=0.3)


@pytest.mark.parametrize("make", [lambda: strip([("a", 4.0, 2)], tilt=0.2), lambda: ring([("a", 4.0, 2)], segments=12)])
def test_nodal_values_come_in_the_order_of_the_input(make):
    """The coordinates evaluated at the nodes are the points of the input mesh, NaN outside the asked regions."""
    mesh = make()
    domains = Domains(MPI.COMM_SELF, mesh)
    nodes = NodalEvaluator(domains)
    found = nodes.allocate(2)
    nodes.gather([Piece("place", ufl.SpatialCoordinate(domains.mesh), 1.0)], [CORE], {"place": found})
    inside = mesh.region == CORE
    assert found[inside] == pytest.approx(mesh.points[mesh.cells[inside]], abs=1e-12)
    assert np.isnan(found[~inside]).all()


def test_volumes_sum_to_the_area():
    """Quadrature weights on curved cells give the area of the disc to the accuracy of parabolic arcs."""
    domains = Domains(MPI.COMM_SELF, ring([("a", 4.0, 2)], core=(10.0, 3), segments=16))
    at = QuadratureEvaluator(domains)
    volumes = at.volumes(at.cells([CORE]))
    exact_error = (2 * np.pi / 16) ** 4 / 480  # a parabola through three points of an arc
    assert Sample(MPI.COMM_SELF, volumes, volumes).total_weight() == pytest.approx(100 * np.pi, rel=2 * exact_error)


def test_quantiles_of_large_samples_sort_only_the_tail():
    """Sorting the tail gives what sorting all gives, also where the largest values weigh little."""
    rng = np.random.default_rng(2)
    values = rng.normal(size=SORT_ALL + 5)
    for weights in (np.ones(len(values)), np.exp(-3 * values)):
        order = np.argsort(values)
        cumulative = np.cumsum(weights[order])
        expected = np.interp([0.99, 0.999], (cumulative - weights[order] / 2) / cumulative[-1], values[order])
        assert weighted_quantiles(values, weights, [0.99, 0.999]) == pytest.approx(expected, rel=1e-10)
