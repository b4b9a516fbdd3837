"""Files written whole or not at all, and flushed to the disk."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator

from ostinato.checkpoint.files import sync_folder


@contextlib.contextmanager
def replaced(path: str) -> Iterator[str]:
    """The path of a new, empty file beside `path`, which takes its name when the body ends well.

    An older file of that name is whole until then, and stays where the body raises.

    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replaced(f"{folder}/greeting") as temporary:
    ...         length = Path(temporary).write_text("hello")
    ...     os.listdir(folder), Path(folder, "greeting").read_text()
    (['greeting'], 'hello')
    """
    folder, base = os.path.split(path)
    folder = folder or "."
    descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=f".{base}.")
    os.close(descriptor)
    try:
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        # mkstemp's files are for their owner only; give this one the rights of any new file.
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    sync_folder(folder)
