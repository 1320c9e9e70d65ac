"""Effective properties: moduli and bounds, holes, layers, activation energies, sections against space, any number of ranks."""

import itertools
import math

import numpy as np
import pytest

from seix.fem import MPI
from seix.input.measure.effective import Effective
from seix.measure.bounds import stiffness_bounds, transport_bounds
from seix.measure.cell import Cell
from seix.measure.cell_problem import TOLERANCE
from seix.measure.film_transport import arrhenius_slope
from seix.measure.homogenise import Transport, stiffness
from seix.measure.moduli import averaged_in_plane, engineering, hill, indentation_modulus, isotropic, layered
from seix.numerics.domains import Domains
from seix.units import GAS_CONSTANT
from seix.verification import cell_meshes, plane_meshes, space_meshes
from seix.verification.effective_cases import conducted, elastic, fibres
from seix.verification.inclusion_cases import LIF, ORGANIC
from seix.verification.lattice import HEXAGONAL, SQUARE, array_conductivity

PHASES = {"a": LIF, "b": ORGANIC}
YOUNG, POISSON = ({name: pair[k] for name, pair in PHASES.items()} for k in (0, 1))


def mixed(fraction):
    """One layer of LiF in organic."""
    return [(1.0, {"a": fraction, "b": 1 - fraction})]


# --- moduli and bounds ---


@pytest.mark.parametrize(
    ("fraction", "reuss", "low", "high"),
    [(0.3, 3.399, 4.422, 23.41), (0.4, 3.947, 5.510, 32.04), (0.5, 4.705, 6.997, 41.77), (0.6, 5.823, 9.152, 52.85)],
)
def test_bounds_are_those_of_the_benchmark(fraction, reuss, low, high):
    """B23: Young's moduli from the bounds on bulk and shear modulus, to the digits listed."""
    bounds = stiffness_bounds(mixed(fraction), YOUNG, POISSON, 3)
    found = [engineering(bounds[name])["youngs_modulus.through"] for name in ("reuss", "hs_lower", "hs_upper")]
    assert found == pytest.approx([reuss, low, high], abs=5.1e-3)


def test_moduli_of_an_isotropic_material_are_its_own():
    """Closed forms of E, E/(1-nu^2), E/(1-nu) and C33; no direction matters, whatever is averaged."""
    young, nu = 10.0, 0.3
    bulk, shear = young / (3 * (1 - 2 * nu)), young / (2 * (1 + nu))
    tensor = isotropic(bulk, shear)
    assert engineering(tensor) == pytest.approx({
        "youngs_modulus.through": young, "youngs_modulus.in_plane": young,
        "uniaxial_strain_modulus.through": young * (1 - nu) / (1 + nu) / (1 - 2 * nu),
        "plane_strain_modulus.in_plane": young / (1 - nu**2), "biaxial_modulus.in_plane": young / (1 - nu),
    })  # fmt: skip
    assert indentation_modulus(tensor) == pytest.approx(young / (1 - nu**2))
    assert hill(tensor) == pytest.approx((bulk, shear))
    assert averaged_in_plane(tensor) == pytest.approx(tensor)
    assert layered([tensor, tensor], [0.3, 0.7]) == pytest.approx(tensor)


def turned(stiffness_tensor, angle):
    """Stiffness in axes turned about the third one, by the rule for fourth-rank tensors."""
    pairs = [(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)]
    full = np.zeros((3, 3, 3, 3))
    for p, (i, j) in enumerate(pairs):
        for q, (k, m) in enumerate(pairs):
            for a, b in {(i, j), (j, i)}:
                for c, d in {(k, m), (m, k)}:
                    full[a, b, c, d] = stiffness_tensor[p, q]
    r = np.array([[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0], [0, 0, 1]])
    full = np.einsum("ia,jb,kc,ld,abcd->ijkl", r, r, r, r, full)
    return np.array([[full[i, j, k, m] for k, m in pairs] for i, j in pairs])


def test_mean_over_rotations_in_the_plane_is_that_of_many_rotations():
    """Of a tensor without symmetry: the fourth-rank rule needs five angles or more."""
    rng = np.random.default_rng(1)
    root = rng.normal(size=(6, 6))
    tensor = root @ root.T
    many = np.mean([turned(tensor, 2 * math.pi * k / 7) for k in range(7)], axis=0)
    assert averaged_in_plane(tensor) == pytest.approx(many, rel=1e-12, abs=1e-12)


