"""Three dimensions against closed forms: flat laminates, spherical shells, a spherical grain, swelling spheres."""

import numpy as np
import pytest

from seix.parameters import InterfaceLaw
from seix.scales import FARADAY
from seix.verification.space_meshes import ball, block, film_with_sphere
from support import parameters, solved, strip

FILM = [("a", 20.0, 1), ("b", 20.0, 1)]
CONDUCTIVITY = {"a": 1e-7, "b": 1e-7}
PERFECT = InterfaceLaw(law="perfect_contact")
TINY = 1e-6  # A/m2: lithium strain of 1e-9
SOFT = {"a": 1.0, "b": 1.0}  # Pa: no constraint on the core


def test_laminate_conducts_as_layers_in_series():
    """B01, B03: resistances and overpotential add, on an irregular mesh; the current is in amperes."""
    law = InterfaceLaw(law="film_resistance", resistance=1e-2)
    values = parameters({"a": 1e-6, "b": 1e-7}, "b", law, reference_current_density=0.2)
    _, results = solved(block(FILM, tilt=0.2), values)
    r = results[1.0]
    assert r["sei.area_resistance"] == pytest.approx(0.22, rel=1e-9)
    assert r["current.total"] == pytest.approx(0.2 * 36e-18, rel=1e-12)
    assert r["potential.drop"] == pytest.approx(0.2 * (0.22 + 1e-2), rel=1e-5)  # the electrolyte adds 5e-9 of 0.23 ohm m2
    assert r["field_enhancement.mean.a"] == pytest.approx(0.1, rel=1e-8)


@pytest.mark.parametrize(("strain", "swelling"), [(0.01, 0.01), (None, 0.01), (-0.002, 0.0)])
def test_laminate_stretched_in_both_directions(strain, swelling):
    """B27: biaxial stress E (e - e*)/(1-nu) in each layer; without given strain the stresses balance."""
    moduli, poisson = {"core": 50e9, "a": 118e9, "b": 2.4e9}, {"core": 0.25, "a": 0.2, "b": 0.35}
    values = parameters(
        CONDUCTIVITY, "a", modulus=moduli, poisson=poisson, core_swelling=swelling, in_plane_strain=strain,
        reference_current_density=TINY,
    )  # fmt: skip
    _, results = solved(block(FILM, tilt=0.2), values)
    r = results[1.0]
    stiffness = {name: moduli[name] / (1 - poisson[name]) for name in moduli}
    depth = {"core": 10.0, "a": 20.0, "b": 20.0}
    free = {"core": swelling, "a": 0.0, "b": 0.0}
    if strain is None:
        strain = stiffness["core"] * 10 * swelling / sum(stiffness[n] * depth[n] for n in depth)
    assert r["strain.in_plane"] == pytest.approx(strain, rel=1e-6)
    energy = 0.0
    for name, modulus in stiffness.items():
        stress = modulus * (strain - free[name])
        assert r[f"stress.first_principal.p999.{name}"] == pytest.approx(max(stress, 0.0), rel=1e-6, abs=1e3)
        assert r[f"stress.von_mises.p999.{name}"] == pytest.approx(abs(stress), rel=1e-6, abs=1e3)
        assert r[f"stress.hydrostatic.mean.{name}"] == pytest.approx(2 / 3 * stress, rel=1e-6, abs=1e3)
        energy += (name != "core") * stress * strain * depth[name] * 36e-27
    assert r["strain_energy.sei"] == pytest.approx(energy, rel=1e-6)


