"""Operations that read, write and list files (TF1 symbols: `tf.read_file`, `tf.write_file`,
`tf.matching_files`).
"""

from __future__ import annotations

import os
import uuid
from typing import Any

import numpy as np

from ..dtypes import string
from ..file_io import get_matching_files
from ..local_files import local_path, problem_with
from ..registry import OutputTypes, register
from ..shapes import TensorShape
from ..tensor import Operation, Tensor
from .core import convert_to_tensor, make, one


def read_file(filename: Any, name: str | None = None) -> Tensor:
    """The contents of a file (TF1 symbol: `tf.read_file`)."""
    return one("ReadFile", [convert_to_tensor(filename, string, name="filename")], name)


def write_file(filename: Any, contents: Any, name: str | None = None) -> Operation:
    """Write a file as a whole (TF1 symbol: `tf.write_file`); directories are made for it."""
    inputs = [convert_to_tensor(filename, string), convert_to_tensor(contents, string)]
    return make("WriteFile", inputs, name)


def matching_files(pattern: Any, name: str | None = None) -> Tensor:
    """The names of the files that match a pattern or several, sorted (TF1 symbol: `tf.matching_files`)."""
    return one("MatchingFiles", [convert_to_tensor(pattern, string, name="pattern")], name)


def bytes_tensor(value: bytes) -> np.ndarray:
    """A string as a tensor's value."""
    found = np.empty((), dtype=object)
    found[()] = value
    return found


def _read(run: Any, operation: Operation, filename: np.ndarray) -> np.ndarray:
    path = local_path(filename.item())
    try:
        with open(path, "rb") as file:
            return bytes_tensor(file.read())
    except OSError as problem:
        raise problem_with(path, problem) from None


def _write(run: Any, operation: Operation, filename: np.ndarray, contents: np.ndarray) -> Any:
    path = local_path(filename.item())
    temporary = f"{path}.tmp{uuid.uuid4().hex}"
    try:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        try:
            with open(temporary, "wb") as file:
                file.write(contents.item())
            os.replace(temporary, path)
        finally:
            if os.path.exists(temporary):
                os.remove(temporary)
    except OSError as problem:
        raise problem_with(path, problem) from None
    return ()


def _match(run: Any, operation: Operation, pattern: np.ndarray) -> np.ndarray:
    names = sorted(get_matching_files(list(pattern.reshape(-1))))
    found = np.empty([len(names)], dtype=object)
    found[:] = [os.fsencode(name) for name in names]
    return found


def _scalar_string(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    return [(string, TensorShape([]))]


_OPTIONS: dict[str, Any] = {"stateful": True, "differentiable": False}
register("ReadFile", _read, _scalar_string, **_OPTIONS)
register("WriteFile", _write, lambda inputs, attributes: [], writes=True, **_OPTIONS)
register("MatchingFiles", _match, lambda inputs, attributes: [(string, TensorShape([None]))], **_OPTIONS)
