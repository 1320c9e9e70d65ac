"""Small studies for tests: uniform films, whose cases take a fraction of a second."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCENARIO = Path(__file__).parents[1] / "scenarios" / "examples" / "homogeneous_film.yaml"
TOP = """
title: Films
scenario: {scenario}
set:
  error.method: none
  mesh.cells_per_layer: 1
  load.current_multiples: [1]
"""
FILMS = """
axes:
  thickness: {key: sei.thickness, values: [30 nm, 40 nm]}
  modulus: {key: materials.override.organic_polymer.youngs_modulus, from: 500 MPa, to: 2 GPa, count: 3, spacing: log}
"""
"""Six cases on two meshes."""


def write_study(folder: Path, rest: str = FILMS, name: str = "films.yaml") -> Path:
    """A study file of films with the given axes."""
    path = folder / name
    path.write_text(TOP.format(scenario=os.path.relpath(SCENARIO, folder)) + rest, "utf-8")
    return path


def environment() -> dict[str, str]:
    """Of a user who starts the program without any launcher."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("PMI_", "MPI", "HYDRA", "PYTEST"))}


def command(*arguments: object) -> list[str]:
    """Command line of seix."""
    return [sys.executable, "-m", "seix", *map(str, arguments)]


def seix(folder: Path, *arguments: object, **others) -> subprocess.CompletedProcess:
    """Run seix in a folder."""
    return subprocess.run(
        command(*arguments), cwd=folder, env=environment(), capture_output=True, text=True, timeout=250, **others
    )
