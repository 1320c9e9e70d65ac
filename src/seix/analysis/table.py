"""Prints the headline table at the end of a run."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from ..adaptivity.words import outcome, step_lines
from .output import quantities_document
from .results import StructureResult
from .summary import Summary, summarise

_ASCII = {
    "±": "+/-",
    "Ω": "ohm",
    "²": "2",
    "³": "3",
    "µ": "u",
    "·": "*",
    "≥": ">=",
    "≤": "<=",
    "–": "-",
    "σ": "s",
}


def print_summary(results: Sequence[StructureResult], folder: Path | None, stream: IO[str]) -> None:
    """Print the headline table, warnings and the paths to open.

    Parameters
    ----------
    results
        What was computed.
    folder
        Where it was written; None prints no paths.
    stream
        A terminal gets rules and bold heads, anything else the same content as plain text.
    """
    warnings = {result.name: result.warnings for result in results}
    adapted = {result.name: result.numerics.get("adapted") for result in results}
    _print(quantities_document(results), warnings, adapted, folder, stream)


def print_folder(folder: Path, stream: IO[str]) -> None:
    """As `print_summary`, for finished results on disk."""
    document = json.loads((folder / "quantities.json").read_text("utf-8"))
    record = json.loads((folder / "record.json").read_text("utf-8"))
    warnings = {part["name"]: part["warnings"] for part in record["structures"]}
    adapted = {part["name"]: part["numerics"].get("adapted") for part in record["structures"]}
    _print(document, warnings, adapted, folder, stream)


def _print(
    document: Mapping[str, Any], warnings: Mapping[str, list[str]], adapted: Mapping[str, Mapping[str, Any] | None],
    folder: Path | None, stream: IO[str],
) -> None:  # fmt: skip
    summary = _encodable(summarise(document), stream)
    if stream.isatty():
        _rich_table(summary, stream)
    else:
        _write(stream, "\n".join(plain_table(summary)))
    lines = []
    for name, sequence in adapted.items():
        if sequence is not None:
            of = f" of {name}" if len(adapted) > 1 else ""
            lines.append(f"adapted mesh{of}, judged at I/I0 = 1: {outcome(sequence)}")
            lines += [f"  {line}" for line in step_lines(sequence)]
    for text in dict.fromkeys(text for texts in warnings.values() for text in texts):
        where = [name for name, texts in warnings.items() if text in texts]
        lines.append(f"warning: {', '.join(where) + ': ' if len(warnings) > 1 else ''}{text}")
    if folder is not None:
        lines += [
            f"{what:<8}{_short(folder / name)}"
            for what, name in (
                ("report", "report.html"),
                ("figure", "maps/panel.png"),
                ("fields", "fields.vtu"),
            )
            if (folder / name).exists()
        ]
    if lines:
        _write(stream, "\n".join(lines))


def plain_table(summary: Summary) -> list[str]:
    """Lines of the table in columns; numbers are aligned to the right."""
    rows = [summary.columns, *(row for block in summary.blocks for row in block)]
    widths = [max(len(row[k]) for row in rows) for k in range(len(summary.columns))]

    def line(row: list[str]) -> str:
        return "  ".join(
            text.ljust(width) if k == 0 else text.rjust(width)
            for k, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()

    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    lines = [
        rule,
        line(summary.columns),
        rule,
        *(line(row) for block in summary.blocks for row in block),
        rule,
    ]
    return [*lines, summary.caption] if summary.caption else lines


def _rich_table(summary: Summary, stream: IO[str]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=box.SIMPLE_HEAD,
        caption=Text(summary.caption, style="not italic dim"),
        caption_justify="left",
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for number, column in enumerate(summary.columns):
        table.add_column(
            Text(column),
            justify="left" if number == 0 else "right",
            no_wrap=number > 0,
            min_width=20 if number == 0 else None,
        )
    for block in summary.blocks:
        for row in block:
            # the headline in bold
            table.add_row(*(Text(text) for text in row), style="bold" if block is summary.blocks[0] else "")
    Console(file=stream).print(table)


def _write(stream: IO[str], text: str) -> None:
    print(_readable(text, stream), file=stream, flush=True)


def _encodable(summary: Summary, stream: IO[str]) -> Summary:
    """The table in letters that the stream has; before the columns are aligned."""
    return Summary(
        _readable(summary.caption, stream),
        [_readable(text, stream) for text in summary.columns],
        [[[_readable(text, stream) for text in row] for row in block] for block in summary.blocks],
    )


def _readable(text: str, stream: IO[str]) -> str:
    try:
        text.encode(stream.encoding or "utf-8")
    except UnicodeEncodeError:
        for sign, plain in _ASCII.items():
            text = text.replace(sign, plain)
        text = text.encode("ascii", "replace").decode()
    return text


def _short(path: Path) -> str:
    """Path as seen from here when that is shorter."""
    relative = os.path.relpath(path)
    return relative if len(relative) < len(str(path)) else str(path)
