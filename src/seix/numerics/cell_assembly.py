"""Fast assembly of square blocks that are sums over cells: pattern from the numbers of the nodes, rows filled in order.

The general way through PETSc looks up every entry of every cell matrix in its row, one by one, and finds the pattern by
sorting all of them. Here the pattern comes from two passes over the cells of each node, and the entries of a cell go into
its rows in one sweep, since both are in ascending order. The kernels are those that FFCx made. Rows of other ranks go to
their owner through PETSc.
"""

from __future__ import annotations

import numba
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from ..errors import InputError
from ..fem import MPI, PETSc

# isort: split
from dolfinx import cpp, fem, la

CELL = cpp.fem._IntegralType.cell


@intrinsic
def _tabulate(context, address, tensor, coefficients, constants, coordinates):
    """Call a kernel of FFCx at an address; the others are addresses of arrays."""
    signature = types.void(types.intp, types.intp, types.intp, types.intp, types.intp)

    def codegen(context, builder, signature, arguments):
        pointer = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [pointer] * 7)
        function = builder.inttoptr(arguments[0], kind.as_pointer())
        data = [builder.inttoptr(value, pointer) for value in arguments[1:]]
        null = ir.Constant(pointer, None)
        builder.call(function, [*data, null, null, null])
        return context.get_dummy_value()

    return signature, codegen


@numba.njit(cache=True)
def pattern(nodes: np.ndarray, count: int):
    """Neighbours of every node in ascending order, as compressed rows.

    Parameters
    ----------
    nodes : ndarray of int32, shape (cells, nodes of a cell)
    count : int
        Number of nodes.

    Returns
    -------
    pointers : ndarray of int64, shape (count + 1,)
    columns : ndarray of int32
    """
    cells, each = nodes.shape
    start = np.zeros(count + 1, np.int64)
    for c in range(cells):
        for j in range(each):
            start[nodes[c, j] + 1] += 1
    for i in range(count):
        start[i + 1] += start[i]
    fill, around = start[:-1].copy(), np.empty(start[count], np.int32)
    for c in range(cells):
        for j in range(each):
            i = nodes[c, j]
            around[fill[i]] = c
            fill[i] += 1
    mark = np.full(count, -1, np.int32)
    pointers = np.zeros(count + 1, np.int64)
    for i in range(count):
        found = 0
        for k in range(start[i], start[i + 1]):
            for j in range(each):
                other = nodes[around[k], j]
                if mark[other] != i:
                    mark[other] = i
                    found += 1
        pointers[i + 1] = pointers[i] + found
    # neighbourhood is mutual: handing i to its neighbours, i ascending, fills every row in ascending order
    columns, fill = np.empty(pointers[count], np.int32), pointers[:-1].copy()
    mark[:] = -1
    for i in range(count):
        for k in range(start[i], start[i + 1]):
            for j in range(each):
                other = nodes[around[k], j]
                if mark[other] != i:
                    mark[other] = i
                    columns[fill[other]] = i
                    fill[other] += 1
    return pointers, columns


