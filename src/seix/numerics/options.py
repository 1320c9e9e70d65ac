"""PETSc's table of options: those of one solver, under a prefix of its own."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..errors import InputError
from ..fem import PETSc
from .presets import Options


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

    def read_by(self, solver, own: Iterable[str]) -> None:
        """Let a solver of PETSc read its options (collective).

        Raises
        ------
        InputError
            With what PETSc says, if it does not accept one and some (`own`) are from the user.
        """
        try:
            solver.setFromOptions()
        except PETSc.Error as error:
            if not (names := ", ".join(own)):
                raise
            said = str(error).splitlines()[-1].partition("] ")[2]
            raise InputError(f"solver.options: PETSc does not accept {names}: {said}") from error

    def unused(self, keys: Iterable[str], comm) -> list[str]:
        """Those keys that no solver has asked for on any rank (collective)."""
        keys = list(keys)
        used = comm.allreduce(np.array([self._table.used(self._prefix + key) for key in keys], int))
        return [key for key, count in zip(keys, used, strict=True) if count == 0]

    def remove(self) -> None:
        """Take the options out of the table."""
        for key in self._keys:
            self._table.delValue(self._prefix + key)
