"""Texts with tensors in them: `tf.strings.format`."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import nest
from ..dtypes import string
from ..registry import register
from ..shapes import TensorShape
from ..tensor import Tensor
from .core import convert_to_tensor, one
from .files import bytes_tensor
from .printing import edges_of

_ESCAPED = {ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t", **{ord(c): f"\\{c}" for c in "\"'\\"}}


def _escaped(text: bytes) -> bytes:
    """A text without what does not print: as C writes it."""
    plain = [_ESCAPED.get(byte, chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}") for byte in text]
    return "".join(plain).encode()


def _format(*values: Any, template: str, placeholder: str, summarize: int) -> np.ndarray:
    pieces, texts = template.split(placeholder), []
    for value in values:
        if isinstance(value, np.ndarray):
            shown = np.empty(value.shape, object)
            for place, text in np.ndenumerate(value):
                shown[place] = _escaped(text)
            value = shown
        texts.append(edges_of(value, summarize))
    return bytes_tensor("".join(a + b for a, b in zip(pieces, [*texts, ""], strict=True)).encode())


register(
    "StringFormat", _format, lambda inputs, attributes: [(string, TensorShape([]))], differentiable=False
)


def string_format(
    template: str, inputs: Any, placeholder: str = "{}", summarize: int = 3, name: str | None = None
) -> Tensor:
    """A text with tensors in the places of `{}` (TF1 symbol: `tf.strings.format`).

    Args:
        template: the text.
        inputs: a tensor, or a list of them.
        placeholder: what stands for a tensor.
        summarize: how many elements at each end of an axis are shown; all for -1.

    Raises:
        ValueError: there are more or fewer tensors than places.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     session.run(string_format("x: {}, y: {}", [tf.range(9), 2.5]))
    b'x: [0 1 2 ... 6 7 8], y: 2.5'
    """
    tensors = [convert_to_tensor(item) for item in nest.flatten(inputs)]
    count = template.count(placeholder)
    if count != len(tensors):
        raise ValueError(
            f"{count} placeholder(s) in template does not match {len(tensors)} tensor(s) provided as input"
        )
    return one(
        "StringFormat", tensors, name, template=template, placeholder=placeholder, summarize=int(summarize)
    )
