"""Small-strain isotropic elasticity, in space and in generalised plane strain; stresses are always 3 x 3."""

from __future__ import annotations

import ufl


def lame(youngs_modulus, poisson_ratio):
    r"""Lame's constants :math:`(\lambda,\mu)` from Young's modulus and Poisson's ratio."""
    mu = youngs_modulus / (2 * (1 + poisson_ratio))
    return youngs_modulus * poisson_ratio / ((1 + poisson_ratio) * (1 - 2 * poisson_ratio)), mu


def strain(displacement, out_of_plane=0.0):
    r"""Strain tensor (3 x 3); of a plane displacement with :math:`\varepsilon_{zz}` the same everywhere."""
    e = ufl.sym(ufl.grad(displacement))
    if displacement.ufl_shape == (3,):
        return e
    return ufl.as_tensor([[e[0, 0], e[0, 1], 0], [e[1, 0], e[1, 1], 0], [0, 0, out_of_plane]])


def hooke(total_strain, stress_free_strain, lam, mu):
    r"""Stress :math:`\lambda\,\mathrm{tr}(\varepsilon^e)I+2\mu\varepsilon^e` of the elastic strain (equation 9)."""
    identity = ufl.Identity(3)
    elastic = total_strain - stress_free_strain * identity
    return lam * ufl.tr(elastic) * identity + 2 * mu * elastic


def virtual_work(stress, test):
    """Work of the stress (3 x 3) on a virtual displacement."""
    return ufl.inner(stress, strain(test))


def hydrostatic(stress):
    """Mean normal stress, tension positive."""
    return ufl.tr(stress) / 3


def von_mises(stress):
    """Von Mises stress."""
    s = ufl.dev(stress)
    return ufl.sqrt(1.5 * ufl.inner(s, s))


def first_principal(stress, plane: bool):
    r"""Largest principal stress of a 3 x 3 tensor.

    In space :math:`\sigma_1=\sigma_h+2\sqrt{J_2/3}\cos\theta` with the Lode angle :math:`\theta\in[0,\pi/3]`,
    :math:`\cos 3\theta=\tfrac{3\sqrt3}{2}J_3J_2^{-3/2}`, to about 1e-8 of the deviator: where two principal stresses are
    equal, rounding of the cosine takes half of the digits.

    Parameters
    ----------
    stress
        Tensor, 3 x 3.
    plane
        Whether the out-of-plane shear vanishes.
    """
    if plane:
        mean = (stress[0, 0] + stress[1, 1]) / 2
        radius = ufl.sqrt(((stress[0, 0] - stress[1, 1]) / 2) ** 2 + stress[0, 1] ** 2)
        return ufl.max_value(mean + radius, stress[2, 2])
    s = ufl.dev(stress)
    second = ufl.max_value(ufl.inner(s, s) / 2, 1e-60)  # no stress, no direction
    cosine = 6.75**0.5 * ufl.det(s) / second**1.5
    angle = ufl.acos(ufl.max_value(-1.0, ufl.min_value(1.0, cosine))) / 3
    return hydrostatic(stress) + 2 * ufl.sqrt(second / 3) * ufl.cos(angle)


def energy_density(stress, total_strain, stress_free_strain):
    """Elastic energy per volume."""
    return ufl.inner(stress, total_strain - stress_free_strain * ufl.Identity(3)) / 2
