"""The SEI of a patch as a film: its cell, the values of its phases, and one effective property with companion and bounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from ..analysis.quantity import Quantity
from ..input.measure.effective import THERMAL, TRANSPORT
from ..materials import MaterialLibrary
from ..properties import PROPERTIES
from ..scales import LENGTH
from .bounds import Layer
from .cell import Cell
from .reading import Reading, Specimen

SLACK = 1e-6
"""Relative amount by which rounding and the quadrature on curved cells may miss what holds exactly: bounds and reciprocity."""
FAR = 0.01
"""Relative distance from bounds that presume something about the microstructure that is worth a word."""


@dataclass(frozen=True)
class Row:
    """One effective property.

    Attributes
    ----------
    name, unit : str
    value : float
        With faces that follow the mean gradient.
    uniform : float or None
        With uniform traction on the faces, or without current through them; None where that is not computed.
    bounds : mapping of str to float
        By name of :data:`seix.analysis.measured.effective_names.BOUNDS`; those that exist.
    """

    name: str
    unit: str
    value: float
    uniform: float | None = None
    bounds: Mapping[str, float] = field(default_factory=dict)

    def quantities(self) -> Iterator[tuple[str, Quantity]]:
        """Documented names and values."""
        companions = {} if self.uniform is None else {"uniform_faces": self.uniform}
        yield f"effective.{self.name}", Quantity(self.value, self.unit)
        for name, value in (companions | dict(self.bounds)).items():
            yield f"effective.{self.name}.{name}", Quantity(value, self.unit)

    def violations(self) -> Iterator[str]:
        """What cannot be, a clause for each."""
        low, high = self.bounds.get("reuss", -np.inf), self.bounds.get("voigt", np.inf)
        slack, unit = SLACK * abs(self.value), "" if self.unit == "1" else f" {self.unit}"
        for words, value in (("", self.value), (" with uniform faces", self.uniform)):
            if value is not None and not low - slack <= value <= high + slack:
                allowed = f"{low:.6g} to {high:.6g}{unit}"
                yield f"effective.{self.name}{words} is {value:.6g}{unit}, outside of what its phases allow, {allowed}"
        if self.uniform is not None and not self.uniform <= self.value + slack:
            yield f"effective.{self.name} is larger with uniform faces ({self.uniform:.6g}) than without ({self.value:.6g})"

    @property
    def within(self) -> bool | None:
        """Whether layers of isotropic composites could about have the value; None if there are no bounds that tell."""
        if "hs_lower" not in self.bounds:
            return None
        low, high = self.bounds["hs_lower"], self.bounds.get("hs_upper", np.inf)
        return bool(low * (1 - FAR) <= self.value <= high * (1 + FAR))


class Film:
    """What is looked at, and how.

    Parameters
    ----------
    specimen : Specimen
        A patch.

    Attributes
    ----------
    section : seix.input.measure.effective.Effective
    cell : Cell
    faces : tuple of str
        Conditions on the faces, the reported one first.
    layers : list of Layer
        Share of the thickness and volume fractions of each layer, achieved by the mesh.
    """

    def __init__(self, specimen: Specimen):
        scenario = specimen.scenario
        self.section, self.temperature, self.preset = scenario.measure.effective, scenario.temperature, scenario.solver.preset
        self.cell = Cell(specimen.model.domains)
        self.dim = self.cell.dim
        self.faces = ("affine", "uniform") if self.section.uniform_faces else ("affine",)
        sizes = self.cell.layers()
        total = sum(sizes.values())
        self.layers: list[Layer] = [(size / total, self.cell.fractions(layer)) for layer, size in sizes.items()]
        library, names = MaterialLibrary(), self.cell.domains.region_names
        self._phases = {
            names[region]: library.material(names[region], scenario.materials.override) for region in self.cell.regions
        }
        boundary = scenario.grain_boundary
        self.width = 0.0 if boundary is None else boundary.thickness
        self._boundary = boundary and library.material(boundary.material, scenario.materials.override)

    @property
    def has_boundaries(self) -> bool:
        """Whether interfaces of grains conduct along themselves."""
        return self._boundary is not None

    def phases(self, name: str, temperature: float) -> dict[str, float]:
        """Value of a property of the records for each phase, SI."""
        return {phase: material.value(name, temperature) for phase, material in self._phases.items()}

    def boundary(self, name: str, temperature: float) -> float:
        """Width times the value of a property for the interfaces of grains, SI; zero where there are none, or no such effect."""
        known = {TRANSPORT[thermal] for thermal in THERMAL}
        return self.width * self._boundary.value(name, temperature) if self._boundary and name in known else 0.0

    def activation(self, name: str) -> tuple[dict[str, float], float]:
        """Activation energy of a property in each phase and in interfaces of grains, J/mol; zero where a record has none."""
        def of(material) -> float:
            key = PROPERTIES[name].activation
            return material.properties[key].value if key in material.properties else 0.0

        return {phase: of(material) for phase, material in self._phases.items()}, of(self._boundary) if self._boundary else 0.0

    def in_plane(self, values: np.ndarray) -> float:
        """Along the film, from values along its directions: of a section that of direction 1, in space the mean of 1 and 2."""
        return float(values[0] if self.dim == 2 else (values[0] + values[1]) / 2)

    def both(self, values: np.ndarray) -> np.ndarray:
        """Along the film and through it, from values along its three directions."""
        return np.array([self.in_plane(values), values[2]])

    def describe(self) -> Reading:
        """A reading that says what its values belong to."""
        layers = [{"thickness": share * self.cell.size * LENGTH, "fractions": dict(mix)} for share, mix in self.layers]
        return Reading(record={"fractions": self.cell.fractions(), "layers": layers, "reciprocity": {}})
