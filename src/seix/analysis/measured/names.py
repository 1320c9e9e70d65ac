"""Every name that instruments report."""

from __future__ import annotations

from ..quantity_info import QuantityInfo
from .effective_names import EFFECTIVE_TABLE

MEASURED_TABLE: tuple[QuantityInfo, ...] = (
    *EFFECTIVE_TABLE,
)  # fmt: skip
"""Entries of all instruments, in the order of the report."""
