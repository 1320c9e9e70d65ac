"""How many grains and cells a scenario asks for, by closed formulas: known at once, before anything is packed.

A layer with grains is made of equal grains, each with its share of the matrix around it; the rest is a stack of sheets whose
cells grow away from the grains. The sizes are those that the meshers ask for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seix.geometry.counting import PER_CUBE, PER_SQUARE
from seix.geometry.grains import mean_measure
from seix.geometry.layers import NANOMETRE, LayerShape, core_shape, layer_shapes, on_curved_sei, single_frame
from seix.geometry.particle import ParticleFrame
from seix.geometry.sizing import STEEPEST
from seix.geometry.solid import SolidParticleFrame
from seix.geometry.spots import fine_spots
from seix.geometry.unit_grain import unit_grain

if TYPE_CHECKING:
    from seix.input.sections import MeshControl
    from seix.scenario import Scenario

PIECES = 400
"""Pieces of a sheet over which its cells are added up, thin at both ends."""


@dataclass(frozen=True)
class Forecast:
    """What a scenario comes to.

    Attributes
    ----------
    grains, cells : float
    dim : int
        2 or 3.
    """

    grains: float
    cells: float
    dim: int


@dataclass(frozen=True)
class _Zone:
    """What lies between two heights over core|SEI, and the largest cell size in it; `layer` says which grains."""

    low: float
    high: float
    limit: float
    layer: LayerShape | None = None


def forecast(scenario: Scenario, controls: MeshControl, coarsening: float = 1.0) -> Forecast:
    """Expected numbers of grains and cells.

    Parameters
    ----------
    scenario : Scenario
        Uses `geometry`, `sei`, `core_domains` and the places of a tip on the surface.
    controls : MeshControl
        Resolution, which may be another than that of the scenario.
    coarsening : float
        Multiplies all cell sizes.
    """
    slope = min(2.0 * (controls.growth - 1.0) / (controls.growth + 1.0) * coarsening, STEEPEST)
    grains = cells = 0.0
    layers = layer_shapes(scenario)
    frames = _frames(scenario, layers)
    dim = frames[0].dim
    for frame in frames:
        own = on_curved_sei(layers, frame) if scenario.sei.structure == "bilayer" else layers
        zones = _zones(scenario, frame, own, controls.cells_per_layer / coarsening)
        units = [zone.layer and unit_grain(zone.layer, zone.limit, controls, coarsening, slope, dim) for zone in zones]
        for k, (zone, unit) in enumerate(zip(zones, units, strict=True)):
            if unit is None:
                cells += _sheet(frame, zones, units, k, slope)
                continue
            measure = frame.measure(zone.low, zone.high)
            number = sum(zone.layer.fractions.values()) * measure / mean_measure(zone.layer, dim)
            grains += number
            cells += number * unit.cells
        spots = fine_spots(scenario, NANOMETRE)
        if spots is not None:
            cells += spots.expected_cells(slope, (zones[-2].limit, zones[-1].limit), coarsening)
    return Forecast(grains, cells, dim)


def _frames(scenario: Scenario, layers: list[LayerShape]) -> list:
    """The patch or the particle, or each of several particles with its share of the electrolyte in the box."""
    geometry, thickness = scenario.geometry, layers[-1].outer
    if geometry.kind != "particles":
        return [single_frame(scenario, thickness)]
    dim = geometry.dimension
    if geometry.particles is None:
        radii = np.full(geometry.number, geometry.core_radius / NANOMETRE)
    else:
        radii = np.array([body.core_radius for body in geometry.particles]) / NANOMETRE
    ball = math.pi if dim == 2 else 4.0 * math.pi / 3.0
    covered = ball * ((radii + thickness) ** dim).sum()
    box = covered / geometry.fraction if geometry.box is None else (geometry.box / NANOMETRE) ** dim
    share = max(box / covered, 1.0) ** (1.0 / dim)
    frames = []
    for radius in radii.tolist():
        depth = (radius + thickness) * (share - 1.0)
        frames.append(ParticleFrame(radius, thickness, depth, None) if dim == 2 else SolidParticleFrame(radius, thickness, depth))
    return frames


def _zones(scenario: Scenario, frame, layers: list[LayerShape], per_layer: float) -> list[_Zone]:
    """Core, layers and electrolyte with their largest sizes."""
    geometry, thickness = scenario.geometry, frame.sei_thickness
    width = frame.core_size if frame.dim == 3 and geometry.kind != "patch" else frame.period or frame.width
    core = min(frame.core_size, width) / per_layer
    electrolyte = frame.electrolyte_depth / per_layer
    binder = 0.0
    if geometry.kind == "particles":
        electrolyte = (frame.core_size + thickness * (frame.dim == 3)) / per_layer
        binder = min((geometry.binder or 0.0) / NANOMETRE, frame.electrolyte_depth)
    domains = None if scenario.core_domains is None else core_shape(scenario, frame)
    zones = [_Zone(-frame.core_size, 0.0, core, domains)]
    zones += [_Zone(s.inner, s.outer, s.thickness / per_layer, s if s.fractions else None) for s in layers]
    if binder > 0.0:
        zones.append(_Zone(thickness, thickness + binder, binder / per_layer))
    return [*zones, _Zone(thickness + binder, thickness + frame.electrolyte_depth, electrolyte)]


def _sheet(frame, zones: list[_Zone], units: list, k: int, slope: float) -> float:
    """Cells of a zone without grains: its own size, or those that grow from all other zones."""
    zone = zones[k]
    ends = zone.low + (zone.high - zone.low) * 0.5 * (1.0 - np.cos(np.linspace(0.0, math.pi, PIECES + 1)))
    middle = 0.5 * (ends[1:] + ends[:-1])
    size = np.full(PIECES, zone.limit)
    for other, unit in zip(zones, units, strict=True):
        away = np.maximum(np.maximum(other.low - middle, middle - other.high), 0.0)
        size = np.minimum(size, (other.limit if unit is None else unit.outside) + slope * away)
    measures = np.array([frame.measure(low, high) for low, high in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)])
    density = PER_SQUARE if frame.dim == 2 else PER_CUBE[0] if zone.high <= 0.0 else PER_CUBE[2]
    return density * float((measures / size**frame.dim).sum())
