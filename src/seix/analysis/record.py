"""record.json: everything needed to know, years later, how a result came about."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from .meshfile import copy_mesh
from .results import StructureResult

if TYPE_CHECKING:
    from ..scenario_file import Study

SCHEMA = "seix record 1"


@dataclass(frozen=True)
class RunInfo:
    """How a run was made.

    Attributes
    ----------
    ranks
        Number of MPI ranks.
    petsc_version
        For instance "3.25.5"; empty when nothing was solved.
    bibliography
        Sources of the material values that were used: key, text, doi or url, used_for.
    command
        Command line.
    started
        Start of the run, UTC.
    mesh_files
        Structure -> Gmsh file that the mesher wrote.
    """

    ranks: int = 1
    petsc_version: str = ""
    bibliography: list[dict[str, Any]] = field(default_factory=list)
    command: Sequence[str] = field(default_factory=lambda: list(sys.argv))
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    mesh_files: Mapping[str, Path] = field(default_factory=dict)


def build_record(
    study: Study,
    results: Sequence[StructureResult],
    run: RunInfo,
    timings: Mapping[str, float],
    files: Sequence[str] = (),
) -> dict[str, Any]:
    """Content of record.json, plain JSON without NaN.

    Parameters
    ----------
    study
        What was asked for.
    results
        What came out.
    run
        Circumstances.
    timings
        Seconds by stage.
    files
        Files of the result folder, relative to it.

    Raises
    ------
    ValueError
        Something in the results is not a number, or is no plain data.
    """
    record = {
        "schema": SCHEMA,
        "name": study.name,
        "title": study.title,
        "descriptions": {name: scenario.description for name, scenario in study.members.items()},
        "scenario": {"documents": dict(study.documents), "merged": study.merged},
        "hashes": {
            "scenario": study.hash,
            "geometry": {result.name: result.mesh.key for result in results},
            "mesh_files": {
                result.name: _mesh_hash(run.mesh_files[result.name], result.mesh)
                for result in results
                if result.name in run.mesh_files
            },
        },
        "code": {"name": "seix", "version": importlib.metadata.version("seix"), "git": git_state()},
        "packages": package_versions(run.petsc_version),
        "platform": {
            "system": platform.platform(),
            "machine": platform.machine(),
            "python": platform.python_version(),
            "processors": os.cpu_count(),
        },
        "ranks": run.ranks,
        "command": list(run.command),
        "started": _utc(run.started),
        "finished": _utc(datetime.now(UTC)),
        "timings": dict(timings),
        "structures": [_structure(result) for result in results],
        "bibliography": run.bibliography,
        "files": sorted(files),
    }
    return plain(record)


def file_hash(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _mesh_hash(made: Path, mesh) -> str:
    """Hash of the Gmsh file of a mesh, also if it is gone from the cache: what is written again is the same."""
    try:
        return file_hash(made)
    except FileNotFoundError:
        with TemporaryDirectory(prefix="seix-mesh-") as folder:
            again = Path(folder) / made.name
            copy_mesh(made, mesh, again)
            return file_hash(again)


@functools.cache  # of what this process has loaded
def package_versions(petsc_version: str = "") -> dict[str, str]:
    """Name -> version of all installed Python packages, and of PETSc."""
    found = {str(item.metadata["Name"]): item.version for item in importlib.metadata.distributions()}
    versions = dict(sorted(found.items(), key=lambda item: item[0].lower()))
    return versions | ({"PETSc": petsc_version} if petsc_version else {})


@functools.cache  # what is loaded does not change with the files
def git_state() -> dict[str, Any] | None:
    """Commit of the source tree and whether files differ from it; None outside a git checkout."""
    folder = Path(__file__).resolve().parent
    try:
        top = _git(folder, "rev-parse", "--show-toplevel")
        if not (Path(top) / "src" / "seix").samefile(folder.parent):  # installed inside some other repository
            return None
        return {
            "commit": _git(folder, "rev-parse", "HEAD"),
            "modified": bool(_git(folder, "status", "--porcelain")),
        }
    except (OSError, subprocess.SubprocessError):
        return None


def plain(value: Any) -> Any:
    """Copy of nested data with only the types that JSON has.

    Raises
    ------
    ValueError
        NaN, infinity, or an object that has no plain form.
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        raise ValueError(f"the record holds {value}")
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Path):
        return str(value)
    raise ValueError(f"the record holds a {type(value).__name__}")


def _structure(result: StructureResult) -> dict[str, Any]:
    cases = [
        {
            "current_multiple": case.current_multiple,
            "iterations": case.iterations,
            "residuals": case.residuals,
            "numerics": case.numerics,
        }
        for case in result.cases
    ]
    return {
        "name": result.name,
        "seed": result.seed,
        "map_current_multiple": result.fields.current_multiple,
        "statistics": result.statistics,
        "warnings": result.warnings,
        "numerics": result.numerics,
        "materials": result.materials,
        "cases": cases,
        "readings": {name: reading.record for name, reading in result.readings.items()},
    }


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=10, check=True
    )
    return done.stdout.strip()
