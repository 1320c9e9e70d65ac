"""Every shipped scenario gives the same quantities on one, two, three and five ranks."""

import time

import pytest

from scenario_cases import cases, coarse_scenario
from seix.fem import MPI
from seix.geometry.meshing import make_mesh
from seix.materials import MaterialLibrary
from seix.parameters import parameters_of
from support import solved

RANKS = (1, 2, 3, 5)
BALANCES = {"current.imbalance", "lithium.imbalance"}
AGREEMENT = {2: 1e-8, 3: 1e-6}
"""By dimension: Newton's method leaves 1e-10 in each field; after a factorisation what is left is rounding, after an iterative
solver it is amplified by derivatives and peaks over means, a hundred each."""
SCALES = {"stress": 1e9, "strain": 1e-2}
"""Pa and 1: stresses and strains that cancel are rounding of these, of a modulus times a swelling and of a swelling."""


def wait(comm):
    """Barrier that leaves the processors to the ranks that compute."""
    request = comm.Ibarrier()
    while not request.Test():
        time.sleep(0.02)


def on_first(size, work):
    """Result of ``work(comm)`` on the first ranks of all; None on the others. An error reaches all."""
    world = MPI.COMM_WORLD
    comm = world.Split(0 if world.rank < size else MPI.UNDEFINED, world.rank)
    result = error = None
    if world.rank < size:
        try:
            result = work(comm)
        except Exception as caught:  # the others would wait for ever
            error = caught
    wait(world)
    errors = [text for text in world.allgather(error and repr(error)) if text]
    assert not errors, errors
    return result


def differences(one, other, dim):
    """Quantities that differ by more than what solvers leave, with both values."""
    found = []
    for multiple, quantities in one.items():
        assert quantities.keys() == other[multiple].keys()
        for name, value in quantities.items():
            second = other[multiple][name]
            if name in BALANCES:
                good = abs(second) < 1e-8
            else:
                scale = max(abs(value), SCALES.get(name.split(".")[0], 0.0))
                good = abs(second - value) <= AGREEMENT[dim] * scale
            if not good:
                found.append((multiple, name, value, second))
    return found


def compare(path, name):
    """Solve on the first 1, 2, 3 and 5 ranks of five, on one mesh; what differs from one rank, by the number of ranks."""
    scenario = coarse_scenario(path, name)
    values = parameters_of(scenario, MaterialLibrary())
    mesh = on_first(1, lambda comm: make_mesh(scenario))
    found = {size: on_first(size, lambda comm: solved(mesh, values, (1.0, 5.0), comm)[1]) for size in RANKS}
    wrong = {}
    if MPI.COMM_WORLD.rank == 0:
        dim = mesh.points.shape[1]
        wrong = {size: differences(found[1], found[size], dim) for size in RANKS[1:]}
    return {size: differ for size, differ in MPI.COMM_WORLD.bcast(wrong).items() if differ}


@pytest.mark.slow
@pytest.mark.parallel(nprocs=RANKS[-1])
@pytest.mark.parametrize(("path", "name"), list(cases()))
def test_same_quantities_on_1_2_3_and_5_ranks(path, name):
    """All quantities at two currents."""
    assert not compare(path, name)
