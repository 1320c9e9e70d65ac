"""Makes docs/troubleshooting.md of the broken scenarios in tests/broken and of the table beside them.

    python tools/troubleshooting.py            write the page
    python tools/troubleshooting.py --check    exit code 1 if the page is not up to date
"""

from __future__ import annotations

import argparse
import functools
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER, PAGE = ROOT / "tests/broken", ROOT / "docs/troubleshooting.md"
HEAD = """# Troubleshooting

What `seix check`, `seix mesh` and `seix run` say of a scenario they cannot use, and how to cure it. A message is
`file:line:column: key: what is wrong; what is allowed`, one line for each problem; lines and columns count from 1, and places
in a base file are named with it. The exit code is 2 for invalid input and 4 for a geometry that is impossible.

Every entry is a file of [tests/broken](../tests/broken), which the tests check; this page is made of them by
`python tools/troubleshooting.py`. The files extend [good.yaml](../tests/broken/good.yaml), a bilayer that is right.
"""
LINES = 6
"""Lines of a file that are shown at most."""


@dataclass(frozen=True)
class Broken:
    """One broken scenario.

    Attributes
    ----------
    chapter, title : str
        Headings of the page.
    path : Path
        The file.
    says : str
        The message; how it begins, if it ends in dots.
    cure : str
        One or two sentences.
    exit : int
        Exit code of the command.
    command : str
        ``check`` or ``mesh``.
    """

    chapter: str
    title: str
    path: Path
    says: str
    cure: str
    exit: int = 2
    command: str = "check"


@functools.cache
def table() -> tuple[Broken, ...]:
    """All broken scenarios, in the order of the page."""
    from ruamel.yaml import YAML

    found, chapter = [], ""
    for entry in YAML(typ="safe", pure=True).load((FOLDER / "table.yaml").read_text("utf-8")):
        if "chapter" in entry:
            chapter = entry["chapter"]
        else:
            path = FOLDER / f"{entry.pop('file')}.yaml"
            found.append(Broken(chapter=chapter, path=path, **entry))
    return tuple(found)


def page() -> str:
    """The text of the page."""
    parts, chapter = [HEAD], ""
    for broken in table():
        if broken.chapter != chapter:
            chapter = broken.chapter
            parts.append(f"\n## {chapter}\n")
        how = f" `seix {broken.command}` finds this." if broken.command != "check" else ""
        code = f" (exit code {broken.exit})" if broken.exit != 2 else ""
        said = f"```text\n{broken.says}\n```"
        parts.append(f"\n### {broken.title}\n\n{_excerpt(broken.path)}\n\n{said}\n\n{broken.cure}{how}{code}\n")
    return "".join(parts)


def _excerpt(path: Path) -> str:
    """The file as a block of code; what is no text, or long, in words or shortened."""
    content = path.read_bytes()
    try:
        lines = content.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        return f"`{path.name}`: {len(content)} bytes, not UTF-8"
    if not lines:
        return f"`{path.name}`: no bytes"
    shown = [line if len(line) <= 100 else line[:97] + "..." for line in lines]
    shown = shown if len(shown) <= LINES else [*shown[: LINES - 1], "..."]
    signs = {"\t": "→   ", "\x07": "␇"}
    text = "\n".join("".join(signs.get(c, c) for c in line) for line in shown)
    return f"```yaml\n{text}\n```"


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Make docs/troubleshooting.md.")
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    if parser.parse_args().check:
        same = PAGE.is_file() and PAGE.read_text("utf-8") == page()
        print(f"{PAGE.name} is {'up to date' if same else 'old; run python tools/troubleshooting.py'}")
        return int(not same)
    PAGE.write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
