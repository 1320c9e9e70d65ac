"""Agreement with scikit-fem, an independent finite element code, on meshes of seix' own mesher (round grains, curved cells).

Mesh, values and quadrature points are the same (see ``tests/independent.py``), so the discrete problems are the same:
what differs must be the error of the solvers.
"""

from functools import cache

import numpy as np
import pytest

pytest.importorskip("skfem")

import ufl
from dolfinx import fem

import geometry_cases as cases
from independent import Independent
from seix.analysis.quantities import Measurement
from seix.fem import MPI
from seix.geometry.meshing import make_mesh
from seix.model import Model
from seix.numerics.constraints import Block, Constraints
from seix.numerics.domains import Domains
from seix.numerics.linear_problem import LinearProblem
from seix.numerics.solver import NewtonSolver
from seix.numerics.stepping import LoadPath
from seix.parameters import InterfaceLaw
from seix.physics import conduction, elasticity
from support import parameters

SOLVER = 1e-10
"""Relative error that the solvers of seix may leave in a field."""
FIELD = 10 * SOLVER
"""Largest relative difference of a field, in the 2-norm: that error, and as much again for rounding in both codes."""
GRADIENT = 100 * FIELD
"""The same for gradients: the derivative of an error that oscillates from node to node; patches are 100 nodes wide or less."""
CONDUCTIVITY = {"electrolyte": 1e-4, "organic_polymer": 1e-7, "LiF": 1e-10, "Li3N": 1e-5}
CORE_CONDUCTIVITY = 1e-4
"""S/m, low, so that digits are left to an independent code that does not scale the potential of the core."""
MILD = {"electrolyte": 1e-6, "core": 1e-6, "organic_polymer": 1e-7, "LiF": 1e-8, "Li3N": 1e-6}
"""For solvers that stop by the residual, which is smaller than the error by up to the contrast."""
CURRENT = 0.2
YOUNG = {"core": 50.0, "organic_polymer": 2.4, "LiF": 118.0, "Li3N": 65.0}
POISSON = {"core": 0.25, "organic_polymer": 0.35, "LiF": 0.2, "Li3N": 0.21}
PHASES = ("organic_polymer", "LiF", "Li3N")


@cache
def patch(dim):
    """Bilayer with round grains in its inner layer, some of them cut by the periodic sides."""
    if dim == 2:
        return make_mesh(cases.scenario(cases.patch(30.0, 8.0, 4.0), cases.bilayer(16.0, 9.0, 0.22), cells_per_diameter=4))
    geometry = cases.patch(12.0, 3.0, 2.0) | {"dimension": 3}
    coarse = {"cells_per_diameter": 2.5, "cells_per_gap": 0.5, "cells_per_layer": 1, "growth": 1.8}
    return make_mesh(cases.scenario(geometry, cases.bilayer(6.5, 4.2, 0.1, diameter=3.0, gap=0.6), **coarse))


@cache
def independent(dim):
    """The same mesh in scikit-fem."""
    return Independent(patch(dim))


def apart(ours, theirs):
    """Relative difference in the 2-norm."""
    return np.linalg.norm(ours - theirs) / np.linalg.norm(theirs)


def at_nodes(function, other):
    """Values of a field of seix with one row for each node, and the numbers of these nodes in the other code."""
    space = function.function_space
    place = space.tabulate_dof_coordinates()[:, : other.dim]
    return function.x.array.reshape(len(place), -1), other.numbers(place)


def test_meshes_are_curved_and_of_two_phases():
    """What follows would be less of a test on straight cells or without grains."""
    for dim in (2, 3):
        mesh = patch(dim)
        assert len(np.unique(mesh.grain[mesh.grain >= 0])) >= 5
        assert set(PHASES) <= set(mesh.region_names)
        a, b, middle = (mesh.points[mesh.cells[:, k]] for k in ((0, 1, 5) if dim == 2 else (0, 1, 9)))
        assert np.linalg.norm((a + b) / 2 - middle, axis=1).max() > 0.01


