"""Fast assembly of square blocks that are sums over cells: pattern from the numbers of the nodes, rows filled in order.

The general way through PETSc looks up every entry of every cell matrix in its row, one by one, and finds the pattern by
sorting all of them. Here the pattern comes from two passes over the cells of each node, and the entries of a cell go into
its rows in one sweep, since both are in ascending order. The kernels are those that FFCx made. Rows of other ranks go to
their owner.
"""

from __future__ import annotations

import numpy as np

from ..errors import InputError
from ..fem import MPI, PETSc

# isort: split
from dolfinx import cpp, fem, la

from .block_arrays import available, block_values
from .cell_loops import NAME, add_cells, pattern, scalar_columns
from .contributions import Rows
from .native import prepare

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
        self._nodes, self._imap, self._bs = dofmap.map(), dofmap.index_map, dofmap.bs
        self._geometry, self._points = mesh.geometry.dofmaps[0], mesh.geometry.x
        self._argument = _cells_of_arguments(mesh.topology, space.mesh.topology, entity_maps or ())
        self._owned = self._imap.size_local
        prepare(mesh.comm, NAME)
        self._pointers, self._columns = pattern(self._nodes, self._owned + self._imap.num_ghosts)
        self.comm = mesh.comm
        self._shared = self.comm.size == 1 and (kind == "aij" or available())
        self._data = None
        self._check_size()
        self.matrix = self._create()

    def _check_size(self) -> None:
        """The entries of one rank are numbered with the integers of PETSc."""
        entries = len(self._columns) * (self._bs**2 if self._kind == "aij" else 1)
        most = np.iinfo(PETSc.IntType).max
        entries = self.comm.allreduce(entries, op=MPI.MAX)
        if entries > most:
            raise InputError(f"a matrix has {entries} entries on one rank, PETSc numbers {most}: use more ranks or larger cells")

    def _create(self):
        """Matrix with room for all entries; on one rank ``_data`` is its own array of values."""
        size = self._owned * self._bs
        sizes = [[size, None], [size, None]]
        if not self._shared:
            return self._distributed(sizes)
        matrix = PETSc.Mat()
        if self._kind == "baij":
            matrix.create(self.comm)
            matrix.setSizes(sizes, self._bs)
            matrix.setType("seqbaij")
            matrix.setPreallocationNNZ(np.diff(self._pointers).astype(PETSc.IntType))
            self._data = block_values(matrix, self._columns)
            return matrix
        self._data = np.empty(len(self._columns) * self._bs**2)
        matrix.createAIJWithArrays(sizes, (*self._scalar_pattern(), self._data), comm=self.comm)
        matrix.setBlockSize(self._bs)
        return matrix

    def _distributed(self, sizes):
        """Empty matrix that PETSc fills, from all ranks."""
        counts = np.diff(self._pointers)
        rows = np.repeat(np.arange(len(counts)), counts)
        own = np.bincount(rows[self._columns < self._owned], minlength=len(counts))
        extra = la.vector(self._imap)  # what other ranks may add to rows of this one, at most
        extra.array[:] = 0.0
        extra.array[self._owned :] = counts[self._owned :]
        extra.scatter_reverse(la.InsertMode.add)
        extra = extra.array[: self._owned].astype(np.int64)
        inner, outer = own[: self._owned], (counts - own)[: self._owned]
        others = self._imap.size_global - self._owned
        room = (np.minimum(inner + extra, self._owned), np.minimum(outer + extra, others))
        if self._kind == "aij":
            room = tuple(np.repeat(part * self._bs, self._bs) for part in room)
        matrix = PETSc.Mat().create(self.comm)
        matrix.setSizes(sizes, self._bs)
        matrix.setType(self._kind)
        matrix.setPreallocationNNZ(tuple(part.astype(PETSc.IntType) for part in room))
        matrix.setOption(PETSc.Mat.Option.NEW_NONZERO_ALLOCATION_ERR, True)
        matrix.setOption(PETSc.Mat.Option.ROW_ORIENTED, False)  # the order within a block
        return matrix

    def _scalar_pattern(self) -> tuple[np.ndarray, np.ndarray]:
        """The pattern unknown by unknown; PETSc may share the columns, it changes values only."""
        if self._bs == 1:
            return self._pointers.astype(PETSc.IntType), self._columns
        counts = np.repeat(np.diff(self._pointers), self._bs) * self._bs
        pointers = np.concatenate([[0], np.cumsum(counts)]).astype(PETSc.IntType)
        return pointers, scalar_columns(self._pointers, self._columns, self._bs)

    def assemble(self) -> None:
        """Fill the matrix with the present values of coefficients and constants (collective)."""
        bs = self._bs
        data = np.empty(len(self._columns) * bs * bs) if self._data is None else self._data
        data[:] = 0.0
        by_block = self._kind == "baij" or not self._shared
        constants = np.append(fem.pack_constants(self._form), 0.0)
        for address, cells, packed in kernels(self._form):
            add_cells(
                address, cells, self._argument(cells), self._geometry, self._points, packed, constants,
                self._nodes, self._pointers, self._columns, bs, by_block, data,
            )  # fmt: skip
        if not self._shared:
            self._insert(data)
        self.matrix.assemble()

    def _insert(self, data: np.ndarray) -> None:
        """Hand the rows to PETSc, those of other ranks through their owners."""
        self.matrix.zeroEntries()
        every = np.arange(len(self._pointers) - 1, dtype=np.int32)
        rows, columns = (self._imap.local_to_global(part) for part in (every, self._columns))
        Rows(rows, self._pointers, columns, data, self._bs).add_to(self.matrix)


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
