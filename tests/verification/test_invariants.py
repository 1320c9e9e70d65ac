"""What holds for every structure, on every shipped scenario at coarse meshes: balances, bounds, linearity, symmetry."""

import dataclasses
from functools import lru_cache

import numpy as np
import pytest
from test_microstructure import MATRIX, PERFECT, conducting, square_lattice

from balls import box
from scenario_cases import COARSE, cases, coarse_scenario
from seix.analysis.invariants import CURVED, conductivity_window
from seix.analysis.measures import cell_areas, cell_volumes
from seix.analysis.quantities import Measurement
from seix.fem import MPI
from seix.geometry.meshing import make_mesh
from seix.materials import MaterialLibrary
from seix.model import Model
from seix.numerics.domains import Domains
from seix.numerics.solver import NewtonSolver
from seix.numerics.stepping import LoadPath
from seix.parameters import InterfaceLaw, parameters_of
from seix.verification.space_meshes import film_with_sphere
from support import parameters, solved

LINEAR = {"homogeneous_film", "two_layer_film", "layer_list", "silicon_domains", "sector_particle",
          "grain_boundary_conduction-coarse"}  # fmt: skip
"""Cases of the linear model in the fast tests."""
SHARING = {"binder", "several_particles"}
"""Several pieces of core on one SEI: perfect contact does not say how they share the current, and is refused for them."""
TOLERANCE = 1e-10
"""Relative error that Newton's method may leave in a field."""
EXACT = 1e4 * TOLERANCE
"""Of quantities: 100 for the derivative of a field (as in seix.analysis.invariants), 100 for peaks over means."""
STRESS_SCALE = 1e9
"""Pa, the unit of stress: what cancels is rounding of this."""


CASES = list(cases())


@lru_cache(maxsize=2)
def coarse(path, name):
    """Mesh and parameters of a member at a coarse mesh."""
    scenario = coarse_scenario(path, name)
    return make_mesh(scenario), parameters_of(scenario, MaterialLibrary())


def computed(mesh, values, multiples, comm=MPI.COMM_SELF):
    """Quantities at some currents, and the bounds that the program checks."""
    model = Model(Domains(comm, mesh if comm.rank == 0 else None), values)
    solver = NewtonSolver(model.system, TOLERANCE)
    path = LoadPath(solver, model.set_current, model.set_feedback if values.interface.stress_feedback else None)
    measurement, results = None, []
    for multiple in multiples:
        path.go(multiple)
        measurement = measurement or Measurement(model, values.reference_field)
        results.append({name: q.value for name, q in measurement.quantities().items()})
    window = conductivity_window(measurement)
    solver.destroy()
    model.system.destroy()
    return results, window


def bounds(mesh, values):
    """Voigt and Reuss means of a patch from its cells, the extreme conductivities elsewhere; boundaries add to the former."""
    sizes = cell_areas(mesh.points, mesh.cells) if mesh.points.shape[1] == 2 else cell_volumes(mesh.points, mesh.cells)
    outside = {"core", "electrolyte", "binder", *mesh.core_regions}
    share = {n: sizes[mesh.region == k].sum() for k, n in enumerate(mesh.region_names) if n not in outside}
    kappa = {n: values.ionic_conductivity.get(n, 0.0) for n in share}
    if mesh.kind != "patch":
        return min(kappa.values()), max(kappa.values())
    total = sum(share.values())
    low = 0.0 if min(kappa.values()) == 0 else total / sum(share[n] / kappa[n] for n in share)
    return low, sum(share[n] * kappa[n] for n in share) / total


def highest(mesh, values, quantities):
    """Upper bound of the conductivity, with the grain boundaries of a patch."""
    high = bounds(mesh, values)[1]
    if values.surface_conductance == 0:
        return high
    dim = mesh.points.shape[1]
    boundary = quantities["sei.interface_length" if dim == 2 else "sei.interface_area"]
    return high + values.surface_conductance * boundary / (mesh.sei_thickness * mesh.period ** (dim - 1) * 1e-9**dim)


@pytest.mark.parametrize("path, name", CASES)
def test_balances_dissipation_and_bounds(path, name):
    """As shipped: all current and lithium that enter leave, the SEI dissipates, and conducts at most like its mean."""
    mesh, values = coarse(path, name)
    results, window = computed(mesh, values, (1.0, 5.0))
    for q in results:
        assert np.isfinite(list(q.values())).all()
        assert 0 <= q["current.imbalance"] <= 100 * TOLERANCE
        assert 0 <= q["lithium.imbalance"] <= 100 * TOLERANCE
        assert q["sei.area_resistance"] > 0 and q["potential.drop"] > 0
        assert q["strain_energy.sei"] >= 0
        assert q["lithium.concentration.min"] <= values.mean_concentration <= q["lithium.concentration.max"]
        if "sei.effective_conductivity" not in q:
            assert mesh.kind == "particles"  # those that touch have no film to compare with
            continue
        slack = EXACT if mesh.kind == "patch" else CURVED
        assert window[0] * (1 - slack) <= q["sei.effective_conductivity"] <= window[1] * (1 + EXACT)
    if mesh.kind == "patch" and values.surface_conductance == 0:
        assert window[1] == pytest.approx(bounds(mesh, values)[1], rel=1e-9)
    elif mesh.kind == "patch":  # boundaries conduct across the film as far as they are upright
        assert bounds(mesh, values)[1] * (1 + EXACT) < window[1] <= highest(mesh, values, q) * (1 + EXACT)
    elif "sei.effective_conductivity" in q:
        assert window[1] <= bounds(mesh, values)[1] * (1 + CURVED)


