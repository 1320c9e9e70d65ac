"""The cases of ``seix verify``, each as a test; those that take longest run with the slow ones."""

import math
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from seix.errors import ConvergenceError, InputError, VerificationError
from seix.verification import report, runner
from seix.verification.case import REFERENCES, ROUNDING, Case, Check, Reference, agreed

SLOW = {"B04", "B21", "B21-model", "B09+B10-3D", "B20", "B16", "MMS-2D", "MMS-3D", "MMS-circle-contact", "B14-3D", "shells",
        "MMS-circle", "MMS-circle-shift", "MMS-sphere", "B40-patch",
        "B38-3D", "B38-spheres", "randles-3D", "EIS-circle", "EIS-sphere", "EIS-limits",
        "B28-3D", "B11-cell", "spheres-cell", "B10-cell", "fibres-cell", "Hill-cell", "B23-cell"}  # fmt: skip
"""Seconds each: round bodies in space, what other tests solve too, long sources that are compiled first."""


def by_speed(case):
    """The case as a parameter, marked if it is slow."""
    return pytest.param(case, id=case.number, marks=[pytest.mark.slow] if case.number in SLOW else [])


@pytest.mark.parametrize("case", [by_speed(case) for case in runner.all_cases()])
def test_case(case):
    """Errors and orders are as theory says."""
    for check in case.run():
        assert check.passed, check


@pytest.mark.slow
@pytest.mark.parallel(nprocs=3)
def test_cases_on_three_ranks():
    """Conduction with a jump, elasticity and the whole model, in parallel."""
    for number in ("B07", "B25-shear", "B24", "B03-3D", "MMS-2D", "B13-cell"):
        (case,) = [one for one in runner.all_cases() if one.number == number]
        for check in case.run():
            assert check.passed, check


def breaking():
    """A case that meets an error."""
    raise ConvergenceError("no solution")


def test_a_case_that_breaks_is_reported_and_the_others_run(tmp_path, monkeypatch):
    """Its message stands in the report and in the error."""
    cases = [Case("broken", "meets an error", "none", breaking), Case("bad", "cannot pass", "none", failing)]
    monkeypatch.setattr(runner, "all_cases", lambda: cases)
    with pytest.raises(VerificationError, match=r"2 of 2 cases failed: broken \(no solution\); bad \(x\)"):
        runner.verify_command(tmp_path / "report", [])
    assert "**FAILED**: no solution" in (tmp_path / "report" / "README.md").read_text("utf-8")


def falling(order, exact=2.0, constant=0.1):
    """A number that converges with an order."""
    return Check("x", "", exact, tuple(exact + constant * 2.0 ** (-order * k) for k in range(3)), 2.0, 0.1)


def test_allowed_error_follows_from_order_and_cells():
    """Four times h^p on the finest mesh: two cells, halved twice, second order: 4/64; rounding without an order."""
    assert falling(2.0).allowed == 0.1
    assert Check("x", "", 1.0, (1.0, 1.0, 1.0), 2.0).allowed == pytest.approx(4 / 64)
    assert Check("x", "", 1.0, (1.0, 1.0), 3.0, cells=8).allowed == pytest.approx(4 / 16**3)
    assert Check("x", "", 1.0, (1.0,), None).allowed == ROUNDING


def test_listed_numbers_are_those_of_the_formula():
    """To half a unit of the last digit."""
    assert agreed(0.02463054188, "0.0246305419") == 0.02463054188
    with pytest.raises(ValueError, match=r"the list of benchmarks 62\.187"):
        agreed(62.18562, "62.187")


def test_a_case_fails_if_order_or_error_are_bad():
    """One order less is seen, an error above tolerance is seen, and so is NaN."""
    assert falling(2.0).passed and falling(1.7).passed
    assert not falling(1.0).passed
    creeping = Check("x", "", 1.0, (1.1, 1.08, 1.07), 0.78, 0.1)
    assert not creeping.passed  # a quarter of an order, where margins of half an order would let anything pass
    lost = Check("x", "", 1.0, (1 + 1e-3, 1 + 5e-4, 1.0), 2.0, 0.1)
    assert lost.observed == pytest.approx(1.0) and not lost.passed  # a rounding error at the end hides no slow start
    assert not falling(2.0, constant=10.0).passed
    assert not Check("x", "", 1.0, (math.nan,), None).passed
    assert not Check("x", "", 1.0, (1.0 + 1e-5,), None).passed
    assert Check("x", "", 1e-6, (0.9, 1e-3), None, 1e-2, scale=1.0).passed


def test_effectivity_counts_what_is_covered():
    """Of two numbers, one that converges and one that creeps, half of the errors are within the stated ones."""
    good = runner.Result(Case("a", "", "", list), [falling(2.0)], 0.0)
    # differences of a number that creeps are much smaller than its distance to the end
    bad = runner.Result(Case("b", "", "", list), [falling(0.1)], 0.0)
    covered, _ = runner.effectivity(runner.estimates([good, bad]))
    assert covered == 0.5
    assert {one.name for one in runner.estimates([good, bad]) if not one.covers} == {"b: x"}


