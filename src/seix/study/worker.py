"""Takes cases of a study one by one and computes them, beside any number of others that do the same."""

from __future__ import annotations

import gc
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from ..analysis.progress import Progress
from ..app import MESHES, compute
from ..errors import SeixError, StorageError
from ..fem import on_root
from ..shelf import ModelShelf
from .plan import Case
from .store import Store, failure

PAUSE = 0.3
"""Seconds between two looks at cases that others work on."""
LOOKS = 3
"""Looks before cases of others are left to them: somebody may just have looked at the lock."""


class Worker:
    """A group of ranks that computes one case at a time.

    Parameters
    ----------
    store : Store
    cases : sequence of Case
        In the order in which they should be taken.
    comm
        Communicator of the group.
    waits : bool
        Whether to wait for cases that others work on, and take them over if those end without a result.
    cache : Path
        Mesh cache.
    shelf : ModelShelf, optional
        Models of earlier workers on this communicator, which stay for later ones; without it they are freed at the end.

    Attributes
    ----------
    seconds : float
        Spent inside cases.
    """

    def __init__(
        self, store: Store, cases: Sequence[Case], comm, waits: bool = True, cache: Path = MESHES, shelf: ModelShelf | None = None
    ):
        self.store, self.comm, self.waits, self.cache = store, comm, waits, cache
        self._open = {case.hash: case for case in cases}
        self._shelf, self._keeps = (ModelShelf(comm), False) if shelf is None else (shelf, True)
        self._mesh, self._lock, self._mesh_lock = "", None, None
        self.seconds = 0.0

    def run(self, after_each: Callable[[], None] = lambda: None) -> None:
        """Work until nothing is left (collective).

        Parameters
        ----------
        after_each : callable
            Called on rank 0 of the group after each case.

        Raises
        ------
        StorageError
            If nothing can be written any more; what is finished stays.
        """
        while (case := on_root(self.comm, self._next)) is not None:
            self._shelf.enter(case.mesh)
            begun = time.perf_counter()
            kind, message = self._compute(case)
            self.seconds += time.perf_counter() - begun
            on_root(self.comm, lambda case=case, kind=kind, message=message: self._end(case, kind, message))
            if self.comm.rank == 0:
                after_each()
        if self._mesh_lock is not None:
            self._mesh_lock.release()
        if not self._keeps:
            self._shelf.clear()
        gc.collect()

    def _compute(self, case: Case) -> tuple[str, str]:
        """Kind and message of a failure, empty if the case is done."""
        try:
            compute(case.study, self.store.result_folder(case), self.comm, Progress(), self._shelf, self.cache)
        except StorageError:
            raise  # a disk that is full is not the fault of the case
        except SeixError as error:
            return failure(error)
        except Exception as error:
            if self.comm.size > 1:  # the other ranks may be in the middle of something: all have to end
                self.store.end(case, *failure(error))
                raise
            traceback.print_exc()
            return failure(error)
        return "", ""

    def _next(self) -> Case | None:
        """The next case, its lock held; None if there is nothing left to do."""
        looks = 0
        while True:
            case = self._take_from(self._candidates())
            if case is not None or not self._open:
                return case
            looks += 1
            if not self.waits and looks > LOOKS:
                return None
            time.sleep(PAUSE)

    def _settled(self, case: Case) -> bool:
        """Whether a case is done or has failed."""
        if self.store.is_done(case):
            return True
        state = self.store.state(case)
        return state is not None and state.status == "failed"

    def _candidates(self) -> Iterator[Case]:
        """Open cases: those on the mesh at hand, then those on meshes nobody has begun with, then all others."""
        yield from [case for case in self._open.values() if case.mesh == self._mesh]
        for mesh in dict.fromkeys(case.mesh for case in self._open.values()):
            if mesh == self._mesh:
                continue
            lock = self.store.claim_mesh(mesh)
            if lock is not None:
                before, self._mesh_lock = self._mesh_lock, lock
                if before is not None:
                    before.release()
                yield from [case for case in self._open.values() if case.mesh == mesh]
        yield from list(self._open.values())  # a case may come twice: it has been removed then, or somebody has it

    def _take_from(self, candidates: Iterable[Case]) -> Case | None:
        """The first of some cases that nobody works on, its lock held."""
        for case in candidates:
            if case.hash not in self._open:
                continue
            if self._settled(case):
                del self._open[case.hash]
                continue
            lock = self.store.claim(case)
            if lock is None:
                continue
            # it may have ended between the two looks, or be one that kills
            if self._settled(case) or not self.store.begin(case, self.comm.size):
                lock.release()
                del self._open[case.hash]
                continue
            del self._open[case.hash]
            self._lock, self._mesh = lock, case.mesh
            return case
        return None

    def _end(self, case: Case, kind: str, message: str) -> None:
        self.store.end(case, kind, message)
        self._lock.release()