def without_feedback(values, law):
    """The same structure with a linear law of the interface and nothing that swells or stretches it but lithium."""
    return dataclasses.replace(
        values,
        interface=InterfaceLaw(law=law, resistance=1e-2),
        core_swelling=0.0,
        out_of_plane_strain=0.0,
        in_plane_strain=None if values.in_plane_strain is None else 0.0,
        core_domains={name: dataclasses.replace(domain, swelling=0.0) for name, domain in values.core_domains.items()},
    )


def power(name):
    """Exponent with which a quantity of a linear model follows the current."""
    if name == "strain_energy.sei":
        return 2
    return int(name.startswith(("field_enhancement", "stress", "strain", "potential")) or name == "current.total")


def laws():
    """Every case with both linear laws; few of them are fast tests."""
    for law in ("film_resistance", "perfect_contact"):
        for case in CASES:
            if law == "perfect_contact" and case.id in SHARING:
                continue
            marks = [] if law == "film_resistance" and case.id in LINEAR else [pytest.mark.slow]
            yield pytest.param(*case.values, law, id=f"{case.id}-{law}", marks=marks)


@pytest.mark.parametrize("path, name, law", list(laws()))
def test_linear_in_the_current_without_feedback(path, name, law):
    """Potential, field and stress grow with the current and vanish without it; resistances stay; both bounds hold.

    Stress in particular has no other source here, so that a stress that is left at zero current would spoil the ratio.
    """
    mesh, values = coarse(path, name)
    values = without_feedback(values, law)
    (one, ten), window = computed(mesh, values, (1.0, 10.0))
    largest = max(abs(value) for key, value in ten.items() if key.startswith("stress"))
    for key, value in one.items():
        if key.endswith("imbalance"):
            continue
        if key.startswith("lithium.concentration"):
            mean = values.mean_concentration
            if key.count(".") > 2:
                mean *= values.core_domains[key.split(".", 3)[3]].maximum_concentration / values.maximum_concentration
            expected, scale = mean + 10 * (value - mean), abs(ten[key] - mean) + 1e-6 * mean  # the mean is added in SI
        else:
            expected = 10 ** power(key) * value
            scale = largest if key.startswith("stress") else max(abs(ten[key]), 1e-6 if key.startswith("strain") else 0.0)
        assert abs(ten[key] - expected) <= EXACT * scale, (key, value, ten[key])
    low = bounds(mesh, values)[0]
    if "sei.effective_conductivity" in one and mesh.kind != "particles":
        slack = EXACT if mesh.kind == "patch" else CURVED
        assert low * (1 - slack) <= one["sei.effective_conductivity"]
        if mesh.kind == "patch" and not values.core_domains:
            assert window[0] == pytest.approx(low, rel=1e-9)


def test_wrong_shares_of_the_current_are_noticed():
    """Lithium is balanced for every piece of core by itself: moving a tenth of the uptake to another piece keeps the sum."""
    scenario = box(mesh=COARSE | {"cells_per_layer": 1})
    mesh, values = make_mesh(scenario), parameters_of(scenario, MaterialLibrary())
    model = Model(Domains(MPI.COMM_SELF, mesh), without_feedback(values, "film_resistance"))
    solver = NewtonSolver(model.system, TOLERANCE)
    LoadPath(solver, model.set_current, None).go(1.0)
    measurement = Measurement(model, values.reference_field)
    assert measurement.quantities()["lithium.imbalance"].value <= 100 * TOLERANCE
    volumes = np.array([body[-1] ** 3 for body in mesh.bodies])  # the pieces are the bodies
    moved_away = 0.1 * model.r.x.array[0] * volumes[0]
    model.r.x.array[:2] += np.array([-1, 1]) * moved_away / volumes
    found = measurement.quantities()["lithium.imbalance"].value
    assert found == pytest.approx(0.1 * volumes[0] / volumes.sum(), rel=0.2)  # of the current, as even as the particles allow
    solver.destroy()
    model.system.destroy()


