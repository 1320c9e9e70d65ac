"""Does the problem have one solution? Floating potentials and free rigid motions are found before the solve.

A constant on a connected part of a field, or a rigid motion of it, that no constraint forbids and to which the linearised
equations do not answer can be added to any solution. Combinations count as well: two potentials that may float together.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from scipy.sparse import coo_array, csc_array, csr_array, diags_array, hstack
from scipy.sparse.csgraph import connected_components

from ..fem import MPI

_SINGULAR = 1e-14
"""Answer of the equations to a motion, relative to that to the same motion with random signs, below which it is rounding: that
of sums of the ten to a hundred terms of a row is 1e-16 to 1e-15. A weaker hold than this would be lost in the solution too."""
TAKES_PART = 0.1
"""Share of a motion in a combination (of unit length) from which it is named."""
_ROWS = 100_000
"""Rows that are looked at together: motions of different parts and fields have few rows in common, and are kept sparse."""


def parts_of(space) -> tuple[np.ndarray, int]:
    """Connected part of every owned node of a space, by its cells (collective).

    Returns
    -------
    ndarray of int, shape (owned nodes,)
        Part, the same on all ranks.
    int
        Number of parts.
    """
    imap, cells = space.dofmap.index_map, space.dofmap.list
    comm, owned = space.mesh.comm, imap.size_local
    count = owned + imap.num_ghosts
    first = np.repeat(cells[:, 0], cells.shape[1])
    graph = coo_array((np.ones(cells.size, dtype=np.int8), (first, cells.ravel())), shape=(count, count))
    pieces, label = connected_components(graph, directed=False)
    if comm.size == 1:
        return label[:owned], pieces
    # nodes that two ranks know join their pieces
    start = comm.exscan(pieces) or 0
    label = label.astype(np.int64) + start
    low = imap.local_range[0]
    shared = np.unique(np.concatenate(comm.allgather(imap.ghosts)))
    mine = shared[(shared >= low) & (shared < low + owned)]
    known = [(mine, label[mine - low]), (imap.ghosts, label[owned:])]
    pairs = comm.allgather(np.concatenate([np.stack(pair) for pair in known], axis=1))
    node, piece = np.concatenate(pairs, axis=1)
    _, node = np.unique(node, return_inverse=True)
    total = comm.allreduce(pieces)
    size = total + (node.max() + 1 if len(node) else 0)
    joined = coo_array((np.ones(len(node), dtype=np.int8), (piece, total + node)), shape=(size, size))
    number, whole = connected_components(joined, directed=False)
    whole, number = whole[:total], len(np.unique(whole[:total]))
    _, whole = np.unique(whole, return_inverse=True)
    return whole[label[:owned]], number


def motions(block) -> Iterator[tuple[str, np.ndarray]]:
    """Constants, or rigid motions of a displacement, of every connected part of a field: description and values.

    Parts that touch in one node count as one: a hinge between them is not seen.
    """
    if block.real:
        if block.bs == 1:
            yield f"the value of '{block.name}'", np.ones(block.size)
        return
    part, number = parts_of(block.space)
    x, bs = block.coordinates(), block.bs
    comm = block.space.mesh.comm
    x = x - comm.allreduce(x.sum(axis=0)) / comm.allreduce(len(x))
    for k in range(number):
        inside = (part == k).astype(float)
        where = f"'{block.name}'" + (f", connected part {k + 1} of {number}" if number > 1 else "")
        for component in range(bs):
            value = np.zeros((block.owned, bs))
            value[:, component] = inside
            yield f"a constant of {where}" if bs == 1 else f"a shift of {where} along {'xyz'[component]}", value.ravel()
        for a, b in combinations(range(bs), 2):
            value = np.zeros((block.owned, bs))
            value[:, a], value[:, b] = -x[:, b] * inside, x[:, a] * inside
            yield f"a rotation of {where}", value.ravel()


def free_motions(system, matrix) -> list[str]:
    """Motions that neither constraints nor equations forbid (collective).

    Parameters
    ----------
    system : CoupledSystem
    matrix : PETSc.Mat
        Its linearisation, on the free unknowns; nothing is found if it is not finite.

    Returns
    -------
    list of str
        What takes part in them; empty for a problem with one solution.
    """
    comm, names = system.comm, []
    local = system.full.local_size
    signs = np.where(np.random.default_rng(comm.rank).random(local) < 0.5, -1.0, 1.0)
    y, out, image = system.create_vector(), system.create_vector(), system.full.duplicate()

    def apply(whole):
        """What constraints make of a motion, and what the equations answer."""
        y.zeroEntries()
        y.array[: len(system.free)] = whole[system.free]
        system.P.mult(y, image)
        matrix.mult(y, out)
        return image.array_r - whole, out.array_r.copy()

    start, columns = 0, []
    rough, own = np.zeros((2, len(y.array_r)))
    for index, block in enumerate(system.blocks):
        for name, values in motions(block):
            whole = np.zeros(local)
            whole[start : start + block.size] = values / np.sqrt(comm.allreduce(float(values @ values)))
            names.append(name)
            columns.append(csc_array(np.concatenate(apply(whole))[:, None]))
            with np.errstate(over="ignore"):
                square = apply(whole * signs)[1] ** 2
            rough += square
            own += np.where(system.labels == index, square, 0.0)
        start += block.size
    for item in (y, out, image):
        item.destroy()
    if not comm.allreduce(bool(np.isfinite(rough).all()), op=MPI.LAND):
        return []  # the state is too far from any solution to judge the equations by
    # equations of different fields have different units: each is measured by its answers to the motions of its own field with
    # random signs, or of all fields where it has none of its own
    count = len(system.blocks) + 1
    by_own, by_all = (comm.allreduce(np.bincount(system.labels + 1, weights=part, minlength=count)) for part in (own, rough))
    sums = np.where(by_own > 0, by_own, np.where(by_all > 0, by_all, 1.0))
    scale = np.concatenate([np.ones(local), 1.0 / np.sqrt(sums)[system.labels + 1]])
    shares = _null_space(comm, (diags_array(scale) @ hstack(columns)).tocsr())
    return [name for name, share in zip(names, shares, strict=True) if share > TAKES_PART]


def _null_space(comm, columns: csr_array) -> np.ndarray:
    """Largest share of each column in combinations of the columns that vanish; rows are distributed."""
    count = columns.shape[1]
    sizes = np.sqrt(comm.allreduce(np.asarray(columns.multiply(columns).sum(axis=0))))
    triangle = np.zeros((0, count))
    for first in range(0, columns.shape[0], _ROWS):
        dense = columns[first : first + _ROWS].toarray() / np.maximum(1.0, sizes)
        triangle = np.linalg.qr(np.concatenate([triangle, dense]), mode="r")
    triangle = np.linalg.qr(np.concatenate(comm.allgather(triangle)), mode="r")
    _, values, vectors = np.linalg.svd(triangle)
    small = np.concatenate([values, np.zeros(count - len(values))]) <= _SINGULAR
    return np.abs(vectors[small]).max(axis=0, initial=0.0)
