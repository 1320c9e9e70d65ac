"""Compliance of a flat free surface: how far each node of it gives way under the pressure of each other node.

Pressures are sums of linear hat functions on the vertices of the surface, and displacements of quadratic elements are
looked at in the mean over the same hats. So the compliance is symmetric and positive definite, and the pressures do not
oscillate: their space is part of that of the displacements. It takes one solution for each node, all on one factorisation or one
preconditioner; what follows, at any depth and place of the tip, is small and dense.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import ufl

from ..fem import MPI

# isort: split
from dolfinx import fem, la, mesh

from ..errors import GeometryError
from ..numerics.compile import compile_form
from ..numerics.contact import Contact, solve_contact
from ..numerics.linear_problem import LinearProblem
from ..numerics.loads import TOGETHER
from .indentation_curve import Curve, Tip

SAME = 1e-6
"""Distance in nanometres within which nodes are one."""
WIDER = 1.25
"""Factor by which more of the surface is looked at where the contact reaches the end of what was."""


@dataclass(frozen=True)
class Patch:
    """The part of a surface that a tip may touch, with all that contact needs.

    Attributes
    ----------
    compliance : ndarray (n, n)
    weights, distance : ndarray (n,)
        Integrals of the hats [nm2]; distance of their nodes from the tip [nm].
    gap : ndarray (n,)
        Integrals of the hats times the distance of tip and surface that touch at one point [nm3].
    """

    compliance: np.ndarray
    weights: np.ndarray
    distance: np.ndarray
    gap: np.ndarray

    def press(self, depth: float) -> Contact:
        """Equilibrium at a depth [nm]."""
        return solve_contact(self.compliance, self.weights, self.gap, depth)

    def curve(self, depths: np.ndarray) -> Curve:
        """Force and contact area at several depths [nm]."""
        contacts = [self.press(float(depth)) for depth in depths]
        return Curve(depths, *(np.array([getattr(one, name) for one in contacts]) for name in ("force", "area")))

    def holds(self, tip: Tip, size: float) -> bool:
        """Whether the contact at the largest depth ends inside, cells of a size before the outermost node [nm]."""
        return not (self.press(tip.depth).touching & (self.distance > self.distance.max() - size)).any()

    def with_shift(self, shift: float) -> Patch:
        """The same with a displacement of the whole surface that is proportional to the force [nm/nN]."""
        return Patch(self.compliance + shift * np.outer(self.weights, self.weights), self.weights, self.distance, self.gap)


def widened(radius: float, largest: float) -> float:
    """Radius of the surface to look at where the contact reaches the end of what was, at most the largest there is [nm].

    Raises
    ------
    GeometryError
        If that was the largest.
    """
    if radius >= largest:
        raise too_wide(largest)
    return min(WIDER * radius, largest)


def too_wide(radius: float) -> GeometryError:
    """The error for a contact that is wider than the surface."""
    return GeometryError(
        f"the contact of the tip is wider than {2 * radius:.3g} nm: measure.indentation needs a wider patch (geometry.period), a "
        "smaller depth or a smaller tip_radius"
    )


class Surface:
    """Free surface at the top of a mesh, normal to its last axis.

    Parameters
    ----------
    problem : LinearProblem
        Elasticity of the body with everything that holds it; lengths in nm, moduli in GPa.
    height : float
        Of the surface [nm].
    density : callable, optional
        Position -> what an area of the surface is multiplied with: ``2 pi r`` for a body of revolution.
    period : float, optional
        Of the surface in both directions [nm].
    degree : int
        Of the quadrature.

    Attributes
    ----------
    nodes : ndarray (n, dim - 1)
        Vertices of the surface, periodic images only once, the same on all ranks [nm].
    """

    def __init__(
        self, problem: LinearProblem, height: float, density: Callable | None = None, period: float | None = None, degree: int = 4
    ):
        self._problem, self._period = problem, period
        self._space = problem.block.space
        self._mesh, self._comm = self._space.mesh, problem.comm
        self._axis = self._mesh.geometry.dim - 1
        self._hats = fem.functionspace(self._mesh, ("Lagrange", 1))
        self._pressure, self._moved = fem.Function(self._hats), fem.Function(self._space)
        self._distance = fem.Function(fem.functionspace(self._mesh, ("Lagrange", 2)))
        self._forms(height, density, degree)
        self._number(height)
        self.weights = self._sum(self._form_of_weights)
        self._columns: dict[int, np.ndarray] = {}

    def _forms(self, height: float, density, degree: int) -> None:
        facets = mesh.locate_entities_boundary(self._mesh, self._axis, lambda x: np.abs(x[self._axis] - height) < SAME)
        tags = mesh.meshtags(self._mesh, self._axis, np.sort(facets), np.ones(len(facets), np.int32))
        ds = ufl.Measure("ds", domain=self._mesh, subdomain_data=tags, metadata={"quadrature_degree": degree})(1)
        factor = 1.0 if density is None else density(ufl.SpatialCoordinate(self._mesh))
        hat, moved = ufl.TestFunction(self._hats), ufl.TestFunction(self._space)
        self._load = compile_form(-factor * self._pressure * moved[self._axis] * ds)
        self._form_of_weights = compile_form(factor * hat * ds)
        self._form_of_depths = compile_form(-factor * self._moved[self._axis] * hat * ds)
        self._form_of_gaps = compile_form(factor * self._distance * hat * ds)

    def _number(self, height: float) -> None:
        """Give every vertex of the surface a number that does not depend on the ranks; -1 for all others."""
        owned = self._hats.dofmap.index_map.size_local
        x = self._hats.tabulate_dof_coordinates()[:owned, : self._axis + 1]
        self._mine = np.flatnonzero(np.abs(x[:, -1] - height) < SAME)
        places = x[self._mine, :-1].copy()
        if self._period is not None:
            places[np.abs(places - self._period) < SAME] = 0.0
        keys = np.round(places / SAME).astype(np.int64)
        every = np.concatenate(self._comm.allgather(keys))
        unique, first = np.unique(every, axis=0, return_index=True)
        order = {tuple(key): k for k, key in enumerate(unique.tolist())}
        self._numbers = np.array([order[tuple(key)] for key in keys.tolist()], dtype=np.int64)
        self.nodes = np.concatenate(self._comm.allgather(places))[first]

    def _sum(self, form) -> np.ndarray:
        """Values of a linear form of the hats for all nodes, on all ranks."""
        vector = fem.assemble_vector(form)
        vector.scatter_reverse(la.InsertMode.add)
        found = np.bincount(self._numbers, vector.array[self._mine], len(self.nodes))
        return self._comm.allreduce(found, op=MPI.SUM)

    def away(self, places: np.ndarray, tip: Sequence[float]) -> np.ndarray:
        """Distance (n,) of places (n, dim - 1) from the tip or its nearest image [nm]."""
        away = np.abs(places - np.asarray(tip))
        if self._period is not None:
            away = away % self._period
            away = np.minimum(away, self._period - away)
        return np.linalg.norm(away, axis=1)

    def compliance(self, nodes: np.ndarray) -> np.ndarray:
        """Integrals (k, k) of the hats of some nodes times the displacement under the pressure of each (collective)."""
        missing = [int(node) for node in nodes if int(node) not in self._columns]
        for start in range(0, len(missing), TOGETHER):
            part = missing[start : start + TOGETHER]
            for node, found in zip(part, self._problem.solve(self._loads(part)), strict=True):
                self._moved.x.array[:] = found.x.array
                self._columns[node] = self._sum(self._form_of_depths) * self.weights[node]
        found = np.column_stack([self._columns[int(node)][nodes] for node in nodes])
        return 0.5 * (found + found.T)

    def _loads(self, nodes: Sequence[int]) -> Iterator[fem.Form]:
        """Unit forces by the hats of some nodes: fields that are given far away may be those of a unit force."""
        for node in nodes:
            self._pressure.x.array[:] = 0.0
            self._pressure.x.array[self._mine[self._numbers == node]] = 1.0 / self.weights[node]
            self._pressure.x.scatter_forward()
            yield self._load

    def patch(self, tip: Tip, place: Sequence[float], radius: float) -> Patch:
        """What a tip may touch (collective).

        Parameters
        ----------
        tip : Tip
        place : sequence of float
            Of its axis on the surface [nm].
        radius : float
            Largest distance of a node from there that is looked at [nm].
        """
        distance = self.away(self.nodes, place)
        chosen = np.flatnonzero(distance <= radius * (1.0 + SAME))
        self._distance.interpolate(lambda x: tip.height(self.away(x[: self._axis].T, place)))
        gap = self._sum(self._form_of_gaps)[chosen]
        return Patch(self.compliance(chosen), self.weights[chosen], distance[chosen], gap)

    @property
    def solutions(self) -> int:
        """Number of loads solved so far."""
        return len(self._columns)
