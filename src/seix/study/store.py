"""The folder of a study: finished cases, what is known of the others, and who works on which.

A case is finished when its result folder is complete, and belongs to a process while that holds its lock. Locks are those of the
file system: they go with the process, however it ends. What is written besides only tells people.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import tempfile
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from ..analysis.folder import RECORD, ResultFolder, completed
from ..errors import InputError, SeixError, StorageError
from .known import KnownCase

Status = Literal["pending", "running", "interrupted", "done", "failed"]
CASES, STATES, LOCKS = "cases", ".states", ".locks"
MOST_CRASHES = 2
"""Times a process may die over the same case before it counts as failed."""
LASTING = ("geometry", "convergence")
"""Failures that the same input ends in again: not tried a second time unless asked for."""
KINDS = {2: "input", 3: "convergence", 4: "geometry"}
"""Exit code of an error -> kind of failure."""


@dataclass(frozen=True)
class State:
    """What was last said of a case.

    Attributes
    ----------
    status : {"running", "done", "failed"}
    kind : str
        Of failure: ``geometry``, ``convergence``, ``input``, ``defect``, ``crash``.
    message : str
        Why it failed.
    host, process : str, int
        Where it runs or ran.
    ranks : int
    started, ended : float
        Seconds since 1970.
    session : str
        Of the sweep that its process belongs to.
    crashes : int
        Times that its process died over it while that sweep went on.
    begun : int
        Times that somebody began with it.
    code : str
        Version of seix.
    """

    status: str
    kind: str = ""
    message: str = ""
    host: str = ""
    process: int = 0
    ranks: int = 1
    started: float = 0.0
    ended: float = 0.0
    session: str = ""
    crashes: int = 0
    begun: int = 0
    code: str = ""

    @property
    def seconds(self) -> float:
        """Time spent on it."""
        return max(self.ended - self.started, 0.0)

    @property
    def lasting(self) -> bool:
        """Whether this version would fail again."""
        return self.status == "failed" and self.kind in LASTING and self.code == version("seix")


class Store:
    """Folder of a study.

    Parameters
    ----------
    root : Path
        Made if absent, by :meth:`prepare`.
    session : str
        Name of the sweep; processes of the same one share it.
    """

    def __init__(self, root: Path, session: str = ""):
        self.root, self.session = Path(os.path.abspath(root)), session
        self._done: set[str] = set()

    def check(self) -> None:
        """Whether the folders could be made and written to, as far as the file system says; nothing stays.

        Raises
        ------
        InputError
            If not, or if results of another kind are there.
        """
        if (self.root / RECORD).is_file():
            raise self._refusal(f"it has the results of another command ({RECORD})")
        for path in (self.root / name for name in (CASES, STATES, LOCKS)):
            place = next(one for one in (path, *path.parents) if os.path.lexists(one))
            reason = f"{place} is not a folder" if not place.is_dir() else f"{place} cannot be written to"
            if not (place.is_dir() and os.access(place, os.W_OK | os.X_OK) and (place == path or _holds_folders(place))):
                raise self._refusal(reason)

    def _refusal(self, reason: str) -> InputError:
        return InputError(f"{self.root}: a study cannot be kept here: {reason}; choose another folder with -o")

    def prepare(self) -> None:
        """Make the folders.

        Raises
        ------
        InputError
            If they cannot be made, or the file system has no locks.
        """
        self.check()
        try:
            for name in (CASES, STATES, LOCKS):
                (self.root / name).mkdir(parents=True, exist_ok=True)
            with FileLock(self.root / LOCKS / "test", timeout=60):
                pass
        except (OSError, NotImplementedError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise self._refusal(reason) from None

    # -- cases ----------------------------------------------------------------------------------------------------------

    def folder(self, case: KnownCase) -> Path:
        """Result folder of a case."""
        return self.root / CASES / case.name

    def result_folder(self, case: KnownCase) -> ResultFolder:
        """The same to compute into; what an older version left there is replaced."""
        return ResultFolder(self.folder(case), overwrite=True)

    def finishing(self) -> FileLock:
        """Lock under which results are gathered and tables written: the last one to write has seen all."""
        return FileLock(self.root / LOCKS / "tables")

    def looked_up(self) -> tuple[set[str], set[str]]:
        """Names of cases that have a result folder, and of those of which something is said."""
        with contextlib.suppress(OSError):
            return set(os.listdir(self.root / CASES)), {name.removesuffix(".json") for name in os.listdir(self.root / STATES)}
        return set(), set()

    def is_done(self, case: KnownCase) -> bool:
        """Whether the result of a case is complete."""
        if not case.possible:
            return False
        if case.hash not in self._done and completed(self.folder(case), case.hash, version("seix")):
            self._done.add(case.hash)
        return case.hash in self._done

    def claim(self, case: KnownCase) -> FileLock | None:
        """The lock of a case, held, unless another process has it."""
        return self._claim(case.name)

    def claim_mesh(self, mesh: str) -> FileLock | None:
        """Likewise for a mesh: others begin with another one first, as long as there are any."""
        return self._claim(f"mesh-{hashlib.sha256(mesh.encode()).hexdigest()[:20]}")

    def _claim(self, name: str) -> FileLock | None:
        lock = FileLock(self.root / LOCKS / f"{name}.lock", timeout=0)
        try:
            lock.acquire()
        except Timeout:
            return None
        except OSError as error:
            raise StorageError.of(error, self.root) from None
        return lock

    # -- states -----------------------------------------------------------------------------------------------------------

    def state(self, case: KnownCase) -> State | None:
        """What was last said of a case; None if nothing."""
        try:
            return State(**json.loads(self._state_file(case).read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def begin(self, case: KnownCase, ranks: int) -> bool:
        """Say that this process works on a case, whose lock it holds; False if the case has killed too many processes.

        Whoever holds the lock while another process is said to work on the case knows that the other one has died. That counts
        if it belonged to the same sweep: one that was killed as a whole says nothing about the case.
        """
        before = self.state(case) or State("pending")
        died = before.status == "running" and bool(self.session) and before.session == self.session
        crashes = before.crashes + died if before.session == self.session else 0
        given = {
            "host": socket.gethostname(), "process": os.getpid(), "ranks": ranks, "started": time.time(),
            "session": self.session, "crashes": crashes, "begun": before.begun + 1, "code": version("seix"),
        }  # fmt: skip
        if crashes >= MOST_CRASHES:
            message = f"its process died {crashes} times, as when memory runs out"
            given |= {"begun": before.begun, "ended": time.time(), "kind": "crash", "message": message}
        self._say(case, State("failed" if crashes >= MOST_CRASHES else "running", **given))
        return crashes < MOST_CRASHES

    def end(self, case: KnownCase, kind: str = "", message: str = "") -> None:
        """Say how it ended: done without a kind of failure."""
        before = asdict(self.state(case) or State("running", started=time.time(), code=version("seix")))
        status = "failed" if kind else "done"
        self._say(case, State(**(before | {"status": status, "kind": kind, "message": message, "ended": time.time()})))

    def forget(self, cases: Iterable[KnownCase]) -> None:
        """Forget failures and crashes of cases that nobody works on, so that they are tried again."""
        for case in cases:
            lock = self.claim(case)
            if lock is not None:
                with lock:
                    self._state_file(case).unlink(missing_ok=True)

    def status(self, case: KnownCase) -> Status:
        """How a case stands now."""
        if self.is_done(case):
            return "done"
        if not case.possible:
            return "failed"
        state = self.state(case)
        if state is None:
            return "pending"
        if state.status == "running":
            try:
                lock = self.claim(case)
            except StorageError:  # somebody who may only read cannot tell
                return "running"
            if lock is None:
                return "running"
            lock.release()
            return "interrupted"
        return "failed" if state.status == "failed" else "pending"

    def _state_file(self, case: KnownCase) -> Path:
        return self.root / STATES / f"{case.name}.json"

    def _say(self, case: KnownCase, state: State) -> None:
        try:
            write_atomically(self._state_file(case), json.dumps(asdict(state), indent=1) + "\n")
        except OSError as error:
            raise StorageError.of(error, self.root) from None


def _holds_folders(place: Path) -> bool:
    """Whether a folder can be made in another one: where the kernel shows its state, nobody can, whatever the permissions say."""
    try:
        os.rmdir(tempfile.mkdtemp(prefix=".seix-", dir=place))
    except OSError:
        return False
    return True


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file that is there whole or as it was before.

    Raises
    ------
    OSError
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content.encode() if isinstance(content, str) else content)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def failure(error: BaseException) -> tuple[str, str]:
    """Kind and message of an error that ended a case."""
    if isinstance(error, SeixError):
        return KINDS.get(error.exit_code, "defect"), str(error)
    return "defect", f"{type(error).__name__}: {error}"
