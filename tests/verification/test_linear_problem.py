"""Linear problems of one field: closed forms, every preset, many loads, changed coefficients, any number of ranks."""

import basix.ufl
import numpy as np
import pytest
import ufl
from dolfinx import fem, mesh

from seix.errors import ConvergenceError, InputError
from seix.fem import MPI, PETSc
from seix.numerics import linear_log, linear_problem, loads, loose
from seix.numerics.constraints import Block, Constraints
from seix.numerics.linear_problem import LinearProblem
from seix.numerics.loads import residual_of_rounding
from seix.numerics.serial_mesh import create_serial_mesh
from seix.physics.conduction import ohmic_conduction
from seix.physics.elasticity import hooke, lame, strain


def cube(dim, n, comm=MPI.COMM_WORLD):
    """Unit square or cube."""
    make = mesh.create_unit_square if dim == 2 else mesh.create_unit_cube
    return make(comm, *[n] * dim, ghost_mode=mesh.GhostMode.shared_facet)


def space_of(msh, degree, vector):
    dim = msh.topology.dim
    return fem.functionspace(msh, ("Lagrange", degree, *([(dim,)] if vector else [])))


def grounded(n, degree=2):
    """Square, its space, and constraints: no potential at the bottom."""
    msh = cube(2, n, MPI.COMM_SELF)
    space = space_of(msh, degree, False)
    constraints = Constraints(msh.comm, [Block("potential", space)])
    constraints.fix(0, lambda x: x[:, 1] < 1e-9, 0.0)
    return msh, space, constraints


def measure(msh):
    return ufl.Measure("dx", domain=msh, metadata={"quadrature_degree": 4})


def laminate(msh, low, high):
    """Piecewise constant coefficient: ``low`` below half of the height."""
    value = fem.Function(fem.functionspace(msh, ("DG", 0)))
    cells = np.arange(len(value.x.array), dtype=np.int32)
    middle = mesh.compute_midpoints(msh, msh.topology.dim, cells)[:, msh.topology.dim - 1]
    value.x.array[:] = np.where(middle < 0.5, low, high)
    return value


@pytest.mark.parametrize("preset", ["direct", "multigrid"])
@pytest.mark.parametrize("dim, degree", [(2, 1), (2, 2), (3, 1), (3, 2)])
def test_laminate_conducts_as_resistances_in_series(dim, degree, preset):
    """Two layers of 1 and 1e3: the potential between them is 1 / (1 + 1e-3); then of 1 and 3, on the same matrix."""
    msh = cube(dim, 4)
    space = space_of(msh, degree, False)
    constraints = Constraints(msh.comm, [Block("potential", space)])
    constraints.fix(0, lambda x: x[:, dim - 1] < 1e-9, 0.0)
    constraints.fix(0, lambda x: x[:, dim - 1] > 1 - 1e-9, 1.0)
    kappa = laminate(msh, 1.0, 1e3)
    a = ohmic_conduction(kappa, ufl.TrialFunction(space), ufl.TestFunction(space)) * measure(msh)
    problem = LinearProblem(a, constraints, preset=preset, tolerance=1e-12)
    for high in (1e3, 3.0):
        kappa.x.array[:] = laminate(msh, 1.0, high).x.array
        problem.update()
        (solution,) = problem.solve([None])
        between = 1 / (1 + 1 / high)
        z = space.tabulate_dof_coordinates()[:, dim - 1]
        exact = np.where(z < 0.5, 2 * z * between, 1 - 2 * (1 - z) * (1 - between))
        # the load is in the stiff layer: its residual, seen from the other one, is larger by the contrast
        assert np.abs(solution.x.array - exact).max() <= 10 * high * 1e-12
        assert max(problem.record.residuals) <= 1e-11
    problem.destroy()


