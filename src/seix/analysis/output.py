"""Writes the numbers: quantities.json and quantities.csv."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .quantity import Quantity, check_quantities, describe, ratio
from .results import StructureResult

SCHEMA = "seix quantities 1"
CSV_COLUMNS = ("structure", "current_multiple", "quantity", "value", "unit", "error", "error_kind")

Cases = list[tuple[str, float, dict[str, Quantity]]]


def ratio_label(results: Sequence[StructureResult]) -> str | None:
    """Name "<first>/<second>" under which ratios are filed, None for a single structure."""
    return f"{results[0].name}/{results[1].name}" if len(results) > 1 else None


def all_cases(results: Sequence[StructureResult]) -> Cases:
    """Structure, current multiple and quantities of every case; of a comparison then the ratios.

    Ratios are those of the headline quantities that the first two structures share.
    """
    cases: Cases = [
        (result.name, case.current_multiple, case.quantities) for result in results for case in result.cases
    ]
    label = ratio_label(results)
    if label is not None:
        for case in results[0].cases:
            other = results[1].case(case.current_multiple).quantities
            cases.append((label, case.current_multiple, _ratios(case.quantities, other)))
    return cases


def quantities_document(results: Sequence[StructureResult]) -> dict[str, Any]:
    """Content of quantities.json.

    Returns
    -------
    {"schema", "structures", "quantities": {name: {value, unit, error, error_kind}},
    "cases": [{"structure", "current_multiple", "quantities"}, ...]}

    Raises
    ------
    ValueError
        A quantity is not finite, not documented, or in another unit than documented; nothing is written then.
    """
    if not results or not results[0].cases:
        raise ValueError("nothing was computed")
    cases = all_cases(results)
    label = ratio_label(results)
    for structure, multiple, quantities in cases:
        if structure != label:
            check_quantities(f"{structure} at I/I0 = {multiple:g}", quantities)
    first = results[0].cases[0].current_multiple
    top: dict[str, Quantity] = {}
    for structure, multiple, quantities in cases:
        if multiple != first:
            continue
        prefix = "" if label in (None, structure) else f"{structure}."
        top.update({prefix + name: quantity for name, quantity in quantities.items()})
    return {
        "schema": SCHEMA,
        "structures": [result.name for result in results],
        "quantities": _plain(top),
        "cases": [
            {"structure": structure, "current_multiple": float(multiple), "quantities": _plain(quantities)}
            for structure, multiple, quantities in cases
        ],
    }


def write_quantities(folder: Path, results: Sequence[StructureResult]) -> dict[str, Any]:
    """Write quantities.json and quantities.csv into a folder and return the document.

    Raises
    ------
    ValueError
        As `quantities_document`.
    """
    document = quantities_document(results)
    write_json(folder / "quantities.json", document)
    with (folder / "quantities.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(CSV_COLUMNS)
        for case in document["cases"]:
            for name, entry in case["quantities"].items():
                row = (
                    case["structure"],
                    case["current_multiple"],
                    name,
                    entry["value"],
                    entry["unit"],
                    entry["error"],
                    entry["error_kind"],
                )
                writer.writerow(
                    "" if item is None else repr(item) if isinstance(item, float) else item for item in row
                )
    return document


def write_json(path: Path, document: Any) -> None:
    """Write standard JSON.

    Raises
    ------
    ValueError
        NaN or infinity anywhere in the document.
    """
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _ratios(first: dict[str, Quantity], second: dict[str, Quantity]) -> dict[str, Quantity]:
    ratios = {}
    for name, quantity in first.items():
        info = describe(name)
        if info is not None and info.headline and name in second:
            value = ratio(quantity, second[name])
            if value is not None:
                ratios[f"ratio.{name}"] = value
    return ratios


def _plain(quantities: dict[str, Quantity]) -> dict[str, dict[str, Any]]:
    return {name: quantity.as_dict() for name, quantity in quantities.items()}
