"""Statistics over seeds: closed forms, degenerate samples, tables."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, norm, t

from seix.study.ensemble import (
    LEVEL,
    NUMERICAL,
    SCATTER,
    UNKNOWN,
    dominant,
    ensemble_table,
    intervals,
    seeds_needed,
    spread,
    stated_error,
)
from seix.study.known import KnownCase


def test_intervals_of_normal_samples_cover_the_mean_as_often_as_theory_says():
    """The bootstrap distribution of the mean has the variance s_n^2/n, with s_n^2 over n and not n - 1.

    Near a normal sample its interval is m +- z s_n/sqrt(n), which holds the true mean when |t| < z sqrt((n - 1)/n) for
    Student's t with n - 1 degrees of freedom.
    """
    n, repetitions = 20, 1500
    samples = np.random.default_rng(1).normal(3.0, 2.0, (repetitions, n))
    found = intervals(list(samples))
    z = norm.ppf(0.5 + LEVEL / 2)
    expected = 1 - 2 * t.sf(z * math.sqrt((n - 1) / n), n - 1)
    hits = sum(low <= 3.0 <= high for low, high, _ in found)
    low, high = binom.ppf([0.001, 0.999], repetitions, expected)
    # the shared resamples put an error of sqrt(p(1-p)/4999) on the level of either bound
    slack = repetitions * 2 * math.sqrt(0.025 * 0.975 / 4999)
    assert low - slack <= hits <= high + slack
    assert {method for *_, method in found} == {"BCa"}


def test_interval_is_that_of_its_own_sample_alone():
    """Neither the other samples, nor the scale, nor a second call change it."""
    rng = np.random.default_rng(2)
    samples = [rng.exponential(size=7) for _ in range(3)] + [rng.exponential(size=4)]
    together = intervals(samples)
    assert together == intervals(samples)
    for values, one in zip(samples, together, strict=True):
        assert intervals([values]) == [one]
        low, high, _ = intervals([values * 2.0**-900])[0]
        assert (low, high) == (one[0] * 2.0**-900, one[1] * 2.0**-900)


def test_no_interval_without_something_to_resample():
    (single,), (same,), (rounded,) = (intervals([np.array(v)]) for v in ([5.0], [2.0] * 4, [1.0, 1.0 + 2e-16, 1.0]))
    for low, high, method in (single, same, rounded):
        assert math.isnan(low) and math.isnan(high) and method == ""


def test_interval_of_two_values_is_their_range():
    """The mean of a resample of two is one of them in half of all cases, so both 2.5 % quantiles are the values."""
    low, high, _ = intervals([np.array([1.0, 4.0])])[0]
    assert (low, high) == (1.0, 4.0)


def test_percentiles_where_bca_is_undefined():
    """One bias of the resampled mean is infinite when the estimate is on its edge; identical jackknife values likewise."""
    found = intervals([np.array([0.0] * 9 + [1.0])])
    assert np.isfinite(found[0][:2]).all() and found[0][2] in ("BCa", "percentile")


@pytest.mark.parametrize("relative, wanted", [(0.1, 0.05), (0.3, 0.05), (0.02, 0.05), (1.0, 0.1), (0.5, 0.001)])
def test_seeds_needed_is_the_smallest_number_that_is_enough(relative, wanted):
    n = seeds_needed(-4.0, 4.0 * relative, wanted)

    def half(count):
        return t.ppf(0.975, count - 1) * relative / math.sqrt(count)

    assert half(n) <= wanted and (n == 2 or half(n - 1) > wanted)
    # for many seeds Student's t is normal: n = (z s / w m)^2
    if n > 1000:
        assert n == pytest.approx((norm.ppf(0.975) * relative / wanted) ** 2, rel=1e-2)


def test_seeds_needed_knows_what_it_cannot_know():
    assert seeds_needed(1.0, math.nan) is None
    assert seeds_needed(0.0, 1.0) is None
    assert seeds_needed(1e-12, 1.0) is None
    assert seeds_needed(5.0, 0.0) == 2


def test_what_dominates():
    assert dominant(2.0, 1.0) == SCATTER
    assert dominant(1.0, 2.0) == dominant(0.0, 1e-30) == NUMERICAL
    assert dominant(math.nan, 1.0) == dominant(1.0, math.nan) == dominant(0.0, 0.0) == UNKNOWN


def test_stated_error_needs_all_of_them():
    assert stated_error([1.0, 3.0], ["two_mesh", "two_mesh"]) == 2.0
    assert math.isnan(stated_error([1.0, math.nan], ["two_mesh", None]))
    assert math.isnan(stated_error([1.0, 1.0], ["two_mesh", "not converged"]))


def test_spread_of_one_and_of_several():
    values = np.array([1.0, 2.0, 3.0, 6.0])
    found = spread(values, 0.5)
    assert found["mean"] == 3.0 and found["std"] == pytest.approx(math.sqrt(14 / 3))
    assert found["student"] == pytest.approx(t.ppf(0.975, 3) * found["std"] / 2)
    one = spread(np.array([7.0]), 0.5)
    assert one["mean"] == 7.0 and math.isnan(one["std"]) and math.isnan(one["student"])
    assert one["dominant"] == UNKNOWN and one["needed"] is None


def tidy_of(rows):
    """Table with one axis x: rows of (case, folder, x, seed, structure, quantity, value, error, kind)."""
    frame = pd.DataFrame(rows, columns=["case", "folder", "x", "seed", "structure", "quantity", "value", "error", "error_kind"])
    frame.insert(5, "current_multiple", 1.0)
    frame.insert(8, "unit", "1")
    return frame


def test_table_keeps_points_apart_that_share_a_number_and_pairs_ratios():
    """Values of zipped keys may share their first number; ratios are those of each seed, not of the means."""
    cases = [KnownCase(k, str(k), str(k), {"x": ("2, 5 nm", "2, 9 nm")[k // 2]}, seed=k % 2 + 1) for k in range(4)]
    pairs = [(1.0, 4.0), (3.0, 2.0), (10.0, 5.0), (10.0, 5.0)]
    rows = []
    for k, (a, b) in enumerate(pairs):
        for structure, name, value in (("a", "p", a), ("b", "p", b), ("a/b", "ratio.p", a / b)):
            rows.append((k, str(k), 2.0, k % 2 + 1, structure, name, value, 0.1, "two_mesh"))
    table = ensemble_table(tidy_of(rows), cases)
    assert list(table["point"]) == [0, 0, 0, 1, 1, 1] and set(table["n"]) == {2}
    ratio = table[(table["quantity"] == "ratio.p") & (table["point"] == 0)].iloc[0]
    assert ratio["mean"] == pytest.approx((0.25 + 1.5) / 2) and ratio["mean"] != pytest.approx(2.0 / 3.0)
    assert table[table["point"] == 1]["low"].isna().all() and set(table[table["point"] == 1]["dominant"]) == {NUMERICAL}


def test_a_case_counts_once_though_two_points_of_a_sample_name_it():
    cases = [KnownCase(k, "h", "h", {"x": "3"}, seed=None) for k in range(2)]
    rows = [(k, "h", 3.0, None, "a", "p", 1.0, 0.1, "two_mesh") for k in range(2)]
    table = ensemble_table(tidy_of(rows), cases)
    assert list(table["n"]) == [1] and table["needed"].isna().all()


def test_table_is_the_same_whatever_is_in_it_besides():
    rng = np.random.default_rng(3)
    cases = [KnownCase(k, str(k), str(k), {}, seed=k) for k in range(5)]
    rows = [(k, str(k), 0.0, k, "a", q, rng.normal(), None, None) for k in range(5) for q in ("p", "q")]
    whole = ensemble_table(tidy_of(rows), cases)
    part = ensemble_table(tidy_of([row for row in rows if row[5] == "q"]), cases)
    pd.testing.assert_frame_equal(whole[whole["quantity"] == "q"].reset_index(drop=True), part)
    assert list(whole["quantity"]) == ["p", "q"]
