"""A tip on resolved grains: the surface of a periodic patch in space, and what the finite size of the patch changes."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from ..fem import MPI  # noqa: F401  first: orders the MPI library before DOLFINx

# isort: split
import ufl
from dolfinx import fem

from ..numerics.constraints import Block, Constraints
from ..numerics.domains import QUADRATURE_DEGREE, Domains
from ..numerics.linear_problem import LinearProblem
from ..physics.elasticity import hooke, lame, strain, virtual_work
from .indentation_curve import Tip
from .indentation_film import Extent, Film, film_patch
from .indentation_surface import SAME, Patch, Surface, too_wide, widened

TOLERANCE = 1e-6
"""Relative residual of each solution: energies, and so the force of a contact, miss by its square."""
LARGEST_DIRECT = 200_000
"""Unknowns up to which the factorised matrix pays for the many loads."""


def grain_surface(domains: Domains, moduli: Mapping[str, tuple[float, float]], preset: str) -> tuple[Surface, LinearProblem]:
    """Free surface of the SEI of a patch on its core, whose bottom is held (collective); the problem is destroyed by the caller.

    Parameters
    ----------
    domains : Domains
        Of a patch in space.
    moduli : mapping
        Region -> Young's modulus [GPa] and Poisson's ratio.
    preset : {"auto", "direct", "multigrid"}
    """
    solid = domains.solid.mesh
    pairs = [lame(*moduli[name]) if name in moduli else (math.nan, math.nan) for name in domains.region_names]
    lam, mu = (domains.cell_constant(domains.solid, [pair[i] for pair in pairs]) for i in (0, 1))
    space = fem.functionspace(solid, ("Lagrange", 2, (3,)))
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    dx = ufl.dx(solid, metadata={"quadrature_degree": QUADRATURE_DEGREE})
    work = virtual_work(hooke(strain(u), 0.0, lam, mu), v) * dx
    constraints = Constraints(domains.comm, [Block("displacement", space)])
    depth, period = domains.shape["core_size"], domains.shape["period"]
    for axis in range(3):
        constraints.fix(0, lambda x: np.abs(x[:, 2] + depth) < SAME, component=axis)
    constraints.periodic(0, period)
    if preset == "auto" and space.dofmap.index_map.size_global * 3 <= LARGEST_DIRECT:
        preset = "direct"
    problem = LinearProblem(work, constraints, preset=preset, tolerance=TOLERANCE)
    return Surface(problem, domains.shape["sei_thickness"], period=period, degree=QUADRATURE_DEGREE), problem


def pressed_grains(surface: Surface, tip: Tip, place: np.ndarray, zone: float, size: float, period: float) -> Patch:
    """Surface of a patch below a tip, wide enough that the contact ends inside (collective).

    Parameters
    ----------
    surface : Surface
    tip : Tip
    place : ndarray (2,)
        Of the tip [nm].
    zone, size : float
        Radius that is looked at first; size of the cells there [nm].
    period : float
        Of the patch [nm].
    """
    while not (patch := surface.patch(tip, place, zone)).holds(tip, size):
        zone = widened(zone, period / 2)
    return patch


def round_cell(film: Film, period: float, core_depth: float, coarsening: float = 1.0) -> Extent:
    """Cell of the area and depth of a patch [nm]: the neighbours of a tip are evenly around it."""
    return Extent(period / math.sqrt(math.pi), film.thickness + core_depth, True, coarsening)


def patch_shift(comm, film: Film, cell: Extent, free: Patch, tip: Tip, zone: float, size: float) -> float:
    """What a half-space moves more than a patch under a unit force, far from the tip [nm/nN] (equation T7, collective).

    Parameters
    ----------
    comm
        Communicator.
    film : Film
        Homogenised layers of the patch.
    cell : Extent
        In place of the patch.
    free : Patch
        Surface of the same layers on a half-space, with the same cells.
    tip : Tip
    zone, size : float
        Of the cells at the surface [nm].

    Raises
    ------
    GeometryError
        If the contact is wider than the patch.
    """
    if zone >= cell.radius:
        raise too_wide(cell.radius)
    closed = film_patch(comm, film, cell, tip, zone, size)
    pressure = free.press(tip.depth).pressure
    more = pressure @ (free.compliance - closed.compliance) @ pressure
    return float(more) / float(pressure @ free.weights) ** 2
