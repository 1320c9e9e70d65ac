"""Report of a study: averages, interactions, sensitivities against closed forms, page and figures."""

import errno
import json
import math
import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection
from PIL import Image
from scipy.stats import spearmanr
from test_report import Page

from seix.cli import main
from seix.study import report_gaps
from seix.study.curves import _apart, axis_figure, current_figure
from seix.study.design import unit_points
from seix.study.maps import grid_means, interaction_share
from seix.study.report_tables import number_table
from seix.study.report_words import balance_caption
from seix.study.results import StudyResults
from seix.study.schema import Sample
from seix.study.sensitivity import Design, effects_of, elementary_effects, rank_correlations, sobol_indices
from seix.study.sheet import _power
from seix.study.store import Store
from seix.study.tables import read_plan, write_tables
from study_folders import ishigami, ishigami_indices, write_study

P999 = "field_enhancement.p999"
THICK = [("5 nm", 5e-9), ("10 nm", 1e-8), ("20 nm", 2e-8)]
MODULUS = [("1 GPa", 1e9), ("4 GPa", 4e9)]
INFOS = {"thickness": {"unit": "m", "log": True}, "modulus": {"unit": "Pa"}}


def parameters(*names, low=-math.pi, high=math.pi):
    return {name: {"key": f"a.{name}", "from": low, "to": high} for name in names}


def plain(numbers, seed, structure, current):
    """Value t + m + seed in nm and GPa, twice that for the first structure, times the current."""
    value = numbers["thickness"] * 1e9 + numbers["modulus"] / 1e9 + (seed or 0)
    value *= current * {"film": 1.0, "bilayer": 2.0, "fine_grained": 1.0}[structure]
    return {
        P999: (value, "1", 0.5, "two_mesh"),
        "field_enhancement.p99": (0.5 * value, "1", 0.5, "two_mesh"),
        "field_enhancement.max": (value, "1", None, "not converged"),
        "sei.area_resistance": (1e-3 * value, "ohm m2", 1e-6, "two_mesh"),
    }  # fmt: skip


def grid_study(root, **keywords):
    return write_study(root, plain, {"thickness": THICK, "modulus": MODULUS}, INFOS, **keywords)


# --- numbers ---


def test_wide_table_tells_what_does_not_converge(tmp_path):
    """Value, error and its kind side by side, the same in both formats; text even where no kind is known at all."""

    def numbers(values, seed, structure, current):
        return plain(values, seed, structure, current) | {"sei.void_fraction": (0.1, "1", None, None)}

    folder = write_study(tmp_path / "s", numbers, {"thickness": THICK[:1], "modulus": MODULUS}, INFOS, currents=(1.0, 5.0))
    write_tables(read_plan(folder), Store(folder))
    for wide in (pd.read_parquet(folder / "table_wide.parquet"), pd.read_csv(folder / "table_wide.csv")):
        assert wide[P999].tolist() == [6.0, 30.0, 9.0, 45.0]
        assert set(wide[f"{P999}.error"]) == {0.5} and set(wide[f"{P999}.error_kind"]) == {"two_mesh"}
        assert wide["field_enhancement.max.error"].isna().all()
        assert set(wide["field_enhancement.max.error_kind"]) == {"not converged"}
        assert wide["sei.void_fraction.error_kind"].isna().all()
    assert pd.read_parquet(folder / "table_wide.parquet")["sei.void_fraction.error_kind"].dtype == "string"


def test_average_over_other_axes_is_that_of_each_seed(tmp_path):
    """What the seeds have in common at all points stays in the interval: it is not averaged away with the points."""
    results = StudyResults(grid_study(tmp_path / "s", seeds=(1, 2, 3, 4)))
    found = results.at("film", P999, 1.0, {"thickness": "10 nm"})
    assert found.n == 4 and found.mean == pytest.approx(10 + 2.5 + 2.5)
    one = results.at("film", P999, 1.0, {"thickness": "10 nm", "modulus": "1 GPa"})
    assert found.high - found.low == pytest.approx(one.high - one.low)
    # independent points would give an interval narrower by sqrt(2)
    assert found.high - found.low > 1.2


