"""Nothing unfinished stays of a run that is ended or killed."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from seix.analysis.folder import ResultFolder
from seix.analysis.guard import Guard

CHILD = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background lets its children ignore it
from pathlib import Path
from seix.analysis.folder import ResultFolder
with ResultFolder(Path(sys.argv[1]), overwrite=True) as folder:
    (folder.path / "half").write_text("x")
    print(folder._guard.process, flush=True)
    time.sleep(60)
"""


def started(target: Path, program: str = CHILD) -> tuple[subprocess.Popen, int]:
    """A run that has come to a certain point and waits there for a minute, and the number of its guard."""
    command = [sys.executable, "-c", program, str(target)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    guard = int(child.stdout.readline())
    assert [name for name in names(target.parent) if name.startswith(".")]
    return child, guard


def finish(folder: Path, text: str) -> None:
    (folder / "record.json").write_text("{}")
    (folder / "data.txt").write_text(text)


def ended(child: subprocess.Popen, number: int = signal.SIGKILL) -> int:
    """Exit code of a run that is sent a signal."""
    child.send_signal(number)
    child.stdout.close()
    return child.wait(20)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def exists(process: int) -> bool:
    """Whether a process is there, be it a zombie."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def soon(condition, seconds: float = 20.0) -> bool:
    """Whether something becomes true before long."""
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.01)
    return condition()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_leave_nothing_behind(tmp_path, number):
    child, guard = started(tmp_path / "sub" / "case")
    assert ended(child, number) == -number
    assert names(tmp_path) == []
    assert not exists(guard)


def test_guard_removes_what_a_killed_run_leaves(tmp_path):
    """With the folders made for it; those that somebody uses stay."""
    child, _ = started(tmp_path / "used" / "a" / "b" / "case")
    (tmp_path / "used" / "other").write_text("x")
    assert ended(child) == -signal.SIGKILL
    assert soon(lambda: names(tmp_path / "used") == ["other"])


BETWEEN = """
import os, sys, time
from pathlib import Path
from seix.analysis import folder as module
def stop(*_):
    print(folder._guard.process, flush=True)
    time.sleep(60)
module._sync = stop  # the first thing to be done after the old result has made way
with module.ResultFolder(Path(sys.argv[1]), overwrite=True) as folder:
    (folder.path / "record.json").write_text("{}")
"""


@pytest.mark.parametrize("other", [False, True], ids=["nothing", "another result"])
def test_old_result_comes_back_after_a_kill_between_the_renames(tmp_path, other):
    """Unless there is a new one at its place already."""
    target = tmp_path / "case"
    with ResultFolder(target) as folder:
        finish(folder.path, "old")
    child, _ = started(target, BETWEEN)
    assert len(names(tmp_path)) == 2 and not target.exists()
    if other:
        target.mkdir()
        finish(target, "other")
    ended(child)
    assert soon(lambda: names(tmp_path) == ["case"])
    assert (target / "data.txt").read_text() == ("other" if other else "old")


def test_link_to_an_old_result_comes_back_too(tmp_path):
    with ResultFolder(tmp_path / "real") as folder:
        finish(folder.path, "old")
    (tmp_path / "case").symlink_to("real")
    child, _ = started(tmp_path / "case", BETWEEN)
    assert not (tmp_path / "case").is_symlink()
    ended(child)
    assert soon(lambda: names(tmp_path) == ["case", "real"])
    assert (tmp_path / "case").is_symlink() and (tmp_path / "case" / "data.txt").read_text() == "old"


FORKING = """
import os, sys, time
from pathlib import Path
from seix.analysis.folder import ResultFolder
with ResultFolder(Path(sys.argv[1])) as folder:
    read, write = os.pipe()
    if os.fork() == 0:
        folder._guard.release()  # not its own
        os.close(1)
        os.write(write, b"x")
        time.sleep(20)
        os._exit(0)
    os.read(read, 1)
    print(folder._guard.process, flush=True)
    time.sleep(60)
"""


def test_forked_child_that_lives_on_does_not_keep_the_folder(tmp_path):
    """Nor can it send the guard away."""
    child, guard = started(tmp_path / "case", FORKING)
    assert exists(guard)
    ended(child)
    assert soon(lambda: not names(tmp_path), 10)


def test_signals_for_the_guard_and_a_run_that_is_stopped_do_nothing(tmp_path):
    """A batch system may send them to all processes of a job; a stopped run goes on some day."""
    child, guard = started(tmp_path / "case")
    child.send_signal(signal.SIGSTOP)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2):
        os.kill(guard, number)
    time.sleep(0.3)
    assert exists(guard) and len(names(tmp_path)) == 1
    ended(child)
    assert soon(lambda: not names(tmp_path))


def test_guard_goes_with_the_context(tmp_path):
    """Whether the run ends well or not, no process stays, not even as a zombie."""
    with ResultFolder(tmp_path / "a" / "case") as folder:
        finish(folder.path, "new")
        done = folder._guard.process
    with pytest.raises(RuntimeError), ResultFolder(tmp_path / "b" / "case") as folder:
        failed = folder._guard.process
        raise RuntimeError
    assert not exists(done) and not exists(failed)
    assert names(tmp_path) == ["a"]


def test_guard_comes_back_to_a_folder_that_cannot_be_removed_at_once(tmp_path, monkeypatch):
    """As when a helper puts a file there while it is emptied, or has one open on a network: here `rm` fails the first time."""
    (tmp_path / "new").mkdir()
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "rm"
    command.write_text(f'#!/bin/sh\nif mkdir "{tmp_path}/tried"; then exit 1; fi\nexec "{shutil.which("rm")}" "$@"\n')
    command.chmod(0o700)
    monkeypatch.setenv("PATH", os.pathsep.join([str(command.parent), os.environ["PATH"]]))
    Guard(tmp_path / "new", tmp_path / "case")._process.stdin.close()
    assert soon(lambda: not (tmp_path / "new").exists())
    assert (tmp_path / "tried").exists()


def test_without_processes_there_is_no_guard(tmp_path, monkeypatch):
    """Results are as good as ever."""

    def refuse(*_, **__):
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with ResultFolder(tmp_path / "case") as folder:
        assert folder._guard.process is None
        finish(folder.path, "new")
    assert names(tmp_path) == ["case"]


def test_left_over_of_a_killed_run_is_removed(tmp_path):
    """Where the guard was killed as well, by the next run."""
    child, guard = started(tmp_path / "case")
    os.kill(guard, signal.SIGKILL)
    ended(child)
    assert len(names(tmp_path)) == 1
    with ResultFolder(tmp_path / "case") as folder:
        finish(folder.path, "new")
    assert names(tmp_path) == ["case"]
