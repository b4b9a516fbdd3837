"""The messages of summaries and of the files of events that hold them."""

from __future__ import annotations

from typing import ClassVar

from . import graph_messages  # noqa: F401  # a summary may hold a tensor
from .message_fields import enumeration
from .messages import Message


class SummaryDescription(Message):
    """How a summary is to be shown (TF1 symbol: `tf.summary.SummaryDescription`)."""

    _fields: ClassVar[dict[str, str]] = {"type_hint": "1 string"}


class HistogramProto(Message):
    """A histogram (TF1 symbol: `tf.HistogramProto`)."""

    _fields: ClassVar[dict[str, str]] = {
        "min": "1 double",
        "max": "2 double",
        "num": "3 double",
        "sum": "4 double",
        "sum_squares": "5 double",
        "bucket_limit": "6 repeated double",
        "bucket": "7 repeated double",
    }


class SummaryMetadata(Message):
    """Which part of TensorBoard shows a value (TF1 symbol: `tf.SummaryMetadata`)."""

    class PluginData(Message):
        """The part's name, and what it needs to know."""

        _fields: ClassVar[dict[str, str]] = {"plugin_name": "1 string", "content": "2 bytes"}

    _fields: ClassVar[dict[str, str]] = {
        "plugin_data": "1 PluginData",
        "display_name": "2 string",
        "summary_description": "3 string",
    }


class Summary(Message):
    """Values by tag, to be shown (TF1 symbol: `tf.Summary`)."""

    class Image(Message):
        """An image, encoded as PNG, JPEG or GIF."""

        _fields: ClassVar[dict[str, str]] = {
            "height": "1 int32",
            "width": "2 int32",
            "colorspace": "3 int32",
            "encoded_image_string": "4 bytes",
        }

    class Audio(Message):
        """A sound, encoded as WAV."""

        _fields: ClassVar[dict[str, str]] = {
            "sample_rate": "1 float",
            "num_channels": "2 int64",
            "length_frames": "3 int64",
            "encoded_audio_string": "4 bytes",
            "content_type": "5 string",
        }

    class Value(Message):
        """One value and its tag."""

        _fields: ClassVar[dict[str, str]] = {
            "tag": "1 string",
            "simple_value": "2 float in value",
            "obsolete_old_style_histogram": "3 bytes in value",
            "image": "4 Image in value",
            "histo": "5 HistogramProto in value",
            "audio": "6 Audio in value",
            "node_name": "7 string",
            "tensor": "8 TensorProto in value",
            "metadata": "9 SummaryMetadata",
        }

    _fields: ClassVar[dict[str, str]] = {"value": "1 repeated Value"}


class LogMessage(Message):
    """A line of a log (TF1 symbol: `tf.LogMessage`)."""

    UNKNOWN, DEBUGGING, INFO, WARN, ERROR, FATAL = range(0, 60, 10)
    _fields: ClassVar[dict[str, str]] = {"level": "1 Level", "message": "2 string"}


class SessionLog(Message):
    """What happened to a session (TF1 symbol: `tf.SessionLog`)."""

    STATUS_UNSPECIFIED, START, STOP, CHECKPOINT = range(4)
    _fields: ClassVar[dict[str, str]] = {
        "status": "1 SessionStatus",
        "checkpoint_path": "2 string",
        "msg": "3 string",
    }


class TaggedRunMetadata(Message):
    """What a run told of itself, under a tag (TF1 symbol: `tf.summary.TaggedRunMetadata`)."""

    _fields: ClassVar[dict[str, str]] = {"tag": "1 string", "run_metadata": "2 bytes"}


class Event(Message):
    """A record of a file of events (TF1 symbol: `tf.Event`)."""

    _fields: ClassVar[dict[str, str]] = {
        "wall_time": "1 double",
        "step": "2 int64",
        "file_version": "3 string in what",
        "graph_def": "4 bytes in what",
        "summary": "5 Summary in what",
        "log_message": "6 LogMessage in what",
        "session_log": "7 SessionLog in what",
        "tagged_run_metadata": "8 TaggedRunMetadata in what",
        "meta_graph_def": "9 bytes in what",
    }


enumeration(
    "LogMessage.Level",
    {name: getattr(LogMessage, name) for name in ("UNKNOWN", "DEBUGGING", "INFO", "WARN", "ERROR", "FATAL")},
)
enumeration(
    "SessionLog.SessionStatus",
    {name: getattr(SessionLog, name) for name in ("STATUS_UNSPECIFIED", "START", "STOP", "CHECKPOINT")},
)
