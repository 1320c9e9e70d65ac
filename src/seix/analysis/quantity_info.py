"""What a reported name stands for."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class QuantityInfo:
    """Meaning of a name; `<phase>` in the pattern stands for the material of a region, other words in angles for what they say.

    `unit` is that in two dimensions, where extensive quantities are per metre of depth; `solid_unit` that in three, where it
    differs. `label` is the short name of a headline that has a row of its own in the table of a run.
    """

    pattern: str
    unit: str
    meaning: str
    definition: str
    headline: bool = False
    solid_unit: str | None = None
    label: str | None = None

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