@pytest.mark.parametrize("part", ["octant", "cone", "full"])
def test_resistance_of_spherical_shells(part):
    """Area resistance R^2 sum (1/r_i - 1/r_(i+1))/kappa_i; the current is that of the exact surface to the fourth order."""
    values = parameters({"a": 1e-6, "b": 1e-7}, "b", PERFECT)
    segments = 3 if part == "octant" else 2
    mesh = ball([("a", 5.0, 2), ("b", 5.0, 2)], core=(20.0, 2), electrolyte=(5.0, 1), segments=segments, part=part)
    _, results = solved(mesh, values)
    r = results[1.0]
    exact = 20e-9**2 * ((1 / 20e-9 - 1 / 25e-9) / 1e-6 + (1 / 25e-9 - 1 / 30e-9) / 1e-7)
    assert r["sei.area_resistance"] == pytest.approx(exact, rel=2e-3)
    assert r["sei.effective_conductivity"] == pytest.approx(20e-9 * 10e-9 / 30e-9 / exact, rel=2e-3)
    angle = {"octant": np.pi / 2, "full": 4 * np.pi, "cone": 4 * np.arcsin(0.25)}[part]
    assert r["current.total"] == pytest.approx(0.2 * angle * 20e-9**2, rel=1e-3)
    assert r["current.imbalance"] < 1e-9
    assert r["field_enhancement.max"] == pytest.approx((20 / 25) ** 2, rel=0.1)  # linear field in cells of 2.5 nm


def test_order_of_a_spherical_shell():
    """The error of the resistance falls with the third power of the cell size or faster: twice the order of the field is four."""
    values = parameters({"a": 1e-7}, "a", PERFECT)
    exact = 20e-9**2 * (1 / 20e-9 - 1 / 30e-9) / 1e-7
    errors = []
    for n in (1, 2):
        _, results = solved(ball([("a", 10.0, 2 * n)], core=(20.0, 2), segments=2 * n), values)
        errors.append(abs(results[1.0]["sei.area_resistance"] / exact - 1))
    assert errors[1] < errors[0] / 2**3
    assert errors[1] < 2e-4


def simple_cubic(contrast, radius, size):
    """Conductivity of spheres on a simple cubic lattice over that of the matrix (Rayleigh, Phil. Mag. 34 (1892) 481).

    Next term of the order f^(14/3) (McPhedran and McKenzie, Proc. R. Soc. A 359 (1978) 45).
    """
    f = 4 / 3 * np.pi * (radius / size) ** 3
    beta = (contrast - 1) / (contrast + 2)
    return 1 + 3 * f * beta / (1 - f * beta - 1.305 * beta * (contrast - 1) / (contrast + 4 / 3) * f ** (10 / 3))


@pytest.mark.parametrize("contrast", [1e-3, 10.0])
def test_spherical_grain_in_a_film(contrast):
    """B04: a film with one grain in each cube between equipotentials is a simple cubic lattice; the field in the grain."""
    mesh = film_with_sphere(3.0, 10.0)
    _, results = solved(mesh, parameters({"matrix": 1e-7, "grain": contrast * 1e-7}, "matrix", PERFECT))
    r = results[1.0]
    assert r["sei.effective_conductivity"] == pytest.approx(1e-7 * simple_cubic(contrast, 3.0, 10.0), rel=2e-3)
    assert r["sei.inorganic_fraction"] == pytest.approx(4 / 3 * np.pi * 0.027, rel=1e-3)
    assert r["sei.interface_area"] == pytest.approx(4 * np.pi * 9e-18, rel=1e-3)
    f, beta = 4 / 3 * np.pi * 0.027, (contrast - 1) / (contrast + 2)
    inside = 3 / (contrast + 2) / (1 - f * beta) / simple_cubic(contrast, 3.0, 10.0)  # Maxwell; the lattice adds f^(10/3)
    assert r["field_enhancement.mean.grain"] == pytest.approx(inside, rel=0.01)


