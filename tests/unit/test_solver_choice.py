"""When Newton's method stops, which solver is chosen, and how seconds are counted."""

import re
import time

import pytest

from seix.errors import InputError
from seix.fem import MPI, PETSc
from seix.numerics import timing
from seix.numerics.convergence import StepRecord, error_left, no_convergence
from seix.numerics.options import OptionTable
from seix.numerics.presets import (
    LARGEST_UNCOMPRESSED,
    LOADS_OF_DIRECT,
    ProblemSize,
    field_options,
    linear_candidates,
    linear_options,
)


def test_error_left_bounds_that_of_newtons_method_for_a_square_root():
    """Newton's method for x^2 = 2: from its third step on the estimate is above the true error, and shrinks with it."""
    x, changes = 2.0, []
    for _ in range(5):
        new = x / 2 + 1 / x
        changes.append(abs(new - x))
        x = new
        left = error_left(changes[-1], changes[-2] if len(changes) > 1 else None)
        true = abs(x - 2**0.5)
        assert true <= left * (1 + 1e-12) + 3e-16
    assert left < 1e-9


def test_error_left_trusts_no_slow_steps():
    """A geometric series with ratio 1/2 has as much left as its last term, which is not below tolerance by accident."""
    assert error_left(0.5, 1.0) == pytest.approx(0.5)
    assert error_left(0.8, 1.0) == pytest.approx(3.2)  # 0.8^2 + 0.8^3 + ...
    assert error_left(2.0, 1.0) == pytest.approx(18.0)  # no convergence: far from below any tolerance
    assert error_left(1e-3, None) == 1e-3
    assert error_left(1e-3, 0.1) == pytest.approx(1e-5, rel=0.02)


def test_precision_and_storage_of_the_factors_of_displacements_in_the_plane():
    """Single precision first, compressed where there are many; double precision where that fails; nothing of it in space."""
    few, many = (field_options(2, 2, LARGEST_UNCOMPRESSED + more, "icc") for more in (0, 1))
    assert few["mg_coarse_pc_precision"] == many["mg_coarse_pc_precision"] == "single"
    assert "mg_coarse_mat_mumps_icntl_35" not in few and many["mg_coarse_mat_mumps_icntl_35"] == 2
    for others in (field_options(2, 2, 1000, "double"), field_options(2, 1, 1000, "icc"), field_options(3, 3, 1000, "icc")):
        assert others["mg_coarse_pc_type"] == "cholesky" and "mg_coarse_pc_precision" not in others
    tried = {(dim, bs, degree): linear_candidates("multigrid", ProblemSize(dim, degree, bs, 10**6), 1)
             for dim in (2, 3) for bs in (1, dim) for degree in (1, 2)}  # fmt: skip
    assert [key for key, chain in tried.items() if "multigrid (double)" in chain] == [(2, 2, 2)]


def test_loads_decide_between_factorisation_and_iteration():
    """In the plane many loads pay for a factorisation; in space nothing does; fallbacks end with the direct solver."""
    plane = ProblemSize(dim=2, degree=2, components=2, unknowns=500_000)
    assert linear_candidates("auto", plane, 1)[0].startswith("multigrid")
    assert linear_candidates("auto", plane, LOADS_OF_DIRECT) == ["direct"]
    space = ProblemSize(dim=3, degree=2, components=3, unknowns=500_000)
    assert linear_candidates("auto", space, 100)[0].startswith("multigrid")
    small = ProblemSize(dim=3, degree=2, components=3, unknowns=50_000)
    assert linear_candidates("multigrid", small, 1)[-1] == "direct"
    assert linear_options("direct", small, 0)["pc_type"] == "cholesky"


def test_every_second_is_counted_once():
    """A stage inside another one is taken out of it."""
    timing.reset()
    start = time.perf_counter()
    with timing.timed("solve"):
        time.sleep(0.02)
        with timing.timed("assemble"):
            time.sleep(0.03)
        time.sleep(0.01)
    spent = time.perf_counter() - start
    found = timing.seconds()
    assert found["assemble"] >= 0.03 and found["solve"] >= 0.03
    assert sum(found.values()) <= spent
    timing.reset()
    assert timing.seconds() == {}


def test_unknowns_of_no_nodes():
    """A rank may own nothing of a field: no unknowns, in the shape of none."""
    import numpy as np

    from seix.numerics.interpolation import expand

    assert expand(np.zeros((0, 2), dtype=np.int32), 3).shape == (0, 6)
    assert expand(np.array([4, 1]), 2).tolist() == [8, 9, 2, 3]


