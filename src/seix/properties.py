"""Kinds of material properties: dimension, sensible interval, and letters for the origin of values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from seix.input.types import to_si
from seix.units import DIMENSIONS, UnitError

BINDER = "binder"
"""Name of the region of the binder of several particles, whatever its material."""
VOID = "void"
"""Name of the material that is none: a hole."""

ORIGINS = {
    "R": "read in the source",
    "K": "general knowledge of the literature, source not read again",
    "C": "calculated from values of the source",
    "G": "estimate",
}
CONFIDENCE = {"H": "high", "M": "medium", "L": "low"}


@dataclass(frozen=True)
class PropertyKind:
    """What a property is, whatever the material.

    Attributes
    ----------
    label : str
        Name for people.
    dimension : str
        Key of `seix.units.DIMENSIONS`.
    low, high : float
        Open interval of SI values that make physical sense.
    activation : str or None
        Name of the property that is its activation energy.
    """

    label: str
    dimension: str
    low: float = 0.0
    high: float = math.inf
    activation: str | None = None

    @property
    def unit(self) -> str:
        """SI unit."""
        return DIMENSIONS[self.dimension].unit

    @property
    def expected(self) -> str:
        """What is allowed, as the end of a message."""
        return DIMENSIONS[self.dimension].expected

    def parse(self, value: Any, written: bool) -> float:
        """SI value of text with unit, or of an SI float if not `written` in a file.

        Raises
        ------
        UnitError
            Wrong unit, or a value that makes no physical sense.
        """
        si = to_si(value, self.dimension, written)
        if not self.low < si < self.high:
            upper = "" if math.isinf(self.high) else f" and less than {self.high:g}"
            unit = f" {self.unit}" if self.unit else ""
            raise UnitError(f"{value} is not allowed; must be greater than {self.low:g}{upper}{unit}")
        return si


PROPERTIES = {
    "youngs_modulus": PropertyKind("Young's modulus", "stress"),
    "poisson_ratio": PropertyKind("Poisson ratio", "ratio", -1.0, 0.5),
    "conductivity": PropertyKind("ionic conductivity", "conductivity", activation="activation_energy"),
    "activation_energy": PropertyKind("activation energy of the conductivity", "molar_energy", -1e-300),
    "electronic_conductivity": PropertyKind("electronic conductivity", "conductivity"),
    "relative_permittivity": PropertyKind("relative permittivity", "ratio"),
    "wet_youngs_modulus": PropertyKind("Young's modulus in the electrolyte", "stress"),
    "molar_volume": PropertyKind("molar volume of the compound", "molar_volume"),
    "partial_molar_volume": PropertyKind("partial molar volume of lithium", "molar_volume", -1.0),
    "diffusivity": PropertyKind(
        "diffusivity of lithium", "diffusivity", activation="diffusivity_activation_energy"
    ),
    "diffusivity_activation_energy": PropertyKind(
        "activation energy of the diffusivity", "molar_energy", -1e-300
    ),
    "maximum_concentration": PropertyKind("maximum lithium concentration", "concentration"),
    "exchange_current_density": PropertyKind(
        "exchange current density", "current_density", activation="exchange_current_activation_energy"
    ),
    "exchange_current_activation_energy": PropertyKind(
        "activation energy of the exchange current", "molar_energy", -1e-300
    ),
}  # fmt: skip
"""All properties a record or an override may give."""
