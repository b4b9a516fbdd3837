"""`pywrap_tensorflow.EventsWriter`, by which loggers write files of events of their own names."""

import os

import pytest

import ostinato.tf1 as tf
from ostinato.tf1 import shadow

EVENTS_WRITER = shadow.modules()["tensorflow.python.pywrap_tensorflow"].EventsWriter


def test_events_are_in_the_file_that_it_names(tmp_path):
    writer = EVENTS_WRITER(tf.compat.as_bytes(str(tmp_path / "logs" / "mine")))
    assert not list(tmp_path.iterdir())
    value = tf.Summary.Value(tag="reward", simple_value=1.5)
    writer.WriteEvent(tf.Event(wall_time=7.0, step=3, summary=tf.Summary(value=[value])))
    writer.Flush()
    writer.Close()
    path = os.fsdecode(writer.FileName())
    assert os.path.basename(path).startswith("mine.out.tfevents.")
    first, event = tf.train.summary_iterator(path)
    assert first.file_version == "brain.Event:2"
    assert (event.step, event.summary.value[0].tag, event.summary.value[0].simple_value) == (3, "reward", 1.5)


def test_a_name_may_end_with_a_suffix(tmp_path):
    writer = EVENTS_WRITER(os.fsencode(tmp_path / "x"))
    writer.InitWithSuffix(b".eval")
    assert writer.FileName().endswith(b".eval")


def test_what_is_no_path_and_no_event_is_refused(tmp_path):
    with pytest.raises(TypeError, match="expected bytes, str found"):
        EVENTS_WRITER("x")
    with pytest.raises(TypeError, match="an event is written"):
        EVENTS_WRITER(os.fsencode(tmp_path / "x")).WriteEvent(3)
