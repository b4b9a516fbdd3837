"""Checkpoints of `tf.train.Checkpoint`: their tensors are named by paths through Python objects, and a string
in them says which variable each one was.
"""

from __future__ import annotations

from ostinato.checkpoint import CheckpointError
from ostinato.checkpoint.errors import Malformed, located
from ostinato.checkpoint.wire import BYTES, fields
from ostinato.interop import object_names

from . import errors
from .checkpoint_reader import NewCheckpointReader

_NODES, _ATTRIBUTES, _FULL_NAME, _CHECKPOINT_KEY = 1, 2, 2, 3  # numbers of the messages' fields


def object_graph_key_mapping(checkpoint_path: str) -> dict[str, str]:
    """From the names of variables to those of their tensors in such a checkpoint.

    Raises:
        tf.errors.NotFoundError: there is no checkpoint, or it is one of a Saver.
        tf.errors.DataLossError: it is damaged.
    """
    text = NewCheckpointReader(checkpoint_path).get_tensor(object_names.GRAPH)
    if not isinstance(text, bytes):
        raise errors.DataLossError(None, None, f"{checkpoint_path}: '{object_names.GRAPH}' is no string")
    try:
        with located(checkpoint_path, None, f"'{object_names.GRAPH}'"):
            return _names(text)
    except CheckpointError as problem:
        raise errors.DataLossError(None, None, str(problem)) from problem


def _names(text: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for node, end in _messages(text, 0, len(text), _NODES):
        for attribute, attribute_end in _messages(text, node, end, _ATTRIBUTES):
            named = {
                number: _decoded(text, begin, stop)
                for number, kind, begin, stop in fields(text, attribute, attribute_end)
                if kind == BYTES
            }
            if named.get(_FULL_NAME) and named.get(_CHECKPOINT_KEY):
                found[named[_FULL_NAME]] = named[_CHECKPOINT_KEY]
    return found


def _messages(text: bytes, start: int, end: int, wanted: int) -> list[tuple[int, int]]:
    return [
        (begin, stop)
        for number, kind, begin, stop in fields(text, start, end)
        if number == wanted and kind == BYTES
    ]


def _decoded(text: bytes, start: int, end: int) -> str:
    try:
        return text[start:end].decode()
    except UnicodeDecodeError:
        raise Malformed(start, "a name that is not UTF-8 text") from None
