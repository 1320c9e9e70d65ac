"""Meshes kept on disk by the hash of what they depend on."""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import hashlib
import json
import math
import os
import re
import shutil
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from filelock import FileLock

from seix.errors import GeometryError, InputError
from seix.geometry.budget import check_memory
from seix.geometry.key import geometry_key
from seix.geometry.layers import NANOMETRE
from seix.geometry.msh_file import write_msh
from seix.geometry.tagged import TaggedMesh

if TYPE_CHECKING:
    from seix.geometry.wanted import WantedSizes
    from seix.scenario import Scenario

ARRAYS = ("points", "cells", "region", "grain", "layer", "mirrors", "bodies")
UNREADABLE = (OSError, ValueError, KeyError, TypeError, EOFError, NotImplementedError, RuntimeError,
              zipfile.BadZipFile, zlib.error)  # fmt: skip
"""What a cut or foreign file raises when it is read."""
NAME = 20
"""Digits of the hash that name a file."""
REMEDY = "remove it, or all meshes with seix mesh --clear-cache"
LIMIT_VARIABLE = "SEIX_MESH_CACHE_LIMIT"
DEFAULT_LIMIT = 20.0
"""Largest size of a cache [GB]; beyond it the meshes go that were not used for the longest time."""
RECENT = 3600.0
"""A mesh used within this time is not removed, as a run may be reading it [s]."""

PATIENCE = 900.0
"""Seconds to wait for a mesh that another process is making; it is then made here too."""

_ENTRY = re.compile(rf"[0-9a-f]{{{NAME}}}\.(npz|msh)")
_LOCK = re.compile(rf"[0-9a-f]{{{NAME}}}\.lock")


def cached_mesh(
    scenario: Scenario, coarsening: float, cache_dir: Path, solved: bool = False, wanted: WantedSizes | None = None
) -> tuple[TaggedMesh, Path]:
    """The mesh of a scenario, from the cache or made and kept there.

    Parameters
    ----------
    scenario : Scenario
    coarsening : float
        Multiplies all cell sizes.
    cache_dir : Path
        Made if absent. Any number of processes may use it at a time: files appear complete or not at all, and a mesh
        that several want is made by one of them. Where it cannot be written, the mesh is made each time.
    solved : bool
        Whether the memory must suffice to solve on the mesh too, and not only to make it.
    wanted : WantedSizes, optional
        Sizes that are asked for besides.

    Returns
    -------
    mesh : TaggedMesh
    path : Path
        The same mesh as a Gmsh file in metres. Without a writable cache it lies in a temporary folder that is
        removed when the process ends.

    Raises
    ------
    GeometryError
        See `make_mesh`; or if a file of the cache is damaged or another program's.
    InputError
        If the limit of the cache is no size; nothing is made then.
    """
    limit = cache_limit()
    key = geometry_key(scenario, coarsening, wanted)
    arrays, msh = Path(cache_dir) / f"{key[:NAME]}.npz", Path(cache_dir) / f"{key[:NAME]}.msh"
    mesh = _load(arrays, msh, key)
    if mesh is None:
        with _turn(arrays.with_suffix(".lock")):
            mesh = _load(arrays, msh, key)  # whoever was waited for has made it
            if mesh is None:
                return _made(scenario, coarsening, solved, wanted, (arrays, msh), limit)
    if len(mesh.cells) > scenario.mesh.maximum_cells:
        from seix.geometry.meshing import too_many_cells  # which offers this function in turn

        raise too_many_cells(len(mesh.cells), scenario.mesh.maximum_cells, mesh.dim)
    if solved:
        check_memory(len(mesh.cells), mesh.dim, solved)
    _mark_as_used(arrays, msh)
    return mesh, msh


def _made(scenario: Scenario, coarsening: float, solved: bool, wanted, files: tuple[Path, Path], limit: float):
    """A new mesh, in the cache if that can be written."""
    from seix.geometry.meshing import make_mesh

    arrays, msh = files
    mesh = make_mesh(scenario, coarsening, solved, wanted)
    # written elsewhere first: the cache may turn out not to be writable, and no other process sees half a file
    work = Path(tempfile.mkdtemp(prefix="seix-mesh-"))
    atexit.register(shutil.rmtree, work, ignore_errors=True)
    write_msh(mesh, work / msh.name, NANOMETRE)
    _save(mesh, work / arrays.name, work / msh.name)
    try:
        msh.parent.mkdir(parents=True, exist_ok=True)
        for source, target in ((work / msh.name, msh), (work / arrays.name, arrays)):
            _install(source, target)
    except OSError:
        return mesh, work / msh.name
    shutil.rmtree(work, ignore_errors=True)
    trim_cache(msh.parent, limit)
    return mesh, msh


@contextlib.contextmanager
def _turn(path: Path) -> Iterator[None]:
    """Be the only process to make a mesh, as far as the file system has locks: it only saves work, so failures do not matter.

    A lock of the file system goes with its process, however that ends; what has none, or an owner that hangs, is waited for no
    longer than for :data:`PATIENCE`.
    """
    lock = FileLock(path, timeout=PATIENCE)
    with contextlib.suppress(OSError, NotImplementedError):  # a time-out is one too
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    try:
        yield
    finally:
        if lock.is_locked:
            with contextlib.suppress(OSError):
                path.unlink()  # while it is held: who waits for it finds the mesh, or makes it at the worst
            lock.release()


