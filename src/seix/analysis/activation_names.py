"""Every name that the growth law reports."""

from __future__ import annotations

from .quantity_info import QuantityInfo

_LAW = "by the growth law, a model; only for `structure: activation`"
ACTIVATION_TABLE: tuple[QuantityInfo, ...] = (
    QuantityInfo(
        "activation.thickness", "m", "thickness of the SEI grown", f"sum of all deposits over the area of the particles, {_LAW}"
    ),
    QuantityInfo(
        "activation.layers",
        "1",
        "layers that can be told apart",
        f"number of layers with grains, fewer than repeats where a repeat deposits less than a grain is high, {_LAW}",
        True,
    ),
    QuantityInfo(
        "activation.grain_diameter",
        "m",
        "mean diameter of the grains grown",
        f"mean by number of the mean diameters of the layers, {_LAW}",
        True,
    ),
    QuantityInfo(
        "activation.pulse_charge",
        "C/m2",
        "charge of the pulses",
        f"integral of the current of all repeats over the surface of the particles, {_LAW}",
        True,
        label="charge of the pulses",
    ),
    QuantityInfo(
        "activation.later_charge",
        "C/m2",
        "charge lost to the SEI after the pulses",
        f"the same of the steps `afterwards`, {_LAW}",
        True,
        label="charge lost afterwards",
    ),
    QuantityInfo(
        "activation.specific_charge",
        "C/kg",
        "charge lost to the SEI by a mass of active material",
        f"sum of both charges times `electrode.specific_surface`; 3600 C/kg are 1 mAh/g, {_LAW}",
    ),
    QuantityInfo(
        "activation.coulombic_efficiency",
        "1",
        "initial coulombic efficiency as a cycler sees it after the pulses",
        f"Q/(Q + charge lost afterwards + other loss), Q the reversible capacity, {_LAW} with `afterwards`; read it as a trend",
        True,
        label="ICE after the pulses",
    ),
    QuantityInfo(
        "activation.total_coulombic_efficiency",
        "1",
        "initial coulombic efficiency with the pulses counted as lost",
        f"Q/(Q + both charges + other loss), {_LAW} with `afterwards`; read it as a trend",
        True,
        label="ICE with the pulses",
    ),
)
"""Entries in the order of the report."""
