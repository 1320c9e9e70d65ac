"""Writes the curves that instruments read, and has them drawn."""

from __future__ import annotations

import csv
import importlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..helpers import Helpers
from ..results import StructureResult

if TYPE_CHECKING:
    from ..figures import Written

FOLDER = "measured"
"""Folder of the curves in a result folder."""
FIGURES: Mapping[str, str] = {
    "impedance": "impedance",
    "gitt": "gitt",
    "effective": "effective",
    "indentation": "indentation",
}
"""Key under `measure` -> module of this package with ``draw(path, structures, dpi)``, where `structures` is a list of label and
reading of each structure. The picture is ``maps/measured_<key>.png``."""


def write_readings(folder: Path, results: Sequence[StructureResult]) -> None:
    """Write every curve as ``measured/<structure>_<name>.csv``, units in the heads.

    Parameters
    ----------
    folder : Path
        Result folder.
    results : sequence of StructureResult
    """
    for result in results:
        for reading in result.readings.values():
            for name, columns in reading.tables.items():
                (folder / FOLDER).mkdir(exist_ok=True)
                with (folder / FOLDER / f"{result.name}_{name}.csv").open("w", newline="", encoding="utf-8") as stream:
                    writer = csv.writer(stream, lineterminator="\n")
                    writer.writerow(f"{one.name} [{one.unit}]" for one in columns)
                    writer.writerows(zip(*(one.values for one in columns), strict=True))


def draw_readings(helpers: Helpers, folder: Path, results: Sequence[StructureResult], dpi: int) -> None:
    """Leave one picture for each instrument to helpers."""
    for name in dict.fromkeys(name for result in results for name in result.readings if name in FIGURES):
        structures = [(result.label, result.readings[name]) for result in results if name in result.readings]
        draw = importlib.import_module(f".{FIGURES[name]}", __package__).draw
        helpers.submit(_draw, draw, folder / f"measured_{name}.png", structures, dpi)


def _draw(draw: Callable, path: Path, structures: list, dpi: int) -> Written:
    draw(path, structures, dpi)
    return [path], None
