"""The command ``seix report``: figures and one self-contained page of a study."""

from __future__ import annotations

import base64
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..analysis.folder import RECORD
from ..analysis.labels import RATIO, label_of
from ..analysis.page import MillimetreFigure
from ..analysis.pages import page
from ..errors import InputError, StorageError
from . import report_gaps as gaps
from . import report_tables as tables
from . import report_words as words
from .command import RESULTS
from .curves import axis_figure, current_figure, scatter_figure
from .ensemble import WANTED
from .maps import heat_figure, tornado_figure
from .plan import read_study_file
from .results import StudyResults
from .sensitivity import Design, Sensitivity
from .store import write_atomically
from .tables import PLAN, read_plan

FIGURES, PAGE = "figures", "report.html"
DPI = 200


@dataclass(frozen=True)
class ReportOptions:
    """How a study is reported.

    Attributes
    ----------
    current : float or None
        I/I0 of the figures against the axes; 1 if it was computed, otherwise the smallest.
    wanted : float
        Half width of the interval of the mean that the number of seeds is suggested for, over the mean.
    """

    current: float | None = None
    wanted: float = WANTED


def report_command(place: Path, options: ReportOptions) -> None:
    """Write ``figures/*.png`` and ``report.html`` into the folder of a study, and say what is there.

    Parameters
    ----------
    place : Path
        Folder of a study, or its study file if ``results/<study>`` exists.
    options : ReportOptions

    Raises
    ------
    InputError
        If it is no study, nothing is finished, or an option does not fit.
    StorageError
        If the folder cannot be written to.
    """
    if not 0 < options.wanted < 1:
        raise InputError(f"--interval {options.wanted:g}: expected a share of the mean between 0 and 1, such as 0.05")
    results = StudyResults(study_folder(place), options.wanted)
    path = write_report(results, options)
    print(f"{words.counts(results)}\nreport  {path}")


def study_folder(place: Path) -> Path:
    """Folder of a study that a user names by itself or by the study file.

    Raises
    ------
    InputError
    """
    if place.is_dir():
        if not (place / PLAN).is_file() and (place / RECORD).is_file():
            raise InputError(f"{place}: is the result of a single run, whose report is {place / PAGE}; expected that of a study")
        return place
    if not place.exists():
        raise InputError(f"{place}: does not exist; expected the folder of a study")
    folder = RESULTS / place.stem
    if not (folder / PLAN).is_file():
        if place.suffix not in (".yaml", ".yml"):
            raise InputError(f"{place}: is a file; expected the folder of a study, or its study file (.yaml)")
        raise InputError(f"{place}: has no results in {folder}; run seix sweep first, or give the folder of the study")
    asked, there = read_study_file(place).scenario, read_plan(folder).scenario
    if asked != there:  # another file of the same name
        text = f"has results of a study of {there}, not of {asked} as {place} is; give the folder of the study"
        raise InputError(f"{folder}: {text}")
    return folder


def chosen_current(results: StudyResults, asked: float | None) -> float:
    """Current of the figures against the axes.

    Raises
    ------
    InputError
        If the one asked for was not computed.
    """
    for current in results.currents:
        if abs(current - (1.0 if asked is None else asked)) <= 1e-9 * abs(current):
            return current
    if asked is None:
        return results.currents[0]
    there = ", ".join(f"{current:g}" for current in results.currents)
    raise InputError(f"--current {asked:g}: was not computed; I/I0 of this study: {there}")


class Gallery:
    """Writes figures into a folder and keeps them for the page."""

    def __init__(self, folder: Path):
        self._folder = folder

    def add(self, stem: str, figure: MillimetreFigure) -> str:
        """Write a figure and return it as the text of an image."""
        path = self._folder / f"{stem.replace('/', '_')}.png"
        figure.save(path, DPI)
        return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()


