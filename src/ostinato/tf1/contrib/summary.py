"""The module `tf.contrib.summary`: summaries that are written when their nodes run.

>>> import ostinato.tf1 as tf, tempfile, os
>>> with tempfile.TemporaryDirectory() as folder, tf.Graph().as_default(), tf.Session() as session:
...     step = tf.train.create_global_step()
...     with tf.contrib.summary.create_file_writer(folder).as_default():
...         with tf.contrib.summary.always_record_summaries():
...             loss = tf.contrib.summary.scalar("loss", 0.5)
...         session.run(tf.global_variables_initializer())
...         tf.contrib.summary.initialize(session=session)
...         print(session.run(loss), len(os.listdir(folder)))
True 1
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from .. import logging
from ..graph import add_to_collection, control_dependencies, device, get_default_graph, name_scope
from ..names import absent
from ..ops import array, control
from ..ops.core import constant, convert_to_tensor, make
from ..smart_cond import smart_cond
from ..summary import scope_of
from ..summary_recording import (
    STATE,
    SUMMARIES,
    SummaryWriter,
    all_v2_summary_ops,
    always_record_summaries,
    chosen_step,
    create_file_writer,
    flush,
    import_event,
    initialize,
    never_record_summaries,
    record_summaries_every_n_global_steps,
    should_record_summaries,
    summary_writer_initializer_op,
    write_graph,
)
from ..tensor import Operation, Tensor

graph, all_summary_ops = write_graph, all_v2_summary_ops


def _written(name: str, tensor: Any, family: str | None, write: Callable[[str, str], Operation]) -> Any:
    """A tensor that is True where the summary was written; without a writer a node that does nothing."""
    around = get_default_graph().get_name_scope()

    def record() -> Tensor:
        with (
            name_scope(f"{around}/" if around else None),
            scope_of(name, family, [tensor]) as (tag, scope),
            control_dependencies([write(tag, scope)]),
        ):
            return constant(True)

    if STATE.writer is None:
        return control.no_op()
    with device("cpu:0"):
        should = should_record_summaries()
        if isinstance(STATE.condition, Tensor):
            made = smart_cond(should, record, lambda: constant(False), name="")
        else:
            made = record() if STATE.condition else constant(False)
    add_to_collection(SUMMARIES, made)
    return made


def _node(op_type: str, scope: str, *inputs: Any, **attributes: Any) -> Operation:
    assert STATE.writer is not None
    return make(op_type, [STATE.writer.handle, *inputs], scope, **attributes)


def _tag(tag: str) -> Tensor:
    return convert_to_tensor(tag, "string", name="tag")


def generic(name: str, tensor: Any, metadata: Any = None, family: str | None = None, step: Any = None) -> Any:
    """Write a tensor (TF1 symbol: `tf.contrib.summary.generic`).

    Args:
        metadata: a SummaryMetadata, which says for which of TensorBoard's pages it is.
        step: the global step.

    Returns:
        A boolean, whether it was written; without a writer a node that does nothing.
    """

    def write(tag: str, scope: str) -> Operation:
        encoded: Any = metadata
        if metadata is None or hasattr(metadata, "SerializeToString"):
            encoded = constant(b"" if metadata is None else metadata.SerializeToString())
        number = chosen_step(step)
        return _node("WriteSummary", scope, number, array.identity(tensor), _tag(tag), encoded)

    return _written(name, tensor, family, write)


def scalar(name: str, tensor: Any, family: str | None = None, step: Any = None) -> Any:
    """Write a number (TF1 symbol: `tf.contrib.summary.scalar`); as `generic`."""

    def write(tag: str, scope: str) -> Operation:
        number = chosen_step(step)
        value = array.identity(tensor)
        return _node("WriteScalarSummary", scope, number, _tag(tag), value)

    return _written(name, tensor, family, write)


def histogram(name: str, tensor: Any, family: str | None = None, step: Any = None) -> Any:
    """Write how values are distributed (TF1 symbol: `tf.contrib.summary.histogram`); as `generic`."""

    def write(tag: str, scope: str) -> Operation:
        number = chosen_step(step)
        values = array.identity(tensor)
        return _node("WriteHistogramSummary", scope, number, _tag(tag), values)

    return _written(name, tensor, family, write)


def image(
    name: str,
    tensor: Any,
    bad_color: Any = None,
    max_images: int = 3,
    family: str | None = None,
    step: Any = None,
) -> Any:
    """Write images (TF1 symbol: `tf.contrib.summary.image`); as `tf.summary.image` and `generic`."""

    def write(tag: str, scope: str) -> Operation:
        color = constant([255, 0, 0, 255], dtype="uint8") if bad_color is None else bad_color
        number = chosen_step(step)
        pixels = array.identity(tensor)
        color = convert_to_tensor(color, "uint8", name="bad_color")
        return _node("WriteImageSummary", scope, number, _tag(tag), pixels, color, max_images=max_images)

    return _written(name, tensor, family, write)


def audio(
    name: str, tensor: Any, sample_rate: Any, max_outputs: int, family: str | None = None, step: Any = None
) -> Any:
    """Write sounds (TF1 symbol: `tf.contrib.summary.audio`); as `tf.summary.audio` and `generic`."""

    def write(tag: str, scope: str) -> Operation:
        number = chosen_step(step)
        sounds = array.identity(tensor)
        inputs = [number, _tag(tag), sounds, convert_to_tensor(sample_rate, "float32", name="sample_rate")]
        return _node("WriteAudioSummary", scope, *inputs, max_outputs=max_outputs)

    return _written(name, tensor, family, write)


def eval_dir(model_dir: str, name: str | None = None) -> str:
    """The directory of evaluations' summaries (TF1 symbol: `tf.contrib.summary.eval_dir`)."""
    return os.path.join(model_dir, f"eval_{name}" if name else "eval")


def create_summary_file_writer(*args: Any, **kwargs: Any) -> SummaryWriter:
    """The older name of `create_file_writer` (TF1: `tf.contrib.summary.create_summary_file_writer`)."""
    logging.warning("Deprecation Warning: create_summary_file_writer was renamed to create_file_writer")
    return create_file_writer(*args, **kwargs)


__all__ = [
    "SummaryWriter",
    "all_summary_ops",
    "always_record_summaries",
    "audio",
    "create_file_writer",
    "create_summary_file_writer",
    "eval_dir",
    "flush",
    "generic",
    "graph",
    "histogram",
    "image",
    "import_event",
    "initialize",
    "never_record_summaries",
    "record_summaries_every_n_global_steps",
    "scalar",
    "should_record_summaries",
    "summary_writer_initializer_op",
]
__getattr__ = absent("tf.contrib.summary", __all__)
