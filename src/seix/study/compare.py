"""The command ``seix compare``: table, curves and maps of two finished runs."""

from __future__ import annotations

import base64
import json
import math
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..analysis.folder import RECORD, ResultFolder
from ..analysis.labels import headlines, label_of
from ..analysis.notation import display_unit, format_number
from ..analysis.page import MillimetreFigure
from ..analysis.pages import page
from .command import RESULTS
from .pair import DIFFERS, FIELDS, OPEN, UNKNOWN, VERDICTS, WITHIN, Pair, read_run

SCHEMA = "seix comparison 1"
DPI = 200


def compare_command(first: Path, second: Path, output: Path | None, overwrite: bool) -> None:
    """Compare two runs and write the folder of the comparison, which is complete or absent.

    Parameters
    ----------
    first, second : Path
        Result folders.
    output : Path or None
        ``results/compare-<first>-<second>`` without.
    overwrite : bool
        Replace an earlier comparison.

    Raises
    ------
    InputError
        If a folder is no finished run, or the output is there already or cannot be made.
    """
    pair = Pair(read_run(first), read_run(second), labels(first, second))
    target = output or RESULTS / f"compare-{first.resolve().name}-{second.resolve().name}"
    with ResultFolder(target, overwrite) as folder:
        write_comparison(folder.path, pair)
    count = counts(pair)
    print(f"{count[DIFFERS]} numbers differ by more than their errors, {count[WITHIN]} do not, of {count[UNKNOWN]} an error is "
          f"not known, {count[OPEN]} do not converge\nfolder  {folder.target}")  # fmt: skip


def counts(pair: Pair) -> dict[str, int]:
    """How many numbers have each verdict."""
    return {verdict: int((pair.table["verdict"] == verdict).sum()) for verdict in VERDICTS}


def labels(first: Path, second: Path) -> tuple[str, str]:
    """What two runs are called: their folders, with as much of the path as makes them different."""
    one, two = first.resolve().parts, second.resolve().parts
    for depth in range(1, max(len(one), len(two)) + 1):
        names = "/".join(one[-depth:]), "/".join(two[-depth:])
        if names[0] != names[1]:
            return names
    return f"{names[0]} (first)", f"{names[1]} (second)"