@pytest.mark.parametrize("dim, ratio", [(2, 1e-3), (2, 50.0), (3, 1e-3), (3, 50.0)])
def test_isotropic_lattices_obey_hashin_and_shtrikman(dim, ratio):
    """Square and simple cubic lattices of round grains conduct alike in all directions, so that the tighter bounds hold."""
    if dim == 2:
        mesh, values = square_lattice(1, 1, 10.0, 0.4, cells_per_diameter=6), conducting(ratio)
        matrix, grain = "organic_polymer", "LiF"
    else:
        mesh, (matrix, grain) = film_with_sphere(3.5, 10.0), ("matrix", "grain")
        values = parameters({matrix: MATRIX, grain: ratio * MATRIX, "electrolyte": 1.0}, matrix, PERFECT)
    _, results = solved(mesh, values)
    fraction = results[1.0]["sei.inorganic_fraction"]

    def coated(around, inside, share):
        return around + share / (1 / (inside - around) + (1 - share) / (dim * around))

    low, high = sorted([coated(MATRIX, ratio * MATRIX, fraction), coated(ratio * MATRIX, MATRIX, 1 - fraction)])
    assert values.ionic_conductivity[grain] == ratio * values.ionic_conductivity[matrix]
    # the error of the mesh goes one way: its dissipation at a given current is too small
    assert low <= results[1.0]["sei.effective_conductivity"] <= high * (1 + 1e-3)


def moved(mesh):
    """The same structure after a symmetry of its shape, with cells of positive orientation."""
    points, cells = mesh.points.copy(), mesh.cells.copy()
    if mesh.points.shape[1] == 3:  # an octant: axes in a circle
        return dataclasses.replace(mesh, points=points[:, [2, 0, 1]])
    if mesh.kind == "patch":
        points[:, 0] = mesh.period - points[:, 0]
        points[np.abs(points) < 1e-9] = 0.0
    else:  # about the ray in the middle of a sector, or about the x axis
        turn = mesh.sector or 0.0
        points = points @ np.array([[np.cos(turn), np.sin(turn)], [np.sin(turn), -np.cos(turn)]])
    return dataclasses.replace(mesh, points=points, cells=cells[:, [1, 0, 2, 4, 3, 5]])


SYMMETRIC = ("bilayer", "silicon_domains", "sector_particle", "full_particle", "octant")
FLAT = ("homogeneous_film", "butler_volmer", "two_layer_film")


@pytest.mark.parametrize("path, name", [case for case in CASES if case.id in SYMMETRIC])
def test_mirrored_structure_gives_the_same_quantities(path, name):
    """A patch seen from behind, a sector and a particle turned over, an octant with its axes in another order."""
    mesh, values = coarse(path, name)
    ((first,), _), ((second,), _) = (computed(shape, values, (1.0,)) for shape in (mesh, moved(mesh)))
    assert np.abs(mesh.points - moved(mesh).points).max() > 1
    for key, value in first.items():
        if not key.endswith("imbalance"):
            scale = max(abs(value), STRESS_SCALE) if key.startswith("stress") else abs(value)
            assert abs(second[key] - value) <= EXACT * scale, (key, value, second[key])


@pytest.mark.parametrize("path, name", [case for case in CASES if case.id in FLAT])
def test_flat_layers_vary_across_only(path, name):
    """Without grains nothing depends on the place along the film: peaks equal means in each layer and on core|SEI."""
    mesh, values = coarse(path, name)
    ((q,), _) = computed(mesh, values, (1.0,))
    assert q["current.interface_peak"] == pytest.approx(1, abs=EXACT)
    for k, phase in enumerate(mesh.region_names):
        if k > 1:
            mean = values.matrix_conductivity / values.ionic_conductivity[phase]
            assert q[f"field_enhancement.mean.{phase}"] == pytest.approx(mean, rel=EXACT)
            assert q[f"field_enhancement.max.{phase}"] == pytest.approx(mean, rel=EXACT)


def compare_ranks(labels):
    """Quantities and bounds of all ranks together and of each one alone, on the mesh of the first."""
    for case in (case for case in CASES if case.id in labels):
        mesh, values = MPI.COMM_WORLD.bcast(coarse(*case.values) if MPI.COMM_WORLD.rank == 0 else None, root=0)
        ((alone,), bound), ((together,), other) = (computed(mesh, values, (1.0,), c) for c in (MPI.COMM_SELF, MPI.COMM_WORLD))
        assert other == pytest.approx(bound, rel=1e-9)
        for key, value in alone.items():
            if key.endswith("imbalance"):
                assert together[key] <= 100 * TOLERANCE
            else:
                scale = max(abs(value), STRESS_SCALE) if key.startswith("stress") else abs(value)
                assert abs(together[key] - value) <= EXACT * scale, (case.id, key)


@pytest.mark.slow
@pytest.mark.parallel(nprocs=[2, 3])
def test_shipped_structures_on_two_and_three_ranks():
    """Domains in the core, grain boundaries, layers, an octant in space; more in tests/parallel and tests/regression."""
    compare_ranks(["silicon_domains", "polycrystal", "layer_list", "octant"])


@pytest.mark.slow
@pytest.mark.parallel(nprocs=5)
def test_shipped_structures_on_five_ranks():
    """More ranks than some regions are wide."""
    compare_ranks(["silicon_domains", "layer_list"])
