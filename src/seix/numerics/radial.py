"""Finite elements along the radius of a slab, cylinder or sphere, finer towards the surface."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.sparse import csr_matrix

from ..fem import MPI  # first: orders the MPI library before DOLFINx

# isort: split
import basix.ufl
import ufl
from dolfinx import fem, mesh

from ..physics.lithium import radial_diffusion, radial_storage
from .compile import compile_form

DEGREE = 2
"""Of the elements."""


@dataclass(frozen=True)
class Radial:
    """Matrices of diffusion in a particle of size one, on this rank alone.

    Attributes
    ----------
    points : ndarray
        Places of the unknowns, 0 at the centre or the sealed face and 1 at the surface.
    storage, conduction : csr_matrix
        Of the integrals r^d u v and r^d u' v'.
    surface : int
        Unknown at the surface.
    power : int
        d: 0 for a slab, 1 for a cylinder, 2 for a sphere.
    """

    points: np.ndarray
    storage: csr_matrix
    conduction: csr_matrix
    surface: int
    power: int

    @property
    def weights(self) -> np.ndarray:
        """Weights of the unknowns in the integral over the particle; they sum up to 1/(d + 1)."""
        return np.asarray(self.storage.sum(axis=0)).ravel()

    def mean(self, values: np.ndarray) -> float:
        """Mean over the particle."""
        return (self.power + 1) * float(self.weights @ values)


def radial(power: int, elements: int, finest: float) -> Radial:
    """Discretise a particle.

    Parameters
    ----------
    power : int
        0 for a slab, 1 for a cylinder, 2 for a sphere.
    elements : int
        Quadratic cells.
    finest : float
        Length of the one at the surface over the size; each further one is longer by the same factor, or all are equal if there
        are enough of them.
    """
    ends = graded(elements, finest)
    cells = np.column_stack([np.arange(elements), np.arange(1, elements + 1)]).astype(np.int64)
    line = basix.ufl.element("Lagrange", "interval", 1, shape=(1,))
    domain = mesh.create_mesh(MPI.COMM_SELF, cells, line, ends.reshape(-1, 1))
    space = fem.functionspace(domain, ("Lagrange", DEGREE))
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    radius = ufl.SpatialCoordinate(domain)[0]
    # exact, as the cells are straight
    dx = ufl.Measure("dx", domain=domain, metadata={"quadrature_degree": 2 * DEGREE + power})
    forms = (radial_storage(u, v, radius, power), radial_diffusion(u, v, radius, power))
    storage, conduction = (fem.assemble_matrix(compile_form(form * dx)).to_scipy().copy() for form in forms)
    points = space.tabulate_dof_coordinates()[:, 0].copy()
    return Radial(points, storage, conduction, int(np.argmax(points)), power)


def graded(elements: int, finest: float) -> np.ndarray:
    """Ends of cells from 0 to 1 that shrink towards 1 in geometric progression, to a length `finest` at most."""
    if elements * finest >= 1.0:
        return np.linspace(0.0, 1.0, elements + 1)

    def missing(log: float) -> float:
        return finest * np.expm1(elements * log) / np.expm1(log) - 1.0

    growth = brentq(missing, 1e-12, np.log(1.0 / finest) / (elements - 1))
    depth = np.expm1(growth * np.arange(elements + 1)) / np.expm1(growth * elements)
    return 1.0 - depth[::-1]
