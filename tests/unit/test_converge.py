"""Representative sizes: sequences against models whose limits are known, and the command itself."""

import json
import math
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from seix.cli import main
from seix.errors import ConvergenceError, InputError
from seix.scenario_file import ScenarioSource, load_study
from seix.study import sizes
from seix.study.converge_command import ConvergeOptions, _limits
from seix.study.converged import Converged, Ensemble, Limits, scatter_exponent
from seix.study.convergence import Convergence
from seix.study.interval import mean_of, needed
from seix.study.overlay import later_wins, overlay, scenario_text
from seix.study.sizes import Size
from seix.study.target import split_name, target_of

ROOT = Path(__file__).parents[2]
FILM = ROOT / "scenarios/examples/homogeneous_film.yaml"
TWO_LAYERS = ROOT / "scenarios/examples/two_layer_film.yaml"
SECTOR = ROOT / "scenarios/examples/sector_particle.yaml"
BILAYER = ROOT / "scenarios/paper/bilayer.yaml"
PAIR = ROOT / "scenarios/paper/field_and_stress.yaml"
COARSE = ["mesh.cells_per_diameter=3", "geometry.period=60 nm"]


class Model:
    """In place of runs: a number that depends on mesh, width and seed in a known way."""

    def __init__(self, path, value, fails=lambda size: False):
        self.source, self.value, self.fails = ScenarioSource(path), value, fails
        self.base = self.source.study(COARSE)
        self.asked = []

    def case(self, overrides, values, numbers, seed):
        study = self.source.study(overrides)
        scenario = next(iter(study.members.values()))
        first = next(iter(self.base.members.values()))
        h = first.mesh.cells_per_layer / scenario.mesh.cells_per_layer
        size = SimpleNamespace(h=h, width=scenario.period / first.period, seed=seed)
        return SimpleNamespace(study=study, size=size, described=f"seed {seed}")

    def compute(self, cases):
        self.asked += [case.size for case in cases]

    def failure(self, case):
        return ConvergenceError(f"{case.described}: diverged") if self.fails(case.size) else None

    def document(self, case):
        quantity = {"value": self.value(case.size), "unit": "1", "error": None, "error_kind": None}
        entry = {"structure": "bilayer", "current_multiple": 1.0, "quantities": {"field_enhancement.p999": quantity}}
        return {"cases": [entry]}


def search(model, tolerance=0.02, cells=1e9, period=1.0, seeds=200):
    target = target_of(model.base, "field_enhancement.p999", None, 1.0)
    shared = dict(text.split("=", 1) for text in COARSE)
    return Convergence(model, model.base, shared, target, Limits(tolerance, cells, period, seeds)).run()


def noise(seed):
    return float(np.random.default_rng(seed).standard_normal())


# --- sequences ----------------------------------------------------------------------------------------------------------


def test_the_mesh_is_the_coarsest_whose_error_is_a_third_of_the_tolerance():
    """An error of first order, a h: the estimate is exact, so the mesh that suffices is known beforehand."""
    a, tolerance = 0.05, 0.02
    result = search(Model(BILAYER, lambda s: 3.0 * (1 + a * s.h)), tolerance)
    # errors of a sequence of first order are estimated exactly: the true one is at most a third of the tolerance, that of the
    # next coarser mesh is larger
    chosen = result.mesh.chosen
    assert a * 2 ** (-chosen / 2) <= tolerance / 3 * 1.03 < a * 2 ** (-(chosen - 1) / 2)
    assert result.mesh_error == pytest.approx(3.0 * a * 2 ** (-chosen / 2), rel=1e-3)
    assert result.reached and result.width_error == 0 and result.seed_error == 0


@pytest.mark.parametrize(("file", "order"), [("paper/bilayer.yaml", 1.0), ("examples/polycrystal.yaml", 0.5)])
def test_the_estimate_assumes_the_order_of_the_target(file, order):
    study = load_study(BILAYER.parents[1] / file, [])
    target = target_of(study, "field_enhancement.p999", None, 1.0)
    assert Convergence(None, study, {}, target, None)._order() == order


def test_values_that_cross_do_not_end_the_sequence():
    """Two meshes that agree by chance are found out by the third."""
    values = {0: 1.0, 1: 1.3, 2: 1.3, 3: 1.001, 4: 1.0, 5: 1.0}
    result = search(Model(BILAYER, lambda s: values[round(-2 * math.log2(s.h))]))
    assert [step.value for step in result.meshes] == [1.0, 1.3, 1.3, 1.001, 1.0, 1.0]


