"""Files of lines, records, parts and tables: as data sets, through readers, and by themselves."""

import gzip
import zlib

import pytest

import ostinato.tf1 as tf

_LINES = [b"h1", b"h2", b"a", b"bb", b"h", b"", b"c"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_bytes(b"h1\nh2\r\na\nbb")
    (tmp_path / "b.txt").write_bytes(b"h\n\nc\n")
    (tmp_path / "packed.gz").write_bytes(gzip.compress(b"l1\nl2\n"))
    (tmp_path / "packed.z").write_bytes(zlib.compress(b"z1\nz2"))
    (tmp_path / "parts").write_bytes(b"HHaabbccF")
    (tmp_path / "table.csv").write_text('x,y,s\n1,2.5,a\n3,,"b\nc"\n5,6,d\n')
    for name, options in (
        ("one.tfr", None),
        ("two.gz", "GZIP"),
        ("three.z", tf.python_io.TFRecordOptions(1)),
    ):
        with tf.python_io.TFRecordWriter(str(tmp_path / name), options) as writer:
            for record in (b"one", b"two", b""):
                writer.write(record)
    return tmp_path


def elements(dataset):
    iterator = dataset.make_initializable_iterator()
    element, found = iterator.get_next(), []
    with tf.Session() as session:
        session.run(iterator.initializer)
        try:
            while True:
                found.append(session.run(element))
        except tf.errors.OutOfRangeError:
            return found


def test_lines_come_without_their_ends():
    text = tf.data.TextLineDataset
    assert elements(text(["a.txt", "b.txt"])) == _LINES
    assert elements(text("a.txt").skip(3)) == [b"bb"]
    assert elements(text("packed.gz", compression_type="GZIP")) == [b"l1", b"l2"]
    assert elements(text("packed.z", "ZLIB")) == [b"z1", b"z2"]
    assert elements(text(tf.data.Dataset.list_files("*.txt", shuffle=False))) == _LINES
    names = tf.data.Dataset.from_tensor_slices(["a.txt", "b.txt"])
    assert elements(names.flat_map(lambda name: text(name).skip(1))) == [b"h2", b"a", b"bb", b"", b"c"]
    interleaved = elements(names.interleave(text, cycle_length=2))
    assert interleaved == [b"h1", b"h", b"h2", b"", b"a", b"c", b"bb"]


def test_records_are_as_they_were_written():
    records = tf.data.TFRecordDataset
    assert elements(records(["one.tfr", "one.tfr"])) == [b"one", b"two", b""] * 2
    assert elements(records("two.gz", compression_type="GZIP")) == [b"one", b"two", b""]
    assert list(tf.python_io.tf_record_iterator("three.z", tf.python_io.TFRecordOptions(1))) == [
        b"one",
        b"two",
        b"",
    ]
    # What TensorFlow 1.15 writes for the record b"one".
    written = bytes.fromhex("0300000000000000b099490e6f6e65")
    with open("one.tfr", "rb") as file:
        assert file.read(15) == written


def test_a_damaged_file_says_where():
    with open("one.tfr", "rb") as file:
        data = file.read()
    cases = {
        "cut": data[:-3],
        "head": data[:25],
        "bad": data[:14] + b"X" + data[15:],
        "length": b"\x09" + data[1:],
    }
    for name, damaged in cases.items():
        with open(name, "wb") as file:
            file.write(damaged)
        words = "truncated record at" if name in ("cut", "head") else "corrupted record at 0"
        with pytest.raises(tf.errors.DataLossError, match=words):
            list(tf.python_io.tf_record_iterator(name))
    with pytest.raises(tf.errors.NotFoundError, match="nope; No such file"):
        list(tf.python_io.tf_record_iterator("nope"))
    with pytest.raises(ValueError, match="Not a valid compression_type"):
        tf.python_io.TFRecordWriter("x", "zip")


def test_parts_of_one_size():
    assert elements(tf.data.FixedLengthRecordDataset("parts", 2, 2, 1)) == [b"aa", b"bb", b"cc"]
    with pytest.raises(tf.errors.InvalidArgumentError, match="not an exact multiple of the record length"):
        elements(tf.data.FixedLengthRecordDataset("parts", 2, 1, 1))


def test_tables_become_columns():
    table = tf.data.experimental.CsvDataset("table.csv", [tf.int32, [7.0], tf.string], header=True)
    assert elements(table) == [(1, 2.5, b"a"), (3, 7.0, b"b\nc"), (5, 6.0, b"d")]
    two = tf.data.experimental.CsvDataset("table.csv", [tf.int64, tf.string], header=True, select_cols=[0, 2])
    assert elements(two)[0] == (1, b"a")
    with pytest.raises(tf.errors.InvalidArgumentError, match="Field 1 is required but missing"):
        elements(tf.data.experimental.CsvDataset("table.csv", [tf.int32, tf.float32, tf.string], header=True))


def test_tables_with_names_find_their_types():
    batches = tf.data.experimental.make_csv_dataset(
        "table.csv", 2, label_name="s", num_epochs=1, shuffle=False, num_rows_for_inference=None
    )
    (columns, label), last = elements(batches)
    assert {name: column.tolist() for name, column in columns.items()} == {"x": [1, 3], "y": [2.5, 0.0]}
    assert label.tolist() == [b"a", b"b\nc"]
    assert last[0]["y"].tolist() == [6.0]


def test_a_data_set_is_written_and_parsed_again():
    example = tf.train.Example()
    example.features.feature["n"].int64_list.value.extend([1, 2])
    serialized = tf.data.Dataset.from_tensors(example.SerializeToString()).repeat(3)
    write = tf.data.experimental.TFRecordWriter("out.tfr").write(serialized)
    with tf.Session() as session:
        session.run(write)
    batches = tf.data.experimental.make_batched_features_dataset(
        "out.*", 2, {"n": tf.FixedLenFeature([2], tf.int64)}, num_epochs=1, shuffle=False
    )
    assert [batch["n"].tolist() for batch in elements(batches)] == [[[1, 2], [1, 2]], [[1, 2]]]


def read(reader, files, many=None):
    queue = tf.train.string_input_producer(files, shuffle=False, num_epochs=1)
    pair = reader.read(queue) if many is None else reader.read_up_to(queue, many)
    counts = [reader.num_records_produced(), reader.num_work_units_completed()]
    found = []
    with tf.Session() as session:
        session.run(tf.local_variables_initializer())
        coordinator = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(session, coordinator)
        try:
            while True:
                found.append(tuple(part.tolist() if many else part for part in session.run(pair)))
        except tf.errors.OutOfRangeError:
            counted = [int(count) for count in session.run(counts)]
        finally:
            coordinator.request_stop()
            coordinator.join(threads)
    return found, counted


def test_readers_take_files_off_a_queue():
    assert read(tf.TextLineReader(skip_header_lines=2), ["a.txt", "b.txt"]) == (
        [(b"a.txt:3", b"a"), (b"a.txt:4", b"bb"), (b"b.txt:3", b"c")],
        [3, 2],
    )
    expected = [(b"one.tfr:0", b"one"), (b"one.tfr:19", b"two"), (b"one.tfr:38", b"")]
    assert read(tf.TFRecordReader(), ["one.tfr"]) == (expected, [3, 1])
    parts = read(tf.FixedLengthRecordReader(2, header_bytes=2, footer_bytes=1), ["parts"])
    assert parts == ([(b"parts:0", b"aa"), (b"parts:1", b"bb"), (b"parts:2", b"cc")], [3, 1])
    assert read(tf.WholeFileReader(), ["b.txt"]) == ([(b"b.txt", b"h\n\nc\n")], [1, 1])
    assert read(tf.IdentityReader(), ["x", "y"]) == ([(b"x", b"x"), (b"y", b"y")], [2, 2])
    several = read(tf.TextLineReader(), ["b.txt", "a.txt"], many=2)[0]
    assert several == [
        ([b"b.txt:1", b"b.txt:2"], [b"h", b""]),
        ([b"b.txt:3"], [b"c"]),
        ([b"a.txt:1", b"a.txt:2"], [b"h1", b"h2"]),
        ([b"a.txt:3", b"a.txt:4"], [b"a", b"bb"]),
    ]


def test_a_reader_says_which_file_is_not_there():
    reader = tf.TextLineReader()
    queue = tf.FIFOQueue(2, [tf.string], [[]])
    key, _ = reader.read(queue)
    with tf.Session() as session:
        session.run(queue.enqueue_many([["missing.txt", "b.txt"]]))
        with pytest.raises(tf.errors.NotFoundError, match=r"missing\.txt; No such file or directory"):
            session.run(key)
        assert session.run(key) == b"b.txt:1"
        session.run(reader.reset())
        assert session.run(reader.num_records_produced()) == 0


def test_files_are_read_written_and_listed_by_operations():
    with tf.Session() as session:
        assert session.run(tf.read_file("b.txt")) == b"h\n\nc\n"
        session.run(tf.write_file("new/c.txt", "text"))
        assert session.run(tf.read_file("new/c.txt")) == b"text"
        assert session.run(tf.matching_files(["*.txt", "new/*"])).tolist() == [
            b"./a.txt",
            b"./b.txt",
            b"new/c.txt",
        ]
        with pytest.raises(tf.errors.NotFoundError, match="zz; No such file"):
            session.run(tf.read_file("zz"))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda lookup: lookup.index_table_from_file("nofile"), "nofile; No such file or directory"),
        (
            lambda lookup: lookup.index_table_from_file("v", vocab_size=5),
            "Invalid vocab_size in v: expected 5 but",
        ),
        (
            lambda lookup: lookup.HashTable(
                lookup.TextFileInitializer("kv", tf.string, 2, tf.int64, 0, delimiter=","), -1
            ),
            "Field x in line 0 is not a valid int64.",
        ),
        (
            lambda lookup: lookup.HashTable(
                lookup.TextFileInitializer("kv", tf.string, 7, tf.int64, 0, delimiter=","), -1
            ),
            r"Invalid number of columns in kv line 0 \(x,1,foo\) : expected 7 got 3",
        ),
        (
            lambda lookup: lookup.HashTable(lookup.KeyValueTensorInitializer(["a", "a"], [1, 2]), -1),
            "HashTable has different value for same key. Key a has 1 and trying to add value 2",
        ),
    ],
)
def test_tables_say_what_is_wrong_with_their_contents(folder, make, words):
    (folder / "v").write_text("a\nb\nc\n")
    (folder / "kv").write_text("x,1,foo\ny,2,bar\n")
    make(tf.contrib.lookup)
    with tf.Session() as session, pytest.raises(tf.errors.OpError, match=words):
        session.run(tf.tables_initializer())


