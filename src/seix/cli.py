"""The command line: check, mesh, layers, run, verify, schema, materials, and those of studies.

Nothing heavy is imported before the command that needs it runs, so that help and checks answer at once. Every
failure a user can cause ends here as text on stderr and an exit code; tracebacks are left to defects.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, CycloptsError, Parameter

from seix.cli_study import STUDY_COMMANDS
from seix.cli_usage import in_words
from seix.errors import InputError, SeixError
from seix.process import rank, say_when_ended

app = App(
    name="seix",
    help="Microstructure-resolved electro-chemo-mechanics of the SEI on silicon/carbon particles.",
    help_epilogue="In parallel: mpirun -n 4 seix run SCENARIO, with the mpirun of this environment.",
    version=lambda: __import__("seix").__version__,
    suppress_keyboard_interrupt=False,
)

_Scenario = Annotated[Path, Parameter(help="Scenario file (YAML).")]
_Set = Annotated[
    list[str] | None,
    Parameter(name="--set", negative=(), help="key.path=value replaces one value of the scenario; repeatable."),
]
_Overwrite = Annotated[bool, Parameter(negative=(), help="Replace results that are there already.")]


def say(text: str) -> None:
    """Print on rank 0 only."""
    if rank() == 0:
        print(text)


@app.command
def check(scenario: _Scenario, /, *, set_: _Set = None) -> None:
    """Check a scenario without computing anything.

    Prints one line if it is valid, and warnings of what it asks for; otherwise every problem with file, line, column and what is
    allowed.
    """
    from seix.input.cautions import warnings
    from seix.input.summary import summary
    from seix.scenario_file import load_study

    study = load_study(scenario, set_ or ())
    say(summary(study))
    for line in warnings(study):
        if rank() == 0:
            print(line, file=sys.stderr)


@app.command
def mesh(
    scenario: Annotated[Path | None, Parameter(help="Scenario file (YAML).")] = None,
    /,
    *,
    output: Annotated[
        Path | None, Parameter(name=["--output", "-o"], help="Folder for mesh and picture.")
    ] = None,
    set_: _Set = None,
    overwrite: _Overwrite = False,
    stats: Annotated[
        bool, Parameter(negative=(), help="Also measure and draw the microstructure, asked against found.")
    ] = False,
    draw: Annotated[
        list[Literal["phases", "grains", "mesh"]] | None,
        Parameter(negative=(), help="Pictures: phases, grains or mesh; repeatable [default: phases and mesh]."),
    ] = None,
    clear_cache: Annotated[
        bool, Parameter(negative=(), help="Remove all meshes kept in ./meshes, before anything else.")
    ] = False,
) -> None:
    """Make and draw the mesh of a scenario."""
    gc.enable()
    if scenario is None and not clear_cache:
        raise InputError("seix mesh needs a scenario file, or --clear-cache")
    if scenario is None:
        given = {"--output": output, "--set": set_, "--overwrite": overwrite, "--stats": stats, "--draw": draw}
        idle = [name for name, value in given.items() if value]
        if idle:
            raise InputError(f"{', '.join(idle)}: no effect without a scenario; give a scenario file too, or --clear-cache alone")
    import seix.app as commands

    if clear_cache:
        commands.clear_command()
    if scenario is not None:
        commands.mesh_command(scenario, output, set_ or [], overwrite, stats, draw or ("phases", "mesh"))


@app.command
def layers(
    scenario: _Scenario,
    /,
    *,
    output: Annotated[
        Path | None, Parameter(name=["--output", "-o"], help="File instead of the terminal.")
    ] = None,
    set_: _Set = None,
    overwrite: _Overwrite = False,
) -> None:
    """Print a scenario whose SEI is grown (structure: activation) as one with a plain list of layers.

    The file is valid by itself, can be extended, and gives the same mesh.
    """
    from seix.layer_list import layers_text
    from seix.scenario_file import load_study

    text = layers_text(load_study(scenario, set_ or ()))
    if output is None:
        say(text.rstrip("\n"))
    elif rank() == 0:
        _write(output, text, overwrite)


@app.command
def run(
    scenario: _Scenario,
    /,
    *,
    output: Annotated[
        Path | None,
        Parameter(name=["--output", "-o"], help="Result folder [default: results/SCENARIO/HASH]."),
    ] = None,
    set_: _Set = None,
    overwrite: _Overwrite = False,
    reuse: Annotated[
        bool,
        Parameter(negative=(), help="Keep and show complete results of the same input; with --overwrite, replace any others."),
    ] = False,
) -> None:
    """Compute a scenario and write quantities, fields, maps, report and record."""
    gc.enable()
    from seix.app import run_command

    run_command(scenario, output, set_ or [], overwrite, reuse)


@app.command
def verify(
    *,
    output: Annotated[
        Path | None, Parameter(name=["--output", "-o"], help="Folder of the report [default: docs/verification].")
    ] = None,
    only: Annotated[
        list[str] | None,
        Parameter(
            negative=(), help="Only these cases or benchmarks, such as B04,B06-3D; commas or repeated. No report without -o."
        ),
    ] = None,
    list_: Annotated[bool, Parameter(name="--list", negative=(), help="List the cases and run none.")] = False,
) -> None:
    """Run the cases with known answers and write the report; fails if one of them does."""
    gc.enable()
    from seix.verification.runner import verify_command

    verify_command(output, only or (), list_)


@app.command
def schema(
    kind: Annotated[Literal["scenario", "study", "calibration", "audit"], Parameter(help="Kind of file.")] = "scenario",
    /,
    *,
    output: Annotated[
        Path | None, Parameter(name=["--output", "-o"], help="File instead of the terminal.")
    ] = None,
    overwrite: _Overwrite = False,
) -> None:
    """Print the JSON Schema of scenario, study, calibration or audit files, for editors."""
    import json

    if kind == "scenario":
        from seix.input.schema import scenario_schema as made
    elif kind == "study":
        from seix.study.schema import study_schema as made
    elif kind == "calibration":
        from seix.study.calibration_file import calibration_schema as made
    else:
        from seix.study.audit_file import audit_schema as made
    text = json.dumps(made(), indent=2, ensure_ascii=False)
    if output is None:
        say(text)
    elif rank() == 0:
        _write(output, text + "\n", overwrite)


@app.command
def materials(name: Annotated[str | None, Parameter(help="One record with its sources.")] = None, /) -> None:
    """List the material records, or show one with its ranges and sources."""
    from rich.console import Console

    class Piped(Console):
        """Leaves it to :func:`main` what a reader means that has gone."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    from seix import material_tables as tables
    from seix.materials import MaterialLibrary

    library = MaterialLibrary()
    record = library.record(name) if name is not None else None
    if rank() != 0:
        return
    # a pipe has no width: tables then get enough room for one line a row and are not folded
    console = Piped(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else 160)
    if record is None:
        console.print(tables.overview(library))
    else:
        console.print(tables.details(record))
        for line in tables.sources(record):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print(tables.LEGEND, markup=False, highlight=False, soft_wrap=True)


