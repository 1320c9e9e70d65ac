"""Fits against closed forms: values, covariances, priors, bounds, what cannot be known; and the command itself."""

import json
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import shipped
from ruamel.yaml import YAML
from scipy.stats import chi2

from seix.cli import main
from seix.errors import ConvergenceError, InputError
from seix.scenario_file import load_study
from seix.study.calibrate_command import Calibrated, in_words, pairs, region
from seix.study.calibration_file import CalibrationFile
from seix.study.confidence import confidence_of, ellipse, region_scale
from seix.study.fit import Fit
from seix.study.fit_parameters import FitSetup
from seix.study.plan import read_typed

ROOT = Path(__file__).parents[2]
FILM = ROOT / "scenarios/examples/homogeneous_film.yaml"
TWO_LAYERS = ROOT / "scenarios/examples/two_layer_film.yaml"
BILAYER = ROOT / "scenarios/paper/bilayer.yaml"
POLYMER, OLIGOMER = (f"materials.override.{name}.conductivity" for name in ("organic_polymer", "oligomer"))
KAPPA = {"key": POLYMER, "start": "1e-7 S/m", "low": "1e-9 S/m", "high": "1e-5 S/m", "scale": "log"}
KAPPA_INNER = {"key": OLIGOMER, "start": "1e-6 S/m", "low": "1e-8 S/m", "high": "1e-4 S/m", "scale": "log"}
RESISTANCE = {"quantity": "sei.area_resistance", "value": "0.1 ohm m^2", "uncertainty": "5 %", "source": "test"}
WINDOW = {"quantity": "sei.area_resistance", "source": "test"}
DROP = {"quantity": "potential.drop", "value": "20 mV", "uncertainty": "1 mV", "source": "test"}
THICKNESS, CURRENT = 40e-9, 0.2


def write(folder, **changes):
    """A calibration file of the film, with changes."""
    content = {"title": "Test", "scenario": str(FILM), "set": {"load.current_multiples": [1]}, "parameters": {"kappa": KAPPA},
               "measurements": [RESISTANCE]} | changes  # fmt: skip
    path = folder / "fit.yaml"
    with path.open("w") as stream:
        YAML().dump({key: value for key, value in content.items() if value is not None}, stream)
    return path


class Runs:
    """In place of runs: quantities by closed formulas of the parameters."""

    def __init__(self, setup, formulas, fails=lambda values: False, error=None):
        self.setup, self.formulas, self.fails, self.error = setup, formulas, fails, error
        self.cases = {}

    @property
    def count(self):
        return len(self.cases)

    def case(self, overrides, values, numbers, seed):
        name = json.dumps([values, seed, "error.method=none" in overrides])
        return self.cases.setdefault(name, SimpleNamespace(values=values, seed=seed))

    def compute(self, cases):
        pass

    def failure(self, case):
        return ConvergenceError("diverged") if self.fails(case.values) else None

    def document(self, case):
        units = {one.target.name: one.target.unit for one in self.setup.measurements}
        arguments = (case.values, case.seed) if case.seed is not None else (case.values,)
        found = {name: {"value": formula(*arguments), "unit": units[name], "error": self.error, "error_kind": None}
                 for name, formula in self.formulas.items()}  # fmt: skip
        return {"cases": [{"structure": next(iter(self.setup.study.members)), "current_multiple": 1.0, "quantities": found}]}


def fitted(path, formulas, **options):
    setup = FitSetup(path, read_typed(path, CalibrationFile))
    fit = Fit(setup, Runs(setup, formulas, **options))
    best = fit.run()
    return Calibrated(setup, fit, best, confidence_of(best.shares, best.jacobian, len(setup.measurements)))


def resistance(values):
    return THICKNESS / values["kappa"]


# --- closed forms -------------------------------------------------------------------------------------------------------


