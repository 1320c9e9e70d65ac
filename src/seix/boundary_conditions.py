"""Constraints of the model: grounded outer boundary, periodic sides, planes of symmetry, no rigid motion."""

from __future__ import annotations

import math

import numpy as np

from .errors import GeometryError
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
    rows = constrain_potentials(constraints, domains, parameters)
    # the solid must not move as a whole
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
    period = shape["period"]
    if period is not None:
        constraints.periodic(LITHIUM, period)
        # a box of particles keeps its width
        stretch = {}
        if shape["kind"] == "patch":
            stretch = _stretch(constraints, domains.dim, period, parameters.in_plane_strain)
        constraints.periodic(DISPLACEMENT, period, stretch)
    return rows


def constrain_potentials(constraints: Constraints, domains: Domains, parameters: Parameters) -> dict[str, np.ndarray]:
    """Add the constraints of the first three fields, ionic, electron and core potential; parameters and result as above."""
    shape, period, ionic = domains.shape, domains.shape["period"], constraints.blocks[PHI].space
    rows = {"outer": constraints.fix(PHI, domains.outer_nodes(ionic)), "contact": np.zeros(0, dtype=int)}
    # the deviation of the electron potential is measured from one node
    reference = np.zeros(domains.dim)
    if shape["kind"] == "patch":
        reference[-1] = -shape["core_size"]
    for place in [reference] if domains.anchors is None else domains.anchors.pieces:
        constraints.fix_node(PSI, place)
    if parameters.interface.law == "perfect_contact":
        masters = [(CORE_POTENTIAL, 1.0), (PSI, parameters.scales.electron)]
        rows["contact"] = constraints.follow(PHI, domains.contact_nodes(ionic), masters, period=period)
    if period is not None:
        for block in (PHI, PSI):
            constraints.periodic(block, period)
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
    if domains.dim == 2 and shape["sector"] is not None:
        for angle, side in ((0.0, 1.0), (shape["sector"], -1.0)):
            ray = np.array([math.cos(angle), math.sin(angle)])
            normal = side * np.array([-ray[1], ray[0]])
            # on the ray, not on its extension, which may lie inside a sector of more than half a circle
            on_ray = lambda x, n=normal, r=ray: (np.abs(x @ n) < tolerance) & (x @ r > 0)  # noqa: E731
            constraints.mirror(DISPLACEMENT, on_ray, normal, int(np.argmax(np.abs(normal))))
    elif len(shape["mirrors"]):
        for normal in shape["mirrors"]:
            # x or y for all planes of a cone about z: no two of them ask for the same component
            slave = int(np.argmax(np.abs(normal[:2]))) if np.abs(normal[:2]).max() > tolerance else 2
            constraints.mirror(DISPLACEMENT, lambda x, n=normal: np.abs(x @ n) < tolerance, normal, slave)
    else:
        _no_rotation(constraints, domains)


def _no_rotation(constraints: Constraints, domains: Domains) -> None:
    """Hold a whole particle, whose centre is held already: each component takes one rotation, and none carries a force.

    The nodes lie halfway inside the core. On core|SEI the stress of an iterate that is not yet in balance, which peaks at
    a held node, would act on the kinetics; iterative solvers then fail.
    """
    axes = np.eye(domains.dim)
    half = domains.shape["core_size"] / 2
    first = constraints.nearest_node(DISPLACEMENT, half * axes[0])
    lead = int(np.argmax(np.abs(first)))
    # the first node moves along its radius only
    for k in set(range(domains.dim)) - {lead}:
        normal = first[lead] * axes[k] - first[k] * axes[lead]
        constraints.mirror(DISPLACEMENT, lambda x: _at(x, first, constraints.tolerance), normal, k)
    if domains.dim == 2:
        return
    second = constraints.nearest_node(DISPLACEMENT, half * axes[1])
    normal = np.cross(first, second)
    if np.linalg.norm(normal) < 0.1 * half**2:
        raise GeometryError(f"the core of {2 * half:g} nm radius has too few cells to hold it: smaller cells are needed")
    # the second one stays in the plane through it, the first and the centre
    normal /= np.linalg.norm(normal)
    constraints.mirror(DISPLACEMENT, lambda x: _at(x, second, constraints.tolerance), normal, int(np.argmax(np.abs(normal))))


def _at(x: np.ndarray, place: np.ndarray, tolerance: float) -> np.ndarray:
    """Which nodes are at a place."""
    return np.linalg.norm(x - place, axis=1) < tolerance
