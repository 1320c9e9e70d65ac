"""The command ``seix audit``: calibrates, computes the studies with what was found, and judges the claims."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..errors import InputError, StudyError
from . import audit_tables as tables
from .audit_file import Claim
from .audit_setup import AuditSetup, Frozen, frozen_of
from .audit_values import CaseValue, Estimated, Scale, estimate, of_study, published_alone
from .audit_verdict import OUT_OF_REACH, VERDICTS, Verdict, judge, judge_published, published_of, right_share
from .calibrate_command import calibrate_command
from .command import RESULTS, SweepOptions, sweep_plan
from .converge_command import finite
from .outputs import write_file
from .plan import Case, Plan
from .store import Store

SCHEMA = "seix audit 1"
CALIBRATIONS, STUDIES = "calibrations", "studies"


@dataclass(frozen=True)
class Computed:
    """A study of an audit after its sweep."""

    plan: Plan
    store: Store
    _documents: dict[str, dict[str, Any]] = field(default_factory=dict)

    def document(self, case: Case) -> dict[str, Any]:
        """``quantities.json`` of a finished case."""
        if case.hash not in self._documents:
            text = (self.store.folder(case) / "quantities.json").read_text("utf-8")
            self._documents[case.hash] = json.loads(text)
        return self._documents[case.hash]

    @property
    def counts(self) -> dict[str, int]:
        """How many cases there are, and how many are finished."""
        return {"cases": len(self.plan.cases), "done": sum(self.store.is_done(case) for case in self.plan.cases)}

    def values(self, claim: Claim) -> list[CaseValue]:
        """Values of a claim in all finished cases."""
        return of_study(claim, self.plan.cases, self.document, self.store.is_done)


def audit_command(path: Path, output: Path | None, jobs: int | None, retry: bool = False) -> list[dict[str, Any]]:
    """Audit the claims of a file and write table and figure.

    Killed or not, the same command goes on where it stopped: calibrations and studies keep their finished runs. Cases of
    studies that failed are computed again with `retry` only, such as after a defect has been mended.

    Returns
    -------
    list of dict
        Rows of the table.

    Raises
    ------
    InputError, GeometryError
        Before anything is computed, if the file makes no sense.
    ConvergenceError
        A calibration that does not end.
    StudyError
        If too many runs of an ensemble failed; cases that failed otherwise are left out, and counted in the table.
    """
    if jobs is not None and jobs < 1:
        raise InputError(f"--jobs {jobs}: at least one process has to work")
    path = Path(path)
    setup = AuditSetup(path)
    root = Path(output or RESULTS / path.stem)
    frozen = _calibrate(setup, root, jobs)
    studies = {name: _sweep(setup, name, frozen, root, SweepOptions(jobs, retry=retry)) for name in setup.file.studies}
    rows = [row for name, claim in setup.file.claims.items() for row in _rows(setup, name, claim, studies)]
    _write(setup, root, frozen, studies, rows)
    print(f"{tables.counted(rows)}\nfolder  {root.resolve()}")
    return rows


def _calibrate(setup: AuditSetup, root: Path, jobs: int | None) -> list[Frozen]:
    """All calibrations in order, each with the values of those before."""
    frozen: list[Frozen] = []
    for name, path in setup.calibrations.items():
        print(f"calibration {name}", flush=True)
        texts = [text for one in frozen for text in one.overrides]
        frozen += frozen_of(name, calibrate_command(path, root / CALIBRATIONS / name, texts, jobs))
    return frozen


def _sweep(setup: AuditSetup, name: str, frozen: Sequence[Frozen], root: Path, options: SweepOptions) -> Computed:
    print(f"study {name}", flush=True)
    plan = setup.plan(name, frozen)
    folder = root / STUDIES / name
    try:
        sweep_plan(plan, folder, options)
    except StudyError as error:  # claims say how many runs they rest on, and which of them is too few
        print(error, flush=True)
    return Computed(plan, Store(folder))


def _rows(setup: AuditSetup, name: str, claim: Claim, studies: dict[str, Computed]) -> list[dict[str, Any]]:
    """One row for each model that answers a claim, otherwise one."""
    if claim.out_of_reach is not None:
        return [tables.plain_row(name, claim, None, Verdict(OUT_OF_REACH, claim.out_of_reach))]
    if claim.same_as is not None:
        other, value = setup.file.claims[claim.same_as], published_alone(claim)
        return [tables.plain_row(name, claim, other, judge_published(claim, value, other), value)]
    rows, calibration = [], _calibration_of(setup, claim)
    for key in claim.models:
        found, order = _estimated(setup, name, claim, key, studies), None
        if claim.order is not None:
            other = setup.file.claims[claim.order]
            compared = _estimated(setup, claim.order, other, key, studies)
            order = right_share(compared, published_of(other), Scale(other.scale))
        verdict, share = judge(claim, found, calibration, order, claim.missing.get(key, ""))
        rows.append(tables.model_row(name, claim, (key, setup.file.models[key]), found, verdict, share))
    return rows


def _estimated(setup: AuditSetup, name: str, claim: Claim, key: str, studies: dict[str, Computed]) -> Estimated:
    """What a model says on a claim."""
    model = setup.file.models[key]
    ensemble = studies[model.ensemble].values(claim)
    sample = None if model.ranges is None else studies[model.ranges].values(claim)
    reference = ensemble if model.reference is None else studies[model.reference].values(claim)
    return estimate(name, claim, model, ensemble, sample, reference)


def _calibration_of(setup: AuditSetup, claim: Claim) -> str | None:
    """The calibration in which all quantities of a claim were used; None if one of them was not."""
    targets = setup.calibrated_targets()
    terms = [(term.quantity, term.structure) for term in claim.where.values() if term.quantity is not None]
    used = [targets.get(term) for term in terms]
    return used[0] if used and None not in used else None


def _write(
    setup: AuditSetup, root: Path, frozen: Sequence[Frozen], studies: dict[str, Computed], rows: list[dict[str, Any]]
) -> None:
    from .audit_figure import write_figure

    root.mkdir(parents=True, exist_ok=True)
    document = {
        "schema": SCHEMA, "seix": version("seix"), "title": setup.file.title, "description": setup.file.description,
        "frozen": [_frozen(one, root) for one in frozen], "studies": {name: one.counts for name, one in studies.items()},
        "verdicts": VERDICTS, "rows": rows,
    }  # fmt: skip
    document = finite(document)
    write_file(root / "audit.json", json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    write_file(root / "audit.csv", tables.as_csv(document["rows"]))
    parts = [f"# {setup.file.title}", tables.frozen_table(document["frozen"])] if frozen else [f"# {setup.file.title}"]
    write_file(root / "audit.md", "\n\n".join([*parts, tables.full_table(document["rows"])]) + "\n")
    write_figure(root / "audit.png", setup.file.title, document["rows"], 200)


def _frozen(one: Frozen, root: Path) -> dict[str, Any]:
    """A calibrated value with what it was fitted to."""
    found = json.loads((root / CALIBRATIONS / one.calibration / "calibration.json").read_text("utf-8"))
    keys = ("quantity", "structure", "measured", "unit", "source")
    return {
        "calibration": one.calibration, "parameter": one.parameter.name, "keys": one.parameter.keys, "value": one.value,
        "unit": one.parameter.unit or "1", "ends": None if one.ends is None else list(one.ends),
        "measurements": [{key: entry[key] for key in keys} for entry in found["measurements"]],
    }  # fmt: skip
