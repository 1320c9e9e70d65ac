r"""Response of a cell to mean gradients: stiffness, conductivity, diffusivity or permittivity as tensors.

The field is :math:`E\cdot x + w` with a given mean gradient :math:`E` and a fluctuation :math:`w` that is periodic. On the two
faces of a film it is either zero (``affine``: the faces follow the mean gradient, as between a stiff core and an
equipotential) or free under a uniform traction or flux (``uniform``). Among all conditions on the faces the former gives the
largest apparent tensor and the latter the smallest (Huet, doi:10.1016/0022-5096(90)90041-2); of a laminate both are exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ..fem import MPI  # noqa: F401  first: orders the MPI library before DOLFINx

# isort: split
import ufl
from dolfinx import fem

from ..numerics.compile import compile_form
from ..numerics.constraints import Block, Constraints
from ..numerics.domains import GRAIN_MATRIX
from ..numerics.linear_problem import LinearProblem
from ..physics.homogenisation import (
    DIRECTIONS,
    VOIGT,
    along,
    film_components,
    gradient_in_space,
    normal_in_space,
    strain_in_space,
)
from .cell import HOLE, INNER, OUTER, Cell

Faces = Literal["affine", "uniform"]
TOLERANCE = 1e-8
"""Relative residual of each load. Effective tensors, which are energies, miss by its square."""
THROUGH = 2
"""Direction through a film."""


@dataclass(frozen=True)
class Response:
    """Means over a cell for several loads; components along the directions of a film, strains with engineering shear.

    Attributes
    ----------
    gradients, fluxes : ndarray, shape (components, loads)
        Mean gradient or strain, and mean flux or stress, over the whole box; three components or six in Voigt's order.
    work : ndarray, shape (loads, loads)
        Mean of the flux of one load times the gradient of another.
    layers : mapping of int to (ndarray, ndarray)
        The first two for each layer, by its number from the core outwards.
    energies : mapping of str to ndarray
        Share of each phase in the diagonal of `work`; the rest is that of interfaces.
    """

    gradients: np.ndarray
    fluxes: np.ndarray
    work: np.ndarray
    layers: Mapping[int, tuple[np.ndarray, np.ndarray]]
    energies: Mapping[str, np.ndarray]

    @property
    def tensor(self) -> np.ndarray:
        """Effective tensor from the work of loads in all directions: symmetric, exact to the square of the solver's error."""
        inverse = np.linalg.inv(self.gradients)
        found = inverse.T @ self.work @ inverse
        return (found + found.T) / 2

    @property
    def tensor_of_means(self) -> np.ndarray:
        """The same from mean fluxes and gradients."""
        return self.fluxes @ np.linalg.inv(self.gradients)

    @property
    def reciprocity(self) -> float:
        """How far the work is from that of the means (Hill's lemma) and from symmetry, relative to the work of both loads."""
        size = np.sqrt(np.outer(np.diag(self.work), np.diag(self.work)))
        gap = np.maximum(np.abs(self.work - self.fluxes.T @ self.gradients), np.abs(self.work - self.work.T))
        return float((gap / size).max())

    def layer_tensors(self) -> dict[int, np.ndarray]:
        """Tensor of each layer: mean flux of the layer over its mean gradient.

        Layers in series with these tensors respond as the film does. They are symmetric but for work that fluctuations exchange
        between the layers.
        """
        return {layer: flux @ np.linalg.inv(gradient) for layer, (gradient, flux) in self.layers.items()}

    def scaled(self, factor: float) -> Response:
        """The same in another unit of flux."""
        layers = {layer: (gradient, factor * flux) for layer, (gradient, flux) in self.layers.items()}
        return replace(self, fluxes=factor * self.fluxes, work=factor * self.work, layers=layers)


