"""PETSc's table of options: those of one solver, under a prefix of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from ..errors import InputError
from ..fem import PETSc
from ..input.words import shown
from .presets import Options

_READING = re.compile(r"\bPetscOptions\w*\(\)|\b(KSP|PC|SNES|Mat)SetFromOptions\w*\(\)")
"""Functions of PETSc in whose trace an error is one of an option: they read it."""
_NO_SUCH_TYPE = (86, 92)
"""Error codes of PETSc for a name of a type, and of a package of factorisation, that it does not have."""
LATE = "snes_"
"""What options begin with that PETSc may read only after the last step of Newton's method, such as those of its views."""


class RefusedOption(InputError):
    """PETSc does not accept options of the user.

    Attributes
    ----------
    keys : tuple of str
        Those that PETSc speaks of; none if it does not say.
    said : str
        By PETSc, in a sentence.
    """

    keys: tuple[str, ...] = ()
    said: str = ""


class OptionTable:
    """Options under a prefix, from the time they are set until they are removed.

    Parameters
    ----------
    prefix : str
        Of the solver that reads them.
    options : mapping
        Key without prefix -> value.
    """

    def __init__(self, prefix: str, options: Options):
        self._prefix, self._keys, self._table = prefix, list(options), PETSc.Options()
        for key, value in options.items():
            self._table[prefix + key] = value

    def read_by(self, solver, own: Options) -> None:
        """Let a solver of PETSc read its options (collective).

        Raises
        ------
        InputError
            With what PETSc says, if it does not accept one and some (`own`) are from the user.
        """
        try:
            solver.setFromOptions()
        except PETSc.Error as error:
            if not own:
                raise
            raise self.refusal(str(error), own) from error

    def blame(self, error: Exception, own: Options) -> None:
        """Refuse an option of the user for which a solution or its set-up ended; other errors pass (collective).

        Parameters
        ----------
        error : Exception
            Of PETSc; one that has a cause passes on the error of what PETSc called.
        own : mapping
            Options from the user.

        Raises
        ------
        InputError
            With what PETSc says.
        """
        while error.__cause__ is not None:
            error = error.__cause__
        text = str(error)
        if own and (_READING.search(text) or text.startswith(tuple(f"error code {code}\n" for code in _NO_SUCH_TYPE))):
            raise self.refusal(text, own) from error

    def refusal(self, text: str, own: Options) -> RefusedOption:
        """The error of PETSc as one sentence, with the options that its last line speaks of, or all that are the user's."""
        said = re.sub(r"^\[\d+\] ", "", text.splitlines()[-1]).replace("-" + self._prefix, "-").strip()
        words = set(re.findall(r"[^\s\"'.,;()]+", said))
        spoken = [key for key, value in own.items() if words & {str(value), key, f"-{key}"}]
        names = ", ".join(f"{shown(key)}: {shown(own[key])}" for key in spoken or own)
        error = RefusedOption(f"solver.options: PETSc does not accept {names}: {said}")
        error.keys, error.said = tuple(spoken), said
        return error

    def idle(self, own: Iterable[str], comm) -> list[str]:
        """Those of the user that have had no effect once a first linear system is solved, and will have none (collective)."""
        return self.unused([key for key in own if not key.startswith(LATE)], comm)

    def unused(self, keys: Iterable[str], comm) -> list[str]:
        """Those keys that no solver has asked for on any rank (collective)."""
        keys = list(keys)
        used = comm.allreduce(np.array([self._table.used(self._prefix + key) for key in keys], int))
        return [key for key, count in zip(keys, used, strict=True) if count == 0]

    def remove(self) -> None:
        """Take the options out of the table."""
        for key in self._keys:
            self._table.delValue(self._prefix + key)
