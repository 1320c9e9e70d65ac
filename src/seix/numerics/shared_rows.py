"""Pattern of a matrix over all ranks, in the parts in which PETSc stores it, and the exchange of rows that ranks share.

A cell adds to the rows of all its nodes, some of which another rank owns. What goes there is collected in rows of its own, sent
in one message to each neighbour, and added in the order of the ranks, so that sums do not depend on who was first.
"""

from __future__ import annotations

import numpy as np

from .cell_loops import Rows, pattern


class SharedRows:
    """Rows of one rank, and what it adds to those of others (collective).

    Parameters
    ----------
    comm
        Communicator.
    imap : dolfinx.common.IndexMap
        Of the nodes.
    nodes : ndarray of int32, shape (cells, nodes of a cell)
        Of the cells of this rank and their ghosts, in local numbers. What ghosts would add stays zero.

    Attributes
    ----------
    nodes : ndarray of int32
        The same in the numbers of the pattern: own nodes as they are, then those of others, ascending in their global numbers.
    inner, outer : Rows
        Own rows with own columns and with those of others, including what other ranks add.
    sent : Rows
        Rows of others.
    outside : ndarray of int64
        Global numbers of the nodes of others.
    """

    def __init__(self, comm, imap, nodes: np.ndarray):
        self._comm, self._owned, first = comm, imap.size_local, imap.local_range[0]
        ghosts, order = np.unique(imap.ghosts, return_inverse=True)
        numbers = np.arange(self._owned + len(ghosts), dtype=np.int32)
        numbers[self._owned :] = self._owned + order
        pointers, columns = pattern(numbers[nodes], len(numbers))

        owners = np.empty(len(ghosts), dtype=np.int32)
        owners[order] = imap.owners
        counts = np.diff(pointers[self._owned :])
        self._sent_to = np.bincount(np.repeat(owners, counts), minlength=comm.size)  # owners ascend with global numbers
        self._sent_from = np.empty_like(self._sent_to)
        comm.Alltoall(self._sent_to, self._sent_from)
        everyone = np.concatenate([first + np.arange(self._owned, dtype=np.int64), ghosts])
        others = columns[pointers[self._owned] :]
        rows = self._swap(np.repeat(ghosts, counts)) - first
        wanted = self._swap(everyone[others])

        inside = (wanted >= first) & (wanted < first + self._owned)
        self.outside = np.unique(np.concatenate([ghosts, wanted[~inside]]))
        place = np.concatenate([numbers[: self._owned], self._owned + np.searchsorted(self.outside, ghosts).astype(np.int32)])
        self.nodes = place[numbers[nodes]]
        wanted = np.where(inside, wanted - first, self._owned + np.searchsorted(self.outside, wanted))
        self._split(pointers, columns, counts, place)
        self._receive(rows, wanted, inside)

    def _split(self, pointers: np.ndarray, columns: np.ndarray, counts: np.ndarray, place: np.ndarray) -> None:
        """Parts of the pattern of the cells of this rank; few of its entries are in columns of others."""
        end, starts = pointers[self._owned], pointers[: self._owned + 1]
        far = np.flatnonzero(columns[:end] >= self._owned)
        far_before = np.searchsorted(far, starts)
        self.inner = Rows(starts - far_before, np.delete(columns[:end], far))
        self.outer = Rows(far_before, place[columns[far]])
        every = np.zeros(len(self.outside), dtype=np.int64)
        every[place[self._owned :] - self._owned] = counts
        self.sent = Rows(np.concatenate([[0], np.cumsum(every)]), place[columns[end:]])

    def _receive(self, rows: np.ndarray, wanted: np.ndarray, inside: np.ndarray) -> None:
        """Make room for what others add, and remember where it goes: for each sender which of its entries, row and place."""
        stride = self._owned + len(self.outside)
        keys = rows * stride + wanted
        self.inner = _with(self.inner, np.unique(keys[inside]), stride)
        self.outer = _with(self.outer, np.unique(keys[~inside]), stride)
        ends = np.cumsum(self._sent_from)
        self._additions = []
        for begin, end in zip(ends - self._sent_from, ends, strict=True):
            for name, chosen in (("inner", inside), ("outer", ~inside)):
                which = begin + np.flatnonzero(chosen[begin:end])
                if len(which):
                    self._additions.append((name, which, rows[which], _places(getattr(self, name), keys[which], stride)))

    def _swap(self, values: np.ndarray, each: int = 1) -> np.ndarray:
        """Send values of the entries of rows of others to their owners; those of own rows from all others."""
        result = np.empty(int(self._sent_from.sum()) * each, dtype=values.dtype)
        self._comm.Alltoallv([values, self._sent_to * each], [result, self._sent_from * each])
        return result

    def exchange(self, bs: int, by_block: bool) -> None:
        """Add the values of rows of others where they belong (collective).

        Parameters
        ----------
        bs : int
            Unknowns of a node.
        by_block : bool
            Order of the values of own rows, see :func:`seix.numerics.cell_loops.add_cells`.
        """
        found = self._swap(self.sent.values, bs * bs).reshape(-1, bs * bs)
        for name, which, rows, places in self._additions:
            part = getattr(self, name)
            part.values[_unknowns(part, rows, places, bs, by_block)] += found[which]


def _segments(part: Rows, rows: np.ndarray, stride: int) -> tuple[np.ndarray, np.ndarray]:
    """Keys (row, column) of the entries of some rows, ascending, and the places of these entries."""
    counts = part.counts[rows]
    places = np.repeat(part.pointers[rows] - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
    return np.repeat(rows, counts) * stride + part.columns[places], places


def _with(part: Rows, keys: np.ndarray, stride: int) -> Rows:
    """Rows that have all entries of the (ascending) keys too."""
    own, places = _segments(part, np.unique(keys // stride), stride)
    new = np.setdiff1d(keys, own, assume_unique=True)
    rows, next_key = new // stride, np.searchsorted(own, new)
    at = part.pointers[rows + 1]  # the end of the row, if no larger column is in it
    larger = np.flatnonzero(next_key < len(own))
    larger = larger[own[next_key[larger]] // stride == rows[larger]]
    at[larger] = places[next_key[larger]]
    columns = np.insert(part.columns, at, (new % stride).astype(np.int32))
    more = np.cumsum(np.bincount(rows, minlength=len(part.pointers) - 1))
    return Rows(part.pointers + np.concatenate([[0], more]).astype(np.int64), columns)


def _places(part: Rows, keys: np.ndarray, stride: int) -> np.ndarray:
    """Where the entries of the keys are."""
    own, places = _segments(part, np.unique(keys // stride), stride)
    return places[np.searchsorted(own, keys)]


def _unknowns(part: Rows, rows: np.ndarray, places: np.ndarray, bs: int, by_block: bool) -> np.ndarray:
    """Places of the values of blocks, each by columns; shape (blocks, bs**2)."""
    column, row = np.divmod(np.arange(bs * bs), bs)
    if by_block:
        return places[:, None] * bs * bs + column * bs + row
    first = part.pointers[rows][:, None]
    width = part.counts[rows][:, None] * bs
    return first * bs * bs + row * width + (places[:, None] - first) * bs + column