def test_seeds_that_lack_a_point_are_left_out_of_averages(tmp_path):
    """A failed case must not shift a mean over other axes: case 3 is seed 2 of (5 nm, 4 GPa)."""
    results = StudyResults(grid_study(tmp_path / "s", seeds=(1, 2), failed=(3,)))
    found = results.at("film", P999, 1.0, {"thickness": "5 nm"})
    assert (found.n, found.mean) == (1, pytest.approx(5 + 2.5 + 1))
    assert results.at("film", P999, 1.0, {"thickness": "10 nm"}).n == 2
    assert not found.whole and results.at("film", P999, 1.0, {"thickness": "10 nm"}).whole


def test_means_of_fewer_cases_are_named_and_marked(tmp_path):
    """Case 3 is seed 2 of (5 nm, 4 GPa); of (20 nm, 1 GPa), cases 8 and 9, there is nothing."""
    results = StudyResults(grid_study(tmp_path / "s", seeds=(1, 2), currents=(1.0, 5.0), failed=(3, 8), pending=(9,)))
    said = report_gaps.of_axes(results, P999, 1.0)
    for text in ("thickness 5 nm (2 of 4)", "thickness 20 nm (2 of 4)", "modulus 1 GPa (4 of 6)", "modulus 4 GPa (3 of 6)"):
        assert text in said
    assert "10 nm" not in said
    pair = results.pairs()[0]
    said = report_gaps.of_pair(results, P999, 1.0, pair)
    assert said.endswith("thickness 5 nm, modulus 4 GPa (1 of 2); thickness 20 nm, modulus 1 GPa (0 of 2).")
    means, lacking = grid_means(results, "film", P999, 1.0, pair)
    assert np.isnan(means[2, 0]) and lacking.sum() == 1 and lacking[0, 1]
    thickness, _ = axis_figure(results, P999, 1.0).figure.axes
    (ring,) = [one for one in thickness.collections if isinstance(one, PathCollection)]
    assert np.allclose(ring.get_offsets()[:, 0], [5, 20])
    table = number_table(results, P999, 1.0)
    seeds = table["head"].index("seeds")
    assert [row[seeds] for row in table["rows"]] == ["2", "1 of 2", "2", "2", "2"]
    assert table["caption"] == "No case is done at 1 of 6 points: (thickness 20 nm; modulus 1 GPa)."
    assert "2 of 6 points lack seeds" in balance_caption(results, 1.0)
    whole = StudyResults(grid_study(tmp_path / "whole", seeds=(1, 2)))
    assert not report_gaps.of_axes(whole, P999, 1.0) and not number_table(whole, P999, 1.0)["caption"]


def test_axes_know_their_units(tmp_path):
    first, second = StudyResults(grid_study(tmp_path / "s")).axes
    assert (first.label, [first.tick(p) for p in first.places]) == ("thickness (nm)", ["5", "10", "20"])
    assert (second.label, [second.tick(p) for p in second.places]) == ("modulus (GPa)", ["1", "4"])


def test_words_and_shared_numbers_stand_side_by_side(tmp_path):
    axes = {"matrix": [("organic_polymer", None), ("oligomer", None)], "size": [("2, 5 nm", 2.0), ("2, 9 nm", 2.0)]}
    results = StudyResults(write_study(tmp_path / "s", lambda *_: {P999: (1.0, "1", None, None)}, axes))
    assert [axis.numeric for axis in results.axes] == [False, False]
    assert [[place.number for place in axis.places] for axis in results.axes] == [[0.0, 1.0], [0.0, 1.0]]
    assert results.axes[0].tick(results.axes[0].places[0]) == "organic polymer"
    assert len(results.points) == 4


def test_interaction_is_the_part_that_no_sum_explains():
    a, b = np.array([1.0, 2.0, 5.0])[:, None], np.array([-1.0, 3.0])[None, :]
    assert interaction_share(a + b) == pytest.approx(0.0, abs=1e-15)
    pure = np.array([[1.0, -1.0], [-1.0, 1.0]])
    assert interaction_share(pure) == 1.0
    # product: main effects a <b> and <a> b, rest (a - <a>)(b - <b>)
    va, vb, ma, mb = a.var(), b.var(), a.mean(), b.mean()
    assert interaction_share(a * b) == pytest.approx(va * vb / (va * vb + va * mb**2 + vb * ma**2))
    assert math.isnan(interaction_share(np.full((2, 2), 3.0))) and math.isnan(interaction_share(np.array([[1.0, np.nan]])))


