"""Tables of the benchmarks, and their place in the documentation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path


def markdown(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table, right-aligned."""
    lines = [head, ["---:"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def replace_section(path: Path, name: str, text: str) -> None:
    """Replace what stands between `<!-- name -->` and `<!-- /name -->` in a page.

    Raises
    ------
    SystemExit
        If the page has no such section.
    """
    page = path.read_text("utf-8")
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    if start not in page or end not in page:
        raise SystemExit(f"{path} has no section between {start} and {end}")
    before, rest = page.split(start, 1)
    path.write_text(f"{before}{start}\n{text}\n{end}{rest.split(end, 1)[1]}", "utf-8")


def publish(parts: Mapping[str, Callable[[], str]], only: str | None, path: Path | None) -> None:
    """Make tables one by one; each is printed and written as soon as it is there.

    Raises
    ------
    SystemExit
        If there is no table of the name ``only``.
    """
    if only and only not in parts:
        raise SystemExit(f"no table {only!r}; there are {', '.join(parts)}")
    for name, make in parts.items():
        if only in (None, name):
            text = make()
            print(text, flush=True)
            if path:
                replace_section(path, name, text)
