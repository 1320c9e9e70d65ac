"""What a study writes for people and programs: its plan, and tables of all finished cases in tidy and in wide form."""

from __future__ import annotations

import io
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError, StorageError
from .axes import SEED, AxisInfo
from .known import KnownCase
from .store import Store, write_atomically

if TYPE_CHECKING:
    import pandas as pd

    from .plan import Plan

SCHEMA = "seix study 1"
PLAN = "study.json"
TIDY, WIDE, CASES, ENSEMBLE = "table", "table_wide", "cases", "ensemble"
"""Stems of the tables: one row for each number; one row for each structure and current; one row for each case; statistics over
the seeds, only where there are seeds."""


@dataclass(frozen=True)
class KnownStudy:
    """A study as its folder knows it, without its scenarios.

    Attributes
    ----------
    name, title, description : str
    axes : list of AxisInfo
    cases : list of KnownCase
    quantities : list of str
        Asked for in the report; empty for the headlines.
    sample : dict or None
        The sample of the study file.
    scenario : str
        Path of the scenario as written.
    """

    name: str
    title: str
    description: str
    axes: list[AxisInfo]
    cases: list[KnownCase]
    quantities: list[str]
    sample: dict[str, Any] | None
    scenario: str

    @property
    def distinct(self) -> list[KnownCase]:
        """Cases that can be computed, each once."""
        return list({case.hash: case for case in self.cases if case.possible}.values())


