"""Report of the verification cases: tables in Markdown, and two figures. All numbers come from the run."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..analysis.quantity_docs import markdown_table
from ..fem import MPI
from .case import ORDER_MARGIN, ORDER_SHARE, REFERENCES

if TYPE_CHECKING:
    from .runner import Estimate, Result

SUMMARY = "<!-- summary -->"
KINDS = {"integral": "mean or integral", "value": "value at a point"}
"""Kinds of quantities in words."""
SUMMARY_COLUMNS = (
    "case", "what is solved", "source", "reference", "checks", "largest error, finest mesh", "lowest order less theory", "",
)  # fmt: skip


def write_report(folder: Path, results: Sequence[Result]) -> None:
    """Write ``README.md``, ``results.json``, ``convergence.png`` and ``effectivity.png``, each beside and then renamed.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    from .runner import estimates

    folder.mkdir(parents=True, exist_ok=True)
    found = estimates(results)
    figures = {"convergence.png": lambda path: draw_convergence(path, results)}
    if found:
        figures["effectivity.png"] = lambda path: draw_effectivity(path, found)
    for name, draw in figures.items():
        beside = folder / f".{name}"
        draw(beside)
        beside.replace(folder / name)
    for name, text in (("README.md", page(results, found)), ("results.json", json.dumps(raw(results), indent=1))):
        beside = folder / f".{name}"
        beside.write_text(text + "\n", "utf-8")
        beside.replace(folder / name)


def raw(results: Sequence[Result]) -> list[dict]:
    """All numbers, for programs."""
    return [
        {
            "number": r.case.number, "title": r.case.title, "source": r.case.source, "passed": r.passed, "message": r.message,
            "checks": [
                {"name": c.name, "unit": c.unit, "reference": c.reference, "expected": c.expected, "values": list(c.values),
                 "relative_errors": list(c.errors),
                 "order": c.order, "observed_order": c.observed, "allowed_error": c.allowed, "passed": c.passed}
                for c in r.checks
            ],
        }
        for r in results
    ]  # fmt: skip


def page(results: Sequence[Result], found: Sequence[Estimate]) -> str:
    """The whole report."""
    checks = [check for result in results for check in result.checks]
    good = sum(check.passed for check in checks)
    lines = [
        "# Verification",
        "",
        "Made by `seix verify`; every number on this page was computed by the run it describes. Each check compares a number",
        "with a reference, and one word says of which kind:",
        "",
        markdown_table(("reference", "what it is"), list(REFERENCES.items())),
        "",
        "Where an order of convergence is known, each mesh is twice as fine as the one before, and error and order must be as",
        "theory says: the order seen between the two finest meshes may stay below that of theory by "
        f"{ORDER_MARGIN:g}, where that is at",
        f"most {ORDER_SHARE:.0%} of it. Where the discrete solution is that of the problem itself, the error must be `rounding`.",
        "All other checks see no order, many of them one mesh only: their error must be below the allowed one. Cells are",
        "quadratic and curved, fields quadratic.",
        "",
        f"**{sum(r.passed for r in results)} of {len(results)} cases passed, {good} of {len(checks)} checks.**",
        f"seix {version('seix')}, DOLFINx {_dolfinx()}, "
        f"Python {platform.python_version()}, {MPI.COMM_WORLD.size} rank{'s' * (MPI.COMM_WORLD.size > 1)}, "
        f"{datetime.now(UTC):%Y-%m-%d}.",
        "",
        "![Errors against refinement](convergence.png)",
        "",
        SUMMARY,
        markdown_table(SUMMARY_COLUMNS, [_summary(result) for result in results]),
        SUMMARY.replace("<!-- ", "<!-- /"),
        "",
    ]  # fmt: skip
    if found:
        lines += _estimates(found)
    lines += ["## Cases", ""]
    for result in results:
        lines += _section(result)
    lines += [
        "## What is not here",
        "",
        "Benchmarks of physics that seix does not have yet: flux of lithium driven by a given stress (B18), large strains and",
        "plasticity (B29-B33), fracture (B34-B36). The parabolic growth law (B37) is tested without finite elements",
        "(tests/unit).",
    ]
    return "\n".join(lines)


def _dolfinx() -> str:
    import dolfinx

    return dolfinx.__version__


def _word(passed: bool) -> str:
    return "passed" if passed else "**FAILED**"


def _summary(result: Result) -> list[str]:
    """A case in the table of all."""
    worst = max((check.errors[-1] for check in result.checks if check.reference != "bound"), default=None)
    kinds = [word for word in REFERENCES if any(check.reference == word for check in result.checks)]
    gaps = [check.observed - check.order for check in result.checks if check.order and check.observed is not None]
    case = result.case
    return [case.number, case.title, case.source, ", ".join(kinds), str(len(result.checks)),
            "" if worst is None else f"{worst:.1e}", f"{min(gaps):+.2f}" if gaps else "", _word(result.passed)]  # fmt: skip


