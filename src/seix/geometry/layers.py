"""From a scenario to the microstructure: layers in nanometres, grains packed into each of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from seix.geometry.assembly.frame import AssemblyFrame
from seix.geometry.particle import ParticleFrame
from seix.geometry.patch import FREE, PatchFrame
from seix.geometry.shapes import ConvexShapes, StarShapes, join_shapes
from seix.geometry.solid import SolidParticleFrame, SolidPatchFrame
from seix.geometry.spots import Spots, fine_spots

if TYPE_CHECKING:
    from seix.geometry.core_domains import CoreDomains
    from seix.scenario import Scenario

NANOMETRE = 1e-9
"""One unit of length inside `seix.geometry`, in metres."""

Frame = PatchFrame | ParticleFrame | SolidPatchFrame | SolidParticleFrame | AssemblyFrame


@dataclass(frozen=True)
class LayerShape:
    """One layer of the SEI in nanometres.

    Attributes
    ----------
    inner, outer : float
        Heights of its two walls over core|SEI [nm].
    matrix : str
        Material between the grains.
    fractions : dict of str to float
        Area fraction of the grains of each material.
    diameter, spread, gap : float
        Mean [nm] and coefficient of variation of the grain diameters, smallest distance of grain surfaces
        [nm]; 0 without grains.
    gaps : tuple of float
        Distances that grains keep from the inner and from the outer wall [nm].
    shape : str
        `round`, `cellular` or `polycrystal`.
    rounding : float
        Of cellular grains, 0 to 1.
    """

    inner: float
    outer: float
    matrix: str
    fractions: dict[str, float] = field(default_factory=dict)
    diameter: float = 0.0
    spread: float = 0.0
    gap: float = 0.0
    gaps: tuple[float, float] = (0.0, 0.0)
    shape: str = "round"
    rounding: float = 0.0

    @property
    def thickness(self) -> float:
        """Thickness [nm]."""
        return self.outer - self.inner


@dataclass
class Structure:
    """A packed microstructure; all lengths in nanometres.

    Attributes
    ----------
    frame : PatchFrame or ParticleFrame
        Outer shape and coordinates.
    layers : list of LayerShape
        From the core outwards.
    phase_names : list of str
        Grain materials.
    centres, radii : ndarray (n, dim), (n,)
        Round grains [nm].
    phase, layer : ndarray (n,) of int32
        Index into `phase_names` and into `layers`.
    side : ndarray (n,) of int32
        Side that the grain is centred on, -1 for none. On a patch side 0 stands for both periodic sides (the
        grain is cut into two halves); in a sector it is the number of the ray (half of the grain lies
        inside). In space the sides of a patch are x = 0 and y = 0, those of a particle its mirror planes.
    seed : int
    shapes : ConvexShapes or StarShapes or None
        Shapes of the grains if they are not round; `radii` are then those of the discs or spheres that were packed.
    domains : CoreDomains or None
        Domains resolved in the core; no part of the arrays above.
    spots : Spots or None
        Places on the surface of a patch in space where cells are small.
    statistics : dict
        Fractions, counts, diameters, gaps and interface lengths, lengths in metres; ready for JSON.
    """

    frame: Frame
    layers: list[LayerShape]
    phase_names: list[str]
    centres: np.ndarray
    radii: np.ndarray
    phase: np.ndarray
    layer: np.ndarray
    side: np.ndarray
    seed: int
    shapes: ConvexShapes | StarShapes | None = None
    domains: CoreDomains | None = None
    spots: Spots | None = None
    statistics: dict = field(default_factory=dict)

    @property
    def dim(self) -> int:
        """2 or 3."""
        return self.frame.dim

    @property
    def kind(self) -> str:
        """`patch` or `particle`."""
        return self.frame.kind

    @property
    def period(self) -> float | None:
        """Period of a patch [nm]."""
        return self.frame.period

    @property
    def sector(self) -> float | None:
        """Angle of a sector [rad]."""
        return self.frame.sector

    @property
    def core(self) -> float:
        """Depth of the core of a patch, radius of the core of a particle [nm]."""
        return self.frame.core_size

    @property
    def electrolyte_depth(self) -> float:
        """Thickness of the electrolyte [nm]."""
        return self.frame.electrolyte_depth

    @property
    def weights(self) -> np.ndarray:
        """Part (n,) of each grain that lies in the domain: 1, or 1/2 for a grain on a symmetry ray."""
        half = (self.side != FREE) & (self.kind == "particle")
        return np.where(half, 0.5, 1.0)


def build_structure(scenario: Scenario) -> Structure:
    """Pack the grains that a scenario asks for.

    Parameters
    ----------
    scenario : Scenario
        Uses `geometry`, `sei` and `seed`; and `measure.indentation`, which wants small cells under its tip.

    Returns
    -------
    Structure
        The same for the same scenario, to the last bit.

    Raises
    ------
    GeometryError
        If a fraction cannot be packed (the message says which can), or if a layer is too small for its
        grains.
    """
    layers = layer_shapes(scenario)
    frame = _frame(scenario, layers)
    if scenario.sei.structure == "bilayer":
        layers = on_curved_sei(layers, frame)
    names = sorted({name for layer in layers for name in layer.fractions})
    if isinstance(frame, AssemblyFrame):
        from seix.geometry.assembly.build import pack_assembly  # compiled loops load slowly, and forecasts need none

        grains, shapes = _alike(lambda least: pack_assembly(
            layers, frame, names, scenario.seed, lambda own, seed: _grains(layers, own, names, seed, least)))  # fmt: skip
        return _described(frame, layers, names, grains, scenario.seed, join_shapes(shapes))
    grains, shapes = _alike(lambda least: _grains(layers, frame, names, scenario.seed, least))
    structure = _described(frame, layers, names, grains, scenario.seed, join_shapes(shapes))
    structure.spots = fine_spots(scenario, NANOMETRE)
    if scenario.core_domains is not None:
        from seix.geometry.core_domains import domain_statistics, pack_domains

        structure.domains = pack_domains(core_shape(scenario, frame), frame, scenario.seed)
        structure.statistics["core_domains"] = domain_statistics(structure, 1.0 / NANOMETRE)
    return structure


def _alike(pack: Callable[[int], tuple]) -> tuple:
    """Grains and shapes with one template for all grains in space: the finest that any layer needs."""
    grains, shapes = pack(0)
    while len(used := {shape.segments for _, shape in shapes if isinstance(shape, StarShapes)}) > 1:
        grains, shapes = pack(max(used))
    return grains, shapes


def _grains(layers: list[LayerShape], frame: Frame, names: list[str], seed: int, least: int) -> tuple[list[np.ndarray], list]:
    """Centres, radii, phase, layer and side of the grains of all layers, and each layer with its shapes.

    `least` are the segments of the coarsest template of cellular grains in space.
    """
    found, shapes = [], []
    for index, layer in enumerate(layers):
        if layer.fractions:
            grains, shape = _fill(layer, frame, seed, index, len(layers), least)
            phase = np.array([names.index(name) for name in layer.fractions])[grains.phase]
            found.append((grains.centres, grains.radii, phase, np.full(len(phase), index), grains.side))
            shapes.append((grains, shape))
    empty = (np.empty((0, frame.dim)), np.empty(0), np.empty(0), np.empty(0), np.empty(0))
    return [np.concatenate(column) for column in zip(empty, *found, strict=True)], shapes


def _described(frame: Frame, layers: list[LayerShape], names: list[str], grains: tuple, seed: int, shapes=None) -> Structure:
    """The structure with its statistics."""
    from seix.geometry.statistics import structure_statistics

    centres, radii, *numbers = grains
    phase, layer, side = (column.astype(np.int32) for column in numbers)
    structure = Structure(frame, layers, names, centres, radii, phase, layer, side, seed, shapes)
    structure.statistics = structure_statistics(structure, 1.0 / NANOMETRE)
    return structure


def core_shape(scenario: Scenario, frame: Frame) -> LayerShape:
    """The core with its domains as a layer below core|SEI."""
    given = scenario.core_domains
    gap = given.gap / NANOMETRE
    # towards the centre of a particle there is no wall, only a node to stay clear of
    inner = gap if frame.kind == "patch" else 0.5 * gap
    return LayerShape(-frame.core_size, 0.0, scenario.materials.core, {given.material: given.fraction},
                      given.diameter / NANOMETRE, given.spread, gap, (inner, gap))  # fmt: skip


def _fill(layer: LayerShape, frame: Frame, seed: int, index: int, count: int, least: int):
    """Grains of one layer and their shapes, None if they are round."""
    band = frame.band(layer.inner, layer.outer, layer.gaps, layer.gap)
    if layer.shape == "round":
        from seix.geometry.packing import pack_layer

        return pack_layer(layer, band, seed, index, count), None
    from seix.geometry.cellular import cellular_layer

    return cellular_layer(layer, band, frame, seed, index, count, least)


def _frame(scenario: Scenario, layers: list[LayerShape]) -> Frame:
    geometry, thickness = scenario.geometry, layers[-1].outer
    if geometry.kind == "particles":
        from seix.geometry.assembly.placing import place_bodies

        binder = (geometry.binder or 0.0) / NANOMETRE
        heights = np.array([0.0, *(layer.outer for layer in layers), *([thickness + binder] if binder else [])])
        return AssemblyFrame(place_bodies(geometry, heights, thickness, scenario.seed, NANOMETRE), thickness, binder)
    return single_frame(scenario, thickness)


def single_frame(scenario: Scenario, thickness: float) -> Frame:
    """The patch or the one particle of a scenario, whose SEI has a thickness [nm]."""
    geometry = scenario.geometry
    electrolyte = geometry.electrolyte_depth / NANOMETRE
    solid = geometry.dimension == 3
    if geometry.kind == "patch":
        kind = SolidPatchFrame if solid else PatchFrame
        return kind(scenario.period / NANOMETRE, geometry.core_depth / NANOMETRE, thickness, electrolyte)
    radius, sector = geometry.core_radius / NANOMETRE, geometry.sector
    if not solid:
        return ParticleFrame(radius, thickness, electrolyte, None if sector == "full" else float(sector))
    if isinstance(sector, str):
        return SolidParticleFrame(radius, thickness, electrolyte, sector)
    return SolidParticleFrame(radius, thickness, electrolyte, "cone", 0.5 * sector)


def layer_shapes(scenario: Scenario) -> list[LayerShape]:
    """The layers of a scenario, from the core outwards."""
    shapes, inner = [], 0.0
    resolved = scenario.sei.resolved_layers()
    for index, layer in enumerate(resolved):
        outer = inner + layer.thickness / NANOMETRE
        if layer.phases:
            grains = layer.grains
            gap = (grains.gap or 0.0) / NANOMETRE
            gaps = (gap if index == 0 else 0.5 * gap, gap if index == len(resolved) - 1 else 0.5 * gap)
            rounding = grains.rounding if grains.shape == "cellular" else 0.0
            shapes.append(LayerShape(inner, outer, layer.matrix, dict(layer.phases), grains.diameter / NANOMETRE,
                                     grains.spread, gap, gaps, grains.shape, rounding))  # fmt: skip
        else:
            shapes.append(LayerShape(inner, outer, layer.matrix))
        inner = outer
    return shapes


def on_curved_sei(layers: list[LayerShape], frame: Frame) -> list[LayerShape]:
    """Layers of a bilayer whose fractions of the whole SEI also hold where the layers are curved.

    The scenario divides by the thickness of the inner layer; around a particle that layer has less area than
    its share of the thickness.
    """
    total = frame.measure(0.0, layers[-1].outer)
    share = [frame.measure(layer.inner, layer.outer) / total * layers[-1].outer / layer.thickness for layer in layers]
    return [
        replace(layer, fractions={name: fraction / s for name, fraction in layer.fractions.items()})
        for layer, s in zip(layers, share, strict=True)
    ]