def test_bounds_grow_with_what_is_known():
    """Reuss <= Hashin-Shtrikman <= Voigt in the energy of every strain, in space, also with a void."""
    mix = [(0.4, {"a": 0.7, "b": 0.3}), (0.6, {"b": 0.8, "void": 0.2})]
    bounds = stiffness_bounds(mix, YOUNG, POISSON, 3)
    order = [bounds[name] for name in ("reuss", "hs_lower", "hs_upper", "voigt")]
    for low, high in itertools.pairwise(order):
        assert np.linalg.eigvalsh((high - low + (high - low).T) / 2).min() > -1e-9
    assert engineering(bounds["hs_lower"])["youngs_modulus.through"] < 1e-6  # a layer may be cut through
    kappa = transport_bounds(mix, {"a": 1e-3, "b": 1.0}, np.zeros(2), 3)
    for k in (0, 1):
        assert kappa["reuss"][k] == 0.0 <= kappa["hs_lower"][k] < kappa["hs_upper"][k] < kappa["voigt"][k]


def test_bounds_across_cylinders_are_those_of_coated_ones():
    """Hashin and Rosen 1964: bulk modulus of plane strain, and conductivity; phases exchanged give Keller's product."""
    f, (k1, k2, m2) = 0.4, (9.0, 2.0, 1.0)
    young = {name: m * (3 * (k - m) + 2 * m) / k for name, k, m in (("a", k1, 3.0), ("b", k2, m2))}
    poisson = {"a": (k1 - 3.0) / (2 * k1), "b": (k2 - m2) / (2 * k2)}  # lambda/(2 (lambda + mu)) with k = lambda + mu
    low = stiffness_bounds(mixed(f), young, poisson, 2)["hs_lower"]
    assert (low[0, 0] + low[0, 2]) / 2 == pytest.approx(k2 + f / (1 / (k1 - k2) + (1 - f) / (k2 + m2)))
    kappa = transport_bounds(mixed(f), {"a": 5.0, "b": 0.5}, np.zeros(2), 2)
    swapped = transport_bounds(mixed(f), {"a": 0.5, "b": 5.0}, np.zeros(2), 2)
    assert kappa["hs_lower"] * swapped["hs_upper"] == pytest.approx([2.5, 2.5])
    assert kappa["hs_lower"][1] == pytest.approx(0.5 + f / (1 / (5.0 - 0.5) + (1 - f) / (2 * 0.5)))


# --- cells ---


def test_hole_is_a_phase_that_does_not_conduct():
    """Square array of holes; the gradient goes on through them, so that its mean is the one that is imposed."""
    made = cell_meshes.cylinders(SQUARE, 0.3, 4)
    made.region_names[1] = "void"
    cell = Cell(Domains(MPI.COMM_WORLD, made), (0,), (1.0, 1.0))
    assert cell.has_holes and cell.fractions() == pytest.approx({"matrix": 0.7, "void": 0.3}, rel=1e-5)
    problem = Transport(cell, False)
    response = problem.solve({"matrix": 2.0})
    problem.destroy()
    assert response.gradients == pytest.approx(np.eye(3), abs=1e-9)
    assert response.tensor[0, 0] == pytest.approx(2.0 * array_conductivity(SQUARE, 0.3, 0.0), rel=4 / 8**4)
    found = stiffness(cell, {"matrix": 2.0}, {"matrix": 0.3})
    assert found.gradients == pytest.approx(np.eye(6), abs=1e-9)
    assert found.reciprocity < 1e-8
    # along the cylinders: only the matrix carries, in uniaxial stress
    assert 1 / np.linalg.inv(found.tensor)[1, 1] == pytest.approx(2.0 * cell.fractions()["matrix"], rel=1e-9)


