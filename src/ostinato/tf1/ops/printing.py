"""Tensors printed where they are run: `tf.Print` and `tf.print`."""

from __future__ import annotations

import pprint
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from .. import registry
from ..graph import name_scope
from ..sparse_tensor import SparseTensor, is_sparse
from ..tensor import Operation, Tensor
from .core import convert_to_tensor, make, one


def number_text(item: Any) -> str:
    """A number as TensorFlow prints it: with as few digits as tell it from all others of its type."""
    if isinstance(item, (bool, np.bool_)):
        return str(int(item))
    if isinstance(item, np.floating):
        short, long = ("%.15g", "%.17g") if item.dtype.itemsize == 8 else ("%.6g", "%.9g")
        text = short % float(item)
        return text if type(item)(text) == item or not np.isfinite(item) else long % float(item)
    if isinstance(item, (complex, np.complexfloating)):
        return f"({number_text(item.real)},{number_text(item.imag)})"
    return str(item)


def _array(value: Any) -> np.ndarray:
    if isinstance(value, np.ndarray):
        return value
    value = value.detach()
    found: np.ndarray = (value.float() if value.dtype is torch.bfloat16 else value).cpu().numpy()
    return found


def _item_text(item: Any, quote: bool) -> str:
    if isinstance(item, bytes):
        text = item.decode("utf-8", "replace")
        return f'"{text}"' if quote else text
    return number_text(item)


# -- tf.Print
def _first_elements(array: np.ndarray, left: list[int]) -> str:
    """The first elements, as many as `left` says, each axis in brackets."""
    if array.ndim == 0:
        left[0] -= 1
        return _item_text(array[()], False)
    parts = []
    for row in array:
        if left[0] <= 0:
            parts.append("...")
            break
        parts.append((" " if parts and array.ndim == 1 else "") + _first_elements(np.asarray(row), left))
    return "[" + "".join(parts) + "]"


def _summary(value: Any, summarize: int) -> str:
    array = _array(value)
    text = _first_elements(array, [max(array.size, 1) if summarize < 0 else summarize])
    return text if array.ndim else f"[{text}]"


def _print(run: Any, operation: Operation, x: Any, *data: Any) -> Any:
    attributes = operation.attributes
    seen = run.resources.get(("Print", operation.graph, operation.name), lambda: [0])
    if attributes["first_n"] < 0 or seen[0] < attributes["first_n"]:
        seen[0] += 1
        parts = [_summary(value, attributes["summarize"]) for value in data]
        print(attributes["message"] + "".join(parts), file=sys.stderr, flush=True)
    return x


registry.register("Print", _print, registry.same, stateful=True)