def clear_cache(cache_dir: Path) -> tuple[int, int]:
    """Remove all meshes of a cache, and what interrupted runs left there; other files stay.

    Returns
    -------
    number, size : int
        Meshes removed, and their size in bytes.
    """
    found = _entries(cache_dir)
    size = sum(_size(file) for files in found.values() for file in files)
    left = [file for file in cache_dir.glob("*") if file.suffix == ".part" or _LOCK.fullmatch(file.name)]
    for file in [*(file for files in found.values() for file in files), *left]:
        file.unlink(missing_ok=True)
    return len(found), size


def trim_cache(cache_dir: Path, limit: float | None = None, keep: float = RECENT) -> int:
    """Remove the meshes that were not used for the longest time, until the cache is below its limit.

    Parameters
    ----------
    cache_dir : Path
    limit : float, optional
        Bytes; the environment variable `SEIX_MESH_CACHE_LIMIT` in gigabytes, or 20 GB.
    keep : float
        Meshes used within this time stay in any case, as another run may be reading them [s].

    Returns
    -------
    int
        Number of meshes removed.
    """
    limit = cache_limit() if limit is None else limit
    found = _entries(cache_dir)
    sizes = {name: sum(map(_size, files)) for name, files in found.items()}
    used = {name: max(map(_time, files)) for name, files in found.items()}
    total, removed = sum(sizes.values()), 0
    for name in sorted(found, key=used.__getitem__):
        if total <= limit or time.time() - used[name] < keep:
            break
        for file in found[name]:
            file.unlink(missing_ok=True)
        total -= sizes[name]
        removed += 1
    return removed


def cache_limit() -> float:
    """Largest size of the cache [bytes].

    Raises
    ------
    InputError
        If the environment variable `SEIX_MESH_CACHE_LIMIT` is no positive number.
    """
    text = os.environ.get(LIMIT_VARIABLE, "")
    try:
        value = float(text) if text else DEFAULT_LIMIT
    except ValueError:
        value = math.nan
    if not value > 0.0:
        raise InputError(f"{LIMIT_VARIABLE}='{text}' is not a size; expected gigabytes, such as {LIMIT_VARIABLE}=20")
    return 1e9 * value


def _entries(cache_dir: Path) -> dict[str, list[Path]]:
    """Files of each mesh in a cache, by the name they share."""
    found: dict[str, list[Path]] = {}
    for file in sorted(cache_dir.glob("*")):
        if _ENTRY.fullmatch(file.name):
            found.setdefault(file.stem, []).append(file)
    return found


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:  # another process removed it
        return 0


def _time(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


def _mark_as_used(*files: Path) -> None:
    for file in files:
        with contextlib.suppress(OSError):
            os.utime(file)


def _save(mesh: TaggedMesh, path: Path, msh: Path) -> None:
    plain = {f.name: getattr(mesh, f.name) for f in dataclasses.fields(mesh) if f.name not in ARRAYS}
    header = json.dumps({"mesh": plain, "msh": _digest(msh), "content": _content(plain, {k: getattr(mesh, k) for k in ARRAYS})})
    np.savez(path, header=np.array(header), **{name: getattr(mesh, name) for name in ARRAYS})


def _load(path: Path, msh: Path, key: str) -> TaggedMesh | None:
    """The mesh, if its two files are whole and belong together; None if one is not there, or no longer."""
    try:
        with np.load(path, allow_pickle=False) as file:
            header = json.loads(str(file["header"]))
            found = {name: file[name] for name in ARRAYS}
        mesh = TaggedMesh(**found, **header["mesh"])
        same = header["content"] == _content(header["mesh"], found)
        whole = header["msh"] == _digest(msh)
    except (FileNotFoundError, NotADirectoryError):  # another process may empty the cache at any time
        return None
    except UNREADABLE as error:
        why = f"cannot be read: {error.strerror}" if isinstance(error, OSError) and error.strerror else "damaged, or no mesh"
        raise GeometryError(f"{path}: {why}; {REMEDY}") from None
    if mesh.key != key:
        raise GeometryError(f"{path}: holds the mesh {mesh.key[:NAME]}, not the one it is named after; {REMEDY}")
    if not same:
        raise GeometryError(f"{path}: damaged, its numbers are not those that were written; {REMEDY}")
    if not whole:
        raise GeometryError(f"{msh}: is not the file that belongs to {path.name}; {REMEDY}")
    return mesh


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


def _content(plain: dict, arrays: dict[str, np.ndarray]) -> str:
    """Digest of all that a mesh holds: a valid archive may hold arrays that were cut or changed."""
    digest = hashlib.blake2b(json.dumps(plain).encode(), digest_size=20)
    for name in ARRAYS:
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array.data.cast("B") if array.size else b"")
    return digest.hexdigest()


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