@pytest.mark.parametrize("dim, stretch", [(2, 0.02), (2, None), pytest.param(3, 0.02, marks=pytest.mark.slow), (3, None)])
def test_model_with_perfect_contact(dim, stretch):
    """The whole model: potential, lithium and displacement at all nodes, field and stress at all quadrature points."""
    out, swelling = 0.004, 0.01
    values = parameters(
        CONDUCTIVITY, "organic_polymer", InterfaceLaw(law="perfect_contact"),
        modulus={name: 1e9 * value for name, value in YOUNG.items()}, poisson=POISSON, core_conductivity=CORE_CONDUCTIVITY,
        core_swelling=swelling, in_plane_strain=stretch, out_of_plane_strain=out, reference_current_density=CURRENT,
        diffusivity=1e-18,
    )  # fmt: skip
    mesh, other = patch(dim), independent(dim)
    model = Model(Domains(MPI.COMM_SELF, mesh), values)
    solver = NewtonSolver(model.system, tolerance=SOLVER, preset="direct")
    LoadPath(solver, model.set_current, None).go(1.0)
    measurement = Measurement(model, values.reference_field)
    quantities = {name: q.value for name, q in measurement.quantities().items()}
    scales, at = model.scales, measurement.at

    phi = other.potential(CONDUCTIVITY | {"core": CORE_CONDUCTIVITY}, CURRENT)
    lithium = other.lithium(CORE_CONDUCTIVITY, CURRENT, values.diffusivity)
    swollen = values.partial_molar_volume / 3 * other.scalar.interpolate(lithium) + swelling
    u = other.displacement(YOUNG, POISSON, np.where(other.in_core[:, None], swollen, 0.0), out, stretch)

    ours, nodes = at_nodes(model.phi, other)
    assert apart(ours[:, 0] * scales.voltage, phi[nodes]) <= FIELD
    ours, nodes = at_nodes(model.psi, other)
    electrons = (float(model.v.x.array[0]) + scales.electron * ours[:, 0]) * scales.voltage
    assert apart(electrons, phi[nodes]) <= FIELD
    ours, nodes = at_nodes(model.c, other)
    assert apart(ours[:, 0] * scales.concentration, lithium[nodes]) <= FIELD
    assert np.abs(swollen - swelling)[other.in_core].max() > 1e-5  # lithium does swell the core unevenly
    ours, nodes = at_nodes(model.u, other)
    assert apart(ours, u[nodes]) <= FIELD

    order = np.asarray(model.domains.mesh.topology.original_cell_index)
    cells = measurement.sei_cells
    theirs = other.field()[order[cells]]
    assert apart(at(ufl.grad(model.phi), cells) * scales.field, theirs) <= GRADIENT
    stress = other.stress()
    for expression, cells in ((model.sei_stress(), measurement.sei_cells), (model.core_stress(), measurement.core_cells)):
        assert apart(at(expression, cells).reshape(*stress[order[cells]].shape), stress[order[cells]]) <= GRADIENT

    # what is reported, from the other code's fields
    area = mesh.period ** (dim - 1)
    squared, volumes = (other.field() ** 2).sum(axis=-1), other.volumes()
    sei = np.isin(other.region, [mesh.region_names.index(name) for name in PHASES])
    power = (other.cellwise(CONDUCTIVITY) * squared * volumes)[sei].sum() * 1e-9
    effective = CURRENT**2 * mesh.sei_thickness * 1e-9 * area / power
    assert quantities["sei.effective_conductivity"] == pytest.approx(effective, rel=FIELD)
    for name in PHASES:
        own = other.region == mesh.region_names.index(name)
        mean = (np.trace(stress, axis1=-2, axis2=-1) / 3 * volumes)[own].sum() / volumes[own].sum()
        scale = np.abs(stress[own]).max()  # stresses of both signs make up the mean
        assert abs(quantities[f"stress.hydrostatic.mean.{name}"] / 1e9 - mean) <= GRADIENT * scale
        enhancement = (np.sqrt(squared) * volumes)[own].sum() / volumes[own].sum() / values.reference_field
        assert quantities[f"field_enhancement.mean.{name}"] == pytest.approx(enhancement, rel=GRADIENT)
    solver.destroy()
    model.system.destroy()


@pytest.mark.parametrize(
    "dim, preset", [(2, "direct"), (2, "multigrid"), pytest.param(3, "direct", marks=pytest.mark.slow), (3, "multigrid")]
)
def test_one_field(dim, preset):
    """Both solvers of single fields: grains that want to grow in a stretched patch, and conduction through all of it."""
    other, domains = independent(dim), Domains(MPI.COMM_SELF, patch(dim))
    names = domains.region_names
    kappa = fem.Function(fem.functionspace(domains.mesh, ("DG", 0)))
    lam, mu, pressure = kappa.copy(), kappa.copy(), kappa.copy()
    young, poisson = YOUNG | {"electrolyte": 1.0}, POISSON | {"electrolyte": 0.3}
    growth = {"LiF": 0.01, "Li3N": -0.02}
    for k, name in enumerate(names):
        own = domains.region == k
        kappa.x.array[own] = MILD[name]
        lam.x.array[own], mu.x.array[own] = elasticity.lame(young[name], poisson[name])
        pressure.x.array[own] = young[name] / (1 - 2 * poisson[name]) * growth.get(name, 0.0)
    bottom, period, top = -patch(dim).core_size, patch(dim).period, patch(dim).sei_thickness + patch(dim).electrolyte_depth

    def solution(shape, form, load, constrain):
        space = fem.functionspace(domains.mesh, ("Lagrange", 2, *shape))
        constraints = Constraints(domains.comm, [Block("field", space)])
        constrain(constraints)
        u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
        problem = LinearProblem(form(u, v) * domains.dx, constraints, preset=preset, tolerance=SOLVER / 100)
        (found,) = problem.solve([load(v)])
        assert problem.record.solver.startswith(preset)
        problem.destroy()
        return at_nodes(found, other)

    def grounded(constraints):
        constraints.fix(0, lambda x: np.abs(x[:, -1] - top) < 1e-6)
        constraints.periodic(0, period)

    flat = fem.Constant(domains.mesh, CURRENT * 1e-9)
    ours, nodes = solution(
        (), lambda u, v: conduction.ohmic_conduction(kappa, u, v), lambda v: -flat * v * domains.ds(1), grounded
    )
    assert apart(ours[:, 0], other.potential(MILD, CURRENT)[nodes]) <= FIELD

    def held(constraints):
        constraints.fix(0, lambda x: np.abs(x[:, -1] - bottom) < 1e-6, component=dim - 1)
        constraints.fix_node(0, np.append(np.zeros(dim - 1), bottom), range(dim - 1))
        constraints.periodic(0, period, dict.fromkeys(range(dim - 1), 0.03 * period))

    ours, nodes = solution(
        ((dim,),), lambda u, v: ufl.inner(elasticity.hooke(elasticity.strain(u), 0.0, lam, mu), elasticity.strain(v)),
        lambda v: pressure * ufl.div(v) * domains.dx, held,
    )  # fmt: skip
    theirs = other.displacement(young, poisson, other.cellwise(growth), 0.0, 0.03)
    assert apart(ours, theirs[nodes]) <= FIELD
