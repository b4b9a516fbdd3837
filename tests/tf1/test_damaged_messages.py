"""Messages that are damaged, or were made to do harm: graphs, examples, records, events."""

import gzip
import random

import pytest

import ostinato.tf1 as tf
from ostinato.tf1.message_fields import DecodeError

REFUSED = (DecodeError, tf.errors.OpError, ValueError)


def damaged(data, number):
    """The bytes with a few changed, taken out or put in."""
    chance, data = random.Random(number), bytearray(data)
    for _ in range(chance.choice([1, 2, 8])):
        place, how = chance.randrange(len(data)), chance.random()
        if how < 0.5:
            data[place] ^= 1 << chance.randrange(8)
        elif how < 0.8:
            data[place : place + chance.choice([1, 3])] = b""
        else:
            data[place:place] = bytes(chance.randrange(256) for _ in range(4))
    return bytes(data)


def graph():
    with tf.Graph().as_default() as made:
        inputs = tf.placeholder(tf.float32, [None, 3, 2])
        outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicLSTMCell(2), inputs, dtype=tf.float32)
        tf.while_loop(lambda i: i < 3, lambda i: i + 1, [tf.size(outputs)])
    return made.as_graph_def().SerializeToString()


def test_a_damaged_graph_is_refused_in_words():
    data, problems = graph(), []
    for number in range(150):
        definition = tf.GraphDef()
        try:
            definition.ParseFromString(damaged(data, number))
            with tf.Graph().as_default():
                tf.import_graph_def(definition, name="")
        except REFUSED as problem:
            problems.append(problem)
    assert len(problems) > 100
    assert {type(problem) for problem in problems} == {DecodeError, ValueError}
    assert min(len(str(problem)) for problem in problems) > 20


def test_a_damaged_example_is_read_or_refused():
    example = tf.train.Example()
    example.features.feature["n"].int64_list.value.extend([1, 2])
    example.features.feature["s"].bytes_list.value.append(b"x")
    data = example.SerializeToString()
    for number in range(2000):
        found = tf.train.Example()
        try:
            found.ParseFromString(damaged(data, number))
            str(found)
        except DecodeError:
            continue


@pytest.mark.parametrize("text", [b"\x0a\x07\x0a\x05\x0a\x01k\x10\x05", b"\x0a\x06\x0a\x04\x08\x03\x12\x00"])
def test_an_entry_of_a_map_with_another_type_is_as_good_as_empty(text):
    found = tf.train.Example.FromString(text)
    assert all(isinstance(value, tf.train.Feature) for value in found.features.feature.values())


def test_records_that_promise_more_than_there_is_cost_no_memory(tmp_path):
    with tf.python_io.TFRecordWriter(str(tmp_path / "r")) as writer:
        writer.write(b"x")
    from ostinato.checkpoint.crc import crc32c, mask

    length = (1 << 60).to_bytes(8, "little")
    header = length + mask(crc32c(length)).to_bytes(4, "little")
    for name, data in (("plain", header + b"abc"), ("packed", gzip.compress(header + bytes(1 << 20)))):
        (tmp_path / name).write_bytes(data)
        options = tf.python_io.TFRecordOptions(2 if name == "packed" else 0)
        with pytest.raises(tf.errors.DataLossError, match="truncated record at 0"):
            list(tf.python_io.tf_record_iterator(str(tmp_path / name), options))


def test_a_full_disk_is_told():
    full = "/dev/full"

    def flushed():
        with tf.gfile.GFile(full, "w") as file:
            file.write("x")
            file.flush()

    def closed():
        file = tf.gfile.GFile(full, "w")
        file.write("x")
        file.close()

    def recorded():
        with tf.python_io.TFRecordWriter(full) as writer:
            writer.write(b"x")

    for write in (flushed, closed, recorded, lambda: tf.gfile.GFile(full, "w").write("x" * 2**20)):
        with pytest.raises(tf.errors.ResourceExhaustedError, match=r"/dev/full; No space left on device"):
            write()


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda g: g.Rename("empty", "full", overwrite=True), "FailedPrecondition", "Directory not empty"),
        (lambda g: g.GFile("x" * 300, "w").write("x"), "InvalidArgument", "File name too long"),
        (lambda g: g.GFile("a\0b").read(), "InvalidArgument", "zero byte"),
        (lambda g: g.GFile("full/in/x").read(), "FailedPrecondition", "Not a directory"),
        (lambda g: g.MkDir("a/b/c"), "NotFound", "a/b/c; No such file"),
        (lambda g: g.DeleteRecursively("no"), "NotFound", "no not found"),
        (lambda g: g.ListDirectory("no"), "NotFound", "Could not find directory no"),
    ],
)
def test_what_cannot_be_done_with_files_is_said_as_in_tensorflow(act, error, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "in").write_text("x")
    with pytest.raises(getattr(tf.errors, f"{error}Error"), match=words):
        act(tf.gfile)