def test_one_conductivity_is_exact_with_its_standard_error(tmp_path):
    """R = h/kappa: kappa = h/R_m, and d ln kappa = d ln R, so that its standard error is 5 % of it."""
    found = fitted(write(tmp_path), {"sei.area_resistance": resistance})
    assert found.values[0] == pytest.approx(THICKNESS / 0.1, rel=1e-6)
    assert found.standard_error(0) == pytest.approx(0.05 * THICKNESS / 0.1, rel=1e-5)
    assert found.interval(0)[1] == pytest.approx(4e-7 * math.exp(1.959964 * 0.05), rel=1e-5)
    assert found.freedom == 0 and found.chi2 < 1e-8


def test_a_prior_is_combined_as_bayes_says(tmp_path):
    """Logarithms of normal distributions: the mean weighted with the inverse variances, and the variances add inversely."""
    prior = KAPPA | {"prior": {"value": "1e-7 S/m", "uncertainty": "factor 2"}}
    measured = RESISTANCE | {"uncertainty": "factor 1.5"}
    found = fitted(write(tmp_path, parameters={"kappa": prior}, measurements=[measured]), {"sei.area_resistance": resistance})
    weights = np.array([1 / math.log(1.5) ** 2, 1 / math.log(2) ** 2])
    mean = (weights * np.log([THICKNESS / 0.1, 1e-7])).sum() / weights.sum()
    assert math.log(found.values[0]) == pytest.approx(mean, abs=1e-6)
    assert found.standard_error(0) / found.values[0] == pytest.approx(weights.sum() ** -0.5, rel=1e-6)
    difference = math.log(THICKNESS / 0.1 / 1e-7)  # of two independent values: chi2 = d^2 / (s1^2 + s2^2)
    assert found.chi2 == pytest.approx(difference**2 / (math.log(1.5) ** 2 + math.log(2) ** 2), rel=1e-6)


def test_linear_least_squares_is_the_normal_equations(tmp_path):
    """Three measurements of two linear parameters: values, covariance and sum of squares by linear algebra."""
    parameters = {
        "ratio": {"key": "lithium.state", "start": 0.5, "low": 0.1, "high": 0.9},
        "tension": {"key": "mechanics.core_swelling", "start": "1 %", "low": "-5 %", "high": "6 %"},
    }
    matrix, data, sigma = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 5.0]]), np.array([0.4, 1.1, 0.3]), np.array([0.01, 0.02, 0.03])
    names = ["field_enhancement.mean", "field_enhancement.p99", "field_enhancement.p999"]
    measurements = [{"quantity": name, "value": float(d), "uncertainty": float(s), "source": "test"}
                    for name, d, s in zip(names, data, sigma, strict=True)]  # fmt: skip
    formulas = {name: lambda v, row=row: float(row @ [v["ratio"], v["tension"]]) for name, row in zip(names, matrix, strict=True)}
    found = fitted(write(tmp_path, parameters=parameters, measurements=measurements), formulas)
    weighted = matrix / sigma[:, None]
    covariance = np.linalg.inv(weighted.T @ weighted)
    exact = covariance @ weighted.T @ (data / sigma)
    assert found.values == pytest.approx(exact, rel=1e-6)
    spans = np.array([0.8, 0.11])
    assert found.confidence.covariance * np.outer(spans, spans) == pytest.approx(covariance, rel=1e-5)
    residual = (matrix @ exact - data) / sigma
    assert found.chi2 == pytest.approx(residual @ residual, rel=1e-6) and found.freedom == 1
    x, y = region(found, 0, 1)
    distance = np.column_stack([x - exact[0], y - exact[1]])
    inside = np.einsum("ni,ij,nj->n", distance, np.linalg.inv(covariance), distance)
    assert inside == pytest.approx(chi2.ppf(0.95, 2), rel=1e-3)


def test_discretisation_and_seeds_widen_the_interval(tmp_path):
    """Standard deviation of the comparison: 5 % measured, 3 % discretisation, and the standard error of three seeds."""
    scatter = {1: 1.1, 2: 1.0, 3: 0.9}
    path = write(tmp_path, seeds=3)
    start = THICKNESS / 1e-7
    found = fitted(path, {"sei.area_resistance": lambda v, seed: scatter[seed] * resistance(v)}, error=0.03 * start)
    expected = math.sqrt(0.05**2 + 0.03**2 + (0.1 / math.sqrt(3)) ** 2)
    assert found.values[0] == pytest.approx(4e-7, rel=1e-6)
    assert found.standard_error(0) / found.values[0] == pytest.approx(expected, rel=1e-5)


