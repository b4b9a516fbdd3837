"""Operations on strings: cased, stripped, searched, cut and joined."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from .. import registry
from ..dtypes import as_dtype, bool_, int32, string
from ..graph import name_scope
from ..registry import OutputTypes, constant_axes, register, same
from ..shapes import TensorShape
from ..tensor import Tensor
from .core import convert_to_tensor, one
from .math import either
from .picking import reverse
from .reductions import all_axes


def each(function: Callable[[bytes], Any], strings: np.ndarray) -> np.ndarray:
    """An array of what the function makes of each string."""
    result = np.empty(strings.shape, dtype=object)
    result.reshape(-1)[:] = [function(item) for item in strings.reshape(-1).tolist()]
    return result


def numbers_of(function: Callable[[bytes], Any], strings: np.ndarray, dtype: Any) -> torch.Tensor:
    kind = as_dtype(dtype)
    found = [function(item) for item in strings.reshape(-1).tolist()]
    return torch.from_numpy(np.array(found, dtype=kind.as_numpy_dtype).reshape(strings.shape))


def strings_of(input: Any, name: str = "input") -> Tensor:
    return convert_to_tensor(input, string, name=name)


def rule_of(dtype: Any) -> registry.Rule:
    return registry.same_shape(dtype)


# -- of one string one string
def _text_function(op_type: str, function: Callable[..., bytes], summary: str, encoding: bool = False) -> Any:
    register(
        op_type,
        lambda x, **attributes: each(lambda item: function(item, **attributes), x),
        same,
        differentiable=False,
    )

    def plain(input: Any, name: str | None = None) -> Tensor:
        return one(op_type, [strings_of(input)], name or op_type)

    def encoded(input: Any, encoding: str = "", name: str | None = None) -> Tensor:
        if encoding not in ("", "utf-8"):
            raise ValueError(f"The encoding is '' (bytes) or 'utf-8', not {encoding!r}.")
        return one(op_type, [strings_of(input)], name or op_type, encoding=encoding)

    made = encoded if encoding else plain
    made.__doc__ = summary
    return made


def _cased(method: str) -> Callable[..., bytes]:
    def change(item: bytes, encoding: str) -> bytes:
        changed = getattr(item.decode("utf-8", "replace") if encoding else item, method)()
        return changed.encode() if encoding else changed

    return change


string_strip = _text_function(
    "StringStrip", lambda item: item.strip(), "Without white space at both ends (TF1: `tf.string_strip`)."
)
string_lower = _text_function(
    "StringLower", _cased("lower"), "In lower case (TF1 symbol: `tf.strings.lower`).", encoding=True
)
string_upper = _text_function(
    "StringUpper", _cased("upper"), "In upper case (TF1 symbol: `tf.strings.upper`).", encoding=True
)


def _decode_base64(item: bytes) -> bytes:
    try:
        return base64.b64decode(item + b"=" * (-len(item) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise ValueError("Invalid character found in base64.") from None


decode_base64 = _text_function(
    "DecodeBase64", _decode_base64, "What web-safe base64 stands for (TF1 symbol: `tf.decode_base64`)."
)
register(
    "EncodeBase64",
    lambda x, pad: each(
        lambda item: base64.urlsafe_b64encode(item) if pad else base64.urlsafe_b64encode(item).rstrip(b"="), x
    ),
    same,
    differentiable=False,
)


def encode_base64(input: Any, pad: bool = False, name: str | None = None) -> Tensor:
    """Strings in web-safe base64 (TF1 symbol: `tf.encode_base64`)."""
    return one("EncodeBase64", [strings_of(input)], name or "EncodeBase64", pad=bool(pad))


# -- patterns
@lru_cache(maxsize=256)
def _pattern(text: bytes) -> re.Pattern[bytes]:
    try:
        return re.compile(text)
    except re.error as problem:
        raise ValueError(f"Invalid pattern: {text.decode(errors='replace')}, error: {problem}") from None


def _replace(strings: np.ndarray, pattern: Any, rewrite: Any, replace_global: bool) -> np.ndarray:
    found = _pattern(pattern.item())
    # A backslash and a digit stand for a group, \0 for the whole; all else is literal.
    pieces = re.split(rb"\\(\d|\\)", rewrite.item())

    def replacement(match: re.Match[bytes]) -> bytes:
        texts = []
        for place, piece in enumerate(pieces):
            texts.append(piece if place % 2 == 0 else b"\\" if piece == b"\\" else match[int(piece)] or b"")
        return b"".join(texts)

    return each(lambda item: found.sub(replacement, item, count=0 if replace_global else 1), strings)


register("RegexReplace", _replace, same, differentiable=False)
register(
    "RegexFullMatch",
    lambda x, pattern: numbers_of(
        lambda item: _pattern(pattern.item()).fullmatch(item) is not None, x, bool_
    ),
    rule_of(bool_),
    differentiable=False,
)


def regex_replace(
    input: Any, pattern: Any, rewrite: Any, replace_global: bool = True, name: str | None = None
) -> Tensor:
    r"""What a pattern matches replaced; `\\1` is a group of the match (TF1 symbol: `tf.regex_replace`)."""
    static = isinstance(pattern, (str, bytes)) and isinstance(rewrite, (str, bytes))
    default = "StaticRegexReplace" if static else "RegexReplace"
    inputs = [strings_of(input), strings_of(pattern, "pattern"), strings_of(rewrite, "rewrite")]
    return one("RegexReplace", inputs, name or default, replace_global=bool(replace_global))


def regex_full_match(input: Any, pattern: Any, name: str | None = None) -> Tensor:
    """Whether a pattern matches all of each string (TF1 symbol: `tf.strings.regex_full_match`)."""
    default = "StaticRegexFullMatch" if isinstance(pattern, (str, bytes)) else "RegexFullMatch"
    return one("RegexFullMatch", [strings_of(input), strings_of(pattern, "pattern")], name or default)


# -- lengths and parts
def _check_unit(unit: str) -> None:
    if unit not in ("BYTE", "UTF8_CHAR"):
        raise ValueError(f"Attr 'unit' must be one of BYTE, UTF8_CHAR; got {unit!r}.")


register(
    "StringLength",
    lambda x, unit: numbers_of(
        lambda item: len(item if unit == "BYTE" else item.decode("utf-8", "replace")), x, int32
    ),
    rule_of(int32),
    differentiable=False,
)


def string_length(input: Any, name: str | None = None, unit: str = "BYTE") -> Tensor:
    """How many bytes, or characters, each string has (TF1 symbol: `tf.strings.length`)."""
    _check_unit(unit)
    return one("StringLength", [strings_of(input)], name or "StringLength", unit=unit)


def _substring(strings: np.ndarray, position: torch.Tensor, size: torch.Tensor, unit: str) -> np.ndarray:
    shape = np.broadcast_shapes(strings.shape, tuple(position.shape), tuple(size.shape))
    items = np.broadcast_to(strings, shape).reshape(-1)
    starts = position.broadcast_to(shape).reshape(-1).tolist()
    sizes = size.broadcast_to(shape).reshape(-1).tolist()
    result = np.empty(shape, dtype=object)
    flat = result.reshape(-1)
    for place, (item, start, count) in enumerate(zip(items, starts, sizes, strict=True)):
        text = item if unit == "BYTE" else item.decode("utf-8", "replace")
        if not -len(text) <= start <= len(text):
            shown = item.decode(errors="replace")
            raise ValueError(f"pos {start} out of range for string b'{shown}' at index {place}")
        first = start + len(text) if start < 0 else start
        part = text[first : first + max(count, 0)]
        flat[place] = part if isinstance(part, bytes) else part.encode()
    return result


register(
    "Substr",
    _substring,
    lambda inputs, attributes: [(string, registry.broadcast_shapes(inputs[0].shape, inputs[1].shape))],
    differentiable=False,
)


def substr(input: Any, pos: Any, len: Any, name: str | None = None, unit: str = "BYTE") -> Tensor:
    """The part of each string from `pos`, of `len` bytes or characters (TF1 symbol: `tf.substr`)."""
    _check_unit(unit)
    start = convert_to_tensor(pos, name="pos")
    inputs = [strings_of(input), start, convert_to_tensor(len, start.dtype.base_dtype, name="len")]
    return one("Substr", inputs, name or "Substr", unit=unit)


# -- joined
def _joined(*strings: np.ndarray, separator: bytes) -> np.ndarray:
    shape = max((item.shape for item in strings), key=len)
    for item in strings:
        if item.ndim and item.shape != shape:
            raise ValueError(f"Input shapes do not match: {list(item.shape)} vs. {list(shape)}")
    columns = [np.broadcast_to(item, shape).reshape(-1).tolist() for item in strings]
    result = np.empty(shape, dtype=object)
    result.reshape(-1)[:] = [separator.join(row) for row in zip(*columns, strict=True)]
    return result


def _join_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    shape = TensorShape([])
    for tensor in inputs:
        if tensor.shape.ndims is None:
            return [(string, TensorShape(None))]
        if tensor.shape.ndims:
            shape = tensor.shape if not shape.ndims else shape.merge_with(tensor.shape)
    return [(string, shape)]


register("StringsJoined", _joined, _join_rule, differentiable=False)


def string_join(inputs: Sequence[Any], separator: str = "", name: str | None = None) -> Tensor:
    """Strings of several tensors joined, element by element (TF1 symbol: `tf.string_join`)."""
    tensors = [strings_of(item, "inputs") for item in inputs]
    return one("StringsJoined", tensors, name or "StringJoin", separator=_bytes(separator))


def _bytes(text: Any) -> bytes:
    return text.encode() if isinstance(text, str) else bytes(text)


def _reduce_join(strings: np.ndarray, axes: torch.Tensor, keep_dims: bool, separator: bytes) -> np.ndarray:
    chosen = [axis % max(1, strings.ndim) for axis in axes.reshape(-1).tolist()]
    if not chosen:
        return strings
    if len(set(chosen)) < len(chosen):
        raise ValueError(f"Duplicate reduction dimension {chosen}")
    rest = [axis for axis in range(strings.ndim) if axis not in chosen]
    moved = strings.transpose([*rest, *reversed(chosen)])
    sizes = [strings.shape[axis] for axis in rest]
    rows = moved.reshape(int(np.prod(sizes, dtype=np.int64)), -1)
    result = np.empty(len(rows), dtype=object)
    result[:] = [separator.join(row) for row in rows.tolist()]
    if keep_dims:
        sizes = [1 if axis in chosen else size for axis, size in enumerate(strings.shape)]
    return result.reshape(sizes)


def _reduce_join_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known = inputs[0].shape.known
    axes = constant_axes(inputs[1], None if known is None else len(known))
    if known is None or axes is None:
        return [(string, TensorShape(None))]
    if attributes["keep_dims"]:
        return [(string, TensorShape([1 if i in axes else d for i, d in enumerate(known)]))]
    return [(string, TensorShape([d for i, d in enumerate(known) if i not in axes]))]


register("ReduceJoin", _reduce_join, _reduce_join_rule, differentiable=False)


def reduce_join(
    inputs: Any,
    axis: Any = None,
    keep_dims: bool | None = None,
    separator: str = "",
    name: str | None = None,
    reduction_indices: Any = None,
    keepdims: bool | None = None,
) -> Tensor:
    """Strings joined over axes, the first named axis going on fastest (TF1 symbol: `tf.reduce_join`)."""
    axis = either("axis", axis, "reduction_indices", reduction_indices)
    keep = bool(either("keepdims", keepdims, "keep_dims", keep_dims))
    with name_scope(name, "ReduceJoin", [inputs]):
        strings = strings_of(inputs, "inputs")
        rank = strings.shape.ndims
        if axis is None:
            axis = reverse(all_axes(strings), [0]) if rank is None else list(range(rank))[::-1]
        axes = convert_to_tensor(axis, int32, name="reduction_indices")
        return one("ReduceJoin", [strings, axes], "ReduceJoin", keep_dims=keep, separator=_bytes(separator))
