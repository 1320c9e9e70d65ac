"""Fields and meshes of tetrahedra in files."""

from types import SimpleNamespace

import meshio
import numpy as np
import pytest

from seix.analysis.fieldset import FIELD_TABLE, CellFields
from seix.analysis.interfaces import interfaces
from seix.analysis.measures import cell_volumes
from seix.analysis.meshfile import write_mesh
from seix.analysis.quantity import Quantity, check_quantities
from seix.analysis.vtu import write_vtu
from seix.geometry.facets import FACETS, facet_kinds, facets_of
from seix.geometry.msh_file import named_facets, write_msh
from seix.verification.space_meshes import ball, block, film_with_sphere
from support import strip

VTK_EDGES = ((0, 1), (1, 2), (2, 0), (0, 3), (1, 3), (2, 3))


def made_up(mesh):
    """Fields that are linear in each region, with all components."""
    x = mesh.points[mesh.cells]
    values = {}
    for name, info in FIELD_TABLE.items():
        count = info.components_in(3)
        field = (x[..., :1] - 2 * x[..., 1:2] + 3 * x[..., 2:]) * np.arange(1, count + 1) + 10 * mesh.region[:, None, None]
        values[name] = field[..., 0] if count == 1 else field
    values["stress"][mesh.region == 1] = np.nan
    return CellFields(mesh, values, 2.0)


def test_volumes_of_curved_cells():
    """Exact on a mapped cell: a quadratic map of the unit tetrahedron with Jacobian 1 + 2x, integral 1/6 + 2/24."""
    from seix.fem import MPI  # noqa: F401

    # isort: split
    import basix

    nodes = basix.create_element(basix.ElementFamily.P, basix.CellType.tetrahedron, 2, basix.LagrangeVariant.gll_warped).points
    points = nodes + np.column_stack([nodes[:, 0] ** 2, nodes[:, 1] * 0 + nodes[:, 0] ** 2, nodes[:, 0] * nodes[:, 1]])
    assert cell_volumes(points, np.arange(10)[None]) == pytest.approx([1 / 6 + 2 / 24], rel=1e-14)


def test_volume_of_a_ball_converges_with_the_fourth_order():
    """Curved cells give the volume of a ball to the fourth power of their size."""
    errors = []
    for n in (2, 4):
        mesh = ball([("a", 2.0, 1)], core=(8.0, 1), electrolyte=(2.0, 1), segments=n)
        errors.append(abs(cell_volumes(mesh.points, mesh.cells).sum() / (np.pi / 6 * 12**3) - 1))
    assert errors[1] < errors[0] / 14


@pytest.mark.parametrize(("make", "layers"), [(strip, [("a", 4.0, 2), ("b", 4.0, 1)]), (block, [("a", 4.0, 2), ("b", 4.0, 1)])])
def test_every_facet_is_found_once(make, layers):
    """Twice the inner plus the outer facets are all facets of all cells, and the mid nodes lie on their edges."""
    mesh = make(layers)
    nodes, owners = facets_of(mesh.cells)
    dim = mesh.points.shape[1]
    assert (owners[:, 1] >= 0).sum() * 2 + (owners[:, 1] < 0).sum() == (dim + 1) * len(mesh.cells)
    vertices = mesh.points[nodes[:, :dim]]
    following = np.roll(vertices, -1, axis=1) if dim == 3 else vertices[:, 1:]
    assert mesh.points[nodes[:, dim:]] == pytest.approx((vertices[:, : following.shape[1]] + following) / 2)
    for side in owners.T:
        known = side >= 0
        own = np.sort(mesh.cells[side[known]], axis=1)
        assert all(np.isin(f, c).all() for f, c in zip(nodes[known], own, strict=True))
    kinds = facet_kinds(mesh, owners)
    assert [kinds[name].sum() for name in ("core|sei", "layer|layer", "sei|electrolyte")] == [3 if dim == 2 else 8] * 3
    assert np.sum(list(kinds.values()), axis=0).max() == 1


def test_grains_that_touch_share_an_interface():
    """Facets between two grains count as grain|matrix, those of a void as void, and none twice."""
    mesh = block([("a", 4.0, 2)])
    mesh.grain[(mesh.layer == 0)] = 0
    left = mesh.points[mesh.cells[:, :4], 0].mean(axis=1) < 3
    mesh.grain[(mesh.layer == 0) & left] = 1
    found = interfaces(mesh)
    assert len(found["grain|matrix"]) == 2 * 2 * 2  # two rows, two columns, two triangles each
    mesh.region_names.append("void")
    mesh.region[mesh.grain == 1] = 3
    found = interfaces(mesh)
    assert len(found["grain|matrix"]) == 0
    assert len(found["void"]) == 8 + 2 * 4
    assert len(found["core|sei"]) == len(found["sei|electrolyte"]) == 4