# --- sensitivities ---


def test_sobol_indices_of_the_ishigami_function():
    """Within one and a half times the 95 % interval (three standard errors), and the intervals are not wide for nothing."""
    sample = Sample.model_validate({"method": "sensitivity", "count": 1024 * 5, "parameters": parameters("x1", "x2", "x3")})
    found = sobol_indices(sample, ishigami(np.pi * (2 * unit_points(sample) - 1)))
    first, total = ishigami_indices()
    for measure, exact in zip(found.measures, (total, first), strict=True):
        assert (np.abs(measure.values - exact) <= np.maximum(1.5 * measure.below, 0.01)).all()
        assert (measure.below < 0.15).all() and (measure.below > 1e-4).all()
    assert [found.names[k] for k in found.order] == ["x1", "x2", "x3"]


def test_elementary_effects_of_a_linear_function_with_a_product():
    """y = 3 a - 2 b + 4 a c: effects of b are all -2, those of a are 3 + 4 c, those of c are 4 a."""
    sample = Sample.model_validate(
        {"method": "sensitivity", "count": 80, "parameters": parameters("a", "b", "c", low=0.0, high=1.0)}
    )
    points = unit_points(sample)
    a, b, c = points.T
    y = 3 * a - 2 * b + 4 * a * c
    effects = effects_of(points, y)
    np.testing.assert_allclose(effects[:, 1], -2.0)
    assert ((effects[:, 0] > 3 - 1e-9) & (effects[:, 0] < 7 + 1e-9)).all()
    found = elementary_effects(sample, y)
    mean, sigma = found.measures
    np.testing.assert_allclose(mean.values, np.abs(effects).mean(axis=0))
    np.testing.assert_allclose(sigma.values, effects.std(axis=0, ddof=1), atol=1e-12)
    assert sigma.values[1] == pytest.approx(0.0, abs=1e-12) and sigma.values[0] > 0.5
    assert found.names[found.order[0]] == "a"


def test_rank_correlations_are_spearmans_and_hold_the_truth():
    rng = np.random.default_rng(5)
    x = rng.random((60, 3))
    y = np.exp(3 * x[:, 0]) - 5.0 * x[:, 1] + rng.normal(size=60)
    (measure,) = rank_correlations(["a", "b", "c"], x, y).measures
    for k in range(3):
        assert measure.values[k] == pytest.approx(spearmanr(x[:, k], y).statistic)
    assert measure.values[0] - measure.below[0] > 0 > measure.values[1] + measure.above[1]
    # standard error of a rank correlation near zero is 1/sqrt(n - 1)
    assert measure.below[2] + measure.above[2] == pytest.approx(2 * 1.96 / math.sqrt(59), rel=0.3)
    (exact,) = rank_correlations(["a"], x[:, :1], -(x[:, 0] ** 3)).measures
    assert exact.values[0] == pytest.approx(-1.0) and exact.below[0] + exact.above[0] == pytest.approx(0.0, abs=1e-12)


def of_ishigami(numbers, seed, structure, current):
    noise = {1: 0.5, 2: -0.5}.get(seed, 0.0)
    value = float(ishigami(np.array([numbers["x1"], numbers["x2"], numbers["x3"]]))) + noise
    return {P999: (20.0 + value, "1", 0.1, "two_mesh")}


@pytest.mark.parametrize("count, kind", [(320, "sobol"), (24, "morris")])
def test_design_finds_its_points_among_cases_with_seeds(tmp_path, count, kind):
    """Outputs stand in the order of the design; the mean over the seeds cancels their noise."""
    sample = {"method": "sensitivity", "count": count, "parameters": parameters("x1", "x2", "x3")}
    root = write_study(tmp_path / "s", of_ishigami, sample=sample, seeds=(1, 2))
    design = Design(StudyResults(root))
    assert design.kind == kind
    exact = 20.0 + ishigami(np.pi * (2 * unit_points(Sample.model_validate(sample)) - 1))
    np.testing.assert_allclose(design.outputs("film", P999, 1.0), exact, rtol=1e-4)  # values have six digits
    assert design.analyse("film", P999, 1.0).runs == len(exact)


