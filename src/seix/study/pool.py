"""A pool of worker processes on one machine, which this one watches over.

No work is handed out from here: workers take cases under the locks of the store. What the pool adds is that a worker that dies is
noticed and replaced, that a case which kills its worker twice counts as failed, and that all end when this process does.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence

from ..errors import SeixError, StorageError
from .plan import Case
from .process import LENGTH
from .store import Store

PATIENCE = 15.0
"""Seconds that workers have to end in after they were asked to."""
LAUNCHERS = ("PMI_", "PMIX_", "OMPI_", "HYDRA_")
"""Starts of the variables by which a launcher of MPI tells its processes who they are, which those of a pool are not."""
PAUSE = 0.1
"""Seconds between two looks at the workers."""
_ENDINGS = (signal.SIGTERM, signal.SIGHUP)


class Pool:
    """Runs workers until the cases are done.

    Parameters
    ----------
    jobs : int
        Number of workers.
    store : Store
    cases : sequence of Case
        What they work on.
    waits : bool
        See :class:`~seix.study.worker.Worker`.
    """

    def __init__(self, jobs: int, store: Store, cases: Sequence[Case], waits: bool = True):
        self._jobs, self._store, self._cases = jobs, store, list(cases)
        order = pickle.dumps((store, self._cases, waits))
        self._order = len(order).to_bytes(LENGTH) + order
        self._workers: list[subprocess.Popen] = []
        self._idle_deaths, self._seen = 0, {}
        self._asked: int | None = None

    def run(self) -> None:
        """Work until nothing is left.

        Raises
        ------
        StorageError
            A worker could not write.
        SeixError
            Workers end as soon as they start.
        KeyboardInterrupt
        """
        handlers = self._catch()
        try:
            for _ in range(min(self._jobs, max(len(self._cases), 1))):
                self._start()
            while self._workers and self._asked is None:
                time.sleep(PAUSE)
                for worker in [worker for worker in self._workers if worker.poll() is not None]:
                    self._workers.remove(worker)
                    self._ended(worker)
        finally:
            self._end_all()
            for number, handler in handlers.items():
                signal.signal(number, handler)
        if self._asked is not None:
            signal.raise_signal(self._asked)

    def _start(self) -> None:
        """Start a worker; none any more once this process is asked to end."""
        if self._asked is not None:
            return
        environment = {name: value for name, value in os.environ.items() if not name.startswith(LAUNCHERS)}
        worker = subprocess.Popen(
            [sys.executable, "-m", "seix.study.process"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment
        )
        self._workers.append(worker)
        self._seen[worker.pid] = self._progress()
        with contextlib.suppress(BrokenPipeError):  # it has ended already, which is noticed soon
            worker.stdin.write(self._order)
            worker.stdin.flush()  # the pipe stays open: it tells the worker that this process lives

    def _ended(self, worker: subprocess.Popen) -> None:
        code = worker.returncode
        if code == 0 or self._asked is not None:
            return
        if code == 130:
            raise KeyboardInterrupt
        if code == StorageError.exit_code:
            raise StorageError("a worker could not go on; what is finished stays, and the same command goes on from there")
        self._idle_deaths = self._idle_deaths + 1 if self._progress() == self._seen[worker.pid] else 0
        if self._idle_deaths > self._jobs:
            raise SeixError(f"the workers of the sweep end at once ({_reason(code)}); try --jobs 1 to see why")
        self._start()

    def _progress(self) -> int:
        """Grows whenever anybody begins with a case."""
        return sum(state.begun for case in self._cases if (state := self._store.state(case)) is not None)

    def _catch(self) -> dict[int, Callable | int | None]:
        """End the workers too when asked to end."""
        if threading.current_thread() is not threading.main_thread():
            return {}
        return {n: signal.signal(n, self._on_signal) for n in _ENDINGS if signal.getsignal(n) is not signal.SIG_IGN}

    def _on_signal(self, number: int, _frame: object) -> None:
        self._asked = number
        for worker in self._workers:
            worker.terminate()

    def _end_all(self) -> None:
        """Ask all workers to end, then make them."""
        for worker in self._workers:
            worker.terminate()
        until = time.monotonic() + PATIENCE
        for worker in self._workers:
            try:
                worker.wait(max(until - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()
        self._workers.clear()


def _reason(code: int) -> str:
    """Exit code of a process in words."""
    if code >= 0:
        return f"exit code {code}"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    return f"{name}, as when memory runs out" if name == "SIGKILL" else name