def test_void_is_an_insulating_and_stress_free_hole():
    """A void gives what a grain without conductivity and stiffness gives, and counts in the volume of the SEI."""
    void = film_with_sphere(3.0, 10.0, grain="void")
    void.grain[:] = -1
    loads = {"in_plane_strain": 0.01, "reference_current_density": 1e-3}
    _, of_void = solved(void, parameters({"matrix": 1e-7}, "matrix", PERFECT, **loads))
    weak = parameters({"matrix": 1e-7, "grain": 1e-14}, "matrix", PERFECT, modulus={"grain": 1e2}, **loads)
    _, of_grain = solved(film_with_sphere(3.0, 10.0), weak)
    a, b = of_void[1.0], of_grain[1.0]
    assert a["sei.effective_conductivity"] == pytest.approx(1e-7 * simple_cubic(0.0, 3.0, 10.0), rel=2e-3)
    assert a["sei.void_fraction"] == pytest.approx(4 / 3 * np.pi * 0.027, rel=1e-3)
    assert a["sei.inorganic_fraction"] == 0
    assert a["sei.interface_area"] == 0
    for name in ("sei.area_resistance", "field_enhancement.p999.matrix", "stress.first_principal.p999.matrix", "strain.in_plane"):
        assert a[name] == pytest.approx(b[name], rel=1e-5), name
    assert not [name for name in a if name.endswith(".void")]


def test_neutral_grain_boundary():
    """B06: with surface conductance a (s_m - s_i)/2 a sphere does not disturb the field around it."""
    radius, matrix, grain = 3e-9, 1e-7, 1e-9
    values = parameters(
        {"matrix": matrix, "grain": grain}, "matrix", PERFECT, surface_conductance=radius * (matrix - grain) / 2
    )
    errors = []
    for n in (1, 2):
        _, results = solved(film_with_sphere(3.0, 10.0, segments=n, shells=(n, 2 * n)), values)
        r = results[1.0]
        errors.append(abs(r["sei.effective_conductivity"] / matrix - 1))
    assert errors[1] < 1e-3
    assert errors[1] < errors[0] / 4
    assert r["field_enhancement.p99.matrix"] == pytest.approx(1.0, rel=0.02)


@pytest.mark.parametrize("make", [strip, block])
def test_boundary_between_grains_that_touch(make):
    """B13: a boundary plane across the film adds its surface conductance over the period to the conductivity."""
    mesh = make([("a", 20.0, 2)], period=6.0, columns=2)
    right = mesh.points[mesh.cells, 0].mean(axis=1) > 3
    mesh.grain[mesh.layer == 0] = right[mesh.layer == 0]
    values = parameters({"a": 1e-7}, "a", PERFECT, surface_conductance=6e-16)
    _, results = solved(mesh, values)
    r = results[1.0]
    assert r["sei.effective_conductivity"] == pytest.approx(1e-7 + 6e-16 / 6e-9, rel=1e-6)
    area = {strip: ("sei.interface_length", 20e-9), block: ("sei.interface_area", 20e-9 * 6e-9)}[make]
    assert r[area[0]] == pytest.approx(area[1], rel=1e-10)
    assert r["sei.inorganic_fraction"] == pytest.approx(1.0)


def test_periodic_sides_may_lie_anywhere():
    """A grain cut by both periodic sides gives the same numbers as one in the middle: sides, edges, free mean strains."""
    values = parameters(
        {"matrix": 1e-7, "grain": 1e-9},
        "matrix",
        InterfaceLaw(stress_feedback=True),
        modulus={"grain": 100e9},
        core_swelling=0.01,
        surface_conductance=1e-16,
    )
    whole = film_with_sphere(3.0, 10.0, segments=1, shells=(1, 2))
    cut = film_with_sphere(3.0, 10.0, segments=1, shells=(1, 2), shift=True)
    assert (np.linalg.norm(cut.points[:, :2], axis=1) < 1e-9).sum() > 5
    (_, a), (_, b) = (solved(mesh, values) for mesh in (whole, cut))
    for name, value in a[1.0].items():
        if not name.endswith("imbalance"):
            scale = 1e9 if name.startswith("stress") else abs(value)
            assert abs(b[1.0][name] - value) <= 1e-7 * scale, name