def test_the_width_is_doubled_until_its_effect_is_below_the_tolerance():
    """A bias b/L without scatter: at L the next width differs by b/2L, which has to be below a third of the tolerance."""
    result = search(Model(BILAYER, lambda s: 1 + 0.1 / s.width), tolerance=0.03)
    assert 2**result.width.chosen == 8  # 0.1/16 < 0.01 < 0.1/8
    assert result.width_error == pytest.approx(0.1 / 16)
    assert result.value == pytest.approx(1 + 0.1 / 8)


def test_seeds_are_added_until_the_mean_is_known_and_no_longer():
    """Scatter s/sqrt(L): the interval of the chosen ensemble is below the tolerance, and that of a fifth fewer seeds is not."""
    deviation = 0.05
    model = Model(BILAYER, lambda s: 1 + deviation / math.sqrt(s.width) * noise([s.seed, round(100 * s.width)]))
    result = search(model)
    assert result.reached
    chosen = next(one for one in result.ensembles if one.doubling == result.width.chosen)
    low, high = stats.t.interval(0.95, len(chosen.found) - 1, np.mean(chosen.found), stats.sem(chosen.found))
    assert result.seed_error == pytest.approx((high - low) / 2)
    assert result.seed_error <= 0.02 * result.value
    fewer = chosen.found[: int(0.7 * len(chosen.found))]
    assert mean_of(fewer).half_width > 0.02 * np.mean(fewer)
    exponent, error = scatter_exponent(result, model.base)
    assert abs(exponent + 0.5) < 3 * error


def test_limits_are_said_and_nothing_beyond_them_is_computed():
    model = Model(BILAYER, lambda s: 1 + 0.5 * s.h)
    result = search(model, tolerance=0.01, cells=12_000)
    assert not result.mesh.reached and "12000" in result.mesh.reason
    assert not result.width.reached and "12000" in result.width.reason and math.isnan(result.width_error)
    model = Model(BILAYER, lambda s: 10 + noise(s.seed))
    result = search(model, tolerance=0.01, period=130e-9, seeds=6)
    assert result.mesh.reached
    assert not result.width.reached and "130 nm" in result.width.reason
    assert not result.seeds.reached and "6 seeds" in result.seeds.reason
    assert max(size.width for size in model.asked) == 2 and {size.seed for size in model.asked} == set(range(1, 7))


def test_failed_seeds_are_left_out_and_named():
    result = search(Model(BILAYER, lambda s: 1.0, fails=lambda s: s.seed == 3))
    assert result.ensembles[0].values[2] is None and result.ensembles[0].mean.count == len(result.ensembles[0].seeds) - 1
    assert result.failures == ["seed 3: diverged"]
    with pytest.raises(ConvergenceError, match="diverged"):
        search(Model(BILAYER, lambda s: 1.0, fails=lambda s: s.seed == 1))
    with pytest.raises(ConvergenceError, match="6 of 8 seeds failed"):
        search(Model(BILAYER, lambda s: 1.0, fails=lambda s: s.seed > 2))
    with pytest.raises(InputError, match="is zero"):
        search(Model(BILAYER, lambda s: 0.0))


def test_the_exponent_of_the_scatter_is_that_of_a_power_law():
    study = load_study(BILAYER)
    ensembles = []
    for doubling, count in ((0, 10), (1, 20), (2, 5)):
        mean = mean_of(np.linspace(-1, 1, count))
        ensembles.append(Ensemble(doubling, [], [], type(mean)(0.0, 0.0, 3.0 * 2 ** (-0.5 * doubling), count)))
    exponent, error = scatter_exponent(Converged(ensembles=ensembles), study)
    assert exponent == pytest.approx(-0.5)
    x, w = np.log(2) * np.arange(3), 2.0 * np.array([9, 19, 4])
    assert error == pytest.approx(1 / math.sqrt((w * (x - (w * x).sum() / w.sum()) ** 2).sum()))


