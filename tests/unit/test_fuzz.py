"""Damaged scenarios end in a result or in a sentence with its place, never in a traceback, and soon (tools/fuzz.py)."""

import collections

import fuzz
import pytest


def run(seed, cases):
    counts, failures, slowest = fuzz.fuzz(seed, range(cases))
    told = [f"seed {seed}, case {case.number}: {result.outcome}; {case.steps}\n{result.said[-600:]}" for case, result in failures]
    assert not failures, "\n".join(told[:5])
    assert slowest < fuzz.LIMIT
    return counts


def test_damaged_scenarios():
    counts = run(seed=7, cases=150)
    assert sum(counts.values()) == 150 and set(counts) >= {"valid", "invalid"}


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_ten_thousand_damaged_scenarios():
    counts = run(seed=0, cases=10_000)
    assert counts["impossible"] >= 5 and counts["invalid"] > 8000 > counts["valid"] > 300


def test_a_case_is_the_same_again_and_cases_differ():
    first, again = fuzz.make_case(3, 14), fuzz.make_case(3, 14)
    assert first == again
    contents = collections.Counter(fuzz.make_case(3, number).content for number in range(50))
    assert len(contents) > 40


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(ZeroDivisionError(), "FAILED: ZeroDivisionError"), (None, "FAILED: a line without place"), ("sleep", "FAILED: longer")],
)
def test_defects_are_seen(monkeypatch, error, outcome):
    """A fuzzer that finds nothing must be able to find something."""
    import time

    from seix import cli, scenario_file
    from seix.errors import InputError

    def fail(*_):
        if error == "sleep":
            time.sleep(5)
        raise error or InputError("something is wrong")

    monkeypatch.setattr(fuzz, "LIMIT", 0.1)
    monkeypatch.setattr(scenario_file, "load_study", fail)
    assert cli.main  # imported before the time of a case is taken
    with fuzz.copy_of_scenarios() as folder:
        result = fuzz.run_case(fuzz.make_case(0, 0), folder)
    assert result.failed and result.outcome.startswith(outcome)
