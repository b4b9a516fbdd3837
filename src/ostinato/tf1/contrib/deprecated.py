"""The module `tf.contrib.deprecated`: summaries by the names that they had before version 1."""

from ..names import absent
from ..top_level_training import (
    audio_summary,
    histogram_summary,
    image_summary,
    merge_all_summaries,
    merge_summary,
    scalar_summary,
)

__all__ = [
    "audio_summary",
    "histogram_summary",
    "image_summary",
    "merge_all_summaries",
    "merge_summary",
    "scalar_summary",
]

__getattr__ = absent("tf.contrib.deprecated", __all__)
