"""What a reported name stands for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["value", "integral", "field quantile", "stress quantile", "interface peak", "maximum", "balance"]
"""How a quantity depends on the mesh, which decides what can be said of its error (:mod:`seix.analysis.errors`):

`integral`: integral or mean over a region or a surface, and what is made of these; `field quantile`, `stress quantile`: of the
values in a region; `interface peak`: largest mean of a facet of core|SEI; `maximum`: raw maximum without a limit;
`balance`: zero but for rounding; `value`: any other, such as a value at a point."""


@dataclass(frozen=True)
class QuantityInfo:
    """Meaning of a name; `<phase>` in the pattern stands for the material of a region, other words in angles for what they say.

    `unit` is that in two dimensions, where extensive quantities are per metre of depth; `solid_unit` that in three, where it
    differs. `label` is the short name of a headline that has a row of its own in the table of a run. `kind` decides on the error.
    `phase` is the phase of a quantity whose name has none.
    """

    pattern: str
    unit: str
    meaning: str
    definition: str
    headline: bool = False
    solid_unit: str | None = None
    label: str | None = None
    kind: Kind = "value"
    phase: str = ""

    def unit_in(self, dimension: int) -> str:
        """Unit in two or three dimensions."""
        return self.solid_unit if dimension == 3 and self.solid_unit else self.unit

    @property
    def units(self) -> tuple[str, ...]:
        """Units the quantity may have."""
        return (self.unit,) if self.solid_unit is None else (self.unit, self.solid_unit)

    def matches(self, name: str) -> bool:
        """Whether `name` is this quantity."""
        return re.fullmatch(re.sub(r"<\w+>", "[^.]+", re.escape(self.pattern)), name) is not None

    def phase_of(self, name: str) -> str:
        """Phase that a name of this quantity stands for; empty if it is of no single one."""
        return name.rsplit(".", 1)[1] if self.pattern.endswith(".<phase>") else self.phase
