"""What the axes of a study are in the scenario: their values in SI, their units and names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, WithJsonSchema

from ..properties import PROPERTIES
from ..scenario_file import Study
from .schema import StudyFile

SEED = "seed"
"""Name of the column of the seeds of an ensemble."""


@dataclass(frozen=True)
class AxisInfo:
    """One thing that a study varies.

    Attributes
    ----------
    name : str
        In table and file.
    label : str
        In figures.
    key : str
        First key of the scenario that it sets.
    unit : str
        SI unit; empty for ratios, counts and words.
    log : bool
        Whether its values are spaced logarithmically.
    sampled : bool
        Whether it belongs to a sample and not to the grid.
    zipped : bool
        Whether it sets several keys that go together.
    """

    name: str
    label: str
    key: str
    unit: str = ""
    log: bool = False
    sampled: bool = False
    zipped: bool = False


def axis_infos(file: StudyFile, reference: Study) -> list[AxisInfo]:
    """What a study varies, in the order of its file.

    Parameters
    ----------
    file : StudyFile
    reference : Study
        A valid case, which tells the units.
    """
    found = []
    parts = [(name, axis, False) for name, axis in file.axes.items()]
    if file.sample is not None:
        parts += [(name, one, True) for name, one in file.sample.parameters.items()]
    for name, one, sampled in parts:
        key = one.targets[0]
        _, unit = value_at(reference, key)
        label, several = one.label or name.replace("_", " "), len(one.targets) > 1
        found.append(AxisInfo(name, label, key, unit, one.spacing == "log", sampled, several))
    return found


def number_of(info: AxisInfo, study: Study | None) -> float | None:
    """Value of a scenario on an axis in SI; None for what is no number, or for no scenario."""
    if study is None:
        return None
    value, _ = value_at(study, info.key)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def value_at(study: Study, key: str) -> tuple[Any, str]:
    """Value of a key of a validated scenario and its SI unit; (None, "") for what is not there."""
    parts = key.split(".")
    scenario = next(iter(study.members.values()))
    if parts[0] == "variants" and len(parts) > 2:
        scenario, parts = study.members.get(parts[1], scenario), parts[2:]
    here: Any = scenario
    unit = ""
    for part in parts:
        if isinstance(here, BaseModel):
            if part not in type(here).model_fields:
                return None, ""
            field = type(here).model_fields[part]
            unit = _unit([*field.metadata, field.annotation])
            here = getattr(here, part)
        elif isinstance(here, dict):
            here = here.get(part)
            unit = PROPERTIES[part].unit if part in PROPERTIES else ""
        elif isinstance(here, list | tuple) and part.isdecimal() and int(part) < len(here):
            here = here[int(part)]
        else:
            return None, ""
    return here, unit


def _unit(found: Iterable[Any]) -> str:
    """SI unit that an annotated quantity says in its JSON Schema, also inside a union such as that of an optional one."""
    for item in found:
        if isinstance(item, WithJsonSchema):
            if item.json_schema is not None:
                return str(item.json_schema.get("x-unit", ""))
        elif get_origin(item) in (Annotated, Union, UnionType) and (unit := _unit(get_args(item))):
            return unit
    return ""
