"""The same numbers on one, two and three ranks."""

import basix.ufl
import numpy as np
import pytest
import ufl
from dolfinx import fem

from seix.analysis.evaluate import NodalEvaluator, Piece
from seix.fem import MPI
from seix.numerics.domains import CORE, Domains, distribute
from seix.parameters import InterfaceLaw
from seix.verification.space_meshes import ball, block, film_with_sphere
from support import parameters, ring, solved, strip

MESH = block([("a", 90.0, 9)], core=(10.0, 1))
ROUNDING = {"current.imbalance", "lithium.imbalance"}


def with_grains(mesh):
    """Tag one square of the film as a grain of another phase."""
    middle = mesh.points[mesh.cells[:, :3]].mean(axis=1)
    inside = (np.abs(middle[:, 0] - 3.0) < 1.2) & (np.abs(middle[:, 1] - 10.0) < 5)
    mesh.region_names.append("grain")
    mesh.region[inside], mesh.grain[inside] = len(mesh.region_names) - 1, 0
    return mesh


CASES = {
    "patch, Butler-Volmer, free strain": (
        lambda: with_grains(strip([("a", 20.0, 8), ("b", 20.0, 4)], columns=5)),
        InterfaceLaw(stress_feedback=True, equilibrium_slope=1e-6),
        {},
    ),
    "patch, perfect contact, given strain": (
        lambda: with_grains(strip([("a", 20.0, 8), ("b", 20.0, 4)], columns=5)),
        InterfaceLaw(law="perfect_contact"),
        {"in_plane_strain": 0.01},
    ),
    "particle, film": (lambda: ring([("a", 5.0, 2), ("b", 5.0, 2)]), InterfaceLaw(law="film_resistance", resistance=1e-2), {}),
    "sector, Butler-Volmer": (
        lambda: ring([("a", 5.0, 2), ("b", 5.0, 2)], segments=9, sector=1.2),
        InterfaceLaw(stress_feedback=True),
        {},
    ),
}
IN_SPACE = {
    "patch in space, perfect contact, free strain": (
        lambda: film_with_sphere(3.0, 10.0, segments=1, shells=(1, 2), shift=True),
        InterfaceLaw(law="perfect_contact"),
        {},
    ),
    "patch in space with a void, film": (
        lambda: film_with_sphere(3.0, 10.0, segments=1, shells=(1, 2), grain="void", shift=True),
        InterfaceLaw(law="film_resistance", resistance=1e-2),
        {"in_plane_strain": 0.01},
    ),
    "sphere, Butler-Volmer": (
        lambda: ball([("a", 5.0, 1), ("b", 5.0, 1)], segments=1, part="full"),
        InterfaceLaw(stress_feedback=True),
        {},
    ),
    "octant, perfect contact": (
        lambda: ball([("a", 5.0, 1), ("b", 5.0, 1)], segments=2),
        InterfaceLaw(law="perfect_contact"),
        {},
    ),
    "cone, Butler-Volmer": (
        lambda: ball([("a", 5.0, 1), ("b", 5.0, 1)], segments=1, part="cone"),
        InterfaceLaw(equilibrium_slope=1e-6),
        {},
    ),
}


@pytest.mark.parallel(nprocs=[2, 3])
@pytest.mark.parametrize("case", CASES)
def test_same_quantities_on_all_rank_counts(case):
    """Every quantity agrees to 1e-8 relative with a computation of each rank on its own."""
    compare(*CASES[case], with_grain=case.startswith("patch"))


@pytest.mark.parallel(nprocs=2)
def test_same_quantities_in_space():
    """The same for a grain cut by the periodic sides."""
    compare(*IN_SPACE["patch in space, perfect contact, free strain"])


@pytest.mark.slow
@pytest.mark.parallel(nprocs=3)
def test_same_quantities_in_space_for_all_shapes():
    """The same on three ranks; in one run, because starting the ranks takes longer than the computation."""
    for case in IN_SPACE.values():
        compare(*case)


def compare(make, law, loads, with_grain=True):
    """Compute alone and together and compare."""
    conductivity = {"a": 1e-6, "b": 1e-7, "matrix": 1e-7} | ({"grain": 1e-10} if with_grain else {})
    values = parameters(
        conductivity,
        "b",
        law,
        modulus={"grain": 118e9} if "grain" in conductivity else None,
        core_swelling=0.01,
        surface_conductance=1e-16,
        **loads,
    )
    _, alone = solved(make(), values, (1.0, 5.0), MPI.COMM_SELF)
    _, together = solved(make(), values, (1.0, 5.0), MPI.COMM_WORLD)
    for multiple, quantities in alone.items():
        for name, value in quantities.items():
            if name in ROUNDING:
                assert together[multiple][name] < 1e-8
            else:
                scale = 1e9 if name.startswith("stress") else abs(value)  # Pa: stresses that vanish by symmetry are rounding
                assert abs(together[multiple][name] - value) <= 1e-8 * scale, name


@pytest.mark.parallel(nprocs=3)
def test_nodal_values_where_a_rank_has_none():
    """Nodal values of all cells reach rank 0 in the order of the input, whoever owns the cells of a region."""
    domains = Domains(MPI.COMM_WORLD, MESH if MPI.COMM_WORLD.rank == 0 else None)
    nodes = NodalEvaluator(domains)
    values = nodes.allocate(3)
    assert 0 in MPI.COMM_WORLD.allgather(len(nodes.cells([CORE])))
    for region in range(3):
        nodes.gather([Piece("place", ufl.SpatialCoordinate(domains.mesh), 1.0)], [region], {"place": values})
    if MPI.COMM_WORLD.rank == 0:
        assert values == pytest.approx(MESH.points[MESH.cells], abs=1e-12)


@pytest.mark.parallel(nprocs=3)
def test_a_mesh_of_fewer_cells_than_ranks_is_distributed():
    """Two triangles on three ranks: each is owned once, and knows its neighbour."""
    comm = MPI.COMM_WORLD
    points, cells = np.array([[0.0, 0.0], [1, 0], [1, 1], [0, 1]]), np.array([[0, 1, 2], [0, 2, 3]])
    given = (points, cells) if comm.rank == 0 else (None, None)
    msh = distribute(comm, *given, basix.ufl.element("Lagrange", "triangle", 1, shape=(2,)))
    imap = msh.topology.index_map(2)
    assert imap.size_global == 2
    assert imap.num_ghosts == imap.size_local  # in different parts, and neighbours across a facet
    area = fem.assemble_scalar(fem.form(fem.Constant(msh, 1.0) * ufl.dx))
    assert comm.allreduce(area) == pytest.approx(1.0)
