"""Writing result files: whole or not at all."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from ostinato.cli.errors import CommandError


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Make the file `path` from what `write(file)` writes, and its folder where that is missing.

    The bytes go to a temporary file beside it that takes the name at the end: a reader never sees half a
    file, and an interrupted command leaves the older one in place.

    Raises:
        CommandError: the folder or the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with open(descriptor, "wb") as file:
                write(file)
            # mkstemp makes files that only their owner can read; give this one the rights of any new file.
            umask = os.umask(0)
            os.umask(umask)
            os.chmod(temporary, 0o666 & ~umask)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise CommandError(f"cannot write {path}: {error.strerror}") from error
