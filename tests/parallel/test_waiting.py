"""Ranks that wait for rank 0 leave their core to others."""

import time

import pytest

from seix.errors import GeometryError
from seix.fem import MPI
from seix.simulation import on_root


@pytest.mark.parallel(nprocs=2)
def test_waiting_ranks_sleep():
    """A second of work on rank 0 costs the others less than a tenth of a second of processor time."""
    start = time.process_time()
    assert on_root(MPI.COMM_WORLD, lambda: time.sleep(1.0) or 7) == 7
    assert time.process_time() - start < 0.1


@pytest.mark.parallel(nprocs=2)
def test_errors_reach_all_ranks():
    """What rank 0 cannot do fails everywhere, with the same sentence."""

    def fail():
        raise GeometryError("no room")

    with pytest.raises(GeometryError, match="no room"):
        on_root(MPI.COMM_WORLD, fail)
