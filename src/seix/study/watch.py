"""How far a study is: counts, running cases and the time left, in a terminal or as lines of a log."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO

from .estimate import Size, calibrated
from .known import KnownCase
from .store import State, Store

INTERVAL = 0.5
"""Seconds between two looks at the folder."""


@dataclass
class Snapshot:
    """A study at one moment.

    Attributes
    ----------
    status : dict
        Hash -> status.
    running : list of (KnownCase, State)
    failed : list of (KnownCase, State or None)
    seconds : dict
        Hash -> seconds of finished cases.
    """

    status: dict[str, str] = field(default_factory=dict)
    running: list[tuple[KnownCase, State]] = field(default_factory=list)
    failed: list[tuple[KnownCase, State | None]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    def count(self, status: str) -> int:
        """Cases with a status."""
        return Counter(self.status.values())[status]

    def in_words(self, left: float | None = None) -> str:
        """One line."""
        total = len(self.status)
        parts = [f"{self.count('done')} of {total} cases done"]
        if self.running:
            parts.append(f"{len(self.running)} running")
        for status in ("interrupted", "failed"):
            if self.count(status):
                parts.append(f"{self.count(status)} {status}")
        if left is not None and self.count("done") + self.count("failed") < total:
            parts.append(f"{duration(left)} left")
        return ", ".join(parts)


def snapshot(store: Store, cases: Sequence[KnownCase], probe: bool = False) -> Snapshot:
    """How the cases stand; with `probe` the locks tell which of those that run have been interrupted."""
    found = Snapshot()
    folders, said = store.looked_up()
    for case in cases:
        state = store.state(case) if case.name in said else None
        if case.name in folders and store.is_done(case):
            status = "done"
            if state is not None:
                found.seconds[case.hash] = state.seconds
        elif probe:
            status = store.status(case)
        else:
            status = state.status if state is not None and state.status != "done" else "pending"
        found.status[case.hash] = status
        if status == "running" and state is not None:
            found.running.append((case, state))
        elif status == "failed":
            found.failed.append((case, state))
    return found


def time_left(now: Snapshot, sizes: dict[str, Size], workers: int) -> float:
    """Seconds until the last case ends, from the sizes of the open ones and the pace of the finished ones."""
    factor = calibrated(sizes, now.seconds)
    since = {case.hash: time.time() - state.started for case, state in now.running}
    left = [
        max(factor * sizes[name].seconds - since.get(name, 0.0), 0.0)
        for name, status in now.status.items()
        if status in ("pending", "running", "interrupted") and name in sizes
    ]
    return max([sum(left) / max(workers, 1), *left[:1]]) if left else 0.0


def duration(seconds: float) -> str:
    """Seconds in words: 40 s, 3 min, 2 h 10 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


class Watch:
    """Shows a study while others work on it; a context manager that looks by itself.

    Parameters
    ----------
    store, cases, sizes, workers
        See :func:`time_left`.
    stream
        Standard error by default.
    note : str
        Put behind each line that counts.
    start : float, optional
        When the time of the lines begins (`time.monotonic`); now if not given.
    """

    def __init__(
        self, store: Store, cases: Sequence[KnownCase], sizes: dict[str, Size], workers: int, stream: IO[str] | None = None,
        note: str = "", start: float | None = None,
    ):  # fmt: skip
        self._store, self._cases, self._sizes, self._workers = store, list(cases), sizes, workers
        self._stream = sys.stderr if stream is None else stream
        self._start, self._last, self._said = time.monotonic() if start is None else start, "", set()
        self._note = f" ({note})" if note else ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="seix-watch", daemon=True)
        self._bar = None

    def __enter__(self) -> Watch:
        if self._stream.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

            self._bar = Progress(
                TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
                TextColumn("{task.fields[left]}"), console=Console(file=self._stream), transient=True,
            )  # fmt: skip
            self._bar.start()
            self._task = self._bar.add_task("cases", total=len(self._cases), left="")
        self.look()
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()
        if error[0] is None:
            self.look()
        if self._bar is not None:
            self._bar.stop()

    def _loop(self) -> None:
        while not self._stop.wait(INTERVAL):
            self.look()

    def look(self) -> Snapshot:
        """Look at the folder and show what has changed."""
        now = snapshot(self._store, self._cases)
        left = time_left(now, self._sizes, self._workers)
        for case, state in now.failed:
            if case.hash not in self._said:
                self._said.add(case.hash)
                self._print(f"failed: {case.described}: {first_line(state.message if state else case.problem)}")
        if self._bar is not None:
            shown = f"{len(now.running)} running" + (f", {now.count('failed')} failed" if now.failed else "")
            done = now.count("done") + now.count("failed")
            self._bar.update(self._task, completed=done, description=shown, left=f"{duration(left)} left")
        else:
            state = (now.count("done"), now.count("failed"))
            if state != self._last:
                self._last = state
                self._print(now.in_words(left) + self._note)
        return now

    def _print(self, text: str) -> None:
        elapsed = time.monotonic() - self._start
        if self._bar is not None:
            self._bar.console.print(text, markup=False, highlight=False)
        else:
            print(f"[{elapsed:7.1f} s] {text}", file=self._stream, flush=True)


def first_line(text: str) -> str:
    """The first line of a message."""
    return text.splitlines()[0] if text else "no message"
