"""Files in the folder of a study."""

from __future__ import annotations

from pathlib import Path

from ..errors import StorageError
from .store import write_atomically


def write_file(path: Path, content: str | bytes) -> None:
    """Write a file that is there whole or as it was before.

    Raises
    ------
    StorageError
    """
    try:
        write_atomically(path, content)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {error.strerror or error}") from None
