"""What a checkpoint that cannot be read says of itself."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

_HEAD, _CUT, _TAIL = 800, " ... ", 400  # characters of a long text that are shown


class CheckpointError(ValueError):
    """A file is not the checkpoint it should be: damaged, incomplete, hostile, or something else altogether.

    Attributes:
        path: the file.
        offset: the byte in that file where it was noticed, or None where no place can be named.
        reason: what is wrong, on one line: a name from the file is escaped where it is not printable, and a
            very long one is cut.

    >>> raise CheckpointError("model.index", 48, "the block's checksum does not match")
    Traceback (most recent call last):
    ostinato.checkpoint.errors.CheckpointError: model.index, byte 48: the block's checksum does not match
    """

    def __init__(self, path: str, offset: int | None, reason: str) -> None:
        reason = _one_line(reason)
        where = _one_line(path) if offset is None else f"{_one_line(path)}, byte {offset}"
        super().__init__(f"{where}: {reason}")
        self.path, self.offset, self.reason = path, offset, reason

    def __reduce__(self) -> tuple[type[CheckpointError], tuple[str, int | None, str]]:
        return CheckpointError, (self.path, self.offset, self.reason)


def _one_line(text: str) -> str:
    # Names come from the file: one may have line breaks, a terminal's commands, or a million characters.
    text = _cut(text)
    if not text.isprintable():
        shown = [
            character if character.isprintable() else character.encode("unicode_escape").decode()
            for character in text
        ]
        text = _cut("".join(shown))
    return text


def _cut(text: str) -> str:
    if len(text) <= _HEAD + len(_CUT) + _TAIL:
        return text
    return text[:_HEAD] + _CUT + text[-_TAIL:]


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
