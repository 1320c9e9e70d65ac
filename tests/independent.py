"""The equations of seix put into scikit-fem, a finite element code that shares no line with it.

Both codes get the same mesh of curved cells of the second order, the same values and the same quadrature points, so that
their discrete problems are one and the same. Here everything is in SI but for lengths in nm and stress in GPa, fields are
solved one after the other on the whole mesh, and constraints are put together from node numbers.
"""

from __future__ import annotations

import basix
import numpy as np
import scipy.sparse as sparse
import skfem
from scipy.sparse.linalg import splu
from scipy.spatial import cKDTree
from skfem.helpers import ddot, div, dot, grad, sym_grad

NM = 1e-9
FARADAY = 1.602176634e-19 * 6.02214076e23
NEAR = 1e-6
"""Distance in nm below which nodes are the same."""
ORDER = {2: [0, 1, 2, 5, 3, 4], 3: [0, 1, 2, 3, 9, 6, 8, 7, 5, 4]}
"""Nodes of a cell of the second order: place in basix of each node in the order of scikit-fem."""
ELEMENT = {2: (skfem.MeshTri2, skfem.ElementTriP2), 3: (skfem.MeshTet2, skfem.ElementTetP2)}
CELL = {2: basix.CellType.triangle, 3: basix.CellType.tetrahedron}


@skfem.BilinearForm
def conduct(u, v, w):
    """Ohm and Fick."""
    return w.k * dot(grad(u), grad(v))


@skfem.BilinearForm
def stiff(u, v, w):
    """Hooke; in the plane at a given strain out of it."""
    return w.lam * div(u) * div(v) + 2 * w.mu * ddot(sym_grad(u), sym_grad(v))


@skfem.LinearForm
def push(v, w):
    """Work of a pressure."""
    return w.p * div(v)


@skfem.LinearForm
def one(v, w):
    """Integral of a test function."""
    return v + 0 * w.x[0]


