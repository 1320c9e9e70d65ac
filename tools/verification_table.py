"""Writes the table of verification cases in README.md from docs/verification/results.json (made by `seix verify`)."""

from __future__ import annotations

import json
from pathlib import Path

TOP = Path(__file__).parent.parent
ROWS = (
    ("B04", "field inside, r = 10", "field in a sphere that conducts ten times as well"),
    ("B07", "field inside", "field in a cylinder with a resistive surface"),
    ("B09+B10-3D", "effective conductivity, s_i = 0.01, surface 1", "grains with conducting boundaries, effective conductivity"),
    ("B11", "effective conductivity, r = 10, f = 0.5", "square array of cylinders, effective conductivity"),
    ("B03+B19", "potential drop at 20 A/m2", "two layers with Butler-Volmer kinetics, potential drop [V]"),
    ("B16", "stress at the centre, D t/R^2 = 0.0574209", "largest stress at the centre of a charged sphere"),
    ("B21", "hydrostatic stress in the core", "swollen core in two shells, stress in the core [GPa]"),
    ("B24", "C33", "laminate of LiF and organic, C33 [GPa]"),
    ("B25", "stress at the top of the hole", "hole under tension, stress concentration"),
    ("B14", "shift at a strain of 0.2 %", "shift of the potential by stress [mV/GPa]"),
    ("MMS-2D", "potential, relative error (2-norm)", "all fields coupled, manufactured: error of the potential"),
    ("MMS-2D", "displacement, relative error (2-norm)", "all fields coupled, manufactured: error of the displacement"),
    ("MMS-circle", "lithium, relative error (2-norm)", "the same across a circle: error of the lithium"),
    ("MMS-sphere", "potential, relative error (2-norm)", "the same across a sphere: error of the potential"),
)
"""Number of the case, name of the check, what it is."""
START, END = "<!-- verification -->", "<!-- /verification -->"


def table(results: list[dict]) -> str:
    """The section between the markers."""
    cases = {case["number"]: case for case in results}
    lines = ["| problem | reference | its value | seix, finest mesh | relative error | order seen (theory) |",
             "|---|---|---|---|---|---|"]  # fmt: skip
    for number, name, words in ROWS:
        (check,) = [one for one in cases[number]["checks"] if one["name"] == name]
        expected = f"{check['expected']:.7g}" if check["expected"] else ""
        value = f"{check['values'][-1]:.7g}" if check["expected"] else ""
        order = f"({check['order']:.2g})" if check["order"] else ""
        if check["observed_order"] is not None and check["order"] is not None:
            order = f"{check['observed_order']:.2f} {order}"
        error = f"{check['relative_errors'][-1]:.0e}"
        lines.append(f"| {words} ({number}) | {check['reference']} | {expected} | {value} | {error} | {order} |")
    checks = [check for case in results for check in case["checks"]]
    passed = sum(check["passed"] for check in checks)
    whole = "[the whole report](docs/verification/README.md)"
    lines += ["", f"{passed} of {len(checks)} checks in {len(results)} cases pass: {whole}."]
    return "\n".join(lines)


def page(text: str, results: list[dict]) -> str:
    """README with the section made anew."""
    before, rest = text.split(START, 1)
    return f"{before}{START}\n{table(results)}\n{END}{rest.split(END, 1)[1]}"


def main() -> None:
    readme = TOP / "README.md"
    results = json.loads((TOP / "docs/verification/results.json").read_text("utf-8"))
    readme.write_text(page(readme.read_text("utf-8"), results), "utf-8")


if __name__ == "__main__":
    main()
