"""A small process that removes an unfinished folder when the run that writes it has gone, however it went."""

from __future__ import annotations

import os
import subprocess
import weakref
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

SCRIPT = """
trap '' HUP INT QUIT USR1 USR2 TERM
there() { [ -e "$1" ] || [ -L "$1" ]; }
new=$1 old=$1.old target=$2
shift 2
read -r nothing
for pause in 0 1 2 4 8 16; do
    sleep $pause
    if there "$old" && ! there "$target"; then
        mv -T -- "$old" "$target" || there "$target" || mv -- "$old" "$target"
    fi
    if there "$target"; then rm -rf -- "$old"; fi
    rm -rf -- "$new"
    there "$new" || there "$old" || break
done
for parent; do rmdir -- "$parent"; done
"""
"""Waits for the end of its standard input, which comes when no process has the other side open any more, and does what
:class:`ResultFolder` does with a run that died: a result that had made way for the new one comes back. Nothing is done at
once on a network: files that a dying rank or helper still has open go when those have gone, hence the repetitions. ``mv -T``
does not move a folder into another one that has just appeared; where there is no such option, the plain one has to do."""


class Guard:
    """Removes a folder if this process ends before :meth:`release`.

    No signal handler can do that: MPI's launcher kills all ranks soon after the first has gone, without waiting for handlers,
    and SIGKILL has none. Where no process can be started, there is no guard.

    Parameters
    ----------
    path : Path
        The folder; need not exist yet. Beside it, ``<path>.old`` is what was at the target before.
    target : Path
        Name that the folder is to get.
    parents : sequence of Path
        Folders made for it, the outermost first. They go with it if they are empty then.
    """

    def __init__(self, path: Path, target: Path, parents: Sequence[Path] = ()) -> None:
        self._process: subprocess.Popen | None = None
        command = ["/bin/sh", "-c", SCRIPT, "seix-guard", path, target, *reversed(parents)]
        with suppress(OSError):
            # signals for the terminal or process group of the run are not for the guard, hence a session of its own; a launcher
            # waits for all who have its pipes, and a folder that is somebody's cannot be unmounted
            self._process = subprocess.Popen(
                command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
                env={"PATH": os.environ.get("PATH", os.defpath)}, start_new_session=True,
            )  # fmt: skip
        _guards.add(self)

    @property
    def process(self) -> int | None:
        """Number of the guarding process; None without one."""
        return None if self._process is None else self._process.pid

    def release(self) -> None:
        """End the guard, which does nothing any more; without effect in a forked child."""
        process, self._process = self._process, None  # first: a signal handler may come here meanwhile
        if process is not None:
            process.kill()
            process.wait()
            process.stdin.close()

    def _leave(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.stdin.close()


_guards: weakref.WeakSet[Guard] = weakref.WeakSet()


def _leave_all() -> None:
    """In a forked child: it must not keep guards waiting after its parent has gone."""
    for guard in list(_guards):
        guard._leave()


os.register_at_fork(after_in_child=_leave_all)