@pytest.mark.parametrize("preset", ["direct", "multigrid"])
@pytest.mark.parametrize("dim", [2, 3])
def test_many_loads_on_one_set_up(dim, preset):
    """Unit eigenstrains of a body on rollers: u = strain times position, for each direction, on one factorisation."""
    msh = cube(dim, 3)
    space = space_of(msh, 2, True)
    constraints = Constraints(msh.comm, [Block("displacement", space)])
    for axis in range(dim):
        constraints.fix(0, lambda x, axis=axis: x[:, axis] < 1e-9, component=axis)
    lam, mu = lame(70.0, 0.3)
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    dx = measure(msh)
    loads = []
    for axis in range(dim):
        unit = np.zeros((3, 3))
        unit[axis, axis] = 0.01
        free = ufl.as_tensor(unit.tolist())
        loads.append(ufl.inner(lam * ufl.tr(free) * ufl.Identity(3) + 2 * mu * free, strain(v)) * dx)
    problem = LinearProblem(ufl.inner(hooke(strain(u), 0.0, lam, mu), strain(v)) * dx, constraints, preset=preset, loads=dim,
                            tolerance=1e-11)  # fmt: skip
    solutions = problem.solve(loads)
    assert problem.record.setups == 1 and len(problem.record.iterations) == dim
    x = space.tabulate_dof_coordinates()[:, :dim]
    for axis, solution in enumerate(solutions):
        expected = np.zeros(x.shape)
        expected[:, axis] = 0.01 * x[:, axis]
        assert np.abs(solution.x.array.reshape(-1, dim) - expected).max() <= 1e-10
    problem.destroy()


@pytest.mark.parametrize("preset", ["direct", "multigrid"])
@pytest.mark.parametrize("degree", [1, 2])
def test_periodic_elasticity_with_a_jump(preset, degree):
    """A strip stretched by 1 % between its periodic sides, free above, in plane strain: Hooke's law by hand."""
    dim = 2
    msh = cube(dim, 4)
    space = space_of(msh, degree, True)
    constraints = Constraints(msh.comm, [Block("displacement", space)])
    constraints.fix(0, lambda x: x[:, 1] < 1e-9, component=1)
    constraints.fix_node(0, (0.0, 0.0), components=(0,))
    constraints.periodic(0, 1.0, jumps={0: 0.01})
    lam, mu = lame(10.0, 0.25)
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    a = ufl.inner(hooke(strain(u), 0.0, lam, mu), strain(v)) * measure(msh)
    problem = LinearProblem(a, constraints, preset=preset, tolerance=1e-11)
    (solution,) = problem.solve([None])
    thinning = -lam / (lam + 2 * mu) * 0.01
    x = space.tabulate_dof_coordinates()[:, :dim]
    expected = np.column_stack([0.01 * x[:, 0], thinning * x[:, 1]])
    assert np.abs(solution.x.array.reshape(-1, dim) - expected).max() <= 1e-10
    problem.destroy()


@pytest.mark.parametrize("dim, degree", [(2, 2), (3, 2), (3, 1)])
def test_iterations_do_not_grow_with_the_mesh(dim, degree):
    """Stiffness contrast of 1e4, finer: at most a fifth more iterations, and one (they are few and integer).

    The fine mesh in the plane is one on which single precision does not do, and rounding alone leaves more than the tolerance.
    """
    counts = []
    for n in ((16, 64) if dim == 2 else (8, 16)):
        msh = cube(dim, n, MPI.COMM_SELF)
        space = space_of(msh, degree, True)
        constraints = Constraints(msh.comm, [Block("displacement", space)])
        for axis in range(dim):
            constraints.fix(0, lambda x: x[:, dim - 1] < 1e-9, component=axis)
        lam, mu = (laminate(msh, low, 1e4 * low) for low in lame(1.0, 0.3))
        u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
        a = ufl.inner(hooke(strain(u), 0.0, lam, mu), strain(v)) * measure(msh)
        problem = LinearProblem(a, constraints, preset="multigrid")
        problem.solve([v[0] * measure(msh)])
        counts += problem.record.iterations
        solver = problem.record.solver
        problem.destroy()
    assert solver == ("multigrid (double)" if dim == 2 else "multigrid (icc)")
    assert counts[1] <= 1.2 * counts[0] + 1


