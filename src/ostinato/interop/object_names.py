"""Names that TensorFlow's object-based checkpoints (`tf.train.Checkpoint`, Keras) have in common."""

from __future__ import annotations

VARIABLE = "/.ATTRIBUTES/VARIABLE_VALUE"
"""What the name of an object's variable ends in."""

GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
"""The tensor that says which objects there were: a text for TensorFlow, no variable."""