def test_a_region_holds_as_much_as_it_says():
    """95 % of samples of the normal distribution are within the ellipse, one of its points on its boundary."""
    covariance = np.array([[4.0, 1.2], [1.2, 1.0]])
    line = ellipse(covariance)
    assert np.einsum("ni,ij,nj->n", line, np.linalg.inv(covariance), line) == pytest.approx(region_scale(2))
    sample = np.random.default_rng(1).multivariate_normal([0, 0], covariance, 20_000)
    inside = np.einsum("ni,ij,nj->n", sample, np.linalg.inv(covariance), sample) < region_scale(2)
    assert inside.mean() == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / 20_000))


# --- what cannot be known -----------------------------------------------------------------------------------------------


def layered(values):
    return 20e-9 / values["outer"] + 20e-9 / values["inner"]


PAIR = {"parameters": {"inner": KAPPA_INNER, "outer": KAPPA}, "scenario": str(TWO_LAYERS), "measurements": [RESISTANCE, DROP],
        "set": {"materials.override.oligomer.youngs_modulus": "3 GPa", "load.current_multiples": [1]}}  # fmt: skip
SERIES = {"sei.area_resistance": layered, "potential.drop": lambda v: CURRENT * layered(v)}


def test_a_pair_that_only_acts_together_is_named(tmp_path):
    """Two layers in series, their resistance measured twice: the sum is known, the parts are not."""
    parameters = {"inner": KAPPA_INNER | {"start": "2e-7 S/m"}, "outer": KAPPA | {"start": "3e-7 S/m"}}
    found = fitted(write(tmp_path, **(PAIR | {"parameters": parameters})), SERIES)
    assert found.after == pytest.approx([0.1, 0.02], rel=1e-3)
    assert found.confidence.known == [False, False] and not pairs(found)
    [combination] = found.confidence.combinations
    # along the unknown direction the sum does not change: h/k1 d ln k1 + h/k2 d ln k2 = 0, both with the same distance of bounds
    inner, outer = found.values
    assert combination[0] / combination[1] == pytest.approx(-inner / outer, rel=1e-3)
    text = "\n".join(in_words(found))
    assert "not identifiable: a combination of inner and outer is not fixed by the measurements" in text


def test_a_prior_can_fix_what_the_measurements_do_not(tmp_path):
    known = KAPPA_INNER | {"start": "2e-7 S/m", "prior": {"value": "4e-7 S/m", "uncertainty": "10 %"}}
    parameters = {"inner": known, "outer": KAPPA | {"start": "3e-7 S/m"}}
    found = fitted(write(tmp_path, **(PAIR | {"parameters": parameters})), SERIES)
    assert found.values == pytest.approx([4e-7, 4e-7], rel=1e-4)
    assert found.confidence.known == [True, True] and found.confidence.prior_only == [True, True]
    assert found.confidence.fixed_by_prior == [True] and "only by a prior" in "\n".join(in_words(found))
    # the prior gives inner; outer follows with R = h/k1 + h/k2 known to 5 %, both ways: by the resistance and by the drop
    relative = math.sqrt(0.1**2 + (2 * 0.05) ** 2 / 2)
    assert found.standard_error(0) / 4e-7 == pytest.approx(0.1, rel=1e-3)
    assert found.standard_error(1) / 4e-7 == pytest.approx(relative, rel=1e-3)


