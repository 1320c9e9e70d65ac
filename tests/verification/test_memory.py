"""What a solve holds is given back: a long-lived process may solve any number of meshes."""

import gc

import dolfinx
import pytest

from seix.parameters import InterfaceLaw
from support import discs, parameters, solved


def living(kind):
    return sum(isinstance(thing, kind) for thing in gc.get_objects())


@pytest.mark.parametrize("kind", [dolfinx.mesh.Mesh, dolfinx.fem.Function, dolfinx.fem.Form])
def test_nothing_is_left_of_a_solve(kind):
    """MPICH has 2048 communicators and each mesh, space and form holds some; B11's lattice, solved and dropped."""
    law = InterfaceLaw(law="perfect_contact")
    values = parameters({"organic_polymer": 1e-7, "LiF": 1e-8, "electrolyte": 1.0}, "organic_polymer", law)
    gc.collect()
    before = living(kind)
    mesh = discs([[5.0, 5.0]], 3.0, 10.0, [10.0], gap=4.0, cells_per_diameter=4)
    model, _ = solved(mesh, values)
    assert living(kind) > before
    del model
    gc.collect()
    assert living(kind) == before
