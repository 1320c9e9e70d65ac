"""Constraints of the model: grounded outer boundary, periodic sides, planes of symmetry, no rigid motion."""

from __future__ import annotations

import math

import numpy as np

from .fields import CORE_POTENTIAL, DISPLACEMENT, LITHIUM, PHI, PSI
from .numerics.constraints import Constraints
from .numerics.domains import Domains
from .parameters import Parameters


def apply_boundary_conditions(constraints: Constraints, domains: Domains, parameters: Parameters) -> dict[str, np.ndarray]:
    """Add the constraints of a structure.

    Parameters
    ----------
    constraints : Constraints
        On the fields of the model, without any constraint yet.
    domains : Domains
    parameters : Parameters

    Returns
    -------
    dict
        Local rows of the ionic potential that are constrained and carry a current: ``outer``, where it is zero, and
        ``contact``, where it follows the core (perfect contact only).

    Raises
    ------
    GeometryError
        If the mesh lacks a node that has to be held, or opposite sides do not match.
    """
    shape = domains.shape
    ionic = constraints.blocks[PHI].space
    rows = {"outer": constraints.fix(PHI, domains.outer_nodes(ionic)), "contact": np.zeros(0, dtype=int)}
    # the deviation of the electron potential is measured from one node; the solid must not move as a whole
    reference = np.zeros(domains.dim)
    if domains.anchors is not None:
        for place, components in domains.anchors.holds:
            constraints.fix_node(DISPLACEMENT, place, components)
    elif shape["kind"] == "patch":
        reference[-1] = -shape["core_size"]
        bottom = lambda x: np.abs(x[:, -1] - reference[-1]) < constraints.tolerance  # noqa: E731
        constraints.fix(DISPLACEMENT, bottom, component=domains.dim - 1)
        constraints.fix_node(DISPLACEMENT, reference, range(domains.dim - 1))
    else:
        constraints.fix_node(DISPLACEMENT, reference, range(domains.dim))
        _symmetry(constraints, domains)
    for place in [reference] if domains.anchors is None else domains.anchors.pieces:
        constraints.fix_node(PSI, place)
    period = shape["period"]
    if parameters.interface.law == "perfect_contact":
        masters = [(CORE_POTENTIAL, 1.0), (PSI, parameters.scales.electron)]
        rows["contact"] = constraints.follow(PHI, domains.contact_nodes(ionic), masters, period=period)
    if period is not None:
        for block in (PHI, PSI, LITHIUM):
            constraints.periodic(block, period)
        # a box of particles keeps its width
        stretch = {}
        if shape["kind"] == "patch":
            stretch = _stretch(constraints, domains.dim, period, parameters.in_plane_strain)
        constraints.periodic(DISPLACEMENT, period, stretch)
    return rows


def _stretch(constraints: Constraints, dim: int, period: float, strain: float | None) -> dict:
    """Difference of the displacement between opposite sides of a patch: given, or one free unknown for each direction."""
    axes = range(dim - 1)
    if strain is not None:
        return dict.fromkeys(axes, strain * period)
    names = ["in-plane strain"] if dim == 2 else [f"in-plane strain {'xy'[axis]}" for axis in axes]
    return {axis: (constraints.scalar(name), period) for axis, name in zip(axes, names, strict=True)}


def _symmetry(constraints: Constraints, domains: Domains) -> None:
    """Planes of symmetry of a part of a particle; no rotation of a whole one."""
    shape, tolerance = domains.shape, constraints.tolerance
    inner = shape["core_size"]
    if domains.dim == 2 and shape["sector"] is not None:
        for angle, side in ((0.0, 1.0), (shape["sector"], -1.0)):
            ray = np.array([math.cos(angle), math.sin(angle)])
            normal = side * np.array([-ray[1], ray[0]])
            # on the ray, not on its extension, which may lie inside a sector of more than half a circle
            constraints.mirror(DISPLACEMENT, lambda x, n=normal, r=ray: (np.abs(x @ n) < tolerance) & (x @ r > 0), normal)
    elif len(shape["mirrors"]):
        for normal in shape["mirrors"]:
            constraints.mirror(DISPLACEMENT, lambda x, n=normal: np.abs(x @ n) < tolerance, normal)
    else:
        # each held component takes one rotation, and none of them carries a force
        constraints.fix_node(DISPLACEMENT, inner * np.eye(domains.dim)[0], range(1, domains.dim))
        if domains.dim == 3:
            constraints.fix_node(DISPLACEMENT, (0.0, inner, 0.0), (2,))
