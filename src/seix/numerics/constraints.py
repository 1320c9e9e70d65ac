"""Affine constraints by exact elimination: x = P y + g.

Periodicity, imposed or free mean strain, fixed values, symmetry on inclined sides and perfect contact are all of this
form: an unknown is fixed, or follows others with given weights. The system that is solved is P^T F(P y + g) = 0 with the
matrix P^T J P, which keeps the symmetry of J and needs no penalty and no multiplier. Works on any number of ranks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain, product

import numpy as np

from ..errors import GeometryError
from ..fem import MPI, PETSc
from .matching import match_nodes, sparse_matrix


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
        """Coordinates of the owned nodes, shape (owned, dimension)."""
        return self.space.tabulate_dof_coordinates()[: self.owned, : self.space.mesh.geometry.dim]

    @property
    def real(self) -> bool:
        """Whether the field is one number."""
        return self.space.dofmap.index_map.size_global == 1


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
        self._x: dict[int, np.ndarray] = {}

    @property
    def free(self) -> np.ndarray:
        """Local rows of the unknowns that no constraint takes, all fields one after the other."""
        return np.flatnonzero(~self._slave)

    def coordinates(self, block: int) -> np.ndarray:
        """Coordinates of the owned nodes of a block, computed once."""
        if block not in self._x:
            self._x[block] = self.blocks[block].coordinates()
        return self._x[block]

    def _claim(self, block: int, nodes: np.ndarray, component: int) -> tuple[np.ndarray, np.ndarray]:
        """Nodes of ``nodes`` whose component is still free, marked as slaves from now on."""
        rows = nodes * self.blocks[block].bs + component
        free = ~self._slave[self.offsets[block] + rows]
        self._slave[self.offsets[block] + rows[free]] = True
        return nodes[free], rows[free]

    def _nodes(self, block: int, where) -> np.ndarray:
        """Local numbers of the owned nodes that ``where`` tells: a condition on the coordinates, or the numbers."""
        if callable(where):
            where = np.flatnonzero(where(self.coordinates(block)))
        return np.asarray(where, dtype=np.int64)

    def fix(self, block: int, where, value=0.0, component: int = 0) -> np.ndarray:
        """Fix a component on some nodes.

        Parameters
        ----------
        block
            Index of the field.
        where : callable or ndarray of int
            Condition on the coordinates of shape (nodes, dimension), or local numbers of owned nodes.
        value : float or ndarray
            One value, or one for each owned node of the block.
        component
            Component of a vector field.

        Returns
        -------
        ndarray
            Local rows in the block.
        """
        nodes, rows = self._claim(block, self._nodes(block, where), component)
        self._rules.append(_Rule(block, rows, np.broadcast_to(value, self.blocks[block].owned)[nodes].astype(float)))
        return rows

    def fix_node(self, block: int, position, components=(0,)) -> None:
        """Fix components to zero at the one node at a position (collective).

        Raises
        ------
        GeometryError
            If the mesh has no node there.
        """
        distance = np.linalg.norm(self.coordinates(block) - np.asarray(position), axis=1)
        nodes = np.flatnonzero(distance < self.tolerance)
        if self.comm.allreduce(len(nodes), op=MPI.SUM) == 0:
            near = self.comm.allreduce(distance.min(initial=np.inf), op=MPI.MIN)
            place = ", ".join(f"{v:g}" for v in position)
            raise GeometryError(
                f"the mesh needs a node at ({place}) nm for the {self.blocks[block].name}; the nearest is {near:.3g} nm away"
            )
        for component in components:
            self.fix(block, nodes, component=component)

    def nearest_node(self, block: int, position) -> np.ndarray:
        """Coordinates of the node of a block that is nearest to a position, the same on any number of ranks (collective)."""
        x = self.coordinates(block)
        distance = np.linalg.norm(x - np.asarray(position), axis=1)
        close = np.flatnonzero(distance < distance.min(initial=np.inf) + self.tolerance)
        # nodes at the same distance are ordered by their coordinates
        keys = np.column_stack([distance[close], x[close]]) / self.tolerance
        candidates = [(tuple(key), tuple(place)) for key, place in zip(keys.round().tolist(), x[close].tolist(), strict=True)]
        return np.array(min(chain.from_iterable(self.comm.allgather(candidates)))[1])

    def scalar(self, name: str) -> str:
        """Add one global unknown (a mean strain, for example) and return its name."""
        self._extra.append(name)
        return name

    def periodic(self, block: int, period, jumps=None) -> None:
        """Let every component on the far side of each periodic direction follow the near side, at 0.

        Coordinates are reduced in all periodic directions at once, so a node on an edge or in a corner follows its one image on
        the near sides.

        Parameters
        ----------
        block
            Index of the block.
        period : float or sequence of float or None
            Period of each direction, None where there is none; one number stands for all directions but the last.
        jumps : dict, optional
            component -> imposed difference of that component between the two sides of its own direction: a number, or
            (scalar name, weight).
        """
        b, x = self.blocks[block], self.coordinates(block)
        dim = x.shape[1]
        periods = [period] * (dim - 1) + [None] if np.isscalar(period) else list(period)
        axes = [axis for axis, length in enumerate(periods) if length is not None]
        lengths = np.array([periods[axis] for axis in axes])
        far = np.abs(x[:, axes] - lengths) < self.tolerance
        # one rule for each side and edge: the masters of each lie in a thin box
        for pattern in product((True, False), repeat=len(axes)):
            if not any(pattern):
                continue
            members = np.flatnonzero((far == pattern).all(axis=1))
            shift = np.zeros(max(dim, b.bs))
            shift[axes] = np.where(pattern, lengths, 0.0)
            for component in range(b.bs):
                nodes, rows = self._claim(block, members, component)
                jump = (jumps or {}).get(component, 0.0) if shift[component] else 0.0
                masters = [(block, component, x[nodes] - shift[:dim], np.ones(len(nodes)))]
                value = np.zeros(len(nodes))
                if isinstance(jump, tuple):
                    masters.append((jump[0], 0, None, np.full(len(nodes), jump[1])))
                else:
                    value += jump
                self._rules.append(_Rule(block, rows, value, masters))

    def mirror(self, block: int, where, normal, slave: int) -> None:
        """Forbid the normal component of a vector field on some nodes, of a plane of symmetry for example.

        Parameters
        ----------
        block
            Index of the field.
        where : callable or ndarray of int
            As for :meth:`fix`.
        normal : array_like, shape (dimension,)
            Unit normal.
        slave : int
            Component that follows the others; the normal must not vanish there. With no others it is fixed.
        """
        normal = np.where(np.abs(normal) < 1e-12, 0.0, normal)
        nodes, rows = self._claim(block, self._nodes(block, where), slave)
        at = self.coordinates(block)[nodes]
        masters = [
            (block, lead, at, np.full(len(nodes), -n / normal[slave])) for lead, n in enumerate(normal) if n and lead != slave
        ]
        self._rules.append(_Rule(block, rows, np.zeros(len(nodes)), masters))

    def follow(self, block: int, where, masters, period: float | None = None, value: float = 0.0) -> np.ndarray:
        """Let a scalar field follow others on some nodes; returns the local rows.

        Parameters
        ----------
        block
            Index of the field that follows.
        where : callable or ndarray of int
            As for :meth:`fix`.
        masters : sequence of (block, weight)
            Fields to follow; a real-valued block has one unknown, others are matched by position.
        period : float, optional
            Positions are taken modulo the period, so that masters are never periodic slaves themselves.
        value
            Constant difference.
        """
        nodes, rows = self._claim(block, self._nodes(block, where), 0)
        at = self.coordinates(block)[nodes]
        if period is not None:
            at[:, :-1] -= np.where(np.abs(at[:, :-1] - period) < self.tolerance, period, 0.0)
        found = [(b, 0, None if self.blocks[b].real else at, np.full(len(nodes), w)) for b, w in masters]
        self._rules.append(_Rule(block, rows, np.full(len(nodes), value), found))
        return rows

    def fixed_values(self) -> PETSc.Vec | None:
        """Given part of all unknowns if none of them follows another: P is the identity there and need not be made (collective).

        Returns
        -------
        PETSc.Vec or None
            None if :meth:`build` is needed.
        """
        if self.comm.allreduce(len(self._extra) + sum(len(rule.masters) for rule in self._rules)):
            return None
        given = PETSc.Vec().createMPI((int(self.offsets[-1]), None), comm=self.comm)
        array = given.array
        for rule in self._rules:
            array[self.offsets[rule.block] + rule.rows] = rule.value
        return given

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
        free = self.free
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
        counts = np.diff(np.searchsorted(free, self.offsets))  # both ascend
        labels = np.append(np.repeat(np.arange(len(counts)), counts), np.full(extra, -1))
        P = sparse_matrix(self.comm, size, count, np.concatenate(rows), np.concatenate(cols), np.concatenate(weights))
        g = P.createVecLeft()
        g.array[:] = given
        self._x.clear()  # as large as a few solutions
        return P, g, scalars, labels.astype(int, copy=False)

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
        return match_nodes(self.comm, b.name, self.coordinates(block), (column, value), at, self.tolerance)