def film():
    """Section with two layers: a square grain in the middle of the lower one, a hole in the upper one."""
    made = plane_meshes.strip([("a", 2.0, 4), ("b", 2.0, 4)], 4.0, 8, (1.0, 1), (1.0, 1))
    middle = made.points[made.cells[:, :3]].mean(axis=1)
    made.region_names += ["grain", "void"]
    for tag, height in ((4, 1.0), (5, 3.0)):
        inside = (np.abs(middle[:, 0] - 2.0) < 1.0) & (np.abs(middle[:, 1] - height) < 0.5)
        made.region[inside] = tag
        made.grain[inside] = tag - 4
    return made


FILM_MODULI = {"a": (2.0, 0.35), "b": (5.0, 0.3), "grain": (100.0, 0.2)}


@pytest.mark.parametrize("faces", ["affine", "uniform"])
def test_layers_in_series_respond_as_the_film(faces):
    """Tensors of the layers, also around a hole, put in series give that of the film exactly; both conditions are symmetric."""
    cell = Cell(Domains(MPI.COMM_WORLD, film()))
    young, poisson = ({name: pair[k] for name, pair in FILM_MODULI.items()} for k in (0, 1))
    response = stiffness(cell, young, poisson, faces)
    layers = response.layer_tensors()
    assert cell.layers() == pytest.approx({0: 8.0, 1: 8.0})
    assert layered(list(layers.values()), [0.5, 0.5]) == pytest.approx(response.tensor_of_means, rel=1e-8, abs=1e-8)
    assert response.reciprocity < 1e-8  # Hill's lemma, which needs the strain in the hole
    if faces == "affine":
        assert sum(response.layers[k][0] for k in (0, 1)) / 2 == pytest.approx(np.eye(6), abs=1e-9)


def scattered():
    """One layer with overlapping discs at random places, so that loads through the film and along it feel each other."""
    made = plane_meshes.strip([("a", 4.0, 16)], 4.0, 16, (1.0, 1), (1.0, 1))
    made.region_names.append("grain")
    middle = made.points[made.cells[:, :3]].mean(axis=1)
    for x, y, radius in np.random.default_rng(3).uniform((0, 0, 0.3), (4, 4, 0.6), (12, 3)):
        made.region[(made.region == 2) & (np.hypot(middle[:, 0] - x, middle[:, 1] - y) < radius)] = 3
    made.grain[made.region == 3] = 0
    return made


def test_work_is_symmetric_whatever_the_contrast():
    """Residuals are relative to what the best conductor carries, but the work through a film is that of the worst one."""
    problem = Transport(Cell(Domains(MPI.COMM_WORLD, scattered())), False, preset="multigrid")
    gaps = [problem.solve({"a": weak, "grain": 1.0}).reciprocity for weak in (0.1, 1e-3, 1e-5)]
    problem.destroy()
    assert max(gaps) < 0.1 * TOLERANCE  # 2 x TOLERANCE, and as the contrast, if the solver's tolerance does not know it


def test_uniform_faces_bound_affine_ones():
    """Huet: the apparent tensor of the freer film is smaller in the energy of every strain or gradient."""
    cell = Cell(Domains(MPI.COMM_WORLD, film()))
    tensors = [elastic(cell, FILM_MODULI, faces) for faces in ("affine", "uniform")]
    assert np.linalg.eigvalsh(tensors[0] - tensors[1]).min() > -1e-9
    kappa = {"a": 1.0, "b": 0.2, "grain": 10.0}
    affine, uniform = (conducted(cell, kappa, 0.5, faces) for faces in ("affine", "uniform"))
    assert (affine - uniform).min() > -1e-10 and affine[2] - uniform[2] > 1e-3


def test_uniform_material_has_its_own_properties():
    """The falsifier r = 1, whatever the faces and the tags."""
    made = film()
    made.region_names[-1] = "filled"
    cell = Cell(Domains(MPI.COMM_WORLD, made))
    same = dict.fromkeys(("a", "b", "grain", "filled"), (3.0, 0.25))
    for faces in ("affine", "uniform"):
        assert elastic(cell, same, faces) == pytest.approx(isotropic(2.0, 1.2), rel=1e-9, abs=1e-9)
        assert conducted(cell, dict.fromkeys(same, 0.7), 0.0, faces) == pytest.approx([0.7] * 3)