def test_a_quantity_that_may_be_left_out_is_fitted_with_its_unit(tmp_path):
    """Runs get the period and the gap as text, which is nothing without a unit."""
    gap = {"key": "sei.grains.gap", "start": "0.6 nm", "low": "0.4 nm", "high": "0.8 nm"}
    path = write(tmp_path, scenario=str(BILAYER), parameters={"gap": gap}, set={"geometry.period": "60 nm"})
    setup = FitSetup(path, read_typed(path, CalibrationFile))
    (parameter,) = setup.parameters
    (text,) = parameter.overrides(0.5e-9)
    assert setup._study("gap", [text]).members["bilayer"].sei.grains.gap == pytest.approx(0.5e-9, rel=1e-9)


def test_a_parameter_at_its_bound_has_no_interval(tmp_path):
    """The resistance asks for 4e-7 S/m, the bounds end at 2e-7."""
    found = fitted(write(tmp_path, parameters={"kappa": KAPPA | {"high": "2e-7 S/m"}}), {"sei.area_resistance": resistance})
    assert found.confidence.at_bound == ["high"] and found.interval(0) is None
    assert found.values[0] == pytest.approx(2e-7, rel=1e-4)
    assert "at its upper bound" in in_words(found)[0]


def test_a_parameter_without_effect_is_named(tmp_path):
    parameters = {"kappa": KAPPA, "stiffness": {"key": "materials.override.organic_polymer.youngs_modulus", "start": "2 GPa",
                                                "low": "1 GPa", "high": "4 GPa"}}  # fmt: skip
    path = write(tmp_path, parameters=parameters, measurements=[RESISTANCE, DROP])
    with pytest.raises(InputError, match=r"parameters.stiffness: .*youngs_modulus has no effect on any of the measured"):
        fitted(path, {"sei.area_resistance": resistance, "potential.drop": lambda v: CURRENT * resistance(v)})


def test_a_model_that_cannot_agree_is_said_to(tmp_path):
    """Resistance and drop that contradict each other."""
    found = fitted(write(tmp_path, measurements=[RESISTANCE, DROP | {"value": "40 mV"}]),
                   {"sei.area_resistance": resistance, "potential.drop": lambda v: CURRENT * resistance(v)})  # fmt: skip
    assert "does not describe the measurements" in "\n".join(in_words(found))


# --- failures -----------------------------------------------------------------------------------------------------------


def test_a_failed_run_shortens_the_step(tmp_path):
    """Runs beyond 4.1e-7 S/m fail, where the first step goes; the solution at 4e-7 is found all the same."""
    path = write(tmp_path, parameters={"kappa": KAPPA | {"scale": "linear", "start": "3e-7 S/m"}})
    found = fitted(path, {"sei.area_resistance": lambda v: 0.1 + 1e6 * (v["kappa"] - 4e-7) * (1 + 2e6 * v["kappa"]) / 4},
                   fails=lambda v: v["kappa"] > 4.1e-7)  # fmt: skip
    assert found.values[0] == pytest.approx(4e-7, rel=1e-4)
    assert any(step.chi2 is None for step in found.fit.steps)


