"""Where the time of a solution goes: seconds by stage, each second counted once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

STAGES = ("compile", "assemble", "set up", "solve")
"""Compilation of forms; matrices and residuals; preconditioners and factorisations; Krylov iterations and substitutions."""

_seconds: dict[str, float] = {}
_open: list[list] = []


@contextmanager
def timed(stage: str) -> Iterator[None]:
    """Count what is done inside for a stage; a stage inside another one is taken out of it."""
    now = time.perf_counter()
    if _open:
        _close_part(now)
    _open.append([stage, now])
    try:
        yield
    finally:
        now = time.perf_counter()
        _close_part(now)
        _open.pop()
        if _open:
            _open[-1][1] = now


def _close_part(now: float) -> None:
    """Count the innermost stage up to now."""
    stage, since = _open[-1]
    _seconds[stage] = _seconds.get(stage, 0.0) + now - since


def seconds() -> dict[str, float]:
    """Seconds of this process by stage since :func:`reset`."""
    return dict(_seconds)


def reset() -> None:
    """Begin to count anew."""
    _seconds.clear()
