"""Virtual AFM on meshes: bodies whose modulus is known, resolved grains, and any number of ranks."""

from types import SimpleNamespace

import numpy as np
import pytest

from seix.fem import MPI
from seix.geometry.meshing import make_mesh
from seix.materials import MaterialLibrary
from seix.measure import indentation, with_errors
from seix.measure.indentation_curve import Tip
from seix.measure.indentation_film import Film, far_extent, pressed_film
from seix.measure.indentation_patch import grain_surface, pressed_grains
from seix.measure.transverse import Transverse
from seix.numerics.domains import Domains
from seix.parameters import parameters_of
from seix.scenario import Scenario
from seix.verification import space_meshes

SAMPLE = {"youngs_modulus": 12.5e9, "poisson_ratio": 0.3}
LAYERS = [("soft", 1.5, 2), ("stiff", 1.0, 2)]
MODULI = {"core": (50.0, 0.25), "soft": (2.4, 0.35), "stiff": (118.0, 0.2)}


def uniform(dimension, **asked):
    """A patch of one material, core and SEI."""
    return Scenario.model_validate({
        "title": "x",
        "geometry": {"kind": "patch", "dimension": dimension, "period": 24e-9, "core_depth": 16e-9, "electrolyte_depth": 5e-9},
        "sei": {"structure": "homogeneous", "thickness": 10e-9},
        "materials": {"override": {"organic_polymer": SAMPLE, "si_c_composite": SAMPLE}},
        "mesh": {"cells_per_layer": 2, "growth": 1.6},
        "measure": {"indentation": {"tip_radius": 6e-9, "depth": 1e-9, "tip_shape": "paraboloid", **asked}},
    })  # fmt: skip


def reading(scenario):
    """What is read on two meshes, with errors."""
    found = []
    for fine, coarsening in ((True, 1.0), (False, scenario.error.coarsening)):
        domains = Domains(MPI.COMM_SELF, make_mesh(scenario, coarsening))
        values, model = parameters_of(scenario, MaterialLibrary()), SimpleNamespace(domains=domains)
        specimen = SimpleNamespace(scenario=scenario, parameters=values, model=model, fine=fine)
        found.append({"indentation": indentation.read(specimen)})
    return with_errors(*found, scenario.error.coarsening)["indentation"]


def within(quantity, exact):
    """Whether a stated error covers the true one, and is small."""
    return abs(quantity.value - exact) <= quantity.error < 0.1 * exact


def test_a_uniform_patch_in_the_plane_shows_its_modulus():
    """Hertz on its homogenised layers: both moduli within their errors, which are below 1 %."""
    found = reading(uniform(2)).quantities
    for name in ("hertz", "oliver_pharr"):
        quantity = found[f"indentation.modulus.{name}"]
        assert within(quantity, 12.5e9) and quantity.error < 0.125e9


@pytest.mark.slow
def test_a_uniform_patch_in_space_shows_its_modulus_everywhere():
    """Hertz on tetrahedra at two places, one of them across the corner of the period: within the errors, and without scatter."""
    made = reading(uniform(3, positions=[[0.5e-9, 23e-9], [12e-9, 9e-9]]))
    found = made.quantities
    for name in ("hertz", "oliver_pharr", "layers"):
        assert within(found[f"indentation.modulus.{name}"], 12.5e9)
    assert found["indentation.modulus.scatter"].value < found["indentation.modulus.hertz"].error
    radius = found["indentation.contact_radius"]
    assert radius.value == pytest.approx(np.sqrt(6) * 1e-9, abs=radius.error)
    assert not made.warnings


def structured(comm):
    """Force and contact area on a structured block of soft and stiff layers, with the tip across a corner."""
    made = space_meshes.block(LAYERS, period=6.0, columns=8, core=(4.0, 2), tilt=0.1) if comm.rank == 0 else None
    surface, problem = grain_surface(Domains(comm, made), MODULI, "direct")
    tip = Tip(2.0, 0.3)
    contact = pressed_grains(surface, tip, np.array([0.2, 5.9]), 1.2, 0.75, 6.0).press(tip.depth)
    problem.destroy()
    return contact.force, contact.area, contact.stiffness


def layered(comm):
    """Force and stiffness on layers of revolution."""
    film = Film([(1.5, Transverse.isotropic(*MODULI["soft"])), (1.0, Transverse(20.0, 5.0, 3.0, 9.0, 2.0))], MODULI["core"])
    tip = Tip(2.0, 0.3)
    contact = pressed_film(comm, film, far_extent(film, tip), tip, 1.0, 0.1)[0].press(tip.depth)
    return contact.force, contact.area, contact.stiffness


def test_a_tip_across_the_corner_reads_what_it_reads_in_the_middle():
    """Places that differ by a period of the mesh are the same place."""
    surface, problem = grain_surface(Domains(MPI.COMM_SELF, space_meshes.block(LAYERS, 6.0, 8, (4.0, 2))), MODULI, "direct")
    tip = Tip(2.0, 0.3)
    places = np.array([[0.2, 5.9], [3.2, 2.9]])
    forces = [pressed_grains(surface, tip, place, 1.2, 0.75, 6.0).press(0.3).force for place in places]
    problem.destroy()
    assert forces[0] == pytest.approx(forces[1], rel=1e-9)


@pytest.mark.slow
@pytest.mark.parallel(nprocs=3)
def test_three_ranks_read_the_same():
    """On layers and on tetrahedra, to rounding."""
    for work in (layered, structured):
        assert work(MPI.COMM_WORLD) == pytest.approx(work(MPI.COMM_SELF), rel=1e-8)


@pytest.mark.parallel(nprocs=2)
def test_two_ranks_read_the_same():
    assert structured(MPI.COMM_WORLD) == pytest.approx(structured(MPI.COMM_SELF), rel=1e-8)
