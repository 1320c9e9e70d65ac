"""Points that fill the unit cube: Latin hypercube and Sobol' sequence of SciPy, designs of sensitivity analysis of SALib."""

from __future__ import annotations

import numpy as np

from .schema import Sample

SMALLEST_BASE = 64
"""Base samples below which Sobol' indices are too uncertain to be shown; elementary effects are computed instead."""
LEVELS = 4
"""Levels of the grid of elementary effects, as usual (Morris, 1991, doi:10.1080/00401706.1991.10484804)."""


def unit_points(sample: Sample) -> np.ndarray:
    """Points of a sample in the unit cube.

    Returns
    -------
    ndarray, shape (points, parameters)
        The same for the same arguments.
    """
    from scipy.stats import qmc

    dimension = len(sample.parameters)
    if sample.method == "sensitivity":
        return _sensitivity(sample)
    rng = np.random.default_rng(sample.seed)
    if sample.method == "sobol":
        return qmc.Sobol(dimension, rng=rng).random(sample.count)
    return qmc.LatinHypercube(dimension, rng=rng).random(sample.count)


def problem(sample: Sample) -> dict:
    """SALib's description of the unit cube."""
    names = list(sample.parameters)
    return {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}


def sensitivity_kind(sample: Sample) -> tuple[str, int]:
    """Which analysis a budget of runs allows.

    Returns
    -------
    kind : {"sobol", "morris"}
    base : int
        Base samples of Saltelli's scheme (a power of two), which takes (parameters + 2) runs each, or trajectories of
        elementary effects, which take (parameters + 1) runs each.
    """
    dimension = len(sample.parameters)
    base = sample.count // (dimension + 2)
    if base >= SMALLEST_BASE:
        return "sobol", 1 << (base.bit_length() - 1)
    return "morris", max(sample.count // (dimension + 1), 2)


def _sensitivity(sample: Sample) -> np.ndarray:
    kind, base = sensitivity_kind(sample)
    if kind == "sobol":
        from SALib.sample import sobol

        return sobol.sample(problem(sample), base, calc_second_order=False, seed=sample.seed)
    from SALib.sample import morris

    return morris.sample(problem(sample), base, num_levels=LEVELS, seed=sample.seed)
