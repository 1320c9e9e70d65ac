"""Effective stiffness and effective transport of a cell from the values of its phases."""

from __future__ import annotations

from collections.abc import Mapping

from ..fem import MPI  # noqa: F401  first: orders the MPI library before DOLFINx

# isort: split
from dolfinx import fem

from ..physics.elasticity import hooke, lame
from ..scales import LENGTH, STRESS
from .cell import Cell
from .cell_problem import TOLERANCE, CellProblem, Faces, Response

SMALLEST_TOLERANCE = 1e-12
"""Relative residual that rounding still lets a solver reach. Loads are as large as the best conductor makes them, and what
counts is their work on the worst one, so that the tolerance is smaller by the contrast."""


def stiffness(
    cell: Cell, youngs_modulus: Mapping[str, float], poisson_ratio: Mapping[str, float], faces: Faces = "affine", preset="auto"
) -> Response:
    """Elastic response of a cell: mean stresses for six mean strains (collective).

    Parameters
    ----------
    cell : Cell
    youngs_modulus, poisson_ratio : mapping
        By name of the region; pascals, 1.
    faces : {"affine", "uniform"}
    preset : str

    Returns
    -------
    Response
        In pascals; ``tensor`` is the stiffness, 6 x 6 in Voigt's notation with 3 through the film, and ``layer_tensors()``
        that of each layer.
    """
    pairs = {name: lame(youngs_modulus[name] / STRESS, poisson_ratio[name]) for name in youngs_modulus}
    lam, mu = (cell.coefficient({name: pair[k] for name, pair in pairs.items()}) for k in (0, 1))
    problem = CellProblem(cell, lambda strain: hooke(strain, 0.0, lam, mu), True, faces=faces, preset=preset)
    found = problem.solve().scaled(STRESS)
    problem.destroy()
    return found


def _in_series(bulk: Mapping[str, float], fractions: Mapping[str, float]) -> float:
    """Mean of Reuss over the phases that conduct at all: no tensor of a cell in which they are connected is smaller."""
    shares = {name: share for name, share in fractions.items() if bulk.get(name, 0.0) > 0.0}
    return sum(shares.values()) / sum(share / bulk[name] for name, share in shares.items())


class Transport:
    """Conductivity, diffusivity or permittivity of a cell: one matrix for all, with values that change.

    Parameters
    ----------
    cell : Cell
    interfaces : bool
        Whether interfaces of grains may conduct along themselves.
    faces : {"affine", "uniform"}
    preset : str
    through : bool
        Whether there are loads through the film; see :class:`CellProblem`.
    """

    def __init__(self, cell: Cell, interfaces: bool, faces: Faces = "affine", preset: str = "auto", through: bool = True):
        self.cell = cell
        self._bulk = cell.coefficient({})
        self._surface = fem.Constant(cell.mesh, 0.0) if interfaces and cell.has_interfaces else None
        self._problem = CellProblem(cell, lambda gradient: self._bulk * gradient, False, self._surface, faces, preset, through)

    def solve(self, bulk: Mapping[str, float], surface: float = 0.0) -> Response:
        """Mean fluxes for three mean gradients (collective).

        Parameters
        ----------
        bulk : mapping
            Conductivity or another coefficient by name of the region, SI.
        surface : float
            Conductance of the interfaces of grains: thickness times conductivity, SI.

        Returns
        -------
        Response
            In the unit of the coefficient.
        """
        unit = max(bulk.values())
        contrast = (unit + self._along_interfaces(surface)) / _in_series(bulk, self.cell.fractions())
        self._problem.problem.tolerance = max(TOLERANCE / contrast, SMALLEST_TOLERANCE)
        self.cell.set_coefficient(self._bulk, {name: value / unit for name, value in bulk.items()})
        if self._surface is not None:
            self._surface.value = surface / (unit * LENGTH)
        return self._problem.solve().scaled(unit)

    def _along_interfaces(self, surface: float) -> float:
        """What interfaces add to the conductivity of the cells beside them."""
        if self._surface is None:
            return 0.0
        cells = self.cell.mesh.topology.index_map(self.cell.dim).size_global
        return surface / (LENGTH * (self.cell.volume / cells) ** (1 / self.cell.dim))

    def destroy(self) -> None:
        """Free the PETSc objects."""
        self._problem.destroy()
