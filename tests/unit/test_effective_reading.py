"""The instrument `measure.effective` from scenario to quantities: closed forms of two layers, and a film with grains."""

import math

import pytest

from seix.analysis.quantity import Quantity, describe
from seix.errors import ConvergenceError, InputError
from seix.fem import MPI
from seix.measure import film_transport
from seix.measure.film import Row
from seix.scenario_file import load_study
from seix.simulation import simulate
from seix.units import FARADAY
from support import SMALL_BILAYER

LAYERS = """
title: two layers
geometry: { kind: patch, period: 10 nm, core_depth: 5 nm, electrolyte_depth: 5 nm }
sei:
  structure: layers
  thickness: 20 nm
  layers: [{ thickness: 8 nm, matrix: oligomer }, { thickness: 12 nm, matrix: organic_polymer }]
materials:
  override:
    oligomer:
      { conductivity: 1e-6 S/m, activation_energy: 0.3 eV, relative_permittivity: 9, diffusivity: 1e-18 m^2/s,
        youngs_modulus: 10 GPa, poisson_ratio: 0.25 }
    organic_polymer:
      { conductivity: 1e-7 S/m, activation_energy: 0.5 eV, relative_permittivity: 4, diffusivity: 4e-18 m^2/s,
        youngs_modulus: 2 GPa, poisson_ratio: 0.35 }
mesh: { cells_per_layer: 2 }
measure: { effective: {} }
"""
GRAINS = (
    SMALL_BILAYER
    + """
  inorganic: { LiF: 0.2 }
  grains: { diameter: 6 nm, gap: 1 nm }
grain_boundary: { thickness: 0.5 nm }
interface: { law: perfect_contact }
mesh: { cells_per_gap: 1, cells_per_diameter: 6 }
measure: { effective: {} }
"""
)


class Silent:
    """A progress that says nothing."""

    def __getattr__(self, name):
        return lambda *arguments: None


def quantities(tmp_path, text, *overrides):
    """Quantities and reading of a scenario, without a coarser mesh unless asked for."""
    path = tmp_path / "scenario.yaml"
    path.write_text(text, encoding="utf-8")
    (result,) = simulate(load_study(path, list(overrides)), MPI.COMM_WORLD, tmp_path / "meshes", Silent())
    return result.cases[0].quantities, result.readings["effective"]


def test_film_of_two_layers_has_the_closed_forms(tmp_path):
    """Series and parallel connection of conductivity, diffusivity, permittivity and stiffness; activation energies by shares."""
    q, reading = quantities(tmp_path, LAYERS, "error.method=none")
    values = {name.removeprefix("effective."): quantity.value for name, quantity in q.items()}
    f, moduli = (0.4, 0.6), ((10e9, 0.25), (2e9, 0.35))
    for name, (a, b) in {"conductivity": (1e-6, 1e-7), "diffusivity": (1e-18, 4e-18), "permittivity": (9, 4)}.items():
        assert values[f"{name}.through"] == pytest.approx(1 / (f[0] / a + f[1] / b), rel=1e-7)
        assert values[f"{name}.in_plane"] == pytest.approx(f[0] * a + f[1] * b, rel=1e-7)
        assert values[f"{name}.through.reuss"] == pytest.approx(values[f"{name}.through.hs_lower"], rel=1e-9)
        assert values[f"{name}.in_plane.voigt"] == pytest.approx(values[f"{name}.in_plane.uniform_faces"], rel=1e-7)
    assert values["conductivity.through"] == pytest.approx(q["sei.effective_conductivity"].value, rel=1e-6)
    c33 = 1 / sum(w * (1 + nu) * (1 - 2 * nu) / (young * (1 - nu)) for w, (young, nu) in zip(f, moduli, strict=True))
    assert values["stiffness.c33"] == values["uniaxial_strain_modulus.through"] == pytest.approx(c33, rel=1e-7)
    biaxial = sum(w * young / (1 - nu) for w, (young, nu) in zip(f, moduli, strict=True))
    assert values["biaxial_modulus.in_plane"] == pytest.approx(biaxial, rel=1e-7)
    # what each layer contributes to the resistance, or to the conductance, weighs its activation energy
    for direction, weights in (("through", (f[0] / 1e-6, f[1] / 1e-7)), ("in_plane", (f[0] * 1e-6, f[1] * 1e-7))):
        exact = (0.3 * weights[0] + 0.5 * weights[1]) / sum(weights) * FARADAY
        found = q[f"effective.activation_energy.conductivity.{direction}"]
        assert abs(found.value - exact) <= found.error <= 0.01 * exact
        assert reading.record["activation_energies_from_shares"][f"conductivity.{direction}"] == pytest.approx(exact, rel=1e-7)
    assert all(describe(name) for name in q)
    assert [column.name for column in reading.tables["effective_temperature"]][:2] == ["temperature", "conductivity.in_plane"]
    assert reading.warnings == []