def test_the_predicted_number_of_seeds_is_the_smallest_that_suffices():
    mean = mean_of([1.0, 2.0, 4.0])
    count = needed(mean, 0.5, 1000)
    width = [stats.t.ppf(0.975, n - 1) * mean.deviation / math.sqrt(n) for n in (count - 1, count)]
    assert width[1] <= 0.5 < width[0]
    assert mean_of([1.0]).half_width == math.inf


# --- sizes --------------------------------------------------------------------------------------------------------------


def test_all_cell_sizes_shrink_by_the_same_factor():
    """Also the steepness of their growth, 2 (g - 1)/(g + 1), or cells far from the grains would never become smaller."""
    study = load_study(BILAYER)
    before = study.members["bilayer"].mesh
    after = load_study(BILAYER, sizes.overrides_of(study, Size(refinement=2))).members["bilayer"].mesh
    for key in ("cells_per_diameter", "cells_per_gap", "cells_per_layer"):
        assert getattr(after, key) == pytest.approx(2 * getattr(before, key), rel=1e-5)
    steepness = [(mesh.growth - 1) / (mesh.growth + 1) for mesh in (before, after)]
    assert steepness[1] == pytest.approx(steepness[0] / 2, rel=1e-4)
    assert "1000 that are allowed" in sizes.too_fine(study, 20) and not sizes.too_fine(study, 2)


def test_sectors_are_doubled_until_the_particle_is_whole():
    study = load_study(SECTOR, ["geometry.sector=90 deg"])
    scenario = study.members["sector_particle"]
    assert sizes.overrides_of(study, Size(doubling=2)) == ['geometry.sector="full"']
    assert not sizes.too_wide(study, 2, None) and "720" in sizes.too_wide(study, 3, None)
    assert sizes.area_ratio(scenario, 1) == 2
    whole = load_study(SECTOR, ["geometry.sector=full"])
    assert "nothing to widen" in sizes.cannot_widen(whole)
    with pytest.raises(InputError, match=r"--max-period 1 um: .* only a patch has a period"):
        _limits(whole, ConvergeOptions(max_period="1 um"))


def test_variants_get_sizes_of_their_own():
    study = load_study(PAIR)
    assert split_name(study, "multilayer.sei.area_resistance") == ("sei.area_resistance", "multilayer")
    ratio = target_of(study, *split_name(study, "ratio.field_enhancement.p999"), None)
    two = {"value": 2.0, "unit": "1", "error": None, "error_kind": None}
    entry = {"structure": "bilayer/multilayer", "current_multiple": 1.0, "quantities": {"ratio.field_enhancement.p999": two}}
    assert ratio.unit == "1" and ratio.entry({"cases": [entry]}) == two
    with pytest.raises(InputError, match="of which structure"):
        target_of(study, *split_name(study, "sei.area_resistance"), None)
    texts = sizes.overrides_of(study, Size(1, 1, 2))
    wide = load_study(PAIR, texts)
    for name, scenario in study.members.items():
        assert wide.members[name].period == pytest.approx(2 * scenario.period)
        assert wide.members[name].seed == scenario.seed + 2


@pytest.mark.parametrize(
    ("path", "texts"),
    [(BILAYER, ["mesh.cells_per_layer=5", "sei.inorganic.LiF=10 %", "error.method=none"]),
     (PAIR, ["seed=4", "sei.thickness=42 nm"]),
     (TWO_LAYERS, ["sei.layers.1.thickness=25 nm", "sei.thickness=45 nm"]), (FILM, ["title='a: b # c'", "sei.matrix=oligomer"])],
    ids=["values", "variants", "list", "text"],
)  # fmt: skip
def test_a_written_scenario_is_the_one_that_was_meant(tmp_path, path, texts):
    """The file that extends the scenario has the hash of the scenario with the overrides."""
    study = load_study(path, texts)
    file = tmp_path / f"{path.stem}.yaml"  # without variants the name of the file is that of the structure
    file.write_text(scenario_text(path, tmp_path, overlay(study, texts), ["where it is from"]))
    assert load_study(file).hash == study.hash != load_study(path).hash


def test_later_overrides_win():
    assert later_wins(["a.b=1", "c = 2"], ["c=3", "d=x=y"]) == ["a.b=1", "c=3", "d=x=y"]


# --- the command --------------------------------------------------------------------------------------------------------


