"""The files under `scenarios/` by what they are: scenarios, studies, calibrations and audits have different keys."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1] / "scenarios"


def _files(kind: str) -> list[Path]:
    return [path for path in sorted(ROOT.rglob("*.yaml")) if _kind(path) == kind]


def _kind(path: Path) -> str:
    """Studies and calibrations name the scenario that they are about, audits their claims."""
    text = path.read_text("utf-8")
    if re.search(r"^claims:", text, re.MULTILINE):
        return "audit"
    if not re.search(r"^scenario:", text, re.MULTILINE):
        return "scenario"
    return "calibration" if re.search(r"^measurements:", text, re.MULTILINE) else "study"


def scenarios() -> list[Path]:
    """What `seix run` takes."""
    return _files("scenario")


def studies() -> list[Path]:
    """What `seix sweep` takes."""
    return _files("study")


def calibrations() -> list[Path]:
    """What `seix calibrate` takes."""
    return _files("calibration")


def audits() -> list[Path]:
    """What `seix audit` takes."""
    return _files("audit")
