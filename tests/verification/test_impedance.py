"""The impedance spectrum against the stationary model, against complex solutions, and as an instrument that leaves no trace."""

import re
from pathlib import Path

import numpy as np
import pytest

from seix.analysis.progress import Progress, Silent
from seix.analysis.quantities import Measurement
from seix.fem import MPI
from seix.materials import MaterialLibrary
from seix.measure import Specimen, impedance
from seix.measure.impedance_network import VACUUM_PERMITTIVITY, ImpedanceNetwork
from seix.model import Model
from seix.numerics.domains import Domains
from seix.numerics.reduction import reduce
from seix.numerics.solver import NewtonSolver
from seix.numerics.stepping import LoadPath
from seix.parameters import InterfaceLaw, parameters_of
from seix.scenario import Scenario
from seix.scenario_file import load_study
from seix.simulation import cached
from seix.verification.impedance_cases import OMEGA, WET, network
from seix.verification.space_meshes import film_with_sphere
from support import parameters, ring, solved, strip

MATERIALS = {"a": (1e-7, 6.0), "b": (1e-6, 6.0), "grain": (1e-10, 9.0), **WET}
CONDUCTIVITY = {name: pair[0] for name, pair in MATERIALS.items()}
LINEAR = [InterfaceLaw(law="film_resistance", resistance=0.05), InterfaceLaw(law="perfect_contact")]
EXAMPLES = Path(__file__).parents[2] / "scenarios/examples"


def with_grain():
    """Film of two layers with a square grain in it."""
    mesh = strip([("a", 20.0, 8), ("b", 20.0, 4)], columns=5)
    middle = mesh.points[mesh.cells[:, :3]].mean(axis=1)
    inside = (np.abs(middle[:, 0] - 3.0) < 1.2) & (np.abs(middle[:, 1] - 10.0) < 5)
    mesh.region_names.append("grain")
    mesh.region[inside], mesh.grain[inside] = len(mesh.region_names) - 1, 0
    return mesh


def test_zero_frequency_is_the_differential_resistance():
    """Of the stationary model at three times i0, with charge transfer that is not symmetric, grain boundaries and a poor core.

    Differences over 2 and 4 % of the current, extrapolated, are right to its fourth power, 2e-7, times what is left of the sixth
    derivative, and to the tolerance of Newton's method over 2 %.
    """
    law = InterfaceLaw(exchange_current_density=0.3, transfer_coefficient=0.3)
    given = {"surface_conductance": 2e-16, "core_conductivity": 1e-6, "reference_current_density": 0.9}
    steps = (0.96, 0.98, 1.0, 1.02, 1.04)
    _, found = solved(with_grain(), parameters(CONDUCTIVITY, "a", law, **given), steps)
    low, lower, _, upper, high = (found[one]["potential.drop"] for one in steps)
    slope = (4 * (upper - lower) / 0.04 - (high - low) / 0.08) / 3 / 0.9
    reduced, unit, parts = network(with_grain(), MATERIALS, "a", law, 0.2, 1.0, comm=MPI.COMM_SELF, **given)
    rest = reduced.state(0.0)
    assert reduced.load @ rest * unit == pytest.approx(slope, rel=2e-7)
    core = rest @ parts["core"][0] @ rest * unit
    assert core == pytest.approx(0.01, rel=0.1)  # 10 nm over 1e-6 S/m, and what unevenness adds


@pytest.mark.parametrize("shape", ["patch", "particle"])
@pytest.mark.parametrize("law", LINEAR, ids=lambda one: one.law)
def test_linear_laws_have_the_stationary_resistance(shape, law):
    """Drop over current, and the area resistance of the SEI, to the tolerance of the solvers."""

    def mesh():
        return with_grain() if shape == "patch" else ring([("a", 5.0, 2), ("b", 5.0, 2)])

    _, found = solved(mesh(), parameters(CONDUCTIVITY, "a", law, core_conductivity=1e-5))
    capacitance = 0.0 if law.law == "perfect_contact" else 0.2
    reduced, unit, parts = network(mesh(), MATERIALS, "a", law, capacitance, comm=MPI.COMM_SELF, core_conductivity=1e-5)
    rest = reduced.state(0.0)
    assert reduced.load @ rest * unit == pytest.approx(found[1.0]["potential.drop"] / 0.2, rel=1e-9)
    assert rest @ parts["sei"][0] @ rest * unit == pytest.approx(found[1.0]["sei.area_resistance"], rel=1e-9)
    interface = rest @ parts["interface"][0] @ rest * unit
    assert interface >= 0.05 * (1 - 1e-9) if capacitance else abs(interface) < 1e-9


