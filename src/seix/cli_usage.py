"""What is wrong with a command line, in one line."""

from __future__ import annotations

import re

from cyclopts import CycloptsError, UnknownCommandError, UnusedCliTokensError

from seix.input.words import printable, shown


def in_words(error: CycloptsError) -> str:
    """A usage error as one line, with the command whose help says more."""
    command = " ".join(("seix", *(error.command_chain or ())))
    if isinstance(error, UnusedCliTokensError):
        tokens = [f"'{shown(token)}'" for token in error.unused_tokens]
        said = f"{', '.join(tokens)}: {'one argument' if len(tokens) == 1 else 'arguments'} too many"
    else:
        said = " ".join(printable(str(error)).split()).rstrip(".")
    if isinstance(error, UnknownCommandError):
        command, said = "seix", said.partition(". Available commands")[0].partition(" Available commands")[0]
    said = re.sub(r"(^|\. )([A-Z])(?=[a-z])", lambda found: ("; " if found[1] else "") + found[2].lower(), said)
    return f"{said}{'' if said.endswith('?') else ';'} {command} --help shows what there is"