@numba.njit(cache=True)
def add_cells(address, cells, arguments, geometry, points, coefficients, constants, nodes, pointers, columns, bs, by_block, data):
    """Add the cell matrices of one integral.

    Parameters
    ----------
    address : int
        Of the kernel.
    cells, arguments : ndarray of int32, shape (n,)
        Cells in the mesh of integration and in that of the arguments.
    geometry : ndarray of int32, shape (cells, nodes of the geometry)
    points : ndarray, shape (nodes, 3)
    coefficients : ndarray, shape (n, k)
    constants : ndarray
    nodes : ndarray of int32, shape (cells of the arguments, nodes of a cell)
    pointers, columns : ndarray
        Pattern of the nodes.
    bs : int
        Unknowns of a node.
    by_block : bool
        Order of the values: block by block, or row by row of the unknowns.
    data : ndarray, shape (entries * bs**2,)
        Values; added to.
    """
    each = nodes.shape[1]
    tensor = np.empty((each * bs, each * bs))
    places = np.empty((geometry.shape[1], 3))
    order = np.empty(each, np.int64)
    packed = np.zeros(max(coefficients.shape[1], 1))
    for n in range(len(cells)):
        for k in range(geometry.shape[1]):
            for d in range(3):
                places[k, d] = points[geometry[cells[n], k], d]
        for k in range(coefficients.shape[1]):
            packed[k] = coefficients[n, k]
        tensor[:] = 0.0
        _tabulate(address, tensor.ctypes.data, packed.ctypes.data, constants.ctypes.data, places.ctypes.data)
        own = nodes[arguments[n]]
        for a in range(each):  # by insertion: the nodes of a cell are few
            b = a
            while b > 0 and own[order[b - 1]] > own[a]:
                order[b] = order[b - 1]
                b -= 1
            order[b] = a
        for a in range(each):
            first = at = pointers[own[a]]
            width = bs if by_block else (pointers[own[a] + 1] - first) * bs
            for k in range(each):
                b = order[k]
                while columns[at] < own[b]:
                    at += 1
                place = at * bs * bs if by_block else first * bs * bs + (at - first) * bs
                for i in range(bs):
                    for j in range(bs):
                        data[place + i * width + j] += tensor[a * bs + i, b * bs + j]


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
        self._pointers, self._columns = pattern(self._nodes, self._owned + self._imap.num_ghosts)
        self.comm = mesh.comm
        self._shared = self.comm.size == 1 and kind == "aij"
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
        """Empty matrix with room for all entries."""
        size, bs = self._owned * self._bs, self._bs
        matrix = PETSc.Mat()
        if self._shared:
            self._data = np.zeros(len(self._columns) * bs * bs)
            matrix.createAIJWithArrays([[size, None], [size, None]], (*self._scalar_pattern(), self._data), comm=self.comm)
            matrix.setBlockSize(bs)
            return matrix
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
            room = tuple(np.repeat(part * bs, bs) for part in room)
        matrix.create(self.comm)
        matrix.setSizes([[size, None], [size, None]], bs)
        matrix.setType(self._kind)
        matrix.setPreallocationNNZ(tuple(part.astype(PETSc.IntType) for part in room))
        matrix.setOption(PETSc.Mat.Option.NEW_NONZERO_ALLOCATION_ERR, True)
        return matrix

    def _scalar_pattern(self) -> tuple[np.ndarray, np.ndarray]:
        """The pattern unknown by unknown."""
        counts = np.repeat(np.diff(self._pointers), self._bs) * self._bs
        pointers = np.concatenate([[0], np.cumsum(counts)]).astype(PETSc.IntType)
        return pointers, scalar_columns(self._pointers, self._columns, self._bs)

    def assemble(self) -> None:
        """Fill the matrix with the present values of coefficients and constants (collective)."""
        bs = self._bs
        data = np.zeros(len(self._columns) * bs * bs) if self._data is None else self._data
        data[:] = 0.0
        constants = np.append(fem.pack_constants(self._form), 0.0)
        for address, cells, packed in kernels(self._form):
            add_cells(
                address, cells, self._argument(cells), self._geometry, self._points, packed, constants,
                self._nodes, self._pointers, self._columns, bs, not self._shared, data,
            )  # fmt: skip
        if not self._shared:
            self._insert(data)
        self.matrix.assemble()

    def _insert(self, data: np.ndarray) -> None:
        """Hand the rows to PETSc, which sends those of other ranks to their owners."""
        self.matrix.zeroEntries()
        every = np.arange(len(self._pointers) - 1, dtype=np.int32)
        rows = self._imap.local_to_global(every).astype(PETSc.IntType)
        columns = self._imap.local_to_global(self._columns).astype(PETSc.IntType)
        self.matrix.setValuesBlockedIJV(self._pointers.astype(PETSc.IntType), columns, data, PETSc.InsertMode.ADD, rows)


@numba.njit(cache=True)
def scalar_columns(pointers, columns, bs):
    """Columns of a pattern of nodes unknown by unknown, row by row."""
    result = np.empty(len(columns) * bs * bs, np.int32)
    at = 0
    for row in range(len(pointers) - 1):
        for _ in range(bs):
            for k in range(pointers[row], pointers[row + 1]):
                for j in range(bs):
                    result[at] = columns[k] * bs + j
                    at += 1
    return result


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
