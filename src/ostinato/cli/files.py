"""Writing result files: whole or not at all."""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from ostinato.cli.errors import CommandError


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Make the file `path` from what `write(file)` writes, and its folder where that is missing.

    Raises:
        CommandError: the folder or the file cannot be written.
    """
    from ostinato.checkpoint.files import replaced  # here: `ostinato --help` loads no numpy

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replaced(str(path)) as file:
            write(file)
    except OSError as error:
        raise CommandError(f"cannot write {path}: {error.strerror}") from error
