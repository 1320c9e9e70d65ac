"""The fast assembly of cell matrices gives the matrices of DOLFINx."""

from itertools import pairwise, product

import basix.ufl
import numpy as np
import pytest
import ufl
from dolfinx import fem, mesh
from dolfinx.fem import petsc as fem_petsc

from seix.fem import MPI, PETSc
from seix.numerics.assembly import FormMatrix
from seix.numerics.cell_loops import pattern
from seix.numerics.compile import compile_form

KINDS = ((False, False), (True, False), (True, True))
"""Vector or scalar field, dense blocks or single entries."""


def curved(comm, dim, n=None):
    """Unit square or cube of second-order cells, moved so that their edges are curved."""
    n = n or (5 if dim == 2 else 3)
    make = mesh.create_unit_square if dim == 2 else mesh.create_unit_cube
    straight = make(comm, *[n] * dim, ghost_mode=mesh.GhostMode.shared_facet)
    space = fem.functionspace(straight, ("Lagrange", 2, (dim,)))
    cells, places = space.dofmap.list, space.tabulate_dof_coordinates()[:, :dim].copy()
    places += 0.03 * np.sin(5 * places[:, ::-1])
    element = basix.ufl.element("Lagrange", straight.basix_cell(), 2, shape=(dim,))
    owned = straight.topology.index_map(dim).size_local
    imap = space.dofmap.index_map
    numbers = imap.local_to_global(cells[:owned].ravel()).reshape(cells[:owned].shape)
    points = np.ascontiguousarray(places[: imap.size_local])
    partitioner = mesh.create_cell_partitioner(mesh.GhostMode.shared_facet, 2)
    return mesh.create_mesh(comm, numbers, element, points, partitioner)


def forms(msh, dim, degree, components):
    """A bilinear form with two kinds of cells, and the coefficient it depends on."""
    space = fem.functionspace(msh, ("Lagrange", degree, *([(components,)] if components > 1 else [])))
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    value = fem.Function(fem.functionspace(msh, ("DG", 0)))
    value.interpolate(lambda x: 1 + x[0] + 3 * x[1] ** 2)
    cells = np.arange(msh.topology.index_map(dim).size_local + msh.topology.index_map(dim).num_ghosts, dtype=np.int32)
    kinds = (mesh.compute_midpoints(msh, dim, cells)[:, 0] > 0.5).astype(np.int32)
    tags = mesh.meshtags(msh, dim, cells, kinds)
    dx = ufl.Measure("dx", domain=msh, subdomain_data=tags, metadata={"quadrature_degree": 4})
    grad = ufl.grad if components == 1 else lambda w: ufl.sym(ufl.grad(w))
    stiff, mass = ufl.inner(grad(u), grad(v)), ufl.inner(u, v)
    return value * stiff * dx(0) + fem.Constant(msh, 0.7) * (stiff + mass) * dx((1,)), value


@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("degree", [1, 2])
@pytest.mark.parametrize("vector, dense", KINDS)
def test_matrix_is_that_of_dolfinx(dim, degree, vector, dense):
    """To rounding, on curved cells with two integrals, and again after a coefficient has changed."""
    check(curved(MPI.COMM_WORLD, dim), dim, degree, vector, dense)


def check(msh, dim, degree, vector, dense):
    """The matrix on a mesh against that of DOLFINx."""
    form, value = forms(msh, dim, degree, dim if vector else 1)
    fast = FormMatrix(MPI.COMM_WORLD, form, dense=dense)
    assert fast._cells is not None
    for factor in (1.0, 2.5):
        value.x.array[:] *= factor
        assert fast.update()
        reference = fem_petsc.assemble_matrix(compile_form(form))
        reference.assemble()
        size = reference.norm()
        found = fast.matrix.convert("aij", PETSc.Mat())
        assert size > 0.1
        found.axpy(-1.0, reference, PETSc.Mat.Structure.DIFFERENT_NONZERO_PATTERN)
        assert found.norm() <= 1e-13 * size
    assert not fast.update()


def test_only_integrals_with_unknowns_are_assembled_again():
    """Unknown on the boundary, conductivity and constant inside: after any of them has changed the matrix is the whole one."""
    msh = curved(MPI.COMM_WORLD, 2)
    form, value = forms(msh, 2, 2, 1)
    space = fem.functionspace(msh, ("Lagrange", 2))
    state, rate = fem.Function(space), fem.Constant(msh, 200.0)
    state.interpolate(lambda x: x[0] * x[1])
    u, v = (argument(form.arguments()[0].ufl_function_space()) for argument in (ufl.TrialFunction, ufl.TestFunction))
    whole = form + rate * ufl.exp(state) * u * v * ufl.ds(msh, degree=4)
    parted = FormMatrix(MPI.COMM_WORLD, whole, unknowns=(state,))
    assert parted._steady is not None and parted._varying is not None

    def agree():
        parted.update()
        reference = fem_petsc.assemble_matrix(compile_form(whole))
        reference.assemble()
        size = reference.norm()
        reference.axpy(-1.0, parted.matrix, PETSc.Mat.Structure.DIFFERENT_NONZERO_PATTERN)
        assert reference.norm() <= 1e-13 * size
        return size

    sizes = [agree()]
    for quantity, factor in ((state.x.array, 3.0), (rate.value, 2.5), (value.x.array, 2.0)):
        quantity *= factor
        sizes.append(agree())
    assert all(b > 1.01 * a for a, b in pairwise(sizes))


@pytest.mark.parallel(nprocs=3)
def test_matrix_is_that_of_dolfinx_on_three_ranks():
    """All of the above in one go, since starting ranks takes longer than they do."""
    for dim, degree, kind in product((2, 3), (1, 2), KINDS):
        test_matrix_is_that_of_dolfinx(dim, degree, *kind)


@pytest.mark.parallel(nprocs=3)
def test_matrix_where_a_rank_has_nothing():
    """Two triangles for three ranks, as on the part of a mesh that does not reach all ranks; nobody waits for ever."""
    msh = curved(MPI.COMM_WORLD, 2, 1)
    assert MPI.COMM_WORLD.allreduce(msh.topology.index_map(2).size_local, op=MPI.MIN) == 0
    for kind in KINDS:
        check(msh, 2, 2, *kind)


def test_pattern_of_two_triangles():
    """Two triangles with a common edge: the nodes across it do not see each other."""
    pointers, columns = pattern(np.array([[0, 1, 2], [3, 2, 1]], dtype=np.int32), 4)
    assert [columns[a:b].tolist() for a, b in pairwise(pointers)] == [
        [0, 1, 2], [0, 1, 2, 3], [0, 1, 2, 3], [1, 2, 3],
    ]  # fmt: skip