def write_report(results: StudyResults, options: ReportOptions) -> Path:
    """Write figures and page; earlier ones are replaced once the new ones are complete.

    Returns
    -------
    Path of the page.
    """
    root = results.root
    current = chosen_current(results, options.current)
    try:
        with tempfile.TemporaryDirectory(prefix=".report.", dir=root) as folder:
            new = Path(folder) / FIGURES
            new.mkdir()
            text = render(results, current, Gallery(new))
            if (root / FIGURES).exists():
                (root / FIGURES).rename(Path(folder) / "old")
            shutil.move(new, root / FIGURES)
        write_atomically(root / PAGE, text)
    except OSError as error:
        raise StorageError(f"{root}: the report cannot be written: {error.strerror or error}") from None
    return root / PAGE


def render(results: StudyResults, current: float, gallery: Gallery) -> str:
    """HTML of the report; its images are embedded, nothing is loaded from elsewhere."""
    quantities, missing = results.quantities()
    design = Design(results) if results.study.sample is not None else None
    figure, averaged = current_figure(results)
    failed = tables.failed_rows(results)
    balance = tables.balance_rows(results, quantities, current)
    return page(
        "study.html",
        title=results.study.title,
        name=results.study.name,
        description=results.study.description,
        version=version("seix"),
        counts=words.counts(results),
        computed=words.computed(results, current),
        axes=tables.axis_rows(results),
        warnings=words.warnings(results, missing),
        cases_failed=failed,
        failed_note=words.failed_note(results, design),
        certainty=words.certainty(results, balance),
        several_structures=len(results.structures) > 1,
        balance=balance,
        balance_caption=words.balance_caption(results, current),
        current_image=gallery.add("field_against_current", figure) if figure is not None else None,
        current_caption=words.current_caption(results, averaged),
        quantities=[_quantity(results, name, current, design, gallery) for name in quantities] if results.axes else [],
        quantities_note=words.quantities_note(results, current),
        numbers_note=words.numbers_note(results, current),
        tables=[tables.number_table(results, name, current) for name in quantities],
        method=words.method(results, design),
    )


def _quantity(results: StudyResults, name: str, current: float, design: Design | None, gallery: Gallery) -> dict[str, Any]:
    """Figures of one quantity with their captions."""
    label, figures, notes = label_of(name), [], []

    def add(kind: str, figure: MillimetreFigure | None, caption: str) -> None:
        if figure is not None:
            figures.append({"data": gallery.add(f"{name}_{kind}", figure), "alt": f"{label.text}, {kind}", "caption": caption})

    add("axes", axis_figure(results, name, current), words.axis_caption(results, current) + gaps.of_axes(results, name, current))
    caption = words.scatter_caption(results, current) + gaps.of_points(results, name, current)
    add("sample", scatter_figure(results, name, current), caption)
    for pair in results.pairs():
        if not any(results.values(structure, name, current) for structure in results.structures):
            continue
        figure, shares, reach = heat_figure(results, name, current, pair)
        kind = f"{pair[0].info.name}_{pair[1].info.name}"
        small = reach < results.numerical_error(name, current)
        caption = words.heat_caption(results, pair, shares, current, small)
        add(kind, figure, caption + gaps.of_pair(results, name, current, pair))
    if design is not None:
        _sensitivity(results, name, current, design, add, notes)
    return {"anchor": name, "label": label.text, "meaning": label.meaning, "name": name, "figures": figures, "notes": notes}


def _sensitivity(
    results: StudyResults, name: str, current: float, design: Design, add: Callable[..., None], notes: list[str]
) -> None:
    kinds = [(name, structure) for structure in results.structures] + [(RATIO + name, structure) for structure in results.ratios]
    found: dict[str, Sensitivity] = {}
    for quantity, structure in kinds:
        one = design.analyse(structure, quantity, current)
        if one is not None and quantity == name:
            found[structure] = one
        elif one is not None:
            add(f"sensitivity_{structure}", tornado_figure(results, {structure: one}, quantity, current),
                words.tornado_caption(results, design, one, ratio=True))  # fmt: skip
        elif quantity == name:
            notes.append(words.no_sensitivity(results, design, structure, quantity, current))
    if found:
        first = next(iter(found.values()))
        add("sensitivity", tornado_figure(results, found, name, current), words.tornado_caption(results, design, first))
