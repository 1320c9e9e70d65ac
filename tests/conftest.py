"""Shared set-up of the tests."""

import gc
import os
import sys
from pathlib import Path

os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])  # this mpiexec first
sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent / "regression"))

import pytest

import seix.fem  # before any DOLFINx import in a test


@pytest.fixture(autouse=True)
def collect_garbage():
    """Free meshes and matrices after each test: the number of MPI communicators is limited, and each holds some."""
    yield
    gc.collect()
    seix.fem.PETSc.garbage_cleanup(seix.fem.MPI.COMM_SELF)
    seix.fem.PETSc.garbage_cleanup(seix.fem.MPI.COMM_WORLD)
