"""Runs on the same number of ranks agree to the last bit, whatever arrives first."""

import numpy as np
import pytest

from seix.analysis.quantities import Measurement
from seix.fem import MPI, PETSc
from seix.model import Model
from seix.numerics import presets
from seix.numerics.contributions import Contributions
from seix.numerics.domains import Domains
from seix.numerics.solver import NewtonSolver
from seix.numerics.stepping import LoadPath
from seix.parameters import InterfaceLaw
from seix.verification.space_meshes import film_with_sphere
from support import parameters, strip

TIMES = 4
"""Repetitions: of unordered sums few come out alike as often."""


def distinct(mesh, preset: str, **others) -> int:
    """Number of runs that are not the first one bit for bit, counted on every rank: solution and all quantities."""
    comm = MPI.COMM_WORLD
    conductivity = {"a": 1e-6, "b": 1e-7, "matrix": 1e-7} | ({"grain": 1e-10} if "grain" in mesh.region_names else {})
    law = InterfaceLaw(law="film_resistance", resistance=1e-2)
    values = parameters(conductivity, "b", law, core_swelling=0.01, **others)
    model = Model(Domains(comm, mesh if comm.rank == 0 else None), values)
    found = []
    for _ in range(TIMES):
        solver = NewtonSolver(model.system, preset=preset)  # of a model that is used again nothing is seen in the numbers
        LoadPath(solver, model.set_current, None).go(1.0)
        quantities = Measurement(model, values.reference_field).quantities()
        found.append((solver.y.array_r.tobytes(), np.array([q.value for q in quantities.values()]).tobytes()))
        solver.destroy()
    model.system.destroy()
    return comm.allreduce(sum(one != found[0] for one in found[1:]))


def in_the_plane() -> list[int]:
    """With a factorisation of the whole matrix, and with one of the linear elements only."""
    mesh = strip([("a", 20.0, 12), ("b", 20.0, 6)], columns=12)
    return [distinct(mesh, preset) for preset in ("direct", "multigrid")]


@pytest.mark.parallel(nprocs=2)
def test_repeated_runs_on_two_ranks_are_the_same_bits():
    """Two ranks tell what the factorisation adds up."""
    assert in_the_plane() == [0, 0]


@pytest.mark.slow
@pytest.mark.parallel(nprocs=3)
def test_repeated_runs_on_three_ranks_are_the_same_bits():
    """From three on, the sums over ranks in the matrices can differ too."""
    assert in_the_plane() == [0, 0]


@pytest.mark.slow
@pytest.mark.parallel(nprocs=[2, 3])
def test_repeated_runs_in_space_are_the_same_bits(monkeypatch):
    """With algebraic multigrid, as large problems have it, and unknowns that follow others."""
    for kind in presets.LARGEST_COARSE:
        monkeypatch.setitem(presets.LARGEST_COARSE[kind], 3, 0)
    mesh = film_with_sphere(3.0, 10.0, segments=2, shells=(1, 2), shift=True)
    assert distinct(mesh, "multigrid", in_plane_strain=0.01) == 0


@pytest.mark.parallel(nprocs=3)
def test_contributions_are_added_in_the_order_of_the_ranks():
    """1e16 of the first rank and -1e16 of the second cancel, and 1 of the third is left; in any other order it is lost."""
    comm = MPI.COMM_WORLD
    matrix = PETSc.Mat().createAIJ([[1, None], [1, None]], nnz=(1, 1), comm=comm)
    value = np.array([(1e16, -1e16, 1.0)[comm.rank]])
    zero = np.zeros(1, dtype=np.int32)
    Contributions(zero, np.array([0, 1]), zero, value).add_to(matrix)
    matrix.assemble()
    if comm.rank == 0:
        assert matrix.getValue(0, 0) == 1.0
