"""The file `checkpoint`: which checkpoints there are in a folder, and which is the latest.

It is a `CheckpointState` message (TF1 symbol: `tf.train.CheckpointState`) in the text format of protocol
buffers: names, colons and quoted strings.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ostinato.checkpoint.errors import CheckpointError, Malformed, located
from ostinato.checkpoint.files import write_atomically

_LARGEST = 64 << 20  # bytes; a state file takes a hundred for each checkpoint that is kept


@dataclass(frozen=True)
class CheckpointState:
    """The checkpoints of a folder.

    Attributes:
        model_checkpoint_path: the prefix of the latest.
        all_model_checkpoint_paths: all that are kept, the oldest first.
        all_model_checkpoint_timestamps: when each was saved, in seconds since 1970; empty if not known.
        last_preserved_timestamp: when the last one was saved that is kept for good; None if not known.
    """

    model_checkpoint_path: str
    all_model_checkpoint_paths: tuple[str, ...] = ()
    all_model_checkpoint_timestamps: tuple[float, ...] = ()
    last_preserved_timestamp: float | None = None


def read_checkpoint_state(
    directory: str | os.PathLike[str], latest_filename: str = "checkpoint"
) -> CheckpointState | None:
    """The state of a folder of checkpoints, or None where it has no state file (TF1 symbol:
    `tf.train.get_checkpoint_state`).

    Paths are relative to the folder in the file; they come back with the folder before them.

    Raises:
        CheckpointError: the file is no state file, or names no latest checkpoint.
    """
    folder = os.fspath(directory)
    path = os.path.join(folder, latest_filename)
    try:
        data = _contents(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CheckpointError(path, None, f"it cannot be read: {error.strerror}") from error
    with located(path):
        state = parse_state(data)
    return replace(
        state,
        model_checkpoint_path=os.path.join(folder, state.model_checkpoint_path),
        all_model_checkpoint_paths=tuple(
            os.path.join(folder, name) for name in state.all_model_checkpoint_paths
        ),
    )


def write_checkpoint_state(
    directory: str | os.PathLike[str], state: CheckpointState, latest_filename: str = "checkpoint"
) -> None:
    """Write a folder's state file, whole or not at all; the paths go into it as they are.

    >>> import pathlib, tempfile
    >>> from ostinato.checkpoint import CheckpointState, write_checkpoint_state
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_checkpoint_state(folder, CheckpointState("model-2", ("model-1", "model-2")))
    ...     print(pathlib.Path(folder, "checkpoint").read_text(), end="")
    model_checkpoint_path: "model-2"
    all_model_checkpoint_paths: "model-1"
    all_model_checkpoint_paths: "model-2"
    """
    lines = [f"model_checkpoint_path: {_quoted(state.model_checkpoint_path)}"]
    lines += [f"all_model_checkpoint_paths: {_quoted(path)}" for path in state.all_model_checkpoint_paths]
    lines += [f"all_model_checkpoint_timestamps: {time!r}" for time in state.all_model_checkpoint_timestamps]
    if state.last_preserved_timestamp is not None:
        lines.append(f"last_preserved_timestamp: {state.last_preserved_timestamp!r}")
    write_atomically(os.path.join(os.fspath(directory), latest_filename), ("\n".join(lines) + "\n").encode())


def is_state_file(path: str) -> bool:
    """Whether a file begins as a state file does."""
    try:
        with open(path, "rb") as file:
            return _FIRST.match(file.read(4096)) is not None
    except OSError as error:
        raise CheckpointError(path, None, f"it cannot be opened: {error.strerror}") from error


def _contents(path: str) -> bytes:
    with open(path, "rb") as file:
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise CheckpointError(path, _LARGEST, "it is too long for a state file")
    return data


# -- the text format
_FIRST = re.compile(rb"(\s|#[^\n]*\n)*(all_)?model_checkpoint_(path|paths|timestamps)\s*:")
_TOKEN = re.compile(
    rb"(?:[\s,;]|\#[^\n]*(?:\n|$))*"
    rb"(?:(?P<name>[A-Za-z_]\w*)\s*:"
    rb"|(?P<string>\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')"
    rb"|(?P<number>[-+]?[\w.]+(?:[eE][-+]\d+)?)"
    rb"|(?P<end>$))",
    re.ASCII,
)
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|(.))", re.DOTALL)
_PLAIN_ESCAPES = {
    b"n": b"\n",
    b"r": b"\r",
    b"t": b"\t",
    b"a": b"\a",
    b"b": b"\b",
    b"f": b"\f",
    b"v": b"\v",
    b"\\": b"\\",
    b"'": b"'",
    b'"': b'"',
    b"?": b"?",
}


def parse_state(data: bytes) -> CheckpointState:
    """The message in the text of a state file; fields of other names are passed over."""
    found: dict[str, list[str | float]] = {}
    for name, value, position in _fields(data):
        wanted = _KINDS.get(name)
        if wanted is not None and not isinstance(value, wanted):
            raise Malformed(position, f"{name} is {value!r}")
        found.setdefault(name, []).append(value)
    latest = found.get("model_checkpoint_path", [])
    if not latest or not latest[-1]:
        raise Malformed(0, "it names no latest checkpoint (model_checkpoint_path)")
    preserved = found.get("last_preserved_timestamp", [None])
    return CheckpointState(
        str(latest[-1]),
        tuple(str(path) for path in found.get("all_model_checkpoint_paths", [])),
        tuple(float(time) for time in found.get("all_model_checkpoint_timestamps", [])),
        None if preserved[-1] is None else float(preserved[-1]),
    )


_KINDS: dict[str, type] = {
    "model_checkpoint_path": str,
    "all_model_checkpoint_paths": str,
    "all_model_checkpoint_timestamps": float,
    "last_preserved_timestamp": float,
}


def _fields(data: bytes) -> Iterator[tuple[str, str | float, int]]:
    position = 0
    name: str | None = None
    value: bytes | float | None = None
    at = 0
    while True:
        token = _TOKEN.match(data, position)
        if token is None:
            raise Malformed(position, f"this is no state file: {data[position : position + 20]!r}")
        if token["string"] is not None and name is not None and not isinstance(value, float):
            value = (value or b"") + _unescaped(
                token["string"], token.start("string")
            )  # strings side by side are one
        elif token["number"] is not None and name is not None and value is None:
            value = _number(token["number"], token.start("number"))
        elif token["name"] is not None or token["end"] is not None:
            if name is not None:
                if value is None:
                    raise Malformed(position, f"{name} has no value")
                yield name, _path(value, at) if isinstance(value, bytes) else value, at
            if token["end"] is not None:
                return
            name, value, at = token["name"].decode(), None, token.start("name")
        else:
            raise Malformed(position, f"this is no state file: {data[position : position + 20]!r}")
        position = token.end()


def _number(text: bytes, position: int) -> float:
    try:
        return float(text)
    except ValueError:
        raise Malformed(position, f"{text.decode('ascii', 'replace')!r} is no number") from None


def _unescaped(quoted: bytes, position: int) -> bytes:
    def meaning(escape: re.Match[bytes]) -> bytes:
        octal, hexadecimal, plain = escape.groups()
        if octal is not None:
            return bytes([int(octal, 8) & 0xFF])
        if hexadecimal is not None:
            return bytes([int(hexadecimal, 16)])
        if plain not in _PLAIN_ESCAPES:
            raise Malformed(position, f"the unknown escape \\{plain.decode('latin-1')}")
        return _PLAIN_ESCAPES[plain]

    return _ESCAPE.sub(meaning, quoted[1:-1])


def _path(value: bytes, position: int) -> str:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        raise Malformed(position, "a path that is not UTF-8 text") from None
    if "\0" in text:
        raise Malformed(position, "a path with a zero byte in it")
    return text


def _quoted(path: str) -> str:
    plain = {b"\n": "\\n", b"\r": "\\r", b"\t": "\\t", b"\\": "\\\\", b'"': '\\"', b"'": "\\'"}
    characters = []
    for byte in path.encode():
        character = bytes([byte])
        if character in plain:
            characters.append(plain[character])
        else:
            characters.append(chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}")
    return '"' + "".join(characters) + '"'