def _section(result: Result) -> list[str]:
    """All checks of a case."""
    rows = []
    for check in result.checks:
        expected = "" if check.norm else f"{check.expected:.8g}"
        values = ", ".join(f"{value:.2e}" if check.norm else f"{value:.8g}" for value in check.values)
        errors = ", ".join(f"{error:.1e}" for error in check.errors)
        order = f"{check.order:.2g}" if check.order else "rounding" if check.rounding else ""
        observed = "" if check.observed is None or check.order is None else f"{check.observed:.2f}"
        name, allowed = check.name + (f" [{check.unit}]" if check.unit else ""), f"{check.allowed:.1e}"
        rows.append([name, check.reference, expected, values, errors, order, observed, allowed, _word(check.passed)])
    head = ["quantity", "reference", "its value", "computed, coarse to fine", "errors", "order", "observed", "allowed error", ""]
    title = f"### {result.case.number}: {result.case.title}"
    if result.message:
        return [title, "", f"{_word(False)}: {result.message}", ""]
    return [title, "", f"Source: {result.case.source}.", "", markdown_table(head, rows), ""]


def _estimates(found: Sequence[Estimate]) -> list[str]:
    """Stated against true errors."""
    from ..analysis.errors import assumed_order
    from .runner import COVERAGE, OVERSTATED, effectivity

    covered, overstated = effectivity(found)
    missed = sorted({one.name for one in found if not one.covers})
    rows = []
    for kind, corners in sorted({(one.kind, one.corners) for one in found}):
        part = [one for one in found if (one.kind, one.corners) == (kind, corners)]
        share, median = effectivity(part)
        words = KINDS.get(kind, kind) + (", interfaces with corners" if corners else "")
        rows.append([words, f"{assumed_order(kind, corners):g}", str(len(part)), f"{share:.1%}", f"{median:.1f}"])
    rows.append(["all", "", str(len(found)), f"{covered:.1%}", f"{overstated:.1f}"])
    rows.append(["wanted", "", "", f"at least {COVERAGE:.0%}", f"at most {OVERSTATED:g}"])
    return [
        "## Are the stated errors true?",
        "",
        "`seix run` states the error of every quantity from its values on two meshes: their difference over r^p - 1, with r the",
        "ratio of the mesh sizes and p an order assumed for its kind ([theory](../theory.md#error-of-a-quantity)). The same",
        "estimate for all quantities of this page whose value is known and which converge with an order, from each mesh and the",
        "next coarser one:",
        "",
        markdown_table(["kind", "order p", "pairs of meshes", "true error within the stated one",
                        "stated over true error, median"], rows),
        "",
        "Not covered: " + ("; ".join(missed) if missed else "none") + ".",
        "",
        "![Stated over true error](effectivity.png)",
        "",
    ]  # fmt: skip


def _pyplot():
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt


def draw_convergence(path: Path, results: Sequence[Result]) -> None:
    """Relative errors against refinement, one panel for each theoretical order."""
    plt = _pyplot()
    groups: dict[float, list] = {}
    for result in results:
        for check in result.checks:
            if check.order is not None and len(check.values) > 1:
                groups.setdefault(round(check.order, 2), []).append((result.case.number, check))
    if not groups:
        groups = {0.0: []}
    figure, panels = plt.subplots(1, len(groups), figsize=(3.1 * len(groups) + 0.6, 3.8), layout="constrained", sharey=True,
                                  squeeze=False)  # fmt: skip
    for axes, order in zip(panels[0], sorted(groups), strict=True):
        for _, check in groups[order]:
            steps = 2.0 ** np.arange(len(check.values))
            axes.loglog(steps, np.maximum(check.errors, 1e-16), "o-", lw=0.8, ms=2.5, alpha=0.6,
                        color="#4477aa" if check.passed else "#cc3311")  # fmt: skip
        steps = np.array([1.0, 4.0])
        axes.loglog(steps, 0.3 * steps**-order, "k--", lw=1.2, label=f"order {order:g}")
        axes.set(xlabel="refinement", title=f"theory: order {order:g}")
        axes.set_xticks([1, 2, 4], ["1", "2", "4"])
        axes.minorticks_off()
        axes.legend(fontsize=8, loc="lower left")
    panels[0][0].set_ylabel("relative error")
    figure.savefig(path, dpi=150, format="png")
    plt.close(figure)


def draw_effectivity(path: Path, found: Sequence[Estimate]) -> None:
    """Distribution of stated over true error."""
    plt = _pyplot()
    ratios = np.sort([one.stated / one.true for one in found])
    figure, axes = plt.subplots(figsize=(5.4, 3.6), layout="constrained")
    axes.step(ratios, 100 * np.arange(1, len(ratios) + 1) / len(ratios), where="post", color="#4477aa")
    axes.axvline(1.0, color="k", lw=1, ls="--", label="stated = true")
    axes.axvline(5.0, color="#cc3311", lw=1, ls=":", label="five times the true error")
    axes.set(xscale="log", xlabel="stated over true error", ylabel="share of quantities [%]", ylim=(0, 100))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.legend(fontsize=8, loc="lower right")
    figure.savefig(path, dpi=150, format="png")
    plt.close(figure)
