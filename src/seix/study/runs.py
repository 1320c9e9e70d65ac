"""Cases that are asked for one batch after the other, each computed once, in the folder of a study.

A sweep knows its cases beforehand. A fit or a search for the representative size asks for the next ones when it has seen the
last ones; as it decides by nothing but their numbers, it asks for the same cases again when it is started again, and those that
are finished are read instead of computed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import ConvergenceError, GeometryError, InputError, SeixError
from ..scenario_file import ScenarioSource, Study
from .axes import AxisInfo
from .estimate import affordable_jobs, processors, size_of
from .plan import Case, Plan
from .schema import StudyFile
from .store import Store
from .tables import write_plan, write_tables
from .watch import Watch, first_line

_ERRORS = {"input": InputError, "convergence": ConvergenceError, "geometry": GeometryError}


class Runs:
    """The cases of one study as they are asked for.

    Parameters
    ----------
    store : Store
        Prepared.
    file : Path
        File that the study belongs to, for its name.
    title : str
    source : ScenarioSource
        Scenario of all cases.
    axes : sequence of AxisInfo
        What they differ in besides the seed.
    jobs : int or None
        Worker processes; as many as processors and memory allow if None.
    most : int or None
        Cases that may be asked for altogether.

    Raises
    ------
    InputError
        If `jobs` is less than one.
    """

    def __init__(
        self, store: Store, file: Path, title: str, source: ScenarioSource, axes: Sequence[AxisInfo] = (),
        jobs: int | None = None, most: int | None = None,
    ):  # fmt: skip
        if jobs is not None and jobs < 1:
            raise InputError(f"--jobs {jobs}: at least one process has to work")
        self.store, self.source, self.axes = store, source, list(axes)
        self._file, self._title, self._jobs, self._most = file, title, jobs, most
        self._cases: dict[str, Case] = {}
        self._documents: dict[str, dict[str, Any]] = {}
        self._shelf, self._start = None, time.monotonic()

    @property
    def count(self) -> int:
        """Different cases asked for until now, however often."""
        return len(self._cases)

    @property
    def cases(self) -> list[Case]:
        """These cases in the order of asking."""
        return list(self._cases.values())

    def case(self, overrides: Sequence[str], values: dict[str, Any], numbers: dict[str, float | None], seed: int | None) -> Case:
        """A case of the scenario with some values replaced; the same object for the same input.

        Raises
        ------
        InputError, GeometryError
            Values that the scenario cannot have.
        """
        study: Study = self.source.study(overrides)
        known = self._cases.get(study.hash)
        case = Case(self.count, study.hash, study.short_hash, values, numbers, seed, "", tuple(overrides), study)
        return known or case

    def compute(self, cases: Sequence[Case]) -> None:
        """Compute the cases that are not finished; which of them have failed says :meth:`failure`.

        Raises
        ------
        ConvergenceError
            If these are more cases than may be asked for.
        StorageError
        """
        new = {case.hash: case for case in cases if case.hash not in self._cases}
        if self._most is not None and self.count + len(new) > self._most:
            raise ConvergenceError(
                f"{self.count} runs were made and {len(new)} more are needed, but max_runs is {self._most}; raise it: what is "
                f"finished stays in {self.store.root}, and the same command goes on from there"
            )
        for case in new.values():
            self._cases[case.hash] = replace(case, number=self.count)
        if new:
            self.write_plan()
        wanted = [case for case in {case.hash: case for case in cases}.values() if not self.store.is_done(case)]
        states = [(case, self.store.state(case)) for case in wanted]
        if new:  # what failed in an earlier session may do better with another version, or was killed from outside
            again = [case for case, state in states if state and state.status == "failed" and not state.lasting]
            self.store.forget(case for case in again if case.hash in new)
        if wanted:
            self._work(wanted)

    def _work(self, cases: list[Case]) -> None:
        sizes = {case.hash: size_of(case) for case in cases}
        jobs = min(affordable_jobs(list(sizes.values()), self._jobs or processors()), len(cases))
        note = f"{self.count} runs asked for" + (f", at most {self._most}" if self._most is not None else "")
        with Watch(self.store, cases, sizes, jobs, note=note, start=self._start):
            if jobs > 1:
                from .pool import Pool

                Pool(jobs, self.store, cases).run()
                return
            from ..fem import MPI
            from ..shelf import ModelShelf
            from .worker import Worker

            self._shelf = self._shelf or ModelShelf(MPI.COMM_WORLD)
            Worker(self.store, cases, MPI.COMM_WORLD, shelf=self._shelf).run()

    def failure(self, case: Case) -> SeixError | None:
        """Why a case that was computed has no result; None if it has one."""
        if self.store.is_done(case):
            return None
        state = self.store.state(case)
        kind, message = (state.kind, first_line(state.message)) if state is not None else ("", "was not computed")
        return _ERRORS.get(kind, SeixError)(f"{case.described}: {message}")

    def document(self, case: Case) -> dict[str, Any]:
        """``quantities.json`` of a finished case."""
        if case.hash not in self._documents:
            text = (self.store.folder(case) / "quantities.json").read_text("utf-8")
            self._documents[case.hash] = json.loads(text)
        return self._documents[case.hash]

    def write_plan(self) -> None:
        """Say in the folder which cases there are, so that ``seix status`` knows them.

        Raises
        ------
        StorageError
        """
        write_plan(self._plan(), self.store)

    def write_tables(self) -> None:
        """Write the tables of all runs, as a sweep does.

        Raises
        ------
        StorageError
        """
        write_tables(self._plan(), self.store)

    def _plan(self) -> Plan:
        file = StudyFile(title=self._title, scenario=str(self.source.path))
        return Plan(self._file.stem, self._file, file, self.axes, self.cases)

    def close(self) -> None:
        """Free the models that were kept between runs."""
        if self._shelf is not None:
            self._shelf.clear()