class CellProblem:
    """Fluctuations of one field in a cell, for mean gradients in all directions of space on one matrix.

    Parameters
    ----------
    cell : Cell
    flux : callable
        UFL gradient (3) -> flux, or strain (3 x 3) -> stress, from coefficients that may change between solutions.
    elastic : bool
        Whether the field is a displacement.
    surface : fem.Constant, optional
        Conductance of the interfaces of grains, in units of conductivity times length of the mesh.
    faces : {"affine", "uniform"}
        Condition on the faces of a film.
    preset : {"auto", "direct", "multigrid"}
    through : bool
        Whether there are loads through the film. Uniform flux into a blocking grain on a face has no bounded potential.
    """

    def __init__(
        self,
        cell: Cell,
        flux: Callable,
        elastic: bool,
        surface: fem.Constant | None = None,
        faces: Faces = "affine",
        preset: str = "auto",
        through: bool = True,
    ):
        self.cell, self.elastic, self._through = cell, elastic, through
        self.uniform = cell.film and faces == "uniform"
        space = fem.functionspace(cell.mesh, ("Lagrange", 2, (3,)) if elastic else ("Lagrange", 2))
        self._fluctuation = fem.Function(space)
        self._mean = fem.Constant(cell.mesh, np.zeros((3, 3) if elastic else 3))
        self._traction = fem.Constant(cell.mesh, np.zeros(3) if elastic else 0.0)
        self._loads = list(self._unit_loads())
        matrix = self._forms(flux, surface, ufl.TestFunction(space), ufl.TrialFunction(space))
        self.problem = LinearProblem(
            matrix, self._constraints(space), preset=preset, loads=len(self._loads), tolerance=TOLERANCE
        )

    def _unit_loads(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Mean gradient and traction of each load; with uniform faces tractions stand for the gradients through the film."""
        unit = np.eye(3)[list(DIRECTIONS[self.cell.dim])]
        for directions in VOIGT if self.elastic else ((0,), (1,), (2,)):
            if directions[-1] == THROUGH and not self._through:
                continue
            first, last = unit[directions[0]], unit[directions[-1]]
            gradient = (np.outer(first, last) + np.outer(last, first)) / 2 if self.elastic else first
            traction = first if self.elastic else np.ones(())
            pulled = self.uniform and directions[-1] == THROUGH
            yield gradient * (not pulled), traction * pulled

    def _forms(self, flux, surface, v, u) -> ufl.Form:
        """Compile what is asked for at the present load and fluctuation; returns the bilinear form."""
        cell, w = self.cell, self._fluctuation
        gradient = strain_in_space if self.elastic else gradient_in_space
        whole = self._mean + gradient(w)
        t = ufl.TestFunction(fem.functionspace(cell.mesh, ("DG", 0, (len(VOIGT) if self.elastic else 3,))))
        s = ufl.TestFunction(fem.functionspace(cell.mesh, ("DG", 0)))
        normal = normal_in_space(ufl.FacetNormal(cell.mesh))

        def components(value, doubled=False):
            return film_components(value, cell.dim, doubled)

        matrix = ufl.inner(flux(gradient(u)), gradient(v)) * cell.dx
        forces = ufl.inner(flux(whole), gradient(v)) * cell.dx
        fluxes = ufl.inner(components(flux(whole)), t) * cell.dx
        if surface is not None:
            where = cell.dS(GRAIN_MATRIX)
            parts = [along(value("+"), normal("+")) for value in (gradient(u), gradient(v), whole)]
            matrix += surface * ufl.inner(parts[0], parts[1]) * where
            forces += surface * ufl.inner(parts[2], parts[1]) * where
            fluxes += surface * ufl.inner(components(parts[2]), t("+")) * where
        gradients = ufl.inner(components(gradient(w), True), t) * cell.dx
        if cell.has_holes:
            # the field goes on through a hole: its gradient there is that of w n over the surface, whose normal points inwards
            jump = ufl.sym(ufl.outer(w, normal)) if self.elastic else w * normal
            gradients -= ufl.inner(components(jump, True), t) * cell.ds(HOLE)
        load = -forces
        if self.uniform:
            load += ufl.inner(self._traction, v) * cell.ds(OUTER) - ufl.inner(self._traction, v) * cell.ds(INNER)
        energy = ufl.inner(flux(whole), whole) * s * cell.dx
        self._load = compile_form(load)
        self._measured = {
            name: compile_form(form)
            for name, form in (("forces", forces), ("fluxes", fluxes), ("gradients", gradients), ("energy", energy))
        }
        return matrix

    def _constraints(self, space) -> Constraints:
        cell = self.cell
        constraints = Constraints(cell.comm, [Block("displacement" if self.elastic else "potential", space)])
        components = range(space.dofmap.index_map_bs)
        if cell.film and not self.uniform:
            for component in components:
                constraints.fix(0, cell.on_face, component=component)
        else:
            constraints.fix_node(0, constraints.nearest_node(0, np.zeros(cell.dim)), components)
        constraints.periodic(0, cell.periods)
        return constraints

    # -- solution -----------------------------------------------------------------------------------------------------------

    def solve(self) -> Response:
        """Response at the present values of the coefficients (collective).

        Raises
        ------
        ConvergenceError
        """
        self.problem.update()
        found = self.problem.solve(self._each_load())
        columns = [self._read(load, w) for load, w in zip(self._loads, found, strict=True)]
        read = {name: np.stack([column[name] for column in columns], axis=-1) for name in columns[0]}
        cell, volume = self.cell, self.cell.volume
        owned = len(read["forces"])
        given = np.stack([self._in_film(mean) for mean, _ in self._loads], axis=-1)
        fluxes, gradients = (cell.by_layer(read[name]) for name in ("fluxes", "gradients"))
        mean_flux = sum(fluxes.values()) / volume
        fluctuations = np.stack([w.x.array[:owned] for w in found], axis=-1)
        work = mean_flux.T @ given + cell.comm.allreduce(read["forces"].T @ fluctuations) / volume
        names = cell.domains.region_names
        return Response(
            given + sum(gradients.values()) / volume,
            mean_flux,
            work,
            {k: (given + gradients[k] / size, fluxes[k] / size) for k, size in cell.layers().items()},
            {names[k]: power[0] / volume / np.diag(work) for k, power in cell.by_region(read["energy"]).items()},
        )

    def _each_load(self) -> Iterator[fem.Form]:
        """The one form of the loads, with the constants of each in turn."""
        self._fluctuation.x.array[:] = 0.0
        for load in self._loads:
            self._mean.value, self._traction.value = load
            yield self._load

    def _read(self, load, fluctuation: fem.Function) -> dict[str, np.ndarray]:
        """Forces on the unknowns of this rank, and sums over its cells, for one load."""
        self._mean.value, self._traction.value = load
        self._fluctuation.x.array[:] = fluctuation.x.array
        result = {name: self.cell.assembled(form) for name, form in self._measured.items()}
        result["forces"] = result["forces"].ravel()
        return result

    def _in_film(self, gradient: np.ndarray) -> np.ndarray:
        """Components of a mean gradient along the directions of the film."""
        axes = DIRECTIONS[self.cell.dim]
        if not self.elastic:
            return gradient[list(axes)]
        return np.array([(1 + (i != j)) * gradient[axes[i], axes[j]] for i, j in VOIGT])

    def destroy(self) -> None:
        """Free the PETSc objects."""
        self.problem.destroy()