def test_stiff_on_soft_is_solved_as_well_as_rounding_allows():
    """A column under its weight, the upper half 1e5 times stiffer: quadratic in each half, which the elements can be exactly.

    The error is that of rounding: the condition number is about contrast times cells squared, 4e8.
    """
    n, contrast = 64, 1e5
    msh = cube(2, n, MPI.COMM_SELF)
    space = space_of(msh, 2, True)
    constraints = Constraints(msh.comm, [Block("displacement", space)])
    constraints.fix(0, lambda x: x[:, 1] < 1e-9, component=1)
    constraints.fix(0, lambda x: (x[:, 0] < 1e-9) | (x[:, 0] > 1 - 1e-9), component=0)
    lam, mu = (laminate(msh, low, contrast * low) for low in lame(1.0, 0.0))
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    problem = LinearProblem(ufl.inner(hooke(strain(u), 0.0, lam, mu), strain(v)) * measure(msh), constraints)
    (solution,) = problem.solve([-v[1] * measure(msh)])
    y = space.tabulate_dof_coordinates()[:, 1]
    low, middle = y - y**2 / 2, 0.5 - 0.5**2 / 2
    expected = -np.where(y <= 0.5, low, middle + (low - middle) / contrast)
    found = solution.x.array.reshape(-1, 2)
    assert problem.record.residuals[0] > 10 * problem.tolerance  # more than is accepted without a look at the rounding
    assert np.abs(found - np.column_stack([0 * y, expected])).max() <= 100 * np.finfo(float).eps * contrast * n**2
    problem.destroy()


@pytest.mark.parametrize("vector", [False, True])
def test_fixed_values_are_those_of_the_general_way(vector):
    """Values, and a plane of symmetry along an axis, give the same vector as the constraint matrix does; followers need it."""
    msh = cube(2, 3)
    space = space_of(msh, 2, vector)
    constraints = Constraints(msh.comm, [Block("displacement" if vector else "potential", space)])
    constraints.fix(0, lambda x: x[:, 1] < 1e-9, 0.25)
    if vector:
        constraints.mirror(0, lambda x: x[:, 0] < 1e-9, (1.0, 0.0), 0)
    given = constraints.fixed_values()
    P, g, _, _ = constraints.build()
    assert np.array_equal(given.array_r, g.array_r) and np.count_nonzero(g.array_r)
    constraints.periodic(0, 1.0)
    assert constraints.fixed_values() is None
    for item in (given, P, g):
        item.destroy()


def test_residual_of_rounding_is_that_of_each_unknown_with_its_own_stiffness():
    """A stiff unknown at rest and a soft one far away: 2^-52 * |(1e6 * 1, 1 * 1e3)| over |b| = 2; zero for what is held."""
    vectors = [PETSc.Vec().createSeq(3, comm=PETSc.COMM_SELF) for _ in range(3)]
    for vector, values in zip(vectors, ([1e6, 1.0, 0.0], [2.0, 0.0, 0.0], [1.0, 1e3, 1e9]), strict=True):
        vector.array[:] = values
    expected = 2.0**-52 * np.hypot(1e6, 1e3) / 2
    assert residual_of_rounding(*vectors) == pytest.approx(expected, rel=1e-12)
    for vector in vectors:
        vector.destroy()


@pytest.mark.parametrize(("residual", "chain", "ended", "accepted"), [
    (5e-8, ["direct"], True, True),  # ten times the rounding at most
    (5e-6, ["direct"], True, False),
    (5e-8, ["multigrid (icc)", "multigrid (double)"], True, False),  # single precision: another is tried first
    (5e-8, ["direct"], False, False),  # the solver gave up
])  # fmt: skip
def test_only_so_much_is_put_down_to_rounding(monkeypatch, residual, chain, ended, accepted):
    """The rounding is said to be 1e-8 and the tolerance is 1e-9; and it is never more than a hundred tolerances."""
    msh, space, constraints = grounded(2)
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    problem = LinearProblem(ohmic_conduction(1.0, u, v) * measure(msh), constraints, preset="direct", tolerance=1e-9)
    load = problem._given.duplicate()
    problem.solve([v * measure(msh)])
    problem._chain = chain
    for rounding in (1e-8, 1.0):
        limit = min(rounding, 100.0 * 1e-9)
        good = residual <= 10 * limit and ended and chain == ["direct"]
        assert good is accepted or rounding == 1.0
        monkeypatch.setattr(loads, "residual_of_rounding", lambda *_, r=rounding: r)
        given = [load, load], [load, load], [residual, 2e-9], [load, load]
        assert problem._tolerances(*given, ended) == ([limit, 1e-9] if good else None)
    load.destroy()
    problem.destroy()