@pytest.mark.parametrize(("key", "value"), [("ksp_type", "bogus"), ("ksp_rtol", "abc")])
def test_values_that_petsc_does_not_accept_are_one_sentence(key, value):
    """With the key, and PETSc's own words; what nobody asked for stays a defect."""
    ksp = PETSc.KSP().create(PETSc.COMM_SELF)
    ksp.setOptionsPrefix("refused_")
    table = OptionTable("refused_", {key: value})
    with pytest.raises(InputError, match=f"^solver.options: PETSc does not accept {key}: {value}: .*{value}"):
        table.read_by(ksp, {key: value})
    with pytest.raises(PETSc.Error):
        table.read_by(ksp, {})
    table.remove()
    ksp.destroy()


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("mat_mumps_icntl_14", "bogus", "Input string bogus has no integer value"),
        ("mat_mumps_cntl_1", "abc", "Input string abc has no numeric value"),
        ("mat_mumps_icntl_7", "99", "Valid values are"),
        ("pc_factor_shift_type", "bogus", 'Unknown option "bogus" for -pc_factor_shift_type'),
        ("pc_factor_mat_solver_type", "nosuch", "Could not locate solver type nosuch"),
    ],
)
def test_values_that_only_the_factorisation_reads(key, value, words):
    """They are refused where it is made, by name and value; a matrix that cannot be factorised is nobody's option."""
    own = {key: value}
    matrix = PETSc.Mat().createAIJ([2, 2], nnz=1, comm=PETSc.COMM_SELF)
    for k in range(2):
        matrix[k, k] = 1.0
    matrix.assemble()
    ksp = PETSc.KSP().create(PETSc.COMM_SELF)
    ksp.setOptionsPrefix("refused_")
    ksp.setOperators(matrix)
    table = OptionTable("refused_", {"pc_type": "lu", "pc_factor_mat_solver_type": "mumps"} | own | {"ksp_rtol": "1e-3"})
    with pytest.raises(PETSc.Error) as met:
        ksp.setFromOptions()
        ksp.setUp()
    with pytest.raises(InputError, match=f"^solver.options: PETSc does not accept {key}: {value}: {re.escape(words)}[^\n]*$"):
        table.blame(met.value, own | ({} if value == "99" else {"ksp_rtol": "1e-3"}))
    passed = RuntimeError("error code 101")
    passed.__cause__ = RuntimeError(str(met.value))  # as where PETSc calls what factorises on one rank
    with pytest.raises(InputError, match=f"does not accept {key}: {value}: {re.escape(words)}"):
        table.blame(passed, own)
    table.blame(met.value, {})
    table.blame(RuntimeError("error code 76\n[0] MatLUFactorNumeric() at x.c:1\n[0] Zero pivot"), own)
    table.remove()
    ksp.destroy()
    matrix.destroy()


def test_options_without_effect_are_known_before_newtons_method_has_ended():
    """Those of its views are read at its end, and not judged before."""
    ksp = PETSc.KSP().create(PETSc.COMM_SELF)
    ksp.setOptionsPrefix("idle_")
    own = {"ksp_rtol": "1e-3", "ksp_rtool": "1e-3", "snes_view": "ascii:/dev/null"}
    table = OptionTable("idle_", own)
    ksp.setFromOptions()
    assert table.idle(own, MPI.COMM_SELF) == ["ksp_rtool"]
    assert table.unused(own, MPI.COMM_SELF) == ["ksp_rtool", "snes_view"]
    table.remove()
    ksp.destroy()


def test_steps_are_counted_not_residuals():
    """The residual before the first step belongs to none."""
    record = StepRecord(newton=1, residuals=[1.0, 0.1], updates=[{"potential": 0.5, "lithium": 0.7}])
    text = no_convergence(record, "why")
    assert text.startswith("the coupled system did not converge in 1 Newton step (why); residual norms 1.00e+00, 1.00e-01. ")
    assert "'lithium' (relative 7.0e-01)" in text
    assert "in 2 Newton steps (" in no_convergence(StepRecord(newton=2, residuals=[1.0, 0.1, 0.1]), "why")
    assert "in the first Newton step (why)" in no_convergence(StepRecord(residuals=[1.0]), "why", ["direct: x"])
