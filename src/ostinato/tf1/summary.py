"""The module `tf.summary`: what TensorBoard shows of a run."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from typing import Any

from . import logging
from .graph import GraphKeys, get_collection, get_default_graph, name_scope
from .names import absent
from .ops import summary as ops
from .summary_messages import (
    Event,
    SessionLog,
    Summary,
    SummaryDescription,
    SummaryMetadata,
    TaggedRunMetadata,
)
from .summary_recording import all_v2_summary_ops, initialize
from .summary_writer import FileWriter, FileWriterCache
from .tensor import Tensor

_INVALID = re.compile(r"[^-/\w.]")


def _clean(name: str | None) -> str | None:
    """A name as one of a node, with a word where it had to be changed."""
    if name is None:
        return None
    cleaned = _INVALID.sub("_", name).lstrip("/")
    if cleaned != name:
        logging.info("Summary name %s is illegal; using %s instead.", name, cleaned)
    return cleaned


@contextlib.contextmanager
def scope_of(name: str, family: str | None, values: Any) -> Iterator[tuple[str, str]]:
    """The tag and the scope of a summary: the scope's name, with the family before it."""
    name, family = _clean(name) or "", _clean(family)
    with name_scope(name if family is None else f"{family}/{name}", None, values) as scope:
        tag = scope.rstrip("/")
        yield (tag if family is None else f"{family}/{tag}"), scope


def _collected(summary: Tensor, collections: Any, default: Sequence[str]) -> Tensor:
    for key in default if collections is None else collections:
        get_default_graph().add_to_collection(key, summary)
    return summary


def scalar(name: str, tensor: Any, collections: Any = None, family: str | None = None) -> Tensor:
    """A number, to be drawn over the steps (TF1 symbol: `tf.summary.scalar`).

    Args:
        name: the node's name, and with the scopes around it the tag.
        tensor: a real scalar.
        collections: where the node is put; None is the collection that `merge_all` takes.
        family: goes before the tag.

    Returns:
        A string scalar: an encoded Summary, for `FileWriter.add_summary`.
    """
    with scope_of(name, family, [tensor]) as (tag, scope):
        return _collected(ops.scalar_summary(tag, tensor, scope), collections, [GraphKeys.SUMMARIES])


def histogram(name: str, values: Any, collections: Any = None, family: str | None = None) -> Tensor:
    """How the values of a tensor are distributed (TF1 symbol: `tf.summary.histogram`).

    Raises:
        tf.errors.InvalidArgumentError: in a run, where there is a value that is not finite.
    """
    with scope_of(name, family, [values]) as (tag, scope):
        return _collected(ops.histogram_summary(tag, values, scope), collections, [GraphKeys.SUMMARIES])


def image(
    name: str, tensor: Any, max_outputs: int = 3, collections: Any = None, family: str | None = None
) -> Tensor:
    """The first images of a batch (TF1 symbol: `tf.summary.image`).

    Args:
        tensor: [batch, height, width, channels] of 1, 3 or 4 channels: bytes, or numbers, which are scaled.
        max_outputs: how many are kept.
    """
    with scope_of(name, family, [tensor]) as (tag, scope):
        made = ops.image_summary(tag, tensor, max_outputs, None, scope)
        return _collected(made, collections, [GraphKeys.SUMMARIES])


def audio(
    name: str,
    tensor: Any,
    sample_rate: Any,
    max_outputs: int = 3,
    collections: Any = None,
    family: str | None = None,
) -> Tensor:
    """The first sounds of a batch (TF1 symbol: `tf.summary.audio`).

    Args:
        tensor: [batch, frames] or [batch, frames, channels], between -1 and 1.
        sample_rate: in hertz.
        max_outputs: how many are kept.
    """
    with scope_of(name, family, [tensor]) as (tag, scope):
        made = ops.audio_summary(tag, tensor, sample_rate, max_outputs, scope)
        return _collected(made, collections, [GraphKeys.SUMMARIES])


def text(name: str, tensor: Any, collections: Any = None) -> Tensor:
    """Strings (TF1 symbol: `tf.summary.text`).

    Raises:
        ValueError: the tensor is not of strings.
    """
    if tensor.dtype.base_dtype.name != "string":
        raise ValueError(f"Expected tensor {tensor.name} to have dtype string, got {tensor.dtype}")
    metadata = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text"))
    return tensor_summary(name, tensor, collections=collections, summary_metadata=metadata)


