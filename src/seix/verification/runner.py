"""The command ``seix verify``: run the cases, judge the error estimates, write the report."""

from __future__ import annotations

import difflib
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..analysis.errors import assumed_order, two_mesh_error
from ..analysis.quantity_info import Kind
from ..errors import InputError, SeixError, VerificationError
from ..fem import MPI
from ..input.words import shown
from ..simulation import on_root
from .case import ROUNDING, Case, Check

COVERAGE, OVERSTATED = 0.95, 5.0
"""What error estimates must reach: share of true errors within the stated ones, and median of stated over true."""


@dataclass(frozen=True)
class Result:
    """A case that was run.

    Attributes
    ----------
    case : Case
    checks : list of Check
    seconds : float
    message : str
        Why it did not come to an end; empty if it did.
    """

    case: Case
    checks: list[Check]
    seconds: float
    message: str = ""

    @property
    def passed(self) -> bool:
        """Whether it came to an end and all of its checks passed."""
        return not self.message and all(check.passed for check in self.checks)


@dataclass(frozen=True)
class Estimate:
    """A stated error and the true one.

    Attributes
    ----------
    name : str
    stated, true : float
        Relative.
    kind : Kind
        Of quantity.
    corners : bool
        Whether interfaces have corners.
    """

    name: str
    stated: float
    true: float
    kind: Kind
    corners: bool

    @property
    def covers(self) -> bool:
        """Whether the true error is within the stated one; what is rounding is not judged."""
        return self.true <= self.stated + ROUNDING


def all_cases() -> list[Case]:
    """Every case, charge first, then momentum, then the whole model."""
    from . import (
        array_cases,
        conduction_cases,
        coupled_cases,
        effective_cases,
        impedance_cases,
        inclusion_cases,
        indentation_cases,
        mechanics_cases,
        titration_cases,
    )  # fmt: skip

    parts = (
        conduction_cases, array_cases, inclusion_cases, mechanics_cases, indentation_cases, coupled_cases, effective_cases,
        impedance_cases, titration_cases,
    )  # fmt: skip
    return [case for part in parts for case in part.CASES]


def chosen(names: Sequence[str]) -> list[Case]:
    """Cases that are asked for; all without names.

    Parameters
    ----------
    names : sequence of str
        Each one or several, separated by commas: of a case such as ``B06-3D`` or, of two benchmarks, ``B09+B10-3D``; of a
        benchmark such as ``B06`` or of a family such as ``MMS``, which have all their cases.

    Raises
    ------
    InputError
        For a name that fits no case, with names that are near.
    """
    cases = all_cases()
    if not names:
        return cases
    known = {case.number: _names(case) for case in cases}
    every = {one.casefold(): one for one in sorted(set().union(*known.values()))}
    wanted = set()
    for text in names:
        for name in (part.strip() for part in text.split(",")):
            if name.casefold() not in every:
                near = difflib.get_close_matches(name.casefold(), every, n=6, cutoff=0.5)
                there = f"near are {', '.join(every[one] for one in near)}" if near else f"there are {', '.join(known)}"
                raise InputError(f"--only {shown(name) or repr(name)}: no such case; {there}; seix verify --list shows all")
            wanted.add(name.casefold())
    return [case for case in cases if wanted & {name.casefold() for name in known[case.number]}]


def _names(case: Case) -> set[str]:
    """What a case is called: its name, and the benchmarks or the family that stand in it, with and without what follows "-"."""
    first, dash, last = case.number.partition("-")
    parts = first.split("+")
    return {case.number, *parts, *(part + dash + last for part in parts)}


def run_cases(cases: Sequence[Case], say=print) -> list[Result]:
    """Run cases one after the other (collective)."""
    results = []
    for case in cases:
        start, checks, message = time.perf_counter(), [], ""
        try:
            checks = case.run()
        except (SeixError, ValueError) as error:  # the others, and the report, are worth having all the same
            message = str(error)
        results.append(Result(case, checks, time.perf_counter() - start, message))
        word = "passed" if results[-1].passed else "FAILED"
        if MPI.COMM_WORLD.rank == 0:
            say(f"{word}  {case.number:18}  {case.title}  ({len(checks)} checks, {results[-1].seconds:.1f} s)")
    return results


def estimates(results: Sequence[Result]) -> list[Estimate]:
    """Stated and true errors of all numbers with a known value and an order, for each mesh and the next coarser one."""
    found = []
    for result in results:
        for check in result.checks:
            if check.norm or check.order is None or len(check.values) < 2:
                continue
            scale, order = check.scale or abs(check.expected), assumed_order(check.kind, check.corners)
            for level in range(1, len(check.values)):
                stated = two_mesh_error(check.values[level], check.values[level - 1], 2.0, order) / scale
                if check.errors[level] > ROUNDING:
                    name = f"{result.case.number}: {check.name}"
                    found.append(Estimate(name, stated, check.errors[level], check.kind, check.corners))
    return found


def effectivity(found: Sequence[Estimate]) -> tuple[float, float]:
    """Share of true errors within the stated ones, and median of stated over true."""
    covered = sum(one.covers for one in found) / len(found)
    return covered, statistics.median(one.stated / one.true for one in found)


def verify_command(output: Path | None, only: Sequence[str], list_only: bool = False) -> None:
    """Run the verification cases and write their report.

    Parameters
    ----------
    output : Path or None
        Folder of the report; ``docs/verification`` without, but none if only some cases run.
    only : sequence of str
        What to run, see :func:`chosen`.
    list_only : bool
        Print the cases and run none.

    Raises
    ------
    VerificationError
        If a case failed, or the error estimates miss what they promise.
    """
    root = MPI.COMM_WORLD.rank == 0
    cases = chosen(only)
    if list_only:
        if root:
            print("\n".join(f"{case.number:18}  {case.title}" for case in cases))
        return
    target = output or (None if only else Path("docs/verification"))
    if target is not None:
        on_root(MPI.COMM_WORLD, lambda: _writable(target))  # before the work, not after it
    results = run_cases(cases, lambda line: print(line, flush=True))
    if target is not None:
        on_root(MPI.COMM_WORLD, lambda: _write(target, results))
    failed = [
        f"{r.case.number} ({r.message or ', '.join(c.name for c in r.checks if not c.passed)})" for r in results if not r.passed
    ]
    found = estimates(results)
    if found and not only:
        covered, overstated = effectivity(found)
        if covered < COVERAGE or overstated > OVERSTATED:
            failed.append(f"error estimates (coverage {covered:.1%}, median of stated over true {overstated:.1f})")
    if failed:
        raise VerificationError(f"{len(failed)} of {len(results)} cases failed: {'; '.join(failed)}")
    if root:
        words = f"all {len(results)} cases" if len(results) > 1 else "the case"
        print(f"{words} passed" + (f"; report in {target}" if target else ""))


def _writable(target: Path) -> None:
    """The folder of the report exists or can be made, and takes files."""
    if target.exists() and not target.is_dir():
        raise InputError(f"{target}: is a file, the report needs a folder")
    try:
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=target):
            pass
    except OSError as error:
        raise InputError(f"{target}: the report cannot be written here: {error.strerror or error}") from None


def _write(target: Path, results: list[Result]) -> None:
    """Report and figures; an error of the file system is one of the input."""
    from .report import write_report

    try:
        write_report(target, results)
    except OSError as error:
        raise InputError(f"{target}: the report cannot be written: {error.strerror or error}") from None
