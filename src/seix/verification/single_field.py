"""Conduction or elasticity alone on a tagged mesh, with values on the boundary from a closed form."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import ufl

from ..fem import MPI

# isort: split
from dolfinx import fem

from ..numerics.compile import compile_form
from ..numerics.constraints import Block, Constraints
from ..numerics.domains import Domains, Submesh
from ..numerics.linear_problem import LinearProblem
from ..physics import conduction, elasticity

Fixed = tuple[Callable, "Callable | float", int]
"""Condition on the coordinates (nodes, dim); value, or values at the coordinates; component."""
_TIGHT = 1e-11
"""Relative residual: far below all errors of discretisation."""


class SingleField:
    """One mesh, on which several fields can be solved and measured.

    Parameters
    ----------
    tagged
        Mesh with ``core``, ``electrolyte`` and the layers between as its regions; needed on rank 0 only.

    Attributes
    ----------
    domains : Domains
    x : ufl.SpatialCoordinate
    """

    def __init__(self, tagged):
        comm = MPI.COMM_WORLD
        self.domains = Domains(comm, tagged if comm.rank == 0 else None)
        self.comm, self.dim = comm, self.domains.dim
        self.mesh = self.domains.mesh
        self.x = ufl.SpatialCoordinate(self.mesh)
        self._all = Submesh(self.mesh, None, np.arange(len(self.domains.region), dtype=np.int32))

    def per_region(self, values: Mapping[str, float]) -> fem.Function:
        """Coefficient from one value for each name of a region."""
        return self.domains.cell_constant(self._all, [values.get(name, np.nan) for name in self.domains.region_names])

    def region(self, *names: str):
        """Measure of some regions; of all without names."""
        chosen = [self.domains.region_names.index(name) for name in names] or range(len(self.domains.region_names))
        return self.domains.dx(tuple(chosen))

    def conduct(self, conductivity, fixed: list[Fixed], surface=None, source=None) -> fem.Function:
        """Potential.

        Parameters
        ----------
        conductivity : mapping
            Of each region.
        fixed : list of Fixed
        surface : (conductance, measure), optional
            Of a conducting interface between cells.
        source : callable, optional
            Test function -> linear form.
        """
        space = fem.functionspace(self.mesh, ("Lagrange", 2))
        u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
        a = conduction.ohmic_conduction(self.per_region(conductivity), u, v) * self.region()
        if surface:
            conductance, where = surface
            given = fem.Constant(self.mesh, float(conductance))
            a += conduction.surface_conduction(given, u, v, ufl.FacetNormal(self.mesh)) * where
        return self._solve(space, a, source and source(v), fixed)

    def moduli(self, young, poisson):
        """Lame's constants as coefficients."""
        pairs = {name: elasticity.lame(young[name], poisson[name]) for name in young}
        return tuple(self.per_region({name: pair[i] for name, pair in pairs.items()}) for i in (0, 1))

    def stress(self, u, young, poisson, eigenstrain=0.0, out_of_plane=0.0):
        """Stress tensor (3 x 3) of a displacement."""
        return elasticity.hooke(elasticity.strain(u, out_of_plane), eigenstrain, *self.moduli(young, poisson))

    def deform(
        self, young, poisson, fixed: list[Fixed], eigenstrain=0.0, out_of_plane=0.0, load=None, period=None, jumps=None
    ) -> fem.Function:
        """Displacement.

        Parameters
        ----------
        young, poisson : mapping
            Of each region.
        fixed : list of Fixed
        eigenstrain
            Stress-free strain, the same in all directions: number or expression.
        out_of_plane : float
            Strain normal to the plane.
        load : callable, optional
            Test function -> linear form of the loads.
        period : float, optional
            Of opposite sides, with the given ``jumps`` of the displacement.
        """
        space = fem.functionspace(self.mesh, ("Lagrange", 2, (self.dim,)))
        u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
        whole = self.stress(u, young, poisson)
        a = elasticity.virtual_work(whole, v) * self.region()
        # the given strains act as a load: stress of no displacement, moved to the right
        if isinstance(eigenstrain, int | float):
            eigenstrain = fem.Constant(self.mesh, float(eigenstrain))
        axial = fem.Constant(self.mesh, float(out_of_plane))
        flat = ufl.as_tensor([[0, 0, 0], [0, 0, 0], [0, 0, axial if self.dim == 2 else 0]])
        given = elasticity.hooke(flat, eigenstrain, *self.moduli(young, poisson))
        right = -elasticity.virtual_work(given, v) * self.region()
        return self._solve(space, a, right + load(v) if load else right, fixed, period, jumps)

    def _solve(self, space, a, right, fixed, period=None, jumps=None) -> fem.Function:
        block = Block("potential" if space.dofmap.index_map_bs == 1 else "displacement", space)
        constraints = Constraints(self.comm, [block])
        for where, value, component in fixed:
            constraints.fix(0, where, value(block.coordinates()) if callable(value) else value, component)
        if period:
            constraints.periodic(0, period, jumps=jumps or {})
        problem = LinearProblem(a, constraints, tolerance=_TIGHT)
        (found,) = problem.solve([right])
        problem.destroy()
        return found

    # -- measures -------------------------------------------------------------------------------------------------------

    def integrate(self, integrand, where=None) -> float:
        """Integral over all ranks."""
        measure = self.region() if where is None else where
        if isinstance(integrand, int | float):
            integrand = fem.Constant(self.mesh, float(integrand))
        return self.comm.allreduce(fem.assemble_scalar(compile_form(integrand * measure)), op=MPI.SUM)

    def mean(self, integrand, where=None) -> float:
        """Mean over a measure."""
        return self.integrate(integrand, where) / self.integrate(1.0, where)

    def distance(self, found, exact, where=None) -> float:
        """Distance of a field to the exact one in the 2-norm, relative to the exact one."""
        gap = self.integrate(ufl.inner(found - exact, found - exact), where)
        return float(np.sqrt(gap / self.integrate(ufl.inner(exact, exact), where)))

    def at(self, expression, point, region: str) -> float:
        """Value of a scalar expression at a vertex of the mesh, seen from the cells of one region (their mean)."""
        tdim = self.dim
        self.mesh.topology.create_connectivity(0, tdim)
        corners = np.vstack([np.zeros(tdim), np.eye(tdim)])
        owned = self.mesh.topology.index_map(tdim).size_local
        cells = np.flatnonzero(self.domains.region[:owned] == self.domains.region_names.index(region)).astype(np.int32)
        places = self.mesh.geometry.x[self.mesh.geometry.dofmaps[0][cells][:, : tdim + 1]][:, :, :tdim]
        near = np.linalg.norm(places - np.asarray(point), axis=2) < 1e-6 * np.abs(places).max(initial=1.0)
        chosen = near.any(axis=1)
        total = 0.0
        # compiled on all ranks, also on those that have nothing to evaluate
        values = fem.Expression(expression, corners).eval(self.mesh, cells[chosen])
        if chosen.any():
            total = float(values.reshape(-1, tdim + 1)[near[chosen]].sum())
        count = self.comm.allreduce(int(near.sum()))
        return self.comm.allreduce(total) / count


def refined(make: Callable[[int], SingleField], measure: Callable[[SingleField], Mapping[str, float]], levels=(1, 2, 4)):
    """Values of several numbers on meshes that get finer: name -> tuple."""
    found = [measure(make(level)) for level in levels]
    return {name: tuple(one[name] for one in found) for name in found[0]}


def radius_is(value: float, dim: int):
    """Condition: on a circle or sphere about the origin."""
    return lambda x: np.abs(np.linalg.norm(x[:, :dim], axis=1) - value) < 1e-6 * value


def on_plane(axis: int, value: float = 0.0, tolerance: float = 1e-7):
    """Condition: on a plane normal to an axis."""
    return lambda x: np.abs(x[:, axis] - value) < tolerance
