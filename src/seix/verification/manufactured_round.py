"""Manufactured solution of the fully coupled system across a circle or a sphere, on curved cells of second order.

A quarter of a disc, or an octant of a ball, with the conditions that real particles have: planes of symmetry, a given potential
outside, one node that the electrons are measured from; the surface of the solid carries a given traction. All fields are even
across the planes, so that nothing crosses them. The normal of the interface turns, and cells only come close to it: the discrete
interface is wrong by the fourth order of the cell size, its normal by the third, which costs no order of quadratic elements
(Lenoir, doi:10.1137/0723036).
"""

from __future__ import annotations

import math

import numpy as np
import ufl

from ..boundary_conditions import apply_boundary_conditions
from ..fields import FIELDS, PHI, PSI
from ..numerics.constraints import Block, Constraints
from ..numerics.domains import SEI_ELECTROLYTE
from ..parameters import InterfaceLaw
from . import plane_meshes, space_meshes
from .manufactured import Exact, ManufacturedModel, solved_errors, tied

RADIUS, FILM, ELECTROLYTE_DEPTH = 1.0, 0.5, 0.5


def round_interface(model) -> Exact:
    """Fields that vary along a circle or sphere about the origin, even across all planes of the axes."""
    x, dim = ufl.SpatialCoordinate(model.domains.mesh), model.domains.dim
    level = (ufl.dot(x, x) - RADIUS**2) / (2 * RADIUS)  # smooth at the origin too

    def wave(*numbers):
        product = 1.0
        for k, number in enumerate(numbers[:dim]):
            product = product * ufl.cos(number * x[k])
        return product

    current = 0.2 + 0.1 * wave(1.4, 0.7, 0.9)
    psi = tied(0.2 * wave(1.1, 1.7, 0.6), level, model.electron_scale * current)
    content = tied(0.3 * wave(1.6, 0.5, 1.2), level, current)
    u = [0.05 * ufl.sin(1.3 * x[0]) * ufl.cos(0.8 * x[1]), 0.04 * ufl.sin(0.9 * x[1]) * ufl.cos(1.2 * x[0])]
    if dim == 3:
        u = [u[0] * ufl.cos(0.7 * x[2]), u[1], 0.03 * ufl.sin(1.1 * x[2]) * ufl.cos(0.6 * x[0]) * ufl.cos(x[1])]
    return Exact(model, level, current, psi, content, u)


class RoundModel(ManufacturedModel):
    """The model of a part of a particle with sources, a given potential outside and a traction on its surface."""

    fields_of = staticmethod(round_interface)

    def _residuals(self):
        residuals = super()._residuals()
        d, u_t = self.domains, self.tests[-1]
        n = ufl.FacetNormal(d.mesh)("+")
        normal = ufl.as_vector([n[0], n[1], n[2] if d.dim == 3 else 0])
        traction = ufl.dot(self.exact.sei_stress("+"), normal)
        residuals[-1] -= ufl.dot(ufl.as_vector([traction[i] for i in range(d.dim)]), u_t("+")) * d.dS(SEI_ELECTROLYTE)
        return residuals

    def _constraints(self):
        d = self.domains
        blocks = [Block(name, f.function_space) for name, f in zip(FIELDS, self.fields, strict=True)]
        constraints = Constraints(d.comm, blocks)
        constraints.fix(PHI, d.outer_nodes(blocks[PHI].space), self.exact_values(PHI)[:, 0])
        at_centre = lambda x: np.linalg.norm(x, axis=1) < constraints.tolerance  # noqa: E731
        constraints.fix(PSI, at_centre, self.exact_values(PSI)[:, 0])
        apply_boundary_conditions(constraints, d, self.parameters)  # what is fixed already stays as it is
        return constraints


def round_errors(refinement: int, interface: InterfaceLaw, dim: int) -> dict[str, float]:
    """Relative errors of all fields on one mesh, in the 2-norm, and of their gradients (collective).

    Parameters
    ----------
    refinement : int
        Cells twice as fine each time.
    interface : InterfaceLaw
        Any law, perfect contact too.
    dim : int
        2 for a quarter of a disc, 3 for an octant of a ball.
    """
    n = 2**refinement
    if dim == 2:
        mesh = plane_meshes.ring(
            [("film", FILM, 2 * n)], (RADIUS, 4 * n), (ELECTROLYTE_DEPTH, 2 * n), segments=6 * n, sector=math.pi / 2
        )
    else:
        mesh = space_meshes.ball([("film", FILM, n)], (RADIUS, 2 * n), (ELECTROLYTE_DEPTH, n), segments=2 * n)
    return solved_errors(RoundModel, mesh, interface)
