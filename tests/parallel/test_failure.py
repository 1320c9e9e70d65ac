"""A rank that fails ends all ranks, soon and with a message."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from seix import fem

MPIRUN = Path(sys.executable).parent / "mpirun"
DEFECT = """
from seix.fem import MPI
if MPI.COMM_WORLD.rank == 1:
    raise RuntimeError("defect on one rank")
MPI.COMM_WORLD.barrier()
"""
DIFFERENT = """
import sys
from seix import cli
from seix.errors import GeometryError
from seix.fem import MPI
if MPI.COMM_WORLD.rank == 1:
    sys.exit(cli._end("impossible here", GeometryError.exit_code))
MPI.COMM_WORLD.barrier()
"""


@pytest.mark.parametrize("program, code, words", [(DEFECT, 1, "defect on one rank"), (DIFFERENT, 4, "impossible here")])
def test_one_failing_rank_ends_all(program, code, words):
    """Others wait in a collective call and would wait for ever."""
    done = subprocess.run(
        [MPIRUN, "-n", "3", sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == code
    assert words in done.stderr


def test_message_is_read_before_all_ranks_end():
    """The launcher drops what it has not read when a rank aborts; here it reads late."""
    reading, writing = os.pipe()
    os.write(writing, b"why")
    times = []

    def read():
        times.append(time.monotonic())
        os.read(reading, 10)

    reader = threading.Timer(0.3, read)
    reader.start()
    fem._wait_until_read(writing)
    returned = time.monotonic()
    reader.join()
    assert returned > times[0]
    os.close(reading)
    os.close(writing)
