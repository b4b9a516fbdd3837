"""The module `tf.contrib.training`: settings by name, training operations, buckets by length."""

from ..checkpoint_utils import checkpoints_iterator, wait_for_new_checkpoint
from ..evaluation import (
    StopAfterNEvalsHook,
    SummaryAtEndHook,
    evaluate_once,
    evaluate_repeatedly,
    get_or_create_eval_step,
)
from ..hparams import HParams, parse_values
from ..input_buckets import bucket, bucket_by_sequence_length
from ..names import absent
from ..training_operations import (
    add_gradients_summaries,
    clip_gradient_norms,
    clip_gradient_norms_fn,
    create_train_op,
    multiply_gradients,
    train,
)

__all__ = [
    "HParams",
    "StopAfterNEvalsHook",
    "SummaryAtEndHook",
    "add_gradients_summaries",
    "bucket",
    "bucket_by_sequence_length",
    "checkpoints_iterator",
    "clip_gradient_norms",
    "clip_gradient_norms_fn",
    "create_train_op",
    "evaluate_once",
    "evaluate_repeatedly",
    "get_or_create_eval_step",
    "multiply_gradients",
    "parse_values",
    "train",
    "wait_for_new_checkpoint",
]

__getattr__ = absent("tf.contrib.training", __all__)
