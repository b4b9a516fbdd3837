"""Summaries of tensors and of collections of them."""

from __future__ import annotations

import functools
import re
from typing import Any

from ... import summary
from ...graph import GraphKeys, get_collection
from ...ops.math import cast, greater, less
from ...ops.reductions import reduce_mean


def _scalar(tensor: Any, tag: str | None = None) -> Any:
    tensor.shape.assert_has_rank(0)
    return summary.scalar(tag or f"{tensor.op.name}_summary", tensor)


def _histogram(tensor: Any, tag: str | None = None) -> Any:
    return summary.histogram(tag or f"{tensor.op.name}_summary", tensor)


def summarize_activation(op: Any) -> Any:
    """A histogram of an activation; of relu the share of zeros too (TF1 symbol:
    `tf.contrib.layers.summarize_activation`).
    """
    kind, name = op.op.type, op.op.name
    if kind in ("Relu", "Softplus", "Relu6"):
        features = op.op.inputs[0]
        _scalar(reduce_mean(cast(less(features, cast(0.0, features.dtype)), "float32")), f"{name}/zeros")
    if kind == "Relu6":
        features = op.op.inputs[0]
        _scalar(reduce_mean(cast(greater(features, cast(6.0, features.dtype)), "float32")), f"{name}/sixes")
    return _histogram(op, f"{name}/activation")


def summarize_tensor(tensor: Any, tag: str | None = None) -> Any:
    """A scalar or a histogram; None for strings and booleans (TF1: `tf.contrib.layers.summarize_tensor`)."""
    if tensor.dtype.base_dtype.name in ("string", "bool"):
        return None
    return _scalar(tensor, tag) if tensor.shape.ndims == 0 else _histogram(tensor, tag)


def summarize_tensors(tensors: Any, summarizer: Any = summarize_tensor) -> list[Any]:
    """The summary of each (TF1 symbol: `tf.contrib.layers.summarize_tensors`)."""
    return [summarizer(tensor) for tensor in tensors]


def summarize_collection(
    collection: str, name_filter: str | None = None, summarizer: Any = summarize_tensor
) -> list[Any]:
    """The summaries of a collection's tensors (TF1 symbol: `tf.contrib.layers.summarize_collection`)."""
    found = [
        item
        for item in get_collection(collection)
        if name_filter is None or re.match(name_filter, item.op.name)
    ]
    return summarize_tensors(found, summarizer)


summarize_variables = functools.partial(summarize_collection, GraphKeys.GLOBAL_VARIABLES)
summarize_weights = functools.partial(summarize_collection, GraphKeys.WEIGHTS)
summarize_biases = functools.partial(summarize_collection, GraphKeys.BIASES)


def summarize_activations(
    name_filter: str | None = None, summarizer: Any = summarize_activation
) -> list[Any]:
    """The summaries of the activations (TF1 symbol: `tf.contrib.layers.summarize_activations`)."""
    return summarize_collection(GraphKeys.ACTIVATIONS, name_filter, summarizer)
