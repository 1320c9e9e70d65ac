"""A tip on homogenised layers on their core: a body of revolution on a graded mesh of its own.

The body reaches a multiple of the film and of the contact into the core. There the displacement is that of a half-space
under the same force at a point (Boussinesq), so that what is left of the finite size falls faster than its inverse.
The same layers in a round cell with a smooth side and a fixed bottom tell what the finite size of a periodic patch changes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from ..fem import MPI  # noqa: F401  first: orders the MPI library before DOLFINx

# isort: split
import basix.ufl
import ufl
from dolfinx import fem

from ..geometry.structured import rectangle
from ..numerics.constraints import Block, Constraints
from ..numerics.domains import distribute, scatter_cell_data
from ..numerics.linear_problem import LinearProblem
from ..physics.axisymmetric import strain, transverse_stress
from .indentation_curve import Tip
from .indentation_surface import SAME, Patch, Surface, widened
from .transverse import Transverse

FAR = 50.0
"""Reach of the body over the sum of film thickness and contact radius."""
SLOPE = 0.25
"""Change of cell size over the distance from the contact."""
QUADRATURE_DEGREE = 6
"""Exact for two quadratic gradients, the radius, and its inverse to third order."""
TOLERANCE = 1e-10
"""Relative residual of each solution: factorised, so this costs nothing."""


@dataclass(frozen=True)
class Film:
    """Layers on a half-space.

    Attributes
    ----------
    layers : sequence of (float, Transverse)
        Thickness [nm] and constants [GPa] from the core outwards.
    core : (float, float)
        Young's modulus [GPa] and Poisson's ratio.
    """

    layers: Sequence[tuple[float, Transverse]]
    core: tuple[float, float]

    @property
    def thickness(self) -> float:
        """Of all layers [nm]."""
        return math.fsum(thickness for thickness, _ in self.layers)


@dataclass(frozen=True)
class Extent:
    """How far the body reaches, and what holds it.

    Attributes
    ----------
    radius, depth : float
        From the axis; from the free surface [nm].
    closed : bool
        A cell with a smooth side and a fixed bottom; otherwise a part of a half-space.
    coarsening : float
        Multiplies the change of cell size over the distance from the contact.
    """

    radius: float
    depth: float
    closed: bool = False
    coarsening: float = 1.0

    def smaller(self) -> Extent:
        """Half of it."""
        return replace(self, radius=self.radius / 2, depth=self.depth / 2)


def far_extent(film: Film, tip: Tip, coarsening: float = 1.0) -> Extent:
    """Part of a half-space that is large against film and contact."""
    size = FAR * (film.thickness + tip.hertz_radius)
    return Extent(size, size, coarsening=coarsening)


def pressed_film(comm, film: Film, extent: Extent, tip: Tip, zone: float, size: float) -> tuple[Patch, float]:
    """Surface of a film below a tip, and the radius of its even cells [nm] (collective).

    Parameters
    ----------
    comm
        Communicator.
    film : Film
    extent : Extent
    tip : Tip
    zone, size : float
        Radius of even cells to begin with, which is widened until the contact ends inside; their size [nm].
    """
    while not (patch := film_patch(comm, film, extent, tip, zone, size)).holds(tip, size):
        zone = widened(zone, extent.radius / 2)
    return patch, zone


def film_patch(comm, film: Film, extent: Extent, tip: Tip, zone: float, size: float) -> Patch:
    """The same for a given zone."""
    surface, problem = film_surface(comm, film, extent, zone, size)
    try:
        return surface.patch(tip, [0.0], zone)
    finally:
        problem.destroy()


def film_surface(comm, film: Film, extent: Extent, zone: float, size: float) -> tuple[Surface, LinearProblem]:
    """Free surface of a film (collective); the problem is to be destroyed after use. Arguments as for :func:`film_patch`."""
    mesh, constants = _mesh(comm, film, extent, zone, size)
    space = fem.functionspace(mesh, ("Lagrange", 2, (2,)))
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    radius = ufl.SpatialCoordinate(mesh)[0]
    stress = transverse_stress(strain(u, radius), *constants)
    dx = ufl.dx(mesh, metadata={"quadrature_degree": QUADRATURE_DEGREE})
    work = 2 * math.pi * radius * ufl.inner(stress, strain(v, radius)) * dx
    problem = LinearProblem(work, _held(comm, space, film, extent), preset="direct", tolerance=TOLERANCE)
    return Surface(problem, 0.0, lambda x: 2 * math.pi * x[0], degree=QUADRATURE_DEGREE), problem


def _held(comm, space, film: Film, extent: Extent) -> Constraints:
    """No radial displacement on the axis; at the end that of a point force, or a smooth side and a fixed bottom."""
    constraints = Constraints(comm, [Block("displacement", space)])
    bottom = lambda x: x[:, 1] < SAME - extent.depth  # noqa: E731
    side = lambda x: x[:, 0] > extent.radius - SAME  # noqa: E731
    if extent.closed:
        for axis in (0, 1):
            constraints.fix(0, bottom, component=axis)
        constraints.fix(0, side, component=0)
    else:
        end = lambda x: bottom(x) | side(x)  # noqa: E731
        x = constraints.coordinates(0)
        given = np.zeros_like(x)
        given[end(x)] = point_force(x[end(x)], *film.core)
        for axis in (0, 1):
            constraints.fix(0, end, given[:, axis], axis)
    constraints.fix(0, lambda x: x[:, 0] < SAME, component=0)
    return constraints


def point_force(x: np.ndarray, youngs_modulus: float, poisson_ratio: float) -> np.ndarray:
    """Displacement (n, 2) of a half-space under a unit force on its surface, at points (r, z), z upwards from the surface.

    Boussinesq; Johnson, Contact Mechanics, Cambridge 1985, equation 3.18.
    """
    r, depth = x[:, 0], -x[:, 1]
    rho, nu = np.hypot(r, depth), poisson_ratio
    factor = (1 + nu) / (2 * math.pi * youngs_modulus * rho)
    radial = r * depth / rho**2 - (1 - 2 * nu) * r / (rho + depth)
    return factor[:, None] * np.column_stack([radial, -(2 * (1 - nu) + depth**2 / rho**2)])


def _mesh(comm, film: Film, extent: Extent, zone: float, size: float):
    """Distributed mesh in (r, z), z = 0 at the free surface, and the five constants on its cells."""
    made, slope = None, extent.coarsening * SLOPE
    if comm.rank == 0:
        outside = zone + _graded([0.0, extent.radius - zone], size, slope)
        columns = np.concatenate([[0.0], _graded([0.0, zone], size, 0.0), outside])
        ends = np.append(np.cumsum([0.0, *(thickness for thickness, _ in reversed(film.layers))]), extent.depth)
        rows = -np.concatenate([[0.0], _graded(ends, size, slope)])[::-1]
        made = rectangle(columns, rows)
        middle = made[0][made[1][:, :3], 1].mean(axis=1)
        # the number of the layer from the surface down; beyond the last one the core
        number = np.searchsorted(ends[1:-1], -middle)
    element = basix.ufl.element("Lagrange", "triangle", 2, shape=(2,))
    mesh = distribute(comm, *(made or (None, None)), element)
    zone_of_cell = scatter_cell_data(mesh, None if comm.rank else number[:, None])[:, 0]
    stack = [constants for _, constants in reversed(film.layers)] + [Transverse.isotropic(*film.core)]
    table = np.array([one.as_tuple() for one in stack])
    flat = fem.functionspace(mesh, ("DG", 0))
    constants = [fem.Function(flat) for _ in range(table.shape[1])]
    for k, function in enumerate(constants):
        function.x.array[:] = table[zone_of_cell, k]
    return mesh, constants


def _graded(ends: Sequence[float], size: float, slope: float) -> np.ndarray:
    """Ends of cells from the first to the last of some places, which are ends themselves; sizes grow with the distance from 0."""
    found = []
    for low, high in pairwise(ends):
        if slope == 0.0:
            count = max(1, math.ceil((high - low) / size - SAME))
            found.append(low + (high - low) * np.arange(1, count + 1) / count)
            continue
        first, last = size + slope * low, size + slope * high
        count = max(1, math.ceil(math.log(last / first) / slope))
        part = (first * (last / first) ** (np.arange(1, count + 1) / count) - size) / slope
        part[-1] = high
        found.append(part)
    return np.concatenate(found)
