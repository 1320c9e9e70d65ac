"""Writes the tables of docs/paper_studies.md from the shipped studies, and copies one figure of each.

    make studies
    python tools/paper_studies.py results/studies

The text between the tables is written by hand; the tables are not.
"""

from __future__ import annotations

import ast
import re
import shutil
import sys
from pathlib import Path

import pandas as pd

from seix.analysis.notation import display_unit
from seix.study.tables import KnownStudy, read_plan

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "paper_studies.md"
FIGURES = {"current": "field_against_current.png", "sensitivity": "field_enhancement.p999_sensitivity.png"}
"""Figure that stands for a study, where it is not that of the headline against the axes."""
WITHOUT_TABLE = ("sensitivity",)
"""Studies of which the page has the figure only: points of a sample make no table."""
QUANTITIES = {
    "E/E0 P99.9": "ratio.field_enhancement.p999",
    "E/E0 P99": "ratio.field_enhancement.p99",
    "area resistance": "ratio.sei.area_resistance",
    "stress of the matrix P99.9": "ratio.stress.first_principal.p999.organic_polymer",
}
"""Columns: the bilayer over the multilayer."""


def table(study: KnownStudy, ensemble: pd.DataFrame, failed: int) -> str:
    """Ratios at every point with their 95 % intervals, and how many cases failed, as Markdown."""
    ratios = ensemble[ensemble["structure"].str.contains("/")]
    axes = study.axes
    head = [*(axis.label for axis in axes), "I/I0", *QUANTITIES, "seeds"]
    lines = [head, ["---:"] * len(head)]
    for (_, current), group in ratios.groupby(["point", "current_multiple"], sort=False):
        first = group.iloc[0]
        cells = [_value(first[axis.name], axis.unit) for axis in axes]
        named = group.set_index("quantity")
        numbers = [_interval(named.loc[name]) if name in named.index else "" for name in QUANTITIES.values()]
        lines.append([*cells, f"{current:g}", *numbers, str(first["n"])])
    error = _mesh_error(ratios[ratios["quantity"].isin(QUANTITIES.values())])
    why = "the structure asked for cannot be packed or meshed"
    note = f"\n\n{failed} of {len(study.cases)} cases failed: {why}." if failed else ""
    note = error + note
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + note


def _mesh_error(rows: pd.DataFrame) -> str:
    """How large the discretisation errors of the ratios are, and how often the interval of the mean is wider."""
    known = rows[rows["error"].notna()]
    if known.empty:
        return ""
    relative = 100 * (known["error"] / known["mean"].abs()).median()
    wider = int(((known["high"] - known["low"]) / 2 > known["error"]).sum())
    text = f"Discretisation error of these ratios: {relative:.2g} % in the median; the interval over the packings is"
    return f"\n\n{text} wider in {wider} of {len(known)}."


def _interval(row: pd.Series) -> str:
    digits = 3 if row["mean"] < 10 else 2
    shown = f"{row['mean']:.{digits}g}"
    return shown if pd.isna(row["low"]) else f"{shown} ({row['low']:.{digits}g} to {row['high']:.{digits}g})"


def _value(value, unit: str) -> str:
    if isinstance(value, str) or pd.isna(value):
        return _words(value)
    factor, shown = display_unit(unit, value) if unit else (1.0, "")
    return f"{value / factor:.3g} {shown}".strip()


def _words(value) -> str:
    """A value that is no number: a section of a scenario by what stands in it."""
    if not isinstance(value, str) or value in ("", "None", "nan"):
        return "none"
    if value.startswith("{"):
        return ", ".join(str(part).replace("_", " ") for part in ast.literal_eval(value).values())
    return value


def copy_figure(results: Path, name: str) -> None:
    """Put the figure of a study beside those of the page."""
    figure = results / name / "figures" / FIGURES.get(name, "field_enhancement.p999_axes.png")
    shutil.copy(figure, ROOT / "docs" / "images" / f"study_{name}.png")


def main() -> None:
    """Bring all tables up to date of which there are results."""
    results = Path(sys.argv[1] if len(sys.argv) > 1 else "results/studies")
    page = PAGE.read_text("utf-8")
    for name in re.findall(r"<!-- (\w+) -->", page):
        if not (results / name / "ensemble.csv").is_file():
            print(f"{name}: no results in {results}", file=sys.stderr)
            continue
        failed = int((pd.read_csv(results / name / "cases.csv")["status"] == "failed").sum())
        text = table(read_plan(results / name), pd.read_csv(results / name / "ensemble.csv"), failed)
        page = re.sub(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", lambda m, t=text: f"{m[1]}{t}\n{m[2]}", page, flags=re.DOTALL)
        copy_figure(results, name)
    for name in WITHOUT_TABLE:
        if (results / name / "figures").is_dir():
            copy_figure(results, name)
    PAGE.write_text(page, "utf-8")


if __name__ == "__main__":
    main()
