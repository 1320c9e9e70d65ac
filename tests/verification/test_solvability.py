"""Singular problems are found and named before they are solved; regular ones pass."""

import numpy as np
import pytest
import ufl
from dolfinx import fem, mesh

from seix.errors import InputError
from seix.fem import MPI
from seix.numerics.constraints import Block, Constraints
from seix.numerics.solvability import parts_of
from seix.numerics.solver import NewtonSolver
from seix.numerics.system import CoupledSystem
from seix.physics.elasticity import hooke, lame, strain

COMM = MPI.COMM_WORLD


def squares(gap, finer=1):
    """One sheet, or two unit squares with a gap between."""
    whole = mesh.create_rectangle(COMM, [(0, 0), (3, 1)], (12 * finer, 4 * finer), ghost_mode=mesh.GhostMode.shared_facet)
    if not gap:
        return whole
    cells = mesh.locate_entities(whole, 2, lambda x: (x[0] < 1 + 1e-9) | (x[0] > 2 - 1e-9))
    return mesh.create_submesh(whole, 2, cells)[0]


def potentials(msh, fix, coupling=0.0):
    """Two potentials on one mesh, coupled to each other or not."""
    spaces = [fem.functionspace(msh, ("Lagrange", 2)) for _ in range(2)]
    fields = [fem.Function(space) for space in spaces]
    tests = [ufl.TestFunction(space) for space in spaces]
    dx = ufl.Measure("dx", domain=msh, metadata={"quadrature_degree": 4})
    jump = fem.Constant(msh, coupling) * (fields[0] - fields[1])
    residuals = [
        ufl.inner(ufl.grad(f), ufl.grad(t)) * dx + sign * jump * t * dx
        for f, t, sign in zip(fields, tests, (1, -1), strict=True)
    ]  # fmt: skip
    constraints = Constraints(COMM, [Block(name, f.function_space) for name, f in zip(("phi", "psi"), fields, strict=True)])
    for index in fix:
        constraints.fix(index, lambda x: x[:, 0] < 1e-9, 0.0)
    return CoupledSystem(residuals, fields, constraints, None)


def elastic(msh, hold):
    """A sheet in plane strain, held as told."""
    space = fem.functionspace(msh, ("Lagrange", 2, (2,)))
    u, v = fem.Function(space), ufl.TestFunction(space)
    dx = ufl.Measure("dx", domain=msh, metadata={"quadrature_degree": 2})
    constraints = Constraints(COMM, [Block("displacement", space)])
    hold(constraints)
    return CoupledSystem([ufl.inner(hooke(strain(u), 0.0, *lame(1.0, 0.3)), strain(v)) * dx], [u], constraints, None)


def refused(system, preset, pattern):
    """The solver says what is loose."""
    solver = NewtonSolver(system, preset=preset)
    with pytest.raises(InputError, match=pattern):
        solver.solve()
    solver.destroy()
    system.destroy()


def accepted(system, preset):
    """The solver takes it."""
    solver = NewtonSolver(system, preset=preset)
    solver.solve()
    solver.destroy()
    system.destroy()


@pytest.mark.parametrize("preset", ["direct", "multigrid"])
def test_floating_potentials(preset):
    """One that is not held; two that may float together; one that the other holds; a part without a contact."""
    whole, split = squares(False), squares(True)
    accepted(potentials(whole, (0, 1)), preset)
    refused(potentials(whole, (0,)), preset, "nothing holds a constant of 'psi'$")
    for weak in (1e-3, 1e-8):
        accepted(potentials(whole, (0,), weak), preset)
    accepted(potentials(squares(False, 8), (0,), 1e-8), preset)
    refused(potentials(whole, (), 1.0), preset, "a constant of 'phi' together with a constant of 'psi'$")
    refused(potentials(split, (0, 1)), preset, "a constant of 'phi', connected part [12] of 2 together with a constant of 'psi'")


@pytest.mark.parametrize("preset", ["direct", "multigrid"])
def test_rigid_motions(preset):
    """Free along x; free to turn about a held point; a periodic strip cannot turn."""
    msh = squares(False)
    bottom = lambda x: x[:, 1] < 1e-9  # noqa: E731
    accepted(elastic(msh, lambda c: [c.fix(0, bottom, component=k) for k in (0, 1)]), preset)
    refused(elastic(msh, lambda c: c.fix(0, bottom, component=1)), preset, "a shift of 'displacement' along x$")
    refused(elastic(msh, lambda c: c.fix_node(0, (0.0, 0.0), (0, 1))), preset, "rotation of 'displacement'")

    def periodic(constraints):
        constraints.fix_node(0, (0.0, 0.0), (0, 1))
        constraints.periodic(0, 3.0)

    accepted(elastic(msh, periodic), preset)


def test_parts_are_counted():
    """One sheet, and two with a gap; every node of a side has the same number."""
    assert parts_of(fem.functionspace(squares(False), ("Lagrange", 2)))[1] == 1
    space = fem.functionspace(squares(True), ("Lagrange", 2))
    part, number = parts_of(space)
    assert number == 2
    x = space.tabulate_dof_coordinates()[: len(part), 0]
    for side in (x < 1.5, x > 1.5):
        assert len(set(COMM.allreduce(list(np.unique(part[side]))))) == 1


@pytest.mark.slow
@pytest.mark.parallel(nprocs=3)
def test_the_same_on_three_ranks():
    """All of the above."""
    test_parts_are_counted()
    for preset in ("direct", "multigrid"):
        test_floating_potentials(preset)
        test_rigid_motions(preset)
