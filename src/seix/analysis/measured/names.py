"""Every name that instruments report."""

from __future__ import annotations

from ..quantity_info import QuantityInfo
from .effective_names import EFFECTIVE_TABLE
from .gitt_names import GITT_TABLE
from .impedance_names import IMPEDANCE_TABLE
from .indentation_names import INDENTATION_TABLE

MEASURED_TABLE: tuple[QuantityInfo, ...] = (
    *EFFECTIVE_TABLE,
    *IMPEDANCE_TABLE,
    *GITT_TABLE,
    *INDENTATION_TABLE,
)
"""Entries of all instruments, in the order of the report."""
