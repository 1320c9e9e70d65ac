"""Discretisation error of a number from its values on two meshes.

The orders of :data:`ORDERS` are chosen, not proven: ``bench/stated_errors.py`` holds what they give against the true errors of
random packings, ``seix verify`` against closed forms. Wanted are errors that hold the true one in 95 % of all numbers and are
below five times it in the median.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from .quantity import describe
from .quantity_info import Kind

Values = Mapping[float, tuple[float, float]]
"""Current -> value on the finer and on the coarser mesh."""

ORDERS: Mapping[Kind, tuple[float, float]] = {
    "integral": (2.0, 0.25),
    "value": (1.0, 0.5),
    "field quantile": (1.0, 0.5),
    "stress quantile": (1.5, 0.5),
    "interface peak": (0.3, 0.25),
}
"""Order of convergence in the mesh size that a number of each kind is taken to have at least: with smooth interfaces, and with
corners. Integrals and means of smooth fields converge with order three or four, on random packings as on closed forms, and values
at a point with two. A quantile moves with the few cells that hold it, others in each mesh: its changes are nearly random, and an
order below that of theory leaves room for two meshes that agree by chance. They do so most for the peak on an interface, which
hangs on one facet and has nothing to be pooled with. At corners fields are singular, with an exponent that depends on angles and
contrast and may be close to zero."""
NOT_ESTIMATED: Mapping[Kind, str] = {"maximum": "not converged", "balance": "algebraic"}
"""Kinds of quantities that two meshes tell nothing about, and the kind of error that stands there instead."""
_POOLED: tuple[Kind, ...] = ("field quantile", "stress quantile")
"""Kinds whose members in one phase get the error of the worst of them: they look at one field, in nearly the same cells."""
_LARGE = 0.1
"""Part of the largest value over all currents from which a value is large enough to tell a relative error."""


def assumed_order(kind: Kind, corners: bool = False) -> float:
    """Order of convergence that an estimate assumes.

    Parameters
    ----------
    kind : Kind
        Of the quantity; one of :data:`ORDERS`.
    corners : bool
        Whether interfaces have corners, see :attr:`seix.scenario.Scenario.has_corners`.
    """
    return ORDERS[kind][corners]


def two_mesh_error(fine: float, coarse: float, ratio: float, order: float) -> float:
    r"""Estimate of the error of the value on the finer mesh.

    For an error :math:`C h^p` the difference of two meshes is :math:`(r^p-1)` times the error of the finer one
    (Richardson 1911; Roache, doi:10.1115/1.2910291). With the assumed order in place of the true one the
    estimate is too large where the true one is larger, and too small where it is smaller.

    Parameters
    ----------
    fine, coarse : float
        Values on the two meshes.
    ratio : float
        Mesh size of the coarser over that of the finer mesh, above one.
    order : float
        See :func:`assumed_order`.

    Returns
    -------
    float
        In the unit of the values, not negative.
    """
    return abs(fine - coarse) / (ratio**order - 1.0)


def error_at(values: Values, current: float, ratio: float, order: float) -> float:
    """Estimate at one current, from the values at all of them.

    The two values of one current may happen to cross, so the largest relative estimate counts as well; values near zero, of
    stresses that change their sign for example, have no relative error to tell.

    Parameters
    ----------
    values : mapping
        Current -> value on the finer and on the coarser mesh.
    current : float
    ratio, order : float
        As for :func:`two_mesh_error`.

    Returns
    -------
    float
        In the unit of the values.
    """
    largest = max(abs(fine) for fine, _ in values.values())
    large = [pair for pair in values.values() if abs(pair[0]) > _LARGE * largest]
    relative = max((two_mesh_error(*pair, ratio, order) / abs(pair[0]) for pair in large), default=0.0)
    return max(two_mesh_error(*values[current], ratio, order), relative * abs(values[current][0]))


def stated_errors(values: Mapping[str, Values], current: float, ratio: float, corners: bool) -> dict[str, float]:
    """Estimates for all quantities of a structure that have one, at one current.

    Quantiles of one field in one phase share the largest of their estimates: that two meshes agree on one of them is chance.

    Parameters
    ----------
    values : mapping
        Documented name -> values at all currents.
    current, ratio : float
        As for :func:`error_at`.
    corners : bool
        As for :func:`assumed_order`.

    Returns
    -------
    dict
        Name -> error in the unit of the quantity; without names of the kinds in :data:`NOT_ESTIMATED`.
    """
    found: dict[str, float] = {}
    alike: dict[tuple[Kind, str], list[str]] = defaultdict(list)
    for name, pairs in values.items():
        info = describe(name)
        if info.kind in NOT_ESTIMATED:
            continue
        found[name] = error_at(pairs, current, ratio, assumed_order(info.kind, corners))
        if info.kind in _POOLED:
            alike[info.kind, info.phase_of(name)].append(name)
    for names in alike.values():
        found |= dict.fromkeys(names, max(found[name] for name in names))
    return found