def test_effectivity_assumes_the_order_of_the_kind():
    """Of second order: exact for a mean, three times too large for a value at a point; corners need more."""
    plain = falling(2.0)
    checks = [plain, replace(plain, kind="integral"), replace(falling(0.8), kind="integral", corners=True)]
    for check, ratio in zip(checks, (3.0, 1.0, (2**0.8 - 1) / (2**0.25 - 1)), strict=True):
        for one in runner.estimates([runner.Result(Case("a", "", "", list), [check], 0.0)]):
            assert one.stated / one.true == pytest.approx(ratio)
            assert (one.kind, one.corners) == (check.kind, check.corners)


def test_the_page_says_what_each_number_is_compared_with():
    """Every kind is defined; a bound is no error of the case, and its number is not called one that must be rounding."""
    assert set(get_args(Reference)) == set(REFERENCES)
    checks = [
        Check("inside", "", 0.0, (0.4,), None, 1.0, reference="bound"),
        Check("lost", "", 0.0, (1e-12,), None, 1e-9, reference="balance"),
        Check("same", "", 2.0, (2.0,), None),
    ]
    page = report.page([runner.Result(Case("A", "title", "source", list), checks, 0.0)], []).splitlines()
    assert all(f"| {word} | {meaning} |" in page for word, meaning in REFERENCES.items())
    assert "| A | title | source | closed form, bound, balance | 3 | 1.0e-12 |  | passed |" in page
    assert "| inside | bound |  | 4.00e-01 | 4.0e-01 |  |  | 1.0e+00 | passed |" in page
    assert "| same | closed form | 2 | 2 | 0.0e+00 | rounding |  | 1.0e-07 | passed |" in page
    (raw,) = report.raw([runner.Result(Case("A", "title", "source", list), checks, 0.0)])
    assert [one["reference"] for one in raw["checks"]] == ["bound", "balance", "closed form"]


def failing():
    """A case that cannot pass."""
    return [Check("x", "", 1.0, (2.0,), None)]


def test_command_writes_a_report_and_fails_with_a_failed_case(tmp_path, monkeypatch, capsys):
    """Report, figures and raw numbers of two cases; the failed one ends the command with its name."""
    (good,) = [case for case in runner.all_cases() if case.number == "B05"]
    monkeypatch.setattr(runner, "all_cases", lambda: [good, Case("bad", "cannot pass", "none", failing)])
    with pytest.raises(VerificationError, match=r"1 of 2 cases failed: bad \(x\)"):
        runner.verify_command(tmp_path / "report", [])
    page = (tmp_path / "report" / "README.md").read_text("utf-8")
    assert "1 of 2 cases passed" in page and "FAILED" in page and "Cylinder in a uniform field" in page
    assert "| mean or integral | 2 |" in page and "| value at a point | 1 |" in page
    assert "may stay below that of theory by 0.5, where that is at\nmost 25% of it" in page
    assert {p.name for p in (tmp_path / "report").iterdir()} == {
        "README.md", "results.json", "convergence.png", "effectivity.png"}  # fmt: skip
    assert "FAILED  bad" in capsys.readouterr().out


def numbers(*names):
    """Of the cases chosen."""
    return [case.number for case in runner.chosen(names)]


def test_cases_are_chosen_by_benchmark_name_or_family():
    """A benchmark has all its cases, also those it shares; a case is named exactly; several by commas or repeated."""
    assert numbers("B10") == ["B09+B10-3D", "B10-cell"]
    assert numbers("B09") == ["B09-2D", "B09+B10-3D", "B06+B09-cell"]
    assert numbers("B09+B10-3D") == numbers("B10-3D") == numbers("B09-3D") == ["B09+B10-3D"]
    assert numbers("B05,B06-3D") == numbers("B06-3D", "B05") == ["B05", "B06-3D"]
    assert numbers("b05, coated") == ["B05", "coated"]
    assert numbers("flux") == ["flux-slab", "flux-cylinder", "flux-sphere"]
    assert numbers() == [case.number for case in runner.all_cases()]
    for case in runner.all_cases():
        assert case.number in numbers(case.number)
        assert not set(case.number) & set(", ")  # which stand between names


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["B99"], r"--only B99: no such case; near are B"),
        (["B0"], r"--only B0: no such case; near are "),  # the beginning of a number is none
        (["B05,flux-spere"], r"--only flux-spere: no such case; near are flux-sphere"),
        (["B05,"], r"--only '': no such case; there are B04, B05"),
        (["zzzz"], r"--only zzzz: no such case; there are B04, B05"),
    ],
)
def test_unknown_case_is_refused(names, words):
    """With names that are near, or those of all."""
    with pytest.raises(InputError, match=words):
        runner.chosen(names)


def test_field_at_a_vertex_is_seen_from_the_side_asked_for():
    """A laminate: the gradient jumps at the layer, and each side has its own."""
    from seix.verification import plane_meshes
    from seix.verification.single_field import SingleField, on_plane

    problem = SingleField(plane_meshes.strip([("a", 1.0, 2), ("b", 1.0, 2)], 1.0, 2, (1.0, 1), (1.0, 1)))
    kappa = {"core": 1.0, "a": 1.0, "b": 4.0, "electrolyte": 1.0}
    phi = problem.conduct(kappa, [(on_plane(1, -1.0), 0.0, 0), (on_plane(1, 3.0), 3.25, 0)])
    assert problem.at(phi.dx(1), (0.5, 1.0), "a") == pytest.approx(1.0)
    assert problem.at(phi.dx(1), (0.5, 1.0), "b") == pytest.approx(0.25)
    assert np.isfinite(problem.distance(phi, phi))
