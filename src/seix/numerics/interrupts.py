"""Interrupts during a call into PETSc: kept until the call has ended, and then raised on all ranks alike."""

from __future__ import annotations

import signal
import threading
from types import FrameType

from ..fem import MPI


class Interrupts:
    """Keeps an interrupt (Ctrl-C) that arrives while PETSc runs.

    Raised in a callback it would come back as an error of PETSc, which looks like a solver that fails, and on one rank only: the
    others would wait for it for ever. So it is noted, the callbacks end the call on all ranks as soon as they may, and it
    is raised after that. A second interrupt is not kept.

    Parameters
    ----------
    comm
        Communicator of the call.
    """

    def __init__(self, comm):
        self._comm, self._caught = comm, False
        self._before = None

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            self._before = signal.signal(signal.SIGINT, self._catch)
        return self

    def _catch(self, number: int, frame: FrameType | None) -> None:
        self._caught = True
        signal.signal(signal.SIGINT, self._before)

    def pending(self) -> bool:
        """Whether one has arrived on any rank (collective)."""
        return self._comm.allreduce(self._caught, op=MPI.LOR)

    def __exit__(self, *_) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
