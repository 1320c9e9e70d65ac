"""Loops in C: compiled once, wherever and by however many processes, and without numba in the solver."""

import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from scipy.sparse import csr_array

from seix.errors import InputError
from seix.numerics import native
from seix.numerics.cell_loops import interpolation_rows, pattern, scalar_columns

FRESH = """
import sys
import numpy as np
import seix.numerics.linear_problem
from seix.numerics.cell_loops import pattern
assert not {"numba", "llvmlite.binding"} & set(sys.modules), "numba was loaded"
pointers, columns = pattern(np.array([[0, 1, 2], [3, 2, 1]], dtype=np.int32), 4)
import numba
twice = numba.njit(lambda x: 2 * x)
print(*pointers, *columns, twice(21))
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Cache of compiled forms that is empty."""
    options = native.jit_options() | {"cache_dir": tmp_path / "cache"}
    monkeypatch.setattr(native, "jit_options", lambda: options)
    return options["cache_dir"]


def neighbours(module):
    """Pattern of one segment by a library."""
    start, around, mark, pointers = np.empty(4, np.int64), np.empty(2, np.int32), np.empty(2, np.int32), np.empty(3, np.int64)
    give = module.ffi.from_buffer
    module.lib.neighbour_counts(
        1, 2, give("int32_t[]", np.array([1, 0], np.int32)), 2, give("int64_t[]", start), give("int32_t[]", around),
        give("int32_t[]", mark), give("int64_t[]", pointers),
    )  # fmt: skip
    return pointers.tolist()


def test_processes_that_start_at_once(tmp_path):
    """Three with an empty cache: none sees half a library, and numba works when it is imported afterwards."""
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path)}
    start = [sys.executable, "-c", FRESH]
    running = [subprocess.Popen(start, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0]
    assert said == ["0 3 7 11 14 0 1 2 0 1 2 3 0 1 2 3 1 2 3 42\n"] * 3
    left = [path.name for path in tmp_path.rglob("*cell_loops*")]
    assert len(left) == 1, left


def test_second_process_compiles_nothing(folder, monkeypatch):
    """It loads what the first one left."""
    assert neighbours(native.library.__wrapped__("cell_loops")) == [0, 2, 4]
    monkeypatch.setattr(native, "_compile", None)
    assert neighbours(native.library.__wrapped__("cell_loops")) == [0, 2, 4]


def test_home_that_cannot_be_written(folder):
    """The library is made for this process alone, and works after its file is gone."""
    folder.write_text("a file where the folder should be")
    assert neighbours(native.library.__wrapped__("cell_loops")) == [0, 2, 4]


def test_no_compiler(folder, monkeypatch):
    """One sentence, and nothing half made in the cache."""
    monkeypatch.setenv("CC", "/nowhere/cc")
    with pytest.raises(InputError, match="C compiler"):
        native.library.__wrapped__("cell_loops")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("bs", [1, 2, 3])
def test_pattern_against_products_of_matrices(bs):
    """Nodes see each other if the product of the incidence of cells and nodes with its transpose says so."""
    rng = np.random.default_rng(4)
    count, cells = 40, 60
    nodes = np.array([rng.choice(count - 1, 4, replace=False) for _ in range(cells)], dtype=np.int32)  # the last is in no cell
    pointers, columns = pattern(nodes, count)
    incidence = csr_array((np.ones(nodes.size), (np.repeat(np.arange(cells), 4), nodes.ravel())), shape=(cells, count))
    wanted = (incidence.T @ incidence).toarray() > 0
    assert pointers[-1] == wanted.sum() == len(columns)
    for row, (a, b) in enumerate(pairwise(pointers)):
        assert columns[a:b].tolist() == np.flatnonzero(wanted[row]).tolist()
    rows = np.kron(wanted, np.ones((bs, bs), dtype=bool))
    assert scalar_columns(pointers, columns, bs).tolist() == np.nonzero(rows)[1].tolist()


def test_killed_compilation_is_mended(tmp_path):
    """A process that was killed while it compiled a form leaves its source, for whose result all others would wait in vain."""
    program = """
import seix.fem
import basix.ufl, ufl, numpy as np, sys
from dolfinx import fem, mesh
from seix.numerics import compile
folder = compile.jit_options()["cache_dir"]
domain = mesh.create_unit_square(seix.fem.MPI.COMM_SELF, 1, 1)
form = fem.Constant(domain, 1.0) * ufl.dx(metadata={"quadrature_degree": 1})
value = fem.assemble_scalar(compile.compile_form(form))
assert abs(value - 1.0) < 1e-14
if "stale" in sys.argv:
    for cached in folder.glob("libffcx_*.c.cached"):
        cached.unlink()
"""
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path)}
    for argument in ("stale", "again"):
        command = [sys.executable, "-c", program, argument]
        # less than the patience that a form in work deserves
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100)
        assert done.returncode == 0, done.stderr
    folder = next((tmp_path / "fenics").iterdir())
    assert all(source.with_suffix(".c.cached").exists() for source in folder.glob("libffcx_*.c"))


@pytest.mark.parametrize("bs", [1, 2, 3])
def test_interpolation_takes_the_mean_of_both_ends_where_unknowns_are_free(bs):
    """Against sums over the ends in dense matrices; random edges, vertices and free unknowns, and no node at all."""
    rng = np.random.default_rng(bs)
    nodes, vertices = 40, 15
    ends = rng.integers(0, vertices, (nodes, 2), dtype=np.int32)
    ends[:10, 1] = ends[:10, 0]
    fine, coarse = rng.random(nodes * bs) < 0.7, rng.random(vertices * bs) < 0.7
    pointers, columns, weights = interpolation_rows(ends, bs, fine, coarse)
    found = csr_array((weights, columns, pointers), shape=(nodes * bs, vertices * bs)).toarray()
    scalar = np.zeros((nodes, vertices))
    for k in range(2):
        np.add.at(scalar, (np.arange(nodes), ends[:, k]), 0.5)
    assert np.array_equal(found, np.kron(scalar, np.eye(bs)) * fine[:, None] * coarse)
    pointers, columns, _ = interpolation_rows(ends[:0], bs, fine[:0], coarse)
    assert pointers.tolist() == [0] and not len(columns)
