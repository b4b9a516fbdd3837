"""Sparse tensors as texts: three encoded messages each, of the indices, the values and the shape.

TF1 symbols: `tf.serialize_sparse`, `tf.serialize_many_sparse`, `tf.deserialize_many_sparse`.

>>> import ostinato.tf1 as tf
>>> with tf.Graph().as_default(), tf.Session() as session:
...     row = serialize_sparse(tf.SparseTensor([[1]], [5.0], [3]))
...     batch = deserialize_many_sparse(tf.stack([row, row]), tf.float32, rank=1)
...     session.run(tf.sparse_tensor_to_dense(batch)).tolist()
[[0.0, 5.0, 0.0], [0.0, 5.0, 0.0]]
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from ..dtypes import as_dtype, int64, string, variant
from ..errors import InvalidArgumentError
from ..graph_messages import TensorProto
from ..message_fields import DecodeError
from ..registry import OutputTypes, ShapeMismatch, register
from ..shapes import TensorShape
from ..sparse_tensor import SparseTensor, SparseTensorValue, is_sparse
from ..tensor import Operation, Tensor
from ..tensor_protos import type_of
from .core import convert_to_tensor, make, one


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])


def _message(value: Any) -> bytes:
    """An array as TensorFlow's runtime writes it: the bytes of all elements, strings after their lengths."""
    array = value if isinstance(value, np.ndarray) else value.detach().cpu().numpy()
    proto = TensorProto()
    proto.dtype = as_dtype(string if array.dtype == object else array.dtype).as_datatype_enum
    for size in array.shape:
        proto.tensor_shape.dim.add().size = size
    if array.dtype == object:
        texts = list(array.reshape(-1))
        proto.tensor_content = b"".join([*(_varint(len(text)) for text in texts), *texts])
    else:
        proto.tensor_content = np.ascontiguousarray(array).tobytes()
    encoded: bytes = proto.SerializeToString()
    return encoded


def _texts(content: bytes, count: int) -> Iterator[bytes]:
    lengths, place = [], 0
    for _ in range(count):
        length = shift = 0
        while True:
            byte = content[place]
            place += 1
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        lengths.append(length)
    for length in lengths:
        yield content[place : place + length]
        place += length


def _array(encoded: bytes) -> np.ndarray:
    """The array of a message.

    Raises:
        ValueError: it is none.
    """
    try:
        proto = TensorProto.FromString(encoded)
        kind = type_of(proto.dtype)
        sizes = [dim.size for dim in proto.tensor_shape.dim]
        if kind is not string:
            return np.frombuffer(proto.tensor_content, kind.as_numpy_dtype).reshape(sizes)
        found = np.empty(int(np.prod(sizes)), object)
        found[:] = list(_texts(proto.tensor_content, found.size))
        return found.reshape(sizes)
    except (DecodeError, ValueError, TypeError, IndexError):
        raise ValueError("Could not parse serialized proto") from None


def _row(*parts: Any) -> np.ndarray:
    found = np.empty(3, object)
    found[:] = [_message(part) for part in parts]
    return found


def _serialize(indices: Any, values: Any, shape: Any, out_type: str) -> Any:
    if out_type == "variant":  # within data sets: the value itself
        return [SparseTensorValue(indices, values, shape)]
    return _row(indices, values, shape)


def _serialize_many(indices: torch.Tensor, values: Any, shape: torch.Tensor) -> np.ndarray:
    if len(shape) < 2:
        raise ValueError(f"Rank of input SparseTensor should be > 1, but saw rank: {len(shape)}")
    found = np.empty((int(shape[0]), 3), object)
    for number in range(len(found)):
        here = indices[:, 0] == number
        chosen = values[here.numpy()] if isinstance(values, np.ndarray) else values[here]
        found[number] = _row(indices[here, 1:], chosen, shape[1:])
    return found


