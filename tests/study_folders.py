"""Folders of studies with made-up results: plans, finished and failed cases with numbers that are known."""

from __future__ import annotations

import hashlib
import itertools
import json
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import numpy as np

from seix.study.axes import AxisInfo
from seix.study.design import unit_points
from seix.study.known import KnownCase
from seix.study.schema import Sample


def grid(**axes):
    """Axes of a grid: name -> list of (text, number)."""
    return axes


def write_study(
    root: Path, compute, axes=None, infos=None, sample: dict | None = None, seeds=(), quantities=(), title="A <study>",
    failed=(), pending=(), currents=(1.0,), structures=("film",), broken=()
) -> Path:  # fmt: skip
    """Write a folder as `seix sweep` leaves it.

    Parameters
    ----------
    compute
        (numbers of the axes, seed, structure, current) -> {quantity: (value, unit, error, kind)}.
    axes
        Name -> list of (text as written, number or None).
    infos
        Name -> keywords of AxisInfo that differ from the defaults.
    failed, pending, broken
        Numbers of cases that failed, that are not there yet, and whose geometry is impossible.
    """
    axes, infos = axes or {}, infos or {}
    rows = [{}]
    known = [AxisInfo(name, name.replace("_", " "), f"key.{name}", **infos.get(name, {})) for name in axes]
    if sample is not None:
        model = Sample.model_validate(sample)
        ends = {name: (float(one.start), float(one.stop)) for name, one in model.parameters.items()}
        rows = [{name: float(f"{a + share * (b - a):.6g}") for (name, (a, b)), share in zip(ends.items(), row, strict=True)}
                for row in unit_points(model)]  # fmt: skip
        known += [AxisInfo(name, name, f"key.{name}", sampled=True, **infos.get(name, {})) for name in ends]
        sample = model.model_dump(mode="json", by_alias=True)
    cases = []
    for combination in itertools.product(*axes.values()):
        fixed = dict(zip(axes, combination, strict=True))
        for row in rows:
            for seed in seeds or [None]:
                number = len(cases)
                values = {name: text for name, (text, _) in fixed.items()} | row
                numbers = {name: value for name, (_, value) in fixed.items()} | row
                key = hashlib.sha256(json.dumps([values, seed]).encode()).hexdigest()
                problem = "the grains do not fit" if number in broken else ""
                cases.append(KnownCase(number, key, key[:10], values, numbers, seed, problem))
    document = {
        "schema": "seix study 1", "name": root.name, "title": title, "description": "", "scenario": "base.yaml",
        "axes": [asdict(info) for info in known], "quantities": list(quantities), "sample": sample,
        "cases": [asdict(case) for case in cases],
    }  # fmt: skip
    (root / ".states").mkdir(parents=True)
    (root / ".locks").mkdir()
    (root / "study.json").write_text(json.dumps(document), "utf-8")
    for case in cases:
        if case.number in failed:
            state = {"status": "failed", "kind": "convergence", "message": "no <convergence>\nmore", "code": version("seix")}
            (root / ".states" / f"{case.name}.json").write_text(json.dumps(state), "utf-8")
        elif case.number not in pending and case.possible:
            entries = [(s, c, compute(case.numbers, case.seed, s, c)) for s in structures for c in currents]
            write_case(root / "cases" / case.name, case.hash, list(structures), entries)
    return root


def write_case(folder: Path, key: str, structures, entries) -> None:
    """A finished case with its numbers; ratios of two structures as seix forms them."""

    def plain(numbers):
        return {n: dict(zip(("value", "unit", "error", "error_kind"), q, strict=True)) for n, q in numbers.items()}

    listed = [{"structure": s, "current_multiple": c, "quantities": plain(q)} for s, c, q in entries]
    if len(structures) > 1:
        by = {(s, c): q for s, c, q in entries}
        for current in dict.fromkeys(c for _, c, _ in entries):
            a, b = (by[name, current] for name in structures[:2])
            maxima = {n for n in a if "not converged" in (a[n][3], b[n][3])}
            errors = {n: (None, "not converged") if n in maxima else (0.01, "propagated") for n in a}
            ratios = {f"ratio.{n}": (a[n][0] / b[n][0], "1", *errors[n]) for n in a}
            listed.append({"structure": "/".join(structures[:2]), "current_multiple": current, "quantities": plain(ratios)})
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "quantities.json").write_text(json.dumps({"structures": structures, "cases": listed}), "utf-8")
    record = {"hashes": {"scenario": key}, "code": {"version": version("seix")}, "files": ["quantities.json"]}
    (folder / "record.json").write_text(json.dumps(record), "utf-8")


def ishigami(x, a=7.0, b=0.1):
    """The usual test function of sensitivity analysis, of three numbers from -pi to pi."""
    return np.sin(x[..., 0]) + a * np.sin(x[..., 1]) ** 2 + b * x[..., 2] ** 4 * np.sin(x[..., 0])


def ishigami_indices(a=7.0, b=0.1):
    """First-order and total Sobol' indices (Ishigami and Homma, 1990, doi:10.1109/ISUMA.1990.151285)."""
    pi4 = np.pi**4
    one, two, both = 0.5 * (1 + b * pi4 / 5) ** 2, a**2 / 8, b**2 * np.pi**8 * (1 / 18 - 1 / 50)
    total = one + two + both
    return np.array([one, two, 0.0]) / total, np.array([one + both, two, both]) / total
