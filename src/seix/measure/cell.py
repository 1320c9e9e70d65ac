"""A piece of microstructure on a mesh of its own: periodic in all directions, or a film that is periodic along its plane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..fem import MPI  # first: orders the MPI library before DOLFINx

# isort: split
import ufl
from dolfinx import fem, la, mesh

from ..numerics.compile import compile_form
from ..numerics.domains import FLATNESS, GRAIN_MATRIX, QUADRATURE_DEGREE, Domains
from ..numerics.facets import interface_entities
from ..physics.homogenisation import DIRECTIONS, normal_in_space

INNER, OUTER, HOLE = 1, 2, 3
"""Facets of the boundary: the two faces of a film, core side first, and the surfaces of voids."""


class Cell:
    """Some regions of a mesh that repeat periodically.

    Parameters
    ----------
    domains : Domains
    regions : sequence of int
        Regions that carry fields, those of the SEI by default. Voids between them are holes.
    periods : sequence of float or None, optional
        Period along each axis in nanometres, from 0 on; None for the last axis makes the cell a film between two flat faces. That
        of a patch by default.
    size : float, optional
        Extent along the axis without period, that of the SEI by default.

    Attributes
    ----------
    mesh
        The regions alone.
    dim : int
    region, grain, layer : ndarray of int32
        Tags of the local cells, ghosts included.
    volume : float
        Of the whole box with its voids, in the units of the mesh.
    dx, dS, ds
        Measures; ``dS(GRAIN_MATRIX)`` has the grain on its ``+`` side, ``ds`` knows ``INNER``, ``OUTER`` and ``HOLE``.
    """

    def __init__(
        self,
        domains: Domains,
        regions: Sequence[int] | None = None,
        periods: Sequence[float | None] | None = None,
        size: float | None = None,
    ):
        self.domains, self.comm, self.dim = domains, domains.comm, domains.dim
        self.regions = tuple(domains.sei_regions if regions is None else regions)
        shape = domains.shape
        self.periods = tuple([shape["period"]] * (self.dim - 1) + [None] if periods is None else periods)
        self.size = shape["sei_thickness"] if size is None else size
        self.volume = float(np.prod([self.size if length is None else length for length in self.periods]))
        self.part = domains.part(*self.regions)
        self.mesh = self.part.mesh
        self.region, self.grain, self.layer = (
            tags[self.part.parent_cells] for tags in (domains.region, domains.grain, domains.layer)
        )
        self.owned = self.mesh.topology.index_map(self.dim).size_local
        rank = self.grain
        facets = interface_entities(self.mesh, {GRAIN_MATRIX: lambda a, b: rank[a] > rank[b]})
        metadata = {"quadrature_degree": QUADRATURE_DEGREE}
        self.dx = ufl.Measure("dx", domain=self.mesh, metadata=metadata)
        self.dS = ufl.Measure("dS", domain=self.mesh, subdomain_data=list(facets.items()), metadata=metadata)
        self.ds = ufl.Measure("ds", domain=self.mesh, subdomain_data=self._boundary(), metadata=metadata)
        self._volumes = self._volumes_of_parts()

    @property
    def film(self) -> bool:
        """Whether the last direction has no period."""
        return self.periods[-1] is None

    @property
    def has_holes(self) -> bool:
        """Whether there are voids."""
        return self.domains.void_region is not None

    @property
    def has_interfaces(self) -> bool:
        """Whether any grain has a surface in the cell (collective)."""
        return bool(self.comm.allreduce(int((self.grain >= 0).any())))

    def on_face(self, x: np.ndarray) -> np.ndarray:
        """Which of some points (n, dim) lie on a face of the film."""
        return (np.abs(x[:, -1]) < FLATNESS) | (np.abs(x[:, -1] - self.size) < FLATNESS)

    def coefficient(self, values: Mapping[str, float]) -> fem.Function:
        """Piecewise constant coefficient from one value for each name of a region."""
        return self.domains.cell_constant(self.part, [values.get(name, np.nan) for name in self.domains.region_names])

    def set_coefficient(self, function: fem.Function, values: Mapping[str, float]) -> None:
        """Give a coefficient other values."""
        self.domains.set_cell_constant(function, self.part, [values.get(name, np.nan) for name in self.domains.region_names])

    def _boundary(self) -> mesh.MeshTags:
        """Tags of the facets of the boundary that are no side of a period."""
        dim, last = self.dim, self.dim - 1
        ends = {axis: (0.0, self.size if length is None else length) for axis, length in enumerate(self.periods)}
        self.mesh.topology.create_connectivity(dim - 1, dim)
        facets = mesh.exterior_facet_indices(self.mesh.topology)
        tags = np.full(len(facets), HOLE, dtype=np.int32)
        for axis, pair in ends.items():
            for value, tag in zip(pair, (INNER, OUTER), strict=True):
                found = mesh.locate_entities_boundary(
                    self.mesh, dim - 1, lambda x, axis=axis, value=value: np.abs(x[axis] - value) < FLATNESS
                )
                tags[np.isin(facets, found)] = tag if axis == last and self.film else 0
        return mesh.meshtags(self.mesh, dim - 1, facets, tags)

    # -- volumes ------------------------------------------------------------------------------------------------------------

    def fractions(self, layer: int | None = None) -> dict[str, float]:
        """Share of each phase, voids included, in the cell or in one layer."""
        names, inside = self.domains.region_names, {
            key: value for key, value in self._volumes.items() if layer is None or key[1] == layer
        }
        total, shares = sum(inside.values()), dict.fromkeys((names[region] for region, _ in inside), 0.0)
        for (region, _), value in inside.items():
            shares[names[region]] += value / total
        return shares

    def layers(self) -> dict[int, float]:
        """Volume of each layer, voids included, by its number from the core outwards."""
        found: dict[int, float] = {}
        for (_, layer), value in sorted(self._volumes.items(), key=lambda item: item[0][1]):
            if layer >= 0:
                found[layer] = found.get(layer, 0.0) + value
        return found

    def _volumes_of_parts(self) -> dict[tuple[int, int], float]:
        """Volume of each pair of region and layer, voids included (collective)."""
        d = self.domains
        chosen = {*self.regions, *([d.void_region] if self.has_holes else [])}
        test = ufl.TestFunction(fem.functionspace(d.mesh, ("DG", 0)))
        vector = fem.assemble_vector(compile_form(test * ufl.dx(d.mesh, metadata={"quadrature_degree": QUADRATURE_DEGREE})))
        count, layers = d.mesh.topology.index_map(self.dim).size_local, int(d.layer.max(initial=-1)) + 2
        layers = self.comm.allreduce(layers, op=MPI.MAX)
        sums = np.zeros((len(d.region_names), layers))
        np.add.at(sums, (d.region[:count], d.layer[:count] + 1), vector.array[:count])
        sums = self.comm.allreduce(sums)
        return {(r, k - 1): float(sums[r, k]) for r, k in zip(*np.nonzero(sums), strict=True) if r in chosen}

    def interface_projections(self) -> np.ndarray:
        """Mean over the box of what interfaces of grains conduct along each of the three directions of a film, if the gradient is
        the same everywhere: the integral of 1 - n_i^2 over their area, over the volume (collective)."""
        normal = normal_in_space(ufl.FacetNormal(self.mesh))("+")
        where, found = self.dS(GRAIN_MATRIX), []
        for axis in DIRECTIONS[self.dim]:
            found.append(self.comm.allreduce(fem.assemble_scalar(compile_form((1 - normal[axis] ** 2) * where))) / self.volume)
        return np.array(found)

    # -- means --------------------------------------------------------------------------------------------------------------

    def assembled(self, form) -> np.ndarray:
        """Vector of a compiled form on the nodes or cells of this rank, one row for each (collective)."""
        dofmap = form.function_spaces[0].dofmap
        vector = fem.assemble_vector(form)
        vector.scatter_reverse(la.InsertMode.add)
        return vector.array[: dofmap.index_map.size_local * dofmap.index_map_bs].reshape(-1, dofmap.index_map_bs)

    def by_layer(self, sums: np.ndarray) -> dict[int, np.ndarray]:
        """Sums over the cells of each layer, -1 for cells without one (collective)."""
        return self._by(self.layer, sums)

    def by_region(self, sums: np.ndarray) -> dict[int, np.ndarray]:
        """Sums over the cells of each region (collective)."""
        return self._by(self.region, sums)

    def _by(self, tags: np.ndarray, sums: np.ndarray) -> dict[int, np.ndarray]:
        own = tags[: self.owned]
        numbers = sorted(set().union(*self.comm.allgather(set(own.tolist()))))
        return {number: self.comm.allreduce(sums[own == number].sum(axis=0)) for number in numbers}
