"""A solution that breaks a balance, a bound or a number is refused: wrong values fed to the check, and to a run."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import synthetic
from seix import app
from seix.analysis.invariants import LARGEST, field_violations, not_finite, refuse, violations
from seix.analysis.quantities import Measurement
from seix.analysis.quantity import Quantity
from seix.errors import ConvergenceError
from seix.fem import MPI

FILM = Path(__file__).parents[2] / "scenarios/examples/homogeneous_film.yaml"
TINY = ["mesh.cells_per_layer=1", "error.method=none", "load.current_multiples=[1]"]
TOLERANCE = 1e-8
WINDOW = (2e-8, 1e-7)
SOUND = {
    "current.imbalance": 1e-12,
    "lithium.imbalance": 1e-12,
    "sei.area_resistance": 0.4,
    "sei.effective_conductivity": 5e-8,
    "strain_energy.sei": 0.0,
}


def told(slack=0.0, **changed):
    """Clauses on sound values with some of them changed; `_` in a name stands for a dot."""
    values = SOUND | {name.replace("__", "."): value for name, value in changed.items()}
    return violations({name: Quantity(value, "1") for name, value in values.items()}, TOLERANCE, WINDOW, slack)


def test_sound_values_pass():
    """Nothing is said of them, nor of a conductivity on its bounds."""
    assert told() == []
    for bound in WINDOW:
        assert told(sei__effective_conductivity=bound) == []


@pytest.mark.parametrize(
    "name, value, words",
    [
        ("current__imbalance", 2e-6, "current.imbalance is 2e-06, more than 1e-06"),
        ("lithium__imbalance", 0.5, "lithium.imbalance is 0.5"),
        ("sei__area_resistance", -0.4, "dissipates no power"),
        ("sei__area_resistance", 0.0, "dissipates no power"),
        ("strain_energy__sei", -1e-12, "strain_energy.sei is negative"),
        ("sei__effective_conductivity", 1.00001e-7, "outside of what its phases allow"),
        ("sei__effective_conductivity", 1.9999e-8, "outside of what its phases allow"),
        ("sei__effective_conductivity", -5e-8, "outside of what its phases allow"),
        ("sei__effective_conductivity", math.inf, "sei.effective_conductivity is inf"),
        ("current__imbalance", math.nan, "current.imbalance is nan"),
        ("field_enhancement__mean", math.nan, "field_enhancement.mean is nan"),
    ],
)
def test_each_violation_is_named(name, value, words):
    """One wrong value, one clause with its name."""
    (clause,) = told(**{name: value})
    assert words in clause


def test_slack_and_tolerance():
    """Shells may pass the lower bound by a little; a coarse solver may miss more."""
    assert told(slack=0.01, sei__effective_conductivity=0.991 * WINDOW[0]) == []
    assert told(slack=0.01, sei__effective_conductivity=0.98 * WINDOW[0])
    assert told(slack=0.01, sei__effective_conductivity=1.001 * WINDOW[1])
    values = {"current.imbalance": Quantity(1e-4, "1")}
    assert violations(values, 1e-4, WINDOW) == []
    assert violations(values, 1e-7, WINDOW)


def test_errors_must_be_finite_too():
    """An estimate of an error that is NaN does not reach a file; an unknown one may."""
    assert not_finite({"a": Quantity(1.0, "1"), "b": Quantity(1.0, "1", 0.1, "two_mesh")}) == []
    assert not_finite({"a": Quantity(1.0, "1", math.nan, "two_mesh")}) == ["the error of a is nan"]
    assert not_finite({"a": Quantity(-math.inf, "1")}) == ["a is -inf"]


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf, 2 * LARGEST])
@pytest.mark.parametrize("name", ["potential", "field_enhancement", "lithium_concentration", "stress"])
def test_fields_are_finite_where_they_exist(name, wrong):
    """NaN marks where a field does not exist; anywhere else it is found, with field and region."""
    mesh = synthetic.patch()
    values = dict(synthetic.fields(mesh).values)
    assert field_violations(values, mesh.region, mesh.region_names) == []
    cell = int(np.flatnonzero(mesh.region == 0 if name == "lithium_concentration" else mesh.region == 2)[0])
    values[name] = values[name].copy()
    values[name][cell, 1] = wrong
    (clause,) = field_violations(values, mesh.region, mesh.region_names)
    assert clause.startswith(f"{name} is not finite in 1 of ") and mesh.region_names[mesh.region[cell]] in clause


def test_void_and_domains_have_the_fields_they_should():
    """No field lives in a void; the lithium of the core lives in its domains too."""
    names, region = ["core", "electrolyte", "void", "silicon"], np.array([0, 1, 2, 3])
    nothing, everything = np.full((4, 6), math.nan), np.ones((4, 6))
    potential = np.where(region[:, None] == 2, math.nan, everything)
    assert field_violations({"potential": potential}, region, names, ["silicon"]) == []
    in_core = np.where(np.isin(region, (0, 3))[:, None], everything, nothing)
    assert field_violations({"lithium_concentration": in_core}, region, names, ["silicon"]) == []
    in_core[3] = math.nan
    assert "silicon" in field_violations({"lithium_concentration": in_core}, region, names, ["silicon"])[0]


def test_refusal_says_where_and_what():
    """Exit code 3 and a sentence."""
    refuse("film at I/I0 = 1", [])
    with pytest.raises(ConvergenceError, match=r"film at I/I0 = 1: .* no result is written: a is nan; b is inf") as caught:
        refuse("film at I/I0 = 1", ["a is nan", "b is inf"])
    assert caught.value.exit_code == 3


def spoiled(monkeypatch, method, change):
    """Let a method of the measurement give something wrong."""
    right = getattr(Measurement, method)
    monkeypatch.setattr(Measurement, method, lambda self: change(right(self)))


@pytest.mark.parametrize(
    "name, value, words",
    [
        ("current.imbalance", 1e-3, "current.imbalance is 0.001"),
        ("sei.effective_conductivity", 1.01e-7, "1e-07 to 1e-07 S/m"),
        ("potential.drop", math.nan, "potential.drop is nan"),
    ],
)
def test_run_writes_no_result_of_wrong_quantities(monkeypatch, tmp_path, name, value, words):
    """The film has one conductivity, so the window is a point; no folder is left."""
    monkeypatch.chdir(tmp_path)
    spoiled(monkeypatch, "quantities", lambda found: found | {name: replace(found[name], value=value)})
    with pytest.raises(ConvergenceError, match=f"homogeneous_film at I/I0 = 1: .*{words}"):
        app.run_command(FILM, tmp_path / "out", TINY, False, False)
    assert not any(path.name.startswith("out") for path in tmp_path.iterdir())


def test_run_writes_no_field_that_is_not_finite(monkeypatch, tmp_path):
    """One NaN in the displacement of one cell of the core."""

    def spoil(fields):
        fields["displacement"][np.flatnonzero(~np.isnan(fields["lithium_concentration"][:, 0]))[0], 2, 0] = math.nan
        return fields

    monkeypatch.chdir(tmp_path)
    spoiled(monkeypatch, "nodal_fields", spoil)
    with pytest.raises(ConvergenceError, match=r"displacement is not finite in 1 of .* the first in core"):
        app.run_command(FILM, tmp_path / "out", TINY, False, False)
    assert not any(path.name.startswith("out") for path in tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parallel(nprocs=2)
def test_all_ranks_stop(monkeypatch, tmp_path):
    """What only the first rank sees ends the run on both."""
    if MPI.COMM_WORLD.rank == 0:
        wrong = Quantity(math.nan, "V")
        spoiled(monkeypatch, "quantities", lambda found: found | {"potential.drop": wrong})
    monkeypatch.chdir(MPI.COMM_WORLD.bcast(tmp_path, root=0))
    with pytest.raises(ConvergenceError, match=r"potential.drop is nan"):
        app.run(FILM, TINY)
