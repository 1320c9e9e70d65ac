"""Every name that instruments report."""

from __future__ import annotations

from ..quantity_info import QuantityInfo
from .impedance_names import IMPEDANCE_TABLE

MEASURED_TABLE: tuple[QuantityInfo, ...] = (
    *IMPEDANCE_TABLE,
)  # fmt: skip
"""Entries of all instruments, in the order of the report."""
