"""Meshes in space: templates, cells of second order, frames, gates."""

from __future__ import annotations

import numpy as np
import pytest

from seix.geometry.volume.templates import icosphere, octasphere, volume_factor


@pytest.mark.parametrize(("template", "faces"), [(octasphere, 8), (icosphere, 20)])
@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_template_is_a_closed_unit_sphere(template, faces, n):
    directions, triangles = template(n)
    assert len(triangles) == faces * n * n
    assert len(directions) - len(triangles) // 2 == 2  # Euler
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1.0, atol=1e-15)
    edges = {tuple(edge) for k in range(3) for edge in triangles[:, [k, (k + 1) % 3]].tolist()}
    assert len(edges) == 3 * len(triangles)  # each directed edge once: consistently oriented
    a, b, c = np.moveaxis(directions[triangles], 1, 0)
    assert (np.einsum("fi,fi->f", a, np.cross(b, c)) > 0.0).all()


def test_octasphere_is_its_own_mirror_image():
    directions, triangles = octasphere(5)
    for axis in range(3):
        sides = np.sign(directions[triangles][:, :, axis])
        assert not ((sides.min(axis=1) < 0) & (sides.max(axis=1) > 0)).any()
        mirrored = directions.copy()
        mirrored[:, axis] *= -1.0
        assert {tuple(d + 0.0) for d in mirrored} == {tuple(d) for d in directions}


@pytest.mark.parametrize("template", [octasphere, icosphere])
def test_volume_factor_tends_to_one_with_the_square_of_the_edge(template):
    lack = [volume_factor(*template(n)) - 1.0 for n in (8, 16)]
    assert lack[0] / lack[1] == pytest.approx(4.0, rel=0.05)