def test_designs_with_gaps_have_no_sensitivities(tmp_path, capsys):
    sample = {"method": "sensitivity", "count": 24, "parameters": parameters("x1", "x2", "x3")}
    root = write_study(tmp_path / "s", of_ishigami, sample=sample, failed=(5,))
    assert Design(StudyResults(root)).analyse("film", P999, 1.0) is None
    assert main(["report", str(root)]) == 0
    text = (root / "report.html").read_text("utf-8")
    assert "no sensitivities, as 1 of 24 points" in text and "no &lt;convergence&gt;" in text and "23 of 24 cases done" in text


# --- page and figures ---


def test_report_of_a_grid_with_two_structures(tmp_path, capsys):
    root = grid_study(
        tmp_path / "study", seeds=(1, 2, 3), structures=("bilayer", "fine_grained"), currents=(1.0, 5.0), failed=(4,),
        pending=(7,), broken=(12,), quantities=(P999, "field_enhancement.max", "nonsense"),
    )  # fmt: skip
    assert main(["report", str(root), "--interval", "0.1"]) == 0
    assert str(root / "report.html") in capsys.readouterr().out
    text = (root / "report.html").read_text("utf-8")
    page = Page(text)
    assert page.stack == [] and page.loads and all(load.startswith("data:image/png;base64,") for load in page.loads)
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    words = " ".join(re.sub(r"<[^>]+>", " ", text).split())
    for said in ("A &lt;study&gt;", "15 of 18 cases done, 2 failed, 1 not computed yet", "no &lt;convergence&gt;",
                 "the grains do not fit", "The study asks for &#39;nonsense&#39;", "scatter of the microstructures",
                 "10 % of the mean", "I/I0 = 1"):  # fmt: skip
        assert said in words, said
    for name in ("field_against_current", f"{P999}_axes", f"{P999}_thickness_modulus", "field_enhancement.max_axes"):
        assert min(Image.open(root / "figures" / f"{name}.png").size) > 100, name
    assert not list(root.glob(".report*"))


def test_report_is_the_same_twice_and_replaces_itself(tmp_path):
    root = grid_study(tmp_path / "s", seeds=(1, 2), quantities=(P999,))
    main(["report", str(root)])
    before = {path.relative_to(root): path.read_bytes() for path in [root / "report.html", *(root / "figures").iterdir()]}
    (root / "figures" / "old.png").write_bytes(b"")
    main(["report", str(root)])
    assert {path.relative_to(root): path.read_bytes() for path in [root / "report.html", *(root / "figures").iterdir()]} == before


