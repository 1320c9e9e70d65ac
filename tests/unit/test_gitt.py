"""Virtual GITT: what it refuses, what it reads through a whole run, and the parts against other codes and formulas."""

import csv
import json
import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from seix.analysis.measured.gitt import draw
from seix.analysis.progress import Progress
from seix.app import run_command
from seix.errors import InputError
from seix.fem import MPI
from seix.input.measure.gitt import Electrode, Gitt
from seix.measure import gitt
from seix.measure.gitt_particle import Particle, Protocol, Titrator
from seix.measure.gitt_potential import SILICON, open_circuit, overpotential
from seix.parameters import InterfaceLaw
from seix.scales import FARADAY
from seix.scenario_file import load_study
from seix.simulation import simulate
from seix.verification.titration_cases import constant_flux, lasting, particle, reading

FILM = """
title: film and particle
geometry: {kind: patch, period: 12 nm, core_depth: 8 nm, electrolyte_depth: 4 nm}
sei: {structure: homogeneous, thickness: 20 nm}
interface: {law: butler_volmer, stress_feedback: false, transfer_coefficient: 0.3}
measure:
  gitt: {size: 1 um, current_density: 0.2 A/m^2, pulse: 60 s, rest: 400 s, pulses: 3}
"""


@pytest.fixture
def film(tmp_path):
    """A small scenario."""
    path = tmp_path / "film.yaml"
    path.write_text(FILM, "utf-8")
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["measure.gitt.c_rate=0.1"], "measure.gitt.current_density: and c_rate are both given; give one of c_rate, "),
        (["measure.gitt.pulse=60"], "measure.gitt.pulse: the number 60 has no unit; expected a time such as '60 s'"),
        (["measure.gitt.pulse=60 nm"], "'nm' has another dimension; expected a time"),
        (["measure.gitt.ir_read_after=60 s"], "measure.gitt.ir_read_after: 60 s is not within the pulse; must be less than 60 s"),
        (["measure.gitt.pulses=600"], "measure.gitt.pulses: 600 pulses from 0.2 end at a state of lithiation of "),
        (["measure.gitt.direction=delithiation", "measure.gitt.pulses=600"], "must end between 0 and 1"),
        (["measure.gitt.open_circuit=linear"], "measure.gitt.open_circuit: 'linear' needs a potential that falls with lithium; "),
        (["measure.gitt.open_circuit=linear", "interface={law: perfect_contact}"], "give interface.equilibrium_slope"),
        (["measure.gitt.open_circuit_table=[{state: 0, potential: 1 V}, {state: 1, potential: 1 V}]"],
         "measure.gitt.open_circuit_table.1: does not follow the point before; states must rise and potentials fall"),
        (["measure.gitt.open_circuit_table=[{state: 0.1, potential: 1 V}, {state: 1, potential: 0 V}]"],
         "measure.gitt.open_circuit_table: must reach from state 0 to state 1"),
        (["measure.gitt.open_circuit=silicon",
          "measure.gitt.open_circuit_table=[{state: 0, potential: 1 V}, {state: 1, potential: 0 V}]"],
         "measure.gitt.open_circuit: has no effect beside open_circuit_table"),
        (["core_domains={fraction: 0.2, diameter: 2 nm, gap: 0.5 nm}"],
         "measure.gitt: titrates a uniform core; leave out core_domains"),
        (["measure.gitt.electrode.mass=3 g/cm^2"], "'g/cm^2' has another dimension; expected a mass"),
        (["measure.gitt.radius=1 um"], "measure.gitt.radius: unknown key; "),
    ],
)  # fmt: skip
def test_what_cannot_be_titrated_is_refused(film, changes, message):
    with pytest.raises(InputError) as caught:
        load_study(film, changes)
    assert message in str(caught.value)


def test_currents_are_given_in_three_ways():
    """C-rate of the capacity of a sphere, R/3 times c_max; density; multiple of I0."""
    assert Gitt(c_rate=0.1, size=3e-6).pulse_current(0.2, 1e5) == pytest.approx(0.1 * FARADAY * 1e5 * 1e-6 / 3600)
    assert Gitt(current_density=0.3).pulse_current(0.2, 1e5) == 0.3
    assert Gitt(current_multiple=2.0).pulse_current(0.2, 1e5) == 0.4
    assert Gitt().pulse_current(0.2, 1e5) == pytest.approx(0.05 * FARADAY * 1e5 * 5e-6 / 3 / 3600)
    assert Electrode().thickness == pytest.approx(3e-2 / 2200)  # 3 mg/cm2 over 2.2 g/cm3


