"""Numerical twins of measurements: what an instrument would read on the computed structure."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import replace
from types import ModuleType

from ..analysis.errors import assumed_order, error_at
from ..analysis.quantity import describe
from ..numerics.timing import timed
from .reading import Reading, Specimen

MODULES: Mapping[str, str] = {
    "impedance": "impedance",
    "gitt": "gitt",
    "effective": "effective",
    "indentation": "indentation",
}
"""Key under `measure` -> module of this package with ``ONCE`` and ``read(specimen) -> Reading``, collective. With ``ONCE`` it
reads the reported mesh only and states its errors itself."""


def module_of(name: str) -> ModuleType:
    """Module of an instrument."""
    return importlib.import_module(f".{MODULES[name]}", __package__)


def read_all(specimen: Specimen) -> dict[str, Reading]:
    """Readings of all instruments that the scenario asks for (collective).

    Returns
    -------
    dict
        Key under `measure` -> reading.

    Raises
    ------
    SeixError
        On all ranks alike.
    """
    measure = specimen.scenario.measure
    readings: dict[str, Reading] = {}
    for name in {} if measure is None else measure.instruments():
        module = module_of(name)
        if not specimen.fine and module.ONCE:
            continue
        specimen.progress.stage(f"measure {name} of {specimen.name}{'' if specimen.fine else ', coarser mesh'}")
        with timed(f"measure {name}"):
            readings[name] = module.read(specimen)
    return readings


def with_errors(
    fine: Mapping[str, Reading], coarse: Mapping[str, Reading] | None, ratio: float, corners: bool = False
) -> dict[str, Reading]:
    """Readings of the finer mesh with the errors that the coarser one tells.

    Parameters
    ----------
    fine, coarse : mapping of str to Reading
        `coarse` is None if there is none, or none that tells anything.
    ratio : float
        Mesh size of the coarser over that of the finer mesh.
    corners : bool
        As for :func:`seix.analysis.errors.assumed_order`.
    """
    found = {}
    for name, reading in fine.items():
        other = coarse[name].quantities if coarse and name in coarse else {}
        quantities = dict(reading.quantities)
        for key, quantity in reading.quantities.items():
            if quantity.error_kind in (None, "sweep", "domain") and key in other:
                order = assumed_order(describe(key).kind, corners)
                mesh = error_at({1.0: (quantity.value, other[key].value)}, 1.0, ratio, order)
                error = mesh + (quantity.error or 0.0)
                quantities[key] = replace(quantity, error=error, error_kind=quantity.error_kind or "two_mesh")
        found[name] = replace(reading, quantities=quantities)
    return found


__all__ = ["MODULES", "Reading", "Specimen", "module_of", "read_all", "with_errors"]