def print_and_pass(
    input_: Any,
    data: Any,
    message: str | None = None,
    first_n: int | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> Tensor:
    """The tensor, and where it is run the data on the standard error stream (TF1 symbol: `tf.Print`).

    Args:
        input_: what is passed on.
        data: a list of tensors.
        message: what is printed before them.
        first_n: how many times it is printed; always for None.
        summarize: how many elements of each are printed; 3 for None, all for a negative number.
    """
    x = convert_to_tensor(input_, name="input")
    return one(
        "Print",
        [x, *[convert_to_tensor(item) for item in data]],
        name or "Print",
        message=message or "",
        first_n=-1 if first_n is None else int(first_n),
        summarize=3 if summarize is None else int(summarize),
    )


# -- tf.print
def _edges(array: np.ndarray, edge: int, indent: int) -> str:
    """The elements at both ends of each axis, a row a line."""
    if array.ndim == 0:
        return _item_text(array[()], True)
    rows = [np.asarray(row) for row in array]
    if edge >= 0 and len(rows) > 2 * edge:
        texts = [_edges(row, edge, indent + 1) for row in rows[:edge]] + ["..."]
        texts += [_edges(row, edge, indent + 1) for row in rows[len(rows) - edge :]]
    else:
        texts = [_edges(row, edge, indent + 1) for row in rows]
    return "[" + (" " if array.ndim == 1 else "\n" * (array.ndim - 1) + " " * indent).join(texts) + "]"


def edges_of(value: Any, edge: int) -> str:
    """A tensor's text, with so many elements at both ends of each axis."""
    array = _array(value)
    return _edges(array, edge, 1)


class _Place:
    """Where a tensor's text goes in that of a structure."""

    def __init__(self, index: int) -> None:
        self._index = index

    def __repr__(self) -> str:
        return f"\0{self._index}\0"


def _with_places(value: Any, tensors: list[Tensor]) -> Any:
    if is_sparse(value):
        value = value if isinstance(value, SparseTensor) else SparseTensor.from_value(value)
        parts = (value.indices, value.values, value.dense_shape)
        names = ("indices", "values", "shape")
        texts = [f"{name}={_with_places(part, tensors)!r}" for name, part in zip(names, parts, strict=True)]
        return _Text("SparseTensor(" + ", ".join(texts) + ")")
    if isinstance(value, Tensor) or hasattr(value, "_to_tensor"):
        tensors.append(convert_to_tensor(value))
        return _Place(len(tensors) - 1)
    if isinstance(value, Mapping):
        return {key: _with_places(item, tensors) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*[_with_places(item, tensors) for item in value])
    if isinstance(value, (list, tuple)):
        return type(value)([_with_places(item, tensors) for item in value])
    return value


class _Text(str):
    def __repr__(self) -> str:
        return str(self)


def _print_texts(run: Any, operation: Operation, *data: Any) -> Any:
    attributes = operation.attributes
    pieces = attributes["template"].split("\0")
    edge = attributes["summarize"]
    pieces[1::2] = [edges_of(data[int(place)], edge) for place in pieces[1::2]]
    text, stream = "".join(pieces) + attributes["end"], attributes["stream"]
    if stream.startswith("file://"):
        with open(stream.removeprefix("file://"), "a", encoding="utf-8") as file:
            file.write(text)
    else:
        print(text, end="", file=sys.stdout if stream == "stdout" else sys.stderr, flush=True)
    return ()


registry.register("PrintV2", _print_texts, lambda inputs, attributes: [], stateful=True, differentiable=False)


def _stream(output_stream: Any) -> str:
    if output_stream is sys.stdout:
        return "stdout"
    if isinstance(output_stream, str) and output_stream.startswith("file://"):
        return output_stream
    logs = ("info", "warning", "error", "warn")
    if output_stream is sys.stderr or getattr(output_stream, "__name__", "") in logs:
        return "stderr"
    raise ValueError(
        f"Unsupported output stream, logging level, or file. {output_stream}. Supported streams are "
        "sys.stdout, sys.stderr, tf.logging.info, tf.logging.warning, tf.logging.error, and a file given as "
        "'file://path'."
    )


def print_op(*inputs: Any, **kwargs: Any) -> Operation:
    """An operation that prints tensors and values where it is run (TF1 symbol: `tf.print`).

    Args:
        *inputs: tensors, nests of them, and values.
        output_stream: sys.stderr (the default), sys.stdout, a function of tf.logging, or "file://path".
        summarize: how many elements at each end of an axis are printed; 3 for None, all for -1.
        sep, end: what is between the inputs, and after them.
        name: a name for the operation.

    Raises:
        ValueError: another stream, or an argument that there is not.
    """
    stream = kwargs.pop("output_stream", sys.stderr)
    name, summarize = kwargs.pop("name", None), kwargs.pop("summarize", 3)
    separator, end = kwargs.pop("sep", " "), kwargs.pop("end", "\n")
    if kwargs:
        raise ValueError(f"Unrecognized keyword arguments for tf.print: {kwargs}")
    tensors: list[Tensor] = []
    with name_scope(name, "PrintV2"):
        texts = []
        for item in inputs:
            placed = _with_places(item, tensors)
            texts.append(placed if isinstance(item, str) else pprint.pformat(placed))
        return make(
            "PrintV2",
            tensors,
            "PrintV2",
            template=separator.join(texts),
            end=end,
            summarize=3 if summarize is None else int(summarize),
            stream=_stream(stream),
        )
