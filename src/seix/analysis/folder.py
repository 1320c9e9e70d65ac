"""A result folder that is complete or absent: everything is written beside it and renamed at the end."""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import shutil
import signal
import socket
import threading
from contextlib import suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

from ..errors import InputError
from .guard import Guard

RECORD = "record.json"
_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
_BLOCKED = (*_SIGNALS, signal.SIGINT)


class ResultFolder:
    """Context manager for a folder of results.

    Inside the context `path` is a hidden folder beside the target; on success it takes the name of the
    target, after any failure, interrupt or termination signal it is removed, and so are parent folders made
    for it. If this process is killed, a `Guard` does that.

    Parameters
    ----------
    target
        Folder to make.
    overwrite
        Replace an earlier result. It stays in place until the new one is complete. Only folders that hold a
        record of seix are ever replaced.

    Raises
    ------
    InputError
        On entering, before anything is computed: the target exists, is a file, or cannot be made here.
    """

    def __init__(self, target: Path, overwrite: bool = False) -> None:
        self.target = Path(os.path.abspath(target))
        self.overwrite = overwrite
        self.path = self.target
        self._made_parents: list[Path] = []
        self._handlers: dict[int, Any] = {}
        self._guard: Guard | None = None
        self._owner = os.getpid()

    def __enter__(self) -> Self:
        self._check_target()
        try:
            try:
                self._make()
            except FileNotFoundError:  # another run has just removed the parents that it had made
                self._discard()
                self._make()
        except OSError as error:
            self._discard()
            raise InputError(
                f"{self.target}: no folder can be made here: {error.strerror or error}"
            ) from None
        self._catch_signals()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                # between the two renames nothing may stop us
                signal.pthread_sigmask(signal.SIG_BLOCK, _BLOCKED)
                try:
                    self._publish()
                finally:
                    signal.pthread_sigmask(signal.SIG_UNBLOCK, _BLOCKED)
        finally:
            self._discard()
            self._release_signals()

    def _check_target(self) -> None:
        if not os.path.lexists(self.target):
            return
        if not self.target.is_dir():
            raise InputError(f"{self.target}: is a file, results need a folder; choose another one with -o")
        if not self.overwrite:
            raise InputError(
                f"{self.target}: exists already; choose another folder with -o, or replace it by --overwrite"
            )
        if not (self.target / RECORD).is_file() and any(self.target.iterdir()):
            raise InputError(
                f"{self.target}: is not a result of seix ({RECORD} is missing) and is not replaced"
            )

    def _make(self) -> None:
        self._make_parents()
        _remove_stale(self.target)
        self.path = self.target.with_name(_prefix(self.target) + f"{os.getpid()}-{secrets.token_hex(4)}")
        self._guard = Guard(self.path, self.target, self._made_parents)  # first: there is no moment without it
        self.path.mkdir()

    def _make_parents(self) -> None:
        missing = []
        parent = self.target.parent
        while not os.path.lexists(parent):
            missing.append(parent)
            parent = parent.parent
        for folder in reversed(missing):
            with suppress(
                FileExistsError
            ):  # another run made it meanwhile; if it is a file, the next step says so
                folder.mkdir()
                self._made_parents.append(folder)

    def _publish(self) -> None:
        """Let the finished folder take the name of the target."""
        old = None
        if os.path.lexists(self.target):
            self._check_target()  # it may have appeared while we were computing
            old = self.path.with_name(self.path.name + ".old")
            os.rename(self.target, old)
        try:
            _sync(self.path)
            os.rename(self.path, self.target)
            _sync_entry(self.target.parent)
        except OSError as error:
            if old is not None:
                os.rename(old, self.target)
            raise InputError(
                f"{self.target}: the finished results could not be put here: {error.strerror}"
            ) from None
        self._made_parents.clear()
        if old is not None:
            # the name may have been a link to the old folder: then only the link goes
            if old.is_symlink():
                old.unlink()
            else:
                shutil.rmtree(old, ignore_errors=True)

    def _discard(self) -> None:
        if self.path != self.target:
            shutil.rmtree(self.path, ignore_errors=True)
        for folder in reversed(self._made_parents):
            with suppress(OSError):  # not empty: another run uses it
                folder.rmdir()
        self._made_parents.clear()
        # a helper that draws may have put something there meanwhile: then the guard does it when this process has gone
        if self._guard is not None and not os.path.lexists(self.path):
            self._guard.release()

    def _catch_signals(self) -> None:
        """Clean up when asked to end; an interrupt from the keyboard is an exception and needs no handler."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in _SIGNALS:
            if signal.getsignal(number) is signal.SIG_IGN:
                continue  # as with nohup: the user wants to go on
            self._handlers[number] = signal.signal(number, self._terminate)

    def _release_signals(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        self._handlers.clear()

    def _terminate(self, number: int, _frame: FrameType | None) -> None:
        if os.getpid() == self._owner:  # not in a forked child
            self._discard()
        self._release_signals()
        os.kill(os.getpid(), number)


def _sync(folder: Path) -> None:
    """Bring all files of a folder to the disk: a name must not outlive what it stands for when the power goes."""
    for path in sorted(folder.rglob("*")):
        _sync_entry(path)
    _sync_entry(folder)


def _sync_entry(path: Path) -> None:
    entry = os.open(path, os.O_RDONLY)
    try:
        os.fsync(entry)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some file systems cannot do it for folders
            raise
    finally:
        os.close(entry)


def completed(folder: Path, scenario_hash: str, version: str | None = None) -> bool:
    """Whether a folder holds the finished results of this input.

    Parameters
    ----------
    folder
        Result folder.
    scenario_hash
        `Study.hash`.
    version
        Version of seix that must have made it; None for any.

    Returns
    -------
    False as well for a missing folder, a record that cannot be read, or a file of the record that is gone.
    """
    try:
        record = json.loads((folder / RECORD).read_text("utf-8"))
        return (
            record["hashes"]["scenario"] == scenario_hash
            and version in (None, record["code"]["version"])
            and all((folder / name).is_file() for name in record["files"])
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _prefix(target: Path) -> str:
    """Start of the names of unfinished folders on this machine: `.<name>.<host>-`."""
    host = re.sub(r"[^A-Za-z0-9]", "_", socket.gethostname())
    return f".{target.name}.unfinished-{host}-"


def _remove_stale(target: Path) -> None:
    """Remove what killed processes of this machine left behind."""
    prefix = _prefix(target)
    for folder in target.parent.iterdir():
        process = re.fullmatch(re.escape(prefix) + r"(\d+)-.*", folder.name)
        if process and not _alive(int(process[1])):
            if folder.name.endswith(".old") and not os.path.lexists(target):
                with suppress(FileNotFoundError):  # its guard was quicker
                    os.rename(folder, target)  # it died between the two renames: the old result comes back
            else:
                shutil.rmtree(folder, ignore_errors=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
