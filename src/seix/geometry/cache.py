"""Meshes kept on disk by the hash of what they depend on."""

from __future__ import annotations

import atexit
import dataclasses
import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seix.geometry.key import geometry_key
from seix.geometry.layers import NANOMETRE
from seix.geometry.msh_file import write_msh

if TYPE_CHECKING:
    from seix.geometry.meshing import TaggedMesh
    from seix.scenario import Scenario

ARRAYS = ("points", "cells", "region", "grain", "layer", "mirrors")
UNREADABLE = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile)
"""What a missing, cut or foreign file raises when it is read."""


def cached_mesh(scenario: Scenario, coarsening: float, cache_dir: Path) -> tuple[TaggedMesh, Path]:
    """The mesh of a scenario, from the cache or made and kept there.

    Parameters
    ----------
    scenario : Scenario
    coarsening : float
        Multiplies all cell sizes.
    cache_dir : Path
        Made if absent. Any number of processes may use it at a time: files appear complete or not at all.
        Where it cannot be written, the mesh is made each time.

    Returns
    -------
    mesh : TaggedMesh
    path : Path
        The same mesh as a Gmsh file in metres. Without a writable cache it lies in a temporary folder that is
        removed when the process ends.

    Raises
    ------
    GeometryError
        See `make_mesh`.
    """
    from seix.geometry.meshing import make_mesh, too_many_cells  # which offers this function in turn

    key = geometry_key(scenario, coarsening)
    arrays, msh = Path(cache_dir) / f"{key[:20]}.npz", Path(cache_dir) / f"{key[:20]}.msh"
    mesh = _load(arrays, msh, key)
    if mesh is not None:
        if len(mesh.cells) > scenario.mesh.maximum_cells:
            raise too_many_cells(str(len(mesh.cells)), scenario.mesh.maximum_cells)
        return mesh, msh
    # made elsewhere first: the cache may turn out not to be writable, and no other process sees half a file
    mesh = make_mesh(scenario, coarsening)
    work = Path(tempfile.mkdtemp(prefix="seix-mesh-"))
    atexit.register(shutil.rmtree, work, ignore_errors=True)
    write_msh(mesh, work / msh.name, NANOMETRE)
    _save(mesh, work / arrays.name, work / msh.name)
    try:
        Path(cache_dir).mkdir(parents=True, exist_ok=True)
        for source, target in ((work / msh.name, msh), (work / arrays.name, arrays)):
            _install(source, target)
    except OSError:
        return mesh, work / msh.name
    shutil.rmtree(work, ignore_errors=True)
    return mesh, msh


def _save(mesh: TaggedMesh, path: Path, msh: Path) -> None:
    plain = {f.name: getattr(mesh, f.name) for f in dataclasses.fields(mesh) if f.name not in ARRAYS}
    header = json.dumps({"mesh": plain, "msh": _digest(msh)})
    np.savez(path, header=np.array(header), **{name: getattr(mesh, name) for name in ARRAYS})


def _load(path: Path, msh: Path, key: str) -> TaggedMesh | None:
    """The mesh if both files are there, whole and belong together."""
    from seix.geometry.meshing import TaggedMesh

    try:
        with np.load(path, allow_pickle=False) as file:
            header = json.loads(str(file["header"]))
            mesh = TaggedMesh(**{name: file[name] for name in ARRAYS}, **header["mesh"])
        whole = mesh.key == key and header["msh"] == _digest(msh)
    except UNREADABLE:
        return None
    return mesh if whole else None


def _install(source: Path, target: Path) -> None:
    """Copy a file into the folder of the target under a name of its own, then rename it."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=target.stem, suffix=".part")
    os.close(handle)
    try:
        shutil.copyfile(source, name)
        os.chmod(name, 0o644)  # mkstemp makes files that others in a group cannot read
        os.replace(name, target)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
