"""One number of a run: which quantity, of which structure, at which current."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..analysis.quantity import describe
from ..analysis.quantity_table import QUANTITY_TABLE
from ..errors import InputError
from ..input.types import did_you_mean
from ..input.words import shown
from ..scenario_file import Study

RATIO = "ratio"


@dataclass(frozen=True)
class Target:
    """Where a number stands in ``quantities.json``.

    Attributes
    ----------
    name : str
        Name of the quantity without structure.
    structure : str
    multiple : float
        I/I0.
    unit : str
        As documented.
    """

    name: str
    structure: str
    multiple: float
    unit: str

    @property
    def described(self) -> str:
        """In words, for people who know which structures there are."""
        return f"{self.name} of {self.structure} at I/I0 = {self.multiple:g}"

    def entry(self, document: dict[str, Any]) -> dict[str, Any]:
        """Value, unit, error and kind of error.

        Raises
        ------
        InputError
            If a run does not report this quantity, or has no limit for it.
        """
        cases = [one for one in document["cases"] if one["structure"] == self.structure]
        found = next((one for one in cases if one["current_multiple"] == self.multiple), None)
        quantities = found["quantities"] if found is not None else {}
        name = f"{RATIO}.{self.name}" if "/" in self.structure else self.name  # names of ratios say so
        if name not in quantities:
            known = did_you_mean(name, quantities)
            raise InputError(f"{self.described} is not reported by this scenario;{known} see quantities.json of any run")
        return quantities[name]


def target_of(study: Study, name: str, structure: str | None, multiple: float | None) -> Target:
    """Find a number before anything is computed.

    Parameters
    ----------
    study : Study
        Scenario of the runs.
    name : str
        Name of the quantity without structure.
    structure : str or None
        Variant of a comparison, or ``first/second`` for the ratio of both; None where there is only one.
    multiple : float or None
        I/I0; the first that is computed if None.

    Raises
    ------
    InputError
        An unknown name, structure or current, or a quantity that depends on the mesh for ever.
    """
    names = list(study.members)
    allowed = names + ([f"{names[0]}/{names[1]}"] if len(names) == 2 else []) if study.is_comparison else names
    if structure is None and len(names) > 1:
        raise InputError(f"{name}: of which structure? allowed: {', '.join(allowed)}")
    structure = structure or names[0]
    if structure not in allowed:
        known = did_you_mean(structure, allowed)
        raise InputError(f"{name}: unknown structure '{shown(structure)}';{known} allowed: {', '.join(allowed)}")
    scenario = study.members.get(structure, study.members[names[0]])
    multiples = scenario.load.current_multiples
    multiple = multiples[0] if multiple is None else float(multiple)
    if multiple not in multiples:
        computed = ", ".join(f"{one:g}" for one in multiples)
        raise InputError(f"I/I0 = {multiple:g} is not computed; must be one of load.current_multiples: {computed}")
    info = describe(name)
    if info is None:
        known = did_you_mean(name, [one.pattern for one in QUANTITY_TABLE])
        raise InputError(f"unknown quantity '{shown(name)}';{known} docs/quantities.md has all names")
    if info.kind == "maximum":
        raise InputError(f"{name} depends on the mesh and has no limit that a finer mesh would reach; choose a quantile instead")
    unit = "1" if structure not in names else info.unit_in(scenario.geometry.dimension)
    return Target(name, structure, multiple, unit)


def split_name(study: Study, name: str) -> tuple[str, str | None]:
    """Quantity and structure of a name as in ``quantities.json``: of comparisons it begins with the structure, or ``ratio``."""
    first, _, rest = name.partition(".")
    if study.is_comparison and rest:
        names = list(study.members)
        if first in names:
            return rest, first
        if first == RATIO and len(names) == 2:
            return rest, f"{names[0]}/{names[1]}"
    return name, None