def test_tables_are_filled_from_files(folder):
    (folder / "v").write_text("a\nb\nc\n")
    (folder / "kv").write_text("x,1,foo\ny,2,bar\n")
    lookup = tf.contrib.lookup
    words = tf.constant(["b", "c", "zz"])
    found = [
        lookup.index_table_from_file("v").lookup(words),
        lookup.index_table_from_file("v", vocab_size=2, num_oov_buckets=1).lookup(words),
        lookup.index_to_string_table_from_file("v").lookup(tf.constant([2, 9], tf.int64)),
        lookup.HashTable(
            lookup.TextFileInitializer("kv", tf.string, 2, tf.int64, 1, delimiter=","), -1
        ).lookup(tf.constant(["foo", "x"])),
    ]
    with tf.Session() as session:
        with pytest.raises(tf.errors.FailedPreconditionError, match=r"Table not initialized\."):
            session.run(found[0])
        session.run(tf.tables_initializer())
        session.run(tf.tables_initializer())  # again does nothing
        values = [value.tolist() for value in session.run(found)]
    assert values == [[1, 2, -1], [1, 2, 2], [b"c", b"UNK"], [1, -1]]


def test_a_table_that_is_written_is_saved_and_restored(folder):
    table = tf.contrib.lookup.MutableHashTable(tf.string, tf.int64, -1, name="words")
    saver = tf.train.Saver()
    with tf.Session() as session:
        session.run(table.insert(tf.constant(["a", "b"]), tf.constant([1, 2], tf.int64)))
        path = saver.save(session, str(folder / "model"))
    with tf.Session() as session:
        session.run(table.insert(tf.constant(["c"]), tf.constant([3], tf.int64)))
        saver.restore(session, path)
        assert session.run(table.lookup(tf.constant(["a", "b", "c"]))).tolist() == [1, 2, -1]
    assert dict(tf.train.list_variables(path)) == {"words-keys": [2], "words-values": [2]}
