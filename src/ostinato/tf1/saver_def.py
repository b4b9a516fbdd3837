"""What a graph must say for a Saver to work with it: the names of its nodes, and how long checkpoints are
kept.
"""

from __future__ import annotations

from typing import ClassVar

from .message_fields import enumeration
from .messages import Message


class SaverDef(Message):
    """A Saver as plain values (TF1 symbol: `tf.train.SaverDef`).

    `filename_tensor_name` is fed with a checkpoint's prefix; then `save_tensor_name` saves and
    `restore_op_name` restores.
    """

    LEGACY, V1, V2 = 0, 1, 2
    _fields: ClassVar[dict[str, str]] = {
        "filename_tensor_name": "1 string",
        "save_tensor_name": "2 string",
        "restore_op_name": "3 string",
        "max_to_keep": "4 int32",
        "sharded": "5 bool",
        "keep_checkpoint_every_n_hours": "6 float",
        "version": "7 CheckpointFormatVersion",
    }


enumeration(
    "SaverDef.CheckpointFormatVersion", {"LEGACY": SaverDef.LEGACY, "V1": SaverDef.V1, "V2": SaverDef.V2}
)
