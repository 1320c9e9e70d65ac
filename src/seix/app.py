"""What the commands `run` and `mesh` do: read, compute on all ranks, write on the first."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from .errors import StorageError
from .fem import MPI, PETSc

# isort: split
from .analysis.folder import ResultFolder, completed
from .analysis.progress import make_progress
from .analysis.record import RunInfo
from .analysis.results import StructureResult
from .analysis.table import print_folder, print_summary
from .analysis.writer import write_results
from .input.needs import used_properties
from .materials import MaterialLibrary
from .scenario_file import Study, load_study
from .shelf import ModelShelf
from .simulation import cached, on_root, simulate

RESULTS = Path("results")
"""Folder of results, in the folder where a command is run."""
MESHES = Path("meshes")
"""Mesh cache, likewise."""


def run_command(path: Path, output: Path | None, overrides: Sequence[str], overwrite: bool, reuse: bool) -> None:
    """Compute a scenario and write its result folder; the command ``seix run``.

    Parameters
    ----------
    path : Path
        Scenario file.
    output : Path or None
        Result folder; ``results/<scenario>/<hash>`` without.
    overrides : sequence of str
        ``key.path=value``.
    overwrite : bool
        Replace an earlier result.
    reuse : bool
        Show the result that is there already if it is complete, of this version and of the same input. Any other is
        replaced with ``overwrite``, and an error without.

    Raises
    ------
    InputError, GeometryError, ConvergenceError
        On all ranks alike.
    """
    comm = MPI.COMM_WORLD
    study = on_root(comm, lambda: load_study(path, overrides))
    folder = ResultFolder(output or RESULTS / study.name / study.short_hash, overwrite)
    if reuse and on_root(comm, lambda: completed(folder.target, study.hash, version("seix"))):
        on_root(comm, lambda: print_folder(folder.target, sys.stdout))
        return
    with make_progress(comm.rank, comm.size) as progress:
        results = compute(study, folder, comm, progress)
    on_root(comm, lambda: print_summary(results, folder.target, sys.stdout))


def compute(
    study: Study, folder: ResultFolder, comm, progress, shelf: ModelShelf | None = None, cache: Path = MESHES
) -> list[StructureResult]:
    """Compute a scenario into a result folder, which is complete afterwards or not there (collective).

    Parameters
    ----------
    study : Study
    folder : ResultFolder
        Not entered yet.
    comm
        MPI communicator.
    progress : Progress
        Silent on all ranks but the first.
    shelf : ModelShelf, optional
        Models of runs before on this communicator.
    cache : Path
        Mesh cache.

    Returns
    -------
    list of StructureResult
        Complete on rank 0 only.

    Raises
    ------
    InputError, GeometryError, ConvergenceError
        On all ranks alike.
    """
    started = datetime.now(UTC)
    on_root(comm, lambda: _enter(folder))
    try:
        results = simulate(study, comm, cache, progress, shelf)
        on_root(comm, lambda: _write(folder, study, results, comm.size, started, progress))
    except BaseException:
        if comm.rank == 0:
            folder.__exit__(*sys.exc_info())
        raise
    on_root(comm, lambda: folder.__exit__(None, None, None))
    return results


def run(path: Path | str, overrides: Sequence[str] = (), comm=None) -> list[StructureResult]:
    """Compute a scenario from Python without writing anything but the mesh cache.

    Parameters
    ----------
    path : path-like
        Scenario file.
    overrides : sequence of str
        ``key.path=value``, as on the command line.
    comm
        MPI communicator; all ranks by default.

    Returns
    -------
    list of StructureResult
        One for each structure; complete on rank 0 only.
    """
    comm = MPI.COMM_WORLD if comm is None else comm
    study = on_root(comm, lambda: load_study(Path(path), overrides))
    with make_progress(comm.rank, comm.size) as progress:
        return simulate(study, comm, MESHES, progress)


def mesh_command(
    path: Path,
    output: Path | None,
    overrides: Sequence[str],
    overwrite: bool,
    stats: bool = False,
    draw: Sequence[str] = ("phases", "mesh"),
) -> None:
    """Make and draw the meshes of a scenario; the command ``seix mesh``.

    Parameters
    ----------
    path, output, overrides, overwrite
        As for :func:`run_command`; without ``output`` the folder is ``results/<scenario>/<hash>-mesh``.
    stats : bool
        Measure the microstructure too: a table, ``microstructure`` in the record, and ``statistics.png``.
    draw : sequence of str
        Pictures: ``phases``, ``grains``, ``mesh``.

    Raises
    ------
    InputError, GeometryError
    """
    comm = MPI.COMM_WORLD

    def work() -> None:
        from .analysis.activated import activation_record
        from .analysis.counting import grains_in_words
        from .analysis.meshfile import copy_mesh
        from .analysis.output import write_json
        from .analysis.record import plain
        from .analysis.statfigure import write_statistics_figure
        from .analysis.stattable import statistics_lines
        from .geometry.layers import build_structure
        from .geometry.statistics import full_statistics

        study = load_study(path, overrides)
        with (
            make_progress() as progress,
            ResultFolder(output or RESULTS / study.name / f"{study.short_hash}-mesh", overwrite) as folder,
        ):
            statistics, lines = {}, []
            for name, scenario in study.members.items():
                progress.stage(f"mesh {name}")
                mesh, msh = cached(scenario, 1.0, MESHES)
                suffix = f"_{name}" if study.is_comparison else ""
                copy_mesh(msh, mesh, folder.path / f"mesh{suffix}.msh")
                progress.stage(f"draw {name}")
                _draw(folder.path, suffix, mesh, scenario, draw)
                statistics[name] = {"geometry_hash": mesh.key, **mesh.statistics, **activation_record(scenario)}
                grains = grains_in_words(mesh)
                lines.append(f"{name}: {_in_words(mesh.statistics, grains)}")
                if scenario.mesh.adapt is not None:
                    lines.append(f"{name}: this is the first mesh of mesh.adapt, which seix run refines by what it finds")
                if stats:
                    progress.stage(f"statistics {name}")
                    found = statistics[name]["microstructure"] = full_statistics(build_structure(scenario))
                    lines += statistics_lines(mesh.statistics["structure"], found)
                    if found["grains"]:
                        picture = folder.path / f"statistics{suffix}.png"
                        write_statistics_figure(picture, found, scenario.title, scenario.output.dpi, grains)
            write_json(folder.path / "record.json", plain({"scenario": study.merged, "structures": statistics}))
        print("\n".join(lines))
        print(f"mesh    {folder.target}")

    on_root(comm, work)


def _draw(folder: Path, suffix: str, mesh, scenario, pictures: Sequence[str]) -> None:
    """Write the pictures of a mesh; say once why there is none of a body in space."""
    from .analysis.meshfigure import write_mesh_figure
    from .analysis.structurefigure import write_structure_figure

    notes = []
    for picture in dict.fromkeys(pictures):
        path = folder / f"{picture}{suffix}.png"
        if picture == "mesh":
            notes.append(write_mesh_figure(path, mesh, scenario.title, scenario.output.dpi))
        else:
            notes.append(write_structure_figure(path, mesh, scenario.title, picture, scenario.output.dpi))
    for note in dict.fromkeys(filter(None, notes)):
        print(f"no pictures of cut-away bodies, only sections: {note}", file=sys.stderr)


def clear_command() -> None:
    """Remove the meshes of the cache; ``seix mesh --clear-cache``."""
    from .geometry.cache import clear_cache

    def work() -> None:
        number, size = clear_cache(MESHES)
        print(f"removed {number} mesh{'es' * (number != 1)}, {1e-6 * size:.3g} MB, from {MESHES}")

    on_root(MPI.COMM_WORLD, work)


def _enter(folder: ResultFolder) -> None:
    folder.__enter__()


def _write(
    folder: ResultFolder, study: Study, results: list[StructureResult], ranks: int, started: datetime, progress
) -> None:
    output = next(iter(study.members.values())).output  # the members of a comparison share it
    info = _run_info(study, results, ranks, started)
    try:
        write_results(folder.path, study, results, info, progress, output.dpi, output.figures)
    except OSError as error:
        raise StorageError.of(error, folder.target) from None


def _run_info(study: Study, results: list[StructureResult], ranks: int, started: datetime) -> RunInfo:
    used: dict[str, set[str]] = {}
    for scenario in study.members.values():
        for material, properties in used_properties(scenario).items():
            used.setdefault(material, set()).update(properties)
    return RunInfo(
        ranks=ranks,
        petsc_version=".".join(str(part) for part in PETSc.Sys.getVersion()),
        bibliography=MaterialLibrary().bibliography(used),
        command=["seix", *sys.argv[1:]],
        started=started,
        mesh_files={result.name: result.mesh_file for result in results},
    )


def _in_words(statistics: dict, grains: str) -> str:
    """One line on a mesh and its grains."""
    structure, mesh = statistics["structure"], statistics["mesh"]
    kind, angle = ("angle", mesh["angle"]) if "angle" in mesh else ("dihedral angle", mesh["dihedral"])
    return (
        f"{mesh['cells']} cells, {grains or 'no grains'}, fraction {structure['sei']['fraction']:.4f} "
        f"(asked {structure['sei']['asked_fraction']:.4f}), smallest {kind} {angle['min']:.0f} degrees"
    )