def test_film_with_grains(tmp_path):
    """Bounds, companions and errors; the stationary solution with perfect contact has the same conductivity through the film."""
    q, reading = quantities(tmp_path, GRAINS)
    assert q["effective.conductivity.through"].value == pytest.approx(q["sei.effective_conductivity"].value, rel=1e-5)
    assert q["effective.conductivity.through"].error_kind == "two_mesh"
    energy = q["effective.activation_energy.conductivity.through"]
    assert energy.error_kind == "sweep" and energy.value == pytest.approx(0.45 * FARADAY, rel=1e-4)
    assert "effective.conductivity.through.hs_upper" not in q  # interfaces conduct
    assert "effective.conductivity.through.uniform_faces" not in q
    for name in ("youngs_modulus.through", "biaxial_modulus.in_plane", "conductivity.in_plane"):
        low, value, high = (q[f"effective.{name}{end}"].value for end in (".reuss", "", ".voigt"))
        assert low < q[f"effective.{name}.uniform_faces"].value < value < high
    assert reading.record["fractions"]["LiF"] == pytest.approx(0.2, rel=1e-3)
    assert max(reading.record["reciprocity"].values()) < 1e-7


def test_only_what_is_asked_for_is_computed(tmp_path):
    """Two properties, no companion, no sweep."""
    keys = ("properties=[permittivity, diffusivity]", "uniform_faces=false", "activation_energy=false")
    q, reading = quantities(tmp_path, LAYERS, *(f"measure.effective.{key}" for key in keys), "error.method=none")
    found = {name for name in q if name.startswith("effective.")}
    bounds = ("reuss", "voigt", "hs_lower", "hs_upper")
    names = [f"effective.{name}.{end}" for name in ("permittivity", "diffusivity") for end in ("through", "in_plane")]
    assert found == {*names, *(f"{name}.{bound}" for name in names for bound in bounds)}
    assert set(reading.tables) == {"effective"}


def test_a_value_outside_of_its_bounds_ends_the_run(tmp_path, monkeypatch):
    """Wrong bounds in place of the right ones."""
    monkeypatch.setattr(film_transport, "transport_bounds", lambda *_: {"reuss": [1.0, 1.0], "voigt": [2.0, 2.0]})
    with pytest.raises(ConvergenceError, match=r"permittivity\.in_plane is 6, outside of what its phases allow, 1 to 2"):
        quantities(tmp_path, LAYERS, "measure.effective.properties=[permittivity, diffusivity]", "error.method=none")


def test_violations_of_one_property_are_named():
    """Outside of a bound, companion above the value, NaN; values on their bounds pass."""
    bounds = {"reuss": 1.0, "voigt": 2.0}
    assert list(Row("x", "Pa", 1.0, 1.0, bounds).violations()) == []
    assert len(list(Row("x", "Pa", 2.1, 1.5, bounds).violations())) == 1
    assert len(list(Row("x", "Pa", 1.5, 1.6, bounds).violations())) == 1
    assert len(list(Row("x", "Pa", math.nan, None, bounds).violations())) == 1
    assert dict(Row("x", "Pa", 1.5, None, {}).quantities()) == {"effective.x": Quantity(1.5, "Pa")}


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("measure.effective.temperature_step=50 K", "the sweep goes from"),
        ("measure.effective.properties=[stiffness, stiffness]", "'stiffness' is there twice"),
        ("measure.effective.properties=[]", "properties"),
        ("geometry={kind: particle, core_radius: 50 nm, electrolyte_depth: 5 nm}", "flat film"),
    ],
)
def test_what_cannot_be_measured_is_refused(tmp_path, override, words):
    """With the key."""
    path = tmp_path / "scenario.yaml"
    path.write_text(LAYERS, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        load_study(path, [override])