def tensor_summary(
    name: str,
    tensor: Any,
    summary_description: str | None = None,
    collections: Any = None,
    summary_metadata: Any = None,
    family: str | None = None,
    display_name: str | None = None,
) -> Tensor:
    """A tensor of any type and shape (TF1 symbol: `tf.summary.tensor_summary`)."""
    metadata = SummaryMetadata()
    if summary_metadata is not None:
        metadata.CopyFrom(summary_metadata)
    if summary_description is not None:
        metadata.summary_description = summary_description
    if display_name is not None:
        metadata.display_name = display_name
    with scope_of(name, family, [tensor]) as (tag, scope):
        made = ops.tensor_summary(tag, tensor, metadata.SerializeToString(), scope)
        return _collected(made, collections, [GraphKeys.SUMMARIES])


def merge(inputs: Sequence[Any], collections: Any = None, name: str | None = None) -> Tensor:
    """Several summaries as one (TF1 symbol: `tf.summary.merge`).

    Raises:
        tf.errors.InvalidArgumentError: in a run, where two have the same tag.
    """
    name = _clean(name)
    with name_scope(name, "Merge", list(inputs)):
        return _collected(ops.merge_summary(list(inputs), name), collections, [])


def merge_all(
    key: str = GraphKeys.SUMMARIES, scope: str | None = None, name: str | None = None
) -> Tensor | None:
    """All summaries of the graph as one; None where there are none (TF1 symbol: `tf.summary.merge_all`)."""
    found = get_collection(key, scope)
    return merge(found, name=name) if found else None


def get_summary_description(node_def: Any) -> SummaryDescription:
    """The description in the node of an old tensor summary (TF1 symbol:
    `tf.summary.get_summary_description`).

    Raises:
        ValueError: the node is none.
    """
    import json

    if node_def.op != "TensorSummary":
        raise ValueError(f"Can't get_summary_description on {node_def.op}")
    found = json.loads(node_def.attr["description"].s or "{}")
    return SummaryDescription(type_hint=found.get("typeHint", found.get("type_hint", "")))


# -- names of 0.x
def scalar_summary(tags: Any, values: Any, collections: Any = None, name: str | None = None) -> Tensor:
    """Numbers by tag, of any characters: the form of 0.x (TF1 symbol: `tf.scalar_summary`)."""
    return _collected(ops.scalar_summary(tags, values, name), collections, [GraphKeys.SUMMARIES])


def histogram_summary(tag: Any, values: Any, collections: Any = None, name: str | None = None) -> Tensor:
    """The form that `histogram` had in 0.x (TF1 symbol: `tf.histogram_summary`)."""
    return _collected(ops.histogram_summary(tag, values, name), collections, [GraphKeys.SUMMARIES])


def image_summary(
    tag: Any,
    tensor: Any,
    max_images: int = 3,
    collections: Any = None,
    name: str | None = None,
    max_outputs: int | None = None,
) -> Tensor:
    """The form that `image` had in 0.x (TF1 symbol: `tf.image_summary`)."""
    most = max_images if max_outputs is None else max_outputs
    return _collected(ops.image_summary(tag, tensor, most, None, name), collections, [GraphKeys.SUMMARIES])


def audio_summary(
    tag: Any,
    tensor: Any,
    sample_rate: Any,
    max_outputs: int = 3,
    collections: Any = None,
    name: str | None = None,
) -> Tensor:
    """The form that `audio` had in 0.x (TF1 symbol: `tf.audio_summary`)."""
    made = ops.audio_summary(tag, tensor, sample_rate, max_outputs, name)
    return _collected(made, collections, [GraphKeys.SUMMARIES])


def merge_summary(inputs: Sequence[Any], collections: Any = None, name: str | None = None) -> Tensor:
    """The name that `merge` had in 0.x (TF1 symbol: `tf.merge_summary`)."""
    with name_scope(name, "MergeSummary", list(inputs)):
        return _collected(ops.merge_summary(list(inputs), name), collections, [])


def merge_all_summaries(key: str = GraphKeys.SUMMARIES) -> Tensor | None:
    """The name that `merge_all` had in 0.x (TF1 symbol: `tf.merge_all_summaries`)."""
    found = get_collection(key)
    return merge_summary(found) if found else None


__all__ = [
    "Event",
    "FileWriter",
    "FileWriterCache",
    "SessionLog",
    "Summary",
    "SummaryDescription",
    "TaggedRunMetadata",
    "all_v2_summary_ops",
    "audio",
    "get_summary_description",
    "histogram",
    "image",
    "initialize",
    "merge",
    "merge_all",
    "scalar",
    "tensor_summary",
    "text",
]
__getattr__ = absent("tf.summary", __all__)
