"""From a study file to cases: every combination validated, with its hash, its size and what it shares with others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from pydantic import ValidationError

from ..errors import GeometryError, InputError
from ..geometry.key import geometry_key
from ..input import messages
from ..input.reading import read_yaml
from ..input.tree import Node
from ..input.types import WRITTEN
from ..scenario_file import STUDY_KEY, ScenarioSource, Study
from .axes import AxisInfo, axis_infos, number_of
from .known import KnownCase
from .points import Point, points
from .schema import StudyFile

FIGURES = "output.figures"


@dataclass(frozen=True)
class Case(KnownCase):
    """One run of a study.

    Attributes
    ----------
    overrides : tuple of str
        Texts for ``--set`` that make it from the scenario.
    study : Study or None
        The validated scenario; None if its geometry is impossible.
    """

    overrides: tuple[str, ...] = ()
    study: Study | None = None

    @cached_property
    def mesh(self) -> str:
        """Hash of its meshes: cases with the same one share them."""
        return "-".join(geometry_key(scenario, 1.0)[:12] for scenario in self.study.members.values())


@dataclass(frozen=True)
class Plan:
    """A study file with all its cases.

    Attributes
    ----------
    name : str
        Stem of the file.
    path : Path
    file : StudyFile
    axes : list of AxisInfo
        What is varied, in the order of the file.
    cases : list of Case
        In the order of the combinations; two of them may have the same hash, and are then computed once.
    """

    name: str
    path: Path
    file: StudyFile
    axes: list[AxisInfo]
    cases: list[Case]

    @cached_property
    def distinct(self) -> list[Case]:
        """Cases with different input, the first of each."""
        return list({case.hash: case for case in self.cases if case.possible}.values())


def load_plan(path: Path | str, overrides: Sequence[str] = ()) -> Plan:
    """Read a study file and validate every case.

    Parameters
    ----------
    path : Path
    overrides : sequence of str
        ``key.path=value`` for the scenario of all cases, in place of what `set` of the study says.

    Returns
    -------
    Plan

    Raises
    ------
    InputError
        One line for each problem of the study file; or those of the first wrong case, which it names.
    """
    return plan_of(Path(path), read_study_file(Path(path)), overrides)


def plan_of(path: Path, file: StudyFile, overrides: Sequence[str] = ()) -> Plan:
    """The cases of a study file that has been read; parameters and errors as for :func:`load_plan`."""
    base = path.parent / file.scenario
    if base.resolve() == path.resolve():
        raise InputError(f"{path}: scenario: names this study itself; expected a scenario file")
    source = ScenarioSource(base)
    given = {text.partition("=")[0].strip() for text in overrides}
    if varied := sorted(given & file.varied):
        raise InputError(f"--set {varied[0]}=...: the study varies it; change {path}, or leave it out")
    shared = {FIGURES: file.figures} | file.change
    shared = {key: value for key, value in shared.items() if key not in given}
    cases: list[Case] = []
    for number, point in enumerate(points(file)):
        cases.append(_case(source, number, point, (*point.overrides(shared), *overrides), path))
    if all(not case.possible for case in cases):
        raise GeometryError(f"{path}: no case is possible; the first one: {cases[0].problem}")
    reference = next(case for case in cases if case.possible)
    infos = axis_infos(file, reference.study)
    cases = [replace(case, numbers={info.name: number_of(info, case.study) for info in infos}) for case in cases]
    return Plan(path.stem, path, file, infos, cases)


def read_study_file(path: Path) -> StudyFile:
    """A study file without its cases.

    Raises
    ------
    InputError
    """
    return read_typed(path, StudyFile)


def read_typed[T](path: Path, kind: type[T]) -> T:
    """A YAML file of one pydantic model, problems with line and column.

    Raises
    ------
    InputError
    """
    return read_with_places(path, kind)[0]


def read_with_places[T](path: Path, kind: type[T]) -> tuple[T, Node]:
    """The same with the tree that knows where everything was written."""
    tree, _ = read_yaml(path, str(path))
    if STUDY_KEY not in tree.value and {"geometry", "sei", "extends"} & set(tree.value):
        raise InputError(f"{path}: is a scenario; seix run computes it, and a study names it with the key {STUDY_KEY}")
    try:
        return kind.model_validate(tree.plain(), context={WRITTEN: True}), tree
    except ValidationError as error:
        found = [(tree.find(p.path, p.at_key), p) for p in messages.problems(error, kind)]
    lines = []
    for place, problem in sorted(found, key=lambda item: item[0].order):
        key = ".".join(map(str, problem.path))
        lines.append(f"{place}: {key}: {problem.text}" if key else f"{place}: {problem.text}")
    raise InputError("\n".join(dict.fromkeys(lines)))


def _case(source: ScenarioSource, number: int, point: Point, overrides: tuple[str, ...], path: Path) -> Case:
    try:
        study = source.study(overrides)
    except GeometryError as error:
        problem, name = " ".join(str(error).splitlines()), f"impossible-{number}"
        return Case(number, name, name, point.values, {}, point.seed, problem, overrides)
    except InputError as error:
        where = KnownCase(number, "", "", point.values, seed=point.seed).described
        lines = [f"{path}: case {number + 1} ({where}): {line}" for line in str(error).splitlines()]
        raise InputError("\n".join(lines)) from None
    return Case(number, study.hash, study.short_hash, point.values, {}, point.seed, "", overrides, study)
