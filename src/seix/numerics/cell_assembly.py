"""Fast assembly of square blocks that are sums over cells: pattern from the numbers of the nodes, rows filled in order.

The general way through PETSc looks up every entry of every cell matrix in its row, one by one, and finds the pattern by
sorting all of them. Here the pattern comes from two passes over the cells of each node, and the entries of a cell go into
its rows in one sweep, since both are in ascending order. The kernels are those that FFCx made. What is added to rows of other
ranks goes there in one message.
"""

from __future__ import annotations

import numpy as np

from ..errors import InputError
from ..fem import MPI, PETSc

# isort: split
from dolfinx import cpp, fem

from .cell_loops import NAME, Rows, add_cells, pattern, scalar_columns
from .matrix_arrays import value_arrays
from .native import prepare
from .shared_rows import SharedRows

CELL = cpp.fem._IntegralType.cell


class CellMatrix:
    """PETSc matrix of a form that is a sum over cells on one space (see :func:`suitable`).

    Parameters
    ----------
    form : dolfinx.fem.Form
    entity_maps : sequence or None
        Maps between the submeshes and the mesh of integration.
    kind : {"aij", "baij"}
    """

    def __init__(self, form, entity_maps, kind: str):
        space = form.function_spaces[0]
        dofmap, mesh = space.dofmap, form.mesh
        self._form, self._kind = form, kind
        self._bs, self._owned = dofmap.bs, dofmap.index_map.size_local
        self._geometry, self._points = mesh.geometry.dofmaps[0], mesh.geometry.x
        self._argument = _cells_of_arguments(mesh.topology, space.mesh.topology, entity_maps or ())
        self.comm = mesh.comm
        prepare(self.comm, NAME)
        self._make_pattern(dofmap)
        self._check_size()
        self.matrix = self._create()

    def _make_pattern(self, dofmap) -> None:
        """Numbers of the nodes of each cell, and the parts of the rows (see :func:`seix.numerics.cell_loops.add_cells`)."""
        self._shared = None
        if self.comm.size == 1:
            self._nodes = dofmap.map()
            self._parts = [Rows(*pattern(self._nodes, self._owned))]
        else:
            self._shared = SharedRows(self.comm, dofmap.index_map, dofmap.map())
            self._nodes = self._shared.nodes
            self._parts = [self._shared.inner, self._shared.outer, self._shared.sent]

    def _check_size(self) -> None:
        """The entries of one rank are numbered with the integers of PETSc."""
        entries = max(len(part.columns) for part in self._parts) * (self._bs**2 if self._kind == "aij" else 1)
        most = np.iinfo(PETSc.IntType).max
        entries = self.comm.allreduce(entries, op=MPI.MAX)
        if entries > most:
            raise InputError(f"a matrix has {entries} entries on one rank, PETSc numbers {most}: use more ranks or larger cells")

    def _create(self):
        """Matrix with room for all entries, whose own arrays the values of the parts are."""
        size = self._owned * self._bs
        sizes = [[size, None], [size, None]]
        own = self._parts[0]
        if self._shared is None and self._kind == "aij":
            own.values = np.empty(len(own.columns) * self._bs**2)
            matrix = PETSc.Mat().createAIJWithArrays(sizes, (*self._scalar_pattern(own), own.values), comm=self.comm)
            matrix.setBlockSize(self._bs)
            return matrix
        matrix = PETSc.Mat().create(self.comm)
        matrix.setSizes(sizes, self._bs)
        matrix.setType(self._kind)
        stored, bs = self._parts[:2], self._bs if self._kind == "aij" else 1
        columns = [part.columns if bs == 1 else scalar_columns(part.pointers, part.columns, bs) for part in stored]
        if self._shared is not None:
            node, component = np.divmod(columns[1], bs)
            columns[1] = self._shared.outside[node - self._owned] * bs + component
            self._parts[2].values = np.empty(len(self._parts[2].columns) * self._bs**2)
        room = [np.repeat(part.counts * bs, bs).astype(PETSc.IntType) for part in stored]
        matrix.setPreallocationNNZ(tuple(room) if self._shared else room[0])
        # PETSc sets this where there are counts, which a rank without nodes has none of; ranks that differ wait for each other
        matrix.setOption(PETSc.Mat.Option.NEW_NONZERO_ALLOCATION_ERR, True)
        for part, values in zip(stored, value_arrays(matrix, *columns), strict=True):
            part.values = values
        return matrix

    def _scalar_pattern(self, part: Rows) -> tuple[np.ndarray, np.ndarray]:
        """The pattern unknown by unknown; PETSc may share the columns, it changes values only."""
        if self._bs == 1:
            return part.pointers.astype(PETSc.IntType), part.columns
        counts = np.repeat(part.counts, self._bs) * self._bs
        pointers = np.concatenate([[0], np.cumsum(counts)]).astype(PETSc.IntType)
        return pointers, scalar_columns(part.pointers, part.columns, self._bs)

    def assemble(self) -> None:
        """Fill the matrix with the present values of coefficients and constants (collective)."""
        by_block = self._kind == "baij"
        for part in self._parts:
            part.values[:] = 0.0
        constants = np.append(fem.pack_constants(self._form), 0.0)
        for address, cells, packed in kernels(self._form):
            add_cells(
                address, cells, self._argument(cells), self._geometry, self._points, packed, constants,
                self._nodes, self._owned, self._parts, self._bs, by_block,
            )  # fmt: skip
        if self._shared is not None:
            self._shared.exchange(self._bs, by_block)
        self.matrix.assemble()


def _cells_of_arguments(topology, arguments, entity_maps):
    """Function from cells of the mesh of integration to those of the mesh of the arguments."""
    if topology == arguments:
        return lambda cells: cells
    count = arguments.index_map(arguments.dim)
    every = np.arange(count.size_local + count.num_ghosts, dtype=np.int32)
    for entity_map in entity_maps:
        if entity_map._cpp_object.sub_topology == arguments:
            parents = entity_map.sub_topology_to_topology(every, False)
            number = np.full(int(parents.max(initial=-1)) + 1, -1, dtype=np.int32)
            number[parents] = every
            return lambda cells: number[cells]
    raise ValueError("no entity map leads to the mesh of the arguments")


def suitable(form) -> bool:
    """Whether a compiled form is a sum over cells on one space of continuous elements without further rules."""
    test, trial = form.function_spaces
    plain = test == trial and not test.element.needs_dof_transformations and test.dofmap.index_map.size_global > 1
    return plain and list(form.integral_types) == [CELL]


def kernels(form) -> list[tuple[int, np.ndarray, np.ndarray]]:
    """Address, cells and packed coefficients of each integral over cells."""
    compiled = form.ufcx_form
    first, last = compiled.form_integral_offsets[0], compiled.form_integral_offsets[1]
    packed = fem.pack_coefficients(form)
    result = []
    for place in range(first, last):
        kernel = compiled.form_integrals[place].tabulate_tensor_float64
        address = int(form.module.ffi.cast("uintptr_t", kernel))
        cells = form._cpp_object.domains(CELL, place - first)
        result.append((address, cells, np.ascontiguousarray(packed[CELL, place - first])))
    return result
