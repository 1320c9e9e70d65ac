"""Shared set-up of the tests."""

import gc
import os
import sys
from pathlib import Path

os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])  # this mpiexec first
sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent / "regression"))

import seix.fem  # noqa: F401  before any DOLFINx import in a test
