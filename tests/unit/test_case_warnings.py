"""Warnings of the runs of a study, in its report."""

import json
from types import SimpleNamespace

import pytest

from seix.study.case_warnings import case_warnings, merged

STRAIN = "strain in the SEI reaches {} % (P99.9), beyond the 10 % to which it is valid: read stresses as trends"
GAP = "grains may come as near as 0.24 nm, less than a molecule"


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([GAP], GAP),
        ([STRAIN.format(18), STRAIN.format(7.5), STRAIN.format("1.2e+02")], STRAIN.format("7.5...1.2e+02")),
        (["layers 1 to 2 of 8", "layers 1 to 3 of 8"], "layers 1 to 2...3 of 8"),
        (["a shift of -3 mV", "a shift of -5 mV"], "a shift of -5...-3 mV"),
        (["P99.9 and Li3N stay"] * 2, "P99.9 and Li3N stay"),
    ],
)
def test_numbers_that_differ_become_ranges(texts, expected):
    assert merged(texts) == expected


def test_each_warning_once_with_the_cases_it_concerns(tmp_path):
    """Of four cases one is not finished, and two structures of one run count once."""
    warned = {"a": [[GAP], [GAP, STRAIN.format(18)]], "b": [[], [STRAIN.format(37)]], "c": [[], [GAP]], "d": [[GAP], [GAP]]}
    for name, structures in warned.items():
        (tmp_path / name).mkdir()
        record = {"structures": [{"warnings": texts} for texts in structures]}
        (tmp_path / name / "record.json").write_text(json.dumps(record), "utf-8")
    store = SimpleNamespace(is_done=lambda case: case.hash != "d", folder=lambda case: tmp_path / case.hash)
    found = case_warnings(store, [SimpleNamespace(hash=name) for name in warned])
    assert found == [f"2 of 3 cases warn: {GAP}.", f"2 of 3 cases warn: {STRAIN.format('18...37')}."]
