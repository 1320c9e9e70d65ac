"""Grain boundaries of a polycrystal: closed forms to first order in their conductance, and their length."""

import numpy as np
import pytest

from seix.geometry.layers import build_structure
from seix.geometry.meshing import mesh_structure
from seix.parameters import InterfaceLaw
from seix.scenario import Scenario
from support import parameters, solved

NM = 1e-9
KAPPA = 1e-7
PERIOD, DENSE, OPEN = 40.0, 12.0, 8.0
GRAINS = {"diameter": 5 * NM, "shape": "polycrystal"}


def film(outer=False):
    """A polycrystalline film, with a layer of matrix on it or not."""
    layers = [{"thickness": DENSE * NM, "phases": {"LiF": 0.6, "Li3N": 0.4}, "grains": GRAINS}]
    layers += [{"thickness": OPEN * NM}] if outer else []
    return Scenario.model_validate({
        "title": "polycrystal",
        "geometry": {"kind": "patch", "period": PERIOD * NM, "core_depth": 10 * NM, "electrolyte_depth": 5 * NM},
        "sei": {"structure": "layers", "thickness": (DENSE + outer * OPEN) * NM, "layers": layers},
    })  # fmt: skip


def boundaries(made):
    """Vectors (n, 2) of the edges of all grains that are not on the walls; each boundary comes twice."""
    a, b = made.shapes.vertices, made.shapes.vertices[made.shapes.following]
    on_wall = [np.all(np.abs(np.stack([a[:, 1], b[:, 1]]) - wall) < 1e-9, axis=0) for wall in (0.0, DENSE)]
    return (b - a)[~(on_wall[0] | on_wall[1])]


def conducting(surface, **values):
    """Everything in the film conducts alike, boundaries besides."""
    kappa = dict.fromkeys(("organic_polymer", "LiF", "Li3N"), KAPPA) | {"electrolyte": 1e7 * KAPPA}
    return parameters(kappa, "organic_polymer", InterfaceLaw(law="perfect_contact"), surface_conductance=surface,
                      core_conductivity=1.0, **values)  # fmt: skip


def test_boundaries_conduct_along_themselves():
    """Conductivity grows with the sum of dy^2/length over the boundaries: exact to first order in their conductance.

    The field is uniform without them, and the dissipated power is stationary (Dirichlet's principle). What is left of the
    second order after extrapolation from two values is below 1e-3 of the slope for these conductances.
    """
    scenario = film()
    built = build_structure(scenario)
    mesh = mesh_structure(built, scenario.mesh)
    dx, dy = boundaries(built).T
    slope = 0.5 * (dy**2 / np.hypot(dx, dy)).sum() / (PERIOD * DENSE) / NM  # 1/m
    found = []
    for part in (0.004, 0.008):  # over kappa times 1 nm
        surface = part * KAPPA * NM
        effective = solved(mesh, conducting(surface))[1][1.0]["sei.effective_conductivity"]
        found.append((effective - KAPPA) / surface)
    assert 2 * found[0] - found[1] == pytest.approx(slope, rel=1e-3)
    assert found[1] < found[0] < slope  # a trial field that is not the true one gives an upper bound


def test_length_of_boundaries():
    """Boundaries between grains count once, those with the next layer as well; core and electrolyte have none."""
    for outer in (False, True):
        scenario = film(outer)
        built = build_structure(scenario)
        results = solved(mesh_structure(built, scenario.mesh), conducting(0.01 * KAPPA * NM))[1][1.0]
        expected = 0.5 * np.hypot(*boundaries(built).T).sum() + outer * PERIOD
        assert results["sei.interface_length"] / NM == pytest.approx(expected, rel=1e-9)
