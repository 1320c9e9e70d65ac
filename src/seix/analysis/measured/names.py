"""Every name that instruments report."""

from __future__ import annotations

from ..quantity_info import QuantityInfo

MEASURED_TABLE: tuple[QuantityInfo, ...] = ()
"""Entries of all instruments, in the order of the report."""
