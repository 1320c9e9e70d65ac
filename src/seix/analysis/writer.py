"""Writes all files of a result folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .helpers import Helpers
from .measured.files import draw_readings, write_readings
from .meshfile import write_mesh
from .output import write_json, write_quantities
from .progress import Progress
from .record import RunInfo, build_record
from .report import write_report
from .results import StructureResult
from .vtu import write_vtu

if TYPE_CHECKING:
    from ..scenario_file import Study

PANEL = "maps/panel.png"


def write_results(
    folder: Path,
    study: Study,
    results: Sequence[StructureResult],
    run: RunInfo,
    progress: Progress,
    dpi: int = 200,
    figures: bool = True,
) -> None:
    """Write quantities, fields, mesh, maps, record and report.

    Parameters
    ----------
    folder
        Existing folder, normally `ResultFolder.path`.
    study, results, run
        What was asked for, what came out, and how.
    progress
        Gets a stage; its timings go into the record.
    dpi
        Resolution of the maps.
    figures
        Draw them; without, there is no folder `maps`.

    Raises
    ------
    ValueError
        A quantity is not finite or not documented.
    """
    progress.stage("write results")
    write_quantities(folder, results)
    write_readings(folder, results)
    if figures:
        _with_figures(folder, results, run, progress, dpi)
    else:
        _write_fields(folder, results, run)
    progress.stage("write report")
    present = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
    files = [*present, "record.json", "report.html"]
    write_json(folder / "record.json", build_record(study, results, run, progress.timings(), files))
    write_report(folder)
    progress.end_stage()


def _with_figures(folder: Path, results: Sequence[StructureResult], run: RunInfo, progress: Progress, dpi: int) -> None:
    """Draw in other processes while the fields are written."""
    from .figures import shown_parts, submit_maps, written_by  # load matplotlib
    from .panel import submit_panel

    (folder / "maps").mkdir()
    with Helpers() as helpers:
        shown = [shown_parts(result) for result in results]
        submit_panel(helpers, folder / PANEL, results, shown, max(dpi, 300))
        submit_maps(helpers, folder / "maps", results, shown, dpi)
        draw_readings(helpers, folder / "maps", results, max(dpi, 300))
        _write_fields(folder, results, run)
        progress.stage("draw maps")
        written_by(helpers)


def _write_fields(folder: Path, results: Sequence[StructureResult], run: RunInfo) -> None:
    write_vtu(folder / "fields.vtu", {result.name: result.fields for result in results})
    write_mesh(folder / "mesh.msh", results, run.mesh_files)