@pytest.mark.parametrize(
    "make",
    [lambda: film_with_sphere(3.0, 10.0, segments=1, shells=(1, 2)), lambda: ball([("a", 4.0, 1)], segments=1, part="cone")],
    ids=["patch", "cone"],
)
def test_gmsh_reads_what_was_written(make, tmp_path):
    """Regions, interfaces and sides are physical groups with their volumes and areas, and curved cells are not inverted."""
    gmsh = pytest.importorskip("gmsh")
    mesh = make()
    write_msh(mesh, tmp_path / "mesh.msh", 1.0)
    gmsh.initialize(interruptible=False)
    try:
        gmsh.option.setNumber("General.Terminal", 0)
        gmsh.open(str(tmp_path / "mesh.msh"))
        names = {gmsh.model.getPhysicalName(*group): group for group in gmsh.model.getPhysicalGroups()}
        assert set(names) == set(mesh.region_names) | set(named_facets(mesh))
        volumes = cell_volumes(mesh.points, mesh.cells)
        for k, name in enumerate(mesh.region_names):
            measured = 0.0
            for entity in gmsh.model.getEntitiesForPhysicalGroup(*names[name]):
                kinds, tags, _ = gmsh.model.mesh.getElements(3, entity)
                assert list(kinds) == [11]
                places, weights = gmsh.model.mesh.getIntegrationPoints(11, "Gauss4")
                determinants = gmsh.model.mesh.getJacobians(11, places, entity)[1]
                measured += (determinants.reshape(-1, len(weights)) @ weights).sum()
                assert gmsh.model.mesh.getElementQualities(tags[0], "minSJ").min() > 0
            assert measured == pytest.approx(volumes[mesh.region == k].sum(), rel=1e-8)
        if mesh.kind == "patch":
            assert {"periodic_left", "periodic_right", "periodic_front", "periodic_back", "bottom", "top"} <= set(names)
        else:
            assert {"symmetry_0", "symmetry_1", "symmetry_2", "symmetry_3", "outer"} <= set(names)
    finally:
        gmsh.finalize()
    read = meshio.read(tmp_path / "mesh.msh")
    kinds = {part.type for part in read.cells}
    assert kinds == {"tetra10", "triangle6"}


def test_vtu_of_tetrahedra(tmp_path):
    """ParaView's reader finds quadratic tetrahedra of the right volume, all tensor components, and jumps between regions."""
    pyvista = pytest.importorskip("pyvista")
    mesh = film_with_sphere(3.0, 10.0, segments=1, shells=(1, 2))
    given = made_up(mesh)
    write_vtu(tmp_path / "fields.vtu", {"film": given})
    grid = pyvista.read(tmp_path / "fields.vtu")
    assert (grid.celltypes == 24).all() and grid.n_cells == len(mesh.cells)
    cells = grid.cells.reshape(-1, 11)[:, 1:]
    flat = np.flatnonzero(mesh.region < 2)[:20]
    for k, (a, b) in enumerate(VTK_EDGES):
        corners = grid.points[cells[flat]]
        assert corners[:, 4 + k] == pytest.approx((corners[:, a] + corners[:, b]) / 2, abs=1e-18)
    assert np.asarray(grid.point_data["stress"]).shape[1] == 6
    assert np.asarray(grid.point_data["displacement"]).shape[1] == 3
    nodes = given.nodes
    for name in ("potential", "stress", "electric_field"):
        assert np.asarray(grid.point_data[name]) == pytest.approx(nodes.values[name], rel=1e-6, nan_ok=True)
    assert given.areas.sum() == pytest.approx(2000e-27, rel=1e-12)
    assert grid.n_points > len(mesh.points)


def test_mesh_file_of_a_comparison_in_space(tmp_path):
    """Two blocks side by side, with their groups."""
    meshes = [block([("a", 4.0, 1)]), block([("a", 4.0, 1)], period=8.0)]
    results = [SimpleNamespace(name=name, mesh=mesh) for name, mesh in zip("pq", meshes, strict=True)]
    write_mesh(tmp_path / "mesh.msh", results)
    read = meshio.gmsh.read(tmp_path / "mesh.msh")
    assert read.field_data["p/core|sei"][1] == 2 and read.field_data["q/a"][1] == 3
    tetrahedra = next(k for k, part in enumerate(read.cells) if part.type == "tetra10")
    cells = read.cells[tetrahedra].data
    back = np.empty(10, int)
    back[[0, 1, 2, 3, 9, 6, 8, 7, 5, 4]] = np.arange(10)  # VTK -> basix
    volumes = cell_volumes(read.points, cells[:, back])
    groups = read.cell_data["gmsh:physical"][tetrahedra]
    for r, side in zip(results, (6.0, 8.0), strict=True):
        inside = groups == read.field_data[f"{r.name}/a"][0]
        assert volumes[inside].sum() == pytest.approx(side**2 * 4e-27, rel=1e-9)


def test_units_follow_the_dimension():
    """Amperes and joules in space, per metre of depth in the plane; nothing else."""
    check_quantities("x", {"current.total": Quantity(1.0, "A"), "strain_energy.sei": Quantity(1.0, "J")})
    check_quantities("x", {"current.total": Quantity(1.0, "A/m"), "sei.interface_area": Quantity(1.0, "m2")})
    with pytest.raises(ValueError, match="documented is A/m or A"):
        check_quantities("x", {"current.total": Quantity(1.0, "A/m2")})


def test_facet_tables_are_opposite_to_the_vertices():
    """Facet k has all vertices but k."""
    for nodes, table in FACETS.items():
        vertices = 3 if nodes == 6 else 4
        for k, facet in enumerate(table):
            assert set(facet[: vertices - 1]) == set(range(vertices)) - {k}
