"""Meshes built from arrays on one rank are the meshes that DOLFINx makes."""

import basix.ufl
import numpy as np
import pytest
import ufl
from dolfinx import fem, mesh

from seix.fem import MPI
from seix.numerics.serial_mesh import create_serial_mesh, curve_position


def arrays(dim, degree):
    """Points and cells of a square or cube, moved so that cells of degree 2 are curved; corners first."""
    make = mesh.create_unit_square if dim == 2 else mesh.create_unit_cube
    given = make(MPI.COMM_SELF, *[3] * dim)
    space = fem.functionspace(given, ("Lagrange", degree))
    points = space.tabulate_dof_coordinates()[:, :dim].copy()
    points += 0.02 * np.sin(4 * points[:, ::-1])
    return points, space.dofmap.list.astype(np.int64)


@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("degree", [1, 2])
def test_same_integrals_as_dolfinx(dim, degree):
    """Volume, surface, jumps of normals and the original numbers, on straight and curved cells."""
    points, cells = arrays(dim, degree)
    kind = "triangle" if dim == 2 else "tetrahedron"
    element = basix.ufl.element("Lagrange", kind, degree, shape=(dim,))
    own = create_serial_mesh(MPI.COMM_SELF, points, cells, element)
    reference = mesh.create_mesh(MPI.COMM_SELF, cells, element, points)
    for msh in (own, reference):
        msh.topology.create_entities(dim - 1)
    assert own.topology.index_map(dim - 1).size_global == reference.topology.index_map(dim - 1).size_global
    assert np.array_equal(own.geometry.x[:, :dim], points[own.geometry.input_global_indices])
    corners = own.geometry.input_global_indices[own.geometry.dofmaps[0]]
    assert np.array_equal(corners, cells[own.topology.original_cell_index])

    def values(msh):
        x, n = ufl.SpatialCoordinate(msh), ufl.FacetNormal(msh)
        data = {"quadrature_degree": 6}
        dx, ds, ds_inner = (ufl.Measure(m, domain=msh, metadata=data) for m in ("dx", "ds", "dS"))
        forms = [x[0] ** 2 * dx, x[1] * ds, ufl.inner(x, n) * ds, x("+")[0] * (n("+")[0] ** 2 + 1) * ds_inner]
        return [fem.assemble_scalar(fem.form(form)) for form in forms]

    assert values(own) == pytest.approx(values(reference), rel=1e-12)
    space = fem.functionspace(own, ("Lagrange", 2))
    f = fem.Function(space)
    f.interpolate(lambda x: x[0] + 2 * x[1])
    gradient = fem.assemble_scalar(fem.form(f.dx(1) * ufl.dx(own)))
    assert gradient == pytest.approx(2 * fem.assemble_scalar(fem.form(fem.Constant(own, 1.0) * ufl.dx)), rel=1e-12)


def test_the_curve_visits_the_corners_of_a_square_in_order():
    """Morton order of a square of four points, by hand; and any set of points has distinct places within its grid."""
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    assert np.argsort(curve_position(corners)).tolist() == [0, 1, 2, 3]
    grid = np.stack(np.meshgrid(*[np.arange(16.0)] * 3), axis=-1).reshape(-1, 3)
    assert len(np.unique(curve_position(grid))) == 16**3
