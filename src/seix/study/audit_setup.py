"""An audit file together with its calibrations and studies, all checked before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import GeometryError, InputError
from ..input.types import did_you_mean
from ..materials import MaterialLibrary
from ..properties import PROPERTIES
from ..scenario_file import Study
from ..units import powers_of
from .audit_file import AuditFile, Claim
from .audit_terms import Term, parsed
from .axes import value_at
from .calibrate_command import Calibrated
from .calibration_file import CalibrationFile
from .fit_parameters import FitSetup, Parameter
from .formula import Formula, FormulaError
from .plan import Plan, plan_of, read_study_file, read_typed, read_with_places
from .schema import SampleParameter, StudyFile
from .target import target_of

UNIFORM = 3.0**0.5
"""Half width of a uniform distribution over its standard deviation."""


@dataclass(frozen=True)
class Frozen:
    """A calibrated value, as it goes into everything after its calibration.

    Attributes
    ----------
    calibration : str
        Name of its calibration.
    parameter : Parameter
    value : float
        SI.
    ends : (float, float) or None
        Of the uniform distribution with the standard deviation of the fit, on its scale; None if that is not known.
    """

    calibration: str
    parameter: Parameter
    value: float
    ends: tuple[float, float] | None

    @property
    def overrides(self) -> list[str]:
        """Texts for ``--set``."""
        return self.parameter.overrides(self.value)


def frozen_of(name: str, found: Calibrated) -> list[Frozen]:
    """Values of a finished calibration."""
    frozen = []
    for number, one in enumerate(found.setup.parameters):
        value, ends = found.values[number], None
        if found.interval(number) is not None:
            half = UNIFORM * float(found.confidence.standard_errors[number])
            shares = [min(max(one.share(value) + side * half, 0.0), 1.0) for side in (-1.0, 1.0)]
            ends = (one.value(shares[0]), one.value(shares[1]))
        frozen.append(Frozen(name, one, value, ends))
    return frozen


class AuditSetup:
    """Checks an audit and plans its studies.

    Parameters
    ----------
    path : Path
        Audit file.

    Attributes
    ----------
    file : AuditFile
    calibrations : dict of str to Path
    plans : dict of str to Plan
        Of the studies with the values that their scenarios have before any calibration.

    Raises
    ------
    InputError, GeometryError
        Naming the place in the audit file.
    """

    def __init__(self, path: Path):
        self.path = Path(path)
        self.file, self._tree = read_with_places(self.path, AuditFile)
        self.calibrations = {name: self.path.parent / given for name, given in self.file.calibrations.items()}
        self._fits = {name: self._fit(name) for name in self.calibrations}
        self.plans = {name: self.plan(name, []) for name in self.file.studies}
        for name, claim in self.file.claims.items():
            self._check(name, claim)

    def _error(self, where: Sequence[str | int], text: str) -> InputError:
        return InputError(f"{self._tree.find(where)}: {'.'.join(map(str, where))}: {text}")

    def _fit(self, name: str) -> FitSetup:
        where, path = ("calibrations", name), self.calibrations[name]
        if not path.is_file():
            raise self._error(where, f"'{self.file.calibrations[name]}' is no file; expected one, seen from {self.path.parent}")
        return FitSetup(path, read_typed(path, CalibrationFile))

    # -- studies -----------------------------------------------------------------------------------------------------------

    def study_file(self, name: str) -> tuple[Path, StudyFile]:
        """A study document with what this audit lays over it."""
        part = self.file.studies[name]
        path = self.path.parent / part.file
        if not path.is_file():
            raise self._error(("studies", name), f"'{part.file}' is no file; expected one, seen from {self.path.parent}")
        file = read_study_file(path)
        if both := sorted(set(part.change) & file.varied):
            raise self._error(("studies", name), f"the study varies '{both[0]}'; it cannot be set too")
        return path, file.model_copy(update={"change": file.change | part.change})

    def plan(self, name: str, frozen: Sequence[Frozen]) -> Plan:
        """The cases of a study with calibrated values.

        A study with a sample also varies each calibrated value, uniformly on the scale of its fit with the standard deviation of
        its fit; one that varies the same key itself keeps its own range.

        Raises
        ------
        InputError, GeometryError
        """
        path, file = self.study_file(name)
        free = [one for one in frozen if not set(one.parameter.keys) & file.varied]
        if file.sample is not None:
            sampled = {one.parameter.name: _range_of(one) for one in free if one.ends is not None}
            if clash := set(sampled) & (set(file.sample.parameters) | set(file.axes)):
                text = f"has '{min(clash)}', which is also the name of a calibrated parameter; rename one"
                raise self._error(("studies", name), text)
            sample = file.sample.model_copy(update={"parameters": file.sample.parameters | sampled})
            file = file.model_copy(update={"sample": sample})
            free = [one for one in free if one.ends is None]
        plan = plan_of(path, file, [text for one in free for text in one.overrides])
        return Plan(name, path, file, plan.axes, plan.cases)

    # -- claims --------------------------------------------------------------------------------------------------------------

    def _check(self, name: str, claim: Claim) -> None:
        """Terms that exist in every study of the claim, and units that go together."""
        if claim.formula is None:
            return
        where = ("claims", name)
        constants = {term: parsed(one.constant)[1] for term, one in claim.where.items() if one.constant is not None}
        wanted = powers_of(claim.unit)
        every = [self._units(name, claim, study, constants) for study in self.studies_of(claim)] or [constants]
        for units in every:
            try:
                found = Formula(claim.formula).powers(units)
            except FormulaError as error:
                raise self._error((*where, "formula"), str(error)) from None
            if found != wanted:
                raise self._error((*where, "unit"), f"'{claim.unit}' is not the unit of '{claim.formula}'")
        self._check_published(name, claim, wanted)

    def _check_published(self, name: str, claim: Claim, wanted: tuple) -> None:
        """Published numbers have the unit of the computed one."""
        paper, found = claim.paper, {}
        if paper is not None and paper.formula is not None:
            try:
                found["value"] = paper.formula.powers({key: parsed(number)[1] for key, number in paper.numbers.items()})
            except FormulaError as error:
                raise self._error(("claims", name, "paper", "value"), str(error)) from None
        elif paper is not None:
            given = {"value": paper.value, "below": paper.below, "above": paper.above}
            found = {key: parsed(number)[1] for key, number in given.items() if number is not None}
            found |= {("window", k): parsed(number)[1] for k, number in enumerate(paper.window or [])}
        ours = {(key,): getattr(claim, key) for key in ("neutral", "unlike")}
        if claim.threshold is not None:
            ours |= {("threshold", key): getattr(claim.threshold, key) for key in ("below", "above")}
        for place, number in ours.items():
            if number is not None and parsed(number)[1] != wanted:
                raise self._error(("claims", name, *place), f"has another unit than the value, '{claim.unit}'")
        for key, powers in found.items():
            if powers != wanted:
                place = key if isinstance(key, tuple) else (key,)
                raise self._error(("claims", name, "paper", *place), f"has another unit than the computed value, '{claim.unit}'")

    def studies_of(self, claim: Claim) -> list[str]:
        """All studies that a claim is computed from."""
        models = [self.file.models[name] for name in claim.models]
        return list(dict.fromkeys(s for m in models for s in (m.ensemble, m.ranges, m.reference) if s is not None))

    def _units(self, name: str, claim: Claim, study: str, known: dict) -> dict:
        """Exponents of the base units of all terms in one study."""
        plan = self.plans[study]
        self._check_places(name, claim, study)
        reference = next(case.study for case in plan.cases if case.possible)
        units = dict(known)
        for term, one in claim.where.items():
            if one.constant is None:
                try:
                    units[term] = powers_of(self._unit(one, reference))
                except (InputError, GeometryError) as error:
                    raise self._error(("claims", name, "where", term), f"{error} (study {study})") from None
        return units

    def _check_places(self, name: str, claim: Claim, study: str) -> None:
        """Axes of `at` are there: in every ensemble; studies of ranges go without, as their effect is taken over."""
        for axis, value in claim.at.items():
            values = list(dict.fromkeys(str(case.values[axis]) for case in self.plans[study].cases if axis in case.values))
            if not values and study not in {self.file.models[model].ensemble for model in claim.models}:
                continue
            if str(value) not in values:
                text = f"'{value}' is no value of it; allowed: {', '.join(values)}"
                text = text if values else f"the study {study} has no such axis"
                raise self._error(("claims", name, "at", axis), text)

    def _unit(self, term: Term, study: Study) -> str:
        """SI unit of a term of the model."""
        if term.quantity is not None:
            target = target_of(study, term.quantity, term.structure, term.current_multiple)
            currents = study.members.get(target.structure, next(iter(study.members.values()))).load.current_multiples
            if term.slope and len(currents) < 2:
                raise InputError(f"{term.quantity}: a slope needs at least two currents; load.current_multiples has one")
            return target.unit
        if term.material is not None:
            record = MaterialLibrary().record(term.material)
            if term.property not in record.properties:
                known = did_you_mean(term.property, record.properties)
                raise InputError(f"{term.material} has no {term.property};{known} allowed: {', '.join(record.properties)}")
            return PROPERTIES[term.property].unit
        value, unit = value_at(study, term.key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"{term.key} is no number of this scenario")
        return unit

    def calibrated_targets(self) -> dict[tuple[str, str], str]:
        """Quantity and structure -> calibration that was fitted to it."""
        return {
            (one.target.name, one.target.structure): name for name, fit in self._fits.items() for one in fit.measurements
        }  # fmt: skip


def _range_of(one: Frozen) -> SampleParameter:
    low, high = (f"{end:.6g} {one.parameter.unit}".rstrip() if one.parameter.unit else end for end in one.ends)
    spacing = "log" if one.parameter.log else "linear"
    return SampleParameter(keys=one.parameter.keys, start=low, stop=high, spacing=spacing)