def test_derivatives_turn_to_the_side_that_can_be_computed(tmp_path):
    path = write(tmp_path, parameters={"kappa": KAPPA | {"start": "2e-7 S/m"}})
    setup = FitSetup(path, read_typed(path, CalibrationFile))
    fit = Fit(setup, Runs(setup, {"sei.area_resistance": resistance}, fails=lambda v: v["kappa"] > 2e-7))
    span = math.log(1e4)
    exact = -THICKNESS / 2e-7 / 0.005 * span  # dR/d ln kappa over the standard deviation of 5 % of 0.1 ohm m2
    assert fit.jacobian(np.array([setup.parameters[0].share(2e-7)]))[0, 0] == pytest.approx(exact, rel=1e-3)
    fit.runs.fails = lambda v: v["kappa"] != 2e-7
    with pytest.raises(ConvergenceError, match="derivative with kappa cannot be formed"):
        fit.jacobian(np.array([setup.parameters[0].share(2e-7)]))
    with pytest.raises(ConvergenceError, match="start of the fit cannot be computed: diverged"):
        Fit(setup, Runs(setup, {"sei.area_resistance": resistance}, fails=lambda v: True))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"parameters": {"kappa": KAPPA, "other": KAPPA_INNER}}, "2 parameters cannot be fitted to 1 measurements and 0 priors"),
        ({"parameters": {"kappa": KAPPA | {"start": "1 S/m"}}}, "not between the bounds"),
        ({"parameters": {"kappa": KAPPA | {"low": "3 nm"}}}, "parameters.kappa.low: .* another dimension"),
        ({"parameters": {"kappa": KAPPA | {"low": "1e-4 S/m"}}}, "low must be less"),
        ({"parameters": {"seed": {"key": "seed", "start": 1, "low": 0, "high": 3}}}, "cannot be fitted"),
        ({"parameters": {"a": KAPPA, "b": KAPPA}, "measurements": [RESISTANCE] * 2}, "parameters.a gives it too"),
        ({"parameters": {"kappa": KAPPA | {"key": "sei.thicknes"}}}, "did you mean 'thickness'"),
        ({"parameters": {"kappa": KAPPA | {"scale": "linear", "prior": {"value": "1 S/m", "uncertainty": "factor 2"}}}}, "a fac"),
        ({"measurements": [RESISTANCE | {"value": "3 nm"}]}, "measurements.0.value: .* another dimension"),
        ({"measurements": [RESISTANCE | {"uncertainty": "0 %"}]}, "must be more than 0 %"),
        ({"measurements": [RESISTANCE | {"quantity": "sei.area_resistence"}]}, "did you mean 'sei.area_resistance'"),
        ({"measurements": [RESISTANCE | {"structure": "film"}]}, "unknown structure"),
        ({"measurements": [RESISTANCE | {"window": [1, 2]}]}, "has value and uncertainty and window; needs value and unc"),
        ({"measurements": [WINDOW | {"window": ["2 ohm m^2", "1 ohm m^2"]}]}, "needs two rising positive ends"),
        ({"measurements": [WINDOW]}, "has nothing; needs value and uncertainty, or window"),
        ({"measurements": [RESISTANCE | {"current_multiple": 2}]}, "not computed"),
        ({"measurements": [{key: RESISTANCE[key] for key in ("quantity", "value", "uncertainty")}]}, "source.*is missing"),
    ],
)  # fmt: skip
def test_files_that_make_no_sense_are_one_sentence(tmp_path, changes, said):
    path = write(tmp_path, **changes)
    with pytest.raises(InputError, match=said):
        FitSetup(path, read_typed(path, CalibrationFile))


@pytest.mark.parametrize("path", shipped.calibrations(), ids=lambda path: path.stem)
def test_the_shipped_files_are_valid(path):
    """Both fit the organic matrix, and to the bilayer alone."""
    setup = FitSetup(path, read_typed(path, CalibrationFile))
    assert list(setup.study.members) == ["bilayer"] and all("organic_polymer" in one.keys[0] for one in setup.parameters)


def test_a_window_is_the_log_uniform_distribution(tmp_path):
    """Mean and standard deviation of ln x of a log-uniform x; the variance of ln is ln(b/a)^2/12."""
    path = write(tmp_path, measurements=[WINDOW | {"window": ["0.02 ohm m^2", "500 ohm cm^2"]}])
    found = fitted(path, {"sei.area_resistance": resistance})
    assert found.values[0] == pytest.approx(THICKNESS / math.sqrt(0.02 * 0.05), rel=1e-6)
    assert found.standard_error(0) / found.values[0] == pytest.approx(math.log(2.5) / math.sqrt(12), rel=1e-5)


# --- the command --------------------------------------------------------------------------------------------------------

TEXTS = ("calibration.json", "calibration.csv", "measurements.csv", "fitted.yaml", "table.csv", "study.json", "measured.png")


