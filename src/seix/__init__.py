"""seix: microstructure-resolved electro-chemo-mechanics of the solid-electrolyte interphase.

Importing the package is cheap; the finite-element stack is loaded by what needs it (see `seix.fem`).
"""

from __future__ import annotations

import importlib
from typing import Any

_PUBLIC = {
    "Scenario": "seix.scenario",
    "load_study": "seix.scenario_file",
    "run": "seix.app",
}

__all__ = ["Scenario", "__version__", "load_study", "run"]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    if name == "__version__":
        from importlib.metadata import version

        return version("seix")
    raise AttributeError(f"module 'seix' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
