"""Exceptions that end a command with a sentence and an exit code instead of a traceback.

Every failure a user can cause or meet is a `SeixError`; anything else that reaches the command line is a
defect of seix and keeps its traceback.
"""

from __future__ import annotations

import errno


class SeixError(Exception):
    """A failure that is reported to the user as text.

    Attributes
    ----------
    exit_code : int
        Status the command line returns when this exception ends a command.
    """

    exit_code: int = 1


class InputError(SeixError):
    """The input cannot be used: scenario, override, material, command line, launcher or installation.

    The text is one or more complete lines, ready for stderr.
    """

    exit_code = 2


class ConvergenceError(SeixError):
    """A solver did not converge, or what it found breaks a balance or a bound; the text names what, and what to try."""

    exit_code = 3


class GeometryError(SeixError):
    """The geometry or its mesh is impossible, for instance more grains than can be packed."""

    exit_code = 4


class VerificationError(SeixError):
    """A verification case failed; the text names it."""

    exit_code = 1


class StudyError(SeixError):
    """Cases of a study failed; the others are finished. The text names them."""

    exit_code = 5


class StorageError(SeixError):
    """Results cannot be written, for instance because the disk is full; what is finished stays."""

    exit_code = 1

    @classmethod
    def of(cls, error: OSError, where: object = "") -> StorageError:
        """The error of the system as a sentence."""
        place = where or error.filename or "a file"
        return cls(f"{place}: cannot be written: {error.strerror or error}; what is finished stays")


STORAGE = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO))
"""Errors of the system that are the storage's fault: full, over quota, too large, read-only, broken."""