def write_plan(plan: Plan, store: Store) -> None:
    """Write what is to be done into the folder of a study.

    Raises
    ------
    StorageError
    """
    known = {field.name for field in fields(KnownCase)}
    file = plan.file
    document = {
        "schema": SCHEMA,
        "name": plan.name,
        "title": file.title,
        "description": file.description,
        "scenario": file.scenario,
        "axes": [asdict(axis) for axis in plan.axes],
        "quantities": file.quantities,
        "sample": None if file.sample is None else file.sample.model_dump(mode="json", by_alias=True),
        "cases": [{name: getattr(case, name) for name in sorted(known)} | {"overrides": case.overrides} for case in plan.cases],
    }
    _write(store.root / PLAN, json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def read_plan(root: Path) -> KnownStudy:
    """The study of a folder.

    Raises
    ------
    InputError
        If it is none.
    """
    path = Path(root) / PLAN
    try:
        document = json.loads(path.read_text("utf-8"))
        if document["schema"] != SCHEMA:
            raise InputError(f"{path}: is of another version of seix; run seix sweep again")
        cases = [KnownCase(**{name: entry[name] for name in _names(KnownCase)}) for entry in document["cases"]]
        axes = [AxisInfo(**entry) for entry in document["axes"]]
        plain = {name: document[name] for name in ("name", "title", "description", "quantities", "sample", "scenario")}
        return KnownStudy(axes=axes, cases=cases, **plain)
    except FileNotFoundError:
        raise InputError(f"{root}: is not the folder of a study ({PLAN} is missing); expected what seix sweep wrote") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None


def _names(kind: type) -> list[str]:
    return [field.name for field in fields(kind)]


def write_tables(study: Plan | KnownStudy, store: Store) -> None:
    """Write all tables of what is finished; the same bytes for the same results.

    Raises
    ------
    StorageError
    """
    from .ensemble import ensemble_table

    tidy = tidy_table(study, store)
    tables = {TIDY: tidy, WIDE: wide_table(tidy), CASES: case_table(study, store)}
    if any(case.seed is not None for case in study.cases):
        tables[ENSEMBLE] = ensemble_table(tidy, study.cases)
    else:
        for ending in ("parquet", "csv"):  # of seeds that the study file no longer has
            (store.root / f"{ENSEMBLE}.{ending}").unlink(missing_ok=True)
    for stem, table in tables.items():
        buffer = io.BytesIO()
        table.to_parquet(buffer, index=False)
        _write(store.root / f"{stem}.parquet", buffer.getvalue())
        _write(store.root / f"{stem}.csv", table.to_csv(index=False, lineterminator="\n"))


def tidy_table(study: Plan | KnownStudy, store: Store) -> pd.DataFrame:
    """One row for each case, structure, current and quantity.

    Returns
    -------
    DataFrame
        Columns ``case``, ``folder``, one for each axis (SI numbers, or text), ``seed``, ``structure``, ``current_multiple``,
        ``quantity``, ``value``, ``unit``, ``error``, ``error_kind``.
    """
    import pandas as pd

    columns = [*_given_columns(study), "structure", "current_multiple", "quantity", "value", "unit", "error", "error_kind"]
    rows = []
    numeric = _numeric(study)
    for case in study.cases:
        if not store.is_done(case):
            continue
        given = _given(study, case, numeric)
        document = json.loads((store.folder(case) / "quantities.json").read_text("utf-8"))
        for entry in document["cases"]:
            for name, quantity in entry["quantities"].items():
                rows.append((
                    *given.values(), entry["structure"], entry["current_multiple"], name, quantity["value"], quantity["unit"],
                    quantity["error"], quantity["error_kind"],
                ))  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    return table.astype({"value": float, "error": float, "current_multiple": float})


def wide_table(tidy: pd.DataFrame) -> pd.DataFrame:
    """One row for each case, structure and current.

    Returns
    -------
    DataFrame
        What tells the row; then for each quantity its value under its name, and beside it ``<quantity>.error`` and
        ``<quantity>.error_kind``, which is empty where nothing is known of the error.
    """
    import pandas as pd

    index = list(tidy.columns[: tidy.columns.get_loc("quantity")])
    # one by one: numbers and words pivoted together would all become objects
    value, error, kind = (tidy.pivot(index=index, columns="quantity", values=part) for part in ("value", "error", "error_kind"))
    columns = {}
    for name in dict.fromkeys(tidy["quantity"]):
        columns[name] = value[name]
        columns[f"{name}.error"] = error[name]
        columns[f"{name}.error_kind"] = kind[name].astype("string")  # text in all files, also where it is empty throughout
    return pd.DataFrame(columns, index=value.index).reset_index()


def case_table(study: Plan | KnownStudy, store: Store) -> pd.DataFrame:
    """One row for each case: its values, whether it is done, and why not."""
    import pandas as pd

    rows, numeric = [], _numeric(study)
    for case in study.cases:
        status = store.status(case)
        state = store.state(case)
        message = case.problem or (state.message if state is not None and status == "failed" else "")
        rows.append((*_given(study, case, numeric).values(), status, message))
    return pd.DataFrame(rows, columns=[*_given_columns(study), "status", "message"])


def _given_columns(study: Plan | KnownStudy) -> list[str]:
    return ["case", "folder", *(axis.name for axis in study.axes), SEED]


def _numeric(study: Plan | KnownStudy) -> set[str]:
    """Axes that are numbers for all cases, and different ones for different values; zipped keys may share the first one."""
    possible = [case for case in study.cases if case.possible]
    found = set()
    for axis in study.axes:
        pairs = {(str(case.values[axis.name]), case.numbers.get(axis.name)) for case in possible}
        numbers = {number for _, number in pairs}
        # one number may be written in two ways, as 40 nm and 0.04 um
        if None not in numbers and (len(pairs) == len(numbers) or not axis.zipped):
            found.add(axis.name)
    return found


def _given(study: Plan | KnownStudy, case: KnownCase, numeric: set[str]) -> dict[str, Any]:
    """Columns that say which case it is."""
    given: dict[str, Any] = {"case": case.number, "folder": case.name if case.possible else ""}
    for axis in study.axes:
        given[axis.name] = case.numbers.get(axis.name) if axis.name in numeric else str(case.values[axis.name])
    return given | {SEED: case.seed}


def _write(path: Path, content: str | bytes) -> None:
    try:
        write_atomically(path, content)
    except OSError as error:
        raise StorageError.of(error, path) from None
