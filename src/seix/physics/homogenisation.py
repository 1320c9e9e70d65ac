r"""Cell problems: laws for the fluctuation of a field about a mean gradient in space, also on a mesh of the plane.

On a mesh of the plane nothing changes along its normal, but fields may have any gradient and displacements any component: the
response to mean gradients in all three directions of space comes from one matrix (generalised plane strain and antiplane shear).
"""

from __future__ import annotations

import ufl

DIRECTIONS = {2: (0, 2, 1), 3: (0, 1, 2)}
"""Axis of the mesh along each of the three directions of a film, by dimension of the mesh: 1 and 2 lie in the plane of the film,
3 goes through it. Of a mesh of the plane 2 is along its normal."""
VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
"""Directions of the components of stress and strain in Voigt's order."""


def gradient_in_space(field):
    """Gradient of a scalar (3) or of a displacement (3 x 3) that may depend on two coordinates only."""
    g = ufl.grad(field)
    if g.ufl_shape[-1] == 3:
        return g
    if field.ufl_shape == ():
        return ufl.as_vector([g[0], g[1], 0])
    return ufl.as_tensor([[g[i, 0], g[i, 1], 0] for i in range(3)])


def strain_in_space(displacement):
    """Strain (3 x 3) of a displacement with three components."""
    return ufl.sym(gradient_in_space(displacement))


def normal_in_space(normal):
    """Normal of a facet as a vector of space."""
    return normal if normal.ufl_shape == (3,) else ufl.as_vector([normal[0], normal[1], 0])


def along(gradient, normal):
    """Part of a vector of space that lies in a surface."""
    return gradient - ufl.dot(gradient, normal) * normal


def film_components(value, dim: int, doubled: bool = False):
    """Components of a vector (3) or of a symmetric tensor (6, Voigt) along the directions of a film.

    Parameters
    ----------
    value
        On the axes of the mesh.
    dim : int
        Dimension of the mesh.
    doubled : bool
        Double the shear components, as for strains.
    """
    axes = DIRECTIONS[dim]
    if value.ufl_shape == (3,):
        return ufl.as_vector([value[axis] for axis in axes])
    return ufl.as_vector([(1 + (doubled and i != j)) * value[axes[i], axes[j]] for i, j in VOIGT])