def test_reduced_spectrum_is_that_of_complex_solutions():
    """All 81 frequencies, and each part of them, with the matrices written out."""
    law = InterfaceLaw(exchange_current_density=0.3)
    values = parameters(CONDUCTIVITY, "a", law, surface_conductance=2e-16)
    model = Model(Domains(MPI.COMM_SELF, with_grain()), values)
    found = ImpedanceNetwork(model, {name: pair[1] for name, pair in MATERIALS.items()}, 0.2, True, 1e-10, "auto")
    pairs = [found.products(column) for column in np.eye(len(found.load))]
    stiff, store = (np.array([pair[k] for pair in pairs]).T for k in (0, 1))
    scale = np.abs(stiff).max()
    assert np.abs(stiff - stiff.T).max() < 1e-12 * scale and np.abs(store - store.T).max() < 1e-12 * np.abs(store).max()
    assert np.linalg.eigvalsh(stiff).min() > 0 and np.linalg.eigvalsh(store).min() > -1e-12 * np.abs(store).max()
    reduced = reduce(found, OMEGA, 1e-5)
    exact = np.array([found.load @ np.linalg.solve(stiff + 1j * one * store, found.load) for one in OMEGA])
    error = np.abs(reduced.impedance(OMEGA) / exact - 1)
    assert (error <= reduced.bound + 1e-9).all() and reduced.bound.max() <= 1e-5
    parts = found.split(reduced)
    for one in OMEGA[::20]:
        state = reduced.state(1j * one)
        whole = sum(state @ (k + 1j * one * m) @ state for k, m in parts.values())
        assert whole == pytest.approx(reduced.impedance(np.array([one]))[0], rel=1e-10)
    found.destroy()
    model.system.destroy()


@pytest.mark.parametrize("thickness", [5.0, 80.0])
def test_relaxation_time_of_a_film_does_not_know_its_thickness(thickness):
    """Permittivity over conductivity: 0.53 ms; the resistance does."""
    mesh = strip([("a", thickness, 2)])
    reduced, unit, parts = network(mesh, MATERIALS, "a", InterfaceLaw(exchange_current_density=0.29), 0.2, comm=MPI.COMM_SELF)
    rest = reduced.state(0.0)
    power, energy = (rest @ part @ rest for part in parts["sei"])
    assert energy / power == pytest.approx(6.0 * VACUUM_PERMITTIVITY / 1e-7, rel=1e-10)
    assert power * unit == pytest.approx(thickness * 1e-9 / 1e-7, rel=1e-9)


FILM = {
    "title": "film",
    "geometry": {"kind": "patch", "dimension": 2, "period": 10e-9, "core_depth": 10e-9, "electrolyte_depth": 5e-9},
    "sei": {"structure": "homogeneous", "thickness": 20e-9, "matrix": "organic_polymer"},
    "load": {"current_multiples": [1.0, 5.0]}, "mesh": {"cells_per_layer": 2},
}  # fmt: skip
I0, THERMAL = 0.29, 0.0256925791


@pytest.fixture(scope="module")
def specimen():
    """A film with the kinetics of the core material and stress feedback, solved at one and five times the current."""

    def make(section):
        scenario = Scenario.model_validate(FILM | {"measure": {"impedance": section}})
        return Specimen(scenario, parameters, model, {}, True, "film", Progress(Silent()))

    scenario = Scenario.model_validate(FILM)
    parameters = parameters_of(scenario, MaterialLibrary())
    model = Model(Domains(MPI.COMM_SELF, strip([("organic_polymer", 20.0, 2)], period=10.0)), parameters)
    solver = NewtonSolver(model.system)
    path = LoadPath(solver, model.set_current, model.set_feedback)
    for multiple in (1.0, 5.0):
        path.go(multiple)
    solver.destroy()
    yield make
    model.system.destroy()