def test_report_in_a_folder_that_cannot_be_written(tmp_path, monkeypatch, capsys):
    """One sentence and the exit code of storage; what is there stays. Root may write anywhere, so the refusal is played."""
    root = grid_study(tmp_path / "s", seeds=(1, 2), quantities=(P999,))
    main(["report", str(root)])
    before = {path.name: path.read_bytes() for path in root.iterdir() if path.is_file()}
    capsys.readouterr()

    def refuse(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system", str(root))

    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    assert main(["report", str(root)]) == 1
    assert capsys.readouterr().err == f"{root}: the report cannot be written: Read-only file system\n"
    assert {path.name: path.read_bytes() for path in root.iterdir() if path.is_file()} == before


def curve(axes):
    """Points of the thick line with markers."""
    (line,) = [line for line in axes.lines if line.get_marker() == "o" and len(line.get_xdata()) > 1]
    return np.array(line.get_xdata()), np.array(line.get_ydata())


def test_figures_show_the_numbers_in_their_units(tmp_path):
    """Means, band and scale of the axes, read from the figure itself."""
    results = StudyResults(grid_study(tmp_path / "s", seeds=(1, 2, 3, 4, 5), currents=(1.0, 5.0)))
    page = axis_figure(results, P999, 5.0)
    first, second = page.figure.axes
    x, y = curve(first)
    np.testing.assert_allclose(x, [5, 10, 20])
    np.testing.assert_allclose(y, 5 * (np.array([5, 10, 20]) + 2.5 + 3))
    assert first.get_xscale() == "log" and second.get_xscale() == "linear"
    assert (first.get_xlabel(), second.get_xlabel()) == ("thickness (nm)", "modulus (GPa)")
    band = first.collections[0].get_paths()[0].vertices
    one = results.at("film", P999, 5.0, {"thickness": "5 nm"})
    assert {round(one.low, 9), round(one.high, 9)} <= {round(v, 9) for v in band[:, 1]}
    bottom, top = first.get_ylim()
    assert bottom < band[:, 1].min() and top > band[:, 1].max()  # nothing is cut off
    figure, _ = current_figure(results)
    assert len(figure.figure.axes) == 6  # a panel for each point, as there are few


def test_labels_do_not_overlap(tmp_path):
    """Words below an axis stay clear of each other and inside the page."""
    words = [(name, None) for name in ("organic_polymer", "oligomer_of_some_kind", "another_long_name_of_a_matrix", "x", "none")]
    root = write_study(tmp_path / "s", lambda n, s, *_: {P999: (float(s), "1", 0.1, None)}, {"matrix": words}, seeds=(1, 2))
    page = axis_figure(StudyResults(root), P999, 1.0)
    page.figure.canvas.draw()
    (axes,) = page.figure.axes
    name = axes.xaxis.label.get_window_extent()
    for text in axes.get_xticklabels():
        box = text.get_window_extent()
        assert box.y0 >= name.y1 - 1 and box.y0 > 0 and box.x0 > -1
    for legend in page.figure.legends:
        assert legend.get_window_extent().y1 <= name.y0 + 1


@pytest.mark.parametrize("axes, seeds, apart, mean", [
    (("thickness", "modulus"), (1, 2), [False, False], "mean over seeds and the other axes"),
    (("thickness", "modulus"), (), [False, False], "mean over the other axes"),
    (("thickness", "law"), (1, 2), [True, False], "mean over seeds and the other axes"),
    (("law", "matrix"), (1, 2), [True, True], "mean over seeds"),
    (("law", "matrix"), (), [True, True], None),
    (("thickness", "many"), (), [False, False], "mean over the other axes"),
    (("thickness", "one"), (), [False], None),
], ids=str)  # fmt: skip
def test_values_beside_words_stand_apart_and_the_legend_says_what_is_a_mean(tmp_path, axes, seeds, apart, mean):
    """No mean over words is drawn, or named where none is drawn; five combinations are too many to stand apart."""
    known = {"thickness": THICK, "modulus": MODULUS, "law": [("film", None), ("butler_volmer", None)], "one": [("1", 1.0)],
             "matrix": [("organic_polymer", None), ("oligomer", None)], "many": [(k, None) for k in "abcde"]}  # fmt: skip
    value = lambda numbers, seed, *_: {P999: (sum(x or 0.0 for x in numbers.values()), "1", 0.1, None)}  # noqa: E731
    results = StudyResults(write_study(tmp_path / "s", value, {name: known[name] for name in axes}, INFOS, seeds=seeds))
    assert [_apart(results, results.others(axis.info.name)) for axis in results.grid] == apart
    page = axis_figure(results, P999, 1.0)
    said = [text.get_text() for legend in page.figure.legends for text in legend.get_texts()]
    assert [text for text in said if text.startswith("mean")] == ([mean] if mean else [])
    lines = [line for line in page.figure.axes[0].lines if line.get_marker() == "o"]
    assert len(lines) == (2 if apart[0] else 1)


@pytest.mark.parametrize("factor, seen", [(2.0, True), (4.9, True), (6.0, False), (1 / 4.9, True), (1 / 6.0, False)])
def test_ratio_has_a_line_where_structures_are_alike(tmp_path, factor, seen):
    """In view if values are within a factor of five of it; otherwise it would press them into a corner."""
    value = lambda numbers, seed, structure, _: {P999: (factor if structure == "a" else 1.0, "1", 0.1, None)}  # noqa: E731
    results = StudyResults(write_study(tmp_path / "s", value, {"thickness": THICK}, INFOS, structures=("a", "b")))
    own, ratio = axis_figure(results, P999, 1.0).figure.axes

    def at_one(axes):
        return [line for line in axes.lines if list(line.get_ydata()) == [1.0, 1.0] and len(line.get_xdata()) == 2]

    assert len(at_one(ratio)) == 1 and not at_one(own)
    bottom, top = ratio.get_ylim()
    assert bool(bottom < 1.0 < top) is seen
    assert bottom < factor < top


@pytest.mark.parametrize("value, text", [
    (1e-3, "0.001"), (9999.0, "9999"), (0.25, "0.25"), (12345.0, r"$1.2 \times 10^{4}$"), (1e4, "$10^{4}$"), (1e-7, "$10^{-7}$"),
    (2.5e-9, r"$2.5 \times 10^{-9}$"), (9999.6, "$10^{4}$"), (9.99e-4, "$10^{-3}$"),
])  # fmt: skip
def test_powers_of_ten_at_the_ticks(value, text):
    assert _power(value).replace("\N{MINUS SIGN}", "-") == text


def test_a_quantity_that_is_zero_needs_no_number_of_seeds(tmp_path):
    """No relative half width belongs to a mean of 0, such as that of the charge of no pulses."""
    axes = {"repeats": [("0", 0.0), ("5", 5.0)]}
    value = lambda numbers, seed, *_: {P999: (numbers["repeats"] * (1 + 0.1 * seed), "1", 0.0, None)}  # noqa: E731
    root = write_study(tmp_path / "s", value, axes, seeds=(1, 2))
    assert main(["report", str(root)]) == 0
    none, some = number_table(StudyResults(root), P999, 1.0)["rows"]
    assert (none[2], none[-1]) == ("0", "") and int(some[-1]) > 2


def test_report_without_seeds_or_axes(tmp_path, capsys):
    """Nothing is claimed about scatter, and a single point has no figures against axes."""
    root = write_study(tmp_path / "s", lambda n, s, *_: {P999: (3.0, "1", 0.1, "two_mesh")})
    assert main(["report", str(root)]) == 0
    text = (root / "report.html").read_text("utf-8")
    assert "is not known" in text and "<img" not in text and "3.000" in text


def test_report_says_what_is_wrong(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    root = grid_study(tmp_path / "results" / "grid", pending=range(1, 6))
    for name, scenario in (("grid", "base.yaml"), ("other", "base.yaml"), ("elsewhere/grid", "another.yaml")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.yaml").write_text(f"title: x\nscenario: {scenario}\nseeds: [1]\n")
    run = next((root / "cases").iterdir())
    empty = grid_study(tmp_path / "empty", pending=range(6))
    for arguments, words in (
        ([str(run)], "result of a single run"), (["no"], "does not exist"), (["other.yaml"], "run seix sweep first"),
        (["elsewhere/grid.yaml"], "has results of a study of base.yaml, not of another.yaml"),
        ([str(tmp_path)], "not the folder of a study"), ([str(empty)], "no case of this study is finished"),
        ([str(root), "--current", "3"], "was not computed; I/I0 of this study: 1"),
        ([str(root), "--interval", "5"], "--interval 5"),
        ([str(root / "study.json")], "study.json: is a file; expected the folder of a study"),
    ):  # fmt: skip
        assert main(["report", *arguments]) == 2
        error = capsys.readouterr().err
        assert words in error and len(error.splitlines()) == 1
    assert main(["report", "grid.yaml"]) == 0 and (root / "report.html").is_file()


# --- tables of the sweep ---


def test_ensemble_is_written_with_seeds_only(tmp_path):
    root = grid_study(tmp_path / "s", seeds=(1, 2, 3))
    write_tables(read_plan(root), Store(root))
    before = (root / "ensemble.parquet").read_bytes(), (root / "ensemble.csv").read_bytes()
    write_tables(read_plan(root), Store(root))
    assert ((root / "ensemble.parquet").read_bytes(), (root / "ensemble.csv").read_bytes()) == before
    table = pd.read_csv(root / "ensemble.csv")
    assert len(table) == 6 * 4 and set(table["n"]) == {3} and set(table["std"].round(12)) >= {1.0}
    maximum = table[table["quantity"] == "field_enhancement.max"]
    assert maximum["dominant"].eq("unknown").all() and maximum["error_kind"].eq("not converged").all()
    assert table.loc[table["quantity"] == P999, "error_kind"].eq("two_mesh").all()
    shown = grid_study(tmp_path / "shown", seeds=(1, 2), quantities=["field_enhancement.max"])
    rows = number_table(StudyResults(shown), "field_enhancement.max", 1.0)["rows"]
    assert len(rows) == 6 and all("not converged" in row for row in rows)
    document = json.loads((root / "study.json").read_text())
    document["cases"] = [case | {"seed": None} for case in document["cases"][::3]]
    (root / "study.json").write_text(json.dumps(document))
    write_tables(read_plan(root), Store(root))
    assert not (root / "ensemble.csv").exists() and not (root / "ensemble.parquet").exists()