def layered_sphere(radii, moduli, poissons, swelling):
    """Stresses of concentric spheres, free outside: u = A r + B/r^2 in each (Lame); r -> (radial, hoop)."""
    n = len(radii)
    matrix, right = np.zeros((2 * n, 2 * n)), np.zeros(2 * n)
    bulk = [e / 3 / (1 - 2 * v) for e, v in zip(moduli, poissons, strict=True)]
    shear = [e / 2 / (1 + v) for e, v in zip(moduli, poissons, strict=True)]

    def radial(i, r):
        row = np.zeros(2 * n)
        row[2 * i], row[2 * i + 1] = 3 * bulk[i], -4 * shear[i] / r**3
        return row, -3 * bulk[i] * swelling[i]

    matrix[0, 1] = 1  # regular at the centre
    for i in range(n - 1):
        r = radii[i]
        matrix[1 + 2 * i, 2 * i : 2 * i + 4] = [r, r**-2, -r, -(r**-2)]
        (a, ca), (b, cb) = radial(i, r), radial(i + 1, r)
        matrix[2 + 2 * i], right[2 + 2 * i] = a - b, cb - ca
    matrix[-1], offset = radial(n - 1, radii[-1])
    right[-1] = -offset
    solution = np.linalg.solve(matrix, right)

    def stress(i, r):
        a, b = solution[2 * i : 2 * i + 2]
        mean = 3 * bulk[i] * (a - swelling[i])
        return mean - 4 * shear[i] * b / r**3, mean + 2 * shear[i] * b / r**3

    return stress


def test_layered_sphere_agrees_with_the_brief():
    """The closed form above gives B21."""
    stress = layered_sphere([1.0, 1.02, 1.04], [50.0, 118.3, 2.4], [0.25, 0.197, 0.35], [0.05, 0, 0])
    assert stress(0, 0.5) == pytest.approx([-0.28194178] * 2, rel=1e-6)
    assert [stress(1, r)[1] for r in (1.0, 1.02)] == pytest.approx([6.88159445, 6.74386910], rel=1e-8)
    assert stress(1, 1.02)[0] == pytest.approx(-0.00649108, rel=1e-5)
    assert [stress(2, r)[1] for r in (1.02, 1.04)] == pytest.approx([0.16556460, 0.16231906], rel=1e-7)


@pytest.mark.parametrize("part", ["octant", "cone", "full"])
def test_three_layer_sphere(part):
    """B21: swollen core 50 GPa, stiff inner shell 118.3 GPa, soft outer shell 2.4 GPa."""
    stress = layered_sphere([50.0, 51.0, 52.0], [50e9, 118.3e9, 2.4e9], [0.25, 0.197, 0.35], [0.05, 0, 0])
    values = parameters(
        CONDUCTIVITY, "a", modulus={"a": 118.3e9}, poisson={"a": 0.197}, core_swelling=0.05, reference_current_density=TINY
    )
    segments = {"octant": 4, "cone": 3, "full": 2}[part]
    mesh = ball([("a", 1.0, 1), ("b", 1.0, 1)], core=(50.0, 2), electrolyte=(2.0, 1), segments=segments, part=part)
    _, results = solved(mesh, values)
    r = results[1.0]
    loose = 4.0 if part == "full" else 1.0  # half as many cells around
    assert r["stress.first_principal.p99.a"] == pytest.approx(stress(1, 50.0)[1], rel=6e-3 * loose)
    assert r["stress.first_principal.p99.b"] == pytest.approx(stress(2, 51.0)[1], rel=6e-3 * loose)
    assert r["stress.hydrostatic.mean.core"] == pytest.approx(stress(0, 1.0)[0], rel=2e-3 * loose)
    assert r["stress.interface_normal.p999"] == pytest.approx(stress(0, 1.0)[0], rel=2e-2 * loose)


@pytest.mark.parametrize("part", ["full", "octant", "cone"])
def test_free_sphere_swells_without_stress(part):
    """What holds a particle in place, or makes its planes of symmetry, does not load it."""
    values = parameters(CONDUCTIVITY, "a", modulus=SOFT, core_swelling=0.05, reference_current_density=TINY)
    _, results = solved(ball([("a", 5.0, 1), ("b", 5.0, 1)], part=part, segments=2), values)
    assert abs(results[1.0]["stress.von_mises.p999.core"]) < 500  # Pa; E e* would be 2.5e9


