"""Elasticity of bodies of revolution, of materials that are isotropic across the axis.

Components are in the order radius, circumference, axis. The plane of the mesh is (r, z); a form of this module is to be
multiplied by 2 pi r.
"""

from __future__ import annotations

import ufl


def strain(displacement, radius):
    r"""Strain tensor (3 x 3) with the hoop strain :math:`u_r/r`.

    Parameters
    ----------
    displacement
        Components along r and z.
    radius
        Distance from the axis.
    """
    along, across = displacement[0], displacement[1]
    shear = (along.dx(1) + across.dx(0)) / 2
    return ufl.as_tensor([[along.dx(0), 0, shear], [0, along / radius, 0], [shear, 0, across.dx(1)]])


def transverse_stress(strain_tensor, c11, c12, c13, c33, c44):
    r"""Stress (3 x 3) of a material with the axis of symmetry z, from five constants (equation T1)."""
    radial, hoop, axial = (strain_tensor[i, i] for i in range(3))
    shear = 2 * c44 * strain_tensor[0, 2]
    return ufl.as_tensor(
        [
            [c11 * radial + c12 * hoop + c13 * axial, 0, shear],
            [0, c12 * radial + c11 * hoop + c13 * axial, 0],
            [shear, 0, c13 * (radial + hoop) + c33 * axial],
        ]
    )