def _deserialize_many(run: Any, operation: Operation, serialized: np.ndarray) -> Any:
    wanted = as_dtype(operation.attributes["dtype"])
    rows = [[_array(text) for text in row] for row in serialized]
    for number, (_, values, shape) in enumerate(rows):
        found = as_dtype(string if values.dtype == object else values.dtype)
        wrong = None
        if found is not wanted:
            wrong = (
                f"Requested SparseTensor of type {wanted.message_name} but "
                f"SparseTensor[{number}].values.dtype() == {found.message_name}"
            )
        elif len(shape) != len(rows[0][2]):
            wrong = (
                f"Inconsistent rank across SparseTensors: rank prior to SparseTensor[{number}] was: "
                f"{len(rows[0][2])} but rank of SparseTensor[{number}] is: {len(shape)}"
            )
        if wrong:
            raise InvalidArgumentError(None, operation, wrong)
    if not rows:
        raise InvalidArgumentError(None, operation, "Must have at least 1 serialized SparseTensor, got none")
    numbered = [np.insert(indices, 0, number, axis=1) for number, (indices, _, _) in enumerate(rows)]
    values = np.concatenate([values for _, values, _ in rows])
    sizes = np.max([shape for _, _, shape in rows], axis=0)
    return [
        torch.from_numpy(np.concatenate(numbered)),
        values if wanted is string else torch.from_numpy(values),
        torch.from_numpy(np.insert(sizes, 0, len(rows))),
    ]


def _serialized_rule(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    if attributes["out_type"] == "variant":
        return [(variant, TensorShape([]))]
    return [(string, TensorShape([3]))]


def _deserialized_rule(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    known = inputs[0].shape.known
    if known is not None and len(known) == 2 and known[1] not in (None, 3):
        raise ShapeMismatch(f"Dimension must be 3 but is {known[1]}")
    rank = attributes["rank"]
    kind = as_dtype(attributes["dtype"])
    return [(int64, TensorShape([None, rank])), (kind, TensorShape([None])), (int64, TensorShape([rank]))]


register("SerializeSparse", _serialize, _serialized_rule, differentiable=False)
register(
    "SerializeManySparse",
    _serialize_many,
    lambda inputs, attributes: [(string, TensorShape([None, 3]))],
    differentiable=False,
)
register("DeserializeManySparse", _deserialize_many, _deserialized_rule, stateful=True, differentiable=False)


def _parts(sp_input: Any) -> list[Tensor]:
    if not is_sparse(sp_input):
        raise TypeError("Input must be a SparseTensor.")
    value = sp_input if isinstance(sp_input, SparseTensor) else SparseTensor.from_value(sp_input)
    return [value.indices, value.values, value.dense_shape]


def _out_type(out_type: Any) -> None:
    if as_dtype(out_type) is not string:
        raise ValueError(f"Sparse tensors are serialized as tf.string here, not as {as_dtype(out_type)!r}.")


def serialize_sparse(sp_input: Any, name: str | None = None, out_type: Any = string) -> Tensor:
    """A sparse tensor as three texts (TF1 symbol: `tf.serialize_sparse`).

    Raises:
        TypeError: the input is not sparse.
        ValueError: another `out_type` than tf.string.
    """
    _out_type(out_type)
    return one("SerializeSparse", _parts(sp_input), name, out_type="string")


def serialize_many_sparse(sp_input: Any, name: str | None = None, out_type: Any = string) -> Tensor:
    """Each row of a sparse tensor as three texts, `[rows, 3]` (TF1 symbol: `tf.serialize_many_sparse`).

    Raises:
        TypeError: the input is not sparse.
        ValueError: another `out_type` than tf.string.
    """
    _out_type(out_type)
    return one("SerializeManySparse", _parts(sp_input), name)


def deserialize_many_sparse(
    serialized_sparse: Any, dtype: Any, rank: int | None = None, name: str | None = None
) -> SparseTensor:
    """Sparse tensors of three texts each as one, with an axis more (TF1 symbol:
    `tf.deserialize_many_sparse`).

    Args:
        serialized_sparse: `[rows, 3]`, as of `serialize_sparse` or `serialize_many_sparse`.
        dtype: the type of the values.
        rank: how many axes the static shape has, if it is given; in TensorFlow too it is not looked at else.

    A run raises tf.errors.InvalidArgumentError where there are none, or of another type.
    """
    given = convert_to_tensor(serialized_sparse, string, name="serialized_sparse")
    kind = as_dtype(dtype).name
    return SparseTensor(*make("DeserializeManySparse", [given], name, dtype=kind, rank=rank).outputs)