@pytest.fixture
def at_rounding(monkeypatch):
    """Every solution is off by what rounding could leave, and by more than is asked for."""
    monkeypatch.setattr(linear_problem, "true_residual", lambda *_: 5e-8)
    monkeypatch.setattr(loads, "residual_of_rounding", lambda *_: 1e-8)


@pytest.mark.usefixtures("at_rounding")
def test_a_solver_that_gives_up_is_not_excused_by_rounding():
    """Two iterations leave a residual that rounding could have left, were it as large: only one that has ended may say so."""
    msh, space, constraints = grounded(16)
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    linear_log.reset()
    for options in ({}, {"ksp_max_it": 2}):
        problem = LinearProblem(ohmic_conduction(1.0, u, v) * measure(msh), constraints, preset="multigrid", tolerance=1e-9,
                                options=options)  # fmt: skip
        problem._chain = problem._chain[:1]
        if options:
            with pytest.raises(ConvergenceError, match="after 2 iterations"):
                problem.solve([v * measure(msh)])
        else:
            problem.solve([v * measure(msh)])
            assert problem.record.tolerances == [1e-8]
        problem.destroy()
    (found,) = linear_log.solved()  # for the record of the run
    assert found.pop("iterations") > 2
    assert found == {"field": "potential", "solver": "multigrid (icc)", "tolerance": 1e-9, "loads": 1, "residual": 5e-8,
                     "at_rounding": 1, "tolerance_of_rounding": 1e-8}  # fmt: skip


def test_all_loads_must_have_ended():
    """One that does not, between two that do: zero is solved at once, the other one takes more than one iteration."""
    matrix = PETSc.Mat().createAIJ([3, 3], nnz=3, comm=PETSc.COMM_SELF)
    for i in range(3):
        for j in range(3):
            matrix[i, j] = 1.0 / (i + j + 1)
    matrix.assemble()
    rights = [matrix.createVecLeft() for _ in range(3)]
    rights[1].array[:] = [1.0, 2.0, 3.0]
    for most in (1, 10):
        ksp = PETSc.KSP().create(PETSc.COMM_SELF)
        ksp.setOperators(matrix)
        ksp.setType("cg")
        ksp.getPC().setType("none")
        ksp.setTolerances(rtol=1e-8, max_it=most)
        found, _, ended = loads.solve_loads(ksp, rights, together=False)
        assert ended is (most == 10)
        for item in (*found, ksp):
            item.destroy()
    for item in (*rights, matrix):
        item.destroy()


@pytest.mark.usefixtures("at_rounding")
def test_parts_are_searched_once_for_each_matrix(monkeypatch):
    """Two solutions at the limit of rounding, and a third with another conductivity: the mesh has its parts all the time."""
    msh, space, constraints = grounded(4)
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    counts = {"parts": 0, "motions": 0}
    parts, motions = loose.parts_of, loose.LooseMotions._search

    def counted(name, function, *arguments):
        counts[name] += 1
        return function(*arguments)

    monkeypatch.setattr(loose, "parts_of", lambda *a: counted("parts", parts, *a))
    monkeypatch.setattr(loose.LooseMotions, "_search", lambda *a: counted("motions", motions, *a))
    conductivity = fem.Constant(msh, 1.0)
    problem = LinearProblem(ohmic_conduction(conductivity, u, v) * measure(msh), constraints, preset="direct", tolerance=1e-9)
    for value, searched in ((1.0, 1), (1.0, 1), (2.0, 2)):
        conductivity.value = value
        problem.update()
        problem.solve([v * measure(msh)])
        assert counts == {"parts": 1, "motions": searched}
    problem.destroy()