def transfer(current):
    """Differential resistance of symmetric Butler-Volmer kinetics, ohm m2."""
    return THERMAL / I0 / np.cosh(np.arcsinh(current / 2 / I0))


@pytest.mark.parametrize("bias, current", [("equilibrium", 0.0), (1.0, 0.2), (5.0, 1.0)])
def test_bias_sets_the_charge_transfer_and_leaves_no_trace(specimen, bias, current):
    """R_ct of the closed form about each state; the model is at its last current afterwards."""
    made = specimen({"bias": bias})
    before = [f.x.array.copy() for f in made.model.fields]
    level = float(made.model.current.value)
    found = {name: one.value for name, one in impedance.read(made).quantities.items()}
    assert found["impedance.charge_transfer_resistance"] == pytest.approx(transfer(current), rel=1e-7)
    assert found["impedance.sei_resistance"] == pytest.approx(0.2, rel=1e-7)
    assert found["impedance.charge_transfer_relaxation_time"] == pytest.approx(0.2 * transfer(current), rel=1e-7)
    assert found["impedance.charge_transfer_capacitance"] == pytest.approx(0.2, rel=1e-7)
    assert found["impedance.sei_relaxation_time"] == pytest.approx(6 * VACUUM_PERMITTIVITY / 1e-7, rel=1e-7)
    assert made.model.current.value == level
    assert all(np.array_equal(a, f.x.array) for a, f in zip(before, made.model.fields, strict=True))


def test_windows_read_what_relaxes_in_them(specimen):
    """The film, 0.53 ms, counts as ohmic in the windows of the paper, which is said; with windows around it all is found."""
    reading = impedance.read(specimen({}))
    found = {name: one.value for name, one in reading.quantities.items()}
    assert found["impedance.window.ohmic_resistance"] == pytest.approx(0.2, rel=2e-3)
    assert found["impedance.window.sei_deviation"] == pytest.approx(-1.0, abs=2e-3)
    assert found["impedance.window.charge_transfer_deviation"] == pytest.approx(0.0, abs=5e-3)
    assert len(reading.warnings) == 1 and "the window of R_SEI, 0.001 to 0.01 s, holds" in reading.warnings[0]
    # 40 nm over 2e-7 S/m are 0.2 ohm m2, said in the unit of the printed table
    assert "but R_SEI is 2000 Ω cm² with a relaxation time" in reading.warnings[0]
    better = impedance.read(specimen({"windows": {"ohmic": [1e-6, 1e-5], "sei": [1e-5, 5e-3], "charge_transfer": [5e-3, 0.1]}}))
    assert better.quantities["impedance.window.sei_deviation"].value == pytest.approx(0.0, abs=2e-3)
    assert better.quantities["impedance.window.sei_peak_time"].value == pytest.approx(5.3e-4, rel=0.06)
    assert not better.warnings
    tables = {name: {column.name: column.values for column in columns} for name, columns in better.tables.items()}
    columns = [name for table in tables.values() for name in table]
    assert {"sei.real", "relaxation_time"} < set(columns) and all(re.fullmatch(r"[a-z_]+(\.[a-z_]+)*", name) for name in columns)
    assert tables["impedance_relaxations"]["resistance"].sum() == pytest.approx(
        found["impedance.low_frequency_resistance"], rel=1e-9)  # fmt: skip
    assert list(tables["impedance_windows"]["window"]) == ["ohmic", "sei", "charge_transfer"]


def test_windows_beyond_the_frequencies_are_named(specimen):
    """10 Hz to 10 kHz tell 16 us to 16 ms: not the begin of the ohmic window nor the end of that of R_ct."""
    warnings = impedance.read(specimen({"lowest_frequency": 10.0, "highest_frequency": 1e4})).warnings
    named = [text for text in warnings if "reaches beyond" in text]
    assert ["windows.ohmic" in text for text in named] == [True, False] and "windows.charge_transfer" in named[1]
    assert "1.6e-05 to 0.016 s" in named[0]


