"""This process as its launcher made it: which rank of how many, and what it says when a signal ends it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType

_RANK_VARIABLES = ("PMI_RANK", "OMPI_COMM_WORLD_RANK", "PMIX_RANK", "SLURM_PROCID")
_SIZE_VARIABLES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE")
"""Set by launchers of MPI to the number of processes they started."""


def rank() -> int:
    """Rank of this process by what its launcher says, without starting MPI."""
    found = (os.environ.get(name, "") for name in _RANK_VARIABLES)
    return next((int(value) for value in found if value.isdecimal()), 0)


def started_by_mpi() -> bool:
    """Whether this is one of several processes of a launcher."""
    return any(os.environ.get(name, "").isdecimal() and int(os.environ[name]) > 1 for name in _SIZE_VARIABLES)


def say_when_ended() -> None:
    """On SIGTERM and SIGHUP a single process says so, and ends as the signal would have ended it.

    Python gets to it after the call that is running. Ranks of MPI end at once, since they may be in calls that wait for
    others, and their launcher says what happened.
    """
    if not started_by_mpi() and threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, _ended)


def _ended(number: int, _frame: FrameType | None) -> None:
    """Handler of a signal; results that were being written have been removed by a handler that came before it."""
    signal.signal(number, signal.SIG_DFL)
    print(f"ended by {signal.Signals(number).name}; what was not finished is not kept", file=sys.stderr, flush=True)
    os.kill(os.getpid(), number)