def test_a_wrong_solution_is_not_taken_for_one_that_is_rounded():
    """One of two patches without contact floats, and is pushed so little that the load misses it by 1e-6 of its norm only.

    Its solution may hold any shift of the patch, the larger the rounding of which would excuse any residual.
    """
    points = np.array([[0.0, 0.0], [1, 0], [1, 1], [0, 1], [2, 0], [3, 0], [3, 1], [2, 1]])
    cells = np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]])
    msh = create_serial_mesh(MPI.COMM_SELF, points, cells, basix.ufl.element("Lagrange", "triangle", 1, shape=(2,)))
    space = space_of(msh, 2, False)
    constraints = Constraints(msh.comm, [Block("potential", space)])
    constraints.fix(0, lambda x: x[:, 0] < 1e-9)
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    problem = LinearProblem(ohmic_conduction(1.0, u, v) * measure(msh), constraints, preset="direct")
    x = ufl.SpatialCoordinate(msh)
    push = ufl.conditional(ufl.gt(x[0], 1.5), 1e-6, 1.0)
    with pytest.raises(InputError, match="connected part 2 of 2"):
        problem.solve([push * v * measure(msh)])
    problem.destroy()


def test_what_cannot_be_solved_is_said():
    """Two Krylov iterations are not enough: an error that names field and solvers, no silent wrong answer."""
    msh, space, constraints = grounded(16)
    a = ohmic_conduction(1.0, ufl.TrialFunction(space), ufl.TestFunction(space)) * measure(msh)
    problem = LinearProblem(a, constraints, preset="multigrid", options={"ksp_max_it": 2})
    problem._chain = problem._chain[:2]
    with pytest.raises(ConvergenceError, match=r"linear system of the potential.*multigrid \(icc\).*multigrid \(jacobi\)"):
        problem.solve([ufl.TestFunction(space) * measure(msh)])
    problem.destroy()


@pytest.mark.slow
@pytest.mark.parallel(nprocs=3)
def test_the_same_on_three_ranks():
    """The cases above in one go, since starting ranks takes longer than they do."""
    for preset in ("direct", "multigrid"):
        for dim, degree in ((2, 2), (3, 1), (3, 2)):
            test_laminate_conducts_as_resistances_in_series(dim, degree, preset)
        test_many_loads_on_one_set_up(3, preset)
        for degree in (1, 2):
            test_periodic_elasticity_with_a_jump(preset, degree)
        test_loads_on_what_nothing_holds_are_refused(preset)
        test_what_is_held_by_little_is_solved(preset)


def test_the_next_solver_takes_over_the_problem_as_it_was():
    """Multigrid that may not iterate fails; the factorisation then solves the load that was given: u = z - z^2 / 2."""
    msh, space, constraints = grounded(8)
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    a = ohmic_conduction(1.0, u, v) * measure(msh)
    problem = LinearProblem(a, constraints, preset="multigrid", options={"ksp_max_it": 2})
    (solution,) = problem.solve([v * measure(msh)])
    assert problem.record.solver == "direct"
    z = space.tabulate_dof_coordinates()[:, 1]
    assert np.abs(solution.x.array - (z - z**2 / 2)).max() <= 1e-12
    with pytest.raises(ConvergenceError):
        problem.solve([v * measure(msh), fem.Constant(msh, np.nan) * v * measure(msh)])
    problem.destroy()


FAILURES = [
    ("direct", {"mat_mumps_icntl_23": 1}, 1.0, 1),  # too little memory
    ("direct", {"mat_mumps_icntl_23": 1}, 1.0, 2),
    ("direct", {}, 0.0, 1),  # singular
    ("direct", {"pc_factor_shift_type": "bogus"}, 1.0, 1),  # no such option
    ("multigrid", {"mg_coarse_mat_mumps_icntl_23": 1}, 1.0, 1),
]


