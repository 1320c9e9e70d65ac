"""Writes docs/audit.md, its figure and the short table of README.md from the folder of an audit, and says what has moved.

    make audit

The words between the tables are written by hand; the tables are not. What is computed again has to stay within the intervals of
the numbers that are replaced: where it does not, this is said, and the exit code is 1.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from seix.study.audit_tables import counted, frozen_table, full_table, moved, short_table

ROOT = Path(__file__).parents[1]
STORED, PAGE, README = ROOT / "docs" / "audit.json", ROOT / "docs" / "audit.md", ROOT / "README.md"
FIGURE = ROOT / "docs" / "images" / "audit.png"
PICTURE = "![Claims of the paper against the model](images/audit.png)"


def section(text: str, name: str, content: str) -> str:
    """A page with the section between the markers of a name made anew."""
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, rest = text.split(start, 1)
    return f"{before}{start}\n{content}\n{end}{rest.split(end, 1)[1]}"


def runs(document: dict[str, Any]) -> str:
    """How many runs each study has, and how many failed."""
    lines = ["| study | runs | finished |", "|---|---:|---:|"]
    lines += [f"| {name.replace('_', ' ')} | {one['cases']} | {one['done']} |" for name, one in document["studies"].items()]
    return "\n".join(lines)


def verdicts(document: dict[str, Any]) -> str:
    """What each verdict means."""
    rows = [f"| {word} | {why} |" for word, why in document["verdicts"].items()]
    return "\n".join(["| verdict | given when |", "|---|---|", *rows])


def page(text: str, document: dict[str, Any]) -> str:
    """docs/audit.md with all its sections made anew."""
    parts = {"frozen": frozen_table(document["frozen"]), "runs": runs(document), "verdicts": verdicts(document),
             "counts": f"{counted(document['rows'])}.\n\n{PICTURE}", "claims": full_table(document["rows"])}  # fmt: skip
    for name, content in parts.items():
        text = section(text, name, content)
    return text


def readme(text: str, document: dict[str, Any]) -> str:
    """README.md with its table made anew."""
    return section(text, "audit", short_table(document["rows"]))


def main() -> int:
    """Bring page, figure and table up to date."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "results/audit")
    document = json.loads((folder / "audit.json").read_text("utf-8"))
    lines = moved(json.loads(STORED.read_text("utf-8"))["rows"], document["rows"]) if STORED.exists() else []
    STORED.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
    shutil.copy(folder / "audit.png", FIGURE)
    PAGE.write_text(page(PAGE.read_text("utf-8"), document), "utf-8")
    README.write_text(readme(README.read_text("utf-8"), document), "utf-8")
    print("\n".join(lines) or "all numbers are within the intervals of those before", file=sys.stderr if lines else sys.stdout)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
