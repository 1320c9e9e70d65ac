"""Audits: formulas, intervals and verdicts against closed forms, files that make no sense, and the command on two films."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import shipped

from seix.cli import main
from seix.errors import InputError, StudyError
from seix.study.audit_file import AuditFile, Claim, SampledModel
from seix.study.audit_setup import AuditSetup, Frozen
from seix.study.audit_tables import model_row, moved, plain_row, short_table
from seix.study.audit_values import NONE, CaseValue, Estimated, Interval, Scale, estimate, published_alone
from seix.study.audit_verdict import judge, judge_published, published_of, right_share, written
from seix.study.fit_parameters import Parameter
from seix.study.formula import Formula, FormulaError
from seix.study.plan import read_typed
from seix.units import UnitError, parse_any, powers_of

ROOT = Path(__file__).parents[2]
FILM = ROOT / "scenarios/examples/homogeneous_film.yaml"
KAPPA = "materials.override.organic_polymer.conductivity"

# --- formulas -----------------------------------------------------------------------------------------------------------


def test_a_formula_is_arithmetic_with_units():
    """Pressure of a thin shell, 2 E h e/(R (1 - nu)): 12.5 GPa, 50 nm and 10 % on 5 um give 35.7 MPa."""
    shell = Formula("2 * E * h * strain / (R * (1 - nu))")
    assert shell.names == ["E", "h", "strain", "R", "nu"]
    values = {"E": 12.5e9, "h": 50e-9, "strain": 0.1, "R": 5e-6, "nu": 0.3}
    assert shell(values) == pytest.approx(35.714e6, rel=1e-4)
    units = {"E": powers_of("Pa"), "h": powers_of("m"), "strain": powers_of("1"), "R": powers_of("m"), "nu": powers_of("")}
    assert shell.powers(units) == powers_of("GPa")
    # d ln p = d ln E - d ln R to first order, and the two effects add up
    assert shell.error(values, {"E": 0.125e9, "R": 0.05e-6}) / shell(values) == pytest.approx(0.02, rel=1e-3)


def test_the_barriers_of_the_paper_exclude_its_ratio_of_diffusivities():
    """exp[(1.078 - 0.235) eV / kT] at 298.15 K is 1.8e14, where 8.22 was measured."""
    [path] = shipped.audits()
    claim = AuditSetup(path).file.claims["barriers_and_diffusivity"]
    assert published_alone(claim) == pytest.approx(1.78e14, rel=0.01)
    terms = claim.where
    assert (terms["without"].constant, terms["consSEI"].constant) == ("1.078 eV", "0.235 eV")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a +", "is no formula"),
        ("__import__('os').remove('x')", "is not allowed in a formula"),
        ("a.b", "'a.b' is not allowed"),
        ("a if b else c", "is not allowed"),
        ("sin(a)", "is not allowed"),
        ("exp(a, b)", "is not allowed"),
        ("'text'", "is not allowed"),
        ("True + 1", "'True' is not allowed"),
        ("a // b", "is not allowed"),
        ("+".join("a" * 300), "too long"),
    ],
)
def test_nothing_but_arithmetic_is_a_formula(text, said):
    with pytest.raises(FormulaError, match=said):
        Formula(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a + b", "have different units"),
        ("exp(a)", "needs a number without unit"),
        ("2 ** a", "the exponent 'a' has a unit"),
        ("a ** c", "its exponent must be a number"),
    ],
)
def test_units_that_do_not_go_together(text, said):
    with pytest.raises(FormulaError, match=said):
        Formula(text).powers({"a": powers_of("m"), "b": powers_of("s"), "c": powers_of("1")})


def test_units_of_roots_and_powers():
    units = {"a": powers_of("m"), "b": powers_of("s")}
    assert Formula("sqrt(a ** 2 / b ** 4) * b").powers(units) == powers_of("m/s")
    assert Formula("boltzmann * T").powers({"T": powers_of("K")}) == powers_of("eV")
    assert math.isnan(Formula("1 / a")({"a": 0.0})) and math.isnan(Formula("a ** 0.5")({"a": -1.0}))


def test_any_unit():
    assert parse_any("4.53e-10 cm2/s") == (pytest.approx(4.53e-14), powers_of("m2/s"))
    assert parse_any("12.5 GPa")[0] == 12.5e9 and parse_any("2.45") == (2.45, powers_of("1"))
    for text in ("fast", "3 parsec", "1e400000 m"):
        with pytest.raises(UnitError):
            parse_any(text)
    assert [written(x, "1") for x in (1.776e14, 12345, 0.00123456, 1.5e-7)] == ["1.78e14", "12300", "0.00123", "1.5e-7"]
    assert written(5.1e9, "GPa") == "5.1 GPa"


# --- intervals ----------------------------------------------------------------------------------------------------------

MODEL = SampledModel(label="of a test", ensemble="e", ranges="r")
RATIO = {"statement": "A ratio", "paper": {"value": 2, "source": "x"}, "formula": "a", "where": {"a": {"quantity": "q"}},
         "neutral": 1, "models": ["m"]}  # fmt: skip


def claim(**changes):
    return Claim.model_validate({key: value for key, value in (RATIO | changes).items() if value is not None})


def cases(values, error=0.0, seeds=None):
    return [CaseValue(seed, value, error * value) for seed, value in zip(seeds or range(1, 1 + len(values)), values, strict=True)]


def test_the_whole_interval_is_that_of_the_ranges_widened_by_the_mesh():
    """Seeds without scatter, a factor that is log-uniform between 1/2 and 2: 95 % are within 2^0.95; and 3 % of the mesh."""
    shares = (np.arange(2000) + 0.5) / 2000
    sample = cases(3.0 * 2.0 ** (2 * shares - 1), seeds=[1] * 2000)
    found = estimate("c", claim(), MODEL, cases([3.0] * 4, 0.03), sample, cases([3.0] * 4))
    assert found.value == pytest.approx(3.0)
    assert found.ranges.pair() == pytest.approx([3 * 2**-0.95, 3 * 2**0.95], rel=2e-3)
    assert found.mesh.pair() == pytest.approx([3 * math.exp(-0.03), 3 * math.exp(0.03)])
    assert found.seeds.pair() == pytest.approx([3.0, 3.0])
    # resamples of the 2000 values: their percentiles scatter by less than 1 %
    assert found.whole.pair() == pytest.approx([3 * 2**-0.95 * math.exp(-0.03), 3 * 2**0.95 * math.exp(0.03)], rel=2e-2)


def test_independent_parts_join_in_squares():
    """A normal mean over many seeds and a normal effect of the ranges: variances add."""
    rng = np.random.default_rng(1)
    seeds, ranges = rng.normal(10.0, 3.0, 60), rng.normal(0.0, 0.2, 4000)
    frozen = cases(list(seeds))
    sample = [CaseValue(k % 60 + 1, seeds[k % 60] + ranges[k], 0.0) for k in range(4000)]
    found = estimate("c", claim(scale="linear"), MODEL, frozen, sample, frozen)
    spread = math.hypot(seeds.std(ddof=1) / math.sqrt(60), ranges.std(ddof=1))
    half = (found.whole.high - found.whole.low) / 2
    assert half == pytest.approx(1.96 * spread, rel=0.05)
    assert (found.seeds.high - found.seeds.low) / 2 == pytest.approx(1.96 * seeds.std(ddof=1) / math.sqrt(60), rel=0.05)


def test_packing_does_not_enter_the_ranges_twice():
    """Each run of the sample is 1.5 times the frozen value of its own seed: the effect is that factor, without scatter."""
    frozen = cases([1.0, 2.0, 4.0])
    found = estimate("c", claim(), MODEL, frozen, [CaseValue(one.seed, 1.5 * one.value, 0.0) for one in frozen], frozen)
    assert found.value == pytest.approx(2.0) and found.ranges.pair() == pytest.approx([3.0, 3.0])
    # one of a seed that was not computed is taken against the mean
    found = estimate("c", claim(), MODEL, frozen, [CaseValue(9, 3.0, 0.0)], frozen)
    assert found.ranges.pair() == pytest.approx([3.0, 3.0])


def test_ranges_of_another_ensemble_are_taken_over_as_a_factor():
    other = cases([10.0, 10.0, 10.0])
    found = estimate("c", claim(), MODEL, cases([2.0] * 3), [CaseValue(1, 20.0, 0.0)], other)
    assert found.ranges.pair() == pytest.approx([4.0, 4.0])


def test_too_few_runs_and_no_logarithm_are_said():
    with pytest.raises(StudyError, match="2 runs of e are finished and report it; an interval needs 3"):
        estimate("c", claim(), MODEL, cases([1.0, 2.0]), None, [])
    with pytest.raises(InputError, match="has no logarithm; write scale: linear"):
        estimate("c", claim(), MODEL, cases([1.0, 2.0, -1.0]), None, [])


# --- verdicts -----------------------------------------------------------------------------------------------------------


def found(low, high, share_above_one=1.0, half=0.0):
    """An estimate on a logarithmic scale of which a share is above 1."""
    draws = np.where(np.arange(100) < 100 * share_above_one, math.log(1.5), -math.log(1.5))
    return Estimated(math.sqrt(low * high), Interval(low, high), NONE, NONE, NONE, 10, 40, draws, half)


BELOW, ABOVE = {"below": 1, "source": "x"}, {"above": 1, "source": "x"}
WORDS = {"text": "much", "source": "x"}
SINGLE = {"neutral": None, "unlike": 1}
OURS = {"paper": WORDS, "neutral": None, "threshold": {"above": 1, "because": "an estimate"}}


@pytest.mark.parametrize(
    ("changes", "estimated", "word"),
    [
        ({}, found(1.5, 2.5), "predicted"),
        ({}, found(1.1, 1.9), "trend only"),
        ({}, found(2.1, 3.0), "trend only"),
        ({}, found(0.5, 2.5, 0.94), "undecided"),  # contains the value, but no effect as well
        ({}, found(0.5, 2.5, 0.95), "predicted"),
        ({}, found(0.5, 0.9, 0.0), "contradictory"),
        ({}, found(0.5, 1.2, 0.5), "undecided"),
        ({"neutral": 3}, found(1.5, 2.5), "predicted"),  # published below no effect
        ({"paper": ABOVE, "neutral": None}, found(1.1, 1.9), "trend only"),
        ({"paper": BELOW, "neutral": None}, found(1.1, 1.9), "contradictory"),
        ({"paper": BELOW, "neutral": None}, found(0.5, 1.9, 0.5), "undecided"),
        ({"paper": {"window": [1.8, 4], "source": "x"}}, found(1.5, 2.5), "predicted"),
        ({"paper": {"window": [2.6, 4], "source": "x"}}, found(1.5, 2.5), "trend only"),
        (OURS, found(1.1, 1.9), "trend only"),
        (OURS, found(0.5, 0.9, 0.0), "contradictory"),
        (OURS, found(0.96, 1.04, 0.5), "undecided"),  # near a threshold is not no effect
        (SINGLE, found(1.5, 2.5), "predicted"),
        (SINGLE, found(0.5, 2.5, 0.5), "undecided"),
        (SINGLE, found(1.1, 1.9), "contradictory"),  # on the published side of 1, but so is any number above 1
    ],
)
def test_verdicts_follow_from_numbers(changes, estimated, word):
    assert judge(claim(**changes), estimated)[0].word == word
    assert judge(claim(**changes), estimated, "modulus")[0].word == "calibrated"


@pytest.mark.parametrize(
    ("changes", "low", "high", "word"),
    [
        ({}, 0.9999, 1.0001, "contradictory"),
        ({}, 0.951, 1.049, "contradictory"),  # 5 % of 1
        ({}, 0.96, 2**0.1 - 1e-9, "contradictory"),  # a tenth of the published factor of 2 is 1.072
        ({}, 0.96, 2**0.1 + 1e-9, "undecided"),
        ({}, 2**-0.1 - 1e-9, 1.0, "undecided"),
        ({"paper": {"value": 8, "source": "x"}}, 0.82, 1.22, "contradictory"),  # 8 ** 0.1 = 1.23
        ({"paper": {"value": 1.03, "source": "x"}}, 0.99, 1.04, "undecided"),  # as small as what was published
        ({"paper": BELOW, "neutral": None}, 0.951, 1.049, "contradictory"),
        ({"paper": BELOW, "neutral": None}, 0.951, 1.051, "undecided"),
        ({"paper": {"value": "3 eV", "source": "x"}, "neutral": "1 eV", "scale": "linear"}, 0.85, 1.19, "contradictory"),
        ({"paper": {"value": "3 eV", "source": "x"}, "neutral": "1 eV", "scale": "linear"}, 0.79, 1.19, "undecided"),
    ],
)
def test_no_effect_contradicts_an_effect_where_its_cause_is_in_the_model(changes, low, high, word):
    """An interval around no effect is known to be none if it is narrow; a model without the cause cannot contradict."""
    eV = 1.602176634e-19 if "eV" in str(changes) else 1.0
    near = found(low * eV, high * eV, 0.5)
    if eV != 1.0:
        near = Estimated(**vars(near) | {"draws": np.linspace(low, high, 101) * eV})
        changes = changes | {"where": {"a": {"quantity": "q", "structure": "s"}, "b": {"quantity": "q", "structure": "t"}},
                             "formula": "a - b", "unit": "eV"}  # fmt: skip
    verdict = judge(claim(**changes), near)[0]
    assert verdict.word == word and ("no effect" in verdict.reason) == (word == "contradictory")
    lacking = judge(claim(**changes), near, missing="boundaries")[0]
    assert lacking.word == ("out of reach" if word == "contradictory" else word)
    assert lacking.reason.endswith("gives: boundaries") == (word == "contradictory")


def test_an_effect_of_a_model_that_lacks_the_cause_stays_a_trend():
    assert judge(claim(), found(1.1, 1.9), missing="boundaries")[0].word == "trend only"
    assert judge(claim(), found(0.5, 0.9, 0.0), missing="boundaries")[0].word == "out of reach"


def test_the_trend_of_a_single_value_is_that_of_both_structures():
    """0.45 for both structures lies above 0.235 and below 1.078; their ratio has the published order in no sample."""
    values = {"multilayer": ("0.235 eV", "1.078 eV"), "bilayer": ("1.078 eV", "0.235 eV")}
    eV = 1.602176634e-19
    for published, other in values.values():
        one = claim(paper={"value": published, "source": "x"}, neutral=None, unlike=other, order="ratio", unit="eV")
        same = Estimated(**vars(found(0.42 * eV, 0.76 * eV)) | {"draws": np.full(100, math.log(0.45 * eV))})
        verdict, share = judge(one, same, order=0.0)
        assert share == 1.0 and verdict.word == "contradictory" and "outside 0.42 to 0.76 eV" in verdict.reason
        assert judge(one, same, order=0.95)[0].word == "trend only" and judge(one, same, order=0.94)[0].word == "contradictory"


def test_a_threshold_of_our_own_is_not_shown_as_published():
    ours = claim(**OURS)
    verdict, share = judge(ours, found(0.5, 0.9, 0.0))
    assert verdict.reason == "the whole interval is below our threshold, 1 (an estimate)"
    row = model_row("c", ours, ("m", MODEL), found(0.5, 0.9, 0.0), verdict, share)
    assert row["paper"] == "much" and row["threshold"] == "above 1, an estimate" and row["published"] is None
    assert "| much | 0.671 (0.5 to 0.9) | contradictory | the whole interval is below our threshold" in short_table([row])


def test_the_shipped_audit_judges_single_values_by_both_structures():
    """No bound of another structure, and no number of ours among those of the paper."""
    [path] = shipped.audits()
    claims = read_typed(path, AuditFile).claims
    single = [name for name, one in claims.items() if one.unlike is not None]
    assert single == ["modulus_bilayer", "modulus_multilayer", "relaxation_time", "barrier_multilayer", "barrier_bilayer"]
    for name, one in claims.items():
        bounds = [one.paper.below, one.paper.above] if one.paper is not None else []
        assert all(bound in (None, 1) for bound in bounds) and one.neutral in (None, 1), name
        assert one.compares or not any(bounds), name


def test_the_mesh_has_to_be_on_the_published_side_too():
    """All samples are at 1.5: a discretisation error of 0.5 on the logarithmic scale reaches over ln 1.5 = 0.405."""
    scale = Scale("log")
    assert right_share(found(1.4, 1.6, half=0.4), published_of(claim()), scale) == 1.0
    assert right_share(found(1.4, 1.6, half=0.5), published_of(claim()), scale) == 0.0


def test_two_published_numbers_agree_or_exclude_each_other():
    fifth = {"value": "a / b", "numbers": {"a": 1, "b": 5}, "source": "abstract"}
    other = claim(paper=fifth)
    barriers = {"a": "0.235 eV", "b": "1.078 eV"}
    pair = claim(paper=None, formula="a / b", where=barriers, models=None, neutral=None, same_as="other")
    value = published_alone(pair)
    assert value == pytest.approx(0.218, abs=5e-4)
    assert judge_published(pair, value, other).word == "consistent"
    assert judge_published(pair.model_copy(update={"within": 1.05}), value, other).word == "contradictory"
    row = plain_row("pair", pair, other, judge_published(pair, value, other), value)
    assert row["published"] == [0.2, 0.2] and row["paper"] == "0.2"


def test_what_moved_since_an_earlier_audit_is_named():
    row = {"claim": "a", "model": "m", "value": 2.0, "interval": [1.0, 3.0], "unit": "1"}
    assert moved([row], [row | {"value": 2.9}]) == []
    assert moved([row], [row | {"value": 3.1}]) == ["a (m): 3.1 is outside 1 to 3"]
    assert moved([row], [row | {"claim": "b"}]) == ["b (m): is new", "a (m): is gone"]


# --- files --------------------------------------------------------------------------------------------------------------

PAIR = {
    "extends": str(FILM), "title": "Two films", "variants": {"thick": {}, "thin": {"sei": {"thickness": "20 nm"}}},
    "mesh": {"cells_per_layer": 1}, "load": {"current_multiples": [1, 2]},
}  # fmt: skip
THICK = {"quantity": "sei.area_resistance", "structure": "thick"}
THIN = {"quantity": "sei.area_resistance", "structure": "thin"}
FIT = {
    "title": "Conductivity", "scenario": "pair.yaml", "set": {"load.current_multiples": [1]},
    "parameters": {"kappa": {"key": KAPPA, "start": "3.9e-7 S/m", "low": "1e-8 S/m", "high": "1e-5 S/m", "scale": "log"}},
    "measurements": [THICK | {"window": ["0.05 ohm m^2", "0.2 ohm m^2"], "source": "test"}],
}  # fmt: skip
CLAIMS = {
    "ratio": {"statement": "The thick film resists more", "formula": "a / b", "where": {"a": THICK, "b": THIN}, "neutral": 1,
              "paper": {"value": "a / b", "numbers": {"a": "40 nm", "b": "20 nm"}, "source": "thickness"}, "models": ["films"]},
    "fitted": {"statement": "A resistance", "formula": "r", "where": {"r": THICK}, "unit": "ohm cm2", "models": ["films"],
               "paper": {"value": "0.1 ohm m2", "source": "test"}, "unlike": "1 ohm m2"},
    "heat": {"statement": "Heat of the thin film", "formula": "i ** 2 * r", "where": {"i": "0.4 A/m2", "r": THIN},
             "unit": "W/m2", "models": ["films"], "paper": {"above": "1 W/m2", "source": "test"}},
    "far": {"statement": "Nothing", "paper": {"text": "1.77 against 4.22 um", "source": "Fig. 4k"}, "out_of_reach": "no model"},
}  # fmt: skip
FILMS = {
    "title": "Films", "calibrations": {"conductivity": "fit.yaml"},
    "studies": {"ensemble": {"file": "ensemble.yaml", "set": {"load.current_multiples": [1]}}, "ranges": "ranges.yaml"},
    "models": {"films": {"label": "of films", "ensemble": "ensemble", "ranges": "ranges"}}, "claims": CLAIMS,
}  # fmt: skip


def write(folder, **changes):
    """An audit of two films in a folder, with changes of its claims by their names, otherwise of its keys."""
    content = {key: dict(value) if isinstance(value, dict) else value for key, value in FILMS.items()}
    for key, value in changes.items():
        if key in CLAIMS or key == "more":
            claim = CLAIMS.get(key, {}) | value
            content["claims"][key] = {name: one for name, one in claim.items() if one is not None}
        else:
            content[key] = value
    modulus = {"modulus": {"key": "materials.override.organic_polymer.youngs_modulus", "from": "1 GPa", "to": "4 GPa"}}
    files = {
        "pair": PAIR, "fit": FIT, "audit": content, "ensemble": {"title": "E", "scenario": "pair.yaml", "seeds": 3},
        "ranges": {"title": "R", "scenario": "pair.yaml", "set": {"error.method": "none"},
                   "sample": {"count": 2, "parameters": modulus}},
    }  # fmt: skip
    for name, data in files.items():
        (folder / f"{name}.yaml").write_text(json.dumps(data, indent=1))  # which is YAML
    return folder / "audit.yaml"


PROBLEMS = [
    ({"ratio": {"formula": "a / c"}}, r"audit.yaml:\d+:\d+: claims.ratio.formula: 'c' stands for nothing; given are a, b"),
    ({"ratio": {"formula": "a"}}, "does not use b; leave out what has no effect"),
    ({"ratio": {"formula": "a /"}}, "claims.ratio.formula: 'a /' is no formula"),
    ({"ratio": {"unit": "GPa"}}, r"audit.yaml:\d+:\d+: claims.ratio.unit: 'GPa' is not the unit of 'a / b'"),
    ({"ratio": {"unit": "gpa"}}, "claims.ratio.unit: unknown unit 'gpa'; did you mean 'GPa'"),
    ({"ratio": {"models": ["film"]}}, "claims.ratio.models.0: unknown model 'film'; did you mean 'films'"),
    ({"ratio": {"models": []}}, "needs models"),
    ({"ratio": {"where": {"a": THICK | {"quantity": "sei.area_resistence"}, "b": THIN}}}, "mean 'sei.area_resistance'"),
    ({"ratio": {"where": {"a": THICK | {"structure": "thicc"}, "b": THIN}}}, "where.a: .*unknown structure 'thicc'"),
    ({"ratio": {"where": {"a": THICK | {"current_multiple": 3}, "b": THIN}}}, "I/I0 = 3 is not computed"),
    ({"ratio": {"where": {"a": THICK | {"slope": True}, "b": THIN}}}, "a slope needs at least two currents"),
    ({"ratio": {"where": {"a": THICK | {"key": "sei.thickness"}, "b": THIN}}}, "has quantity and key; needs one of"),
    ({"ratio": {"where": {"a": {"slope": True}, "b": THIN}}}, "has nothing; needs one of a number, quantity"),
    ({"ratio": {"where": {"a": "fast", "b": THIN}}}, "'fast' is not a number with a unit"),
    ({"ratio": {"where": {"a": {"material": "LiF"}, "b": THIN}}}, "needs both material and property"),
    ({"ratio": {"where": {"a": {"material": "LiF", "property": "youngs_modulos"}, "b": THIN}}}, "mean 'youngs_modulus'"),
    ({"ratio": {"where": {"a": {"key": "sei.matrix"}, "b": THIN}}}, "sei.matrix is no number of this scenario"),
    ({"ratio": {"neutral": "1 nm"}}, "claims.ratio.neutral: has another unit"),
    ({"ratio": {"at": {"layers": 4}}}, "claims.ratio.at.layers: the study ensemble has no such axis"),
    ({"ratio": {"paper": {"value": "3 nm", "source": "x"}}}, "claims.ratio.paper.value: has another unit"),
    ({"ratio": {"paper": {"value": 2, "below": 1, "source": "x"}}}, "has value and below; needs one of"),
    ({"ratio": {"paper": {"source": "x"}}}, "has nothing; needs one of value"),
    ({"ratio": {"paper": {"value": "a / c", "numbers": {"a": 1}, "source": "x"}}}, "'c' stands for nothing"),
    ({"ratio": {"paper": {"text": "much", "source": "x"}}}, "needs a value, window, below or above"),
    ({"ratio": {"paper": {"value": 2}}}, "paper.source: is missing"),
    ({"heat": {"neutral": "2 W/m2"}}, "below and above say it already"),
    ({"ratio": {"neutral": None}}, "has neither; needs neutral"),
    ({"fitted": {"unlike": None}}, "has neither; needs neutral"),
    ({"fitted": {"neutral": "2 ohm m2"}}, "has neutral and unlike; needs neutral"),
    ({"fitted": {"unlike": None, "neutral": "0 ohm m2"}}, "one structure has no value of no effect; write unlike"),
    ({"fitted": {"unlike": "1 nm"}}, "claims.fitted.unlike: has another unit"),
    ({"fitted": {"order": "ratios"}}, "unknown claim 'ratios'; did you mean 'ratio'"),
    ({"fitted": {"order": "heat"}}, "heat is no comparison with an effect or order"),
    ({"ratio": {"order": "heat"}}, "claims.ratio.order: belongs to a single value"),
    ({"ratio": {"missing": {"film": "boundaries"}}}, "claims.ratio.missing.film: no model of this claim"),
    ({"ratio": {"threshold": {"above": 1, "because": "x"}}}, "has neutral and threshold; needs neutral"),
    ({"heat": {"threshold": {"above": "1 W/m2", "because": "x"}}}, "below and above say it already"),
    ({"heat": {"paper": {"text": "hot", "source": "x"}, "threshold": {"above": 1, "because": "x"}}}, "above: has another unit"),
    ({"heat": {"paper": {"text": "hot", "source": "x"}, "threshold": {"because": "x"}}}, "needs either below or above"),
    ({"heat": {"paper": {"text": "hot", "source": "x"}, "threshold": {"above": "1 W/m2"}}}, "threshold.because: is missing"),
    ({"heat": {"paper": {"text": "hot", "source": "x"}, "unlike": 1, "threshold": {"above": 1, "because": "x"}}}, "says it alr"),
    ({"far": {"formula": "a"}}, "has no effect with out_of_reach"),
    ({"far": {"out_of_reach": None}}, "needs a formula, or out_of_reach with the reason"),
    ({"more": {"statement": "x", "formula": "a", "where": {"a": 2}, "same_as": "far"}}, "no published value to agree with"),
    ({"more": {"statement": "x", "formula": "a", "where": {"a": 2}, "same_as": "ratios"}}, "unknown claim 'ratios'; did you"),
    ({"more": {"statement": "x", "formula": "a", "where": {"a": 2}, "same_as": "ratio", "models": ["films"]}}, "no effect"),
    ({"more": {"statement": "x", "formula": "a", "where": {"a": THIN}, "same_as": "ratio", "models": ["films"]}}, "for publ"),
    ({"more": {"statement": "x", "verdict": "predicted"}}, "unknown key"),
    ({"models": {"films": {"label": "f", "ensemble": "ensembl"}}}, "unknown study 'ensembl'; did you mean 'ensemble'"),
    ({"models": {"films": {"label": "f", "ensemble": "ensemble"}}}, "studies.ranges: no model uses it"),
    ({"studies": {"ensemble": "no.yaml", "ranges": "ranges.yaml"}}, r"studies.ensemble: 'no.yaml' is no file"),
    ({"studies": {"ensemble": {"file": "ensemble.yaml", "set": {"seed": 3}}, "ranges": "ranges.yaml"}}, "study varies 'seed'"),
    ({"calibrations": {"conductivity": "no.yaml"}}, "calibrations.conductivity: 'no.yaml' is no file"),
]  # fmt: skip
"""Changes of the audit of two films, and what is said of them."""


def test_files_that_make_no_sense_are_one_sentence(tmp_path):
    """With file and line, before anything is computed."""
    for changes, said in PROBLEMS:
        path = write(tmp_path, **changes)
        with pytest.raises(InputError, match=said) as raised:
            AuditSetup(path)
        assert len(str(raised.value).splitlines()) == 1 and str(raised.value).startswith(str(path)), said


def test_a_sample_also_varies_what_was_calibrated(tmp_path):
    """Uniformly on the scale of the fit with its standard deviation: for a log-uniform window that is the window again."""
    setup = AuditSetup(write(tmp_path))
    low, high = math.log(1e-8), math.log(1e-5)
    parameter = Parameter("kappa", [KAPPA], "S/m", True, 1e-8, 1e-5, 3e-7, None, False)
    assert parameter.span == pytest.approx(high - low)
    frozen = [Frozen("conductivity", parameter, 4e-7, (2e-7, 8e-7))]
    sampled = [case.numbers["kappa"] for case in setup.plan("ranges", frozen).cases]
    assert all(2e-7 < value < 8e-7 for value in sampled) and max(sampled) > 4e-7 > min(sampled)
    ensemble = setup.plan("ensemble", frozen).cases
    override = ensemble[0].study.members["thin"].materials.override
    assert override["organic_polymer"]["conductivity"] == 4e-7 and len(ensemble) == 3
    fixed = setup.plan("ranges", [Frozen("conductivity", parameter, 4e-7, None)]).cases
    assert {case.study.members["thin"].materials.override["organic_polymer"]["conductivity"] for case in fixed} == {4e-7}


def test_schema_knows_the_keys_of_the_shipped_audit():
    from seix.input.reading import read_yaml
    from seix.study.audit_file import audit_schema

    schema = audit_schema()
    [path] = shipped.audits()
    assert set(read_yaml(path, path.name)[0].value) <= set(schema["properties"])
    assert {"quantity", "structure", "slope", "key"} <= set(schema["$defs"]["Term"]["properties"])


def test_an_audit_is_told_from_a_scenario(tmp_path, capsys):
    assert main(["check", str(write(tmp_path))]) == 2
    assert "is an audit of claims; use seix audit" in capsys.readouterr().err


# --- the command --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_an_audit_of_two_films(tmp_path, monkeypatch, capsys):
    """R = h/kappa: fitted to 0.1 ohm m2 the conductivity is 4e-7 S/m, the ratio 2, and the heat of the thin film i2 h/kappa."""
    monkeypatch.chdir(tmp_path)
    missed = {"statement": "A thin resistance", "formula": "r", "where": {"r": THIN}, "unit": "ohm cm2", "models": ["films"],
              "paper": {"value": "0.2 ohm m2", "source": "test"}, "unlike": "0.3 ohm m2", "order": "ratio"}  # fmt: skip
    path = write(tmp_path, more=missed)
    assert main(["audit", str(path), "-j", "1", "-o", "out"]) == 0
    assert "1 predicted, 1 calibrated, 1 trend only, 1 contradictory, 1 out of reach" in capsys.readouterr().out
    document = json.loads((tmp_path / "out/audit.json").read_text())
    [frozen] = document["frozen"]
    assert frozen["value"] == pytest.approx(4e-7, rel=1e-6)
    assert frozen["ends"] == pytest.approx([2e-7, 8e-7], rel=1e-4)  # sqrt(3) ln(4)/sqrt(12) = ln 2
    rows = {row["claim"]: row for row in document["rows"]}
    assert rows["ratio"]["value"] == pytest.approx(2.0, rel=1e-6)
    assert rows["heat"]["value"] == pytest.approx(0.4**2 * 20e-9 / 4e-7, rel=1e-6)
    # 500 ohm cm2 in place of 2000, but the thick film resists more in every sample
    assert rows["more"]["reason"].startswith("2000 ohm cm2 is outside") and "right in 100 %" in rows["more"]["reason"]
    assert rows["fitted"]["verdict"] == "calibrated" and rows["far"]["reason"] == "no model"
    assert (tmp_path / "out/audit.png").stat().st_size > 10_000
    assert "| A resistance, of films | 1000 ohm cm2 (test) |" in (tmp_path / "out/audit.md").read_text()
    before = {name: (tmp_path / "out" / name).read_bytes() for name in ("audit.json", "audit.csv", "audit.md")}

    def refused(*_):
        raise AssertionError("a finished run was computed again")

    monkeypatch.setattr("seix.study.worker.compute", refused)
    assert main(["audit", str(path), "-j", "1", "-o", "out"]) == 0
    assert {name: (tmp_path / "out" / name).read_bytes() for name in before} == before


def test_audit_file_needs_claims():
    with pytest.raises(ValueError, match="claims"):
        AuditFile.model_validate({"title": "x"})
