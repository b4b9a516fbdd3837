"""The module `tf.contrib.tensorboard`: what TensorBoard's projector is to show of embeddings."""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any, ClassVar

from ..graph_files import write_whole
from ..messages import Message
from ..names import absent


class SpriteMetadata(Message):
    """An image of small images, one for each row of an embedding."""

    _fields: ClassVar[dict[str, str]] = {
        "image_path": "1 string",
        "single_image_dim": "2 repeated uint32",
    }


class EmbeddingInfo(Message):
    """An embedding: its variable's name, and files that tell of its rows."""

    _fields: ClassVar[dict[str, str]] = {
        "tensor_name": "1 string",
        "metadata_path": "2 string",
        "bookmarks_path": "3 string",
        "tensor_shape": "4 repeated uint32",
        "sprite": "5 SpriteMetadata",
        "tensor_path": "6 string",
    }


class ProjectorConfig(Message):
    """The embeddings to show (TF1 symbol: `projector.ProjectorConfig`)."""

    _fields: ClassVar[dict[str, str]] = {
        "model_checkpoint_path": "1 string",
        "embeddings": "2 repeated EmbeddingInfo",
        "model_checkpoint_dir": "3 string",
    }


def visualize_embeddings(summary_writer: Any, config: Any) -> None:
    """Write `projector_config.pbtxt` where a writer's events go (TF1 symbol:
    `projector.visualize_embeddings`).

    Raises:
        ValueError: the writer has no directory.
    """
    logdir = summary_writer.get_logdir()
    if logdir is None:
        raise ValueError("Summary writer must have a logdir")
    write_whole(os.path.join(logdir, "projector_config.pbtxt"), str(config).encode())


projector = ModuleType("tensorflow.contrib.tensorboard.plugins.projector")
_NAMES = {
    "EmbeddingInfo": EmbeddingInfo,
    "ProjectorConfig": ProjectorConfig,
    "SpriteMetadata": SpriteMetadata,
    "visualize_embeddings": visualize_embeddings,
}
vars(projector).update(_NAMES, __getattr__=absent("tf.contrib.tensorboard.plugins.projector", _NAMES))
plugins = ModuleType("tensorflow.contrib.tensorboard.plugins")
plugins.__path__ = []
vars(plugins).update(projector=projector, __getattr__=absent("tf.contrib.tensorboard.plugins", ["projector"]))
MODULES = {
    "tensorflow.contrib.tensorboard.plugins": plugins,
    "tensorflow.contrib.tensorboard.plugins.projector": projector,
    "tensorflow.contrib.tensorboard.plugins.projector.projector_config_pb2": projector,
}

__all__ = ["plugins"]
__getattr__ = absent("tf.contrib.tensorboard", __all__)