@pytest.mark.parametrize("lattice", [SQUARE, HEXAGONAL])
def test_section_is_the_same_as_cylinders_in_space(lattice):
    """Fields of the section belong to the space of the extruded mesh: that finds energies as low, by less than its own error."""
    made = cell_meshes.cylinders(lattice, 0.4, 2)
    flat = fibres(lattice, 0.4, 2)
    tall = Cell(Domains(MPI.COMM_WORLD, cell_meshes.extruded(made, 1, 0.25)), (0, 1), cell_meshes.periods(lattice, 3, 0.25))
    kappa, moduli = {"matrix": 1.0, "fibre": 10.0}, {"matrix": ORGANIC, "fibre": LIF}
    section, space = (conducted(cell, kappa, 0.1) for cell in (flat, tall))
    exact = array_conductivity(lattice, 0.4, 10.0, 0.1 / fibre_radius(lattice, 0.4))
    assert np.all(section - space > -1e-7)  # the area of a bent surface is not quite the same
    assert np.abs(section - space)[[0, 2]].max() < section[2] - exact
    assert section[1] == pytest.approx(space[1], rel=1e-7)
    section, space = (elastic(cell, moduli) for cell in (flat, tall))
    fine = elastic(fibres(lattice, 0.4, 4), moduli)
    assert np.linalg.eigvalsh(section - space).min() > -1e-9
    assert np.abs(section - space).max() < np.abs(section - fine).max()


def fibre_radius(lattice, fraction):
    """Radius of cylinders at unit distance."""
    return math.sqrt(fraction * (1.0 if lattice == SQUARE else math.sqrt(3) / 2) / math.pi)


@pytest.mark.slow
@pytest.mark.parallel(nprocs=[2, 3])
@pytest.mark.parametrize("dim", [2, 3])
def test_same_tensors_on_all_rank_counts(dim):
    """Film with grains, interfaces and holes on all ranks together, and on each on its own."""
    if dim == 2:
        made, moduli = film(), FILM_MODULI
    else:
        made = space_meshes.film_with_sphere(3.0, 10.0, segments=1, shells=(1, 2), shift=True)
        moduli = {"matrix": ORGANIC, "grain": LIF}
    results = []
    for comm in (MPI.COMM_WORLD, MPI.COMM_SELF):
        cell = Cell(Domains(comm, made if comm.rank == 0 else None))
        kappa = {name: pair[0] for name, pair in moduli.items()}
        found = [elastic(cell, moduli, faces) for faces in ("affine", "uniform")]
        found += [conducted(cell, kappa, 2.0, faces) for faces in ("affine", "uniform")]
        young, poisson = ({name: pair[k] for name, pair in moduli.items()} for k in (0, 1))
        found += list(stiffness(cell, young, poisson).layer_tensors().values())
        results.append([*found, cell.interface_projections(), np.array(list(cell.fractions().values()))])
    for together, alone in zip(*results, strict=True):
        assert together == pytest.approx(alone, rel=1e-8, abs=1e-8 * np.abs(alone).max())


# --- temperature ---


def test_slope_over_temperature_is_within_its_error():
    """Two conductors side by side: the mean of the activation energies weighted by what each carries; smaller steps help."""
    energies, shares = np.array([30e3, 70e3]), np.array([1.0, 0.3])

    def value(temperature):
        return shares @ np.exp(-energies / GAS_CONSTANT * (1 / temperature - 1 / 300.0))

    missed = []
    for step in (10.0, 5.0):
        temperatures = Effective(temperature_step=step).temperatures(300.0)
        assert temperatures[2] == pytest.approx(300.0, rel=1e-14)
        found, error = arrhenius_slope(temperatures, [value(t) for t in temperatures])
        missed.append(abs(found - energies @ shares / shares.sum()))
        assert missed[-1] < error < 300.0
    assert missed[0] / missed[1] == pytest.approx(16.0, rel=0.1)  # fourth order


def test_one_activation_energy_for_all_phases_is_that_of_the_film():
    """And the slope has no error, as its logarithm is a straight line."""
    temperatures = Effective().temperatures(298.15)
    values = [3.0 * math.exp(-43e3 / GAS_CONSTANT / t) for t in temperatures]
    assert arrhenius_slope(temperatures, values) == pytest.approx((43e3, 0.0), rel=1e-10, abs=1e-5)
