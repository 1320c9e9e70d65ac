"""Does a load act on a motion of one field that nothing holds? Then its linear problem has no solution.

A constant of a potential, or a rigid motion of a body, that the constraints let pass and to which the equations do not
answer, can be added to any solution; and the load's work on it is a residual that no solution takes away. Whether constraints
let a motion of the whole field pass costs a vector or a few, and is asked before the first solution; the equations are asked
only then. Motions of parts that do not hang together are asked for after a solver has failed, since finding the parts costs
as much as an assembly. A load without work on such motions is solved for: the solution is then one of many.
"""

from __future__ import annotations

import functools
from itertools import combinations

import numpy as np

from .solvability import TAKES_PART, parts_of

_MAY_PASS = 1e-4
"""Part of a motion that constraints must take, over its largest value, to hold it without a look at the equations."""
_SINGULAR = 1e-14
"""As in :mod:`seix.numerics.solvability`."""


class LooseMotions:
    """Motions of one field that neither constraints nor equations answer to.

    Parameters
    ----------
    block : Block
    elimination : Elimination
        Of its constraints.
    x : ndarray, shape (owned nodes, dimension)
        Coordinates of the nodes.

    Attributes
    ----------
    names : list of str
        What takes part.
    values : ndarray, shape (unknowns, k)
        Independent motions; zero where an unknown is constrained.
    """

    def __init__(self, block, elimination, x: np.ndarray):
        self._block, self._elimination, self._comm, self._nodes = block, elimination, elimination.comm, x
        self.names: list[str] = []
        self.values = np.zeros((block.size, 0))
        self._any, self._known = False, (-1, False)

    def may_exist(self) -> bool:
        """Whether the constraints let any motion of the field as a whole pass (collective)."""
        slaves, bs = self._elimination.slaves, self._block.bs
        if self._elimination.square is None:  # nothing follows: what is fixed does not move
            nodes, row = np.unique(slaves // bs, return_inverse=True)
            gap = self._motions(self._nodes[nodes], np.zeros(len(nodes), dtype=int), 1)[1][bs * row + slaves % bs]
        else:
            whole = self._motions(self._nodes, np.zeros(len(self._nodes), dtype=int), 1)[1]
            gap = (self._followed(whole) - whole)[slaves]
        return self._null_space(gap, _MAY_PASS).shape[1] > 0

    def find(self, matrix, parts: bool, version: int) -> bool:
        """Look for motions, of every connected part or of the whole, unless that is known of the matrix (collective).

        Parameters
        ----------
        matrix : PETSc.Mat
            In the numbering of all unknowns, with or without the rows of the constrained ones.
        parts : bool
        version : int
            Changes with the values of the matrix.

        Returns
        -------
        bool
            Whether there are any; none are found in a matrix that is not finite.
        """
        if self._known != (version, parts):
            self._any, self._known = self._search(matrix, parts), (version, parts)
        return self._any

    @functools.cached_property
    def _parts(self) -> tuple[np.ndarray, int]:
        """Connected part of each node, and their number."""
        return parts_of(self._block.space)

    def _search(self, matrix, parts: bool) -> bool:
        """Names and values of the motions; whether there are any."""
        part, number = self._parts if parts else (np.zeros(len(self._nodes), dtype=int), 1)
        names, whole = self._motions(self._nodes, part, number)
        followed, signs = self._followed(whole), np.where(np.random.default_rng(self._comm.rank).random(len(whole)) < 0.5, -1, 1)
        answer, rough = self._answers(matrix, followed), self._answers(matrix, self._followed(whole * signs[:, None]))
        scale = np.sqrt(self._comm.allreduce((rough**2).sum(axis=0)))
        largest = scale.max()
        if not np.isfinite(largest):
            return False
        # parts may differ in stiffness: the answer to each motion is measured by that to the same one with random signs
        scale = np.where(scale > 0.0, scale, largest or 1.0)
        followed, whole, answer = followed / scale, whole / scale, answer / scale
        # constraints are met to the tolerance of matching nodes
        gap = (followed - whole)[self._elimination.slaves] * (largest or 1.0) * _SINGULAR / _MAY_PASS
        null = self._null_space(np.concatenate([gap, answer]), _SINGULAR)
        shares = np.abs(null).max(axis=1, initial=0.0)
        self.names = [name for name, share in zip(names, shares, strict=True) if share > TAKES_PART]
        self.values = np.where(self._elimination.free[:, None], followed, 0.0) @ null
        return null.shape[1] > 0

    def work(self, load: np.ndarray) -> float:
        """Smallest relative residual that a load leaves (collective).

        Parameters
        ----------
        load : ndarray, shape (unknowns,)
            Right hand side under the constraints.
        """
        size = self._comm.allreduce(float(load @ load))
        gram = self._comm.allreduce(self.values.T @ self.values)
        along = self._comm.allreduce(self.values.T @ load)
        return float(np.sqrt(along @ np.linalg.lstsq(gram, along)[0] / size)) if size > 0.0 else 0.0

    # -- parts ----------------------------------------------------------------------------------------------------------

    def _motions(self, x: np.ndarray, part: np.ndarray, number: int) -> tuple[list[str], np.ndarray]:
        """Constants or rigid motions of each part of some nodes, at most one or so everywhere: names, and columns of values."""
        bs = self._block.bs
        if bs > 1:
            low, high = self._box()
            x = (x - (low + high) / 2) / (np.linalg.norm(high - low) or 1.0)
            x = np.pad(x, ((0, 0), (0, max(0, bs - x.shape[1]))))  # a displacement out of the plane
        names, columns = [], []
        for k in range(number):
            inside = (part == k).astype(float)
            where = f"the {self._block.name}" + (f", connected part {k + 1} of {number}" if number > 1 else "")
            for component in range(bs):
                value = np.zeros((len(x), bs))
                value[:, component] = inside
                columns.append(value.ravel())
                names.append(f"a constant of {where}" if bs == 1 else f"a shift of {where} along {'xyz'[component]}")
            for a, b in combinations(range(bs), 2):
                value = np.zeros((len(x), bs))
                value[:, a], value[:, b] = -x[:, b] * inside, x[:, a] * inside
                columns.append(value.ravel())
                names.append(f"a rotation of {where}")
        return names, np.stack(columns, axis=1)

    def _box(self) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest coordinates of the field."""
        dim = self._nodes.shape[1]
        low, high = self._nodes.min(axis=0, initial=np.inf), self._nodes.max(axis=0, initial=-np.inf)
        ends = np.array(self._comm.allgather(np.concatenate([low, -high]))).min(axis=0)
        return ends[:dim], -ends[dim:]

    def _followed(self, whole: np.ndarray) -> np.ndarray:
        """The motions with constrained unknowns as the constraints give them from the others."""
        vector, found = self._elimination.vector(), np.empty_like(whole)
        for k, column in enumerate(whole.T):
            vector.array[:] = column
            self._elimination.expand(vector)
            found[:, k] = vector.array_r
        vector.destroy()
        return found

    def _answers(self, matrix, motions: np.ndarray) -> np.ndarray:
        """Products with the matrix, under the constraints."""
        x, out, found = self._elimination.vector(), self._elimination.vector(), np.empty_like(motions)
        for k, column in enumerate(motions.T):
            x.array[:] = column
            matrix.mult(x, out)
            self._elimination.restrict(out)
            found[:, k] = out.array_r
        x.destroy()
        out.destroy()
        return found

    def _null_space(self, columns: np.ndarray, tolerance: float) -> np.ndarray:
        """Combinations of the columns, of distributed rows, that vanish: an orthonormal basis in columns."""
        triangles = np.concatenate(self._comm.allgather(np.linalg.qr(columns, mode="r")))
        _, values, vectors = np.linalg.svd(np.linalg.qr(triangles, mode="r"))
        values = np.concatenate([values, np.zeros(columns.shape[1] - len(values))])
        return vectors[values <= tolerance].T
