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

from ..analysis.folder import ResultFolder, completed
from ..errors import InputError, SeixError, StorageError
from .known import KnownCase

Status = Literal["pending", "running", "interrupted", "done", "failed"]
CASES, STATES, LOCKS = "cases", ".states", ".locks"
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
    crashes : int
        Times that its process died over it while the sweep went on.
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
    crashes: int = 0
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
    """

    def __init__(self, root: Path):
        self.root = Path(os.path.abspath(root))
        self._done: set[str] = set()

    def prepare(self) -> None:
        """Make the folders.

        Raises
        ------
        InputError
            If they cannot be made, or the file system has no locks.
        """
        try:
            for name in (CASES, STATES, LOCKS):
                (self.root / name).mkdir(parents=True, exist_ok=True)
            with FileLock(self.root / LOCKS / "test", timeout=60):
                pass
        except (OSError, NotImplementedError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise InputError(f"{self.root}: a study cannot be kept here: {reason}; choose another folder with -o") from None

    # -- cases ----------------------------------------------------------------------------------------------------------

    def folder(self, case: KnownCase) -> Path:
        """Result folder of a case."""
        return self.root / CASES / case.name

    def result_folder(self, case: KnownCase) -> ResultFolder:
        """The same to compute into; what an older version left there is replaced."""
        return ResultFolder(self.folder(case), overwrite=True)

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
        """Likewise for a mesh: others begin with another one first, so that nobody makes a mesh twice."""
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

    def begin(self, case: KnownCase, ranks: int) -> None:
        """Say that this process works on a case."""
        before = self.state(case)
        crashes = before.crashes if before else 0
        self._say(case, State("running", host=socket.gethostname(), process=os.getpid(), ranks=ranks, started=time.time(),
                              crashes=crashes, code=version("seix")))  # fmt: skip

    def end(self, case: KnownCase, kind: str = "", message: str = "") -> None:
        """Say how it ended: done without a kind of failure."""
        before = asdict(self.state(case) or State("running", started=time.time(), code=version("seix")))
        status = "failed" if kind else "done"
        self._say(case, State(**(before | {"status": status, "kind": kind, "message": message, "ended": time.time()})))

    def crashed(self, case: KnownCase, message: str, most: int) -> None:
        """Say that a process died over a case; from the `most`-th time on it counts as failed."""
        before = asdict(self.state(case) or State("running", code=version("seix")))
        crashes = before["crashes"] + 1
        failed = {"status": "failed", "kind": "crash", "message": message} if crashes >= most else {}
        self._say(case, State(**(before | {"crashes": crashes, "ended": time.time()} | failed)))

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
            lock = self.claim(case)
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