def test_a_whole_run_reads_what_its_parts_are_known_to_be(film, tmp_path):
    """A homogeneous film: its resistance is 0.2 ohm m2, the interface is uniform, and the step is their sum."""
    folder = tmp_path / "out"
    run_command(film, folder, [], False, False)
    found = json.loads((folder / "quantities.json").read_text("utf-8"))["quantities"]
    value = {name: entry["value"] for name, entry in found.items() if name.startswith("gitt.")}
    law = InterfaceLaw(exchange_current_density=0.29, transfer_coefficient=0.3)
    volt = 8.31446261815324 * 298.15 / FARADAY
    steps = [0.2 * 0.2 + abs(overpotential(law, sign * 0.2, volt)) for sign in (1, -1)]
    assert value["gitt.ir_drop.sei"] == pytest.approx(0.04, rel=1e-7)
    assert value["gitt.ir_drop"] == pytest.approx(np.mean(steps), rel=1e-6)
    assert value["gitt.diffusivity.core"] == 1.67e-14
    assert value["gitt.fourier_number"] == pytest.approx(60 * 1.67e-14 / 1e-12)
    assert value["gitt.pulses"] == 6 and value["gitt.rest_residual"] < 1e-5
    assert value["gitt.unevenness"] < 1e-9 and value["gitt.lithium_imbalance"] < 1e-9
    thickness = 3e-2 / 2200
    assert value["gitt.diffusivity.paper"] / value["gitt.diffusivity.apparent"] == pytest.approx((thickness / (1e-6 / 3)) ** 2)
    assert all(entry["error"] is not None for name, entry in found.items() if name in value and "imbalance" not in name)
    assert found["gitt.diffusivity.apparent"]["error"] < 1e-4 * value["gitt.diffusivity.apparent"]
    with (folder / "measured" / "film_gitt_diffusivity.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["direction [1]"] for row in rows] == ["lithiation"] * 3 + ["delithiation"] * 3
    assert np.mean([float(row["apparent [m2/s]"]) for row in rows]) == pytest.approx(value["gitt.diffusivity.apparent"])
    assert (folder / "maps" / "measured_gitt.png").stat().st_size > 10_000


@pytest.mark.parametrize("alpha", [0.3, 0.5, 0.9])
@pytest.mark.parametrize("current", [-80.0, -1e-3, 1e-3, 0.2, 80.0])
def test_overpotential_carries_the_current(alpha, current):
    """The law of the stationary model, evaluated there."""
    law = InterfaceLaw(exchange_current_density=0.5, transfer_coefficient=alpha)
    reduced = overpotential(law, current, 0.025) / 0.025
    assert -0.5 * (math.exp(alpha * reduced) - math.exp((alpha - 1) * reduced)) == pytest.approx(current, rel=1e-10)
    assert overpotential(InterfaceLaw(law="film_resistance", resistance=0.1), current, 0.025) == -0.1 * current
    assert overpotential(InterfaceLaw(law="perfect_contact"), current, 0.025) == 0.0


def test_open_circuit_potentials_fall_with_lithium():
    """The published polynomials from empty to full, and points."""
    state = np.linspace(0, 1, 201)
    for way in SILICON:
        assert (np.diff(np.polyval(SILICON[way], state)) < 0).all()
    assert (np.polyval(SILICON[-1], state) > np.polyval(SILICON[1], state)).all()  # hysteresis
    table = [{"state": 0.0, "potential": 1.0}, {"state": 0.1, "potential": 0.4}, {"state": 1.0, "potential": 0.0}]
    section, values = particle(open_circuit=None, open_circuit_table=table)
    curve = open_circuit(section, values).at
    assert curve(np.array([0.0, 0.1, 1.0]), 1) == pytest.approx([1.0, 0.4, 0.0]) and (np.diff(curve(state, -1)) < 0).all()


def test_a_step_that_is_read_late_makes_diffusion_look_fast():
    """What diffuses until then is taken for a step: 4N/(pi (u - u_read)^2), u of constant flux."""
    section, values = lasting(0.1, ir_read_after=1.0)
    late, with_step, _ = reading(section, values, 0.4)
    rise = [float(constant_flux(0, number, 1.0)[0]) for number in (0.1, 1e-3)]
    assert late == pytest.approx(0.4 / (math.pi * (rise[0] - rise[1]) ** 2), rel=4 * section.tolerance)
    assert with_step == pytest.approx(reading(*lasting(0.1), 0.4)[1], rel=4 * section.tolerance)


def test_out_and_in_again_reads_the_same_for_a_straight_potential():
    """And the particle comes back to where it began."""
    section, values = lasting(0.1, shape="sphere", direction="both", pulses=2)
    titration = gitt.titrate(section, values, section.current_density)
    pulses = gitt.evaluate(titration, gitt.potential(section, values, titration, section.current_density, 0.1))
    assert [pulse.way for pulse in pulses] == [1, 1, -1, -1]
    assert [p.transient for p in pulses] == pytest.approx([pulses[0].transient] * 4, rel=4 * section.tolerance)
    assert titration.trace.mean[-1] == pytest.approx(0.4, abs=1e-12)


@pytest.mark.parametrize("power", [0, 2])
def test_diffusion_under_stress_against_finite_volumes(power):
    """Another discretisation and another integrator, where the diffusivity changes by half within the particle."""
    one = Particle(power, 1e-6, 1e-15, 1e5, stress=2e-5)
    protocol = Protocol(10.0, 50.0, 20.0, 0.0, 1, (1,), 0.1)
    found = Titrator(one, protocol, 64, 1e-7).run()
    ends = np.linspace(0, 1e-6, 401)
    middle, faces = 0.5 * (ends[1:] + ends[:-1]), ends**power
    volume = np.diff(ends ** (power + 1)) / (power + 1)

    def rate(_, c):
        inner = 1e-15 * (1 + 2e-5 * 0.5 * (c[1:] + c[:-1])) * np.diff(c) / np.diff(middle)
        return np.diff(np.concatenate([[0.0], inner, [10.0 / FARADAY]]) * faces) / volume

    c = solve_ivp(rate, (0, 50.0), np.full(400, 1e4), method="LSODA", lband=1, uband=1, rtol=1e-8, atol=1e-3).y[:, -1]
    slope = 10.0 / FARADAY / (1e-15 * (1 + 2e-5 * c[-1]))
    surface = (c[-1] + 0.5 * (ends[1] - ends[0]) * slope) / 1e5
    reached = found.trace.surface[found.pulses[0].end]
    assert 2e-5 * 1e5 * (reached - 0.1) > 0.2  # the diffusivity is not the same everywhere
    # second order in 400 cells, a tenth of the particle of depth: 1e-4 of the rise
    assert reached - 0.1 == pytest.approx(surface - 0.1, rel=3e-4)


def test_a_surface_that_gets_full_ends_the_titration(film):
    """After some pulses with a warning, in the first one with an error that says what to do."""
    section, values = particle("sphere", pulse=600.0, rest=3000.0, pulses=7, start=0.1, current_density=1.2)
    film = {"sei.area_resistance": 0.1, "current.interface_peak": 1.0}
    found = gitt._reading(section, values, 1.2, film, 1e-7, 1.0)
    assert 0 < found.quantities["gitt.pulses"].value < 7
    assert "the surface was full before the end of pulse" in found.warnings[0]
    back = gitt._reading(section.model_copy(update={"direction": "both"}), values, 1.2, film, 1e-7, 1.0)
    assert back.quantities["gitt.pulses"].value == 2 * found.quantities["gitt.pulses"].value
    assert back.tables["gitt_voltage"][4].values[-1] == pytest.approx(0.1, abs=1e-9) and back.warnings[0] == found.warnings[0]
    times = found.tables["gitt_voltage"][0].values
    assert len(times) == len(found.tables["gitt_voltage"][-1].values) and (np.diff(times) >= 0).all()
    full = section.model_copy(update={"start": 0.9})
    with pytest.raises(InputError, match=r"measure\.gitt: the surface was full .* lower the current"):
        gitt._reading(full, values, 1.2, film, 1e-7, 1.0)


def test_warnings_say_where_the_formula_fails():
    """A long pulse, a short rest, an uneven current, and stress without plastic flow."""
    film = {"sei.area_resistance": 0.1, "current.interface_peak": 3.0}
    texts = ""
    for keys in ({"rest": 20.0}, {"rest": 1e4, "stress_coupling": True}):
        section, values = particle("sphere", pulse=1000.0, **keys)
        texts += " | ".join(gitt._reading(section, values, 0.1, film, 1e-6, 1.0).warnings)
    section, values = particle(pulse=100.0, current_density=2.0, size=1e-5, open_circuit="silicon")
    texts += " | ".join(gitt._reading(section, values, 2.0, film, 1e-6, 1.0).warnings)
    for part in ("of the true diffusivity even without the IR step", "has not relaxed", "takes an even current", "plastic flow",
                 "where a cell would have ended"):
        assert part in texts


def test_the_figure_takes_one_structure_and_one_direction(tmp_path):
    section, values = lasting(0.01, pulses=2)
    film = {"sei.area_resistance": 0.1, "current.interface_peak": 1.0}
    found = gitt._reading(section, values, 0.1, film, 1e-7, 1.0)
    draw(tmp_path / "one.png", [("film", found)], 100)
    assert (tmp_path / "one.png").stat().st_size > 5_000


@pytest.mark.slow
@pytest.mark.parallel(nprocs=3)
def test_the_same_on_three_ranks(film, tmp_path):
    """Every reading, against a run of each rank by itself; and an error of the rank that titrates reaches all."""
    study = load_study(film)
    together = simulate(study, MPI.COMM_WORLD, tmp_path, Progress())[0]
    alone = simulate(study, MPI.COMM_SELF, tmp_path, Progress())[0].readings["gitt"].quantities
    assert (together is None) == (MPI.COMM_WORLD.rank > 0)
    if together is not None:
        for name, quantity in together.readings["gitt"].quantities.items():
            assert quantity.value == pytest.approx(alone[name].value, rel=1e-8, abs=1e-8), name
    full = load_study(film, ["measure.gitt.current_density=30 A/m^2", "measure.gitt.pulses=1", "measure.gitt.start=0.47"])
    with pytest.raises(InputError, match="the surface was full"):
        simulate(full, MPI.COMM_WORLD, tmp_path, Progress())
