"""Values of expressions at points of the cells, and their statistics over all ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..fem import MPI

# isort: split
import basix
import ufl
from dolfinx import fem

from ..numerics.compile import compile_expression
from ..numerics.domains import QUADRATURE_DEGREE, Domains

CELL = {2: basix.CellType.triangle, 3: basix.CellType.tetrahedron}
"""Cell by dimension."""
SORT_ALL = 10_000
"""Samples up to which quantiles sort everything; of larger ones as many show where the tail begins."""


class Evaluator:
    """Evaluates UFL expressions of any submesh on owned cells of the whole mesh.

    Parameters
    ----------
    domains : Domains
    points : ndarray, shape (points, dimension)
        Points of the reference triangle or tetrahedron.
    """

    def __init__(self, domains: Domains, points: np.ndarray):
        self.domains, self.points = domains, points
        owned = domains.mesh.topology.index_map(domains.mesh.topology.dim).size_local
        self.region = domains.region[:owned]

    def cells(self, regions) -> np.ndarray:
        """Owned cells of the given regions."""
        return np.flatnonzero(np.isin(self.region, regions)).astype(np.int32)

    def compiled(self, expression) -> fem.Expression:
        """Expression ready for evaluation, which can be repeated as the functions in it change."""
        return compile_expression(expression, self.points, self.domains.comm, self.domains.entity_maps)

    def __call__(self, expression, cells: np.ndarray) -> np.ndarray:
        """Values of shape (cells, points, ...); `expression` may be compiled."""
        compiled = expression if isinstance(expression, fem.Expression) else self.compiled(expression)
        return compiled.eval(self.domains.mesh, cells)


class QuadratureEvaluator(Evaluator):
    """Evaluator at the quadrature points, with the volume that each point stands for."""

    def __init__(self, domains: Domains):
        points, self.weights = basix.make_quadrature(CELL[domains.dim], QUADRATURE_DEGREE)
        super().__init__(domains, points)

    def volumes(self, cells: np.ndarray) -> np.ndarray:
        """Area or volume of each point, shape (cells, points), in the unit of the mesh."""
        return np.abs(self(ufl.JacobianDeterminant(self.domains.mesh), cells)) * self.weights


class NodalEvaluator(Evaluator):
    """Evaluator at the nodes of each second-order cell, in the order of the cells of the input mesh."""

    def __init__(self, domains: Domains):
        element = basix.create_element(basix.ElementFamily.P, CELL[domains.dim], 2, basix.LagrangeVariant.gll_warped)
        super().__init__(domains, element.points)

    def allocate(self, components: int) -> np.ndarray | None:
        """Array of NaN for all cells on rank 0, shape (all cells, nodes, components); None on other ranks."""
        shape = (self.domains.cells_global, len(self.points), components)
        return np.full(shape, np.nan) if self.domains.comm.rank == 0 else None

    def gather(self, pieces: Sequence[Piece], regions, out: Mapping[str, np.ndarray | None]) -> None:
        """Write nodal values on the cells of some regions into arrays of :meth:`allocate` (collective).

        All pieces are evaluated together, since they have most of their work in common.
        """
        cells, comm = self.cells(regions), self.domains.comm
        parts = [_components(piece.expression) for piece in pieces]
        together = self(ufl.as_vector([one for part in parts for one in part]), cells)
        # a rank may have no cell of these regions, so the number of components is given
        together = together.reshape(len(cells), len(self.points), sum(map(len, parts)))
        rows = stacked(comm, np.asarray(self.domains.mesh.topology.original_cell_index)[cells])
        start = 0
        for piece, part in zip(pieces, parts, strict=True):
            local = together[..., start : start + len(part)] * piece.factor
            if piece.offset:
                local += piece.offset
            start += len(part)
            values = stacked(comm, local)
            if values is not None:
                out[piece.name][rows] = values


@dataclass(frozen=True)
class Piece:
    """Formula of a field on a part of the mesh.

    Attributes
    ----------
    name : str
        Field.
    expression
        Scalar or vector, scaled.
    factor, offset : float
        To SI.
    """

    name: str
    expression: object
    factor: float
    offset: float = 0.0


def _components(expression) -> list:
    """Of a scalar or a vector."""
    return [expression[k] for k in range(expression.ufl_shape[0])] if expression.ufl_shape else [expression]


def gathered(comm, values) -> list:
    """Values of all ranks on rank 0, nothing elsewhere (collective); one rank does not send them to itself."""
    return [values] if comm.size == 1 else comm.gather(values, root=0) or []


def stacked(comm, values: np.ndarray) -> np.ndarray | None:
    """Rows (n, ...) of all ranks below each other on rank 0, None elsewhere (collective)."""
    if comm.size == 1:
        return values
    counts = comm.gather(len(values), root=0)
    if comm.rank != 0:
        comm.Gatherv(np.ascontiguousarray(values), None, root=0)
        return None
    result = np.empty((sum(counts), *values.shape[1:]), values.dtype)
    each = result[0].size if len(result) else 0
    comm.Gatherv(np.ascontiguousarray(values), (result, [each * count for count in counts]), root=0)
    return result


@dataclass(frozen=True)
class Sample:
    """Weighted values spread over the ranks.

    Attributes
    ----------
    comm
        Communicator.
    values, weights : ndarray
        This rank's share, of equal shape.
    """

    comm: object
    values: np.ndarray
    weights: np.ndarray

    def select(self, rows) -> Sample:
        """Part of the sample (rows of this rank)."""
        return Sample(self.comm, self.values[rows], self.weights[rows])

    def total_weight(self) -> float:
        """Sum of the weights."""
        return self.comm.allreduce(float(self.weights.sum()), op=MPI.SUM)

    def mean(self) -> float:
        """Weighted mean."""
        return self.comm.allreduce(float((self.values * self.weights).sum()), op=MPI.SUM) / self.total_weight()

    def maximum(self) -> float:
        """Largest value."""
        return self.comm.allreduce(float(self.values.max()) if self.values.size else -np.inf, op=MPI.MAX)

    def minimum(self) -> float:
        """Smallest value."""
        return self.comm.allreduce(float(self.values.min()) if self.values.size else np.inf, op=MPI.MIN)

    def quantiles(self, levels) -> np.ndarray:
        """Weighted quantiles, the same on all ranks; see :func:`weighted_quantiles`."""
        values, weights = self.values.ravel(), self.weights.ravel()
        # to sort all takes longer than the rest, and to send all to one rank too
        kept = ~(values < self._tail(2 * (1 - min(levels))))  # with NaN, which must show
        below = self.comm.allreduce(float(weights[~kept].sum()), op=MPI.SUM)
        parts = gathered(self.comm, (values[kept], weights[kept]))
        result = None
        if self.comm.rank == 0:
            values, weights = (np.concatenate(part) for part in zip(*parts, strict=True))
            order = np.argsort(values, kind="stable")
            cumulative = below + np.cumsum(weights[order])
            result = np.interp(levels, (cumulative - weights[order] / 2) / cumulative[-1], values[order])
        return self.comm.bcast(result, root=0)

    def _tail(self, share: float) -> float:
        """A value such that it and larger ones carry at least a share of the weight, and not much more; all, if they are few."""
        values, weights = self.values.ravel(), self.weights.ravel()
        count, total = self.comm.allreduce(np.array([values.size, weights.sum()]), op=MPI.SUM)
        if count <= SORT_ALL:
            return -np.inf
        step = max(1, values.size * self.comm.size // SORT_ALL)
        some, heavy = (np.concatenate(self.comm.allgather(each)) for each in (values[::step], step * weights[::step]))
        order = np.argsort(-some)
        some, share_above = some[order], np.cumsum(heavy[order]) / heavy.sum()
        part = 1.5 * share
        while part < 1.0:
            least = some[min(np.searchsorted(share_above, part), len(some) - 1)]
            if self.comm.allreduce(float(weights[values >= least].sum()), op=MPI.SUM) >= share * total:
                return least
            part *= 2
        return -np.inf


def weighted_quantiles(values, weights, levels) -> np.ndarray:
    """Quantiles of a weighted sample.

    The distribution function is taken as linear between the midpoints of the steps, so the result depends
    continuously on values and weights.

    Parameters
    ----------
    values, weights : array_like, shape (n,)
    levels : array_like
        Between 0 and 1.

    Returns
    -------
    ndarray
    """
    return Sample(MPI.COMM_SELF, np.asarray(values, float), np.asarray(weights, float)).quantiles(levels)
