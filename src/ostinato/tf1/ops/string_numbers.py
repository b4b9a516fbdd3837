"""Numbers of strings and strings of numbers: hashes, parsed and printed numbers, raw bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from ..dtypes import as_dtype, float32, int64, string
from ..registry import register
from ..tensor import Tensor
from .core import convert_to_tensor, one
from .fingerprints import fingerprint64, hash64, siphash
from .math import either
from .strings import numbers_of, rule_of, strings_of


# -- hashes
def _buckets(function: Callable[..., int]) -> Callable[..., torch.Tensor]:
    def compute(strings: np.ndarray, num_buckets: int, **attributes: Any) -> torch.Tensor:
        return numbers_of(lambda item: function(item, **attributes) % num_buckets, strings, int64)

    return compute


for _op_type, _hash in (
    ("StringToHashBucket", hash64),
    ("StringToHashBucketFast", fingerprint64),
    ("StringToHashBucketStrong", siphash),
):
    register(_op_type, _buckets(_hash), rule_of(int64), differentiable=False)


def string_to_hash_bucket(
    string_tensor: Any = None, num_buckets: Any = None, name: str | None = None, input: Any = None
) -> Tensor:
    """A number below `num_buckets` for each string (TF1 symbol: `tf.string_to_hash_bucket`)."""
    given = strings_of(either("input", input, "string_tensor", string_tensor), "string_tensor")
    return one("StringToHashBucket", [given], name or "StringToHashBucket", num_buckets=_count(num_buckets))


def string_to_hash_bucket_fast(input: Any, num_buckets: Any, name: str | None = None) -> Tensor:
    """A number below `num_buckets` for each string (TF1 symbol: `tf.string_to_hash_bucket_fast`)."""
    count = _count(num_buckets)
    return one(
        "StringToHashBucketFast", [strings_of(input)], name or "StringToHashBucketFast", num_buckets=count
    )


def string_to_hash_bucket_strong(input: Any, num_buckets: Any, key: Any, name: str | None = None) -> Tensor:
    """A number below `num_buckets` for each string, with a secret key.

    TF1 symbol: `tf.string_to_hash_bucket_strong`.

    Raises:
        ValueError: the key is not two numbers.
    """
    if len(key) != 2:
        raise ValueError(f"Key must have 2 elements, not {len(key)}")
    return one(
        "StringToHashBucketStrong",
        [strings_of(input)],
        name or "StringToHashBucketStrong",
        num_buckets=_count(num_buckets),
        key=(int(key[0]) % 2**64, int(key[1]) % 2**64),
    )


def _count(num_buckets: Any) -> int:
    if num_buckets is None or int(num_buckets) < 1:
        raise ValueError(f"Value for attr 'num_buckets' of {num_buckets} must be at least minimum 1")
    return int(num_buckets)


# -- numbers
def _number(item: bytes, kind: str) -> Any:
    try:
        text = item.decode().strip()
        if "_" in text:
            raise ValueError
        if not kind.startswith("int"):
            return float(text)
        low, high = (-(2**31), 2**31) if kind == "int32" else (-(2**63), 2**63)
        if not low <= int(text) < high:
            raise ValueError
        return int(text)
    except ValueError:
        raise ValueError(
            f"StringToNumberOp could not correctly convert string: {item.decode(errors='replace')}"
        ) from None


register(
    "StringToNumber",
    lambda x, out_type: numbers_of(lambda item: _number(item, out_type), x, out_type),
    lambda inputs, attributes: [(as_dtype(attributes["out_type"]), inputs[0].shape)],
    differentiable=False,
)


def string_to_number(
    string_tensor: Any = None, out_type: Any = float32, name: str | None = None, input: Any = None
) -> Tensor:
    """The numbers that strings stand for (TF1 symbol: `tf.string_to_number`)."""
    given = strings_of(either("input", input, "string_tensor", string_tensor), "string_tensor")
    return one("StringToNumber", [given], name or "StringToNumber", out_type=as_dtype(out_type).name)


def _as_string(
    x: torch.Tensor, precision: int, scientific: bool, shortest: bool, width: int, fill: str
) -> np.ndarray:
    form = "%" + fill + (str(width) if width > -1 else "")
    if x.is_floating_point() or x.is_complex():
        form += f".{precision}" if precision > -1 else ""
        form += "e" if scientific else "g" if shortest else "f"
    else:
        form += "d"
    result = np.empty(tuple(x.shape), dtype=object)
    if x.dtype is torch.bool:
        texts = ["true" if item else "false" for item in x.reshape(-1).tolist()]
    elif x.is_complex():
        texts = [f"({form % item.real},{form % item.imag})" for item in x.reshape(-1).tolist()]
    else:
        texts = [form % item for item in x.reshape(-1).tolist()]
    result.reshape(-1)[:] = [text.encode() for text in texts]
    return result


register("AsString", _as_string, rule_of(string), differentiable=False)


def as_string(
    input: Any,
    precision: int = -1,
    scientific: bool = False,
    shortest: bool = False,
    width: int = -1,
    fill: str = "",
    name: str | None = None,
) -> Tensor:
    """Numbers as text (TF1 symbol: `tf.as_string`).

    Args:
        precision: how many digits after the point, of floats.
        scientific, shortest: floats as with C's %e or %g instead of %f.
        width, fill: the least width, and "0", " ", "-" or "+" as in C's formats.

    Raises:
        ValueError: both `scientific` and `shortest`.
    """
    if scientific and shortest:
        raise ValueError("Cannot select both scientific and shortest notation")
    return one(
        "AsString",
        [convert_to_tensor(input, name="input")],
        name or "AsString",
        precision=int(precision),
        scientific=bool(scientific),
        shortest=bool(shortest),
        width=int(width),
        fill=fill,
    )


def _raw(strings: np.ndarray, out_type: str, little_endian: bool) -> torch.Tensor:
    flat = strings.reshape(-1).tolist()
    kind = np.dtype(as_dtype(out_type).as_numpy_dtype)
    size = len(flat[0]) if flat else 0
    for item in flat:
        if len(item) != size:
            raise ValueError(
                "DecodeRaw requires input strings to all be the same size, but element "
                f"{flat.index(item)} has size {size} != {len(item)}"
            )
    if size % kind.itemsize:
        raise ValueError(
            f"Input to DecodeRaw has length {size} that is not a multiple of {kind.itemsize}, the size of "
            f"{out_type}"
        )
    order = kind if little_endian else kind.newbyteorder(">")
    array = np.frombuffer(b"".join(flat), order).astype(kind)
    return torch.from_numpy(array.reshape(*strings.shape, size // kind.itemsize))


register(
    "DecodeRaw",
    _raw,
    lambda inputs, attributes: [(as_dtype(attributes["out_type"]), inputs[0].shape.concatenate([None]))],
    differentiable=False,
)


def decode_raw(
    input_bytes: Any = None,
    out_type: Any = None,
    little_endian: bool = True,
    name: str | None = None,
    bytes: Any = None,
) -> Tensor:
    """The bytes of strings as numbers, along a new last axis (TF1 symbol: `tf.decode_raw`).

    Raises:
        ValueError: no strings, or no type.
    """
    given = either("input_bytes", input_bytes, "bytes", bytes)
    if out_type is None:
        raise ValueError("decode_raw() missing 1 required argument: 'out_type'")
    return one(
        "DecodeRaw",
        [strings_of(given, "bytes")],
        name or "DecodeRaw",
        out_type=as_dtype(out_type).name,
        little_endian=bool(little_endian),
    )
