"""Every name that instruments report."""

from __future__ import annotations

from ..quantity_info import QuantityInfo
from .gitt_names import GITT_TABLE
from .impedance_names import IMPEDANCE_TABLE

MEASURED_TABLE: tuple[QuantityInfo, ...] = (
    *IMPEDANCE_TABLE,
    *GITT_TABLE,
)
"""Entries of all instruments, in the order of the report."""
