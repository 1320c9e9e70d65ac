"""Shared set-up of the tests."""

import fcntl
import gc
import os
import sys
from pathlib import Path

os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])  # this mpiexec first
sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent / "regression"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))

import pytest

import seix.fem  # before any DOLFINx import in a test

SLOW = 1800.0
"""Seconds after which a slow test has failed: five ranks may share two processors."""


def pytest_collection_modifyitems(items):
    """Slow tests have more time than others."""
    for item in items:
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(SLOW))


@pytest.fixture(autouse=True)
def room_for_ranks(request, tmp_path_factory):
    """Tests on several ranks run alone: ranks that wait for each other keep the processors busy."""
    if "_PYTEST_MPI_CHILD_PROCESS" in os.environ:  # one of the ranks
        yield
        return
    shared = tmp_path_factory.getbasetemp().parent if hasattr(request.config, "workerinput") else tmp_path_factory.getbasetemp()
    with (shared / "processors.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if request.node.get_closest_marker("parallel") else fcntl.LOCK_SH)
        yield


_survivors = 0
"""Tests since the last look at all objects."""


@pytest.fixture(autouse=True)
def collect_garbage():
    """Free meshes and matrices after each test: the number of MPI communicators is limited, and each holds some.

    What survives is left alone for a while, since to look at all modules each time takes a third of the time of all tests.
    """
    global _survivors
    yield
    _survivors = (_survivors + 1) % 50
    if not _survivors:
        gc.unfreeze()
    gc.collect()
    gc.freeze()
    seix.fem.PETSc.garbage_cleanup(seix.fem.MPI.COMM_SELF)
    seix.fem.PETSc.garbage_cleanup(seix.fem.MPI.COMM_WORLD)


def pytest_addoption(parser):
    """``--preset multigrid`` runs every solve that leaves the choice to the program with that linear solver."""
    parser.addoption("--preset", choices=("direct", "multigrid"), default=None)


@pytest.fixture(autouse=True)
def _preset(request, monkeypatch):
    """Replace the automatic choice of the linear solver."""
    wanted = request.config.getoption("--preset")
    if wanted:
        from seix.numerics import linear_problem, presets, solver

        def asked(preset):
            return wanted if preset == "auto" else preset

        monkeypatch.setattr(solver, "choose", lambda preset, *_: asked(preset))
        candidates = presets.linear_candidates
        monkeypatch.setattr(linear_problem, "linear_candidates", lambda preset, *rest: candidates(asked(preset), *rest))