class Affine:
    """Unknowns u = T y + g with one row of T for each unknown: fixed, equal to another one, or free."""

    def __init__(self, size):
        self.master, self.value, self.extra = np.arange(size), np.zeros(size), []

    def fix(self, rows, value=0.0):
        """Give unknowns a value."""
        self.master[rows], self.value[rows] = -1, value

    def solve(self, matrix, load):
        """Solution of the constrained problem; each vector in ``extra`` is added with a weight that is unknown."""
        free = self.master == np.arange(len(self.master))
        number = np.full(len(free), -1)
        number[free] = np.arange(free.sum())
        follows = self.master >= 0
        column = np.where(follows, number[self.master], -1)
        given = np.where(follows, self.value[self.master] * (self.master != np.arange(len(free))), 0.0) + self.value
        kept = column >= 0
        T = sparse.csr_matrix((np.ones(kept.sum()), (np.flatnonzero(kept), column[kept])), (len(free), free.sum()))
        if self.extra:
            T = sparse.hstack([T, np.column_stack(self.extra)]).tocsr()
        used = np.asarray(abs(T.T @ matrix @ T).sum(axis=1)).ravel() > 0  # nodes outside of the part have no equation
        T = T[:, used]
        # symmetric and positive definite: no pivots needed, which keeps the factors sparse
        factors = splu((T.T @ matrix @ T).tocsc(), "MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
        return T @ factors.solve(T.T @ (load - matrix @ given)) + given


class Independent:
    """Patch with perfect contact in scikit-fem.

    Parameters
    ----------
    tagged : TaggedMesh
    degree : int
        Of the quadrature rule.
    """

    def __init__(self, tagged, degree=4):
        self.tagged, self.dim = tagged, tagged.points.shape[1]
        make, element = ELEMENT[self.dim]
        mesh = make(tagged.points.T.copy(), tagged.cells[:, ORDER[self.dim]].T.copy(), sort_t=False)
        points, self.weights = basix.make_quadrature(CELL[self.dim], degree)
        rule = (np.ascontiguousarray(points.T), self.weights)
        self.scalar = skfem.Basis(mesh, element(), quadrature=rule)
        self.vector = skfem.Basis(mesh, skfem.ElementVector(element()), quadrature=rule)
        self.x = self.scalar.doflocs.T
        self.tree = cKDTree(self.x)
        bottom = mesh.facets_satisfying(lambda x: np.abs(x[-1] + tagged.core_size) < NEAR, boundaries_only=True)
        self.bottom = one.assemble(skfem.FacetBasis(mesh, element(), facets=bottom, intorder=4))
        self.corner = self.numbers([np.append(np.zeros(self.dim - 1), -tagged.core_size)])[0]
        self.region = np.asarray(tagged.region)
        names = self.tagged.region_names
        self.in_core = self.region == names.index("core")
        self.solid = self.region != names.index("electrolyte")

    def part(self, cells):
        """Basis on some cells, with the numbers of all unknowns."""
        rule = self.scalar.quadrature
        return skfem.Basis(self.scalar.mesh, self.scalar.elem, quadrature=rule, elements=np.flatnonzero(cells))

    def numbers(self, x):
        """Nodes here at the places of nodes of seix."""
        distance, found = self.tree.query(x)
        assert distance.max() < NEAR
        return found

    def periodic(self):
        """Node on the near sides that each node follows, and by how many periods in each direction it is away."""
        far = np.zeros_like(self.x)
        far[:, :-1] = np.abs(self.x[:, :-1] - self.tagged.period) < NEAR
        return self.numbers(self.x - far * self.tagged.period), far

    def cellwise(self, values, otherwise=0.0):
        """A value by region name at all quadrature points."""
        column = np.array([values.get(name, otherwise) for name in self.tagged.region_names])[self.region]
        return np.repeat(column[:, None], len(self.weights), axis=1)

    # -- the three fields ---------------------------------------------------------------------------------------------

    def potential(self, conductivity, density):
        """Potential in volts at a current density in A/m2 out of the bottom; zero at the top."""
        self.conduction = conduct.assemble(self.scalar, k=self.cellwise(conductivity))
        rules = Affine(len(self.x))
        rules.master = self.periodic()[0]
        top = self.tagged.sei_thickness + self.tagged.electrolyte_depth
        rules.fix(np.abs(self.x[:, -1] - top) < NEAR)
        self.phi = rules.solve(self.conduction, -density * NM * self.bottom)
        return self.phi

    def lithium(self, conductivity, density, diffusivity):
        """Deviation of the concentration in the core in mol/m3: the current that arrives fills it evenly."""
        core = self.part(self.in_core)
        arrives = conduct.assemble(core, k=conductivity) @ self.phi + density * NM * self.bottom
        mass = one.assemble(core)
        fills = mass * arrives.sum() / mass.sum()
        matrix = diffusivity * FARADAY * conduct.assemble(core, k=1.0)
        rules = Affine(len(self.x))
        rules.master = self.periodic()[0]
        rules.fix(self.corner)  # up to a constant, which the mean settles
        c = rules.solve(matrix, arrives - fills)
        return np.where(mass != 0, c - mass @ c / mass.sum(), 0.0)

    def displacement(self, young, poisson, expansion, out_of_plane, stretch):
        """Displacement in nm.

        Parameters
        ----------
        young, poisson : dict
            By region name.
        expansion : ndarray, shape (cells, points)
            Stress-free strain.
        out_of_plane : float
            Strain across the plane.
        stretch : float or None
            Strain along the patch; found without a mean force for None.
        """
        nodes, dim = len(self.x), self.dim
        moduli = [
            (young[n] * poisson[n] / (1 + poisson[n]) / (1 - 2 * poisson[n]), young[n] / 2 / (1 + poisson[n])) for n in young
        ]
        self.lam, self.mu = (self.cellwise(dict(zip(young, column, strict=True))) for column in zip(*moduli, strict=True))
        self.expansion, self.out = expansion, out_of_plane if dim == 2 else 0.0
        matrix = stiff.assemble(self.vector, lam=self.lam, mu=self.mu)
        load = push.assemble(self.vector, p=(3 * self.lam + 2 * self.mu) * expansion - self.lam * self.out)
        row_of = np.empty((nodes, dim), dtype=int)
        for k, rows in enumerate(self.vector.split_indices()):
            row_of[self.numbers(self.vector.doflocs.T[rows]), k] = rows
        master, far = self.periodic()
        rules = Affine(dim * nodes)
        rules.master[row_of] = row_of[master]
        shift = np.zeros(dim * nodes)
        shift[row_of] = far * self.tagged.period
        if stretch is None:
            rules.extra = [np.zeros(dim * nodes) for _ in range(dim - 1)]
            for k, column in enumerate(rules.extra):
                column[row_of[:, k]] = shift[row_of[:, k]]
        given = np.zeros(dim * nodes) if stretch is None else stretch * shift
        low = np.abs(self.x[:, -1] + self.tagged.core_size) < NEAR
        rules.fix(row_of[low, -1])
        rules.fix(row_of[self.corner, :-1])
        # what is given, the jump between the sides, goes to the right-hand side
        self.u = rules.solve(matrix, load - matrix @ given) + given
        return self.u[row_of]

    # -- at the quadrature points ---------------------------------------------------------------------------------------

    def field(self):
        """Gradient of the potential in V/m, shape (cells, points, dim)."""
        return np.moveaxis(self.scalar.interpolate(self.phi).grad, 0, -1) / NM

    def stress(self):
        """Stress, shape (cells, points, 3, 3)."""
        gradient = np.moveaxis(self.vector.interpolate(self.u).grad, (0, 1), (-2, -1))
        strain = np.zeros((*gradient.shape[:2], 3, 3))
        strain[..., : self.dim, : self.dim] = (gradient + gradient.swapaxes(-1, -2)) / 2
        if self.dim == 2:
            strain[..., 2, 2] = self.out
        elastic = strain - self.expansion[..., None, None] * np.eye(3)
        trace = np.trace(elastic, axis1=-2, axis2=-1)
        return self.lam[..., None, None] * trace[..., None, None] * np.eye(3) + 2 * self.mu[..., None, None] * elastic

    def volumes(self):
        """Volume that each quadrature point stands for, nm^dim."""
        return self.scalar.dx
