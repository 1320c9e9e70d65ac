"""Affine constraints by exact elimination: x = P y + g.

Periodicity, imposed or free mean strain, fixed values, symmetry on inclined sides and perfect contact are all of this
form: an unknown is fixed, or follows others with given weights. The system that is solved is P^T F(P y + g) = 0 with the
matrix P^T J P, which keeps the symmetry of J and needs no penalty and no multiplier. Works on any number of ranks.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.spatial import cKDTree

from ..fem import MPI, PETSc


@dataclass
class Block:
    """One field of the coupled system.

    Attributes
    ----------
    name
        Name of the field, for messages.
    space
        DOLFINx function space.
    """

    name: str
    space: object

    def __post_init__(self):
        dofmap = self.space.dofmap
        self.bs = dofmap.index_map_bs
        self.owned = dofmap.index_map.size_local
        self.size = self.owned * self.bs

    def coordinates(self) -> np.ndarray:
        """Coordinates of the owned nodes, shape (owned, 2)."""
        return self.space.tabulate_dof_coordinates()[: self.owned, :2]


@dataclass
class _Rule:
    """Slaves of one block: ``x[slave] = sum_k weight_k * x[master_k] + value``; masters are found by position."""

    block: int
    rows: np.ndarray  # local unrolled indices of slaves in the block
    value: np.ndarray
    masters: list = field(default_factory=list)  # (block, component, coordinates or None for a scalar, weights)


class Constraints:
    """Collects constraints on a list of blocks and builds P and g.

    Parameters
    ----------
    comm
        Communicator.
    blocks : sequence of Block
        Fields in the order of the monolithic vector.
    tolerance : float
        Largest distance of matching nodes, in the unit of the mesh.
    """

    def __init__(self, comm, blocks, tolerance=1e-6):
        self.comm, self.blocks, self.tolerance = comm, list(blocks), tolerance
        self.offsets = np.concatenate([[0], np.cumsum([b.size for b in self.blocks])])
        self._rules: list[_Rule] = []
        self._slave = np.zeros(self.offsets[-1], dtype=bool)
        self._extra: list[str] = []

    def _claim(self, block: int, nodes: np.ndarray, component: int) -> tuple[np.ndarray, np.ndarray]:
        """Nodes of ``nodes`` whose component is still free, marked as slaves from now on."""
        rows = nodes * self.blocks[block].bs + component
        free = ~self._slave[self.offsets[block] + rows]
        self._slave[self.offsets[block] + rows[free]] = True
        return nodes[free], rows[free]

    def fix(self, block: int, where, value=0.0, component: int = 0) -> np.ndarray:
        """Fix a component on all nodes where ``where(x, y)`` is true.

        Parameters
        ----------
        block
            Index of the field.
        where
            Condition on the coordinates.
        value : float or ndarray
            One value, or one for each owned node of the block.
        component
            Component of a vector field.

        Returns
        -------
        ndarray
            Local rows in the block.
        """
        x = self.blocks[block].coordinates()
        nodes, rows = self._claim(block, np.flatnonzero(where(x[:, 0], x[:, 1])), component)
        self._rules.append(_Rule(block, rows, np.broadcast_to(value, len(x))[nodes].astype(float)))
        return rows

    def scalar(self, name: str) -> str:
        """Add one global unknown (a mean strain, for example) and return its name."""
        self._extra.append(name)
        return name

    def periodic(self, block: int, period: float, jumps=None) -> None:
        """Let every component on x = period follow x = 0.

        Parameters
        ----------
        block
            Index of the block.
        period
            Period in x.
        jumps : dict, optional
            component -> imposed difference between the two sides: a number, or (scalar name, weight).
        """
        b = self.blocks[block]
        x = b.coordinates()
        right = np.flatnonzero(np.abs(x[:, 0] - period) < self.tolerance)
        for component in range(b.bs):
            nodes, rows = self._claim(block, right, component)
            jump = (jumps or {}).get(component, 0.0)
            masters = [(block, component, x[nodes] - [period, 0.0], np.ones(len(nodes)))]
            value = np.zeros(len(nodes))
            if isinstance(jump, tuple):
                masters.append((jump[0], 0, None, np.full(len(nodes), jump[1])))
            else:
                value += jump
            self._rules.append(_Rule(block, rows, value, masters))

    def slide(self, block: int, where, direction) -> None:
        """Allow a plane vector field only along ``direction`` on the nodes where ``where(x, y)`` is true (symmetry)."""
        x = self.blocks[block].coordinates()
        lead = int(abs(direction[1]) > abs(direction[0]))
        nodes = np.flatnonzero(where(x[:, 0], x[:, 1]))
        nodes, rows = self._claim(block, nodes, 1 - lead)
        weight = np.full(len(nodes), direction[1 - lead] / direction[lead])
        self._rules.append(_Rule(block, rows, np.zeros(len(nodes)), [(block, lead, x[nodes], weight)]))

    def follow(self, block: int, where, masters, period: float | None = None, value: float = 0.0) -> np.ndarray:
        """Let a scalar field follow others on the nodes where ``where(x, y)`` is true; returns the local rows.

        Parameters
        ----------
        block
            Index of the field that follows.
        where
            Condition on the coordinates.
        masters : sequence of (block, weight)
            Fields to follow; a real-valued block has one unknown, others are matched by position.
        period : float, optional
            Positions are taken modulo the period, so that masters are never periodic slaves themselves.
        value
            Constant difference.
        """
        x = self.blocks[block].coordinates()
        nodes, rows = self._claim(block, np.flatnonzero(where(x[:, 0], x[:, 1])), 0)
        at = x[nodes].copy()
        if period is not None:
            at[np.abs(at[:, 0] - period) < self.tolerance, 0] -= period
        found = [
            (b, 0, None if self.blocks[b].space.dofmap.index_map.size_global == 1 else at, np.full(len(nodes), w))
            for b, w in masters
        ]
        self._rules.append(_Rule(block, rows, np.full(len(nodes), value), found))
        return rows

    def build(self):
        """Number the free unknowns and assemble the constraint matrix.

        Returns
        -------
        P : PETSc.Mat
            Constraint matrix, (all unknowns) x (free unknowns).
        g : PETSc.Vec
            Given part.
        scalars : dict
            Global index among the free unknowns of each extra scalar.
        labels : ndarray of int
            Block of each locally owned free unknown; -1 for scalars.
        """
        size = int(self.offsets[-1])
        extra = len(self._extra) if self.comm.rank == 0 else 0
        free = np.flatnonzero(~self._slave)
        count = len(free) + extra
        start = self.comm.exscan(count) or 0
        reduced = np.full(size, -1, dtype=np.int64)
        reduced[free] = start + np.arange(len(free))
        first = self.comm.bcast(start + len(free), root=0)
        scalars = {name: first + i for i, name in enumerate(self._extra)}
        rows, cols, weights = [free], [reduced[free]], [np.ones(len(free))]
        given = np.zeros(size)
        fixed = np.full(size, np.nan)  # value of the unknowns that follow nothing
        for rule in self._rules:
            if not rule.masters:
                fixed[self.offsets[rule.block] + rule.rows] = rule.value
        for rule in self._rules:
            at = self.offsets[rule.block] + rule.rows
            given[at] = rule.value
            for master in rule.masters:
                column, value = self._lookup(master, reduced, fixed, scalars, len(at))
                given[at] += master[3] * value
                follows = column >= 0
                rows.append(at[follows])
                cols.append(column[follows])
                weights.append(master[3][follows])
        labels = np.concatenate([np.searchsorted(self.offsets, free, side="right") - 1, np.full(extra, -1)])
        P = _sparse(self.comm, size, count, np.concatenate(rows), np.concatenate(cols), np.concatenate(weights))
        g = P.createVecLeft()
        g.array[:] = given
        return P, g, scalars, labels.astype(int)

    def _lookup(self, master, reduced, fixed, scalars, count) -> tuple[np.ndarray, np.ndarray]:
        """Columns of the masters (-1 where the master is itself fixed) and the values of the fixed ones."""
        block, component, at, _ = master
        if isinstance(block, str):
            return np.full(count, scalars[block]), np.zeros(count)
        b = self.blocks[block]
        own = slice(self.offsets[block] + component, self.offsets[block + 1], b.bs)
        column, value = reduced[own], fixed[own]
        if at is None:  # a real-valued field: one unknown on one rank
            found = self.comm.allreduce(int(column[0]) if len(column) else -1, op=MPI.MAX)
            return np.full(count, found), np.zeros(count)
        x = b.coordinates()
        boxes = self.comm.allgather((at.min(axis=0) - 1, at.max(axis=0) + 1) if len(at) else None)
        near = np.zeros(len(x), dtype=bool)
        for low, high in filter(None, boxes):
            near |= np.all((x >= low) & (x <= high), axis=1)
        near &= (column >= 0) | ~np.isnan(value)
        gathered = self.comm.allgather((x[near], column[near], value[near]))
        if not len(at):
            return np.zeros(0, dtype=np.int64), np.zeros(0)
        positions, columns, values = (np.concatenate(parts) for parts in zip(*gathered, strict=True))
        distance, index = cKDTree(positions).query(at)
        if distance.max() > self.tolerance:
            raise ValueError(
                f"field '{b.name}': no matching node within {self.tolerance:g} of {at[distance.argmax()]} "
                f"(nearest at {distance.max():.3g}); the two sides of the mesh do not match"
            )
        return columns[index], np.nan_to_num(values[index])


def _sparse(comm, rows_local, cols_local, rows, cols, values):
    """PETSc matrix from local row numbers and global columns."""
    order = np.argsort(rows, kind="stable")
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=rows_local))])
    matrix = PETSc.Mat().createAIJ(
        [[rows_local, None], [cols_local, None]],
        csr=(indptr.astype(PETSc.IntType), cols[order].astype(PETSc.IntType), values[order]),
        comm=comm,
    )
    matrix.assemble()
    return matrix