def write_comparison(folder: Path, pair: Pair) -> None:
    """Write compare.csv, compare.json, the figures, report.html and record.json into an existing folder."""
    table = pair.table
    (folder / "compare.csv").write_text(table.to_csv(index=False, lineterminator="\n"), "utf-8")
    sources = [{"folder": str(run.folder), "label": label, "title": run.title, "scenario": run.record["hashes"]["scenario"]}
               for run, label in zip((pair.first, pair.second), pair.labels, strict=True)]  # fmt: skip
    rows = [{key: None if value != value else value for key, value in row.items()} for row in table.to_dict("records")]
    document = {"schema": SCHEMA, "runs": sources, "quantities": rows}
    (folder / "compare.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
    figures, notes = _figures(folder, pair)
    (folder / "report.html").write_text(render(pair, figures, notes), "utf-8")
    record = {
        "schema": SCHEMA, "runs": sources, "code": {"name": "seix", "version": version("seix")},
        "files": [*sorted(path.name for path in folder.iterdir()), RECORD],
    }  # fmt: skip
    (folder / RECORD).write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _figures(folder: Path, pair: Pair) -> tuple[list[dict[str, str]], list[str]]:
    """Write all figures; what the page shows of them, and what could not be drawn and why."""
    from ..analysis.vtu_reader import read_vtu
    from .pair_figures import curve_figure, field_pair, map_figures

    shown: list[dict[str, str]] = []

    def add(stem: str, figure: MillimetreFigure, caption: str) -> None:
        path = folder / f"{stem}.png"
        figure.save(path, DPI)
        data = "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()
        shown.append({"data": data, "alt": stem.replace("_", " "), "caption": caption})

    curves = curve_figure(pair)
    if curves is not None:
        add("curves", curves, "Headline quantities against the current. Bars: numerical errors that the runs state.")
    lacking = [
        label for run, label in zip((pair.first, pair.second), pair.labels, strict=True) if not (run.folder / FIELDS).is_file()
    ]
    if lacking:
        return shown, [f"No maps: {' and '.join(lacking)} {'have' if len(lacking) > 1 else 'has'} no {FIELDS}."]
    notes = []
    one, two = (read_vtu(run.folder / FIELDS, run.kinds()) for run in (pair.first, pair.second))
    for match in pair.matches:
        fields = field_pair(one[match[0]], two[match[1]], pair.same_mesh(match))
        notes.append(_mesh_note(pair, match, fields))
        for name, figure, caption in map_figures(pair, pair.name(match), fields):
            add(f"{re.sub(r'[^A-Za-z0-9]+', '_', pair.name(match))}_{name}", figure, caption)
    return shown, notes


def _mesh_note(pair: Pair, match: tuple[str, str], fields: Any) -> str:
    """Whether and why there are maps of the difference."""
    name = pair.name(match)
    currents = fields.first.current_multiple, fields.second.current_multiple
    if not fields.same:
        return (f"{name}: the meshes differ, so the fields are shown side by side with one colour scale. No difference is "
                "formed: values interpolated between meshes would show the meshes, not the fields.")  # fmt: skip
    if currents[0] != currents[1]:
        return (f"{name}: the fields were kept at different currents, I/I0 = {currents[0]:g} and {currents[1]:g}, so they are "
                "shown side by side and no difference is formed.")  # fmt: skip
    return f"{name}: both runs used the same mesh; differences are taken node by node, second minus first."


def render(pair: Pair, figures: list[dict[str, str]], notes: list[str]) -> str:
    """HTML of the comparison; its images are embedded, nothing is loaded from elsewhere."""
    table = pair.table
    shown = headlines(list(dict.fromkeys(table["quantity"])))
    unmatched = [f"{label}: {name.replace('_', ' ')}" for run, label, place in
                 zip((pair.first, pair.second), pair.labels, (0, 1), strict=True)
                 for name in run.structures if name not in [match[place] for match in pair.matches]]  # fmt: skip
    runs = [{"label": label, "title": run.title, "folder": str(run.folder), "hash": run.record["hashes"]["scenario"][:10]}
            for run, label in zip((pair.first, pair.second), pair.labels, strict=True)]  # fmt: skip
    return page(
        "compare.html",
        runs=runs,
        version=version("seix"),
        changes=changed_input(pair),
        unmatched=unmatched,
        several=len(pair.matches) > 1,
        headline=_rows(table[table["quantity"].isin(shown)], shown),
        everything=_rows(table, list(dict.fromkeys(table["quantity"]))),
        counts=counts(pair),
        figures=figures,
        notes=notes,
    )


def _rows(table: Any, order: list[str]) -> list[dict[str, Any]]:
    """Rows of the page, by quantity, with readable units."""
    rows: list[dict[str, Any]] = []
    for quantity in order:
        part = table[table["quantity"] == quantity]
        sizes = [abs(value) for value in [*part["first"], *part["second"]] if value == value and value]
        factor, unit = display_unit(str(part["unit"].iloc[0]), max(sizes, default=0.0))
        label = label_of(quantity)
        for number, row in enumerate(part.itertuples()):
            rows.append({
                "first_row": number == 0, "quantity": label.text, "name": quantity, "meaning": label.meaning,
                "unit": "" if unit == "1" else unit,
                "structure": row.structure, "current": f"{row.current_multiple:g}",
                "first": _number(row.first, row.first_error, factor),
                "second": _number(row.second, row.second_error, factor),
                "difference": "" if math.isnan(row.difference) else f"{row.difference / factor:+.3g}",
                "ratio": "" if math.isnan(row.ratio) else f"{row.ratio:.4g}", "verdict": row.verdict,
            })  # fmt: skip
    return rows


def _number(value: float, error: float, factor: float) -> str:
    if math.isnan(value):
        return ""
    return format_number(value / factor, None if math.isnan(error) else error / factor)


def changed_input(pair: Pair) -> list[dict[str, str]]:
    """Keys of the scenarios that differ, with both values."""
    found = []
    for match in pair.matches:
        one, two = (_flat(run.record["scenario"]["merged"][name]) for run, name in
                    zip((pair.first, pair.second), match, strict=True))  # fmt: skip
        for key in dict.fromkeys([*one, *two]):
            if one.get(key) != two.get(key):
                ends = ["not given" if key not in part else str(part[key]) for part in (one, two)]
                found.append({"structure": pair.name(match), "key": key, "first": ends[0], "second": ends[1]})
    return found


def _flat(tree: Any, prefix: str = "") -> dict[str, Any]:
    """Nested keys joined by dots."""
    if not isinstance(tree, dict):
        return {prefix: tree}
    return {key: value for name, part in tree.items() for key, value in _flat(part, f"{prefix}.{name}".lstrip(".")).items()}
