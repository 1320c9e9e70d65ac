"""Draws pictures in processes beside the main one, so that the cores that a run has all work at its end.

The other ranks sleep while the first writes. Helpers know nothing of MPI and import nothing of the finite-element stack; they
are plain children, since a forked process of MPI is not allowed everywhere, and `multiprocessing` would run the script of a
user a second time.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

MOST = 8
"""Helpers at most: there are about ten pictures."""

Task = tuple[int, Callable[..., Any], tuple[Any, ...]]


def clean_environment() -> dict[str, str]:
    """Variables for a child: a launcher of MPI would take one that carries its variables for one of its ranks."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("PMI", "OMPI_", "PMIX_", "MPI"))}


def free_cores() -> int:
    """Cores that this process may use besides its own."""
    try:
        return len(os.sched_getaffinity(0)) - 1
    except AttributeError:  # not Linux
        return (os.cpu_count() or 1) - 1


class Helpers:
    """Does tasks in the background; use it as a context manager.

    The process that owns it takes part in `results`. What a helper fails to do because it died is done there.

    Parameters
    ----------
    count
        Number of helpers; by default as many as there are free cores.
    """

    def __init__(self, count: int | None = None) -> None:
        self._tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
        self._results: dict[int, Any] = {}
        self._number = 0
        count = min(MOST, free_cores()) if count is None else count
        self._children = [_start() for _ in range(count)]
        self._threads = [threading.Thread(target=self._serve, args=(child,), daemon=True) for child in self._children]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Helpers:
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._children:
            child.kill()  # whatever it still does is of no use, and it has nothing to clear up
        self._end_threads()
        for child in self._children:
            child.wait()
            child.stdout.close()

    def submit(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Do `function(*arguments)` some time; a function of a module, arguments that can be pickled."""
        self._tasks.put((self._number, function, arguments))
        self._number += 1

    def results(self) -> list[Any]:
        """Results of all tasks in the order of `submit`, once all are done.

        Raises
        ------
        Exception
            What the first of the tasks that failed raised.
        """
        while (task := self._next(wait=False)) is not None:
            self._results[task[0]] = _done(*task[1:])
        self._end_threads()
        while (task := self._next(wait=False)) is not None:  # given back by helpers that died
            self._results[task[0]] = _done(*task[1:])
        results = [self._results[number] for number in range(self._number)]
        for error in results:
            if isinstance(error, _Failure):
                raise error.error
        return results

    def _next(self, wait: bool) -> Task | None:
        """A task that waits; None if there is none, or none will come."""
        while True:
            try:
                task = self._tasks.get(block=wait)
            except queue.Empty:
                return None
            if task[0] >= 0:
                return task
            if wait:
                return None

    def _end_threads(self) -> None:
        for _ in self._threads:
            self._tasks.put((-1, _done, ()))  # nothing follows
        for thread in self._threads:
            thread.join()

    def _serve(self, child: subprocess.Popen) -> None:
        """Hand tasks to one helper until the end."""
        # PETSc ends the process at a broken pipe, which only means that the helper died: then this thread is told by an error
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGPIPE])
        task = None
        with suppress(OSError), child.stdin:
            try:
                while (task := self._next(wait=True)) is not None:
                    pickle.dump(task[1:], child.stdin, protocol=5)
                    child.stdin.flush()
                    self._results[task[0]] = pickle.load(child.stdout)
            except Exception:  # the helper died, or the task cannot be sent: it is left to others
                self._tasks.put(task)


class _Failure:
    """An error as a result."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def _done(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    try:
        return function(*arguments)
    except Exception as error:
        return _Failure(error)


def _start() -> subprocess.Popen:
    command = [sys.executable, "-c", "from seix.analysis.helpers import _work; _work()"]
    return subprocess.Popen(command, env=clean_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def _work() -> None:
    """What a helper does: tasks from standard input until its end, results to standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt ends the main process, which ends this one
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what anything prints must not come between results
    from . import figures  # noqa: F401  loads Matplotlib while the first task is still prepared

    while True:
        try:
            function, arguments = pickle.load(sys.stdin.buffer)
        except Exception:  # the end, or what cannot be understood here: who sent it does it itself
            return
        pickle.dump(_done(function, arguments), answers, protocol=5)
        answers.flush()