@pytest.mark.parallel(nprocs=2)
def test_failed_factorisations_end_on_all_ranks():
    """One rank factorises: the others do not wait for ever for a factor it has not got, and the next solver is tried."""
    msh = cube(2, 40)
    space = space_of(msh, 2, False)
    for preset, options, conductivity, number in FAILURES:
        constraints = Constraints(msh.comm, [Block("potential", space)])
        constraints.fix(0, lambda x: x[:, 1] < 1e-9, 0.0)
        constraints.fix(0, lambda x: x[:, 1] > 1 - 1e-9, 1.0)
        value = fem.Constant(msh, conductivity)
        a = ohmic_conduction(value, ufl.TrialFunction(space), ufl.TestFunction(space)) * measure(msh)
        problem = LinearProblem(a, constraints, preset=preset, options=options, loads=number)
        if preset == "direct":
            with pytest.raises(ConvergenceError, match="the linear system of the potential was not solved: direct"):
                problem.solve([None] * number)
        else:
            (solution,) = problem.solve([None])
            assert problem.record.solver == "multigrid (jacobi)"
            assert np.abs(solution.x.array - space.tabulate_dof_coordinates()[:, 1]).max() < 1e-6
        problem.destroy()


def test_rigid_inclusions_take_no_more_iterations():
    """Rigid balls (1e4 to 1) couple all of their nodes: with too weak a strength of connection iterations grow fourfold."""
    counts = {}
    for contrast in (1.0, 1e4):
        msh = cube(3, 16, MPI.COMM_SELF)
        space = space_of(msh, 2, True)
        constraints = Constraints(msh.comm, [Block("displacement", space)])
        for axis in range(3):
            constraints.fix(0, lambda x: x[:, 2] < 1e-9, component=axis)
        middles = mesh.compute_midpoints(msh, 3, np.arange(msh.topology.index_map(3).size_local, dtype=np.int32))
        inside = np.linalg.norm((middles * 2) % 1 - 0.5, axis=1) < 0.4
        factor = fem.Function(fem.functionspace(msh, ("DG", 0)))
        factor.x.array[:] = np.where(inside, contrast, 1.0)
        lam, mu = (factor * value for value in lame(1.0, 0.3))
        u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
        a = ufl.inner(hooke(strain(u), 0.0, lam, mu), strain(v)) * measure(msh)
        problem = LinearProblem(a, constraints, preset="multigrid")
        problem.solve([v[0] * measure(msh)])
        (counts[contrast],) = problem.record.iterations
        problem.destroy()
    assert counts[1e4] <= 1.5 * counts[1.0]


def test_changed_constant_is_noticed():
    """Twice the conductivity halves the potential, with nothing else changed."""
    msh, space, constraints = grounded(6)
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    conductivity = fem.Constant(msh, 1.0)
    problem = LinearProblem(ohmic_conduction(conductivity, u, v) * measure(msh), constraints)
    (before,) = problem.solve([v * measure(msh)])
    conductivity.value = 2.0
    problem.update()
    (after,) = problem.solve([v * measure(msh)])
    assert np.abs(before.x.array).max() == pytest.approx(0.5, rel=1e-9)
    assert np.abs(after.x.array - before.x.array / 2).max() <= 1e-9
    problem.destroy()


def test_elements_of_third_degree_are_factorised():
    """u = z - z^2 / 2 is in the space, and the multigrid of quadratic elements is not tried on it."""
    msh, space, constraints = grounded(4, degree=3)
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    dx = ufl.Measure("dx", domain=msh, metadata={"quadrature_degree": 4})
    problem = LinearProblem(ohmic_conduction(1.0, u, v) * dx, constraints, preset="multigrid")
    (solution,) = problem.solve([v * dx])
    z = space.tabulate_dof_coordinates()[:, 1]
    assert problem.record.solver == "direct"
    assert np.abs(solution.x.array - (z - z**2 / 2)).max() <= 1e-12
    problem.destroy()


def test_option_without_effect_is_refused():
    """A misspelt option would otherwise be ignored."""
    msh, space, constraints = grounded(4)
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    problem = LinearProblem(ohmic_conduction(1.0, u, v) * measure(msh), constraints, preset="direct", options={"ksp_typo": 3})
    with pytest.raises(InputError, match="no use for ksp_typo with direct"):
        problem.solve([v * measure(msh)])
    problem.destroy()


