"""A worker process of a pool: reads from standard input what to work on, and ends when that closes.

    python -m seix.study.process
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading

from ..errors import SeixError

LENGTH = 8
"""Bytes of the length that goes before what is to be done."""


def main() -> int:
    """Work on the cases that the process which started this one has sent.

    Returns
    -------
    int
        Exit code as of ``seix``.
    """
    try:
        store, cases, waits = pickle.loads(_read(int.from_bytes(_read(LENGTH))))
        _end_with_parent()
        from ..fem import MPI
        from .worker import Worker

        Worker(store, cases, MPI.COMM_WORLD, waits).run()
    except SeixError as error:
        print(error, file=sys.stderr, flush=True)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


def _read(size: int) -> bytes:
    """Bytes from standard input, past Python's buffer: a thread that waits inside that could not be left at the end.

    Raises
    ------
    KeyboardInterrupt
        If it closes before: whoever started this process has gone.
    """
    parts = b""
    while len(parts) < size:
        part = os.read(sys.stdin.fileno(), size - len(parts))
        if not part:
            raise KeyboardInterrupt
        parts += part
    return parts


def _end_with_parent() -> None:
    """End as on SIGTERM when the process that started this one has gone, which closes the standard input."""

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="seix-parent", daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
