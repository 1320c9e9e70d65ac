"""Text from a user, made fit for a line of a message."""

from __future__ import annotations

from typing import Any

_LONGEST = 40


def printable(text: str) -> str:
    """A text on one line: signs that do not print, or that move what stands beside them, become escapes such as ``\\n``."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def shown(value: Any) -> str:
    """A value as a person would write it in YAML, printable and shortened."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    try:
        text = printable(str(value))
    except ValueError:  # whole numbers of thousands of digits have no text
        return "a number of thousands of digits"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