def test_stress_of_lithium_in_a_sphere():
    """B17: c' = i R/(2 F D) (x^2 - 3/5), stress E Omega i R/(15 (1-nu) F D) at the centre, minus that at the surface."""
    from seix.analysis.fieldset import CellFields
    from seix.analysis.nodal import nodal_fields

    radius, i, d, omega, e, nu = 50e-9, 0.2, 1e-15, 9e-6, 80e9, 0.22
    values = parameters(
        CONDUCTIVITY, "a", modulus={"core": e, **SOFT}, poisson={"core": nu}, partial_molar_volume=omega, diffusivity=d,
        reference_current_density=i, mean_concentration=1e5,
    )  # fmt: skip
    mesh = ball([("a", 5.0, 1)], core=(50.0, 4), segments=4)
    model, results = solved(mesh, values)
    amplitude = i * radius / (2 * FARADAY * d)
    r = results[1.0]
    assert r["lithium.concentration.max"] == pytest.approx(1e5 + 0.4 * amplitude, rel=1e-4)
    assert r["lithium.concentration.min"] == pytest.approx(1e5 - 0.6 * amplitude, rel=1e-4)
    unit = e * omega * i * radius / (15 * (1 - nu) * FARADAY * d)
    fields = CellFields(mesh, nodal_fields(model, values.reference_field))
    nodes = fields.region_nodes()
    core = nodes.region == 0
    x = np.linalg.norm(nodes.points[core], axis=1) / radius
    radial = np.einsum("ki,kij,kj->k", nodes.points[core], _tensor(nodes.values["stress"][core]), nodes.points[core])
    radial[x > 0] /= (x[x > 0] * radius) ** 2
    inside = x > 0.2
    assert np.abs(radial[inside] - unit * (1 - x[inside] ** 2)).max() < 0.1 * unit  # linear in cells of a quarter of the radius
    assert nodes.values["first_principal_stress"][core][x < 1e-9] == pytest.approx(unit, rel=0.1)
    hydrostatic = nodes.values["hydrostatic_stress"][core]
    assert np.abs(hydrostatic - unit * (1 - 5 / 3 * x**2)).max() < 0.1 * unit
    outward = (nodes.values["displacement"][core] * nodes.points[core]).sum(axis=1)
    assert (outward[(x > 0.5) & (x < 0.7)] < 0).all()  # the inner part has less lithium than on average


def _tensor(listed):
    xx, yy, zz, xy, yz, xz = listed.T
    return np.stack([xx, xy, xz, xy, yy, yz, xz, yz, zz], axis=1).reshape(-1, 3, 3)


def test_first_principal_stress():
    """The closed form agrees with eigenvalues, for generic, degenerate, pure and vanishing stresses."""
    from dolfinx import fem, mesh

    from seix.fem import MPI
    from seix.physics.elasticity import first_principal

    rng = np.random.default_rng(0)
    generic = rng.normal(size=(40, 3, 3))
    turn = np.linalg.qr(generic)[0]
    pairs = np.einsum("kia,a,kja->kij", turn, [2.0, 2.0, -1.0], turn), np.einsum("kia,a,kja->kij", turn, [2.0, -1.0, -1.0], turn)
    tensors = np.concatenate([generic + generic.transpose(0, 2, 1), *pairs, [3 * np.eye(3), np.zeros((3, 3))]])
    domain = mesh.create_unit_cube(MPI.COMM_SELF, 1, 1, 1)
    space = fem.functionspace(domain, ("DG", 0, (3, 3)))
    stress = fem.Function(space)
    compiled = fem.Expression(first_principal(stress, plane=False), np.array([[0.25, 0.25, 0.25]]))
    for tensor in tensors:
        stress.x.array[:] = np.tile(tensor.ravel(), len(stress.x.array) // 9)
        found = compiled.eval(domain, np.array([0], dtype=np.int32)).ravel()[0]
        assert found == pytest.approx(np.linalg.eigvalsh(tensor)[-1], abs=1e-7 * max(np.abs(tensor).max(), 1e-3))
