"""Commands on studies: sweep, status, report, compare, converge, calibrate, audit.

As in :mod:`seix.cli`, nothing heavy is imported before the command that needs it runs.
"""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from seix.process import started_by_mpi

_Study = Annotated[Path, Parameter(help="Study file (YAML).")]
_Output = Annotated[
    Path | None, Parameter(name=["--output", "-o"], help="Folder of the study [default: results/STUDY].")
]
_Retry = Annotated[bool, Parameter(negative=(), help="Try failed cases again, also those sure to fail again.")]
_Set = Annotated[
    list[str] | None,
    Parameter(name="--set", negative=(), help="key.path=value for the scenario of all cases; repeatable."),
]


def sweep(
    study: _Study,
    /,
    *,
    output: _Output = None,
    set_: _Set = None,
    jobs: Annotated[
        int | None, Parameter(name=["--jobs", "-j"], help="Processes [default: as many as processors and memory allow].")
    ] = None,
    ranks_per_case: Annotated[int, Parameter(help="Ranks that compute a case together, under mpirun.")] = 1,
    shard: Annotated[str | None, Parameter(help="i/n: only the i-th of n parts, for job arrays on one folder.")] = None,
    retry: _Retry = False,
    dry_run: Annotated[bool, Parameter(negative=(), help="List cases, what they share, and estimates; compute nothing.")] = False,
    slurm: Annotated[int | None, Parameter(help="Write the script of a Slurm array of so many jobs; compute nothing.")] = None,
) -> None:
    """Compute all cases of a study that are not there yet, and write its tables.

    Killed or not, the same command goes on where it stopped. On several machines start it with --shard on a shared folder.
    """
    gc.enable()
    from seix.study.command import SweepOptions, check_options, dry_run_command, parse_shard, slurm_command, sweep_command

    options = SweepOptions(jobs, ranks_per_case, parse_shard(shard) if shard is not None else None, retry)
    check_options(options, started_by_mpi(), dry_run, slurm)
    if dry_run:
        dry_run_command(study, output, set_ or [], options)
    elif slurm is not None:
        slurm_command(study, output, set_ or [], options, slurm)
    else:
        sweep_command(study, output, set_ or [], options, started_by_mpi())


_Jobs = Annotated[
    int | None, Parameter(name=["--jobs", "-j"], help="Processes [default: as many as processors and memory allow].")
]


def converge(
    scenario: Annotated[Path, Parameter(help="Scenario file (YAML).")],
    /,
    *,
    quantity: Annotated[str, Parameter(help="What has to be stable; a name as in quantities.json.")] = "field_enhancement.p999",
    tolerance: Annotated[str, Parameter(help="How stable.")] = "2 %",
    current: Annotated[float | None, Parameter(help="I/I0 [default: the first of the scenario].")] = None,
    output: Annotated[
        Path | None, Parameter(name=["--output", "-o"], help="Folder [default: results/SCENARIO-converge].")
    ] = None,
    set_: Annotated[
        list[str] | None, Parameter(name="--set", negative=(), help="key.path=value for the scenario; repeatable.")
    ] = None,
    jobs: _Jobs = None,
    max_cells: Annotated[
        float | None, Parameter(help="Expected cells of a run [default: 400 000 in 2D, 2 million in 3D].")
    ] = None,
    max_period: Annotated[
        str | None, Parameter(help="Of a patch, such as '1 um' [default: 8 times that of the scenario].")
    ] = None,
    max_seeds: Annotated[int, Parameter(help="Seeds at one width.")] = 32,
) -> None:
    """Refine the mesh, widen the piece and add seeds until a quantity is stable: what size is representative.

    Killed or not, the same command goes on where it stopped. Exit code 3 if a limit was reached first; the figure, the tables and
    converged.yaml are written all the same.
    """
    gc.enable()
    _refuse_mpi("converge")
    from seix.study.converge_command import ConvergeOptions, converge_command

    options = ConvergeOptions(quantity, tolerance, current, jobs, max_cells, max_period, max_seeds)
    converge_command(scenario, output, set_ or [], options)


def calibrate(
    calibration: Annotated[Path, Parameter(help="Calibration file (YAML).")],
    /,
    *,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"], help="Folder [default: results/CALIBRATION].")] = None,
    set_: _Set = None,
    jobs: _Jobs = None,
) -> None:
    """Fit parameters to measured quantities, with their confidence region, and write them as a scenario to extend.

    Killed or not, the same command goes on where it stopped, with the same numbers.
    """
    gc.enable()
    _refuse_mpi("calibrate")
    from seix.study.calibrate_command import calibrate_command

    calibrate_command(calibration, output, set_ or [], jobs)


def audit(
    audit: Annotated[Path, Parameter(help="Audit file (YAML).")],
    /,
    *,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"], help="Folder [default: results/AUDIT].")] = None,
    jobs: _Jobs = None,
    retry: _Retry = False,
) -> None:
    """Hold published claims against a model that was calibrated on one structure: table and figure with intervals and verdicts.

    Calibrates, freezes what was found, computes the studies, and judges by rules on the numbers. Killed or not, the same command
    goes on where it stopped, with the same numbers.
    """
    gc.enable()
    _refuse_mpi("audit")
    from seix.study.audit_command import audit_command

    audit_command(audit, output, jobs, retry)


def _refuse_mpi(command: str) -> None:
    from seix.errors import InputError

    if started_by_mpi():
        raise InputError(f"seix {command} starts its own processes (--jobs); start it without mpirun")


def status(folder: Annotated[Path, Parameter(help="Folder of a study.")], /) -> None:
    """Say how far a study is: cases done, running and failed, and the time left; also from another shell or machine."""
    from seix.study.status import status_command

    status_command(folder)


def report(
    study: Annotated[Path, Parameter(help="Folder of a study, or its file if results/STUDY is there.")],
    /,
    *,
    current: Annotated[
        float | None, Parameter(help="I/I0 of the figures against the axes [default: 1, or the smallest computed].")
    ] = None,
    interval: Annotated[
        float, Parameter(help="Wanted half width of the 95 % interval of a mean, over the mean, for the number of seeds.")
    ] = 0.05,
) -> None:
    """Draw and tabulate a study: figures/*.png and report.html in its folder.

    Each quantity against each axis with intervals over the seeds, heat maps of pairs of axes, the field against the current,
    sensitivities of a sample, and whether scatter or numerical error dominates.
    """
    gc.enable()
    from seix.study.report import ReportOptions, report_command

    report_command(study, ReportOptions(current, interval))


def compare(
    first: Annotated[Path, Parameter(help="Result folder of a run.")],
    second: Annotated[Path, Parameter(help="Another one.")],
    /,
    *,
    output: Annotated[
        Path | None, Parameter(name=["--output", "-o"], help="Folder [default: results/compare-FIRST-SECOND].")
    ] = None,
    overwrite: Annotated[bool, Parameter(negative=(), help="Replace an earlier comparison.")] = False,
) -> None:
    """Compare two finished runs: table of all quantities, curves against the current, and maps of the difference.

    Differences of fields are taken node by node and need the same mesh; otherwise the fields are shown side by side.
    """
    gc.enable()
    from seix.study.compare import compare_command

    compare_command(first, second, output, overwrite)


STUDY_COMMANDS = (sweep, status, report, compare, converge, calibrate, audit)