for _command in STUDY_COMMANDS:
    app.command(_command)


def _write(path: Path, text: str, overwrite: bool) -> None:
    if path.is_dir():
        raise InputError(f"{path}: is a folder; give the name of a file")
    if path.exists() and not overwrite:
        raise InputError(f"{path}: exists already; give another name or --overwrite")
    beside = path.with_name(path.name + ".part")
    try:
        beside.write_text(text, "utf-8")
        beside.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):  # the file system may allow nothing at all
            beside.unlink()
        raise InputError(f"{path}: cannot be written: {error.strerror}") from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Instead of those of the process.

    Returns
    -------
    int
        0 done, 1 other failure, 2 invalid input, 3 no convergence, 4 geometry impossible, 5 cases of a study failed,
        130 interrupted. A process that is ended by a signal has no value to return; a shell counts it as 143 for SIGTERM.
    """
    # pydantic would search every installed package for plugins, which costs a tenth of the time of a check
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    if rank() != 0:
        _silence()
    say_when_ended()
    gc.disable()  # start-up makes no garbage, but collecting during it costs as much as reading the scenario
    try:
        given = None if arguments is None else list(arguments)
        app(given, exit_on_error=False, print_error=False, result_action="return_value")
        if sys.stdout is not None:  # closed by the caller
            sys.stdout.flush()
    except CycloptsError as error:
        return _end(in_words(error), InputError.exit_code)
    except SeixError as error:
        return _end(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _end("interrupted", 130)
    except BrokenPipeError:  # the reader, such as head, has what it wants
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    finally:
        gc.enable()
    return 0


def _silence() -> None:
    """Help comes from rank 0 only."""
    from rich.console import Console

    app.console = app.error_console = Console(quiet=True)


def _end(error: str, code: int) -> int:
    """Say what is wrong once, and make sure that no rank waits for ever for one that failed."""
    fem = sys.modules.get("seix.fem")
    started = fem is not None and hasattr(fem, "all_ranks_failed")
    if rank() == 0:
        print(error, file=sys.stderr, flush=True)
    if started and not fem.all_ranks_failed():
        if rank() != 0:
            print(f"rank {rank()}: {error}", file=sys.stderr, flush=True)
        fem.abort(code)
    return code