def sheets(split, finer=1):
    """One sheet, or two unit squares with a gap between."""
    whole = mesh.create_rectangle(
        MPI.COMM_WORLD, [(0, 0), (3, 1)], (12 * finer, 4 * finer), ghost_mode=mesh.GhostMode.shared_facet
    )
    if not split:
        return whole
    return mesh.create_submesh(whole, 2, mesh.locate_entities(whole, 2, lambda x: (x[0] < 1 + 1e-9) | (x[0] > 2 - 1e-9)))[0]


def left(x):
    return x[:, 0] < 1e-9


def solved_with(msh, hold, load, preset, vector=False, tolerance=1e-9):
    """Solution of conduction or elasticity with the constraints that ``hold`` adds, and the load of a density."""
    space = space_of(msh, 2, vector)
    constraints = Constraints(msh.comm, [Block("displacement" if vector else "potential", space)])
    hold(constraints)
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    x = ufl.SpatialCoordinate(msh)
    if vector:
        a = ufl.inner(hooke(strain(u), 0.0, *lame(1.0, 0.3)), strain(v)) * measure(msh)
    else:
        a = ohmic_conduction(fem.Constant(msh, 2.0), u, v) * measure(msh)
    problem = LinearProblem(a, constraints, preset=preset, tolerance=tolerance)
    try:
        return problem.solve([ufl.inner(load(x), v) * measure(msh)])[0]
    finally:
        problem.destroy()


@pytest.mark.parametrize("preset", ["direct", "multigrid"])
def test_loads_on_what_nothing_holds_are_refused(preset):
    """A potential without a ground; one of two sheets without one; a free shift and a free rotation; each by its name."""
    def one(x):
        return 1.0 + 0.0 * x[0]

    def pull(x):
        return ufl.as_vector([1.0 + 0.0 * x[0], 0.0])

    def shear(x):
        return ufl.as_vector([x[1], 0.0])

    for hold in (lambda c: None, lambda c: c.periodic(0, 3.0)):
        with pytest.raises(InputError, match="a load acts on a constant of the potential, which nothing holds"):
            solved_with(sheets(False), hold, one, preset)
    with pytest.raises(InputError, match=r"a constant of the potential, connected part [12] of 2, which"):
        solved_with(sheets(True), lambda c: c.fix(0, left), one, preset)
    bottom = lambda x: x[:, 1] < 1e-9  # noqa: E731
    with pytest.raises(InputError, match="a shift of the displacement along x, which"):
        solved_with(sheets(False), lambda c: c.fix(0, bottom, component=1), pull, preset, True)
    with pytest.raises(InputError, match="a rotation of the displacement"):
        solved_with(sheets(False), lambda c: c.fix_node(0, (0.0, 0.0), (0, 1)), shear, preset, True)


@pytest.mark.parametrize("preset", ["direct", "multigrid"])
def test_what_is_held_by_little_is_solved(preset):
    """One node is enough for a potential and for a periodic strip, two for a sheet; a balanced load needs none at all."""
    def balanced(x):
        return ufl.cos(np.pi * x[1])

    msh = sheets(False)
    pinned = solved_with(msh, lambda c: c.fix_node(0, (0.0, 0.0)), balanced, preset)
    y = pinned.function_space.tabulate_dof_coordinates()[:, 1]
    exact = (np.cos(np.pi * y) - 1) / (2 * np.pi**2)
    assert np.abs(pinned.x.array - exact).max() < 1e-3
    if preset == "multigrid":
        free = solved_with(msh, lambda c: None, balanced, preset).x.array
        assert np.ptp(free - exact) < 1e-3

    def strip(constraints):
        constraints.fix_node(0, (0.0, 0.0), (0, 1))
        constraints.periodic(0, 3.0)

    def two(constraints):
        constraints.fix_node(0, (0.0, 0.0), (0, 1))
        constraints.fix_node(0, (0.25, 0.0), (1,))

    for hold in (strip, two):
        solved_with(msh, hold, lambda x: ufl.as_vector([0.0 * x[0], ufl.cos(np.pi * x[1])]), preset, True)