def test_noise_is_as_large_as_asked_for_and_the_same_again(specimen):
    """Level and seed; errors of what is read then come from refits."""
    level = {"level": 0.01, "seed": 7}
    first, again, other = (impedance.read(specimen({"noise": level | more})) for more in ({}, {}, {"seed": 8}))
    values = [
        {column.name: np.array(column.values) for column in one.tables["impedance_spectrum"]} for one in (first, again, other)
    ]  # fmt: skip
    assert np.array_equal(values[0]["real"], values[1]["real"]) and not np.array_equal(values[0]["real"], values[2]["real"])
    exact = values[0]["real.without_noise"] + 1j * values[0]["imaginary.without_noise"]
    error = (values[0]["real"] + 1j * values[0]["imaginary"] - exact) / np.abs(exact)
    # standard deviation of 162 numbers: to 1/sqrt(324) of itself, four times that
    assert np.concatenate([error.real, error.imag]).std() == pytest.approx(0.01, rel=0.22)
    read = first.quantities["impedance.window.charge_transfer_resistance"]
    assert read.error_kind == "resampled" and abs(read.value - transfer(0.0)) < read.error < 0.2 * read.value
    assert first.quantities["impedance.sei_resistance"].error_kind is None


@pytest.mark.slow
def test_several_particles_share_the_current_as_in_the_stationary_model(tmp_path):
    """With a film resistance the zero-frequency resistance is drop over current, but for the electrons in the cores.

    Those have 1e3 S/m against 1e-7 S/m in the SEI: 1e-10 of the resistance, times the ratio of core and SEI.
    """
    overrides = [
        "interface={law: film_resistance, resistance: 0.05 ohm m^2, stress_feedback: false}", "mesh.cells_per_layer=2",
        "load.current_multiples=[1]", "measure={impedance: {}}",
        "sei={structure: homogeneous, thickness: 16 nm, matrix: organic_polymer}",
    ]  # fmt: skip
    (scenario,) = load_study(EXAMPLES / "several_particles.yaml", overrides).members.values()
    mesh, _ = cached(scenario, 1.0, tmp_path)
    parameters = parameters_of(scenario, MaterialLibrary())
    model = Model(Domains(MPI.COMM_SELF, mesh), parameters)
    solver = NewtonSolver(model.system)
    LoadPath(solver, model.set_current, None).go(1.0)
    solver.destroy()
    drop = Measurement(model, parameters.reference_field).quantities()["potential.drop"].value
    reading = impedance.read(Specimen(scenario, parameters, model, {}, True, "particles", Progress(Silent())))
    resistance = reading.quantities["impedance.low_frequency_resistance"].value
    assert resistance == pytest.approx(drop / scenario.load.reference_current_density, rel=1e-7)
    assert not [text for text in reading.warnings if "equipotential" in text]
    model.system.destroy()


@pytest.mark.slow
@pytest.mark.parallel(nprocs=[2, 3])
def test_same_spectrum_on_all_rank_counts():
    """To 1e-8, with a grain cut by the periodic sides."""
    mesh = film_with_sphere(3.0, 10.0, segments=1, shells=(1, 2), shift=True)
    mesh.region_names[mesh.region_names.index("matrix")] = "a"
    law = InterfaceLaw(exchange_current_density=0.29)
    together, alone = (network(mesh, MATERIALS, "a", law, 0.2, comm=comm) for comm in (MPI.COMM_WORLD, MPI.COMM_SELF))
    assert together[0].shifts == alone[0].shifts
    spectra = [one.impedance(OMEGA) * unit for one, unit, _ in (together, alone)]
    assert np.abs(spectra[0] / spectra[1] - 1).max() < 1e-8
    for part in ("sei", "interface"):
        rests = [(one.state(0.0), parts[part]) for one, _, parts in (together, alone)]
        split = [[rest @ matrix @ rest for matrix in pair] for rest, pair in rests]
        assert split[0] == pytest.approx(split[1], rel=1e-8)
