"""A run under `mpirun` that is ended at any moment: a complete result, or nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from studies import SCENARIO, command, environment, write_study

MPIRUN = Path(sys.executable).parent / "mpirun"
SMALL = ["--set", "error.method=none", "--set", "mesh.cells_per_layer=1", "--set", "load.current_multiples=[1]"]


def end(folder: Path, arguments: list[str], moment: Callable[[], bool], number: int) -> None:
    """Start seix on three ranks, send `mpirun` a signal at a moment, and wait until it has gone."""
    process = subprocess.Popen(
        [MPIRUN, "-n", "3", *arguments], cwd=folder, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        while not moment():
            assert process.poll() is None, "ended before the moment came"
            time.sleep(0.005)
    finally:
        process.send_signal(number)
        process.wait(60)


def left_over(folder: Path) -> list[Path]:
    """Hidden folders below, and the folder itself if it is empty, once there was time to remove them."""
    found, until = [folder], time.monotonic() + 10
    while found and time.monotonic() < until:
        with suppress(FileNotFoundError):  # removed while it was looked at
            empty = folder.is_dir() and not any(folder.iterdir())
            found = [folder] if empty else list(folder.rglob(".*unfinished*"))
        time.sleep(0.02)
    return found


def complete(folder: Path) -> bool:
    """Whether all files of a result are there."""
    record = json.loads((folder / "record.json").read_text("utf-8"))
    return all((folder / name).is_file() for name in record["files"])


@pytest.mark.parametrize("number, file, delay", [
    pytest.param(signal.SIGTERM, "out", 0.0, marks=pytest.mark.slow),
    (signal.SIGKILL, "out", 1.0),
    pytest.param(signal.SIGTERM, "out/quantities.json", 0.0, marks=pytest.mark.slow),
    pytest.param(signal.SIGTERM, "out/maps", 0.1, marks=pytest.mark.slow),
])  # fmt: skip
def test_run_on_three_ranks(tmp_path, number, file, delay):
    """A while after a file of the unfinished folder is there: the folder itself, the first of the results, a folder of maps."""
    pattern = file.replace("out", ".out.unfinished*", 1)
    seen = []

    def moment() -> bool:
        if not seen and list((tmp_path / "made").glob(pattern)):
            seen.append(time.monotonic())
        return bool(seen) and time.monotonic() >= seen[0] + delay

    end(tmp_path, command("run", SCENARIO, *SMALL, "-o", "made/out"), moment, number)
    assert not left_over(tmp_path / "made")
    if (tmp_path / "made").exists():
        assert os.listdir(tmp_path / "made") == ["out"] and complete(tmp_path / "made" / "out")


@pytest.mark.slow
def test_sweep_on_three_ranks(tmp_path):
    """While one case is computed and another one done: that stays, and nothing of the others."""
    write_study(tmp_path)
    cases = tmp_path / "results" / "films" / "cases"

    def moment() -> bool:
        names = os.listdir(cases) if cases.is_dir() else []
        return any(name.startswith(".") for name in names) and any(not name.startswith(".") for name in names)

    end(tmp_path, command("sweep", "films.yaml"), moment, signal.SIGTERM)
    assert not left_over(cases)
    assert os.listdir(cases) and all(complete(case) for case in cases.iterdir())
