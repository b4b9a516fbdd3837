"""Strings cut into words, bytes or characters: sparse tensors of the parts, a row for each string."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from .. import registry
from ..dtypes import int64, string
from ..graph import name_scope
from ..registry import register
from ..shapes import TensorShape
from ..sparse_tensor import SparseTensor
from ..tensor import Tensor
from . import array
from .core import convert_to_tensor, make, one
from .math import either
from .strings import each


def _parts(strings: np.ndarray, cut: Callable[[bytes], list[bytes]]) -> Any:
    rows = [cut(item) for item in strings.reshape(-1).tolist()]
    sizes = np.array([len(row) for row in rows], np.int64)
    longest = int(sizes.max()) if len(sizes) else 0
    first = np.repeat(np.arange(len(rows)), sizes)
    second = np.arange(len(first)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    values = np.empty(len(first), dtype=object)
    values[:] = [part for row in rows for part in row]
    indices = torch.from_numpy(np.stack([first, second], 1).astype(np.int64))
    return indices, values, torch.tensor([len(rows), longest], dtype=torch.int64)


def _split(strings: np.ndarray, delimiter: np.ndarray, skip_empty: bool) -> Any:
    marks = delimiter.item()
    pattern = re.compile(b"[" + re.escape(marks) + b"]") if marks else None

    def cut(item: bytes) -> list[bytes]:
        if pattern is None:
            return [item[place : place + 1] for place in range(len(item))]
        # Of an empty string TensorFlow makes no part at all, not an empty one.
        parts = pattern.split(item) if item else []
        return [part for part in parts if part] if skip_empty else parts

    return _parts(strings, cut)


def _split_at(strings: np.ndarray, separator: np.ndarray, maxsplit: int) -> Any:
    mark = separator.item()
    return _parts(strings, lambda item: item.split(mark or None, maxsplit))


_OUTPUTS = [(int64, TensorShape([None, 2])), (string, TensorShape([None])), (int64, TensorShape([2]))]
register("StringSplit", _split, lambda inputs, attributes: _OUTPUTS, differentiable=False)
register("StringSplitV2", _split_at, lambda inputs, attributes: _OUTPUTS, differentiable=False)


def _check_result(result_type: str, symbol: str) -> None:
    if result_type == "RaggedTensor":
        raise NotImplementedError(
            f"{symbol} with result_type='RaggedTensor': there are no ragged tensors here; the sparse tensor "
            "of result_type='SparseTensor' has the same parts, and tf.sparse_tensor_to_dense pads them."
        )
    if result_type != "SparseTensor":
        raise ValueError("result_type must be 'RaggedTensor' or 'SparseTensor'.")


def string_split(
    source: Any,
    sep: Any = None,
    skip_empty: bool = True,
    delimiter: Any = None,
    result_type: str = "SparseTensor",
    name: str | None = None,
) -> SparseTensor:
    """The words of each string of a vector: a sparse tensor `[strings, most words]`.

    TF1 symbol: `tf.string_split`.

    Args:
        source: strings `[n]`.
        sep: a string each of whose bytes parts words, " " for None; "" parts all bytes.
        skip_empty: whether empty words are left out.
        delimiter: an older name of `sep`.

    Raises:
        NotImplementedError: a ragged result is asked for.
    """
    marks = either("sep", sep, "delimiter", delimiter)
    marks = " " if marks is None else marks
    _check_result(result_type, "tf.string_split")
    with name_scope(name, "StringSplit", [source]):
        inputs = [convert_to_tensor(source, string), convert_to_tensor(marks, string)]
        if inputs[0].shape.ndims == 0:
            raise ValueError("Shape must be rank 1 but is rank 0: tf.string_split takes a vector of strings.")
        found = make("StringSplit", inputs, "StringSplit", skip_empty=bool(skip_empty)).outputs
        return SparseTensor(*found)


def strings_split(
    input: Any = None,
    sep: Any = None,
    maxsplit: int = -1,
    result_type: str = "SparseTensor",
    source: Any = None,
    name: str | None = None,
) -> SparseTensor:
    """The words of each string of a vector, as Python's `split` parts them (TF1 symbol: `tf.strings.split`).

    Raises:
        NotImplementedError: a ragged result is asked for.
    """
    given = either("input", input, "source", source)
    _check_result(result_type, "tf.strings.split")
    with name_scope(name, "StringSplit", [given]):
        strings = convert_to_tensor(given, string, name="input")
        if strings.shape.ndims == 0:
            strings = array.expand_dims(strings, 0)
        mark = convert_to_tensor("" if sep is None else sep, string, name="sep")
        return SparseTensor(
            *make("StringSplitV2", [strings, mark], "StringSplitV2", maxsplit=int(maxsplit)).outputs
        )


# -- encodings
_CODECS = {"UTF-8": "utf-8", "UTF-16-BE": "utf-16-be", "UTF-32-BE": "utf-32-be"}


def _transcode(strings: np.ndarray, source: str, target: str, errors: str, replacement: int) -> np.ndarray:
    def change(item: bytes) -> bytes:
        try:
            text = item.decode(source)
        except UnicodeDecodeError:
            if errors == "strict":
                raise ValueError("Invalid formatting on input string") from None
            text = item.decode(source, errors).replace("\N{REPLACEMENT CHARACTER}", chr(replacement))
        return text.encode(target)

    return each(change, strings)


register("UnicodeTranscode", _transcode, registry.same, differentiable=False)


def unicode_transcode(
    input: Any,
    input_encoding: str,
    output_encoding: str,
    errors: str = "replace",
    replacement_char: int = 65533,
    replace_control_characters: bool = False,
    name: str | None = None,
) -> Tensor:
    """Strings in another encoding (TF1 symbol: `tf.strings.unicode_transcode`).

    Raises:
        ValueError: an encoding that is not known, or control characters to be replaced.
    """
    for encoding in (input_encoding, output_encoding):
        if encoding not in _CODECS:
            raise ValueError(f"The encoding {encoding!r} is none of {', '.join(_CODECS)}.")
    if replace_control_characters:
        raise ValueError("Control characters are not replaced here: use tf.regex_replace.")
    return one(
        "UnicodeTranscode",
        [convert_to_tensor(input, string, name="input")],
        name or "UnicodeTranscode",
        source=_CODECS[input_encoding],
        target=_CODECS[output_encoding],
        errors=errors,
        replacement=int(replacement_char),
    )