def test_a_film_needs_nothing(tmp_path, monkeypatch, capsys):
    """E/E0 = 1 on any mesh; nothing is random. Started again it computes nothing and writes the same."""
    monkeypatch.chdir(tmp_path)
    command = ["converge", str(FILM), "--set", "mesh.cells_per_layer=2", "-j", "1"]
    assert main(command) == 0
    lines = capsys.readouterr().err.splitlines()  # not a terminal: the first batch of runs, before and after it
    count = lines[0].partition(" of ")[2].split()[0]
    assert re.fullmatch(rf"\[ *\d+\.\d s\] 0 of {count} cases done, .* left \({count} runs asked for\)", lines[0])
    assert any(f"{count} of {count} cases done ({count} runs asked for)" in line for line in lines)
    folder = tmp_path / "results/homogeneous_film-converge"
    found = json.loads((folder / "converge.json").read_text())
    assert found["reached"] and found["value"] == pytest.approx(1, abs=1e-9) and found["uncertainty"]["sum"] < 1e-8
    assert found["representative"]["width"]["skipped"]
    study = load_study(folder / "converged.yaml")
    assert study.members["converged"] == load_study(FILM, ["mesh.cells_per_layer=2"]).members["homogeneous_film"]
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    from seix.study import worker

    monkeypatch.setattr(worker, "compute", None)  # nothing may be computed
    assert main(command) == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == files
    assert "representative to 2 %" in capsys.readouterr().out


def test_a_limit_is_exit_code_3_with_everything_written(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    sets = [part for text in COARSE for part in ("--set", text)]
    command = ["converge", str(BILAYER), *sets, "-j", "1", "--max-cells", "3000", "--max-seeds", "2", "-o", "out"]
    assert main(command) == 3
    said = capsys.readouterr().err
    assert all(f"not reached: {name}" in said for name in ("mesh", "width", "seeds")) and "Traceback" not in said
    found = json.loads((tmp_path / "out/converge.json").read_text())
    assert not found["reached"] and found["uncertainty"]["mesh"] is None and found["uncertainty"]["seeds"] > 0
    values = found["ensembles"][0]["values"]
    assert found["value"] == pytest.approx(np.mean(values))
    assert {"converge.csv", "converge.png", "converged.yaml", "table.csv"} <= {path.name for path in (tmp_path / "out").iterdir()}
    converged = load_study(tmp_path / "out/converged.yaml")
    assert converged.members["converged"] == load_study(BILAYER, COARSE).members["bilayer"]
    assert main(["status", "out"]) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--quantity", "field_enhancment.p999"], "did you mean"), (["--quantity", "field_enhancement.max.LiF"], "no limit"),
     (["--current", "3"], "not computed"), (["--tolerance", "0"], "more than 0"), (["--max-seeds", "1"], "at least 2"),
     (["--set", "mesh.adapt={}"], "take it out"), (["--max-period", "3"], "no unit"), (["-j", "0"], "at least one")],
)  # fmt: skip
def test_options_that_make_no_sense_are_one_sentence(tmp_path, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(tmp_path)
    assert main(["converge", str(BILAYER), *arguments]) == 2
    assert said in capsys.readouterr().err


def test_mpirun_is_refused(monkeypatch, capsys):
    monkeypatch.setenv("PMI_SIZE", "2")
    assert main(["converge", str(BILAYER)]) == 2
    assert "without mpirun" in capsys.readouterr().err


@pytest.mark.slow
def test_a_packing_becomes_representative(tmp_path, monkeypatch):
    """Scatter falls with the width, and the wide mean is within the interval that was said."""
    monkeypatch.chdir(tmp_path)
    sets = [part for text in COARSE for part in ("--set", text)]
    arguments = ["--quantity", "sei.area_resistance", "--tolerance", "6 %", "-j", "1", "-o", "out"]
    assert main(["converge", str(BILAYER), *sets, *arguments]) == 0
    found = json.loads((tmp_path / "out/converge.json").read_text())
    chosen = found["representative"]["width"]["chosen"]
    wide = next(one for one in found["ensembles"] if one["doubling"] == chosen + 1)
    assert abs(wide["mean"]["value"] - found["value"]) <= found["uncertainty"]["width"] * (1 + 1e-12)
    assert found["uncertainty"]["seeds"] <= 0.06 * found["value"]
    assert wide["mean"]["deviation"] < found["ensembles"][0]["mean"]["deviation"]
