"""Summaries and the files of events that hold them."""

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ostinato.tf1 as tf
from ostinato.checkpoint.crc import crc32c, mask
from ostinato.tf1.message_fields import DecodeError, ParseError
from ostinato.tf1.message_text import parse_text

FILES = np.load(Path(__file__).parents[1] / "data" / "tf1_events.npz")


def pixels_of(png):
    """The pixels of an image whose rows are not filtered."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    position, data = 8, b""
    while position < len(png):
        (length,) = struct.unpack(">I", png[position : position + 4])
        kind, chunk = png[position + 4 : position + 8], png[position + 8 : position + 8 + length]
        (checksum,) = struct.unpack(">I", png[position + 8 + length : position + 12 + length])
        assert checksum == zlib.crc32(kind + chunk)
        if kind == b"IHDR":
            width, height, depth, colours = struct.unpack(">IIBB", chunk[:10])
            assert depth == 8
        data += chunk if kind == b"IDAT" else b""
        position += 12 + length
    channels = {0: 1, 2: 3, 6: 4}[colours]
    rows = np.frombuffer(zlib.decompress(data), np.uint8).reshape(height, 1 + width * channels)
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(height, width, channels)


@pytest.mark.parametrize("name", sorted(key[6:] for key in FILES if key.startswith("image/")))
def test_images_are_shown_as_tensorflow_shows_them(name):
    with tf.Graph().as_default(), tf.Session() as session:
        encoded = session.run(tf.summary.image(name, tf.constant(FILES[f"image/{name}"])))
    values = tf.Summary.FromString(encoded).value
    assert [value.tag for value in values] == FILES[f"tags/{name}"].tolist()
    for value, shown in zip(values, FILES[f"shown/{name}"], strict=True):
        image = value.image
        assert (image.height, image.width, image.colorspace) == shown.shape
        np.testing.assert_array_equal(pixels_of(image.encoded_image_string), shown)


def test_a_file_of_tensorflow_is_read(tmp_path):
    path = tmp_path / "events"
    path.write_bytes(FILES["events"].tobytes())
    version, summary, log = tf.train.summary_iterator(str(path))
    assert (version.WhichOneof("what"), version.file_version) == ("file_version", "brain.Event:2")
    assert (summary.step, summary.summary.value[0].tag, summary.summary.value[0].simple_value) == (
        3,
        "loss",
        0.5,
    )
    assert (log.step, log.session_log.status) == (4, tf.SessionLog.START)


def records(path):
    """The records of a file, with their checksums looked at."""
    data, position, found = Path(path).read_bytes(), 0, []
    while position < len(data):
        (length,) = struct.unpack("<Q", data[position : position + 8])
        head, body = data[position : position + 8], data[position + 12 : position + 12 + length]
        checksums = data[position + 8 : position + 12], data[position + 12 + length : position + 16 + length]
        assert [struct.unpack("<I", item)[0] for item in checksums] == [
            mask(crc32c(head)),
            mask(crc32c(body)),
        ]
        found.append(tf.Event.FromString(body))
        position += 16 + length
    return found


def test_what_a_writer_adds_is_in_the_file_at_once(tmp_path):
    with tf.Graph().as_default() as graph, tf.Session() as session:
        loss = tf.summary.scalar("loss", tf.constant(0.25))
        text = tf.summary.text("text", tf.constant(["a"]))
        writer = tf.summary.FileWriter(str(tmp_path / "new" / "folder"), graph, filename_suffix=".end")
        (path,) = (tmp_path / "new" / "folder").iterdir()
        assert path.name.startswith("events.out.tfevents.")
        assert path.name.endswith(".end")
        for step in range(2):
            writer.add_summary(session.run(tf.summary.merge([loss, text])), global_step=step)
        writer.add_summary(tf.Summary(value=[tf.Summary.Value(tag="own", simple_value=2)]))
        writer.add_session_log(tf.SessionLog(status=tf.SessionLog.STOP, msg="done"), 7)
        writer.add_event(tf.Event(wall_time=1.5, step=8))
        metadata = tf.RunMetadata()
        session.run(loss, options=tf.RunOptions(trace_level=3), run_metadata=metadata)
        writer.add_run_metadata(metadata, "first", 9)
        with pytest.raises(ValueError, match="The provided tag was already used"):
            writer.add_run_metadata(metadata, "first")
    found = records(path)
    kinds = [event.WhichOneof("what") for event in found]
    assert kinds == [
        "file_version", "graph_def", "meta_graph_def", "summary", "summary", "summary", "session_log", None,
        "tagged_run_metadata",
    ]  # fmt: skip
    assert [node.name for node in tf.GraphDef.FromString(found[1].graph_def).node][:2] == [
        "Const",
        "loss/tags",
    ]
    assert [event.step for event in found[3:]] == [0, 1, 0, 7, 8, 9]
    # What to do with a tag is said the first time.
    assert [value.HasField("metadata") for event in found[3:5] for value in event.summary.value] == [
        False, True, False, False,
    ]  # fmt: skip
    assert found[5].summary.value[0].simple_value == 2
    writer.close()
    with pytest.warns(UserWarning, match="Attempting to use a closed FileWriter"):
        writer.add_summary(tf.Summary())
    assert len(records(path)) == len(found)
    writer.reopen()
    writer.add_summary(tf.Summary())
    writer.close()
    assert len(list(path.parent.iterdir())) == 2


def test_a_writer_refuses(tmp_path):
    writer = tf.summary.FileWriter(str(tmp_path))
    with pytest.raises(TypeError, match="The passed graph must be an instance of `Graph`"):
        writer.add_graph(3)
    with pytest.raises(ValueError, match="Please pass only graph, or graph_def"):
        writer.add_graph(tf.Graph(), graph_def=tf.GraphDef())
    with pytest.raises(TypeError, match="meta_graph_def must be type MetaGraphDef"):
        writer.add_meta_graph(tf.GraphDef())
    writer.close()
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(tf.errors.OpError, match="cannot write a file of events there"):
        tf.summary.FileWriter(str(file))
    assert tf.summary.FileWriterCache.get(str(tmp_path)) is tf.summary.FileWriterCache.get(str(tmp_path))
    tf.summary.FileWriterCache.clear()


def test_what_summaries_refuse():
    with tf.Graph().as_default(), tf.Session() as session:
        assert tf.summary.merge_all() is None
        for bad, words in ((np.nan, "Nan"), (np.inf, "Infinity")):
            with pytest.raises(tf.errors.InvalidArgumentError, match=f"{words} in summary histogram for: h"):
                session.run(tf.summary.histogram("h", tf.constant([1.0, bad])))
        with pytest.raises(
            tf.errors.InvalidArgumentError, match=r"not the same shape: \[\] != \[2\] \(tag 'v'\)"
        ):
            session.run(tf.summary.scalar("v", [1.0, 2.0]))
        with pytest.raises(
            tf.errors.InvalidArgumentError, match="Tensor must be 4-D with last dim 1, 3, or 4"
        ):
            session.run(tf.summary.image("q", tf.zeros([3])))
        twice = [tf.summary.scalar("a", 1.0), tf.scalar_summary("a", 2.0)]
        with pytest.raises(tf.errors.InvalidArgumentError, match="Duplicate tag a found in summary inputs"):
            session.run(tf.summary.merge(twice))
        with pytest.raises(TypeError, match="DataType string not in list of allowed values"):
            tf.summary.scalar("s", tf.constant("a"))
        with pytest.raises(TypeError, match="DataType bool not in list of allowed values"):
            tf.summary.histogram("b", tf.constant([True]))
        with pytest.raises(ValueError, match="to have dtype string"):
            tf.summary.text("t", tf.constant(5))


def test_the_names_of_old(tmp_path):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.scalar_summary(["first tag", "b"], [1.0, 2.0])
        tf.histogram_summary("h", [1.0, 2.0])
        tf.image_summary("i", tf.zeros([4, 1, 1, 1]), max_images=2)
        tf.audio_summary("s", tf.zeros([1, 3]), 8000)
        found = tf.Summary.FromString(session.run(tf.merge_all_summaries()))
        assert [value.tag for value in found.value] == [
            "first tag", "b", "h", "i/image/0", "i/image/1", "s/audio/0",
        ]  # fmt: skip
        tf.train.SummaryWriter(str(tmp_path), session.graph).close()
    assert len(os.listdir(tmp_path)) == 1


@given(
    st.lists(st.tuples(st.text(max_size=5), st.floats(width=32, allow_nan=False)), max_size=4),
    st.lists(st.integers(-(2**63), 2**63 - 1), max_size=4),
    st.binary(max_size=6),
)
def test_messages_come_back_from_bytes_and_from_text(values, numbers, content):
    message = tf.NodeDef(name="n", op="O", input=["a", "b"])
    for tag, value in values:
        message.attr[tag].f = value
    message.attr["numbers"].list.i.extend(numbers)
    message.attr["content"].s = content
    assert tf.NodeDef.FromString(message.SerializeToString()) == message
    assert parse_text(str(message), tf.NodeDef()) == message


def test_messages_are_told_what_they_hold():
    value = tf.Summary.Value(tag='a"b\n\x01é', simple_value=0.1)
    assert str(value) == 'tag: "a\\"b\\n\\001\\303\\251"\nsimple_value: 0.10000000149011612\n'
    value.image.height = 3
    assert value.WhichOneof("value") == "image"
    assert value.simple_value == 0
    for make, kind, words in (
        (lambda: tf.Summary(no_such=3), ValueError, 'Protocol message Summary has no "no_such" field.'),
        (lambda: setattr(value, "no_such", 3), AttributeError, "'Value' object has no attribute 'no_such'"),
        (lambda: setattr(value, "tag", 3), TypeError, "3 has type int, but expected one of: bytes, unicode"),
        (lambda: setattr(value, "image", 3), AttributeError, 'Assignment not allowed to field "image"'),
        (lambda: value.HasField("tag"), ValueError, "Can't test non-optional, non-submessage field"),
        (lambda: tf.Summary(value=3), TypeError, "object is not iterable"),
        (lambda: tf.Summary.FromString(b"\xff"), DecodeError, "Error parsing message with type"),
        (lambda: parse_text("value { tag: 3 }", tf.Summary()), ParseError, "1: expected a string, found '3'"),
        (lambda: parse_text("no_such: 3", tf.Summary()), ParseError, 'has no field named "no_such"'),
    ):
        with pytest.raises(kind) as problem:
            make()
        assert words in str(problem.value)