@pytest.mark.slow
def test_a_killed_fit_goes_on_and_gives_the_same_bytes(tmp_path, monkeypatch, capsys):
    """Stopped in the middle of its runs, started again: no finished run is computed twice, and all files are the same."""
    from seix.study import worker

    monkeypatch.chdir(tmp_path)
    near = KAPPA | {"start": "3.8e-7 S/m", "low": "1e-7 S/m", "high": "1e-6 S/m"}
    path = write(tmp_path, parameters={"kappa": near}, set={"load.current_multiples": [1], "mesh.cells_per_layer": 2})
    compute, calls = worker.compute, []

    def counted(study, folder, *arguments):
        if len(calls) == stop:
            raise KeyboardInterrupt
        calls.append(folder.target.name)
        return compute(study, folder, *arguments)

    monkeypatch.setattr(worker, "compute", counted)
    stop = -1
    assert main(["calibrate", str(path), "-j", "1", "-o", "whole"]) == 0
    assert f"({len(calls)} runs asked for, at most " in capsys.readouterr().err
    whole = list(calls)
    calls.clear()
    stop = 5
    assert main(["calibrate", str(path), "-j", "1", "-o", "killed"]) == 130
    assert not (tmp_path / "killed/calibration.json").exists()
    stop = -1
    assert main(["calibrate", str(path), "-j", "1", "-o", "killed"]) == 0
    assert calls == whole
    for name in TEXTS:
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    found = json.loads((tmp_path / "whole/calibration.json").read_text())
    assert found["parameters"]["kappa"]["value"] == pytest.approx(4e-7, rel=1e-6)  # R = h / kappa, of the finite elements
    assert found["runs"] == len(whole)
    scenario = load_study(tmp_path / "whole/fitted.yaml").members["fitted"]
    assert scenario.materials.override["organic_polymer"]["conductivity"] == found["parameters"]["kappa"]["value"]
    assert scenario.load.current_multiples == [1, 2, 5, 10] and scenario.mesh.cells_per_layer == 4  # how it was fitted stays out
    assert main(["status", "whole"]) == 0
    few = write(tmp_path, parameters={"kappa": near}, max_runs=3, set={"load.current_multiples": [1], "mesh.cells_per_layer": 2})
    capsys.readouterr()
    assert main(["calibrate", str(few), "-j", "1", "-o", "whole"]) == 3
    assert "max_runs is 3; raise it" in capsys.readouterr().err


@pytest.mark.slow
def test_modulus_and_conductivity_are_recovered(tmp_path, monkeypatch):
    """Quantities computed with known values; the fit starts elsewhere and finds the values again, on two processes."""
    from seix.app import run

    monkeypatch.chdir(tmp_path)
    coarse = {"mesh.cells_per_diameter": 3, "geometry.period": "60 nm", "load.current_multiples": [1]}
    modulus = "materials.override.organic_polymer.youngs_modulus"
    truth = {modulus: "3 GPa", POLYMER: "5e-8 S/m"}
    [result] = run(BILAYER, [f"{key}={json.dumps(value)}" for key, value in (coarse | truth).items()])
    units = {"sei.area_resistance": "ohm m2", "stress.first_principal.p999.organic_polymer": "Pa", "strain_energy.sei": "J/m"}
    measurements = [{"quantity": name, "value": f"{result.cases[0].quantities[name].value!r} {unit}", "uncertainty": "2 %",
                     "source": "computed"} for name, unit in units.items()]  # fmt: skip
    stiffness = {"key": modulus, "start": "1 GPa", "low": "0.3 GPa", "high": "10 GPa", "scale": "log"}
    path = write(tmp_path, scenario=str(BILAYER), parameters={"kappa": KAPPA | {"start": "3e-7 S/m"}, "modulus": stiffness},
                 measurements=measurements, set=coarse)  # fmt: skip
    assert main(["calibrate", str(path), "-o", "out", "-j", "2"]) == 0
    found = json.loads((tmp_path / "out/calibration.json").read_text())
    assert found["parameters"]["kappa"]["value"] == pytest.approx(5e-8, rel=1e-5)
    assert found["parameters"]["modulus"]["value"] == pytest.approx(3e9, rel=1e-5)
    assert found["chi2"] < 1e-6 and not found["not_identifiable"] and (tmp_path / "out/confidence.png").exists()
    assert all(one["after"] == pytest.approx(one["measured"], rel=1e-5) for one in found["measurements"])
