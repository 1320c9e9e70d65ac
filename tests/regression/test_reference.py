"""Values on the reference meshes stay what they were; see reference.py for how to change them."""

import json

import pytest
from reference import CASES, MESHES, VALUES, compute

from seix.fem import MPI

EXPECTED = json.loads(VALUES.read_text("utf-8"))
STRESS_SCALE = 1e9  # Pa; stresses that cancel, as the mean of the free core, are rounding of this


@pytest.mark.parametrize("case", CASES)
def test_values_are_unchanged(case):
    """All quantities to 1e-6 relative, Newton iterations to one."""
    found = compute(case, MPI.COMM_SELF)
    for multiple, expected in EXPECTED["cases"][case].items():
        assert abs(found[multiple]["newton_iterations"] - expected["newton_iterations"]) <= 1
        assert found[multiple]["quantities"].keys() == expected["quantities"].keys()
        for name, value in expected["quantities"].items():
            tolerance = 1e-6 * max(abs(value), STRESS_SCALE if name.startswith("stress") else 0)
            assert found[multiple]["quantities"][name] == pytest.approx(value, abs=tolerance), (multiple, name)


@pytest.mark.parallel(nprocs=3)
@pytest.mark.parametrize("case", ["bilayer", pytest.param("sector", marks=pytest.mark.slow)])
def test_values_are_the_same_on_more_ranks(case):
    """Grain structures on 3 ranks agree with one rank to 1e-8."""
    compare(case)


@pytest.mark.slow
@pytest.mark.parallel(nprocs=5)
def test_values_are_the_same_on_five_ranks():
    """All cases on as many ranks as leave some of them without a grain or without a facet of core|SEI."""
    for case in CASES:
        compare(case)


def compare(case):
    """Every quantity of all ranks together and of each one alone."""
    alone, together = compute(case, MPI.COMM_SELF), compute(case, MPI.COMM_WORLD)
    for multiple, result in alone.items():
        for name, value in result["quantities"].items():
            tolerance = 1e-8 * max(abs(value), STRESS_SCALE if name.startswith("stress") else 0)
            assert abs(together[multiple]["quantities"][name] - value) <= tolerance, (multiple, name)


def test_reference_meshes_are_small():
    """The committed meshes stay below 5 MB in all."""
    assert sum(path.stat().st_size for path in MESHES.iterdir()) < 5e6
