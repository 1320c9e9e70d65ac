"""Tells how far a run is: a live line in a terminal, plain lines elsewhere, nothing on other ranks."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import IO, Protocol, Self


class Display(Protocol):
    """Where progress is shown."""

    def stage(self, name: str, elapsed: float) -> None:
        """A stage begins."""

    def newton(self, text: str, elapsed: float) -> None:
        """A Newton iteration is done."""

    def note(self, text: str, elapsed: float) -> None:
        """Something worth a line."""

    def close(self, elapsed: float, failed: bool) -> None:
        """Nothing follows; `failed` when an error ended the run."""


class Silent:
    """Shows nothing."""

    def stage(self, name: str, elapsed: float) -> None:
        """Nothing."""

    def newton(self, text: str, elapsed: float) -> None:
        """Nothing."""

    def note(self, text: str, elapsed: float) -> None:
        """Nothing."""

    def close(self, elapsed: float, failed: bool) -> None:
        """Nothing."""


class Lines:
    """One plain line for each event, with the time since the start; for pipes, log files and mpirun."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def stage(self, name: str, elapsed: float) -> None:
        """Print the stage."""
        self._print(elapsed, name)

    def newton(self, text: str, elapsed: float) -> None:
        """Print the iteration, indented."""
        self._print(elapsed, "  " + text)

    def note(self, text: str, elapsed: float) -> None:
        """Print the text, indented."""
        self._print(elapsed, "  " + text)

    def close(self, elapsed: float, failed: bool) -> None:
        """Nothing is open."""

    def _print(self, elapsed: float, text: str) -> None:
        print(f"[{elapsed:7.1f} s] {text}", file=self._stream, flush=True)


class Live:
    """One line that is redrawn, with a spinner; finished stages and notes stay above it."""

    def __init__(self, stream: IO[str]) -> None:
        from rich.console import Console
        from rich.live import Live as RichLive
        from rich.spinner import Spinner

        self._console = Console(file=stream)
        self._spinner = Spinner("dots")
        self._live = RichLive(self._spinner, console=self._console, refresh_per_second=8, transient=True)
        self._stage, self._begun, self._detail, self._started = "", 0.0, "", False

    def stage(self, name: str, elapsed: float) -> None:
        """Leave a line for the finished stage and show the new one."""
        self._finish(elapsed)
        self._stage, self._begun, self._detail = name, elapsed, ""
        if not self._started:
            self._live.start()
            self._started = True
        self._update()

    def newton(self, text: str, elapsed: float) -> None:
        """Show the iteration behind the stage."""
        self._detail = text
        self._update()

    def note(self, text: str, elapsed: float) -> None:
        """Print a line above."""
        self._console.print(f"  {text}", markup=False, highlight=False)

    def close(self, elapsed: float, failed: bool) -> None:
        """Leave a line for the last stage and take the live line away."""
        self._finish(elapsed, failed)
        self._stage = ""
        if self._started:
            self._live.stop()
            self._started = False

    def _finish(self, elapsed: float, failed: bool = False) -> None:
        if self._stage:
            self._console.print(
                f"{'✗' if failed else '✓'} {self._stage} ({elapsed - self._begun:.1f} s)",
                markup=False,
                highlight=False,
            )

    def _update(self) -> None:
        from rich.text import Text

        # Text, not markup: names of structures may hold brackets
        self._spinner.update(text=Text(f"{self._stage}   {self._detail}", no_wrap=True, overflow="ellipsis"))


class Progress:
    """Reports stages, Newton iterations and notes, and keeps the time of each stage.

    Use it as a context manager, or call `close` at the end. Stages follow each other: a new one ends the
    one before; used as a context manager, `stage` ends its stage at the end of the block.

    Parameters
    ----------
    display
        Where to show it; silent by default.
    clock
        Seconds, never going back.
    """

    def __init__(
        self, display: Display | None = None, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._display: Display = display if display is not None else Silent()
        self._clock = clock
        self._start = clock()
        self._timings: dict[str, float] = {}
        self._open: tuple[str, float] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(failed=kind is not None)

    def stage(self, name: str) -> _Stage:
        """Begin a stage, for instance "mesh bilayer"."""
        self.end_stage()
        now = self._clock()
        self._open = (name, now)
        self._display.stage(name, now - self._start)
        return _Stage(self)

    def newton(self, structure: str, current_multiple: float, iteration: int, residual: float) -> None:
        """Report a Newton iteration and the norm of the residual that the solver judges."""
        text = f"{structure}, I/I0 = {current_multiple:g}: iteration {iteration}, residual {residual:.1e}"
        self._display.newton(text, self._clock() - self._start)

    def note(self, text: str) -> None:
        """Report anything else, one line."""
        self._display.note(text, self._clock() - self._start)

    def end_stage(self) -> None:
        """End the stage that is open; stages of the same name add up."""
        if self._open is not None:
            name, begun = self._open
            self._timings[name] = self._timings.get(name, 0.0) + self._clock() - begun
            self._open = None

    def timings(self) -> dict[str, float]:
        """Seconds by stage up to now, in the order of the stages, and "total"."""
        now = self._clock()
        result = dict(self._timings)
        if self._open is not None:
            name, begun = self._open
            result[name] = result.get(name, 0.0) + now - begun
        return result | {"total": now - self._start}

    def close(self, failed: bool = False) -> None:
        """End the last stage and the display; `failed` when an error ended the run."""
        self.end_stage()
        self._display.close(self._clock() - self._start, failed)


class _Stage:
    """Handle of a stage for `with`."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.end_stage()


def make_progress(rank: int = 0, size: int = 1, stream: IO[str] | None = None) -> Progress:
    """Live in a terminal, plain lines elsewhere and under mpirun, silent on ranks above 0.

    Parameters
    ----------
    rank, size
        Rank of this process and number of ranks.
    stream
        Standard error by default.
    """
    stream = sys.stderr if stream is None else stream
    if rank > 0:
        return Progress()
    if size == 1 and stream.isatty():
        return Progress(Live(stream))
    return Progress(Lines(stream))
