"""Virtual atomic force microscope: what a rigid tip reads on the SEI, on homogenised layers and in space on single grains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import GeometryError
from ..input.measure.indentation import ZONE
from ..materials import MaterialLibrary
from ..scales import LENGTH, STRESS
from .cell import Cell
from .homogenise import stiffness
from .indentation_curve import Tip
from .indentation_film import Film, far_extent, film_patch, pressed_film
from .indentation_patch import grain_surface, patch_shift, pressed_grains, round_cell
from .indentation_report import FORCE, Report
from .reading import Reading, Specimen
from .transverse import Transverse

ONCE = False
FILM_CELLS = 32
"""Cells of the body of revolution across the contact radius of Hertz; divided by `error.coarsening` for the coarser reading."""
SHALLOWEST = 0.2
"""Smallest depth of a curve over the largest: below it a tip on single grains touches too few cells."""
LARGEST_SHIFT = 0.2
"""Part of the depth that the finite size of a patch may change; more is refused."""
SHIFT_ERROR = 0.1
"""Relative error of that change, as measured on patches and on four copies of them side by side."""
FEWEST_NODES = 7
"""Nodes of the surface in contact at the largest depth: with fewer a reading is refused."""


@dataclass(frozen=True)
class _Sample:
    """What is pressed on, in nm and GPa."""

    specimen: Specimen
    tip: Tip
    moduli: Mapping[str, tuple[float, float]]
    depths: np.ndarray
    coarsening: float

    @property
    def zone(self) -> float:
        """Radius of the surface that is looked at first."""
        return ZONE * self.tip.hertz_radius


def read(specimen: Specimen) -> Reading:
    """Press a tip on the SEI (collective); see :mod:`seix.measure`.

    Raises
    ------
    GeometryError
        If the patch is too small for the tip, or its cells are too large.
    ConvergenceError
    """
    asked = specimen.scenario.measure.indentation
    tip = Tip(asked.tip_radius / LENGTH, asked.depth / LENGTH, asked.tip_shape)
    coarsening = 1.0 if specimen.fine else specimen.scenario.error.coarsening
    depths = tip.depth * np.linspace(SHALLOWEST, 1.0, asked.steps)
    sample = _Sample(specimen, tip, elastic_constants(specimen), depths, coarsening)
    film = homogenised(specimen, sample.moduli)
    report = Report(asked, tip, film)
    if specimen.scenario.core_domains is not None:
        report.warnings.append("measure.indentation takes the core for its matrix without the domains resolved in it")
    free, zone = _on_layers(sample, film, report)
    if specimen.model.domains.dim == 3:
        _on_grains(sample, film, free, zone, report)
    return report.reading()


def elastic_constants(specimen: Specimen) -> dict[str, tuple[float, float]]:
    """Young's modulus [GPa] and Poisson's ratio of every solid region, dry or in the electrolyte."""
    scenario, parameters = specimen.scenario, specimen.parameters
    moduli = dict(parameters.youngs_modulus)
    if scenario.measure.indentation.medium == "wet":
        library = MaterialLibrary()
        layers = scenario.sei.resolved_layers()
        for name in dict.fromkeys(name for layer in layers for name in (layer.matrix, *layer.phases)):
            if name in moduli and (record := library.material(name, scenario.materials.override)).kind == "organic":
                moduli[name] = record.value("wet_youngs_modulus", scenario.temperature)
    return {name: (value / STRESS, parameters.poisson_ratio[name]) for name, value in moduli.items()}


def homogenised(specimen: Specimen, moduli: Mapping[str, tuple[float, float]]) -> Film:
    """The layers of the SEI, each with the mean of its effective stiffness over all directions along the film, on the core."""
    young, poisson = ({name: pair[k] * unit for name, pair in moduli.items()} for k, unit in ((0, STRESS), (1, 1.0)))
    found = stiffness(Cell(specimen.model.domains), young, poisson, preset=specimen.scenario.solver.preset).layer_tensors()
    layers = specimen.scenario.sei.resolved_layers()
    return Film(
        [(layer.thickness / LENGTH, Transverse.averaged(found[k] / STRESS)) for k, layer in enumerate(layers)], moduli["core"]
    )


def _on_layers(sample: _Sample, film: Film, report: Report):
    """Curve on the homogenised layers, and on half of their body; returns the surface and the radius of its even cells."""
    comm, tip = sample.specimen.model.domains.comm, sample.tip
    size = sample.coarsening * tip.hertz_radius / FILM_CELLS
    extent = far_extent(film, tip, sample.coarsening)
    free, zone = pressed_film(comm, film, extent, tip, sample.zone, size)
    half = film_patch(comm, film, extent.smaller(), tip, zone, size)
    report.add_layers(free.curve(sample.depths), half.curve(sample.depths), size)
    return free, zone


def _on_grains(sample: _Sample, film: Film, free, zone: float, report: Report) -> None:
    """Curves on single grains at every place of the tip."""
    specimen, tip = sample.specimen, sample.tip
    scenario, domains = specimen.scenario, specimen.model.domains
    asked, period, depth = scenario.measure.indentation, domains.shape["period"], domains.shape["core_size"]
    size = sample.coarsening * tip.hertz_radius / FILM_CELLS
    cell = round_cell(film, period, depth, sample.coarsening)
    shift = patch_shift(domains.comm, film, cell, free, tip, zone, size)
    _check_shift(shift * free.press(tip.depth).force / tip.depth, period, depth)
    surface, problem = grain_surface(domains, sample.moduli, scenario.solver.preset)
    size = sample.coarsening * tip.hertz_radius / asked.cells_per_contact
    try:
        for place in asked.places(scenario.period, scenario.seed) / LENGTH:
            patch = pressed_grains(surface, tip, place, sample.zone, size, period)
            nodes = int(patch.with_shift(shift).press(tip.depth).touching.sum())
            _check_nodes(nodes)
            best, other = (patch.with_shift(part * shift).curve(sample.depths) for part in (1.0, 1.0 - SHIFT_ERROR))
            report.add_place(place, best, other, size, nodes)
    finally:
        problem.destroy()
    report.add_record(shift=shift * LENGTH / FORCE, loads=surface.solutions, unknowns=problem.unknowns)


def _check_shift(share: float, period: float, depth: float) -> None:
    """Refuse a patch whose neighbours and bottom change the depth by too much."""
    if abs(share) > LARGEST_SHIFT:
        raise GeometryError(
            f"the finite patch would change the depth of the tip by {100 * abs(share):.0f} %, more than the "
            f"{100 * LARGEST_SHIFT:.0f} % that can be corrected: measure.indentation needs a geometry.period above {period:.4g} "
            f"nm or a core_depth above {depth:.4g} nm"
        )


def _check_nodes(number: int) -> None:
    """Refuse cells that are too large for the contact."""
    if number < FEWEST_NODES:
        raise GeometryError(
            f"the tip touches {number} nodes of the surface, fewer than {FEWEST_NODES}: raise "
            "measure.indentation.cells_per_contact, or the depth"
        )
