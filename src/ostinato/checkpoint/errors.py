"""What a checkpoint that cannot be read says of itself."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


class CheckpointError(ValueError):
    """A file is not the checkpoint it should be: damaged, incomplete, hostile, or something else altogether.

    Attributes:
        path: the file.
        offset: the byte in that file where it was noticed, or None where no place can be named.
        reason: what is wrong.

    >>> raise CheckpointError("model.index", 48, "the block's checksum does not match")
    Traceback (most recent call last):
    ostinato.checkpoint.errors.CheckpointError: model.index, byte 48: the block's checksum does not match
    """

    def __init__(self, path: str, offset: int | None, reason: str) -> None:
        where = path if offset is None else f"{path}, byte {offset}"
        super().__init__(f"{where}: {reason}")
        self.path, self.offset, self.reason = path, offset, reason

    def __reduce__(self) -> tuple[type[CheckpointError], tuple[str, int | None, str]]:
        return CheckpointError, (self.path, self.offset, self.reason)


class Malformed(Exception):
    """Bytes that do not follow their format, noticed where the file's name is not known.

    Attributes:
        position: where in those bytes.
        reason: what is wrong.
    """

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(reason)
        self.position, self.reason = position, reason


@contextlib.contextmanager
def located(path: str, base: int | None = 0, part: str = "") -> Iterator[None]:
    """Turn a `Malformed` inside into a `CheckpointError` about `path`.

    `base` is where the bytes begin in the file. Where the file holds them compressed, no position inside
    them is a place in the file: then `part` is set and says in words where they come from.
    """
    try:
        yield
    except Malformed as error:
        if part:
            reason = f"{error.reason} (at byte {error.position} of {part})"
            raise CheckpointError(path, base, reason) from None
        offset = None if base is None else base + error.position
        raise CheckpointError(path, offset, error.reason) from None
