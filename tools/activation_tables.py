"""Writes the tables of the growth law in docs/theory.md: its parameters, and what it makes of scenarios/paper/activation.yaml.

    python tools/activation_tables.py            write the tables
    python tools/activation_tables.py --check    exit code 1 if they are not up to date
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/theory.md"
PROTOCOL = ROOT / "scenarios/paper/activation.yaml"
REPEATS = (0, 1, 2, 5, 10, 20, 50, 100)


def family() -> str:
    """Table of the protocol of the paper against the number of repeats."""
    from seix.scenario_file import ScenarioSource

    heads = ("x", "thickness", "layers with grains", "their mean diameter", "inorganic", "charge of the pulses", "afterwards",
             "ICE after the pulses", "with them")  # fmt: skip
    lines = ["| " + " | ".join(heads) + " |", "|" + "---:|" * len(heads)]
    source = ScenarioSource(PROTOCOL)
    for x in REPEATS:
        sei = next(iter(source.study([f"sei.x={x}"]).members.values())).sei
        found = sei.outcome
        inorganic = sum(sum(layer.phases.values()) * layer.thickness for layer in found.layers) / found.thickness
        cells = (str(x), f"{1e9 * found.thickness:.1f} nm", str(len(found.grained)), f"{1e9 * found.diameter:.1f} nm",
                 f"{100 * inorganic:.0f} %", f"{found.pulse_charge:.0f} C/m²", f"{found.later_charge:.0f} C/m²",
                 f"{100 * sei.efficiency(False):.1f} %", f"{100 * sei.efficiency(True):.1f} %")  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def page(text: str) -> str:
    """The page with its tables made anew."""
    from seix.activation.origins import markdown

    for name, table in (("parameters", markdown()), ("family", family())):
        marked = rf"(<!-- growth {name} -->\n).*?(<!-- /growth {name} -->)"
        text, count = re.subn(marked, lambda m, t=table: m[1] + t + m[2], text, flags=re.DOTALL)
        assert count == 1, name
    return text


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Make the tables of the growth law in docs/theory.md.")
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    text = PAGE.read_text("utf-8")
    if parser.parse_args().check:
        return int(page(text) != text)
    PAGE.write_text(page(text), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
